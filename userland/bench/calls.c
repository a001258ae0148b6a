/* Rows of single calls: none at all, small reads and writes, status, signals, clocks. */
#include "bench.h"
#include <poll.h>

static int64_t null_call(long n)
{
	return TIMED(n, syscall(SYS_getppid));
}

static int64_t clock_vdso(long n)
{
	struct timespec t;

	return TIMED(n, clock_gettime(CLOCK_MONOTONIC, &t));
}

static int64_t clock_call(long n)
{
	struct timespec t;

	return TIMED(n, syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t));
}

static int64_t on_device(const char *path, long n, size_t size, bool writing)
{
	static char buf[4096];
	int fd = open(path, writing ? O_WRONLY : O_RDONLY);
	int64_t took;

	if (fd < 0)
		return -1;
	took = writing ? TIMED(n, write(fd, buf, size)) : TIMED(n, read(fd, buf, size));
	close(fd);
	return took;
}

static int64_t read_1(long n)
{
	return on_device("/dev/zero", n, 1, false);
}

static int64_t write_1(long n)
{
	return on_device("/dev/null", n, 1, true);
}

static int64_t read_4k(long n)
{
	return on_device("/dev/zero", n, 4096, false);
}

static int64_t open_close(long n)
{
	return TIMED(n, close(open("/etc/passwd", O_RDONLY)));
}

static int64_t stat_file(long n)
{
	struct stat st;

	return TIMED(n, stat("/etc/passwd", &st));
}

static int64_t stat_deep(long n)
{
	static const char *const path = DISK_DIR "/bench.d1/d2/d3/d4/d5/file";
	struct stat st;
	int64_t took;

	mkdir(DISK_DIR "/bench.d1", 0755);
	mkdir(DISK_DIR "/bench.d1/d2", 0755);
	mkdir(DISK_DIR "/bench.d1/d2/d3", 0755);
	mkdir(DISK_DIR "/bench.d1/d2/d3/d4", 0755);
	mkdir(DISK_DIR "/bench.d1/d2/d3/d4/d5", 0755);
	close(open(path, O_CREAT | O_WRONLY, 0644));
	took = TIMED(n, stat(path, &st));
	return took;
}

static int64_t fstat_file(long n)
{
	struct stat st;
	int fd = open("/etc/passwd", O_RDONLY);
	int64_t took = TIMED(n, fstat(fd, &st));

	close(fd);
	return fd < 0 ? -1 : took;
}

static int64_t poll_10(long n)
{
	struct pollfd fds[10];
	int p[10][2];
	int64_t took;

	for (int i = 0; i < 10; i++) {
		if (pipe(p[i]) < 0)
			return -1;
		fds[i] = (struct pollfd){p[i][0], POLLIN, 0};
	}
	took = TIMED(n, poll(fds, 10, 0));
	for (int i = 0; i < 10; i++) {
		close(p[i][0]);
		close(p[i][1]);
	}
	return took;
}

static volatile long handled;

static void handler(int signal)
{
	(void)signal;
	handled++;
}

static int64_t signal_install(long n)
{
	struct sigaction a = {.sa_handler = handler};

	return TIMED(n, sigaction(SIGUSR1, &a, NULL));
}

static int64_t signal_self(long n)
{
	struct sigaction a = {.sa_handler = handler};
	pid_t me = getpid();

	if (sigaction(SIGUSR1, &a, NULL) < 0)
		return -1;
	return TIMED(n, kill(me, SIGUSR1));
}

const struct row call_rows[] = {
	{"null_call", null_call, 0}, {"clock_vdso", clock_vdso, 0},
	{"clock_call", clock_call, 0}, {"read_1", read_1, 0}, {"write_1", write_1, 0},
	{"read_4k", read_4k, 0}, {"open_close", open_close, 0}, {"stat", stat_file, 0},
	{"stat_deep", stat_deep, 0}, {"fstat", fstat_file, 0}, {"poll_10", poll_10, 0},
	{"signal_install", signal_install, 0}, {"signal_self", signal_self, 0}, {NULL, NULL, 0},
};
