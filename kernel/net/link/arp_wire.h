/*
 * ARP on the wire (RFC 826). Pure.
 */
#pragma once

#include "net/inet/addr.h"

struct arp_packet {
	be16 hardware, protocol;
	u8 hardware_length, protocol_length;
	be16 operation;
	u8 from_link[6];
	be32 from;
	u8 to_link[6];
	be32 to;
} __packed;
static_assert(sizeof(struct arp_packet) == 28, "arp_packet");

enum { ARP_REQUEST = 1, ARP_REPLY = 2, ARP_ETHERNET = 1 };

/* Whether n bytes are ARP of IPv4 over Ethernet with sane addresses. Pure. */
bool arp_check(const u8 *bytes, u32 n);
