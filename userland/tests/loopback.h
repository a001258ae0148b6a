/*
 * For tests of the network: the loopback interface is up, as an init script would have it, and
 * little helpers for sockets on it.
 */
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* lo has 127.0.0.1 and is up. */
static inline void loopback_up(void)
{
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0));
	struct ifreq r = {.ifr_name = "lo"};
	struct sockaddr_in *in = (struct sockaddr_in *)&r.ifr_addr;

	if (ioctl(fd, SIOCGIFADDR, &r) < 0) {
		in->sin_family = AF_INET;
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		must(ioctl(fd, SIOCSIFADDR, &r));
	}
	must(ioctl(fd, SIOCGIFFLAGS, &r));
	r.ifr_flags |= IFF_UP;
	must(ioctl(fd, SIOCSIFFLAGS, &r));
	close(fd);
}

/* An address of IPv4, from numbers in host order. */
static inline struct sockaddr_in in4(uint32_t address, int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(address)};
}

static inline int bind4(int fd, uint32_t address, int port)
{
	struct sockaddr_in a = in4(address, port);

	return bind(fd, (struct sockaddr *)&a, sizeof(a));
}

static inline int connect4(int fd, uint32_t address, int port)
{
	struct sockaddr_in a = in4(address, port);

	return connect(fd, (struct sockaddr *)&a, sizeof(a));
}

static inline long sendto4(int fd, const void *data, size_t n, uint32_t address, int port)
{
	struct sockaddr_in a = in4(address, port);

	return sendto(fd, data, n, 0, (struct sockaddr *)&a, sizeof(a));
}

/* An address of either family. */
union end { struct sockaddr any; struct sockaddr_in in; struct sockaddr_in6 in6; };

/* The loopback's. */
static inline union end end_at(int family, int port)
{
	union end e = {0};

	if (family == AF_INET)
		e.in = in4(INADDR_LOOPBACK, port);
	else
		e.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
					      .sin6_port = htons((uint16_t)port),
					      .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	return e;
}

static inline socklen_t end_size(int family)
{
	return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static inline int end_port(const union end *e)
{
	return ntohs(e->any.sa_family == AF_INET ? e->in.sin_port : e->in6.sin6_port);
}

static inline bool end_is_loopback(const union end *e)
{
	return e->any.sa_family == AF_INET ? e->in.sin_addr.s_addr == htonl(INADDR_LOOPBACK) :
					     IN6_IS_ADDR_LOOPBACK(&e->in6.sin6_addr);
}

/* The port that a socket of either family has. */
static inline int port_of(int fd)
{
	union end e;
	socklen_t n = sizeof(e);

	must(getsockname(fd, &e.any, &n));
	return end_port(&e);
}

/* The same of IPv6, with an address as text. */
static inline union end in6(const char *address, int port)
{
	union end e = end_at(AF_INET6, port);

	must(inet_pton(AF_INET6, address, &e.in6.sin6_addr) == 1 ? 0 : -1);
	return e;
}

static inline int bind6(int fd, const char *address, int port)
{
	union end e = in6(address, port);

	return bind(fd, &e.any, sizeof(e.in6));
}

static inline int connect6(int fd, const char *address, int port)
{
	union end e = in6(address, port);

	return connect(fd, &e.any, sizeof(e.in6));
}

static inline long sendto6(int fd, const void *data, size_t n, const char *address, int port)
{
	union end e = in6(address, port);

	return sendto(fd, data, n, 0, &e.any, sizeof(e.in6));
}

static inline int udp6_at(const char *address)
{
	int fd = must(socket(AF_INET6, SOCK_DGRAM, 0));

	must(bind6(fd, address, 0));
	return fd;
}

/* A datagram socket bound to an address, with a port of its own. */
static inline int udp_at(uint32_t address)
{
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0));

	must(bind4(fd, address, 0));
	return fd;
}

/* Two datagram sockets of a version of IP: the second receives, the first is connected to it. */
static inline void udp_pair(int family, int s[2])
{
	s[0] = must(socket(family, SOCK_DGRAM, 0));
	s[1] = family == AF_INET ? udp_at(INADDR_LOOPBACK) : udp6_at("::1");
	if (family == AF_INET)
		must(connect4(s[0], INADDR_LOOPBACK, port_of(s[1])));
	else
		must(connect6(s[0], "::1", port_of(s[1])));
}

/* Whether something is ready (POLLIN …) within a time. */
static inline bool ready(int fd, short events, int ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, ms) == 1 && p.revents & (events | POLLERR);
}

static inline int set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static inline int get_int(int fd, int level, int name)
{
	int value = -1;
	socklen_t n = sizeof(value);

	return getsockopt(fd, level, name, &value, &n) ? -1 : value;
}

#endif
