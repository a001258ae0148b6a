/*
 * Memberships of packet sockets: more of an interface's frames for as long as the socket is there.
 * Counted, as several sockets and programs may want the same. Under the config lock.
 */
#include "abi/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/packet/packet_int.h"

/* A device without a filter for further addresses of its own must be promiscuous for those. */
static int apply(struct netif *nif, const struct packet_member *m, bool add)
{
	switch (m->type) {
	case PACKET_MR_MULTICAST:
		if (add)
			return netif_join(nif, m->address);
		netif_leave(nif, m->address);
		return 0;
	case PACKET_MR_ALLMULTI:
		return netif_add_all_multicast(nif, add ? 1 : -1);
	default:
		return netif_add_promiscuous(nif, add ? 1 : -1);
	}
}

static struct packet_member *find(struct packet_sock *ps, const struct packet_mreq *mr,
				  const u8 *address)
{
	struct packet_member *m;

	list_for_each_entry(m, &ps->members, link)
		if (m->ifindex == (u32)mr->mr_ifindex && m->type == mr->mr_type &&
		    !memcmp(m->address, address, LINK_ADDRESS))
			return m;
	return NULL;
}

static int member_add(struct packet_sock *ps, struct netif *nif, const struct packet_mreq *mr,
		      const u8 *address)
{
	struct packet_member *m = find(ps, mr, address);
	int err;

	if (m) {
		m->users++;
		return 0;
	}
	m = kzalloc(sizeof(*m), MM_KERNEL);
	if (!m)
		return -ENOMEM;
	m->ifindex = nif->index;
	m->type = mr->mr_type;
	m->users = 1;
	memcpy(m->address, address, LINK_ADDRESS);
	err = apply(nif, m, true);
	if (err) {
		kfree(m);
		return err;
	}
	list_add_tail(&m->link, &ps->members);
	return 0;
}

static void member_drop(struct packet_member *m)
{
	struct netif *nif = netif_by_index(m->ifindex);

	if (nif) {
		apply(nif, m, false);
		netif_put(nif);
	}
	list_del(&m->link);
	kfree(m);
}

int packet_member_change(struct packet_sock *ps, const struct packet_mreq *mr, u8 *address,
			 bool add)
{
	struct packet_member *m;
	struct netif *nif;
	int err;

	if (!add) {
		m = find(ps, mr, address);
		if (!m)
			return -EADDRNOTAVAIL;
		if (--m->users == 0)
			member_drop(m);
		return 0;
	}
	nif = netif_by_index((u32)mr->mr_ifindex);
	if (!nif)
		return -ENODEV;
	if (mr->mr_type > PACKET_MR_UNICAST || mr->mr_alen > nif->address_length)
		err = -EINVAL;
	else if (mr->mr_type == PACKET_MR_MULTICAST && mr->mr_alen != nif->address_length)
		err = -EINVAL;
	else
		err = member_add(ps, nif, mr, address);
	netif_put(nif);
	return err;
}

void packet_members_drop(struct packet_sock *ps, u32 ifindex)
{
	struct packet_member *m, *tmp;

	list_for_each_entry_safe(m, tmp, &ps->members, link)
		if (!ifindex || m->ifindex == ifindex)
			member_drop(m);
}
