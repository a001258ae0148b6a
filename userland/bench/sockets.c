/* Rows of processes that talk over sockets of AF_UNIX. */
#include "bench.h"
#include <sys/socket.h>

static int64_t unix_round_trip(long n)
{
	int64_t took;
	pid_t pid;
	char b = 0;
	int p[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) < 0 || (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		close(p[0]);
		while (read(p[1], &b, 1) == 1)
			if (write(p[1], &b, 1) != 1)
				break;
		_exit(0);
	}
	close(p[1]);
	took = TIMED(n, {
		if (write(p[0], &b, 1) != 1 || read(p[0], &b, 1) != 1)
			return -1;
	});
	close(p[0]);
	waitpid(pid, NULL, 0);
	return took;
}

static int64_t unix_bandwidth(long n)
{
	static char buf[65536];
	int64_t start;
	pid_t pid;
	int p[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) < 0 || (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		close(p[0]);
		for (long i = 0; i < n; i++)
			if (write(p[1], buf, sizeof(buf)) != sizeof(buf))
				_exit(1);
		_exit(0);
	}
	close(p[1]);
	start = now_ns();
	while (read(p[0], buf, sizeof(buf)) > 0)
		;
	start = now_ns() - start;
	close(p[0]);
	waitpid(pid, NULL, 0);
	return start;
}

const struct row socket_rows[] = {
	{"unix_round_trip", unix_round_trip, 0},
	{"unix_bandwidth", unix_bandwidth, 65536},
	{NULL, NULL, 0},
};
