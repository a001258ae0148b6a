/*
 * growroot: makes the root file system as large as its disk.
 *
 * An image is smaller than the disk that it is written to. If there is room behind the last
 * partition, and that is mounted at /, then the table, the kernel's idea of the partition and the
 * ext file system in it grow, each by itself: what a power cut leaves is gone on with at the next
 * boot. Says in a line what was done; nothing, and quickly, if there was nothing to do. Ends with 1
 * if something should have been done and could not.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "table.h"

#define RESIZE_FS	_IOW('f', 16, uint64_t)
#define ALIGN_SECTORS	2048u	/* of 512 bytes */
#define TABLE_SECTORS	64u	/* more than a table takes at the disk's end */

struct root {
	char device[32];	/* MAJOR:MINOR */
	char name[64], disk[64]; /* as in /dev; without partitions they are the same */
	unsigned partition;	/* its number, or 0 */
	uint64_t start, size, disk_size; /* in 512 bytes */
};

/* What is mounted at /: false if it is no ext file system on a device. */
static bool root_find(struct root *r)
{
	FILE *f = fopen("/proc/self/mountinfo", "r");
	char line[4096], where[1024], type[32] = "", device[32], *more;

	if (!f)
		err(1, "/proc/self/mountinfo");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*d %*d %31s %*s %1023s", device, where) != 2 ||
		    strcmp(where, "/") != 0)
			continue;
		more = strstr(line, " - ");
		if (more && sscanf(more, " - %31s", type) == 1)
			strcpy(r->device, device);
	}
	fclose(f);
	return !strncmp(type, "ext", 3);
}

/* A number from a file of the device's directory in sysfs; 0 if it is not there. */
static uint64_t sysfs_number(const char *format, const char *name, const char *file)
{
	char path[PATH_MAX];
	uint64_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), format, name, file);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%lu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

/* Its names and places: false if sysfs has none. */
static bool root_look(struct root *r)
{
	char path[64], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/dev/block/%s", r->device);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	snprintf(r->name, sizeof(r->name), "%s", basename(target));
	r->partition = (unsigned)sysfs_number("/sys/dev/block/%s/%s", r->device, "partition");
	r->start = sysfs_number("/sys/dev/block/%s/%s", r->device, "start");
	r->size = sysfs_number("/sys/dev/block/%s/%s", r->device, "size");
	strcpy(r->disk, r->name);
	if (r->partition)
		snprintf(r->disk, sizeof(r->disk), "%s", basename(dirname(target)));
	r->disk_size = sysfs_number("/sys/block/%s/%s", r->disk, "size");
	return r->size && r->disk_size;
}

static int device_open(const char *name, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

/* Whether there may be room behind the partition, as far as can be told without the table. */
static bool partition_may_grow(const struct root *r)
{
	return r->partition && r->disk_size > TABLE_SECTORS &&
	       (r->disk_size - TABLE_SECTORS) / ALIGN_SECTORS * ALIGN_SECTORS > r->start + r->size;
}

/* Table and kernel: whether the partition has become larger. */
static bool partition_grow(struct root *r)
{
	struct disk d = { .fd = device_open(r->disk, O_RDWR) };
	struct blkpg_partition p = { .pno = (int)r->partition, .start = (long long)r->start * 512 };
	struct blkpg_ioctl_arg arg = { BLKPG_RESIZE_PARTITION, 0, sizeof(p), &p };
	int64_t size;

	if (ioctl(d.fd, BLKSSZGET, &d.sector) || d.sector < 512)
		err(1, "/dev/%s", r->disk);
	d.n_sectors = r->disk_size * 512 / d.sector;
	size = table_extend(&d, r->partition, r->start * 512 / d.sector);
	if (size < 0)
		errx(1, "/dev/%s: %s: left as it is", r->disk, d.why);
	p.length = size * d.sector;
	if (size && ioctl(d.fd, BLKPG, &arg))
		err(1, "/dev/%s: partition %u", r->disk, r->partition);
	close(d.fd);
	if (size)
		r->size = (uint64_t)p.length / 512;
	return size != 0;
}

/* How many blocks the mounted file system has, and of how many bytes: false if it is none. */
static bool blocks_read(const struct root *r, uint64_t *n, uint32_t *bytes)
{
	uint32_t super[256]; /* little-endian words: ext4 Data Structures, "Super Block" */
	int fd = device_open(r->name, O_RDONLY);
	bool ok = pread(fd, super, sizeof(super), 1024) == sizeof(super) &&
		  (super[14] & 0xffff) == 0xef53 && super[6] <= 6;

	close(fd);
	if (!ok)
		return false;
	*n = super[1];
	if (super[24] & 0x80) /* 64bit */
		*n |= (uint64_t)super[84] << 32;
	*bytes = 1024u << super[6];
	return true;
}

/* The file system: whether it has become larger. */
static bool blocks_grow(const struct root *r, uint64_t *n, uint32_t *bytes)
{
	uint64_t before, want;
	int fd;

	if (!blocks_read(r, &before, bytes))
		errx(1, "/dev/%s: no ext file system", r->name);
	*n = before;
	want = r->size * 512 / *bytes;
	if (want <= before)
		return false;
	fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, RESIZE_FS, &want))
		err(1, "/: the file system cannot grow");
	close(fd);
	return blocks_read(r, n, bytes) && *n > before;
}

int main(void)
{
	bool partition, blocks;
	struct root r = { 0 };
	uint32_t bytes;
	uint64_t n;

	if (!root_find(&r) || !root_look(&r))
		return 0;
	partition = partition_may_grow(&r) && partition_grow(&r);
	blocks = blocks_grow(&r, &n, &bytes);
	if (partition || blocks)
		printf("growroot: /dev/%s has %lu MiB now, / %lu blocks of %u\n", r.name,
		       r.size / 2048, n, bytes);
	return 0;
}
