/*
 * Loop devices (loop(4)): binding, ending, offset and size, flags, partitions; and on one what any
 * block device does: O_DIRECT and ioctls (linux/fs.h).
 */
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include "tap.h"

#define SIZE (1 << 20)

static char device[32];
static int number;

/* A file of n bytes, each 512 of which begin with their number. */
static int file_make(const char *name, size_t n)
{
	int fd = must(open(name, O_RDWR | O_CREAT | O_TRUNC, 0600));

	must(ftruncate(fd, (off_t)n));
	for (uint32_t i = 0; i < n / 512; i++)
		must(pwrite(fd, &i, sizeof(i), (off_t)i * 512));
	return fd;
}

/* A free loop device, open: its name in `device`. */
static int loop_open(int flags)
{
	int control = must(open("/dev/loop-control", O_RDWR));

	number = (int)must(ioctl(control, LOOP_CTL_GET_FREE));
	close(control);
	snprintf(device, sizeof(device), "/dev/loop%d", number);
	return must(open(device, flags | O_CLOEXEC));
}

static uint64_t size_of(int fd)
{
	uint64_t size = 0;

	must(ioctl(fd, BLKGETSIZE64, &size));
	return size;
}

static uint32_t sector_at(int fd, uint32_t sector)
{
	uint32_t value = ~0u;

	must(pread(fd, &value, sizeof(value), (off_t)sector * 512));
	return value;
}

TEST(control)
{
	int control = must(open("/dev/loop-control", O_RDWR)), n, other;
	struct stat st;

	must(stat("/dev/loop-control", &st));
	ok(S_ISCHR(st.st_mode) && major(st.st_rdev) == 10 && minor(st.st_rdev) == 237, "node");
	fails(ioctl(control, LOOP_CTL_ADD, 0), EEXIST, "add one that is there");
	fails(ioctl(control, LOOP_CTL_REMOVE, 4000), ENODEV, "remove one that is not there");
	is(ioctl(control, LOOP_CTL_ADD, 77), 77, "add one by number");
	must(stat("/dev/loop77", &st));
	ok(S_ISBLK(st.st_mode) && major(st.st_rdev) == 7 && minor(st.st_rdev) == 77, "its node");
	works(ioctl(control, LOOP_CTL_REMOVE, 77), "and remove it");
	fails(stat("/dev/loop77", &st), ENOENT, "which ends its node");
	n = ioctl(control, LOOP_CTL_GET_FREE);
	other = ioctl(control, LOOP_CTL_GET_FREE);
	ok(n >= 0 && n == other, "a free one stays free until it is bound");
	fails(ioctl(control, 0x4c99), ENOSYS, "no such request");
}

TEST(bind_and_clear)
{
	int file = file_make("file", SIZE), fd = loop_open(O_RDWR), other;
	struct loop_info64 info;
	struct stat st;
	char text[100];

	is(size_of(fd), 0, "no size before it is bound");
	fails(ioctl(fd, LOOP_GET_STATUS64, &info), ENXIO, "no status");
	fails(ioctl(fd, LOOP_CLR_FD), ENXIO, "nothing to clear");
	fails(ioctl(fd, LOOP_SET_FD, 999), EBADF, "no such descriptor");
	other = must(open("/dev/null", O_RDWR));
	fails(ioctl(fd, LOOP_SET_FD, other), EINVAL, "not a file");
	fails(ioctl(fd, LOOP_SET_FD, fd), EBADF, "itself");
	works(ioctl(fd, LOOP_SET_FD, file), "bind");
	fails(ioctl(fd, LOOP_SET_FD, file), EBUSY, "twice");
	is(size_of(fd), SIZE, "size");
	is(sector_at(fd, 5), 5, "contents");
	works(ioctl(fd, LOOP_GET_STATUS64, &info), "status");
	must(fstat(file, &st));
	ok(info.lo_device == st.st_dev && info.lo_inode == st.st_ino, "tells of the file");
	ok((int)info.lo_number == number && !info.lo_offset && !info.lo_sizelimit &&
		   !info.lo_flags, "and of itself");
	snprintf(text, sizeof(text), "/sys/block/loop%d/loop/offset", number);
	is_text(tap_read(text), "0\n", "so does /sys");
	is(pwrite(fd, "new!", 4, 512 * 7), 4, "write");
	works(fsync(fd), "fsync");
	must(pread(file, text, 4, 512 * 7));
	ok(!memcmp(text, "new!", 4), "the file has it");
	works(ioctl(fd, LOOP_CLR_FD), "clear");
	close(fd);
	fd = must(open(device, O_RDONLY));
	is(size_of(fd), 0, "no size again");
	fails(ioctl(fd, LOOP_GET_STATUS64, &info), ENXIO, "nor status");
}

TEST(offset_and_limit)
{
	int file = file_make("file", SIZE), fd = loop_open(O_RDWR);
	struct loop_config config = { .fd = (uint32_t)file };
	struct loop_info64 info;

	config.info.lo_offset = 512 * 3;
	config.info.lo_sizelimit = 512 * 10 + 100;
	strcpy((char *)config.info.lo_file_name, "my file");
	works(ioctl(fd, LOOP_CONFIGURE, &config), "configure");
	is(size_of(fd), 512 * 10, "whole sectors up to the limit");
	is(sector_at(fd, 0), 3, "from the offset on");
	must(ioctl(fd, LOOP_GET_STATUS64, &info));
	is_text((char *)info.lo_file_name, "my file", "the name it was told");
	info.lo_offset = 100;
	info.lo_sizelimit = 0;
	works(ioctl(fd, LOOP_SET_STATUS64, &info), "another offset");
	is(size_of(fd), (SIZE - 100) / 512 * 512, "another size");
	info.lo_offset = SIZE + 4096;
	works(ioctl(fd, LOOP_SET_STATUS64, &info), "an offset behind the end");
	is(size_of(fd), 0, "no size");
	info.lo_offset = 0;
	must(ioctl(fd, LOOP_SET_STATUS64, &info));
	is(sector_at(fd, 9), 9, "all of it again");
	must(ftruncate(file, SIZE / 2));
	is(size_of(fd), SIZE, "a shorter file is not seen");
	works(ioctl(fd, LOOP_SET_CAPACITY, 0), "until it is told");
	is(size_of(fd), SIZE / 2, "then it is");
	info.lo_encrypt_type = 1;
	fails(ioctl(fd, LOOP_SET_STATUS64, &info), EINVAL, "no encryption");
	must(ioctl(fd, LOOP_CLR_FD));
	config.info.lo_flags = 2;
	fails(ioctl(fd, LOOP_CONFIGURE, &config), EINVAL, "an unknown flag");
	config.info.lo_flags = 0;
	config.block_size = 1000;
	fails(ioctl(fd, LOOP_CONFIGURE, &config), EINVAL, "a block size that is none");
}

TEST(read_only)
{
	int file = file_make("file", SIZE), other = file_make("other", SIZE), fd, on = 0,
	    below;
	int shut = must(open("file", O_RDONLY));
	struct loop_info64 info;

	fd = loop_open(O_RDWR);
	must(ioctl(fd, LOOP_SET_FD, shut));
	must(ioctl(fd, LOOP_GET_STATUS64, &info));
	is(info.lo_flags, LO_FLAGS_READ_ONLY, "of a file that is open for reading only");
	must(ioctl(fd, BLKROGET, &on));
	is(on, 1, "the device is, too");
	fails(pwrite(fd, "x", 1, 0), EPERM, "write");
	must(pwrite(other, "other", 5, 0));
	works(ioctl(fd, LOOP_CHANGE_FD, other), "exchange for another file");
	ok(sector_at(fd, 0) != 0 && sector_at(fd, 1) == 1, "its contents");
	must(ftruncate(file, SIZE / 2));
	fails(ioctl(fd, LOOP_CHANGE_FD, file), EINVAL, "for one of another size");
	must(ioctl(fd, LOOP_CLR_FD));
	must(ioctl(fd, LOOP_SET_FD, shut));
	below = loop_open(O_RDWR);
	must(ioctl(below, LOOP_SET_FD, file_make("third", SIZE / 2)));
	works(ioctl(fd, LOOP_CHANGE_FD, below), "exchange for a device");
	is(sector_at(fd, 5), 5, "its contents");
	must(ioctl(fd, LOOP_CLR_FD));
	must(ioctl(below, LOOP_CLR_FD));
	must(ioctl(fd, LOOP_SET_FD, file));
	fails(ioctl(fd, LOOP_CHANGE_FD, other), EINVAL, "exchange below one that can be written");
	must(ioctl(fd, LOOP_CLR_FD));
}

TEST(autoclear)
{
	int file = file_make("file", SIZE), fd = loop_open(O_RDWR), second;
	struct loop_config config = { .fd = (uint32_t)file };
	struct loop_info64 info;

	config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
	must(ioctl(fd, LOOP_CONFIGURE, &config));
	second = must(open(device, O_RDONLY));
	close(fd);
	is(size_of(second), SIZE, "it stays while somebody has it open");
	close(second);
	fd = must(open(device, O_RDWR));
	fails(ioctl(fd, LOOP_GET_STATUS64, &info), ENXIO, "and ends with the last one");
	must(ioctl(fd, LOOP_SET_FD, file));
	second = must(open(device, O_RDONLY));
	works(ioctl(fd, LOOP_CLR_FD), "clear while another has it open");
	works(ioctl(fd, LOOP_GET_STATUS64, &info), "does not end it");
	is(info.lo_flags, LO_FLAGS_AUTOCLEAR, "but will");
	close(second);
	close(fd);
	fd = must(open(device, O_RDONLY));
	fails(ioctl(fd, LOOP_GET_STATUS64, &info), ENXIO, "with the last one");
}

/* Swapping holds a device that would end with its last user. */
TEST(swap)
{
	int file = file_make("file", SIZE), fd = loop_open(O_RDWR);
	struct loop_config config = { .fd = (uint32_t)file };
	uint32_t head[3] = { 1, SIZE / 4096 - 1, 0 }; /* version, last page, bad pages */
	struct loop_info64 info;

	must(pwrite(file, head, sizeof(head), 1024));
	must(pwrite(file, "SWAPSPACE2", 10, 4096 - 10));
	config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
	must(ioctl(fd, LOOP_CONFIGURE, &config));
	works(swapon(device, 0), "swapon");
	close(fd);
	fd = must(open(device, O_RDONLY));
	works(ioctl(fd, LOOP_GET_STATUS64, &info), "the device is there without another user");
	close(fd);
	works(swapoff(device), "swapoff");
	fd = must(open(device, O_RDONLY));
	fails(ioctl(fd, LOOP_GET_STATUS64, &info), ENXIO, "and it is gone");
}

static ssize_t at_once(int fd, bool write, char *buf, off_t at)
{
	struct iovec v = { buf, 4096 };

	return syscall(write ? SYS_pwritev2 : SYS_preadv2, fd, &v, 1, at, 0l, RWF_NOWAIT);
}

TEST(without_waiting)
{
	int file = file_make("file", SIZE), fd = loop_open(O_RDWR), direct;
	char *buf = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(ioctl(fd, LOOP_SET_FD, file));
	direct = must(open(device, O_RDWR | O_DIRECT));
	must(ioctl(fd, BLKFLSBUF, 0));
	fails(at_once(fd, false, buf, 512 * 1024), EAGAIN, "what is not in memory is not read");
	must(pread(fd, buf, 4096, 512 * 1024));
	is(at_once(fd, false, buf, 512 * 1024), 4096, "what is there is");
	is(*(uint32_t *)buf, 1024, "as it is");
	fails(at_once(fd, true, buf, 0), EOPNOTSUPP, "by the cache nobody writes so");
	must(fsync(fd));
	must(ioctl(fd, BLKFLSBUF, 0));
	is(at_once(direct, false, buf, 8192), 4096, "O_DIRECT reads");
	is(*(uint32_t *)buf, 16, "what is there");
	*(uint32_t *)buf = 4711;
	is(at_once(direct, true, buf, 8192), 4096, "and writes");
	is(sector_at(fd, 16), 4711, "what is found there");
	must(pwrite(fd, buf, 4096, 16384));
	fails(at_once(direct, false, buf, 16384), EAGAIN, "what is newer in memory is not read");
	fails(at_once(direct, true, buf, 16384), EAGAIN, "nor overwritten");
	fails(at_once(direct, true, buf, SIZE), ENOSPC, "the end is the end");
	is(at_once(direct, false, buf, SIZE), 0, "to whom reads, too");
	close(direct);
	must(ioctl(fd, LOOP_CLR_FD));
}

TEST(block_size_and_direct)
{
	int file = file_make("file", SIZE), fd = loop_open(O_RDWR), n = 0;
	char *buf = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int direct;

	fails(ioctl(fd, LOOP_SET_BLOCK_SIZE, 4096), ENXIO, "not bound");
	must(ioctl(fd, LOOP_SET_FD, file));
	fails(ioctl(fd, LOOP_SET_BLOCK_SIZE, 1000), EINVAL, "not a power of two");
	fails(ioctl(fd, LOOP_SET_BLOCK_SIZE, 8192), EINVAL, "larger than a page");
	direct = must(open(device, O_RDWR | O_DIRECT));
	is(pread(direct, buf, 1024, 512), 1024, "O_DIRECT in sectors");
	ok(*(uint32_t *)buf == 1 && *(uint32_t *)(buf + 512) == 2, "reads them");
	fails(pread(direct, buf, 1000, 0), EINVAL, "an odd length");
	fails(pread(direct, buf, 512, 100), EINVAL, "an odd position");
	fails(pread(direct, buf + 1, 512, 0), EINVAL, "an odd address");
	is(pread(direct, buf, 8192, SIZE - 4096), 4096, "to the end and no further");
	is(pread(direct, buf, 4096, SIZE), 0, "nothing at the end");
	fails(pwrite(direct, buf, 4096, SIZE), ENOSPC, "and no room");
	memset(buf, 'd', 512);
	is(pwrite(direct, buf, 512, 512 * 4), 512, "write");
	must(pread(fd, buf + 512, 512, 512 * 4));
	ok(!memcmp(buf, buf + 512, 512), "the cache is not in its way");
	memset(buf, 'c', 512);
	must(pwrite(fd, buf, 512, 512 * 6));
	must(pread(direct, buf + 512, 512, 512 * 6));
	ok(!memcmp(buf, buf + 512, 512), "nor is what it has not written yet");
	works(ioctl(fd, LOOP_SET_BLOCK_SIZE, 2048), "another block size");
	must(ioctl(fd, BLKSSZGET, &n));
	is(n, 2048, "is that of its sectors");
	fails(pread(direct, buf, 512, 0), EINVAL, "which O_DIRECT knows");
	is(pread(direct, buf, 2048, 2048), 2048, "a whole one");
	close(direct);
	must(ioctl(fd, LOOP_CLR_FD));
}

TEST(ioctls)
{
	int file = file_make("file", SIZE), fd = loop_open(O_RDWR), other, n = 0;
	uint64_t range[2] = { 4096, 8192 };
	unsigned short s = 9;
	unsigned long l = 0;

	must(ioctl(fd, LOOP_SET_FD, file));
	must(ioctl(fd, BLKGETSIZE, &l));
	is(l, SIZE / 512, "BLKGETSIZE");
	must(ioctl(fd, BLKBSZGET, &n));
	is(n, 4096, "BLKBSZGET");
	n = 1024;
	works(ioctl(fd, BLKBSZSET, &n), "BLKBSZSET");
	n = 0;
	must(ioctl(fd, BLKBSZGET, &n));
	is(n, 1024, "shows");
	n = 300;
	fails(ioctl(fd, BLKBSZSET, &n), EINVAL, "a size that is none");
	works(ioctl(fd, BLKRASET, 64), "BLKRASET");
	must(ioctl(fd, BLKRAGET, &l));
	is(l, 64, "BLKRAGET");
	works(ioctl(fd, BLKROTATIONAL, &s), "BLKROTATIONAL");
	works(ioctl(fd, BLKZEROOUT, range), "BLKZEROOUT");
	ok(!sector_at(fd, 8) && !sector_at(fd, 23) && sector_at(fd, 24) == 24, "zeroes");
	range[0] = 100;
	fails(ioctl(fd, BLKZEROOUT, range), EINVAL, "not on a sector");
	range[0] = SIZE;
	fails(ioctl(fd, BLKZEROOUT, range), EINVAL, "behind the end");
	range[0] = 4096;
	other = must(open(device, O_RDWR | O_EXCL));
	works(ioctl(other, BLKZEROOUT, range), "by who has claimed it");
	close(other);
	fails(ioctl(fd, BLKRRPART), EINVAL, "no partitions are looked for");
	n = 1;
	works(ioctl(fd, BLKROSET, &n), "BLKROSET");
	fails(pwrite(fd, "x", 1, 0), EPERM, "writes are refused");
	n = 0;
	works(ioctl(fd, BLKROSET, &n), "and back");
	is(pwrite(fd, "x", 1, 0), 1, "writes are not");
	must(ioctl(fd, LOOP_CLR_FD));
}

/* An MBR with two partitions. */
static void table_write(int file)
{
	uint8_t mbr[512] = { [510] = 0x55, [511] = 0xaa };
	uint32_t places[2][2] = { { 8, 100 }, { 200, 300 } };

	for (int i = 0; i < 2; i++) {
		mbr[446 + 16 * i + 4] = 0x83;
		memcpy(mbr + 446 + 16 * i + 8, places[i], 8);
	}
	must(pwrite(file, mbr, sizeof(mbr), 0));
}

TEST(partitions)
{
	int file = file_make("file", SIZE), fd, part;
	struct loop_config config = { 0 };
	struct blkpg_partition p = { .start = 200 * 512, .length = 400 * 512, .pno = 2 };
	struct blkpg_ioctl_arg arg = { BLKPG_RESIZE_PARTITION, 0, sizeof(p), &p };
	char name[48];

	table_write(file);
	fd = loop_open(O_RDWR);
	config.fd = (uint32_t)file;
	config.info.lo_flags = LO_FLAGS_PARTSCAN;
	must(ioctl(fd, LOOP_CONFIGURE, &config));
	snprintf(name, sizeof(name), "%sp2", device);
	part = must(open(name, O_RDWR));
	is(size_of(part), 300 * 512, "the second partition");
	is(sector_at(part, 1), 201, "its contents");
	works(ioctl(fd, BLKPG, &arg), "it grows while it is open");
	is(size_of(part), 400 * 512, "to the size asked for");
	p.length = SIZE;
	if (is_skerry()) /* Linux 6.1 lets it */
		fails(ioctl(fd, BLKPG, &arg), EINVAL, "but not beyond the disk");
	p.pno = 7;
	p.length = 512;
	fails(ioctl(fd, BLKPG, &arg), ENXIO, "nor if it does not exist");
	p.pno = 1;
	p.start = 8 * 512;
	p.length = 300 * 512;
	fails(ioctl(fd, BLKPG, &arg), EBUSY, "nor into another");
	fails(ioctl(fd, BLKRRPART), EBUSY, "no new look while it is open");
	close(part);
	works(ioctl(fd, BLKRRPART), "then there is");
	part = must(open(name, O_RDONLY));
	is(size_of(part), 300 * 512, "and the table counts again");
	close(part);
	must(ioctl(fd, LOOP_CLR_FD));
	close(fd);
	fails(open(name, O_RDONLY), ENOENT, "they end with the binding");
}

TEST(mounted)
{
	int file = file_make("file", 4 * SIZE), fd = loop_open(O_RDWR), n;
	struct loop_config config = { .fd = (uint32_t)file };
	struct loop_info64 info;
	char command[100];

	config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
	must(ioctl(fd, LOOP_CONFIGURE, &config));
	snprintf(command, sizeof(command), "mke2fs %s >/dev/null 2>&1", device);
	is(system(command), 0, "mke2fs");
	must(mkdir("m", 0700));
	works(mount(device, "m", "ext2", 0, NULL), "mount");
	close(fd);
	fd = must(open("m/large", O_RDWR | O_CREAT, 0600));
	for (n = 0; n < 2000; n++)
		must(write(fd, command, sizeof(command)));
	works(fsync(fd), "fsync");
	close(fd);
	fd = must(open(device, O_RDONLY));
	works(ioctl(fd, LOOP_GET_STATUS64, &info), "the mount keeps it bound");
	close(fd);
	works(umount("m"), "umount");
	fd = must(open(device, O_RDONLY));
	fails(ioctl(fd, LOOP_GET_STATUS64, &info), ENXIO, "and its end frees it");
}
