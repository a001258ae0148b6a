/*
 * fs/fat/fat_rename.c - rename(2). A file that replaces another takes over its entry, whose name
 * stays as it is spelled; else it gets a new one before the old one goes. In an exchange the
 * entries change what they name. vfs holds the locks of all that is concerned; inodes leave their
 * entries before these are written, since write-back could do that, too.
 *
 * The blocks of what is to change afterwards, the old entry and "..", are in memory before anything
 * is changed: so either nothing fails after the new name is there, or it is not there.
 */
#include "fs/fat/fat_int.h"

/* The entry that is at hand now is the inode's: all but the name. */
static void entry_take(struct fat_iter *it, struct fat_dirent *de, struct inode *inode)
{
	fat_dirent_fill(inode, de);
	bcache_dirty(it->dir->sb->dev, &it->b);
}

/* A directory that is to have another parent: its ".." is in memory. *it is to be put. */
static int reparent_begin(struct inode *inode, struct inode *from, struct inode *to,
			  struct fat_iter *it)
{
	*it = fat_iter(inode);
	return S_ISDIR(inode->mode) && from != to ? fat_dir_parent_begin(inode, it) : 0;
}

/* It says so there, and both parents count it. */
static void reparent_end(struct fat_iter *it, struct inode *from, struct inode *to)
{
	if (it->held) {
		if (from->nlink > 2)
			from->nlink--;
		to->nlink++;
		fat_dir_parent_set(it, to);
	}
	fat_iter_put(it);
}

static int exchange(struct inode *from, struct fat_entry *a, struct inode *inode,
		    struct inode *to, struct fat_entry *b, struct inode *other)
{
	struct fat_iter at_a = fat_iter(from), at_b = fat_iter(to), up, up_other;
	struct fat_dirent *de_a, *de_b;
	int err = reparent_begin(inode, from, to, &up);
	int err2 = reparent_begin(other, to, from, &up_other);

	err = err ? err : err2;
	if (!err)
		err = fat_iter_get(&at_a, a->last, &de_a);
	if (!err)
		err = fat_iter_get(&at_b, b->last, &de_b);
	if (!err) {
		fat_inode_move(inode, 0, NULL);
		fat_inode_move(other, 0, NULL);
		entry_take(&at_b, de_b, inode);
		entry_take(&at_a, de_a, other);
		fat_inode_move(other, a->position, from);
		fat_inode_move(inode, b->position, to);
		reparent_end(&up, from, to);
		reparent_end(&up_other, to, from);
		inode_dirty(other);
	}
	fat_iter_put(&up);
	fat_iter_put(&up_other);
	fat_iter_put(&at_a);
	fat_iter_put(&at_b);
	return err;
}

/* The inode moves into the entry that was `replaced`'s, or a new one. */
static int move(struct inode *to, const struct name *new_name, struct inode *inode,
		struct inode *replaced, struct fat_entry *old)
{
	struct fat_iter it = fat_iter(to);
	struct fat_dirent *de;
	struct fat_entry e;
	int err;

	if (replaced) {
		err = fat_dir_find_inode(to, new_name, replaced, &e);
		if (!err)
			err = fat_iter_get(&it, e.last, &de);
		if (err)
			return err;
		fat_inode_move(replaced, 0, NULL);
		entry_take(&it, de, inode);
		fat_iter_put(&it);
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

/* The inode goes from the entry `a` to its new name. */
static int move_away(struct inode *from, struct fat_entry *a, struct inode *inode,
		     struct inode *to, const struct name *new_name, struct inode *replaced)
{
	struct fat_iter old, up;
	int err = fat_dir_remove_begin(from, a, &old);
	int err2 = reparent_begin(inode, from, to, &up);

	err = err ? err : err2;
	if (!err && replaced && S_ISDIR(replaced->mode))
		err = fat_dir_check_empty(replaced);
	if (!err)
		err = move(to, new_name, inode, replaced, a);
	if (!err) {
		fat_dir_remove_end(&old, a);
		reparent_end(&up, from, to);
	}
	fat_iter_put(&old);
	fat_iter_put(&up);
	return err;
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
		err = move_away(from, &a, inode, to, new_name, replaced);
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
