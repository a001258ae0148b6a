/*
 * What the kernel tells of memory that stays where it is (mlock, SHM_LOCK), and of segments that do
 * not: Mlocked and Unevictable, and the swap that shared memory has. Linux keeps the first two by
 * the batch on each processor, hence the tolerance.
 */
#include "tap.h"

#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#define PAGE 4096
#define PAGES 1024
#define SLACK 300 /* pages */

static long kib(const char *key)
{
	return tap_number(tap_read("/proc/meminfo"), key);
}

/* Whether so many pages more are counted under the key than before. */
static void grew(const char *key, long before, long pages, const char *what)
{
	long now = kib(key) - before;

	if (!ok(now >= (pages - SLACK) * 4 && now <= (pages + SLACK) * 4, "%s: %s", key, what))
		diag("%ld KiB more", now);
}

static char *map(int flags, int fd)
{
	char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	must(p == MAP_FAILED ? -1 : 0);
	/* Of a huge page that is unlocked in part, Linux counts nothing any more. */
	must(madvise(p, PAGES * PAGE, MADV_NOHUGEPAGE));
	return p;
}

TEST(anonymous)
{
	long mlocked = kib("Mlocked:"), unevictable = kib("Unevictable:");
	char *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);

	must(mlock2(p, PAGES * PAGE, MLOCK_ONFAULT));
	grew("Mlocked:", mlocked, 0, "locked, but not there yet");
	must(mlock(p, PAGES * PAGE));
	grew("Mlocked:", mlocked, PAGES, "what mlock() locked");
	grew("Unevictable:", unevictable, PAGES, "the same");
	ok(tap_number(tap_read("/proc/vmstat"), "nr_mlock ") >= PAGES - SLACK, "nr_mlock");
	ok(tap_number(tap_read("/proc/vmstat"), "nr_unevictable ") >= PAGES - SLACK,
	   "nr_unevictable");
	is(tap_number(tap_read("/proc/self/status"), "VmLck:"), PAGES * 4, "VmLck");
	must(munlock(p, PAGES / 2 * PAGE));
	grew("Mlocked:", mlocked, PAGES / 2, "half was unlocked");
	must(munmap(p, PAGES * PAGE));
	grew("Mlocked:", mlocked, 0, "and the rest unmapped");
	grew("Unevictable:", unevictable, 0, "the same");
}

static int lock_too(void *p)
{
	must(mlock(p, PAGES * PAGE));
	pause();
	return 0;
}

/* Pages that two processes have locked count once; one that stays keeps them locked. */
TEST(shared)
{
	int fd = tap_file("file", "");
	long before;
	pid_t pid;
	char *p;

	must(ftruncate(fd, PAGES * PAGE));
	p = map(MAP_SHARED, fd);
	memset(p, 1, PAGES * PAGE);
	before = kib("Mlocked:");
	must(mlock(p, PAGES * PAGE));
	grew("Mlocked:", before, PAGES, "by one");
	pid = tap_spawn(lock_too, p);
	tap_await_state(pid, 'S');
	grew("Mlocked:", before, PAGES, "by two");
	kill(pid, SIGKILL);
	dies(pid, SIGKILL, "the other one ends");
	must(munlock(p, PAGES * PAGE));
	grew("Mlocked:", before, 0, "by nobody");
}

TEST(segment)
{
	long mlocked = kib("Mlocked:"), unevictable = kib("Unevictable:");
	int id = must(shmget(IPC_PRIVATE, PAGES * PAGE, 0600));
	char *p = shmat(id, NULL, 0);

	must(p == (void *)-1 ? -1 : 0);
	must(shmctl(id, SHM_LOCK, NULL));
	memset(p, 1, PAGES * PAGE);
	grew("Mlocked:", mlocked, 0, "SHM_LOCK does not count");
	grew("Unevictable:", unevictable, PAGES, "SHM_LOCK does");
	must(mlock(p, PAGES * PAGE));
	grew("Mlocked:", mlocked, PAGES, "locked by mlock(), too");
	grew("Unevictable:", unevictable, PAGES, "locked both ways");
	must(shmdt(p));
	must(shmctl(id, IPC_RMID, NULL));
	grew("Unevictable:", unevictable, 0, "the segment has gone");
}

/* Fills a segment of so many MiB, which should be more than there is memory: tells where it is. */
HELPER(segment)
{
	size_t pages = (size_t)atoi(argv[0]) << 20 >> 12, wrong = 0;
	int id = shmget(IPC_PRIVATE, pages * PAGE, 0600);
	unsigned long rss = 0, swap = 0;
	uint64_t *p = shmat(id, NULL, 0);
	struct shm_info info;
	char line[256];
	int row;
	FILE *f;

	if (p == (void *)-1 || shmctl(id, IPC_RMID, NULL) < 0)
		return 1;
	for (size_t i = 0; i < pages; i++)
		p[i * PAGE / 8] = i;
	shmctl(0, SHM_INFO, (void *)&info);
	f = fopen("/proc/sysvipc/shm", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*d %d %*o %*u %*d %*d %*u %*d %*d %*d %*d %*d %*d %*d %lu %lu",
			   &row, &rss, &swap) == 3 && row == id)
			break;
	for (size_t i = 0; i < pages; i++)
		wrong += p[i * PAGE / 8] != i;
	printf("segment: %zu pages, %zu wrong, rss %lu, swap %lu, SHM_INFO rss %ld, swap %ld\n",
	       pages, wrong, rss / PAGE, swap / PAGE, info.shm_rss, info.shm_swp);
	return 0;
}
