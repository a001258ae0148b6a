/*
 * For tests of TCP: sockets on the loopback interface, connected pairs, states; of either family
 * (see family.h).
 */
#ifndef TCP_H
#define TCP_H

#include "tap.h"
#include "family.h"

#include <netinet/tcp.h>

#ifndef POLLRDHUP
#define POLLRDHUP 0x2000
#endif

static inline union end address(int port)
{
	return here(port);
}

static inline int listener(int backlog)
{
	union end a = address(0);
	int fd;

	loopback_up();
	fd = must(socket(FAMILY, SOCK_STREAM, 0));
	must(bind(fd, &a.any, sizeof(a)));
	must(listen(fd, backlog));
	return fd;
}

static inline int try_connect(int fd, int port)
{
	union end a = address(port);

	return connect(fd, &a.any, sizeof(a));
}

static inline int connected(int l)
{
	int fd = must(socket(FAMILY, SOCK_STREAM, 0));

	must(try_connect(fd, port_of(l)));
	return fd;
}

/* A pair of connected sockets: [0] connected, [1] accepted. */
static inline void make_pair(int p[2])
{
	int l = listener(5);

	p[0] = connected(l);
	p[1] = must(accept(l, NULL, NULL));
	close(l);
}

static inline short events(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP};

	must(poll(&p, 1, 0));
	return p.revents;
}

/* What poll says once all of `want` is there, waiting at most 2 s. */
static inline short await(int fd, short want)
{
	for (int i = 0; i < 200 && (events(fd) & want) != want; i++)
		tap_sleep_ms(10);
	return events(fd);
}

static inline int option(int fd, int level, int name)
{
	int v = -1;
	socklen_t n = sizeof(v);

	must(getsockopt(fd, level, name, &v, &n));
	return v;
}

static inline int set(int fd, int level, int name, int v)
{
	return setsockopt(fd, level, name, &v, sizeof(v));
}

static inline int state(int fd)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n));
	return info.tcpi_state;
}

static inline void await_state(int fd, int want, const char *what)
{
	for (int i = 0; i < 300 && state(fd) != want; i++)
		tap_sleep_ms(10);
	is(state(fd), want, what);
}

#endif
