/*
 * What is kept of the groups of an interface, and telling of them.
 */
#pragma once

#include "net/ip6/icmp6.h"
#include "net/ip6/mld.h"
#include "net/ip6/mld_wire.h"

struct mld_source { struct ipaddr address; u32 include, exclude; }; /* sockets that do */

/* A group. l: the interface's mld lock.  c: config lock.  R: readers under RCU. */
struct ip6_group {
	struct ip6_group *next;  /* c, l; R */
	struct ipaddr group;     /* I */
	u32 users, exclude_users; /* c, l: sockets and the kernel; those that exclude */
	struct mld_source *sources; /* c, l */
	u32 n_sources;           /* c, l */
	u64 report_at;           /* l: when to report as asked; 0: not */
	u64 change_at;           /* l: when to tell of a change again; 0: told */
	u8 changes_left;         /* l */
	bool last_reporter;      /* l: version 1: it is for us to say that we leave */
	struct rcu_head rcu;
};

struct mld_state {
	struct netif *nif;       /* I */
	struct spinlock lock;
	struct ip6_group *groups; /* c, l; R */
	u64 v1_until;            /* l: a querier of old was heard */
	u8 robustness;           /* l: of the querier */
	bool up;                 /* l */
	struct soft_timer timer; /* l */
};

/* mld_send.c. Builds and sends; no lock held. */
void mld_send_old(struct netif *nif, u8 type, const struct ipaddr *group);
/* A report of version 2 with one record. */
void mld_send_record(struct netif *nif, u8 type, const struct ipaddr *group,
		     const struct ipaddr *sources, u32 n);
