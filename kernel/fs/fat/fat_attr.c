/*
 * fs/fat/fat_attr.c - changing attributes. There is no owner and but one bit of permission on the
 * disk, so most changes cannot be kept: a foreign owner is refused, unless the mount says quiet; of
 * permissions those that would not last are passed over in silence, as is the custom of this type.
 */
#include "fs/fat/fat_int.h"

#define MODE_VALID (S_IFMT | 0777)

static bool mode_holds_readonly(const struct fat_fs *fs, const struct inode *inode)
{
	return !S_ISDIR(inode->mode) || fs->opt.rodir;
}

/* Whether the disk can keep these permissions: all write or none, the others as they are. */
static bool mode_possible(const struct inode *inode, u32 mode)
{
	const struct fat_fs *fs = fat_fs_of(inode);
	u32 mask = S_ISDIR(inode->mode) ? fs->opt.dmask : fs->opt.fmask, all = 0222 & ~mask;

	mode &= 0777 & ~mask;
	if ((mode & 0555) != (inode->mode & 0555))
		return false;
	return (mode & 0222) == all || (!(mode & 0222) && mode_holds_readonly(fs, inode));
}

static void mode_set(struct inode *inode, u32 mode)
{
	const struct fat_fs *fs = fat_fs_of(inode);
	u32 mask = S_ISDIR(inode->mode) ? fs->opt.dmask : fs->opt.fmask;
	struct fat_inode *fi = fat_i(inode);

	inode->mode = (inode->mode & S_IFMT) | (mode & 0777 & ~mask);
	if (!mode_holds_readonly(fs, inode))
		return;
	/* A store through a mapping sets another attribute without the inode's lock. */
	if (inode->mode & 0222)
		__atomic_fetch_and(&fi->attr, (u8)~FAT_ATTR_READONLY, __ATOMIC_RELAXED);
	else
		__atomic_fetch_or(&fi->attr, FAT_ATTR_READONLY, __ATOMIC_RELAXED);
}

int fat_setattr(struct inode *inode, const struct inode_attr *attr)
{
	const struct fat_options *o = &fat_fs_of(inode)->opt;
	int err;

	if ((attr->mask & ATTR_UID && attr->uid != o->uid) ||
	    (attr->mask & ATTR_GID && attr->gid != o->gid) ||
	    (attr->mask & ATTR_MODE && attr->mode & ~(u32)MODE_VALID))
		return o->quiet ? 0 : -EPERM;
	if (attr->mask & ATTR_SIZE) {
		if (!S_ISREG(inode->mode))
			return S_ISDIR(inode->mode) ? -EISDIR : -EINVAL;
		err = fat_resize(inode, attr->size);
		if (err)
			return err;
	}
	if (attr->mask & ATTR_MODE && mode_possible(inode, attr->mode))
		mode_set(inode, attr->mode);
	if (attr->mask & ATTR_ATIME)
		inode->atime = fat_time_trim(inode, attr->atime, ATTR_ATIME);
	if (attr->mask & ATTR_MTIME)
		inode->mtime = fat_time_trim(inode, attr->mtime, ATTR_MTIME);
	inode->ctime = inode->mtime;
	inode_dirty(inode);
	return 0;
}
