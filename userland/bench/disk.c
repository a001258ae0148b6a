/*
 * Rows of a disk as it is, without a file system, past the page cache (direct) and through it
 * (cached): /dev/sdb, which ci/bench adds for them; and of programs that walk and make whole trees.
 * What is written to the disk is lost with the machine.
 */
#include "bench.h"
#include <linux/fs.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/ioctl.h>

#define DISK "/dev/sdb"

enum { SPAN = 96 << 20, BLOCK = 4096, THREADS = 32 };

static char data[1 << 20] __attribute__((aligned(4096)));

/* The disk, nothing of it cached; or -1. */
static int disk_open(int flags)
{
	int fd = open(DISK, O_RDWR | flags);

	if (fd >= 0)
		ioctl(fd, BLKFLSBUF, 0);
	return fd;
}

/* Pieces of `size` one behind the other, from the beginning again at the span's end; writes are on
 * the disk when the clock stops. */
static int64_t sequential(long n, size_t size, bool write, int flags)
{
	int fd = disk_open(flags);
	int64_t took = TIMED(1, {
		for (long i = 0; i < n; i++) {
			off_t at = i * size % SPAN;

			if ((write ? pwrite(fd, data, size, at) : pread(fd, data, size, at)) !=
			    (ssize_t)size)
				return -1;
		}
		if (write && fsync(fd) < 0)
			return -1;
	});

	close(fd);
	return took;
}

static int64_t read_direct_64k(long n) { return sequential(n, 65536, false, O_DIRECT); }
static int64_t read_direct_1m(long n) { return sequential(n, 1 << 20, false, O_DIRECT); }
static int64_t write_direct_64k(long n) { return sequential(n, 65536, true, O_DIRECT); }
static int64_t write_direct_1m(long n) { return sequential(n, 1 << 20, true, O_DIRECT); }

/* Cached reads come from the disk: after a span the cache is emptied, which is not counted. */
static int64_t read_cached(long n, size_t size)
{
	long per_span = SPAN / size;
	int64_t took = 0;

	while (n > 0) {
		int64_t part = sequential(n < per_span ? n : per_span, size, false, 0);

		if (part < 0)
			return -1;
		took += part;
		n -= per_span;
	}
	return took;
}

static int64_t read_cached_64k(long n) { return read_cached(n, 65536); }
static int64_t read_cached_1m(long n) { return read_cached(n, 1 << 20); }
static int64_t write_cached_64k(long n) { return sequential(n, 65536, true, 0); }
static int64_t write_cached_1m(long n) { return sequential(n, 1 << 20, true, 0); }

struct reader {
	pthread_t thread;
	long n;
	int fd;
	unsigned seed;
	bool write, well;
	char block[BLOCK] __attribute__((aligned(4096)));
};

static pthread_barrier_t all_there;

static void *random_blocks(void *arg)
{
	struct reader *r = arg;
	ssize_t got = BLOCK;

	pthread_barrier_wait(&all_there);
	for (long i = 0; i < r->n && got == BLOCK; i++) {
		off_t at = (off_t)(rand_r(&r->seed) % (SPAN / BLOCK)) * BLOCK;

		got = r->write ? pwrite(r->fd, r->block, BLOCK, at) :
				 pread(r->fd, r->block, BLOCK, at);
	}
	r->well = got == BLOCK;
	return NULL;
}

/* So many threads, each of which waits for its block. */
static int64_t random_io(long n, unsigned depth, bool write)
{
	static struct reader readers[THREADS];
	int fd = disk_open(O_DIRECT);
	bool well = fd >= 0;
	int64_t start;

	pthread_barrier_init(&all_there, NULL, depth + 1);
	for (unsigned i = 0; i < depth && well; i++) {
		struct reader *r = &readers[i];

		r->fd = fd;
		r->n = n / depth + (i < n % depth);
		r->seed = i + 1;
		r->write = write;
		well = !pthread_create(&r->thread, NULL, random_blocks, r);
	}
	if (!well)
		return -1;
	pthread_barrier_wait(&all_there);
	start = now_ns();
	for (unsigned i = 0; i < depth && well; i++)
		well = !pthread_join(readers[i].thread, NULL) && readers[i].well;
	close(fd);
	return well ? now_ns() - start : -1;
}

static int64_t random_read_1(long n) { return random_io(n, 1, false); }
static int64_t random_read_32(long n) { return random_io(n, THREADS, false); }
static int64_t random_write_1(long n) { return random_io(n, 1, true); }
static int64_t random_write_32(long n) { return random_io(n, THREADS, true); }

static bool shell(const char *line)
{
	char *argv[] = { "sh", "-c", (char *)line, NULL }, *env[] = { NULL };
	int status;
	pid_t pid;

	return !posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, env) &&
	       waitpid(pid, &status, 0) == pid && !status;
}

static int64_t find_all(long n)
{
	return TIMED(n, {
		if (!shell("exec find / -xdev >/dev/null"))
			return -1;
	});
}

static int64_t find_cold(long n)
{
	int64_t took = 0;

	for (long i = 0; i < n; i++) {
		if (!shell("sync; echo 3 >/proc/sys/vm/drop_caches"))
			return -1;
		took += find_all(1);
	}
	return took;
}

/* An archive of 800 files of 10 KB in 20 directories, taken apart into a new directory. */
static int64_t tar_extract(long n)
{
	int64_t took = 0;

	if (!shell("cd " TMP_DIR " && { [ -e bench.tar ] || { mkdir bench.d && cd bench.d && "
		   "for d in $(seq 20); do mkdir $d; for f in $(seq 40); do "
		   "head -c 10000 /bin/busybox >$d/$f; done; done; "
		   "tar cf ../bench.tar . && rm -r ../bench.d; }; }"))
		return -1;
	for (long i = 0; i < n; i++) {
		if (!shell("mkdir " DISK_DIR "/bench.d"))
			return -1;
		took += TIMED(1, {
			if (!shell("cd " DISK_DIR "/bench.d && exec tar xf " TMP_DIR "/bench.tar"))
				return -1;
		});
		if (!shell("rm -r " DISK_DIR "/bench.d"))
			return -1;
	}
	return took;
}

const struct row disk_rows[] = {
	{"disk_read_direct_64k", read_direct_64k, 65536},
	{"disk_read_direct_1m", read_direct_1m, 1 << 20},
	{"disk_write_direct_64k", write_direct_64k, 65536},
	{"disk_write_direct_1m", write_direct_1m, 1 << 20},
	{"disk_read_cached_64k", read_cached_64k, 65536},
	{"disk_read_cached_1m", read_cached_1m, 1 << 20},
	{"disk_write_cached_64k", write_cached_64k, 65536},
	{"disk_write_cached_1m", write_cached_1m, 1 << 20},
	{"disk_random_read_1", random_read_1, 0},
	{"disk_random_read_32", random_read_32, 0},
	{"disk_random_write_1", random_write_1, 0},
	{"disk_random_write_32", random_write_32, 0},
	{"find_all", find_all, 0},
	{"find_all_cold", find_cold, 0},
	{"tar_extract", tar_extract, 0},
	{NULL, NULL, 0},
};
