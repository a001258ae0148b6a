/*
 * Copies inside the kernel and hints, at their edges: copy_file_range(2), sendfile(2), splice(2),
 * read_flags(2), pwritev2(2), sync_file_range(2), posix_fadvise(2), readahead(2).
 */
#include "tap.h"
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/uio.h>

#define OFF_MAX INT64_MAX

static bool on_tmpfs(void)
{
	struct statfs st;

	must(statfs(".", &st));
	return st.f_type == 0x01021994;
}

/* copy_file_range(2) at given places. */
static ssize_t copy_at(int in, loff_t from, int out, loff_t to, size_t n)
{
	return syscall(SYS_copy_file_range, in, &from, out, &to, n, 0);
}

TEST(copy_ends)
{
	int in = tap_file("in", "0123456789"), out = tap_file("out", ""), p[2], s[2];
	int dir = must(open(".", O_RDONLY | O_DIRECTORY)), null = must(open("/dev/null", O_RDWR));
	int append = must(open("out", O_RDWR | O_APPEND)), path = must(open("in", O_PATH));
	int write_only = must(open("in", O_WRONLY)), read_only = must(open("out", O_RDONLY));

	must(pipe(p));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	fails(copy_at(dir, 0, out, 0, 1), EISDIR, "from a directory");
	fails(copy_at(in, 0, dir, 0, 1), EISDIR, "to a directory, which is not writable either");
	fails(copy_at(p[0], 0, out, 0, 1), EINVAL, "from a pipe");
	fails(copy_at(in, 0, p[1], 0, 1), EINVAL, "to a pipe");
	fails(copy_at(p[1], 0, out, 0, 1), EINVAL, "from a pipe's other end");
	fails(copy_at(s[0], 0, out, 0, 1), EINVAL, "from a socket");
	fails(copy_at(null, 0, out, 0, 1), EINVAL, "from a device");
	fails(copy_at(in, 0, null, 0, 1), EINVAL, "to a device");
	fails(copy_at(write_only, 0, out, 0, 1), EBADF, "from a write-only file");
	fails(copy_at(in, 0, read_only, 0, 1), EBADF, "to a read-only file");
	fails(copy_at(in, 0, append, 0, 1), EBADF, "to the end of a file");
	fails(copy_at(path, 0, out, 0, 1), EBADF, "from a path");
	fails(copy_at(in, 0, 999, 0, 1), EBADF, "to nothing");
	fails(syscall(SYS_copy_file_range, in, NULL, 999, NULL, 1l, 9), EBADF, "before the flags");
	fails(syscall(SYS_copy_file_range, in, BAD, out, NULL, 1l, 9), EFAULT, "as the offsets");
}

TEST(copy_places)
{
	char buf[40] = "";
	int in = tap_file("in", "0123456789"), out = tap_file("out", "");

	is(copy_at(in, 0, out, 0, 0), 0, "nothing");
	is(copy_at(in, 10, out, 0, 5), 0, "from the end");
	is(copy_at(in, 100, out, 0, 5), 0, "from behind the end");
	is(copy_at(in, 8, out, 0, 100), 2, "short at the end");
	is(copy_at(in, 0, out, 20, 3), 3, "behind the end of the other");
	is(pread(out, buf, 40, 0), 23, "which grows");
	ok(memcmp(buf, "89\0\0", 4) == 0 && memcmp(buf + 20, "012", 3) == 0, "with a hole");
	fails(copy_at(in, -1, out, 0, 1), EOVERFLOW, "from before the beginning");
	fails(copy_at(in, 0, out, -1, 1), EOVERFLOW, "to before the beginning");
	fails(copy_at(in, 0, out, -5, 1), EINVAL, "far before it");
	fails(copy_at(in, -5, out, 0, 1), EINVAL, "from far before it");
	is(copy_at(in, OFF_MAX, out, 0, 1), 0, "from the last byte of all");
	is(copy_at(in, OFF_MAX - 1, out, 0, 10), 0, "and over it");
	fails(copy_at(in, 0, out, OFF_MAX, 1), EFBIG, "to the last byte of all");
	is(copy_at(in, 0, out, 0, SIZE_MAX >> 1), 10, "as much as there is");
	is(copy_at(in, 0, out, 0, SIZE_MAX), 10, "and more than can be counted");
	fails(copy_at(in, 1, out, 0, SIZE_MAX), EOVERFLOW, "if it does not go round");
}

TEST(copy_same_file)
{
	char buf[40] = "";
	int fd = tap_file("f", "0123456789"), other = must(open("f", O_RDWR));

	fails(copy_at(fd, 0, fd, 5, 6), EINVAL, "overlapping");
	fails(copy_at(fd, 0, other, 5, 6), EINVAL, "through another open file");
	is(copy_at(fd, 5, fd, 0, 6), 5, "unless the end comes first");
	is(copy_at(fd, 0, fd, 5, 5), 5, "side by side");
	is(pread(fd, buf, 40, 0), 10, "size");
	is_text(buf, "5678956789", "content");
	is(copy_at(fd, 8, fd, 3, 100), 2, "it overlaps no further than the end");
	is(copy_at(fd, 2, fd, 10, 100), 8, "where that is before");
	is(copy_at(fd, 0, fd, 0, 0), 0, "nothing over nothing");
	fails(copy_at(fd, 0, fd, 0, 1), EINVAL, "a byte over itself");
}

TEST(copy_positions)
{
	loff_t at = 4;
	int in = tap_file("in", "0123456789"), out = tap_file("out", "");

	is(copy_file_range(in, NULL, out, NULL, 4, 0), 4, "at the positions");
	ok(lseek(in, 0, SEEK_CUR) == 4 && lseek(out, 0, SEEK_CUR) == 4, "which move");
	is(copy_file_range(in, &at, out, NULL, 2, 0), 2, "one with an offset");
	ok(at == 6 && lseek(in, 0, SEEK_CUR) == 4 && lseek(out, 0, SEEK_CUR) == 6, "moves that");
	is(copy_file_range(in, NULL, out, &at, 100, 0), 6, "the other");
	ok(at == 12 && lseek(in, 0, SEEK_CUR) == 10 && lseek(out, 0, SEEK_CUR) == 6, "likewise");
}

TEST(copy_between)
{
	int in = tap_file("in", "0123456789"), memory = must(memfd_create("m", 0));
	int elsewhere = must(open(on_tmpfs() ? "/root" : "/tmp", O_TMPFILE | O_RDWR, 0600));
	int proc = must(open("/proc/self/status", O_RDONLY));

	fails(copy_at(in, 0, elsewhere, 0, 5), EXDEV, "to another file system");
	fails(copy_at(in, 0, memory, 0, 5), EXDEV, "to memory");
	fails(copy_at(proc, 0, memory, 0, 5), EXDEV, "from procfs");
	fails(copy_at(elsewhere, 0, in, 0, 0), EXDEV, "even nothing");
	is(sendfile(elsewhere, in, NULL, 5), 5, "by sendfile");
}

static volatile sig_atomic_t signals;

static void count(int signal)
{
	(void)signal;
	signals++;
}

/* What a test prints may go to a file, too, which the limit must leave room for. */
TEST(copy_limit)
{
	struct rlimit r = {100000, 100000};
	int in = tap_file("in", ""), out = tap_file("out", "");

	must(ftruncate(in, 200000));
	signal(SIGXFSZ, count);
	must(setrlimit(RLIMIT_FSIZE, &r));
	is(copy_at(in, 0, out, 0, 200000), 100000, "up to the limit");
	is(signals, 0, "quietly");
	fails(copy_at(in, 0, out, 100000, 1), EFBIG, "not beyond");
	is(signals, 1, "with a signal");
	is(copy_at(in, 200000, out, 100000, 1), -1, "even nothing");
	is(sendfile(out, in, NULL, 200000), 100000, "sendfile up to it");
	fails(sendfile(out, in, NULL, 1), EFBIG, "and not beyond");
}

/* What a file system cannot bear is no signal, whatever the limit. */
TEST(beyond_all_files)
{
	const long far = 1l << 61;
	struct rlimit r = {1l << 62, 1l << 62};
	int in = tap_file("in", "0123"), out = tap_file("out", "");

	if (on_tmpfs()) /* it has no such limit */
		return;
	signal(SIGXFSZ, count);
	must(setrlimit(RLIMIT_FSIZE, &r));
	fails(pwrite(out, "x", 1, far), EFBIG, "write");
	fails(ftruncate(out, far), EFBIG, "ftruncate");
	fails(truncate("out", far), EFBIG, "truncate");
	fails(fallocate(out, 0, far, 1), EFBIG, "fallocate");
	fails(copy_at(in, 0, out, far, 1), EFBIG, "copy_file_range");
	is(signals, 0, "all of them quietly");
	fails(pwrite(out, "x", 1, 3l << 61), EFBIG, "beyond the limit, too");
	is(signals, 1, "is a signal");
}

TEST(copy_sparse)
{
	static char buf[8192], want[8192];
	int in = tap_file("in", ""), out = tap_file("out", "");
	struct stat st;

	must(ftruncate(in, 4 << 20));
	must(pwrite(in, "end", 3, (4 << 20) - 3));
	must(pwrite(in, "middle", 6, 1 << 20));
	for (loff_t at = 0; at < 4 << 20;) {
		ssize_t n = copy_file_range(in, NULL, out, NULL, 4 << 20, 0);

		if (n <= 0)
			break;
		at += n;
	}
	must(fstat(out, &st));
	is(st.st_size, 4 << 20, "all of a file with holes");
	must(pread(out, buf, 6, 1 << 20));
	must(pread(out, buf + 6, 3, (4 << 20) - 3));
	is_text(buf, "middleend", "its data");
	must(pread(out, buf, 8192, 2 << 20));
	ok(memcmp(buf, want, 8192) == 0, "and its zeros");
}

TEST(sendfile_ends)
{
	off_t at = 0, far = OFF_MAX;
	int in = tap_file("in", "0123456789"), out = tap_file("out", ""), p[2], s[2];
	int dir = must(open(".", O_RDONLY | O_DIRECTORY)), zero = must(open("/dev/zero", O_RDWR));
	int null = must(open("/dev/null", O_WRONLY));
	int append = must(open("out", O_RDWR | O_APPEND)), write_only = must(open("in", O_WRONLY));

	must(pipe(p));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	fails(sendfile(out, p[0], &at, 1), ESPIPE, "an offset in a pipe");
	fails(sendfile(out, s[0], &at, 1), ESPIPE, "in a socket");
	fails(sendfile(out, s[0], NULL, 1), EINVAL, "from a socket");
	fails(sendfile(out, dir, NULL, 1), EINVAL, "from a directory");
	fails(sendfile(out, zero, NULL, 1), EINVAL, "from a device");
	fails(sendfile(out, write_only, NULL, 1), EBADF, "from a write-only file");
	fails(sendfile(append, in, NULL, 1), EINVAL, "to the end of a file");
	fails(syscall(SYS_sendfile, 999, in, BAD, 1l), EFAULT, "a bad offset comes first");
	fails(sendfile(dir, in, NULL, 1), EBADF, "to a directory");
	is(sendfile(out, in, NULL, 0), 0, "nothing");
	is(sendfile(null, in, NULL, 5), 5, "to a device");
	is(sendfile(s[0], in, NULL, 5), 5, "to a socket");
	fails(sendfile(out, in, &far, 1), EINVAL, "from the last byte of all");
	must(lseek(in, 2, SEEK_SET));
	at = 0;
	is(sendfile(in, in, &at, 3), 3, "to itself");
	must(fcntl(p[1], F_SETFL, O_NONBLOCK));
	must(ftruncate(in, 1 << 20));
	at = 0;
	is(sendfile(p[1], in, &at, 1 << 20), 65536, "as much as a pipe takes without waiting");
	fails(sendfile(p[1], in, &at, 1 << 20), EAGAIN, "and then no more");
}

TEST(splice_ends)
{
	loff_t at = 0;
	struct iovec v = {"text", 4};
	int in = tap_file("in", "0123456789"), p[2], q[2];
	int append = must(open("in", O_RDWR | O_APPEND)), read_only = must(open("in", O_RDONLY));
	int dir = must(open(".", O_RDONLY | O_DIRECTORY));

	must(pipe(p));
	must(pipe(q));
	must(write(p[1], "text", 4));
	fails(splice(p[0], &at, in, NULL, 1, 0), ESPIPE, "an offset in a pipe");
	fails(splice(in, NULL, p[1], &at, 1, 0), ESPIPE, "at the other end");
	fails(splice(in, NULL, in, NULL, 1, 0), EINVAL, "no pipe");
	fails(splice(p[0], NULL, p[1], NULL, 1, 0), EINVAL, "a pipe into itself");
	fails(splice(p[0], NULL, append, NULL, 1, 0), EINVAL, "to the end of a file");
	fails(splice(p[0], NULL, read_only, NULL, 1, 0), EBADF, "to a read-only file");
	fails(splice(p[1], NULL, in, NULL, 1, 0), EBADF, "from a pipe's other end");
	fails(splice(dir, NULL, p[1], NULL, 1, 0), EINVAL, "from a directory");
	fails(splice(p[0], NULL, in, NULL, 1, 64), EINVAL, "unknown flags");
	is(splice(999, NULL, 998, NULL, 0, 0), 0, "nothing, whatever the descriptors");
	fails(splice(p[0], NULL, 999, NULL, 1, 0), EBADF, "to nothing");
	at = -1;
	fails(splice(in, &at, p[1], NULL, 1, 0), EINVAL, "a negative offset");
	at = 100;
	is(splice(in, &at, p[1], NULL, 1, 0), 0, "from behind the end");
	fails(splice(q[0], NULL, in, NULL, 1, SPLICE_F_NONBLOCK), EAGAIN, "from an empty pipe");
	fails(tee(in, p[1], 1, 0), EINVAL, "tee of a file");
	fails(tee(p[0], p[1], 1, 0), EINVAL, "tee of a pipe to itself");
	is(tee(p[0], q[1], 10, 0), 4, "tee");
	fails(vmsplice(in, &v, 1, 0), EBADF, "vmsplice to a file");
	is(vmsplice(in, NULL, 0, 0), 0, "vmsplice of nothing");
}

static ssize_t read_flags(int fd, const struct iovec *v, int n, loff_t at, int flags)
{
	return syscall(SYS_preadv2, fd, v, n, at, 0l, flags);
}

static ssize_t write_flags(int fd, const struct iovec *v, int n, loff_t at, int flags)
{
	return syscall(SYS_pwritev2, fd, v, n, at, 0l, flags);
}

TEST(vector_flags)
{
	enum { HIPRI = 1, DSYNC = 2, SYNC = 4, NOWAIT = 8, APPEND = 16 };
	char buf[16] = "abcd";
	struct iovec v = {buf, 4};
	int fd = tap_file("f", "0123456789"), p[2];

	for (int flag = HIPRI; flag <= APPEND; flag *= 2)
		if (flag != NOWAIT)
			is(read_flags(fd, &v, 1, 0, flag), 4, flag == HIPRI ? "HIPRI read" :
			   flag == DSYNC ? "DSYNC read" : flag == SYNC ? "SYNC read" :
							  "APPEND read");
	is(write_flags(fd, &v, 1, 0, HIPRI | DSYNC | SYNC), 4, "a synchronous write");
	fails(read_flags(fd, &v, 1, 0, 32), EOPNOTSUPP, "an unknown flag");
	fails(read_flags(999, &v, 1, 0, 32), EBADF, "no file");
	is(read_flags(fd, NULL, 0, 0, 32), 0, "no vector");
	fails(write_flags(fd, &v, 1, -2, 0), EINVAL, "a negative offset");
	if (on_tmpfs()) {
		fails(read_flags(fd, &v, 1, 0, NOWAIT), EOPNOTSUPP, "NOWAIT");
	} else {
		must(pread(fd, buf, 4, 0));
		is(read_flags(fd, &v, 1, 0, NOWAIT), 4, "what is in memory, without waiting");
		is(read_flags(fd, &v, 1, 100, NOWAIT), 0, "the end, without waiting");
		must(fsync(fd));
		must(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
		fails(read_flags(fd, &v, 1, 0, NOWAIT), EAGAIN, "what is not in memory");
		fails(write_flags(fd, &v, 1, 0, NOWAIT), EOPNOTSUPP, "a write without waiting");
	}
	must(pipe(p));
	fails(read_flags(p[0], &v, 1, -1, NOWAIT), EOPNOTSUPP, "a pipe without waiting");
	fails(read_flags(p[0], &v, 1, 0, 0), ESPIPE, "an offset in a pipe");
	is(write_flags(fd, &v, 1, -1, APPEND), 4, "APPEND at the position");
	is(lseek(fd, 0, SEEK_CUR), 14, "which follows");
}

TEST(hints)
{
	int fd = tap_file("f", "0123456789"), write_only = must(open("f", O_WRONLY)), p[2], s[2];
	int dir = must(open(".", O_RDONLY | O_DIRECTORY)), null = must(open("/dev/null", O_RDWR));
	int path = must(open("f", O_PATH));

	must(pipe(p));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	for (int advice = 0; advice < 6; advice++)
		is(posix_fadvise(fd, 0, 100, advice), 0, "an advice");
	is(posix_fadvise(fd, 0, 0, 6), EINVAL, "one more");
	is(posix_fadvise(fd, 0, -1, 0), EINVAL, "a negative length");
	is(posix_fadvise(fd, -1, 10, 0), 0, "a negative offset");
	is(posix_fadvise(write_only, 0, 0, POSIX_FADV_WILLNEED), 0, "a write-only file");
	is(posix_fadvise(dir, 0, 0, POSIX_FADV_WILLNEED), 0, "a directory");
	is(posix_fadvise(dir, 0, 0, POSIX_FADV_DONTNEED), 0, "no directory");
	is(posix_fadvise(null, 0, 0, POSIX_FADV_WILLNEED), 0, "a device");
	is(posix_fadvise(s[0], 0, 0, POSIX_FADV_WILLNEED), 0, "a socket");
	is(posix_fadvise(p[0], 0, 0, 99), ESPIPE, "a pipe");
	is(posix_fadvise(path, 0, 0, 0), EBADF, "a path");
	works(readahead(fd, 0, 1 << 20), "readahead");
	works(readahead(fd, 1 << 20, 100), "behind the end");
	fails(readahead(write_only, 0, 10), EBADF, "a write-only file");
	fails(readahead(dir, 0, 10), EINVAL, "of a directory");
	fails(readahead(null, 0, 10), EINVAL, "of a device");
	fails(readahead(p[0], 0, 10), EINVAL, "of a pipe");
	fails(readahead(path, 0, 10), EBADF, "of a path");
	fails(sync_file_range(999, -1, 0, 99), EBADF, "sync_file_range of nothing");
	fails(sync_file_range(fd, -1, 0, 0), EINVAL, "from before the beginning");
	fails(sync_file_range(fd, 0, -1, 0), EINVAL, "a negative length of it");
	fails(sync_file_range(fd, OFF_MAX, OFF_MAX, 0), EINVAL, "beyond the last byte of all");
	fails(sync_file_range(fd, 0, 0, 8), EINVAL, "with an unknown flag");
	fails(sync_file_range(p[0], 0, 0, 2), ESPIPE, "of a pipe");
	fails(sync_file_range(null, 0, 0, 2), ESPIPE, "of a device");
	works(sync_file_range(dir, 0, 0, 2), "of a directory");
	works(sync_file_range(fd, 0, 0, 0), "without flags");
	works(sync_file_range(write_only, 0, 4096, 7), "of a write-only file");
}

TEST(absent)
{
	int fd = tap_file("f", "x");

	if (!is_skerry()) {
		skip("absent", "Linux has them");
		return;
	}
	fails(fcntl(fd, F_SETLEASE, F_RDLCK), EINVAL, "leases");
	fails(fcntl(fd, F_GETLEASE), EINVAL, "are not known");
	fails(syscall(SYS_fanotify_init, 0, 0), ENOSYS, "fanotify");
	fails(syscall(SYS_quotactl, 0, NULL, 0, NULL), ENOSYS, "quotas");
	fails(syscall(SYS_name_to_handle_at, AT_FDCWD, "f", NULL, NULL, 0), ENOSYS, "handles");
	fails(syscall(SYS_fsopen, "tmpfs", 0), ENOSYS, "fsopen");
	fails(syscall(SYS_open_tree, AT_FDCWD, ".", 0), ENOSYS, "open_tree");
	fails(syscall(SYS_mount_setattr, AT_FDCWD, ".", 0, NULL, 0), ENOSYS, "mount_setattr");
}
