/*
 * Between what is kept of groups of IPv4 (igmp.c) and the sending of messages (igmp_send.c).
 */
#pragma once

#include "net/inet/mcast.h"
#include "net/ip4/igmp_wire.h"
#include "net/ip4/ip4.h"

/* See struct mcast_protocol. */
void igmp_send_old(struct netif *nif, int version, bool leave, const struct ipaddr *group);
void igmp_send_record(struct netif *nif, enum mcast_record type, const struct ipaddr *group,
		      const struct ipaddr *sources, u32 n);
