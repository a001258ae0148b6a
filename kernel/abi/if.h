/*
 * abi/if.h - network interfaces as netdevice(7) has them: flags, hardware types, and the
 * structures of the SIOC* calls.
 */
#ifndef ABI_IF_H
#define ABI_IF_H

#include "abi/socket.h"
#include "abi/types.h"

#define IFNAMSIZ	16

#define IFF_UP		(1 << 0)
#define IFF_BROADCAST	(1 << 1)
#define IFF_DEBUG	(1 << 2)
#define IFF_LOOPBACK	(1 << 3)
#define IFF_POINTOPOINT	(1 << 4)
#define IFF_NOTRAILERS	(1 << 5)
#define IFF_RUNNING	(1 << 6)
#define IFF_NOARP	(1 << 7)
#define IFF_PROMISC	(1 << 8)
#define IFF_ALLMULTI	(1 << 9)
#define IFF_MASTER	(1 << 10)
#define IFF_SLAVE	(1 << 11)
#define IFF_MULTICAST	(1 << 12)
#define IFF_PORTSEL	(1 << 13)
#define IFF_AUTOMEDIA	(1 << 14)
#define IFF_DYNAMIC	(1 << 15)
#define IFF_LOWER_UP	(1 << 16)
#define IFF_DORMANT	(1 << 17)
#define IFF_ECHO	(1 << 18)

#define IF_OPER_UNKNOWN		0
#define IF_OPER_NOTPRESENT	1
#define IF_OPER_DOWN		2
#define IF_OPER_LOWERLAYERDOWN	3
#define IF_OPER_TESTING		4
#define IF_OPER_DORMANT		5
#define IF_OPER_UP		6

#define ARPHRD_ETHER	1
#define ARPHRD_LOOPBACK	772
#define ARPHRD_NONE	0xfffe

struct ifmap {
	u64 mem_start;
	u64 mem_end;
	u16 base_addr;
	u8 irq;
	u8 dma;
	u8 port;
};

struct ifreq {
	char ifr_name[IFNAMSIZ];
	union {
		struct sockaddr ifr_addr;
		struct sockaddr ifr_hwaddr;
		s16 ifr_flags;
		s32 ifr_ifindex;	/* also metric, mtu, queue length */
		struct ifmap ifr_map;
		char ifr_newname[IFNAMSIZ];
		u64 ifr_data;		/* user address */
	};
};

struct ifconf {
	s32 ifc_len;
	u64 ifc_buf;			/* user address: struct ifreq[] */
};

#endif
