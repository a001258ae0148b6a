/*
 * Attributes of inodes: time stamps, owner and mode of new ones, the generic way to change them,
 * the generic permission check (inode(7), path_resolution(7)).
 */
#include "abi/capability.h"
#include "abi/ioctl.h"
#include "abi/stat.h"
#include "core/clock.h"
#include "vfs/acl.h"
#include "vfs/path.h"
#include "vfs/super_int.h"

static struct timespec time_for(const struct inode *inode, u32 which)
{
	struct timespec now = clock_stamp();

	if (unlikely(inode->sb->ops && inode->sb->ops->time_trim))
		return inode->sb->ops->time_trim(inode, now, which);
	return super_time_fit(inode->sb, now);
}

void inode_touch(struct inode *inode, u32 mask)
{
	struct timespec now;

	if (unlikely(inode->sb->ops->time_trim)) {
		if (mask & ATTR_ATIME)
			inode->atime = time_for(inode, ATTR_ATIME);
		if (mask & ATTR_MTIME)
			inode->mtime = time_for(inode, ATTR_MTIME);
		if (mask & ATTR_CTIME)
			inode->ctime = time_for(inode, ATTR_CTIME);
		inode_dirty(inode);
		return;
	}
	now = time_for(inode, 0);
	if (mask & ATTR_ATIME)
		inode->atime = now;
	if (mask & ATTR_MTIME)
		inode->mtime = now;
	if (mask & ATTR_CTIME)
		inode->ctime = now;
	inode_dirty(inode);
}

static bool time_equal(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

void inode_touch_written(struct inode *inode)
{
	if (likely(!inode->sb->ops->time_trim)) {
		struct timespec now = time_for(inode, 0);

		if (time_equal(&inode->mtime, &now) && time_equal(&inode->ctime, &now))
			return;
		inode->mtime = inode->ctime = now;
		inode_dirty_time(inode);
		return;
	}
	inode_touch(inode, ATTR_MTIME | ATTR_CTIME);
}

static bool time_before_or_equal(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec <= b->tv_nsec);
}

void inode_touch_atime(struct inode *inode, u32 mount_flags)
{
	struct timespec now;

	if (mount_flags & (MNT_F_NOATIME | MNT_F_READONLY) || inode->flags & FS_NOATIME_FL)
		return;
	if (mount_flags & MNT_F_NODIRATIME && S_ISDIR(inode->mode))
		return;
	if (READ_ONCE(inode->sb->flags) & SB_READ_ONLY)
		return;
	if (mount_flags & MNT_F_RELATIME && !time_before_or_equal(&inode->atime, &inode->mtime) &&
	    !time_before_or_equal(&inode->atime, &inode->ctime)) {
		/* mount(8), relatime: once a day all the same. */
		now = clock_stamp();
		if (now.tv_sec - inode->atime.tv_sec < 24 * 60 * 60)
			return;
	}
	now = time_for(inode, ATTR_ATIME);
	if (time_equal(&inode->atime, &now))
		return;
	if (!gate_try_enter(inode->sb->gate, GATE_CALL))
		return;
	inode->atime = now;
	inode_dirty_time(inode);
	gate_leave(inode->sb->gate, GATE_CALL);
}

void inode_init_owner(struct inode *inode, const struct inode *dir, u32 mode,
		      const struct cred *cred)
{
	inode->uid = cred->fsuid;
	inode->gid = cred->fsgid;
	if (dir && dir->mode & S_ISGID) {
		inode->gid = dir->gid;
		if (S_ISDIR(mode))
			mode |= S_ISGID;
		else if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
			 !cred_may_set_gid_bit(cred, dir->gid))
			mode &= ~(u32)S_ISGID;
	}
	inode->mode = mode;
	inode->no_caps = true;
	inode->atime = inode->mtime = inode->ctime = inode->btime = time_for(inode, ATTR_MTIME);
}

bool inode_owner_or_capable(const struct inode *inode, const struct cred *cred)
{
	return cred->fsuid == inode->uid || cred_capable(cred, CAP_FOWNER);
}

u32 inode_mode_without_suid(const struct inode *inode, const struct cred *cred)
{
	u32 mode = inode->mode;

	if (!S_ISREG(mode))
		return mode;
	mode &= ~(u32)S_ISUID;
	if (mode & S_ISGID && (mode & S_IXGRP || !cred_may_set_gid_bit(cred, inode->gid)))
		mode &= ~(u32)S_ISGID;
	return mode;
}

int inode_setattr_simple(struct inode *inode, const struct inode_attr *attr)
{
	if (attr->mask & ATTR_SIZE && attr->size != inode->size) {
		s64 old = inode->size;

		rwsem_write(&inode->cache.invalidate);
		WRITE_ONCE(inode->size, attr->size);
		if (attr->size < old)
			pagecache_truncate(&inode->cache, (u64)attr->size);
		rwsem_write_end(&inode->cache.invalidate);
	}
	if (attr->mask & ATTR_MODE)
		inode->mode = (inode->mode & S_IFMT) | (attr->mode & S_IALLUGO);
	if (attr->mask & ATTR_UID)
		inode->uid = attr->uid;
	if (attr->mask & ATTR_GID)
		inode->gid = attr->gid;
	if (attr->mask & ATTR_ATIME)
		inode->atime = attr->atime;
	if (attr->mask & ATTR_MTIME)
		inode->mtime = attr->mtime;
	if (attr->mask & ATTR_CTIME)
		inode->ctime = attr->ctime;
	inode_dirty(inode);
	return 0;
}

/* What capabilities allow of what the mode does not. */
static int permission_capable(u32 mode, const struct cred *cred, unsigned mask)
{
	if (S_ISDIR(mode)) {
		if (!(mask & MAY_WRITE) && cred_capable(cred, CAP_DAC_READ_SEARCH))
			return 0;
		return cred_capable(cred, CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if (mask == MAY_READ && cred_capable(cred, CAP_DAC_READ_SEARCH))
		return 0;
	if ((!(mask & MAY_EXEC) || mode & (S_IXUSR | S_IXGRP | S_IXOTH)) &&
	    cred_capable(cred, CAP_DAC_OVERRIDE))
		return 0;
	return -EACCES;
}

int inode_permission_generic(struct inode *inode, const struct cred *cred, unsigned mask)
{
	u32 mode = READ_ONCE(inode->mode), bits;

	if (cred->fsuid == inode->uid)
		bits = mode >> 6;
	else
		bits = cred_in_group(cred, inode->gid) ? mode >> 3 : mode;
	if (unlikely(inode->acls) && mode & S_IRWXG && cred->fsuid != inode->uid &&
	    READ_ONCE(inode->sb->flags) & SB_ACL) {
		int err = inode_acls_permission(inode, cred, mask);

		if (err == 0 || (err != -ABI_EACCES && err != -ABI_EAGAIN))
			return err;
		if (err == -ABI_EACCES)
			return permission_capable(mode, cred, mask);
	}
	return mask & ~bits & 7 ? permission_capable(mode, cred, mask) : 0;
}

int inode_permission(struct inode *inode, const struct cred *cred, unsigned mask)
{
	u32 mode = READ_ONCE(inode->mode);

	if (mask & MAY_WRITE) {
		if (READ_ONCE(inode->sb->flags) & SB_READ_ONLY &&
		    (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
			return -EROFS;
		if (inode->flags & FS_IMMUTABLE_FL)
			return -EPERM;
	}
	if (inode->ops->permission)
		return inode->ops->permission(inode, cred, mask);
	return inode_permission_generic(inode, cred, mask);
}
