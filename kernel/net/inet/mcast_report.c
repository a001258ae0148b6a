/*
 * Telling routers of groups: what is due, when, and in which version; and what queriers and other
 * hosts say.
 */
#include "abi/if.h"
#include "core/clock.h"
#include "core/random.h"
#include "net/inet/mcast_int.h"

enum { RECORD_SOURCES = 64 };
#define UNSOLICITED (1 * NSEC_PER_SEC) /* RFC 3376, 8.11; RFC 3810, 9.11 */

/* What is to be sent when the lock is released. */
struct saying {
	struct ipaddr group;
	enum mcast_record type;
	int version;
	u32 n;
	struct ipaddr source[RECORD_SOURCES];
};

static u8 robustness_of(const struct mcast_state *s)
{
	return s->robustness ?: (u8)READ_ONCE(*s->protocol->robustness);
}

int mcast_version(const struct mcast_state *s, u64 now)
{
	int newest = s->protocol->newest;
	s32 forced = s->protocol->forced(s->nif);

	if (forced)
		return forced;
	for (int version = 1; version < newest; version++)
		if (now < s->old_until[version - 1])
			return version;
	return newest;
}

bool mcast_is_reported(const struct mcast_state *s, const struct mcast_group *g)
{
	return !(s->nif->flags & IFF_LOOPBACK) && s->protocol->is_told(&g->address);
}

/* The group's state in a report: with the lock. */
static void describe(const struct mcast_group *g, bool change, struct saying *out)
{
	bool exclude = g->exclude_users;

	out->group = g->address;
	out->type = exclude ? (change ? MCAST_TO_EXCLUDE : MCAST_IS_EXCLUDE) :
			      (change ? MCAST_TO_INCLUDE : MCAST_IS_INCLUDE);
	out->n = 0;
	for (u32 k = 0; k < g->n_sources && out->n < RECORD_SOURCES; k++) {
		const struct mcast_source *x = &g->sources[k];

		if (exclude ? x->exclude == g->exclude_users && !x->include : x->include > 0)
			out->source[out->n++] = x->address;
	}
}

/* The next thing to be said, or false: with the lock. */
static bool due_locked(struct mcast_state *s, u64 now, struct saying *out)
{
	struct mcast_due *d = mcast_due_first(&s->dues);
	struct mcast_group *g = d ? container_of(d, struct mcast_group, due) : NULL;

	if (!d || d->at > now)
		return false;
	describe(g, mcast_due_done(&s->dues, d, now, now + 1 + random_below(UNSOLICITED)), out);
	out->version = mcast_version(s, now);
	if (out->version < s->protocol->newest)
		g->last_reporter = true;
	return true;
}

static void rearm_locked(struct mcast_state *s)
{
	struct mcast_due *d = mcast_due_first(&s->dues);

	if (d && s->up)
		soft_timer_arm(&s->timer, d->at);
}

void mcast_timer(struct soft_timer *t)
{
	struct mcast_state *s = container_of(t, struct mcast_state, timer);
	const struct mcast_protocol *protocol = s->protocol;
	u64 now = clock_monotonic();
	struct saying x;

	for (;;) {
		bool more;

		spin_lock(&s->lock);
		more = s->up && due_locked(s, now, &x);
		if (!more)
			rearm_locked(s);
		spin_unlock(&s->lock);
		if (!more)
			return;
		if (x.version < protocol->newest)
			protocol->send_old(s->nif, x.version, false, &x.group);
		else
			protocol->send_record(s->nif, x.type, &x.group, x.source, x.n);
	}
}

void mcast_changed_locked(struct mcast_state *s, struct mcast_group *g)
{
	if (!mcast_is_reported(s, g) || !s->up)
		return;
	mcast_due_changed(&s->dues, &g->due, clock_monotonic(), robustness_of(s));
	rearm_locked(s);
}

void mcast_say_left(struct mcast_state *s, struct mcast_group *g, int version)
{
	const struct mcast_protocol *protocol = s->protocol;

	if (!mcast_is_reported(s, g))
		return;
	if (version >= protocol->newest)
		protocol->send_record(s->nif, MCAST_TO_INCLUDE, &g->address, NULL, 0);
	else if (version >= protocol->leave_since && g->last_reporter)
		protocol->send_old(s->nif, version, true, &g->address);
}

void mcast_queried(struct mcast_state *s, int version, const struct ipaddr *group, u32 within_ms,
		   u8 robustness)
{
	u64 now = clock_monotonic(), within = (u64)max(within_ms, 1u) * NSEC_PER_MSEC;

	spin_lock(&s->lock);
	if (version < s->protocol->newest)
		s->old_until[version - 1] = now + s->protocol->old_querier_ns;
	if (robustness)
		s->robustness = robustness;
	for (struct mcast_group *g = s->groups; g; g = g->next) {
		u64 at = now + 1 + random_below(within);

		if (!mcast_is_reported(s, g) ||
		    (!ipaddr_any(group) && !ipaddr_equal(group, &g->address)))
			continue;
		mcast_due_asked(&s->dues, &g->due, at);
	}
	rearm_locked(s);
	spin_unlock(&s->lock);
}

void mcast_reported_by_other(struct mcast_state *s, const struct ipaddr *group)
{
	struct mcast_group *g;

	spin_lock(&s->lock);
	g = mcast_find(s, group);
	if (g) {
		g->last_reporter = false;
		if (mcast_version(s, clock_monotonic()) < s->protocol->newest) {
			g->due.report_at = 0;
			mcast_due_set(&s->dues, &g->due);
		}
	}
	spin_unlock(&s->lock);
}
