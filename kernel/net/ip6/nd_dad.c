/*
 * Duplicate address detection (RFC 4862, 5.4): before an address is used, the link is asked for it
 * dad_transmits times; if anybody answers, or asks for it, too, it is not used. The questions bear
 * a nonce (RFC 7527), by which one that a link gives back to its sender is known.
 *
 * The questions are a soft timer's. What comes of them changes the configuration and so is a
 * work's: it goes through the addresses of all interfaces and looks which were decided.
 *
 * Lock: one of this file, for dad_probes, the nonces and arming timers.
 */
#include "abi/if.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "lib/string.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/mld.h"
#include "net/ip6/nd_int.h"
#include "sched/work.h"

/* dad_probes: how many were sent; or what came of it, until the work has looked. */
enum { DAD_IDLE = 0xfd, DAD_DUPLICATE = 0xfe, DAD_UNIQUE = 0xff };

static struct spinlock lock = SPINLOCK_INIT(RANK_NET_LEAF, "dad");
static u16 nonce_high; /* I: the rest of all nonces */
static struct work work;

static void nonce_of(const struct ip6_addr *a, u8 *out)
{
	memcpy(out, &nonce_high, sizeof(nonce_high));
	memcpy(out + sizeof(nonce_high), &a->dad_nonce_low, sizeof(a->dad_nonce_low));
}

static u64 retrans_ns(const struct netif *nif)
{
	return (u64)READ_ONCE(neighbour_netif_settings(nif, true)->retrans_ms) * NSEC_PER_MSEC;
}

/* One more question, or the end. With the lock: whether to ask. */
static bool step_locked(struct ip6_addr *a)
{
	if (a->dad_probes >= DAD_IDLE)
		return false;
	if (a->dad_probes >= ip6_conf_get(a->nif, IP6_DAD_TRANSMITS)) {
		a->dad_probes = DAD_UNIQUE;
		work_queue(&work);
		return false;
	}
	a->dad_probes++;
	if (soft_timer_arm(&a->dad, clock_monotonic() + retrans_ns(a->nif)))
		ref_get(&a->refs);
	return true;
}

static void step(struct soft_timer *timer)
{
	struct ip6_addr *a = container_of(timer, struct ip6_addr, dad);
	const struct ipaddr group = ip6_solicited_node(&a->address), nobody = IPADDR_ANY;
	u8 nonce[6];
	bool ask;

	spin_lock(&lock);
	ask = step_locked(a);
	nonce_of(a, nonce);
	spin_unlock(&lock);
	if (ask)
		nd_send_solicit(a->nif, &a->address, &nobody, &group, nonce);
	ip6_addr_put(a);
}

void nd_dad_init_addr(struct ip6_addr *a)
{
	soft_timer_init(&a->dad, step);
	a->dad_probes = DAD_IDLE;
}

static bool needed(const struct ip6_addr *a)
{
	return !(a->nif->flags & (IFF_LOOPBACK | IFF_NOARP)) && !(a->flags & IFA_F_NODAD) &&
	       ip6_conf_get(a->nif, IP6_ACCEPT_DAD) > 0 &&
	       ip6_conf_get(a->nif, IP6_DAD_TRANSMITS) > 0;
}

/* Nobody else has it: whoever waits for that begins. Config lock. */
static void unique(struct ip6_addr *a)
{
	ip6_addr_set_flags(a, 0, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC);
	if (!ipaddr_link_local(&a->address) || a->nif->flags & IFF_LOOPBACK)
		return;
	mld_up(a->nif); /* groups are told of again, from an address now (RFC 3590) */
	nd_router_solicit_start(a->nif);
}

void nd_dad_start(struct ip6_addr *a)
{
	nd_dad_stop(a);
	if (!needed(a)) {
		if (a->flags & IFA_F_TENTATIVE)
			unique(a);
		return;
	}
	if (!a->nif->carrier)
		return; /* nd.c begins again when it is there */
	spin_lock(&lock);
	a->dad_nonce_low = (u32)random_u64();
	a->dad_probes = 0;
	/* Not all machines at once (RFC 4862, 5.4.2). */
	if (soft_timer_arm(&a->dad, clock_monotonic() + random_below(NSEC_PER_SEC / 2)))
		ref_get(&a->refs);
	spin_unlock(&lock);
}

void nd_dad_stop(struct ip6_addr *a)
{
	bool was;

	spin_lock(&lock);
	a->dad_probes = DAD_IDLE;
	was = soft_timer_cancel(&a->dad);
	spin_unlock(&lock);
	if (was)
		ip6_addr_put(a);
}

void nd_dad_heard(struct ip6_addr *a, const u8 *nonce)
{
	u8 own[6];
	bool was = false;

	spin_lock(&lock);
	nonce_of(a, own);
	if (a->dad_probes < DAD_IDLE && !(nonce && !memcmp(nonce, own, sizeof(own)))) {
		a->dad_probes = DAD_DUPLICATE;
		was = soft_timer_cancel(&a->dad);
		work_queue(&work);
	}
	spin_unlock(&lock);
	if (was)
		ip6_addr_put(a);
}

/* The machine's own link address is somebody else's: with accept_dad 2 it is silent from now on
 * (RFC 4862, 5.4.5). Config lock. */
static void duplicate(struct ip6_addr *a)
{
	struct ipaddr own;
	const be16 *w = a->address.h;

	log_warn("%s: %x:%x:%x:%x:%x:%x:%x:%x is in use by another machine", a->nif->name,
		 ntoh16(w[0]), ntoh16(w[1]), ntoh16(w[2]), ntoh16(w[3]), ntoh16(w[4]),
		 ntoh16(w[5]), ntoh16(w[6]), ntoh16(w[7]));
	ip6_addr_set_flags(a, IFA_F_DADFAILED, 0);
	if (ip6_conf_get(a->nif, IP6_ACCEPT_DAD) > 1 && ipaddr_link_local(&a->address) &&
	    nd_interface_address(a->nif, &a->address, &own) &&
	    ipaddr_equal(&own, &a->address)) {
		log_err("%s: IPv6 is switched off", a->nif->name);
		ip6_conf_set(a->nif, IP6_DISABLE, 1);
	}
	if (a->flags & IFA_F_TEMPORARY)
		ip6_temporary_failed(a);
}

/* The first of an interface's addresses that was decided, and how. Config lock. */
static struct ip6_addr *find_decided(struct ip6_if *in, u8 *result)
{
	for (struct ip6_addr *a = in->addrs; a; a = a->next) {
		spin_lock(&lock);
		*result = a->dad_probes;
		if (*result > DAD_IDLE)
			a->dad_probes = DAD_IDLE;
		spin_unlock(&lock);
		if (*result > DAD_IDLE)
			return a;
	}
	return NULL;
}

/* The list may change with each decision. */
static void decide(struct netif *nif, void *arg)
{
	struct ip6_if *in;
	struct ip6_addr *a;
	u8 result;

	while ((in = ip6_if(nif)) && (a = find_decided(in, &result))) {
		ref_get(&a->refs);
		if (result == DAD_UNIQUE)
			unique(a);
		else
			duplicate(a);
		ip6_addr_put(a);
	}
}

static void decided(struct work *w)
{
	netif_config_lock();
	netif_each(decide, NULL);
	netif_config_unlock();
}

void nd_dad_init(void)
{
	nonce_high = (u16)random_u64();
	work_init(&work, decided);
}
