/*
 * fs/ext/ext_ordered.c - ordered data: a commit writes the contents of files that grew first.
 *
 * What a file's new blocks held for their last owner must never be seen in it. So an inode that
 * gets blocks in a transaction, or a greater size on the disk, is put into a list, and those of its
 * pages that matter are written before the transaction is committed. Blocks that are delayed are
 * no part of it (ext_delayed.c). The list has no references: an inode that
 * is on its way out leaves it, and waits if it is being written just then.
 *
 * The commit takes page locks while others wait for it. So these are taken within handles, never
 * around them: ext_pages_make_dirty(), and what write-back may not do (ext_pages.c, holes).
 *
 * Without a journal the list is that of ext_order.c.
 */
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_ordered.h"

#include "fs/jbd/jbd_check.h"

void ext_ordered_put_locked(struct ext_fs *fs, struct ext_inode *ei, u32 tid, u64 first, u64 last)
{
	if (list_empty(&ei->ordered_link)) {
		list_add_tail(&ei->ordered_link, &fs->ordered);
		ei->ordered_first = first;
		ei->ordered_last = last;
	} else {
		ei->ordered_first = min(ei->ordered_first, first);
		ei->ordered_last = max(ei->ordered_last, last);
	}
	ei->ordered_tid = tid;
}

void ext_ordered_add(struct inode *inode, u64 first, u64 last)
{
	struct ext_fs *fs = ext_fs_of(inode);
	u32 tid;

	/* One that is being evicted has left the list for good. */
	if (!fs->journal || READ_ONCE(inode->state) & I_FREEING)
		return;
	tid = ext_tid(fs);
	spin_lock(&fs->ordered_lock);
	ext_ordered_put_locked(fs, ext_i(inode), tid, first, last);
	spin_unlock(&fs->ordered_lock);
}

/* Whether a commit, begun or to come, may still have to write its pages. */
static bool ordered_is_due(struct ext_fs *fs, struct ext_inode *ei)
{
	bool due;

	spin_lock(&fs->ordered_lock);
	due = !list_empty(&ei->ordered_link) || fs->ordered_busy == ei;
	spin_unlock(&fs->ordered_lock);
	return due;
}

/*
 * The transaction that is being committed says that the blocks are the file's. It may become
 * stable, and the power fail, before the next one takes them away again.
 */
void ext_ordered_settle(struct inode *inode, u64 first)
{
	struct ext_fs *fs = ext_fs_of(inode);

	if (ext_is_committing(fs) && ordered_is_due(fs, ext_i(inode)))
		(void)pagecache_write_placed(&inode->cache, first, ~0ull, true);
}

void ext_ordered_remove(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);

	spin_lock(&fs->ordered_lock);
	if (!list_empty(&ei->ordered_link))
		list_del_init(&ei->ordered_link);
	spin_unlock(&fs->ordered_lock);
	wait_until(&fs->ordered_wait, READ_ONCE(fs->ordered_busy) != ei);
}

/*
 * The next inode to be written for `tid`, marked as busy, and which of its pages; or NULL. It
 * leaves the list unless `keep`, or it got more blocks since, in the next transaction.
 */
static struct ext_inode *ordered_next(struct ext_fs *fs, u32 tid, bool keep,
				      struct ext_inode *last, u64 pages[2])
{
	struct ext_inode *ei = NULL;

	spin_lock(&fs->ordered_lock);
	if (!list_empty(&fs->ordered) && fs->ordered_left) {
		fs->ordered_left--;
		ei = list_first_entry(&fs->ordered, struct ext_inode, ordered_link);
		pages[0] = ei->ordered_first;
		pages[1] = ei->ordered_last;
		if (keep || jbd_later(ei->ordered_tid, tid))
			list_move_tail(&ei->ordered_link, &fs->ordered);
		else
			list_del_init(&ei->ordered_link);
	}
	fs->ordered_busy = ei;
	spin_unlock(&fs->ordered_lock);
	if (last)
		wait_wake(&fs->ordered_wait, 0);
	return ei;
}

/* A count of the list as it is: those that come later are the next transaction's. */
static void ordered_count(struct ext_fs *fs)
{
	struct list *at;

	spin_lock(&fs->ordered_lock);
	fs->ordered_left = 0;
	for (at = fs->ordered.next; at != &fs->ordered; at = at->next)
		fs->ordered_left++;
	spin_unlock(&fs->ordered_lock);
}

/*
 * jbd_ops.write_data, and ext_order_all(): an error is the file's, which fsync(2) tells; the
 * transaction goes on.
 */
int ext_ordered_write(struct ext_fs *fs, u32 tid)
{
	struct ext_inode *ei = NULL;
	u64 pages[2];

	/* All writes are begun before one is waited for. */
	ordered_count(fs);
	while ((ei = ordered_next(fs, tid, true, ei, pages))) {
		ext_order_wait_unlocked(&ei->inode, pages[0], pages[1]);
		(void)pagecache_write_placed(&ei->inode.cache, pages[0], pages[1], false);
	}
	ordered_count(fs);
	while ((ei = ordered_next(fs, tid, false, ei, pages)))
		(void)pagecache_write_placed(&ei->inode.cache, pages[0], pages[1], true);
	return 0;
}
