/*
 * The device's counters, which reading clears: they are summed up here whenever somebody asks; and
 * those of the driver itself.
 */
#include "drv/e1000/e1000_int.h"

#include "lib/string.h"

#define WIDE 1 /* of 64 bits in two registers, read lower half first */

static const struct { const char *name; u16 offset; } device[E1000_COUNTERS] = {
	{ "rx_crc_errors", 0x00 }, { "rx_align_errors", 0x04 }, { "rx_errors", 0x0c },
	{ "rx_missed", 0x10 }, { "tx_single_collisions", 0x14 }, { "tx_excess_collisions", 0x18 },
	{ "tx_multiple_collisions", 0x1c }, { "tx_late_collisions", 0x20 },
	{ "tx_collisions", 0x28 }, { "tx_deferred", 0x30 }, { "rx_length_errors", 0x40 },
	{ "rx_xon", 0x48 }, { "tx_xon", 0x4c }, { "rx_xoff", 0x50 }, { "tx_xoff", 0x54 },
	{ "rx_good_packets", 0x74 }, { "rx_broadcast", 0x78 }, { "rx_multicast", 0x7c },
	{ "tx_good_packets", 0x80 }, { "rx_good_bytes", 0x88 | WIDE },
	{ "tx_good_bytes", 0x90 | WIDE }, { "rx_no_buffers", 0xa0 }, { "rx_undersize", 0xa4 },
	{ "rx_fragments", 0xa8 }, { "rx_oversize", 0xac }, { "rx_jabber", 0xb0 },
	{ "rx_bytes", 0xc0 | WIDE }, { "tx_bytes", 0xc8 | WIDE }, { "rx_packets", 0xd0 },
	{ "tx_packets", 0xd4 }, { "tx_multicast", 0xf0 }, { "tx_broadcast", 0xf4 },
	{ "tx_tso_contexts", 0xf8 },
};
enum { RX_CRC = 0, RX_ALIGN = 1, RX_ERR = 2, RX_MISSED = 3, COLLISIONS = 8, RX_LENGTH = 10 };

static void counters_read(struct e1000_nic *nic)
{
	for (unsigned i = 0; i < E1000_COUNTERS; i++) {
		u32 reg = E1000_STATS + (device[i].offset & ~(u32)WIDE);
		u64 v = e1000_read(nic, reg);

		if (device[i].offset & WIDE)
			v |= (u64)e1000_read(nic, reg + 4) << 32;
		nic->counters[i] += v;
	}
}

/* The driver's own: of the queue q, or of all. */
static const char *driver_counter(struct e1000_nic *nic, unsigned n, u64 *value)
{
	static const char *const names[E1000_QUEUES][9] = {
		{ "rx0_polls", "rx0_interrupts", "rx0_recycled", "rx0_copied", "rx0_no_memory",
		  "rx0_throttle", "tx0_ring_used", "tx0_stopped", "tx0_refused" },
		{ "rx1_polls", "rx1_interrupts", "rx1_recycled", "rx1_copied", "rx1_no_memory",
		  "rx1_throttle", "tx1_ring_used", "tx1_stopped", "tx1_refused" },
	};
	unsigned q = n / 9;

	if (q < nic->n_queues) {
		struct e1000_rx *rx = &nic->rx[q];
		struct e1000_tx *tx = &nic->tx[q];
		const u64 values[9] = {
			rx->n_polls, rx->n_interrupts, rx->n_recycled, rx->n_copied,
			rx->n_no_memory, rx->itr == ~0u ? 0 : rx->itr,
			(tx->next + nic->n_tx - tx->clean) % nic->n_tx, tx->n_stopped,
			tx->n_too_long,
		};

		*value = values[n % 9];
		return names[q][n % 9];
	}
	if (n != nic->n_queues * 9)
		return NULL;
	*value = nic->n_resets;
	return "resets";
}

const char *e1000_counter(struct netif *nif, unsigned n, u64 *value)
{
	struct e1000_nic *nic = nif->private;

	if (n >= E1000_COUNTERS)
		return driver_counter(nic, n - E1000_COUNTERS, value);
	mutex_lock(&nic->counters_lock);
	if (n == 0)
		counters_read(nic);
	*value = nic->counters[n];
	mutex_unlock(&nic->counters_lock);
	return device[n].name;
}

void e1000_add_counts(struct netif *nif, struct netif_counts *counts)
{
	struct e1000_nic *nic = nif->private;

	mutex_lock(&nic->counters_lock);
	counters_read(nic);
	counts->rx_crc += nic->counters[RX_CRC];
	counts->rx_frame += nic->counters[RX_ALIGN];
	counts->rx_missed += nic->counters[RX_MISSED];
	counts->rx_length += nic->counters[RX_LENGTH];
	counts->rx_errors += nic->counters[RX_CRC] + nic->counters[RX_ALIGN] +
			     nic->counters[RX_ERR] + nic->counters[RX_LENGTH];
	counts->collisions += nic->counters[COLLISIONS];
	mutex_unlock(&nic->counters_lock);
}
