/*
 * Anycast addresses (RFC 4291, 2.6): several machines of a link have the same one, and packets to
 * it go to whichever answers first for it. Programs join them (IPV6_JOIN_ANYCAST); a router has
 * that of all routers for each of its prefixes (2.6.1).
 *
 * One is an entry of the interface's list, a route in the local table while the interface is up,
 * and the membership in its solicited-node group. Nothing is sent from it.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/in6.h"
#include "arch/usercopy.h"
#include "core/log.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/mld.h"

/* What a socket joined. I: constant.  c: config lock. */
struct ip6_anycast_member {
	struct ip6_anycast_member *next; /* c */
	u32 nif;                         /* I: index */
	u64 number;                      /* I: of its entry, which goes with IPv6 */
	struct ipaddr address;           /* I */
};

static u64 made; /* c: entries so far */

static struct fib6_entry route_of(struct netif *nif, const struct ipaddr *address)
{
	return (struct fib6_entry){ .prefix = *address, .length = 128, .type = FIB6_ANYCAST,
				    .protocol = FIB6_BY_KERNEL, .table = FIB6_LOCAL_TABLE,
				    .nif = nif };
}

static struct ip6_anycast **find(struct ip6_if *in, const struct ipaddr *address)
{
	struct ip6_anycast **at = &in->anycast;

	while (*at && !ipaddr_equal(&(*at)->address, address))
		at = &(*at)->next;
	return at;
}

bool ip6_anycast_has(const struct netif *nif, const struct ipaddr *address)
{
	struct ip6_if *in = ip6_if(nif);
	struct ip6_anycast *a = in ? rcu_load(in->anycast) : NULL;

	while (a && !ipaddr_equal(&a->address, address))
		a = rcu_load(a->next);
	return a;
}

static int begin(struct netif *nif, const struct ipaddr *address)
{
	struct fib6_entry e = route_of(nif, address);
	int err = nif->flags & IFF_UP ? fib6_add(&e, false) : 0;

	return err == -ABI_EEXIST ? 0 : err;
}

int ip6_anycast_join(struct netif *nif, const struct ipaddr *address)
{
	struct ipaddr group = ip6_solicited_node(address);
	struct ip6_if *in = ip6_if(nif);
	struct ip6_anycast *a = *find(in, address);
	int err;

	if (a) {
		a->users++;
		return 0;
	}
	a = kzalloc(sizeof(*a), MM_KERNEL);
	if (!a)
		return -ENOMEM;
	err = mld_join(nif, &group);
	if (err) {
		kfree(a);
		return err;
	}
	err = begin(nif, address);
	if (err) {
		mld_leave(nif, &group);
		kfree(a);
		return err;
	}
	*a = (struct ip6_anycast){ .next = in->anycast, .address = *address, .users = 1,
				   .number = ++made };
	rcu_store(in->anycast, a);
	return 0;
}

static void free_one(struct rcu_head *head)
{
	kfree(container_of(head, struct ip6_anycast, rcu));
}

static void unlink(struct netif *nif, struct ip6_anycast **at)
{
	struct ip6_anycast *a = *at;
	struct ipaddr group = ip6_solicited_node(&a->address);
	struct fib6_entry e = route_of(nif, &a->address);

	rcu_store(*at, a->next);
	fib6_remove(&e);
	mld_leave(nif, &group);
	rcu_call(&a->rcu, free_one);
}

void ip6_anycast_leave(struct netif *nif, const struct ipaddr *address)
{
	struct ip6_if *in = ip6_if(nif);
	struct ip6_anycast **at = in ? find(in, address) : NULL;

	if (at && *at && --(*at)->users == 0)
		unlink(nif, at);
}

void ip6_anycast_up(struct netif *nif)
{
	for (struct ip6_anycast *a = ip6_if(nif)->anycast; a; a = a->next)
		if (begin(nif, &a->address))
			log_warn("%s: no memory for the routes of an address", nif->name);
}

void ip6_anycast_free(struct netif *nif)
{
	struct ip6_if *in = ip6_if(nif);

	while (in->anycast)
		unlink(nif, &in->anycast);
}

void ip6_anycast_router(struct ip6_addr *a, bool router)
{
	struct ipaddr prefix = ip6_prefix(&a->address, a->length);

	/* Links of two have no such address (RFC 6164). */
	if (a->length >= 127 || ipaddr_any(&prefix) || a->router_anycast == router)
		return;
	if (!router)
		ip6_anycast_leave(a->nif, &prefix);
	else if (ip6_anycast_join(a->nif, &prefix))
		return; /* no memory: a router among others */
	a->router_anycast = router;
}

/* Sockets ------------------------------------------------------------------------------------- */

static bool is_router(const struct netif *nif)
{
	return nif ? ip6_conf_get(nif, IP6_FORWARDING) :
		     READ_ONCE(ip6_conf_all.item[IP6_FORWARDING]);
}

static bool has_prefix(const struct netif *nif, const struct ipaddr *address)
{
	struct ip6_if *in = ip6_if(nif);

	for (struct ip6_addr *a = in ? in->addrs : NULL; a; a = a->next)
		if (ip6_prefix_equal(address, &a->address, a->length))
			return true;
	return false;
}

/* The interface that is meant, referenced: that of the route to the address if none was said. */
static int netif_of(const struct ipaddr *address, u32 index, struct netif **out)
{
	const struct fib6_entry *e;

	if (index) {
		*out = netif_by_index(index);
		return *out ? 0 : -ENODEV;
	}
	rcu_read_lock();
	e = fib6_lookup(address, 0);
	*out = e ? e->nif : NULL;
	if (*out)
		netif_get(*out);
	rcu_read_unlock();
	return *out ? 0 : is_router(NULL) ? -ENODEV : -EADDRNOTAVAIL;
}

/* Whether it is one of this machine's own, for good or not yet. */
struct own { const struct ipaddr *address; bool found; };

static void look_for_own(struct netif *nif, void *arg)
{
	struct own *own = arg;

	if (ip6_addr_find(nif, own->address))
		own->found = true;
}

/* Config lock. */
static int join(struct inet_sock *i, struct ip6_anycast_member *m)
{
	struct own own = { .address = &m->address };
	struct netif *nif;
	int err;

	netif_each(look_for_own, &own);
	if (own.found)
		return -EINVAL;
	err = netif_of(&m->address, m->nif, &nif);
	if (err)
		return err;
	if (!ip6_is_on(ip6_if(nif)))
		err = m->nif ? -ENODEV : -EADDRNOTAVAIL;
	else if (!is_router(nif) && !has_prefix(nif, &m->address))
		err = -EADDRNOTAVAIL; /* a host has those of its prefixes alone (RFC 4291, 2.6) */
	m->nif = nif->index;
	if (!err)
		err = ip6_anycast_join(nif, &m->address);
	if (!err) {
		m->number = (*find(ip6_if(nif), &m->address))->number;
		m->next = i->anycast;
		WRITE_ONCE(i->anycast, m);
	}
	netif_put(nif);
	return err;
}

static u32 count(const struct inet_sock *i)
{
	u32 n = 0;

	for (const struct ip6_anycast_member *m = i->anycast; m; m = m->next)
		n++;
	return n;
}

static int option_join(struct inet_sock *i, const struct ipv6_mreq *r)
{
	struct ip6_anycast_member *m;
	int err;

	if (!sock_capable(CAP_NET_ADMIN))
		return -EPERM;
	m = kzalloc(sizeof(*m), MM_KERNEL);
	if (!m)
		return -ENOMEM;
	memcpy(&m->address, &r->ipv6mr_multiaddr, sizeof(m->address));
	m->nif = (u32)r->ipv6mr_ifindex;
	netif_config_lock();
	if (ipaddr_multicast(&m->address))
		err = -EINVAL;
	else if (count(i) >= (u32)READ_ONCE(sock_optmem_max) / sizeof(*m))
		err = -ENOMEM;
	else
		err = join(i, m);
	netif_config_unlock();
	if (err)
		kfree(m);
	return err;
}

/* Whether what was joined is still there: not that of others, of a later time. */
static bool is_there(const struct netif *nif, const struct ip6_anycast_member *m)
{
	struct ip6_if *in = ip6_if(nif);
	struct ip6_anycast *a = in ? *find(in, &m->address) : NULL;

	return a && a->number == m->number;
}

/* Config lock. */
static void leave(struct ip6_anycast_member **at)
{
	struct ip6_anycast_member *m = *at;
	struct netif *nif = netif_by_index(m->nif);

	WRITE_ONCE(*at, m->next);
	if (nif && is_there(nif, m))
		ip6_anycast_leave(nif, &m->address);
	if (nif)
		netif_put(nif);
	kfree(m);
}

static int option_leave(struct inet_sock *i, const struct ipv6_mreq *r)
{
	u32 nif = (u32)r->ipv6mr_ifindex;
	struct ip6_anycast_member **at = &i->anycast;
	int err = -ENOENT;

	netif_config_lock();
	while (*at && ((nif && (*at)->nif != nif) ||
		       memcmp(&(*at)->address, &r->ipv6mr_multiaddr, sizeof((*at)->address))))
		at = &(*at)->next;
	if (*at) {
		leave(at);
		err = 0;
	}
	netif_config_unlock();
	return err;
}

int ip6_anycast_option(struct inet_sock *i, int name, const void __user *value, u32 n)
{
	struct ipv6_mreq r;

	if (name != IPV6_JOIN_ANYCAST && name != IPV6_LEAVE_ANYCAST)
		return -ENOPROTOOPT;
	if (n < sizeof(r))
		return -EINVAL;
	if (copy_in(&r, value, sizeof(r)))
		return -EFAULT;
	return name == IPV6_JOIN_ANYCAST ? option_join(i, &r) : option_leave(i, &r);
}

void ip6_anycast_leave_all(struct inet_sock *i)
{
	while (i->anycast)
		leave(&i->anycast);
}
