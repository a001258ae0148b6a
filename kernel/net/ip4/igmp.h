/*
 * What is kept of the groups of an interface, and telling of them.
 */
#pragma once

#include "net/ip4/igmp_wire.h"
#include "net/ip4/ip4.h"

struct igmp_source { be32 address; u32 include, exclude; }; /* sockets that do */

/* A group. l: the interface's igmp lock.  c: config lock.  R: readers under RCU. */
struct ip4_group {
	struct ip4_group *next;  /* c, l; R */
	be32 group;              /* I */
	u32 users, exclude_users; /* c: sockets; those that exclude */
	struct igmp_source *sources; /* c, l */
	u32 n_sources;           /* c, l */
	u64 report_at;           /* l: when to report as asked; 0: not */
	u64 change_at;           /* l: when to tell of a change again; 0: told */
	u8 changes_left;         /* l */
	bool last_reporter;      /* l: version 2: it is for us to say that we leave */
	struct rcu_head rcu;
};

struct igmp_state {
	struct netif *nif;       /* I */
	struct spinlock lock;
	struct ip4_group *groups; /* c, l; R */
	u64 report_all_at;       /* l */
	u64 v1_until, v2_until;  /* l: queriers of old were heard */
	u8 robustness;           /* l: of the querier */
	bool up;                 /* l */
	struct soft_timer timer; /* l */
};

/* igmp_send.c. Builds and sends; no lock held. */
void igmp_send_old(struct netif *nif, u8 type, be32 group);
/* A report of version 3 with one record; sources in network order. */
void igmp_send_record(struct netif *nif, u8 type, be32 group, const be32 *sources, u32 n);
