/*
 * Opening device nodes: character devices are served by whoever registered the number, block
 * devices by blkfile.c.
 */
#include "abi/kdev.h"
#include "abi/stat.h"
#include "dev/blk.h"
#include "dev/chr.h"
#include "vfs/file_int.h"

static int open_block(struct file *f, u32 major, u32 minor)
{
	struct blkdev *dev = blkdev_find_number(major, minor);
	int err;

	if (!dev)
		return -ENXIO;
	err = blkfile_open(f, dev);
	blkdev_put(dev);
	return err;
}

int devnode_open(struct file *f)
{
	u32 major = dev_major((u32)f->inode->rdev), minor = dev_minor((u32)f->inode->rdev);
	struct chrdev *dev;

	if (S_ISBLK(f->inode->mode))
		return open_block(f, major, minor);
	dev = chrdev_find(major, minor);
	if (!dev)
		return -ENXIO;
	f->private = dev->data;
	f->ops = dev->ops;
	f->seekable = f->ops->seek != NULL;
	return 0;
}
