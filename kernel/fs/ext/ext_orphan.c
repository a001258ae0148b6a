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

int ext_orphan_process(struct ext_fs *fs, u32 ino, u32 *next)
{
	struct ext_raw_inode *raw;
	struct inode *inode;
	struct bblock b;
	bool used, named;
	int err;

	if (ino < fs->geo.first_ino)
		return ext_error(fs, "inode %u cannot be among the removed files", ino);
	err = ext_raw_get(fs, ino, &b, &raw);
	if (err)
		return err;
	*next = raw->dtime;
	used = raw->mode != 0;
	named = raw->links_count != 0;
	bcache_put(&b);
	if (!used)
		return ext_error(fs, "inode %u among the removed files is free", ino);
	err = ext_iget(fs->sb, ino, &inode);
	if (err)
		return err;
	if (named && S_ISREG(inode->mode)) {
		rwsem_write(&inode->lock);
		err = ext_zero_tail(inode, (u64)inode->size);
		if (!err)
			err = ext_map_truncate(inode, DIV_ROUND_UP((u64)inode->size,
								   fs->geo.block_size));
		rwsem_write_end(&inode->lock);
	}
	if (named)
		inode_dirty(inode); /* its deletion time is none */
	inode_put(inode);
	return err;
}

/*
 * Frees what an earlier mount left in the list. Only when the file system was clean but for them,
 * as it is when its journal was replayed: after a crash without one their blocks may belong to
 * others by now, and e2fsck has to decide.
 */
void ext_orphans_process(struct ext_fs *fs)
{
	u32 ino = fs->super->last_orphan, n = 0;
	bool clean = (fs->mount_state & (EXT_STATE_VALID | EXT_STATE_ERROR)) == EXT_STATE_VALID;

	WRITE_ONCE(fs->reading_orphans, true);
	while (ino && clean && n < fs->geo.n_inodes && !ext_orphan_process(fs, ino, &ino))
		n++;
	if (clean)
		n += ext_orphan_file_process(fs);
	WRITE_ONCE(fs->reading_orphans, false);
	if (n)
		ext_message(fs->sb, LOG_INFO, "%u removed or shortened files freed", n);
}
