/*
 * File attributes on tmpfs (ioctl_iflags(2)): which it has, and what it hands on.
 */
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "tap.h"

static int flags_of(const char *path)
{
	int fd = must(open(path, O_RDONLY)), flags = 0;

	must(ioctl(fd, FS_IOC_GETFLAGS, &flags));
	close(fd);
	return flags;
}

static long set(const char *path, int flags)
{
	int fd = must(open(path, O_RDONLY)), error;
	long result = ioctl(fd, FS_IOC_SETFLAGS, &flags);

	error = errno;
	close(fd);
	errno = error;
	return result;
}

TEST(flags)
{
	int fd = tap_file("f", "text"), version;
	struct stat before, after;
	struct fsxattr x;

	is(flags_of("f"), 0, "a new file has none");
	must(stat("f", &before));
	usleep(20000);
	works(set("f", FS_NODUMP_FL | FS_NOATIME_FL), "set");
	is(flags_of("f"), FS_NODUMP_FL | FS_NOATIME_FL, "and shown");
	must(stat("f", &after));
	ok(memcmp(&before.st_ctim, &after.st_ctim, sizeof(after.st_ctim)) != 0, "ctime tells");
	fails(set("f", FS_SYNC_FL), EOPNOTSUPP, "one that it has not");
	fails(set("f", FS_DIRSYNC_FL), EOPNOTSUPP, "nor this");
	works(ioctl(fd, FS_IOC_FSGETXATTR, &x), "FSGETXATTR");
	is(x.fsx_xflags, FS_XFLAG_NODUMP | FS_XFLAG_NOATIME, "has the same");
	x.fsx_projid = 7;
	fails(ioctl(fd, FS_IOC_FSSETXATTR, &x), EOPNOTSUPP, "no projects");
	x.fsx_projid = 0;
	x.fsx_xflags = FS_XFLAG_NODUMP;
	works(ioctl(fd, FS_IOC_FSSETXATTR, &x), "FSSETXATTR");
	is(flags_of("f"), FS_NODUMP_FL, "sets");
	works(set("f", FS_IMMUTABLE_FL), "immutable");
	fails(open("f", O_RDWR), EPERM, "cannot be opened for writing");
	fails(unlink("f"), EPERM, "nor removed");
	fails(chmod("f", 0600), EPERM, "nor changed");
	must(set("f", FS_APPEND_FL));
	fails(open("f", O_WRONLY), EPERM, "append: not for writing elsewhere");
	works(open("f", O_WRONLY | O_APPEND), "but at the end");
	must(set("f", 0));
	works(unlink("f"), "cleared, it may go");
	fails(ioctl(fd, FS_IOC_GETVERSION, &version), ENOTTY, "no generation");
	fails(ioctl(fd, FITRIM, &(struct fstrim_range){ 0, ~0ull, 0 }), ENOTTY, "nor a disk");
}

TEST(inherited)
{
	must(mkdir("d", 0755));
	must(set("d", FS_NODUMP_FL | FS_NOATIME_FL));
	close(must(open("d/f", O_CREAT | O_RDWR, 0600)));
	is(flags_of("d/f"), FS_NODUMP_FL | FS_NOATIME_FL, "by files");
	must(mkdir("d/d", 0700));
	is(flags_of("d/d"), FS_NODUMP_FL | FS_NOATIME_FL, "by directories");
	must(set("d", FS_APPEND_FL));
	close(must(open("d/g", O_CREAT | O_RDWR, 0600)));
	is(flags_of("d/g"), 0, "but not append");
	fails(unlink("d/g"), EPERM, "which keeps names");
	must(set("d", 0));
}

static int user(void *unused)
{
	(void)unused;
	fails(set("mine", FS_IMMUTABLE_FL), EPERM, "immutable needs CAP_LINUX_IMMUTABLE");
	works(set("mine", FS_NODUMP_FL), "others are the owner's");
	fails(set("root", FS_NODUMP_FL), EPERM, "and nobody else's");
	return 0;
}

TEST(who_may)
{
	close(tap_file("mine", "x"));
	close(tap_file("root", "x"));
	must(chmod("root", 0644));
	must(chown("mine", 1000, 1000));
	must(chmod(".", 0755));
	tap_as_user(user, NULL);
}
