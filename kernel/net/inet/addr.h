/*
 * Internet addresses. There is one kind, of 16 bytes: IPv4's are the mapped ones, ::ffff:a.b.c.d
 * (RFC 4291, 2.5.5.2), so that TCP, UDP, sockets and their tables know one shape, and a socket of
 * AF_INET6 serves both (RFC 3493, 3.7). All in network order.
 */
#pragma once

#include "lib/bitops.h"
#include "lib/string.h"
#include "lib/types.h"

typedef u16 be16; /* network order */
typedef u32 be32;

struct ipaddr { union { u8 b[16]; be16 h[8]; be32 w[4]; u64 d[2]; }; };

static inline u16 ntoh16(be16 v) { return __builtin_bswap16(v); }
static inline be16 hton16(u16 v) { return __builtin_bswap16(v); }
static inline u32 ntoh32(be32 v) { return __builtin_bswap32(v); }
static inline be32 hton32(u32 v) { return __builtin_bswap32(v); }

#define IPADDR_ANY ((struct ipaddr){ .d = { 0, 0 } })
/* 0.0.0.0 as an address of IPv4. */
#define IPADDR_ANY4 ((struct ipaddr){ .w = { 0, 0, 0xffff0000u, 0 } })

static inline struct ipaddr ipaddr_4(be32 v)
{
	return (struct ipaddr){ .w = { 0, 0, 0xffff0000u, v } };
}
static inline bool ipaddr_is4(const struct ipaddr *a)
{
	return a->d[0] == 0 && a->w[2] == 0xffff0000u;
}
static inline bool ipaddr_equal(const struct ipaddr *a, const struct ipaddr *b)
{
	return a->d[0] == b->d[0] && a->d[1] == b->d[1];
}
/* 0.0.0.0 or ::. */
static inline bool ipaddr_any(const struct ipaddr *a)
{
	return a->d[0] == 0 && a->w[3] == 0 && (a->w[2] == 0 || a->w[2] == 0xffff0000u);
}
static inline bool ipaddr_multicast(const struct ipaddr *a)
{
	return ipaddr_is4(a) ? (a->b[12] & 0xf0) == 0xe0 : a->b[0] == 0xff;
}
static inline bool ipaddr_loopback(const struct ipaddr *a)
{
	return ipaddr_is4(a) ? a->b[12] == 127 :
			       a->d[0] == 0 && a->w[2] == 0 && a->w[3] == hton32(1);
}
static inline bool ipaddr_link_local(const struct ipaddr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}
