/*
 * ICMPv6 (RFC 4443), for those who send and receive it.
 */
#pragma once

#include "net/inet/ip_error.h"
#include "net/ip6/ip6.h"

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
static inline bool icmp6_is_error(u8 type) { return type < 128; }

/* An error message about a received packet (or one of ours that cannot be sent), if the rules allow
 * (RFC 4443, 2.4): `info`: the second word, host order. Does not take it. Soft work or thread;
 * spinlocks of sockets may be held. */
void icmp6_send(struct packet *p, u8 type, u8 code, u32 info);

/* Sends a message (p's data: from its ICMPv6 header on, sum not made) by an interface, as neighbour
 * discovery and MLD do: no routes, hop limit as given. `router_alert`: with that hop-by-hop option.
 * Groups are not looped back. Takes it. No spinlock held: soft work or thread. */
int icmp6_send_on(struct netif *nif, struct packet *p, const struct ipaddr *from,
		  const struct ipaddr *to, u8 hops, bool router_alert);

/* Receivers by type; data at the ICMPv6 header, sum checked, ip_info() filled in. Soft work, under
 * RCU; take the packet. */
void nd_receive(struct packet *p);      /* nd.c: types 133 to 137 */
void mld_receive(struct packet *p);     /* mld.c: 130 to 132, 143 */
/* net/raw: echo replies for ping sockets; does not take it. */
void ping6_receive(struct packet *p);

/* What an error message says, of n bytes behind (and with) its ICMP header: false if it is not
 * whole; *protocol: of the offending packet. Pure. */
bool icmp6_error_parse(const u8 *bytes, u32 n, struct ip_error *out, u8 *protocol);
