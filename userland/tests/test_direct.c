/*
 * O_DIRECT on files of ext2 and ext4: what is written past the page cache is what everybody reads,
 * and the reverse; holes, ends and blocks that were never written; what has to be aligned.
 */
#include <linux/falloc.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "tap.h"

#define K 1024

static char *buf, *other; /* 256 KiB each, on a page */

static void begin(void)
{
	buf = mmap(NULL, 512 * K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(buf == MAP_FAILED ? -1 : 0);
	other = buf + 256 * K;
}

static int open_direct(const char *path)
{
	return must(open(path, O_CREAT | O_RDWR | O_DIRECT, 0600));
}

static int open_cached(const char *path)
{
	return must(open(path, O_CREAT | O_RDWR, 0600));
}

/* Bytes of which each 512 are unlike all others. */
static void fill(char *p, size_t n, int salt)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)(i / 512 * 7 + i + (size_t)salt * 31 + 1);
}

static bool all(const char *p, int c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != (char)c)
			return false;
	return true;
}

static long size_of(int fd)
{
	struct stat st;

	must(fstat(fd, &st));
	return st.st_size;
}

/* Whether a read at `at` gives the n bytes that `want` has. */
static bool reads(int fd, const char *want, size_t n, off_t at)
{
	memset(other, 0xee, n);
	return pread(fd, other, n, at) == (ssize_t)n && memcmp(other, want, n) == 0;
}

TEST(there_and_back)
{
	int fd, cached;

	begin();
	fd = open_direct("f");
	cached = open_cached("f");
	fill(buf, 200 * K, 1);
	is(pwrite(fd, buf, 200 * K, 0), 200 * K, "a new file");
	is(size_of(fd), 200 * K, "its size");
	ok(reads(fd, buf, 200 * K, 0), "read so");
	ok(reads(cached, buf, 200 * K, 0), "and by the cache");
	is(read(fd, other, 4 * K), 4 * K, "at the file's own position");
	is(lseek(fd, 0, SEEK_CUR), 4 * K, "which moves");
	must(ftruncate(fd, 200 * K - 100));
	is(pread(fd, other, 4 * K, 196 * K), 4 * K - 100, "short at the end");
	ok(memcmp(other, buf + 196 * K, 4 * K - 100) == 0, "with what is there");
	is(pread(fd, other, 4 * K, 200 * K), 0, "nothing behind it");
	is(pread(fd, other, 4 * K, 1024 * K), 0, "nor far behind");
	is(pread(fd, other, 0, 0), 0, "no bytes");
	is(pwrite(fd, buf, 0, 0), 0, "nor to write");
}

TEST(alignment)
{
	struct iovec v[2];
	int fd;

	begin();
	fd = open_direct("f");
	fill(buf, 64 * K, 2);
	must(pwrite(fd, buf, 64 * K, 0));
	is(pread(fd, other, 512, 512), 512, "a sector");
	ok(memcmp(other, buf + 512, 512) == 0, "is read");
	fails(pread(fd, other, 512, 100), EINVAL, "an odd place");
	fails(pread(fd, other, 100, 0), EINVAL, "an odd length");
	fails(pread(fd, other + 1, 512, 0), EINVAL, "an odd address");
	fails(pwrite(fd, buf, 512, 100), EINVAL, "an odd place to write");
	fails(pwrite(fd, buf, 100, 0), EINVAL, "an odd length to write");
	fails(pwrite(fd, buf + 1, 512, 0), EINVAL, "an odd address to write from");
	v[0] = (struct iovec){other, 4 * K};
	v[1] = (struct iovec){other + 8 * K, 8 * K};
	is(preadv(fd, v, 2, 4 * K), 12 * K, "two pieces");
	ok(memcmp(other, buf + 4 * K, 4 * K) == 0 && memcmp(other + 8 * K, buf + 8 * K, 8 * K) == 0,
	   "are both there");
	v[1].iov_len = 100;
	fails(preadv(fd, v, 2, 4 * K), EINVAL, "an odd piece");
	ok(reads(fd, buf, 64 * K, 0), "nothing was changed");
}

TEST(sectors_of_a_block)
{
	int fd, cached;

	begin();
	fd = open_direct("f");
	cached = open_cached("f");
	fill(buf, 16 * K, 3);
	must(pwrite(cached, buf, 16 * K, 0));
	for (int i = 1; i < 32; i += 3) {
		fill(buf + i * 512, 512, 100 + i);
		is(pwrite(fd, buf + i * 512, 512, i * 512), 512, "a sector is written");
	}
	ok(reads(cached, buf, 16 * K, 0), "read by the cache");
	ok(reads(fd, buf, 16 * K, 0), "and past it");
}

/* Both ways of access, alternating, and a mapping that has the pages all the time. */
TEST(with_the_cache)
{
	char *map;
	int fd, cached;

	begin();
	fd = open_direct("f");
	cached = open_cached("f");
	fill(buf, 32 * K, 4);
	must(pwrite(cached, buf, 32 * K, 0));
	ok(reads(fd, buf, 32 * K, 0), "what is dirty in the cache is read");
	map = mmap(NULL, 32 * K, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(map == MAP_FAILED ? -1 : 0);
	ok(memcmp(map, buf, 32 * K) == 0, "a mapping of it");
	fill(buf + 8 * K, 8 * K, 5);
	is(pwrite(fd, buf + 8 * K, 8 * K, 8 * K), 8 * K, "some is overwritten");
	ok(memcmp(map, buf, 32 * K) == 0, "which the mapping sees");
	ok(reads(cached, buf, 32 * K, 0), "and the cache");
	for (int i = 0; i < 32 * K; i += 1000)
		buf[i] = map[i] = (char)~map[i];
	ok(reads(fd, buf, 32 * K, 0), "stores by the mapping are read");
	fill(buf + 512, 512, 6);
	map[0] = buf[0] = 'm';
	must(pwrite(fd, buf + 512, 512, 512));
	map[4 * K] = buf[4 * K] = 'n';
	ok(reads(cached, buf, 32 * K, 0), "a store beside a written sector stays");
	ok(memcmp(map, buf, 32 * K) == 0, "all of it");
	must(munmap(map, 32 * K));
}

/* The memory that is written from, or read to, belongs to the file. */
TEST(its_own_mapping)
{
	char *map;
	int fd;

	begin();
	fd = open_direct("f");
	fill(buf, 64 * K, 7);
	must(pwrite(fd, buf, 64 * K, 0));
	map = mmap(NULL, 64 * K, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(map == MAP_FAILED ? -1 : 0);
	is(pwrite(fd, map, 16 * K, 32 * K), 16 * K, "written from it");
	memcpy(buf + 32 * K, buf, 16 * K);
	ok(reads(fd, buf, 64 * K, 0), "what it had");
	is(pread(fd, map + 48 * K, 8 * K, 0), 8 * K, "read to it");
	memcpy(buf + 48 * K, buf, 8 * K);
	ok(memcmp(map, buf, 64 * K) == 0, "and there");
	ok(reads(fd, buf, 64 * K, 0), "and in the file");
	must(munmap(map, 64 * K));
}

TEST(holes)
{
	char *map;
	int fd, cached;

	begin();
	fd = open_direct("f");
	cached = open_cached("f");
	must(ftruncate(fd, 192 * K));
	map = mmap(NULL, 192 * K, PROT_READ, MAP_SHARED, fd, 0);
	must(map == MAP_FAILED ? -1 : 0);
	ok(all(map, 0, 192 * K), "a hole is mapped");
	memset(other, 'x', 192 * K);
	is(pread(fd, other, 192 * K, 0), 192 * K, "a hole");
	ok(all(other, 0, 192 * K), "of zeroes");
	fill(buf + 64 * K, 8 * K, 8);
	is(pwrite(fd, buf + 64 * K, 8 * K, 64 * K), 8 * K, "blocks in it");
	fill(buf + 100 * K + 512, 512, 9);
	is(pwrite(fd, buf + 100 * K + 512, 512, 100 * K + 512), 512, "a sector in it");
	fill(buf + 123 * K, 6 * K, 10);
	is(pwrite(fd, buf + 123 * K, 6 * K, 123 * K), 6 * K, "parts of blocks");
	ok(reads(fd, buf, 192 * K, 0), "nothing else is there");
	ok(memcmp(map, buf, 192 * K) == 0, "nor in the mapping");
	ok(reads(cached, buf, 192 * K, 0), "nor in the cache");
	is(size_of(fd), 192 * K, "of the same size");
	must(munmap(map, 192 * K));
}

TEST(never_written)
{
	int fd, cached;

	begin();
	fd = open_direct("f");
	cached = open_cached("f");
	if (fallocate(fd, 0, 0, 128 * K) < 0) {
		skip("unwritten blocks", "the file system has none");
		return;
	}
	ok(reads(fd, buf, 128 * K, 0), "read as zeroes");
	fill(buf + 16 * K, 16 * K, 11);
	is(pwrite(fd, buf + 16 * K, 16 * K, 16 * K), 16 * K, "some are written");
	fill(buf + 60 * K, 512, 12);
	is(pwrite(fd, buf + 60 * K, 512, 60 * K), 512, "a part of one");
	ok(reads(fd, buf, 128 * K, 0), "the others are not");
	ok(reads(cached, buf, 128 * K, 0), "in the cache either");
	must(fallocate(fd, FALLOC_FL_KEEP_SIZE, 128 * K, 64 * K));
	fill(buf + 128 * K, 8 * K, 13);
	is(pwrite(fd, buf + 128 * K, 8 * K, 128 * K), 8 * K, "behind the end");
	is(size_of(fd), 136 * K, "which moves");
	ok(reads(cached, buf, 136 * K, 0), "to there");
}

TEST(appending)
{
	int fd, cached;

	begin();
	fd = must(open("f", O_CREAT | O_RDWR | O_DIRECT | O_APPEND, 0600));
	cached = must(open("f", O_RDWR | O_APPEND));
	fill(buf, 256 * K, 14);
	for (int i = 0; i < 60; i++)
		must(write(i % 20 == 19 ? cached : fd, buf + i * 4 * K, 4 * K));
	is(size_of(fd), 240 * K, "sixty writes");
	ok(reads(fd, buf, 240 * K, 0), "one behind the other");
	must(ftruncate(fd, 100 * K + 100));
	fails(write(fd, buf, 512), EINVAL, "at an odd end");
	must(ftruncate(fd, 100 * K + 512));
	memset(buf + 100 * K + 100, 0, 412);
	is(write(fd, buf + 100 * K + 512, 1024), 1024, "in the last block");
	ok(reads(cached, buf, 101 * K + 512, 0), "is there");
	must(ftruncate(fd, 110 * K));
	memset(buf + 101 * K + 512, 0, 9 * K);
	ok(reads(fd, buf, 110 * K, 0), "and zeroes behind it");
	fcntl(fd, F_SETFL, O_DIRECT);
	is(pwrite(fd, buf, 4 * K, 140 * K), 4 * K, "behind a gap");
	memcpy(buf + 140 * K, buf, 4 * K);
	memset(buf + 110 * K, 0, 30 * K);
	ok(reads(cached, buf, 144 * K, 0), "of zeroes");
}

TEST(synchronous)
{
	struct iovec v = {0};
	int fd;

	begin();
	fd = must(open("f", O_CREAT | O_RDWR | O_DIRECT | O_SYNC, 0600));
	fill(buf, 64 * K, 15);
	is(pwrite(fd, buf, 16 * K, 0), 16 * K, "O_SYNC");
	close(fd);
	fd = open_direct("f");
	v = (struct iovec){buf + 16 * K, 16 * K};
	is(syscall(SYS_pwritev2, fd, &v, 1, 16l * K, 0l, RWF_DSYNC), 16 * K, "RWF_DSYNC");
	v = (struct iovec){buf + 32 * K, 16 * K};
	is(syscall(SYS_pwritev2, fd, &v, 1, 0l, 0l, RWF_APPEND), 16 * K, "RWF_APPEND");
	ok(reads(fd, buf, 48 * K, 0), "all there");
	works(fdatasync(fd), "fdatasync");
	works(fsync(fd), "fsync");
}

TEST(switched_on)
{
	int fd;

	begin();
	fd = open_cached("f");
	fill(buf, 8 * K, 16);
	is(pwrite(fd, buf, 8 * K - 3, 0), 8 * K - 3, "written by the cache");
	works(fcntl(fd, F_SETFL, O_DIRECT), "O_DIRECT by fcntl");
	fails(pread(fd, other, 100, 0), EINVAL, "counts");
	is(pread(fd, other, 8 * K, 0), 8 * K - 3, "and reads");
	ok(memcmp(other, buf, 8 * K - 3) == 0, "what was written");
	works(fcntl(fd, F_SETFL, 0), "and off");
	is(pread(fd, other, 100, 1), 100, "as before");
}

TEST(bad_memory)
{
	char *none = mmap(NULL, 4 * K, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd;

	begin();
	fd = open_direct("f");
	fill(buf, 4 * K, 17);
	must(pwrite(fd, buf, 4 * K, 0));
	fails(pread(fd, none, 4 * K, 0), EFAULT, "read to it");
	fails(pwrite(fd, none, 4 * K, 0), EFAULT, "written from it");
	ok(reads(fd, buf, 4 * K, 0), "the file is as it was");
}

/* Reads the file's 64 KiB to `at`, and writes them from there. */
static void both_ways(int fd, char *at, const char *what)
{
	fill(buf, 64 * K, 20);
	must(pwrite(fd, buf, 64 * K, 0));
	ok(pread(fd, at, 64 * K, 0) == 64 * K && memcmp(at, buf, 64 * K) == 0, "read to %s", what);
	must(pwrite(fd, buf + 64 * K, 64 * K, 0));
	ok(pwrite(fd, at, 64 * K, 0) == 64 * K && reads(fd, buf, 64 * K, 0), "written from %s",
	   what);
}

TEST(kinds_of_memory)
{
	int fd, private;
	char *map;

	begin();
	fd = open_direct("f");
	private = open_cached("p");
	must(ftruncate(private, 1024 * K));
	map = mmap(NULL, 4096 * K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(map == MAP_FAILED ? -1 : 0);
	both_ways(fd, map, "untouched memory");
	both_ways(fd, map + 100 * K + 512, "memory that begins anywhere");
	madvise(map, 4096 * K, MADV_HUGEPAGE);
	memset(map + 3000 * K, 1, 1000 * K);
	both_ways(fd, map + 3100 * K, "a large page, perhaps");
	must(mmap(map, 512 * K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, private, 0) ==
	     MAP_FAILED ? -1 : 0);
	both_ways(fd, map + 64 * K, "private memory of a file");
	both_ways(fd, map + 480 * K, "that and other memory");
	must(mmap(map, 512 * K, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, private, 0) ==
	     MAP_FAILED ? -1 : 0);
	both_ways(fd, map + 480 * K, "shared memory of a file, and other");
	must(mmap(map, 512 * K, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1,
		  0) == MAP_FAILED ? -1 : 0);
	both_ways(fd, map + 480 * K, "shared memory, and other");
	must(mmap(map, 512 * K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		  -1, 0) == MAP_FAILED ? -1 : 0);
	memset(buf, 0, 64 * K);
	is(pwrite(fd, map, 64 * K, 0), 64 * K, "written from memory that was never touched");
	ok(reads(fd, buf, 64 * K, 0), "zeroes");
	memset(buf, 'p', 64 * K);
	memset(map, 'p', 64 * K);
	must(mprotect(map, 64 * K, PROT_READ));
	is(pwrite(fd, map, 64 * K, 0), 64 * K, "written from memory that is read-only");
	ok(reads(fd, buf, 64 * K, 0), "what it has");
	fails(pread(fd, map, 64 * K, 0), EFAULT, "which is not read to");
}

/* What parent and child share each has for itself when it is read to. */
TEST(shared_by_fork)
{
	int fd, status;
	pid_t pid;

	begin();
	fd = open_direct("f");
	memset(buf, 'f', 64 * K);
	must(pwrite(fd, buf, 64 * K, 0));
	memset(buf, 'm', 64 * K);
	pid = must(fork());
	if (!pid) {
		bool kept = all(buf, 'm', 64 * K) && pread(fd, buf, 32 * K, 0) == 32 * K;

		_exit(kept && all(buf, 'f', 32 * K) && all(buf + 32 * K, 'm', 32 * K) ? 0 : 1);
	}
	must(waitpid(pid, &status, 0));
	is(status, 0, "the child reads to its memory");
	ok(all(buf, 'm', 64 * K), "not to the parent's");
	pid = must(fork());
	if (!pid) {
		for (int i = 0; i < 2000 && access("read", F_OK); i++)
			usleep(10000);
		_exit(all(buf, 'm', 64 * K) ? 0 : 1);
	}
	is(pread(fd, buf + 8 * K, 16 * K, 0), 16 * K, "the parent reads");
	ok(all(buf + 8 * K, 'f', 16 * K) && all(buf, 'm', 8 * K), "to its own");
	must(open("read", O_CREAT | O_WRONLY, 0600));
	must(waitpid(pid, &status, 0));
	is(status, 0, "not to the child's");
}

static void *keep_forking(void *stop)
{
	while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED)) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	return NULL;
}

/* Another thread forks under way. */
TEST(while_forking)
{
	bool stop = false, well = true;
	pthread_t thread;
	int fd;

	begin();
	fd = open_direct("f");
	fill(buf, 256 * K, 21);
	must(pwrite(fd, buf, 256 * K, 0));
	must(-pthread_create(&thread, NULL, keep_forking, &stop));
	for (int i = 0; i < 60 && well; i++)
		well = reads(fd, buf, 256 * K, 0) && pwrite(fd, buf, 256 * K, 0) == 256 * K;
	ok(well, "what is read and written is whole");
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

static void grow_truncate(int fd)
{
	must(ftruncate(fd, 100 * K));
}

static void grow_write(int fd)
{
	must(pwrite(fd, "x", 1, 100 * K));
}

static void grow_allocate(int fd)
{
	if (fallocate(fd, 0, 0, 100 * K) < 0 && errno == EOPNOTSUPP) /* ext2 */
		grow_truncate(fd);
}

/* What a mapping stores behind the end gets onto the disk, perhaps, but never into the file. */
TEST(stored_behind_the_end)
{
	static void (*const ways[])(int) = { grow_truncate, grow_write, grow_allocate };
	int fd, cached;
	char *map;

	begin();
	for (int i = 0; i < 3; i++) {
		fd = open_direct("f");
		cached = open_cached("f");
		must(ftruncate(cached, 0));
		must(pwrite(cached, "short", 5, 0));
		map = mmap(NULL, 4 * K, PROT_READ | PROT_WRITE, MAP_SHARED, cached, 0);
		must(map == MAP_FAILED ? -1 : 0);
		memset(map + 5, 'e', 4 * K - 5);
		must(msync(map, 4 * K, MS_SYNC));
		must(munmap(map, 4 * K));
		must(system("echo 1 >/proc/sys/vm/drop_caches"));
		ways[i](cached);
		must(fsync(cached));
		must(posix_fadvise(cached, 0, 0, POSIX_FADV_DONTNEED));
		is(pread(fd, other, 4 * K, 0), 4 * K, "a file that has grown");
		ok(!memcmp(other, "short", 5) && all(other + 5, 0, 4 * K - 5), "with zeroes");
		close(fd);
		close(cached);
	}
}

static ssize_t at_once(int fd, bool write, off_t at)
{
	struct iovec v = {buf, 4 * K};

	return syscall(write ? SYS_pwritev2 : SYS_preadv2, fd, &v, 1, at, 0l, RWF_NOWAIT);
}

TEST(without_waiting)
{
	int fd, cached;

	begin();
	fd = open_direct("f");
	cached = open_cached("f");
	fill(buf, 64 * K, 18);
	must(pwrite(cached, buf, 64 * K, 0));
	must(ftruncate(cached, 128 * K));
	fails(at_once(fd, false, 0), EAGAIN, "what is newer than the disk is not read at once");
	fails(at_once(fd, true, 0), EAGAIN, "nor overwritten");
	must(fsync(cached));
	must(posix_fadvise(cached, 0, 0, POSIX_FADV_DONTNEED));
	is(at_once(fd, false, 8 * K), 4 * K, "what is on the disk is read");
	ok(memcmp(buf, buf + 8 * K, 4 * K) == 0 && reads(fd, buf, 4 * K, 8 * K), "as it is");
	is(at_once(fd, false, 100 * K), 4 * K, "a hole, too");
	fill(buf, 4 * K, 19);
	is(at_once(fd, true, 8 * K), 4 * K, "it is overwritten");
	ok(reads(fd, buf, 4 * K, 8 * K) && reads(cached, buf, 4 * K, 8 * K), "with the new");
	fails(at_once(fd, true, 96 * K), EAGAIN, "a hole is not filled");
	fails(at_once(fd, true, 128 * K), EAGAIN, "and the file not lengthened");
	fails(at_once(cached, true, 0), EOPNOTSUPP, "by the cache nobody writes so");
	is(size_of(fd), 128 * K, "its size is what it was");
}

/* As much of struct statx as is looked at. */
struct statx_part {
	uint32_t mask, before[37], mem_align, offset_align;
	uint64_t after[12];
};

TEST(what_statx_says)
{
	struct statx_part x = {0};
	int fd;

	begin();
	fd = open_direct("f");
	must(syscall(SYS_statx, fd, "", AT_EMPTY_PATH, 0x2000, &x));
	ok(x.mask & 0x2000, "it knows");
	is(x.offset_align, 512, "of places");
	ok(x.mem_align && x.mem_align <= 512, "of memory");
	must(syscall(SYS_statx, AT_FDCWD, ".", 0, 0x2000, &x));
	ok(!(x.mask & 0x2000), "not of directories");
}
