/*
 * /dev/random and /dev/urandom (random(4)): the same generator, which is seeded before user space
 * runs, so neither blocks.
 */
#include "abi/capability.h"
#include "abi/ioctl.h"
#include "abi/kdev.h"
#include "arch/usercopy.h"
#include "core/random.h"
#include "dev/chr.h"
#include "fs/devfs/mem_int.h"
#include "fs/devfs/random.h"
#include "lib/string.h"

#define CHUNK 256
#define ENTROPY_BITS 256 /* the generator's key */

ssize_t random_give(struct iov_iter *to)
{
	u8 bytes[CHUNK];
	size_t done = 0;

	while (iov_left(to)) {
		size_t n = min(iov_left(to), sizeof(bytes)), copied;

		random_bytes(bytes, n);
		copied = iov_copy_to(to, bytes, n);
		done += copied;
		if (copied < n && !done)
			return -EFAULT; /* nothing of what is in `bytes` was told */
		if (copied < n || (done >= PAGE_SIZE && thread_signal_pending()))
			break;
		sched_point();
	}
	memzero_explicit(bytes, sizeof(bytes));
	return (ssize_t)done;
}

static ssize_t random_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return random_give(to);
}

static ssize_t random_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	u8 bytes[CHUNK];
	size_t done = 0;

	while (iov_left(from)) {
		size_t n = min(iov_left(from), sizeof(bytes)),
		       copied = iov_copy_from(from, bytes, n);

		random_mix(bytes, copied);
		done += copied;
		if (copied < n)
			return done ? (ssize_t)done : -EFAULT;
		if (thread_signal_pending())
			break;
		sched_point();
	}
	return (ssize_t)done;
}

/* RNDADDENTROPY: struct rand_pool_info { int entropy_count; int buf_size; u32 buf[]; } */
static long add_entropy(struct file *file, u64 arg)
{
	struct { s32 bits, size; } head;
	struct iov_iter from;
	int err = copy_in_obj(&head, (const __typeof__(head) __user *)arg);

	if (err < 0)
		return err;
	if (head.bits < 0)
		return -EINVAL;
	if (head.size < 0)
		return -EFAULT;
	err = iov_init_user(&from, (void __user *)(arg + sizeof(head)), (size_t)head.size);
	if (err == 0) {
		ssize_t n = random_write(file, &from, NULL);

		err = n < 0 ? (int)n : 0;
	}
	return err;
}

/* RNDADDTOENTCNT: the generator knows no less than all, so the number is only looked at. */
static long add_count(u64 arg)
{
	s32 bits;
	int err = copy_in_obj(&bits, (const s32 __user *)arg);

	return err < 0 ? err : bits < 0 ? -EINVAL : 0;
}

static long random_ioctl(struct file *file, u32 request, u64 arg)
{
	s32 bits = ENTROPY_BITS;

	if (request == RNDGETENTCNT)
		return copy_out_obj((s32 __user *)arg, &bits);
	if (request != RNDADDTOENTCNT && request != RNDADDENTROPY && request != RNDZAPENTCNT &&
	    request != RNDCLEARPOOL && request != RNDRESEEDCRNG)
		return -EINVAL;
	if (!cred_capable(cred_caller(), CAP_SYS_ADMIN))
		return -EPERM;
	if (request == RNDADDENTROPY)
		return add_entropy(file, arg);
	return request == RNDADDTOENTCNT ? add_count(arg) : 0;
}

static loff_t random_seek(struct file *file, loff_t offset, int whence)
{
	return file->pos = 0;
}

static const struct file_ops random_ops = {
	.read = random_read, .write = random_write, .seek = random_seek, .ioctl = random_ioctl,
};

void mem_random_register(void)
{
	static struct chrdev devices[] = {
		{ .major = MEM_MAJOR,
		  .minor = 8,
		  .n_minors = 1,
		  .name = "random",
		  .mode = 0666,
		  .ops = &random_ops },
		{ .major = MEM_MAJOR,
		  .minor = 9,
		  .n_minors = 1,
		  .name = "urandom",
		  .mode = 0666,
		  .ops = &random_ops },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(devices); i++)
		chrdev_register(&devices[i]);
}
