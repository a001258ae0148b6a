/*
 * Published addresses: other machines' that we answer for on a link, as `arp -s … pub` and `ip
 * neigh add proxy` ask for, if we route to them by another one.
 *
 * Lock: the interfaces' config lock to change; readers RCU.
 */
#pragma once

#include "dev/netif.h"
#include "net/inet/addr.h"

/* On a link, or (nif NULL) on all: 0, also if it is published already, or -ENOMEM. Config lock. */
int published_add(struct netif *nif, const struct ipaddr *address);
/* 0 or -ENOENT. Config lock. */
int published_remove(struct netif *nif, const struct ipaddr *address);
/* Whether it is on this link or on all. Soft work, or under RCU. */
bool published_on(const struct netif *nif, const struct ipaddr *address);
/* Calls fn for each, nif NULL: on all links; false stops. Config lock. */
void published_each(bool (*fn)(struct netif *nif, const struct ipaddr *address, void *arg),
		    void *arg);

/* Boot, after netif_init(). */
void published_init(void);
