/*
 * abi/if_ether.h - Ethernet: the header, and the protocols that it names (host order here, network
 * order in the header).
 */
#ifndef ABI_IF_ETHER_H
#define ABI_IF_ETHER_H

#include "abi/types.h"

#define ETH_ALEN	6
#define ETH_HLEN	14
#define ETH_ZLEN	60	/* shortest frame, without its check sum */
#define ETH_DATA_LEN	1500
#define ETH_FRAME_LEN	1514
#define ETH_FCS_LEN	4
#define ETH_MIN_MTU	68

#define ETH_P_LOOP	0x0060
#define ETH_P_IP	0x0800
#define ETH_P_ARP	0x0806
#define ETH_P_8021Q	0x8100
#define ETH_P_IPV6	0x86dd
#define ETH_P_8021AD	0x88a8
#define ETH_P_802_3_MIN	0x0600	/* a type below is a length */
/* Not on the wire: */
#define ETH_P_802_3	0x0001	/* a length with 0xffff behind it (Novell) */
#define ETH_P_ALL	0x0003
#define ETH_P_802_2	0x0004	/* a length with an LLC header behind it */

struct ethhdr {
	u8 h_dest[ETH_ALEN];
	u8 h_source[ETH_ALEN];
	u16 h_proto;		/* network order */
} __packed;

#endif
