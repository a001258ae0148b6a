/*
 * UDP on the wire (RFC 768). Pure.
 */
#pragma once

#include "net/inet/addr.h"

struct udp_header { be16 from, to, length, sum; } __packed;
static_assert(sizeof(struct udp_header) == 8, "udp_header");

/* A header as it came, of n bytes in the packet: its length, or 0 if it is not sound. */
static inline u32 udp_length(const struct udp_header *h, u32 n)
{
	u32 length = ntoh16(h->length);

	return length >= sizeof(*h) && length <= n ? length : 0;
}
