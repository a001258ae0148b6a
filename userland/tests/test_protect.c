/*
 * /proc/sys/fs: others' names in sticky directories (protected_*), and the limits of files,
 * descriptors and pipes.
 */
#include "tap.h"
#include <sys/resource.h>

#define FS "/proc/sys/fs/"

enum { OTHER = 2000 };

static int try_setting(const char *name, const char *value)
{
	char path[100];

	snprintf(path, sizeof(path), FS "%s", name);
	return tap_write(path, value);
}

static void setting(const char *name, const char *value)
{
	must(try_setting(name, value));
}

static long value_of(const char *name)
{
	char path[100];

	snprintf(path, sizeof(path), FS "%s", name);
	return atol(tap_read(path));
}

/* A directory with things of another user. */
static void make_place(mode_t mode)
{
	must(mkdir("d", 0755));
	close(tap_file("target", "text"));
	must(chmod("target", 0666));
	must(symlink("../target", "d/link"));
	must(lchown("d/link", OTHER, OTHER));
	must(mkdir("sub", 0755));
	must(symlink("../sub", "d/way"));
	must(lchown("d/way", OTHER, OTHER));
	close(tap_file("d/file", "text"));
	must(chmod("d/file", 0666));
	must(chown("d/file", OTHER, OTHER));
	must(mkfifo("d/fifo", 0666));
	must(chmod("d/fifo", 0666));
	must(chown("d/fifo", OTHER, OTHER));
	must(chmod("d", mode));
}

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags, 0600), error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return fd >= 0;
}

static int links_on(void *arg)
{
	struct stat st;

	(void)arg;
	fails(open("d/link", O_RDONLY), EACCES, "another's link is not followed");
	fails(open("d/link", O_WRONLY | O_CREAT, 0600), EACCES, "nor with O_CREAT");
	fails(stat("d/link", &st), EACCES, "nor by stat");
	works(lstat("d/link", &st), "but seen");
	fails(open("d/way/", O_RDONLY), EACCES, "nor with a slash");
	works(access("d/way/.", F_OK), "but on the way");
	works(symlink("../target", "d/own"), "one's own");
	ok(opens("d/own", O_RDONLY), "is followed");
	return 0;
}

static int links_off(void *arg)
{
	(void)arg;
	ok(opens("d/link", O_RDONLY), "another's link is followed");
	return 0;
}

TEST(symlinks)
{
	if (tap_not_root("settings"))
		return;
	is(value_of("protected_symlinks"), 1, "on from the beginning");
	make_place(01777);
	is(tap_as_user(links_on, NULL), 0, "a user's part");
	fails(open("d/link", O_RDONLY), EACCES, "not even by root");
	must(lchown("d/link", 0, 0));
	is(tap_as_user(links_off, NULL), 0, "when the directory's owner owns it");
	must(lchown("d/link", OTHER, OTHER));
	must(chmod("d", 0777));
	is(tap_as_user(links_off, NULL), 0, "in a directory that is not sticky");
	must(chmod("d", 01775));
	is(tap_as_user(links_off, NULL), 0, "or not for all");
	must(chmod("d", 01777));
	setting("protected_symlinks", "0");
	is(tap_as_user(links_off, NULL), 0, "or when that is off");
	setting("protected_symlinks", "1");
	fails(try_setting("protected_symlinks", "2"), EINVAL, "there is no more");
}

static int linking_on(void *arg)
{
	(void)arg;
	works(link("d/file", "d/a"), "a file that may be read and written gets a name");
	fails(link("secret", "d/b"), EPERM, "one that may not does not");
	fails(link("readable", "d/c"), EPERM, "if it may be read, neither");
	fails(link("program", "d/e"), EPERM, "nor a set-user-ID program");
	fails(link("d/fifo", "d/f"), EPERM, "nor a FIFO");
	close(tap_file("d/mine", "x"));
	must(chmod("d/mine", 0));
	works(link("d/mine", "d/g"), "but one's own");
	return 0;
}

static int linking_off(void *arg)
{
	(void)arg;
	works(link("secret", "d/b"), "any file");
	works(link("program", "d/e"), "any program");
	return 0;
}

TEST(hardlinks)
{
	if (tap_not_root("settings"))
		return;
	is(value_of("protected_hardlinks"), 1, "on from the beginning");
	make_place(01777);
	must(chmod(".", 0777));
	close(tap_file("secret", "x"));
	must(chmod("secret", 0600));
	close(tap_file("readable", "x"));
	must(chmod("readable", 0644));
	close(tap_file("program", "x"));
	must(chmod("program", 04777));
	is(tap_as_user(linking_on, NULL), 0, "a user's part");
	works(link("d/fifo", "d/h"), "root may link");
	setting("protected_hardlinks", "0");
	is(tap_as_user(linking_off, NULL), 0, "a user's part when that is off");
	setting("protected_hardlinks", "1");
}

static int creating(void *arg)
{
	int level = *(int *)arg;
	const int flags = O_CREAT | O_RDWR | O_NONBLOCK;

	if (level) {
		fails(open("d/file", flags, 0600), EACCES, "O_CREAT of another's file");
		fails(open("d/fifo", flags, 0600), EACCES, "of another's FIFO");
		fails(open("d/file", flags | O_EXCL, 0600), EEXIST, "O_EXCL");
	} else {
		ok(opens("d/file", flags), "O_CREAT of a file that is there");
		ok(opens("d/fifo", flags), "of a FIFO that is there");
	}
	ok(opens("d/file", O_RDWR), "without O_CREAT a file is opened");
	ok(opens("d/fifo", O_RDWR | O_NONBLOCK), "and a FIFO");
	unlink("d/new");
	ok(opens("d/new", flags) && opens("d/new", flags), "one's own twice");
	return 0;
}

TEST(creation)
{
	int off = 0, on = 1;

	if (tap_not_root("settings"))
		return;
	is(value_of("protected_fifos"), 0, "FIFOs: off at first");
	is(value_of("protected_regular"), 0, "files: off at first");
	make_place(01777);
	is(tap_as_user(creating, &off), 0, "a user's part");
	setting("protected_fifos", "1");
	setting("protected_regular", "1");
	is(tap_as_user(creating, &on), 0, "a user's part when they are on");
	fails(open("d/file", O_CREAT | O_RDWR, 0600), EACCES, "root is nobody else");
	must(chown("d", 0, 1000));
	must(chmod("d", 01770));
	is(tap_as_user(creating, &off), 0, "in a group's directory");
	setting("protected_fifos", "2");
	setting("protected_regular", "2");
	is(tap_as_user(creating, &on), 0, "unless they are 2");
	must(chmod("d", 0777));
	is(tap_as_user(creating, &off), 0, "in one that is not sticky");
	must(chmod("d", 01777));
	must(chown("d", OTHER, OTHER));
	is(tap_as_user(creating, &off), 0, "in their owner's");
	fails(try_setting("protected_regular", "3"), EINVAL, "there is no more");
	setting("protected_fifos", "0");
	setting("protected_regular", "0");
}

static int pipe_size(void *arg)
{
	int p[2];

	(void)arg;
	must(pipe(p));
	is(fcntl(p[0], F_SETPIPE_SZ, 131072), 131072, "a pipe as large as allowed");
	fails(fcntl(p[0], F_SETPIPE_SZ, 131073), EPERM, "and no larger");
	return 0;
}

TEST(limits)
{
	struct rlimit r, old;
	long files, open_max;

	if (tap_not_root("settings"))
		return;
	is(value_of("pipe-max-size"), 1 << 20, "pipe-max-size");
	setting("pipe-max-size", "100000");
	is(value_of("pipe-max-size"), 131072, "is a power of two");
	is(tap_as_user(pipe_size, NULL), 0, "a user's part");
	setting("pipe-max-size", "0");
	is(value_of("pipe-max-size"), 4096, "and a page at least");
	setting("pipe-max-size", "1048576");
	open_max = value_of("nr_open");
	is(open_max, 1 << 20, "nr_open");
	setting("nr_open", "5000");
	must(getrlimit(RLIMIT_NOFILE, &old));
	r = (struct rlimit){100, 5001};
	fails(setrlimit(RLIMIT_NOFILE, &r), EPERM, "bounds RLIMIT_NOFILE");
	r.rlim_max = 5000;
	works(setrlimit(RLIMIT_NOFILE, &r), "up to it");
	setting("nr_open", "1048576");
	fails(try_setting("nr_open", "1"), EINVAL, "and has a bound itself");
	files = value_of("file-max");
	ok(files > 1000, "file-max");
	ok(strstr(tap_read(FS "file-nr"), "\t0\t"), "file-nr");
	setting("file-max", "1000000");
	is(value_of("file-max"), 1000000, "can be set");
	ok(strstr(tap_read(FS "file-nr"), "\t1000000\n"), "and is told by file-nr");
}

static int too_many(void *arg)
{
	(void)arg;
	fails(open("/dev/null", O_RDONLY), ENFILE, "no more files for a user");
	return 0;
}

TEST(file_max)
{
	char old[30];

	if (tap_not_root("settings"))
		return;
	snprintf(old, sizeof(old), "%ld", value_of("file-max"));
	setting("file-max", "1");
	is(tap_as_user(too_many, NULL), 0, "a user's part");
	ok(opens("/dev/null", O_RDONLY), "but for root");
	setting("file-max", old);
}
