/*
 * UDP (RFC 768) and UDP-Lite (RFC 3828) on the wire. Pure.
 */
#pragma once

#include "net/inet/addr.h"

struct udp_header {
	be16 from, to;
	be16 length;             /* UDP-Lite: the checksum's coverage */
	be16 sum;
} __packed;
static_assert(sizeof(struct udp_header) == 8, "udp_header");

/* A header as it came, of n bytes in the packet: its length, or 0 if it is not sound. */
static inline u32 udp_length(const struct udp_header *h, u32 n)
{
	u32 length = ntoh16(h->length);

	return length >= sizeof(*h) && length <= n ? length : 0;
}

/* How many bytes, from the header on, the checksum of a datagram of n bytes of UDP-Lite is over;
 * 0: what the header says is illegal (RFC 3828, 3.1). */
static inline u32 udp_lite_coverage(const struct udp_header *h, u32 n)
{
	u32 cover = ntoh16(h->length) ?: n;

	return cover >= sizeof(*h) && cover <= n ? cover : 0;
}
