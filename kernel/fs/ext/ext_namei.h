/*
 * fs/ext/ext_namei.h - calls by name.
 */
#pragma once

#include "fs/ext/ext_dir.h"

/* ext_namei.c, ext_rename.c, ext_symlink.c */
extern const struct inode_ops ext_dir_inode_ops, ext_file_inode_ops, ext_link_inode_ops,
	ext_fast_link_inode_ops, ext_special_inode_ops;
int ext_rename(struct inode *from, const struct name *old, struct inode *inode,
		struct inode *to, const struct name *new_name, struct inode *replaced,
		u32 flags, const struct cred *cred);
/*
 * A file to be made: fill() completes its inode, in the same handle, before it gets its name: 0 or
 * an error.
 */
struct ext_newborn {
	u32 mode;
	u64 rdev;
	const char *target;	/* of a symbolic link */
	int (*fill)(struct inode *inode, struct inode *dir, const struct ext_newborn *new,
		    bool reserve);
};
/* Makes and names it: 0 and *out with a reference. */
int must_check ext_name_new(struct inode *dir, const struct name *name, const struct cred *cred,
		const struct ext_newborn *new, struct inode **out);
/* The slot of a name that is known to be `inode`'s. */
int must_check ext_dir_find_inode(struct inode *dir, const struct name *name,
		const struct inode *inode, struct ext_dir_slot *slot);
/* A name of it is gone; `last`: it is a directory's only one. */
void ext_inode_unlinked(struct inode *inode, bool last);
/* Link count of a directory for its subdirectories. */
bool ext_dir_full(const struct inode *dir);
void ext_dir_links_inc(struct inode *dir);
void ext_dir_links_dec(struct inode *dir);
int ext_symlink(struct inode *dir, const struct name *name, const char *target,
		const struct cred *cred, struct inode **out);
/* After a change to directories: writes them now if the mount or they are synchronous. */
int ext_dirsync(struct inode *dir, struct inode *other);
