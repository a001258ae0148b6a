/*
 * ICMPv6 on the wire (RFC 4443). Pure.
 */
#pragma once

#include "net/inet/ip_error.h"
#include "net/ip6/ip6_wire.h"

struct icmp6_header {
	u8 type, code;
	be16 sum;
	union {
		struct { be16 id, sequence; } echo;
		be32 word;               /* MTU, pointer, flags */
	};
} __packed;
static_assert(sizeof(struct icmp6_header) == 8, "icmp6_header");

enum icmp6_type {
	ICMP6_UNREACHABLE = 1, ICMP6_TOO_BIG = 2, ICMP6_TIME_EXCEEDED = 3, ICMP6_PARAMETER = 4,
	ICMP6_ECHO = 128, ICMP6_ECHO_REPLY = 129,
	ICMP6_MLD_QUERY = 130, ICMP6_MLD_REPORT = 131, ICMP6_MLD_DONE = 132,
	ICMP6_ROUTER_SOLICIT = 133, ICMP6_ROUTER_ADVERT = 134, ICMP6_NEIGHBOUR_SOLICIT = 135,
	ICMP6_NEIGHBOUR_ADVERT = 136, ICMP6_REDIRECT = 137, ICMP6_MLD2_REPORT = 143,
};
enum icmp6_unreachable { ICMP6_NO_ROUTE = 0, ICMP6_PROHIBITED = 1, ICMP6_BEYOND_SCOPE = 2,
			 ICMP6_ADDRESS = 3, ICMP6_PORT = 4, ICMP6_POLICY = 5, ICMP6_REJECT = 6 };
enum icmp6_time_exceeded { ICMP6_HOPS = 0, ICMP6_REASSEMBLY = 1 };
static inline bool icmp6_is_error(u8 type) { return type < 128; }

/* What an error message says, of n bytes behind (and with) its ICMP header: false if it is not
 * whole; *protocol: of the offending packet. Pure. */
bool icmp6_error_parse(const u8 *bytes, u32 n, struct ip_error *out, u8 *protocol);
