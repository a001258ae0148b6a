/*
 * The transmit watchdog: while packets are sent a timer looks at the rings now and then. If one has
 * packets in it and none was done since several looks, the device is told to restart, from a work
 * queue. When nothing was sent since the last look the timer rests; the next packet arms it.
 */
#include "dev/netif_int.h"

#include "abi/if.h"
#include "core/clock.h"
#include "core/log.h"

void netif_watchdog_arm(struct netif *nif)
{
	spin_lock(&nif->lock);
	if (READ_ONCE(nif->flags) & IFF_UP && !soft_timer_armed(&nif->watchdog))
		soft_timer_arm(&nif->watchdog, clock_monotonic() + WATCHDOG_NS);
	spin_unlock(&nif->lock);
}

/* Whether the queue has something in the ring; and whether that has been so for too long. */
static bool queue_look(struct netif *nif, struct netif_tx *tx, bool *stuck)
{
	bool busy;

	spin_lock(&tx->lock);
	busy = tx->open && tx->sent != tx->done;
	if (!busy || tx->done != tx->seen_done || !READ_ONCE(nif->carrier))
		tx->stalled = 0;
	else if (++tx->stalled >= WATCHDOG_LOOKS)
		*stuck = true;
	tx->seen_done = tx->done;
	spin_unlock(&tx->lock);
	return busy;
}

void netif_watchdog(struct soft_timer *timer)
{
	struct netif *nif = container_of(timer, struct netif, watchdog);
	bool busy = false, stuck = false;

	for (unsigned q = 0; q < nif->n_tx; q++)
		busy |= queue_look(nif, &nif->tx[q], &stuck);
	if (stuck)
		work_queue(&nif->timeout_work);
	if (busy)
		netif_watchdog_arm(nif);
}

void netif_timeout_work(struct work *work)
{
	struct netif *nif = container_of(work, struct netif, timeout_work);

	netif_config_lock();
	if (nif->flags & IFF_UP && nif->ops->timeout) {
		log_warn("%s: the device does not send: it is reset", nif->name);
		netif_counts(nif)->tx_errors++;
		nif->ops->timeout(nif);
	}
	netif_config_unlock();
}

void netif_watchdog_end(struct netif *nif)
{
	spin_lock(&nif->lock);
	soft_timer_cancel(&nif->watchdog);
	spin_unlock(&nif->lock);
	rcu_synchronize(); /* soft work that had begun */
	work_flush(&nif->timeout_work);
}
