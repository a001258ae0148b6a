/* remap_file_pages(2): the parts of a file in another order. */
#include "tap.h"
#include <sys/mman.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE };

static char *map(int pages, int prot, int flags, int fd)
{
	char *p = mmap(NULL, (size_t)pages * PAGE, prot, flags, fd, 0);

	must(p == MAP_FAILED ? -1 : 0);
	return p;
}

/* A file of pages of 'a', of 'b', and so on. */
static int letters(const char *name, int pages)
{
	int fd = tap_file(name, "");
	char page[PAGE];

	for (int i = 0; i < pages; i++) {
		memset(page, 'a' + i % 26, PAGE);
		must(write(fd, page, PAGE));
	}
	return fd;
}

static long remap(char *p, size_t size, int prot, size_t index, int flags)
{
	return syscall(SYS_remap_file_pages, p, size, prot, index, flags);
}

static void shows(const char *p, const char *want, const char *what)
{
	char got[16] = "";

	for (size_t i = 0; i < strlen(want); i++)
		got[i] = p[i * PAGE + 7];
	is_text(got, want, what);
}

static void reorders(int fd, char *p)
{
	char c;

	shows(p, "abcde", "the file's order");
	works(remap(p, PAGE, 0, 3, 0), "the fourth page where the first was");
	shows(p, "dbcde", "is there, and where it was");
	works(remap(p + PAGE, 2 * PAGE, 0, 0, 0), "two pages in the middle");
	shows(p, "dabde", "are others");
	works(remap(p, 5 * PAGE, 0, 0, 0), "all, be they many areas,");
	shows(p, "abcde", "as at first");
	for (int i = 0; i < 5; i++)
		must(remap(p + i * PAGE, PAGE, 0, (size_t)(4 - i), 0));
	shows(p, "edcba", "the other way round");
	p[7] = 'E';
	p[4 * PAGE + 7] = 'A';
	if (fd < 0)
		return;
	must(pread(fd, &c, 1, 4 * PAGE + 7));
	is(c, 'E', "what is stored goes to the page that is shown");
	must(pread(fd, &c, 1, 7));
	is(c, 'A', "at both ends");
}

TEST(file)
{
	int fd = letters("file", 5);
	char *p = map(5, RW, MAP_SHARED, fd);

	reorders(fd, p);
	close(fd);
	works(remap(p, PAGE, 0, 1, 0), "the file is not open any more");
	shows(p, "bdcbA", "and yet there");
	works(munmap(p, 5 * PAGE), "munmap");
}

TEST(shared_memory)
{
	char *p = map(5, RW, MAP_SHARED | MAP_ANONYMOUS, -1);

	for (int i = 0; i < 5; i++)
		memset(p + i * PAGE, 'a' + i, PAGE);
	reorders(-1, p);
}

static int touches(void *at)
{
	return *(volatile char *)at;
}

TEST(behind_the_end)
{
	char *p = map(2, RW, MAP_SHARED, letters("file", 2));

	works(remap(p, 2 * PAGE, 0, 1, 0), "one page more than there is");
	shows(p, "b", "the last one");
	dies(tap_spawn(touches, p + PAGE), SIGBUS, "behind it");
	fails(remap(p, PAGE, 0, SIZE_MAX / PAGE, 0), EOVERFLOW, "where no file can be");
	fails(remap(p, 2 * PAGE, 0, SIZE_MAX, 0), EINVAL, "nor a number");
	shows(p, "b", "all as it was");
}

TEST(roundings)
{
	char *p = map(4, RW, MAP_SHARED, letters("file", 4));

	works(remap(p + PAGE + 5, 2 * PAGE + 100, 0, 0, 0), "down to pages, both");
	shows(p, "aabd", "so");
	fails(remap(p, PAGE - 1, 0, 1, 0), EINVAL, "no page");
	fails(remap(p, 0, 0, 1, 0), EINVAL, "nothing");
	fails(remap(p, SIZE_MAX, 0, 1, 0), EINVAL, "an end that wraps");
	works(remap(p, PAGE, 0, 1, MAP_PRIVATE | MAP_ANONYMOUS | 0x40000000), "any flags");
	shows(p, "babd", "mean nothing");
}

TEST(refused)
{
	int fd = letters("file", 4), other = letters("other", 4);
	char *p = map(6, RW, MAP_SHARED, fd), *q;

	fails(remap(p, PAGE, PROT_READ, 1, 0), EINVAL, "rights");
	fails(remap(map(1, RW, MAP_PRIVATE, fd), PAGE, 0, 1, 0), EINVAL, "a private mapping");
	fails(remap(map(1, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1), PAGE, 0, 1, 0), EINVAL, "memory");
	must(munmap(p + 4 * PAGE, PAGE));
	fails(remap(p + 4 * PAGE, PAGE, 0, 0, 0), EINVAL, "nothing");
	fails(remap(p + 3 * PAGE, 3 * PAGE, 0, 0, 0), EINVAL, "a gap");
	q = mmap(p + 4 * PAGE, PAGE, RW, MAP_SHARED | MAP_FIXED, other, 0);
	must(q == MAP_FAILED ? -1 : 0);
	fails(remap(p + 3 * PAGE, 2 * PAGE, 0, 0, 0), EINVAL, "two files");
	must(mprotect(p + PAGE, PAGE, PROT_READ));
	fails(remap(p, 2 * PAGE, 0, 2, 0), EINVAL, "two kinds of rights");
	shows(p, "abcda", "all as it was");
}

static int stores(void *at)
{
	*(volatile char *)at = 'x';
	return 0;
}

TEST(rights)
{
	int fd = letters("file", 2), readable = must(open("file", O_RDONLY));
	char *p = map(2, PROT_READ, MAP_SHARED, fd), *q = map(2, PROT_READ, MAP_SHARED, readable);

	works(remap(p, PAGE, 0, 1, 0), "what is only read");
	dies(tap_spawn(stores, p), SIGSEGV, "stays so");
	works(mprotect(p, PAGE, RW), "until it may be written");
	p[7] = 'B';
	shows(p + PAGE, "B", "and is");
	fails(remap(q, PAGE, 0, 1, 0), EINVAL, "nothing of a file that is open for reading");
}

TEST(sealed)
{
	int fd = must(memfd_create("sealed", MFD_ALLOW_SEALING));
	char *p, *q;

	must(ftruncate(fd, 2 * PAGE));
	p = map(2, RW, MAP_SHARED, fd);
	q = map(2, PROT_READ, MAP_SHARED, fd);
	p[PAGE + 7] = 'b';
	must(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	fails(remap(p, PAGE, 0, 1, 0), EPERM, "nobody may write from now on");
	works(remap(q, PAGE, 0, 1, 0), "but read");
	shows(q, "b", "what is there");
	fails(mprotect(q, PAGE, RW), EACCES, "and no more");
}

/* Whether the page has an entry, of /proc/[pid]/pagemap. */
static bool present(int pagemap, const char *p)
{
	uint64_t word = 0;

	must(pread(pagemap, &word, 8, (off_t)((uintptr_t)p / PAGE * 8)));
	return word >> 63;
}

TEST(populated)
{
	int fd = letters("file", 64), pagemap = must(open("/proc/self/pagemap", O_RDONLY));
	char *p = map(64, RW, MAP_SHARED, fd);

	works(remap(p, PAGE, 0, 40, MAP_NONBLOCK), "MAP_NONBLOCK");
	is(present(pagemap, p), 0, "waits for the first use");
	works(remap(p + PAGE, PAGE, 0, 41, 0), "without");
	is(present(pagemap, p + PAGE), 1, "there is the page");
	shows(p, "op", "which it is");
	must(mlock(p + 2 * PAGE, PAGE));
	works(remap(p + 2 * PAGE, PAGE, 0, 50, 0), "a locked page");
	ok(strstr(tap_read("/proc/self/status"), "VmLck:\t       4 kB\n") != NULL, "stays locked");
}
