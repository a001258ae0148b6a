/* What the files of vfs tell each other about open files. */
#pragma once

#include "vfs/file.h"

void file_init(void);
/*
 * A file with one reference, flags and path set (the path's references are taken over, also on
 * failure), not opened: 0, -ENOMEM, -ENFILE.
 */
int file_alloc(const struct path *path, u32 flags, const struct cred *cred, struct file **out);
/* Chooses the operations and opens: 0, or an error and file_discard() is to be called. */
int file_open(struct file *f);
/* Gives back a file that was never opened, with its path. */
void file_discard(struct file *f);

/* Counts an open for writing: 0 or -ETXTBSY. */
int inode_writer_get(struct inode *inode);
void inode_writer_put(struct inode *inode);

/* Attributes already checked, inode->lock held: the file system's setattr or the simple one. */
int inode_setattr(struct inode *inode, const struct inode_attr *attr);
/*
 * Sets the size with the times and mode bits that follow: 0, -EINVAL, -EFBIG, or the file system's
 * error. Takes inode->lock.
 */
int inode_truncate(struct inode *inode, s64 size, const struct cred *cred);
/* cached_write() with RLIMIT_FSIZE. */
ssize_t cached_write_limited(struct file *file, struct iov_iter *from, loff_t *pos,
			     u64 fsize_limit);

/* Whether the page at index can be copied without waiting for the disk (RWF_NOWAIT). */
bool cached_page_is_there(struct pagecache *cache, pgoff_t index);
/* Its part from copying on: bytes, or an error if there were none. inode->lock held for writing. */
ssize_t cached_write_pages(struct inode *inode, struct iov_iter *from, loff_t at);
/* O_DIRECT (direct_file.c): whether the file can be read and written past the page cache. */
bool inode_is_direct(struct inode *inode);
/* As file_ops.read, but for the time of access; -EINVAL: not in whole sectors. */
ssize_t direct_read(struct inode *inode, struct iov_iter *to, loff_t *pos);
/* 0 or -EINVAL; then the bytes, as cached_write_pages(). */
int must_check direct_write_check(struct inode *inode, const struct iov_iter *from,
				  loff_t at);
ssize_t direct_write(struct inode *inode, struct iov_iter *from, loff_t start);

/*
 * Gives a device node's file its operations and private data: 0, -ENXIO, or why the device cannot
 * be opened so.
 */
struct blkdev;
int devnode_open(struct file *f);
/* freeze.c: FIFREEZE and FITHAW */
long freeze_ioctl(struct file *f, u32 request);
/* iflags.c: what ioctl_iflags(2) asks of any file: as file_ops.ioctl. */
long iflags_ioctl(struct file *f, u32 request, u64 arg);
/* ioctls of a CD-ROM drive; `opened`: the file is one of its users (blkdev_open()). */
long cdrom_ioctl(struct file *f, struct blkdev *dev, u32 request, u64 arg, bool opened);
int blkfile_open(struct file *f, struct blkdev *dev);
extern const struct file_ops blkfile_ops;
/* The FIFO operations that ipc gave, or NULL. */
const struct file_ops *file_fifo_ops(void);
/* Operations of O_PATH descriptors: none. */
extern const struct file_ops path_file_ops;

void pseudo_init(void);
