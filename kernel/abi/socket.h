/*
 * abi/socket.h - sockets: addresses, messages, options (socket(7), unix(7), ip(7)).
 */
#ifndef ABI_SOCKET_H
#define ABI_SOCKET_H

#include "abi/types.h"

#define AF_UNSPEC	0
#define AF_UNIX		1
#define AF_LOCAL	AF_UNIX
#define AF_INET		2
#define AF_INET6	10
#define AF_NETLINK	16
#define AF_PACKET	17
#define AF_VSOCK	40
#define AF_MAX		46

#define SOCK_STREAM	1
#define SOCK_DGRAM	2
#define SOCK_RAW	3
#define SOCK_RDM	4
#define SOCK_SEQPACKET	5
#define SOCK_PACKET	10
#define SOCK_TYPE_MASK	0xf
#define SOCK_NONBLOCK	00004000
#define SOCK_CLOEXEC	02000000

#define SHUT_RD		0
#define SHUT_WR		1
#define SHUT_RDWR	2

#define SOMAXCONN	4096

struct sockaddr {
	u16 sa_family;
	char sa_data[14];
};

/* Room for any address; the family comes first in each. */
#define SOCKADDR_MAX	128

struct sockaddr_storage {
	u16 ss_family;
	u8 __data[SOCKADDR_MAX - 2];
} __aligned(8);

#define UNIX_PATH_MAX	108

struct sockaddr_un {
	u16 sun_family;
	char sun_path[UNIX_PATH_MAX];
};

struct in_addr {
	u32 s_addr;		/* network order */
};

struct sockaddr_in {
	u16 sin_family;
	u16 sin_port;		/* network order */
	struct in_addr sin_addr;
	u8 sin_zero[8];
};

struct in6_addr {
	u8 s6_addr[16];
};

struct sockaddr_in6 {
	u16 sin6_family;
	u16 sin6_port;		/* network order */
	u32 sin6_flowinfo;
	struct in6_addr sin6_addr;
	u32 sin6_scope_id;
};

struct abi_msghdr {
	u64 msg_name;		/* user address */
	s32 msg_namelen;
	u32 __pad0;
	u64 msg_iov;		/* user address of struct iovec */
	u64 msg_iovlen;
	u64 msg_control;	/* user address */
	u64 msg_controllen;
	u32 msg_flags;
	u32 __pad1;
};
static_assert(sizeof(struct abi_msghdr) == 56, "struct msghdr");

/* sendmmsg(2), recvmmsg(2) */
struct abi_mmsghdr {
	struct abi_msghdr msg_hdr;
	u32 msg_len;
	u32 __pad;
};

struct abi_cmsghdr {
	u64 cmsg_len;		/* with this header */
	s32 cmsg_level;
	s32 cmsg_type;
};
#define CMSG_ALIGN(len)	(((len) + 7) & ~(u64)7)
#define CMSG_SPACE(len)	(sizeof(struct abi_cmsghdr) + CMSG_ALIGN(len))
#define CMSG_LEN(len)	(sizeof(struct abi_cmsghdr) + (len))

#define SCM_RIGHTS	1
#define SCM_CREDENTIALS	2
#define SCM_MAX_FD	253

/* SO_PEERCRED, SCM_CREDENTIALS */
struct ucred {
	s32 pid;
	u32 uid;
	u32 gid;
};

struct linger {
	s32 l_onoff;
	s32 l_linger;		/* seconds */
};

#define MSG_OOB			0x1
#define MSG_PEEK		0x2
#define MSG_DONTROUTE		0x4
#define MSG_CTRUNC		0x8
#define MSG_PROBE		0x10
#define MSG_TRUNC		0x20
#define MSG_DONTWAIT		0x40
#define MSG_EOR			0x80
#define MSG_WAITALL		0x100
#define MSG_FIN			0x200
#define MSG_SYN			0x400
#define MSG_CONFIRM		0x800
#define MSG_RST			0x1000
#define MSG_ERRQUEUE		0x2000
#define MSG_NOSIGNAL		0x4000
#define MSG_MORE		0x8000
#define MSG_WAITFORONE		0x10000
#define MSG_ZEROCOPY		0x4000000
#define MSG_FASTOPEN		0x20000000
#define MSG_CMSG_CLOEXEC	0x40000000
#define MSG_CMSG_COMPAT		0x80000000u

#define SOL_SOCKET	1
#define SOL_IP		0
#define SOL_TCP		6
#define SOL_UDP		17
#define SOL_IPV6	41
#define SOL_UDPLITE	136
#define SOL_RAW		255
#define SOL_NETLINK	270

#define SO_DEBUG		1
#define SO_REUSEADDR		2
#define SO_TYPE			3
#define SO_ERROR		4
#define SO_DONTROUTE		5
#define SO_BROADCAST		6
#define SO_SNDBUF		7
#define SO_RCVBUF		8
#define SO_KEEPALIVE		9
#define SO_OOBINLINE		10
#define SO_NO_CHECK		11
#define SO_PRIORITY		12
#define SO_LINGER		13
#define SO_BSDCOMPAT		14
#define SO_REUSEPORT		15
#define SO_PASSCRED		16
#define SO_PEERCRED		17
#define SO_RCVLOWAT		18
#define SO_SNDLOWAT		19
#define SO_RCVTIMEO_OLD		20
#define SO_SNDTIMEO_OLD		21
#define SO_BINDTODEVICE		25
#define SO_ATTACH_FILTER	26
#define SO_GET_FILTER		SO_ATTACH_FILTER
#define SO_DETACH_FILTER	27
#define SO_PEERNAME		28
#define SO_TIMESTAMP_OLD	29
#define SO_ACCEPTCONN		30
#define SO_PEERSEC		31
#define SO_SNDBUFFORCE		32
#define SO_RCVBUFFORCE		33
#define SO_PASSSEC		34
#define SO_TIMESTAMPNS_OLD	35
#define SO_MARK			36
#define SO_TIMESTAMPING_OLD	37
#define SO_PROTOCOL		38
#define SO_DOMAIN		39
#define SO_RXQ_OVFL		40
#define SO_WIFI_STATUS		41
#define SO_PEEK_OFF		42
#define SO_NOFCS		43
#define SO_LOCK_FILTER		44
#define SO_SELECT_ERR_QUEUE	45
#define SO_BUSY_POLL		46
#define SO_BPF_EXTENSIONS	48
#define SO_INCOMING_CPU		49
#define SO_MEMINFO		55
#define SO_COOKIE		57
#define SO_PEERGROUPS		59
#define SO_ZEROCOPY		60
#define SO_TXTIME		61
#define SO_BINDTOIFINDEX	62
#define SO_TIMESTAMP_NEW	63
#define SO_TIMESTAMPNS_NEW	64
#define SO_TIMESTAMPING_NEW	65
#define SO_RCVTIMEO_NEW		66
#define SO_SNDTIMEO_NEW		67
#define SO_NETNS_COOKIE		71
#define SO_BUF_LOCK		72
#define SO_RESERVE_MEM		73
#define SO_RCVMARK		75

/* SO_BUF_LOCK */
#define SOCK_SNDBUF_LOCK	1
#define SOCK_RCVBUF_LOCK	2

/* SO_MEMINFO: what of the array is what (SK_MEMINFO_*) */
enum {
	SK_MEMINFO_RMEM_ALLOC, SK_MEMINFO_RCVBUF, SK_MEMINFO_WMEM_ALLOC, SK_MEMINFO_SNDBUF,
	SK_MEMINFO_FWD_ALLOC, SK_MEMINFO_WMEM_QUEUED, SK_MEMINFO_OPTMEM, SK_MEMINFO_BACKLOG,
	SK_MEMINFO_DROPS, SK_MEMINFO_VARS
};

#define IPPROTO_IP	0
#define IPPROTO_ICMP	1
#define IPPROTO_IGMP	2
#define IPPROTO_TCP	6
#define IPPROTO_UDP	17
#define IPPROTO_IPV6	41
#define IPPROTO_ICMPV6	58
#define IPPROTO_UDPLITE	136
#define IPPROTO_RAW	255
#define IP_TOS			1
#define IP_TTL			2
#define IP_HDRINCL		3
#define IP_OPTIONS		4
#define IP_RECVOPTS		6
#define IP_PKTINFO		8
#define IP_MTU_DISCOVER		10
#define IP_RECVERR		11
#define IP_RECVTTL		12
#define IP_RECVTOS		13
#define IP_MTU			14
#define IP_FREEBIND		15
#define IP_MULTICAST_IF		32
#define IP_MULTICAST_TTL	33
#define IP_MULTICAST_LOOP	34
#define IP_ADD_MEMBERSHIP	35
#define IP_DROP_MEMBERSHIP	36

#endif
