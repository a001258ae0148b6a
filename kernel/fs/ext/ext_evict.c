/*
 * fs/ext/ext_evict.c - changing a file's size, and the end of a file.
 *
 * Shrinking first zeroes what remains of the last block, so that a later extension shows zeroes,
 * then takes the pages out of the cache, then frees the blocks: nobody can be writing to a block
 * by the time that it may belong to another file. With a journal the new size gets onto the disk
 * with the first blocks that are freed, and the zeroes before it.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_ordered.h"
#include "fs/ext/ext_xattr.h"

#include "abi/stat.h"
#include "lib/string.h"

/* A handle in which the inode gets a new size, or other fields. */
static int inode_change(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	int err = ext_begin(fs, ext_credits_inode());

	return err ? err : ext_end_saving(fs, 0, inode, NULL);
}

/*
 * The file ends at `size`, and what is behind it is freed. Pages may have data for blocks that it
 * got in a transaction which is not stable: they go in the handle that takes the first blocks away,
 * lest a commit between have the blocks without the data. inode->lock held for writing.
 */
static int inode_shrink(struct inode *inode, s64 size)
{
	struct ext_fs *fs = ext_fs_of(inode);
	int err;

	rwsem_write(&inode->cache.invalidate);
	err = ext_begin(fs, ext_credits_truncate(inode));
	if (err) {
		rwsem_write_end(&inode->cache.invalidate);
		return err;
	}
	ext_ordered_settle(inode, (u64)size >> PAGE_SHIFT);
	WRITE_ONCE(inode->size, size);
	pagecache_truncate(&inode->cache, (u64)size);
	/* The zeroes come before the size, whose transaction this is. */
	ext_ordered_add(inode, (u64)size >> PAGE_SHIFT, (u64)size >> PAGE_SHIFT);
	rwsem_write_end(&inode->cache.invalidate);
	return ext_map_truncate_begun(inode, DIV_ROUND_UP((u64)size, fs->geo.block_size));
}

static void inode_grow(struct inode *inode, s64 size)
{
	rwsem_write(&inode->cache.invalidate);
	WRITE_ONCE(inode->size, size);
	rwsem_write_end(&inode->cache.invalidate);
	inode_dirty(inode);
}

/* inode->lock held for writing. */
static int inode_resize(struct inode *inode, s64 size)
{
	struct ext_fs *fs = ext_fs_of(inode);
	s64 old = inode->size;
	int err;

	if (!READ_ONCE(fs->writable) || ext_is_inline(inode))
		return -EROFS;
	if (size < 0 || (u64)size > inode->sb->max_file_size)
		return -EFBIG;
	err = ext_zero_tail(inode, (u64)min(size, old));
	if (err)
		return err;
	if (!size && old)
		WRITE_ONCE(ext_i(inode)->truncated, true);
	if (size <= old)
		return inode_shrink(inode, size);
	inode_grow(inode, size);
	return 0;
}

int ext_setattr(struct inode *inode, const struct inode_attr *attr)
{
	struct inode_attr rest = *attr;
	int err;

	if (attr->mask & ATTR_SIZE) {
		if (!S_ISREG(inode->mode))
			return S_ISDIR(inode->mode) ? -EISDIR : -EINVAL;
		err = inode_resize(inode, attr->size);
		if (err)
			return err;
		rest.mask &= ~(u32)ATTR_SIZE;
	}
	if (rest.mask)
		(void)inode_setattr_simple(inode, &rest);
	return inode_change(inode);
}

/* The kinds of files whose i_block holds a map. */
static bool inode_has_map(const struct inode *inode)
{
	return S_ISREG(inode->mode) || S_ISDIR(inode->mode) ||
	       (S_ISLNK(inode->mode) && !inode->link_target);
}

/* The last step: nothing but the inode is left. In a handle. */
static int evict_end(struct inode *inode)
{
	int err = ext_xattr_delete(inode);

	ext_orphan_remove(inode);
	/* The table says deleted before the number can be taken again. */
	if (!err)
		err = ext_fs_of(inode)->journal ? ext_inode_save(inode) :
						  ext_inode_write(inode, false);
	return err ? err : ext_inode_number_free(inode);
}

/* Frees blocks, and at last the inode, in as many handles as it takes. */
static int evict_steps(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	int more;

	do {
		int err = ext_begin(fs, ext_credits_evict(inode));

		if (err)
			return err;
		more = inode_has_map(inode) ? ext_map_truncate_step(inode, 0) : 0;
		if (more > 0)
			err = ext_inode_save(inode);
		else if (!more)
			err = evict_end(inode);
		ext_end(fs);
		if (err)
			return err;
		sched_point();
	} while (more > 0);
	return more;
}

static void evict_delete(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	int err;

	if (S_ISREG(inode->mode)) {
		rwsem_write(&inode->cache.invalidate);
		WRITE_ONCE(inode->size, 0);
		pagecache_truncate(&inode->cache, 0);
		rwsem_write_end(&inode->cache.invalidate);
	}
	inode->size = 0;
	err = evict_steps(inode);
	if (err) {
		/* Nobody is left to try again: what was not freed is e2fsck's to find. */
		super_log(fs->sb, LOG_WARNING, "inode %llu could not be freed (error %d)",
			  (unsigned long long)inode->ino, err);
		WRITE_ONCE(fs->had_errors, true);
	}
}

void ext_inode_evict(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);

	if (inode->nlink == 0)
		ext_ordered_settle(inode, 0);
	ext_ordered_remove(inode);
	if (READ_ONCE(fs->writable)) {
		if (inode->nlink == 0)
			evict_delete(inode);
		else if (S_ISREG(inode->mode))
			ext_map_trim(inode);
	}
	ext_orphan_forget(inode);
	rwsem_write(&ei->map_lock);
	ext_window_drop(fs, &ei->window);
	ext_order_release(inode);
	rwsem_write_end(&ei->map_lock);
}
