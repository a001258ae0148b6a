/*
 * Between the files of the E1000 driver.
 *
 * Theory. The core knows one device with up to two queue pairs; what the families differ in is in
 * struct e1000_family and a few `if (nic->family->…)`. Probing makes the interface and takes the
 * interrupts; opening makes rings and buffers and starts the device; restarting it (reset,
 * time-out, another MTU) keeps all of them but what is in flight.
 *
 * A queue pair is cleaned by its poll: sends that are done, frames that have come. A send schedules
 * the poll of its queue by itself, for the sender's next safe point, and interrupts for finished
 * sends are asked for only if that finds some unfinished: so a device that is quick, as emulated
 * ones are, never interrupts for a send.
 *
 * Locks: the interface's: config lock for all that opens, closes and restarts; nif->tx[q].lock (t)
 * for the transmit ring; nif->lock (l) for the filter and RCTL; the receive ring is its poll's (p),
 * or, with the poll disabled, the config lock's.
 */
#pragma once

#include "arch/io.h"
#include "dev/irq.h"
#include "dev/netif.h"
#include "dev/pci.h"
#include "drv/e1000/e1000_regs.h"
#include "mm/dma.h"
#include "sched/mutex.h"

#define E1000_RING        256
#define E1000_RING_MAX    4096
#define E1000_RING_MIN    64
#define E1000_QUEUES      2
#define E1000_BUFFER      2048u      /* bytes of a receive buffer: half a page */
#define E1000_HEADER      192u       /* bytes of a transmit slot for changed headers */
#define E1000_COPY        256u       /* frames up to this size are copied out of their buffer */
#define E1000_COUNTERS    33

/* What a family can. */
struct e1000_family {
	const char *name;
	u32 max_mtu, features;
	u8 eerd_done, eerd_shift; /* EERD: the bit that says done; where the word's number begins */
	bool extended;            /* 82574: extended descriptors, TARC, RFCTL, interrupt masks that
				   * set themselves (IAM, EIAC) */
	u8 n_queues;
	u16 pba, pba_jumbo;       /* KiB of the packet buffer that are for receiving */
};

struct e1000_rx_slot { struct page *page; u32 offset; };

struct e1000_rx {
	struct e1000_nic *nic;       /* I */
	unsigned index;              /* I */
	struct netif_poll np;
	void *ring;                  /* p: descriptors */
	dma_addr_t ring_bus;
	struct e1000_rx_slot *slots; /* p */
	unsigned next;               /* p: descriptor that is looked at next */
	unsigned told;               /* p: up to where the device may go (RDT) */
	struct packet *chain;        /* p: a frame of several buffers, so far */
	bool skip;                   /* p: the rest of that frame is dropped */
	bool masked;                 /* a: its interrupt is masked */
	bool sends_told;             /* a: 8254x: it comes for finished sends, too, and is not to */
	u32 frames;                  /* p: since the last look at the rate */
	u64 looked_ns;               /* p: when that was */
	u32 itr;                     /* p: what is in the throttle's register */
	u64 n_polls, n_interrupts, n_recycled, n_copied, n_no_memory; /* a */
};

struct e1000_tx {
	struct e1000_nic *nic;       /* I */
	unsigned index;              /* I */
	struct e1000_tx_data *ring;  /* t */
	dma_addr_t ring_bus;
	struct packet **slots;       /* t: at the last descriptor of each packet */
	u8 *headers;                 /* t: E1000_HEADER bytes for each slot */
	dma_addr_t headers_bus;
	unsigned next, clean;        /* t: next free descriptor; oldest that is not done */
	unsigned told;               /* t: TDT */
	struct packet_queue reaped;  /* t: done, to be freed without the lock */
	struct e1000_tx_context context; /* t: what the device has, if it is to be relied upon */
	u64 n_stopped, n_too_long;   /* t */
};

/* An interrupt: of a queue, of all that is no queue's, or both. */
struct e1000_vector { struct e1000_nic *nic; struct e1000_rx *rx; bool other; };

struct e1000_nic {
	struct pci_device *pci;      /* I */
	const struct e1000_family *family; /* I */
	u8 *regs;                    /* I */
	struct netif *nif;           /* I */
	char bus[16];                /* I: its address as a text */
	bool msix;                   /* I: interrupts have vectors, and mask themselves */
	struct e1000_vector vectors[E1000_QUEUES + 1]; /* I */
	unsigned n_queues;           /* I */
	bool running;                /* c, a: open, and not being restarted */
	unsigned n_rx, n_tx;         /* c: descriptors of a ring */
	u32 mtu;                     /* c: that the device is set up for */
	bool adaptive;               /* c, a: the throttle follows the rate */
	u32 fixed_itr;               /* c, a: else */
	struct e1000_rx rx[E1000_QUEUES];
	struct e1000_tx tx[E1000_QUEUES];
	struct mutex counters_lock;  /* n */
	u64 counters[E1000_COUNTERS]; /* n: of the device, summed up */
	u64 n_resets;                /* c */
};

static inline u32 e1000_read(struct e1000_nic *nic, u32 reg)
{
	return mmio_read32(nic->regs + reg);
}
static inline void e1000_write(struct e1000_nic *nic, u32 reg, u32 v)
{
	mmio_write32(nic->regs + reg, v);
}
static inline u32 e1000_queue_reg(u32 reg, unsigned q) { return reg + q * E1000_QUEUE_STEP; }

/* e1000_hw.c: the device itself. Config lock. */
int e1000_hw_reset(struct e1000_nic *nic);
void e1000_hw_start(struct e1000_nic *nic); /* rings are there, interrupts stay masked */
/* Takes the buffers away from it: on return it touches memory no more. `deaf`: and receives nothing
 * until it is started; else a reset follows, which does that if it has to be done. */
void e1000_hw_stop(struct e1000_nic *nic, bool deaf);
void e1000_read_address(struct e1000_nic *nic, u8 address[6]);
void e1000_write_address(struct e1000_nic *nic, const u8 address[6]);
/* With nif->lock. */
void e1000_set_filter(struct netif *nif);

/* e1000_phy.c: the link. */
int e1000_phy_read(struct e1000_nic *nic, unsigned reg, u16 *value);
int e1000_phy_write(struct e1000_nic *nic, unsigned reg, u16 value);
void e1000_phy_start(struct e1000_nic *nic);
int e1000_renegotiate(struct netif *nif);
void e1000_link_changed(struct e1000_nic *nic); /* looks, and tells; any context */
void e1000_link(struct netif *nif, u32 *mbits, bool *full);

/* e1000_ring.c: memory. Config lock. */
int e1000_rings_alloc(struct e1000_nic *nic);
void e1000_rings_free(struct e1000_nic *nic);
/* Empties them for a start from 0: what is to be sent is lost, buffers stay. */
void e1000_rings_reset(struct e1000_nic *nic);

/* e1000_rx.c, e1000_tx.c: the poll's halves: how many. Soft work. */
int e1000_rx_poll(struct e1000_rx *rx, int budget);
int e1000_rx_fill(struct e1000_rx *rx, struct e1000_rx_slot *slot, unsigned flags);
void e1000_rx_write(struct e1000_rx *rx, unsigned index);
int e1000_tx_poll(struct e1000_tx *tx, bool *pending);
bool e1000_send(struct netif *nif, unsigned q, struct packet *p, bool more);
/* e1000_offload.c: the context that a packet needs; its changed headers, for segments. */
bool e1000_tx_context(const struct packet *p, struct e1000_tx_context *context);
bool e1000_tso_headers(const struct packet *p, u8 *to, struct e1000_tx_context *context);

/* e1000_irq.c */
int e1000_irqs_request(struct e1000_nic *nic);
void e1000_irqs_enable(struct e1000_nic *nic);
void e1000_irqs_disable(struct e1000_nic *nic);
int e1000_poll(struct netif_poll *np, int budget);
void e1000_set_itr(struct e1000_rx *rx, u32 itr);

/* e1000_counters.c */
const char *e1000_counter(struct netif *nif, unsigned n, u64 *value);
void e1000_add_counts(struct netif *nif, struct netif_counts *counts);

/* e1000_netif.c */
extern const struct netif_ops e1000_ops;
int e1000_restart(struct e1000_nic *nic);
