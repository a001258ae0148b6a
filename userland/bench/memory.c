/* Rows of memory: page faults of each kind, mmap and munmap, mprotect. */
#include "bench.h"

enum { PAGE = 4096, PAGES = 1024 };

static void *map_pages(int flags, int fd)
{
	return mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
}

static int64_t mmap_munmap(long n)
{
	return TIMED(n, {
		void *p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		if (p == MAP_FAILED)
			return -1;
		munmap(p, 16 * PAGE);
	});
}

static int64_t anon_fault(long n)
{
	int64_t took = 0;

	for (long done = 0; done < n; done += PAGES) {
		long count = n - done < PAGES ? n - done : PAGES;
		volatile char *p = map_pages(MAP_PRIVATE | MAP_ANONYMOUS, -1);

		if (p == MAP_FAILED)
			return -1;
		madvise((void *)p, PAGES * PAGE, MADV_NOHUGEPAGE);
		took += TIMED(count, p[i_ * PAGE] = 1);
		munmap((void *)p, PAGES * PAGE);
	}
	return took;
}

static int64_t file_fault(long n)
{
	static char zeros[PAGES * PAGE];
	int64_t took = 0;
	int fd = open(DISK_DIR "/bench.mapped", O_RDWR | O_CREAT, 0644);

	if (fd < 0 || pwrite(fd, zeros, sizeof(zeros), 0) != sizeof(zeros))
		return -1;
	for (long done = 0; done < n; done += PAGES) {
		long count = n - done < PAGES ? n - done : PAGES;
		volatile char *p = map_pages(MAP_PRIVATE, fd);

		if (p == MAP_FAILED)
			return -1;
		took += TIMED(count, (void)p[i_ * PAGE]);
		munmap((void *)p, PAGES * PAGE);
	}
	close(fd);
	return took;
}

static int64_t cow_fault(long n)
{
	volatile char *p = map_pages(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int64_t took = 0;

	if (p == MAP_FAILED)
		return -1;
	madvise((void *)p, PAGES * PAGE, MADV_NOHUGEPAGE);
	for (long done = 0; done < n; done += PAGES) {
		long count = n - done < PAGES ? n - done : PAGES;
		int64_t spent = -1;
		int ends[2];

		memset((void *)p, 1, PAGES * PAGE);
		if (pipe(ends) < 0)
			return -1;
		if (fork() == 0) {
			spent = TIMED(count, p[i_ * PAGE] = 2);
			_exit(write(ends[1], &spent, sizeof(spent)) < 0);
		}
		close(ends[1]);
		if (read(ends[0], &spent, sizeof(spent)) != sizeof(spent))
			return -1;
		close(ends[0]);
		wait(NULL);
		took += spent;
	}
	munmap((void *)p, PAGES * PAGE);
	return took;
}

static int64_t mprotect_page(long n)
{
	volatile char *p = map_pages(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int64_t took;

	if (p == MAP_FAILED)
		return -1;
	*p = 1;
	took = TIMED(n, mprotect((void *)p, PAGE, i_ & 1 ? PROT_READ | PROT_WRITE : PROT_READ));
	munmap((void *)p, PAGES * PAGE);
	return took;
}

const struct row memory_rows[] = {
	{"mmap_munmap", mmap_munmap, 0}, {"anon_fault", anon_fault, 0},
	{"file_fault", file_fault, 0}, {"cow_fault", cow_fault, 0},
	{"mprotect", mprotect_page, 0}, {NULL, NULL, 0},
};
