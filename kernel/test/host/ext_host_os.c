/*
 * test/host/ext_host_os.c - the calls of the host's system that the ext harness needs. Apart from
 * the rest, because the host's headers and the kernel's define the same names.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sanitizer/asan_interface.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void os_poison(void *p, size_t n);
int os_open(const char *path, bool read_only);
int os_create(const char *path);
void os_close(int fd);
uint64_t os_size(int fd);
bool os_pread(int fd, void *buf, size_t n, uint64_t at);
bool os_pwrite(int fd, const void *buf, size_t n, uint64_t at);
void os_alarm(unsigned seconds);

struct os_stat { uint64_t mode, nlink, uid, gid, rdev, size, ino; int64_t mtime; };
bool os_lstat(const char *path, struct os_stat *out);
long os_readlink(const char *path, char *buf, size_t size);
int os_list(const char *dir, void (*fn)(const char *name, void *arg), void *arg);

void os_poison(void *p, size_t n)
{
	ASAN_POISON_MEMORY_REGION(p, n);
}

int os_open(const char *path, bool read_only)
{
	return open(path, read_only ? O_RDONLY : O_RDWR);
}

int os_create(const char *path)
{
	return open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
}

void os_close(int fd)
{
	close(fd);
}

uint64_t os_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : (uint64_t)st.st_size;
}

bool os_pread(int fd, void *buf, size_t n, uint64_t at)
{
	return pread(fd, buf, n, (off_t)at) == (ssize_t)n;
}

bool os_pwrite(int fd, const void *buf, size_t n, uint64_t at)
{
	return pwrite(fd, buf, n, (off_t)at) == (ssize_t)n;
}

void os_alarm(unsigned seconds)
{
	alarm(seconds);
}

bool os_lstat(const char *path, struct os_stat *out)
{
	struct stat st;

	if (lstat(path, &st))
		return false;
	*out = (struct os_stat){ st.st_mode, st.st_nlink, st.st_uid, st.st_gid, st.st_rdev,
				 (uint64_t)st.st_size, st.st_ino, st.st_mtim.tv_sec };
	return true;
}

long os_readlink(const char *path, char *buf, size_t size)
{
	return readlink(path, buf, size);
}

int os_list(const char *dir, void (*fn)(const char *name, void *arg), void *arg)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	for (; d && (e = readdir(d)); n++)
		fn(e->d_name, arg);
	if (d)
		closedir(d);
	return d ? n : -1;
}
