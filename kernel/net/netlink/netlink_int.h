/* Between the files of netlink. */
#pragma once

#include "net/netlink/netlink.h"
#include "sched/mutex.h"

struct route_metrics;

#define NL_GROUPS 64
#define NL_OUT 7168 /* fits, with its end, into the 8 KiB that programs receive into */

/* I: constant.  t: nl_table.lock.  d: dump_lock.  a: atomic. */
struct netlink_sock {
	struct sock sock;           /* must be first */
	const struct cred *maker;   /* I */
	u32 port;                   /* t: own address, 0: none */
	u32 peer_port, peer_groups; /* a: of connect(2) */
	u64 groups;                 /* t: joined; bit n is group n + 1 */
	bool want_pktinfo, no_enobufs, cap_ack; /* a */
	bool congested;             /* a: something was lost, and the reader not told */
	struct mutex dump_lock;     /* RANK_NETLINK */
	bool dumping;               /* d */
	struct nl_dump dump;        /* d */
};

/* Where a queued packet is from, in its cb. */
struct nl_from { u32 port, group, pid, uid, gid; };
extern const struct nl_from nl_kernel; /* all zero: the kernel, to nobody else */

static inline struct netlink_sock *netlink_sock(struct sock *s)
{
	return (struct netlink_sock *)s;
}

/* Going through all that have a port, in the order they got it: the one after `prev` (whose
 * reference is dropped; NULL: the first), with a reference, or NULL, also if `prev` has left. */
struct netlink_sock *netlink_next(struct netlink_sock *prev);
/* netlink_show.c: boot. */
void netlink_show_init(void);
/* The kernel tells the members of a group; NULL as p: it could not be had. */
void nl_multicast(int protocol, u32 group, struct packet *p);
/* Queues a packet, which it takes: 0, -ENOBUFS. */
int nl_queue(struct netlink_sock *n, struct packet *p, const struct nl_from *from);
/* Something for the socket was lost: its reader is told. */
void nl_lost(struct netlink_sock *n);
/* Handles the requests in `size` bytes; `named` as in struct nl_request. */
void nl_requests(struct netlink_sock *n, const void *data, u32 size, bool named);
/* Writes the next part of a dump, if there is one. */
void nl_dump_more(struct netlink_sock *n);
/* Begins a dump, which keeps a copy of the request's payload if it shall: 0, -EOPNOTSUPP (fill is
 * NULL), -EBUSY (another is on its way), -ENOMEM. */
int nl_dump_start(struct nl_request *r, int (*fill)(struct nl_dump *d, struct nl_out *out),
		  bool keep);
/* The dump is over. With dump_lock. */
void nl_dump_stop(struct netlink_sock *n);
/* rtnl.c: 0 or -errno, 1 if a dump began. */
int rtnl_request(struct nl_request *r);
/* diag.c: the same of NETLINK_SOCK_DIAG. */
int diag_request(struct nl_request *r);
void diag_inet_init(void);
/* uevent.c: the same of NETLINK_KOBJECT_UEVENT. */
int uevent_request(struct nl_request *r);
void uevent_net_init(void);
/* Boot: handlers of each kind of object. */
void rtnl_link_init(void);
void rtnl_addr_init(void);
void rtnl_route_init(void);
void rtnl_neighbour_init(void);
void rtnl_link6_init(void);
void rtnl_addr6_init(void);
void rtnl_route6_init(void);
/* rtnl_link6.c: IPv6's part of a link's message; sets what such a part says: 0 or -errno. Config
 * lock. */
void rtnl_put_link6(struct nl_out *out, const struct netif *nif);
int rtnl_set_link6(struct netif *nif, const struct nlattr *spec);
void rtnl_rule_init(void);

/*
 * A dump that goes through objects in an order that holds while it is read, with a lock. d->at[1]
 * tells how many of them were written or passed by; of several lists d->at[0] tells which one.
 */
struct nl_walk { struct nl_dump *d; struct nl_out *out; u64 n; bool full; };

/* Whether the next object is one that is still to come. */
static inline bool nl_walk_due(struct nl_walk *w)
{
	return w->n++ >= w->d->at[1];
}

/* The object was written, if it fitted: whether to go on. */
static inline bool nl_walk_wrote(struct nl_walk *w, bool fits)
{
	if (fits)
		w->d->at[1] = w->n;
	else
		w->full = true;
	return fits;
}

/* Whether objects of this interface are to come; of that, d->at[0] is the number. */
bool nl_walk_enter(struct nl_walk *w, const struct netif *nif);
/* A dump's fill() that calls each() with every interface, with the config lock. `arg` is a struct
 * nl_walk. */
int nl_walk_netifs(struct nl_dump *d, struct nl_out *out,
		   void (*each)(struct netif *nif, void *arg));

#define ROUTE_ROOM 512 /* of one message about a route */
/* rtnl_found.c: RTM_GETROUTE of one: answers with the route that a packet would take, of either
 * version. 0, -EINVAL, those of route_output(), -ENOBUFS. Thread context, no lock held. */
int rtnl_route_answer(struct nl_request *r);
/* rtnl_metrics.c: a route's RTA_METRICS, if it has any; and what such an attribute says: 0 or
 * -EINVAL. */
void rtnl_metrics_put(struct nl_out *out, const struct route_metrics *m);
int rtnl_metrics_parse(const struct nlattr *nest, struct route_metrics *m);
