/*
 * Neighbours: the machines on a link, their IP and link addresses, whether they can be reached.
 * One table for both versions of IP; how one asks for an address is the version's (ARP, neighbour
 * discovery), the states are those of RFC 4861, 7.3.2:
 *
 *	INCOMPLETE  asked for, packets wait
 *	REACHABLE   confirmed within the last half minute or so
 *	STALE       known, but nobody has confirmed it lately; nobody sends
 *	DELAY       somebody sends: perhaps a transport will confirm it soon (5 s)
 *	PROBE       asked again, by unicast
 *	FAILED      no answer; packets are refused until a while has passed
 * and two that do not change by themselves: PERMANENT (set by hand), NOARP (computed: broadcast,
 * multicast, links without addresses).
 *
 * The link header of packets to a neighbour is kept ready in its entry, under a sequence counter:
 * sending to a known one copies 14 bytes.
 *
 * Locks: table lock (RANK_NEIGHBOUR) for the hash, under which it is changed and RCU lets read; an
 * entry's own (RANK_NEIGHBOUR_ENTRY) for its state and queue. Packets are never sent with either
 * held.
 */
#pragma once

#include "core/refcount.h"
#include "core/seqlock.h"
#include "dev/netif.h"
#include "net/inet/addr.h"
#include "sched/rcu.h"
#include "sched/soft.h"

/* NUD_* of rtnetlink(7). */
enum neighbour_state {
	NEIGH_NONE = 0, NEIGH_INCOMPLETE = 1, NEIGH_REACHABLE = 2, NEIGH_STALE = 4,
	NEIGH_DELAY = 8, NEIGH_PROBE = 0x10, NEIGH_FAILED = 0x20, NEIGH_NOARP = 0x40,
	NEIGH_PERMANENT = 0x80,
	NEIGH_CONNECTED = NEIGH_PERMANENT | NEIGH_NOARP | NEIGH_REACHABLE,
	NEIGH_VALID = NEIGH_CONNECTED | NEIGH_STALE | NEIGH_DELAY | NEIGH_PROBE,
};

enum { NEIGH_HEADER = 16 }; /* room for a link header */

/* I: constant.  n: lock.  t: table lock; readers RCU.  q: n to change, read under header_seq. */
struct neighbour {
	struct hlist_node link;       /* t */
	struct ipaddr address;        /* I */
	struct netif *nif;            /* I, referenced */
	struct refcount refs;
	struct spinlock lock;
	u32 state;                    /* a, n to change: enum neighbour_state */
	bool dead;                    /* n: not in the table any more */
	bool untold;                  /* n: it waits to be told of (neighbour_watch()) */
	bool confirmed;               /* a: a transport heard from it since the timer ran last */
	bool used;                    /* a: somebody sent to it since the timer ran last */
	bool router;                  /* n: IPv6: it is a router (RFC 4861, 7.2.5) */
	u8 probes;                    /* n: questions asked in this state */
	u8 link_address[LINK_ADDRESS]; /* q */
	u8 header[NEIGH_HEADER];      /* q: link header of its packets */
	struct seqcount header_seq;   /* n to write */
	struct packet_queue queue;    /* n: packets that wait for the address */
	struct soft_timer timer;      /* n */
	u64 updated_ns, used_ns;      /* a: CLOCK_MONOTONIC: state changed; looked for */
	struct rcu_head rcu;
};

/* How a version asks. */
struct neighbour_protocol {
	u16 protocol;                 /* ETH_P_* of packets to these neighbours */
	/* Asks for the address, n->probes questions were asked before; `unicast`: only it. `from`:
	 * source address of a packet that waits, or NULL. No lock held; soft work or thread. */
	void (*solicit)(struct neighbour *n, bool unicast, const struct packet *waiting);
	/* It cannot be reached: takes a packet that waited for it. */
	void (*failed)(struct neighbour *n, struct packet *p);
};
void neighbour_protocol_register(bool six, const struct neighbour_protocol *protocol);

/* The neighbour with an address on a link, made if it is not there: a reference, or NULL: no
 * memory, the table is full, or the interface is going. Spinlocks of sockets may be held. */
struct neighbour *neighbour_get(struct netif *nif, const struct ipaddr *address);
/* Only if it is there. */
struct neighbour *neighbour_find(struct netif *nif, const struct ipaddr *address);
void neighbour_put(struct neighbour *n);

int neighbour_send_slow(struct neighbour *n, struct packet *p);
/* Sends an IP packet (data begins with the IP header) to it, taking it: 0, -EHOSTUNREACH,
 * -ENOBUFS, those of netif_send(). */
int neighbour_send(struct neighbour *n, struct packet *p);
/* A transport got something that shows that the neighbour hears us (RFC 4861, 7.3.1). Any context
 * but handlers. */
static inline void neighbour_confirm(struct neighbour *n)
{
	if (n && !READ_ONCE(n->confirmed))
		WRITE_ONCE(n->confirmed, true);
}

/* What was learned: flags say what for. link_address NULL: none. Soft work or thread: 0, or
 * -EPERM: it is not to be changed by this. */
enum neighbour_update {
	NEIGH_OVERRIDE = 1 << 0,      /* another address than the one known counts, too */
	NEIGH_ADMIN = 1 << 1,         /* by hand: anything may change */
	NEIGH_ROUTER = 1 << 2,        /* it says that it is a router; with NEIGH_ROUTER_KNOWN */
	NEIGH_ROUTER_KNOWN = 1 << 3,
};
int neighbour_update(struct neighbour *n, const u8 *link_address, u32 state, u32 flags);
/* An advertisement of RFC 4861, 7.2.5: link_address NULL: it said none; `override`, `solicited`,
 * `router`: its flags. Whether a router ceased to be one. Soft work or thread. */
bool neighbour_advertised(struct neighbour *n, const u8 *link_address, bool solicited,
			  bool override, bool router);
/* Removes one: 0 or -ENOENT. */
int neighbour_remove(struct netif *nif, const struct ipaddr *address);
/* Calls fn for each, by bucket, under RCU, no lock held: false stops. */
void neighbour_each(bool (*fn)(struct neighbour *n, void *arg), void *arg);
/* The link address of a valid one: false if it has none now. */
bool neighbour_address(struct neighbour *n, u8 *link_address);
/* Sends a packet whose link header is known otherwise: to a link address. Takes it. */
int link_send_to(struct netif *nif, struct packet *p, u16 protocol, const u8 *to, const u8 *from);

/* Times and limits; /proc/sys/net/ipv4/neigh, /proc/sys/net/ipv6/neigh. a. */
struct neighbour_settings {
	u32 reachable_ms, delay_s, stale_s, retrans_ms;
	u32 unicast_probes, multicast_probes, queue_bytes;
	u32 gc_least, gc_soft, gc_most; /* entries: no ageing below; aged at once above; none more
					 * above */
};
extern struct neighbour_settings neighbour_settings[2]; /* IPv4, IPv6: limits of the table; what
							 * new interfaces begin with */
/* Those of an interface, without the limits; routers set some (RFC 4861, 6.3.4). */
struct neighbour_settings *neighbour_netif_settings(const struct netif *nif, bool six);
u32 neighbour_count(bool six);

/* Who wants to know of entries that change: one, registered at boot. */
struct neighbour_watch {
	bool (*is_wanted)(void);      /* whether anybody listens now; any lock may be held */
	void (*tell)(struct neighbour *n, bool gone); /* thread context, no lock held */
};
void neighbour_watch(const struct neighbour_watch *w);
