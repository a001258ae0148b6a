/*
 * Swap: areas in files (swapon, swapoff, the header's checks), pages that go there by MADV_PAGEOUT
 * and come back by use, and what the calls on memory do with pages that are there.
 */
#include "tap.h"

#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/sysinfo.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#define PAGE 4096
#define SLOTS 4096 /* 16 MiB */

struct header {
	char boot[1024];
	uint32_t version, last_page, nr_badpages;
	char uuid[16], label[16];
	uint32_t padding[117], badpages[637];
	char filler[2], magic[10];
};

/* A file of `slots` pages with a header as mkswap writes it. */
static void make_area(const char *path, unsigned slots, struct header *h)
{
	static char zero[64 * PAGE];
	int fd = must(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600));

	memset(h, 0, sizeof(*h));
	h->version = 1;
	h->last_page = slots - 1;
	memcpy(h->magic, "SWAPSPACE2", 10);
	for (unsigned done = 0; done < slots; done += 64)
		must(write(fd, zero, (slots - done < 64 ? slots - done : 64) * PAGE));
	must(pwrite(fd, h, PAGE, 0));
	must(close(fd));
}

static void put_header(const char *path, const struct header *h)
{
	int fd = must(open(path, O_WRONLY));

	must(pwrite(fd, h, PAGE, 0));
	must(close(fd));
}

/* An area in use. */
static void begin(const char *path)
{
	struct header h;

	make_area(path, SLOTS, &h);
	must(swapon(path, 0));
}

static long status_kib(const char *key)
{
	return tap_number(tap_read("/proc/self/status"), key);
}

static long meminfo_kib(const char *key)
{
	return tap_number(tap_read("/proc/meminfo"), key);
}

static char *map(size_t pages)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	must(p == MAP_FAILED ? -1 : 0);
	return p;
}

static void fill(char *p, size_t pages, unsigned seed)
{
	for (size_t i = 0; i < pages; i++)
		for (unsigned j = 0; j < PAGE; j += 8)
			*(uint64_t *)(p + i * PAGE + j) = (i * 2654435761u + j) ^ seed;
}

/* How many pages are not as filled. */
static unsigned wrong(const char *p, size_t pages, unsigned seed)
{
	unsigned n = 0;

	for (size_t i = 0; i < pages; i++) {
		bool bad = false;

		for (unsigned j = 0; j < PAGE; j += 8)
			bad |= *(const uint64_t *)(p + i * PAGE + j) !=
			       ((i * 2654435761u + j) ^ seed);
		n += bad;
	}
	return n;
}

/* Sends the pages to swap; on their way they may have to wait for the disk. */
static void page_out(char *p, size_t pages)
{
	must(madvise(p, pages * PAGE, MADV_PAGEOUT));
	tap_sleep_ms(100);
	must(madvise(p, pages * PAGE, MADV_PAGEOUT));
}

static int as_user_on(void *path)
{
	return swapon(path, 0) == -1 && errno == EPERM && swapoff(path) == -1 && errno == EPERM ? 0
												: 1;
}

TEST(refused)
{
	struct header h, good;
	char big[64];

	make_area("area", 64, &good);
	fails(swapon("none", 0), ENOENT, "swapon of nothing");
	fails(swapon(BAD, 0), EFAULT, "swapon of a bad pointer");
	fails(swapoff(BAD), EFAULT, "swapoff of a bad pointer");
	fails(swapon("area", 0x80000), EINVAL, "an unknown flag");
	fails(swapon("/dev/null", 0), EINVAL, "a character device");
	fails(swapon("/proc", 0), EISDIR, "a directory");
	fails(swapoff("area"), EINVAL, "swapoff of what is not in use");
	fails(swapoff("none"), ENOENT, "swapoff of nothing");
	chmod(".", 0777);
	is(tap_as_user(as_user_on, "area"), 0, "neither call for a user");
	h = good;
	h.magic[9] = '1';
	put_header("area", &h);
	fails(swapon("area", 0), EINVAL, "another magic word");
	h = good;
	h.version = 2;
	put_header("area", &h);
	fails(swapon("area", 0), EINVAL, "another version");
	h = good;
	h.last_page = 0;
	put_header("area", &h);
	fails(swapon("area", 0), EINVAL, "no page");
	h.last_page = 64;
	put_header("area", &h);
	fails(swapon("area", 0), EINVAL, "more pages than the file has");
	h.last_page = UINT32_MAX;
	put_header("area", &h);
	fails(swapon("area", 0), EINVAL, "all the pages there can be");
	h = good;
	h.nr_badpages = 1;
	h.badpages[0] = 5;
	put_header("area", &h);
	fails(swapon("area", 0), EINVAL, "bad pages in a file");
	h.nr_badpages = UINT32_MAX;
	put_header("area", &h);
	fails(swapon("area", 0), EINVAL, "more bad pages than there is room for");
	put_header("area", &good);
	snprintf(big, sizeof(big), "%s", "area");
	must(truncate(big, 60 * PAGE));
	fails(swapon("area", 0), EINVAL, "a file that was cut");
	must(truncate(big, 64 * PAGE));
	fails(swapon("area", 0), EINVAL, "a file with a hole");
}

TEST(in_use)
{
	struct sysinfo before, during;
	long total = meminfo_kib("SwapTotal:");
	struct header h;
	char line[256];
	const char *at;

	make_area("area", SLOTS, &h);
	must(sysinfo(&before));
	works(swapon("area", SWAP_FLAG_PREFER | 77), "swapon");
	fails(swapon("area", 0), EBUSY, "swapon of what is in use");
	must(sysinfo(&during));
	is((during.totalswap - before.totalswap) * during.mem_unit / 1024, (SLOTS - 1) * 4,
	   "sysinfo tells of it");
	ok(during.freeswap > before.freeswap, "and that it is free");
	is(meminfo_kib("SwapTotal:") - total, (SLOTS - 1) * 4, "and so does meminfo");
	must(getcwd(line, sizeof(line) - 8) ? 0 : -1);
	strcat(line, "/area ");
	at = strstr(tap_read("/proc/swaps"), line);
	if (ok(at != NULL, "/proc/swaps names it")) {
		char kind[16];
		long size = 0, used = -1, priority = 0;

		sscanf(at + strlen(line), " %15s %ld %ld %ld", kind, &size, &used, &priority);
		is_text(kind, "file", "as a file");
		is(size, (SLOTS - 1) * 4, "with its size");
		is(priority, 77, "and its priority");
	}
	fails(open("area", O_WRONLY) < 0 ? -1 : write(open("area", O_WRONLY), "x", 1), ETXTBSY,
	      "nobody writes to it");
	works(swapoff("area"), "swapoff");
	is(meminfo_kib("SwapTotal:"), total, "it is gone");
	fails(swapoff("area"), EINVAL, "swapoff once more");
	works(swapon("area", 0), "it can be used again");
	works(swapoff("area"), "and given up again");
}

TEST(out_and_back)
{
	const size_t n = 1024;
	unsigned char core[1024];
	unsigned there = 0;
	char *p = map(n);

	begin("area");
	fill(p, n, 1);
	is(status_kib("VmSwap:"), 0, "nothing is in swap yet");
	page_out(p, n);
	ok(status_kib("VmSwap:") > (long)n * 4 * 3 / 4, "most of it is in swap");
	ok(status_kib("VmRSS:") < (long)n * 4, "and no more in memory");
	ok(tap_number(tap_read("/proc/vmstat"), "pswpout ") > 0, "pages were written");
	ok(meminfo_kib("SwapFree:") < meminfo_kib("SwapTotal:"), "swap is in use");
	is(wrong(p, n, 1), 0, "all of it comes back right");
	ok(status_kib("VmSwap:") < (long)n, "and is in memory");
	must(mincore(p, n * PAGE, core));
	for (size_t i = 0; i < n; i++)
		there += core[i] & 1;
	ok(there > n * 3 / 4, "mincore sees it");
	/* Clean copies leave once more, changed pages must be written again. */
	for (size_t i = 0; i < n; i += 2)
		fill(p + i * PAGE, 1, 2);
	page_out(p, n);
	for (size_t i = 0, bad = 0; i < n; i++) {
		uint64_t want = i % 2 ? (i * 2654435761u + 8) ^ 1 : 8 ^ 2;

		bad += *(uint64_t *)(p + i * PAGE + 8) != want;
		if (i == n - 1)
			is(bad, 0, "half of it changed and left again");
	}
	must(munmap(p, n * PAGE));
	works(swapoff("area"), "swapoff");
}

TEST(swapoff_brings_back)
{
	const size_t n = 1024;
	char *p = map(n), *q = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	begin("area");
	fill(p, n, 3);
	fill(q, n, 4);
	page_out(p, n);
	page_out(q, n);
	must(mprotect(p, n / 2 * PAGE, PROT_NONE));
	works(swapoff("area"), "swapoff");
	is(status_kib("VmSwap:"), 0, "nothing is in swap");
	must(unlink("area"));
	must(mprotect(p, n * PAGE, PROT_READ));
	is(wrong(p, n, 3), 0, "private memory is right");
	is(wrong(q, n, 4), 0, "shared memory is right");
}

struct shared {
	char *p;
	size_t n;
};

static int child_reads(void *argument)
{
	struct shared *s = argument;
	unsigned bad = wrong(s->p, s->n, 5);

	fill(s->p, s->n, 6);
	return bad || wrong(s->p, s->n, 6) ? 1 : 0;
}

TEST(fork_shares)
{
	struct shared s = { map(512), 512 };
	pid_t pids[4];

	begin("area");
	fill(s.p, s.n, 5);
	page_out(s.p, s.n);
	for (int i = 0; i < 4; i++)
		pids[i] = tap_spawn(child_reads, &s);
	for (int i = 0; i < 4; i++)
		exits(pids[i], 0, "a child has the parent's pages, then its own");
	is(wrong(s.p, s.n, 5), 0, "the parent's are untouched");
	page_out(s.p, s.n);
	pids[0] = tap_spawn(child_reads, &s);
	fill(s.p, s.n, 7);
	exits(pids[0], 0, "the child has what was there at the fork");
	is(wrong(s.p, s.n, 7), 0, "the parent what it stored since");
	works(swapoff("area"), "swapoff");
}

TEST(slots_come_free)
{
	const size_t n = 1024;
	long free_before, left;
	char *p = map(n);

	begin("area");
	free_before = meminfo_kib("SwapFree:");
	fill(p, n, 8);
	page_out(p, n);
	must(madvise(p, n / 2 * PAGE, MADV_DONTNEED));
	is(*(uint64_t *)p, 0, "MADV_DONTNEED: zeroes");
	is(wrong(p + n / 2 * PAGE, 0, 8), 0, "the rest is there");
	must(munmap(p, n * PAGE));
	left = meminfo_kib("SwapFree:");
	ok(free_before - left < 1024, "all slots are free again");
	works(swapoff("area"), "swapoff");
}

TEST(moves_and_rights)
{
	const size_t n = 512;
	char *p = map(n), *q;

	begin("area");
	fill(p, n, 9);
	page_out(p, n);
	q = mremap(p, n * PAGE, 2 * n * PAGE, MREMAP_MAYMOVE);
	must(q == MAP_FAILED ? -1 : 0);
	is(wrong(q, n, 9), 0, "mremap takes pages in swap along");
	is(*(uint64_t *)(q + n * PAGE), 0, "new ones are zero");
	page_out(q, n);
	must(mprotect(q, n * PAGE, PROT_READ));
	is(wrong(q, n, 9), 0, "read-only pages come back");
	page_out(q, n);
	must(mprotect(q, n * PAGE, PROT_READ | PROT_WRITE));
	fill(q, n, 10);
	is(wrong(q, n, 10), 0, "and are written to again");
	page_out(q, n);
	works(mlock(q, n * PAGE), "mlock");
	ok(status_kib("VmSwap:") < (long)n, "brings them back");
	fails(madvise(q, n * PAGE, MADV_PAGEOUT), EINVAL, "locked pages stay");
	is(wrong(q, n, 10), 0, "with their contents");
	works(swapoff("area"), "swapoff");
}

TEST(collapse)
{
	const size_t large = 2 << 20, n = large / PAGE;
	char *p = map(3 * n);

	p = (char *)(((uintptr_t)p + large - 1) & -large);
	begin("area");
	must(madvise(p, large, MADV_NOHUGEPAGE));
	fill(p, n, 13);
	page_out(p, n);
	ok(status_kib("VmSwap:") > 0, "some of it is in swap");
	must(madvise(p, large, MADV_HUGEPAGE));
	fill(p, 1, 13); /* Linux wants one page to be writable */
	works(madvise(p, large, MADV_COLLAPSE), "MADV_COLLAPSE");
	is(wrong(p, n, 13), 0, "brings it back");
	works(swapoff("area"), "swapoff");
}

TEST(calls_reach_it)
{
	const size_t n = 64;
	char *p = map(n), copy[PAGE];
	int fd = tap_file("file", "");

	begin("area");
	fill(p, n, 11);
	page_out(p, n);
	is(write(fd, p, n * PAGE), (long)(n * PAGE), "write takes it from swap");
	must(lseek(fd, 0, SEEK_SET));
	page_out(p, n);
	is(read(fd, p, n * PAGE), (long)(n * PAGE), "read stores into it");
	is(wrong(p, n, 11), 0, "and it is right");
	page_out(p, n);
	fd = must(open("/proc/self/mem", O_RDWR));
	is(pread(fd, copy, PAGE, (off_t)(uintptr_t)(p + PAGE)), PAGE, "/proc/self/mem reads it");
	is(memcmp(copy + 8, p + PAGE + 8, PAGE - 8), 0, "right");
	page_out(p, n);
	is(pwrite(fd, "new", 4, (off_t)(uintptr_t)p), 4, "and writes to it");
	is_text(p, "new", "right");
	works(swapoff("area"), "swapoff");
}

/* A setting's old value; the new one is written. */
static long change(const char *path, const char *value)
{
	long old = atol(tap_read(path));

	must(tap_write(path, value));
	return old;
}

static void *reserve(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

TEST(settings)
{
	static const char *const ratios[] = { "dirty_ratio", "dirty_background_ratio" };
	char path[64], text[32];
	long old = change("/proc/sys/vm/swappiness", "33");

	is(atol(tap_read("/proc/sys/vm/swappiness")), 33, "vm.swappiness is what was stored");
	fails(tap_write("/proc/sys/vm/swappiness", "201"), EINVAL, "more than 200");
	fails(tap_write("/proc/sys/vm/swappiness", "-1"), EINVAL, "less than 0");
	snprintf(text, sizeof(text), "%ld", old);
	change("/proc/sys/vm/swappiness", text);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/sys/vm/%s", ratios[i]);
		old = change(path, "15");
		is(atol(tap_read(path)), 15, ratios[i]);
		fails(tap_write(path, "101"), EINVAL, "more than all");
		snprintf(text, sizeof(text), "%ld", old);
		change(path, text);
	}
	old = change("/proc/sys/vm/dirty_expire_centisecs", "1234");
	is(atol(tap_read("/proc/sys/vm/dirty_expire_centisecs")), 1234, "dirty_expire_centisecs");
	snprintf(text, sizeof(text), "%ld", old);
	change("/proc/sys/vm/dirty_expire_centisecs", text);
}

TEST(overcommit)
{
	long mode = change("/proc/sys/vm/overcommit_memory", "0"), limit, committed;
	const size_t huge = 1ul << 42;
	size_t room;

	ok(reserve(huge) == MAP_FAILED && errno == ENOMEM, "mode 0: more than there ever is");
	ok(mmap(NULL, huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		0) != MAP_FAILED, "unless nothing is reserved");
	change("/proc/sys/vm/overcommit_memory", "1");
	ok(reserve(huge) != MAP_FAILED, "mode 1: as much as there are addresses");
	change("/proc/sys/vm/overcommit_memory", "2");
	limit = meminfo_kib("CommitLimit:");
	committed = meminfo_kib("Committed_AS:");
	room = limit > committed ? (size_t)(limit - committed) << 10 : 0;
	ok(reserve(room + (256ul << 20)) == MAP_FAILED && errno == ENOMEM,
	   "mode 2: beyond the limit");
	change("/proc/sys/vm/overcommit_memory", "0");
	ok(reserve(room / 2 + PAGE) != MAP_FAILED, "within it");
	fails(tap_write("/proc/sys/vm/overcommit_memory", "3"), EINVAL, "there is no mode 3");
	change("/proc/sys/vm/overcommit_memory", mode == 1 ? "1" : mode == 2 ? "2" : "0");
}

static int lower_adj(void *fd)
{
	return pwrite(*(int *)fd, "-5", 2, 0) == -1 && errno == EACCES &&
	       pwrite(*(int *)fd, "5", 1, 0) == 1 ? 0 : 1;
}

TEST(oom_scores)
{
	long plain = atol(tap_read("/proc/self/oom_score"));
	int fd = must(open("/proc/self/oom_score_adj", O_WRONLY));

	ok(plain > 600 && plain < 750, "a small process scores two thirds of a thousand");
	works(tap_write("/proc/self/oom_score_adj", "500"), "oom_score_adj 500");
	ok(atol(tap_read("/proc/self/oom_score")) - plain > 300, "raises the score by a third");
	works(tap_write("/proc/self/oom_score_adj", "-1000"), "oom_score_adj -1000");
	is(atol(tap_read("/proc/self/oom_score")), 0, "is no score at all");
	is(atol(tap_read("/proc/self/oom_adj")), -17, "which oom_adj calls -17");
	works(tap_write("/proc/self/oom_adj", "15"), "oom_adj 15");
	is(atol(tap_read("/proc/self/oom_score_adj")), 1000, "is oom_score_adj 1000");
	works(tap_write("/proc/self/oom_adj", "3"), "oom_adj 3");
	is(atol(tap_read("/proc/self/oom_score_adj")), 176, "is oom_score_adj 176");
	fails(tap_write("/proc/self/oom_adj", "16"), EINVAL, "oom_adj 16");
	fails(tap_write("/proc/self/oom_score_adj", "1001"), EINVAL, "oom_score_adj 1001");
	works(tap_write("/proc/self/oom_score_adj", "0"), "oom_score_adj 0");
	is(tap_as_user(lower_adj, &fd), 0, "a user may only raise it");
}

/* Works over so many MiB, chunks of 32 pages out of order: prints the sum. */
HELPER(work)
{
	size_t mib = (size_t)atoi(argv[0]), n = mib << 20 >> 12, chunks = n / 32;
	char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t sum = 0;

	if (p == MAP_FAILED)
		return 1;
	fill(p, n, 12);
	for (size_t round = 0; round < 2; round++)
		for (size_t i = 0; i < n; i++) {
			size_t chunk = i / 32 * 127 % chunks;
			uint64_t *page = (uint64_t *)(p + (chunk * 32 + i % 32) * PAGE);

			for (unsigned j = 0; j < PAGE / 8; j += 64)
				sum += page[j]++;
		}
	for (size_t i = 0; i < n; i++) {
		uint64_t *page = (uint64_t *)(p + i * PAGE);

		for (unsigned j = 0; j < PAGE / 8; j++)
			page[j] -= j % 64 == 0 ? 2 : 0;
	}
	printf("work: %zu MiB, %u pages wrong, sum %llx\n", mib, wrong(p, n, 12),
	       (unsigned long long)sum);
	return 0;
}
