/*
 * Groups of IPv6: who listens, and telling routers of it by MLDv2 and, where a querier is older,
 * MLDv1 (RFC 3810, RFC 2710).
 */
#pragma once

#include "net/inet/inet_member.h"
#include "net/ip6/ip6.h"

struct mcast_state;

struct mcast_state *mld_state_make(struct netif *nif); /* NULL: no memory */
/* The interface came up, or has a link-local address now: groups are told of (again); or it went
 * down. Config lock. */
void mld_up(struct netif *nif);
void mld_down(struct netif *nif);
/* The kernel's own memberships (solicited-node groups, all routers), counted: 0 or -ENOMEM. All
 * nodes' group is always joined. Config lock. */
int mld_join(struct netif *nif, const struct ipaddr *group);
void mld_leave(struct netif *nif, const struct ipaddr *group);
/* Whether this machine is a member of a group on an interface. Under RCU. */
bool mld_is_member(const struct netif *nif, const struct ipaddr *group);
/* A socket's wish changed: 0 or -ENOMEM. A wish to leave is heard where IPv6 is off, too. Config
 * lock. */
int mld_change(struct netif *nif, const struct ipaddr *group, const struct inet_part *from,
	       const struct inet_part *to);

/* ip6_member.c: sockets' memberships. */
bool ip6_wants_multicast(struct inet_sock *i, const struct ipaddr *group,
			 const struct ipaddr *from, u32 nif);
/* IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP, MCAST_*: -ENOPROTOOPT if it is none of them. Thread
 * context. */
int ip6_member_option(struct inet_sock *i, int name, const void __user *value, u32 n);
/* MCAST_MSFILTER: the sources of a membership. Thread context. */
int ip6_member_get(struct inet_sock *i, void __user *value, u32 *n);
void ip6_leave_all(struct inet_sock *i);
