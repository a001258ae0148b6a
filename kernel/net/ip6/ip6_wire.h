/*
 * IPv6 on the wire (RFC 8200): its header and extension headers, and the reading of them. Pure.
 */
#pragma once

#include "net/inet/addr.h"

/* RFC 8200, 3. */
struct ip6_header {
	be32 version_class_flow; /* 6, traffic class, flow label */
	be16 length;             /* of what follows the header */
	u8 next, hops;
	struct ipaddr from, to;
};
static_assert(sizeof(struct ip6_header) == 40, "ip6_header");

enum { IP6_MIN_MTU = 1280, IP6_EXTENSIONS_MAX = 8 /* more in one packet are refused */ };

/* Next headers that are extensions (RFC 8200, 4.1). */
enum ip6_next { IP6_HOP_BY_HOP = 0, IP6_ROUTING = 43, IP6_FRAGMENT = 44, IP6_NONE = 59,
		IP6_DESTINATION = 60 };

/* Hop-by-hop, destination options and routing begin with it. length: in units of 8, less one. */
struct ip6_extension { u8 next, length; } __packed;
struct ip6_fragment_header { u8 next, reserved; be16 offset_more; be32 id; } __packed;
static_assert(sizeof(struct ip6_fragment_header) == 8, "ip6_fragment_header");
struct ip6_routing_header { u8 next, length, type, left; be32 reserved; } __packed;

static inline u8 ip6_traffic_class(const struct ip6_header *h)
{
	return (u8)(ntoh32(h->version_class_flow) >> 20);
}
static inline be32 ip6_flow_label(const struct ip6_header *h)
{
	return h->version_class_flow & hton32(0xfffff);
}

/* Scopes of addresses (RFC 4007, 4; RFC 4291, 2.7); unicast: link-local or global. */
enum ip6_scope { IP6_SCOPE_INTERFACE = 1, IP6_SCOPE_LINK = 2, IP6_SCOPE_SITE = 5,
		 IP6_SCOPE_GLOBAL = 14 };
/* The scope of an address, unicast or group; the loopback's is the link. Pure. */
enum ip6_scope ip6_scope_of(const struct ipaddr *a);

static inline struct ipaddr ip6_address(u16 a, u16 b, u16 c, u16 d, u16 e, u16 f, u16 g, u16 h)
{
	return (struct ipaddr){ .h = { hton16(a), hton16(b), hton16(c), hton16(d), hton16(e),
				       hton16(f), hton16(g), hton16(h) } };
}
#define IP6_LOOPBACK    ip6_address(0, 0, 0, 0, 0, 0, 0, 1)
#define IP6_ALL_NODES   ip6_address(0xff02, 0, 0, 0, 0, 0, 0, 1)
#define IP6_ALL_ROUTERS ip6_address(0xff02, 0, 0, 0, 0, 0, 0, 2)
#define IP6_MLD2_ROUTERS ip6_address(0xff02, 0, 0, 0, 0, 0, 0, 0x16)
/* The group in which a machine with that address is asked for (RFC 4291, 2.7.1). */
static inline struct ipaddr ip6_solicited_node(const struct ipaddr *a)
{
	struct ipaddr g = ip6_address(0xff02, 0, 0, 0, 0, 1, 0xff00, 0);

	g.b[13] = a->b[13];
	g.h[7] = a->h[7];
	return g;
}
/* Whether the first `length` bits of two addresses are equal. */
bool ip6_prefix_equal(const struct ipaddr *a, const struct ipaddr *b, unsigned length);
/* The address with the bits behind the prefix cleared. */
struct ipaddr ip6_prefix(const struct ipaddr *a, unsigned length);
/* How many leading bits are equal: 0 … 128. */
unsigned ip6_common_bits(const struct ipaddr *a, const struct ipaddr *b);

/* Whether a next header is an extension that ip6_chain_read() reads. */
static inline bool ip6_is_extension(u8 next)
{
	return next == IP6_HOP_BY_HOP || next == IP6_ROUTING || next == IP6_FRAGMENT ||
	       next == IP6_DESTINATION;
}

/* What the chain of headers of a packet says: offsets from the IP header on; 0: not there. */
struct ip6_chain {
	u8 protocol;             /* of what follows the chain: transport, fragment data, or none */
	u32 transport;           /* offset of that */
	u32 link;                /* offset of the byte that names it */
	u32 hop_by_hop, destination, routing, fragment;
	u32 fixed;               /* end of what each fragment has (RFC 8200, 4.5) … */
	u32 fixed_link;          /* … and the offset of the byte that names what follows that */
	bool piece;              /* the fragment header is there and says so: not a whole packet */
	bool router_alert;       /* RFC 2711 … */
	u16 alert;               /* … and its value */
	u16 hop_options, destination_options; /* how many there are, without padding */
	bool send_error;         /* when it is bad: an ICMP parameter problem is due, of … */
	u8 code;                 /* … this code (enum icmp6_parameter) and … */
	u32 pointer;             /* … this offset */
};
/* Codes of parameter problems (RFC 4443, 3.4; RFC 7112, 5). */
enum icmp6_parameter { ICMP6_BAD_FIELD = 0, ICMP6_BAD_NEXT = 1, ICMP6_BAD_OPTION = 2,
		       ICMP6_CHAIN_CUT = 3 };
/* Who reads: the destination, alone or one of a group; or somebody who only wants to know what is
 * where: its sender, to whom it may have come back. */
enum ip6_reader { IP6_READ_HOST, IP6_READ_MEMBER, IP6_READ_SENDER };
/* Reads the headers of n bytes (contiguous) of a packet, the IP header first, up to the transport
 * or behind the header of a fragment (an atomic one, RFC 6946, is passed): 0; -EINVAL: drop it, and
 * `send_error` says whether with an answer (RFC 8200, 4.2 and 4.4); -ENODATA: more bytes are needed
 * than n, no less than out->transport. Pure. */
int ip6_chain_read(const u8 *bytes, u32 n, enum ip6_reader reader, struct ip6_chain *out);
/* Whether the first fragment of a packet, n bytes of it with this chain, has the rest of the
 * headers in it, that of the transport included, as it must (RFC 7112). Pure. */
bool ip6_chain_is_whole(const u8 *bytes, u32 n, const struct ip6_chain *chain);

/* A source address to choose from (RFC 6724, 5). */
struct ip6_candidate {
	struct ipaddr address;
	u8 length;               /* of its prefix */
	bool deprecated, home, temporary, optimistic;
	bool temporary_first;    /* its interface would rather use temporary ones */
	bool outgoing;           /* it is of the interface that the packet leaves by */
};
/* IPV6_PREFER_SRC_* of RFC 5014. CARE_OF: an address that is not the home one; which is preferred
 * otherwise. Neither of the others: as the interface has it. */
enum { IP6_PREFER_TEMPORARY = 1, IP6_PREFER_PUBLIC = 2, IP6_PREFER_CARE_OF = 4,
       IP6_PREFERENCES = 7 };
/* Whether a is the better source for packets to `to`. `prefer`: of IP6_PREFER_*. Pure. */
bool ip6_source_better(const struct ip6_candidate *a, const struct ip6_candidate *b,
		       const struct ipaddr *to, u32 prefer);
