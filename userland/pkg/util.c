/* What all of pkg uses: errors, memory, text, whole files, the progress bar. */
#include "pkg.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_LIMIT (64 << 20)

static struct {
	const char *what; /* NULL: no bar */
	uint64_t total, done;
	int64_t shown; /* when, in ms */
} bar;

/* Signals that ask for an end wait from now on, until interrupted() is asked. */
void hold_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Whether an end was asked for since. */
static bool interrupted(void)
{
	sigset_t set;

	return !sigpending(&set) && (sigismember(&set, SIGINT) || sigismember(&set, SIGTERM) ||
				     sigismember(&set, SIGHUP));
}

/* Say what is wrong and end with status 1; journal.c takes back what it began. */
void fail(const char *format, ...)
{
	va_list arguments;

	progress_end();
	fflush(stdout);
	fputs("pkg: ", stderr);
	if (interrupted()) {
		fputs("interrupted", stderr);
	} else {
		va_start(arguments, format);
		vfprintf(stderr, format, arguments);
		va_end(arguments);
	}
	fputc('\n', stderr);
	exit(1);
}

/* Zeroed memory. */
void *get(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		fail("out of memory");
	return memory;
}

/* Room for one more in an array of `count`, which doubles whenever that is a power of two. */
void *grow(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	array = realloc(array, (count ? 2 * count : 1) * size);
	if (!array)
		fail("out of memory");
	return array;
}

char *copy(const char *text)
{
	return format("%s", text);
}

/* Text as printf makes it, in memory of its own. */
char *format(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		fail("out of memory");
	va_end(arguments);
	return text;
}

void buffer_add(struct buffer *buffer, const void *data, size_t length)
{
	if (buffer->room - buffer->length <= length) {
		buffer->room = 2 * buffer->room + length + 1024;
		buffer->data = realloc(buffer->data, buffer->room);
		if (!buffer->data)
			fail("out of memory");
	}
	memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void buffer_print(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		fail("out of memory");
	buffer_add(buffer, text, length);
	free(text);
}

/* A whole file behind what the buffer has; false if there is none. */
bool read_file(const char *path, struct buffer *buffer)
{
	char data[16384];
	ssize_t count;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return false;
	if (fd < 0)
		fail("%s: %s", path, strerror(errno));
	buffer_add(buffer, "", 0);
	while ((count = read(fd, data, sizeof(data))) > 0) {
		buffer_add(buffer, data, count);
		if (buffer->length > FILE_LIMIT)
			fail("%s: too large", path);
	}
	if (count < 0)
		fail("%s: %s", path, strerror(errno));
	close(fd);
	return true;
}

void write_all(int fd, const void *data, size_t length, const char *path)
{
	const char *at = data;

	while (length) {
		ssize_t count = write(fd, at, length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			fail("%s: %s", path, strerror(errno));
		at += count;
		length -= count;
	}
}

/* Make the directory's names stable. */
void sync_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd))
		fail("%s: %s", path, strerror(errno));
	close(fd);
}

/* A file with these contents, stable on the disk: the old one, whole, or this one. */
void write_durably(const char *path, const struct buffer *buffer)
{
	char *temporary = format("%s.tmp", path), *directory = directory_of(path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		fail("%s: %s", temporary, strerror(errno));
	write_all(fd, buffer->data, buffer->length, temporary);
	if (fsync(fd) || close(fd) || rename(temporary, path))
		fail("%s: %s", path, strerror(errno));
	sync_directory(directory);
	free(directory);
	free(temporary);
}

/* The directory and its parents, as far as they are not there. */
void make_directories(const char *path)
{
	char *part = copy(path);

	for (char *at = strchr(part, '/');; at = strchr(at + 1, '/')) {
		if (at)
			*at = '\0';
		if (*part && mkdir(part, 0755) && errno != EEXIST)
			fail("%s: %s", part, strerror(errno));
		if (!at)
			break;
		*at = '/';
	}
	free(part);
}

/* The directory of a path without a slash in front: "." if it has none. */
char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? format("%.*s", (int)(slash - path), path) : copy(".");
}

const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void bar_show(void)
{
	char marks[31];
	unsigned percent = bar.total ? bar.done * 100 / bar.total : 100;

	if (percent > 100)
		percent = 100;
	for (unsigned i = 0; i < 30; i++)
		marks[i] = i < percent * 30 / 100 ? '#' : '.';
	marks[30] = '\0';
	fprintf(stderr, "\r%-32.32s [%s] %3u%%", bar.what, marks, percent);
}

/* A bar for `total` bytes, if somebody is looking. */
void progress_begin(const char *what, uint64_t total)
{
	fflush(stdout);
	if (isatty(2)) {
		bar.what = what;
		bar.total = total;
		bar.done = bar.shown = 0;
		bar_show();
	}
}

/* So many bytes more are done: shown ten times a second. The place where a signal is heard. */
void progress_add(uint64_t done)
{
	struct timespec now;
	int64_t ms;

	if (interrupted())
		fail("interrupted");
	if (!bar.what)
		return;
	bar.done += done;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (ms - bar.shown >= 100) {
		bar.shown = ms;
		bar_show();
	}
}

/* Take the bar away. */
void progress_end(void)
{
	if (bar.what)
		fputs("\r\033[K", stderr);
	bar.what = NULL;
}
