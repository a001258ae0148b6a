/*
 * Restrictions of what others' names in shared directories may be used for (proc_sys_fs(5),
 * protected_*).
 */
#pragma once

#include "vfs/super.h"

/* 0: off. Of FIFOs and regular files 2: in sticky directories that a group may write to as well.
 * Set by /proc/sys/fs, torn reads harmless. */
extern struct protections {
	u32 symlinks, hardlinks, fifos, regular;
} vfs_protections;

/* Whether a symbolic link found in `dir` may be followed: 0 or -EACCES. */
int protect_follow(const struct inode *dir, const struct inode *link, const struct cred *cred);
/* Whether a file may get one more name: 0 or -EPERM. */
int protect_link(struct inode *inode, const struct cred *cred);
/* Whether open(2) with O_CREAT may open what exists in `dir` already: 0 or -EACCES. */
int protect_create(const struct inode *dir, const struct inode *inode, const struct cred *cred);
