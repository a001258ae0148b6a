/*
 * Routers: asking for them, and what they advertise (RFC 4861, 6.3): that they are there, with a
 * preference (RFC 4191), prefixes, the MTU, the hop limit and the times of neighbours.
 *
 * Routers are asked for when the interface has an address to ask from, until one that routes
 * answers: at once, then at twice the interval each time, up to an hour (RFC 7559), or
 * router_solicitations times if that is not negative.
 *
 * A default router is a route that ends (FIB6_BY_RA), and so is what else a router is the way to
 * (RFC 4191, 2.3), if accept_ra_rt_info_max_plen lets it; there is no other list of them.
 */
#include "abi/if.h"
#include "core/clock.h"
#include "core/random.h"
#include "lib/string.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/nd_int.h"
#include "net/link/neighbour.h"

#define INTERVAL_MOST (3600 * NSEC_PER_SEC)
enum { REACHABLE_MOST_MS = 3600000, RETRANS_LEAST_MS = 10, RETRANS_MOST_MS = 60000 };

/* Asking -------------------------------------------------------------------------------------- */

/* The time until the next, with a tenth of it at random (RFC 7559, 2). */
static u64 next_interval(struct nd_state *s)
{
	u64 interval = s->interval_ns;

	s->interval_ns = min(2 * interval, (u64)INTERVAL_MOST);
	return interval - interval / 10 + random_below(interval / 5 + 1);
}

static void ask(struct soft_timer *timer)
{
	struct nd_state *s = container_of(timer, struct nd_state, timer);
	s32 most = ip6_conf_get(s->nif, IP6_ROUTER_SOLICITATIONS);
	bool send;

	spin_lock(&s->lock);
	send = s->soliciting && (most < 0 || s->solicitations < (u32)most);
	s->soliciting = send;
	if (send) {
		s->solicitations++;
		soft_timer_arm(timer, clock_monotonic() + next_interval(s));
	}
	spin_unlock(&s->lock);
	if (send)
		nd_send_router_solicit(s->nif);
}

void nd_router_init(struct nd_state *s)
{
	soft_timer_init(&s->timer, ask);
}

void nd_router_solicit_start(struct netif *nif)
{
	s32 accept = ip6_conf_get(nif, IP6_ACCEPT_RA);
	s32 delay = ip6_conf_get(nif, IP6_ROUTER_SOLICITATION_DELAY);
	s32 interval = ip6_conf_get(nif, IP6_ROUTER_SOLICITATION_INTERVAL);
	struct nd_state *s = nd_state(nif);

	if (accept <= !!ip6_conf_get(nif, IP6_FORWARDING) ||
	    nif->flags & (IFF_LOOPBACK | IFF_POINTOPOINT))
		return;
	spin_lock(&s->lock);
	s->soliciting = true;
	s->solicitations = 0;
	s->interval_ns = (u64)clamp(interval, 1, 3600) * NSEC_PER_SEC;
	soft_timer_arm(&s->timer, clock_monotonic() +
		       random_below((u64)clamp(delay, 0, 60) * NSEC_PER_SEC + 1));
	spin_unlock(&s->lock);
}

void nd_router_stop(struct nd_state *s)
{
	spin_lock(&s->lock);
	s->soliciting = false;
	soft_timer_cancel(&s->timer);
	spin_unlock(&s->lock);
}

/* Default routers ----------------------------------------------------------------------------- */

/* The route by a router, the default one or of a prefix, or of a prefix on the link, that
 * advertisements made; and how many of its kind the interface has. */
struct find {
	struct netif *nif;
	const struct ipaddr *prefix, *gateway; /* gateway NULL: on the link */
	u8 length;
	const struct fib6_entry *found;
	u32 n;
};

static bool find_route(const struct fib6_entry *e, void *arg)
{
	struct find *f = arg;
	bool router = !ipaddr_any(&e->gateway);

	if (e->protocol != FIB6_BY_RA || e->nif != f->nif || router != !!f->gateway ||
	    !e->length != !f->length)
		return true;
	f->n++;
	if (e->length == f->length && ipaddr_equal(&e->prefix, f->prefix) &&
	    (!router || ipaddr_equal(&e->gateway, f->gateway)))
		f->found = e;
	return true;
}

/* Makes the route what the advertisement says: `seconds` 0: it goes. */
static void route_learn(const struct fib6_entry *wanted, u32 most, u32 seconds)
{
	bool router = !ipaddr_any(&wanted->gateway);
	struct find f = { .nif = wanted->nif, .prefix = &wanted->prefix,
			  .gateway = router ? &wanted->gateway : NULL,
			  .length = wanted->length };
	struct fib6_entry e;

	fib6_each(find_route, &f);
	if (f.found && seconds && f.found->preference == wanted->preference) {
		WRITE_ONCE(((struct fib6_entry *)f.found)->until, ip6_until(seconds));
		ip6_lifetime_changed();
		return;
	}
	if (f.found) {
		e = *f.found;
		fib6_remove(&e);
	} else if (f.n >= most) {
		return;
	}
	if (!seconds)
		return;
	e = *wanted;
	e.until = ip6_until(seconds);
	fib6_add(&e, false); /* -EEXIST: it is there by hand, which is better */
}

static void default_router(struct netif *nif, const struct ipaddr *router, u8 preference,
			   u32 seconds)
{
	const struct fib6_entry e = {
		.type = FIB6_UNICAST, .protocol = FIB6_BY_RA, .table = FIB6_MAIN,
		.preference = preference, .metric = FIB6_METRIC_USER, .gateway = *router,
		.nif = nif,
	};

	route_learn(&e, ND_ROUTERS, seconds);
}

void nd_router_gone(struct netif *nif, const struct ipaddr *router)
{
	default_router(nif, router, FIB6_MEDIUM, 0);
}

static void prefix_route(struct netif *nif, const struct nd_prefix *p)
{
	const struct fib6_entry e = {
		.prefix = p->prefix, .length = p->length, .type = FIB6_UNICAST,
		.protocol = FIB6_BY_RA, .table = FIB6_MAIN, .metric = FIB6_METRIC_KERNEL,
		.nif = nif,
	};

	route_learn(&e, ND_PREFIX_ROUTES, p->valid);
}

/* What else a router is the way to (RFC 4191, 2.3), as far as that is to be believed. */
static void routes(struct netif *nif, const struct ipaddr *router, const struct nd_message *m)
{
	for (u32 k = 0; k < m->n_routes; k++) {
		const struct nd_route *r = &m->route[k];
		const struct fib6_entry e = {
			.prefix = r->prefix, .length = r->length, .type = FIB6_UNICAST,
			.protocol = FIB6_BY_RA, .table = FIB6_MAIN, .preference = r->preference,
			.metric = FIB6_METRIC_USER, .gateway = *router, .nif = nif,
		};

		if (r->length < ip6_conf_get(nif, IP6_ACCEPT_RA_RT_MIN) ||
		    r->length > ip6_conf_get(nif, IP6_ACCEPT_RA_RT_MAX) ||
		    (!r->length && !ip6_conf_get(nif, IP6_ACCEPT_RA_DEFRTR)) ||
		    ipaddr_link_local(&r->prefix) || ipaddr_multicast(&r->prefix))
			continue;
		route_learn(&e, r->length ? ND_PREFIX_ROUTES : ND_ROUTERS, r->lifetime);
	}
}

/* What is advertised -------------------------------------------------------------------------- */

static void times(struct netif *nif, const struct nd_message *m)
{
	struct neighbour_settings *set = neighbour_netif_settings(nif, true);

	if (set == &neighbour_settings[1])
		return;
	if (m->reachable && m->reachable <= REACHABLE_MOST_MS)
		WRITE_ONCE(set->reachable_ms, m->reachable);
	if (m->retrans >= RETRANS_LEAST_MS && m->retrans <= RETRANS_MOST_MS)
		WRITE_ONCE(set->retrans_ms, m->retrans);
}

static void neighbour_learn(struct netif *nif, const struct ipaddr *router, const u8 *address)
{
	struct neighbour *n;

	if (!address || address[0] & 1)
		return;
	n = neighbour_get(nif, router);
	if (!n)
		return;
	neighbour_update(n, address, NEIGH_STALE,
			 NEIGH_OVERRIDE | NEIGH_ROUTER | NEIGH_ROUTER_KNOWN);
	neighbour_put(n);
}

static void prefixes(struct netif *nif, const struct nd_message *m)
{
	/* Who does not know the router's link address would have to ask for it (RFC 4429, 3.3). */
	bool optimistic = m->source_link && ip6_is_optimistic(nif);

	for (u32 k = 0; k < m->n_prefixes; k++) {
		const struct nd_prefix *p = &m->prefix[k];

		if (ipaddr_link_local(&p->prefix) || ipaddr_multicast(&p->prefix) ||
		    p->preferred > p->valid)
			continue; /* RFC 4862, 5.5.3, b and c */
		if (p->flags & ND_ON_LINK)
			prefix_route(nif, p);
		if (p->flags & ND_AUTONOMOUS && ip6_conf_get(nif, IP6_AUTOCONF))
			slaac_prefix(nif, p, optimistic);
	}
}

void nd_router_advert(struct netif *nif, const struct ip_info *info, const struct nd_message *m)
{
	struct nd_state *s = nd_state(nif);
	u8 flags = m->router_flags & (ND_MANAGED | ND_OTHER);
	bool told = s->router_flags != flags;

	if (ip6_addr_find(nif, &info->from))
		return; /* another programme of this machine advertises */
	if (m->lifetime)
		nd_router_stop(s);
	WRITE_ONCE(s->router_flags, flags);
	neighbour_learn(nif, &info->from, m->source_link);
	if (ip6_conf_get(nif, IP6_ACCEPT_RA_DEFRTR))
		default_router(nif, &info->from,
			       ip6_conf_get(nif, IP6_ACCEPT_RA_RTR_PREF) ? m->preference :
									   FIB6_MEDIUM,
			       m->lifetime);
	routes(nif, &info->from, m);
	if (m->hop_limit && m->hop_limit != ip6_conf_get(nif, IP6_HOP_LIMIT)) {
		ip6_conf_set(nif, IP6_HOP_LIMIT, m->hop_limit);
		told = true;
	}
	times(nif, m);
	if (ip6_conf_get(nif, IP6_ACCEPT_RA_PINFO))
		prefixes(nif, m);
	if (ip6_conf_get(nif, IP6_ACCEPT_RA_MTU) && m->mtu >= IP6_MIN_MTU &&
	    m->mtu <= nif->mtu && m->mtu != (u32)ip6_conf_get(nif, IP6_MTU)) {
		ip6_conf_set(nif, IP6_MTU, (s32)m->mtu);
		told = true;
	}
	if (told)
		ip6_tell_link(nif);
}
