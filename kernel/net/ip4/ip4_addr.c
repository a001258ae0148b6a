/*
 * Addresses of interfaces. The routes that follow from them (ip4_addr_route.c) come and go with the
 * address and with the interface's being up; a change takes the memory that it needs before it
 * begins, so that it happens as a whole or not at all.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "core/log.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/inet/mcast.h"
#include "net/ip4/ip4_int.h"
#include "net/link/arp.h"

struct ip4_conf ip4_conf_all = {
	.item = { [IP4_ACCEPT_REDIRECTS] = 1, [IP4_SEND_REDIRECTS] = 1,
		  [IP4_SECURE_REDIRECTS] = 1 },
};
struct ip4_conf ip4_conf_default = {
	.item = { [IP4_ACCEPT_REDIRECTS] = 1, [IP4_SEND_REDIRECTS] = 1,
		  [IP4_SECURE_REDIRECTS] = 1 },
};
static struct ip4_watch *watches; /* I after boot */

void ip4_watch(struct ip4_watch *watch)
{
	watch->next = watches;
	watches = watch;
}

void ip4_tell_addr(const struct ip4_addr *a, bool added)
{
	for (struct ip4_watch *w = watches; w; w = w->next)
		if (w->addr)
			w->addr(a, added);
}

void ip4_tell_route(const struct fib_entry *e, bool added)
{
	for (struct ip4_watch *w = watches; w; w = w->next)
		if (w->route)
			w->route(e, added);
}

static void conf_each(struct netif *nif, void *arg)
{
	struct ip4_if *in = ip4_if(nif);

	if (in)
		WRITE_ONCE(in->conf.item[IP4_FORWARDING], *(s32 *)arg);
}

/* Forwarding for all is the same switch for each (ip-sysctl). */
void ip4_conf_set(struct netif *nif, enum ip4_conf_item item, s32 value)
{
	if (nif) {
		WRITE_ONCE(ip4_if(nif)->conf.item[item], value);
	} else {
		WRITE_ONCE(ip4_conf_all.item[item], value);
		if (item == IP4_FORWARDING) {
			WRITE_ONCE(ip4_conf_default.item[item], value);
			WRITE_ONCE(ip4_settings.forward, value);
			netif_each(conf_each, &value);
		}
	}
	route_flush();
}

static void addr_free(struct rcu_head *head)
{
	struct ip4_addr *a = container_of(head, struct ip4_addr, rcu);

	netif_put(a->nif);
	kfree(a);
}

void ip4_addr_put(struct ip4_addr *a)
{
	if (ref_put(&a->refs))
		rcu_call(&a->rcu, addr_free);
}

struct ip4_addr *ip4_addr_find(const struct netif *nif, be32 local)
{
	struct ip4_if *in = ip4_if(nif);

	for (struct ip4_addr *a = in ? rcu_load(in->addrs) : NULL; a; a = rcu_load(a->next))
		if (a->local == local)
			return a;
	return NULL;
}

bool ip4_addr_on_link(const struct netif *nif, be32 address)
{
	struct ip4_if *in = ip4_if(nif);

	for (struct ip4_addr *a = in ? rcu_load(in->addrs) : NULL; a; a = rcu_load(a->next))
		if (!((a->peer ^ address) & a->mask))
			return true;
	return false;
}

struct netif *ip4_addr_netif(be32 local)
{
	const struct fib_entry *e;
	struct netif *nif = NULL;

	rcu_read_lock();
	e = fib4_lookup(FIB_LOCAL_TABLE, local, 0);
	if (e && e->type == FIB_LOCAL && ref_try_get(&e->nif->refs))
		nif = e->nif;
	rcu_read_unlock();
	return nif;
}

/* One whose prefix the destination is in; else the first primary of a scope that reaches it. */
static be32 select_on(const struct netif *nif, be32 to, u8 scope)
{
	struct ip4_if *in = ip4_if(nif);
	be32 first = 0;

	for (struct ip4_addr *a = in ? rcu_load(in->addrs) : NULL; a; a = rcu_load(a->next)) {
		if (a->secondary || a->scope > scope)
			continue;
		if (!to || !((a->peer ^ to) & a->mask))
			return a->local;
		if (!first)
			first = a->local;
	}
	return first;
}

be32 ip4_addr_select(const struct netif *nif, be32 to, u8 scope)
{
	be32 found = select_on(nif, to, scope);
	const struct fib_entry *e;

	if (found)
		return found;
	/* Without an address of its own it uses another's: that which the way to everybody has. */
	e = fib4_lookup(FIB_MAIN, hton32(0x08080808), 0);
	return e && e->nif && e->nif != nif ? select_on(e->nif, to, FIB_SCOPE_UNIVERSE) : 0;
}

/* Changes ------------------------------------------------------------------------------------- */

static bool same_prefix(const struct ip4_addr *a, const struct ip4_addr *b)
{
	return a->mask == b->mask && !((a->peer ^ b->peer) & a->mask);
}

static void insert(struct ip4_if *in, struct ip4_addr *a)
{
	struct ip4_addr **at = &in->addrs;

	while (*at && (a->secondary || !(*at)->secondary))
		at = &(*at)->next;
	a->next = *at;
	rcu_store(*at, a);
}

/* Whether an address goes when a primary does: one that is not promoted instead (ip-sysctl). */
static bool goes_with(const struct ip4_addr *a, const struct ip4_addr *primary)
{
	return a->secondary && !primary->secondary && same_prefix(a, primary) &&
	       !ip4_conf_max(a->nif, IP4_PROMOTE_SECONDARIES);
}

/* An address that can be linked without any need of memory, in the place of `old` if that is not
 * NULL. */
static int addr_make(struct netif *nif, const struct ip4_addr *wanted, const struct ip4_addr *old,
		     struct fib_stock *stock, struct ip4_addr **out)
{
	struct ip4_if *in = ip4_if(nif);
	struct ip4_addr *a;

	if (!in || wanted->length > 32 || !wanted->local || ip4_is_multicast(wanted->local) ||
	    wanted->local == IP4_BROADCAST)
		return -EINVAL;
	a = kmalloc(sizeof(*a), MM_KERNEL);
	if (!a)
		return -ENOMEM;
	*a = *wanted;
	a->nif = nif;
	a->mask = ip4_mask(a->length);
	a->secondary = a->gone = false;
	if (!a->peer)
		a->peer = a->local;
	if (!a->label[0])
		strlcpy(a->label, nif->name, sizeof(a->label));
	for (struct ip4_addr *other = in->addrs; other; other = other->next)
		if (other != old && !(old && goes_with(other, old)) && same_prefix(a, other) &&
		    a->local == other->local) {
			kfree(a);
			return -EEXIST;
		}
	if (fib4_reserve(stock)) {
		kfree(a);
		return -ENOMEM;
	}
	*out = a;
	return 0;
}

static void addr_link(struct ip4_addr *a, struct fib_stock *stock)
{
	struct ip4_if *in = ip4_if(a->nif);

	for (struct ip4_addr *other = in->addrs; other; other = other->next)
		a->secondary |= same_prefix(a, other);
	ref_set(&a->refs, 1);
	netif_get(a->nif);
	arp_acd_init(a);
	insert(in, a);
	if (a->nif->flags & IFF_UP)
		ip4_addr_routes_add(a, stock);
	fib4_unreserve(stock);
	ip4_tell_addr(a, true);
	route_flush();
	if (a->nif->flags & IFF_UP)
		arp_acd_start(a);
}

int ip4_addr_add(struct netif *nif, const struct ip4_addr *wanted)
{
	struct fib_stock stock;
	struct ip4_addr *a;
	int err = addr_make(nif, wanted, NULL, &stock, &a);

	if (!err)
		addr_link(a, &stock);
	return err;
}

static void addr_unlink(struct ip4_if *in, struct ip4_addr *a)
{
	struct ip4_addr **at = &in->addrs;

	while (*at != a)
		at = &(*at)->next;
	rcu_store(*at, a->next);
	a->gone = true;
	arp_acd_stop(a);
	ip4_tell_addr(a, false);
	ip4_addr_routes_drop(a);
	if (fib4_kind(a->local) != FIB_LOCAL)
		fib4_forget_source(a->local);
	ip4_addr_put(a);
}

/* The next of its prefix takes the place of a primary that is gone. */
static void promote(struct ip4_if *in, struct ip4_addr *a, struct fib_stock *stock)
{
	struct ip4_addr **at = &in->addrs;

	while (*at != a)
		at = &(*at)->next;
	rcu_store(*at, a->next);
	a->secondary = false;
	insert(in, a);
	if (a->nif->flags & IFF_UP)
		ip4_addr_routes_add(a, stock);
}

static struct ip4_addr *find_secondary(struct ip4_if *in, const struct ip4_addr *primary)
{
	struct ip4_addr *a = in->addrs;

	while (a && !(a->secondary && same_prefix(a, primary)))
		a = a->next;
	return primary->secondary ? NULL : a;
}

/* Takes an address away, and those that go with it: 0 or -ENOMEM, where one is to be promoted. */
static int addr_remove(struct ip4_if *in, struct ip4_addr *a)
{
	struct ip4_addr *other = find_secondary(in, a);
	bool promotes = other && !goes_with(other, a);
	struct fib_stock stock = { .n = 0 };

	if (promotes && fib4_reserve(&stock))
		return -ENOMEM;
	ref_get(&a->refs);
	addr_unlink(in, a);
	if (promotes)
		promote(in, other, &stock);
	while (!promotes && (other = find_secondary(in, a)))
		addr_unlink(in, other);
	fib4_unreserve(&stock);
	route_flush();
	ip4_addr_put(a);
	return 0;
}

int ip4_addr_remove(struct netif *nif, be32 local, unsigned length)
{
	struct ip4_if *in = ip4_if(nif);

	for (struct ip4_addr *a = in ? in->addrs : NULL; a; a = a->next)
		if (a->local == local && a->length == length)
			return addr_remove(in, a);
	return -EADDRNOTAVAIL;
}

int ip4_addr_replace(struct ip4_addr *old, const struct ip4_addr *wanted)
{
	struct fib_stock stock;
	struct ip4_addr *a;
	int err = addr_make(old->nif, wanted, old, &stock, &a);

	if (err)
		return err;
	err = addr_remove(ip4_if(old->nif), old);
	if (err) {
		fib4_unreserve(&stock);
		kfree(a);
		return err;
	}
	addr_link(a, &stock);
	return 0;
}

/* Interfaces ---------------------------------------------------------------------------------- */

static void attach(struct netif *nif)
{
	struct ip4_if *in = kzalloc(sizeof(*in), MM_KERNEL);

	if (in)
		in->igmp = igmp_state_make(nif);
	if (!in || !in->igmp) {
		log_err("%s: no memory for IPv4", nif->name);
		kfree(in);
		return;
	}
	in->nif = nif;
	in->conf = ip4_conf_default;
	rcu_store(nif->inet4, in);
}

static void free_if(struct rcu_head *head)
{
	struct ip4_if *in = container_of(head, struct ip4_if, rcu);

	mcast_state_free(in->igmp);
	kfree(in);
}

static void detach(struct netif *nif)
{
	struct ip4_if *in = ip4_if(nif);

	if (!in)
		return;
	while (in->addrs)
		addr_unlink(in, in->addrs);
	fib4_forget(nif, true);
	igmp_down(nif);
	rcu_store(nif->inet4, NULL);
	rcu_call(&in->rcu, free_if);
}

static int up(struct netif_watch *watch, struct netif *nif)
{
	const struct ip4_addr loop = { .local = IP4_LOOPBACK, .length = 8,
				       .scope = FIB_SCOPE_HOST };
	struct ip4_if *in = ip4_if(nif);
	struct fib_stock stock;
	int err;

	if (!in)
		return 0;
	err = igmp_up(nif);
	if (err)
		return err;
	if (nif->flags & IFF_LOOPBACK && !in->addrs)
		return ip4_addr_add(nif, &loop);
	for (struct ip4_addr *a = in->addrs; a; a = a->next) {
		err = fib4_reserve(&stock);
		if (err)
			return err;
		ip4_addr_routes_add(a, &stock);
		fib4_unreserve(&stock);
	}
	for (struct ip4_addr *a = in->addrs; a; a = a->next)
		arp_acd_start(a);
	return 0;
}

static void down(struct netif *nif)
{
	struct ip4_if *in = ip4_if(nif);

	fib4_forget(nif, true);
	if (!in)
		return;
	igmp_down(nif);
	for (struct ip4_addr *a = in->addrs; a; a = a->next)
		arp_acd_stop(a);
}

static void watch_fn(struct netif_watch *watch, struct netif *nif, enum netif_event event)
{
	switch (event) {
	case NETIF_ADDED:
		attach(nif);
		break;
	case NETIF_GONE:
		detach(nif);
		break;
	case NETIF_DOWN:
		down(nif);
		break;
	case NETIF_UP:
	case NETIF_CARRIER:
	case NETIF_CHANGED:
		break;
	}
}

static struct netif_watch watch = { .up = up, .fn = watch_fn };

void ip4_addr_init(void)
{
	netif_watch(&watch);
}
