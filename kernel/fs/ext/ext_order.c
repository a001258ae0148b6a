/*
 * fs/ext/ext_order.c - without a journal: an inode comes after what it names.
 *
 * A new block holds what its last owner left, and an inode that names one may reach the disk before
 * the block's new contents do: then the file shows another's bytes, an indirect block other
 * blocks, a directory other names. So an inode that got blocks is *due* until these were written,
 * and the device flushed; only then ext_inode_write() changes its buffer, from where anybody may
 * write it at any time. Its pages and its *nodes* (indirect blocks, nodes of extents, directories,
 * all that is metadata) are written first.
 *
 * Nodes of its map name blocks as well. One that is new may be written whenever it pleases, as
 * nothing on the disk leads to it; one that the disk has is *pinned* (dev/bcache.h) before it names
 * another block, and not written before the inode may be. So the inode remembers both kinds, until
 * ext_inode_write() has its turn; what that made ready to be written, for an fsync(2) that is about
 * to say so, perhaps, is written before it is pinned once more.
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
#include "mm/slab.h"

#define MOST_PINNED 4096u /* of a file system's nodes: their pages cannot be reclaimed */

struct order_node {
	struct rb_node link;
	u64 block;
	struct bblock b;	/* pinned; page NULL: it is new */
};

static struct order_node *node_find(const struct ext_inode *ei, u64 block)
{
	struct rb_node *n = ei->nodes.node;

	while (n) {
		struct order_node *node = rb_entry(n, struct order_node, link);

		if (node->block == block)
			return node;
		n = block < node->block ? n->left : n->right;
	}
	return NULL;
}

static bool node_less(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct order_node, link)->block <
	       rb_entry(b, struct order_node, link)->block;
}

static struct order_node *node_add(struct ext_inode *ei, u64 block)
{
	struct order_node *node = kmalloc(sizeof(*node), MM_WAIT | MM_NOFS);

	if (!node)
		return NULL;
	*node = (struct order_node){ .block = block };
	rb_add(&ei->nodes, &node->link, node_less);
	return node;
}

static void node_drop(struct ext_inode *ei, struct order_node *node)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);

	rb_erase(&ei->nodes, &node->link);
	if (node->b.page) {
		bcache_unpin(fs->dev, &node->b, false);
		bcache_put(&node->b);
		__atomic_sub_fetch(&fs->n_pinned, 1, __ATOMIC_RELAXED);
	}
	kfree(node);
}

/* Whether nothing of it is ordered: one that is being evicted has left the list for good. */
static bool is_unordered(struct inode *inode)
{
	return ext_fs_of(inode)->journaled || READ_ONCE(inode->state) & I_FREEING;
}

static void order_add(struct inode *inode, u64 first, u64 last, bool node)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);

	if (is_unordered(inode))
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

int ext_order_add_map_node(struct inode *inode, u64 block)
{
	if (is_unordered(inode))
		return 0;
	ext_order_forget(inode, block);
	if (!node_add(ext_i(inode), block))
		return -ENOMEM;
	ext_order_add_node(inode);
	return 0;
}

void ext_order_pin(struct inode *inode, const struct bblock *b)
{
	struct ext_inode *ei = ext_i(inode);
	struct ext_fs *fs = ext_fs_of(inode);
	u64 at = (b->page->index << PAGE_SHIFT) + ((u64)b->data & ~PAGE_MASK);
	u64 block = at >> fs->geo.block_bits;
	struct order_node *node;

	if (is_unordered(inode) || node_find(ei, block) ||
	    __atomic_load_n(&fs->n_pinned, __ATOMIC_RELAXED) >= MOST_PINNED)
		return;
	node = node_add(ei, block);
	if (!node)
		return;
	bcache_write(fs->dev, b);
	node->b = *b;
	page_get(b->page);
	bcache_pin(&node->b);
	__atomic_add_fetch(&fs->n_pinned, 1, __ATOMIC_RELAXED);
	/* Where that failed another may be at it, who would take what is changed now. */
	page_wait_writeback(b->page);
	inode_dirty(inode);
}

void ext_order_forget(struct inode *inode, u64 block)
{
	struct order_node *node = node_find(ext_i(inode), block);

	if (node)
		node_drop(ext_i(inode), node);
}

void ext_order_release(struct inode *inode)
{
	struct ext_inode *ei = ext_i(inode);

	while (!rb_empty(&ei->nodes))
		node_drop(ei, rb_entry(rb_first(&ei->nodes), struct order_node, link));
}

bool ext_order_is_due(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);
	bool due;

	/*
	 * Nobody sees what an inode without a name has: the disk learns of both at once. But nodes
	 * of its map might be written before it.
	 */
	if (fs->journaled || (!inode->nlink && !READ_ONCE(ei->nodes.node)))
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

/* The data is written, and now `nodes`, if there are new ones; what leads to them is pinned. */
static int order_end(struct ext_fs *fs, bool nodes)
{
	int err = nodes ? bcache_sync(fs->dev) : 0, err2 = blk_flush(fs->dev);

	return err ? err : err2;
}

/* It is due no more, as the caller sees to it: in which of its pages it got blocks; whether there
 * are new nodes. */
static bool order_take(struct inode *inode, u64 *first, u64 *last)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);
	bool node;

	spin_lock(&fs->ordered_lock);
	*first = ei->ordered_first;
	*last = ei->ordered_last;
	node = ei->new_node;
	ei->new_node = false;
	ei->ordered_tid = 0;
	if (!list_empty(&ei->ordered_link))
		list_del_init(&ei->ordered_link);
	spin_unlock(&fs->ordered_lock);
	return node;
}

static int order_one(struct inode *inode)
{
	u64 first, last;
	bool node = order_take(inode, &first, &last);

	ext_order_wait_unlocked(inode, first, last);
	/* All of them: ext_ordered_write() may not be through with what left the list. */
	(void)pagecache_write_placed(&inode->cache, 0, ~0ull, true);
	return order_end(ext_fs_of(inode), node);
}

void ext_order_settle(struct inode *dir)
{
	struct ext_fs *fs = ext_fs_of(dir);
	u64 first, last;

	if (fs->journaled)
		return;
	(void)order_take(dir, &first, &last); /* it has no pages of its own */
	bcache_settle(fs->dev);
	/* What keeps it from that is found once more by who writes it. */
	if (!ext_inode_begin(dir))
		bcache_settle(fs->dev);
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
	err = order_end(fs, true);
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
