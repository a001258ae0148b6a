/* Sizes of files: truncate, holes, fallocate, sendfile, copy_file_range, big files, sync. */
#include "tap.h"
#include <sys/sendfile.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

static bool zeros(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

TEST(truncate)
{
	char buf[100] = "";
	struct stat st;
	int fd = tap_file("f", "0123456789");

	works(ftruncate(fd, 4), "shorten");
	is(pread(fd, buf, 100, 0), 4, "size");
	works(ftruncate(fd, 50), "extend");
	is(pread(fd, buf, 100, 0), 50, "size");
	ok(!memcmp(buf, "0123", 4) && zeros(buf + 4, 46), "what was cut off is zeros");
	works(truncate("f", 0), "truncate by path");
	must(fstat(fd, &st));
	is(st.st_size, 0, "empty");
	is(st.st_blocks, 0, "no blocks");
	fails(truncate("f", -1), EINVAL, "a negative length");
	fails(ftruncate(fd, -1), EINVAL, "ftruncate: a negative length");
	fails(truncate("none", 0), ENOENT, "no such file");
	fails(truncate(".", 0), EISDIR, "a directory");
	fails(syscall(SYS_truncate, BAD, 0l), EFAULT, "bad pointer");
	fails(ftruncate(must(open("f", O_RDONLY)), 0), EINVAL, "a read-only descriptor");
	fails(ftruncate(999, 0), EBADF, "bad descriptor");
	fails(ftruncate(must(open("/dev/null", O_RDWR)), 0), EINVAL, "a device");
}

/* Shorten into the middle of a page, extend, and look behind the end: for every kind of border. */
TEST(tail)
{
	static const int cuts[] = {1, 100, 511, 1024, 4095, 4096, 4097, 8191, 49151, 49153, 60000};
	static char buf[65536];
	int fd = tap_file("f", ""), bad = 0;

	for (unsigned i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		memset(buf, 'x', sizeof(buf));
		must(pwrite(fd, buf, sizeof(buf), 0));
		must(ftruncate(fd, cuts[i]));
		must(ftruncate(fd, sizeof(buf)));
		bad += pread(fd, buf, sizeof(buf), 0) != sizeof(buf);
		bad += buf[cuts[i] - 1] != 'x' || !zeros(buf + cuts[i], sizeof(buf) - cuts[i]);
	}
	is(bad, 0, "no old byte comes back");
}

TEST(holes)
{
	static const off_t places[] = {0, 48 << 10, 5 << 20, 600 << 20, 5l << 30, 16l << 30};
	static char buf[8192];
	struct statvfs vfs;
	struct stat st;
	int fd = tap_file("f", ""), bad = 0;

	for (int i = 0; i < 6; i++)
		bad += pwrite(fd, "data", 4, places[i]) != 4;
	is(bad, 0, "write at far places");
	must(fsync(fd));
	must(fstat(fd, &st));
	is(st.st_size, (16l << 30) + 4, "size");
	must(statvfs(".", &vfs));
	ok(st.st_blocks < 400, "few blocks");
	for (int i = 0; i < 6; i++) {
		memset(buf, 'x', sizeof(buf));
		bad += pread(fd, buf, i == 5 ? 4 : 4096, places[i]) < 4 || memcmp(buf, "data", 4);
		bad += i < 5 && !zeros(buf + 4, 4092);
	}
	is(bad, 0, "each is where it was written, zeros behind");
	is(pread(fd, buf, 4096, 1 << 20), 4096, "read in a hole");
	ok(zeros(buf, 4096), "zeros");
	must(ftruncate(fd, (600 << 20) + 2));
	is(lseek(fd, 0, SEEK_END), (600 << 20) + 2, "cut off the far ones");
	is(pread(fd, buf, 4096, 600 << 20), 2, "read up to there");
	must(ftruncate(fd, 1));
	must(fstat(fd, &st));
	ok(st.st_blocks <= 24, "the blocks are free again");
	is(pwrite(fd, "again", 5, 5 << 20), 5, "write there again");
	is(pread(fd, buf, 8192, (5 << 20) - 4096), 4096 + 5, "read");
	ok(zeros(buf, 4096) && !memcmp(buf + 4096, "again", 5), "zeros and data");
}

TEST(seek_hole)
{
	static char block[65536];
	off_t hole;
	int fd = tap_file("f", "");

	must(pwrite(fd, block, sizeof(block), 0));
	must(pwrite(fd, block, sizeof(block), 1 << 20));
	hole = lseek(fd, 0, SEEK_HOLE);
	ok(hole == 65536 || hole == (1 << 20) + 65536, "SEEK_HOLE finds the hole, or the end");
	hole = lseek(fd, 65536 + 4096, SEEK_DATA);
	ok(hole == 1 << 20 || hole == 65536 + 4096,
	   "SEEK_DATA finds the data, or takes all for data");
	fails(lseek(fd, 2 << 20, SEEK_DATA), ENXIO, "no data beyond the end");
	fails(lseek(fd, 2 << 20, SEEK_HOLE), ENXIO, "no hole beyond the end");
}

TEST(fallocate)
{
	struct stat st;
	int fd = tap_file("f", "data"), p[2];
	long r = syscall(SYS_fallocate, fd, 0, 0l, 100000l);

	if (r < 0 && errno == EOPNOTSUPP) {
		skip("fallocate", "the file system does not have it");
	} else {
		works(r, "fallocate");
		must(fstat(fd, &st));
		is(st.st_size, 100000, "size");
		works(syscall(SYS_fallocate, fd, 1, 0l, 200000l), "keep the size");
		must(fstat(fd, &st));
		is(st.st_size, 100000, "kept");
	}
	fails(syscall(SYS_fallocate, fd, 0, 0l, 0l), EINVAL, "no length");
	fails(syscall(SYS_fallocate, fd, 0, -1l, 10l), EINVAL, "a negative offset");
	fails(syscall(SYS_fallocate, 999, 0, 0l, 10l), EBADF, "bad descriptor");
	must(pipe(p));
	fails(syscall(SYS_fallocate, p[1], 0, 0l, 10l), ESPIPE, "a pipe");
	fails(syscall(SYS_fallocate, must(open("f", O_RDONLY)), 0, 0l, 10l), EBADF,
	      "a read-only descriptor");
}

TEST(sendfile)
{
	char buf[20] = "";
	off_t at = 3;
	int in = tap_file("in", "0123456789"), out = tap_file("out", ""), p[2];

	is(sendfile(out, in, &at, 4), 4, "with an offset");
	is(at, 7, "which moves");
	is(lseek(in, 0, SEEK_CUR), 0, "and the position does not");
	is(sendfile(out, in, NULL, 100), 10, "up to the end");
	is(lseek(in, 0, SEEK_CUR), 10, "the position moves");
	is(sendfile(out, in, NULL, 100), 0, "nothing at the end");
	is(pread(out, buf, 20, 0), 14, "size");
	is_text(buf, "34560123456789", "content");
	must(pipe(p));
	at = 0;
	is(sendfile(p[1], in, &at, 5), 5, "to a pipe");
	is(read(p[0], buf, 20), 5, "read it");
	fails(syscall(SYS_sendfile, out, in, BAD, 1l), EFAULT, "bad offset pointer");
	fails(sendfile(out, p[0], NULL, 1), EINVAL, "from a pipe");
	fails(sendfile(999, in, NULL, 1), EBADF, "bad output");
	fails(sendfile(out, 999, NULL, 1), EBADF, "bad input");
	at = -1;
	fails(sendfile(out, in, &at, 1), EINVAL, "a negative offset");
}

TEST(copy_file_range)
{
	char buf[20] = "";
	loff_t from = 2, to = 1;
	int in = tap_file("in", "0123456789"), out = tap_file("out", "abcdefghij");

	is(copy_file_range(in, &from, out, &to, 3, 0), 3, "with offsets");
	ok(from == 5 && to == 4, "which move");
	must(pread(out, buf, 10, 0));
	is_text(buf, "a234efghij", "content");
	is(copy_file_range(in, NULL, out, NULL, 100, 0), 10, "up to the end");
	is(copy_file_range(in, NULL, out, NULL, 100, 0), 0, "nothing at the end");
	from = 0, to = 5;
	fails(copy_file_range(in, &from, in, &to, 6, 0), EINVAL, "overlapping in one file");
	fails(copy_file_range(in, NULL, out, NULL, 1, 1), EINVAL, "unknown flag");
	fails(syscall(SYS_copy_file_range, in, BAD, out, NULL, 1l, 0), EFAULT, "bad input offset");
	fails(syscall(SYS_copy_file_range, in, NULL, out, BAD, 1l, 0), EFAULT, "bad output offset");
	fails(copy_file_range(must(open(".", O_RDONLY)), NULL, out, NULL, 1, 0), EISDIR,
	      "a directory");
	fails(copy_file_range(in, NULL, must(open("out", O_RDONLY)), NULL, 1, 0), EBADF,
	      "a read-only output");
}

TEST(sync)
{
	int fd = tap_file("f", "data"), p[2];

	works(fsync(fd), "fsync");
	works(fdatasync(fd), "fdatasync");
	works(syncfs(fd), "syncfs");
	works(fsync(must(open(".", O_RDONLY))), "fsync of a directory");
	sync();
	fails(fsync(999), EBADF, "bad descriptor");
	fails(fdatasync(999), EBADF, "fdatasync: bad descriptor");
	must(pipe(p));
	fails(fsync(p[0]), EINVAL, "a pipe");
	works(syscall(SYS_sync_file_range, fd, 0l, 0l, 7), "sync_file_range");
	fails(syscall(SYS_sync_file_range, fd, 0l, 0l, 64), EINVAL, "unknown flag");
	works(syscall(SYS_fadvise64, fd, 0l, 0l, 3), "fadvise64");
	fails(syscall(SYS_fadvise64, fd, 0l, 0l, 99), EINVAL, "unknown advice");
	fails(syscall(SYS_fadvise64, p[0], 0l, 0l, 0), ESPIPE, "advice about a pipe");
	works(syscall(SYS_readahead, fd, 0l, 4096l), "readahead");
	fails(syscall(SYS_readahead, 999, 0l, 4096l), EBADF, "readahead: bad descriptor");
}

static volatile sig_atomic_t signals;

static void count(int signal)
{
	(void)signal;
	signals++;
}

TEST(size_limit)
{
	struct rlimit limit = {10000, 10000};
	static char buf[20000];
	int fd = tap_file("f", "");

	must(setrlimit(RLIMIT_FSIZE, &limit));
	signal(SIGXFSZ, count);
	is(write(fd, buf, 9000), 9000, "below the limit");
	is(write(fd, buf, 9000), 1000, "up to the limit");
	is(signals, 0, "no signal");
	fails(write(fd, buf, 1), EFBIG, "not beyond");
	is(signals, 1, "SIGXFSZ");
	fails(ftruncate(fd, 10001), EFBIG, "nor by ftruncate");
	is(signals, 2, "SIGXFSZ");
}

TEST(memfd)
{
	char buf[8] = "";
	struct stat st;
	int fd = syscall(SYS_memfd_create, "name", 3);

	works(fd, "memfd_create");
	is(write(fd, "memory", 6), 6, "write");
	is(pread(fd, buf, 8, 0), 6, "read");
	is_text(buf, "memory", "content");
	must(fstat(fd, &st));
	is(st.st_nlink, 0, "no name");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "MFD_CLOEXEC");
	works(fcntl(fd, 1033, 8), "F_ADD_SEALS: no more writing");
	fails(write(fd, "x", 1), EPERM, "sealed");
	is(fcntl(fd, 1034), 8, "F_GET_SEALS");
	fails(syscall(SYS_memfd_create, "x", 0x8000), EINVAL, "unknown flag");
	fails(syscall(SYS_memfd_create, BAD, 0), EFAULT, "bad pointer");
}

/* 64 MiB written, synced, read back: every word depends on its place. */
TEST_LONG(big_file)
{
	enum { CHUNK = 1 << 20, CHUNKS = 64 };
	uint32_t *buf = malloc(CHUNK);
	int fd = tap_file("f", ""), bad = 0;

	for (int c = 0; c < CHUNKS; c++) {
		for (int i = 0; i < CHUNK / 4; i++)
			buf[i] = (c * (CHUNK / 4) + i) * 2654435761u;
		bad += write(fd, buf, CHUNK) != CHUNK;
	}
	is(bad, 0, "write 64 MiB");
	works(fsync(fd), "fsync");
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	for (int c = 0; c < CHUNKS; c++) {
		bad += pread(fd, buf, CHUNK, (off_t)c * CHUNK) != CHUNK;
		for (int i = 0; i < CHUNK / 4; i++)
			bad += buf[i] != (c * (CHUNK / 4) + i) * 2654435761u;
	}
	is(bad, 0, "every word is back");
}

/* What is being appended, from memory that takes a while to come, while the page is written. */
TEST(appended_while_written)
{
	int from = tap_file("from", ""), fd = tap_file("f", ""), bad = 0;
	char hot[100], got[sizeof(hot)], *slow;
	struct iovec v[2];
	pid_t pid;

	must(ftruncate(from, 4096));
	must(fsync(from));
	memset(hot, 'h', sizeof(hot));
	pid = must(fork());
	while (pid == 0)
		fdatasync(fd);
	for (int i = 0; i < 300; i++) {
		must(ftruncate(fd, 0));
		must(pwrite(fd, "start", 5, 0));
		must(lseek(fd, 5, SEEK_SET));
		must(posix_fadvise(from, 0, 0, POSIX_FADV_DONTNEED));
		slow = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, from, 0);
		must(slow == MAP_FAILED ? -1 : 0);
		v[0] = (struct iovec){hot, sizeof(hot)};
		v[1] = (struct iovec){slow, 100};
		must(writev(fd, v, 2));
		must(munmap(slow, 4096));
		must(pread(fd, got, sizeof(got), 5));
		bad += memcmp(got, hot, sizeof(hot)) != 0;
	}
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0));
	is(bad, 0, "nothing is lost");
}
