/*
 * Reading ICMPv6 errors: which packet of ours it is about and what a socket is to be told (RFC
 * 4443, 3). Pure.
 */
#include "abi/errno.h"
#include "net/ip6/icmp6_wire.h"

struct meaning { u8 error; bool fatal; };

/* By code of ICMP6_UNREACHABLE. */
static const struct meaning unreachable_means[] = {
	[ICMP6_NO_ROUTE] = { ABI_ENETUNREACH, false },
	[ICMP6_PROHIBITED] = { ABI_EACCES, true },
	[ICMP6_BEYOND_SCOPE] = { ABI_EHOSTUNREACH, false },
	[ICMP6_ADDRESS] = { ABI_EHOSTUNREACH, false },
	[ICMP6_PORT] = { ABI_ECONNREFUSED, true },
	[ICMP6_POLICY] = { ABI_EACCES, true },
	[ICMP6_REJECT] = { ABI_EACCES, true },
};

static bool meaning(const struct icmp6_header *h, struct ip_error *out)
{
	out->type = h->type;
	out->code = h->code;
	switch (h->type) {
	case ICMP6_UNREACHABLE:
		out->error = EPROTO;
		if (h->code < ARRAY_SIZE(unreachable_means)) {
			out->error = unreachable_means[h->code].error;
			out->fatal = unreachable_means[h->code].fatal;
		}
		return true;
	case ICMP6_TOO_BIG:
		out->error = EMSGSIZE;
		out->info = ntoh32(h->word);
		return out->info >= IP6_MIN_MTU; /* else dropped (RFC 8201, 4) */
	case ICMP6_TIME_EXCEEDED:
		out->error = EHOSTUNREACH;
		return true;
	case ICMP6_PARAMETER:
		out->error = EPROTO;
		out->fatal = true;
		return true;
	default: /* of an unknown kind: told, too (RFC 4443, 2.4) */
		out->error = EPROTO;
		return true;
	}
}

/* Only the first fragment begins with a transport header. */
static bool first_piece(const u8 *fragment)
{
	const struct ip6_fragment_header *f = (const void *)fragment;

	return !(f->offset_more & hton16(0xfff8));
}

bool icmp6_error_parse(const u8 *bytes, u32 n, struct ip_error *out, u8 *protocol)
{
	const struct icmp6_header *h = (const struct icmp6_header *)bytes;
	const struct ip6_header *inner = (const struct ip6_header *)(bytes + sizeof(*h));
	struct ip6_chain chain;
	u32 rest;

	*out = (struct ip_error){ 0 };
	if (n < sizeof(*h) + sizeof(*inner) + 8 || bytes[sizeof(*h)] >> 4 != 6)
		return false;
	rest = n - (u32)sizeof(*h);
	if (ip6_chain_read((const u8 *)inner, rest, IP6_READ_SENDER, &chain))
		return false;
	if (chain.piece && !first_piece((const u8 *)inner + chain.fragment))
		return false;
	if (rest - chain.transport < 8)
		return false;
	*out = (struct ip_error){
		.from = inner->from, .to = inner->to,
		.transport = (const u8 *)inner + chain.transport, .header = (const u8 *)inner,
		.header_length = chain.transport, .length = rest - chain.transport,
	};
	*protocol = chain.protocol;
	return meaning(h, out);
}
