/*
 * fallocate(2) in all its forms, and what lseek(2) and FIEMAP tell of holes and of blocks that were
 * allocated and never written. What a file system does not have it says: ext2 can only punch.
 */
#include <linux/capability.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#include "tap.h"

#define TMPFS_MAGIC 0x01021994
#define K           1024
#define PUNCH       (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static char buf[512 * K];

static bool on_tmpfs(void)
{
	struct statfs st;

	must(statfs(".", &st));
	return st.f_type == TMPFS_MAGIC;
}

/* Whether files have extents. */
static bool on_ext4(void)
{
	int fd, flags = 0;

	if (on_tmpfs())
		return false;
	fd = must(open("kind", O_CREAT | O_RDWR, 0600));
	must(ioctl(fd, FS_IOC_GETFLAGS, &flags));
	close(fd);
	return flags & FS_EXTENT_FL;
}

/* A file with `n` KiB of 'x'. */
static int filled(const char *path, int n)
{
	int fd = must(open(path, O_CREAT | O_TRUNC | O_RDWR, 0600));

	memset(buf, 'x', (size_t)n * K);
	must(pwrite(fd, buf, (size_t)n * K, 0));
	return fd;
}

static long size_of(int fd)
{
	struct stat st;

	must(fstat(fd, &st));
	return st.st_size;
}

static long kib_of(int fd)
{
	struct stat st;

	must(fstat(fd, &st));
	return st.st_blocks / 2;
}

/* Whether [from, to) is full of that byte. */
static bool all(int fd, long from, long to, char byte)
{
	if (pread(fd, buf, to - from, from) != to - from)
		return false;
	for (long i = 0; i < to - from; i++)
		if (buf[i] != byte)
			return false;
	return true;
}

TEST(errors)
{
	int fd = filled("f", 8), pipes[2];

	fails(fallocate(fd, 0, -1, 1), EINVAL, "a negative offset");
	fails(fallocate(fd, 0, 0, 0), EINVAL, "no length");
	fails(fallocate(fd, 0, 0, -1), EINVAL, "a negative length");
	fails(fallocate(fd, 0x100, 0, 1), EOPNOTSUPP, "unknown flags");
	fails(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1), EOPNOTSUPP, "punching needs KEEP_SIZE");
	fails(fallocate(fd, PUNCH | FALLOC_FL_ZERO_RANGE, 0, 1), EOPNOTSUPP, "punch and zero");
	fails(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE, 0, 4096), EINVAL,
	      "collapse goes alone");
	fails(fallocate(fd, FALLOC_FL_INSERT_RANGE | FALLOC_FL_KEEP_SIZE, 0, 4096), EINVAL,
	      "insert goes alone");
	fails(fallocate(fd, 0, INT64_MAX, 1), EFBIG, "beyond all files");
	fails(fallocate(must(open("f", O_RDONLY)), 0, 0, 1), EBADF, "a file for reading");
	fails(fallocate(must(open(".", O_RDONLY)), 0, 0, 1), EBADF, "a directory");
	must(pipe(pipes));
	fails(fallocate(pipes[1], 0, 0, 1), ESPIPE, "a pipe");
	if (!on_tmpfs() && !on_ext4()) {
		fails(fallocate(fd, 0, 0, 8192), EOPNOTSUPP, "ext2 allocates nothing");
		fails(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 4096), EOPNOTSUPP, "nor zeroes");
		fails(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096), EOPNOTSUPP, "collapses");
		fails(fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, 4096), EOPNOTSUPP, "nor inserts");
	}
	is(size_of(fd), 8 * K, "nothing changed");
}

TEST(punch)
{
	int fd = filled("f", 64);
	char *map = mmap(NULL, 64 * K, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	long before;

	must(fsync(fd));
	before = kib_of(fd);
	works(fallocate(fd, PUNCH, 10000, 30000), "punched");
	is(size_of(fd), 64 * K, "the size stays");
	ok(kib_of(fd) <= before - 24, "blocks are free");
	ok(all(fd, 0, 10000, 'x') && all(fd, 10000, 40000, 0) && all(fd, 40000, 65536, 'x'),
	   "the range is zero, what is around is not");
	ok(map[9999] == 'x' && map[10000] == 0 && map[20000] == 0 && map[40000] == 'x',
	   "a mapping sees it");
	map[20000] = 'y';
	is(lseek(fd, 0, SEEK_HOLE), 12288, "the hole");
	is(lseek(fd, 13000, SEEK_DATA), 16384, "the page that was written again");
	is(lseek(fd, 20480, SEEK_DATA), 36864, "and the end of the hole");
	works(fallocate(fd, PUNCH, 60000, 100000), "over the end");
	is(size_of(fd), 64 * K, "the size stays");
	ok(all(fd, 60000, 65536, 0), "the rest is zero");
	works(fallocate(fd, PUNCH, 200000, 1000), "behind the end");
	works(fallocate(fd, PUNCH, 0, 1 << 20), "everything");
	ok(all(fd, 0, 65536, 0), "is zero");
	ok(kib_of(fd) <= 4, "no block is left but what led to them");
	fails(lseek(fd, 0, SEEK_DATA), ENXIO, "there is no data");
}

static int punch_as_user(void *arg)
{
	(void)arg;
	works(fallocate(must(open("f", O_WRONLY)), PUNCH, 0, 8192), "anybody punches");
	return 0;
}

/* A change of contents takes them away, as a write does. */
TEST(privileges)
{
	uint32_t caps[5] = { VFS_CAP_REVISION_2, 1 << CAP_NET_RAW };
	int fd = filled("f", 64);
	struct stat st;

	if (!tap_root())
		return;
	must(fsetxattr(fd, "security.capability", caps, sizeof(caps), 0));
	must(fchmod(fd, 06777));
	works(fallocate(fd, PUNCH, 0, 4096), "punched by root");
	fails(fgetxattr(fd, "security.capability", caps, sizeof(caps)), ENODATA,
	      "capabilities are gone");
	must(fstat(fd, &st));
	is(st.st_mode & 07777, 06777, "set-ID bits are not");
	is(tap_as_user(punch_as_user, NULL), 0, "the part of a user");
	must(fstat(fd, &st));
	is(st.st_mode & 07777, 0777, "now they are");
}

TEST(allocate)
{
	int fd = must(open("f", O_CREAT | O_RDWR, 0600));
	struct stat st;

	if (!on_tmpfs() && !on_ext4())
		return;
	works(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100 * K), "allocated, KEEP_SIZE");
	is(size_of(fd), 0, "the size stays");
	is(kib_of(fd), 100, "the blocks are there");
	works(fallocate(fd, 0, 0, 50 * K), "allocated");
	is(size_of(fd), 50 * K, "the file is longer");
	ok(all(fd, 0, 50 * K, 0), "and reads as zeroes");
	is(kib_of(fd), 100, "no more blocks");
	must(pwrite(fd, "y", 1, 20000));
	must(fsync(fd));
	ok(all(fd, 0, 20000, 0) && all(fd, 20001, 50 * K, 0) && all(fd, 20000, 20001, 'y'),
	   "one byte was written");
	is(kib_of(fd), 100, "into a block of those");
	works(ftruncate(fd, 10 * K), "truncated");
	is(kib_of(fd), 12, "what is behind goes");
	must(fstat(fd, &st));
	tap_sleep_ms(20);
	works(fallocate(fd, 0, 0, 4096), "what is there");
	is(size_of(fd), 10 * K, "changes no size");
}

static int with_limit(void *unused)
{
	struct rlimit limit = { 20000, 20000 };
	int fd = must(open("f", O_RDWR));

	(void)unused;
	signal(SIGXFSZ, SIG_IGN);
	must(setrlimit(RLIMIT_FSIZE, &limit));
	fails(fallocate(fd, 0, 0, 30000), EFBIG, "RLIMIT_FSIZE");
	/* Nothing that can be read lies beyond it; Linux's tmpfs is stricter. */
	if (!on_tmpfs())
		works(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 30000), "not with KEEP_SIZE");
	return 0;
}

TEST(limit)
{
	close(must(open("f", O_CREAT | O_RDWR, 0600)));
	if (on_tmpfs() || on_ext4())
		exits(tap_spawn(with_limit, NULL), 0, "the process with a limit");
}

TEST(zero_range)
{
	int fd = filled("f", 64);

	if (!on_ext4())
		return;
	must(fsync(fd));
	works(fallocate(fd, FALLOC_FL_ZERO_RANGE, 10000, 30000), "zeroed");
	is(kib_of(fd), 64, "the blocks stay");
	ok(all(fd, 0, 10000, 'x') && all(fd, 10000, 40000, 0) && all(fd, 40000, 65536, 'x'),
	   "the range is zero, what is around is not");
	works(fallocate(fd, FALLOC_FL_ZERO_RANGE, 60000, 20000), "over the end");
	is(size_of(fd), 80000, "the file is longer");
	ok(all(fd, 60000, 80000, 0), "and zero");
	works(fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 80000, 100000),
	      "behind the end");
	is(size_of(fd), 80000, "with KEEP_SIZE");
	ok(kib_of(fd) >= 176, "takes blocks");
}

TEST(collapse_and_insert)
{
	int fd = filled("f", 64);

	if (!on_ext4())
		return;
	memset(buf, 'b', 8192);
	must(pwrite(fd, buf, 8192, 16384));
	fails(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 100, 4096), EINVAL, "not at a block");
	fails(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 4096, 100), EINVAL, "not of blocks");
	fails(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 32768, 32768), EINVAL, "up to the end");
	works(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 4096, 8192), "collapsed");
	is(size_of(fd), 56 * K, "the file is shorter");
	ok(all(fd, 0, 8192, 'x') && all(fd, 8192, 16384, 'b') && all(fd, 16384, 56 * K, 'x'),
	   "what was behind has moved");
	fails(fallocate(fd, FALLOC_FL_INSERT_RANGE, 56 * K, 4096), EINVAL, "inserting at the end");
	fails(fallocate(fd, FALLOC_FL_INSERT_RANGE, 4097, 4096), EINVAL, "or within a block");
	works(fallocate(fd, FALLOC_FL_INSERT_RANGE, 12288, 16384), "inserted");
	is(size_of(fd), 72 * K, "the file is longer");
	ok(all(fd, 8192, 12288, 'b') && all(fd, 12288, 28672, 0) && all(fd, 28672, 32768, 'b') &&
		   all(fd, 32768, 72 * K, 'x'),
	   "with a hole");
	is(lseek(fd, 0, SEEK_HOLE), 12288, "which is one");
	is(lseek(fd, 12288, SEEK_DATA), 28672, "of that length");
}

struct map {
	struct fiemap head;
	struct fiemap_extent e[16];
};

static long fiemap(int fd, struct map *m, long start, long length, unsigned flags, unsigned count)
{
	memset(m, 0, sizeof(*m));
	m->head.fm_start = start;
	m->head.fm_length = length;
	m->head.fm_flags = flags;
	m->head.fm_extent_count = count;
	return ioctl(fd, FS_IOC_FIEMAP, m);
}

/* Whether blocks are taken when the pages are written, or at once: a file is as long as it is. */
TEST(data_on_its_way)
{
	int fd = filled("w", 64);
	struct stat st;
	struct map m;

	must(fstat(fd, &st));
	ok(st.st_blocks >= 128, "stat(2) counts what was written");
	is(lseek(fd, 0, SEEK_DATA), 0, "it is data");
	is(lseek(fd, 0, SEEK_HOLE), 64 * K, "to its end");
	if (on_tmpfs())
		return;
	must(fiemap(fd, &m, 0, -1, 0, 16));
	ok(m.head.fm_mapped_extents >= 1, "it has a map");
	is(m.e[0].fe_logical, 0, "from the beginning");
	is(!(m.e[0].fe_flags & FIEMAP_EXTENT_DELALLOC), m.e[0].fe_physical != 0,
	   "of blocks, or of what will have some");
	is(!(m.e[0].fe_flags & FIEMAP_EXTENT_DELALLOC), !(m.e[0].fe_flags & FIEMAP_EXTENT_UNKNOWN),
	   "which are not known");
	must(fiemap(fd, &m, 0, -1, FIEMAP_FLAG_SYNC, 16));
	for (unsigned i = 0; i < m.head.fm_mapped_extents; i++)
		ok(!(m.e[i].fe_flags & FIEMAP_EXTENT_DELALLOC) && m.e[i].fe_physical,
		   "it has blocks when it is on the disk");
	must(ftruncate(fd, 0));
	must(fstat(fd, &st));
	is(st.st_blocks, 0, "and none when it is empty");
	must(pwrite(fd, "z", 1, 100 * K));
	must(ftruncate(fd, 50 * K));
	must(fstat(fd, &st));
	is(st.st_blocks, 0, "nor behind its end");
	must(fiemap(fd, &m, 0, -1, FIEMAP_FLAG_SYNC, 16));
	is(m.head.fm_mapped_extents, 0, "even when it was written");
}

/* Writes the file to the disk whenever a byte comes. */
static void write_on_demand(int fd, int in, int out)
{
	char c;

	while (read(in, &c, 1) == 1) {
		fdatasync(fd);
		must(write(out, &c, 1));
	}
	_exit(0);
}

/* KiB that a map of the file says are there. */
static long kib_mapped(int fd)
{
	long n = 0;
	struct map m;

	must(fiemap(fd, &m, 0, -1, 0, 16));
	for (unsigned i = 0; i < m.head.fm_mapped_extents; i++)
		n += (long)m.e[i].fe_length / K;
	return n;
}

/* Blocks that are just being taken are seen as the one or the other. */
TEST(data_that_gets_its_place)
{
	int fd = filled("w", 256), go[2], done[2], pid;
	unsigned ends = 0, begins = 0, maps = 0;
	char c = 0;

	must(pipe(go));
	must(pipe2(done, O_NONBLOCK));
	pid = must(fork());
	if (!pid) {
		close(go[1]);
		write_on_demand(fd, go[0], done[1]);
	}
	for (unsigned i = 0; i < 40; i++) {
		must(write(go[1], &c, 1));
		do {
			sched_yield();
			begins += lseek(fd, 100 * K, SEEK_DATA) != 100 * K;
			ends += lseek(fd, 0, SEEK_HOLE) != 256 * K;
			maps += !on_tmpfs() && kib_mapped(fd) != 256;
		} while (read(done[0], &c, 1) != 1);
		must(ftruncate(fd, 0));
		must(pwrite(fd, buf, 256 * K, 0));
	}
	close(go[1]);
	must(waitpid(pid, NULL, 0));
	is(begins, 0, "it is data all the time");
	is(ends, 0, "to its end");
	is(maps, 0, "and in its map");
}

TEST(allocated_while_it_is_on_its_way)
{
	int fd = filled("w", 64);

	if (!on_ext4())
		return;
	works(fallocate(fd, 0, 0, 64 * K), "fallocate() of what was just written");
	ok(kib_of(fd) >= 64 && kib_of(fd) <= 68, "takes no more blocks");
	works(fallocate(fd, PUNCH, 0, 32 * K), "a hole in it");
	ok(kib_of(fd) >= 32 && kib_of(fd) <= 36, "gives some back");
	must(fsync(fd));
	ok(kib_of(fd) >= 32 && kib_of(fd) <= 36, "now, too");
	ok(all(fd, 0, 32 * K, 0) && all(fd, 32 * K, 64 * K, 'x'), "and the rest is there");
}

TEST(extent_maps)
{
	int fd = filled("f", 16), block = 0;
	struct map m;

	if (on_tmpfs()) {
		fails(fiemap(fd, &m, 0, -1, 0, 16), EOPNOTSUPP, "tmpfs has no map");
		fails(ioctl(fd, FIBMAP, &block), EINVAL, "to ask for by FIBMAP, either");
		return;
	}
	must(pwrite(fd, "z", 1, 100 * K));
	works(fiemap(fd, &m, 0, -1, FIEMAP_FLAG_SYNC, 16), "FIEMAP");
	ok(m.head.fm_mapped_extents >= 2, "two stretches or more");
	is(m.e[0].fe_logical, 0, "the first begins at 0");
	ok(m.e[0].fe_physical, "somewhere on the disk");
	is(m.e[m.head.fm_mapped_extents - 1].fe_flags & FIEMAP_EXTENT_LAST, FIEMAP_EXTENT_LAST,
	   "the last says so");
	is(m.e[m.head.fm_mapped_extents - 1].fe_logical, 100 * K, "and is where it was written");
	works(ioctl(fd, FIBMAP, &block), "FIBMAP");
	ok(block > 0, "gives a block");
	block = 20;
	works(ioctl(fd, FIBMAP, &block), "of a hole");
	is(block, 0, "none");
	block = -1;
	fails(ioctl(fd, FIBMAP, &block), EINVAL, "of nothing");
	works(fiemap(fd, &m, 0, -1, FIEMAP_FLAG_SYNC, 0), "only counting");
	ok(m.head.fm_mapped_extents >= 2, "counts");
	works(fiemap(fd, &m, 40 * K, 20 * K, 0, 16), "in the hole");
	is(m.head.fm_mapped_extents, 0, "is nothing");
	fails(fiemap(fd, &m, 0, 0, 0, 16), EINVAL, "no length");
	fails(fiemap(fd, &m, 0, -1, 0x100, 16), EBADR, "unknown flags");
	is(m.head.fm_flags, 0x100, "are told");
	if (on_ext4()) {
		must(fallocate(fd, FALLOC_FL_KEEP_SIZE, 40 * K, 8 * K));
		works(fiemap(fd, &m, 40 * K, 8 * K, 0, 16), "what was never written");
		is(m.head.fm_mapped_extents, 1, "is there");
		is(m.e[0].fe_flags & FIEMAP_EXTENT_UNWRITTEN, FIEMAP_EXTENT_UNWRITTEN, "and said");
	}
}
