/*
 * Who is asked for permission when an open file is used: the caller, whoever opened it. Root opens
 * and gives root up, or a user opens and becomes root again.
 */
#include "tap.h"
#include <linux/fs.h>
#include <linux/random.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

enum { USER = 1000, GROUP = 1001 };

/* For the time being a user without capabilities; root is got back. */
static void be_user(void) { must(setresuid((uid_t)-1, USER, 0)); }
static void be_root(void) { must(setresuid((uid_t)-1, 0, 0)); }

/* A file of the user's, of some length, with these bits. */
static void make(const char *path, mode_t mode)
{
	int fd = must(open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644));

	must(write(fd, "some text to be cut off", 23));
	must(fchown(fd, USER, GROUP));
	must(fchmod(fd, mode));
	close(fd);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	must(stat(path, &st));
	return st.st_mode & 07777;
}

static int by_write(int fd) { return (int)write(fd, "x", 1); }
static int by_pwritev(int fd) { return (int)pwritev(fd, &(struct iovec){ "x", 1 }, 1, 0); }
static int by_ftruncate(int fd) { return ftruncate(fd, 3); }
static int by_fallocate(int fd) { return fallocate(fd, 0, 0, 4096); }

static int by_chown(int fd) { return fchown(fd, USER, (gid_t)-1); }

static int by_copy(int fd)
{
	int from = must(open("source", O_CREAT | O_RDWR, 0644));
	int n;

	must(pwrite(from, "y", 1, 0));
	n = (int)copy_file_range(from, &(off64_t){ 0 }, fd, &(off64_t){ 0 }, 1, 0);
	close(from);
	return n;
}

static const struct {
	const char *name;
	int (*change)(int fd);
} changes[] = {
	{ "write", by_write }, { "pwritev", by_pwritev }, { "ftruncate", by_ftruncate },
	{ "fallocate", by_fallocate }, { "copy_file_range", by_copy },
};

TEST(set_user_id)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		const char *name = changes[i].name;
		char what[100];
		int fd;

		make("f", 06755);
		unlink("source");
		fd = must(open("f", O_RDWR));
		must(chmod(".", 0777));
		be_user();
		snprintf(what, sizeof(what), "%s by a user, opened by root", name);
		works(changes[i].change(fd), what);
		be_root();
		close(fd);
		snprintf(what, sizeof(what), "the bits are gone after %s", name);
		is(mode_of("f"), 0755, what);

		make("f", 06755);
		unlink("source");
		be_user();
		fd = must(open("f", O_RDWR));
		be_root();
		snprintf(what, sizeof(what), "%s by root, opened by a user", name);
		works(changes[i].change(fd), what);
		close(fd);
		snprintf(what, sizeof(what), "the bits stay after %s", name);
		is(mode_of("f"), 06755, what);
	}
}

/* Set-group-ID without the right to execute marked files for mandatory locks once. */
TEST(set_group_id_alone)
{
	static int (*const change[])(int fd) = { by_write, by_ftruncate, by_chown };
	static const char *const name[] = { "write", "ftruncate", "fchown" };

	for (size_t i = 0; i < 3 * 2; i++) {
		bool member = i % 2;
		char what[100];
		int fd;

		make("f", 02644);
		fd = must(open("f", O_RDWR));
		must(setegid(member ? GROUP : 5));
		be_user();
		must(change[i / 2](fd));
		be_root();
		must(setegid(0));
		close(fd);
		snprintf(what, sizeof(what), "set-group-ID after %s by %s the group", name[i / 2],
			 member ? "a member of" : "a stranger to");
		is(mode_of("f"), member ? 02644 : 0644, what);
	}
}

TEST(flags)
{
	int fd, flags = 0;

	make("f", 0644);
	must(chown("f", 0, 0));
	fd = must(open("f", O_RDWR));
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0) {
		skip("flags of files", "this file system has none");
	} else {
		int more = flags | FS_NODUMP_FL, append = flags | FS_APPEND_FL;

		be_user();
		fails(ioctl(fd, FS_IOC_SETFLAGS, &more), EPERM, "a user changes flags, root's fd");
		be_root();
		works(ioctl(fd, FS_IOC_SETFLAGS, &more), "root does");
		must(chown("f", USER, 0));
		be_user();
		works(ioctl(fd, FS_IOC_SETFLAGS, &flags), "the owner does");
		fails(ioctl(fd, FS_IOC_SETFLAGS, &append), EPERM, "append-only is root's to give");
		be_root();
		must(chown("f", 0, 0));
	}
	be_user();
	fails(fcntl(fd, F_SETFL, O_NOATIME), EPERM, "O_NOATIME by a user, root's fd");
	be_root();
	works(fcntl(fd, F_SETFL, O_NOATIME), "by root");
	close(fd);
}

TEST(orders)
{
	struct fstrim_range all = { 0, UINT64_MAX, 0 };
	int fd = must(open(".", O_RDONLY)), random = must(open("/dev/random", O_RDWR));

	be_user();
	fails(ioctl(fd, FIFREEZE, 0), EPERM, "a user freezes a file system, root's fd");
	fails(ioctl(random, RNDCLEARPOOL, 0), EPERM, "a user clears the random pool, root's fd");
	if (ioctl(fd, FITRIM, &all) < 0 && (errno == ENOTTY || errno == EOPNOTSUPP))
		skip("FITRIM", "this file system has none, or the device");
	else
		fails(ioctl(fd, FITRIM, &all), EPERM, "a user trims, root's fd");
	be_root();
	must(close(random));
	be_user();
	random = must(open("/dev/random", O_RDONLY));
	be_root();
	works(ioctl(random, RNDCLEARPOOL, 0), "root clears the pool, a user's fd");
	close(random);
	close(fd);
}
