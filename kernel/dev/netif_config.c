/*
 * The configuration of an interface: up and down, flags, MTU, address, features, and its carrier.
 * All changes happen under the config lock; the devices are told first, everybody else after it.
 *
 * The carrier is set by drivers in any context; a work tells those who watch, in the state that it
 * finds: a link that goes down and up at once is told as one change, or none.
 */
#include "dev/netif_int.h"

#include "abi/errno.h"
#include "abi/if.h"
#include "core/log.h"
#include "lib/string.h"

/* The flags that user space may change, besides IFF_UP. */
#define FLAGS_FREE \
	(IFF_DEBUG | IFF_NOTRAILERS | IFF_NOARP | IFF_DYNAMIC | IFF_MULTICAST | IFF_PORTSEL | \
	 IFF_AUTOMEDIA)

static void flags_change(struct netif *nif, u32 clear, u32 set)
{
	WRITE_ONCE(nif->flags, (nif->flags & ~clear) | set);
}

int netif_open(struct netif *nif)
{
	int err = 0;

	if (nif->flags & IFF_UP)
		return 0;
	if (nif->ops->open)
		err = nif->ops->open(nif);
	if (err)
		return err;
	netif_tx_open(nif);
	flags_change(nif, 0, IFF_UP);
	netif_refilter(nif);
	err = netif_ask_up(nif);
	if (err) {
		netif_close(nif);
		return err;
	}
	netif_tell(nif, NETIF_UP);
	return 0;
}

void netif_close(struct netif *nif)
{
	if (!(nif->flags & IFF_UP))
		return;
	flags_change(nif, IFF_UP, 0);
	netif_tx_close(nif);
	if (nif->ops->stop)
		nif->ops->stop(nif);
	netif_tell(nif, NETIF_DOWN);
}

int netif_set_flags(struct netif *nif, u32 flags)
{
	u32 changed = nif->flags ^ flags;
	int err;

	flags_change(nif, FLAGS_FREE, flags & FLAGS_FREE);
	if (changed & IFF_PROMISC) {
		flags_change(nif, IFF_PROMISC, flags & IFF_PROMISC);
		err = netif_add_promiscuous(nif, flags & IFF_PROMISC ? 1 : -1);
		if (err)
			return err;
	}
	if (changed & IFF_ALLMULTI) {
		flags_change(nif, IFF_ALLMULTI, flags & IFF_ALLMULTI);
		err = netif_add_all_multicast(nif, flags & IFF_ALLMULTI ? 1 : -1);
		if (err)
			return err;
	}
	if (changed & IFF_UP) {
		if (flags & IFF_UP) {
			err = netif_open(nif);
			if (err)
				return err;
		} else {
			netif_close(nif);
		}
	}
	if (changed & FLAGS_FREE)
		netif_tell(nif, NETIF_CHANGED);
	return 0;
}

u32 netif_flags(const struct netif *nif)
{
	u32 flags = READ_ONCE(nif->flags);

	if (flags & IFF_UP && READ_ONCE(nif->carrier))
		flags |= IFF_RUNNING | IFF_LOWER_UP;
	return flags;
}

unsigned netif_operstate(const struct netif *nif)
{
	if (!nif->ops->link)
		return IF_OPER_UNKNOWN;
	return READ_ONCE(nif->flags) & IFF_UP && READ_ONCE(nif->carrier) ? IF_OPER_UP :
									   IF_OPER_DOWN;
}

static int count_change(struct netif *nif, u32 *count, int delta)
{
	bool before = *count;

	if (delta < 0 ? *count < (u32)-delta : *count > ~0u - (u32)delta)
		return -EOVERFLOW;
	WRITE_ONCE(*count, *count + (u32)delta);
	if (before != !!*count) {
		if (nif->flags & IFF_UP)
			netif_refilter(nif);
		netif_tell(nif, NETIF_CHANGED);
	}
	return 0;
}

int netif_add_promiscuous(struct netif *nif, int delta)
{
	bool before = nif->promiscuous;
	int err = count_change(nif, &nif->promiscuous, delta);

	if (!err && before != !!nif->promiscuous)
		log_info("%s: %s promiscuous mode", nif->name, before ? "left" : "entered");
	return err;
}

int netif_add_all_multicast(struct netif *nif, int delta)
{
	return count_change(nif, &nif->all_multicast, delta);
}

int netif_set_mtu(struct netif *nif, u32 mtu)
{
	int err = 0;

	if (mtu < nif->min_mtu || mtu > nif->max_mtu)
		return -EINVAL;
	if (mtu == nif->mtu)
		return 0;
	if (nif->ops->set_mtu)
		err = nif->ops->set_mtu(nif, mtu);
	if (err)
		return err;
	WRITE_ONCE(nif->mtu, mtu);
	netif_tell(nif, NETIF_CHANGED);
	return 0;
}

/* Ethernet's may not be a group's, nor zero. */
int netif_set_address(struct netif *nif, const u8 *address)
{
	int err = 0;

	if (nif->type == ARPHRD_ETHER &&
	    (address[0] & 1 || mem_is_all(address, 0, nif->address_length)))
		return -EADDRNOTAVAIL;
	if (nif->ops->set_address)
		err = nif->ops->set_address(nif, address);
	if (err)
		return err;
	memcpy(nif->address, address, nif->address_length);
	netif_tell(nif, NETIF_CHANGED);
	return 0;
}

int netif_set_features(struct netif *nif, u32 features)
{
	int err;

	features &= nif->offered_features;
	/* Segments of fragments need both. */
	if (!(features & NETIF_SG) || !(features & NETIF_SUM4))
		features &= ~(u32)NETIF_TSO4;
	if (!(features & NETIF_SG) || !(features & NETIF_SUM6))
		features &= ~(u32)NETIF_TSO6;
	if (features == nif->features)
		return 0;
	if (!nif->ops->set_features)
		return -EOPNOTSUPP;
	err = nif->ops->set_features(nif, features);
	if (err)
		return err;
	WRITE_ONCE(nif->features, features);
	netif_tell(nif, NETIF_CHANGED);
	return 0;
}

int netif_set_queue_length(struct netif *nif, u32 packets)
{
	if (packets > 1u << 20)
		return -ERANGE;
	WRITE_ONCE(nif->queue_length, packets);
	netif_tell(nif, NETIF_CHANGED);
	return 0;
}

int netif_reset(struct netif *nif)
{
	if (!nif->ops->reset)
		return -ENOTTY;
	return nif->ops->reset(nif);
}

void netif_set_carrier(struct netif *nif, bool up)
{
	if (__atomic_exchange_n(&nif->carrier, up, __ATOMIC_ACQ_REL) != up)
		work_queue(&nif->carrier_work);
}

void netif_carrier_work(struct work *work)
{
	struct netif *nif = container_of(work, struct netif, carrier_work);
	u32 mbits = 0;
	bool up, full = false;

	netif_config_lock();
	up = READ_ONCE(nif->carrier);
	if (nif->index && up != nif->carrier_told) {
		nif->carrier_told = up;
		if (up && nif->ops->link)
			nif->ops->link(nif, &mbits, &full);
		if (up)
			log_info("%s: link up, %u Mbit/s, %s duplex", nif->name, mbits,
				 full ? "full" : "half");
		else
			log_info("%s: link down", nif->name);
		netif_tell(nif, NETIF_CARRIER);
	}
	netif_config_unlock();
}
