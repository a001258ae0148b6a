/*
 * Groups that sockets join and the sources that they want of them (RFC 3376, 2; RFC 3678): what
 * both versions have in common.
 *
 * A membership is a list element of the socket, changed with the config lock, read by soft work
 * under RCU; its list of sources is replaced as a whole.
 */
#pragma once

#include "net/inet/inet.h"

/* What one socket wants of a group: not a member, or all, or what its list of sources says. */
struct inet_part { bool member; const struct inet_sources *filter; };

/* What is a version's own. Called with the config lock. */
struct inet_group_ops {
	bool six;
	/* Whether the interface has the version at all. */
	bool (*is_on)(const struct netif *nif);
	/* A socket's wish changed: the interface's state follows: 0 or -ENOMEM. Taking away never
	 * fails, and may come where the version is off. */
	int (*change)(struct netif *nif, const struct ipaddr *group, const struct inet_part *from,
		      const struct inet_part *to);
	/* How many memberships a socket may have, and sources of one. */
	u32 (*most_members)(void);
	u32 (*most_sources)(void);
};

enum inet_member_op { INET_JOIN, INET_LEAVE, INET_JOIN_SOURCE, INET_LEAVE_SOURCE, INET_BLOCK,
		      INET_UNBLOCK };

/* A request, whatever structure it came in. nif: index, 0: not said. */
struct inet_member_request {
	enum inet_member_op op;
	struct ipaddr group, source;
	u32 nif;
};

/* Reads MCAST_JOIN_GROUP and its like: 0, -EINVAL, -EFAULT, -EADDRNOTAVAIL (a family that is not
 * the version's), -ENOPROTOOPT (another option). Thread context, no lock. */
int inet_member_read(bool six, int name, const void __user *value, u32 n,
		     struct inet_member_request *out);
/* Carries a request out on an interface: 0, -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL, -ENOBUFS,
 * -ENODEV, -ENOMEM. Config lock. */
int inet_member_do(struct inet_sock *i, const struct inet_group_ops *ops,
		   const struct inet_member_request *r, struct netif *nif);
/* The membership of a group on an interface (0: any), or NULL. Config lock. */
struct inet_member *inet_member_find(struct inet_sock *i, const struct ipaddr *group, u32 nif);
/* Replaces the sources of a membership, taking `filter` over (NULL: all are wanted): 0, -ENODEV (no
 * interface), -EINVAL (no membership), -ENOMEM. One that includes nothing leaves the group. Config
 * lock. */
int inet_member_set_sources(struct inet_sock *i, const struct inet_group_ops *ops,
			    const struct ipaddr *group, struct netif *nif,
			    struct inet_sources *filter);
/* MCAST_MSFILTER, both ways, as setsockopt(2) and getsockopt(2) have it. `find`: the interface that
 * is meant if no number says it, referenced, or NULL. Thread context, no lock. */
int inet_msfilter_set(struct inet_sock *i, const struct inet_group_ops *ops,
		      struct netif *(*find)(const struct ipaddr *group),
		      const void __user *value, u32 n);
int inet_msfilter_get(struct inet_sock *i, const struct inet_group_ops *ops, void __user *value,
		      u32 *n);
/* The socket goes: its memberships of a version. Config lock. */
void inet_member_leave_all(struct inet_sock *i, const struct inet_group_ops *ops);
