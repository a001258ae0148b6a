/* Mappings: private, shared, anonymous, of files; mprotect, mremap, brk, msync, madvise, mincore,
 * mlock. */
#include "tap.h"
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <sys/resource.h>

#define RW (PROT_READ | PROT_WRITE)
enum { PAGE = 4096 };

static char *map(size_t size, int prot, int flags, int fd, off_t at)
{
	char *p = mmap(NULL, size, prot, flags, fd, at);

	must(p == MAP_FAILED ? -1 : 0);
	return p;
}

/* The error of a failed mmap or mremap; 0 when it did not fail. */
static int map_error(void *result)
{
	return result == MAP_FAILED ? errno : 0;
}

static char *anonymous(size_t size)
{
	return map(size, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Whether reading (or writing) a byte ends a child with this signal; 0 for well. */
struct touch {
	volatile char *at;
	bool write;
};

static int touch_child(void *argument)
{
	struct touch *t = argument;

	if (t->write)
		*t->at = 1;
	else
		(void)*t->at;
	return 0;
}

static int touch(void *at, bool write)
{
	struct touch t = {at, write};
	int status;

	must(waitpid(tap_spawn(touch_child, &t), &status, 0));
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static bool zeros(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

TEST(anonymous)
{
	char *p = anonymous(3 * PAGE);

	ok(zeros(p, 3 * PAGE), "new memory is zeros");
	memset(p, 'x', 3 * PAGE);
	works(munmap(p + PAGE, PAGE), "unmap the middle");
	is(touch(p + PAGE, false), SIGSEGV, "it is gone");
	is(touch(p, true), 0, "the first is there");
	is(touch(p + 2 * PAGE, true), 0, "so is the last");
	ok(p[0] == 'x' && p[2 * PAGE] == 'x', "with their content");
	works(munmap(p, 3 * PAGE), "unmap all, hole included");
	is(touch(p, false), SIGSEGV, "gone");
	works(munmap(p, PAGE), "unmap what is not mapped");
}

TEST(errors)
{
	int fd = tap_file("f", "data"), in = must(open("f", O_RDONLY)),
	    out = must(open("f", O_WRONLY));

	ok(map_error(mmap(NULL, 0, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) == EINVAL, "no length");
	ok(map_error(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0)) == EINVAL,
	   "neither shared nor private");
	ok(map_error((void *)syscall(SYS_mmap, NULL, PAGE, RW, MAP_PRIVATE, fd, 1l)) == EINVAL,
	   "an odd offset");
	ok(map_error(mmap((void *)1, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)) ==
		   EINVAL,
	   "an odd address");
	ok(map_error(mmap(NULL, PAGE, RW, MAP_PRIVATE, 999, 0)) == EBADF, "bad descriptor");
	ok(map_error(mmap(NULL, PAGE, RW, MAP_SHARED, in, 0)) == EACCES,
	   "shared writing of a read-only file");
	ok(map_error(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, out, 0)) == EACCES,
	   "reading a write-only file");
	ok(map_error(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, must(open(".", O_RDONLY)), 0)) ==
		   ENODEV,
	   "a directory");
	ok(map_error(mmap(NULL, 1ul << 50, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) == ENOMEM,
	   "more than there is room");
	ok(map_error((void *)syscall(SYS_mmap, NULL, -1l, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				     0l)) == ENOMEM,
	   "a size that wraps");
	ok(map_error(mmap(KBAD, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)) ==
		   ENOMEM,
	   "the kernel's half");
	fails(munmap((void *)1, PAGE), EINVAL, "munmap: an odd address");
	fails(syscall(SYS_munmap, 0x10000l, 0l), EINVAL, "munmap: no length");
	fails(munmap(KBAD, PAGE), EINVAL, "munmap: the kernel's half");
	works(mmap(NULL, PAGE, RW, MAP_PRIVATE, in, 0) == MAP_FAILED ? -1 : 0,
	      "a private writable map of a read-only file");
}

TEST(fixed)
{
	char *p = anonymous(4 * PAGE), *q;

	memset(p, 'x', 4 * PAGE);
	q = mmap(p + PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ok(q == p + PAGE, "MAP_FIXED over a mapping");
	ok(zeros(q, PAGE), "replaces it");
	ok(p[0] == 'x' && p[2 * PAGE] == 'x', "and nothing else");
	q = mmap(p, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | 0x100000, -1, 0);
	ok(map_error(q) == EEXIST, "MAP_FIXED_NOREPLACE does not");
	munmap(p + 2 * PAGE, PAGE);
	q = mmap(p + 2 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(q == p + 2 * PAGE, "a free hint is taken");
	q = mmap(p, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(q != p && q != MAP_FAILED, "a taken one is not");
}

TEST(files)
{
	static char buf[3 * PAGE];
	char *s, *p, c[5] = "";
	int fd;

	for (unsigned i = 0; i < sizeof(buf); i++)
		buf[i] = i / 7;
	fd = tap_file("f", "");
	must(write(fd, buf, sizeof(buf)));
	p = map(3 * PAGE, RW, MAP_PRIVATE, fd, 0);
	s = map(3 * PAGE, RW, MAP_SHARED, fd, 0);
	ok(!memcmp(p, buf, sizeof(buf)), "private: the file's content");
	ok(!memcmp(s, buf, sizeof(buf)), "shared: the file's content");
	memcpy(s + 100, "seen", 4);
	must(pread(fd, c, 4, 100));
	is_text(c, "seen", "a shared write is read back");
	ok(!memcmp(p + 100, "seen", 4), "and seen by a private page that was not written");
	memcpy(p + PAGE, "mine", 4);
	must(pread(fd, c, 4, PAGE));
	ok(memcmp(c, "mine", 4) != 0, "a private write is not");
	must(pwrite(fd, "new!", 4, PAGE));
	ok(!memcmp(s + PAGE, "new!", 4), "write is seen by the shared map");
	ok(!memcmp(p + PAGE, "mine", 4), "and not by the private copy");
	close(fd);
	memcpy(s, "kept", 4);
	works(msync(s, 3 * PAGE, MS_SYNC), "msync");
	munmap(s, 3 * PAGE);
	is_text(memcpy(c, tap_read("f"), 4), "kept", "the map outlives its descriptor");
	fails(msync(s, PAGE, MS_SYNC), ENOMEM, "msync of nothing");
	fails(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL, "msync both ways");
	fails(msync(p + 1, PAGE, MS_SYNC), EINVAL, "msync at an odd address");
}

TEST(offset)
{
	char page[PAGE], *p;
	int fd = tap_file("f", "");

	for (int i = 0; i < 10; i++) {
		memset(page, '0' + i, PAGE);
		must(write(fd, page, PAGE));
	}
	p = map(2 * PAGE, PROT_READ, MAP_SHARED, fd, 7 * PAGE);
	ok(p[0] == '7' && p[PAGE] == '8', "an offset");
	must(unlink("f"));
	ok(p[2 * PAGE - 1] == '8', "an unlinked file");
}

TEST(end_of_file)
{
	char *p;
	int fd = tap_file("f", "abc");

	p = map(3 * PAGE, RW, MAP_SHARED, fd, 0);
	ok(!memcmp(p, "abc", 3) && zeros(p + 3, PAGE - 3), "zeros behind the end in the last page");
	is(touch(p + PAGE, false), SIGBUS, "SIGBUS beyond it");
	p[100] = 'x';
	must(ftruncate(fd, 2 * PAGE));
	is(touch(p + PAGE, true), 0, "the file grew: no more");
	must(ftruncate(fd, 1));
	is(touch(p + PAGE, false), SIGBUS, "it shrank: again");
	ok(p[0] == 'a' && p[1] == 0, "what was cut is zeros");
	must(ftruncate(fd, 200));
	ok(p[100] == 0, "also what was written behind the end");
}

static int store(void *argument)
{
	*(volatile int *)argument = 42;
	return 0;
}

TEST(sharing)
{
	int *s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
	    *p = (int *)anonymous(PAGE), *z, fd;

	*p = 1;
	exits(tap_spawn(store, s), 0, "a child writes to shared memory");
	is(*s, 42, "the parent sees it");
	exits(tap_spawn(store, p), 0, "a child writes to private memory");
	is(*p, 1, "the parent does not");
	fd = must(open("/dev/zero", O_RDWR));
	z = (int *)map(PAGE, RW, MAP_SHARED, fd, 0);
	exits(tap_spawn(store, z), 0, "a child writes to /dev/zero");
	is(*z, 42, "mapped shared, it is shared memory");
	z = (int *)map(PAGE, RW, MAP_PRIVATE, fd, 0);
	is(*z, 0, "mapped private, it is zeros");
}

static int64_t stamp(int fd, bool changed)
{
	struct stat st;

	must(fstat(fd, &st));
	return changed ? st.st_ctim.tv_sec * 1000000000ll + st.st_ctim.tv_nsec
		       : st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec;
}

TEST(times)
{
	int fd = tap_file("times", "text");
	char *s, *p;
	int64_t before;
	struct statfs fs;

	must(fstatfs(fd, &fs));
	must(ftruncate(fd, 2 * PAGE));
	s = map(2 * PAGE, RW, MAP_SHARED, fd, 0);
	p = map(2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	before = stamp(fd, false);
	is(stamp(fd, true), before, "both times");
	tap_sleep_ms(30);
	ok(((volatile char *)s)[1] == 'e' && ((volatile char *)p)[1] == 'e', "a look");
	p[0] = 'x';
	is(stamp(fd, false), before, "and a store to a private mapping do not move them");
	s[PAGE] = 'x';
	must(msync(s, 2 * PAGE, MS_ASYNC));
	if (fs.f_type != TMPFS_MAGIC) { /* there the look has mapped the neighbour as well */
		ok(stamp(fd, false) > before, "one to a shared mapping moves st_mtime");
		is(stamp(fd, true), stamp(fd, false), "and st_ctime");
		must(msync(s, 2 * PAGE, MS_SYNC));
		before = stamp(fd, false);
		tap_sleep_ms(30);
		s[PAGE] = 'y';
		must(msync(s, 2 * PAGE, MS_SYNC));
		ok(stamp(fd, false) > before, "and again after the page was written");
	}
	munmap(s, 2 * PAGE);
	munmap(p, 2 * PAGE);
	tap_sleep_ms(30);
	before = stamp(fd, false);
	s = map(2 * PAGE, RW, MAP_SHARED, fd, 0);
	s[0] = 'z';
	ok(stamp(fd, false) > before, "the first touch of a new mapping, a store");
	munmap(s, 2 * PAGE);
	close(fd);
	unlink("times");
}

TEST(mprotect)
{
	char *p = anonymous(3 * PAGE);
	int fd = tap_file("f", "x");

	memset(p, 'x', 3 * PAGE);
	works(mprotect(p + PAGE, PAGE, PROT_READ), "make the middle read-only");
	is(touch(p + PAGE, false), 0, "it can be read");
	is(touch(p + PAGE, true), SIGSEGV, "and not written");
	is(touch(p, true), 0, "the others can");
	works(mprotect(p, 3 * PAGE, PROT_NONE), "close all");
	is(touch(p + PAGE, false), SIGSEGV, "nothing can be read");
	works(mprotect(p, 3 * PAGE, RW), "open all");
	ok(p[0] == 'x' && p[3 * PAGE - 1] == 'x', "the content is still there");
	fails(syscall(SYS_mprotect, p + 1, PAGE, RW), EINVAL, "an odd address");
	munmap(p + PAGE, PAGE);
	fails(mprotect(p, 3 * PAGE, RW), ENOMEM, "over a hole");
	fails(mprotect(p, PAGE, 0x100), EINVAL, "unknown bits");
	fails(mprotect(map(PAGE, PROT_READ, MAP_SHARED, must(open("f", O_RDONLY)), 0), PAGE, RW),
	      EACCES, "a shared map of a read-only file");
	close(fd);
}

static int call(void *argument)
{
	return ((int (*)(void))argument)();
}

TEST(execute)
{
	static const char code[] = {(char)0xb8, 42, 0, 0, 0, (char)0xc3}; /* mov $42, %eax; ret */
	char *p = anonymous(PAGE);

	memcpy(p, code, sizeof(code));
	dies(tap_spawn(call, p), SIGSEGV, "data cannot be executed");
	works(mprotect(p, PAGE, PROT_READ | PROT_EXEC), "until they may");
	exits(tap_spawn(call, p), 42, "then they can");
}

TEST(mremap)
{
	char *p = anonymous(4 * PAGE), *q, *r;

	for (int i = 0; i < 4; i++)
		p[i * PAGE] = 'a' + i;
	munmap(p + 2 * PAGE, 2 * PAGE);
	q = mremap(p, 2 * PAGE, 4 * PAGE, 0);
	ok(q == p, "grow into free room");
	ok(p[0] == 'a' && p[PAGE] == 'b' && zeros(p + 2 * PAGE, 2 * PAGE),
	   "old content, then zeros");
	q = mremap(p, 4 * PAGE, PAGE, 0);
	ok(q == p, "shrink");
	is(touch(p + PAGE, false), SIGSEGV, "the rest is gone");
	r = mmap(p + PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ok(r == p + PAGE, "put something behind");
	*r = 'z';
	mprotect(r, PAGE, PROT_READ);
	ok(map_error(mremap(p, PAGE, 2 * PAGE, 0)) == ENOMEM, "no room to grow");
	q = mremap(p, PAGE, 100 * PAGE, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED && q != p && q[0] == 'a', "move with the content");
	is(touch(p, false), SIGSEGV, "the old place is free");
	r = anonymous(2 * PAGE);
	p = mremap(q, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, r);
	ok(p == r && p[0] == 'a' && p[PAGE] == 0, "move to a place");
	ok(map_error(mremap(p + 1, PAGE, PAGE, 0)) == EINVAL, "an odd address");
	ok(map_error(mremap(p, PAGE, 0, 0)) == EINVAL, "no new size");
	ok(map_error(mremap(p, PAGE, PAGE, 64)) == EINVAL, "unknown flag");
	ok(map_error(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE)) ==
		   EINVAL,
	   "onto itself");
	munmap(p, 2 * PAGE);
	ok(map_error(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE)) == EFAULT, "nothing there");
}

TEST(brk)
{
	char *start = (char *)syscall(SYS_brk, 0l), *end;

	end = (char *)syscall(SYS_brk, start + 10 * PAGE);
	ok(end == start + 10 * PAGE, "grow");
	ok(zeros(start, 10 * PAGE), "zeros");
	start[10 * PAGE - 1] = 'x';
	ok((char *)syscall(SYS_brk, start + PAGE) == start + PAGE, "shrink");
	is(touch((char *)((uintptr_t)start + 5 * PAGE), false), SIGSEGV, "the rest is gone");
	ok((char *)syscall(SYS_brk, start + 10 * PAGE) == start + 10 * PAGE, "grow again");
	is(start[10 * PAGE - 1], 0, "zeros again");
	ok((char *)syscall(SYS_brk, BAD) == start + 10 * PAGE, "an impossible one changes nothing");
	ok((char *)syscall(SYS_brk, KBAD) == start + 10 * PAGE, "nor one in the kernel's half");
}

TEST(madvise)
{
	char *p = anonymous(4 * PAGE), *s;
	int fd = tap_file("f", "file");

	memset(p, 'x', 4 * PAGE);
	works(madvise(p + PAGE, PAGE, MADV_DONTNEED), "MADV_DONTNEED");
	ok(zeros(p + PAGE, PAGE), "the page is zeros again");
	ok(p[0] == 'x' && p[2 * PAGE] == 'x', "no other is");
	s = map(PAGE, RW, MAP_PRIVATE, fd, 0);
	s[0] = 'F';
	works(madvise(s, PAGE, MADV_DONTNEED), "of a private file page");
	is(s[0], 'f', "is the file's again");
	works(madvise(p, 4 * PAGE, MADV_WILLNEED), "MADV_WILLNEED");
	works(madvise(p, 4 * PAGE, MADV_SEQUENTIAL), "MADV_SEQUENTIAL");
	works(madvise(p, 4 * PAGE, MADV_FREE), "MADV_FREE");
	fails(madvise(p, PAGE, 12345), EINVAL, "unknown advice");
	fails(madvise(p + 1, PAGE, MADV_NORMAL), EINVAL, "an odd address");
	munmap(p + PAGE, PAGE);
	fails(madvise(p, 4 * PAGE, MADV_NORMAL), ENOMEM, "over a hole");
}

TEST(mincore_mlock)
{
	unsigned char in[4];
	char *p = anonymous(4 * PAGE);

	p[PAGE] = 1;
	works(mincore(p, 4 * PAGE, in), "mincore");
	ok(!(in[0] & 1) && (in[1] & 1), "what was touched is there");
	fails(mincore(p + 1, PAGE, in), EINVAL, "an odd address");
	fails(syscall(SYS_mincore, p, PAGE, BAD), EFAULT, "bad pointer");
	works(mlock(p, 4 * PAGE), "mlock");
	works(mincore(p, 4 * PAGE, in), "mincore");
	ok((in[0] & 1) && (in[3] & 1), "all is there");
	works(munlock(p, 4 * PAGE), "munlock");
	works(mlockall(MCL_CURRENT), "mlockall");
	works(munlockall(), "munlockall");
	fails(mlockall(0), EINVAL, "mlockall without flags");
	munmap(p + PAGE, PAGE);
	fails(mincore(p, 4 * PAGE, in), ENOMEM, "mincore over a hole");
	fails(mlock(p, 4 * PAGE), ENOMEM, "mlock over a hole");
}

TEST(limit)
{
	struct rlimit limit = {64 << 20, 64 << 20};
	char *p;

	must(setrlimit(RLIMIT_AS, &limit));
	ok(map_error(mmap(NULL, 100 << 20, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) == ENOMEM,
	   "beyond RLIMIT_AS");
	p = mmap(NULL, 1 << 20, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(p != MAP_FAILED, "below it");
}

/* Untouched memory costs nothing: far more than the machine has, touched here and there. */
TEST(sparse)
{
	size_t size = 8ul << 30;
	char *p = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int bad = 0;

	ok(p != MAP_FAILED, "8 GiB without reserve");
	for (size_t at = 0; at < size; at += 64 << 20)
		p[at] = at >> 26;
	for (size_t at = 0; at < size; at += 64 << 20)
		bad += p[at] != (char)(at >> 26) || p[at + PAGE] != 0;
	is(bad, 0, "touched every 64 MiB");
	works(munmap(p, size), "unmap");
}

TEST(copy_on_write)
{
	enum { PAGES = 256 };
	char *p = anonymous(PAGES * PAGE);
	int bad = 0;
	pid_t pid;

	for (int i = 0; i < PAGES; i++)
		p[i * PAGE] = i;
	pid = must(fork());
	if (pid == 0) {
		for (int i = 0; i < PAGES; i++) {
			bad += p[i * PAGE] != (char)i;
			p[i * PAGE] = ~i;
		}
		for (int i = 0; i < PAGES; i++)
			bad += p[i * PAGE] != (char)~i;
		_exit(bad != 0);
	}
	for (int i = 0; i < PAGES; i += 2)
		p[i * PAGE] = i + 1;
	exits(pid, 0, "a child sees its copy only");
	for (int i = 0; i < PAGES; i++)
		bad += p[i * PAGE] != (char)(i % 2 ? i : i + 1);
	is(bad, 0, "and the parent its own");
}
