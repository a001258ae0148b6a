/*
 * fs/fat/fat_rename.c - rename(2). A file that replaces another takes over its entry, whose name
 * stays as it is spelled; else it gets a new one before the old one goes. In an exchange the
 * entries change what they name. vfs holds the locks of all that is concerned; inodes leave their
 * entries before these are written, since write-back could do that, too.
 */
#include "fs/fat/fat_int.h"

/* The entry at `e` now is the inode's: all but the name. */
static int entry_take(struct inode *dir, struct fat_entry *e, struct inode *inode)
{
	struct fat_iter it = fat_iter(dir);
	struct fat_dirent *de;
	int err = fat_iter_get(&it, e->last, &de);

	if (!err) {
		fat_dirent_fill(inode, de);
		bcache_dirty(dir->sb->dev, &it.b);
	}
	fat_iter_put(&it);
	return err;
}

/* A directory that has another parent says so in "..", and both count it. */
static int reparent(struct inode *inode, struct inode *from, struct inode *to)
{
	if (!S_ISDIR(inode->mode) || from == to)
		return 0;
	if (from->nlink > 2)
		from->nlink--;
	to->nlink++;
	return fat_dir_set_parent(inode, to);
}

static int exchange(struct inode *from, struct fat_entry *a, struct inode *inode,
		    struct inode *to, struct fat_entry *b, struct inode *other)
{
	int err, err2;

	fat_inode_move(inode, 0, NULL);
	fat_inode_move(other, 0, NULL);
	err = entry_take(to, b, inode);
	if (!err) {
		err = entry_take(from, a, other);
		if (err)
			(void)entry_take(to, b, other);
	}
	if (err) {
		fat_inode_move(inode, a->position, NULL);
		fat_inode_move(other, b->position, NULL);
		return err;
	}
	fat_inode_move(other, a->position, from);
	fat_inode_move(inode, b->position, to);
	err = reparent(inode, from, to);
	err2 = reparent(other, to, from);
	inode_dirty(other);
	return err ? err : err2;
}

/* The inode moves into the entry that was `replaced`'s, or a new one. */
static int move(struct inode *to, const struct name *new_name, struct inode *inode,
		struct inode *replaced, struct fat_entry *old)
{
	struct fat_entry e;
	int err;

	if (replaced) {
		err = fat_dir_find_inode(to, new_name, replaced, &e);
		if (err)
			return err;
		fat_inode_move(replaced, 0, NULL);
		err = entry_take(to, &e, inode);
		if (err) {
			fat_inode_move(replaced, e.position, NULL);
			return err;
		}
		replaced->nlink = 0;
		if (S_ISDIR(replaced->mode) && to->nlink > 2)
			to->nlink--;
		inode_touch(replaced, ATTR_CTIME);
	} else {
		fat_dirent_fill(inode, &old->de);
		err = fat_dir_add(to, new_name, &old->de, old->position, &e);
		if (err)
			return err;
		fat_i(inode)->attr = e.de.attr;
	}
	fat_inode_move(inode, e.position, to);
	return 0;
}

int fat_rename(struct inode *from, const struct name *old, struct inode *inode, struct inode *to,
	       const struct name *new_name, struct inode *replaced, u32 flags,
	       const struct cred *cred)
{
	struct fat_entry a, b;
	int err;

	if (flags & RENAME_WHITEOUT)
		return -EINVAL; /* there are no devices */
	if (!fat_writable(from))
		return -EROFS;
	err = fat_dir_find_inode(from, old, inode, &a);
	if (!err && flags & RENAME_EXCHANGE) {
		err = fat_dir_find_inode(to, new_name, replaced, &b);
		if (!err)
			err = exchange(from, &a, inode, to, &b, replaced);
	} else if (!err) {
		if (replaced && S_ISDIR(replaced->mode))
			err = fat_dir_check_empty(replaced);
		if (!err)
			err = move(to, new_name, inode, replaced, &a);
		if (!err)
			err = fat_dir_remove(from, &a);
		if (!err)
			err = reparent(inode, from, to);
	}
	if (err)
		return err;
	inode_touch(inode, ATTR_CTIME);
	inode_touch(from, ATTR_MTIME | ATTR_CTIME);
	if (to != from)
		inode_touch(to, ATTR_MTIME | ATTR_CTIME);
	err = fat_dirsync(to, inode);
	return err || to == from ? err : fat_dirsync(from, NULL);
}
