/*
 * Which times a file system can hold: ext with inodes of 256 bytes until 2446 with nanoseconds,
 * with 128 bytes until 2038 in seconds; what is out of range becomes the nearest.
 */
#include "loop.h"

#define MIN  (-0x80000000ll)
#define MAX  0x7fffffffll
#define MORE 0x37fffffffll

/* Sets a file's modification time, and says what has become of it. */
static struct timespec set(const char *path, long long seconds, long ns)
{
	struct timespec t[2] = { { 0, UTIME_OMIT }, { seconds, ns } };
	struct stat st;

	must(utimensat(AT_FDCWD, path, t, 0));
	must(stat(path, &st));
	return st.st_mtim;
}

static void check(const char *path, long long most, long ns)
{
	struct timespec t = set(path, 1000, 123456789);

	ok(t.tv_sec == 1000 && t.tv_nsec == ns, "nanoseconds");
	t = set(path, -1000, 5);
	is(t.tv_sec, -1000, "before 1970");
	is(set(path, MIN, 0).tv_sec, MIN, "the earliest");
	t = set(path, MIN - 1, 7);
	ok(t.tv_sec == MIN && t.tv_nsec == 0, "one before that");
	is(set(path, MAX, 0).tv_sec, MAX, "2038");
	t = set(path, MAX + 1, 7);
	ok(t.tv_sec == (most > MAX ? MAX + 1 : MAX), "one behind that");
	t = set(path, most - 1, 7);
	ok(t.tv_sec == most - 1 && t.tv_nsec == (ns ? 7 : 0), "the last but one");
	t = set(path, most, 999);
	ok(t.tv_sec == most && t.tv_nsec == 0, "the last has no nanoseconds");
	t = set(path, most + 1, 999);
	ok(t.tv_sec == most && t.tv_nsec == 0, "nor has one behind it");
	t = set(path, 1ll << 60, 0);
	is(t.tv_sec, most, "far behind");
}

TEST(here)
{
	close(tap_file("f", ""));
	check("f", MORE, 123456789);
}

TEST(small)
{
	struct stat before, after;
	int fd;

	loop_make("mke2fs -I 128", 4);
	works(mount(device, "m", "ext2", 0, ""), "mount");
	fd = must(open("m/f", O_CREAT | O_RDWR, 0600));
	must(fstat(fd, &before));
	is(before.st_mtim.tv_nsec, 0, "a new file's is whole seconds");
	must(write(fd, "x", 1));
	must(fstat(fd, &before));
	is(before.st_ctim.tv_nsec, 0, "and one's that is written");
	check("m/f", MAX, 0);
	close(fd);
	must(umount("m"));
	works(mount(device, "m", "ext2", 0, ""), "mount again");
	must(stat("m/f", &after));
	is(after.st_mtim.tv_sec, MAX, "the disk has the same");
	must(umount("m"));
	loop_end();
}
