/*
 * Lifetimes of addresses and routes (RFC 4862, 5.5.4): addresses become deprecated, and then go;
 * routes go. One timer for the next that is due; what it finds needs the config lock, so the work
 * is done from a work queue.
 */
#include "abi/rtnetlink.h"
#include "core/clock.h"
#include "net/ip6/ip6_int.h"

static struct soft_timer timer; /* a */
static struct work work;

struct look { u64 now, next; };

/* Whether a time has come; if not, it may be the next. */
static bool is_over(struct look *l, u64 until)
{
	if (!until)
		return false;
	if (until <= l->now)
		return true;
	if (!l->next || until < l->next)
		l->next = until;
	return false;
}

static void look_at(struct netif *nif, void *arg)
{
	struct ip6_if *in = ip6_if(nif);
	struct look *l = arg;
	struct ip6_addr *next;

	for (struct ip6_addr *a = in ? in->addrs : NULL; a; a = next) {
		next = a->next;
		if (is_over(l, a->valid_until))
			ip6_addr_remove(nif, &a->address, a->length);
		else if (!(a->flags & IFA_F_DEPRECATED) && is_over(l, a->preferred_until))
			ip6_addr_set_flags(a, IFA_F_DEPRECATED, 0);
		else if (is_over(l, ip6_temporary_due(a)))
			ip6_temporary_renew(a);
	}
}

static void run(struct work *w)
{
	struct look l = { .now = clock_monotonic() };
	u64 routes;

	netif_config_lock();
	netif_each(look_at, &l);
	routes = fib6_expire(l.now);
	if (routes && (!l.next || routes < l.next))
		l.next = routes;
	if (l.next)
		soft_timer_arm(&timer, l.next);
	netif_config_unlock();
}

static void due(struct soft_timer *t)
{
	work_queue(&work);
}

void ip6_lifetime_changed(void)
{
	work_queue(&work);
}

void ip6_lifetime_init(void)
{
	work_init(&work, run);
	soft_timer_init(&timer, due);
}
