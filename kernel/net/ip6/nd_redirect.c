/*
 * Redirects (RFC 4861, 8): a router says that a destination is reached better by another one, or is
 * on the link. What is learned is a route for that one address that ends after a while.
 */
#include "abi/if.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/nd_int.h"
#include "net/link/neighbour.h"

enum { REDIRECT_SECONDS = 600 };
#define SEND_GAP (NSEC_PER_SEC / 10)

/* Hearing ------------------------------------------------------------------------------------- */

struct count { u32 n; struct fib6_entry old; const struct ipaddr *to; bool have; };

static bool count_route(const struct fib6_entry *e, void *arg)
{
	struct count *c = arg;

	if (e->protocol != FIB6_BY_REDIRECT)
		return true;
	c->n++;
	if (ipaddr_equal(&e->prefix, c->to)) {
		c->old = *e;
		c->have = true;
	}
	return true;
}

static void neighbour_learn(struct netif *nif, const struct nd_message *m)
{
	bool router = !ipaddr_equal(&m->target, &m->destination);
	struct neighbour *n;

	if (!m->target_link || m->target_link[0] & 1)
		return;
	n = neighbour_get(nif, &m->target);
	if (!n)
		return;
	neighbour_update(n, m->target_link, NEIGH_STALE, NEIGH_OVERRIDE |
			 (router ? NEIGH_ROUTER | NEIGH_ROUTER_KNOWN : 0));
	neighbour_put(n);
}

void nd_redirected(struct netif *nif, const struct ip_info *info, const struct nd_message *m)
{
	struct count c = { .to = &m->destination };
	const struct fib6_entry *now;
	struct fib6_entry e = {
		.prefix = m->destination, .length = 128, .type = FIB6_UNICAST,
		.protocol = FIB6_BY_REDIRECT, .table = FIB6_MAIN, .nif = nif,
		.until = ip6_until(REDIRECT_SECONDS),
	};
	bool from_router;

	/* Only from who is the way there now (8.1). */
	rcu_read_lock();
	now = fib6_lookup(&m->destination, nif->index);
	from_router = now && now->nif == nif && ipaddr_equal(&now->gateway, &info->from);
	if (from_router)
		e.metric = now->metric;
	rcu_read_unlock();
	if (!from_router || ip6_addr_find(nif, &m->target) ||
	    ip6_address_kind(&m->destination, 0) != ROUTE_UNICAST)
		return;
	if (!ipaddr_equal(&m->target, &m->destination))
		e.gateway = m->target;
	fib6_each(count_route, &c);
	if (c.have)
		fib6_remove(&c.old);
	else if (c.n >= ND_REDIRECTS)
		return;
	neighbour_learn(nif, m);
	fib6_add(&e, false);
}

/* Sending ------------------------------------------------------------------------------------- */

/* As much of the packet as fits (RFC 4861, 4.6.3), in units of 8. */
static void add_redirected(struct packet *p, const struct packet *about, u32 from_ip)
{
	u32 n = min(about->length + from_ip, IP6_MIN_MTU - 40u - 40u - 8u - 8u) & ~7u;
	u8 *o = packet_put(p, 8 + n);

	memset(o, 0, 8);
	o[0] = ND_REDIRECTED;
	o[1] = (u8)(n / 8 + 1);
	memcpy(o + 8, packet_network(about), from_ip);
	packet_read(about, 0, o + 8 + from_ip, n - from_ip);
}

static bool may_send(struct netif *nif)
{
	struct nd_state *s = nd_state(nif);
	u64 now = clock_monotonic();

	if (!s || now - READ_ONCE(s->redirected_ns) < SEND_GAP)
		return false;
	WRITE_ONCE(s->redirected_ns, now);
	return true;
}

void nd_send_redirect(struct packet *p, const struct route *r)
{
	const struct ip6_header *h = packet_network(p);
	u32 from_ip = (u32)(p->data - (u8 *)packet_network(p));
	struct ipaddr from = h->from, own;
	const struct fib6_entry *back;
	u8 address[LINK_ADDRESS];
	struct nd_redirect *m;
	struct packet *out;
	bool near;

	rcu_read_lock();
	back = fib6_lookup(&from, r->nif->index);
	near = ipaddr_link_local(&from) || (back && ipaddr_any(&back->gateway));
	near = near && ip6_addr_link_local(r->nif, &own);
	rcu_read_unlock();
	if (!near || ipaddr_multicast(&r->to) || ipaddr_any(&from) || !may_send(r->nif))
		return;
	out = packet_alloc(PACKET_ROOM, IP6_MIN_MTU, MM_ATOMIC);
	if (!out)
		return;
	m = (struct nd_redirect *)packet_put(out, sizeof(*m));
	*m = (struct nd_redirect){ .type = ICMP6_REDIRECT, .target = r->hop,
				   .destination = r->to };
	if (r->neighbour && neighbour_address(r->neighbour, address)) {
		struct nd_link_option *o = (struct nd_link_option *)packet_put(out, sizeof(*o));

		o->type = ND_TARGET_LINK;
		o->length = 1;
		memcpy(o->address, address, sizeof(o->address));
	}
	add_redirected(out, p, from_ip);
	icmp6_send_on(r->nif, out, &own, &from, ND_HOPS, false);
}
