/*
 * Memory of the rings: descriptors, what they stand for, and the receive buffers: halves of pages.
 */
#include "drv/e1000/e1000_int.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"

static void rx_free(struct e1000_nic *nic, struct e1000_rx *rx)
{
	for (unsigned i = 0; rx->slots && i < nic->n_rx; i++)
		if (rx->slots[i].page)
			page_put(rx->slots[i].page);
	kvfree(rx->slots);
	rx->slots = NULL;
	if (rx->ring)
		dma_free(rx->ring, nic->n_rx * 16);
	rx->ring = NULL;
	packet_free(rx->chain);
	rx->chain = NULL;
}

static void tx_free(struct e1000_nic *nic, struct e1000_tx *tx)
{
	for (unsigned i = 0; tx->slots && i < nic->n_tx; i++)
		packet_free(tx->slots[i]);
	kvfree(tx->slots);
	tx->slots = NULL;
	packet_queue_free(&tx->reaped);
	packet_queue_init(&tx->reaped);
	if (tx->ring)
		dma_free(tx->ring, nic->n_tx * 16);
	tx->ring = NULL;
	if (tx->headers)
		dma_free(tx->headers, nic->n_tx * E1000_HEADER);
	tx->headers = NULL;
}

static int rx_alloc(struct e1000_nic *nic, struct e1000_rx *rx)
{
	rx->ring = dma_alloc(nic->n_rx * 16, 64, &rx->ring_bus);
	rx->slots = kvmalloc(nic->n_rx * sizeof(*rx->slots), MM_KERNEL | MM_ZERO);
	if (!rx->ring || !rx->slots)
		return -ENOMEM;
	for (unsigned i = 0; i < nic->n_rx; i++)
		if (e1000_rx_fill(rx, &rx->slots[i], MM_KERNEL))
			return -ENOMEM;
	return 0;
}

static int tx_alloc(struct e1000_nic *nic, struct e1000_tx *tx)
{
	packet_queue_init(&tx->reaped);
	tx->ring = dma_alloc(nic->n_tx * 16, 64, &tx->ring_bus);
	tx->headers = dma_alloc(nic->n_tx * E1000_HEADER, 64, &tx->headers_bus);
	tx->slots = kvmalloc(nic->n_tx * sizeof(*tx->slots), MM_KERNEL | MM_ZERO);
	return tx->ring && tx->headers && tx->slots ? 0 : -ENOMEM;
}

int e1000_rings_alloc(struct e1000_nic *nic)
{
	for (unsigned q = 0; q < nic->n_queues; q++)
		packet_queue_init(&nic->tx[q].reaped);
	for (unsigned q = 0; q < nic->n_queues; q++) {
		int err = rx_alloc(nic, &nic->rx[q]);

		if (!err)
			err = tx_alloc(nic, &nic->tx[q]);
		if (err) {
			e1000_rings_free(nic);
			return err;
		}
	}
	e1000_rings_reset(nic);
	return 0;
}

void e1000_rings_free(struct e1000_nic *nic)
{
	for (unsigned q = 0; q < nic->n_queues; q++) {
		rx_free(nic, &nic->rx[q]);
		tx_free(nic, &nic->tx[q]);
	}
}

static void rx_reset(struct e1000_nic *nic, struct e1000_rx *rx)
{
	packet_free(rx->chain);
	rx->chain = NULL;
	rx->skip = false;
	rx->next = 0;
	rx->told = nic->n_rx - 1;
	rx->masked = true;
	rx->frames = 0;
	rx->itr = ~0u;
	for (unsigned i = 0; i < nic->n_rx; i++)
		e1000_rx_write(rx, i);
}

static void tx_reset(struct e1000_nic *nic, struct e1000_tx *tx)
{
	struct netif_tx *ntx = &nic->nif->tx[tx->index];
	struct packet_queue lost;

	packet_queue_init(&lost);
	spin_lock(&ntx->lock);
	for (unsigned i = 0; i < nic->n_tx; i++)
		if (tx->slots[i]) {
			packet_enqueue(&lost, tx->slots[i]);
			tx->slots[i] = NULL;
		}
	memset(tx->ring, 0, nic->n_tx * 16);
	memset(&tx->context, 0, sizeof(tx->context));
	tx->next = tx->clean = tx->told = 0;
	ntx->done = ntx->sent;
	spin_unlock(&ntx->lock);
	packet_queue_free(&lost);
}

void e1000_rings_reset(struct e1000_nic *nic)
{
	for (unsigned q = 0; q < nic->n_queues; q++) {
		rx_reset(nic, &nic->rx[q]);
		tx_reset(nic, &nic->tx[q]);
	}
}
