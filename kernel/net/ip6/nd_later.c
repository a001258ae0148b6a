/*
 * What packets ask of the configuration: router advertisements, redirects, routers that are none
 * any more. They come as soft work, which cannot wait for the config lock, and so are kept, a few,
 * for a work queue; more are dropped: routers say it again.
 */
#include "abi/if.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/nd_int.h"
#include "sched/work.h"

enum { KEPT_MOST = 64 };

static struct {
	struct spinlock lock;
	struct packet_queue queue; /* lock; each with a reference of its interface */
} kept = { .lock = SPINLOCK_INIT(RANK_NET_LEAF, "nd packets") };
static struct work work;

void nd_later(struct packet *p)
{
	bool full;

	spin_lock(&kept.lock);
	full = kept.queue.n >= KEPT_MOST;
	if (!full) {
		netif_get(p->nif);
		packet_enqueue(&kept.queue, p);
	}
	spin_unlock(&kept.lock);
	if (full)
		packet_free(p);
	else
		work_queue(&work);
}

static void handle(struct packet *p)
{
	const struct ip_info *info = ip_info(p);
	struct netif *nif = p->nif;
	struct nd_message m;

	if (!nd_state(nif) || !(nif->flags & IFF_UP) ||
	    !nd_parse(p->data, p->head, &info->from, &info->to, &m))
		return;
	if (m.type == ICMP6_ROUTER_ADVERT)
		nd_router_advert(nif, info, &m);
	else if (m.type == ICMP6_REDIRECT)
		nd_redirected(nif, info, &m);
	else if (m.type == ICMP6_NEIGHBOUR_ADVERT)
		nd_router_gone(nif, &m.target);
}

static void handle_all(struct work *w)
{
	struct packet *p;

	for (;;) {
		struct netif *nif;

		spin_lock(&kept.lock);
		p = packet_dequeue(&kept.queue);
		spin_unlock(&kept.lock);
		if (!p)
			return;
		nif = p->nif;
		netif_config_lock();
		handle(p);
		netif_config_unlock();
		packet_free(p);
		netif_put(nif);
	}
}

void nd_later_init(void)
{
	packet_queue_init(&kept.queue);
	work_init(&work, handle_all);
}
