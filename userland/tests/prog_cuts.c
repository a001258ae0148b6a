/*
 * The guest's side of the power-cut tests (docs/power-cuts.md):
 *
 *	cuts run TYPE OPTIONS DISK BASE MARKS <sequences
 *		for each line: BASE is copied to DISK, DISK mounted, the operations done, unmounted;
 *		what each returned is marked on MARKS
 *	cuts mark MARKS TEXT	marks that
 *	cuts mount TYPE DISK...	each is mounted for writing, read whole, and unmounted
 *
 * A mark is a line at the start of the disk MARKS, which the host keeps in order with what reaches
 * the others. kernel/test/host/cuts_ops.c does the same operations without a kernel.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS	6
#define AT	"/tmp/cuts"

static const char *disk; /* the one with the file system */
static int held[4], n_held;

static void mark(const char *marks, const char *text)
{
	static char sector[512];
	int fd = open(marks, O_WRONLY);

	memset(sector, 0, sizeof(sector));
	snprintf(sector, sizeof(sector), "%s\n", text);
	if (fd < 0 || pwrite(fd, sector, sizeof(sector), 0) != sizeof(sector) || fsync(fd)) {
		perror(marks);
		exit(1);
	}
	close(fd);
}

static unsigned char pattern(unsigned long at, unsigned long tag)
{
	return (unsigned char)(1 + (at + 37 * tag + (at >> 9) * 11) % 251);
}

static int op_write(const char *path, int flags, unsigned long at, unsigned long n,
		    unsigned long tag)
{
	int fd = open(path, O_WRONLY | flags), err = 0;
	unsigned char *buf = aligned_alloc(512, (n + 511) / 512 * 512);

	for (unsigned long i = 0; i < n; i++)
		buf[i] = pattern(at + i, tag);
	if (fd < 0 || pwrite(fd, buf, n, (off_t)at) != (ssize_t)n)
		err = errno ? errno : EIO;
	free(buf);
	close(fd);
	return err;
}

static int op_fd(char **word)
{
	int fd = open(word[1], word[0][0] == 'c' ? O_WRONLY | O_CREAT | O_EXCL : O_RDONLY, 0644);
	int err = fd < 0 ? errno : 0;

	if (err)
		return err;
	if (strcmp(word[0], "fsync") == 0)
		err = fsync(fd) ? errno : 0;
	else if (strcmp(word[0], "fdatasync") == 0)
		err = fdatasync(fd) ? errno : 0;
	if (strcmp(word[0], "hold") == 0) {
		held[n_held++] = fd;
		return 0;
	}
	close(fd);
	return err;
}

/* What the kernel's timer does with a file's data: no flush follows. */
static int write_back(const char *path, const struct stat *st __attribute__((unused)), int kind,
		      struct FTW *at __attribute__((unused)))
{
	int fd, err;

	if (kind != FTW_F)
		return 0;
	fd = open(path, O_RDONLY);
	err = fd < 0 || sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE |
					SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
	if (fd >= 0)
		close(fd);
	return err;
}

/* What is in the disk's own cache, which is metadata. */
static int sync_disk(void)
{
	int fd = open(disk, O_RDONLY), err = fd < 0 || fsync(fd);

	if (fd >= 0)
		close(fd);
	return err;
}

static int op_run(char **word)
{
	if (strcmp(word[0], "sync") == 0) {
		sync();
		return 0;
	}
	if (strcmp(word[0], "wb") == 0)
		return nftw(".", write_back, 20, FTW_PHYS | FTW_MOUNT) ? errno : 0;
	if (strcmp(word[0], "disk") == 0)
		return sync_disk() ? errno : 0;
	if (strcmp(word[0], "write") == 0 || strcmp(word[0], "dwrite") == 0)
		return op_write(word[1], word[0][0] == 'd' ? O_DIRECT : 0,
				strtoul(word[2], NULL, 10), strtoul(word[3], NULL, 10),
				strtoul(word[4], NULL, 10));
	if (strcmp(word[0], "trunc") == 0)
		return truncate(word[1], strtol(word[2], NULL, 10)) ? errno : 0;
	if (strcmp(word[0], "mkdir") == 0)
		return mkdir(word[1], 0755) ? errno : 0;
	if (strcmp(word[0], "rmdir") == 0)
		return rmdir(word[1]) ? errno : 0;
	if (strcmp(word[0], "unlink") == 0)
		return unlink(word[1]) ? errno : 0;
	if (strcmp(word[0], "link") == 0)
		return link(word[1], word[2]) ? errno : 0;
	if (strcmp(word[0], "rename") == 0)
		return rename(word[1], word[2]) ? errno : 0;
	return op_fd(word);
}

static void run_operations(char *sequence, const char *marks)
{
	char *next, *word[WORDS + 1], text[64];

	for (unsigned i = 1; sequence; i++, sequence = next) {
		next = strchr(sequence, ';');
		if (next)
			*next++ = '\0';
		memset(word, 0, sizeof(word));
		for (unsigned n = 0; n < WORDS && sequence; n++)
			word[n] = strsep(&sequence, " ");
		errno = 0;
		snprintf(text, sizeof(text), "op %u %d", i, op_run(word));
		mark(marks, text);
	}
	while (n_held)
		close(held[--n_held]);
}

/*
 * Writes only what differs. What the cache has of the disk is not what files have written there.
 */
static void copy(const char *from, const char *to)
{
	static char buf[65536], old[65536];
	int in = open(from, O_RDONLY), out = open(to, O_RDWR);
	ssize_t n;
	off_t at;

	if (in < 0 || out < 0) {
		perror("copy");
		exit(1);
	}
	ioctl(out, BLKFLSBUF);
	for (at = 0; (n = read(in, buf, sizeof(buf))) > 0; at += n) {
		if (pread(out, old, (size_t)n, at) == n && memcmp(buf, old, (size_t)n) == 0)
			continue;
		if (pwrite(out, buf, (size_t)n, at) != n) {
			perror(to);
			exit(1);
		}
	}
	fsync(out);
	close(in);
	close(out);
}

/* word: TYPE OPTIONS DISK BASE MARKS */
static int run(char **word)
{
	static char line[8192], begin[512];

	disk = word[2];
	mkdir(AT, 0755);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		copy(word[3], word[2]);
		snprintf(begin, sizeof(begin), "begin %s", line);
		mark(word[4], begin);
		if (mount(word[2], AT, word[0], 0, word[1]) || chdir(AT)) {
			perror("mount");
			return 1;
		}
		mark(word[4], "op 0 0");
		run_operations(line, word[4]);
		if (chdir("/") || umount(AT)) {
			perror("umount");
			return 1;
		}
		mark(word[4], "end");
	}
	return 0;
}

static int read_entry(const char *path, const struct stat *st, int kind,
		      struct FTW *at __attribute__((unused)))
{
	static char buf[65536];
	ssize_t n = 0;

	if (kind == FTW_F && S_ISREG(st->st_mode)) {
		int fd = open(path, O_RDONLY);

		while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
			;
		if (fd < 0 || n < 0)
			perror(path);
		close(fd);
	}
	return n < 0 || kind == FTW_DNR || kind == FTW_NS;
}

static int mount_all(const char *type, char **disk)
{
	int failed = 0;

	mkdir(AT, 0755);
	for (; *disk; disk++) {
		if (mount(*disk, AT, type, 0, "")) {
			printf("%s: mount: %s\n", *disk, strerror(errno));
			failed++;
			continue;
		}
		if (nftw(AT, read_entry, 20, FTW_PHYS | FTW_MOUNT)) {
			printf("%s: cannot be read\n", *disk);
			failed++;
		}
		if (umount(AT)) {
			printf("%s: umount: %s\n", *disk, strerror(errno));
			failed++;
		}
	}
	printf("%d failed\n", failed);
	return failed != 0;
}

int main(int argc, char **argv)
{
	if (argc == 7 && strcmp(argv[1], "run") == 0)
		return run(argv + 2);
	if (argc == 4 && strcmp(argv[1], "mark") == 0) {
		mark(argv[2], argv[3]);
		return 0;
	}
	if (argc >= 4 && strcmp(argv[1], "mount") == 0)
		return mount_all(argv[2], argv + 3);
	fprintf(stderr, "usage: cuts run|mark|mount ...\n");
	return 2;
}
