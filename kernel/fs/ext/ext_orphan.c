/*
 * fs/ext/ext_orphan.c - files that have lost their last name but are still in use.
 *
 * They are freed at the last put. So that a crash before that does not leak their blocks, they
 * stand in a list on the disk, from the superblock through the inodes' deletion time; e2fsck walks
 * it. Here it is an ordinary list in memory: inodes and the superblock take their links from it
 * when they are written, so that a file removed and freed at once costs nothing on the disk.
 */
#include "fs/ext/ext_int.h"

void ext_orphan_add(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);

	spin_lock(&fs->orphan_lock);
	if (list_empty(&ei->orphan_link))
		list_add(&ei->orphan_link, &fs->orphans);
	spin_unlock(&fs->orphan_lock);
}

void ext_orphan_remove(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode), *previous = NULL;

	spin_lock(&fs->orphan_lock);
	if (!list_empty(&ei->orphan_link)) {
		if (ei->orphan_link.prev != &fs->orphans) {
			previous = list_entry(ei->orphan_link.prev, struct ext_inode, orphan_link);
			if (!ref_try_get(&previous->inode.refs))
				previous = NULL; /* on its own way out, which rewrites it */
		}
		list_del_init(&ei->orphan_link);
	}
	spin_unlock(&fs->orphan_lock);
	if (previous) {
		inode_dirty(&previous->inode);
		inode_put(&previous->inode);
	}
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

/*
 * Frees what an earlier mount left in the list. Only when the file system was clean but for them:
 * after a crash their blocks may belong to others by now, and e2fsck has to decide.
 */
void ext_orphans_process(struct ext_fs *fs)
{
	u32 ino = fs->super->last_orphan, n = 0;
	bool clean = (fs->mount_state & (EXT_STATE_VALID | EXT_STATE_ERROR)) == EXT_STATE_VALID;

	WRITE_ONCE(fs->reading_orphans, true);
	while (ino && clean && n < fs->geo.n_inodes) {
		struct ext_raw_inode *raw;
		struct inode *inode;
		struct bblock b;
		u32 next;

		if (ino < fs->geo.first_ino || ext_raw_get(fs, ino, &b, &raw) < 0)
			break;
		next = raw->dtime;
		clean = raw->links_count == 0 && raw->mode != 0;
		bcache_put(&b);
		if (!clean || ext_iget(fs->sb, ino, &inode) < 0)
			break;
		inode_put(inode);
		ino = next;
		n++;
	}
	WRITE_ONCE(fs->reading_orphans, false);
	if (n)
		ext_message(fs->sb, LOG_INFO, "%u removed files freed", n);
}
