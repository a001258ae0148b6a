/*
 * IGMP on the wire (RFC 1112, 2236, 3376), and what is kept of the groups of an interface.
 */
#pragma once

#include "net/ip4/ip4.h"

struct igmp_header { u8 type, code; be16 sum; be32 group; } __packed;
struct igmp_query3 { struct igmp_header header; u8 qrv, qqic; be16 n; be32 source[]; } __packed;
struct igmp_record { u8 type, aux; be16 n; be32 group; be32 source[]; } __packed;
struct igmp_report3 { u8 type, reserved; be16 sum, reserved2, n; } __packed;

enum igmp_type { IGMP_QUERY = 0x11, IGMP_REPORT1 = 0x12, IGMP_REPORT2 = 0x16, IGMP_LEAVE = 0x17,
		 IGMP_REPORT3 = 0x22 };
enum igmp_record_type { IGMP_IS_INCLUDE = 1, IGMP_IS_EXCLUDE, IGMP_TO_INCLUDE, IGMP_TO_EXCLUDE };

/* What a message asks; pure. */
struct igmp_heard {
	u8 type;                 /* IGMP_QUERY, or a report of another host */
	u8 version;              /* of a query: 1, 2, 3 */
	be32 group;              /* 0: all */
	u32 within_ms;           /* a query's: answer within */
	u8 robustness;           /* of version 3; 0: as we please */
};
/* Reads n bytes, whose sum is checked: false if it is none of ours to know. */
bool igmp_parse(const u8 *bytes, u32 n, struct igmp_heard *out);

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
