/*
 * The name and the UUID of a mounted ext file system, and an inode's generation.
 */
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include "tap.h"

struct uuid { uint32_t length, flags; uint8_t bytes[16]; };

#define GETFSUUID _IOR('f', 44, uint64_t)
#define SETFSUUID _IOW('f', 44, uint64_t)

TEST(label)
{
	char label[FSLABEL_MAX] = "", long_one[FSLABEL_MAX] = "12345678901234567";
	int fd = must(open(".", O_RDONLY));

	works(ioctl(fd, FS_IOC_GETFSLABEL, label), "get");
	works(ioctl(fd, FS_IOC_SETFSLABEL, "a name"), "set");
	works(ioctl(fd, FS_IOC_GETFSLABEL, label), "get again");
	is_text(label, "a name", "it is there");
	works(ioctl(fd, FS_IOC_SETFSLABEL, "1234567890123456"), "the longest");
	works(ioctl(fd, FS_IOC_GETFSLABEL, label), "get that");
	is_text(label, "1234567890123456", "it is there");
	fails(ioctl(fd, FS_IOC_SETFSLABEL, long_one), EINVAL, "one longer");
	fails(ioctl(fd, FS_IOC_SETFSLABEL, BAD), EFAULT, "a bad one");
	fails(ioctl(fd, FS_IOC_GETFSLABEL, BAD), EFAULT, "a bad place");
	memset(long_one, 0, sizeof(long_one));
	works(ioctl(fd, FS_IOC_SETFSLABEL, long_one), "none");
	must(ioctl(fd, FS_IOC_GETFSLABEL, label));
	is_text(label, "", "it is gone");
}

TEST(uuid)
{
	struct uuid u = { 16, 0, "" }, two[2];
	int fd = must(open(".", O_RDONLY));

	works(ioctl(fd, GETFSUUID, &u), "get");
	ok(u.length == 16 && (u.bytes[0] | u.bytes[1] | u.bytes[2] | u.bytes[3]), "there is one");
	u.length = 15;
	fails(ioctl(fd, GETFSUUID, &u), EINVAL, "too little room");
	u = (struct uuid){ 16, 1, "" };
	fails(ioctl(fd, GETFSUUID, &u), EINVAL, "a flag");
	fails(ioctl(fd, GETFSUUID, BAD), EFAULT, "a bad place");
	two[0] = (struct uuid){ 17, 0, "" };
	works(ioctl(fd, GETFSUUID, two), "more room");
	is(two[0].length, 16, "than it takes");
	fails(ioctl(fd, SETFSUUID, &u), EOPNOTSUPP, "all checksums begin with it");
}

static int user(void *unused)
{
	int fd = must(open(".", O_RDONLY));
	char label[FSLABEL_MAX] = "";

	(void)unused;
	works(ioctl(fd, FS_IOC_GETFSLABEL, label), "anybody may read");
	fails(ioctl(fd, FS_IOC_SETFSLABEL, "x"), EPERM, "but not set");
	fails(ioctl(fd, SETFSUUID, &(struct uuid){ 16, 0, "" }), EPERM, "nor the UUID");
	return 0;
}

TEST(who_may)
{
	must(chmod(".", 0755));
	tap_as_user(user, NULL);
}

TEST(on_ext2)
{
	struct uuid u = { 16, 0, "0123456789abcde" }, got = { 16, 0, "" };
	int file = must(open("image", O_RDWR | O_CREAT, 0600)), fd, control, loop;
	char command[100], device[32], label[FSLABEL_MAX] = "";

	must(ftruncate(file, 4 << 20));
	control = must(open("/dev/loop-control", O_RDWR));
	sprintf(device, "/dev/loop%d", (int)must(ioctl(control, LOOP_CTL_GET_FREE)));
	close(control);
	loop = must(open(device, O_RDWR));
	must(ioctl(loop, LOOP_SET_FD, file));
	sprintf(command, "mke2fs -L before %s >/dev/null 2>&1", device);
	must(system(command) ? -1 : 0);
	must(mkdir("m", 0700));
	works(mount(device, "m", "ext2", 0, ""), "mount");
	fd = must(open("m", O_RDONLY));
	must(ioctl(fd, FS_IOC_GETFSLABEL, label));
	is_text(label, "before", "the name that it was made with");
	works(ioctl(fd, FS_IOC_SETFSLABEL, "after"), "another");
	works(ioctl(fd, SETFSUUID, &u), "another UUID");
	works(ioctl(fd, GETFSUUID, &got), "which is told");
	ok(!memcmp(got.bytes, u.bytes, 16), "as it is");
	close(fd);
	must(umount("m"));
	works(mount(device, "m", "ext2", MS_RDONLY, ""), "mount again, read-only");
	fd = must(open("m", O_RDONLY));
	must(ioctl(fd, FS_IOC_GETFSLABEL, label));
	is_text(label, "after", "the name stayed");
	must(ioctl(fd, GETFSUUID, &got));
	ok(!memcmp(got.bytes, u.bytes, 16), "and the UUID");
	fails(ioctl(fd, FS_IOC_SETFSLABEL, "x"), EROFS, "no other one");
	close(fd);
	must(umount("m"));
	must(ioctl(loop, LOOP_CLR_FD));
}
