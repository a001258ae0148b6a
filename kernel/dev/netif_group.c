/*
 * The link addresses of groups that an interface listens to: counted, since several may want the
 * same, and shown to the device's filter whenever one comes or goes.
 */
#include "dev/netif_int.h"

#include "abi/errno.h"
#include "abi/if.h"
#include "lib/string.h"
#include "mm/slab.h"

void netif_refilter(struct netif *nif)
{
	spin_lock(&nif->lock);
	if (nif->ops->set_filter)
		nif->ops->set_filter(nif);
	spin_unlock(&nif->lock);
}

static struct netif_group *group_find(struct netif *nif, const u8 *address)
{
	struct netif_group *g;

	list_for_each_entry(g, &nif->multicast, link)
		if (!memcmp(g->address, address, nif->address_length))
			return g;
	return NULL;
}

/* With nif->lock: a device that is down gets its filter when it comes up. */
static void groups_changed(struct netif *nif)
{
	if (READ_ONCE(nif->flags) & IFF_UP && nif->ops->set_filter)
		nif->ops->set_filter(nif);
}

int netif_join(struct netif *nif, const u8 *address)
{
	struct netif_group *g, *fresh = kzalloc(sizeof(*g), MM_ATOMIC);
	int err = 0;

	spin_lock(&nif->lock);
	g = group_find(nif, address);
	if (g) {
		g->users++;
	} else if (fresh) {
		memcpy(fresh->address, address, nif->address_length);
		fresh->users = 1;
		list_add_tail(&fresh->link, &nif->multicast);
		fresh = NULL;
		groups_changed(nif);
	} else {
		err = -ENOMEM;
	}
	spin_unlock(&nif->lock);
	kfree(fresh);
	return err;
}

void netif_leave(struct netif *nif, const u8 *address)
{
	struct netif_group *g;

	spin_lock(&nif->lock);
	g = group_find(nif, address);
	if (g && --g->users == 0) {
		list_del(&g->link);
		groups_changed(nif);
	} else {
		g = NULL;
	}
	spin_unlock(&nif->lock);
	kfree(g);
}

bool netif_is_member(struct netif *nif, const u8 *address)
{
	bool member;

	spin_lock(&nif->lock);
	member = group_find(nif, address);
	spin_unlock(&nif->lock);
	return member;
}

void netif_groups_free(struct netif *nif)
{
	struct netif_group *g, *tmp;

	list_for_each_entry_safe(g, tmp, &nif->multicast, link)
		kfree(g);
}
