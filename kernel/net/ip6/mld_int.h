/*
 * Between what is kept of groups of IPv6 (mld.c) and the sending of messages (mld_send.c).
 */
#pragma once

#include "net/inet/mcast.h"
#include "net/ip6/icmp6.h"
#include "net/ip6/mld.h"
#include "net/ip6/mld_wire.h"

/* See struct mcast_protocol. */
void mld_send_old(struct netif *nif, int version, bool leave, const struct ipaddr *group);
void mld_send_record(struct netif *nif, enum mcast_record type, const struct ipaddr *group,
		     const struct ipaddr *sources, u32 n);
