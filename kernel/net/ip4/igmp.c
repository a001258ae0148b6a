/*
 * Groups of an interface, and telling routers of them (IGMPv3, RFC 3376; with queriers of versions
 * 1 and 2 as its chapter 7 says).
 *
 * What the interface wants of a group is what its sockets want together (RFC 3376, 3.2): if any
 * takes everything but some sources, then everything but what all such refuse and nobody asks for;
 * else the sources that are asked for. A change is told at once and again some times, as the whole
 * new state (TO_IN, TO_EX): routers come to the same state by that as by differences.
 *
 * Locks: config lock for changes of groups, and the state's own lock, which soft work takes alone;
 * membership is read under RCU.
 */
#include "net/ip4/igmp.h"

#include "abi/errno.h"
#include "abi/if.h"
#include "abi/in.h"
#include "core/clock.h"
#include "core/random.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/ip4/ip4_int.h"

enum { RECORD_SOURCES = 64 };
#define UNSOLICITED  (1 * NSEC_PER_SEC)   /* RFC 3376, 8.11 */
#define OLD_QUERIER  (400 * NSEC_PER_SEC) /* RFC 3376, 8.12 */

/* What is to be sent when the lock is released. */
struct saying { u8 type; bool old; be32 group; u32 n; be32 source[RECORD_SOURCES]; };

static u8 robustness_of(const struct igmp_state *s)
{
	return s->robustness ?: (u8)READ_ONCE(ip4_settings.igmp_qrv);
}

static int version_now(const struct igmp_state *s, u64 now)
{
	s32 forced = ip4_conf_max(s->nif, IP4_FORCE_IGMP_VERSION);

	if (forced)
		return forced;
	return now < s->v1_until ? 1 : now < s->v2_until ? 2 : 3;
}

/* The group's state in a report: with the lock. */
static void describe(const struct ip4_group *g, bool change, struct saying *out)
{
	bool exclude = g->exclude_users;

	out->old = false;
	out->group = g->group;
	out->type = exclude ? (change ? IGMP_TO_EXCLUDE : IGMP_IS_EXCLUDE) :
			      (change ? IGMP_TO_INCLUDE : IGMP_IS_INCLUDE);
	out->n = 0;
	for (u32 k = 0; k < g->n_sources && out->n < RECORD_SOURCES; k++) {
		const struct igmp_source *x = &g->sources[k];

		if (exclude ? x->exclude == g->exclude_users && !x->include : x->include > 0)
			out->source[out->n++] = x->address;
	}
}

/* The next thing to be said, or false: with the lock. */
static bool due_locked(struct igmp_state *s, u64 now, struct saying *out)
{
	int version = version_now(s, now);

	for (struct ip4_group *g = s->groups; g; g = g->next) {
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
		if (version < 3) {
			out->old = true;
			out->type = version == 1 ? IGMP_REPORT1 : IGMP_REPORT2;
			g->last_reporter = true;
		}
		return true;
	}
	return false;
}

static void rearm_locked(struct igmp_state *s)
{
	u64 next = ~0ull;

	for (struct ip4_group *g = s->groups; g; g = g->next) {
		if (g->report_at)
			next = min(next, g->report_at);
		if (g->change_at)
			next = min(next, g->change_at);
	}
	if (next != ~0ull && s->up)
		soft_timer_arm(&s->timer, next);
}

static void say(struct igmp_state *s, const struct saying *x)
{
	if (x->old)
		igmp_send_old(s->nif, x->type, x->group);
	else
		igmp_send_record(s->nif, x->type, x->group, x->source, x->n);
}

static void timer(struct soft_timer *t)
{
	struct igmp_state *s = container_of(t, struct igmp_state, timer);
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

struct igmp_state *igmp_state_make(struct netif *nif)
{
	struct igmp_state *s = kzalloc(sizeof(*s), MM_KERNEL);

	if (!s)
		return NULL;
	s->nif = nif;
	spin_init(&s->lock, RANK_NET_LEAF, "igmp");
	soft_timer_init(&s->timer, timer);
	return s;
}

static void group_free(struct rcu_head *head)
{
	struct ip4_group *g = container_of(head, struct ip4_group, rcu);

	kfree(g->sources);
	kfree(g);
}

void igmp_state_free(struct igmp_state *s)
{
	struct ip4_group *g;

	while ((g = s->groups)) {
		s->groups = g->next;
		group_free(&g->rcu);
	}
	kfree(s);
}

/* All routers' reports go by this: 224.0.0.1 is never reported (RFC 3376, 5). */
static bool reported(const struct igmp_state *s, const struct ip4_group *g)
{
	return g->group != IP4_ALL_HOSTS && !(s->nif->flags & IFF_LOOPBACK);
}

/* Something changed: it is said now and again. With the lock. */
static void changed_locked(struct igmp_state *s, struct ip4_group *g)
{
	if (!reported(s, g) || !s->up)
		return;
	g->changes_left = robustness_of(s);
	g->change_at = clock_monotonic();
	rearm_locked(s);
}

static void link_address(be32 group, u8 *out)
{
	const u8 *b = (const u8 *)&group;
	const u8 address[6] = { 0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3] };

	memset(out, 0, LINK_ADDRESS);
	memcpy(out, address, sizeof(address)); /* RFC 1112, 6.4 */
}

static int listen(struct netif *nif, be32 group)
{
	u8 address[LINK_ADDRESS];

	link_address(group, address);
	return netif_join(nif, address);
}

static void unlisten(struct netif *nif, be32 group)
{
	u8 address[LINK_ADDRESS];

	link_address(group, address);
	netif_leave(nif, address);
}

int igmp_up(struct netif *nif)
{
	struct igmp_state *s = ip4_if(nif)->igmp;
	int err = listen(nif, IP4_ALL_HOSTS);

	if (err)
		return err;
	spin_lock(&s->lock);
	s->up = true;
	for (struct ip4_group *g = s->groups; g; g = g->next)
		changed_locked(s, g);
	spin_unlock(&s->lock);
	return 0;
}

void igmp_down(struct netif *nif)
{
	struct ip4_if *in = ip4_if(nif);
	bool was;

	if (!in)
		return;
	spin_lock(&in->igmp->lock);
	was = in->igmp->up;
	in->igmp->up = false;
	soft_timer_cancel(&in->igmp->timer);
	spin_unlock(&in->igmp->lock);
	if (was)
		unlisten(nif, IP4_ALL_HOSTS);
}

bool igmp_is_member(const struct netif *nif, be32 group)
{
	struct ip4_if *in = ip4_if(nif);

	for (struct ip4_group *g = in ? rcu_load(in->igmp->groups) : NULL; g;
	     g = rcu_load(g->next))
		if (g->group == group)
			return true;
	return false;
}

/* Changes ------------------------------------------------------------------------------------- */

static struct igmp_source *source_slot(struct ip4_group *g, be32 address)
{
	for (u32 k = 0; k < g->n_sources; k++)
		if (g->sources[k].address == address)
			return &g->sources[k];
	g->sources[g->n_sources] = (struct igmp_source){ .address = address };
	return &g->sources[g->n_sources++];
}

/* Adds (or takes away) what one socket wants. With the lock; there is room for its sources. */
static void count(struct ip4_group *g, const struct inet_part *part, int by)
{
	const struct inet_sources *f = part->filter;
	bool exclude = !f || f->exclude;

	if (!part->member)
		return;
	g->users += (u32)by;
	if (exclude)
		g->exclude_users += (u32)by;
	for (u32 k = 0; f && k < f->n; k++) {
		struct igmp_source *x = source_slot(g, f->source[k].w[3]);

		if (exclude)
			x->exclude += (u32)by;
		else
			x->include += (u32)by;
	}
}

static void drop_unused_sources(struct ip4_group *g)
{
	u32 kept = 0;

	for (u32 k = 0; k < g->n_sources; k++)
		if (g->sources[k].include || g->sources[k].exclude)
			g->sources[kept++] = g->sources[k];
	g->n_sources = kept;
}

static struct ip4_group *group_find(struct igmp_state *s, be32 group)
{
	struct ip4_group *g = s->groups;

	while (g && g->group != group)
		g = g->next;
	return g;
}

static struct ip4_group *group_make(struct igmp_state *s, be32 group)
{
	struct ip4_group *g = kzalloc(sizeof(*g), MM_KERNEL);

	if (!g)
		return NULL;
	if (listen(s->nif, group)) {
		kfree(g);
		return NULL;
	}
	g->group = group;
	spin_lock(&s->lock);
	g->next = s->groups;
	rcu_store(s->groups, g);
	spin_unlock(&s->lock);
	route_flush(); /* routes know whether this machine is a member */
	return g;
}

/* The last member went: says so, if it is for us to say. */
static void group_drop(struct igmp_state *s, struct ip4_group *g)
{
	struct ip4_group **at = &s->groups;
	struct saying x = { .type = IGMP_TO_INCLUDE, .group = g->group };
	bool up;
	int version;

	spin_lock(&s->lock);
	while (*at != g)
		at = &(*at)->next;
	rcu_store(*at, g->next);
	up = s->up;
	version = version_now(s, clock_monotonic());
	spin_unlock(&s->lock);
	unlisten(s->nif, g->group);
	route_flush();
	if (up && reported(s, g) && (version == 3 || (version == 2 && g->last_reporter))) {
		x.old = version == 2;
		x.type = version == 2 ? IGMP_LEAVE : IGMP_TO_INCLUDE;
		say(s, &x);
	}
	rcu_call(&g->rcu, group_free);
}

int igmp_change(struct netif *nif, be32 group, const struct inet_part *from,
		const struct inet_part *to)
{
	struct igmp_state *s = ip4_if(nif)->igmp;
	struct ip4_group *g = group_find(s, group);
	u32 room = to->filter ? to->filter->n : 0;
	struct igmp_source *sources = NULL, *old = NULL;

	if (!g)
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
	count(g, to, 1);
	count(g, from, -1);
	drop_unused_sources(g);
	if (g->users)
		changed_locked(s, g);
	spin_unlock(&s->lock);
	kfree(old);
	if (!g->users)
		group_drop(s, g);
	return 0;
}

/* What is heard ------------------------------------------------------------------------------ */

static void queried(struct igmp_state *s, const struct igmp_heard *h)
{
	u64 now = clock_monotonic(), within = (u64)h->within_ms * NSEC_PER_MSEC;

	spin_lock(&s->lock);
	if (h->version == 1)
		s->v1_until = now + OLD_QUERIER;
	else if (h->version == 2)
		s->v2_until = now + OLD_QUERIER;
	if (h->robustness)
		s->robustness = h->robustness;
	for (struct ip4_group *g = s->groups; g; g = g->next) {
		u64 at = now + 1 + random_below(within);

		if (!reported(s, g) || (h->group && h->group != g->group))
			continue;
		if (!g->report_at || g->report_at > at)
			g->report_at = at;
	}
	rearm_locked(s);
	spin_unlock(&s->lock);
}

/* Another host reported: in versions 1 and 2 that does for all (RFC 2236, 3). */
static void reported_by_other(struct igmp_state *s, be32 group)
{
	spin_lock(&s->lock);
	for (struct ip4_group *g = s->groups; g; g = g->next) {
		if (g->group != group)
			continue;
		g->last_reporter = false;
		if (version_now(s, clock_monotonic()) < 3)
			g->report_at = 0;
	}
	spin_unlock(&s->lock);
}

static void receive(struct packet *p)
{
	struct ip4_if *in = ip4_if(p->nif);
	struct igmp_heard h;

	if (in && packet_want(p, min(p->length, 1400u)) &&
	    sum_fold(packet_sum(p, 0, p->length, 0)) == 0xffff &&
	    igmp_parse(p->data, p->head, &h)) {
		if (h.type == IGMP_QUERY)
			queried(in->igmp, &h);
		else
			reported_by_other(in->igmp, h.group);
	}
	packet_free(p);
}

static const struct ip_protocol protocol = {
	.number = IPPROTO_IGMP, .only = IP_ONLY_4, .receive = receive,
};

void igmp_init(void)
{
	ip_protocol_register(&protocol);
}
