/* /dev/null, /dev/zero, /dev/full (null(4), full(4)). */
#include "abi/kdev.h"
#include "dev/chr.h"
#include "fs/devfs/mem_int.h"
#include "vm/aspace.h"

#define CHUNK (64 * 1024)

static ssize_t null_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return 0;
}

static ssize_t null_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	size_t n = iov_left(from);

	iov_advance(from, n);
	return (ssize_t)n;
}

static loff_t null_seek(struct file *file, loff_t offset, int whence)
{
	return file->pos = 0;
}

static ssize_t zero_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	size_t done = 0;

	while (iov_left(to)) {
		size_t n = min(iov_left(to), (size_t)CHUNK), zeroed = iov_zero(to, n);

		done += zeroed;
		if (zeroed < n)
			return done ? (ssize_t)done : -EFAULT;
		if (thread_signal_pending())
			break;
		sched_point();
	}
	return (ssize_t)done;
}

/*
 * A private mapping is anonymous memory, and a shared one too: mmap(2) of /dev/zero was
 * MAP_ANONYMOUS before that existed.
 */
static int zero_mmap(struct file *file, struct map_request *req)
{
	req->cache = NULL;
	req->source = NULL;
	req->index = 0;
	return 0;
}

static ssize_t full_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	return iov_left(from) ? -ENOSPC : 0;
}

static const struct file_ops null_ops = { .read = null_read,
					  .write = null_write,
					  .seek = null_seek };
static const struct file_ops zero_ops = {
	.read = zero_read, .write = null_write, .seek = null_seek, .mmap = zero_mmap,
};
static const struct file_ops full_ops = { .read = zero_read,
					  .write = full_write,
					  .seek = null_seek };

void mem_null_register(void)
{
	static struct chrdev devices[] = {
		{ .major = MEM_MAJOR,
		  .minor = 3,
		  .n_minors = 1,
		  .name = "null",
		  .mode = 0666,
		  .ops = &null_ops },
		{ .major = MEM_MAJOR,
		  .minor = 5,
		  .n_minors = 1,
		  .name = "zero",
		  .mode = 0666,
		  .ops = &zero_ops },
		{ .major = MEM_MAJOR,
		  .minor = 7,
		  .n_minors = 1,
		  .name = "full",
		  .mode = 0666,
		  .ops = &full_ops },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(devices); i++)
		chrdev_register(&devices[i]);
}
