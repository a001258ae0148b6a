/* Rows of files: cached reads, writes, create and delete, directories, bandwidth warm and cold. */
#include "bench.h"
#include <dirent.h>

enum { BIG = 16 << 20, CHUNK = 1 << 18 };

static char chunk[CHUNK];

/* A file of that size with no holes, written once; its descriptor or -1. */
static int big_file(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT, 0644);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (st.st_size == (off_t)size)
		return fd;
	for (size_t at = 0; at < size; at += CHUNK)
		if (pwrite(fd, chunk, CHUNK, at) != CHUNK)
			return -1;
	fsync(fd);
	return fd;
}

static int64_t pread_4k(long n)
{
	int fd = big_file(DISK_DIR "/bench.big", BIG);
	int64_t took = TIMED(n, pread(fd, chunk, 4096, (i_ & 255) << 12));

	close(fd);
	return fd < 0 ? -1 : took;
}

static int64_t pwrite_4k(long n)
{
	int fd = big_file(DISK_DIR "/bench.written", 1 << 20);
	int64_t took = TIMED(n, pwrite(fd, chunk, 4096, (i_ & 255) << 12));

	close(fd);
	return fd < 0 ? -1 : took;
}

static int64_t create_delete(const char *path, long n, size_t size)
{
	for (int i = 0; i < 2; i++) {
		int fd = open(path, O_CREAT | O_WRONLY, 0644);

		if (fd < 0)
			return -1;
		close(fd);
		unlink(path);
	}
	return TIMED(n, {
		int fd = open(path, O_CREAT | O_WRONLY, 0644);

		if (size && write(fd, chunk, size) != (ssize_t)size)
			return -1;
		close(fd);
		unlink(path);
	});
}

static int64_t create_disk(long n)
{
	return create_delete(DISK_DIR "/bench.new", n, 0);
}

static int64_t create_disk_10k(long n)
{
	return create_delete(DISK_DIR "/bench.new", n, 10240);
}

static int64_t create_tmp(long n)
{
	return create_delete(TMP_DIR "/bench.new", n, 0);
}

static int64_t list_directory(long n)
{
	return TIMED(n, {
		DIR *dir = opendir("/bin");

		if (!dir)
			return -1;
		while (readdir(dir))
			;
		closedir(dir);
	});
}

static int64_t read_warm(long n)
{
	int fd = big_file(DISK_DIR "/bench.big", BIG);
	int64_t took = TIMED(n, pread(fd, chunk, CHUNK, i_ * CHUNK % BIG));

	close(fd);
	return fd < 0 ? -1 : took;
}

/* Whole files whose pages have been dropped before the clock runs. */
static int64_t read_cold(long n)
{
	int fd = big_file(DISK_DIR "/bench.big", BIG);
	int64_t took = 0;

	if (fd < 0)
		return -1;
	for (long i = 0; i < n; i++) {
		if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
			return -1;
		took += TIMED(BIG / CHUNK, pread(fd, chunk, CHUNK, i_ * CHUNK));
	}
	close(fd);
	return took;
}

static int64_t write_sync(long n)
{
	int fd = big_file(DISK_DIR "/bench.written", 1 << 20);
	int64_t took = TIMED(n, {
		for (int at = 0; at < 1 << 20; at += CHUNK)
			if (pwrite(fd, chunk, CHUNK, at) != CHUNK)
				return -1;
		fsync(fd);
	});

	close(fd);
	return fd < 0 ? -1 : took;
}

static int64_t fsync_4k(long n)
{
	int fd = big_file(DISK_DIR "/bench.written", 1 << 20);
	int64_t took = TIMED(n, {
		if (pwrite(fd, chunk, 4096, 0) != 4096 || fsync(fd) < 0)
			return -1;
	});

	close(fd);
	return fd < 0 ? -1 : took;
}

/* Every one changes the size, so it needs a commit where there is a journal. */
static int64_t fsync_append(long n)
{
	int fd = open(DISK_DIR "/bench.log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
	int64_t took = TIMED(n, {
		if (write(fd, chunk, 200) != 200 || fsync(fd) < 0)
			return -1;
	});

	close(fd);
	return fd < 0 ? -1 : took;
}

const struct row file_rows[] = {
	{"pread_4k", pread_4k, 0},
	{"pwrite_4k", pwrite_4k, 0},
	{"create_delete_disk", create_disk, 0},
	{"create_delete_disk_10k", create_disk_10k, 0},
	{"create_delete_tmp", create_tmp, 0},
	{"list_bin", list_directory, 0},
	{"file_read_warm", read_warm, CHUNK},
	{"file_read_cold", read_cold, BIG},
	{"file_write_sync", write_sync, 1 << 20},
	{"fsync_4k", fsync_4k, 0},
	{"fsync_append", fsync_append, 0},
	{NULL, NULL, 0},
};
