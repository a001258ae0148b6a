/*
 * abi/netlink.h - messages between the kernel and programs that configure it (netlink(7)).
 */
#ifndef ABI_NETLINK_H
#define ABI_NETLINK_H

#include "abi/types.h"

#define NETLINK_ROUTE		0
#define NETLINK_USERSOCK	2
#define NETLINK_SOCK_DIAG	4
#define NETLINK_KOBJECT_UEVENT	15

struct sockaddr_nl {
	u16 nl_family;
	u16 nl_pad;
	u32 nl_pid;		/* port: 0 is the kernel */
	u32 nl_groups;		/* mask of the first 32 groups */
};

struct nlmsghdr {
	u32 nlmsg_len;		/* with this header */
	u16 nlmsg_type;
	u16 nlmsg_flags;
	u32 nlmsg_seq;
	u32 nlmsg_pid;
};

#define NLM_F_REQUEST	0x01
#define NLM_F_MULTI	0x02
#define NLM_F_ACK	0x04
#define NLM_F_ECHO	0x08
#define NLM_F_DUMP_INTR	0x10
#define NLM_F_DUMP_FILTERED 0x20
/* GET requests */
#define NLM_F_ROOT	0x100
#define NLM_F_MATCH	0x200
#define NLM_F_ATOMIC	0x400
#define NLM_F_DUMP	(NLM_F_ROOT | NLM_F_MATCH)
/* NEW requests */
#define NLM_F_REPLACE	0x100
#define NLM_F_EXCL	0x200
#define NLM_F_CREATE	0x400
#define NLM_F_APPEND	0x800
/* ACK messages */
#define NLM_F_CAPPED	0x100
#define NLM_F_ACK_TLVS	0x200

#define NLMSG_ALIGNTO	4u
#define NLMSG_ALIGN(len) (((len) + NLMSG_ALIGNTO - 1) & ~(NLMSG_ALIGNTO - 1))
#define NLMSG_HDRLEN	16

#define NLMSG_NOOP	0x1
#define NLMSG_ERROR	0x2
#define NLMSG_DONE	0x3
#define NLMSG_OVERRUN	0x4
#define NLMSG_MIN_TYPE	0x10

struct nlmsgerr {
	s32 error;
	struct nlmsghdr msg;
};

#define NETLINK_ADD_MEMBERSHIP	1
#define NETLINK_DROP_MEMBERSHIP	2
#define NETLINK_PKTINFO		3
#define NETLINK_BROADCAST_ERROR	4
#define NETLINK_NO_ENOBUFS	5
#define NETLINK_LISTEN_ALL_NSID	8
#define NETLINK_LIST_MEMBERSHIPS 9
#define NETLINK_CAP_ACK		10
#define NETLINK_EXT_ACK		11
#define NETLINK_GET_STRICT_CHK	12

struct nl_pktinfo {
	u32 group;
};

struct nlattr {
	u16 nla_len;		/* with this header */
	u16 nla_type;
};
#define NLA_F_NESTED		(1 << 15)
#define NLA_F_NET_BYTEORDER	(1 << 14)
#define NLA_TYPE_MASK		(~(NLA_F_NESTED | NLA_F_NET_BYTEORDER))
#define NLA_ALIGNTO		4
#define NLA_HDRLEN		4

#endif
