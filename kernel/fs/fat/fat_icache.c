/*
 * fs/fat/fat_icache.c - which inode belongs to a directory entry.
 *
 * There are no numbers on the disk. vfs' cache knows inodes by number, and a number must stay while
 * the inode lives, although a file gets another position when it is renamed, and its old position
 * may become another file's. So the number is the position at which the inode was first met, or, if
 * somebody still has that, one above all positions; and inodes that have an entry are kept here by
 * position. Directories are kept by their first cluster as well: two entries that name one are
 * damage, and could make a tree that is its own branch.
 */
#include "fs/fat/fat_int.h"

#include "lib/hash.h"
#include "sched/wait.h"

static struct hlist_head *position_bucket(struct fat_fs *fs, u64 position)
{
	return &fs->by_position[hash_u64(position, FAT_HASH_BITS)];
}

/* hash_lock held. */
static struct fat_inode *find_locked(struct fat_fs *fs, u64 position)
{
	struct fat_inode *fi;

	hlist_for_each_entry(fi, position_bucket(fs, position), position_link)
		if (fi->position == position)
			return fi;
	return NULL;
}

struct inode *fat_hash_find(struct fat_fs *fs, u64 position)
{
	for (;;) {
		struct fat_inode *fi;
		bool got;
		u64 seen;

		spin_lock(&fs->hash_lock);
		fi = find_locked(fs, position);
		got = fi && ref_try_get(&fi->inode.refs);
		seen = fs->evictions;
		spin_unlock(&fs->hash_lock);
		if (!fi || got)
			return fi ? &fi->inode : NULL;
		/* It is on its way out, and what it says of the entry has been written. */
		wait_until(&fs->evicted, READ_ONCE(fs->evictions) != seen);
	}
}

u64 fat_hash_number(struct fat_fs *fs)
{
	u64 ino;

	spin_lock(&fs->hash_lock);
	ino = FAT_FIRST_OTHER_INO + fs->last_ino++;
	spin_unlock(&fs->hash_lock);
	return ino;
}

u64 fat_ino_of(struct fat_fs *fs, u64 position)
{
	struct fat_inode *fi;
	u64 ino;

	spin_lock(&fs->hash_lock);
	fi = find_locked(fs, position);
	ino = fi ? fi->inode.ino : position;
	spin_unlock(&fs->hash_lock);
	return ino;
}

bool fat_hash_start(struct inode *inode)
{
	struct fat_inode *fi = fat_i(inode), *other;
	struct fat_fs *fs = fat_fs_of(inode);
	struct hlist_head *bucket = &fs->by_start[hash_u64(fi->start, FAT_HASH_BITS)];
	bool found = false;

	spin_lock(&fs->hash_lock);
	hlist_for_each_entry(other, bucket, start_link)
		found = found || other->start == fi->start;
	if (!found)
		hlist_add_head(&fi->start_link, bucket);
	spin_unlock(&fs->hash_lock);
	return !found;
}

/* hash_lock held. */
static void position_remove(struct fat_inode *fi)
{
	if (fi->position)
		hlist_del(&fi->position_link);
	fi->position = 0;
}

void fat_inode_move(struct inode *inode, u64 position, const struct inode *dir)
{
	struct fat_inode *fi = fat_i(inode);
	struct fat_fs *fs = fat_fs_of(inode);

	rwsem_write(&fi->map_lock);
	spin_lock(&fs->hash_lock);
	position_remove(fi);
	fi->position = position;
	if (position)
		hlist_add_head(&fi->position_link, position_bucket(fs, position));
	spin_unlock(&fs->hash_lock);
	if (dir)
		fi->parent_start = fat_dotdot_start(dir);
	rwsem_write_end(&fi->map_lock);
}

void fat_hash_remove(struct inode *inode)
{
	struct fat_inode *fi = fat_i(inode);
	struct fat_fs *fs = fat_fs_of(inode);

	spin_lock(&fs->hash_lock);
	position_remove(fi);
	if (!hlist_unhashed(&fi->start_link))
		hlist_del(&fi->start_link);
	fs->evictions++;
	spin_unlock(&fs->hash_lock);
	wait_wake(&fs->evicted, 0);
}
