/* Rows of TCP over loopback: round trip, connection, bandwidth. */
#include "bench.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* 127.0.0.1 answers once lo is up. */
static void loopback_up(void)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} m = {
		.h = {.nlmsg_len = sizeof(m), .nlmsg_type = RTM_NEWLINK,
		      .nlmsg_flags = NLM_F_REQUEST},
		.i = {.ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP},
	};
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (fd >= 0) {
		send(fd, &m, sizeof(m), 0);
		close(fd);
	}
}

/* A listener on a free port of 127.0.0.1, or -1. */
static int listener(struct sockaddr_in *a)
{
	socklen_t length = sizeof(*a);
	int fd;

	loopback_up();
	*a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)a, length) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)a, &length))
		return -1;
	return fd;
}

static int connected(const struct sockaddr_in *a)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (fd < 0 || connect(fd, (const struct sockaddr *)a, sizeof(*a)))
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int64_t tcp_round_trip(long n)
{
	struct sockaddr_in a;
	int l = listener(&a), fd;
	int64_t took;
	pid_t pid;
	char b = 0;

	if (l < 0 || (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		fd = accept(l, NULL, NULL);
		while (read(fd, &b, 1) == 1)
			if (write(fd, &b, 1) != 1)
				break;
		_exit(0);
	}
	fd = connected(&a);
	if (fd < 0)
		return -1;
	took = TIMED(n, {
		if (write(fd, &b, 1) != 1 || read(fd, &b, 1) != 1)
			return -1;
	});
	close(fd);
	close(l);
	waitpid(pid, NULL, 0);
	return took;
}

/* Connects, and closes when the other side has: TIME-WAIT is the server's. */
static int64_t tcp_connect(long n)
{
	struct sockaddr_in a;
	int l = listener(&a);
	int64_t took;
	pid_t pid;
	char b;

	if (l < 0 || (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		for (;;)
			close(accept(l, NULL, NULL));
	}
	took = TIMED(n, {
		int fd = connected(&a);

		if (fd < 0)
			return -1;
		(void)!read(fd, &b, 1);
		close(fd);
	});
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(l);
	return took;
}

static int64_t tcp_bandwidth(long n)
{
	static char buf[65536];
	struct sockaddr_in a;
	int l = listener(&a), fd;
	int64_t start;
	pid_t pid;

	if (l < 0 || (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		fd = connected(&a);
		for (long i = 0; i < n; i++)
			if (write(fd, buf, sizeof(buf)) != sizeof(buf))
				_exit(1);
		_exit(0);
	}
	fd = accept(l, NULL, NULL);
	start = now_ns();
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	start = now_ns() - start;
	close(fd);
	close(l);
	waitpid(pid, NULL, 0);
	return start;
}

const struct row net_rows[] = {
	{"tcp_round_trip", tcp_round_trip, 0},
	{"tcp_connect", tcp_connect, 0},
	{"tcp_bandwidth", tcp_bandwidth, 65536},
	{NULL, NULL, 0},
};
