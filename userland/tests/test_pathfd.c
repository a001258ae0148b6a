/*
 * What a path's descriptor (O_PATH) is good for, "" with AT_EMPTY_PATH, AT_NO_AUTOMOUNT; what statx
 * tells of each file system; limits and rare flags of inotify(7).
 */
#include "tap.h"
#include <linux/stat.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <poll.h>

TEST(path_descriptors)
{
	char buf[100];
	struct stat st;
	struct statfs fs;
	struct pollfd poll_fd;
	int fd, dir, file = tap_file("f", "text");

	must(mkdir("d", 0755));
	close(tap_file("d/f", "inside"));
	must(symlink("f", "link"));
	fd = must(open("f", O_PATH | O_RDWR | O_CREAT | O_TRUNC | O_APPEND));
	is(must(stat("f", &st)) ? 0 : st.st_size, 4, "O_TRUNC is not obeyed");
	is(fcntl(fd, F_GETFL), O_PATH, "nor other flags");
	fails(read(fd, buf, 1), EBADF, "read");
	fails(write(fd, buf, 1), EBADF, "write");
	fails(lseek(fd, 0, SEEK_SET), EBADF, "lseek");
	fails(ioctl(fd, FIONREAD, buf), EBADF, "ioctl");
	fails(ftruncate(fd, 0), EBADF, "ftruncate");
	fails(syscall(SYS_fchmod, fd, 0600), EBADF, "fchmod");
	fails(syscall(SYS_fchown, fd, 0, 0), EBADF, "fchown");
	fails(fsync(fd), EBADF, "fsync");
	fails(fgetxattr(fd, "user.a", buf, 1), EBADF, "fgetxattr");
	fails(fcntl(fd, F_SETFL, 0), EBADF, "F_SETFL");
	fails(fcntl(fd, F_GETLK, buf), EBADF, "F_GETLK");
	fails((long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), EBADF, "mmap");
	fails(sendfile(file, fd, NULL, 1), EBADF, "sendfile");
	fails(fallocate(fd, 0, 0, 1), EBADF, "fallocate");
	poll_fd = (struct pollfd){fd, POLLIN, 0};
	is(poll(&poll_fd, 1, 0), 1, "poll");
	is(poll_fd.revents, POLLNVAL, "tells it is none");
	works(fstat(fd, &st), "fstat");
	works(fstatfs(fd, &fs), "fstatfs");
	works(close(must(dup(fd))), "dup");
	works(fcntl(fd, F_SETFD, FD_CLOEXEC), "F_SETFD");
	works(fstatat(fd, "", &st, AT_EMPTY_PATH), "fstatat of nothing");
	works(fchownat(fd, "", 0, 0, AT_EMPTY_PATH), "fchownat of nothing");
	works(linkat(fd, "", AT_FDCWD, "second", AT_EMPTY_PATH), "linkat of nothing");
	works(syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH), "faccessat2 of nothing");
	fails(fstatat(fd, "", &st, 0), ENOENT, "but with its flag");
	fails(openat(fd, "x", O_RDONLY), ENOTDIR, "nor is it a directory");
	fails(open("f", O_PATH | O_DIRECTORY), ENOTDIR, "which can be asked for");
	dir = must(open("d", O_PATH));
	works(close(must(openat(dir, "f", O_RDONLY))), "a directory's");
	works(fchdir(dir), "is one to go to");
	works(access("f", F_OK), "indeed");
	must(chdir(".."));
	fails(syscall(SYS_getdents64, dir, buf, 100), EBADF, "but not to read");
	fd = must(open("link", O_PATH | O_NOFOLLOW));
	is(readlinkat(fd, "", buf, 100), 1, "a link's own");
	must(fstat(fd, &st));
	ok(S_ISLNK(st.st_mode), "is one");
	fails(open("link", O_RDONLY | O_NOFOLLOW), ELOOP, "which cannot be opened");
	snprintf(buf, 100, "/proc/self/fd/%d", dir);
	works(close(must(open(buf, O_RDONLY))), "reopened through /proc");
}

TEST(at_flags)
{
	struct stat st;

	close(tap_file("f", "x"));
	works(fstatat(AT_FDCWD, "f", &st, AT_NO_AUTOMOUNT), "AT_NO_AUTOMOUNT");
	works(fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH), "the working directory");
	ok(S_ISDIR(st.st_mode), "is one");
	fails(fstatat(AT_FDCWD, "f", &st, AT_SYMLINK_FOLLOW), EINVAL, "a flag of others");
	fails(unlinkat(AT_FDCWD, "f", AT_EMPTY_PATH), EINVAL, "unlinkat");
	fails(linkat(AT_FDCWD, "f", AT_FDCWD, "g", AT_SYMLINK_NOFOLLOW), EINVAL, "linkat");
	fails(fchownat(AT_FDCWD, "f", 0, 0, AT_NO_AUTOMOUNT), EINVAL, "fchownat");
	fails(utimensat(AT_FDCWD, "f", NULL, AT_NO_AUTOMOUNT), EINVAL, "utimensat");
	fails(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_NO_AUTOMOUNT), EINVAL, "faccessat2");
}

static int statx_of(const char *path, int flags, unsigned mask, struct statx *x)
{
	return (int)syscall(SYS_statx, AT_FDCWD, path, flags, mask, x);
}

TEST(statx)
{
	struct statx x, y;
	int p[2];

	close(tap_file("f", "12345"));
	must(statx_of("f", 0, STATX_BASIC_STATS | STATX_MNT_ID, &x));
	ok(x.stx_mask & STATX_MNT_ID && x.stx_mnt_id, "a mount's number");
	must(statx_of("/proc/self/status", 0, STATX_MNT_ID, &y));
	ok(y.stx_mnt_id != x.stx_mnt_id, "differs elsewhere");
	ok(!(x.stx_attributes & STATX_ATTR_MOUNT_ROOT), "not a mount's root");
	must(statx_of("/proc", 0, 0, &y));
	ok(y.stx_attributes & STATX_ATTR_MOUNT_ROOT, "a mount's root");
	ok(y.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT, "which is always told");
	is(x.stx_dio_mem_align, 0, "no alignment unless asked for");
	works(statx_of("f", AT_STATX_FORCE_SYNC, STATX_SIZE, &x), "AT_STATX_FORCE_SYNC");
	works(statx_of("f", AT_STATX_DONT_SYNC, STATX_SIZE, &x), "AT_STATX_DONT_SYNC");
	is(x.stx_size, 5, "its size");
	works(statx_of("f", 0, 0x7fffffff, &x), "all that could be asked for");
	ok((x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS, "is answered as far as known");
	is(x.stx_mask >> 14, 0, "and no further");
	fails(statx_of("f", 0x10000, 0, &x), EINVAL, "unknown flags");
	fails(statx_of(NULL, 0, 0, &x), EFAULT, "no path");
	fails(statx_of("f", 0, 0, BAD), EFAULT, "no place for it");
	must(pipe(p));
	works(syscall(SYS_statx, p[0], "", AT_EMPTY_PATH, STATX_MODE, &x), "of a pipe");
	ok(S_ISFIFO(x.stx_mode), "which it is");
}

static int watch(int flags)
{
	return must(inotify_init1(IN_NONBLOCK | flags));
}

/* The next event's mask, or 0. */
static unsigned event(int fd, uint32_t *cookie, char *name)
{
	union {
		struct inotify_event e;
		char bytes[sizeof(struct inotify_event) + 256];
	} u;

	/* one without a name, or, if that is refused, with a short one */
	if (read(fd, &u, sizeof(struct inotify_event)) <= 0 &&
	    (errno != EINVAL || read(fd, &u, sizeof(struct inotify_event) + 16) <= 0))
		return 0;
	if (cookie)
		*cookie = u.e.cookie;
	if (name)
		strcpy(name, u.e.len ? u.e.name : "");
	return u.e.mask;
}

TEST(inotify_flags)
{
	int fd = watch(0), wd, file;

	must(mkdir("d", 0755));
	close(tap_file("f", "x"));
	fails(inotify_add_watch(fd, "f", IN_MODIFY | IN_ONLYDIR), ENOTDIR, "IN_ONLYDIR");
	fails(inotify_add_watch(fd, "f", 0), EINVAL, "nothing to watch for");
	fails(inotify_add_watch(fd, "f", IN_MODIFY | IN_MASK_ADD | IN_MASK_CREATE), EINVAL,
	      "IN_MASK_ADD and IN_MASK_CREATE");
	wd = must(inotify_add_watch(fd, "f", IN_OPEN | IN_MASK_CREATE));
	fails(inotify_add_watch(fd, "f", IN_OPEN | IN_MASK_CREATE), EEXIST, "IN_MASK_CREATE twice");
	is(inotify_add_watch(fd, "f", IN_CLOSE | IN_MASK_ADD), wd, "IN_MASK_ADD");
	close(must(open("f", O_RDONLY)));
	is(event(fd, NULL, NULL), IN_OPEN, "what was there");
	is(event(fd, NULL, NULL), IN_CLOSE_NOWRITE, "and what was added");
	must(inotify_add_watch(fd, "f", IN_ATTRIB | IN_ONESHOT));
	must(chmod("f", 0600));
	must(chmod("f", 0644));
	is(event(fd, NULL, NULL), IN_ATTRIB, "IN_ONESHOT");
	is(event(fd, NULL, NULL), IN_IGNORED, "and no more");
	is(event(fd, NULL, NULL), 0, "at all");
	fails(inotify_rm_watch(fd, wd), EINVAL, "the watch is gone");
	close(tap_file("d/g", "x"));
	must(inotify_add_watch(fd, "d", IN_MODIFY | IN_EXCL_UNLINK));
	file = must(open("d/g", O_RDWR));
	must(write(file, "y", 1));
	is(event(fd, NULL, NULL), IN_MODIFY, "a file of a directory");
	must(unlink("d/g"));
	must(write(file, "y", 1));
	is(event(fd, NULL, NULL), 0, "IN_EXCL_UNLINK: not when it is removed");
}

TEST(inotify_moves)
{
	uint32_t from = 0, to = 0, next = 0;
	char name[300];
	int fd = watch(0);

	must(mkdir("a", 0755));
	must(mkdir("b", 0755));
	close(tap_file("a/f", "x"));
	must(inotify_add_watch(fd, "a", IN_MOVE));
	must(inotify_add_watch(fd, "b", IN_MOVE));
	must(rename("a/f", "b/g"));
	is(event(fd, &from, name), IN_MOVED_FROM, "moved from");
	is_text(name, "f", "its old name");
	is(event(fd, &to, name), IN_MOVED_TO, "moved to");
	is_text(name, "g", "its new name");
	ok(from && from == to, "with one cookie");
	must(rename("b/g", "a/f"));
	is(event(fd, &next, NULL), IN_MOVED_FROM, "moved again");
	ok(next && next != from, "with another");
	event(fd, NULL, NULL);
	must(mkdir("a/sub", 0755));
	must(rename("a/sub", "b/sub"));
	is(event(fd, NULL, NULL), IN_MOVED_FROM | IN_ISDIR, "a directory");
}

static int set_limit(const char *name, const char *value, char *old)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/fs/inotify/%s", name);
	if (old)
		strcpy(old, tap_read(path));
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -1;
	must(write(fd, value, strlen(value)));
	return close(fd);
}

static int limited(void *arg)
{
	int fd = must(inotify_init1(0));

	(void)arg;
	fails(inotify_init1(0), EMFILE, "one instance and no more");
	must(inotify_add_watch(fd, "a", IN_OPEN));
	must(inotify_add_watch(fd, "b", IN_OPEN));
	fails(inotify_add_watch(fd, "c", IN_OPEN), ENOSPC, "two watches and no more");
	must(inotify_add_watch(fd, "a", IN_CLOSE));
	return 0;
}

TEST(inotify_limits)
{
	char instances[20], watches[20], events[20];
	int fd, n = 0;
	unsigned mask;

	if (!tap_root())
		return skip("limits", "not root");
	must(mkdir("a", 0777));
	must(mkdir("b", 0777));
	must(mkdir("c", 0777));
	must(set_limit("max_user_instances", "1", instances));
	must(set_limit("max_user_watches", "2", watches));
	is(tap_as_user(limited, NULL), 0, "a user's part");
	must(set_limit("max_user_instances", instances, NULL));
	must(set_limit("max_user_watches", watches, NULL));
	must(set_limit("max_queued_events", "4", events));
	fd = watch(0);
	must(set_limit("max_queued_events", events, NULL));
	must(inotify_add_watch(fd, "a", IN_CREATE | IN_DELETE));
	for (int i = 0; i < 5; i++) {
		close(tap_file("a/f", "x"));
		must(unlink("a/f"));
	}
	while ((mask = event(fd, NULL, NULL)) && mask != IN_Q_OVERFLOW)
		n++;
	is(n, 4, "as many events as may be queued");
	is(mask, IN_Q_OVERFLOW, "and the news that there were more");
	is(event(fd, NULL, NULL), 0, "nothing else");
}
