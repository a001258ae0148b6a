/*
 * File attributes (ioctl_iflags(2), chattr(1)) and what they forbid, FS_IOC_FSGETXATTR; ioctls that
 * share blocks between files, which these file systems do not.
 */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

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
	int fd = must(open(path, O_RDONLY));
	int value = (flags_of(path) & FS_EXTENT_FL) | flags;
	long result = ioctl(fd, FS_IOC_SETFLAGS, &value);
	int error = errno;

	close(fd);
	errno = error;
	return result;
}

TEST(immutable)
{
	int fd = tap_file("f", "text");

	close(tap_file("other", "x"));
	must(mkdir("d", 0755));
	close(tap_file("d/f", "x"));
	works(set("f", FS_IMMUTABLE_FL), "set");
	is(flags_of("f") & FS_IMMUTABLE_FL, FS_IMMUTABLE_FL, "and shown");
	fails(open("f", O_RDWR), EPERM, "no opening for writing");
	fails(open("f", O_RDONLY | O_TRUNC), EPERM, "nor truncating");
	fails(truncate("f", 1), EPERM, "by path, either");
	fails(unlink("f"), EPERM, "no removing");
	fails(rename("f", "g"), EPERM, "no renaming");
	fails(rename("other", "f"), EPERM, "no replacing");
	fails(link("f", "g"), EPERM, "no second name");
	fails(chmod("f", 0600), EPERM, "no new mode");
	fails(chown("f", 1, 1), EPERM, "nor owner");
	fails(utimensat(AT_FDCWD, "f", (struct timespec[2]){ { 1, 0 }, { 1, 0 } }, 0), EPERM,
	      "nor times");
	fails(setxattr("f", "trusted.a", "v", 1, 0), EPERM, "nor attributes");
	fails(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100), EPERM, "nor blocks");
	works(set("f", 0), "cleared");
	works(unlink("f"), "it may be removed");
	works(set("d", FS_IMMUTABLE_FL), "a directory");
	fails(open("d/g", O_CREAT | O_WRONLY, 0600), EPERM, "has no new names");
	fails(unlink("d/f"), EPERM, "and loses none");
	fails(mkdir("d/d", 0700), EPERM, "no directories");
	works(open("d/f", O_RDWR), "its files may be written");
	must(set("d", 0));
}

TEST(append)
{
	int fd;

	close(tap_file("f", "text"));
	works(set("f", FS_APPEND_FL), "set");
	fails(open("f", O_WRONLY), EPERM, "no opening but for appending");
	fails(open("f", O_WRONLY | O_APPEND | O_TRUNC), EPERM, "nor truncating");
	fd = must(open("f", O_WRONLY | O_APPEND));
	is(write(fd, "more", 4), 4, "appending");
	fails(ftruncate(fd, 1), EPERM, "no truncating");
	fails(fcntl(fd, F_SETFL, 0), EPERM, "no end of appending");
	fails(unlink("f"), EPERM, "no removing");
	fails(link("f", "g"), EPERM, "no second name");
	must(set("f", 0));
}

static int user(void *unused)
{
	(void)unused;
	fails(set("mine", FS_IMMUTABLE_FL), EPERM, "immutable needs CAP_LINUX_IMMUTABLE");
	fails(set("mine", FS_APPEND_FL), EPERM, "append, too");
	works(set("mine", FS_NODUMP_FL | FS_NOATIME_FL), "others are the owner's");
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
	is(flags_of("mine") & ~FS_EXTENT_FL, FS_NODUMP_FL | FS_NOATIME_FL, "what is set");
}

TEST(which)
{
	int fd;

	close(tap_file("f", "x"));
	works(set("f", FS_INDEX_FL), "one that is only shown is passed over");
	is(flags_of("f") & ~FS_EXTENT_FL, 0, "and not set");
	fails(set("f", FS_DIRSYNC_FL), EOPNOTSUPP, "one of directories");
	fails(set("f", 0x01000000), EOPNOTSUPP, "one that is none");
	must(set("f", FS_IMMUTABLE_FL));
	fails(set("f", FS_IMMUTABLE_FL | FS_NODUMP_FL), EPERM, "more for an immutable file");
	works(set("f", FS_NODUMP_FL), "but instead");
	must(mkfifo("p", 0600));
	fd = must(open("p", O_RDWR));
	fails(ioctl(fd, FS_IOC_GETFLAGS, &(int){ 0 }), ENOTTY, "a FIFO has none");
	fails(ioctl(fd, FS_IOC_FSGETXATTR, &(struct fsxattr){ 0 }), ENOTTY, "in no form");
}

TEST(inherited)
{
	must(mkdir("d", 0755));
	must(set("d", FS_NODUMP_FL | FS_SYNC_FL));
	close(must(open("d/f", O_CREAT | O_RDWR, 0600)));
	is(flags_of("d/f") & ~FS_EXTENT_FL, FS_NODUMP_FL | FS_SYNC_FL, "by files");
	must(mkdir("d/d", 0700));
	is(flags_of("d/d") & (FS_NODUMP_FL | FS_SYNC_FL), FS_NODUMP_FL | FS_SYNC_FL,
	   "by directories");
}

TEST(by_xflags)
{
	int fd = tap_file("f", "x");
	struct fsxattr x;

	must(set("f", FS_NODUMP_FL));
	works(ioctl(fd, FS_IOC_FSGETXATTR, &x), "FSGETXATTR");
	is(x.fsx_xflags, FS_XFLAG_NODUMP, "has the same");
	x.fsx_xflags = FS_XFLAG_NOATIME | FS_XFLAG_APPEND;
	works(ioctl(fd, FS_IOC_FSSETXATTR, &x), "FSSETXATTR");
	is(flags_of("f") & ~FS_EXTENT_FL, FS_NOATIME_FL | FS_APPEND_FL, "sets");
	x.fsx_xflags = 0;
	x.fsx_projid = 1;
	fails(ioctl(fd, FS_IOC_FSSETXATTR, &x), EOPNOTSUPP, "no projects");
	must(set("f", 0));
	x.fsx_projid = 0;
	x.fsx_xflags = FS_XFLAG_EXTSZINHERIT;
	fails(ioctl(fd, FS_IOC_FSSETXATTR, &x), EINVAL, "a directory's");
	fails(ioctl(fd, FS_IOC_FSGETXATTR, BAD), EFAULT, "a bad place");
	fails(ioctl(fd, FS_IOC_SETFLAGS, BAD), EFAULT, "for flags, too");
}

TEST(clone)
{
	int a = tap_file("a", "text"), b = tap_file("b", "");
	int zero = must(open("/dev/null", O_RDWR));

	fails(ioctl(b, FICLONE, a), EOPNOTSUPP, "not supported");
	fails(ioctl(b, FICLONE, 99), EBADF, "no such file");
	fails(ioctl(b, FICLONE, must(open("/proc/self/maps", O_RDONLY))), EXDEV, "another one's");
	fails(ioctl(b, FICLONE, zero), EXDEV, "a device");
	fails(ioctl(b, FICLONE, must(open(".", O_RDONLY))), EISDIR, "a directory");
	fails(ioctl(b, FICLONE, must(open("a", O_WRONLY))), EBADF, "one for writing");
	fails(ioctl(must(open("b", O_RDONLY)), FICLONE, a), EBADF, "to one for reading");
}

TEST(dedupe)
{
	struct { struct file_dedupe_range head; struct file_dedupe_range_info info; } r = { 0 };
	int a = tap_file("a", "text");

	r.head.src_length = 4;
	r.head.dest_count = 1;
	r.info.dest_fd = tap_file("b", "text");
	fails(ioctl(a, FIDEDUPERANGE, &r), EOPNOTSUPP, "not supported");
	fails(ioctl(must(open(".", O_RDONLY)), FIDEDUPERANGE, &r), EISDIR, "a directory");
	fails(ioctl(must(open("a", O_WRONLY)), FIDEDUPERANGE, &r), EINVAL, "one for writing");
	r.head.dest_count = 1000;
	fails(ioctl(a, FIDEDUPERANGE, &r), ENOMEM, "too many");
	r.head.dest_count = 1;
	r.head.reserved1 = 1;
	fails(ioctl(a, FIDEDUPERANGE, &r), EINVAL, "an unknown word");
	fails(ioctl(a, FIDEDUPERANGE, BAD), EFAULT, "a bad range");
}
