/* Descriptors: open, close, dup, fcntl, close_range, openat, openat2. */
#include "tap.h"
#include <linux/openat2.h>
#include <sys/resource.h>

TEST(open)
{
	struct stat st;
	int fd;

	fd = open("new", O_WRONLY | O_CREAT | O_EXCL, 0640);
	works(fd, "create");
	must(fstat(fd, &st));
	is(st.st_mode, S_IFREG | 0640, "mode");
	fails(open("new", O_CREAT | O_EXCL, 0600), EEXIST, "O_EXCL of a file that is there");
	fails(open("none", O_RDONLY), ENOENT, "no such file");
	fails(open("", O_RDONLY), ENOENT, "an empty path");
	fails(open("new/x", O_RDONLY), ENOTDIR, "a file is no directory");
	fails(open("none/x", O_CREAT, 0600), ENOENT, "no such directory");
	fails(open("new", O_RDONLY | O_DIRECTORY), ENOTDIR, "O_DIRECTORY");
	fails(open(".", O_RDWR), EISDIR, "write to a directory");
	fails(open(".", O_RDONLY | O_CREAT, 0600), EISDIR, "O_CREAT of a directory");
	fails(open("new/", O_RDONLY), ENOTDIR, "a slash behind a file");
	fails(open("other/", O_RDWR | O_CREAT, 0600), EISDIR, "create with a slash behind");
	fails(syscall(SYS_open, BAD, 0, 0), EFAULT, "a bad path pointer");
	fails(syscall(SYS_open, KBAD, 0, 0), EFAULT, "a path in the kernel");
	must(write(fd, "abc", 3));
	works(open("new", O_WRONLY | O_TRUNC), "truncate");
	must(fstat(fd, &st));
	is(st.st_size, 0, "truncated");
	works(open(".", O_RDONLY | O_DIRECTORY), "a directory");
	works(syscall(SYS_creat, "made", 0600), "creat");
	fails(syscall(SYS_creat, BAD, 0600), EFAULT, "creat with a bad pointer");
}

TEST(names)
{
	static char path[5000];

	memset(path, 'a', 255);
	path[255] = 0;
	works(open(path, O_CREAT | O_RDWR, 0600), "a name of 255 bytes");
	memset(path, 'a', 256);
	fails(open(path, O_CREAT | O_RDWR, 0600), ENAMETOOLONG, "a name of 256 bytes");
	for (int i = 0; i < 4998; i++)
		path[i] = i % 2 ? '.' : '/';
	path[4998] = 0;
	fails(open(path, O_RDONLY), ENAMETOOLONG, "a path of 4998 bytes");
	for (int i = 0; i < 4095; i++)
		path[i] = i % 2 ? '/' : '.';
	path[4095] = 0;
	works(open(path, O_RDONLY), "a path of 4095 bytes");
	must(symlink("loop", "loop"));
	fails(open("loop", O_RDONLY), ELOOP, "a link to itself");
	must(symlink("target", "dangling"));
	fails(open("dangling", O_RDONLY), ENOENT, "a dangling link");
	fails(open("dangling", O_RDONLY | O_CREAT | O_EXCL, 0600), EEXIST,
	      "O_EXCL does not follow links");
	works(open("dangling", O_RDONLY | O_CREAT, 0600), "O_CREAT follows");
	works(access("target", F_OK), "and makes the target");
	fails(open("dangling", O_RDONLY | O_NOFOLLOW), ELOOP, "O_NOFOLLOW");
}

TEST(lowest)
{
	int a = tap_file("f", "x"), b = must(dup(a)), c = must(dup(a));

	ok(a < b && b < c, "descriptors grow");
	works(close(a), "close");
	is(dup(c), a, "the lowest free one is taken");
	works(close(b), "close another");
	is(open("f", O_RDONLY), b, "by open, too");
	fails(close(999), EBADF, "close of a closed one");
	fails(close(-1), EBADF, "close of -1");
}

TEST(dup)
{
	int fd = tap_file("f", "0123456789"), other;

	other = dup(fd);
	works(other, "dup");
	must(lseek(fd, 4, SEEK_SET));
	is(lseek(other, 0, SEEK_CUR), 4, "the position is shared");
	is(dup2(fd, 50), 50, "dup2");
	is(lseek(50, 0, SEEK_CUR), 4, "shared as well");
	is(dup2(fd, fd), fd, "dup2 onto itself");
	fails(dup2(999, 999), EBADF, "dup2 of a closed one onto itself");
	fails(dup2(fd, -1), EBADF, "dup2 to -1");
	fails(syscall(SYS_dup2, fd, 1 << 30), EBADF, "dup2 beyond the limit");
	is(dup2(must(open(".", O_RDONLY)), 50), 50, "dup2 onto an open one");
	fails(read(50, &other, 1), EISDIR, "which is replaced");
	fails(dup(999), EBADF, "dup of a closed one");
	is(dup3(fd, 60, O_CLOEXEC), 60, "dup3");
	is(fcntl(60, F_GETFD), FD_CLOEXEC, "with O_CLOEXEC");
	fails(dup3(fd, fd, 0), EINVAL, "dup3 onto itself");
	fails(syscall(SYS_dup3, fd, 61, O_APPEND), EINVAL, "dup3 with a wrong flag");
	is(fcntl(50, F_GETFD), 0, "dup2 clears close-on-exec");
}

TEST(fcntl)
{
	int fd = tap_file("f", "x"), n;

	is(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR, "F_GETFL");
	works(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK), "F_SETFL");
	is(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR | O_APPEND | O_NONBLOCK,
	   "changed");
	works(fcntl(fd, F_SETFL, O_WRONLY), "F_SETFL ignores the access mode");
	is(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR, "which stays");
	is(fcntl(fd, F_GETFD), 0, "F_GETFD");
	works(fcntl(fd, F_SETFD, FD_CLOEXEC), "F_SETFD");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "set");
	n = fcntl(fd, F_DUPFD, 40);
	ok(n >= 40, "F_DUPFD finds one from 40 up");
	is(fcntl(n, F_GETFD), 0, "without close-on-exec");
	is(fcntl(fd, F_DUPFD, n), n + 1, "the next one");
	n = fcntl(fd, F_DUPFD_CLOEXEC, 40);
	is(fcntl(n, F_GETFD), FD_CLOEXEC, "F_DUPFD_CLOEXEC");
	fails(fcntl(fd, F_DUPFD, -1), EINVAL, "F_DUPFD from -1");
	fails(fcntl(fd, F_DUPFD, 1 << 30), EINVAL, "F_DUPFD beyond the limit");
	fails(fcntl(fd, 9999), EINVAL, "no such command");
	fails(fcntl(999, F_GETFL), EBADF, "bad descriptor");
	fails(syscall(SYS_fcntl, fd, F_GETLK, BAD), EFAULT, "F_GETLK with a bad pointer");
	fails(syscall(SYS_fcntl, fd, F_SETLK, BAD), EFAULT, "F_SETLK with a bad pointer");
	must(fcntl(fd, F_SETOWN, getpid()));
	is(fcntl(fd, F_GETOWN), getpid(), "F_SETOWN, F_GETOWN");
}

TEST(at)
{
	int dir, fd;

	must(mkdir("d", 0755));
	dir = must(open("d", O_RDONLY | O_DIRECTORY));
	works(fd = openat(dir, "f", O_CREAT | O_RDWR, 0644), "openat below a directory");
	works(access("d/f", F_OK), "the file is there");
	works(openat(AT_FDCWD, "d/f", O_RDONLY), "AT_FDCWD");
	fails(openat(fd, "x", O_RDONLY), ENOTDIR, "below a file");
	fails(openat(999, "x", O_RDONLY), EBADF, "below a bad descriptor");
	works(openat(999, "/", O_RDONLY), "an absolute path does not look at it");
	fails(syscall(SYS_openat, dir, BAD, 0, 0), EFAULT, "bad path");
	works(openat(dir, "..", O_RDONLY), "the parent");
	must(rename("d", "moved"));
	works(openat(dir, "f", O_RDONLY), "a moved directory keeps its descriptor");
}

TEST(opath)
{
	struct stat st;
	char b;
	int fd;

	tap_file("f", "data");
	must(chmod("f", 0));
	works(fd = open("f", O_PATH), "O_PATH needs no permission");
	fails(read(fd, &b, 1), EBADF, "and cannot read");
	works(fstat(fd, &st), "fstat works");
	is(st.st_size, 4, "with the size");
	fails(syscall(SYS_fchmod, fd, 0644), EBADF, "fchmod does not");
	must(symlink("f", "l"));
	works(fd = open("l", O_PATH | O_NOFOLLOW), "O_PATH of a link itself");
	must(fstat(fd, &st));
	ok(S_ISLNK(st.st_mode), "is a link");
}

TEST(openat2)
{
	struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_BENEATH};
	char big[64] = {0};

	must(mkdir("d", 0755));
	tap_file("d/f", "x");
	works(syscall(SYS_openat2, AT_FDCWD, "d/f", &how, sizeof(how)), "RESOLVE_BENEATH, below");
	fails(syscall(SYS_openat2, AT_FDCWD, "d/../..", &how, sizeof(how)), EXDEV, "outside");
	fails(syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)), EXDEV, "absolute");
	how.resolve = RESOLVE_NO_SYMLINKS;
	must(symlink("d", "l"));
	fails(syscall(SYS_openat2, AT_FDCWD, "l/f", &how, sizeof(how)), ELOOP,
	      "RESOLVE_NO_SYMLINKS");
	how.resolve = RESOLVE_IN_ROOT;
	works(syscall(SYS_openat2, AT_FDCWD, "/../d/f", &how, sizeof(how)), "RESOLVE_IN_ROOT");
	how.resolve = 1 << 20;
	fails(syscall(SYS_openat2, AT_FDCWD, "d", &how, sizeof(how)), EINVAL,
	      "unknown resolve flag");
	how.resolve = 0;
	how.mode = 0600;
	fails(syscall(SYS_openat2, AT_FDCWD, "d", &how, sizeof(how)), EINVAL,
	      "a mode without O_CREAT");
	how.mode = 0;
	fails(syscall(SYS_openat2, AT_FDCWD, "d", &how, 8), EINVAL, "a structure too short");
	memcpy(big, &how, sizeof(how));
	works(syscall(SYS_openat2, AT_FDCWD, "d", big, sizeof(big)), "a longer one with zeros");
	big[60] = 1;
	fails(syscall(SYS_openat2, AT_FDCWD, "d", big, sizeof(big)), E2BIG, "and without");
	fails(syscall(SYS_openat2, AT_FDCWD, "d", BAD, sizeof(how)), EFAULT, "bad pointer");
}

TEST(limit)
{
	struct rlimit limit = {20, 20};
	int fd, last = -1, fds[2];

	must(setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		last = fd;
	is(errno, EMFILE, "EMFILE at the limit");
	is(last, 19, "the last descriptor is the limit less one");
	fails(open("new", O_WRONLY | O_CREAT, 0600), EMFILE, "a new file");
	fails(access("new", F_OK), ENOENT, "is not made");
	fails(open("none", O_RDONLY), EMFILE, "it is found before the file is looked for");
	fails(pipe(fds), EMFILE, "pipe fails as well");
	must(close(5));
	fails(pipe(fds), EMFILE, "and takes nothing when one is free");
	is(dup(0), 5, "the one is still free");
	fails(fcntl(0, F_DUPFD, 20), EINVAL, "F_DUPFD from the limit up");
}

TEST(close_range)
{
	for (int i = 30; i < 40; i++)
		must(dup2(0, i));
	works(syscall(SYS_close_range, 32, 35, 0), "close_range");
	fails(fcntl(32, F_GETFD), EBADF, "the first is closed");
	fails(fcntl(35, F_GETFD), EBADF, "the last is closed");
	works(fcntl(31, F_GETFD), "not the one before");
	works(fcntl(36, F_GETFD), "not the one behind");
	works(syscall(SYS_close_range, 36, 39, 4), "CLOSE_RANGE_CLOEXEC");
	is(fcntl(36, F_GETFD), FD_CLOEXEC, "marks them");
	fails(syscall(SYS_close_range, 9, 8, 0), EINVAL, "an empty range");
	fails(syscall(SYS_close_range, 1, 8, 64), EINVAL, "unknown flags");
}

TEST(unlinked)
{
	struct stat st;
	char buf[8] = "";
	int fd = tap_file("f", "still");

	must(unlink("f"));
	is(read(fd, buf, 8), 5, "an unlinked open file can be read");
	is_text(buf, "still", "its content");
	must(fstat(fd, &st));
	is(st.st_nlink, 0, "it has no links");
	is(pwrite(fd, "here", 4, 5), 4, "and be written");
	fails(open("f", O_RDONLY), ENOENT, "its name is gone");
}

TEST(tmpfile)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);
	struct stat st;

	if (fd < 0 && errno == EOPNOTSUPP)
		return skip("O_TMPFILE", "the file system does not have it");
	works(fd, "O_TMPFILE");
	must(fstat(fd, &st));
	is(st.st_nlink, 0, "no name");
	is(write(fd, "x", 1), 1, "can be written");
	fails(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL, "must be open for writing");
}
