/*
 * From the tables to a route: whether the destination is this machine, a group or somebody else, by
 * which interface and next hop, from which source address (RFC 6724).
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "net/ip6/ip6_count.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/mld.h"
#include "net/link/neighbour.h"

/* What was found out so far. */
struct answer {
	struct netif *nif;
	const struct fib6_entry *entry; /* NULL: none was needed */
	struct ipaddr hop, from;
	u8 kind;
};

/* The interface of a source address that was given; under RCU, not referenced. */
static struct netif *source_netif(const struct ipaddr *from)
{
	const struct fib6_entry *e = ipaddr_any(from) ? NULL : fib6_local(from, 0);

	return e && e->type == FIB6_LOCAL ? e->nif : NULL;
}

/* RTN_* that lead nowhere, and no route at all. */
static int entry_error(const struct fib6_entry *e)
{
	return e ? route_type_error(e->type) : -ENETUNREACH;
}

/* The source, if it was not given: the route's, or what suits best there. Routers' packets have
 * theirs. */
static int source_choose(const struct flow *f, struct answer *a, const struct ipaddr *to)
{
	if (!ipaddr_any(&a->from) || f->any_source)
		return 0;
	if (a->entry && !ipaddr_any(&a->entry->source)) {
		a->from = a->entry->source;
		return 0;
	}
	return ip6_addr_select(a->nif, to, f->prefer, &a->from) ? 0 : -EADDRNOTAVAIL;
}

/* Groups: by the interface asked for, that of the source, or the route. */
static int route_group(const struct flow *f, const struct ipaddr *to, struct netif *wanted,
		       struct answer *a)
{
	int err = 0;

	a->kind = ROUTE_MULTICAST;
	a->hop = *to;
	a->nif = wanted ?: source_netif(&f->from);
	if (!a->nif && ip6_scope_of(to) <= IP6_SCOPE_INTERFACE)
		a->nif = route_loopback();
	if (!a->nif) {
		/* What was said for groups before what is there for each interface. */
		a->entry = fib6_lookup(to, 0);
		if (!a->entry || !a->entry->length)
			a->entry = fib6_local(to, 0) ?: a->entry;
		err = entry_error(a->entry);
		a->nif = err ? NULL : a->entry->nif;
	}
	return err ?: source_choose(f, a, to);
}

static int route_local(const struct flow *f, const struct ipaddr *to, const struct fib6_entry *e,
		       struct answer *a)
{
	a->entry = e;
	a->hop = *to;
	a->kind = ROUTE_LOCAL;
	a->nif = route_loopback();
	if (ipaddr_any(&a->from) && e->type == FIB6_LOCAL)
		a->from = *to;
	else if (ipaddr_any(&a->from) && !ip6_addr_select(e->nif, to, f->prefer, &a->from))
		return -EADDRNOTAVAIL;
	return a->nif && READ_ONCE(a->nif->flags) & IFF_UP ? 0 : -ENETUNREACH;
}

static int route_remote(const struct flow *f, const struct ipaddr *to, struct netif *wanted,
			struct answer *a)
{
	const struct fib6_entry *e = fib6_lookup(to, wanted ? wanted->index : 0);
	int err = entry_error(e);

	if (err)
		return err;
	if (f->dont_route && !ipaddr_any(&e->gateway))
		return -ENETUNREACH;
	a->entry = e;
	a->kind = ROUTE_UNICAST;
	a->hop = ipaddr_any(&e->gateway) ? *to : e->gateway;
	a->nif = e->nif;
	return source_choose(f, a, to);
}

static int decide(const struct flow *f, struct netif *wanted, struct answer *a)
{
	const struct ipaddr *to = &f->to, own = IP6_LOOPBACK;
	const struct fib6_entry *e;

	if (ipaddr_any(to))
		to = ipaddr_any(&a->from) ? &own : &f->from;
	/* Which link's machine, if the destination does not say, the source does. */
	if (!wanted && ipaddr_link_local(to))
		wanted = source_netif(&a->from);
	if (!ipaddr_any(&a->from) && !f->any_source &&
	    !ip6_addr_is_ours(&a->from, wanted ?: source_netif(&a->from)))
		return -EINVAL;
	if (ipaddr_multicast(to))
		return route_group(f, to, wanted, a);
	e = fib6_local(to, wanted ? wanted->index : 0);
	if (e)
		return route_local(f, to, e, a);
	return ipaddr_loopback(to) ? -ENETUNREACH : route_remote(f, to, wanted, a);
}

/* What fits on the link: of its MTU, and what its routers say of it (RFC 4861, 6.3.4). */
static u32 link_mtu(const struct netif *nif)
{
	u32 told = (u32)ip6_conf_get(nif, IP6_MTU);

	return told >= IP6_MIN_MTU ? min(nif->mtu, told) : nif->mtu;
}

static int route_make(const struct flow *f, const struct answer *a, u32 generation,
		      struct route **out)
{
	struct route *r = route_alloc(a->nif, f, generation);

	if (!r)
		return -ENOMEM;
	r->hop = a->hop;
	r->from = a->from;
	r->kind = a->kind;
	r->loops = a->kind == ROUTE_MULTICAST && mld_is_member(a->nif, &r->to);
	route_fill_metrics(r, link_mtu(a->nif), a->entry ? &a->entry->metrics : NULL);
	if (!(a->nif->flags & IFF_LOOPBACK)) {
		r->neighbour = neighbour_get(a->nif, &r->hop);
		if (!r->neighbour) {
			route_put(r);
			return -ENOBUFS;
		}
	}
	*out = r;
	return 0;
}

int ip6_route(const struct flow *f, struct route **out)
{
	u32 generation = READ_ONCE(route_generation);
	struct answer a = { .from = f->from };
	struct netif *wanted = NULL;
	int err;

	if (f->nif) {
		wanted = netif_by_index(f->nif);
		if (!wanted)
			return -ENODEV;
	}
	rcu_read_lock();
	if (wanted && !(READ_ONCE(wanted->flags) & IFF_UP))
		err = -ENETUNREACH;
	else
		err = decide(f, wanted, &a);
	if (!err && a.kind != ROUTE_LOCAL && !ip6_is_on(ip6_if(a.nif)))
		err = -ENETUNREACH;
	if (!err)
		err = route_make(f, &a, generation, out);
	rcu_read_unlock();
	if (wanted)
		netif_put(wanted);
	if (err)
		ip6_count(IP6_OUT_NO_ROUTES);
	return err;
}

int ip6_address_kind(const struct ipaddr *a, u32 nif)
{
	const struct fib6_entry *e;
	bool ours;

	if (ipaddr_multicast(a))
		return ROUTE_MULTICAST;
	rcu_read_lock();
	e = nif || !ipaddr_link_local(a) ? fib6_local(a, nif) : NULL;
	ours = e && e->type == FIB6_LOCAL; /* packets are not sent from what others have, too */
	rcu_read_unlock();
	return ours ? ROUTE_LOCAL : ROUTE_UNICAST;
}
