/*
 * For tests of both versions of IP: one text, for AF_INET, which a program for AF_INET6 includes
 * after it has defined FAMILY. "Here" is the loopback's address.
 */
#ifndef FAMILY_H
#define FAMILY_H

#include "loopback.h"

#ifndef FAMILY
#define FAMILY AF_INET
#endif

enum { IS_6 = FAMILY == AF_INET6 };

static inline union end here(int port)
{
	return end_at(FAMILY, port);
}

/* The unspecified address. */
static inline union end anywhere(int port)
{
	return IS_6 ? in6("::", port) : (union end){.in = in4(INADDR_ANY, port)};
}

static inline int bind_to(int fd, union end e)
{
	return bind(fd, &e.any, end_size(FAMILY));
}

static inline int connect_to(int fd, union end e)
{
	return connect(fd, &e.any, end_size(FAMILY));
}

static inline long send_to(int fd, const void *data, size_t n, union end e)
{
	return sendto(fd, data, n, 0, &e.any, end_size(FAMILY));
}

static inline int udp_socket(void)
{
	return must(socket(FAMILY, SOCK_DGRAM, 0));
}

/* A datagram socket that is bound here, with a port of its own. */
static inline int udp_here(void)
{
	int fd = udp_socket();

	must(bind_to(fd, here(0)));
	return fd;
}

#endif
