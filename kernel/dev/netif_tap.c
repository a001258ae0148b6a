/*
 * Taps: who looks at frames beside the protocols. One list for all interfaces, read under RCU; as
 * long as it is empty it costs a load per frame.
 */
#include "dev/netif_int.h"

#include "abi/if_ether.h"

struct list netif_taps = LIST_INIT(netif_taps); /* t; readers RCU */
static struct spinlock taps_lock = SPINLOCK_INIT(RANK_NET_LEAF, "netif_taps"); /* t */
u32 netif_stamps_wanted; /* a */
void (*netif_stamp_fn)(struct packet *p, u8 what); /* I after boot */

void netif_tap_add(struct netif_tap *tap)
{
	spin_lock(&taps_lock);
	list_add_tail_rcu(&tap->link, &netif_taps);
	spin_unlock(&taps_lock);
}

void netif_tap_remove(struct netif_tap *tap)
{
	spin_lock(&taps_lock);
	list_del_rcu(&tap->link);
	spin_unlock(&taps_lock);
}

void netif_want_stamps(int delta)
{
	__atomic_fetch_add(&netif_stamps_wanted, (u32)delta, __ATOMIC_RELAXED);
}

void netif_show_taps(struct packet *p, bool out)
{
	u8 kind = p->kind;
	struct netif_tap *tap;

	if (out)
		p->kind = PKT_OUTGOING;
	list_for_each_entry_rcu(tap, &netif_taps, link)
		if ((!tap->nif || tap->nif == p->nif) &&
		    (tap->protocol == ETH_P_ALL || (!out && tap->protocol == p->protocol)))
			tap->tap(tap, p);
	p->kind = kind;
}
