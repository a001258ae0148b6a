/*
 * The interface's operations: opening and closing, restarting, settings. All under the config lock
 * but send() and the filter.
 */
#include "drv/e1000/e1000_int.h"

#include "abi/errno.h"
#include "abi/if.h"
#include "core/log.h"
#include "lib/string.h"

/* Starts the device on rings that are empty. */
static void start(struct e1000_nic *nic)
{
	nic->mtu = nic->nif->mtu;
	e1000_hw_start(nic);
	for (unsigned q = 0; q < nic->n_queues; q++) {
		e1000_set_itr(&nic->rx[q], nic->adaptive ? 0 : nic->fixed_itr);
		netif_poll_enable(&nic->rx[q].np);
	}
	e1000_link_changed(nic);
	e1000_irqs_enable(nic);
}

/* On return neither the device nor a poll touches the rings. */
static void stop(struct e1000_nic *nic, bool deaf)
{
	WRITE_ONCE(nic->running, false);
	e1000_irqs_disable(nic);
	for (unsigned q = 0; q < nic->n_queues; q++)
		netif_poll_disable(&nic->rx[q].np);
	e1000_hw_stop(nic, deaf);
}

static int e1000_open(struct netif *nif)
{
	struct e1000_nic *nic = nif->private;
	int err = e1000_hw_reset(nic);

	if (!err)
		err = e1000_rings_alloc(nic);
	if (!err)
		start(nic);
	return err;
}

static void e1000_stop(struct netif *nif)
{
	struct e1000_nic *nic = nif->private;

	stop(nic, true);
	e1000_rings_free(nic);
}

/* What is in flight is lost, and nothing else: settings are written again, packets that wait go
 * out when the device is up. */
int e1000_restart(struct e1000_nic *nic)
{
	struct netif *nif = nic->nif;
	int err;

	nic->n_resets++;
	if (!(nif->flags & IFF_UP))
		return e1000_hw_reset(nic);
	netif_stop_sending(nif);
	stop(nic, false);
	err = e1000_hw_reset(nic);
	if (err)
		log_err("%s: the device does not come out of its reset", nif->name);
	e1000_rings_reset(nic);
	start(nic);
	netif_start_sending(nif);
	return err;
}

static int e1000_reset(struct netif *nif)
{
	return e1000_restart(nif->private);
}

static void e1000_timeout(struct netif *nif)
{
	e1000_restart(nif->private);
}

static int e1000_set_address(struct netif *nif, const u8 *address)
{
	e1000_write_address(nif->private, address);
	return 0;
}

/* Restarts with a setting changed: it is put back if that fails. */
static int set_and_restart(struct e1000_nic *nic, u32 *setting, u32 value)
{
	u32 old = *setting;
	int err;

	*setting = value;
	err = nic->nif->flags & IFF_UP ? e1000_restart(nic) : 0;
	if (err)
		*setting = old;
	return err;
}

static int e1000_set_mtu(struct netif *nif, u32 mtu)
{
	return set_and_restart(nif->private, &nif->mtu, mtu);
}

/* Only the tags and the check of received sums are the device's settings. */
static int e1000_set_features(struct netif *nif, u32 features)
{
	u32 changed = nif->features ^ features;

	if (!(changed & (NETIF_VLAN_RX | NETIF_VLAN_TX | NETIF_RX_SUM)))
		return 0;
	return set_and_restart(nif->private, &nif->features, features);
}

static void e1000_get_rings(struct netif *nif, struct netif_rings *rings)
{
	struct e1000_nic *nic = nif->private;

	*rings = (struct netif_rings){ nic->n_rx, nic->n_tx, E1000_RING_MAX, E1000_RING_MAX };
}

/* The device takes lengths of whole cache lines: 8 descriptors. */
static unsigned ring_size(u32 n)
{
	return align_up(clamp(n, (u32)E1000_RING_MIN, (u32)E1000_RING_MAX), 8u);
}

static int e1000_set_rings(struct netif *nif, const struct netif_rings *rings)
{
	struct e1000_nic *nic = nif->private;
	unsigned n_rx = nic->n_rx, n_tx = nic->n_tx;
	bool up = nif->flags & IFF_UP;
	int err = 0;

	if (up) {
		netif_stop_sending(nif);
		stop(nic, true);
		e1000_rings_free(nic);
	}
	nic->n_rx = ring_size(rings->rx);
	nic->n_tx = ring_size(rings->tx);
	if (up) {
		err = e1000_rings_alloc(nic);
		if (err) {
			nic->n_rx = n_rx;
			nic->n_tx = n_tx;
			if (e1000_rings_alloc(nic)) {
				log_err("%s: no memory for its rings: it is down", nif->name);
				return err;
			}
		}
		start(nic);
		netif_start_sending(nif);
	}
	return err;
}

static void e1000_get_coalesce(struct netif *nif, struct netif_coalesce *c)
{
	struct e1000_nic *nic = nif->private;

	*c = (struct netif_coalesce){ .rx_us = (nic->fixed_itr * 256 + 500) / 1000,
				      .adaptive = nic->adaptive };
	c->tx_us = c->rx_us;
}

static int e1000_set_coalesce(struct netif *nif, const struct netif_coalesce *c)
{
	struct e1000_nic *nic = nif->private;

	if (c->rx_us > 10000)
		return -EINVAL;
	WRITE_ONCE(nic->fixed_itr, c->rx_us * 1000 / 256);
	WRITE_ONCE(nic->adaptive, c->adaptive);
	return nif->flags & IFF_UP ? e1000_restart(nic) : 0;
}

const struct netif_ops e1000_ops = {
	.driver = "e1000",
	.open = e1000_open,
	.stop = e1000_stop,
	.send = e1000_send,
	.set_filter = e1000_set_filter,
	.set_address = e1000_set_address,
	.set_mtu = e1000_set_mtu,
	.set_features = e1000_set_features,
	.timeout = e1000_timeout,
	.link = e1000_link,
	.renegotiate = e1000_renegotiate,
	.counter = e1000_counter,
	.add_counts = e1000_add_counts,
	.get_rings = e1000_get_rings,
	.set_rings = e1000_set_rings,
	.get_coalesce = e1000_get_coalesce,
	.set_coalesce = e1000_set_coalesce,
	.reset = e1000_reset,
};
