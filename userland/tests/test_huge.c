/* Transparent large pages: that they come, and that nobody can tell. */
#include "large.h"
#include <sys/prctl.h>

TEST(comes)
{
	char *a = space(2);
	long before = vmstat("thp_fault_alloc");
	bool zero = true;

	is(large_kib(a), 0, "none at first");
	is(smaps(a, "THPeligible"), 1, "it may have some");
	a[LARGE + 12345] = 1;
	is(large_kib(a), 2048, "one store, one large page");
	is(smaps(a, "Rss"), 2048, "all of it is there");
	ok(vmstat("thp_fault_alloc") > before, "counted");
	for (int i = 0; i < LARGE; i++)
		zero &= a[LARGE + i] == (i == 12345);
	ok(zero, "the rest is zero");
	is(a[5], 0, "a read elsewhere");
	ok(tap_number(tap_read("/proc/meminfo"), "AnonHugePages:") >= 2048, "in meminfo");
	must(munmap(a, 2 * LARGE));
}

TEST(not_wanted)
{
	char *a = space(1), *small;

	must(madvise(a, LARGE, MADV_NOHUGEPAGE));
	is(smaps(a, "THPeligible"), 0, "MADV_NOHUGEPAGE");
	a[0] = 1;
	is(large_kib(a), 0, "no large page");
	is(smaps(a, "Rss"), 4, "but a small one");
	a = space(2);
	must(munmap(a, PAGE));
	must(munmap(a + 2 * LARGE - PAGE, PAGE));
	a[PAGE] = 1;
	a[2 * LARGE - PAGE - 1] = 1;
	is(large_kib(a + PAGE), 0, "not where less than 2 MiB are mapped");
	small = mmap(NULL, LARGE / 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	small[0] = 1;
	is(large_kib(small), 0, "not in a small area");
	a = space(1);
	works(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), "PR_SET_THP_DISABLE");
	is(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1, "is set");
	fails(prctl(PR_SET_THP_DISABLE, 1, 1, 0, 0), EINVAL, "with more arguments");
	fails(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0), EINVAL, "asked with more arguments");
	a[0] = 1;
	is(large_kib(a), 0, "no large page");
	if (fork() == 0)
		_exit(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) != 1);
	exits(-1, 0, "a child inherits it");
	if (fork() == 0) {
		execl(tap_self, tap_self, "--as", "disabled", NULL);
		_exit(99);
	}
	exits(-1, 1, "and what it executes");
}

HELPER(disabled)
{
	return prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0);
}

TEST(switched)
{
	char *a, *b;
	int fd;

	if (!tap_root()) {
		skip("the switch", "not root");
		return;
	}
	must(sys_begin() ? 0 : -1);
	is_text(tap_read(ENABLED), "[always] madvise never\n", "it is on");
	is_text(tap_read(SYS "/kernel/mm/transparent_hugepage/hpage_pmd_size"), "2097152\n",
		"their size");
	ok(enable("never\n"), "switch it off");
	is_text(tap_read(ENABLED), "always madvise [never]\n", "it is off");
	a = space(1);
	a[0] = 1;
	is(large_kib(a), 0, "no large page");
	ok(enable("madvise"), "only where they are asked for");
	a = space(2);
	must(madvise(a, 2 * LARGE, MADV_DONTNEED));
	b = mmap(NULL, 4 * LARGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	a[0] = b[2 * LARGE] = 1;
	is(large_kib(a), 2048, "where they are");
	is(large_kib(b), 0, "where they are not");
	ok(enable("always"), "switch it on");
	fd = must(open(ENABLED, O_WRONLY));
	fails(write(fd, "sometimes", 9), EINVAL, "no such word");
	must(close(fd));
	sys_end();
}

TEST(cut)
{
	char *a = space(3);

	mark_all(a, 3 * IN_LARGE, 1);
	is(large_kib(a), 6144, "three large pages");
	must(munmap(a + 5 * PAGE, PAGE));
	is(large_kib(a) + large_kib(a + 6 * PAGE), 4096, "a hole costs one");
	is(smaps(a, "Rss") + smaps(a + 6 * PAGE, "Rss"), 6144 - 4, "and a page");
	is(wrong(a, 0, 5, 1) + wrong(a, 6, 3 * IN_LARGE, 1), 0, "the rest is as it was");
	must(mprotect(a + LARGE + 3 * PAGE, 2 * PAGE, PROT_READ));
	is(wrong(a, 6, 3 * IN_LARGE, 1), 0, "protecting two pages changes none");
	mark(a + LARGE, 5, 2);
	ok(marked(a + LARGE, 5, 2) && marked(a, IN_LARGE + 4, 1), "a neighbour can be written");
	must(mprotect(a + LARGE + 3 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE));
	mark(a + LARGE, 3, 2);
	ok(marked(a + LARGE, 3, 2), "and they can again");
	must(madvise(a + 2 * LARGE + PAGE, PAGE, MADV_DONTNEED));
	is(a[2 * LARGE + PAGE], 0, "a page dropped is zero");
	is(wrong(a, 2 * IN_LARGE + 2, 3 * IN_LARGE, 1), 0, "the others stay");
	must(munmap(a, 3 * LARGE));
}

static int stores(void *arg)
{
	*(volatile char *)arg = 1;
	return 0;
}

TEST(protected)
{
	char *a = space(2);

	mark_all(a, 2 * IN_LARGE, 3);
	must(mprotect(a, 2 * LARGE, PROT_READ));
	is(wrong(a, 0, 2 * IN_LARGE, 3), 0, "read only");
	dies(tap_spawn(stores, a + 100), SIGSEGV, "a store");
	must(mprotect(a, 2 * LARGE, PROT_NONE));
	dies(tap_spawn(stores, a + LARGE + 100), SIGSEGV, "a store to PROT_NONE");
	must(mprotect(a, 2 * LARGE, PROT_READ | PROT_WRITE));
	is(wrong(a, 0, 2 * IN_LARGE, 3), 0, "all still there");
	mark_all(a, 2 * IN_LARGE, 4);
	is(wrong(a, 0, 2 * IN_LARGE, 4), 0, "and writable");
	must(munmap(a, 2 * LARGE));
}

TEST(forked)
{
	char *a = space(2);
	pid_t child;

	mark_all(a, 2 * IN_LARGE, 5);
	child = fork();
	if (child == 0) {
		if (wrong(a, 0, 2 * IN_LARGE, 5))
			_exit(1);
		for (int i = 0; i < 2 * IN_LARGE; i += 3)
			mark(a, i, 6);
		for (int i = 0; i < 2 * IN_LARGE; i++)
			if (!marked(a, i, i % 3 ? 5 : 6))
				_exit(2);
		_exit(0);
	}
	mark_all(a, IN_LARGE, 7);
	exits(child, 0, "a child has its own");
	is(wrong(a, 0, IN_LARGE, 7) + wrong(a, IN_LARGE, 2 * IN_LARGE, 5), 0, "so has the parent");
	mark_all(a, 2 * IN_LARGE, 8);
	is(wrong(a, 0, 2 * IN_LARGE, 8), 0, "which goes on alone");
	child = fork();
	if (child == 0) {
		must(munmap(a + LARGE / 2, LARGE));
		_exit(wrong(a, 0, IN_LARGE / 2, 8) + wrong(a, 3 * IN_LARGE / 2, 2 * IN_LARGE, 8));
	}
	exits(child, 0, "a child unmaps a part");
	is(wrong(a, 0, 2 * IN_LARGE, 8), 0, "nothing lost");
	must(madvise(a, LARGE, MADV_DONTFORK));
	must(madvise(a + LARGE, LARGE, MADV_WIPEONFORK));
	child = fork();
	if (child == 0) {
		for (int i = 0; i < LARGE; i += PAGE)
			if (a[LARGE + i])
				_exit(1);
		_exit(mincore(a, PAGE, (unsigned char[1]){0}) == 0);
	}
	exits(child, 0, "MADV_WIPEONFORK, MADV_DONTFORK");
	is(wrong(a, 0, 2 * IN_LARGE, 8), 0, "nothing lost");
	must(munmap(a, 2 * LARGE));
}

TEST(moved)
{
	char *a = space(2), *b = space(3), *c;

	mark_all(a, 2 * IN_LARGE, 9);
	c = mremap(a, 2 * LARGE, 2 * LARGE, MREMAP_MAYMOVE | MREMAP_FIXED, b);
	ok(c == b, "by whole large pages");
	is(wrong(b, 0, 2 * IN_LARGE, 9), 0, "all there");
	must(mmap(a, 2 * LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		  -1, 0) == a ? 0 : -1);
	c = mremap(b, 2 * LARGE - PAGE, 2 * LARGE - PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, a + PAGE);
	ok(c == a + PAGE, "by a page more");
	is(wrong(c, 0, 2 * IN_LARGE - 1, 9), 0, "all there");
	is(wrong(b, 2 * IN_LARGE - 1, 2 * IN_LARGE, 9), 0, "and the last page, which stayed");
	c = mremap(c, 2 * LARGE - PAGE, 4 * LARGE, MREMAP_MAYMOVE);
	ok(c != MAP_FAILED, "larger");
	is(wrong(c, 0, 2 * IN_LARGE - 1, 9), 0, "all there");
	must(munmap(c, 4 * LARGE));
	a = space(2);
	mark_all(a, 2 * IN_LARGE, 10);
	c = mremap(a, 2 * LARGE, LARGE + 5 * PAGE, 0);
	ok(c == a, "smaller");
	is(wrong(a, 0, IN_LARGE + 5, 10), 0, "all there");
	must(munmap(a, LARGE + 5 * PAGE));
	a = space(1);
	mark_all(a, IN_LARGE, 11);
	c = mremap(a, LARGE, LARGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	ok(c != MAP_FAILED && c != a, "MREMAP_DONTUNMAP");
	is(wrong(c, 0, IN_LARGE, 11), 0, "all there");
	ok(a[0] == 0 && a[LARGE - 1] == 0, "the old place is empty");
	must(munmap(c, LARGE));
}

TEST(advised)
{
	unsigned char there[IN_LARGE];
	char *a = space(2);
	int n = 0;

	mark_all(a, IN_LARGE, 12);
	must(mincore(a, LARGE, there));
	for (int i = 0; i < IN_LARGE; i++)
		n += there[i] & 1;
	is(n, IN_LARGE, "mincore");
	is(large_kib(a), 2048, "which splits nothing");
	works(madvise(a, LARGE, MADV_DONTNEED), "MADV_DONTNEED of the whole");
	is(smaps(a, "Rss"), 0, "all gone");
	a[77] = 1;
	is(large_kib(a), 2048, "the next store gets a large page");
	ok(a[0] == 0 && a[LARGE - 1] == 0 && a[77] == 1, "of zeroes");
	must(madvise(a, LARGE, MADV_NOHUGEPAGE));
	must(madvise(a, LARGE, MADV_DONTNEED));
	a[77] = 1;
	is(smaps(a, "Rss"), 4, "a small page");
	must(madvise(a, 2 * LARGE, MADV_HUGEPAGE));
	must(madvise(a, 2 * LARGE, MADV_DONTNEED));
	a[78] = 1;
	works(madvise(a, 2 * LARGE, MADV_POPULATE_WRITE), "MADV_POPULATE_WRITE");
	ok(large_kib(a) >= 2048, "brings large ones");
	is(smaps(a, "Rss"), 4096, "and all there is");
	works(mlock(a + PAGE, PAGE), "lock a page of one");
	works(munlock(a + PAGE, PAGE), "unlock it");
	works(madvise(a, LARGE, MADV_COLD), "MADV_COLD");
	mark_all(a, IN_LARGE, 13);
	works(madvise(a, LARGE, MADV_PAGEOUT), "MADV_PAGEOUT");
	is(wrong(a, 0, IN_LARGE, 13), 0, "all there");
	works(madvise(a, 2 * LARGE, MADV_FREE), "MADV_FREE");
	must(munmap(a, 2 * LARGE));
	a = mmap(NULL, 4 * LARGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	is(smaps(a, "Rss"), 4 * 2048, "MAP_POPULATE");
	must(munmap(a, 4 * LARGE));
}

/* The kernel reads and writes them, too. */
TEST(kernel_access)
{
	char *a = space(2), *text = a + LARGE - 10;
	int fd = tap_file("f", "0123456789abcdefghij"), mem, p[2];
	char back[21] = "";

	a[0] = 1;
	is(read(fd, text, 20), 20, "read across the border");
	ok(memcmp(text, "0123456789abcdefghij", 20) == 0, "what was read");
	must(pipe(p));
	is(write(p[1], text, 20), 20, "write from there");
	must(read(p[0], back, 20));
	is_text(back, "0123456789abcdefghij", "what was written");
	must(mem = open("/proc/self/mem", O_RDWR));
	is(pwrite(mem, "XYZ", 3, (off_t)(uintptr_t)(a + 5000)), 3, "through /proc/self/mem");
	ok(memcmp(a + 5000, "XYZ", 3) == 0, "what was poked");
	must(mprotect(a, LARGE, PROT_READ));
	is(pwrite(mem, "QRS", 3, (off_t)(uintptr_t)(a + 5000)), 3, "although it is read only");
	ok(memcmp(a + 5000, "QRS", 3) == 0, "what was poked");
	dies(tap_spawn(stores, a + 5000), SIGSEGV, "which it stays");
	must(munmap(a, 2 * LARGE));
}

/* Memory given back is given back: as much is free as before. */
TEST(freed)
{
	long before = 0, after;

	for (int round = 0; round < 3; round++) {
		char *a = space(8);

		if (round == 1)
			before = tap_number(tap_read("/proc/meminfo"), "MemFree:");
		for (int i = 0; i < 8; i++)
			mark(a, i * IN_LARGE, round);
		if (fork() == 0) {
			for (int i = 0; i < 8 * IN_LARGE; i += 5)
				mark(a, i, 1);
			_exit(0);
		}
		exits(-1, 0, "a child");
		must(munmap(a + LARGE / 2, LARGE));
		must(munmap(a, 8 * LARGE));
	}
	after = tap_number(tap_read("/proc/meminfo"), "MemFree:");
	ok(after > before - 4096, "as much memory is free");
}
