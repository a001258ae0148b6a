/*
 * For tests of raw and ping sockets of either version of IP: echo requests. Their header is the
 * same for ICMP and ICMPv6, but for the numbers of types; raw sockets of AF_INET receive the IP
 * header, too.
 */
#ifndef RAW_H
#define RAW_H

#include "family.h"

/* Of linux/icmp.h and linux/icmpv6.h. */
enum {
	PROTOCOL = IS_6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
	ECHO_REQUEST = IS_6 ? 128 : 8, ECHO_REPLY = IS_6 ? 129 : 0,
	IP_BEFORE = IS_6 ? 0 : 20, /* bytes of it, without options */
};

struct icmp_head { uint8_t type, code; uint16_t sum, id, sequence; };
struct echo { struct icmp_head h; char data[32]; };

/* The sum of n bytes added to `s`, complemented. */
static inline uint16_t sum_more(uint32_t s, const void *data, size_t n)
{
	const uint16_t *w = data;

	for (; n > 1; n -= 2)
		s += *w++;
	if (n)
		s += *(const uint8_t *)w;
	s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~(s + (s >> 16));
}

static inline uint16_t sum(const void *data, size_t n)
{
	return sum_more(0, data, n);
}

/* With the pseudo header of IPv6 (RFC 8200, 8.1). */
static inline uint16_t sum6(const struct in6_addr *from, const struct in6_addr *to, int protocol,
			    const void *data, size_t n)
{
	struct { struct in6_addr from, to; uint32_t n, protocol; } pseudo = {
		*from, *to, htonl((uint32_t)n), htonl((uint32_t)protocol)};

	return sum_more((uint16_t)~sum(&pseudo, sizeof(pseudo)), data, n);
}

/* An echo request; the kernel makes ICMPv6's checksum. */
static inline struct echo echo_make(int id, int sequence)
{
	struct echo e = {.h = {.type = ECHO_REQUEST, .id = htons((uint16_t)id),
			       .sequence = htons((uint16_t)sequence)}};

	memset(e.data, 'p', sizeof(e.data));
	if (!IS_6)
		e.h.sum = sum(&e, sizeof(e));
	return e;
}

/* The next message of a type, with its IP header before if the version has that: its length, or
 * -1. */
static inline long icmp_next(int fd, void *buf, size_t n, int type)
{
	while (ready(fd, POLLIN, 1000)) {
		const uint8_t *b = buf;
		long got = recv(fd, buf, n, 0);

		if (got < IP_BEFORE + (long)sizeof(struct icmp_head))
			return -1;
		if (((const struct icmp_head *)(b + (IS_6 ? 0 : (b[0] & 15) * 4)))->type == type)
			return got;
	}
	return -1;
}

static inline int raw(int protocol)
{
	loopback_up();
	return must(socket(FAMILY, SOCK_RAW, protocol));
}

#endif
