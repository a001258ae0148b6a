/*
 * Sending: a packet becomes a context, if it wants sums or segments, and a data descriptor for each
 * run of its bytes; the last one bears the packet and asks for its status.
 *
 * Packets that are done are taken off the ring by whoever has its lock (the poll, or the next send
 * when the ring fills), but freed by the poll alone, without the lock: freeing may call those who
 * sent them.
 */
#include "drv/e1000/e1000_int.h"

#include "abi/if_ether.h"
#include "lib/string.h"

#define SEGMENT_MAX 8192u  /* bytes of a descriptor */
#define SEGMENTS    40
/* Descriptors that stay free: head and tail never meet, and a context and headers have room. */
#define SPARE       4

static unsigned n_free(const struct e1000_tx *tx)
{
	unsigned size = tx->nic->n_tx;

	return (tx->clean + size - tx->next - 1) % size;
}

/* Takes off what the device has done. With the lock. */
static void reap(struct e1000_tx *tx)
{
	struct netif_tx *ntx = &tx->nic->nif->tx[tx->index];
	unsigned size = tx->nic->n_tx;

	while (tx->clean != tx->told) {
		unsigned last = tx->clean;

		while (!tx->slots[last] && last != tx->told)
			last = last + 1 == size ? 0 : last + 1;
		if (last == tx->told || !(READ_ONCE(tx->ring[last].status) & TXD_DD))
			break;
		packet_enqueue(&tx->reaped, tx->slots[last]);
		tx->slots[last] = NULL;
		tx->clean = last + 1 == size ? 0 : last + 1;
		ntx->done++;
	}
}

int e1000_tx_poll(struct e1000_tx *tx, bool *pending)
{
	struct netif *nif = tx->nic->nif;
	struct netif_tx *ntx = &nif->tx[tx->index];
	struct packet_queue done;
	struct packet *p;
	bool room;

	if (READ_ONCE(tx->clean) == READ_ONCE(tx->told) && !tx->reaped.first) {
		*pending = false;
		return 0;
	}
	packet_queue_init(&done);
	spin_lock(&ntx->lock);
	reap(tx);
	while ((p = packet_dequeue(&tx->reaped)))
		packet_enqueue(&done, p);
	*pending = tx->clean != tx->told;
	room = ntx->stopped && n_free(tx) >= tx->nic->n_tx / 4;
	spin_unlock(&ntx->lock);
	if (unlikely(room))
		netif_wake(nif, tx->index);
	for (int n = 0;; n++) {
		p = packet_dequeue(&done);
		if (!p)
			return n;
		packet_free(p);
	}
}

static unsigned advance(struct e1000_tx *tx)
{
	unsigned index = tx->next;

	tx->next = index + 1 == tx->nic->n_tx ? 0 : index + 1;
	return index;
}

/* The device keeps the last context; with two queues there is no telling whose. */
static void context_put(struct e1000_tx *tx, const struct e1000_tx_context *c)
{
	if (tx->nic->n_queues == 1) {
		if (!memcmp(c, &tx->context, sizeof(*c)))
			return;
		tx->context = *c;
	}
	memcpy(&tx->ring[advance(tx)], c, sizeof(*c));
}

/* The bytes of a packet from `skip` on as segments: how many, or -errno. */
static int map(const struct packet *p, u32 skip, struct dma_segment segments[SEGMENTS])
{
	struct dma_piece pieces[PACKET_FRAGS + 1];
	unsigned n = 0;

	if (p->head > skip)
		pieces[n++] = (struct dma_piece){
			.page = virt_to_page(p->data + skip),
			.offset = (u32)((u64)(p->data + skip) & (PAGE_SIZE - 1)),
			.length = p->head - skip,
		};
	for (unsigned i = 0; i < p->n_frags; i++)
		pieces[n++] = (struct dma_piece){ p->frags[i].page, p->frags[i].offset,
						  p->frags[i].length };
	return dma_map_pieces(pieces, n, segments, SEGMENTS, SEGMENT_MAX, 64);
}

static void doorbell(struct e1000_tx *tx)
{
	if (tx->told == tx->next)
		return;
	tx->told = tx->next;
	io_wmb();
	e1000_write(tx->nic, e1000_queue_reg(E1000_TDT, tx->index), tx->next);
}

/* Writes the descriptors of a packet that fits. */
static void put(struct e1000_tx *tx, struct packet *p, const struct dma_segment *segments,
		unsigned n, u32 header, const struct e1000_tx_context *c)
{
	u32 command = TXD_DATA | TXD_DEXT | TXD_IFCS | (p->has_vlan ? TXD_VLE : 0);
	struct e1000_tx_data *data = NULL;
	u8 options = 0;
	unsigned index = 0;

	if (c) {
		options = TXD_TXSM;
		if (c->command & TXD_TSE) {
			command |= TXD_TSE;
			options |= c->command & TXC_IP4 ? TXD_IXSM : 0;
		}
	}
	for (unsigned i = 0; i < n + !!header; i++) {
		const struct dma_segment *s = &segments[header ? i - 1 : i];

		index = advance(tx);
		data = &tx->ring[index];
		if (header && i == 0) {
			data->address = tx->headers_bus + (u64)index * E1000_HEADER;
			data->command = command | header;
		} else {
			data->address = s->bus;
			data->command = command | s->length;
		}
		data->status = 0;
		data->options = options;
		data->vlan = p->vlan;
	}
	data->command |= TXD_EOP | TXD_RS;
	tx->slots[index] = p;
}

/* Cannot be sent at all: it is done, in error. */
static bool refuse(struct e1000_tx *tx, struct packet *p)
{
	struct netif *nif = tx->nic->nif;

	tx->n_too_long++;
	netif_counts(nif)->tx_errors++;
	nif->tx[tx->index].done++;
	packet_enqueue(&tx->reaped, p);
	netif_poll_schedule(&tx->nic->rx[tx->index].np);
	return true;
}

bool e1000_send(struct netif *nif, unsigned q, struct packet *p, bool more)
{
	struct e1000_nic *nic = nif->private;
	struct e1000_tx *tx = &nic->tx[q];
	struct e1000_tx_context context, *c = NULL;
	struct dma_segment segments[SEGMENTS];
	u32 header = 0;
	int n;

	if (p->gso_size || p->sum == SUM_PARTIAL)
		c = &context;
	if (unlikely(n_free(tx) < SEGMENTS + SPARE)) {
		reap(tx);
		if (n_free(tx) < SEGMENTS + SPARE) {
			tx->n_stopped++;
			doorbell(tx);
			netif_poll_schedule(&nic->rx[q].np);
			return false;
		}
	}
	if (c && !p->gso_size) {
		if (!e1000_tx_context(p, c))
			return refuse(tx, p);
		context_put(tx, c);
	} else if (c) {
		/* Its header descriptor is the one behind the context. */
		unsigned at = tx->next + 1 == nic->n_tx ? 0 : tx->next + 1;

		if (!e1000_tso_headers(p, tx->headers + at * E1000_HEADER, c))
			return refuse(tx, p);
		header = c->header;
	}
	n = map(p, header, segments);
	if (unlikely(n <= 0))
		return refuse(tx, p);
	if (header) {
		memcpy(&tx->ring[advance(tx)], c, sizeof(*c));
		tx->context = *c;
	}
	put(tx, p, segments, (unsigned)n, header, c);
	if (!more)
		doorbell(tx);
	netif_poll_schedule(&nic->rx[q].np);
	return true;
}
