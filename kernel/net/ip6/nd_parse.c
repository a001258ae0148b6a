/*
 * Reading neighbour discovery: which messages are valid (RFC 4861, 6.1, 7.1 and 8.1), and what they
 * say. Pure.
 *
 * Options that nobody knows are skipped; one without a length makes the whole message void.
 */
#include "lib/string.h"
#include "net/ip6/icmp6_wire.h"
#include "net/ip6/nd_wire.h"

static void prefix_read(const u8 *option, struct nd_message *out)
{
	struct nd_prefix_option o;
	struct nd_prefix *p;

	memcpy(&o, option, sizeof(o));
	if (o.bits > 128 || out->n_prefixes >= ND_PREFIXES)
		return;
	p = &out->prefix[out->n_prefixes++];
	p->length = o.bits;
	p->flags = o.flags;
	p->valid = ntoh32(o.valid);
	p->preferred = ntoh32(o.preferred);
	memcpy(&p->prefix, option + offsetof(struct nd_prefix_option, prefix), 16);
	p->prefix = ip6_prefix(&p->prefix, p->length);
}

/* Two bits of flags (RFC 4191, 2.1), which may be the reserved value. */
enum { PREFERENCE_RESERVED = 2 };
static u8 preference_of(u8 flags)
{
	return flags >> 3 & 3;
}

static void route_read(const u8 *option, u32 size, struct nd_message *out)
{
	u32 there = size - (u32)sizeof(struct nd_route_option);
	struct nd_route_option o;
	struct nd_route *r;

	memcpy(&o, option, sizeof(o));
	if (o.bits > 128 || there > 16 || there * 8 < o.bits || out->n_routes >= ND_ROUTES ||
	    preference_of(o.flags) == PREFERENCE_RESERVED)
		return;
	r = &out->route[out->n_routes++];
	*r = (struct nd_route){ .length = o.bits, .preference = preference_of(o.flags),
				.lifetime = ntoh32(o.lifetime) };
	memcpy(&r->prefix, option + sizeof(o), there);
	r->prefix = ip6_prefix(&r->prefix, r->length);
}

static void option_read(const u8 *o, u32 size, struct nd_message *out)
{
	struct nd_mtu_option mtu;

	switch (o[0]) {
	case ND_SOURCE_LINK:
		if (size == sizeof(struct nd_link_option) && !out->source_link)
			out->source_link = o + 2;
		break;
	case ND_TARGET_LINK:
		if (size == sizeof(struct nd_link_option) && !out->target_link)
			out->target_link = o + 2;
		break;
	case ND_PREFIX:
		if (size == sizeof(struct nd_prefix_option) &&
		    out->type == ICMP6_ROUTER_ADVERT)
			prefix_read(o, out);
		break;
	case ND_ROUTE:
		if (out->type == ICMP6_ROUTER_ADVERT)
			route_read(o, size, out);
		break;
	case ND_MTU:
		if (size != sizeof(mtu))
			break;
		memcpy(&mtu, o, sizeof(mtu));
		out->mtu = ntoh32(mtu.mtu);
		break;
	case ND_NONCE:
		if (size == sizeof(struct nd_nonce_option))
			out->nonce = o + 2;
		break;
	default:
		break;
	}
}

static bool options_read(const u8 *bytes, u32 n, struct nd_message *out)
{
	while (n) {
		u32 size = n >= sizeof(struct nd_option) ? bytes[1] * 8u : 0;

		if (!size || size > n)
			return false;
		option_read(bytes, size, out);
		bytes += size;
		n -= size;
	}
	return true;
}

static void neighbour_read(const u8 *bytes, struct nd_message *out)
{
	struct nd_neighbour h;

	memcpy(&h, bytes, sizeof(h));
	out->flags = ntoh32(h.flags);
	out->target = h.target;
}

static void router_read(const u8 *bytes, struct nd_message *out)
{
	struct nd_router_advert h;

	memcpy(&h, bytes, sizeof(h));
	out->hop_limit = h.hop_limit;
	out->router_flags = h.flags;
	out->preference = preference_of(h.flags);
	if (out->preference == PREFERENCE_RESERVED) /* as if it were medium (RFC 4191, 2.2) */
		out->preference = 0;
	out->lifetime = ntoh16(h.lifetime);
	out->reachable = ntoh32(h.reachable);
	out->retrans = ntoh32(h.retrans);
}

static void redirect_read(const u8 *bytes, struct nd_message *out)
{
	struct nd_redirect h;

	memcpy(&h, bytes, sizeof(h));
	out->target = h.target;
	out->destination = h.destination;
}

/* The bytes before a message's options; 0: no such type. */
static u32 header_size(u8 type)
{
	switch (type) {
	case ICMP6_ROUTER_SOLICIT:
		return sizeof(struct nd_router_solicit);
	case ICMP6_ROUTER_ADVERT:
		return sizeof(struct nd_router_advert);
	case ICMP6_NEIGHBOUR_SOLICIT:
	case ICMP6_NEIGHBOUR_ADVERT:
		return sizeof(struct nd_neighbour);
	case ICMP6_REDIRECT:
		return sizeof(struct nd_redirect);
	default:
		return 0;
	}
}

static bool solicit_valid(const struct nd_message *m, const struct ipaddr *from,
			  const struct ipaddr *to)
{
	struct ipaddr group = ip6_solicited_node(&m->target);

	if (ipaddr_multicast(&m->target))
		return false;
	return !ipaddr_any(from) || (ipaddr_equal(to, &group) && !m->source_link);
}

static bool valid(const struct nd_message *m, const struct ipaddr *from, const struct ipaddr *to)
{
	switch (m->type) {
	case ICMP6_ROUTER_SOLICIT:
		return !ipaddr_any(from) || !m->source_link;
	case ICMP6_ROUTER_ADVERT:
		return ipaddr_link_local(from);
	case ICMP6_NEIGHBOUR_SOLICIT:
		return solicit_valid(m, from, to);
	case ICMP6_NEIGHBOUR_ADVERT:
		return !ipaddr_multicast(&m->target) &&
		       !(ipaddr_multicast(to) && m->flags & ND_SOLICITED);
	default:
		return ipaddr_link_local(from) && !ipaddr_multicast(&m->destination) &&
		       (ipaddr_link_local(&m->target) ||
			ipaddr_equal(&m->target, &m->destination));
	}
}

bool nd_parse(const u8 *bytes, u32 n, const struct ipaddr *from, const struct ipaddr *to,
	      struct nd_message *out)
{
	u32 header = n >= 2 ? header_size(bytes[0]) : 0;

	if (!header || n < header || bytes[1])
		return false;
	memset(out, 0, sizeof(*out));
	out->type = bytes[0];
	if (out->type == ICMP6_ROUTER_ADVERT)
		router_read(bytes, out);
	else if (out->type == ICMP6_REDIRECT)
		redirect_read(bytes, out);
	else if (out->type != ICMP6_ROUTER_SOLICIT)
		neighbour_read(bytes, out);
	return options_read(bytes + header, n - header, out) && valid(out, from, to);
}
