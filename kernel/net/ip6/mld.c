/*
 * Groups of an interface, and telling routers of them (MLDv2, RFC 3810; with queriers of version 1
 * as its chapter 8 says).
 *
 * What the interface wants of a group is what its sockets and the kernel want together (RFC 3810,
 * 4.2): if any takes everything but some sources, then everything but what all such refuse and
 * nobody asks for; else the sources that are asked for. A change is told at once and again some
 * times, as the whole new state (TO_IN, TO_EX): routers come to the same state by that as by
 * differences.
 *
 * Locks: config lock for changes of groups, and the state's own lock, which soft work takes alone;
 * membership is read under RCU.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "core/clock.h"
#include "core/random.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/mld_int.h"

enum { RECORD_SOURCES = 64 };
#define UNSOLICITED (1 * NSEC_PER_SEC)   /* RFC 3810, 9.11 */
#define OLD_QUERIER (260 * NSEC_PER_SEC) /* RFC 3810, 9.12 */

/* What is to be sent when the lock is released. */
struct saying {
	struct ipaddr group;
	u8 type;
	bool old;
	u32 n;
	struct ipaddr source[RECORD_SOURCES];
};

/* Telling ------------------------------------------------------------------------------------- */

static u8 robustness_of(const struct mld_state *s)
{
	return s->robustness ?: (u8)READ_ONCE(ip6_settings.mld_qrv);
}

static int version_now(const struct mld_state *s, u64 now)
{
	s32 forced = ip6_conf_get(s->nif, IP6_FORCE_MLD_VERSION);

	return forced ?: now < s->v1_until ? 1 : 2;
}

/* The group's state in a report: with the lock. */
static void describe(const struct ip6_group *g, bool change, struct saying *out)
{
	bool exclude = g->exclude_users;

	out->old = false;
	out->group = g->group;
	out->type = exclude ? (change ? MLD_TO_EXCLUDE : MLD_IS_EXCLUDE) :
			      (change ? MLD_TO_INCLUDE : MLD_IS_INCLUDE);
	out->n = 0;
	for (u32 k = 0; k < g->n_sources && out->n < RECORD_SOURCES; k++) {
		const struct mld_source *x = &g->sources[k];

		if (exclude ? x->exclude == g->exclude_users && !x->include : x->include > 0)
			out->source[out->n++] = x->address;
	}
}

/* The next thing to be said, or false: with the lock. */
static bool due_locked(struct mld_state *s, u64 now, struct saying *out)
{
	for (struct ip6_group *g = s->groups; g; g = g->next) {
		bool change = g->change_at && g->change_at <= now;
		bool asked = g->report_at && g->report_at <= now;

		if (!change && !asked)
			continue;
		if (asked)
			g->report_at = 0;
		if (change)
			g->change_at = --g->changes_left ?
				       now + 1 + random_below(UNSOLICITED) : 0;
		describe(g, change, out);
		if (version_now(s, now) == 1) {
			out->old = true;
			out->type = ICMP6_MLD_REPORT;
			g->last_reporter = true;
		}
		return true;
	}
	return false;
}

static void rearm_locked(struct mld_state *s)
{
	u64 next = ~0ull;

	for (struct ip6_group *g = s->groups; g; g = g->next) {
		if (g->report_at)
			next = min(next, g->report_at);
		if (g->change_at)
			next = min(next, g->change_at);
	}
	if (next != ~0ull && s->up)
		soft_timer_arm(&s->timer, next);
}

static void say(struct mld_state *s, const struct saying *x)
{
	if (x->old)
		mld_send_old(s->nif, x->type, &x->group);
	else
		mld_send_record(s->nif, x->type, &x->group, x->source, x->n);
}

static void timer(struct soft_timer *t)
{
	struct mld_state *s = container_of(t, struct mld_state, timer);
	u64 now = clock_monotonic();
	struct saying x;
	bool more = true;

	while (more) {
		spin_lock(&s->lock);
		more = s->up && due_locked(s, now, &x);
		if (!more)
			rearm_locked(s);
		spin_unlock(&s->lock);
		if (more)
			say(s, &x);
	}
}

/* All nodes' group is never reported, nor what does not leave the machine (RFC 3810, 6). */
static bool reported(const struct mld_state *s, const struct ip6_group *g)
{
	const struct ipaddr everybody = IP6_ALL_NODES;

	return !ipaddr_equal(&g->group, &everybody) &&
	       ip6_scope_of(&g->group) > IP6_SCOPE_INTERFACE &&
	       !(s->nif->flags & IFF_LOOPBACK);
}

/* Something changed: it is said now and again. With the lock. */
static void changed_locked(struct mld_state *s, struct ip6_group *g)
{
	if (!reported(s, g) || !s->up)
		return;
	g->changes_left = robustness_of(s);
	g->change_at = clock_monotonic();
	rearm_locked(s);
}

/* Interfaces ---------------------------------------------------------------------------------- */

struct mld_state *mld_state_make(struct netif *nif)
{
	struct mld_state *s = kzalloc(sizeof(*s), MM_KERNEL);

	if (!s)
		return NULL;
	s->nif = nif;
	spin_init(&s->lock, RANK_NET_LEAF, "mld");
	soft_timer_init(&s->timer, timer);
	return s;
}

static void group_free(struct rcu_head *head)
{
	struct ip6_group *g = container_of(head, struct ip6_group, rcu);

	kfree(g->sources);
	kfree(g);
}

void mld_state_free(struct mld_state *s)
{
	struct ip6_group *g;

	while ((g = s->groups)) {
		s->groups = g->next;
		group_free(&g->rcu);
	}
	kfree(s);
}

static void listen(struct netif *nif, const struct ipaddr *group, bool on)
{
	u8 address[LINK_ADDRESS] = { 0x33, 0x33 };

	memcpy(address + 2, group->b + 12, 4); /* RFC 2464, 7 */
	if (on)
		netif_join(nif, address);
	else
		netif_leave(nif, address);
}

void mld_up(struct netif *nif)
{
	const struct ipaddr everybody = IP6_ALL_NODES;
	struct mld_state *s = ip6_if(nif)->mld;
	bool was;

	spin_lock(&s->lock);
	was = s->up;
	s->up = true;
	for (struct ip6_group *g = s->groups; g; g = g->next)
		changed_locked(s, g);
	spin_unlock(&s->lock);
	if (!was)
		listen(nif, &everybody, true);
}

void mld_down(struct netif *nif)
{
	const struct ipaddr everybody = IP6_ALL_NODES;
	struct ip6_if *in = ip6_if(nif);
	bool was;

	if (!in)
		return;
	spin_lock(&in->mld->lock);
	was = in->mld->up;
	in->mld->up = false;
	in->mld->v1_until = 0;
	soft_timer_cancel(&in->mld->timer);
	spin_unlock(&in->mld->lock);
	if (was)
		listen(nif, &everybody, false);
}

bool mld_is_member(const struct netif *nif, const struct ipaddr *group)
{
	const struct ipaddr everybody = IP6_ALL_NODES, here = ip6_address(0xff01, 0, 0, 0, 0, 0,
									  0, 1);
	struct ip6_if *in = ip6_if(nif);

	if (!in)
		return false;
	if (ipaddr_equal(group, &everybody) || ipaddr_equal(group, &here))
		return true;
	for (struct ip6_group *g = rcu_load(in->mld->groups); g; g = rcu_load(g->next))
		if (ipaddr_equal(&g->group, group))
			return true;
	return false;
}

/* Changes ------------------------------------------------------------------------------------- */

static struct mld_source *source_find(struct ip6_group *g, const struct ipaddr *address)
{
	for (u32 k = 0; k < g->n_sources; k++)
		if (ipaddr_equal(&g->sources[k].address, address))
			return &g->sources[k];
	return NULL;
}

static struct mld_source *source_slot(struct ip6_group *g, const struct ipaddr *address)
{
	struct mld_source *x = source_find(g, address);

	if (x)
		return x;
	g->sources[g->n_sources] = (struct mld_source){ .address = *address };
	return &g->sources[g->n_sources++];
}

/* Adds what one socket wants. With the lock; there is room for its sources. */
static void count(struct ip6_group *g, const struct inet_part *part)
{
	const struct inet_sources *f = part->filter;
	bool exclude = !f || f->exclude;

	if (!part->member)
		return;
	g->users++;
	g->exclude_users += exclude;
	for (u32 k = 0; f && k < f->n; k++) {
		struct mld_source *x = source_slot(g, &f->source[k]);

		x->exclude += exclude;
		x->include += !exclude;
	}
}

/* Takes away what one socket wanted, as far as it is known: a membership may be older than the
 * state, which goes while the MTU is too small for IPv6. With the lock. */
static void uncount(struct ip6_group *g, const struct inet_part *part)
{
	const struct inet_sources *f = part->filter;
	bool exclude = !f || f->exclude;

	if (!part->member || !g->users)
		return;
	g->users--;
	if (exclude && g->exclude_users)
		g->exclude_users--;
	for (u32 k = 0; f && k < f->n; k++) {
		struct mld_source *x = source_find(g, &f->source[k]);
		u32 *n = x ? exclude ? &x->exclude : &x->include : NULL;

		if (n && *n)
			--*n;
	}
}

static void drop_unused_sources(struct ip6_group *g)
{
	u32 kept = 0;

	for (u32 k = 0; k < g->n_sources; k++)
		if (g->sources[k].include || g->sources[k].exclude)
			g->sources[kept++] = g->sources[k];
	g->n_sources = kept;
}

static struct ip6_group *group_find(struct mld_state *s, const struct ipaddr *group)
{
	struct ip6_group *g = s->groups;

	while (g && !ipaddr_equal(&g->group, group))
		g = g->next;
	return g;
}

static struct ip6_group *group_make(struct mld_state *s, const struct ipaddr *group)
{
	struct ip6_group *g = kzalloc(sizeof(*g), MM_KERNEL);

	if (!g)
		return NULL;
	g->group = *group;
	spin_lock(&s->lock);
	g->next = s->groups;
	rcu_store(s->groups, g);
	spin_unlock(&s->lock);
	listen(s->nif, group, true);
	route_flush(); /* routes know whether this machine is a member */
	return g;
}

/* The last member went: says so, if it is for us to say. */
static void group_drop(struct mld_state *s, struct ip6_group *g)
{
	struct ip6_group **at = &s->groups;
	bool up, old, tell;

	spin_lock(&s->lock);
	while (*at != g)
		at = &(*at)->next;
	rcu_store(*at, g->next);
	up = s->up;
	old = version_now(s, clock_monotonic()) == 1;
	tell = up && reported(s, g) && (!old || g->last_reporter);
	spin_unlock(&s->lock);
	listen(s->nif, &g->group, false);
	route_flush();
	if (tell && old)
		mld_send_old(s->nif, ICMP6_MLD_DONE, &g->group);
	else if (tell)
		mld_send_record(s->nif, MLD_TO_INCLUDE, &g->group, NULL, 0);
	rcu_call(&g->rcu, group_free);
}

int mld_change(struct netif *nif, const struct ipaddr *group, const struct inet_part *from,
	       const struct inet_part *to)
{
	struct mld_state *s = ip6_if(nif)->mld;
	struct ip6_group *g = group_find(s, group);
	u32 room = to->filter ? to->filter->n : 0;
	struct mld_source *sources = NULL, *old = NULL;
	bool fresh = !g;

	if (fresh && !to->member)
		return 0;
	if (fresh)
		g = group_make(s, group);
	if (!g)
		return -ENOMEM;
	if (room) {
		sources = kmalloc_array(g->n_sources + room, sizeof(*sources), MM_KERNEL);
		if (!sources && !g->users)
			group_drop(s, g);
		if (!sources)
			return -ENOMEM;
	}
	spin_lock(&s->lock);
	if (sources) {
		memcpy(sources, g->sources, g->n_sources * sizeof(*sources));
		old = g->sources;
		g->sources = sources;
	}
	count(g, to);
	if (!fresh)
		uncount(g, from);
	drop_unused_sources(g);
	if (g->users)
		changed_locked(s, g);
	spin_unlock(&s->lock);
	kfree(old);
	if (!g->users)
		group_drop(s, g);
	return 0;
}

int mld_join(struct netif *nif, const struct ipaddr *group)
{
	const struct inet_part none = { 0 }, now = { .member = true };

	return mld_change(nif, group, &none, &now);
}

void mld_leave(struct netif *nif, const struct ipaddr *group)
{
	const struct inet_part none = { 0 }, was = { .member = true };

	if (group_find(ip6_if(nif)->mld, group))
		mld_change(nif, group, &was, &none);
}

/* What is heard ------------------------------------------------------------------------------- */

static void queried(struct mld_state *s, const struct mld_heard *h)
{
	u64 now = clock_monotonic(), within = (u64)max(h->within_ms, 1u) * NSEC_PER_MSEC;

	spin_lock(&s->lock);
	if (h->version == 1)
		s->v1_until = now + OLD_QUERIER;
	if (h->robustness)
		s->robustness = h->robustness;
	for (struct ip6_group *g = s->groups; g; g = g->next) {
		u64 at = now + 1 + random_below(within);

		if (!reported(s, g) ||
		    (!ipaddr_any(&h->group) && !ipaddr_equal(&h->group, &g->group)))
			continue;
		if (!g->report_at || g->report_at > at)
			g->report_at = at;
	}
	rearm_locked(s);
	spin_unlock(&s->lock);
}

/* Another host reported: in version 1 that does for all (RFC 2710, 4). */
static void reported_by_other(struct mld_state *s, const struct ipaddr *group)
{
	struct ip6_group *g;

	spin_lock(&s->lock);
	g = group_find(s, group);
	if (g) {
		g->last_reporter = false;
		if (version_now(s, clock_monotonic()) == 1)
			g->report_at = 0;
	}
	spin_unlock(&s->lock);
}

/* From the link itself, with router alert (RFC 3810, 5.1.14 and 6.2). */
static bool from_link(struct packet *p)
{
	const struct ip_info *info = ip_info(p);

	return info->ttl == 1 && ipaddr_link_local(&info->from) && info->router_alert &&
	       !info->fragmented;
}

void mld_receive(struct packet *p)
{
	struct ip6_if *in = ip6_if(p->nif);
	struct mld_heard h;

	if (in && from_link(p) && !packet_linearize(p) && mld_parse(p->data, p->head, &h)) {
		if (h.query)
			queried(in->mld, &h);
		else
			reported_by_other(in->mld, &h.group);
	}
	packet_free(p);
}
