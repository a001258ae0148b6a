/*
 * ARP for IPv4 over Ethernet (RFC 826), and the checks for addresses that two machines use
 * (RFC 5227).
 */
#pragma once

#include "net/ip4/ip4.h"
#include "net/link/arp_wire.h"

void arp_init(void);
/* Sends one; `to_link` NULL: to everybody. */
void arp_send(struct netif *nif, u16 operation, be32 from, be32 to, const u8 *target,
	      const u8 *to_link);

/* Address conflict detection: an address is used at once, and meanwhile asked for three times and
 * then announced twice (RFC 5227, 2.1.1, 2.3); if somebody else has it, the log says so. */
void arp_acd_init(struct ip4_addr *a);
/* With the config lock. */
void arp_acd_start(struct ip4_addr *a);
void arp_acd_stop(struct ip4_addr *a);
/* Somebody else, with this link address, says that it has an address of ours. Soft work. */
void arp_acd_conflict(struct ip4_addr *a, const u8 *link_address);

/* Ioctls of arp(7): -ENOTTY if it is none of them. */
long arp_ioctl(struct sock *s, u32 request, u64 arg);
