/*
 * Extension headers of a socket's packets: made of what its owner gave, chained in the order of
 * RFC 8200, 4.1.
 */
#include "net/ip6/ip6_headers.h"

#include "abi/errno.h"
#include "abi/in6.h"
#include "lib/string.h"
#include "mm/slab.h"

int ip6_part_of(int name)
{
	switch (name) {
	case IPV6_HOPOPTS:
	case IPV6_2292HOPOPTS:
		return IP6_PART_HOP;
	case IPV6_DSTOPTS:
	case IPV6_2292DSTOPTS:
		return IP6_PART_DEST;
	case IPV6_RTHDRDSTOPTS:
		return IP6_PART_ROUTED;
	default:
		return -1;
	}
}

const u8 *ip6_headers_part(const struct ip6_headers *h, enum ip6_part part, u32 *n)
{
	const u8 *at;

	*n = 0;
	if (!h)
		return NULL;
	at = h->bytes;
	for (unsigned k = 0; k < part; k++)
		at += h->part[k];
	*n = h->part[part];
	return at;
}

/* Each says what follows it. */
static void chain(struct ip6_headers *h, u8 protocol)
{
	u32 hop = h->part[IP6_PART_HOP], dest = h->part[IP6_PART_DEST];

	h->length = (u16)(hop + dest);
	h->first = hop ? IP6_HOP_BY_HOP : dest ? IP6_DESTINATION : protocol;
	if (hop)
		h->bytes[0] = dest ? IP6_DESTINATION : protocol;
	if (dest)
		h->bytes[hop] = protocol;
	if (h->part[IP6_PART_ROUTED])
		h->bytes[hop + dest] = IP6_ROUTING;
}

int ip6_headers_make(const struct ip6_headers *old, enum ip6_part part, const u8 *bytes, u32 n,
		     u8 protocol, struct ip6_headers **out)
{
	u32 size[IP6_PARTS], total = 0;
	struct ip6_headers *h;
	const u8 *from;
	u8 *at;

	*out = NULL;
	if (n && (n < 8 || n % 8 || n < (bytes[1] + 1u) * 8))
		return -EINVAL;
	if (n)
		n = (bytes[1] + 1u) * 8;
	for (unsigned k = 0; k < IP6_PARTS; k++) {
		ip6_headers_part(old, (enum ip6_part)k, &size[k]);
		if (k == part)
			size[k] = n;
		total += size[k];
	}
	if (!total)
		return 0;
	h = kmalloc(sizeof(*h) + total, MM_ATOMIC);
	if (!h)
		return -ENOMEM;
	ref_set(&h->refs, 1);
	at = h->bytes;
	for (unsigned k = 0; k < IP6_PARTS; k++) {
		u32 before;

		from = k == part ? bytes : ip6_headers_part(old, (enum ip6_part)k, &before);
		h->part[k] = (u16)size[k];
		if (size[k])
			memcpy(at, from, size[k]);
		at += size[k];
	}
	chain(h, protocol);
	*out = h;
	return 0;
}

void ip6_headers_put(struct ip6_headers *h)
{
	if (h && ref_put(&h->refs))
		kfree(h);
}
