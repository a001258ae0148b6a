/*
 * fs/ext/ext_order.c - without a journal: an inode comes after what it names.
 *
 * A new block holds what its last owner left, and an inode that names one may reach the disk before
 * the block's new contents do: then the file shows another's bytes, an indirect block other
 * blocks, a directory other names. So an inode that got blocks is *due* until these were written,
 * and the device flushed; only then ext_inode_write() changes its buffer, from where anybody may
 * write it at any time. Its pages are written first; then, of *nodes* (indirect blocks, nodes of
 * extents, directories, all that is metadata), those that are new: where older ones may name new
 * blocks, after a flush.
 *
 * fsync(2) does that for one inode. Others do it for all that are due, with the same flushes: each
 * inode remembers the *epoch* in which it got blocks last, and the end of an epoch is as the end of
 * a transaction in ext_ordered.c, with whose list and loops it is done.
 *
 * A block is the file's, in the map, under map_lock; the inode is due before that lock is given
 * back, and its page is locked until it is dirty. So who finds the inode due waits for page locks
 * before he writes the pages; and under map_lock again, before the buffer changes, it is due if
 * there are more blocks in the map now.
 */
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_ordered.h"

#include "abi/stat.h"
#include "fs/jbd/jbd_check.h"

static void order_add(struct inode *inode, u64 first, u64 last, bool node)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);

	if (fs->journaled || READ_ONCE(inode->state) & I_FREEING)
		return;
	spin_lock(&fs->ordered_lock);
	ext_ordered_put_locked(fs, ei, fs->order_epoch, first, last);
	ei->new_node |= node;
	spin_unlock(&fs->ordered_lock);
}

void ext_order_add(struct inode *inode, u64 first, u64 last)
{
	order_add(inode, first, last, !S_ISREG(inode->mode));
}

void ext_order_add_node(struct inode *inode)
{
	order_add(inode, ~0ull, 0, true);
}

bool ext_order_is_due(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);
	bool due;

	/* Nobody sees what an inode without a name has. */
	if (fs->journaled || !inode->nlink)
		return false;
	spin_lock(&fs->ordered_lock);
	due = ei->ordered_tid && jbd_later(ei->ordered_tid, fs->order_stable);
	spin_unlock(&fs->ordered_lock);
	return due;
}

void ext_order_wait_unlocked(struct inode *inode, u64 first, u64 last)
{
	if (!ext_fs_of(inode)->journaled && first <= last)
		pagecache_wait_unlocked(&inode->cache, first, last);
}

/* Whether the inode on the disk may name nodes: without them nobody finds the new ones. */
static bool has_old_nodes(struct inode *inode)
{
	struct ext_raw_inode *raw;
	struct bblock b;
	bool has = false;

	if (ext_i(inode)->fresh)
		return false;
	if (ext_raw_get(ext_fs_of(inode), (u32)inode->ino, &b, &raw))
		return true;
	if (ext_has_extents(inode))
		has = ((const struct ext_extent_header *)raw->block)->depth;
	else
		for (unsigned i = EXT_IND; i <= EXT_TIND; i++)
			has |= raw->block[i] != 0;
	bcache_put(&b);
	return has;
}

/* The data is written. `flush`: it is to be stable before the nodes are written. */
static int order_end(struct ext_fs *fs, bool flush, bool nodes)
{
	int err = flush ? blk_flush(fs->dev) : 0, err2 = 0;

	if (nodes) {
		err2 = bcache_sync(fs->dev);
		err = err ? err : err2;
		err2 = blk_flush(fs->dev);
	}
	return err ? err : err2;
}

static int order_one(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);
	u64 first, last;
	bool node;

	spin_lock(&fs->ordered_lock);
	first = ei->ordered_first;
	last = ei->ordered_last;
	node = ei->new_node;
	ei->new_node = false;
	ei->ordered_tid = 0;
	if (!list_empty(&ei->ordered_link))
		list_del_init(&ei->ordered_link);
	spin_unlock(&fs->ordered_lock);
	ext_order_wait_unlocked(inode, first, last);
	/* All of them: ext_ordered_write() may not be through with what left the list. */
	(void)pagecache_write_placed(&inode->cache, 0, ~0ull, true);
	return order_end(fs, !node || (S_ISREG(inode->mode) && has_old_nodes(inode)), node);
}

/* order_mutex is held. */
static int order_all(struct ext_fs *fs)
{
	u32 epoch;
	int err;

	spin_lock(&fs->ordered_lock);
	epoch = fs->order_epoch++;
	fs->order_epoch += !fs->order_epoch;
	spin_unlock(&fs->ordered_lock);
	(void)ext_ordered_write(fs, epoch);
	err = order_end(fs, true, true);
	spin_lock(&fs->ordered_lock);
	fs->order_stable = epoch;
	spin_unlock(&fs->ordered_lock);
	return err;
}

int ext_order(struct inode *inode, bool alone)
{
	struct ext_fs *fs = ext_fs_of(inode);
	int err;

	/*
	 * Who holds the mutex may be waiting for somebody who holds what we do, or be us, in need
	 * of memory.
	 */
	if (alone || !mutex_try_lock(&fs->order_mutex))
		return order_one(inode);
	err = order_all(fs);
	mutex_unlock(&fs->order_mutex);
	return err;
}
