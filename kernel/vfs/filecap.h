/*
 * Capabilities of a program file: the attribute security.capability, in revision 2 or 3 of struct
 * vfs_cap_data (capabilities(7), "File capabilities").
 */
#pragma once

#include "vfs/super.h"

#define FILE_CAPS_NAME "security.capability"

/* What the attribute says. */
struct file_caps {
	u64 permitted, inheritable;
	bool effective;
};

/* Whether the attribute may have this value. */
bool file_caps_valid(const void *value, size_t size);
/*
 * A file's capabilities: 0 and *out, -ENODATA (there are none, or for another user namespace's
 * root), -EINVAL (nonsense), -ENOMEM, -EIO. No locks held.
 */
int inode_caps_get(struct inode *inode, struct file_caps *out);
/*
 * The attribute as getxattr(2) shows it: what is of revision 3 for this namespace's root is shown
 * in revision 2, for another's as it is kept. As vfs_getxattr(); -EINVAL for nonsense.
 */
ssize_t inode_caps_show(struct inode *inode, void *value, size_t size);
/*
 * The file was written to or given away: it loses its capabilities, whoever did that. inode->lock
 * held for writing. 0 or an error.
 */
int inode_caps_drop(struct inode *inode);
/* The attribute is being set. inode->lock held for writing. */
static inline void inode_caps_set(struct inode *inode)
{
	WRITE_ONCE(inode->no_caps, false);
}
