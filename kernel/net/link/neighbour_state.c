/*
 * The states of a neighbour (RFC 4861, 7.3.3), its timer, and what changes them.
 *
 * The timer runs while an entry is INCOMPLETE, REACHABLE, DELAY, PROBE or FAILED, and holds a
 * reference meanwhile; an entry that nobody uses comes to rest as STALE without one.
 */
#include "abi/errno.h"
#include "core/clock.h"
#include "core/random.h"
#include "lib/string.h"
#include "net/link/ether.h"
#include "net/link/neighbour_int.h"

static u64 reachable_ns(const struct neighbour *n)
{
	u64 base = (u64)neighbour_set(n)->reachable_ms * NSEC_PER_MSEC;

	return base / 2 + random_below(base + 1); /* RFC 4861, 6.3.2 */
}

void neighbour_arm_locked(struct neighbour *n, u64 delay_ns)
{
	if (n->dead)
		return;
	if (soft_timer_arm(&n->timer, clock_monotonic() + delay_ns))
		ref_get(&n->refs);
}

static void disarm_locked(struct neighbour *n)
{
	if (soft_timer_cancel(&n->timer))
		neighbour_put(n); /* not the last: the caller has one */
}

void neighbour_set_address(struct neighbour *n, const u8 *link_address)
{
	seq_write_begin(&n->header_seq);
	memcpy(n->link_address, link_address, n->nif->address_length);
	ether_header_make((struct ether_header *)n->header, link_address, n->nif->address,
			  neighbour_protocol(n)->protocol);
	seq_write_end(&n->header_seq);
}

static void set_state(struct neighbour *n, u32 state)
{
	if (n->state == state)
		return;
	n->updated_ns = clock_monotonic();
	WRITE_ONCE(n->state, state);
	neighbour_changed(n);
}

void neighbour_begin(struct neighbour *n)
{
	u8 address[LINK_ADDRESS] = { 0 };

	if (n->nif->type != ARPHRD_ETHER || n->nif->flags & IFF_NOARP)
		memcpy(address, n->nif->flags & IFF_BROADCAST ? n->nif->broadcast :
								n->nif->address, LINK_ADDRESS);
	else if (n->address.w[3] == ~0u && ipaddr_is4(&n->address))
		memcpy(address, n->nif->broadcast, LINK_ADDRESS);
	else if (ipaddr_multicast(&n->address))
		ether_group_address(&n->address, address);
	else
		return;
	neighbour_set_address(n, address);
	n->state = NEIGH_NOARP;
}

void neighbour_ask_locked(struct neighbour *n, u32 state)
{
	set_state(n, state);
	n->probes = 0;
	neighbour_arm_locked(n, (u64)neighbour_set(n)->retrans_ms * NSEC_PER_MSEC);
}

void neighbour_fail(struct neighbour *n, struct packet_queue *lost)
{
	struct packet *p;

	while ((p = packet_dequeue(lost)))
		neighbour_protocol(n)->failed(n, p);
}

/* What the timer finds: whether to ask, and how. With the lock. */
enum ask { ASK_NOBODY, ASK_ALL, ASK_IT };

static enum ask timer_asks(struct neighbour *n)
{
	const struct neighbour_settings *set = neighbour_set(n);
	u64 retrans = (u64)set->retrans_ms * NSEC_PER_MSEC;
	bool unicast = n->state == NEIGH_PROBE;

	if (++n->probes < (unicast ? set->unicast_probes : set->multicast_probes)) {
		neighbour_arm_locked(n, retrans);
		return unicast ? ASK_IT : ASK_ALL;
	}
	set_state(n, NEIGH_FAILED);
	neighbour_arm_locked(n, 3 * retrans); /* for so long it is not asked again */
	return ASK_NOBODY;
}

static enum ask timer_step(struct neighbour *n)
{
	bool confirmed = READ_ONCE(n->confirmed);

	WRITE_ONCE(n->confirmed, false);
	switch (n->state) {
	case NEIGH_REACHABLE:
		if (confirmed)
			neighbour_arm_locked(n, reachable_ns(n));
		else
			set_state(n, NEIGH_STALE);
		return ASK_NOBODY;
	case NEIGH_DELAY:
		if (confirmed) {
			set_state(n, NEIGH_REACHABLE);
			neighbour_arm_locked(n, reachable_ns(n));
			return ASK_NOBODY;
		}
		neighbour_ask_locked(n, NEIGH_PROBE);
		return ASK_IT;
	case NEIGH_INCOMPLETE:
	case NEIGH_PROBE:
		return timer_asks(n);
	default: /* FAILED: who sends now begins anew */
		return ASK_NOBODY;
	}
}

void neighbour_timer(struct soft_timer *timer)
{
	struct neighbour *n = container_of(timer, struct neighbour, timer);
	struct packet_queue lost;
	struct packet *first = NULL;
	enum ask ask = ASK_NOBODY;

	packet_queue_init(&lost);
	spin_lock(&n->lock);
	if (!n->dead)
		ask = timer_step(n);
	if (n->state == NEIGH_FAILED) {
		while (n->queue.n)
			packet_enqueue(&lost, packet_dequeue(&n->queue));
	} else if (ask == ASK_ALL && n->queue.first) {
		first = packet_clone(n->queue.first, MM_ATOMIC);
	}
	spin_unlock(&n->lock);
	if (ask != ASK_NOBODY)
		neighbour_protocol(n)->solicit(n, ask == ASK_IT, first);
	packet_free(first);
	neighbour_fail(n, &lost);
	neighbour_put(n);
}

/* Whether news of `state` and an address may change the entry. With the lock. */
static bool acceptable(const struct neighbour *n, const u8 *link_address, u32 flags)
{
	if (n->dead || (n->state & (NEIGH_PERMANENT | NEIGH_NOARP) && !(flags & NEIGH_ADMIN)))
		return false;
	if (!link_address || !(n->state & NEIGH_VALID) || flags & (NEIGH_OVERRIDE | NEIGH_ADMIN))
		return true;
	return !memcmp(n->link_address, link_address, n->nif->address_length);
}

/* With the lock. */
static void become(struct neighbour *n, u32 state)
{
	set_state(n, state);
	n->probes = 0;
	if (state == NEIGH_REACHABLE) {
		WRITE_ONCE(n->confirmed, false);
		neighbour_arm_locked(n, reachable_ns(n));
	} else {
		disarm_locked(n);
	}
}

static void apply(struct neighbour *n, const u8 *link_address, u32 state, u32 flags)
{
	bool changed = link_address && (!(n->state & NEIGH_VALID) ||
					memcmp(n->link_address, link_address,
					       n->nif->address_length));

	if (changed) {
		neighbour_set_address(n, link_address);
		neighbour_changed(n);
	}
	if (flags & NEIGH_ROUTER_KNOWN)
		n->router = flags & NEIGH_ROUTER;
	/* The same address said again does not make a confirmed one doubtful. */
	if (state == NEIGH_STALE && !changed && n->state & (NEIGH_REACHABLE | NEIGH_DELAY))
		return;
	become(n, state);
}

int neighbour_update(struct neighbour *n, const u8 *link_address, u32 state, u32 flags)
{
	struct packet_queue queue;
	int err = 0;

	packet_queue_init(&queue);
	spin_lock(&n->lock);
	if (acceptable(n, link_address, flags))
		apply(n, link_address, state, flags);
	else
		err = -EPERM;
	if (n->state & NEIGH_VALID)
		while (n->queue.n)
			packet_enqueue(&queue, packet_dequeue(&n->queue));
	spin_unlock(&n->lock);
	neighbour_flush_queue(n, &queue);
	return err;
}

bool neighbour_advertised(struct neighbour *n, const u8 *link_address, bool solicited,
			  bool override, bool router)
{
	struct packet_queue queue;
	bool valid, differs, was;

	packet_queue_init(&queue);
	spin_lock(&n->lock);
	was = n->router;
	valid = n->state & NEIGH_VALID;
	differs = valid && link_address &&
		  memcmp(n->link_address, link_address, n->nif->address_length);
	if (n->dead || n->state & (NEIGH_PERMANENT | NEIGH_NOARP) ||
	    (!valid && (n->state != NEIGH_INCOMPLETE || !link_address))) {
		/* Nobody asked, or it says nothing. */
	} else if (differs && !override) {
		if (n->state == NEIGH_REACHABLE)
			become(n, NEIGH_STALE); /* it casts doubt on what is known, no more */
	} else {
		if (differs || !valid) {
			neighbour_set_address(n, link_address);
			neighbour_changed(n);
		}
		n->router = router;
		if (solicited || differs || !valid)
			become(n, solicited ? NEIGH_REACHABLE : NEIGH_STALE);
		while (n->queue.n)
			packet_enqueue(&queue, packet_dequeue(&n->queue));
	}
	router = n->router;
	spin_unlock(&n->lock);
	neighbour_flush_queue(n, &queue);
	return was && !router;
}

bool neighbour_address(struct neighbour *n, u8 *link_address)
{
	bool valid;

	spin_lock(&n->lock);
	valid = n->state & NEIGH_VALID;
	if (valid)
		memcpy(link_address, n->link_address, LINK_ADDRESS);
	spin_unlock(&n->lock);
	return valid;
}
