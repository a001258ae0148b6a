/*
 * Neighbour discovery on the wire (RFC 4861, 4; RFC 4191; RFC 7527), and the reading of it. Pure.
 */
#pragma once

#include "net/ip6/ip6_wire.h"

/* RFC 4861, 4.3 and 4.4: solicitations and advertisements of neighbours. */
struct nd_neighbour { u8 type, code; be16 sum; be32 flags; struct ipaddr target; } __packed;
enum { ND_ROUTER = 1u << 31, ND_SOLICITED = 1 << 30, ND_OVERRIDE = 1 << 29 };

struct nd_router_solicit { u8 type, code; be16 sum; be32 reserved; } __packed;
struct nd_router_advert {
	u8 type, code;
	be16 sum;
	u8 hop_limit, flags;     /* RFC 4861, 4.2; RFC 4191, 2.2 */
	be16 lifetime;
	be32 reachable, retrans;
} __packed;
struct nd_redirect {
	u8 type, code;
	be16 sum;
	be32 reserved;
	struct ipaddr target, destination;
} __packed;
static_assert(sizeof(struct nd_neighbour) == 24 && sizeof(struct nd_router_advert) == 16 &&
	      sizeof(struct nd_redirect) == 40, "neighbour discovery");

/* length: in units of 8, header included. */
struct nd_option { u8 type, length; } __packed;
struct nd_prefix_option {
	u8 type, length, bits, flags;
	be32 valid, preferred, reserved;
	struct ipaddr prefix;
} __packed;
/* RFC 4191, 2.3: of the prefix so many bytes as it has, rounded up to 8. */
struct nd_route_option { u8 type, length, bits, flags; be32 lifetime; } __packed;
struct nd_mtu_option { u8 type, length; be16 reserved; be32 mtu; } __packed;
struct nd_link_option { u8 type, length, address[6]; } __packed;
struct nd_nonce_option { u8 type, length, nonce[6]; } __packed;
static_assert(sizeof(struct nd_prefix_option) == 32, "nd_prefix_option");

enum nd_option_type { ND_SOURCE_LINK = 1, ND_TARGET_LINK = 2, ND_PREFIX = 3, ND_REDIRECTED = 4,
		      ND_MTU = 5, ND_NONCE = 14, ND_ROUTE = 24 };
enum { ND_ON_LINK = 0x80, ND_AUTONOMOUS = 0x40 };   /* of prefixes */
enum { ND_MANAGED = 0x80, ND_OTHER = 0x40 };        /* of router advertisements */
enum { ND_PREFIXES = 16, ND_ROUTES = 16 };          /* of one message that are looked at */
enum { ND_HOPS = 255 };                             /* RFC 4861, 7.1.1: nobody forwarded it */

struct nd_prefix { struct ipaddr prefix; u32 valid, preferred; u8 length, flags; };
struct nd_route { struct ipaddr prefix; u32 lifetime; u8 length, preference; };

/* A message as it was read; pointers into its bytes. */
struct nd_message {
	u8 type;                 /* enum icmp6_type */
	u32 flags;               /* ND_ROUTER …: of an advertisement of a neighbour */
	struct ipaddr target, destination;
	const u8 *source_link, *target_link; /* of 6 bytes; NULL: not there */
	const u8 *nonce;         /* of 6 bytes; NULL */
	/* Of a router's advertisement; 0: not said. */
	u8 hop_limit, router_flags, preference; /* preference: enum fib6_preference */
	u16 lifetime;            /* s */
	u32 reachable, retrans;  /* ms */
	u32 mtu;
	u32 n_prefixes;
	struct nd_prefix prefix[ND_PREFIXES];
	u32 n_routes;
	struct nd_route route[ND_ROUTES];
};

/* Reads a message of n bytes that came from one address to another and whose sum is right: false if
 * it is none, or not valid (RFC 4861, 6.1, 7.1, 8.1; the hop limit is the caller's to look at). */
bool nd_parse(const u8 *bytes, u32 n, const struct ipaddr *from, const struct ipaddr *to,
	      struct nd_message *out);
