/*
 * The extension headers that a socket puts into its packets (RFC 3542, 6 and 8): by socket option
 * for all of them, or by control data for one. Once made they do not change, and are shared.
 */
#pragma once

#include "core/refcount.h"
#include "net/ip6/ip6.h"

enum ip6_part { IP6_PART_HOP, IP6_PART_DEST, IP6_PART_ROUTED, IP6_PARTS };

/* I: constant. */
struct ip6_headers {
	struct refcount refs;
	u8 first;                    /* I: kind of the first that is sent */
	u16 length;                  /* I: bytes that are sent: hop-by-hop, then destination ones */
	u16 part[IP6_PARTS];         /* I: bytes of each; those of IPV6_RTHDRDSTOPTS are last, and
				      * are not sent: they go with a routing header only */
	u8 bytes[];                  /* I */
};

/* Which part an option is about: IPV6_HOPOPTS, IPV6_DSTOPTS (their 2292 forms) or
 * IPV6_RTHDRDSTOPTS; -1: none. */
int ip6_part_of(int name);
/* What was there (NULL: nothing) with one part changed to n bytes, 0: without it; *out: NULL if
 * none is left. `protocol` follows behind. 0, -EINVAL: it is not one whole header, -ENOMEM. Any
 * context. */
int ip6_headers_make(const struct ip6_headers *old, enum ip6_part part, const u8 *bytes, u32 n,
		     u8 protocol, struct ip6_headers **out);
/* A part, and its length in *n. */
const u8 *ip6_headers_part(const struct ip6_headers *h, enum ip6_part part, u32 *n);
static inline struct ip6_headers *ip6_headers_get(struct ip6_headers *h)
{
	if (h)
		ref_get(&h->refs);
	return h;
}
/* What of them is sent; `meta` refers to it. */
static inline void ip6_headers_add(struct ip_meta *meta, const struct ip6_headers *h)
{
	meta->options = h->length ? h->bytes : NULL;
	meta->options_length = h->length;
	meta->options_first = h->first;
}
/* NULL is allowed. */
void ip6_headers_put(struct ip6_headers *h);
