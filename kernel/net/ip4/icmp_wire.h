/*
 * ICMP of IPv4 on the wire (RFC 792). Pure.
 */
#pragma once

#include "net/inet/ip_error.h"
#include "net/ip4/ip4_wire.h"

struct icmp4_header {
	u8 type, code;
	be16 sum;
	union {
		struct { be16 id, sequence; } echo;
		be32 word;
		struct { be16 unused, mtu; } too_long;
	};
} __packed;
static_assert(sizeof(struct icmp4_header) == 8, "icmp4_header");

enum icmp4_type {
	ICMP4_ECHO_REPLY = 0, ICMP4_UNREACHABLE = 3, ICMP4_QUENCH = 4, ICMP4_REDIRECT = 5,
	ICMP4_ECHO = 8, ICMP4_TIME_EXCEEDED = 11, ICMP4_PARAMETER = 12, ICMP4_TIMESTAMP = 13,
	ICMP4_TIMESTAMP_REPLY = 14, ICMP4_MASK = 17, ICMP4_MASK_REPLY = 18,
};
/* Codes of ICMP4_UNREACHABLE (RFC 792; RFC 1122, 3.2.2.1; RFC 1812, 5.2.7.1). */
enum icmp4_unreachable {
	ICMP4_NET = 0, ICMP4_HOST = 1, ICMP4_PROTOCOL = 2, ICMP4_PORT = 3, ICMP4_TOO_LONG = 4,
	ICMP4_SOURCE_ROUTE = 5, ICMP4_HOST_UNKNOWN = 7, ICMP4_PROHIBITED = 13,
};
enum { ICMP4_TTL = 0, ICMP4_REASSEMBLY = 1 };             /* of ICMP4_TIME_EXCEEDED */
enum { ICMP4_REDIRECT_NET = 0, ICMP4_REDIRECT_HOST = 1 }; /* of ICMP4_REDIRECT */

static inline bool icmp4_is_error(u8 type)
{
	return type == ICMP4_UNREACHABLE || type == ICMP4_QUENCH || type == ICMP4_REDIRECT ||
	       type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAMETER;
}

/* What an error message says, of n bytes behind (and with) its ICMP header: false if it is not
 * whole. `error`, `fatal`, `info` and what was sent are filled in; the rest is the caller's.
 * *protocol: of the offending packet. Pure. */
bool icmp4_error_parse(const u8 *bytes, u32 n, struct ip_error *out, u8 *protocol);
