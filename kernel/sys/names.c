/*
 * Names: making, moving and removing them; directories; the working directory and root.
 */
#include "abi/capability.h"
#include "abi/dirent.h"
#include "abi/limits.h"
#include "abi/stat.h"
#include "core/gaps.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sys/sys_int.h"

long sys_mkdirat(int dirfd, const char __user *path, u32 mode)
{
	struct path_arg a;
	int error = path_arg_begin(&a, dirfd, path, false);

	if (error)
		return error;
	error = vfs_mkdir(&a.w.walk, a.name.text, mode & 01777);
	path_arg_end(&a);
	return error;
}

long sys_mkdir(const char __user *path, u32 mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}

long sys_mknodat(int dirfd, const char __user *path, u32 mode, u32 dev)
{
	struct path_arg a;
	int error;

	if (S_ISDIR(mode))
		return -EPERM;
	if (!S_ISFIFO(mode) && !S_ISSOCK(mode) && !S_ISREG(mode) && !S_ISCHR(mode) &&
	    !S_ISBLK(mode) && (mode & S_IFMT))
		return -EINVAL;
	error = path_arg_begin(&a, dirfd, path, false);
	if (error)
		return error;
	error = vfs_mknod(&a.w.walk, a.name.text, mode, dev);
	path_arg_end(&a);
	return error;
}

long sys_mknod(const char __user *path, u32 mode, u32 dev)
{
	return sys_mknodat(AT_FDCWD, path, mode, dev);
}

long sys_symlinkat(const char __user *utarget, int newdirfd, const char __user *linkpath)
{
	struct path_name target;
	struct path_arg a;
	int error = path_name_copy(&target, utarget, false);

	if (error)
		return error;
	error = path_arg_begin(&a, newdirfd, linkpath, false);
	if (!error) {
		error = vfs_symlink(&a.w.walk, target.text, a.name.text);
		path_arg_end(&a);
	}
	path_name_free(&target);
	return error;
}

long sys_symlink(const char __user *target, const char __user *linkpath)
{
	return sys_symlinkat(target, AT_FDCWD, linkpath);
}

long sys_linkat(int olddirfd, const char __user *oldpath, int newdirfd, const char __user *newpath,
		int flags)
{
	struct path_arg from, to;
	u32 walk_flags = (flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) |
			 (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
	int error;

	if (gap_flags((u32)flags, AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if ((flags & AT_EMPTY_PATH) && !cred_capable(cred_current(), CAP_DAC_READ_SEARCH))
		return -ENOENT;
	error = path_arg_begin(&from, olddirfd, oldpath, flags & AT_EMPTY_PATH);
	if (error)
		return error;
	error = path_arg_begin(&to, newdirfd, newpath, false);
	if (!error) {
		error = vfs_link(&from.w.walk, from.name.text, &to.w.walk, to.name.text,
				 walk_flags);
		path_arg_end(&to);
	}
	path_arg_end(&from);
	return error;
}

long sys_link(const char __user *oldpath, const char __user *newpath)
{
	return sys_linkat(AT_FDCWD, oldpath, AT_FDCWD, newpath, 0);
}

long sys_unlinkat(int dirfd, const char __user *path, int flags)
{
	struct path_arg a;
	int error;

	if (gap_flags((u32)flags, AT_REMOVEDIR))
		return -EINVAL;
	error = path_arg_begin(&a, dirfd, path, false);
	if (error)
		return error;
	error = flags & AT_REMOVEDIR ? vfs_rmdir(&a.w.walk, a.name.text) :
				       vfs_unlink(&a.w.walk, a.name.text);
	path_arg_end(&a);
	return error;
}

long sys_unlink(const char __user *path)
{
	return sys_unlinkat(AT_FDCWD, path, 0);
}

long sys_rmdir(const char __user *path)
{
	return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

long sys_renameat2(int olddirfd, const char __user *oldpath, int newdirfd,
		   const char __user *newpath, unsigned flags)
{
	struct path_arg from, to;
	int error = path_arg_begin(&from, olddirfd, oldpath, false);

	if (error)
		return error;
	error = path_arg_begin(&to, newdirfd, newpath, false);
	if (!error) {
		error = vfs_rename(&from.w.walk, from.name.text, &to.w.walk, to.name.text, flags);
		path_arg_end(&to);
	}
	path_arg_end(&from);
	return error;
}

long sys_renameat(int olddirfd, const char __user *oldpath, int newdirfd,
		  const char __user *newpath)
{
	return sys_renameat2(olddirfd, oldpath, newdirfd, newpath, 0);
}

long sys_rename(const char __user *oldpath, const char __user *newpath)
{
	return sys_renameat2(AT_FDCWD, oldpath, AT_FDCWD, newpath, 0);
}

/* getdents64(2) and the older form with another record; `done` bytes are in `buf` (a kernel copy of
 * what goes out). */
struct dents {
	struct dir_sink sink;
	char *buf;
	size_t size, done;
	u64 next;      /* d_off of the last record: where the directory goes on */
	bool old, any; /* old layout; an entry was offered that did not fit */
};

static size_t record_write(struct dents *d, const char *name, u32 length, u64 ino, u8 type,
			   u64 next)
{
	char *at = d->buf + d->done;
	size_t header = d->old ? 18 : 19,
	       size = align_up(header + length + 1 + (d->old ? 1 : 0), 8);

	if (d->done + size > d->size)
		return 0;
	memset(at, 0, size);
	*(u64 *)at = ino;
	*(u64 *)(at + 8) = next;
	*(u16 *)(at + 16) = (u16)size;
	if (!d->old)
		at[18] = (char)type;
	else
		at[size - 1] = (char)type;
	memcpy(at + header, name, length);
	return size;
}

static bool dents_emit(struct dir_sink *sink, const char *name, u32 length, u64 ino, u8 type,
		       u64 next)
{
	struct dents *d = container_of(sink, struct dents, sink);
	size_t size = record_write(d, name, length, ino, type, next);

	d->any = true;
	d->done += size;
	return size != 0;
}

#define DENTS_CHUNK 32768u

static long get_dents(int fd, char __user *out, unsigned count, bool old)
{
	struct dents d = { .sink.emit = dents_emit, .size = min(count, DENTS_CHUNK), .old = old };
	struct fd_ref r = fd_arg_io(fd);
	long error;

	if (!r.file)
		return -EBADF;
	d.buf = kmalloc(max(d.size, (size_t)1), MM_KERNEL);
	error = d.buf ? file_readdir(r.file, &d.sink) : -ENOMEM;
	if (!error && d.done == 0 && d.any)
		error = -EINVAL; /* not even one entry fits */
	if (!error && copy_out(out, d.buf, d.done) < 0)
		error = -EFAULT;
	kfree(d.buf);
	fd_end(r);
	return error ? error : (long)d.done;
}

long sys_getdents64(int fd, struct linux_dirent64 __user *dirp, unsigned count)
{
	return get_dents(fd, (char __user *)dirp, count, false);
}

long sys_getdents(int fd, struct linux_dirent __user *dirp, unsigned count)
{
	return get_dents(fd, (char __user *)dirp, count, true);
}

long sys_getcwd(char __user *buf, size_t size)
{
	struct fs_context *fs = task_current()->fs;
	char *text = kmalloc(PATH_MAX, MM_KERNEL), *start;
	struct path cwd, root;
	long n;

	if (!text)
		return -ENOMEM;
	fs_context_get_paths(fs, &root, &cwd);
	n = cwd.dentry->flags & DENTRY_UNHASHED ?
		    -ENOENT :
		    path_below_to_string(&cwd, &root, text, PATH_MAX, &start);
	path_put(&cwd);
	path_put(&root);
	if (!n) {
		n = (long)strlen(start) + 1;
		if ((size_t)n > size)
			n = -ERANGE;
		else if (copy_out(buf, start, (size_t)n) < 0)
			n = -EFAULT;
	}
	kfree(text);
	return n;
}

long sys_chdir(const char __user *path)
{
	struct path_arg a;
	int error = path_arg_lookup(&a, AT_FDCWD, path, WALK_FOLLOW | WALK_DIRECTORY);

	if (error)
		return error;
	error = inode_permission(a.path.dentry->inode, cred_current(), MAY_EXEC);
	if (!error)
		fs_context_set_cwd(task_current()->fs, &a.path);
	path_arg_drop(&a);
	return error;
}

long sys_fchdir(int fd)
{
	struct fd_ref r = fd_arg(fd);
	int error;

	if (!r.file)
		return -EBADF;
	error = S_ISDIR(r.file->inode->mode) ?
			inode_permission(r.file->inode, cred_current(), MAY_EXEC) :
			-ENOTDIR;
	if (!error)
		fs_context_set_cwd(task_current()->fs, &r.file->path);
	fd_end(r);
	return error;
}

long sys_chroot(const char __user *path)
{
	struct path_arg a;
	int error = path_arg_lookup(&a, AT_FDCWD, path, WALK_FOLLOW | WALK_DIRECTORY);

	if (error)
		return error;
	error = inode_permission(a.path.dentry->inode, cred_current(), MAY_EXEC);
	if (!error && !cred_capable(cred_current(), CAP_SYS_CHROOT))
		error = -EPERM;
	if (!error)
		fs_context_set_root(task_current()->fs, &a.path);
	path_arg_drop(&a);
	return error;
}
