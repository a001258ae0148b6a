/*
 * What a file is: stat(2), statx(2), statfs(2), access(2), readlink(2).
 */
#include "abi/kdev.h"
#include "abi/limits.h"
#include "abi/stat.h"
#include "core/gaps.h"
#include "mm/slab.h"
#include "sys/sys_int.h"

static void stat_fill(struct abi_stat *st, const struct statx_data *d)
{
	*st = (struct abi_stat){
		.st_dev = d->dev, .st_ino = d->ino, .st_nlink = d->nlink, .st_mode = d->mode,
		.st_uid = d->uid, .st_gid = d->gid, .st_rdev = d->rdev, .st_size = (s64)d->size,
		.st_blksize = d->blksize, .st_blocks = (s64)d->blocks,
		.st_atime = (u64)d->atime.tv_sec, .st_atime_nsec = (u64)d->atime.tv_nsec,
		.st_mtime = (u64)d->mtime.tv_sec, .st_mtime_nsec = (u64)d->mtime.tv_nsec,
		.st_ctime = (u64)d->ctime.tv_sec, .st_ctime_nsec = (u64)d->ctime.tv_nsec,
	};
}

/* Stats a path (or, by AT_EMPTY_PATH, a descriptor). */
static int stat_path(int dirfd, const char __user *path, u32 walk_flags, struct statx_data *out)
{
	struct path_arg a;
	int error = path_arg_lookup(&a, dirfd, path, walk_flags);

	if (error)
		return error;
	error = vfs_stat(&a.path, out);
	path_arg_drop(&a);
	return error;
}

static int stat_fd(int fd, struct statx_data *out)
{
	struct fd_ref r = fd_arg(fd);
	int error;

	if (!r.file)
		return -EBADF;
	error = vfs_stat(&r.file->path, out);
	fd_end(r);
	return error;
}

static long stat_give(int error, const struct statx_data *d, struct abi_stat __user *ust)
{
	struct abi_stat st;

	if (error)
		return error;
	stat_fill(&st, d);
	return copy_out_obj(ust, &st);
}

long sys_stat(const char __user *path, struct abi_stat __user *st)
{
	struct statx_data d;

	return stat_give(stat_path(AT_FDCWD, path, WALK_FOLLOW, &d), &d, st);
}

long sys_lstat(const char __user *path, struct abi_stat __user *st)
{
	struct statx_data d;

	return stat_give(stat_path(AT_FDCWD, path, 0, &d), &d, st);
}

long sys_fstat(int fd, struct abi_stat __user *st)
{
	struct statx_data d;

	return stat_give(stat_fd(fd, &d), &d, st);
}

/* "" with AT_EMPTY_PATH and a descriptor is fstat(2), which any file has. */
static bool empty_path(const char __user *path, int flags)
{
	char c;

	return (flags & AT_EMPTY_PATH) && copy_in(&c, path, 1) == 0 && c == 0;
}

static int stat_at(int dirfd, const char __user *path, int flags, struct statx_data *out)
{
	u32 walk_flags = flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;

	if (dirfd >= 0 && empty_path(path, flags))
		return stat_fd(dirfd, out);
	return stat_path(dirfd, path, walk_flags | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0), out);
}

long sys_newfstatat(int dirfd, const char __user *path, struct abi_stat __user *st, int flags)
{
	struct statx_data d;

	if (gap_flags((u32)flags, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	return stat_give(stat_at(dirfd, path, flags, &d), &d, st);
}

static struct abi_statx_timestamp statx_time(const struct timespec *ts)
{
	return (struct abi_statx_timestamp){ .tv_sec = ts->tv_sec, .tv_nsec = (u32)ts->tv_nsec };
}

long sys_statx(int dirfd, const char __user *path, int flags, unsigned mask,
	       struct abi_statx __user *ustx)
{
	struct statx_data d;
	struct abi_statx stx;
	int error;

	if ((flags &
	     ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)) ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE || (mask & STATX__RESERVED))
		return -EINVAL;
	error = stat_at(dirfd, path, flags, &d);
	if (error)
		return error;
	stx = (struct abi_statx){
		.stx_mask = STATX_BASIC_STATS | STATX_MNT_ID | (d.has_btime ? STATX_BTIME : 0),
		.stx_blksize = d.blksize,
		.stx_attributes = d.attributes, .stx_attributes_mask = d.attributes_mask,
		.stx_nlink = d.nlink,
		.stx_uid = d.uid, .stx_gid = d.gid, .stx_mode = (u16)d.mode, .stx_ino = d.ino,
		.stx_size = d.size,
		.stx_blocks = d.blocks, .stx_atime = statx_time(&d.atime),
		.stx_mtime = statx_time(&d.mtime),
		.stx_ctime = statx_time(&d.ctime), .stx_rdev_major = dev_major((u32)d.rdev),
		.stx_rdev_minor = dev_minor((u32)d.rdev),
		.stx_dev_major = dev_major((u32)d.dev), .stx_dev_minor = dev_minor((u32)d.dev),
		.stx_mnt_id = d.mnt_id,
	};
	if (mask & STATX_DIOALIGN && d.tells_direct) {
		stx.stx_mask |= STATX_DIOALIGN;
		stx.stx_dio_mem_align = stx.stx_dio_offset_align = d.direct_align;
	}
	if (d.has_btime)
		stx.stx_btime = statx_time(&d.btime);
	return copy_out_obj(ustx, &stx);
}

long sys_statfs(const char __user *path, struct abi_statfs __user *buf)
{
	struct abi_statfs st;
	struct path_arg a;
	int error = path_arg_lookup(&a, AT_FDCWD, path, WALK_FOLLOW);

	if (error)
		return error;
	error = vfs_statfs(&a.path, &st);
	path_arg_drop(&a);
	return error ? error : copy_out_obj(buf, &st);
}

long sys_fstatfs(int fd, struct abi_statfs __user *buf)
{
	struct abi_statfs st;
	struct fd_ref r = fd_arg(fd);
	int error;

	if (!r.file)
		return -EBADF;
	error = vfs_statfs(&r.file->path, &st);
	fd_end(r);
	return error ? error : copy_out_obj(buf, &st);
}

/* Credentials with the real ids in force, as access(2) judges: referenced, or NULL. */
static const struct cred *cred_real(void)
{
	const struct cred *me = cred_current();
	struct cred *c = cred_clone(me);

	if (!c)
		return NULL;
	c->fsuid = c->uid;
	c->fsgid = c->gid;
	c->cap_effective = c->uid == 0 ? c->cap_permitted : 0;
	return c;
}

long sys_faccessat2(int dirfd, const char __user *path, int mode, int flags)
{
	const struct cred *cred;
	struct path_arg a;
	int error;

	if ((mode & ~(R_OK | W_OK | X_OK)) ||
	    (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	cred = flags & AT_EACCESS ? cred_get(cred_current()) : cred_real();
	if (!cred)
		return -ENOMEM;
	error = path_arg_begin(&a, dirfd, path, flags & AT_EMPTY_PATH);
	if (!error) {
		a.w.walk.cred = cred;
		error = path_lookup(&a.w.walk, a.name.text,
				    (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
					    (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0),
				    &a.path);
		if (!error) {
			/* R_OK, W_OK, X_OK are MAY_* */
			error = vfs_access(&a.path, cred, (unsigned)mode);
			path_put(&a.path);
		}
		path_arg_end(&a);
	}
	cred_put(cred);
	return error;
}

long sys_faccessat(int dirfd, const char __user *path, int mode)
{
	return sys_faccessat2(dirfd, path, mode, 0);
}

long sys_access(const char __user *path, int mode)
{
	return sys_faccessat2(AT_FDCWD, path, mode, 0);
}

long sys_readlinkat(int dirfd, const char __user *path, char __user *buf, int size)
{
	struct path_arg a;
	char *text;
	ssize_t n;
	int error;

	if (size <= 0)
		return -EINVAL;
	error = path_arg_lookup(&a, dirfd, path, WALK_EMPTY);
	if (error)
		return error;
	text = kmalloc(PATH_MAX, MM_KERNEL);
	n = !text				 ? -ENOMEM :
	    !S_ISLNK(a.path.dentry->inode->mode) ? (a.name.text[0] ? -EINVAL : -ENOENT) :
						   vfs_readlink(&a.path, text, PATH_MAX);
	if (n > 0) {
		n = min(n, (ssize_t)size);
		if (copy_out(buf, text, (size_t)n) < 0)
			n = -EFAULT;
	}
	kfree(text);
	path_arg_drop(&a);
	return n;
}

long sys_readlink(const char __user *path, char __user *buf, int size)
{
	return sys_readlinkat(AT_FDCWD, path, buf, size);
}
