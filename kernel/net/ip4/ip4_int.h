/*
 * Between the files of net/ip4.
 */
#pragma once

#include "net/inet/inet_int.h"
#include "net/inet/inet_member.h"
#include "net/ip4/ip4.h"

/* Milliseconds since midnight UTC. */
u32 ip4_ms_of_day(void);

/* ip4_route.c */
int ip4_route(const struct flow *f, struct route **out);
int ip4_address_kind(const struct ipaddr *a, u32 nif);
/* A redirect of RFC 1122, 3.2.2.2: `gateway` for `to`, said by `by` on nif. Soft work. */
void ip4_redirected(struct netif *nif, be32 by, be32 to, be32 gateway);

/* ip4_output.c */
int ip4_send(struct packet *p, struct route *r, const struct ip_meta *meta);
/* A packet with its IP header (data begins there), checked: fragments if need be and sends it.
 * `loop`: multicast and broadcast are given to this machine, too. Takes it. */
int ip4_output(struct packet *p, struct route *r, bool loop, bool may_fragment);
/* The next identification of packets of a flow (RFC 6864). */
u16 ip4_next_id(be32 from, be32 to, u8 protocol);

/* ip4_fragment.c: cuts a packet longer than mtu (data begins with the IP header) and gives each
 * piece to `send`. Takes it. */
int ip4_fragment(struct packet *p, u32 mtu, struct route *r,
		 int (*send)(struct packet *p, struct route *r));

/* ip4_input.c */
void ip4_receive(struct packet *p);
/* ip4_forward.c: a packet that is not for us; data begins with the IP header. Takes it. */
void ip4_forward(struct packet *p);
/* ip4_reassembly.c: a fragment, data begins behind the IP header: the whole packet, or NULL. Takes
 * it. */
struct packet *ip4_reassemble(struct packet *p);
void ip4_reassembly_init(void);

/* icmp.c, icmp_send.c, icmp_error.c */
void icmp_init(void);
void icmp4_refuse(struct packet *p, enum ip_unreachable what);
void icmp4_hop_failed(struct packet *p);
void icmp4_error_receive(struct packet *p);
/* Answers with the bytes of p from data on, whose ICMP header is made, to where it came from. Takes
 * it. */
void icmp4_reply(struct packet *p);
bool icmp4_may_send(be32 to);

/* igmp.c and ip4_member.c */
void igmp_init(void);
struct mcast_state *igmp_state_make(struct netif *nif); /* NULL: no memory */
/* The interface came up (0 or -ENOMEM) or went down. With the config lock. */
int igmp_up(struct netif *nif);
void igmp_down(struct netif *nif);
/* Whether this machine is a member of a group on an interface. Under RCU. */
bool igmp_is_member(const struct netif *nif, be32 group);
/* A socket's wish changed: 0 or -ENOMEM. Config lock. */
int igmp_change(struct netif *nif, const struct ipaddr *group, const struct inet_part *from,
		const struct inet_part *to);
bool ip4_wants_multicast(struct inet_sock *i, const struct ipaddr *group,
			 const struct ipaddr *from, u32 nif);
int ip4_member_option(struct inet_sock *i, int name, const void __user *value, u32 n);
int ip4_member_get(struct inet_sock *i, void __user *value, u32 *n); /* MCAST_MSFILTER */
/* The interface meant, with a reference: by number, by an address of its, or that by which packets
 * to the group go; or NULL. */
struct netif *ip4_group_netif(const struct ipaddr *group, u32 index, be32 address);
/* ip4_msfilter.c */
struct inet_group_ops;
int ip4_msfilter_set(struct inet_sock *i, const struct inet_group_ops *ops,
		     const void __user *value, u32 n);
int ip4_msfilter_get(struct inet_sock *i, void __user *value, u32 *n);
void ip4_leave_all(struct inet_sock *i);

/* ip4_option.c, ip4_control.c */
int ip4_set_option(struct inet_sock *i, int name, const void __user *value, u32 n);
int ip4_get_option(struct inet_sock *i, int name, void __user *value, u32 *n);
int ip4_put_control(struct inet_sock *i, struct msg *m, struct packet *p);
int ip4_get_control(struct inet_sock *i, const struct abi_cmsghdr *c, struct inet_send *to);

/* ip4_addr.c, ip4_ioctl.c, ip4_route_ioctl.c */
void ip4_addr_init(void);
void ip4_ioctl_init(void);
long ip4_route_ioctl(u32 request, u64 arg);
void fib4_init(void);
/* Routes that came by redirects; routes with a source address go with that. Config lock (the count:
 * anybody). */
u32 fib4_redirects(void);
void fib4_forget_source(be32 local);
/* Room for the routes that an address brings, taken where one can still say that there is none. */
enum { ADDR_ROUTES = 5 };
struct fib_stock {
	struct fib_entry *entry[ADDR_ROUTES];
	unsigned n;
};
/* Fills one: 0 or -ENOMEM. What is not used is given back. */
int fib4_reserve(struct fib_stock *stock);
void fib4_unreserve(struct fib_stock *stock);
/* As fib4_add(), which does not replace, without any need of memory. */
int fib4_add_reserved(struct fib_stock *stock, const struct fib_entry *e);
/* ip4_addr_route.c: the routes that follow from an address come, and go but for those that another
 * address of the interface wants, too. The interface is up; config lock. */
void ip4_addr_routes_add(const struct ip4_addr *a, struct fib_stock *stock);
void ip4_addr_routes_drop(const struct ip4_addr *a);
/* Puts `wanted` in the place of an address: as ip4_addr_add(), and on an error all is as it was. */
int ip4_addr_replace(struct ip4_addr *old, const struct ip4_addr *wanted);
void ip4_tell_addr(const struct ip4_addr *a, bool added);
void ip4_tell_route(const struct fib_entry *e, bool added);
void ip4_addr_put(struct ip4_addr *a);

/* What a route to an address of that type is. */
static inline enum route_kind ip4_route_kind(enum fib_type type)
{
	switch (type) {
	case FIB_LOCAL:
		return ROUTE_LOCAL;
	case FIB_BROADCAST:
		return ROUTE_BROADCAST;
	case FIB_MULTICAST:
		return ROUTE_MULTICAST;
	default:
		return ROUTE_UNICAST;
	}
}
