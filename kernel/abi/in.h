/*
 * abi/in.h - IPv4 sockets: options, control data and what they carry (ip(7)), the queue of errors,
 * routes and neighbours of the classic calls (route(8), arp(7)). Numbers are in network order where
 * Linux has them so.
 */
#ifndef ABI_IN_H
#define ABI_IN_H

#include "abi/socket.h"
#include "abi/types.h"

#define IP_ROUTER_ALERT		5
#define IP_RETOPTS		7
#define IP_PKTOPTIONS		9
#define IP_TRANSPARENT		19
#define IP_ORIGDSTADDR		20
#define IP_RECVORIGDSTADDR	IP_ORIGDSTADDR
#define IP_MINTTL		21
#define IP_NODEFRAG		22
#define IP_CHECKSUM		23
#define IP_BIND_ADDRESS_NO_PORT	24
#define IP_RECVFRAGSIZE		25
#define IP_UNBLOCK_SOURCE	37
#define IP_BLOCK_SOURCE		38
#define IP_ADD_SOURCE_MEMBERSHIP	39
#define IP_DROP_SOURCE_MEMBERSHIP	40
#define IP_MSFILTER		41
#define MCAST_JOIN_GROUP	42
#define MCAST_BLOCK_SOURCE	43
#define MCAST_UNBLOCK_SOURCE	44
#define MCAST_LEAVE_GROUP	45
#define MCAST_JOIN_SOURCE_GROUP	46
#define MCAST_LEAVE_SOURCE_GROUP	47
#define MCAST_MSFILTER		48
#define IP_MULTICAST_ALL	49
#define IP_UNICAST_IF		50
#define IP_LOCAL_PORT_RANGE	51

#define MCAST_EXCLUDE	0
#define MCAST_INCLUDE	1

#define IP_PMTUDISC_DONT	0
#define IP_PMTUDISC_WANT	1
#define IP_PMTUDISC_DO		2
#define IP_PMTUDISC_PROBE	3
#define IP_PMTUDISC_INTERFACE	4
#define IP_PMTUDISC_OMIT	5

struct ip_mreq {
	struct in_addr imr_multiaddr;
	struct in_addr imr_interface;
};

struct ip_mreqn {
	struct in_addr imr_multiaddr;
	struct in_addr imr_address;
	s32 imr_ifindex;
};

struct ip_mreq_source {
	u32 imr_multiaddr;
	u32 imr_interface;
	u32 imr_sourceaddr;
};

/* IP_MSFILTER; addresses of sources follow. */
struct ip_msfilter {
	u32 imsf_multiaddr;
	u32 imsf_interface;
	u32 imsf_fmode;		/* MCAST_* */
	u32 imsf_numsrc;
};

struct in_pktinfo {
	s32 ipi_ifindex;
	struct in_addr ipi_spec_dst;
	struct in_addr ipi_addr;
};

/* IP_RECVERR, IPV6_RECVERR: control data of MSG_ERRQUEUE; a sockaddr of the offender follows. */
struct sock_extended_err {
	u32 ee_errno;
	u8 ee_origin;
	u8 ee_type;
	u8 ee_code;
	u8 ee_pad;
	u32 ee_info;
	u32 ee_data;
};
#define SO_EE_ORIGIN_NONE	0
#define SO_EE_ORIGIN_LOCAL	1
#define SO_EE_ORIGIN_ICMP	2
#define SO_EE_ORIGIN_ICMP6	3
#define SO_EE_ORIGIN_TIMESTAMPING	4

/* IPPROTO_UDP */
#define UDP_CORK	1
#define UDPLITE_SEND_CSCOV	10
#define UDPLITE_RECV_CSCOV	11
#define UDP_ENCAP	100
#define UDP_NO_CHECK6_TX	101
#define UDP_NO_CHECK6_RX	102
#define UDP_SEGMENT	103
#define UDP_GRO		104

/* SOL_RAW */
#define ICMP_FILTER	1
struct icmp_filter {
	u32 data;
};

/* SIOCADDRT, SIOCDELRT */
#define RTF_UP		0x0001
#define RTF_GATEWAY	0x0002
#define RTF_HOST	0x0004
#define RTF_REINSTATE	0x0008
#define RTF_DYNAMIC	0x0010
#define RTF_MODIFIED	0x0020
#define RTF_MTU		0x0040
#define RTF_WINDOW	0x0080
#define RTF_IRTT	0x0100
#define RTF_REJECT	0x0200
/* of in6_rtmsg and /proc/net/ipv6_route */
#define RTF_DEFAULT	0x00010000
#define RTF_ADDRCONF	0x00040000
#define RTF_EXPIRES	0x00400000
#define RTF_ANYCAST	0x00100000
#define RTF_LOCAL	0x80000000

struct rtentry {
	u64 rt_pad1;
	struct sockaddr rt_dst;
	struct sockaddr rt_gateway;
	struct sockaddr rt_genmask;
	u16 rt_flags;
	s16 rt_pad2;
	u64 rt_pad3;
	u64 rt_pad4;
	s16 rt_metric;		/* one more than it counts */
	u64 rt_dev;		/* user address of the interface's name, or 0 */
	u64 rt_mtu;
	u64 rt_window;
	u16 rt_irtt;
};
static_assert(sizeof(struct rtentry) == 120, "struct rtentry");

/* SIOCSARP, SIOCDARP, SIOCGARP */
#define ATF_COM		0x02
#define ATF_PERM	0x04
#define ATF_PUBL	0x08
#define ATF_USETRAILERS	0x10
#define ATF_NETMASK	0x20
#define ATF_DONTPUB	0x40

struct arpreq {
	struct sockaddr arp_pa;
	struct sockaddr arp_ha;
	s32 arp_flags;
	struct sockaddr arp_netmask;
	char arp_dev[16];
};

/* ioctl(2) of datagram sockets */
#define SIOCINQ		0x541b
#define SIOCOUTQ	0x5411

#endif
