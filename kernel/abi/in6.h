/*
 * abi/in6.h - IPv6 sockets: options, control data and what they carry (ipv6(7), RFC 3493,
 * RFC 3542), groups of either version by socket addresses, the classic calls for addresses and
 * routes, the filter of raw ICMPv6 sockets.
 */
#ifndef ABI_IN6_H
#define ABI_IN6_H

#include "abi/socket.h"
#include "abi/types.h"

#define IPV6_ADDRFORM		1
#define IPV6_2292PKTINFO	2
#define IPV6_2292HOPOPTS	3
#define IPV6_2292DSTOPTS	4
#define IPV6_2292RTHDR		5
#define IPV6_2292PKTOPTIONS	6
#define IPV6_CHECKSUM		7
#define IPV6_2292HOPLIMIT	8
#define IPV6_FLOWINFO		11
#define IPV6_UNICAST_HOPS	16
#define IPV6_MULTICAST_IF	17
#define IPV6_MULTICAST_HOPS	18
#define IPV6_MULTICAST_LOOP	19
#define IPV6_ADD_MEMBERSHIP	20
#define IPV6_DROP_MEMBERSHIP	21
#define IPV6_ROUTER_ALERT	22
#define IPV6_MTU_DISCOVER	23
#define IPV6_MTU		24
#define IPV6_RECVERR		25
#define IPV6_V6ONLY		26
#define IPV6_JOIN_ANYCAST	27
#define IPV6_LEAVE_ANYCAST	28
#define IPV6_MULTICAST_ALL	29
#define IPV6_FLOWLABEL_MGR	32
#define IPV6_FLOWINFO_SEND	33
#define IPV6_HDRINCL		36
#define IPV6_RECVPKTINFO	49
#define IPV6_PKTINFO		50
#define IPV6_RECVHOPLIMIT	51
#define IPV6_HOPLIMIT		52
#define IPV6_RECVHOPOPTS	53
#define IPV6_HOPOPTS		54
#define IPV6_RTHDRDSTOPTS	55
#define IPV6_RECVRTHDR		56
#define IPV6_RTHDR		57
#define IPV6_RECVDSTOPTS	58
#define IPV6_DSTOPTS		59
#define IPV6_RECVPATHMTU	60
#define IPV6_PATHMTU		61
#define IPV6_DONTFRAG		62
#define IPV6_RECVTCLASS		66
#define IPV6_TCLASS		67
#define IPV6_AUTOFLOWLABEL	70
#define IPV6_ADDR_PREFERENCES	72
#define IPV6_MINHOPCOUNT	73
#define IPV6_ORIGDSTADDR	74
#define IPV6_RECVORIGDSTADDR	IPV6_ORIGDSTADDR
#define IPV6_TRANSPARENT	75
#define IPV6_UNICAST_IF		76
#define IPV6_RECVFRAGSIZE	77
#define IPV6_FREEBIND		78

#define IPV6_PMTUDISC_DONT	0
#define IPV6_PMTUDISC_WANT	1
#define IPV6_PMTUDISC_DO	2
#define IPV6_PMTUDISC_PROBE	3
#define IPV6_PMTUDISC_INTERFACE	4
#define IPV6_PMTUDISC_OMIT	5

/* IPV6_ADDR_PREFERENCES (RFC 5014) */
#define IPV6_PREFER_SRC_TMP	0x0001
#define IPV6_PREFER_SRC_PUBLIC	0x0002
#define IPV6_PREFER_SRC_PUBTMP_DEFAULT	0x0100
#define IPV6_PREFER_SRC_COA	0x0004
#define IPV6_PREFER_SRC_HOME	0x0400
#define IPV6_PREFER_SRC_CGA	0x0008
#define IPV6_PREFER_SRC_NONCGA	0x0800

/* IPV6_FLOWLABEL_MGR */
#define IPV6_FL_A_GET	0
#define IPV6_FL_A_PUT	1
#define IPV6_FL_A_RENEW	2
#define IPV6_FL_F_CREATE	1
#define IPV6_FL_F_EXCL	2
#define IPV6_FL_F_REFLECT	4
#define IPV6_FL_F_REMOTE	8
#define IPV6_FL_S_NONE	0
#define IPV6_FL_S_EXCL	1
#define IPV6_FL_S_PROCESS	2
#define IPV6_FL_S_USER	3
#define IPV6_FL_S_ANY	255
struct in6_flowlabel_req {
	struct in6_addr flr_dst;
	u32 flr_label; /* big-endian */
	u8 flr_action;
	u8 flr_share;
	u16 flr_flags;
	u16 flr_expires;
	u16 flr_linger;
	u32 __flr_pad;
};
static_assert(sizeof(struct in6_flowlabel_req) == 32, "struct in6_flowlabel_req");

struct in6_pktinfo {
	struct in6_addr ipi6_addr;
	s32 ipi6_ifindex;
};

struct ip6_mtuinfo {
	struct sockaddr_in6 ip6m_addr;
	u32 ip6m_mtu;
};

struct ipv6_mreq {
	struct in6_addr ipv6mr_multiaddr;
	s32 ipv6mr_ifindex;
};

/* MCAST_JOIN_GROUP and its like (abi/in.h; RFC 3678) */
struct group_req {
	u32 gr_interface;
	u32 __pad0;
	struct sockaddr_storage gr_group;
};

struct group_source_req {
	u32 gsr_interface;
	u32 __pad0;
	struct sockaddr_storage gsr_group;
	struct sockaddr_storage gsr_source;
};

/* MCAST_MSFILTER: so many sockaddr_storage follow. */
struct group_filter {
	u32 gf_interface;
	u32 __pad0;
	struct sockaddr_storage gf_group;
	u32 gf_fmode;
	u32 gf_numsrc;
};
static_assert(sizeof(struct group_filter) == 144, "struct group_filter");

/* IPPROTO_ICMPV6 */
#define ICMPV6_FILTER	1
struct icmp6_filter {
	u32 data[8];
};

/* SIOCSIFADDR, SIOCDIFADDR of an IPv6 socket */
struct in6_ifreq {
	struct in6_addr ifr6_addr;
	u32 ifr6_prefixlen;
	s32 ifr6_ifindex;
};

/* SIOCADDRT, SIOCDELRT of an IPv6 socket */
struct in6_rtmsg {
	struct in6_addr rtmsg_dst;
	struct in6_addr rtmsg_src;
	struct in6_addr rtmsg_gateway;
	u32 rtmsg_type;
	u16 rtmsg_dst_len;
	u16 rtmsg_src_len;
	u32 rtmsg_metric;
	u64 rtmsg_info;
	u32 rtmsg_flags;
	s32 rtmsg_ifindex;
};
static_assert(sizeof(struct in6_rtmsg) == 80, "struct in6_rtmsg");

#endif
