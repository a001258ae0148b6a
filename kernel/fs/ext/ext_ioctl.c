/*
 * fs/ext/ext_ioctl.c - the flags of chattr(1), the generation number, and what is elsewhere.
 */
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_handle.h"

#include "abi/fstrim.h"
#include "abi/ioctl.h"
#include "abi/stat.h"
#include "arch/usercopy.h"

/* Of these flags, which a kind of file may have. */
static u32 flags_of_kind(u32 mode, u32 flags)
{
	return S_ISDIR(mode) ? flags : flags & ~(u32)(FS_DIRSYNC_FL | FS_TOPDIR_FL);
}

/* An immutable inode may only become mutable; how its blocks are found stays as it is. */
static int flags_check(const struct inode *inode, u32 flags)
{
	u32 changed = inode->flags ^ flags, settable = flags & EXT_FL_USER_MODIFIABLE;

	if (!READ_ONCE(ext_fs_of(inode)->writable))
		return -EROFS;
	if (flags & ~EXT_FL_USER_VISIBLE || changed & (FS_EXTENT_FL | FS_JOURNAL_DATA_FL) ||
	    flags_of_kind(inode->mode, settable) != settable)
		return -EOPNOTSUPP;
	if (inode->flags & flags & FS_IMMUTABLE_FL && changed & EXT_FL_USER_MODIFIABLE)
		return -EPERM;
	return 0;
}

int ext_set_flags(struct inode *inode, const struct cred *cred, u32 flags,
		  const struct abi_fsxattr *x)
{
	int err = flags_check(inode, flags);

	if (!err)
		err = ext_begin(ext_fs_of(inode), ext_credits_inode());
	if (err)
		return err;
	inode->flags = (inode->flags & ~EXT_FL_USER_MODIFIABLE) | (flags & EXT_FL_USER_MODIFIABLE);
	inode_touch(inode, ATTR_CTIME);
	err = ext_end_saving(ext_fs_of(inode), 0, inode, NULL);
	if (!err && x && x->fsx_projid)
		err = -EOPNOTSUPP; /* there are no projects */
	return err;
}

static long generation_set(struct file *file, u32 generation)
{
	struct inode *inode = file->inode;
	int err;

	if (ext_fs_of(inode)->geo.metadata_csum)
		return -ENOTTY; /* all that the inode has is summed with it */
	if (!inode_owner_or_capable(inode, cred_caller()))
		return -EPERM;
	rwsem_write(&inode->lock);
	err = READ_ONCE(ext_fs_of(inode)->writable) ? 0 : -EROFS;
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
	case FS_IOC_GETFSLABEL:
	case FS_IOC_SETFSLABEL:
	case EXT4_IOC_GETFSUUID:
	case EXT4_IOC_SETFSUUID:
		return ext_label_ioctl(file, request, arg);
	case EXT4_IOC_RESIZE_FS:
		return ext_resize_ioctl(file, arg);
	case FITRIM:
		return ext_trim(file, arg);
	case FS_IOC_FIEMAP:
		return ext_fiemap(file->inode, arg);
	case FIBMAP:
		return S_ISREG(file->inode->mode) ? ext_fibmap(file, arg) : -ENOTTY;
	case FS_IOC_GETVERSION:
		value = file->inode->generation;
		return copy_out_obj(user, &value);
	case FS_IOC_SETVERSION:
		return copy_in_obj(&value, user) ? -EFAULT : generation_set(file, value);
	}
	return -ENOTTY;
}
