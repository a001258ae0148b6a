/*
 * abi/rtnetlink.h - interfaces, addresses, routes and neighbours over netlink (rtnetlink(7)).
 */
#ifndef ABI_RTNETLINK_H
#define ABI_RTNETLINK_H

#include "abi/netlink.h"

#define RTM_NEWLINK	16
#define RTM_DELLINK	17
#define RTM_GETLINK	18
#define RTM_SETLINK	19
#define RTM_NEWADDR	20
#define RTM_DELADDR	21
#define RTM_GETADDR	22
#define RTM_NEWROUTE	24
#define RTM_DELROUTE	25
#define RTM_GETROUTE	26
#define RTM_NEWNEIGH	28
#define RTM_DELNEIGH	29
#define RTM_GETNEIGH	30
#define RTM_NEWRULE	32
#define RTM_DELRULE	33
#define RTM_GETRULE	34

#define RTNLGRP_LINK		1
#define RTNLGRP_NOTIFY		2
#define RTNLGRP_NEIGH		3
#define RTNLGRP_IPV4_IFADDR	5
#define RTNLGRP_IPV4_MROUTE	6
#define RTNLGRP_IPV4_ROUTE	7
#define RTNLGRP_IPV6_IFADDR	9
#define RTNLGRP_IPV6_ROUTE	11
#define RTNLGRP_IPV6_IFINFO	12
#define RTNLGRP_IPV6_PREFIX	18

struct rtgenmsg {
	u8 rtgen_family;
};

struct ifinfomsg {
	u8 ifi_family;
	u8 __ifi_pad;
	u16 ifi_type;
	s32 ifi_index;
	u32 ifi_flags;
	u32 ifi_change;
};

#define IFLA_ADDRESS		1
#define IFLA_BROADCAST		2
#define IFLA_IFNAME		3
#define IFLA_MTU		4
#define IFLA_LINK		5
#define IFLA_QDISC		6
#define IFLA_STATS		7
#define IFLA_TXQLEN		13
#define IFLA_PROTINFO		12
#define IFLA_MAP		14
#define IFLA_OPERSTATE		16
#define IFLA_LINKMODE		17
#define IFLA_STATS64		23
#define IFLA_EXT_MASK		29
#define IFLA_PROMISCUITY	30
#define IFLA_NUM_TX_QUEUES	31
#define IFLA_NUM_RX_QUEUES	32
#define IFLA_CARRIER		33
#define IFLA_PERM_ADDRESS	54
#define IFLA_MIN_MTU		50
#define IFLA_AF_SPEC		26
#define IFLA_MAX_MTU		51

/* Within AF_INET6 of IFLA_AF_SPEC */
#define IFLA_INET6_FLAGS	1
#define IFLA_INET6_CONF		2
#define IFLA_INET6_CACHEINFO	5
#define IFLA_INET6_ADDR_GEN_MODE	8

#define IF_RA_OTHERCONF	0x80
#define IF_RA_MANAGED	0x40
#define IF_READY	0x80000000

struct ifla_cacheinfo {
	u32 max_reasm_len;
	u32 tstamp;		/* 1/100 s since boot */
	u32 reachable_time;	/* ms */
	u32 retrans_time;
};

struct rtnl_link_stats64 {
	u64 rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors, tx_errors, rx_dropped,
		tx_dropped, multicast, collisions;
	u64 rx_length_errors, rx_over_errors, rx_crc_errors, rx_frame_errors, rx_fifo_errors,
		rx_missed_errors;
	u64 tx_aborted_errors, tx_carrier_errors, tx_fifo_errors, tx_heartbeat_errors,
		tx_window_errors;
	u64 rx_compressed, tx_compressed, rx_nohandler, rx_otherhost_dropped;
};

struct ifaddrmsg {
	u8 ifa_family;
	u8 ifa_prefixlen;
	u8 ifa_flags;
	u8 ifa_scope;
	u32 ifa_index;
};

#define IFA_ADDRESS	1
#define IFA_LOCAL	2
#define IFA_LABEL	3
#define IFA_BROADCAST	4
#define IFA_ANYCAST	5
#define IFA_CACHEINFO	6
#define IFA_MULTICAST	7
#define IFA_FLAGS	8
#define IFA_RT_PRIORITY	9
#define IFA_PROTO	11

/* IFA_PROTO: who made it */
#define IFAPROT_UNSPEC		0
#define IFAPROT_KERNEL_LO	1	/* of lo */
#define IFAPROT_KERNEL_RA	2	/* of a prefix that a router advertises */
#define IFAPROT_KERNEL_LL	3	/* link-local */

#define IFA_F_SECONDARY		0x01
#define IFA_F_TEMPORARY		IFA_F_SECONDARY
#define IFA_F_NODAD		0x02
#define IFA_F_OPTIMISTIC	0x04
#define IFA_F_DADFAILED		0x08
#define IFA_F_HOMEADDRESS	0x10
#define IFA_F_DEPRECATED	0x20
#define IFA_F_TENTATIVE		0x40
#define IFA_F_PERMANENT		0x80
#define IFA_F_MANAGETEMPADDR	0x100
#define IFA_F_NOPREFIXROUTE	0x200

struct ifa_cacheinfo {
	u32 ifa_prefered;	/* seconds, ~0: for ever */
	u32 ifa_valid;
	u32 cstamp;		/* 1/100 s since boot */
	u32 tstamp;
};

struct rtmsg {
	u8 rtm_family;
	u8 rtm_dst_len;
	u8 rtm_src_len;
	u8 rtm_tos;
	u8 rtm_table;
	u8 rtm_protocol;
	u8 rtm_scope;
	u8 rtm_type;
	u32 rtm_flags;
};

#define RTN_UNSPEC	0
#define RTN_UNICAST	1
#define RTN_LOCAL	2
#define RTN_BROADCAST	3
#define RTN_ANYCAST	4
#define RTN_MULTICAST	5
#define RTN_BLACKHOLE	6
#define RTN_UNREACHABLE	7
#define RTN_PROHIBIT	8

#define RTPROT_UNSPEC	0
#define RTPROT_REDIRECT	1
#define RTPROT_KERNEL	2
#define RTPROT_BOOT	3
#define RTPROT_STATIC	4
#define RTPROT_RA	9

#define RT_SCOPE_UNIVERSE	0
#define RT_SCOPE_SITE		200
#define RT_SCOPE_LINK		253
#define RT_SCOPE_HOST		254
#define RT_SCOPE_NOWHERE	255

#define RTM_F_CLONED	0x200

#define RT_TABLE_UNSPEC		0
#define RT_TABLE_DEFAULT	253
#define RT_TABLE_MAIN		254
#define RT_TABLE_LOCAL		255

#define RTA_DST		1
#define RTA_SRC		2
#define RTA_IIF		3
#define RTA_OIF		4
#define RTA_GATEWAY	5
#define RTA_PRIORITY	6
#define RTA_PREFSRC	7
#define RTA_METRICS	8
#define RTA_CACHEINFO	12
#define RTA_TABLE	15
#define RTA_MARK	16
#define RTA_PREF	20
#define RTA_EXPIRES	23

#define RTAX_LOCK	1
#define RTAX_MTU	2
#define RTAX_WINDOW	3
#define RTAX_ADVMSS	8
#define RTAX_HOPLIMIT	10

#define RTNH_F_DEAD	1
#define RTNH_F_ONLINK	4
#define RTNH_F_LINKDOWN	16

struct rta_cacheinfo {
	u32 rta_clntref;
	u32 rta_lastuse;
	s32 rta_expires;
	u32 rta_error;
	u32 rta_used;
	u32 rta_id;
	u32 rta_ts;
	u32 rta_tsage;
};

struct ndmsg {
	u8 ndm_family;
	u8 ndm_pad1;
	u16 ndm_pad2;
	s32 ndm_ifindex;
	u16 ndm_state;
	u8 ndm_flags;
	u8 ndm_type;
};

#define NDA_DST		1
#define NDA_LLADDR	2
#define NDA_CACHEINFO	3
#define NDA_PROBES	4

#define NTF_ROUTER	(1 << 7)
#define NTF_PROXY	(1 << 3)

#define NUD_INCOMPLETE	0x01
#define NUD_REACHABLE	0x02
#define NUD_STALE	0x04
#define NUD_DELAY	0x08
#define NUD_PROBE	0x10
#define NUD_FAILED	0x20
#define NUD_NOARP	0x40
#define NUD_PERMANENT	0x80
#define NUD_NONE	0x00

/* Rules: which packets are routed by which table. */
struct fib_rule_hdr {
	u8 family;
	u8 dst_len;
	u8 src_len;
	u8 tos;
	u8 table;
	u8 res1;
	u8 res2;
	u8 action;
	u32 flags;
};

#define FR_ACT_TO_TBL	1

#define FRA_PRIORITY	6
#define FRA_SUPPRESS_PREFIXLEN 14
#define FRA_TABLE	15
#define FRA_PROTOCOL	21

struct nda_cacheinfo {
	u32 ndm_confirmed;	/* 1/100 s ago */
	u32 ndm_used;
	u32 ndm_updated;
	u32 ndm_refcnt;
};

#endif
