/*
 * The groups of an interface, and telling routers of them: what IGMP (RFC 3376) and MLD (RFC 3810)
 * have in common, which is all but the messages.
 *
 * What the interface wants of a group is what its sockets and the kernel want together (RFC 3376,
 * 3.2; RFC 3810, 4.2): if any takes everything but some sources, then everything but what all such
 * refuse and nobody asks for; else the sources that are asked for. A change is told at once and
 * again some times, as the whole new state (TO_IN, TO_EX): routers come to the same state by that
 * as by differences. Where a querier is older than the newest version, it is told in its own.
 *
 * Locks: config lock for changes of groups, and the state's own lock, which soft work takes alone;
 * membership is read under RCU.
 */
#pragma once

#include "dev/netif.h"
#include "net/inet/inet_member.h"
#include "net/inet/mcast_due.h"
#include "sched/soft.h"

/* Of a record, in both protocols. */
enum mcast_record { MCAST_IS_INCLUDE = 1, MCAST_IS_EXCLUDE, MCAST_TO_INCLUDE, MCAST_TO_EXCLUDE };

/* What is a protocol's own. Versions count from 1. */
struct mcast_protocol {
	const char *name;         /* of the lock */
	int newest;               /* the version that has records with sources */
	int leave_since;          /* the first one that has a message for leaving */
	u64 old_querier_ns;       /* how long one is remembered */
	const s32 *robustness;    /* the setting */
	/* The version that is forced on an interface, or 0. Any context. */
	s32 (*forced)(const struct netif *nif);
	/* Whether routers are told of the group where they are told of any. Any context. */
	bool (*is_told)(const struct ipaddr *group);
	/* Sends a report, or that the group was left, of an old version; or a record of the newest
	 * one. Soft work or thread, no lock. */
	void (*send_old)(struct netif *nif, int version, bool leave, const struct ipaddr *group);
	void (*send_record)(struct netif *nif, enum mcast_record type, const struct ipaddr *group,
			    const struct ipaddr *sources, u32 n);
};

struct mcast_source { struct ipaddr address; u32 include, exclude; }; /* sockets that do */

/* A group. l: the state's lock.  c: config lock.  R: readers under RCU. */
struct mcast_group {
	struct mcast_group *next;  /* c, l; R */
	struct ipaddr address;     /* I */
	u32 users, exclude_users;  /* c, l: sockets and the kernel; those that exclude */
	struct mcast_source *sources; /* c, l */
	u32 n_sources;             /* c, l */
	struct mcast_due due;      /* l */
	bool last_reporter;        /* l: of an old version: it is for us to say that we leave */
	struct rcu_head rcu;
};

enum { MCAST_OLD_VERSIONS = 2 };

/* One for each interface and protocol. */
struct mcast_state {
	struct netif *nif;         /* I */
	const struct mcast_protocol *protocol; /* I */
	struct spinlock lock;
	struct mcast_group *groups; /* c, l; R */
	struct mcast_dues dues;    /* l: which of them are to be told of, and when */
	u64 old_until[MCAST_OLD_VERSIONS]; /* l: of version 1, 2: a querier was heard */
	u8 robustness;             /* l: of the querier */
	bool up;                   /* l */
	struct soft_timer timer;   /* l */
	struct rcu_head rcu;
};

/* A fresh state, which is down, or NULL: no memory. */
struct mcast_state *mcast_state_make(struct netif *nif, const struct mcast_protocol *protocol);
/* Of one that is down; readers under RCU may be there. Config lock. */
void mcast_state_free(struct mcast_state *s);
/* The interface came up, or has another address to tell from: groups are told of (again); or it
 * went down. True if it was up before. Config lock. */
bool mcast_up(struct mcast_state *s);
bool mcast_down(struct mcast_state *s);
/* What is told is of the newest version again. Config lock. */
void mcast_forget_queriers(struct mcast_state *s);
/* Whether there is the group. Under RCU. */
bool mcast_is_member(const struct mcast_state *s, const struct ipaddr *group);
struct mcast_group *mcast_find(struct mcast_state *s, const struct ipaddr *group); /* c or l */
/* A user's wish changed: 0 or -ENOMEM. Taking away never fails. Config lock. */
int mcast_change(struct mcast_state *s, const struct ipaddr *group, const struct inet_part *from,
		 const struct inet_part *to);

/* A querier was heard: of which version, about which group (any: all), within what time it wants
 * answers, and how many times it wants everything said (0: it does not say). Soft work. */
void mcast_queried(struct mcast_state *s, int version, const struct ipaddr *group, u32 within_ms,
		   u8 robustness);
/* Another host reported: in old versions that does for all (RFC 2236, 3; RFC 2710, 4). Soft
 * work. */
void mcast_reported_by_other(struct mcast_state *s, const struct ipaddr *group);
/* Listens to a group's link address, or no longer: 0 or -ENOMEM. */
int mcast_listen(struct netif *nif, const struct ipaddr *group);
void mcast_unlisten(struct netif *nif, const struct ipaddr *group);
