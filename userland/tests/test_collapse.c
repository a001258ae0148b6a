/* madvise(2) with MADV_COLLAPSE: small pages become large ones, and nothing else changes. */
#include "large.h"

/* The same memory in small pages, some of them never touched. */
static char *small_pages(int n, int salt)
{
	char *a = space(n);

	must(madvise(a, n * (size_t)LARGE, MADV_NOHUGEPAGE));
	for (int i = 0; i < n * IN_LARGE; i++)
		if (i % 7 != 3)
			mark(a, i, salt);
	is(large_kib(a), 0, "small pages");
	must(madvise(a, n * (size_t)LARGE, MADV_HUGEPAGE));
	return a;
}

static int bad_pages(const char *a, int n, int salt)
{
	int bad = 0;

	for (int i = 0; i < n * IN_LARGE; i++) {
		const char *at = a + (size_t)i * PAGE;

		bad += i % 7 != 3 ? !marked(a, i, salt) : at[0] || at[2000] || at[4095];
	}
	return bad;
}

TEST(becomes_large)
{
	char *a = small_pages(2, 1);

	works(madvise(a, LARGE, MADV_COLLAPSE), "the first half");
	is(large_kib(a), 2048, "is large");
	is(bad_pages(a, 2, 1), 0, "all there");
	works(madvise(a, 2 * LARGE, MADV_COLLAPSE), "all of it");
	is(large_kib(a), 4096, "is large");
	is(bad_pages(a, 2, 1), 0, "all there");
	works(madvise(a, 2 * LARGE, MADV_COLLAPSE), "again");
	mark_all(a, 2 * IN_LARGE, 2);
	is(wrong(a, 0, 2 * IN_LARGE, 2), 0, "it can be stored to");
	must(mprotect(a + 5 * PAGE, PAGE, PROT_READ));
	must(mprotect(a + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE));
	is(large_kib(a), 2048, "a cut splits one");
	works(madvise(a, 2 * LARGE, MADV_COLLAPSE), "which is made whole");
	is(large_kib(a), 4096, "again");
	is(wrong(a, 0, 2 * IN_LARGE, 2), 0, "with all there");
	must(munmap(a, 2 * LARGE));
}

/* What is asked of large pages themselves does not matter, but for areas that want none. */
TEST(whatever_the_setting)
{
	char *a;

	if (!sys_begin() || !enable("never")) {
		skip("the setting", "no /sys/kernel/mm/transparent_hugepage");
		return;
	}
	a = small_pages(1, 3);
	works(madvise(a, LARGE, MADV_COLLAPSE), "while large pages are switched off");
	is(large_kib(a), 2048, "a large page");
	is(bad_pages(a, 1, 3), 0, "all there");
	enable("always");
	sys_end();
	must(munmap(a, LARGE));
}

TEST(refused)
{
	char *a = small_pages(2, 4);

	works(madvise(a, 0, MADV_COLLAPSE), "nothing");
	fails(madvise(a + 1, LARGE, MADV_COLLAPSE), EINVAL, "an odd address");
	fails(madvise(a + PAGE, LARGE - 2 * PAGE, MADV_COLLAPSE), EINVAL, "less than a large page");
	must(madvise(a, LARGE, MADV_NOHUGEPAGE));
	fails(madvise(a, LARGE, MADV_COLLAPSE), EINVAL, "with MADV_NOHUGEPAGE");
	must(madvise(a, LARGE, MADV_HUGEPAGE));
	must(madvise(a, LARGE, MADV_DONTNEED));
	fails(madvise(a, LARGE, MADV_COLLAPSE), EINVAL, "where nothing was touched");
	fails(madvise(a, 2 * LARGE, MADV_COLLAPSE), EINVAL, "partly nothing");
	is(large_kib(a), 2048, "the rest is done");
	must(munmap(a, LARGE));
	fails(madvise(a, 2 * LARGE, MADV_COLLAPSE), ENOMEM, "over a hole");
	fails(madvise(a, LARGE, MADV_COLLAPSE), ENOMEM, "nothing but a hole");
	must(munmap(a + LARGE, LARGE));
}

/* Pages shared by fork are copied; each side keeps its own. */
TEST(shared_by_fork)
{
	char *a = small_pages(1, 5);
	int ready[2];
	pid_t pid;
	char c;

	must(pipe(ready));
	pid = must(fork());
	if (pid == 0) {
		must(read(ready[0], &c, 1));
		if (bad_pages(a, 1, 5))
			_exit(1);
		mark(a, 0, 5);
		if (madvise(a, LARGE, MADV_COLLAPSE) < 0)
			_exit(2);
		_exit(bad_pages(a, 1, 5) ? 3 : large_kib(a) != 2048 ? 4 : 0);
	}
	/* Linux wants one page to be writable. */
	mark(a, 0, 5);
	works(madvise(a, LARGE, MADV_COLLAPSE), "while a child shares it");
	is(large_kib(a), 2048, "a large page");
	mark_all(a, IN_LARGE, 6);
	must(write(ready[1], "x", 1));
	exits(pid, 0, "the child has what was there");
	is(wrong(a, 0, IN_LARGE, 6), 0, "and this side its own");
	must(munmap(a, LARGE));
}

/* As much memory is free as before. */
TEST(freed)
{
	long before = 0, after;

	for (int round = 0; round < 5; round++) {
		char *a = space(8);

		if (round == 1)
			before = tap_number(tap_read("/proc/meminfo"), "MemFree:");
		must(madvise(a, 8 * LARGE, MADV_NOHUGEPAGE));
		for (int i = 0; i < 8 * IN_LARGE; i++)
			mark(a, i, round);
		must(madvise(a, 8 * LARGE, MADV_HUGEPAGE));
		must(madvise(a, 8 * LARGE, MADV_COLLAPSE));
		if (wrong(a, 0, 8 * IN_LARGE, round))
			ok(false, "all there");
		must(munmap(a, 8 * LARGE));
	}
	after = tap_number(tap_read("/proc/meminfo"), "MemFree:");
	ok(after > before - 4096, "as much memory is free");
}
