/*
 * Changing what a file is: chmod(2), chown(2), utimensat(2), truncate(2), fallocate(2), umask(2).
 */
#include "abi/stat.h"
#include "core/clock.h"
#include "core/gaps.h"
#include "proc/signal.h"
#include "sys/sys_int.h"

static int setattr_path(int dirfd, const char __user *path, u32 walk_flags, struct inode_attr *attr)
{
	struct path_arg a;
	int error = path_arg_lookup(&a, dirfd, path, walk_flags);

	if (error)
		return error;
	error = vfs_setattr(&a.path, cred_current(), attr);
	path_arg_drop(&a);
	return error;
}

/* `path_ok`: O_PATH descriptors count too. */
static int setattr_fd(int fd, struct inode_attr *attr, bool path_ok)
{
	struct fd_ref r = path_ok ? fd_arg(fd) : fd_arg_io(fd);
	int error;

	if (!r.file)
		return -EBADF;
	error = vfs_setattr(&r.file->path, cred_current(), attr);
	fd_end(r);
	return error;
}

long sys_fchmodat(int dirfd, const char __user *path, u32 mode)
{
	struct inode_attr attr = { .mask = ATTR_MODE, .mode = mode & 07777 };

	return setattr_path(dirfd, path, WALK_FOLLOW, &attr);
}

long sys_chmod(const char __user *path, u32 mode)
{
	return sys_fchmodat(AT_FDCWD, path, mode);
}

long sys_fchmod(int fd, u32 mode)
{
	struct inode_attr attr = { .mask = ATTR_MODE, .mode = mode & 07777 };

	return setattr_fd(fd, &attr, false);
}

/* -1 leaves an id as it is (chown(2)). */
static struct inode_attr owner_attr(u32 uid, u32 gid)
{
	return (struct inode_attr){ .mask = ATTR_CHOWN | (uid == ~0u ? 0 : ATTR_UID) |
					    (gid == ~0u ? 0 : ATTR_GID),
				    .uid = uid,
				    .gid = gid };
}

long sys_fchownat(int dirfd, const char __user *path, u32 uid, u32 gid, int flags)
{
	struct inode_attr attr = owner_attr(uid, gid);

	if (gap_flags((u32)flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return setattr_path(dirfd, path,
			    (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
				    (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0),
			    &attr);
}

long sys_chown(const char __user *path, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

long sys_lchown(const char __user *path, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(int fd, u32 uid, u32 gid)
{
	struct inode_attr attr = owner_attr(uid, gid);

	return setattr_fd(fd, &attr, false);
}

/* One time of a pair: UTIME_NOW, UTIME_OMIT or a time. */
static int time_arg(const struct timespec *ts, u32 mask, u32 mask_now, struct inode_attr *attr,
		    struct timespec *to)
{
	if (ts->tv_nsec == UTIME_OMIT)
		return 0;
	if (ts->tv_nsec == UTIME_NOW) {
		attr->mask |= mask_now;
		return 0;
	}
	if (ts->tv_nsec < 0 || ts->tv_nsec >= (s64)NSEC_PER_SEC)
		return -EINVAL;
	*to = *ts;
	attr->mask |= mask;
	return 0;
}

/* Both times; `times` NULL is "now". */
static int times_attr(const struct timespec *times, struct inode_attr *attr)
{
	static const struct timespec both_now[2] = { { .tv_nsec = UTIME_NOW },
						     { .tv_nsec = UTIME_NOW } };
	int error;

	*attr = (struct inode_attr){ 0 };
	if (!times)
		times = both_now;
	error = time_arg(&times[0], ATTR_ATIME, ATTR_ATIME_NOW, attr, &attr->atime);
	return error ? error : time_arg(&times[1], ATTR_MTIME, ATTR_MTIME_NOW, attr, &attr->mtime);
}

static long set_times(int dirfd, const char __user *path, const struct timespec *times, int flags)
{
	struct inode_attr attr;
	int error = times_attr(times, &attr);

	if (error)
		return error;
	if (!path)
		return dirfd == AT_FDCWD ? -EFAULT :
		       attr.mask	 ? setattr_fd(dirfd, &attr, false) :
					   0;
	if (!attr.mask)
		return 0;
	return setattr_path(dirfd, path,
			    (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
				    (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0),
			    &attr);
}

long sys_utimensat(int dirfd, const char __user *path, const struct timespec __user *utimes,
		   int flags)
{
	struct timespec times[2];

	if (utimes && copy_in(times, utimes, sizeof(times)) < 0)
		return -EFAULT;
	if (gap_flags((u32)flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!path && flags)
		return -EINVAL;
	return set_times(dirfd, path, utimes ? times : NULL, flags);
}

long sys_futimesat(int dirfd, const char __user *path, const struct timeval __user *utimes)
{
	struct timeval tv[2];
	struct timespec times[2];

	if (utimes && copy_in(tv, utimes, sizeof(tv)) < 0)
		return -EFAULT;
	for (int i = 0; utimes && i < 2; i++) {
		if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
			return -EINVAL;
		times[i] = (struct timespec){ .tv_sec = tv[i].tv_sec,
					      .tv_nsec = tv[i].tv_usec * 1000 };
	}
	return set_times(dirfd, path, utimes ? times : NULL, 0);
}

long sys_utimes(const char __user *path, const struct timeval __user *times)
{
	return sys_futimesat(AT_FDCWD, path, times);
}

long sys_utime(const char __user *path, const struct utimbuf __user *utimes)
{
	struct utimbuf in;
	struct timespec times[2];

	if (utimes && copy_in_obj(&in, utimes) < 0)
		return -EFAULT;
	if (utimes) {
		times[0] = (struct timespec){ .tv_sec = in.actime };
		times[1] = (struct timespec){ .tv_sec = in.modtime };
	}
	return set_times(AT_FDCWD, path, utimes ? times : NULL, 0);
}

/* The result of what may make a file grow beyond RLIMIT_FSIZE. */
static int size_result(int error)
{
	struct abi_siginfo info;

	if (likely(error != -ABI_EFSIZELIMIT))
		return error;
	info = signal_info_user(SIGXFSZ, SI_USER);
	signal_send_task(task_current(), &info);
	return -ABI_EFBIG;
}

long sys_truncate(const char __user *path, loff_t length)
{
	struct path_arg a;
	int error;

	if (length < 0)
		return -EINVAL;
	error = path_arg_lookup(&a, AT_FDCWD, path, WALK_FOLLOW);
	if (error)
		return error;
	if (length > a.path.dentry->inode->size && (u64)length > rlimit_current(RLIMIT_FSIZE))
		error = -EFSIZELIMIT;
	else
		error = vfs_truncate(&a.path, cred_current(), length);
	path_arg_drop(&a);
	return size_result(error);
}

long sys_ftruncate(int fd, loff_t length)
{
	struct fd_ref r;
	int error;

	if (length < 0)
		return -EINVAL;
	r = fd_arg_io(fd);
	if (!r.file)
		return -EBADF;
	error = file_truncate(r.file, length, rlimit_current(RLIMIT_FSIZE));
	fd_end(r);
	return size_result(error);
}

long sys_fallocate(int fd, int mode, loff_t offset, loff_t len)
{
	struct fd_ref r = fd_arg_io(fd);
	int error = -EINVAL;

	if (!r.file)
		return -EBADF;
	if (offset >= 0 && len > 0)
		error = file_allocate(r.file, (u32)mode, offset, len,
				      rlimit_current(RLIMIT_FSIZE));
	fd_end(r);
	return size_result(error);
}

long sys_umask(u32 mask)
{
	struct fs_context *fs = task_current()->fs;
	u32 old;

	spin_lock(&fs->lock);
	old = fs->umask;
	fs->umask = mask & 0777;
	spin_unlock(&fs->lock);
	return old;
}
