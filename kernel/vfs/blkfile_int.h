/* What the files of block devices' open files share. */
#pragma once

#include "dev/blk.h"
#include "vfs/file_int.h"

struct blkfile {
	struct blkdev *dev; /* referenced */
	bool exclusive;     /* claimed */
	bool opened;        /* for its contents, with blkdev_open() */
};

static inline struct blkdev *blkfile_dev(const struct file *f)
{
	return ((struct blkfile *)f->private)->dev;
}

/*
 * Whether somebody else has claimed the device, perhaps mounted it: a file system holds pages of
 * the cache, which must stay where they are.
 */
static inline bool blkfile_is_claimed(const struct file *f)
{
	const struct blkfile *b = f->private;

	return READ_ONCE(b->dev->holders) > b->exclusive;
}

static inline loff_t blkfile_size(const struct blkdev *dev)
{
	return (loff_t)(READ_ONCE(dev->n_sectors) << 9);
}

/*
 * Reads and writes with O_DIRECT (blkfile_direct.c): in whole logical sectors, from and to buffers
 * aligned to them, else -EINVAL. As file_ops->read and write.
 */
ssize_t blkfile_read_direct(struct blkdev *dev, struct iov_iter *to, loff_t *pos);
ssize_t blkfile_write_direct(struct file *f, struct iov_iter *from, loff_t *pos);
/* Writes zeros from and to bytes that are multiples of a sector: 0 or -errno. */
int blkfile_zero(struct blkdev *dev, loff_t from, loff_t to);
long blkfile_ioctl(struct file *f, u32 request, u64 arg);
