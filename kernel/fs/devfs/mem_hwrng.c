/*
 * /dev/hwrng: what a device that generates random numbers says, as it is.
 */
#include "abi/errno.h"
#include "abi/kdev.h"
#include "dev/chr.h"
#include "dev/hwrng.h"
#include "fs/devfs/mem_int.h"
#include "lib/string.h"

#define HWRNG_MINOR 183

static ssize_t hwrng_file_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	u8 bytes[HWRNG_BYTES];
	ssize_t done = 0, n = 0;

	while (iov_left(to)) {
		size_t copied;

		n = hwrng_read(bytes, min(iov_left(to), sizeof(bytes)),
			       !(file->flags & O_NONBLOCK));
		if (n <= 0)
			break;
		copied = iov_copy_to(to, bytes, (size_t)n);
		done += (ssize_t)copied;
		if (copied < (size_t)n) {
			n = -EFAULT;
			break;
		}
	}
	memzero_explicit(bytes, sizeof(bytes));
	return done ? done : n;
}

static const struct file_ops hwrng_ops = { .read = hwrng_file_read };

void mem_hwrng_register(void)
{
	static struct chrdev hwrng = {
		.major = MISC_MAJOR,
		.minor = HWRNG_MINOR,
		.n_minors = 1,
		.name = "hwrng",
		.mode = 0600,
		.ops = &hwrng_ops,
	};

	if (hwrng_present())
		chrdev_register(&hwrng);
}
