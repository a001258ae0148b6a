/*
 * crafted DISK TARGET FIRST - works through a disk of damaged images (crafted.h), from image FIRST
 * on: each is put on the disk TARGET, mounted, walked, read, changed and unmounted, for writing and
 * again read-only; tables of partitions are read by the kernel. Calls may fail as they like; what
 * counts is that the kernel is there in the end. The number of each image is said before.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "crafted.h"

#define WHERE  "/mnt"
#define VISITS 1500 /* of names: damage makes trees that contain themselves */

static struct crafted_head head;
static uint8_t *image, *sound[CRAFTED_BASES];
static char buf[70000];
static unsigned visits, mounted, refused;

static void die(const char *what)
{
	printf("crafted: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void read_at(int fd, void *to, size_t n, uint64_t sector)
{
	if (pread(fd, to, n, (off_t)(sector * 512)) != (ssize_t)n)
		die("the disk of images");
}

static void read_head(int fd)
{
	size_t most = 0;

	read_at(fd, buf, (sizeof(head) + 511) & ~511ul, 0);
	memcpy(&head, buf, sizeof(head));
	if (head.magic != CRAFTED_MAGIC || head.n_bases > CRAFTED_BASES)
		die("no disk of images");
	for (unsigned i = 0; i < head.n_bases; i++) {
		size_t n = head.bases[i].n * 512;

		sound[i] = malloc(n);
		if (!sound[i])
			die("memory");
		read_at(fd, sound[i], n, head.bases[i].at);
		most = n > most ? n : most;
	}
	image = malloc(most);
	if (!image)
		die("memory");
}

static void visit_xattrs(const char *path)
{
	static char names[3000], value[5000];
	ssize_t n = llistxattr(path, names, sizeof(names) - 1);

	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1) {
		names[n] = '\0';
		lgetxattr(path, names + at, value, sizeof(value));
	}
}

static void visit_file(const char *path, off_t size)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	int flags;

	if (fd < 0)
		return;
	(void)!pread(fd, buf, 9000, 0);
	(void)!pread(fd, buf, 5000, size / 2);
	(void)!pread(fd, buf, 5000, size > 3000 ? size - 3000 : 0);
	for (off_t at = 0; at < 400 << 10 && at < size; at += 37 << 10)
		(void)!pread(fd, buf, 10, at);
	lseek(fd, 0, SEEK_HOLE);
	lseek(fd, size / 2, SEEK_DATA);
	ioctl(fd, FS_IOC_GETFLAGS, &flags);
	close(fd);
}

static void walk(const char *dir, unsigned depth)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)) && ++visits < VISITS) {
		char path[4096];
		struct stat st;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if ((unsigned)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >=
			    sizeof(path) || lstat(path, &st))
			continue;
		visit_xattrs(path);
		if (S_ISREG(st.st_mode))
			visit_file(path, st.st_size);
		else if (S_ISLNK(st.st_mode))
			(void)!readlink(path, buf, sizeof(buf));
		else if (S_ISDIR(st.st_mode) && depth < 10)
			walk(path, depth + 1);
	}
	if (d)
		closedir(d);
}

static void write_file(const char *path, size_t n, off_t first, off_t step, unsigned times)
{
	struct stat st;
	int fd;

	/* Damage can make a fifo of it. */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return;
	fd = open(path, O_RDWR | O_CREAT | O_NONBLOCK, 0644);
	if (fd < 0)
		return;
	for (unsigned i = 0; i < times; i++)
		(void)!pwrite(fd, buf, n, first + i * step);
	close(fd);
}

static void change(void)
{
	char path[200];

	memset(buf, 'w', 20000);
	for (unsigned i = 0; i < 25; i++) {
		snprintf(path, sizeof(path), WHERE "/many/file%u", i * 7);
		unlink(path);
		snprintf(path, sizeof(path), WHERE "/many/a-rather-longer-name-%u", i);
		write_file(path, 30, i * 3000, 0, 1);
	}
	rename(path, WHERE "/moved");
	rename(WHERE "/sub", WHERE "/many/sub");
	(void)!symlink("a-target", WHERE "/many/symlink");
	mkdir(WHERE "/new", 0755);
	rename(WHERE "/new", WHERE "/newer");
	rmdir(WHERE "/newer");
	unlink(WHERE "/big");
	(void)!truncate(WHERE "/sparse", 10000);
	write_file(WHERE "/sparse", 20000, 30000, 0, 1);
	write_file(WHERE "/frag", 3000, 9000, 40000, 10);
	setxattr(WHERE "/frag", "user.x", "y", 1, 0);
	setxattr(WHERE "/frag", "user.large", buf, 700, 0);
	removexattr(WHERE "/frag", "user.x");
	(void)!truncate(WHERE "/frag", 70001);
	setxattr(WHERE "/attrs", "user.large", buf, 300, 0);
	(void)!link(WHERE "/attrs", WHERE "/linked");
	unlink(WHERE "/frag");
}

/* Out of use again, and if it takes until the last reader is gone. */
static void leave(void)
{
	for (unsigned i = 0; i < 50 && umount(WHERE); i++) {
		if (errno != EBUSY)
			return;
		usleep(20000);
	}
}

static void use(const char *target, const char *type, unsigned long flags)
{
	struct statvfs statvfs_;

	if (mount(target, WHERE, type, flags, strcmp(type, "vfat") ? "errors=continue" : "")) {
		refused++;
		return;
	}
	mounted++;
	visits = 0;
	walk(WHERE, 0);
	if (!(flags & MS_RDONLY)) {
		change();
		sync();
		walk(WHERE, 0);
	}
	statvfs(WHERE, &statvfs_);
	leave();
}

/* The kernel reads the table, and each partition's first bytes are read. */
static void use_table(const char *target, int fd)
{
	const char *name = strrchr(target, '/') + 1;
	char path[300];
	DIR *d;
	struct dirent *e;

	fsync(fd);
	if (ioctl(fd, BLKRRPART, 0)) {
		refused++;
		return;
	}
	mounted++;
	d = opendir("/dev");
	while (d && (e = readdir(d))) {
		int part;

		if (strncmp(e->d_name, name, strlen(name)) || strcmp(e->d_name, name) == 0)
			continue;
		snprintf(path, sizeof(path), "/dev/%s", e->d_name);
		part = open(path, O_RDONLY);
		if (part >= 0) {
			(void)!pread(part, buf, 4096, 0);
			(void)!pread(part, buf, 4096, lseek(part, 0, SEEK_END) - 512);
			close(part);
		}
	}
	if (d)
		closedir(d);
}

static void put_image(int fd, size_t n)
{
	if (pwrite(fd, image, n, 0) != (ssize_t)n)
		die("the target");
}

static void one(const char *target, int fd, const struct crafted_record *record)
{
	const char *type = head.bases[record->base].type;
	size_t n = head.bases[record->base].n * 512;

	put_image(fd, n);
	if (strcmp(type, "table") == 0) {
		use_table(target, fd);
		memset(image, 0, n);
		put_image(fd, n);
		ioctl(fd, BLKRRPART, 0);
		return;
	}
	use(target, type, 0);
	put_image(fd, n);
	use(target, type, MS_RDONLY);
}

int main(int argc, char **argv)
{
	int disk, fd;
	uint64_t at;

	if (argc != 4)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	disk = open(argv[1], O_RDONLY);
	fd = open(argv[2], O_RDWR);
	if (disk < 0 || fd < 0)
		die("disks");
	read_head(disk);
	at = head.bases[head.n_bases - 1].at + head.bases[head.n_bases - 1].n;
	for (uint64_t i = 0; i < head.count; i++) {
		struct crafted_record record;

		read_at(disk, buf, 512, at);
		memcpy(&record, buf, sizeof(record));
		if (record.magic != CRAFTED_MAGIC || record.base >= head.n_bases)
			die("no record");
		if (record.number >= strtoull(argv[3], NULL, 0)) {
			printf("@@ IMAGE %llu\n", (unsigned long long)record.number);
			memcpy(image, sound[record.base], head.bases[record.base].n * 512);
			for (uint32_t k = 0; k < record.n; k++) {
				uint64_t sector;

				read_at(disk, buf, 1024, at + 1 + 2 * k);
				memcpy(&sector, buf, sizeof(sector));
				memcpy(image + sector * 512, buf + 512, 512);
			}
			one(argv[2], fd, &record);
		}
		at += 1 + 2 * (uint64_t)record.n;
	}
	printf("@@ DONE %u mounted, %u refused\n", mounted, refused);
	return 0;
}
