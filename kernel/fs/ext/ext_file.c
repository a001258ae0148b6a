/*
 * fs/ext/ext_file.c - open files: what is not simply the page cache's.
 *
 * A writer who may use the reserved blocks is counted while the file is open, since blocks are
 * taken where nobody knows any more who wrote. When a writer closes, the file gives up its window.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_delayed.h"
#include "fs/ext/ext_dir.h"
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_map.h"

#include "abi/stat.h"
#include "vfs/file.h"

static int ext_open(struct file *file)
{
	struct inode *inode = file->inode;

	if ((file->flags & O_ACCMODE) != O_RDONLY &&
	    ext_may_use_reserve(ext_fs_of(inode), file->cred)) {
		__atomic_add_fetch(&ext_i(inode)->n_privileged, 1, __ATOMIC_RELAXED);
		file->private = inode;
	}
	return 0;
}

/*
 * Also called where an address space is locked (the last mapping goes): inode->lock is out of
 * reach.
 */
static void ext_release(struct file *file)
{
	struct inode *inode = file->inode;
	struct ext_inode *ei = ext_i(inode);

	if (file->private)
		__atomic_sub_fetch(&ei->n_privileged, 1, __ATOMIC_RELAXED);
	if (unlikely(READ_ONCE(ei->truncated)))
		ext_delayed_flush(inode);
	if ((file->flags & O_ACCMODE) == O_RDONLY)
		return;
	if (ei->window.start != ei->window.end) {
		rwsem_write(&ei->map_lock);
		ext_window_drop(ext_fs_of(inode), &ei->window);
		rwsem_write_end(&ei->map_lock);
	}
}

/*
 * With a journal: the data, then the last transaction that has to do with the file. Pages in which
 * write-back met a hole are dirty once more when the inode was written.
 */
static int fsync_journaled(struct file *file, bool data_only)
{
	struct inode *inode = file->inode;
	struct ext_inode *ei = ext_i(inode);
	int err, err2 = 0;

	(void)pagecache_sync(&inode->cache);
	inode_wait_written(inode); /* it remembers its transaction then */
	if ((!data_only && READ_ONCE(inode->state) & (I_DIRTY | I_DIRTY_TIME)) ||
	    READ_ONCE(ei->unsaved) ||
	    READ_ONCE(ei->disk_size) != (u64)READ_ONCE(inode->size) ||
	    READ_ONCE(ei->hole_first) != READ_ONCE(ei->hole_end)) {
		inode_take_dirty(inode);
		err2 = ext_inode_write(inode, false);
		(void)pagecache_sync(&inode->cache);
	}
	err = file_data_error(file, &inode->cache);
	if (!err)
		err = err2;
	err2 = ext_commit_inode(inode, data_only);
	return err ? err : err2;
}

/*
 * fsync(2), and fdatasync(2), to which a directory's names are its data: the file's blocks, inode
 * and whatever metadata leads to them; vfs flushes the device after its part.
 */
static int ext_fsync(struct file *file, bool data_only)
{
	int err, err2 = 0;

	if (READ_ONCE(ext_fs_of(file->inode)->journal_open))
		return fsync_journaled(file, data_only && S_ISREG(file->inode->mode));
	err = cached_fsync(file, data_only);
	/* Bitmaps and indirect blocks are left to an earlier write-back of the inode. */
	if (READ_ONCE(ext_fs_of(file->inode)->writable))
		err2 = file_sync_meta(file);
	return err ? err : err2;
}

/* What lies at `logical`: delayed blocks are data as well. inode->lock is held. */
static int data_map(struct inode *inode, u64 logical, struct ext_run *run)
{
	bool delayed = ext_has_delayed(inode); /* before the map is asked: it will have them */
	int err = ext_map(inode, logical, ~0u, run);
	u64 start;
	u32 n;

	if (err || run->block || likely(!delayed))
		return err;
	if (ext_delayed_find(inode, logical, logical + run->count, &start, &n)) {
		if (start == logical) {
			*run = (struct ext_run){ ~0ull, n };
			return 0;
		}
		run->count = (u32)(start - logical);
	}
	/* What was placed since the map was asked is in it now. */
	return ext_map(inode, logical, run->count, run);
}

/* The first byte at or after `offset` that is data, or in a hole: -ENXIO when there is none. */
static loff_t file_find(struct inode *inode, loff_t offset, bool hole)
{
	const u32 bits = ext_fs_of(inode)->geo.block_bits;
	loff_t size = READ_ONCE(inode->size);
	struct ext_run run;

	while (offset < size) {
		int err = data_map(inode, (u64)offset >> bits, &run);

		if (err)
			return err;
		if ((run.block == 0) == hole)
			return offset;
		offset = (loff_t)((((u64)offset >> bits) + run.count) << bits);
		sched_point();
	}
	return hole ? size : -ENXIO;
}

static loff_t ext_seek(struct file *file, loff_t offset, int whence)
{
	struct inode *inode = file->inode;

	if ((whence != SEEK_DATA && whence != SEEK_HOLE) || ext_is_inline(inode))
		return cached_seek(file, offset, whence);
	if (offset < 0 || offset >= READ_ONCE(inode->size))
		return -ENXIO;
	rwsem_read(&inode->lock);
	offset = file_find(inode, offset, whence == SEEK_HOLE);
	rwsem_read_end(&inode->lock);
	return offset < 0 ? offset : cached_seek(file, offset, SEEK_SET);
}

/* Positions in a directory are cookies (ext_readdir.c), any of which may come back. */
static loff_t ext_dir_seek(struct file *file, loff_t offset, int whence)
{
	return file_seek_to(file, offset, whence, EXT_DIR_END);
}

const struct file_ops ext_file_ops = {
	.open = ext_open,
	.release = ext_release,
	.read = cached_read,
	.has_nowait = true,
	.write = cached_write,
	.seek = ext_seek,
	.ioctl = ext_ioctl,
	.mmap = cached_mmap,
	.fsync = ext_fsync,
	.fallocate = ext_fallocate,
};

const struct file_ops ext_dir_ops = {
	.seek = ext_dir_seek,
	.readdir = ext_readdir,
	.ioctl = ext_ioctl,
	.fsync = ext_fsync,
};
