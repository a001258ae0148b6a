/*
 * Descriptors: open(2), close(2), dup(2), fcntl(2), flock(2), ioctl(2), pipe(2), memfd_create(2).
 */
#include "abi/eventfd.h"
#include "abi/fstrim.h"
#include "abi/ioctl.h"
#include "abi/limits.h"
#include "abi/mman.h"
#include "abi/stat.h"
#include "core/gaps.h"
#include "fs/tmpfs/tmpfs.h"
#include "ipc/eventfd.h"
#include "ipc/pipe.h"
#include "lib/string.h"
#include "net/sock.h"
#include "proc/dnotify.h"
#include "sys/sys_int.h"

#define OPEN_FLAGS_KNOWN \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_DSYNC | \
	 FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | \
	 O_SYNC | O_PATH | O_TMPFILE)

static long open_at(int dirfd, const char __user *path, u32 flags, u32 mode, u32 walk_flags)
{
	struct path_arg a;
	struct file *file;
	int error = path_arg_begin(&a, dirfd, path, false), fd;

	if (error)
		return error;
	if (!(flags & O_NOFOLLOW))
		walk_flags |= WALK_FOLLOW;
	fd = fd_reserve(task_current()->files, 0, rlimit_current(RLIMIT_NOFILE), flags & O_CLOEXEC);
	error = fd < 0 ? fd : vfs_open(&a.w.walk, a.name.text, flags, mode & 07777, walk_flags,
				       &file);
	path_arg_end(&a);
	return fd < 0 ? error : fd_settle(fd, error, file);
}

long sys_openat(int dirfd, const char __user *path, int flags, u32 mode)
{
	return open_at(dirfd, path, ((u32)flags & OPEN_FLAGS_KNOWN) | O_LARGEFILE, mode, 0);
}

long sys_open(const char __user *path, int flags, u32 mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(const char __user *path, u32 mode)
{
	return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* openat2(2): unlike openat(2) it refuses what it does not know. */
long sys_openat2(int dirfd, const char __user *path, const struct open_how __user *uhow,
		 size_t size)
{
	static const struct { u64 resolve; u32 walk; } map[] = {
		{ RESOLVE_NO_XDEV, WALK_NO_XDEV }, { RESOLVE_NO_MAGICLINKS, WALK_NO_MAGIC },
		{ RESOLVE_NO_SYMLINKS, WALK_NO_SYMLINKS }, { RESOLVE_BENEATH, WALK_BENEATH },
		{ RESOLVE_IN_ROOT, WALK_IN_ROOT }, { RESOLVE_CACHED, WALK_CACHED },
	};
	struct open_how how;
	u32 walk_flags = 0;
	u64 known = 0;

	if (size < sizeof(how))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (copy_in_obj(&how, uhow) < 0)
		return -EFAULT;
	for (size_t at = sizeof(how); at < size; at++) {
		u8 byte;

		if (copy_in(&byte, (const u8 __user *)uhow + at, 1) < 0)
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	for (size_t i = 0; i < ARRAY_SIZE(map); i++) {
		known |= map[i].resolve;
		if (how.resolve & map[i].resolve)
			walk_flags |= map[i].walk;
	}
	if (gap_flags(how.flags, OPEN_FLAGS_KNOWN) || (how.resolve & ~known) ||
	    (how.mode & ~07777ull))
		return -EINVAL;
	if (how.mode && !(how.flags & (O_CREAT | __O_TMPFILE)))
		return -EINVAL;
	if ((how.resolve & RESOLVE_BENEATH) && (how.resolve & RESOLVE_IN_ROOT))
		return -EINVAL;
	if ((how.resolve & RESOLVE_CACHED) && (how.flags & (O_CREAT | O_TRUNC | __O_TMPFILE)))
		return -EAGAIN;
	return open_at(dirfd, path, (u32)how.flags | O_LARGEFILE, (u32)how.mode, walk_flags);
}

long sys_close(int fd)
{
	int error = fd_close(task_current()->files, fd);

	/* the descriptor is gone in any case: a restart would close another's (close(2)) */
	return error == -ABI_ERESTARTSYS || error == -ABI_ERESTARTNOINTR ||
			       error == -ABI_ERESTARTNOHAND ?
		       -EINTR :
		       error;
}

long sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	struct task *task = task_current();

	if (gap_flags(flags, CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) || first > last)
		return -EINVAL;
	if ((flags & CLOSE_RANGE_UNSHARE) && fd_table_shared(task->files)) {
		int error = 0;
		struct fd_table *own = fd_table_clone(task->files, &error), *old = task->files;

		if (!own)
			return error;
		spin_lock(&task->lock);
		task->files = own;
		spin_unlock(&task->lock);
		fd_table_put(old);
	}
	return fd_close_range(task->files, first, last, flags & CLOSE_RANGE_CLOEXEC);
}

static long dup_at_least(int fd, int min_fd, bool cloexec)
{
	struct fd_table *files = task_current()->files;
	struct file *file = fd_get(files, fd);
	int to;

	if (!file)
		return -EBADF;
	to = fd_reserve(files, min_fd, rlimit_current(RLIMIT_NOFILE), cloexec);
	if (to < 0)
		file_put(file);
	else
		fd_install(files, to, file);
	return to;
}

long sys_dup(int fd)
{
	return dup_at_least(fd, 0, false);
}

static long dup_onto(int from, int to, bool cloexec)
{
	struct fd_table *files = task_current()->files;
	struct file *file = fd_get(files, from);
	long result;

	if (!file)
		return -EBADF;
	result = fd_dup_to(files, file, to, rlimit_current(RLIMIT_NOFILE), cloexec);
	file_put(file);
	return result < 0 ? result : to;
}

long sys_dup2(int oldfd, int newfd)
{
	if (oldfd == newfd) {
		struct fd_ref r = fd_arg(oldfd);

		if (!r.file)
			return -EBADF;
		fd_end(r);
		return newfd;
	}
	return dup_onto(oldfd, newfd, false);
}

long sys_dup3(int oldfd, int newfd, int flags)
{
	if (gap_flags((u32)flags, O_CLOEXEC) || oldfd == newfd)
		return -EINVAL;
	return dup_onto(oldfd, newfd, flags & O_CLOEXEC);
}

static long fcntl_lock(struct file *file, int fd, unsigned cmd, struct abi_flock __user *ulock)
{
	bool ofd = cmd >= F_OFD_GETLK;
	void *owner = ofd ? (void *)file : (void *)task_current()->files;
	struct abi_flock lock;
	long result;

	if (copy_in_obj(&lock, ulock) < 0)
		return -EFAULT;
	if (ofd && lock.l_pid)
		return -EINVAL;
	result = file_lock_posix(file, owner, process_current()->pid->nr, (int)cmd, &lock);
	if (!result && (cmd == F_GETLK || cmd == F_OFD_GETLK) && copy_out_obj(ulock, &lock) < 0)
		result = -EFAULT;
	/* Closed meanwhile by another thread, which saw no lock to give up. */
	if (!result && (cmd == F_SETLK || cmd == F_SETLKW) &&
	    !fd_refers(task_current()->files, fd, file)) {
		file_locks_release(file, owner);
		result = -EBADF;
	}
	return result;
}

/* Whom a file's signals go to: 0, -EINVAL, -ESRCH. */
static long owner_set(struct file *file, u8 type, s32 id)
{
	struct file_owner owner = file_owner(file);
	struct pid *pid = id > 0 ? pid_find_get(id) : NULL;

	if (id && !pid)
		return id < 0 ? -EINVAL : -ESRCH;
	owner.id = id;
	owner.serial = pid ? pid->serial : 0;
	owner.type = type;
	owner.uid = cred_current()->uid;
	owner.euid = cred_current()->euid;
	file_set_owner(file, &owner);
	pid_put(pid);
	return 0;
}

/* F_SETOWN's number: below 0 a group's. */
static long file_owner_set(struct file *file, s32 id)
{
	if (id < -PID_MAX_DEFAULT)
		return id == (s32)0x80000000 ? -EINVAL : -ESRCH;
	return owner_set(file, id < 0 ? F_OWNER_PGRP : F_OWNER_PID, id < 0 ? -id : id);
}

/* The number, while it is still that of whom it was given for; else 0. */
static s32 owner_number(const struct file_owner *owner)
{
	struct pid *pid = owner->id ? pid_find_get(owner->id) : NULL;
	bool same = pid && pid->serial == owner->serial;

	pid_put(pid);
	return same ? owner->id : 0;
}

static s32 file_owner_get(struct file *file)
{
	struct file_owner owner = file_owner(file);

	owner.id = owner_number(&owner);
	return owner.type == F_OWNER_PGRP ? -owner.id : owner.id;
}

static long owner_ex(struct file *file, unsigned cmd, struct f_owner_ex __user *user)
{
	struct file_owner owner = file_owner(file);
	struct f_owner_ex ex = { owner.type, owner_number(&owner) };

	if (cmd == F_GETOWN_EX)
		return copy_out_obj(user, &ex);
	if (copy_in_obj(&ex, user) < 0)
		return -EFAULT;
	if (ex.type < F_OWNER_TID || ex.type > F_OWNER_PGRP)
		return -EINVAL;
	return ex.pid < 0 ? -ESRCH : owner_set(file, (u8)ex.type, ex.pid);
}

/* The real and the effective user of who set the owner. */
static long owner_users(struct file *file, u32 __user *to)
{
	struct file_owner owner = file_owner(file);
	const u32 users[2] = { owner.uid, owner.euid };

	return copy_out(to, users, sizeof(users));
}

static long fcntl_owner(struct file *file, unsigned cmd, unsigned long arg)
{
	struct file_owner owner;

	switch (cmd) {
	case F_SETOWN:
		return file_owner_set(file, (s32)arg);
	case F_GETOWN:
		return file_owner_get(file);
	case F_SETOWN_EX:
	case F_GETOWN_EX:
		return owner_ex(file, cmd, (struct f_owner_ex __user *)arg);
	case F_GETOWNER_UIDS:
		return owner_users(file, (u32 __user *)arg);
	case F_SETSIG:
		if (arg > NSIG)
			return -EINVAL;
		owner = file_owner(file);
		owner.signal = (s32)arg;
		file_set_owner(file, &owner);
		return 0;
	default: /* F_GETSIG */
		return file_owner(file).signal;
	}
}

static long set_flags(struct file *file, int fd, u32 flags)
{
	int error = file_set_flags(file, flags);

	if (!error && (file->flags ^ flags) & FASYNC)
		file_set_async(file, fd, flags & FASYNC);
	return error;
}

/* What works on O_PATH descriptors too (open(2)). */
static bool fcntl_path_ok(unsigned cmd)
{
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC || cmd == F_GETFD || cmd == F_SETFD ||
	       cmd == F_GETFL;
}

static long fcntl_file(struct file *file, int fd, unsigned cmd, unsigned long arg)
{
	struct fd_table *files = task_current()->files;

	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return dup_at_least(fd, (int)arg, cmd == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return fd_get_cloexec(files, fd) > 0 ? FD_CLOEXEC : 0;
	case F_SETFD:
		return fd_set_cloexec(files, fd, arg & FD_CLOEXEC);
	case F_GETFL:
		return file->flags & ~(u32)O_CLOEXEC;
	case F_SETFL:
		return set_flags(file, fd, (u32)arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fcntl_lock(file, fd, cmd, (struct abi_flock __user *)arg);
	case F_SETOWN:
	case F_GETOWN:
	case F_SETOWN_EX:
	case F_GETOWN_EX:
	case F_GETOWNER_UIDS:
	case F_SETSIG:
	case F_GETSIG:
		return fcntl_owner(file, cmd, arg);
	case F_NOTIFY:
		if (!file_owner(file).id)
			owner_set(file, F_OWNER_PID, process_current()->pid->nr);
		return dnotify_set(file, fd, (u32)arg);
	case F_SETPIPE_SZ:
		return pipe_set_size(file, arg, cred_current());
	case F_GETPIPE_SZ:
		return pipe_get_size(file);
	case F_ADD_SEALS:
		return tmpfs_add_seals(file, (u32)arg);
	case F_GET_SEALS:
		return tmpfs_get_seals(file);
	default:
		return gap_command(cmd, -EINVAL);
	}
}

long sys_fcntl(int fd, unsigned cmd, unsigned long arg)
{
	struct fd_ref r = fd_arg(fd);
	long result;

	if (!r.file)
		return -EBADF;
	if ((r.file->flags & O_PATH) && !fcntl_path_ok(cmd))
		result = -EBADF;
	else
		result = fcntl_file(r.file, fd, cmd, arg);
	fd_end(r);
	return result;
}

long sys_flock(int fd, unsigned operation)
{
	struct fd_ref r = fd_arg_io(fd);
	long result;

	if (!r.file)
		return -EBADF;
	result = file_lock_flock(r.file, (int)operation);
	fd_end(r);
	return result;
}

static long ioctl_nonblock(struct file *file, const int __user *uon)
{
	int on;

	if (copy_in_obj(&on, uon) < 0)
		return -EFAULT;
	spin_lock(&file->lock);
	file->flags = on ? file->flags | O_NONBLOCK : file->flags & ~(u32)O_NONBLOCK;
	spin_unlock(&file->lock);
	return 0;
}

static long ioctl_async(struct file *file, int fd, const int __user *uon)
{
	int on;

	if (copy_in_obj(&on, uon) < 0)
		return -EFAULT;
	file_set_async(file, fd, on);
	return 0;
}

/* Those of sockets (socket(7)). */
static long ioctl_owner(struct file *file, unsigned cmd, int __user *user)
{
	int owner;

	if (!file_sock(file))
		return -ENOTTY;
	if (cmd == FIOSETOWN || cmd == SIOCSPGRP)
		return copy_in_obj(&owner, user) < 0 ? -EFAULT : file_owner_set(file, owner);
	owner = file_owner_get(file);
	return copy_out_obj(user, &owner);
}

/* ioctl_ficlonerange(2): no file system here shares blocks between files. */
static long ioctl_clone(struct file *to, int from)
{
	struct fd_ref r = fd_arg_io(from);
	long result = -EOPNOTSUPP;

	if (!r.file)
		return -EBADF;
	if (r.file->inode->sb != to->inode->sb)
		result = -EXDEV;
	else if (S_ISDIR(r.file->inode->mode) || S_ISDIR(to->inode->mode))
		result = -EISDIR;
	else if (!S_ISREG(r.file->inode->mode) || !S_ISREG(to->inode->mode))
		result = -EINVAL;
	else if (!r.file->can_read || !to->can_write || to->flags & O_APPEND)
		result = -EBADF;
	fd_end(r);
	return result;
}

static long ioctl_clone_range(struct file *to, const struct abi_clone_range __user *urange)
{
	struct abi_clone_range range;

	return copy_in_obj(&range, urange) < 0 ? -EFAULT : ioctl_clone(to, (int)range.src_fd);
}

/* ioctl_fideduperange(2): the same; what is asked is looked at all the same. */
static long ioctl_dedupe(const struct file *from, const struct abi_dedupe_range __user *urange)
{
	struct abi_dedupe_range range;
	u32 mode = from->inode->mode;

	if (copy_in_obj(&range, urange) < 0)
		return -EFAULT;
	if (sizeof(range) + range.dest_count * 32ul > PAGE_SIZE)
		return -ENOMEM;
	if (!from->can_read || range.reserved1 || range.reserved2)
		return -EINVAL;
	if (S_ISDIR(mode))
		return -EISDIR;
	return S_ISREG(mode) ? -EOPNOTSUPP : -EINVAL;
}

long sys_ioctl(int fd, unsigned cmd, unsigned long arg)
{
	struct fd_ref r = fd_arg_io(fd);
	long result;

	if (!r.file)
		return -EBADF;
	switch (cmd) {
	case FIOCLEX:
	case FIONCLEX:
		result = fd_set_cloexec(task_current()->files, fd, cmd == FIOCLEX);
		break;
	case FIONBIO:
		result = ioctl_nonblock(r.file, (const int __user *)arg);
		break;
	case FIOSETOWN:
	case FIOGETOWN:
	case SIOCSPGRP:
	case SIOCGPGRP:
		result = ioctl_owner(r.file, cmd, (int __user *)arg);
		break;
	case FICLONE:
		result = ioctl_clone(r.file, (int)arg);
		break;
	case FIDEDUPERANGE:
		result = ioctl_dedupe(r.file, (const struct abi_dedupe_range __user *)arg);
		break;
	case FICLONERANGE:
		result = ioctl_clone_range(r.file, (const struct abi_clone_range __user *)arg);
		break;
	case FIOASYNC:
		result = ioctl_async(r.file, fd, (const int __user *)arg);
		break;
	default:
		result = file_ioctl(r.file, cmd, arg);
	}
	/* isatty(3) asks any file */
	if (result == -ABI_ENOTTY && cmd != TCGETS && cmd != TIOCGWINSZ)
		gap_count(GAP_IOCTL, cmd, 0, 0, NULL);
	fd_end(r);
	return result;
}

long sys_pipe2(int __user *ufds, int flags)
{
	struct fd_table *files = task_current()->files;
	struct file *ends[2];
	int fds[2], error;

	if (gap_flags((u32)flags, O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	error = pipe_create((u32)flags & (O_NONBLOCK | O_DIRECT), cred_current(), ends);
	if (error)
		return error;
	fds[0] = fd_reserve(files, 0, rlimit_current(RLIMIT_NOFILE), flags & O_CLOEXEC);
	fds[1] = fds[0] < 0 ?
			 fds[0] :
			 fd_reserve(files, 0, rlimit_current(RLIMIT_NOFILE), flags & O_CLOEXEC);
	error = fds[1] < 0 ? fds[1] : copy_out(ufds, fds, sizeof(fds));
	if (error) {
		for (int i = 0; i < 2; i++) {
			if (fds[i] >= 0)
				fd_cancel(files, fds[i]);
			file_put(ends[i]);
		}
		return error;
	}
	fd_install(files, fds[0], ends[0]);
	fd_install(files, fds[1], ends[1]);
	return 0;
}

long sys_pipe(int __user *fds)
{
	return sys_pipe2(fds, 0);
}

long sys_eventfd2(unsigned count, int flags)
{
	struct file *file;
	int error;

	if (gap_flags((u32)flags, EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	error = eventfd_create(count, (u32)flags, &file);
	return error ? error : fd_give(file, flags & EFD_CLOEXEC);
}

long sys_eventfd(unsigned count)
{
	return sys_eventfd2(count, 0);
}

#define MEMFD_NAME_MAX (NAME_MAX - 6) /* "memfd:" goes in front */

long sys_memfd_create(const char __user *uname, unsigned flags)
{
	char name[MEMFD_NAME_MAX + 1];
	struct file *file;
	ssize_t n;
	int error;

	if (gap_flags(flags, MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;
	n = copy_in_string(name, uname, sizeof(name));
	if (n < 0)
		return n == -ABI_ENAMETOOLONG ? -EINVAL : n;
	error = tmpfs_memfd(name, flags, &file);
	return error ? error : fd_give(file, flags & MFD_CLOEXEC);
}
