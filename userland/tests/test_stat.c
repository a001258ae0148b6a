/* Status of files: stat and its relatives, statx, access, chmod, chown, times, statfs, umask. */
#include "tap.h"
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <utime.h>

TEST(stat)
{
	struct stat a, b;
	int fd = tap_file("f", "twelve bytes");

	works(stat("f", &a), "stat");
	is(a.st_size, 12, "size");
	is(a.st_mode, S_IFREG | 0644, "mode");
	is(a.st_nlink, 1, "links");
	is(a.st_uid, getuid(), "owner");
	ok(a.st_blocks * 512 < 65536, "blocks");
	ok(a.st_blksize >= 512, "block size");
	ok(a.st_ino != 0, "inode number");
	works(fstat(fd, &b), "fstat");
	is(b.st_ino, a.st_ino, "the same inode");
	is(b.st_dev, a.st_dev, "on the same device");
	must(symlink("f", "l"));
	works(lstat("l", &a), "lstat of a link");
	is(a.st_mode, S_IFLNK | 0777, "a link's mode");
	is(a.st_size, 1, "a link's size is its target's length");
	works(stat("l", &a), "stat follows");
	is(a.st_ino, b.st_ino, "to the file");
	fails(stat("none", &a), ENOENT, "no such file");
	fails(stat("f/x", &a), ENOTDIR, "no directory");
	fails(stat("f/", &a), ENOTDIR, "a slash behind a file");
	fails(fstat(999, &a), EBADF, "bad descriptor");
	works(stat("/dev/null", &a), "a device");
	ok(S_ISCHR(a.st_mode) && a.st_rdev == makedev(1, 3), "its numbers");
	must(mkdir("d", 0700));
	must(stat("d", &a));
	is(a.st_mode, S_IFDIR | 0700, "a directory's mode");
	is(a.st_nlink, 2, "an empty directory has two links");
}

TEST(bad_pointers)
{
	struct stat st;

	tap_file("f", "x");
	fails(syscall(SYS_stat, BAD, &st), EFAULT, "stat: path");
	fails(syscall(SYS_stat, "f", BAD), EFAULT, "stat: result");
	fails(syscall(SYS_stat, "f", tap_edge(40)), EFAULT, "stat: result across an edge");
	fails(syscall(SYS_stat, "f", tap_readonly()), EFAULT, "stat: read-only result");
	fails(syscall(SYS_lstat, BAD, &st), EFAULT, "lstat: path");
	fails(syscall(SYS_lstat, "f", BAD), EFAULT, "lstat: result");
	fails(syscall(SYS_fstat, 0, BAD), EFAULT, "fstat: result");
	fails(syscall(SYS_newfstatat, AT_FDCWD, BAD, &st, 0), EFAULT, "newfstatat: path");
	fails(syscall(SYS_newfstatat, AT_FDCWD, "f", KBAD, 0), EFAULT, "newfstatat: result");
	fails(syscall(SYS_statx, AT_FDCWD, BAD, 0, 0x7ff, &st), EFAULT, "statx: path");
	fails(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x7ff, BAD), EFAULT, "statx: result");
	fails(syscall(SYS_statfs, BAD, &st), EFAULT, "statfs: path");
	fails(syscall(SYS_statfs, "f", BAD), EFAULT, "statfs: result");
	fails(syscall(SYS_fstatfs, 0, BAD), EFAULT, "fstatfs: result");
	fails(syscall(SYS_access, BAD, 0), EFAULT, "access");
	fails(syscall(SYS_faccessat, AT_FDCWD, BAD, 0), EFAULT, "faccessat");
	fails(syscall(SYS_chmod, BAD, 0), EFAULT, "chmod");
	fails(syscall(SYS_fchmodat, AT_FDCWD, BAD, 0), EFAULT, "fchmodat");
	fails(syscall(SYS_chown, BAD, 0, 0), EFAULT, "chown");
	fails(syscall(SYS_lchown, BAD, 0, 0), EFAULT, "lchown");
	fails(syscall(SYS_fchownat, AT_FDCWD, BAD, 0, 0, 0), EFAULT, "fchownat");
	fails(syscall(SYS_utime, "f", BAD), EFAULT, "utime: times");
	fails(syscall(SYS_utime, BAD, NULL), EFAULT, "utime: path");
	fails(syscall(SYS_utimes, "f", BAD), EFAULT, "utimes: times");
	fails(syscall(SYS_futimesat, AT_FDCWD, BAD, NULL), EFAULT, "futimesat: path");
	fails(syscall(SYS_utimensat, AT_FDCWD, "f", BAD, 0), EFAULT, "utimensat: times");
	fails(syscall(SYS_utimensat, AT_FDCWD, BAD, NULL, 0), EFAULT, "utimensat: path");
}

TEST(statat)
{
	struct stat a, b;
	int dir, fd;

	must(mkdir("d", 0755));
	fd = tap_file("d/f", "x");
	dir = must(open("d", O_RDONLY));
	works(fstatat(dir, "f", &a, 0), "below a directory");
	works(syscall(SYS_newfstatat, fd, "", &b, AT_EMPTY_PATH), "AT_EMPTY_PATH");
	fails(fstatat(fd, "", &b, 0), ENOENT, "an empty path without it");
	fails(fstatat(fd, "f", &b, 0), ENOTDIR, "below a file");
	must(symlink("f", "d/l"));
	works(fstatat(dir, "l", &b, AT_SYMLINK_NOFOLLOW), "AT_SYMLINK_NOFOLLOW");
	ok(S_ISLNK(b.st_mode), "the link itself");
	fails(syscall(SYS_newfstatat, dir, "f", &b, 0x8000000), EINVAL, "unknown flag");
}

/* As much of struct statx as is looked at. */
struct statx_head {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, spare;
	uint64_t ino, size, blocks, attributes_mask;
	char rest[200];
};

TEST(statx)
{
	struct statx_head x = {0};
	struct stat st;

	tap_file("f", "12345");
	must(stat("f", &st));
	works(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x7ff, &x), "statx");
	is(x.mask & 0x7ff, 0x7ff, "all basic fields");
	is(x.size, 5, "size");
	is(x.mode, S_IFREG | 0644, "mode");
	is(x.ino, st.st_ino, "inode number");
	is(x.nlink, 1, "links");
	is(x.blksize, st.st_blksize, "block size");
	works(syscall(SYS_statx, must(open("f", O_RDONLY)), "", AT_EMPTY_PATH, 0x7ff, &x),
	      "AT_EMPTY_PATH");
	fails(syscall(SYS_statx, AT_FDCWD, "f", 0x6000, 0x7ff, &x), EINVAL, "both sync flags");
	fails(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x80000000u, &x), EINVAL,
	      "the reserved mask bit");
	fails(syscall(SYS_statx, AT_FDCWD, "none", 0, 0x7ff, &x), ENOENT, "no such file");
}

TEST(chmod)
{
	struct stat st;
	int fd = tap_file("f", "x");

	works(chmod("f", 04711), "chmod");
	must(stat("f", &st));
	is(st.st_mode, S_IFREG | 04711, "mode");
	works(fchmod(fd, 0600), "fchmod");
	must(stat("f", &st));
	is(st.st_mode, S_IFREG | 0600, "mode");
	works(fchmodat(AT_FDCWD, "f", 0444, 0), "fchmodat");
	works(chmod("f", 0177777), "bits that are no permissions are ignored");
	must(stat("f", &st));
	is(st.st_mode, S_IFREG | 07777, "mode");
	fails(chmod("none", 0), ENOENT, "no such file");
	fails(syscall(SYS_fchmod, 999, 0), EBADF, "bad descriptor");
}

TEST(chown)
{
	struct stat st;
	int fd = tap_file("f", "x");

	if (!tap_root())
		return skip("chown", "not root");
	works(chown("f", 10, 20), "chown");
	must(stat("f", &st));
	ok(st.st_uid == 10 && st.st_gid == 20, "owner and group");
	works(chown("f", -1, 30), "the group only");
	works(fchown(fd, 40, -1), "the owner only");
	must(stat("f", &st));
	ok(st.st_uid == 40 && st.st_gid == 30, "changed");
	must(symlink("f", "l"));
	works(lchown("l", 50, 50), "lchown");
	must(lstat("l", &st));
	is(st.st_uid, 50, "changes the link");
	must(stat("l", &st));
	is(st.st_uid, 40, "and not the file");
	works(fchownat(fd, "", 60, 60, AT_EMPTY_PATH), "fchownat, AT_EMPTY_PATH");
	must(chmod("f", 06777));
	must(chown("f", 0, 0));
	must(stat("f", &st));
	is(st.st_mode & 07777, 0777, "set-ID bits are cleared");
	works(chown("f", 100000, 100000), "identities beyond 16 bits");
	must(stat("f", &st));
	is(st.st_uid, 100000, "are kept");
}

static bool near(struct timespec t, time_t want, long ns)
{
	return t.tv_sec == want && t.tv_nsec == ns;
}

TEST(times)
{
	struct timespec t[2] = {{1000000000, 0}, {1500000000, 0}};
	struct timeval v[2] = {{1100000000, 0}, {1600000000, 0}};
	struct utimbuf u = {1200000000, 1700000000};
	struct stat st;
	int fd = tap_file("f", "x");

	works(utimensat(AT_FDCWD, "f", t, 0), "utimensat");
	must(stat("f", &st));
	ok(near(st.st_atim, 1000000000, 0) && near(st.st_mtim, 1500000000, 0), "both times");
	ok(st.st_ctim.tv_sec > 1500000000, "the change time is now");
	t[0].tv_nsec = UTIME_OMIT;
	t[1].tv_sec = 1400000000;
	works(utimensat(AT_FDCWD, "f", t, 0), "UTIME_OMIT");
	must(stat("f", &st));
	ok(near(st.st_atim, 1000000000, 0) && near(st.st_mtim, 1400000000, 0), "leaves one");
	t[0].tv_nsec = UTIME_NOW;
	works(futimens(fd, t), "UTIME_NOW");
	must(stat("f", &st));
	ok(st.st_atim.tv_sec > 1700000000, "is now");
	works(utime("f", &u), "utime");
	must(stat("f", &st));
	ok(st.st_atime == 1200000000 && st.st_mtime == 1700000000, "both times");
	works(utimes("f", v), "utimes");
	must(stat("f", &st));
	is(st.st_mtime, 1600000000, "time");
	works(utimensat(AT_FDCWD, "f", NULL, 0), "NULL is now");
	must(stat("f", &st));
	ok(st.st_mtime > 1700000000, "now");
	must(symlink("f", "l"));
	t[0] = t[1] = (struct timespec){1, 0};
	works(utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW), "a link's own times");
	must(lstat("l", &st));
	is(st.st_mtime, 1, "set");
	t[0].tv_nsec = 1000000000;
	fails(utimensat(AT_FDCWD, "f", t, 0), EINVAL, "too many nanoseconds");
	fails(utimensat(AT_FDCWD, "none", NULL, 0), ENOENT, "no such file");
	fails(syscall(SYS_utimensat, AT_FDCWD, "f", NULL, 0x8000000), EINVAL, "unknown flag");
}

/* Stamps move in steps of some milliseconds, so that not every write makes the inode dirty. */
TEST(times_in_steps)
{
	int fd = tap_file("f", "x"), changes = 0;
	struct stat st, last = { 0 };

	for (int i = 0; i < 2000; i++) {
		must(pwrite(fd, "y", 1, 0));
		must(fstat(fd, &st));
		changes += st.st_mtim.tv_sec != last.st_mtim.tv_sec ||
			   st.st_mtim.tv_nsec != last.st_mtim.tv_nsec;
		last = st;
	}
	ok(changes < 1000, "writes share stamps");
	usleep(20000);
	must(pwrite(fd, "z", 1, 0));
	must(fstat(fd, &st));
	ok(st.st_mtim.tv_nsec != last.st_mtim.tv_nsec, "but for those some time later");
}

TEST(times_follow)
{
	struct timespec old[2] = {{1000, 0}, {1000, 0}};
	struct stat st;
	char b;
	int fd = tap_file("f", "x");

	must(futimens(fd, old));
	must(write(fd, "y", 1));
	must(fstat(fd, &st));
	ok(st.st_mtime > 1000, "write changes the modification time");
	must(futimens(fd, old));
	must(pread(fd, &b, 1, 0));
	must(fstat(fd, &st));
	is(st.st_mtime, 1000, "read does not");
	must(ftruncate(fd, 100));
	must(fstat(fd, &st));
	ok(st.st_mtime > 1000, "truncate does");
	must(mkdir("d", 0755));
	must(utimensat(AT_FDCWD, "d", old, 0));
	close(tap_file("d/x", ""));
	must(stat("d", &st));
	ok(st.st_mtime > 1000, "a new name changes the directory's");
	must(utimensat(AT_FDCWD, "d", old, 0));
	must(unlink("d/x"));
	must(stat("d", &st));
	ok(st.st_mtime > 1000, "a removed one, too");
}

TEST(access)
{
	tap_file("f", "x");
	works(access("f", F_OK), "F_OK");
	works(access("f", R_OK | W_OK), "R_OK and W_OK");
	fails(access("none", F_OK), ENOENT, "no such file");
	fails(access("f", 8), EINVAL, "unknown bits");
	if (tap_root()) {
		must(chmod("f", 0));
		works(access("f", R_OK | W_OK), "root reads and writes all");
		fails(access("f", X_OK), EACCES, "but executes only what has an x");
		must(chmod("f", 0010));
		works(access("f", X_OK), "any x");
	}
	works(syscall(SYS_faccessat2, AT_FDCWD, "f", F_OK, AT_EACCESS), "faccessat2");
	fails(syscall(SYS_faccessat2, AT_FDCWD, "f", F_OK, 0x80000), EINVAL, "unknown flag");
}

TEST(umask)
{
	struct stat st;

	umask(027);
	is(umask(077), 027, "umask returns the old one");
	close(must(open("f", O_CREAT | O_WRONLY, 0666)));
	must(stat("f", &st));
	is(st.st_mode & 07777, 0600, "open");
	must(mkdir("d", 0777));
	must(stat("d", &st));
	is(st.st_mode & 07777, 0700, "mkdir");
	must(mkfifo("p", 0666));
	must(stat("p", &st));
	is(st.st_mode & 07777, 0600, "mkfifo");
	is(umask(01777), 077, "set more than permissions");
	is(umask(0), 0777, "only permissions count");
}

TEST(mknod)
{
	struct statvfs vfs;
	struct stat st;

	works(mknod("f", S_IFREG | 0640, 0), "a regular file");
	works(mknod("s", S_IFSOCK | 0640, 0), "a socket");
	must(stat("s", &st));
	is(st.st_mode, S_IFSOCK | 0640, "mode");
	fails(mknod("f", S_IFREG, 0), EEXIST, "exists");
	fails(mknod("d", S_IFDIR | 0700, 0), EPERM, "a directory");
	fails(mknod("x", S_IFLNK | 0700, 0), EINVAL, "a link");
	fails(syscall(SYS_mknod, BAD, S_IFREG, 0), EFAULT, "bad pointer");
	fails(open("s", O_RDONLY), ENXIO, "a socket cannot be opened");
	if (!tap_root())
		return skip("devices", "not root");
	works(mknod("null", S_IFCHR | 0666, makedev(1, 3)), "a character device");
	must(stat("null", &st));
	ok(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3), "its numbers");
	works(mknod("b", S_IFBLK | 0600, makedev(200, 3000)), "large numbers");
	must(stat("b", &st));
	ok(S_ISBLK(st.st_mode) && st.st_rdev == makedev(200, 3000), "are kept");
	must(statvfs(".", &vfs));
	fails(open("b", O_RDONLY), vfs.f_flag & ST_NODEV ? EACCES : ENXIO,
	      "no such device, or none allowed");
}

TEST(statfs)
{
	struct statfs a, b;
	int fd = tap_file("f", "x");

	works(statfs("f", &a), "statfs");
	ok(a.f_bsize >= 512 && a.f_blocks >= a.f_bfree && a.f_bfree >= a.f_bavail, "sizes");
	is(a.f_namelen, 255, "longest name");
	works(fstatfs(fd, &b), "fstatfs");
	is(b.f_type, a.f_type, "the same type");
	works(statfs("/proc", &b), "statfs of /proc");
	is(b.f_type, 0x9fa0, "its type");
	fails(statfs("none", &a), ENOENT, "no such file");
	fails(fstatfs(999, &a), EBADF, "bad descriptor");
}
