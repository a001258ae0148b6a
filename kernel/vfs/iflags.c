/*
 * ioctl_iflags(2): the flags of chattr(1), in both spellings, the old word (FS_IOC_GETFLAGS) and
 * struct fsxattr (FS_IOC_FSGETXATTR). Who may change what is decided here; what a file system has
 * of them, and whether it can keep a change, its inode_ops say.
 */
#include "abi/capability.h"
#include "abi/fstrim.h"
#include "abi/ioctl.h"
#include "abi/stat.h"
#include "arch/usercopy.h"
#include "vfs/file_int.h"
#include "vfs/mount_int.h"

/* The flags that have a name in struct fsxattr, too. */
static const struct { u32 flag, xflag; } common[] = {
	{ FS_IMMUTABLE_FL, FS_XFLAG_IMMUTABLE }, { FS_APPEND_FL, FS_XFLAG_APPEND },
	{ FS_SYNC_FL, FS_XFLAG_SYNC }, { FS_NOATIME_FL, FS_XFLAG_NOATIME },
	{ FS_NODUMP_FL, FS_XFLAG_NODUMP }, { FS_DAX_FL, FS_XFLAG_DAX },
	{ FS_PROJINHERIT_FL, FS_XFLAG_PROJINHERIT },
};

static u32 shown(const struct inode *inode)
{
	return READ_ONCE(inode->flags) & inode->ops->flags_shown;
}

/* The flags of `inode` with those of struct fsxattr as `x` has them. */
static u32 flags_from_x(const struct inode *inode, const struct abi_fsxattr *x)
{
	u32 flags = shown(inode);

	for (size_t i = 0; i < ARRAY_SIZE(common); i++) {
		flags &= ~common[i].flag;
		if (x->fsx_xflags & common[i].xflag)
			flags |= common[i].flag;
	}
	return flags;
}

static struct abi_fsxattr x_of(const struct inode *inode)
{
	struct abi_fsxattr x = { 0 };
	u32 flags = shown(inode);

	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		if (flags & common[i].flag)
			x.fsx_xflags |= common[i].xflag;
	return x;
}

/* Whether hints of extent sizes, which nobody has here, are at least asked of the right kind. */
static int x_check(const struct inode *inode, const struct abi_fsxattr *x)
{
	bool file = S_ISREG(inode->mode), dir = S_ISDIR(inode->mode);

	if ((x->fsx_xflags & FS_XFLAG_EXTSIZE && !file) ||
	    (x->fsx_xflags & FS_XFLAG_EXTSZINHERIT && !dir) ||
	    (x->fsx_xflags & (FS_XFLAG_COWEXTSIZE | FS_XFLAG_DAX) && !file && !dir) ||
	    x->fsx_projid == ~0u)
		return -EINVAL;
	return 0;
}

/* `x`: what was asked in that form, or NULL. */
static int flags_set(struct file *f, u32 flags, const struct abi_fsxattr *x)
{
	struct inode *inode = f->inode;
	int err;

	if (!inode_owner_or_capable(inode, cred_caller()))
		return -EPERM;
	rwsem_write(&inode->lock);
	if (x)
		flags = flags_from_x(inode, x);
	if ((flags ^ inode->flags) & (FS_IMMUTABLE_FL | FS_APPEND_FL) &&
	    !cred_capable(cred_caller(), CAP_LINUX_IMMUTABLE))
		err = -EPERM;
	else
		err = x ? x_check(inode, x) : 0;
	if (!err)
		err = inode->ops->set_flags(inode, cred_caller(), flags, x);
	rwsem_write_end(&inode->lock);
	return err;
}

static long change(struct file *f, u32 request, u64 arg)
{
	struct abi_fsxattr x;
	u32 flags = 0;
	long err;

	if (request == FS_IOC_FSSETXATTR)
		err = copy_in_obj(&x, (const struct abi_fsxattr __user *)arg);
	else
		err = copy_in_obj(&flags, (const u32 __user *)arg);
	if (err < 0)
		return err;
	err = mount_write_begin(f->path.mount);
	if (err < 0)
		return err;
	err = flags_set(f, flags, request == FS_IOC_FSSETXATTR ? &x : NULL);
	mount_write_end(f->path.mount);
	return err;
}

long iflags_ioctl(struct file *f, u32 request, u64 arg)
{
	struct abi_fsxattr x;
	u32 flags;

	switch (f->inode->ops->flags_shown ? request : 0) {
	case FS_IOC_GETFLAGS:
		flags = shown(f->inode);
		return copy_out_obj((u32 __user *)arg, &flags);
	case FS_IOC_FSGETXATTR:
		x = x_of(f->inode);
		return copy_out_obj((struct abi_fsxattr __user *)arg, &x);
	case FS_IOC_SETFLAGS:
	case FS_IOC_FSSETXATTR:
		return change(f, request, arg);
	default:
		return -ENOTTY;
	}
}
