/* Rows of processes that talk over sockets of AF_UNIX. */
#include "bench.h"
#include <sys/socket.h>

static int64_t unix_round_trip(long n)
{
	int p[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) < 0)
		return -1;
	return talk_round_trips((struct ends){p[0], p[0]}, (struct ends){p[1], p[1]}, n);
}

static int64_t unix_bandwidth(long n)
{
	int p[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, p) < 0 ? -1 : talk_stream(p, n);
}

const struct row socket_rows[] = {
	{"unix_round_trip", unix_round_trip, 0},
	{"unix_bandwidth", unix_bandwidth, TALK_PIECE},
	{NULL, NULL, 0},
};
