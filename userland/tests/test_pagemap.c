/* What /proc/[pid]/pagemap, clear_refs and smaps_rollup tell of memory (proc(5)). */
#include "tap.h"
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define PAGE      4096l
#define PRESENT   (1ull << 63)
#define OF_FILE   (1ull << 61)
#define EXCLUSIVE (1ull << 56)
#define FRAME     ((1ull << 55) - 1)
#define KINDS     (PRESENT | 1ull << 62 | OF_FILE | EXCLUSIVE)

static char *map(int flags, int fd, long pages)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	must(p == MAP_FAILED ? -1 : 0);
	return p;
}

static off_t word_offset(const void *p)
{
	return (off_t)((uintptr_t)p / PAGE * sizeof(uint64_t));
}

static uint64_t word(const void *p)
{
	int fd = must(open("/proc/self/pagemap", O_RDONLY));
	uint64_t w = 0;

	is(pread(fd, &w, sizeof(w), word_offset(p)), sizeof(w), "a word");
	close(fd);
	return w;
}

static void write_refs(const char *what)
{
	int fd = must(open("/proc/self/clear_refs", O_WRONLY));

	is(write(fd, what, strlen(what)), (long)strlen(what), what);
	close(fd);
}

/* The number after `key`, from the line in which `from` is on. */
static long number(const char *path, const char *from, const char *key)
{
	static char text[1 << 17];
	int fd = must(open(path, O_RDONLY));
	size_t have = 0;
	ssize_t n;
	const char *at;

	while ((n = read(fd, text + have, sizeof(text) - 1 - have)) > 0)
		have += (size_t)n;
	close(fd);
	text[have] = 0;
	at = strstr(text, from);
	at = at ? strstr(at, key) : NULL;
	return at ? atol(at + strlen(key)) : -1;
}

static long of_area(const void *p, const char *key)
{
	char start[24];

	snprintf(start, sizeof(start), "%08lx-", (unsigned long)(uintptr_t)p);
	return number("/proc/self/smaps", start, key);
}

TEST(words)
{
	char *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1, 6);
	uint64_t first, third;

	is(word(p) & KINDS, 0, "nothing behind a page that was not touched");
	p[0] = p[2 * PAGE] = 1;
	first = word(p);
	third = word(p + 2 * PAGE);
	ok((first & KINDS) == (PRESENT | EXCLUSIVE), "there, mapped once, of no file");
	ok((first & FRAME) && (third & FRAME) && (first & FRAME) != (third & FRAME), "two frames");
	ok((((volatile char *)p)[PAGE]) == 0, "read only");
	ok((word(p + PAGE) & KINDS) == PRESENT, "the page of zeros");
	must(mprotect(p, PAGE, PROT_NONE));
	ok(word(p) == first, "the same without rights to it");
	must(munmap(p, PAGE));
	is(word(p), 0, "nothing without an area");
	must(munmap(p + PAGE, 5 * PAGE));
}

static int owns_all(void *p)
{
	return (word(p) & EXCLUSIVE) != 0;
}

TEST(sharing)
{
	char *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1, 1);
	char *s = map(MAP_SHARED | MAP_ANONYMOUS, -1, 1), *f;
	int fd = must(open("pagemap.file", O_RDWR | O_CREAT | O_TRUNC, 0600));

	p[0] = s[0] = 1;
	exits(tap_spawn(owns_all, p), 0, "a copy of fork's is mapped twice");
	ok((word(s) & KINDS) == (PRESENT | OF_FILE | EXCLUSIVE), "shared memory");
	must(ftruncate(fd, PAGE));
	f = map(MAP_SHARED, fd, 1);
	f[0] = 1;
	ok((word(f) & KINDS) == (PRESENT | OF_FILE | EXCLUSIVE), "a page of a file");
	must(munmap(f, PAGE));
	close(fd);
	unlink("pagemap.file");
}

TEST(large)
{
	enum { LARGE = 2 << 20 };
	char *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1, 2 * LARGE / PAGE);
	char *a = (char *)(((uintptr_t)p + LARGE - 1) & ~(uintptr_t)(LARGE - 1));
	int fd = must(open("/proc/self/pagemap", O_RDONLY)), missing = 0;
	static uint64_t words[600];
	long large;

	madvise(a, LARGE, MADV_HUGEPAGE);
	memset(a, 1, LARGE);
	large = of_area(a, "AnonHugePages:");
	memset(words, 0, sizeof(words));
	is(pread(fd, words, 512 * 8, word_offset(a)), 512 * 8, "the words of a large page");
	for (int i = 0; i < 512; i++)
		missing += !(words[i] & PRESENT) || (i && !(words[i] & FRAME));
	is(missing, 0, "all there");
	is(pread(fd, words, 16, word_offset(a + 17 * PAGE)), 16, "some of them");
	is(of_area(a, "AnonHugePages:"), large, "a look does not split it");
	close(fd);
	must(munmap(p, 2 * LARGE));
}

TEST(reads)
{
	int fd = must(open("/proc/self/pagemap", O_RDONLY));
	uint64_t words[4];

	fails(pread(fd, words, 7, 0), EINVAL, "not a multiple of a word");
	fails(pread(fd, words, 8, 4), EINVAL, "not at one");
	is(pread(fd, words, 0, 0), 0, "nothing asked");
	is(pread(fd, words, 8, 1l << 50), 0, "behind the end");
	fails(pread(fd, (void *)8, 8, 0), EFAULT, "nowhere to put it");
	is(lseek(fd, 64, SEEK_SET), 64, "lseek");
	is(read(fd, words, sizeof(words)), sizeof(words), "read");
	is(lseek(fd, 0, SEEK_CUR), 64 + (long)sizeof(words), "goes on");
	fails(lseek(fd, 0, SEEK_END), EINVAL, "no end to seek to");
	fails(write(fd, words, 8), EBADF, "not to be written");
	close(fd);
}

static int sees_no_frame(void *p)
{
	must(prctl(PR_SET_DUMPABLE, 1));
	return (word(p) & FRAME) != 0 || !(word(p) & PRESENT);
}

TEST(frames_are_secret)
{
	char *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1, 1);

	p[0] = 1;
	ok((word(p) & FRAME) != 0, "told with CAP_SYS_ADMIN");
	is(tap_as_user(sees_no_frame, p), 0, "and not without");
	must(munmap(p, PAGE));
}

TEST(clear_refs)
{
	char *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1, 8), *s, *big;
	int fd = must(open("/proc/self/clear_refs", O_WRONLY));
	long before;

	s = map(MAP_SHARED | MAP_ANONYMOUS, -1, 4);
	memset(p, 1, 8 * PAGE);
	memset(s, 1, 4 * PAGE);
	is(of_area(p, "Referenced:"), 32, "all was used");
	is(of_area(s, "Referenced:"), 16, "of both");
	write_refs("3");
	is(of_area(p, "Referenced:"), 32, "not private pages");
	is(of_area(s, "Referenced:"), 0, "those of files and shared ones");
	write_refs("2\n");
	is(of_area(p, "Referenced:"), 0, "private pages");
	is(of_area(p, "Rss:"), 32, "are all still there");
	write_refs("1");
	fails(write(fd, "0", 1), EINVAL, "0");
	fails(write(fd, "6", 1), EINVAL, "6");
	fails(write(fd, "x", 1), EINVAL, "no number");
	close(fd);
	big = map(MAP_PRIVATE | MAP_ANONYMOUS, -1, 2048);
	memset(big, 1, 2048 * PAGE);
	must(munmap(big, 2048 * PAGE));
	before = number("/proc/self/status", "VmHWM:", "VmHWM:");
	write_refs("5");
	ok(before - number("/proc/self/status", "VmHWM:", "VmHWM:") > 4096, "VmHWM begins anew");
	must(munmap(p, 8 * PAGE));
	must(munmap(s, 4 * PAGE));
}

static long sum(const char *key)
{
	char line[256];
	FILE *f = fopen("/proc/self/smaps", "r");
	long all = 0;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			all += atol(line + strlen(key));
	if (f)
		fclose(f);
	return all;
}

static long rolled(const char *key)
{
	return number("/proc/self/smaps_rollup", "[rollup]", key);
}

TEST(rollup)
{
	char *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1, 256);
	char *s = map(MAP_SHARED | MAP_ANONYMOUS, -1, 64);
	long parts;

	memset(p, 1, 256 * PAGE);
	memset(s, 1, 64 * PAGE);
	sum("Rss:"); /* whatever that touches */
	rolled("Rss:");
	ok(labs(rolled("Rss:") - sum("Rss:")) <= 32, "Rss is the sum of all areas");
	ok(labs(rolled("Anonymous:") - sum("Anonymous:")) <= 32, "and Anonymous");
	ok(rolled("Pss_Anon:") >= 1024, "of private pages");
	ok(rolled("Pss_Shmem:") >= 256, "of shared memory");
	ok(rolled("Pss_Dirty:") >= 1280, "of what was written");
	parts = rolled("Pss_Anon:") + rolled("Pss_File:") + rolled("Pss_Shmem:");
	ok(labs(rolled("Pss:") - parts) <= 32, "Pss is the sum of its kinds");
	must(munmap(p, 256 * PAGE));
	must(munmap(s, 64 * PAGE));
}
