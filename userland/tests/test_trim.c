/*
 * FITRIM (fstrim(8)), on a device that discards: which ranges there are, what is told, what stays;
 * the mount option discard; the same on FAT, on a loop device, whose file gets holes.
 */
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statfs.h>

#include "tap.h"

#define MIB (1 << 20)

static int trim_user(void *unused)
{
	struct fstrim_range r = { 0, ~0ull, 0 };

	(void)unused;
	fails(ioctl(must(open(".", O_RDONLY)), FITRIM, &r), EPERM, "needs CAP_SYS_ADMIN");
	return 0;
}

TEST(trim)
{
	struct fstrim_range r = { 0, ~0ull, 0 };
	int dir = must(open(".", O_RDONLY)), fd = tap_file("f", "kept");
	char text[8] = "";

	must(chmod(".", 0755));
	must(fsync(fd));
	works(ioctl(dir, FITRIM, &r), "all of it");
	ok(r.len > 0 && r.len < ~0ull, "some was discarded");
	r = (struct fstrim_range){ 0, 100, 0 };
	fails(ioctl(dir, FITRIM, &r), EINVAL, "less than a block");
	r = (struct fstrim_range){ 1ull << 50, 1 << 20, 0 };
	fails(ioctl(dir, FITRIM, &r), EINVAL, "behind the end");
	r = (struct fstrim_range){ 0, ~0ull, 1ull << 40 };
	fails(ioctl(dir, FITRIM, &r), EINVAL, "runs longer than a group");
	fails(ioctl(dir, FITRIM, BAD), EFAULT, "a bad range");
	is(pread(fd, text, 4, 0), 4, "a file");
	is_text(text, "kept", "stays");
	tap_as_user(trim_user, NULL);
}

/* The bytes that FITRIM of all of it tells of. */
static long trim_all(int fd)
{
	struct fstrim_range r = { 0, ~0ull, 0 };

	must(ioctl(fd, FITRIM, &r));
	return (long)r.len;
}

TEST(again)
{
	int dir = must(open(".", O_RDONLY)), fd = tap_file("f", "");
	struct statfs st;

	must(posix_fallocate(fd, 0, MIB));
	must(fsync(fd));
	trim_all(dir);
	is(trim_all(dir), 0, "nothing is new");
	must(close(fd));
	must(unlink("f"));
	sync();
	must(statfs(".", &st));
	ok(trim_all(dir) >= MIB, "what was freed is");
	is(trim_all(dir), 0, "once");
}

/* A file of n bytes without holes, as a loop device, formatted: its descriptor. */
static int disk_make(const char *mkfs, size_t n, char *device)
{
	int file = must(open("image", O_RDWR | O_CREAT, 0600)), fd, control;
	static char mib[MIB];
	char command[300];

	memset(mib, 0x55, sizeof(mib));
	for (size_t at = 0; at < n; at += sizeof(mib))
		must(pwrite(file, mib, sizeof(mib), (off_t)at));
	control = must(open("/dev/loop-control", O_RDWR));
	sprintf(device, "/dev/loop%d", (int)must(ioctl(control, LOOP_CTL_GET_FREE)));
	close(control);
	fd = must(open(device, O_RDWR));
	must(ioctl(fd, LOOP_SET_FD, file));
	snprintf(command, sizeof(command), "%s %s >/dev/null 2>&1", mkfs, device);
	must(system(command) ? -1 : 0);
	return fd;
}

static long held(const char *path)
{
	struct stat st;

	must(stat(path, &st));
	return st.st_blocks * 512;
}

/* On a small disk, in a file that says which blocks it has. */
static void on_loop(const char *type, const char *mkfs)
{
	static const char block[65536] = "x";
	struct fstrim_range r = { 0, 100, 0 };
	char device[32], text[8] = "";
	int loop = disk_make(mkfs, 4 * MIB, device), dir, fd;
	long before;

	must(mkdir("m", 0700));
	works(mount(device, "m", type, 0, ""), "mount");
	dir = must(open("m", O_RDONLY));
	fd = must(open("m/f", O_CREAT | O_RDWR, 0600));
	must(write(fd, "kept", 4));
	must(fsync(fd));
	before = held("image");
	ok(trim_all(dir) > 3 * MIB, "most is free");
	ok(held("image") < before - 3 * MIB, "and the loop device's file has holes");
	fails(ioctl(dir, FITRIM, &r), EINVAL, "less than a block");
	r = (struct fstrim_range){ 1ull << 40, 1 << 20, 0 };
	fails(ioctl(dir, FITRIM, &r), EINVAL, "behind the end");
	fails(ioctl(dir, FITRIM, BAD), EFAULT, "a bad range");
	is(pread(fd, text, 4, 0), 4, "a file");
	is_text(text, "kept", "stays");
	close(fd);
	close(dir);
	must(umount("m"));
	works(mount(device, "m", type, 0, ""), "mount again");
	is_text(tap_read("m/f"), "kept", "it is there");
	must(umount("m"));
	works(mount(device, "m", type, 0, "discard"), "mount with discard");
	ok(strstr(tap_read("/proc/mounts"), ",discard") != NULL, "which is shown");
	before = held("image");
	fd = must(open("m/g", O_CREAT | O_RDWR, 0600));
	for (size_t i = 0; i < 2 * MIB / sizeof(block); i++)
		must(write(fd, block, sizeof(block)));
	must(fsync(fd));
	close(fd);
	ok(held("image") >= before + MIB, "a large file takes blocks");
	must(unlink("m/g"));
	sync();
	ok(held("image") < before + MIB, "which are given back with it");
	must(umount("m"));
	must(ioctl(loop, LOOP_CLR_FD));
}

TEST(vfat)
{
	on_loop("vfat", "mkfs.vfat");
}

TEST(ext2)
{
	on_loop("ext2", "mke2fs");
}
