/*
 * Network interfaces: what drivers register and protocols send through and receive from.
 *
 * Receiving: the interrupt handler masks its source and calls netif_poll_schedule(); soft work then
 * calls poll(budget) on that CPU until it has done less than its budget and unmasks. poll hands
 * each frame to netif_receive(), which gives it to who registered for its protocol.
 * Sending: netif_send() puts the packet into the device's ring, or, if that is full, into the short
 * queue before it; the driver wakes the queue when there is room.
 * A driver holds nothing that its own restart would lose but frames in its rings, and those it may
 * lose: protocols send again.
 *
 * Locks: netif_config_lock() (a mutex, RANK_NETCONF) is held around every change of configuration,
 * also by protocols (addresses, routes); nif->tx[].lock (RANK_NETIF_TX) around send; the list of
 * interfaces is read under RCU or the mutex.
 */
#pragma once

#include "core/refcount.h"
#include "core/spinlock.h"
#include "dev/packet.h"
#include "lib/list.h"
#include "sched/rcu.h"
#include "sched/soft.h"
#include "sched/work.h"

struct netif;
struct netif_counts;

#define NETIF_NAME 16
#define NETIF_QUEUES 4
#define LINK_ADDRESS 32        /* bytes of the longest */

enum netif_features {           /* what a device does by itself */
	NETIF_SG      = 1 << 0, /* fragments */
	NETIF_SUM4    = 1 << 1, /* checksums of TCP and UDP over IPv4: SUM_PARTIAL */
	NETIF_SUM6    = 1 << 2,
	NETIF_TSO4    = 1 << 3, /* segments of TCP: gso_size */
	NETIF_TSO6    = 1 << 4,
	NETIF_RX_SUM  = 1 << 5,
	NETIF_VLAN_TX = 1 << 6,
	NETIF_VLAN_RX = 1 << 7,
};

/* What ethtool(8) asks and sets: rings, in descriptors; coalescing of interrupts. */
struct netif_rings { u32 rx, tx, rx_max, tx_max; };
struct netif_coalesce {
	u32 rx_us, tx_us;  /* least time between interrupts, if not adaptive */
	bool adaptive;
};

/* Thread context, netif_config_lock() held, unless said otherwise. */
struct netif_ops {
	const char *driver;  /* its name; NULL: no device */
	/* Up and down (IFF_UP): rings, interrupts. After stop() nothing is in flight. */
	int (*open)(struct netif *nif);
	void (*stop)(struct netif *nif);
	/* Takes a packet into the ring of queue q: true, or false if it does not fit (it stays the
	 * caller's; netif_wake() will be called). `more`: another follows at once, the doorbell can
	 * wait. Called with tx[q].lock. What the device's features do not cover was done before.
	 * It must not free packets: that may call back to who sent them. */
	bool (*send)(struct netif *nif, unsigned q, struct packet *p, bool more);
	/* The device's filter follows netif_is_promiscuous(), netif_is_all_multicast() and
	 * nif->multicast. NULL: it has none. Called with nif->lock; soft work or thread. */
	void (*set_filter)(struct netif *nif);
	/* Tells the device: nif->address (nif->mtu, nif->features) becomes it after 0. NULL: an
	 * address or an MTU between the limits needs no telling; features cannot be changed. */
	int (*set_address)(struct netif *nif, const u8 *address);
	int (*set_mtu)(struct netif *nif, u32 mtu);
	int (*set_features)(struct netif *nif, u32 features);
	/* Nothing was sent for 5 s with packets in the ring. The device is reset. */
	void (*timeout)(struct netif *nif);
	/* Link: speed in Mbit/s (0: not known), full duplex. NULL: always up, not known. */
	void (*link)(struct netif *nif, u32 *mbits, bool *full);
	/* Negotiates the link anew. NULL: -EOPNOTSUPP. */
	int (*renegotiate)(struct netif *nif);
	/* Names and values of the device's own counters: the n-th, or NULL. NULL: none. */
	const char *(*counter)(struct netif *nif, unsigned n, u64 *value);
	/* Adds what only the device counts (missed frames, errors). Thread context, without the
	 * config lock. NULL: nothing. */
	void (*add_counts)(struct netif *nif, struct netif_counts *counts);
	/* NULL: not to be known; cannot be set. */
	void (*get_rings)(struct netif *nif, struct netif_rings *rings);
	int (*set_rings)(struct netif *nif, const struct netif_rings *rings);
	void (*get_coalesce)(struct netif *nif, struct netif_coalesce *c);
	int (*set_coalesce)(struct netif *nif, const struct netif_coalesce *c);
	/* Restarts the device without losing its configuration: 0 or -errno. NULL: it cannot. */
	int (*reset)(struct netif *nif);
};

/* What many frames ask for and is to be done once, when those that are there have been handled. */
struct netif_after {
	struct netif_after *next;            /* its CPU's list: soft work there */
	void (*fn)(struct netif_after *after);
};

/* Sums; each CPU has its own, to which only it adds, never in an interrupt handler. */
struct netif_counts {
	u64 rx_packets, rx_bytes, rx_errors, rx_dropped, rx_missed, rx_length, rx_crc, rx_frame;
	u64 tx_packets, tx_bytes, tx_errors, tx_dropped, tx_carrier, multicast, collisions;
} __aligned(64);

struct netif_tx {
	struct spinlock lock;        /* RANK_NETIF_TX */
	struct packet_queue queue;   /* lock: waiting for room in the ring */
	bool open;                   /* lock: the device is up */
	bool stopped;                /* lock: the ring is full, or the device is being restarted */
	u32 sent, done;              /* lock: packets put into the ring, and done by the device */
	u32 seen_done, stalled;      /* watchdog's: `done` at its last look; looks without change */
};

/* One source of received frames (a queue of the device). */
struct netif_poll {
	struct list link;            /* its CPU's list, interrupts off */
	struct netif *nif;           /* I */
	/* Handles at most `budget` frames and finished sends: how many. If fewer, it has called
	 * netif_poll_done() before, and unmasked its interrupt if that said so. */
	int (*poll)(struct netif_poll *np, int budget);
	u32 state;                   /* a: POLL_* of dev/netif_poll.c */
	void *private;               /* driver's */
};

/* I: constant after registration.  c: config lock.  l: lock.  a: atomic, or torn reads harmless. */
struct netif {
	struct refcount refs;
	struct list link;            /* c; readers RCU */
	char name[NETIF_NAME];       /* c; readers RCU */
	u32 index;                   /* I: 1 … */
	u16 type;                    /* I: ARPHRD_* */
	u8 address_length;           /* I */
	u8 address[LINK_ADDRESS], broadcast[LINK_ADDRESS]; /* c */
	u8 permanent[LINK_ADDRESS];  /* I: as the device came */
	u32 header_length;           /* I: of the link header: 14; loopback has one of zeros and the
				      * protocol */
	u32 mtu, min_mtu, max_mtu;   /* c; I; I */
	u32 flags;                   /* a, c to change: IFF_UP, IFF_BROADCAST … as user space sets
				      * them, without IFF_RUNNING, IFF_LOWER_UP (netif_flags()
				      * adds) */
	u32 promiscuous, all_multicast; /* c: how many want it */
	bool carrier;                /* a: the link is up */
	bool carrier_told;           /* c: what the watches were told */
	bool gone;                   /* a, c to change: netif_unregister() has begun: what would
				      * keep a reference for long refuses */
	u32 features, offered_features; /* c; I: enum netif_features in use; that can be */
	bool segments_joint;         /* I: segments that the device makes of a packet are lost
				      * together: it gets none of packets with `lossy` */
	u32 queue_length;            /* a, c to change: of tx queue, packets */
	const struct netif_ops *ops; /* I */
	bool lockless;               /* I: ops->send() takes packets on any CPU at the same time
				      * without tx[].lock, and always */
	u32 n_tx;                    /* I */
	struct netif_tx tx[NETIF_QUEUES];
	struct netif_counts *counts; /* a: of each CPU */
	struct spinlock lock;        /* RANK_NETIF: multicast */
	struct list multicast;       /* l: link addresses to listen to, struct netif_group */
	void *inet4;                 /* c; readers RCU: addresses and settings of IPv4 */
	void *inet6;                 /* the same of IPv6 */
	void *mld;                   /* c: groups of IPv6, which stay while inet6 is not there */
	void *neighbours;            /* net/link: settings of its neighbours; set once, freed with
				      * it */
	struct pci_device *pci;      /* I: the device behind it; NULL: none */
	void *private;               /* driver's */
	struct soft_timer watchdog;  /* armed while packets are sent */
	struct work carrier_work, timeout_work;
	struct rcu_head rcu;
};

struct netif_group { struct list link; u8 address[LINK_ADDRESS]; u32 users; };

/* Driver's side ------------------------------------------------------------------------------- */

/* An interface with the defaults of Ethernet, not registered, no carrier: or NULL. */
struct netif *netif_alloc(const struct netif_ops *ops, void *private);
/* Frees one that was never registered. */
void netif_free(struct netif *nif);
/* Gives it a name from a pattern ("eth%d") and an index and makes it known: 0, -ENOMEM, -EEXIST,
 * -EINVAL (the name), -ENFILE (no number is left). Thread context, without the config lock. */
int netif_register(struct netif *nif, const char *pattern);
/* Closes it, tells everybody, waits until nobody uses it, frees it. Thread context, without the
 * config lock. */
void netif_unregister(struct netif *nif);
void netif_poll_init(struct netif_poll *np, struct netif *nif,
		     int (*poll)(struct netif_poll *np, int budget));
/* From the interrupt handler, its source masked, or whoever knows that there is something to do.
 * Any context. */
void netif_poll_schedule(struct netif_poll *np);
/* Ends a round: true, or false if it was scheduled again meanwhile: it will be polled, so that the
 * interrupt stays masked. Soft work (poll). */
bool netif_poll_done(struct netif_poll *np);
/* Nothing is polled until enabled again; waits for a poll that runs. Thread context. */
void netif_poll_disable(struct netif_poll *np);
void netif_poll_enable(struct netif_poll *np);
/* A frame from the device, its link header first, takes the packet. Soft work (poll). */
void netif_receive(struct netif *nif, struct packet *p);
/* The same at this CPU's next safe point, not within the caller: for interfaces that answer
 * themselves, and copies of what is sent. Dropped if too many wait. Soft work or thread. */
void netif_receive_later(struct netif *nif, struct packet *p);
/* There is room in the ring of queue q again: sends what waits. Soft work or thread. */
void netif_wake(struct netif *nif, unsigned q);
/* Nothing is sent until netif_start_sending(): packets wait in the queues. Around the restart of a
 * device. Thread context. */
void netif_stop_sending(struct netif *nif);
void netif_start_sending(struct netif *nif);
/* The link went up or came down. Any context: those who want to know are told from a work queue. */
void netif_set_carrier(struct netif *nif, bool up);
/* This CPU's sums, for adding. Soft work or thread. */
struct netif_counts *netif_counts(struct netif *nif);

static inline bool netif_is_promiscuous(const struct netif *nif) { return nif->promiscuous; }
static inline bool netif_is_all_multicast(const struct netif *nif) { return nif->all_multicast; }

/* Protocols' side ----------------------------------------------------------------------------- */

void netif_config_lock(void);
void netif_config_unlock(void);
bool netif_config_locked(void); /* for assertions */
/* By name or index, with a reference, or NULL. Any context but handlers. */
struct netif *netif_by_name(const char *name);
struct netif *netif_by_index(u32 index);
/* The one with the next higher index, with a reference, or NULL. Any context but handlers. */
struct netif *netif_next(u32 index);
static inline void netif_get(struct netif *nif) { ref_get(&nif->refs); }
void netif_put(struct netif *nif);
/* Calls fn for each, by index, under the config lock (which the caller holds). */
void netif_each(void (*fn)(struct netif *nif, void *arg), void *arg);
/* Flags as user space sees them. */
u32 netif_flags(const struct netif *nif);
/* IF_OPER_* (RFC 2863). */
unsigned netif_operstate(const struct netif *nif);
/* All CPUs' sums and the device's. Thread context. */
void netif_count_sum(struct netif *nif, struct netif_counts *out);
/* Sends a whole frame (link header included), taking it: 0, -ENETDOWN, -ENOBUFS (dropped). Splits,
 * linearizes and sums what the device does not do. nif, protocol and the offset of the network
 * header are set. Soft work or thread, no config lock needed. */
int netif_send(struct packet *p);
/* Calls a->fn() soon: when no more frames are there on this CPU, or enough were handled (64). It
 * must not be asked for again before fn was called. Soft work. */
void netif_after_round(struct netif_after *a);
/* Changes, with the config lock: 0 or -errno. Everybody is told (netif_watch()). */
int netif_set_flags(struct netif *nif, u32 flags);
int netif_set_mtu(struct netif *nif, u32 mtu);
int netif_set_address(struct netif *nif, const u8 *address);
int netif_set_name(struct netif *nif, const char *name);
int netif_set_features(struct netif *nif, u32 features);
int netif_set_queue_length(struct netif *nif, u32 packets);
int netif_reset(struct netif *nif);
int netif_add_promiscuous(struct netif *nif, int delta);
int netif_add_all_multicast(struct netif *nif, int delta);
/* Listens to a link address (counted): 0 or -ENOMEM. Soft work or thread. */
int netif_join(struct netif *nif, const u8 *address);
void netif_leave(struct netif *nif, const u8 *address);
/* Whether somebody listens to the link address. */
bool netif_is_member(struct netif *nif, const u8 *address);

/* Who gets received frames of a protocol. receive() takes the packet; data is behind the link
 * header; soft work, under RCU. Registered at boot, constant. */
struct netif_protocol {
	u16 protocol;          /* ETH_P_*, host order */
	void (*receive)(struct packet *p);
	struct netif_protocol *next;
};
void netif_protocol_register(struct netif_protocol *protocol);
/* Who looks at every frame, in both directions (packet sockets): tap(p) looks at the packet with
 * its link header and must not change or keep it (clone it). Soft work or thread, under RCU. */
struct netif_tap {
	struct list link;
	struct netif *nif;     /* NULL: all */
	u16 protocol;          /* ETH_P_*; ETH_P_ALL: those that are sent, too */
	void (*tap)(struct netif_tap *tap, struct packet *p);
};
void netif_tap_add(struct netif_tap *tap);
/* Takes it off: it is called no more after a grace period of RCU, so the caller frees it then. */
void netif_tap_remove(struct netif_tap *tap);
/* Counts those who want received packets to bear the time (packet->stamp_ns). */
void netif_want_stamps(int delta);
/* Told when a packet with `stamps` set is queued for its device, or given to it (enum
 * PACKET_STAMP_*); p->sock is whom it is charged to. Locks of sockets may be held, and the packet
 * has its headers. Set at boot. */
extern void (*netif_stamp_fn)(struct packet *p, u8 what);

/* Who wants to know of changes. Called with the config lock, thread context; in order of
 * registration. Interfaces that are there already are told as ADDED, and UP, at once. */
enum netif_event { NETIF_ADDED, NETIF_GONE, NETIF_UP, NETIF_DOWN, NETIF_CARRIER, NETIF_CHANGED };
struct netif_watch {
	struct list link;
	/* NULL, or: the interface goes up, its flags say so; before NETIF_UP. 0, or -errno: it
	 * goes down again, told as NETIF_DOWN. */
	int (*up)(struct netif_watch *watch, struct netif *nif);
	void (*fn)(struct netif_watch *watch, struct netif *nif, enum netif_event event);
};
void netif_watch(struct netif_watch *watch);

/* Boot: the list, soft work, the loopback interface. */
void netif_init(void);
