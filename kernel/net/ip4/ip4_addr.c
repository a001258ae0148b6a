/*
 * Addresses of interfaces, and what follows from them: the routes to the address itself, to its
 * broadcasts and to its prefix, which come and go with the address and with the interface's being
 * up.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "core/log.h"
#include "lib/string.h"
#include "mm/slab.h"
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

/* Routes -------------------------------------------------------------------------------------- */

static int own_route(const struct ip4_addr *a, be32 prefix, u8 length, u8 type)
{
	bool local = type == FIB_LOCAL || type == FIB_BROADCAST;
	struct fib_entry e = {
		.prefix = prefix, .length = length, .type = type, .protocol = FIB_BY_KERNEL,
		.table = local ? FIB_LOCAL_TABLE : FIB_MAIN,
		.scope = type == FIB_LOCAL ? FIB_SCOPE_HOST : FIB_SCOPE_LINK,
		.source = a->local, .nif = a->nif,
	};
	int err = fib4_add(&e, false);

	return err == -EEXIST ? 0 : err;
}

static int routes_add(const struct ip4_addr *a)
{
	be32 prefix = a->peer & a->mask;
	bool loop = a->nif->flags & IFF_LOOPBACK;
	int err = own_route(a, a->local, 32, FIB_LOCAL);

	if (!err && a->broadcast && a->broadcast != IP4_BROADCAST)
		err = own_route(a, a->broadcast, 32, FIB_BROADCAST);
	if (err || !prefix || a->secondary || (a->length == 32 && a->peer == a->local))
		return err;
	err = own_route(a, prefix, a->length, loop ? FIB_LOCAL : FIB_UNICAST);
	if (err || a->length >= 31)
		return err;
	/* The prefix with all ones, and all zeroes as of old (RFC 1122, 3.3.6). */
	err = own_route(a, prefix | ~a->mask, 32, FIB_BROADCAST);
	return err ?: own_route(a, prefix, 32, FIB_BROADCAST);
}

/* Those of all addresses of an interface, where it is up. */
static void routes_rebuild(struct netif *nif)
{
	struct ip4_if *in = ip4_if(nif);

	fib4_forget_own(nif);
	if (!(nif->flags & IFF_UP))
		return;
	for (struct ip4_addr *a = in->addrs; a; a = a->next)
		if (routes_add(a))
			log_warn("%s: no memory for the routes of an address", nif->name);
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

int ip4_addr_add(struct netif *nif, const struct ip4_addr *wanted)
{
	struct ip4_if *in = ip4_if(nif);
	struct ip4_addr *a;
	int err;

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
	for (struct ip4_addr *other = in->addrs; other; other = other->next) {
		if (!same_prefix(a, other))
			continue;
		if (a->local == other->local) {
			kfree(a);
			return -EEXIST;
		}
		a->secondary = true;
	}
	ref_set(&a->refs, 1);
	netif_get(nif);
	arp_acd_init(a);
	insert(in, a);
	err = nif->flags & IFF_UP ? routes_add(a) : 0;
	ip4_tell_addr(a, true);
	route_flush();
	if (nif->flags & IFF_UP)
		arp_acd_start(a);
	if (err)
		ip4_addr_remove(nif, a->local, a->length);
	return err;
}

static void unlink_addr(struct ip4_if *in, struct ip4_addr **at)
{
	struct ip4_addr *a = *at;

	rcu_store(*at, a->next);
	a->gone = true;
	arp_acd_stop(a);
	ip4_tell_addr(a, false);
	fib4_forget_source(a->local);
	ip4_addr_put(a);
}

/* A primary went: the next of its prefix takes its place, or all of them go with it. */
static void heirs(struct ip4_if *in, const struct ip4_addr *was)
{
	struct ip4_addr **at = &in->addrs, *a;

	while ((a = *at)) {
		if (!a->secondary || !same_prefix(a, was)) {
			at = &a->next;
			continue;
		}
		if (ip4_conf_max(in->nif, IP4_PROMOTE_SECONDARIES)) {
			rcu_store(*at, a->next);
			a->secondary = false;
			insert(in, a);
			return;
		}
		unlink_addr(in, at);
	}
}

int ip4_addr_remove(struct netif *nif, be32 local, unsigned length)
{
	struct ip4_if *in = ip4_if(nif);
	struct ip4_addr was;

	for (struct ip4_addr **at = in ? &in->addrs : NULL; at && *at; at = &(*at)->next) {
		if ((*at)->local != local || (*at)->length != length)
			continue;
		was = **at;
		unlink_addr(in, at);
		if (!was.secondary)
			heirs(in, &was);
		routes_rebuild(nif);
		route_flush();
		return 0;
	}
	return -EADDRNOTAVAIL;
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

	igmp_state_free(in->igmp);
	kfree(in);
}

static void detach(struct netif *nif)
{
	struct ip4_if *in = ip4_if(nif);

	if (!in)
		return;
	while (in->addrs)
		unlink_addr(in, &in->addrs);
	fib4_forget(nif, true);
	igmp_down(nif);
	rcu_store(nif->inet4, NULL);
	rcu_call(&in->rcu, free_if);
}

static void up(struct netif *nif)
{
	struct ip4_if *in = ip4_if(nif);

	if (!in)
		return;
	if (nif->flags & IFF_LOOPBACK && !in->addrs) {
		struct ip4_addr a = { .local = IP4_LOOPBACK, .length = 8,
				      .scope = FIB_SCOPE_HOST };

		if (ip4_addr_add(nif, &a))
			log_warn("%s: no address", nif->name);
	} else {
		routes_rebuild(nif);
	}
	igmp_up(nif);
	for (struct ip4_addr *a = in->addrs; a; a = a->next)
		arp_acd_start(a);
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
	case NETIF_UP:
		up(nif);
		break;
	case NETIF_DOWN:
		down(nif);
		break;
	case NETIF_CARRIER:
	case NETIF_CHANGED:
		break;
	}
}

static struct netif_watch watch = { .fn = watch_fn };

void ip4_addr_init(void)
{
	netif_watch(&watch);
}
