/*
 * Internet protocol, either version: what transports (TCP, UDP, ICMP, raw sockets) build on.
 *
 * What differs between the versions is behind a table each, struct ip_version, which net/ip4 and
 * net/ip6 register; everybody else asks the functions here, and these look at the address.
 */
#pragma once

#include "arch/percpu.h"
#include "lib/inetsum.h"
#include "net/inet/ip_error.h"
#include "net/inet/route.h"
#include "net/sock.h"

struct neighbour;

/* What goes into the IP header of a packet that is sent. */
struct ip_meta {
	u8 protocol;             /* IPPROTO_* */
	u8 tos;                  /* traffic class */
	s16 ttl;                 /* -1: the route's, or the system's default; 1 for multicast */
	bool dont_fragment;      /* IPv4: DF; both: -EMSGSIZE rather than fragments */
	bool ignore_mtu;         /* IP_PMTUDISC_PROBE: only the interface's own MTU counts */
	bool no_loop;            /* multicast: this machine's own members do not get it */
	/* IPv4: options, padded to 4 bytes. IPv6: extension headers, whole and chained, the last
	 * of which is followed by `protocol`. NULL: none. */
	const u8 *options;
	u16 options_length;
	u8 options_first;        /* IPv6: kind of the first of them: the IP header's next one */
	be32 flow_label;         /* IPv6: as the header shall have it */
	u32 mtu;                 /* IPv6: longer packets are cut, whatever the path takes
				  * (IPV6_MTU); 0: as the path has it */
};

/*
 * Puts the IP header in front of a packet whose data begin with the transport header, and sends it
 * by the route; fragments it if it is longer than the path's MTU (unless gso_size says that it will
 * be cut). Takes the packet: 0, -EMSGSIZE, -ENOBUFS, -ENOMEM, -ENETDOWN. p->sum may be SUM_PARTIAL.
 * Spinlocks of sockets may be held.
 */
int ip_send(struct packet *p, struct route *r, const struct ip_meta *meta);
/* Sum of the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1), not folded. */
u32 ip_pseudo_sum(const struct ipaddr *from, const struct ipaddr *to, u8 protocol, u32 length);
/* Sum of the first n bytes from p->data on and of the pseudo header for all of them, folded. */
u16 ip_sum_over(const struct packet *p, const struct ipaddr *from, const struct ipaddr *to,
		u8 protocol, u32 n);
/* Asks the device for the transport's checksum: stores the pseudo header's sum in the field
 * `offset` bytes behind p->data, where the transport header begins. */
void ip_sum_partial(struct packet *p, const struct ipaddr *from, const struct ipaddr *to,
		    u8 protocol, u16 offset);
/* Whether a received packet's checksum over the first n bytes from p->data on (p->length: all, as
 * everywhere but with UDP-Lite) and the pseudo header is right, or need not be looked at. */
bool ip_sum_valid(struct packet *p, u32 n);

/*
 * A received packet's addresses and the rest of its IP header, in p->cb (first) from the IP layer
 * up. p->network is its header's offset, p->transport that of what follows; data begins there.
 */
struct ip_info {
	struct ipaddr from, to;
	u32 nif;                 /* index it came in by; that of the link for looped back ones */
	u8 protocol, ttl, tos;
	u8 kind;                 /* enum route_kind of `to`: for us, broadcast, multicast */
	u8 options_length;
	bool fragmented;         /* was reassembled */
	bool router_alert;       /* IPv6: it has that option (RFC 2711) */
	u16 header_length;       /* with options or extension headers */
	u16 fragment_size;       /* bytes of the longest fragment, with headers; 0: it was whole */
};
static inline struct ip_info *ip_info(struct packet *p) { return (struct ip_info *)p->cb; }
static_assert(sizeof(struct ip_info) <= PACKET_CB, "ip_info");

/* Whether a transport's header begins with the ports that it is from and to. */
static inline bool ip_has_ports(u8 protocol)
{
	return protocol == IPPROTO_UDP || protocol == IPPROTO_TCP || protocol == IPPROTO_UDPLITE;
}

/* A transport; registered at boot. */
struct ip_protocol {
	u8 number;
	u8 only;                 /* enum ip_only: the version that has it */
	/* Takes the packet; its IP header has been checked, it is for us. Soft work, under RCU. */
	void (*receive)(struct packet *p);
	/* NULL: not interested. Soft work, under RCU. One that finds the error to be about a packet
	 * it did send calls route_set_mtu() if it is about the length. */
	void (*error)(const struct ip_error *e);
};
enum ip_only { IP_BOTH, IP_ONLY_4, IP_ONLY_6 };
void ip_protocol_register(const struct ip_protocol *protocol);
/* For the IP versions: gives a packet for this machine to raw sockets and to its transport; takes
 * it. False: nobody wants the protocol, and it is still the caller's. */
bool ip_deliver(struct packet *p);
/* For the IP versions: tells the transport and raw sockets. */
void ip_deliver_error(struct ip_error *e, u8 protocol);
/* Answers a received packet with an ICMP error if the rules allow (RFC 1122, 3.2.2; limited in
 * rate): code-specific. Does not take it. */
enum ip_unreachable { IP_PORT_UNREACHABLE, IP_HOST_UNREACHABLE, IP_NET_UNREACHABLE,
		      IP_PROTOCOL_UNREACHABLE, IP_PROHIBITED };
void ip_send_unreachable(struct packet *p, enum ip_unreachable what);
/* A packet that is for somebody else goes to forward(), which takes it, with its route: 0. If that
 * is none that leads on, the packet is freed. -errno: there is none; the sender was told why, the
 * packet is still the caller's. Soft work. */
int ip_forward(struct packet *p, const struct flow *f,
	       void (*forward)(struct packet *p, struct route *r));

struct inet_sock;
struct inet_send;

/*
 * A version of IP. Thread context or soft work, spinlocks may be held, unless said otherwise.
 * Registered once, at boot, before the first packet.
 */
struct ip_version {
	u8 header_length;        /* without options: 20, 40 */
	/* route_output() and ip_send() of addresses of this version. */
	int (*route)(const struct flow *f, struct route **out);
	int (*send)(struct packet *p, struct route *r, const struct ip_meta *meta);
	void (*refuse)(struct packet *p, enum ip_unreachable what);
	/* What an address is on this machine, for bind(2): enum route_kind, ROUTE_UNICAST: not
	 * ours. `nif`: index, 0: any. */
	int (*address_kind)(const struct ipaddr *a, u32 nif);
	/* Whether a socket wants a multicast packet: it joined the group there, with sources that
	 * suit. Under RCU. */
	bool (*wants_multicast)(struct inet_sock *i, const struct ipaddr *group,
				const struct ipaddr *from, u32 nif);
	/* Whose neighbour it is cannot be found out: packets that waited for it are answered. Takes
	 * the packet. */
	void (*hop_failed)(struct packet *p);
	/* The rest: thread context, no lock held. */
	/* Options of SOL_IP, SOL_IPV6 beyond the common ones: -ENOPROTOOPT. */
	int (*set_option)(struct inet_sock *i, int name, const void __user *value, u32 n);
	int (*get_option)(struct inet_sock *i, int name, void __user *value, u32 *n);
	/* Control data: of a received packet; of a message to be sent (0, -EINVAL). */
	int (*put_control)(struct inet_sock *i, struct msg *m, struct packet *p);
	int (*get_control)(struct inet_sock *i, const struct abi_cmsghdr *c, struct inet_send *to);
	/* A socket goes: leaves its groups. */
	void (*leave_all)(struct inet_sock *i);
};
void ip_version_register(bool six, const struct ip_version *version);
extern const struct ip_version *ip_versions[2]; /* I after boot: IPv4, IPv6; NULL: not there */
static inline const struct ip_version *ip_version_of(const struct ipaddr *a)
{
	return ip_versions[!ipaddr_is4(a)];
}

/* Sockets ------------------------------------------------------------------------------------- */

/* control_wanted: IP_PKTINFO and so on; the IPV6 ones are net/ip6's. */
enum inet_want {
	INET_WANT_PKTINFO = 1 << 0, INET_WANT_TTL = 1 << 1, INET_WANT_TOS = 1 << 2,
	INET_WANT_OPTIONS = 1 << 3, INET_WANT_RETOPTS = 1 << 4, INET_WANT_ORIGINAL = 1 << 5,
	INET_WANT_FRAGSIZE = 1 << 6,
	INET_WANT_PKTINFO6 = 1 << 8, INET_WANT_HOPLIMIT6 = 1 << 9, INET_WANT_TCLASS6 = 1 << 10,
	INET_WANT_FLOW6 = 1 << 11, INET_WANT_HOPOPTS6 = 1 << 12, INET_WANT_DSTOPTS6 = 1 << 13,
	INET_WANT_RTHDR6 = 1 << 14, INET_WANT_PATHMTU6 = 1 << 15, INET_WANT_ORIGINAL6 = 1 << 16,
	INET_WANT_PKTINFO6_2292 = 1 << 18, INET_WANT_HOPLIMIT6_2292 = 1 << 19,
	INET_WANT_HOPOPTS6_2292 = 1 << 20, INET_WANT_DSTOPTS6_2292 = 1 << 21,
	INET_WANT_RTHDR6_2292 = 1 << 22, INET_WANT_FRAGSIZE6 = 1 << 23,
};

struct ip6_headers;

/* What a socket of AF_INET6 says of its packets of IPv6 (ipv6(7)); those of IPv4 go by the fields
 * of like names in struct inet_sock.  l: sock.lock.  a: torn reads harmless. */
struct inet_six {
	s16 hops, multicast_hops; /* a: -1: default */
	u8 class;                /* a: traffic class */
	u8 mtu_discover;         /* a: IPV6_PMTUDISC_* */
	u8 min_hops;             /* a: IPV6_MINHOPCOUNT */
	bool multicast_loop, multicast_all, receive_errors; /* a */
	bool dont_fragment;      /* a: IPV6_DONTFRAG */
	bool auto_label;         /* a: IPV6_AUTOFLOWLABEL */
	bool send_flow;          /* a: IPV6_FLOWINFO_SEND: labels of addresses count */
	u16 prefer;              /* a: IPV6_PREFER_SRC_* */
	u32 multicast_nif, unicast_nif; /* a: index; 0: any */
	u32 mtu;                 /* a: IPV6_MTU: packets are cut to it; 0: the path's */
	be32 flow;               /* l: class and label to the peer, of its address */
	u32 path_mtu;            /* l: IPV6_RECVPATHMTU: what is to be told; 0: nothing … */
	struct ipaddr path_to;   /* l: … of this destination */
	u32 source_nif;          /* l: IPV6_PKTINFO, sticky; 0: any */
	struct ipaddr source;    /* l: the same; any: none */
	struct ip6_headers *headers; /* l: sticky extension headers, or NULL */
};

/* l: sock.lock.  a: torn reads harmless.  h: its table's locks (net/inet/ports.h). c: config
 * lock; readers under RCU. */
struct inet_sock {
	struct sock sock;        /* must be first */
	struct ipaddr local, remote; /* h, l: any: not bound, not connected */
	struct ipaddr source;    /* l: address that packets carry: local, or the route's */
	u16 local_port, remote_port; /* h, l: host order, 0: none */
	u8 in_list;              /* h: enum port_list: on which list of its port it is */
	bool is_raw;             /* I: SOCK_RAW: local_port is the protocol's number */
	bool no_mapped;          /* I: of AF_INET6, and never speaks IPv4 */
	struct hlist_node port_link; /* h */
	struct hlist_node flow_link; /* h: hashed by addresses and ports */
	struct port_owner *port; /* h: its local port's entry, or NULL */
	struct route *route;     /* l: cached, or NULL */
	s16 ttl, multicast_ttl;  /* a: -1: default */
	u8 tos;                  /* a */
	u8 mtu_discover;         /* a: IP_PMTUDISC_* */
	bool only_6;             /* a: IPV6_V6ONLY */
	bool free_bind, header_included, receive_errors, multicast_loop, multicast_all; /* a */
	bool any_source;         /* a: IP_TRANSPARENT: packets may carry others' addresses */
	bool no_port;            /* a: IP_BIND_ADDRESS_NO_PORT */
	bool no_defragment;      /* a: IP_NODEFRAG: for those who track connections; nobody does */
	bool bound_address;      /* l: bind(2) gave it `local` */
	bool bound_port;         /* l: bind(2) gave it its port */
	bool bound_to_many;      /* l: `local` is a group or a broadcast, which no packet is from */
	u32 control_wanted;      /* a: enum inet_want */
	u32 multicast_nif, unicast_nif; /* a: index */
	u32 port_range;          /* a: IP_LOCAL_PORT_RANGE: high and low; 0 of either: no limit */
	u32 scope;               /* a: interface of a link-local address, own or the peer's: what
				  * comes by another is not for it; 0: none */
	be32 multicast_from;     /* a */
	struct inet_member *memberships; /* c: groups joined */
	struct ip6_anycast_member *anycast; /* c: anycast addresses joined (net/ip6) */
	struct ip6_label_hold *labels; /* the lock of net/ip6/ip6_label.c: flow labels leased */
	struct spinlock errors_lock; /* a leaf */
	struct packet_queue errors; /* errors_lock: MSG_ERRQUEUE */
	u8 options[40];          /* l: IP_OPTIONS, padded */
	u8 options_length;       /* l */
	u8 min_ttl;              /* a: IP_MINTTL */
	struct inet_six six;     /* its like for packets of IPv6 */
};
static inline struct inet_sock *inet_sock(struct sock *s) { return (struct inet_sock *)s; }

/* A group that a socket joined. The version that owns it makes it and frees it; c: config lock. */
struct inet_member {
	struct inet_member *next; /* c; readers RCU */
	struct ipaddr group;      /* I */
	u32 nif;                  /* I: index */
	bool exclude;             /* c; readers: of `filter` */
	struct inet_sources *filter; /* c; readers RCU: NULL: no sources in the list */
	struct rcu_head rcu;
};
struct inet_sources { struct rcu_head rcu; u32 n; bool exclude; struct ipaddr source[]; };
/* Whether the socket joined the group on nif (0: any) and takes packets of that source; a socket
 * with multicast_all takes what any socket joined. Under RCU. */
bool inet_member_wants(struct inet_sock *i, const struct ipaddr *group, const struct ipaddr *from,
		       u32 nif);

/* What a message to be sent says beside its data: of the socket, changed by control data. */
struct inet_send {
	struct flow flow;
	u16 to_port;             /* host order */
	struct ip_meta meta;
	bool source_given;       /* control data gave flow.from */
	bool hops_given;         /* control data gave the hop limit of IPv6 */
	u16 segment;             /* UDP_SEGMENT: 0: none */
	u8 stamps;               /* packet->stamps, and the packet's number */
	u32 stamp_key;
	u32 stamping;            /* SOF_TIMESTAMPING_TX_* that they come of */
	u8 options[40];
	struct ip6_headers *headers; /* extension headers of control data, or NULL */
};

/* Common bodies, for both families; what is of one protocol only wraps them. */
/* Checks a sockaddr of the socket's family: 0 and *addr, *port (host order), *scope; -EINVAL,
 * -EAFNOSUPPORT, -ENETUNREACH (IPv4, and the socket is IPv6's alone). */
int inet_address_in(struct sock *s, const struct sockaddr_storage *a, u32 length,
		    struct ipaddr *addr, u16 *port, u32 *scope);
/* The class and label that an address of a peer asks for, of a socket with IPV6_FLOWINFO_SEND;
 * else 0. */
be32 inet_address_flow(struct sock *s, const struct sockaddr_storage *a, u32 length);
/* Whether an address needs an interface to mean anything (RFC 4007, 6): of IPv6, of the link or
 * less. */
static inline bool inet_needs_scope(const struct ipaddr *a)
{
	return ipaddr_link_local(a) || (a->b[0] == 0xff && (a->b[1] & 15) <= 2);
}
/* The reverse: its length. */
int inet_address_out(struct sock *s, const struct ipaddr *addr, u16 port, u32 scope,
		     struct sockaddr_storage *a);
/* sock_ops.name: -ENOTCONN for a peer if it has none. */
int inet_name(struct sock *s, bool peer, struct sockaddr_storage *a);
/* Whether a socket may be bound to an address: 0, -EADDRNOTAVAIL, -ENODEV, and its scope. Does not
 * change it. */
int inet_bind_check(struct inet_sock *i, const struct ipaddr *local, u32 scope);
/* The address that bind(2) names, if the socket may have it: 0 and the three, or those of
 * inet_address_in() and inet_bind_check(). */
int inet_bind_address(struct inet_sock *i, const struct sockaddr_storage *a, u32 length,
		      struct ipaddr *local, u16 *port, u32 *scope);
/* "Any" of the socket's family; as a destination it means this machine (RFC 1122, 3.2.1.3, as BSD
 * has it): that of the same version. */
static inline struct ipaddr inet_any(const struct inet_sock *i)
{
	return i->sock.family == AF_INET ? IPADDR_ANY4 : IPADDR_ANY;
}
static inline struct ipaddr inet_this_machine(const struct ipaddr *any)
{
	return ipaddr_is4(any) ? ipaddr_4(hton32(0x7f000001)) :
				 (struct ipaddr){ .w = { 0, 0, 0, hton32(1) } };
}
/* What its packets' headers say, to a destination: everything but the source's own wishes. */
void inet_sock_meta(const struct inet_sock *i, const struct ipaddr *to, struct ip_meta *meta);
/* Whether a received packet's TTL or hop limit is not below what the socket wants. */
static inline bool inet_near_enough(const struct inet_sock *i, const struct ip_info *info)
{
	u8 least = ipaddr_is4(&info->to) ? READ_ONCE(i->min_ttl) : READ_ONCE(i->six.min_hops);

	return likely(info->ttl >= least);
}
/* IP_MTU_DISCOVER or IPV6_MTU_DISCOVER, for packets to an address. */
static inline u8 inet_mtu_discover(const struct inet_sock *i, const struct ipaddr *to)
{
	return ipaddr_is4(to) ? READ_ONCE(i->mtu_discover) : READ_ONCE(i->six.mtu_discover);
}
/* SOL_IP and SOL_IPV6 options: -ENOPROTOOPT if not known. */
int inet_set_option(struct sock *s, int level, int name, const void __user *value, u32 n);
int inet_get_option(struct sock *s, int level, int name, void __user *value, u32 *n);
/* Copies an int option in (1 or 4 bytes and more); writes one out, cut to *n. */
int inet_option_in(const void __user *value, u32 n, int *out);
int inet_option_out(int v, void __user *value, u32 *n);
/* Control data of a received packet that the socket asked for. Thread context. */
int inet_put_control(struct sock *s, struct msg *m, struct packet *p);
/* Common part of making and of ending one. */
void inet_sock_init(struct inet_sock *i);
/* Drops its route, unread packets and errors. Thread context if it may have joined groups: see
 * inet_sock_close(). */
void inet_sock_fini(struct inet_sock *i);
/* Leaves all groups: for sock_ops.close. Thread context, no lock held. */
void inet_sock_close(struct inet_sock *i);
/* The flow of the socket's own packets to an address; of the ports only its own. */
void inet_sock_flow(const struct inet_sock *i, const struct ipaddr *to, struct flow *f);
/* The socket's route to its peer, looked up again if void: borrowed of the socket, or NULL and
 * *err. With sock.lock. */
struct route *inet_sock_route(struct inet_sock *i, int *err);
/* Gives it up: of a socket that no table has, or nobody could when its interface goes. With
 * sock.lock. */
void inet_sock_drop_route(struct inet_sock *i);
/* An interface goes (`nif`): so does the route by it. For walks; true: go on. */
bool inet_sock_forget(struct inet_sock *i, void *nif);
/* The MTU of the way to the peer: 0, -ENOTCONN (no peer, or no way), -ENOMEM. Takes the lock. */
int inet_path_mtu(struct inet_sock *i, u32 *mtu);
/* Queues an error for MSG_ERRQUEUE if the socket wants them. Any lock but errors_lock. */
void inet_queue_error(struct inet_sock *i, const struct ip_error *e);
/* Forgets them. */
void inet_errors_drop(struct inet_sock *i);
/* What poll() tells of a queue with errors: POLLERR, and POLLPRI to whom asked for it. */
u32 inet_error_events(const struct inet_sock *i);
/* Queues a report of a time stamp (SO_TIMESTAMPING): what (SCM_TSTAMP_*) happened now to the packet
 * with that number; p: it, as it goes, or NULL. Any lock but errors_lock. */
void inet_stamp_report(struct inet_sock *i, u32 what, u32 key, struct packet *p);
/* The same for an error that this machine found (EMSGSIZE and its MTU). Any lock state but
 * sock.lock. */
void inet_local_error(struct inet_sock *i, int error, const struct ipaddr *to, u16 port, u32 info);
/* recv() with MSG_ERRQUEUE: bytes or -EAGAIN. Thread context. */
ssize_t inet_recv_error(struct sock *s, struct msg *m);
/* recv() of raw and ping sockets: the next packet whole, or an error of the queue. */
ssize_t inet_recv_datagram(struct sock *s, struct msg *m);
/* What a datagram's destination, control data and the socket's settings come to: 0, -EINVAL,
 * -EDESTADDRREQ, -EAFNOSUPPORT, -ENETUNREACH …; `to` is whom m->name or the peer says. */
int inet_send_begin(struct inet_sock *i, struct msg *m, struct inet_send *to);
/* The route of it, cached in the socket: borrowed while sock.lock is held; NULL and *err. Checks
 * SO_BROADCAST. */
struct route *inet_send_route(struct inet_sock *i, struct inet_send *to, int *err);
/* The packet's sender is told when it goes, if it asked for that. */
static inline void inet_send_stamps(const struct inet_send *to, struct packet *p)
{
	if (likely(!to->stamps))
		return;
	p->stamps = to->stamps;
	p->stamp_key = to->stamp_key;
}
/* After inet_send_begin(), whatever came of it: frees what `to` holds. */
void inet_send_end(struct inet_send *to);
/* A message was longer than its path takes: told by IPV6_RECVPATHMTU and the queue of errors. No
 * lock held. */
void inet_send_too_long(struct inet_sock *i, const struct inet_send *to, u32 mtu);
/* recv(): what IPV6_RECVPATHMTU has to tell, as control data of no message (RFC 3542, 11.3). True:
 * that was all of this call. */
bool inet_recv_path_mtu(struct sock *s, struct msg *m, int *err);
/* SOCK_DGRAM's and SOCK_RAW's poll(). */
u32 inet_datagram_poll(struct sock *s);
/* Ioctls of datagram sockets: SIOCINQ, SIOCOUTQ. */
long inet_datagram_ioctl(struct sock *s, u32 request, u64 arg);

/* A kind of socket: socket(2) picks the first that suits; protocol 0: the type's first. */
struct inet_type {
	u16 type, protocol;      /* SOCK_*, IPPROTO_*; protocol 0: any (raw) */
	/* 0 and *out as sock_family.create(). */
	int (*create)(u16 family, int type, int protocol, struct sock **out);
	struct inet_type *next;
};
void inet_type_register(struct inet_type *type);

/* What UDP and UDP-Lite count, for each version of IP: from UDP4_COUNTS and so on. */
enum udp_counter {
	UDP_IN_DATAGRAMS, UDP_NO_PORTS, UDP_IN_ERRORS, UDP_OUT_DATAGRAMS, UDP_RCVBUF_ERRORS,
	UDP_SNDBUF_ERRORS, UDP_IN_CSUM_ERRORS, UDP_IGNORED_MULTI, UDP_COUNTERS
};
/* Counters of /proc/net/snmp and netstat; per CPU, without locks: threads and soft work only. */
enum inet_counter {
	IPV4_IN_RECEIVES, IPV4_IN_HDR_ERRORS, IPV4_IN_ADDR_ERRORS, IPV4_FORW_DATAGRAMS,
	IPV4_IN_UNKNOWN_PROTOS, IPV4_IN_DISCARDS, IPV4_IN_DELIVERS, IPV4_OUT_REQUESTS,
	IPV4_OUT_DISCARDS, IPV4_OUT_NO_ROUTES, IPV4_REASM_TIMEOUT, IPV4_REASM_REQDS,
	IPV4_REASM_OKS, IPV4_REASM_FAILS, IPV4_FRAG_OKS, IPV4_FRAG_FAILS, IPV4_FRAG_CREATES,
	ICMP4_IN_MSGS, ICMP4_IN_ERRORS, ICMP4_IN_CSUM_ERRORS, ICMP4_IN_DEST_UNREACHS,
	ICMP4_IN_TIME_EXCDS, ICMP4_IN_PARM_PROBS, ICMP4_IN_SRC_QUENCHS, ICMP4_IN_REDIRECTS,
	ICMP4_IN_ECHOS, ICMP4_IN_ECHO_REPS, ICMP4_IN_TIMESTAMPS, ICMP4_IN_TIMESTAMP_REPS,
	ICMP4_OUT_MSGS, ICMP4_OUT_ERRORS, ICMP4_OUT_DEST_UNREACHS, ICMP4_OUT_TIME_EXCDS,
	ICMP4_OUT_PARM_PROBS, ICMP4_OUT_REDIRECTS, ICMP4_OUT_ECHOS, ICMP4_OUT_ECHO_REPS,
	ICMP4_OUT_TIMESTAMPS, ICMP4_OUT_TIMESTAMP_REPS,
	ICMP4_OUT_LIMITED_ALL, ICMP4_OUT_LIMITED_PEER,
	UDP4_COUNTS, UDP6_COUNTS = UDP4_COUNTS + UDP_COUNTERS,
	UDPLITE4_COUNTS = UDP6_COUNTS + UDP_COUNTERS,
	UDPLITE6_COUNTS = UDPLITE4_COUNTS + UDP_COUNTERS,
	IPEXT_IN_MCAST_PKTS = UDPLITE6_COUNTS + UDP_COUNTERS, IPEXT_OUT_MCAST_PKTS,
	IPEXT_IN_BCAST_PKTS, IPEXT_OUT_BCAST_PKTS, IPEXT_IN_OCTETS, IPEXT_OUT_OCTETS,
	IPEXT_IN_NO_ROUTES, IPEXT_IN_TRUNCATED,
	INET_COUNTERS
};
struct inet_counters { u64 n[INET_COUNTERS]; };
DECLARE_PERCPU(struct inet_counters, inet_counters);
#define inet_count(counter)      this_cpu_add(inet_counters.n[counter], 1ull)
#define inet_count_n(counter, v) this_cpu_add(inet_counters.n[counter], (u64)(v))
/* The sum over all CPUs. */
u64 inet_counter_read(enum inet_counter counter);

/* Boot: all of it. */
void inet_init(void);
