/*
 * In a directory like /tmp, sticky and writable for all, anybody can plant a name that a program of
 * another user expects to be its own: a symbolic link, a FIFO, a file. And a link to somebody
 * else's file keeps that file, and its set-user-ID bits, after its owner has removed it.
 */
#include "vfs/protect.h"

#include "abi/stat.h"

struct protections vfs_protections = { .symlinks = 1, .hardlinks = 1 };

#define SHARED (S_ISVTX | S_IWOTH)

int protect_follow(const struct inode *dir, const struct inode *link, const struct cred *cred)
{
	if (!READ_ONCE(vfs_protections.symlinks) || link->uid == cred->fsuid)
		return 0;
	if ((dir->mode & SHARED) != SHARED || link->uid == dir->uid)
		return 0;
	return -EACCES;
}

/* A file that may be read and written, and that gives nobody's identity. */
static bool is_harmless(struct inode *inode, const struct cred *cred)
{
	u32 mode = READ_ONCE(inode->mode);

	return S_ISREG(mode) && !(mode & S_ISUID) &&
	       (mode & (S_ISGID | S_IXGRP)) != (S_ISGID | S_IXGRP) &&
	       inode_permission(inode, cred, MAY_READ | MAY_WRITE) == 0;
}

int protect_link(struct inode *inode, const struct cred *cred)
{
	if (!READ_ONCE(vfs_protections.hardlinks) || inode_owner_or_capable(inode, cred) ||
	    is_harmless(inode, cred))
		return 0;
	return -EPERM;
}

int protect_create(const struct inode *dir, const struct inode *inode, const struct cred *cred)
{
	u32 level;

	if (S_ISFIFO(inode->mode))
		level = READ_ONCE(vfs_protections.fifos);
	else
		level = S_ISREG(inode->mode) ? READ_ONCE(vfs_protections.regular) : 0;
	if (!level || !(dir->mode & S_ISVTX) || inode->uid == dir->uid || inode->uid == cred->fsuid)
		return 0;
	return dir->mode & S_IWOTH || (level > 1 && dir->mode & S_IWGRP) ? -EACCES : 0;
}
