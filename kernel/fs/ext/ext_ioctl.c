/*
 * fs/ext/ext_ioctl.c - ioctl_iflags(2): the flags of chattr(1), and the generation number.
 */
#include "fs/ext/ext_handle.h"

#include "abi/capability.h"
#include "abi/ioctl.h"
#include "arch/usercopy.h"

static int flags_may_change(const struct inode *inode, const struct cred *cred, u32 flags)
{
	u32 changed = (inode->flags ^ flags);

	if (READ_ONCE(inode->sb->flags) & SB_READ_ONLY || !READ_ONCE(ext_fs_of(inode)->writable))
		return -EROFS;
	if (!inode_owner_or_capable(inode, cred))
		return -EPERM;
	if (changed & (FS_IMMUTABLE_FL | FS_APPEND_FL) && !cred_capable(cred, CAP_LINUX_IMMUTABLE))
		return -EPERM;
	return 0;
}

static long flags_set(struct file *file, u32 flags)
{
	struct inode *inode = file->inode;
	int err;

	/* What the user cannot change must be given as it is, as lsattr(1) showed it. */
	if (!S_ISDIR(inode->mode))
		flags &= ~(u32)(FS_DIRSYNC_FL | FS_TOPDIR_FL);
	rwsem_write(&inode->lock);
	if ((inode->flags ^ flags) & EXT_FL_USER_VISIBLE & ~EXT_FL_USER_MODIFIABLE) {
		err = -EOPNOTSUPP;
	} else {
		flags = (inode->flags & ~EXT_FL_USER_MODIFIABLE) | (flags & EXT_FL_USER_MODIFIABLE);
		err = flags_may_change(inode, file->cred, flags);
	}
	if (!err)
		err = ext_begin(ext_fs_of(inode), ext_credits_inode());
	if (!err) {
		inode->flags = flags;
		inode_touch(inode, ATTR_CTIME);
		err = ext_end_saving(ext_fs_of(inode), 0, inode, NULL);
	}
	rwsem_write_end(&inode->lock);
	return err;
}

static long generation_set(struct file *file, u32 generation)
{
	struct inode *inode = file->inode;
	int err;

	if (ext_fs_of(inode)->geo.metadata_csum)
		return -ENOTTY; /* all that the inode has is summed with it */
	rwsem_write(&inode->lock);
	err = flags_may_change(inode, file->cred, inode->flags);
	if (!err)
		err = ext_begin(ext_fs_of(inode), ext_credits_inode());
	if (!err) {
		inode->generation = generation;
		inode_touch(inode, ATTR_CTIME);
		err = ext_end_saving(ext_fs_of(inode), 0, inode, NULL);
	}
	rwsem_write_end(&inode->lock);
	return err;
}

long ext_ioctl(struct file *file, u32 request, u64 arg)
{
	u32 __user *user = (__force u32 __user *)arg;
	u32 value;

	switch (request) {
	case FS_IOC_FIEMAP:
		return ext_fiemap(file->inode, arg);
	case FIBMAP:
		return S_ISREG(file->inode->mode) ? ext_fibmap(file, arg) : -ENOTTY;
	case FS_IOC_GETFLAGS:
		value = READ_ONCE(file->inode->flags) & EXT_FL_USER_VISIBLE;
		return copy_out_obj(user, &value);
	case FS_IOC_GETVERSION:
		value = file->inode->generation;
		return copy_out_obj(user, &value);
	case FS_IOC_SETFLAGS:
		return copy_in_obj(&value, user) ? -EFAULT : flags_set(file, value);
	case FS_IOC_SETVERSION:
		return copy_in_obj(&value, user) ? -EFAULT : generation_set(file, value);
	}
	return -ENOTTY;
}
