/*
 * What is left of an ICMP error when it has been read: for the transport whose packet it is about.
 */
#pragma once

#include "net/inet/addr.h"

/* What an ICMP error says about a packet of ours, to the transport that sent it. */
struct ip_error {
	struct ipaddr from, to;  /* of the offending packet: from is ours */
	struct ipaddr reporter;  /* who sent the error; any: this machine */
	const u8 *transport;     /* the first bytes of the offending packet's transport header */
	u32 length;              /* at least 8 */
	const u8 *header;        /* its IP header as it came back */
	u32 header_length;
	u32 nif;                 /* index it came in by */
	int error;               /* positive errno that a socket sees */
	bool fatal;              /* hard error (RFC 1122, 4.2.3.9), else only reported if asked */
	u8 type, code;           /* ICMP or ICMPv6 */
	u32 info;                /* MTU, if the packet was too long; or 0 */
	u32 skip;                /* set by transports for inet_queue_error(): bytes of their header,
				  * which the error queue does not tell */
	u16 port;                /* the same: port of the name that it tells, host order */
};
/* Whether the packet was too long for a link on its path: info is what would have passed. */
static inline bool ip_error_is_mtu(const struct ip_error *e) { return e->info != 0; }
