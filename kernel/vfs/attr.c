/*
 * Calls that ask or change attributes: stat, chmod, chown, utimensat, truncate, access, readlink,
 * statfs, and the rules who may (inode(7), chown(2), chmod(2)).
 */
#include "abi/capability.h"
#include "abi/ioctl.h"
#include "abi/stat.h"
#include "core/clock.h"
#include "dev/blk.h"
#include "lib/string.h"
#include "vfs/acl.h"
#include "vfs/file_int.h"
#include "vfs/filecap.h"
#include "vfs/mount_int.h"
#include "vfs/notify.h"

static int may_chown(const struct inode *inode, const struct cred *cred,
		     const struct inode_attr *attr)
{
	bool owner = cred->fsuid == inode->uid;

	if (cred_capable(cred, CAP_CHOWN))
		return 0;
	if (attr->mask & ATTR_UID && !(owner && attr->uid == inode->uid))
		return -EPERM;
	if (attr->mask & ATTR_GID &&
	    !(owner && (attr->gid == inode->gid || cred_in_group(cred, attr->gid))))
		return -EPERM;
	return 0;
}

static int may_set_times(struct inode *inode, const struct cred *cred, u32 mask)
{
	const u32 both = ATTR_ATIME_NOW | ATTR_MTIME_NOW;

	if ((mask & (both | ATTR_ATIME | ATTR_MTIME)) == both) {
		if (inode->flags & FS_IMMUTABLE_FL)
			return -EACCES;
		return inode_owner_or_capable(inode, cred)
			       ? 0
			       : inode_permission(inode, cred, MAY_WRITE);
	}
	if (inode->flags & (FS_IMMUTABLE_FL | FS_APPEND_FL))
		return -EPERM;
	if (inode->sb->utime_mode & (cred_in_group(cred, inode->gid) ? S_IWGRP : S_IWOTH))
		return 0;
	return inode_owner_or_capable(inode, cred) ? 0 : -EPERM;
}

/*
 * Who may, and what follows from the change: mode bits that go, times that are set. inode->lock
 * held.
 */
static int attr_prepare(struct inode *inode, const struct cred *cred, struct inode_attr *attr)
{
	const u32 times = ATTR_ATIME | ATTR_MTIME | ATTR_ATIME_NOW | ATTR_MTIME_NOW;
	struct timespec now = clock_stamp();
	int err = 0;

	if (attr->mask & (ATTR_MODE | ATTR_UID | ATTR_GID) &&
	    inode->flags & (FS_IMMUTABLE_FL | FS_APPEND_FL))
		return -EPERM;
	if (attr->mask & (ATTR_UID | ATTR_GID))
		err = may_chown(inode, cred, attr);
	if (err == 0 && attr->mask & ATTR_MODE && !inode_owner_or_capable(inode, cred))
		err = -EPERM;
	if (err == 0 && attr->mask & times && !(attr->mask & ATTR_SIZE))
		err = may_set_times(inode, cred, attr->mask);
	if (err < 0)
		return err;
	if (attr->mask & ATTR_MODE) {
		if (!cred_may_set_gid_bit(cred, attr->mask & ATTR_GID ? attr->gid : inode->gid))
			attr->mode &= ~(u32)S_ISGID;
	} else if (attr->mask & ATTR_CHOWN) {
		attr->mode = inode_mode_without_suid(inode, cred);
		if (attr->mode != inode->mode && !inode_owner_or_capable(inode, cred))
			return -EPERM;
		if (attr->mode != inode->mode)
			attr->mask |= ATTR_MODE;
	}
	now = super_time_fit(inode->sb, now);
	attr->atime = super_time_fit(inode->sb, attr->atime);
	attr->mtime = super_time_fit(inode->sb, attr->mtime);
	if (attr->mask & ATTR_ATIME_NOW)
		attr->atime = now;
	if (attr->mask & ATTR_MTIME_NOW)
		attr->mtime = now;
	attr->mask |= (attr->mask & ATTR_ATIME_NOW ? ATTR_ATIME : 0) |
		      (attr->mask & ATTR_MTIME_NOW ? ATTR_MTIME : 0);
	attr->mask &= ~(u32)(ATTR_ATIME_NOW | ATTR_MTIME_NOW | ATTR_CHOWN);
	attr->ctime = now;
	attr->mask |= ATTR_CTIME;
	return 0;
}

int inode_setattr(struct inode *inode, const struct inode_attr *attr)
{
	int err = inode->ops->setattr ? inode->ops->setattr(inode, attr)
				      : inode_setattr_simple(inode, attr);

	return err == 0 && attr->mask & ATTR_MODE ? inode_acl_chmod(inode) : err;
}

/* What a change of attributes is to who watches (inotify(7)). */
static u32 attr_event(u32 mask)
{
	if (mask & (ATTR_MODE | ATTR_UID | ATTR_GID) || (mask & ATTR_ATIME && mask & ATTR_MTIME))
		return IN_ATTRIB;
	if (mask & (ATTR_SIZE | ATTR_MTIME))
		return IN_MODIFY;
	return mask & ATTR_ATIME ? IN_ACCESS : IN_ATTRIB;
}

int vfs_setattr(const struct path *path, const struct cred *cred, struct inode_attr *attr)
{
	struct inode *inode = path->dentry->inode;
	int err = mount_write_begin(path->mount);
	bool given;

	if (err < 0)
		return err;
	rwsem_write(&inode->lock);
	/* A chown(2) that changes nothing is for everybody: it takes nothing from others' files. */
	given = attr->mask & ATTR_CHOWN && (attr->mask & (ATTR_UID | ATTR_GID) ||
					    inode_owner_or_capable(inode, cred));
	err = attr_prepare(inode, cred, attr);
	if (err == 0 && given)
		err = inode_caps_drop(inode);
	if (err == 0)
		err = inode_setattr(inode, attr);
	rwsem_write_end(&inode->lock);
	if (err == 0)
		notify_dentry(path->dentry, attr_event(attr->mask));
	mount_write_end(path->mount);
	return err;
}

int inode_truncate(struct inode *inode, s64 size, const struct cred *cred)
{
	struct inode_attr attr = { .mask = ATTR_SIZE | ATTR_MTIME | ATTR_CTIME, .size = size };
	int err = 0;

	if (size < 0)
		return -EINVAL;
	if ((u64)size > inode->sb->max_file_size)
		return -EFBIG;
	rwsem_write(&inode->lock);
	attr.mtime = attr.ctime = super_time_fit(inode->sb, clock_stamp());
	attr.mode = inode_mode_without_suid(inode, cred);
	if (attr.mode != inode->mode && !cred_capable(cred, CAP_FSETID))
		attr.mask |= ATTR_MODE;
	err = inode_caps_drop(inode);
	if (err == 0 && size > inode->size)
		err = inode->ops->fill_gap ? inode->ops->fill_gap(inode, size)
					   : cached_zero_tail(inode, inode->size, size);
	if (err == 0)
		err = inode_setattr(inode, &attr);
	rwsem_write_end(&inode->lock);
	return err;
}

int vfs_truncate(const struct path *path, const struct cred *cred, s64 size)
{
	struct inode *inode = path->dentry->inode;
	int err;

	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode) || size < 0)
		return -EINVAL;
	err = mount_write_begin(path->mount);
	if (err < 0)
		return err;
	err = inode_permission(inode, cred, MAY_WRITE);
	if (err == 0 && inode->flags & FS_APPEND_FL)
		err = -EPERM;
	if (err == 0)
		err = inode_writer_get(inode);
	if (err == 0) {
		err = inode_truncate(inode, size, cred);
		inode_writer_put(inode);
		if (err == 0)
			notify_dentry(path->dentry, IN_MODIFY);
	}
	mount_write_end(path->mount);
	return err;
}

int vfs_access(const struct path *path, const struct cred *cred, unsigned may)
{
	struct inode *inode = path->dentry->inode;
	u32 mode = READ_ONCE(inode->mode);
	int err;

	if (may & MAY_EXEC && S_ISREG(mode) && path->mount && path->mount->flags & MNT_F_NOEXEC)
		return -EACCES;
	err = may ? inode_permission(inode, cred, may) : 0;
	if (err == 0 && may & MAY_WRITE && mount_is_readonly(path->mount) &&
	    (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
		err = -EROFS;
	return err;
}

static u64 stat_attributes(const struct path *path, const struct inode *inode)
{
	u64 bits = 0;

	if (inode->flags & FS_IMMUTABLE_FL)
		bits |= STATX_ATTR_IMMUTABLE;
	if (inode->flags & FS_APPEND_FL)
		bits |= STATX_ATTR_APPEND;
	if (inode->flags & FS_NODUMP_FL)
		bits |= STATX_ATTR_NODUMP;
	if (path->mount && path->dentry == path->mount->root)
		bits |= STATX_ATTR_MOUNT_ROOT;
	return bits;
}

int vfs_stat(const struct path *path, struct statx_data *out)
{
	struct inode *inode = path->dentry->inode;
	const struct superblock *sb = inode->sb;
	int err;

	if (inode->ops->getattr) {
		err = inode->ops->getattr(inode);
		if (err < 0)
			return err;
	}
	*out = (struct statx_data){
		.mode = inode->mode,
		.nlink = inode->nlink,
		.uid = inode->uid,
		.gid = inode->gid,
		.blksize = sb->block_size,
		.ino = inode->ino,
		.size = (u64)READ_ONCE(inode->size),
		.blocks = inode->blocks + READ_ONCE(inode->blocks_delayed),
		.dev = sb->dev_id,
		.rdev = inode->rdev,
		.mnt_id = path->mount ? path->mount->id : 0,
		.attributes = stat_attributes(path, inode),
		.attributes_mask = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_NODUMP |
				   STATX_ATTR_MOUNT_ROOT,
		.atime = inode->atime,
		.mtime = inode->mtime,
		.ctime = inode->ctime,
		.btime = inode->btime,
		.has_btime = inode->btime.tv_sec || inode->btime.tv_nsec,
		.tells_direct = S_ISREG(inode->mode) && inode->ops->direct,
	};
	if (out->tells_direct && inode_is_direct(inode))
		out->direct_align = sb->dev->disk->sector_size;
	return 0;
}

int vfs_statfs(const struct path *path, struct abi_statfs *out)
{
	static const struct { u32 mnt; s64 st; } flags[] = {
		{ MNT_F_NOSUID, ST_NOSUID }, { MNT_F_NODEV, ST_NODEV }, { MNT_F_NOEXEC, ST_NOEXEC },
		{ MNT_F_NOATIME, ST_NOATIME }, { MNT_F_NODIRATIME, ST_NODIRATIME },
		{ MNT_F_RELATIME, ST_RELATIME }, { MNT_F_NOSYMFOLLOW, ST_NOSYMFOLLOW },
	};
	struct superblock *sb = path->dentry->sb;
	int err;

	memset(out, 0, sizeof(*out));
	out->f_type = (s64)sb->magic;
	out->f_bsize = out->f_frsize = sb->block_size;
	out->f_namelen = 255;
	out->f_fsid[0] = (s32)(sb->dev_id ? sb->dev_id : sb->id);
	err = sb->ops->statfs(sb, out);
	if (err < 0)
		return err;
	out->f_flags = ST_VALID;
	if (mount_is_readonly(path->mount) || sb->flags & SB_READ_ONLY)
		out->f_flags |= ST_RDONLY;
	if (sb->flags & SB_SYNC)
		out->f_flags |= ST_SYNCHRONOUS;
	for (unsigned i = 0; path->mount && i < ARRAY_SIZE(flags); i++)
		if (path->mount->flags & flags[i].mnt)
			out->f_flags |= flags[i].st;
	return 0;
}

ssize_t vfs_readlink(const struct path *path, char *buf, size_t size)
{
	struct inode *inode = path->dentry->inode;
	size_t n;

	if (!S_ISLNK(inode->mode))
		return -EINVAL;
	inode_touch_atime(inode, path->mount ? path->mount->flags : 0);
	if (inode->ops->readlink)
		return inode->ops->readlink(inode, buf, size);
	if (!inode->link_target)
		return -EINVAL;
	n = min(strlen(inode->link_target), size);
	memcpy(buf, inode->link_target, n);
	if (n < size)
		buf[n] = 0;
	return (ssize_t)n;
}
