/*
 * Dumps of what interfaces have, in the order of their numbers.
 */
#include "dev/netif.h"
#include "net/netlink/netlink_int.h"

bool nl_walk_enter(struct nl_walk *w, const struct netif *nif)
{
	if (w->full || nif->index < w->d->at[0])
		return false;
	if (nif->index > w->d->at[0]) {
		w->d->at[0] = nif->index;
		w->d->at[1] = 0;
	}
	w->n = 0;
	return true;
}

int nl_walk_netifs(struct nl_dump *d, struct nl_out *out,
		   void (*each)(struct netif *nif, void *arg))
{
	struct nl_walk w = { d, out, 0, false };

	netif_config_lock();
	netif_each(each, &w);
	netif_config_unlock();
	return w.full;
}
