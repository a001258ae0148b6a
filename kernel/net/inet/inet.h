/*
 * Internet protocol, either version: what transports (TCP, UDP, ICMP, raw sockets) build on.
 */
#pragma once

#include "lib/inetsum.h"
#include "net/inet/route.h"
#include "net/sock.h"

/* What goes into the IP header of a packet that is sent. */
struct ip_meta {
	u8 protocol;             /* IPPROTO_* */
	u8 tos;                  /* traffic class */
	s16 ttl;                 /* -1: the route's, or the system's default; 1 for multicast */
	bool dont_fragment;      /* IPv4: DF; both: -EMSGSIZE rather than fragments */
	const u8 *options;       /* IPv4: options, padded to 4 bytes, or NULL */
	u8 options_length;
	be32 flow_label;         /* IPv6 */
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

/*
 * A received packet's addresses and the rest of its IP header, in p->cb (first) from the IP layer
 * up. p->network is its header's offset, p->transport that of what follows; data begins there.
 */
struct ip_info {
	struct ipaddr from, to;
	u8 protocol, ttl, tos;
	u8 kind;                 /* enum route_kind of `to`: for us, broadcast, multicast */
	u8 options_length;
	bool fragmented;         /* was reassembled */
	u16 header_length;
};
static inline struct ip_info *ip_info(struct packet *p) { return (struct ip_info *)p->cb; }
static_assert(sizeof(struct ip_info) <= PACKET_CB, "ip_info");

/* What an ICMP error says about a packet of ours, to the transport that sent it. */
struct ip_error {
	struct ipaddr from, to;  /* of the offending packet: from is ours */
	struct ipaddr reporter;  /* who sent the error; any: this machine */
	const u8 *transport;     /* the first bytes of the offending packet's transport header */
	u32 length;              /* at least 8 */
	int error;               /* errno that a socket sees */
	bool fatal;              /* hard error (RFC 1122, 4.2.3.9), else only reported if asked */
	u8 type, code;           /* ICMP or ICMPv6 */
	u32 info;                /* MTU, or 0 */
};

/* A transport; registered at boot for both versions. */
struct ip_protocol {
	u8 number;
	/* Takes the packet; its IP header has been checked, it is for us. Soft work, under RCU. */
	void (*receive)(struct packet *p);
	/* NULL: not interested. Soft work, under RCU. */
	void (*error)(const struct ip_error *e);
};
void ip_protocol_register(const struct ip_protocol *protocol);
/* Answers a received packet with an ICMP error if the rules allow (RFC 1122, 3.2.2; limited in
 * rate): code-specific. Does not take it. */
enum ip_unreachable { IP_PORT_UNREACHABLE, IP_HOST_UNREACHABLE, IP_NET_UNREACHABLE,
		      IP_PROTOCOL_UNREACHABLE, IP_PROHIBITED };
void ip_send_unreachable(struct packet *p, enum ip_unreachable what);

/* Sockets ------------------------------------------------------------------------------------- */

/* l: sock.lock.  a: torn reads harmless.  h: its table's locks (net/inet/ports.h). */
struct inet_sock {
	struct sock sock;        /* must be first */
	struct ipaddr local, remote; /* h, l: any: not bound, not connected */
	struct ipaddr source;    /* l: address that packets carry: local, or the route's */
	u16 local_port, remote_port; /* h, l: host order, 0: none */
	struct list port_link;   /* h */
	struct list flow_link;   /* h: hashed by addresses and ports */
	struct port_owner *port; /* h: its local port's entry, or NULL */
	struct route *route;     /* l: cached, or NULL */
	s16 ttl, multicast_ttl;  /* a: -1: default */
	u8 tos;                  /* a */
	u8 mtu_discover;         /* a: IP_PMTUDISC_* */
	bool only_6;             /* a: IPV6_V6ONLY */
	bool free_bind, header_included, receive_errors, multicast_loop, multicast_all; /* a */
	bool autoflow;           /* a */
	u32 control_wanted;      /* a: INET_WANT_*: IP_PKTINFO, IP_RECVTTL, … */
	u32 multicast_nif;       /* a: index */
	u32 scope;               /* a: interface of a link-local peer */
	be32 multicast_from, flow_label;
	struct list memberships; /* config lock: groups joined */
	struct packet_queue errors; /* l: MSG_ERRQUEUE */
	u8 options[40];          /* l: IP_OPTIONS */
	u8 options_length;
};
static inline struct inet_sock *inet_sock(struct sock *s) { return (struct inet_sock *)s; }

/* Common bodies, for both families; what is of one protocol only wraps them. */
/* Checks a sockaddr of the socket's family: 0 and *addr, *port (host order), *scope; -EINVAL,
 * -EAFNOSUPPORT. */
int inet_address_in(struct sock *s, const struct sockaddr_storage *a, u32 length,
		    struct ipaddr *addr, u16 *port, u32 *scope);
/* The reverse: its length. */
int inet_address_out(struct sock *s, const struct ipaddr *addr, u16 port, u32 scope,
		     struct sockaddr_storage *a);
int inet_name(struct sock *s, bool peer, struct sockaddr_storage *a);
/* SOL_IP and SOL_IPV6 options: -ENOPROTOOPT if not known. */
int inet_set_option(struct sock *s, int level, int name, const void __user *value, u32 n);
int inet_get_option(struct sock *s, int level, int name, void __user *value, u32 *n);
/* Control data of a received packet that the socket asked for. Thread context. */
int inet_put_control(struct sock *s, struct msg *m, struct packet *p);
/* Common part of making and of ending one. */
void inet_sock_init(struct inet_sock *i);
void inet_sock_fini(struct inet_sock *i);
/* The socket's route to its peer, looked up again if void: a reference, or NULL and *err. With
 * sock.lock. */
struct route *inet_sock_route(struct inet_sock *i, int *err);
/* Queues an error for MSG_ERRQUEUE if the socket wants them. With sock.lock. */
void inet_queue_error(struct inet_sock *i, const struct ip_error *e);

/* Boot: all of it. */
void inet_init(void);
