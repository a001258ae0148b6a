/*
 * What a program has the disk do, as /proc/[pid]/io and getrusage(2) tell it: bytes read, pages
 * made dirty, and those that went away before they were written. Metadata counts as well, so sums
 * of writes have a lower and an upper bound.
 */
#include "tap.h"
#include <sys/mman.h>
#include <sys/resource.h>

enum { K = 1024, PAGE = 4 * K, SIZE = 16 * PAGE, METADATA = 16 * PAGE };

struct counts {
	long read, written, cancelled;
};

static char *buf; /* SIZE, on a page */

static struct counts now(void)
{
	const char *text = tap_read("/proc/self/io");

	return (struct counts){tap_number(text, "\nread_bytes:"),
			       tap_number(text, "\nwrite_bytes:"),
			       tap_number(text, "\ncancelled_write_bytes:")};
}

static struct counts since(struct counts then)
{
	struct counts c = now();

	return (struct counts){c.read - then.read, c.written - then.written,
			       c.cancelled - then.cancelled};
}

static bool about(long n, long want)
{
	if (n < want || n > want + METADATA)
		diag("%ld instead of %ld or a little more", n, want);
	return n >= want && n <= want + METADATA;
}

/* A new file of SIZE bytes that is on the disk, in memory, too, unless `out`. */
static int file(bool out)
{
	int fd = must(open("file", O_CREAT | O_TRUNC | O_RDWR, 0600));

	buf = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(buf == MAP_FAILED ? -1 : 0);
	memset(buf, 'x', SIZE);
	must(write(fd, buf, SIZE));
	must(fsync(fd));
	if (out)
		must(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	return fd;
}

TEST(reading)
{
	int fd = file(true);
	struct counts then = now(), c;
	struct rusage before, after;

	must(getrusage(RUSAGE_SELF, &before));
	is(pread(fd, buf, SIZE, 0), SIZE, "what is not in memory is read");
	must(getrusage(RUSAGE_SELF, &after));
	c = since(then);
	ok(about(c.read, SIZE), "read_bytes has it");
	ok(about((after.ru_inblock - before.ru_inblock) * 512, SIZE), "so has ru_inblock");
	is(c.written, 0, "nothing is written");
	then = now();
	is(pread(fd, buf, SIZE, 0), SIZE, "what is in memory is read");
	c = since(then);
	is(c.read, 0, "read_bytes stands");
	must(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	then = now();
	works(readahead(fd, 0, SIZE), "readahead");
	c = since(then);
	ok(about(c.read, SIZE), "counts for who asks");
}

TEST(writing)
{
	int fd = file(false), none = must(memfd_create("none", 0));
	struct counts then = now(), c;
	struct rusage before, after;
	char *p;

	must(getrusage(RUSAGE_SELF, &before));
	is(pwrite(fd, buf, SIZE, 0), SIZE, "pages are made dirty");
	must(getrusage(RUSAGE_SELF, &after));
	c = since(then);
	ok(about(c.written, SIZE), "write_bytes has them");
	ok(about((after.ru_oublock - before.ru_oublock) * 512, SIZE), "so has ru_oublock");
	is(c.read, 0, "nothing is read");
	is(c.cancelled, 0, "nor cancelled");
	then = now();
	is(pwrite(fd, buf, SIZE, 0), SIZE, "and written to once more");
	c = since(then);
	ok(c.written < SIZE, "they do not count again");
	must(fsync(fd));
	then = now();
	p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(p == MAP_FAILED ? -1 : 0);
	for (int i = 0; i < 4; i++)
		p[i * PAGE] = 'y';
	c = since(then);
	ok(about(c.written, 4 * PAGE), "stores into a mapping count by the page");
	then = now();
	is(write(none, buf, SIZE), SIZE, "what no disk has");
	must(ftruncate(none, 0));
	c = since(then);
	is(c.written, 0, "is not written");
	is(c.cancelled, 0, "nor cancelled");
}

TEST(past_the_cache)
{
	int fd = file(true), direct = open("file", O_RDWR | O_DIRECT);
	struct counts then = now(), c;

	must(direct);
	is(pread(direct, buf, 2 * PAGE, PAGE), 2 * PAGE, "O_DIRECT reads");
	c = since(then);
	is(c.read, 2 * PAGE, "what counts");
	then = now();
	is(pread(direct, buf, 2 * PAGE, PAGE), 2 * PAGE, "and again");
	c = since(then);
	is(c.read, 2 * PAGE, "what counts again");
	then = now();
	is(pwrite(direct, buf, 2 * PAGE, PAGE), 2 * PAGE, "it writes");
	c = since(then);
	ok(about(c.written, 2 * PAGE), "what counts");
	is(c.read, 0, "and reads nothing");
	close(fd);
}

TEST(cancelled)
{
	int fd = file(false);
	struct counts then;

	must(pwrite(fd, buf, SIZE, 0));
	then = now();
	must(ftruncate(fd, SIZE / 2));
	is(since(then).cancelled, SIZE / 2, "dirty pages that are cut off");
	then = now();
	must(ftruncate(fd, 0));
	is(since(then).cancelled, SIZE / 2, "all of them");
	must(pwrite(fd, buf, SIZE, 0));
	must(fsync(fd));
	then = now();
	must(ftruncate(fd, 0));
	is(since(then).cancelled, 0, "not those that are written");
	fd = must(open("other", O_CREAT | O_RDWR, 0600));
	must(pwrite(fd, buf, SIZE, 0));
	then = now();
	must(unlink("other"));
	must(close(fd));
	is(since(then).cancelled, SIZE, "a file that goes away");
}

static int writes(void *fd)
{
	must(pwrite(*(int *)fd, buf, SIZE, 0));
	return 0;
}

TEST(children)
{
	int fd = file(false);
	struct counts then = now(), c;
	struct rusage usage;
	pid_t pid = tap_spawn(writes, &fd);

	must(waitid(P_PID, pid, NULL, WEXITED | WNOWAIT));
	is(since(then).written, 0, "what a child writes is not its parent's");
	must(wait4(pid, NULL, 0, &usage));
	ok(about(usage.ru_oublock * 512, SIZE), "wait4 tells it");
	c = since(then);
	ok(about(c.written, SIZE), "then it is the parent's, too");
	must(getrusage(RUSAGE_CHILDREN, &usage));
	ok(about(usage.ru_oublock * 512, SIZE), "and that of its children");
	must(getrusage(RUSAGE_THREAD, &usage));
	ok(usage.ru_oublock * 512 >= SIZE, "a thread has its own");
}
