/*
 * Address conflict detection (RFC 5227): an address is asked for before anybody else's packets can
 * show whether it is free. The address works meanwhile: whoever configured it wants it, and what a
 * conflict comes to is a warning in the log, and an announcement at most every ten seconds to those
 * who hear the wrong one (2.4, b).
 */
#include "net/link/arp.h"

#include "abi/if.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "net/ip4/ip4_int.h"

enum { PROBES = 3, ANNOUNCEMENTS = 2 };
#define PROBE_GAP    (1 * NSEC_PER_SEC)
#define ANNOUNCE_GAP (2 * NSEC_PER_SEC)
#define DEFEND_GAP   (10 * NSEC_PER_SEC)

static void step(struct soft_timer *timer)
{
	struct ip4_addr *a = container_of(timer, struct ip4_addr, acd);
	u64 now = clock_monotonic();

	if (READ_ONCE(a->gone) || a->acd_step >= PROBES + ANNOUNCEMENTS) {
		ip4_addr_put(a);
		return;
	}
	if (a->acd_step < PROBES)
		arp_send(a->nif, ARP_REQUEST, 0, a->local, NULL, NULL);
	else
		arp_send(a->nif, ARP_REQUEST, a->local, a->local, NULL, NULL);
	a->acd_step++;
	/* The reference stays with the timer, unless it was armed anew meanwhile. */
	if (!soft_timer_arm(timer, now + (a->acd_step < PROBES ?
					  PROBE_GAP + random_below(PROBE_GAP) : ANNOUNCE_GAP)))
		ip4_addr_put(a);
}

void arp_acd_init(struct ip4_addr *a)
{
	soft_timer_init(&a->acd, step);
	a->acd_step = 0;
	a->defended_ns = 0;
}

void arp_acd_start(struct ip4_addr *a)
{
	if (a->nif->flags & (IFF_LOOPBACK | IFF_NOARP))
		return;
	arp_acd_stop(a);
	a->acd_step = 0;
	ref_get(&a->refs);
	if (!soft_timer_arm(&a->acd, clock_monotonic() + random_below(PROBE_GAP / 4)))
		ip4_addr_put(a);
}

void arp_acd_stop(struct ip4_addr *a)
{
	if (soft_timer_cancel(&a->acd))
		ip4_addr_put(a);
}

void arp_acd_conflict(struct ip4_addr *a, const u8 *m)
{
	u64 now = clock_monotonic(), last = READ_ONCE(a->defended_ns);
	const u8 *b = (const u8 *)&a->local;

	if (last && now - last < DEFEND_GAP)
		return;
	WRITE_ONCE(a->defended_ns, now);
	log_warn("%s: %u.%u.%u.%u is also used by %02x:%02x:%02x:%02x:%02x:%02x", a->nif->name,
		 b[0], b[1], b[2], b[3], m[0], m[1], m[2], m[3], m[4], m[5]);
	arp_send(a->nif, ARP_REQUEST, a->local, a->local, NULL, NULL);
}
