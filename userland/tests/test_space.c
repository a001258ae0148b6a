/* Memory calls at their edges: files and mappings as one, advice, locks, seals, growth. */
#include "tap.h"
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>

#ifndef MADV_COLD
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif
#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE };

static char *anon(size_t size)
{
	char *p = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p == MAP_FAILED ? -1 : 0);
	return p;
}

static char *map(size_t size, int prot, int flags, int fd)
{
	char *p = mmap(NULL, size, prot, flags, fd, 0);

	must(p == MAP_FAILED ? -1 : 0);
	return p;
}

static int map_error(const void *p)
{
	return p == MAP_FAILED ? errno : 0;
}

/* A file of n pages, page i full of 'a' + i. */
static int file_of(const char *path, int pages)
{
	char page[PAGE];
	int fd = must(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600));

	for (int i = 0; i < pages; i++) {
		memset(page, 'a' + i, PAGE);
		must(write(fd, page, PAGE));
	}
	return fd;
}

static int in_core(const char *p, int pages)
{
	unsigned char there[64];
	int n = 0;

	must(mincore((void *)p, pages * PAGE, there));
	for (int i = 0; i < pages; i++)
		n += there[i] & 1;
	return n;
}

static int stores(void *arg)
{
	*(volatile char *)arg = 1;
	return 0;
}

static int loads(void *arg)
{
	return *(volatile char *)arg * 0;
}

/* ---- Files ---- */

TEST(coherent)
{
	int fd = file_of("f", 4), other = must(open("f", O_RDWR)), go[2], back[2];
	char *s = map(4 * PAGE, RW, MAP_SHARED, fd), *p = map(4 * PAGE, RW, MAP_PRIVATE, other);
	char c = 0;
	pid_t child;

	must(pipe(go));
	must(pipe(back));
	child = fork();
	if (child == 0) {
		char *mine = map(4 * PAGE, RW, MAP_SHARED, must(open("f", O_RDWR)));
		int bad = 0;

		must(read(go[0], &c, 1));
		bad += mine[10] != 'M' || s[10] != 'M';
		must(pread(other, &c, 1, 10));
		bad += c != 'M';
		mine[PAGE + 5] = 'C';
		must(pwrite(other, "W", 1, 2 * PAGE + 7));
		must(write(back[1], "x", 1));
		must(read(go[0], &c, 1));
		bad += mine[3 * PAGE] != 'P' || p[0] != 'p' || p[1] != 'a';
		_exit(bad);
	}
	s[10] = 'M';
	is(p[10], 'M', "a private mapping shows a store to a shared one");
	must(write(go[1], "x", 1));
	must(read(back[0], &c, 1));
	is(s[PAGE + 5], 'C', "another process' store");
	is(s[2 * PAGE + 7], 'W', "and its write");
	is(p[2 * PAGE + 7], 'W', "privately, too");
	must(pread(fd, &c, 1, PAGE + 5));
	is(c, 'C', "read sees it");
	p[0] = 'Q';
	must(pwrite(fd, "P", 1, 3 * PAGE));
	must(pwrite(fd, "Z", 1, 1));
	is(p[1], 'a', "a page of one's own stays");
	is(s[1], 'Z', "the shared one changes");
	is(s[0], 'a', "a private store goes nowhere");
	must(kill(child, 0));
	kill(child, SIGKILL);
	dies(child, SIGKILL, "the child");
	must(munmap(s, 4 * PAGE));
	must(pread(other, &c, 1, 10));
	is(c, 'M', "what was stored stays in the file");
}

TEST(ends)
{
	int fd = file_of("f", 2);
	char *s = map(4 * PAGE, RW, MAP_SHARED, fd), *p = map(4 * PAGE, RW, MAP_PRIVATE, fd), c;

	must(ftruncate(fd, PAGE + 100));
	ok(s[PAGE + 99] == 'b' && s[PAGE + 100] == 0 && s[2 * PAGE - 1] == 0, "cut within a page");
	dies(tap_spawn(loads, s + 2 * PAGE), SIGBUS, "beyond the end");
	must(ftruncate(fd, 4 * PAGE));
	is(s[3 * PAGE], 0, "grown by zeroes");
	s[3 * PAGE] = 'y';
	must(pread(fd, &c, 1, 3 * PAGE));
	is(c, 'y', "and usable");
	p[2 * PAGE] = 'o';
	must(ftruncate(fd, PAGE));
	dies(tap_spawn(loads, p + 2 * PAGE), SIGBUS, "copies beyond the end go, too");
}

TEST(msync_calls)
{
	int fd = file_of("f", 4);
	char *s = map(4 * PAGE, RW, MAP_SHARED, fd);

	s[0] = 1;
	works(msync(s, 4 * PAGE, MS_SYNC), "MS_SYNC");
	works(msync(s, 4 * PAGE, MS_ASYNC), "MS_ASYNC");
	works(msync(s, 4 * PAGE, MS_INVALIDATE), "MS_INVALIDATE");
	works(msync(s, 1, 0), "nothing asked for");
	works(msync(s, 0, MS_SYNC), "of no length");
	fails(msync(s, PAGE, MS_SYNC | MS_ASYNC), EINVAL, "both");
	fails(msync(s, PAGE, 77 << 4), EINVAL, "unknown flags");
	fails(msync(s + 1, PAGE, MS_SYNC), EINVAL, "an odd address");
	must(munmap(s + PAGE, PAGE));
	fails(msync(s, 4 * PAGE, MS_SYNC), ENOMEM, "over a hole");
	must(mlock(s, PAGE));
	fails(msync(s, PAGE, MS_INVALIDATE), EBUSY, "MS_INVALIDATE of what is locked");
}

TEST(map_flags)
{
	int fd = file_of("f", 2);
	char *a, *p;

	ok(map_error(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0)) == EOPNOTSUPP,
	   "MAP_SYNC");
	ok(map_error(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | 0x400000, fd, 0)) == EOPNOTSUPP,
	   "MAP_SHARED_VALIDATE of an unknown flag");
	p = mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE, fd, 0);
	ok(p != MAP_FAILED && p[0] == 'a', "MAP_SHARED_VALIDATE");
	p = mmap(NULL, PAGE, RW, MAP_SHARED | 0x400000, fd, 0);
	ok(p != MAP_FAILED, "MAP_SHARED takes no notice of it");
	ok(map_error(mmap(NULL, 2 << 20, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0)) ==
		   ENOMEM, "MAP_HUGETLB: none are reserved");
	ok(map_error(mmap(NULL, 2 << 20, RW, MAP_PRIVATE | MAP_HUGETLB, fd, 0)) == EINVAL,
	   "MAP_HUGETLB of a file");
	p = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	is(in_core(p, 8), 8, "MAP_POPULATE");
	p = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	is(in_core(p, 8), 0, "nothing without");
	p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	is(in_core(p, 2), 2, "MAP_POPULATE of a file");
	a = anon(64 * PAGE);
	must(munmap(a, 64 * PAGE));
	p = mmap(a + 10 * PAGE, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		 0);
	ok(p == a + 10 * PAGE, "MAP_FIXED_NOREPLACE where nothing is");
	ok(map_error(mmap(a + 9 * PAGE, 2 * PAGE, RW,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0)) == EEXIST,
	   "where something begins");
}

TEST(grows_down)
{
	size_t room = 4 << 20;
	char *low = anon(room), *p;

	must(munmap(low, room));
	p = mmap(low + room - 4 * PAGE, 4 * PAGE, RW,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	ok(p == low + room - 4 * PAGE, "MAP_GROWSDOWN");
	p[0] = 1;
	p[-PAGE] = 2;
	ok(p[-PAGE] == 2 && p[0] == 1, "a page below");
	p[-20 * PAGE] = 3;
	is(p[-20 * PAGE], 3, "and far below");
	must(mmap(low, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == low ? 0 : -1);
	dies(tap_spawn(stores, low + 2 * PAGE), SIGSEGV, "not up to its neighbour");
	works(mprotect(p - PAGE, PAGE, PROT_READ | PROT_GROWSDOWN), "PROT_GROWSDOWN");
	dies(tap_spawn(stores, p - 15 * PAGE), SIGSEGV, "down to its start");
	fails(mprotect(low, PAGE, PROT_READ | PROT_GROWSDOWN), EINVAL, "of what does not grow");
}

/* ---- Advice ---- */

TEST(forgotten)
{
	int fd = file_of("f", 4), gone[2];
	char *a = anon(4 * PAGE), *s = map(4 * PAGE, RW, MAP_SHARED, fd);
	pid_t child;

	memset(a, 'x', 4 * PAGE);
	works(madvise(a, PAGE, MADV_DONTFORK), "MADV_DONTFORK");
	works(madvise(a + PAGE, PAGE, MADV_WIPEONFORK), "MADV_WIPEONFORK");
	fails(madvise(s, PAGE, MADV_WIPEONFORK), EINVAL, "of a file");
	must(pipe(gone));
	child = fork();
	if (child == 0) {
		int bad = a[PAGE] != 0 || a[2 * PAGE] != 'x';

		bad += mincore(a, PAGE, (unsigned char[1]){0}) == 0;
		a[PAGE] = 'y';
		if (fork() == 0)
			_exit(a[PAGE] != 0);
		wait(&gone[0]);
		_exit(bad + (gone[0] != 0));
	}
	exits(child, 0, "what a child does not get");
	ok(a[0] == 'x' && a[PAGE] == 'x', "the parent keeps it");
	works(madvise(a, PAGE, MADV_DOFORK), "MADV_DOFORK");
	works(madvise(a + PAGE, PAGE, MADV_KEEPONFORK), "MADV_KEEPONFORK");
	child = fork();
	if (child == 0)
		_exit(a[0] != 'x' || a[PAGE] != 'x');
	exits(child, 0, "a child gets it again");
	works(madvise(a, 4 * PAGE, MADV_FREE), "MADV_FREE");
	a[0] = 'n';
	is(a[0], 'n', "may be used again");
	fails(madvise(s, PAGE, MADV_FREE), EINVAL, "of a file");
	must(mlock(a, PAGE));
	fails(madvise(a, PAGE, MADV_DONTNEED), EINVAL, "MADV_DONTNEED of what is locked");
	fails(madvise(a, PAGE, MADV_COLD), EINVAL, "MADV_COLD of it");
	fails(madvise(a, PAGE, MADV_PAGEOUT), EINVAL, "MADV_PAGEOUT of it");
	works(madvise(a, PAGE, MADV_DONTNEED_LOCKED), "MADV_DONTNEED_LOCKED");
	is(a[0], 0, "drops it");
	s[0] = 'k';
	works(madvise(s, 4 * PAGE, MADV_COLD), "MADV_COLD");
	works(madvise(s, 4 * PAGE, MADV_PAGEOUT), "MADV_PAGEOUT");
	ok(s[0] == 'k' && s[PAGE] == 'b', "loses nothing");
	works(madvise(s, 4 * PAGE, MADV_WILLNEED), "MADV_WILLNEED");
	works(madvise(s, 4 * PAGE, MADV_DONTNEED), "MADV_DONTNEED of shared pages");
	is(s[0], 'k', "loses nothing");
	fails(madvise(a, PAGE, 12345), EINVAL, "unknown advice");
	fails(madvise(a, -1ul - PAGE, MADV_NORMAL), EINVAL, "too long");
	works(madvise(a, 0, MADV_NORMAL), "no length");
	works(madvise(a, 4 * PAGE, MADV_NOHUGEPAGE), "MADV_NOHUGEPAGE");
}

TEST(removed)
{
	int fd = memfd_create("hole", 0);
	char *s, *r, *a = anon(PAGE), path[40], c;
	struct stat st;

	must(ftruncate(fd, 4 * PAGE));
	s = map(4 * PAGE, RW, MAP_SHARED, fd);
	memset(s, 'x', 4 * PAGE);
	works(madvise(s + PAGE, 2 * PAGE, MADV_REMOVE), "MADV_REMOVE");
	ok(s[PAGE] == 0 && s[3 * PAGE - 1] == 0 && s[0] == 'x' && s[3 * PAGE] == 'x', "a hole");
	must(pread(fd, &c, 1, PAGE));
	is(c, 0, "in the file, too");
	must(fstat(fd, &st));
	is(st.st_size, 4 * PAGE, "its size stays");
	s = map(2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	s[0] = 'x';
	works(madvise(s, PAGE, MADV_REMOVE), "of shared memory");
	is(s[0], 0, "a hole");
	fails(madvise(a, PAGE, MADV_REMOVE), EINVAL, "of private memory");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = map(PAGE, PROT_READ, MAP_SHARED, must(open(path, O_RDONLY)));
	fails(madvise(r, PAGE, MADV_REMOVE), EACCES, "of what cannot be written");
	must(mlock(s, PAGE));
	fails(madvise(s, PAGE, MADV_REMOVE), EINVAL, "of what is locked");
}

TEST(populated)
{
	int fd = file_of("f", 4), hole = must(open("h", O_RDWR | O_CREAT, 0600));
	char *a = anon(8 * PAGE), *s, *p;

	works(madvise(a, 4 * PAGE, MADV_POPULATE_READ), "MADV_POPULATE_READ");
	is(in_core(a, 8), 4, "is there");
	works(madvise(a, 8 * PAGE, MADV_POPULATE_WRITE), "MADV_POPULATE_WRITE");
	is(in_core(a, 8), 8, "all is there");
	must(mprotect(a, PAGE, PROT_READ));
	works(madvise(a, 8 * PAGE, MADV_POPULATE_READ), "to read what is read only");
	fails(madvise(a, 8 * PAGE, MADV_POPULATE_WRITE), EINVAL, "to write it");
	must(mprotect(a, PAGE, PROT_NONE));
	fails(madvise(a, PAGE, MADV_POPULATE_READ), EINVAL, "PROT_NONE");
	must(munmap(a + PAGE, PAGE));
	fails(madvise(a + PAGE, 3 * PAGE, MADV_POPULATE_READ), ENOMEM, "over a hole");
	s = map(4 * PAGE, RW, MAP_SHARED, fd);
	works(madvise(s, 4 * PAGE, MADV_POPULATE_WRITE), "a shared file");
	p = map(4 * PAGE, RW, MAP_PRIVATE, fd);
	works(madvise(p, 4 * PAGE, MADV_POPULATE_WRITE), "a private one");
	must(pwrite(fd, "Z", 1, 0));
	is(p[0], 'a', "has copies of its own by then");
	must(ftruncate(hole, PAGE));
	s = map(2 * PAGE, RW, MAP_SHARED, hole);
	fails(madvise(s, 2 * PAGE, MADV_POPULATE_READ), EFAULT, "beyond the end of a file");
}

static int advise_other(void *arg)
{
	struct iovec v = {arg, PAGE};
	int fd = (int)syscall(SYS_pidfd_open, getppid(), 0);

	return syscall(SYS_process_madvise, fd, &v, 1, MADV_COLD, 0) == PAGE ? 0 : errno;
}

static int advise_as_user(void *arg)
{
	struct iovec v = {arg, PAGE};
	int fd = (int)syscall(SYS_pidfd_open, getppid(), 0);

	fails(syscall(SYS_process_madvise, fd, &v, 1, MADV_COLD, 0), EACCES, "user: of root's");
	return 0;
}

TEST(process_madvise)
{
	char *a = anon(4 * PAGE);
	struct iovec v[3] = {{a, PAGE}, {a + 2 * PAGE, PAGE}, {a + PAGE, PAGE}};
	int self = must(syscall(SYS_pidfd_open, getpid(), 0)), dead;
	pid_t child;

	memset(a, 'x', 4 * PAGE);
	if (!tap_root()) {
		skip("process_madvise", "not root");
		return;
	}
	is(syscall(SYS_process_madvise, self, v, 2, MADV_COLD, 0), 2 * PAGE, "MADV_COLD");
	is(syscall(SYS_process_madvise, self, v, 3, MADV_PAGEOUT, 0), 3 * PAGE, "MADV_PAGEOUT");
	is(syscall(SYS_process_madvise, self, v, 1, MADV_WILLNEED, 0), PAGE, "MADV_WILLNEED");
	is(a[0], 'x', "nothing lost");
	is(syscall(SYS_process_madvise, self, v, 0, MADV_COLD, 0), 0, "nothing");
	fails(syscall(SYS_process_madvise, self, v, 1, MADV_DONTNEED, 0), EINVAL, "MADV_DONTNEED");
	fails(syscall(SYS_process_madvise, self, v, 1, MADV_COLD, 1), EINVAL, "flags");
	fails(syscall(SYS_process_madvise, 999, v, 1, MADV_COLD, 0), EBADF, "bad descriptor");
	fails(syscall(SYS_process_madvise, 0, v, 1, MADV_COLD, 0), EBADF, "not a process");
	fails(syscall(SYS_process_madvise, self, BAD, 1, MADV_COLD, 0), EFAULT, "bad vector");
	fails(syscall(SYS_process_madvise, self, v, 5000, MADV_COLD, 0), EINVAL, "too many");
	must(munmap(a + 3 * PAGE, PAGE));
	v[1].iov_base = a + 3 * PAGE;
	is(syscall(SYS_process_madvise, self, v, 2, MADV_COLD, 0), PAGE, "up to what is not there");
	fails(syscall(SYS_process_madvise, self, v + 1, 1, MADV_COLD, 0), ENOMEM, "nothing there");
	exits(tap_spawn(advise_other, a), 0, "of another process");
	is(tap_as_user(advise_as_user, a), 0, "the user's part");
	child = fork();
	if (child == 0)
		pause();
	dead = must(syscall(SYS_pidfd_open, child, 0));
	kill(child, SIGKILL);
	dies(child, SIGKILL, "a child");
	fails(syscall(SYS_process_madvise, dead, v, 1, MADV_COLD, 0), ESRCH, "of the dead");
}

/* ---- Locks ---- */

static long locked_kib(void)
{
	return tap_number(tap_read("/proc/self/status"), "VmLck:");
}

static int locks(void *arg)
{
	struct rlimit none = {0, 0}, some = {4 * PAGE, 4 * PAGE};
	char *a = anon(16 * PAGE), *p;

	(void)arg;
	must(setrlimit(RLIMIT_MEMLOCK, &some));
	works(mlock(a, 4 * PAGE), "user: up to the limit");
	is(locked_kib(), 16, "user: VmLck");
	is(in_core(a, 16), 4, "user: what is locked is there");
	works(mlock(a, 4 * PAGE), "user: again");
	fails(mlock(a + 4 * PAGE, PAGE), ENOMEM, "user: beyond it");
	ok(map_error(mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0)) ==
		   EAGAIN, "user: MAP_LOCKED beyond it");
	works(munlock(a + PAGE, PAGE), "user: unlock one");
	is(locked_kib(), 12, "user: VmLck");
	works(mlock2(a + 8 * PAGE, PAGE, MLOCK_ONFAULT), "user: MLOCK_ONFAULT");
	is(in_core(a, 16), 4, "user: brings nothing");
	fails(mlock2(a, PAGE, 2), EINVAL, "user: unknown flags");
	fails(mlockall(MCL_CURRENT), ENOMEM, "user: all there is");
	must(munlockall());
	is(locked_kib(), 0, "user: munlockall");
	works(mlockall(MCL_FUTURE), "user: MCL_FUTURE");
	p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(p != MAP_FAILED, "user: locked as it comes");
	is(in_core(p, 4), 4, "user: and brought in");
	ok(map_error(mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) == EAGAIN,
	   "user: more");
	must(munlockall());
	ok(map_error(mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) == 0,
	   "user: no more locking");
	must(setrlimit(RLIMIT_MEMLOCK, &none));
	fails(mlock(a, PAGE), EPERM, "user: nothing may be locked");
	fails(mlockall(MCL_CURRENT), EPERM, "user: nor all");
	fails(mlock2(a, PAGE, MLOCK_ONFAULT), EPERM, "user: nor later");
	fails(syscall(SYS_mmap, NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0),
	      EPERM, "user: nor MAP_LOCKED");
	works(munlock(a, PAGE), "user: unlock");
	return 0;
}

TEST(locked)
{
	struct rlimit none = {0, 0};
	char *a = anon(16 * PAGE), *p;

	if (!tap_root()) {
		skip("locks", "not root");
		return;
	}
	is(tap_as_user(locks, NULL), 0, "the user's part");
	must(setrlimit(RLIMIT_MEMLOCK, &none));
	works(mlock(a, 8 * PAGE), "root: no limit holds");
	is(locked_kib(), 32, "VmLck");
	p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	ok(p != MAP_FAILED, "root: MAP_LOCKED");
	is(in_core(p, 4), 4, "brought in");
	p = mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	ok(p != MAP_FAILED, "root: made larger");
	is(in_core(p, 8), 8, "brought in");
	works(mlockall(MCL_FUTURE | MCL_ONFAULT), "root: MCL_FUTURE | MCL_ONFAULT");
	p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(p != MAP_FAILED && in_core(p, 4) == 0, "root: nothing brought in");
	works(mlockall(MCL_CURRENT), "root: all there is");
	fails(mlockall(0), EINVAL, "nothing");
	fails(mlockall(MCL_ONFAULT), EINVAL, "MCL_ONFAULT alone");
	fails(mlockall(99), EINVAL, "unknown flags");
	if (fork() == 0)
		_exit(locked_kib() != 0);
	exits(-1, 0, "a child has nothing locked");
	must(munlockall());
	must(munmap(a + PAGE, PAGE));
	fails(mlock(a, 4 * PAGE), ENOMEM, "over a hole");
	works(mlock(a + 3 * PAGE + 5, 10), "within a page");
}

/* ---- memfd ---- */

TEST(seals)
{
	int fd, plain;
	char *s, *p, longest[300];

	works(fd = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC), "MFD_ALLOW_SEALING");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "MFD_CLOEXEC");
	is(fcntl(fd, F_GET_SEALS), 0, "no seals");
	must(ftruncate(fd, 2 * PAGE));
	s = map(2 * PAGE, RW, MAP_SHARED, fd);
	fails(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY, "F_SEAL_WRITE with a writable mapping");
	works(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), "F_SEAL_FUTURE_WRITE");
	s[0] = 'x';
	is(s[0], 'x', "what is mapped can be written");
	fails(write(fd, "y", 1), EPERM, "the file cannot");
	ok(map_error(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0)) == EPERM, "nor mapped to write");
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ok(p != MAP_FAILED && p[0] == 'x', "mapped to read");
	fails(mprotect(p, PAGE, RW), EACCES, "and to write later");
	must(munmap(s, 2 * PAGE));
	works(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK), "F_SEAL_WRITE, F_SEAL_SHRINK");
	is(fcntl(fd, F_GET_SEALS), F_SEAL_FUTURE_WRITE | F_SEAL_WRITE | F_SEAL_SHRINK, "are set");
	fails(ftruncate(fd, PAGE), EPERM, "smaller");
	works(ftruncate(fd, 3 * PAGE), "larger");
	works(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), "F_SEAL_GROW");
	fails(ftruncate(fd, 4 * PAGE), EPERM, "larger");
	works(ftruncate(fd, 3 * PAGE), "the same");
	p = map(PAGE, RW, MAP_PRIVATE, fd);
	p[0] = 'z';
	is(p[0], 'z', "a private mapping can be written");
	works(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), "F_SEAL_SEAL");
	fails(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM, "no more seals");
	plain = memfd_create("plain", 0);
	is(fcntl(plain, F_GET_SEALS), F_SEAL_SEAL, "without MFD_ALLOW_SEALING");
	fails(fcntl(plain, F_ADD_SEALS, F_SEAL_GROW), EPERM, "no seals");
	fails(fcntl(tap_file("f", "x"), F_ADD_SEALS, 4096), EINVAL, "an unknown seal");
	fails(memfd_create("x", 0x4000), EINVAL, "unknown flags");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	fails(memfd_create(longest, 0), EINVAL, "a name too long");
	longest[249] = 0;
	works(memfd_create(longest, 0), "the longest name");
	fails(memfd_create(BAD, 0), EFAULT, "bad name");
}

/* ---- mremap ---- */

TEST(remapped)
{
	int fd = file_of("f", 2);
	char *s = map(2 * PAGE, RW, MAP_SHARED, fd), *again, *a = anon(2 * PAGE);

	again = mremap(s, 0, 2 * PAGE, MREMAP_MAYMOVE);
	ok(again != MAP_FAILED && again != s, "a second place for shared memory");
	again[5] = 'Q';
	is(s[5], 'Q', "of the same pages");
	ok(map_error(mremap(a, 0, PAGE, MREMAP_MAYMOVE)) == EINVAL, "not for private memory");
	memset(a, 'k', 2 * PAGE);
	again = mremap(a, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	ok(again != MAP_FAILED && again != a && again[0] == 'k', "MREMAP_DONTUNMAP");
	is(a[0], 0, "the old place is empty");
	again = mremap(s, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	ok(again != MAP_FAILED && again[5] == 'Q' && s[5] == 'Q', "of a file: both show it");
	ok(map_error(mremap(a, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP)) == EINVAL,
	   "with another length");
	ok(map_error(mremap(a, PAGE, PAGE, MREMAP_FIXED, s)) == EINVAL, "MREMAP_FIXED alone");
	ok(map_error(mremap(a, PAGE, PAGE, 64)) == EINVAL, "unknown flags");
	ok(map_error(mremap(a + 1, PAGE, PAGE, MREMAP_MAYMOVE)) == EINVAL, "an odd address");
	ok(map_error(mremap(a, PAGE, 0, MREMAP_MAYMOVE)) == EINVAL, "to nothing");
}
