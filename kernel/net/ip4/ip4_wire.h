/*
 * IPv4 on the wire: its header, and the reading of it. Pure.
 */
#pragma once

#include "net/inet/addr.h"

/* RFC 791, 3.1. */
struct ip4_header {
	u8 version_length;       /* 4 and the header's length in words */
	u8 tos;
	be16 length, id, fragment; /* fragment: IP4_DF, IP4_MF, offset in units of 8 bytes */
	u8 ttl, protocol;
	be16 sum;
	be32 from, to;
} __packed;
static_assert(sizeof(struct ip4_header) == 20, "ip4_header");

enum { IP4_DF = 0x4000, IP4_MF = 0x2000, IP4_OFFSET = 0x1fff };
enum { IP4_HEADER_MAX = 60, IP4_OPTIONS_MAX = 40, IP4_MIN_MTU = 68 };

static inline u32 ip4_header_bytes(const struct ip4_header *h)
{
	return (h->version_length & 15u) * 4;
}

#define IP4_LOOPBACK  hton32(0x7f000001u)
#define IP4_BROADCAST hton32(0xffffffffu)
#define IP4_ALL_HOSTS hton32(0xe0000001u)

static inline bool ip4_is_multicast(be32 a)
{
	return (a & hton32(0xf0000000u)) == hton32(0xe0000000u);
}
static inline bool ip4_is_loopback(be32 a)
{
	return (a & hton32(0xff000000u)) == hton32(0x7f000000u);
}
static inline be32 ip4_mask(unsigned length)
{
	return length ? hton32(~0u << (32 - length)) : 0;
}

/* ip4_header.c: the header and its options as they came. 0 and the header's and packet's length,
 * or -EINVAL. `n`: bytes there are, from the header on; pure. */
int ip4_header_check(const u8 *bytes, u32 n, u32 packet_length, u32 *header_length, u32 *length);
/* What options ask of a router or host. */
struct ip4_options {
	u8 record, timestamp, source_route; /* offset in the header; 0: not there */
	bool router_alert;
	u8 bad;                  /* offset of what is wrong, if the check failed */
};
/* Whether options of n bytes (behind the header of 20) are well-formed. Pure. */
bool ip4_options_parse(const u8 *options, u32 n, struct ip4_options *out);
/* Options that a router or destination fills in: record route and time stamp get `address`. The
 * header's sum is to be made anew. Pure but for the clock's value. */
void ip4_options_fill(u8 *options, const struct ip4_options *found, be32 address, u32 ms_of_day);
/* Options of a user (IP_OPTIONS): 0, or -EINVAL; source routing is refused. Padded to 4. */
int ip4_options_user(u8 *options, u32 n, u8 *padded);
/* Those of a packet's options that go into every fragment (RFC 791, 3.1), padded: their length. */
u32 ip4_options_of_fragments(const u8 *options, u32 n, u8 *out);
/* Makes the header's checksum. */
void ip4_header_sum(struct ip4_header *h);
