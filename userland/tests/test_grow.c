/*
 * A mounted file system grows with its device (EXT4_IOC_RESIZE_FS), while others write.
 */
#include <sched.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "loop.h"

#define RESIZE_FS _IOW('f', 16, uint64_t)
#define FILES 40

static long grow(uint64_t blocks)
{
	int fd = must(open("m", O_RDONLY)), result = ioctl(fd, RESIZE_FS, &blocks), e = errno;

	close(fd);
	errno = e;
	return result;
}

static struct statfs space(void)
{
	struct statfs s;

	must(statfs("m", &s));
	return s;
}

/* The device gets as large as its file has become. */
static void enlarge(int mib)
{
	int fd = must(open(device, O_RDWR));

	must(truncate("image", (off_t)mib << 20));
	must(ioctl(fd, LOOP_SET_CAPACITY, 0));
	close(fd);
}

static void file_name(char *name, int writer, int n)
{
	sprintf(name, "m/%d-%d", writer, n);
}

/* Files of n * 500 bytes, each written, and every third removed. */
static int writer(void *arg)
{
	static char data[FILES * 500];
	int w = *(int *)arg, fd;
	char name[40];

	memset(data, 'a' + w, sizeof(data));
	for (int i = 0; i < FILES; i++) {
		file_name(name, w, i);
		fd = must(open(name, O_WRONLY | O_CREAT, 0600));
		must(write(fd, data, (size_t)i * 500));
		close(fd);
		if (i % 3 == 0)
			must(unlink(name));
		sched_yield();
	}
	return 0;
}

/* How many of a writer's files are not what it wrote. */
static int wrong_files(int w)
{
	static char data[FILES * 500 + 1];
	int wrong = 0;
	char name[40];

	for (int i = 0; i < FILES; i++) {
		int fd, same = 1;
		ssize_t n;

		file_name(name, w, i);
		fd = open(name, O_RDONLY);
		if (i % 3 == 0) {
			wrong += fd >= 0;
			continue;
		}
		n = fd < 0 ? -1 : read(fd, data, sizeof(data));
		for (ssize_t k = 0; k < n; k++)
			same &= data[k] == 'a' + w;
		wrong += n != (ssize_t)i * 500 || !same;
		close(fd);
	}
	return wrong;
}

TEST(grows)
{
	uint64_t steps[] = { 10000, 16384, 40000, 65536 };
	struct statfs before, after;
	int number[4], pids[4], status;

	loop_make("mke2fs -b 1024", 8);
	enlarge(64);
	must(mount(device, "m", "ext2", 0, ""));
	works(grow(8192), "to its own size");
	for (int i = 0; i < 4; i++) {
		number[i] = i;
		pids[i] = must(fork());
		if (!pids[i])
			_exit(writer(&number[i]));
		before = space();
		works(grow(steps[i]), "larger");
		after = space();
		ok(after.f_blocks - before.f_blocks >=
			   (steps[i] - (i ? steps[i - 1] : 8192)) / 5 * 4,
		   "by so many blocks, but for some of its own");
		/* Its second group has 8192 blocks, too. */
		ok(i == 1 || after.f_files > before.f_files, "and with more inodes");
	}
	for (int i = 0; i < 4; i++)
		ok(waitpid(pids[i], &status, 0) == pids[i] && status == 0, "a writer");
	for (int i = 0; i < 4; i++)
		is(wrong_files(i), 0, "its files");
	after = space();
	is((long)(after.f_bfree * 10 / after.f_blocks), 9, "most of it is free");
	must(umount("m"));
	must(mount(device, "m", "ext2", 0, ""));
	before = space();
	is((long)before.f_blocks, (long)after.f_blocks, "the size stays");
	is((long)before.f_bfree, (long)after.f_bfree, "and what is free");
	for (int i = 0; i < 4; i++)
		is(wrong_files(i), 0, "and the files");
	must(umount("m"));
	loop_end();
}

static int without_privilege(void *unused)
{
	(void)unused;
	fails(grow(10000), EPERM, "not for everybody");
	return 0;
}

TEST(refused)
{
	int fd;

	loop_make("mke2fs -b 1024", 8);
	enlarge(16);
	must(mount(device, "m", "ext2", 0, ""));
	must(chmod("m", 0755));
	fails(grow(8191), EINVAL, "it cannot shrink");
	fails(grow(17000), ENOSPC, "nor be larger than its device");
	fd = must(open("m", O_RDONLY));
	fails(ioctl(fd, RESIZE_FS, BAD), EFAULT, "a bad number");
	close(fd);
	must(chmod(".", 0755));
	tap_as_user(without_privilege, NULL);
	must(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	fails(grow(16384), EROFS, "nor read-only");
	must(umount("m"));
	loop_end();
}
