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

/*
 * Random blocks, by as many threads as there shall be transfers in flight, each of which waits for
 * its own. What is timed is the middle: the clock starts when each thread has done WARM transfers,
 * and stops at a transfer's end while all of them still work; so neither the threads' start nor a
 * time with fewer transfers in flight counts. As they may end by the dozen, AT_LEAST for each
 * thread are timed, whatever n is.
 */
enum { WARM = 2, AT_LEAST = 32 };

/* a: atomic.  Else: before the threads, or by one of them and read when they have ended. */
struct random_run {
	int fd;
	bool write;
	unsigned depth;
	pthread_mutex_t gate; /* locked until all threads are there */
	long timed;           /* transfers between start and end */
	unsigned warm;        /* a: threads that have done WARM transfers */
	long done;            /* a: transfers that ended since all are warm */
	bool failed;          /* a */
	int64_t start, end;   /* ns */
};

struct random_thread {
	pthread_t id;
	struct random_run *run;
	unsigned seed;
	char block[BLOCK] __attribute__((aligned(BLOCK)));
};

static bool random_block(struct random_thread *t)
{
	off_t at = (off_t)(rand_r(&t->seed) % (SPAN / BLOCK)) * BLOCK;

	return (t->run->write ? pwrite(t->run->fd, t->block, BLOCK, at) :
				pread(t->run->fd, t->block, BLOCK, at)) == BLOCK;
}

static void *random_blocks(void *arg)
{
	struct random_thread *t = arg;
	struct random_run *run = t->run;
	long done = 0;

	pthread_mutex_lock(&run->gate);
	pthread_mutex_unlock(&run->gate);
	for (int i = 1; done < run->timed; i++) {
		if (!random_block(t))
			__atomic_store_n(&run->failed, true, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&run->failed, __ATOMIC_SEQ_CST))
			break;
		if (__atomic_load_n(&run->warm, __ATOMIC_SEQ_CST) == run->depth) {
			done = __atomic_add_fetch(&run->done, 1, __ATOMIC_SEQ_CST);
			if (done == run->timed)
				run->end = now_ns();
		} else if (i == WARM && __atomic_add_fetch(&run->warm, 1, __ATOMIC_SEQ_CST) ==
					      run->depth) {
			run->start = now_ns();
		}
	}
	return NULL;
}

static int64_t random_io(long n, unsigned depth, bool write)
{
	static struct random_thread threads[THREADS];
	struct random_run run = {
		.fd = disk_open(O_DIRECT), .write = write, .depth = depth,
		.gate = PTHREAD_MUTEX_INITIALIZER,
		.timed = n > AT_LEAST * (long)depth ? n : AT_LEAST * (long)depth,
	};
	unsigned made = 0;

	pthread_mutex_lock(&run.gate);
	while (made < depth) {
		struct random_thread *t = &threads[made];

		t->run = &run;
		t->seed = made + 1;
		if (pthread_create(&t->id, NULL, random_blocks, t)) {
			__atomic_store_n(&run.failed, true, __ATOMIC_SEQ_CST);
			break;
		}
		made++;
	}
	pthread_mutex_unlock(&run.gate);
	for (unsigned i = 0; i < made; i++)
		pthread_join(threads[i].id, NULL);
	close(run.fd);
	return run.failed ? -1 : (run.end - run.start) * n / run.timed;
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
