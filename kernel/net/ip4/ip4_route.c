/*
 * From the tables to a route: whether the destination is this machine, a group, a broadcast or
 * somebody else, by which interface and next hop, from which source address.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "mm/slab.h"
#include "net/ip4/ip4_int.h"
#include "net/link/neighbour.h"
#include "sched/work.h"

enum { REDIRECTS = 256 }; /* routes by redirects at a time */

/* What was found out so far. */
struct answer {
	struct netif *nif;
	const struct fib_entry *entry; /* NULL: none was needed */
	be32 hop, from;
	u8 kind;
};

/* The interface of a source address that was given; under RCU, not referenced. */
static struct netif *source_netif(be32 from)
{
	const struct fib_entry *e = from ? fib4_lookup(FIB_LOCAL_TABLE, from, 0) : NULL;

	return e && e->type == FIB_LOCAL ? e->nif : NULL;
}

/* RTN_* that lead nowhere, and no route at all. */
static int entry_error(const struct fib_entry *e)
{
	return e ? route_type_error(e->type) : -ENETUNREACH;
}

/* 255.255.255.255 and groups: by the interface asked for, that of the source, or the route. */
static int route_spread(const struct flow *f, be32 to, struct netif *wanted, struct answer *a)
{
	int err = 0;

	a->kind = to == IP4_BROADCAST ? ROUTE_BROADCAST : ROUTE_MULTICAST;
	a->nif = wanted ?: source_netif(f->from.w[3]);
	if (!a->nif) {
		a->entry = fib4_lookup(FIB_MAIN, to, 0);
		err = entry_error(a->entry);
		a->nif = err ? NULL : a->entry->nif;
	}
	a->hop = to;
	if (!err && !a->from)
		a->from = ip4_addr_select(a->nif, to, FIB_SCOPE_LINK);
	return err;
}

static int route_local(const struct flow *f, be32 to, const struct fib_entry *e, struct answer *a)
{
	a->entry = e;
	a->hop = to;
	a->kind = e->type == FIB_BROADCAST ? ROUTE_BROADCAST : ROUTE_LOCAL;
	if (e->type == FIB_BROADCAST) {
		a->nif = e->nif;
		if (!a->from)
			a->from = e->source ?: ip4_addr_select(e->nif, to, FIB_SCOPE_LINK);
		return 0;
	}
	a->nif = route_loopback();
	if (!a->from)
		a->from = to;
	return a->nif && READ_ONCE(a->nif->flags) & IFF_UP ? 0 : -ENETUNREACH;
}

static int route_remote(const struct flow *f, be32 to, struct netif *wanted, struct answer *a)
{
	const struct fib_entry *e = fib4_lookup(FIB_MAIN, to, wanted ? wanted->index : 0);
	int err = entry_error(e);

	if (err && e)
		return err;
	if (f->dont_route && e && e->gateway)
		return -ENETUNREACH;
	a->kind = ROUTE_UNICAST;
	a->hop = e && e->gateway ? e->gateway : to;
	/* Whoever says by which interface means that the peer is on its link. */
	if (!e && !wanted)
		return -ENETUNREACH;
	a->entry = e;
	a->nif = e ? e->nif : wanted;
	if (!a->from)
		a->from = e && e->source ? e->source :
			  ip4_addr_select(a->nif, a->hop,
					  e && !e->gateway ? FIB_SCOPE_LINK : FIB_SCOPE_UNIVERSE);
	return 0;
}

static int decide(const struct flow *f, struct netif *wanted, struct answer *a)
{
	be32 to = f->to.w[3];
	const struct fib_entry *e;

	if (!to)
		to = a->from ?: IP4_LOOPBACK;
	if (a->from && !f->any_source && fib4_kind(a->from) != FIB_LOCAL)
		return -EINVAL;
	if (to == IP4_BROADCAST || ip4_is_multicast(to))
		return route_spread(f, to, wanted, a);
	e = fib4_lookup(FIB_LOCAL_TABLE, to, 0);
	if (e && (e->type != FIB_BROADCAST || !wanted || wanted == e->nif))
		return route_local(f, to, e, a);
	return route_remote(f, to, wanted, a);
}

/* Whether packets by it are for machines whose addresses must be found out. */
static bool needs_neighbour(const struct netif *nif)
{
	return !(nif->flags & IFF_LOOPBACK);
}

static int route_make(const struct flow *f, const struct answer *a, u32 generation,
		      struct route **out)
{
	struct route *r = route_alloc(a->nif, f, generation);
	struct ipaddr hop;

	if (!r)
		return -ENOMEM;
	r->hop = ipaddr_4(a->hop);
	r->from = ipaddr_4(a->from);
	r->kind = a->kind;
	r->loops = a->kind == ROUTE_MULTICAST && igmp_is_member(a->nif, a->hop);
	route_fill_metrics(r, a->nif->mtu, a->entry ? &a->entry->metrics : NULL);
	if (needs_neighbour(a->nif)) {
		hop = a->kind == ROUTE_BROADCAST ? ipaddr_4(IP4_BROADCAST) : r->hop;
		r->neighbour = neighbour_get(a->nif, &hop);
		if (!r->neighbour) {
			route_put(r);
			return -ENOBUFS;
		}
	}
	*out = r;
	return 0;
}

int ip4_route(const struct flow *f, struct route **out)
{
	u32 generation = READ_ONCE(route_generation);
	struct answer a = { .from = f->from.w[3] };
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
	if (!err)
		err = route_make(f, &a, generation, out);
	rcu_read_unlock();
	if (wanted)
		netif_put(wanted);
	if (err)
		inet_count(IPV4_OUT_NO_ROUTES);
	return err;
}

int ip4_address_kind(const struct ipaddr *a, u32 nif)
{
	enum fib_type type;

	rcu_read_lock();
	type = fib4_kind(a->w[3]);
	rcu_read_unlock();
	return ip4_route_kind(type);
}

/* What a router says about a better one is believed if it is the one that we use for that, and the
 * better one is on the link (RFC 1122, 3.2.2.2). Becomes a host route. */
struct redirect {
	struct work work;
	u32 nif;
	be32 to, gateway;
};

static void redirect_work(struct work *work)
{
	struct redirect *r = container_of(work, struct redirect, work);
	struct netif *nif = netif_by_index(r->nif);
	struct fib_entry e = { .prefix = r->to, .length = 32, .type = FIB_UNICAST,
			       .protocol = FIB_BY_REDIRECT, .table = FIB_MAIN,
			       .gateway = r->gateway, .nif = nif };

	if (nif) {
		netif_config_lock();
		fib4_add(&e, true);
		netif_config_unlock();
		netif_put(nif);
	}
	kfree(r);
}

void ip4_redirected(struct netif *nif, be32 by, be32 to, be32 gateway)
{
	const struct fib_entry *now = fib4_lookup(FIB_MAIN, to, nif->index);
	struct redirect *r;

	if (!now || now->gateway != by || now->gateway == gateway ||
	    fib4_kind(gateway) != FIB_UNICAST || fib4_kind(to) != FIB_UNICAST ||
	    !ip4_addr_on_link(nif, gateway) || fib4_redirects() >= REDIRECTS)
		return;
	r = kmalloc(sizeof(*r), MM_ATOMIC);
	if (!r)
		return;
	*r = (struct redirect){ .nif = nif->index, .to = to, .gateway = gateway };
	work_init(&r->work, redirect_work);
	work_queue(&r->work);
}
