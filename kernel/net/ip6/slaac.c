/*
 * Autoconfiguration without state (RFC 4862): the link-local address, and addresses made of the
 * prefixes that routers advertise.
 *
 * The second half of an address is made of the link address (EUI-64: RFC 4291, appendix A), or, as
 * IP6_ADDR_GEN_MODE says, of a secret, so that it is the same on one network and another on the
 * next (RFC 7217), or drawn.
 */
#include "abi/if.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/nd_int.h"

enum { TWO_HOURS = 7200 };

static u64 secret[2]; /* c: of RFC 7217; 0 until first used */

static bool eui64(const struct netif *nif, struct ipaddr *out)
{
	const u8 *m = nif->address;

	if (nif->type != ARPHRD_ETHER || nif->address_length != 6)
		return false;
	memcpy(out->b + 8, m, 3);
	out->b[8] ^= 2; /* universal, said the other way round */
	out->b[11] = 0xff;
	out->b[12] = 0xfe;
	memcpy(out->b + 13, m + 3, 3);
	return true;
}

static void stable(const struct netif *nif, struct ipaddr *out)
{
	struct { u64 prefix; u8 link[LINK_ADDRESS]; u64 index; } what = {
		.prefix = out->d[0], .index = nif->index,
	};

	if (!secret[0])
		random_bytes(secret, sizeof(secret));
	memcpy(what.link, nif->permanent, sizeof(what.link));
	out->d[1] = siphash(&what, sizeof(what), secret);
}

bool nd_interface_address(const struct netif *nif, const struct ipaddr *prefix,
			  struct ipaddr *out)
{
	*out = *prefix;
	switch (ip6_conf_get(nif, IP6_ADDR_GEN_MODE)) {
	case ND_GEN_STABLE:
		stable(nif, out);
		return true;
	case ND_GEN_RANDOM:
		out->d[1] = random_u64();
		return true;
	default:
		return eui64(nif, out);
	}
}

void slaac_link_local(struct netif *nif)
{
	const struct ipaddr prefix = ip6_address(0xfe80, 0, 0, 0, 0, 0, 0, 0);
	struct ip6_addr a = { .length = 64, .protocol = IFAPROT_KERNEL_LL,
			      .flags = IFA_F_PERMANENT };
	struct ip6_if *in = ip6_if(nif);

	if (ip6_conf_get(nif, IP6_ADDR_GEN_MODE) == ND_GEN_NONE)
		return;
	if (ip6_is_optimistic(nif))
		a.flags |= IFA_F_OPTIMISTIC;
	for (struct ip6_addr *own = in->addrs; own; own = own->next)
		if (ipaddr_link_local(&own->address))
			return;
	if (nd_interface_address(nif, &prefix, &a.address) && ip6_addr_add(nif, &a))
		log_warn("%s: no link-local address", nif->name);
}

/* A lifetime that is said without proof may shorten what is left, but not below two hours (RFC
 * 4862, 5.5.3, e). */
static u32 shortened(u32 said, u32 left)
{
	if (said > TWO_HOURS || said > left)
		return said;
	return left <= TWO_HOURS ? left : TWO_HOURS;
}

static void prolong(struct ip6_addr *a, const struct nd_prefix *p)
{
	u32 valid = shortened(p->valid, ip6_left(a->valid_until));

	ip6_addr_set_lifetimes(a, valid, min(p->preferred, valid));
	ip6_temporary_manage(a, false);
}

void slaac_prefix(struct netif *nif, const struct nd_prefix *p, bool optimistic)
{
	struct ip6_addr a = {
		.length = 64, .protocol = IFAPROT_KERNEL_RA, .no_prefix_route = true,
		.flags = IFA_F_MANAGETEMPADDR | (optimistic ? IFA_F_OPTIMISTIC : 0),
		.valid_until = ip6_until(p->valid), .preferred_until = ip6_until(p->preferred),
	};
	struct ip6_if *in = ip6_if(nif);
	bool have = false;
	u32 n = 0;

	if (p->length != 64)
		return;
	for (struct ip6_addr *own = in->addrs; own; own = own->next) {
		if (own->protocol != IFAPROT_KERNEL_RA)
			continue;
		n++;
		if (own->flags & IFA_F_TEMPORARY ||
		    !ip6_prefix_equal(&own->address, &p->prefix, 64))
			continue;
		prolong(own, p);
		have = true;
	}
	if (have || !p->valid || n >= ND_ADDRESSES ||
	    !nd_interface_address(nif, &p->prefix, &a.address))
		return;
	if (!p->preferred)
		a.flags |= IFA_F_DEPRECATED;
	/* They fail if it is there by hand, or without memory: routers say it again. */
	if (!ip6_addr_add(nif, &a))
		ip6_temporary_manage(ip6_addr_find(nif, &a.address), true);
}
