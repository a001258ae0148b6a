/*
 * What the tests of transparent large pages share: aligned memory, what smaps says of it, and pages
 * that know their contents.
 */
#ifndef LARGE_H
#define LARGE_H

#include "tap.h"
#include <sys/mman.h>
#include <sys/mount.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { PAGE = 4096, LARGE = 2 << 20, IN_LARGE = LARGE / PAGE };

#define SYS "/tmp/huge-sys"
#define ENABLED SYS "/kernel/mm/transparent_hugepage/enabled"

/* Says who gets large pages, in a /sys of one's own: whether it could. */
static inline bool enable(const char *who)
{
	return tap_write(ENABLED, who) == 0;
}

static inline bool sys_begin(void)
{
	mkdir(SYS, 0755);
	return mount("sysfs", SYS, "sysfs", 0, NULL) == 0;
}

static inline void sys_end(void)
{
	umount(SYS);
	rmdir(SYS);
}

/* Linux has them switched off in a machine with little memory. */
__attribute__((constructor)) static inline void switch_on(void)
{
	if (getuid() == 0 && sys_begin()) {
		enable("always");
		sys_end();
	}
}

/* n large pages of address space, aligned, with a page of nothing around. */
static inline char *space(int n)
{
	char *at = mmap(NULL, (n + 2) * (size_t)LARGE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), *base;

	must(at == MAP_FAILED ? -1 : 0);
	base = (char *)(((uintptr_t)at + LARGE) & -(uintptr_t)LARGE);
	must(munmap(base, n * (size_t)LARGE));
	must(mmap(base, n * (size_t)LARGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == base ? 0 : -1);
	must(madvise(base, n * (size_t)LARGE, MADV_HUGEPAGE));
	return base;
}

/* The number after a key in the smaps entry of the area at `at`. */
static inline long smaps(const void *at, const char *key)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	bool inside = false;
	char line[512];
	long n = -1;

	while (f && n < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = (uintptr_t)at >= start && (uintptr_t)at < end;
		else if (inside && strncmp(line, key, strlen(key)) == 0)
			sscanf(line + strlen(key), ": %ld", &n);
	}
	if (f)
		fclose(f);
	return n;
}

static inline long large_kib(const void *at)
{
	return smaps(at, "AnonHugePages");
}

/* Page i of an area gets contents of its own; and whether it still has them. */
static inline void mark(char *base, int i, int salt)
{
	int *at = (int *)(base + (size_t)i * PAGE);

	at[0] = at[500] = at[1023] = i * 7919 + salt;
}

static inline bool marked(const char *base, int i, int salt)
{
	const int *at = (const int *)(base + (size_t)i * PAGE);
	int want = i * 7919 + salt;

	return at[0] == want && at[500] == want && at[1023] == want && at[1] == 0;
}

static inline int wrong(const char *base, int first, int end, int salt)
{
	int n = 0;

	for (int i = first; i < end; i++)
		n += !marked(base, i, salt);
	return n;
}

static inline void mark_all(char *base, int pages, int salt)
{
	for (int i = 0; i < pages; i++)
		mark(base, i, salt);
}

static inline long vmstat(const char *key)
{
	return tap_number(tap_read("/proc/vmstat"), key);
}

#endif
