/*
 * Addresses of interfaces, and what follows from them: the route to the address itself, once it is
 * known to be nobody else's, the route to its prefix, the group in which neighbours ask for it.
 *
 * An address begins as tentative where duplicates are looked for (net/ip6/nd_dad.c), and is used
 * for nothing else until that is over: it has no route in the local table. Addresses go when their
 * interface goes down, but for those that conf/keep_addr_on_down keeps.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/rtnetlink.h"
#include "core/clock.h"
#include "core/log.h"
#include "mm/slab.h"
#include "net/inet/mcast.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/mld.h"
#include "net/ip6/nd.h"

static struct ip6_watch *watches; /* I after boot */

void ip6_watch(struct ip6_watch *watch)
{
	watch->next = watches;
	watches = watch;
}

void ip6_tell_addr(const struct ip6_addr *a, bool added)
{
	for (struct ip6_watch *w = watches; w; w = w->next)
		if (w->addr)
			w->addr(a, added);
}

void ip6_tell_route(const struct fib6_entry *e, bool added)
{
	for (struct ip6_watch *w = watches; w; w = w->next)
		if (w->route)
			w->route(e, added);
}

void ip6_tell_link(struct netif *nif)
{
	for (struct ip6_watch *w = watches; w; w = w->next)
		if (w->link)
			w->link(nif);
}

static void addr_free(struct rcu_head *head)
{
	struct ip6_addr *a = container_of(head, struct ip6_addr, rcu);

	netif_put(a->nif);
	kfree(a);
}

void ip6_addr_put(struct ip6_addr *a)
{
	if (ref_put(&a->refs))
		rcu_call(&a->rcu, addr_free);
}

struct ip6_addr *ip6_addr_find(const struct netif *nif, const struct ipaddr *address)
{
	struct ip6_if *in = ip6_if(nif);

	for (struct ip6_addr *a = in ? rcu_load(in->addrs) : NULL; a; a = rcu_load(a->next))
		if (ipaddr_equal(&a->address, address))
			return a;
	return NULL;
}

bool ip6_addr_is_ours(const struct ipaddr *address, const struct netif *nif)
{
	const struct fib6_entry *e;

	if (!nif && ipaddr_link_local(address))
		return false;
	e = fib6_local(address, nif ? nif->index : 0);
	return e && e->type == FIB6_LOCAL;
}

bool ip6_addr_link_local(const struct netif *nif, struct ipaddr *out)
{
	struct ip6_if *in = ip6_if(nif);

	for (struct ip6_addr *a = in ? rcu_load(in->addrs) : NULL; a; a = rcu_load(a->next))
		if (ipaddr_link_local(&a->address) && ip6_addr_usable(READ_ONCE(a->flags))) {
			*out = a->address;
			return true;
		}
	return false;
}

/* Routes -------------------------------------------------------------------------------------- */

static void warn(int err, const struct netif *nif)
{
	if (err && err != -ABI_EEXIST)
		log_warn("%s: no memory for the routes of an address", nif->name);
}

static struct fib6_entry local_route(const struct ip6_addr *a)
{
	return (struct fib6_entry){ .prefix = a->address, .length = 128, .type = FIB6_LOCAL,
				    .protocol = FIB6_BY_KERNEL, .table = FIB6_LOCAL_TABLE,
				    .nif = a->nif };
}

static struct fib6_entry prefix_route(const struct ip6_addr *a)
{
	const struct ipaddr *of = ipaddr_any(&a->peer) ? &a->address : &a->peer;

	return (struct fib6_entry){ .prefix = ip6_prefix(of, a->length), .length = a->length,
				    .type = FIB6_UNICAST, .protocol = FIB6_BY_KERNEL,
				    .table = FIB6_MAIN, .metric = FIB6_METRIC_KERNEL,
				    .nif = a->nif, .until = a->valid_until };
}

/* Whether another address of the interface has the same prefix. */
static bool prefix_shared(const struct ip6_addr *a)
{
	struct fib6_entry mine = prefix_route(a);

	for (struct ip6_addr *b = ip6_if(a->nif)->addrs; b; b = b->next) {
		struct fib6_entry other = prefix_route(b);

		if (b != a && !b->no_prefix_route && other.length == mine.length &&
		    ipaddr_equal(&other.prefix, &mine.prefix))
			return true;
	}
	return false;
}

static void routes_add(const struct ip6_addr *a)
{
	struct fib6_entry local = local_route(a), prefix = prefix_route(a);

	if (!(a->nif->flags & IFF_UP))
		return;
	if (!a->no_prefix_route)
		warn(fib6_add(&prefix, true), a->nif);
	if (ip6_addr_usable(a->flags))
		warn(fib6_add(&local, false), a->nif);
}

static void routes_remove(const struct ip6_addr *a)
{
	struct fib6_entry local = local_route(a), prefix = prefix_route(a);

	fib6_remove(&local);
	if (!a->no_prefix_route && !prefix_shared(a))
		fib6_remove(&prefix);
	fib6_forget_source(&a->address);
}

/* Packets to groups that no route says anything of leave by it. */
static void group_route_add(struct netif *nif)
{
	struct fib6_entry e = { .prefix = { .b = { 0xff } }, .length = 8, .type = FIB6_MULTICAST,
				.protocol = FIB6_BY_KERNEL, .table = FIB6_LOCAL_TABLE,
				.metric = FIB6_METRIC_KERNEL, .nif = nif };

	if (!(nif->flags & IFF_LOOPBACK))
		warn(fib6_add(&e, false), nif);
}

/* Changes ------------------------------------------------------------------------------------- */

static bool needs_dad(const struct ip6_addr *a)
{
	const struct ip6_if *in = ip6_if(a->nif);

	return !(a->nif->flags & (IFF_LOOPBACK | IFF_NOARP) || a->flags & IFA_F_NODAD) &&
	       in->conf.item[IP6_ACCEPT_DAD] > 0 && in->conf.item[IP6_DAD_TRANSMITS] > 0;
}

/* Behind those of wider scopes. */
static void insert(struct ip6_if *in, struct ip6_addr *a)
{
	struct ip6_addr **at = &in->addrs;

	while (*at && (*at)->scope > a->scope)
		at = &(*at)->next;
	a->next = *at;
	rcu_store(*at, a);
}

/* The address is there and its interface up: duplicates are looked for, or it is used at once. */
static void begin(struct ip6_addr *a)
{
	if (needs_dad(a))
		WRITE_ONCE(a->flags, a->flags | IFA_F_TENTATIVE);
	else
		WRITE_ONCE(a->flags, a->flags & ~(u32)IFA_F_OPTIMISTIC);
	routes_add(a);
	if (a->flags & IFA_F_TENTATIVE)
		nd_dad_start(a);
}

static int addr_check(const struct netif *nif, const struct ip6_addr *a)
{
	if (!ip6_is_on(ip6_if(nif)))
		return -EACCES;
	if (a->length > 128)
		return -EINVAL;
	if (ipaddr_any(&a->address) || ipaddr_multicast(&a->address) || ipaddr_is4(&a->address) ||
	    (ipaddr_loopback(&a->address) && !(nif->flags & IFF_LOOPBACK)))
		return -EADDRNOTAVAIL;
	return ip6_addr_find(nif, &a->address) ? -EEXIST : 0;
}

int ip6_addr_add(struct netif *nif, const struct ip6_addr *wanted)
{
	struct ipaddr group = ip6_solicited_node(&wanted->address);
	struct ip6_addr *a;
	int err = addr_check(nif, wanted);

	if (err)
		return err;
	a = kzalloc(sizeof(*a), MM_KERNEL);
	if (!a)
		return -ENOMEM;
	*a = (struct ip6_addr){
		.nif = nif, .address = wanted->address, .peer = wanted->peer,
		.length = wanted->length, .scope = (u8)ip6_scope_of(&wanted->address),
		.protocol = wanted->protocol, .no_prefix_route = wanted->no_prefix_route,
		.flags = wanted->flags & ~(u32)(IFA_F_TENTATIVE | IFA_F_DADFAILED),
		.preferred_until = wanted->preferred_until, .valid_until = wanted->valid_until,
		.made_of = wanted->made_of, .desync = wanted->desync, .retries = wanted->retries,
		.refs = REFCOUNT_INIT(1),
	};
	err = mld_join(nif, &group);
	if (err) {
		kfree(a);
		return err;
	}
	a->created_ns = a->updated_ns = clock_monotonic();
	netif_get(nif);
	nd_dad_init_addr(a);
	insert(ip6_if(nif), a);
	if (nif->flags & IFF_UP)
		begin(a);
	if (a->valid_until || a->preferred_until)
		ip6_lifetime_changed();
	if (ip6_conf_get(nif, IP6_FORWARDING))
		ip6_anycast_router(a, true);
	ip6_tell_addr(a, true);
	route_flush();
	return 0;
}

static void unlink_addr(struct ip6_if *in, struct ip6_addr **at)
{
	struct ip6_addr *a = *at;
	struct ipaddr group = ip6_solicited_node(&a->address);

	rcu_store(*at, a->next);
	a->gone = true;
	nd_dad_stop(a);
	routes_remove(a);
	ip6_anycast_router(a, false);
	mld_leave(in->nif, &group);
	ip6_tell_addr(a, false);
	ip6_addr_put(a);
}

int ip6_addr_remove(struct netif *nif, const struct ipaddr *address, unsigned length)
{
	struct ip6_if *in = ip6_if(nif);

	for (struct ip6_addr **at = in ? &in->addrs : NULL; at && *at; at = &(*at)->next) {
		if ((*at)->length != length || !ipaddr_equal(&(*at)->address, address))
			continue;
		unlink_addr(in, at);
		route_flush();
		return 0;
	}
	return -EADDRNOTAVAIL;
}

void ip6_addr_set_flags(struct ip6_addr *a, u32 set, u32 clear)
{
	bool before = ip6_addr_usable(a->flags), after;
	struct fib6_entry local = local_route(a);

	if (a->gone)
		return;
	WRITE_ONCE(a->flags, (a->flags & ~clear) | set);
	after = ip6_addr_usable(a->flags);
	if (!before && after && a->nif->flags & IFF_UP)
		warn(fib6_add(&local, false), a->nif);
	else if (before && !after)
		fib6_remove(&local);
	ip6_tell_addr(a, true);
	route_flush();
}

/* When something that lasts so many seconds is over. */
static u64 end_of(u64 now, u32 seconds)
{
	return seconds == IP6_FOREVER ? 0 : now + (u64)seconds * NSEC_PER_SEC;
}

void ip6_addr_set_lifetimes(struct ip6_addr *a, u32 valid, u32 preferred)
{
	u64 now = clock_monotonic();
	struct fib6_entry prefix;

	if (a->gone)
		return;
	WRITE_ONCE(a->valid_until, end_of(now, valid));
	WRITE_ONCE(a->preferred_until, end_of(now, preferred));
	WRITE_ONCE(a->updated_ns, now);
	prefix = prefix_route(a);
	if (!a->no_prefix_route && a->nif->flags & IFF_UP)
		warn(fib6_add(&prefix, true), a->nif);
	ip6_addr_set_flags(a, preferred ? 0 : IFA_F_DEPRECATED, preferred ? IFA_F_DEPRECATED : 0);
	ip6_lifetime_changed();
}

/* Interfaces ---------------------------------------------------------------------------------- */

static void up(struct netif *nif)
{
	struct ip6_if *in = ip6_if(nif);
	struct ip6_addr loopback = { .address = IP6_LOOPBACK, .length = 128,
				     .protocol = IFAPROT_KERNEL_LO, .flags = IFA_F_PERMANENT };

	if (!ip6_is_on(in))
		return;
	group_route_add(nif);
	mld_up(nif);
	for (struct ip6_addr *a = in->addrs; a; a = a->next)
		begin(a);
	ip6_anycast_up(nif);
	if (nif->flags & IFF_LOOPBACK && !ip6_addr_find(nif, &loopback.address) &&
	    ip6_addr_add(nif, &loopback))
		log_warn("%s: no address", nif->name);
	nd_up(nif);
}

static bool is_kept(const struct ip6_addr *a)
{
	return ip6_if(a->nif)->conf.item[IP6_KEEP_ADDR_ON_DOWN] > 0 &&
	       a->flags & IFA_F_PERMANENT && a->scope != IP6_SCOPE_LINK;
}

/* `all`: it goes for good, or IPv6 is switched off. */
static void down(struct netif *nif, bool all)
{
	struct ip6_if *in = ip6_if(nif);
	struct ip6_addr **at = in ? &in->addrs : NULL;

	if (!in)
		return;
	nd_down(nif);
	while (*at) {
		if (all || !is_kept(*at)) {
			unlink_addr(in, at);
			continue;
		}
		nd_dad_stop(*at);
		at = &(*at)->next;
	}
	fib6_forget(nif, true);
	mld_down(nif);
}

void ip6_addr_switch(struct netif *nif, bool on)
{
	if (!(nif->flags & IFF_UP))
		return;
	if (on)
		up(nif);
	else
		down(nif, true);
}

static void free_if(struct rcu_head *head)
{
	struct ip6_if *in = container_of(head, struct ip6_if, rcu);

	if (in->nd)
		nd_state_free(in->nd);
	kfree(in);
}

static void attach(struct netif *nif)
{
	struct ip6_if *in;

	if (nif->mtu < IP6_MIN_MTU || ip6_if(nif))
		return;
	if (!nif->mld)
		nif->mld = mld_state_make(nif);
	in = kzalloc(sizeof(*in), MM_KERNEL);
	if (in) {
		in->nif = nif;
		in->mld = nif->mld;
		in->nd = nd_state_make(nif);
	}
	if (!in || !in->mld || !in->nd) {
		log_err("%s: no memory for IPv6", nif->name);
		if (in)
			free_if(&in->rcu);
		return;
	}
	ip6_conf_begin(in);
	rcu_store(nif->inet6, in);
}

static void detach(struct netif *nif)
{
	struct ip6_if *in = ip6_if(nif);

	if (!in)
		return;
	down(nif, true);
	ip6_anycast_free(nif);
	ip6_conf_end(in);
	rcu_store(nif->inet6, NULL);
	rcu_call(&in->rcu, free_if);
}

static void forget(struct netif *nif)
{
	detach(nif);
	if (nif->mld)
		mcast_state_free(nif->mld);
	nif->mld = NULL;
}

/* The MTU may have become too small, or large enough. */
static void changed(struct netif *nif)
{
	struct ip6_if *in = ip6_if(nif);

	if (nif->mtu < IP6_MIN_MTU) {
		detach(nif);
	} else if (in) {
		WRITE_ONCE(in->conf.item[IP6_MTU], (s32)nif->mtu);
	} else {
		attach(nif);
		if (nif->flags & IFF_UP)
			up(nif);
	}
}

static void watch_fn(struct netif_watch *watch, struct netif *nif, enum netif_event event)
{
	switch (event) {
	case NETIF_ADDED:
		attach(nif);
		break;
	case NETIF_GONE:
		forget(nif);
		break;
	case NETIF_UP:
		up(nif);
		break;
	case NETIF_DOWN:
		down(nif, false);
		break;
	case NETIF_CHANGED:
		changed(nif);
		break;
	case NETIF_CARRIER:
		break;
	}
}

static struct netif_watch watch = { .fn = watch_fn };

void ip6_addr_init(void)
{
	netif_watch(&watch);
}
