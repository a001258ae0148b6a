/*
 * Temporary addresses (RFC 8981): beside the public address of a prefix, which stays, the machine
 * has one with a drawn second half, which is preferred for a day at most and goes after a week, so
 * that strangers cannot follow the machine by its address.
 *
 * A public address is one that a router's prefix was made into, or that was added with
 * IFA_F_MANAGETEMPADDR. It has a temporary one where conf/use_tempaddr is above 0; shortly before
 * that is deprecated its successor is made (the advance is the time that looking for duplicates
 * takes). Lifetimes never exceed those of the public address.
 *
 * All with the config lock.
 */
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/nd_int.h"
#include "net/link/neighbour.h"

enum {
	TRIES = 8, /* numbers to draw until one may be used */
	/* Of an interface: a router that lets the old ones live on could make ever more of them. */
	TEMPORARY_MOST = 256,
};

/* A setting in seconds; those below 0 are 0. */
static u32 conf_seconds(const struct netif *nif, enum ip6_conf_item item)
{
	return (u32)max(ip6_conf_get(nif, item), 0);
}

/* Time for looking for duplicates, as often as there may be some (RFC 8981, 3.8). */
static u32 advance_of(const struct netif *nif)
{
	u64 ms = (u64)conf_seconds(nif, IP6_REGEN_MAX_RETRY) *
		 conf_seconds(nif, IP6_DAD_TRANSMITS) *
		 READ_ONCE(neighbour_netif_settings(nif, true)->retrans_ms);

	return (u32)min(conf_seconds(nif, IP6_REGEN_MIN_ADVANCE) + ms / 1000, (u64)IP6_FOREVER);
}

/* Second halves that mean something else (RFC 5453). */
static bool is_reserved(const struct ipaddr *a)
{
	u64 half = (u64)ntoh32(a->w[2]) << 32 | ntoh32(a->w[3]);

	return !half || (half >= 0x02005efffe000000 && half <= 0x02005efffe005212) ||
	       (half >= 0xfdffffffffffff80 && half <= 0xfdffffffffffffff);
}

static bool draw(struct netif *nif, struct ipaddr *a)
{
	for (unsigned k = 0; k < TRIES; k++) {
		a->d[1] = random_u64();
		if (!is_reserved(a) && !ip6_addr_find(nif, a))
			return true;
	}
	return false;
}

static bool is_full(const struct netif *nif)
{
	u32 n = 0;

	for (struct ip6_addr *a = ip6_if(nif)->addrs; a; a = a->next)
		n += !!(a->flags & IFA_F_TEMPORARY);
	return n >= TEMPORARY_MOST;
}

static int make(struct ip6_addr *public, u8 retries)
{
	struct netif *nif = public->nif;
	u32 advance = advance_of(nif), most = conf_seconds(nif, IP6_TEMP_PREFERRED), preferred;
	struct ip6_addr a = {
		.address = public->address, .length = 64, .protocol = public->protocol,
		.no_prefix_route = true, .made_of = public->address, .retries = retries,
		.flags = IFA_F_TEMPORARY | (ip6_is_optimistic(nif) ? IFA_F_OPTIMISTIC : 0),
	};
	int err = 0;

	if (ip6_conf_get(nif, IP6_USE_TEMPADDR) <= 0 || most <= advance || is_full(nif))
		return 0;
	a.desync = min((u32)random_below(conf_seconds(nif, IP6_MAX_DESYNC) + 1ull),
		       most - advance - 1);
	preferred = min(ip6_left(public->preferred_until), most - a.desync);
	a.preferred_until = ip6_until(preferred);
	a.valid_until = ip6_until(max(preferred, min(ip6_left(public->valid_until),
						     conf_seconds(nif, IP6_TEMP_VALID))));
	/* One that would be deprecated before its successor could be made is of no use. */
	if (preferred > advance && draw(nif, &a.address))
		err = ip6_addr_add(nif, &a);
	if (err)
		log_warn("%s: no temporary address", nif->name);
	return err;
}

static bool is_of(const struct ip6_addr *a, const struct ipaddr *public)
{
	return a->flags & IFA_F_TEMPORARY && ipaddr_equal(&a->made_of, public);
}

/* What is left of so many seconds after `age`. */
static u32 rest(u32 seconds, u64 age)
{
	return age < seconds ? (u32)(seconds - age) : 0;
}

static void follow(struct ip6_addr *a, const struct ip6_addr *public)
{
	u64 age = (clock_monotonic() - a->created_ns) / NSEC_PER_SEC;
	u32 valid = min(ip6_left(public->valid_until),
			rest(conf_seconds(a->nif, IP6_TEMP_VALID), age));
	u32 preferred = min(ip6_left(public->preferred_until),
			    rest(conf_seconds(a->nif, IP6_TEMP_PREFERRED), age + a->desync));

	ip6_addr_set_lifetimes(a, valid, min(preferred, valid));
}

int ip6_temporary_manage(struct ip6_addr *public, bool create)
{
	bool have = false;

	for (struct ip6_addr *a = ip6_if(public->nif)->addrs; a; a = a->next)
		if (is_of(a, &public->address)) {
			follow(a, public);
			have = true;
		}
	return create || !have ? make(public, 0) : 0;
}

void ip6_temporary_remove(struct netif *nif, const struct ipaddr *public)
{
	struct ip6_if *in = ip6_if(nif);
	struct ip6_addr *a = in ? in->addrs : NULL;

	while (a) {
		struct ip6_addr *next = a->next;

		if (is_of(a, public))
			ip6_addr_remove(nif, &a->address, a->length);
		a = next;
	}
}

u64 ip6_temporary_due(const struct ip6_addr *a)
{
	u64 advance;

	if (!(a->flags & IFA_F_TEMPORARY) || a->renewed || a->flags & IFA_F_DEPRECATED ||
	    !a->preferred_until)
		return 0;
	advance = advance_of(a->nif) * NSEC_PER_SEC;
	return a->preferred_until > advance ? a->preferred_until - advance : 1;
}

void ip6_temporary_renew(struct ip6_addr *a)
{
	struct ip6_addr *public = ip6_addr_find(a->nif, &a->made_of);

	a->renewed = true;
	if (public)
		make(public, 0);
}

void ip6_temporary_failed(struct ip6_addr *a)
{
	struct ip6_addr *public = ip6_addr_find(a->nif, &a->made_of);
	u32 most = conf_seconds(a->nif, IP6_REGEN_MAX_RETRY);

	if (public && a->retries < min(most, 255u))
		make(public, (u8)(a->retries + 1));
	else
		log_warn("%s: no temporary address: all are in use", a->nif->name);
	ip6_addr_remove(a->nif, &a->address, a->length);
}
