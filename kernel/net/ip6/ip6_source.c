/*
 * Choosing the source address of packets that have none (RFC 6724, 4): of all addresses of this
 * machine, but only those of the link to groups and neighbours. Which of two is better is in
 * ip6_select.c.
 */
#include "abi/if.h"
#include "abi/rtnetlink.h"
#include "net/ip6/ip6_int.h"

/* What was asked for, and the best that was found. */
struct choice {
	const struct ipaddr *to;
	u32 prefer;
	bool found;
	struct ip6_candidate best;
};

static void choose_on(struct choice *c, const struct netif *nif, bool outgoing)
{
	bool private = ip6_conf_get(nif, IP6_USE_TEMPADDR) > 1;
	struct ip6_if *in = ip6_if(nif);

	for (struct ip6_addr *a = in ? rcu_load(in->addrs) : NULL; a; a = rcu_load(a->next)) {
		u32 flags = READ_ONCE(a->flags);
		bool optimistic = flags & IFA_F_OPTIMISTIC && flags & IFA_F_TENTATIVE;
		struct ip6_candidate one = {
			.address = a->address, .length = a->length, .outgoing = outgoing,
			.deprecated = flags & IFA_F_DEPRECATED ||
				      (optimistic && !ip6_conf_either(nif, IP6_USE_OPTIMISTIC)),
			.home = flags & IFA_F_HOMEADDRESS,
			.temporary = flags & IFA_F_TEMPORARY, .temporary_first = private,
			.optimistic = optimistic,
		};

		if (!ip6_addr_usable(flags) ||
		    (!outgoing && ip6_scope_of(&a->address) == IP6_SCOPE_LINK))
			continue;
		if (c->found && !ip6_source_better(&one, &c->best, c->to, c->prefer))
			continue;
		c->best = one;
		c->found = true;
	}
}

bool ip6_addr_select(const struct netif *nif, const struct ipaddr *to, u32 prefer,
		     struct ipaddr *from)
{
	struct choice c = { .to = to, .prefer = prefer };
	struct netif *other = NULL;
	u32 index = 0;

	choose_on(&c, nif, true);
	/* Groups and the link are spoken to with an address of the link alone. */
	if (!ipaddr_multicast(to) && ip6_scope_of(to) != IP6_SCOPE_LINK)
		while ((other = netif_next(index))) {
			index = other->index;
			if (other != nif && READ_ONCE(other->flags) & IFF_UP)
				choose_on(&c, other, false);
			netif_put(other);
		}
	if (c.found)
		*from = c.best.address;
	return c.found;
}
