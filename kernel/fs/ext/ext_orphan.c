/*
 * fs/ext/ext_orphan.c - files that have lost their last name but are still in use.
 *
 * They are freed at the last put. So that a crash before that does not leak their blocks, they
 * stand in a list on the disk, from the superblock through the inodes' deletion time; e2fsck walks
 * it, and so does the next mount. With a journal a file whose blocks are freed in several
 * transactions is in it, too, with or without a name.
 *
 * Here it is an ordinary list in memory, from which inodes and the superblock take their links when
 * they are written. Without a journal that is some time, so that a file removed and freed at once
 * costs nothing on the disk; with one it is in the handle that changes the list, under
 * orphan_mutex.
 */
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_super.h"

#include "abi/stat.h"

static bool orphan_enter(struct ext_fs *fs, struct ext_inode *ei, bool tail)
{
	bool fresh;

	spin_lock(&fs->orphan_lock);
	fresh = list_empty(&ei->orphan_link);
	if (fresh && tail)
		list_add_tail(&ei->orphan_link, &fs->orphans);
	else if (fresh)
		list_add(&ei->orphan_link, &fs->orphans);
	spin_unlock(&fs->orphan_lock);
	return fresh;
}

/* The superblock names the first one. */
static void orphan_head_changed(struct ext_fs *fs)
{
	mutex_lock(&fs->super_lock);
	fs->super->last_orphan = ext_orphan_first(fs);
	ext_super_dirty(fs);
	mutex_unlock(&fs->super_lock);
}

void ext_orphan_add(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);

	if (!fs->journal) {
		orphan_enter(fs, ext_i(inode), false);
		return;
	}
	mutex_lock(&fs->orphan_mutex);
	if (orphan_enter(fs, ext_i(inode), false))
		orphan_head_changed(fs);
	mutex_unlock(&fs->orphan_mutex);
}

/* Takes it out: the one before it in the list, or NULL. orphan_lock held. */
static struct ext_inode *orphan_unlink(struct ext_fs *fs, struct ext_inode *ei)
{
	struct ext_inode *previous = NULL;

	if (ei->orphan_link.prev != &fs->orphans)
		previous = list_entry(ei->orphan_link.prev, struct ext_inode, orphan_link);
	list_del_init(&ei->orphan_link);
	return previous;
}

/*
 * Without a journal: the one before it is written some time. It is not held meanwhile, as its last
 * put would be an eviction within this one, which a freeze between the two would keep from ever
 * ending. It may be on its own way out, then, which rewrites it: it does not become dirty any more,
 * and its memory stays until the end of the grace period.
 */
static void orphan_remove_lazily(struct ext_fs *fs, struct ext_inode *ei)
{
	struct ext_inode *previous = NULL;

	rcu_read_lock();
	spin_lock(&fs->orphan_lock);
	if (!list_empty(&ei->orphan_link))
		previous = orphan_unlink(fs, ei);
	spin_unlock(&fs->orphan_lock);
	if (previous)
		inode_dirty(&previous->inode);
	rcu_read_unlock();
}

void ext_orphan_remove(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode), *previous;

	if (!fs->journal) {
		orphan_remove_lazily(fs, ei);
		return;
	}
	if (list_empty(&ei->orphan_link))
		return;
	mutex_lock(&fs->orphan_mutex);
	spin_lock(&fs->orphan_lock);
	previous = orphan_unlink(fs, ei);
	spin_unlock(&fs->orphan_lock);
	/* It cannot leave the list, nor memory, meanwhile. */
	if (!previous)
		orphan_head_changed(fs);
	else if (ext_inode_save(&previous->inode))
		ext_inode_error(&previous->inode, "cannot be written as a removed file");
	mutex_unlock(&fs->orphan_mutex);
}

void ext_orphan_forget(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);

	if (list_empty(&ext_i(inode)->orphan_link))
		return;
	mutex_lock(&fs->orphan_mutex);
	spin_lock(&fs->orphan_lock);
	list_del_init(&ext_i(inode)->orphan_link);
	spin_unlock(&fs->orphan_lock);
	mutex_unlock(&fs->orphan_mutex);
}

u32 ext_orphan_first(struct ext_fs *fs)
{
	u32 ino = 0;

	spin_lock(&fs->orphan_lock);
	if (!list_empty(&fs->orphans))
		ino = (u32)list_first_entry(&fs->orphans, struct ext_inode, orphan_link)->inode.ino;
	spin_unlock(&fs->orphan_lock);
	return ino;
}

/* What belongs into the deletion time of an inode: 0 when it is no orphan or the last one. */
u32 ext_orphan_next(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);
	u32 ino = 0;

	spin_lock(&fs->orphan_lock);
	if (!list_empty(&ei->orphan_link) && ei->orphan_link.next != &fs->orphans)
		ino = (u32)list_next_entry(ei, orphan_link)->inode.ino;
	spin_unlock(&fs->orphan_lock);
	return ino;
}

int ext_orphan_read(struct ext_fs *fs, u32 ino, struct inode **out, u32 *next)
{
	struct ext_raw_inode *raw;
	struct bblock b;
	bool used;
	int err;

	if (ino < fs->geo.first_ino)
		return ext_error(fs, "inode %u cannot be among the removed files", ino);
	err = ext_raw_get(fs, ino, &b, &raw);
	if (err)
		return err;
	*next = raw->dtime;
	used = raw->mode != 0;
	bcache_put(&b);
	if (!used)
		return ext_error(fs, "inode %u among the removed files is free", ino);
	return ext_iget(fs->sb, ino, out);
}

/* Frees what is behind the end of a file that has a name. */
static int orphan_shorten(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	int err;

	rwsem_write(&inode->lock);
	err = ext_zero_tail(inode, (u64)inode->size);
	if (!err)
		err = ext_map_truncate(inode,
				       DIV_ROUND_UP((u64)inode->size, fs->geo.block_size));
	rwsem_write_end(&inode->lock);
	return err;
}

int ext_orphan_finish(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	int err = 0;

	if (inode->nlink) {
		if (S_ISREG(inode->mode))
			err = orphan_shorten(inode);
		if (!err)
			err = ext_begin(fs, ext_credits_inode() + ext_credits_orphan());
		if (!err) {
			ext_orphan_remove(inode);
			inode_dirty(inode); /* its deletion time is none */
			err = ext_end_saving(fs, 0, inode, NULL);
		}
		ext_orphan_forget(inode);
	}
	inode_put(inode);
	return err;
}

/* The disk's list becomes the one in memory, each with a reference: how many. */
static u32 orphans_read(struct ext_fs *fs)
{
	u32 ino = fs->super->last_orphan, n = 0;
	struct inode *inode;

	while (ino && !ext_orphan_read(fs, ino, &inode, &ino)) {
		if (!orphan_enter(fs, ext_i(inode), true)) {
			inode_put(inode);
			ext_error(fs, "the list of removed files is a circle");
			break;
		}
		n++;
	}
	return n;
}

/*
 * Frees what an earlier mount left in the list. Only when the file system was clean but for them,
 * as it is when its journal was replayed: after a crash without one their blocks may belong to
 * others by now, and e2fsck has to decide.
 */
void ext_orphans_process(struct ext_fs *fs)
{
	bool clean = (fs->mount_state & (EXT_STATE_VALID | EXT_STATE_ERROR)) == EXT_STATE_VALID;
	u32 n = 0;

	if (!clean)
		return;
	WRITE_ONCE(fs->reading_orphans, true);
	n = orphans_read(fs);
	while (!list_empty(&fs->orphans)) {
		struct ext_inode *ei =
			list_first_entry(&fs->orphans, struct ext_inode, orphan_link);

		/* It leaves the list in any case. */
		n -= ext_orphan_finish(&ei->inode) != 0;
	}
	n += ext_orphan_file_process(fs);
	WRITE_ONCE(fs->reading_orphans, false);
	if (n)
		super_log(fs->sb, LOG_INFO, "%u removed or shortened files freed", n);
}
