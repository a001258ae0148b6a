/*
 * Rows of work that several processes share, to see what a second processor brings: the same work
 * by the same number of processes whatever the machine has. One row only computes; the other lives
 * in the kernel, each process in a directory of its own. An operation is long: how the work begins
 * and who ends last must not count.
 */
#include "bench.h"

enum { WORKERS = 4 };

static volatile uint64_t sink;

/* An operation of computing, some 70 ms a worker: xorshift64 over a register. */
static bool compute(long n, int self)
{
	uint64_t x = 88172645463325252ull + self;

	for (long i = 0; i < n << 25; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	sink = x;
	return true;
}

static bool run_hello(void)
{
	int out[2], status;
	char text[64];
	pid_t pid;

	if (pipe(out) < 0 || (pid = fork()) < 0)
		return false;
	if (pid == 0) {
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		execl("/usr/lib/skerry-bench/hello", "hello", (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	while (read(out[0], text, sizeof(text)) > 0)
		;
	close(out[0]);
	return waitpid(pid, &status, 0) == pid && !status;
}

/*
 * An operation of calls: 64 times a program whose output comes by a pipe, and a file made,
 * written and removed.
 */
static bool calls(long n, int self)
{
	char dir[64], block[4096] = {0};
	bool well = true;

	snprintf(dir, sizeof(dir), DISK_DIR "/parallel-%d", self);
	if (mkdir(dir, 0700) < 0 || chdir(dir) < 0)
		return false;
	for (long i = 0; i < n * 64 && well; i++) {
		int fd;

		well = run_hello() && (fd = open("file", O_CREAT | O_WRONLY, 0600)) >= 0 &&
		       write(fd, block, sizeof(block)) == sizeof(block) && !close(fd) &&
		       !unlink("file");
	}
	return !chdir("/") && !rmdir(dir) && well;
}

/* Every worker does n operations: long enough for the forks not to count. */
static int64_t share(long n, bool (*work)(long n, int self))
{
	int64_t start = now_ns();
	int well = 0, status;

	for (int i = 0; i < WORKERS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return -1;
		if (pid == 0)
			_exit(!work(n, i));
	}
	while (wait(&status) > 0)
		well += !status;
	return well == WORKERS ? now_ns() - start : -1;
}

static int64_t parallel_compute(long n)
{
	return share(n, compute);
}

static int64_t parallel_calls(long n)
{
	return share(n, calls);
}

const struct row parallel_rows[] = {
	{"parallel_compute", parallel_compute, 0},
	{"parallel_calls", parallel_calls, 0},
	{NULL, NULL, 0},
};
