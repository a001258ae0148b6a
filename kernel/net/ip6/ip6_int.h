/*
 * Between the files of net/ip6.
 */
#pragma once

#include "abi/rtnetlink.h"
#include "net/inet/inet_int.h"
#include "net/ip6/ip6.h"

/* ip6_route.c */
int ip6_route(const struct flow *f, struct route **out);
int ip6_address_kind(const struct ipaddr *a, u32 nif);

/* ip6_output.c */
int ip6_send(struct packet *p, struct route *r, const struct ip_meta *meta);
/* A packet with its IP header (data begins there), checked: fragments if need be and sends it. As
 * ip4_output(). */
int ip6_output(struct packet *p, struct route *r, bool loop, bool may_fragment);

/* ip6_fragment.c: cuts a packet longer than mtu (data begins with the IP header) and gives each
 * piece to `send`. Takes it. */
int ip6_fragment(struct packet *p, u32 mtu, struct route *r,
		 int (*send)(struct packet *p, struct route *r));

/* ip6_input.c, ip6_forward.c, ip6_reassembly.c: as their like of net/ip4. */
void ip6_receive(struct packet *p);
/* ip6_chain_read() of a packet, data at the IP header, of which it is made sure that enough is
 * contiguous: -ENODATA: there is no more. */
int ip6_chain_want(struct packet *p, enum ip6_reader reader, struct ip6_chain *chain);
void ip6_forward(struct packet *p);
/* A fragment, data behind its header: the whole packet, data at the IP header, ip_info() saying
 * what is behind that; or NULL. Takes it. */
struct packet *ip6_reassemble(struct packet *p, const struct ip6_chain *chain);
void ip6_reassembly_init(void);

/* icmp6.c */
void icmp6_init(void);
void icmp6_refuse(struct packet *p, enum ip_unreachable what);
void icmp6_hop_failed(struct packet *p);
void icmp6_error_receive(struct packet *p);
/* Answers with the bytes of p from data on, an ICMPv6 message whose type (first byte) was changed
 * from what the sum was made for, to where it came from. Takes it. */
void icmp6_reply(struct packet *p);

/* ip6_option.c, ip6_control.c: SOL_IPV6 of sockets. */
int ip6_set_option(struct inet_sock *i, int name, const void __user *value, u32 n);
int ip6_get_option(struct inet_sock *i, int name, void __user *value, u32 *n);
int ip6_put_control(struct inet_sock *i, struct msg *m, struct packet *p);
int ip6_get_control(struct inet_sock *i, const struct abi_cmsghdr *c, struct inet_send *to);
/* IPV6_PKTINFO, which sockets of AF_INET6 get of packets of either version. */
int ip6_put_pktinfo(struct inet_sock *i, struct msg *m, struct packet *p);

/* Whether packets may carry an address with these flags (optimistic ones: RFC 4429). Pure. */
static inline bool ip6_addr_usable(u32 flags)
{
	return !(flags & IFA_F_DADFAILED) &&
	       (!(flags & IFA_F_TENTATIVE) || flags & IFA_F_OPTIMISTIC);
}

/* ip6_fib.c */
void fib6_init(void);
/* What of this machine an address is, to packets that came by (or leave by) an interface (index;
 * counts for link-local ones and groups; 0: any): the route of the local table, or NULL. Under
 * RCU. */
const struct fib6_entry *fib6_local(const struct ipaddr *to, u32 nif);
/* Routes with that source address go. Config lock. */
void fib6_forget_source(const struct ipaddr *source);
/* Those that are over by `now` go: when the next will be, 0: none. Config lock. */
u64 fib6_expire(u64 now);

/* ip6_anycast.c. Joins an address on an interface, or leaves it: 0, -ENOMEM. The routes of all of
 * an interface's (it is up), or all of them go for good. Config lock. */
int ip6_anycast_join(struct netif *nif, const struct ipaddr *address);
void ip6_anycast_leave(struct netif *nif, const struct ipaddr *address);
void ip6_anycast_up(struct netif *nif);
void ip6_anycast_free(struct netif *nif);
/* An address of a router's (`router`), or of one that is none any more: the address of all routers
 * of its prefix (RFC 4291, 2.6.1). Config lock. */
void ip6_anycast_router(struct ip6_addr *a, bool router);
/* Whether an interface has it. Under RCU. */
bool ip6_anycast_has(const struct netif *nif, const struct ipaddr *address);
/* IPV6_JOIN_ANYCAST, IPV6_LEAVE_ANYCAST; -ENOPROTOOPT: neither. A socket leaves all (config
 * lock). */
int ip6_anycast_option(struct inet_sock *i, int name, const void __user *value, u32 n);
void ip6_anycast_leave_all(struct inet_sock *i);

/* ip6_addr.c, ip6_lifetime.c, ip6_ioctl.c */
void ip6_addr_init(void);
/* IPv6 is switched on or off (conf/disable_ipv6) on an interface. Config lock. */
void ip6_addr_switch(struct netif *nif, bool on);
/* ip6_conf.c: the settings that an interface begins with. Config lock. */
void ip6_conf_begin(struct ip6_if *in);
/* IPv6 leaves an interface: what begin() joined. Config lock. */
void ip6_conf_end(struct ip6_if *in);
/* ip6_temporary.c. When an address needs a successor: CLOCK_MONOTONIC ns; 0: it needs none. The
 * successor is made, once. Nobody may have the address, which is temporary: another is made in its
 * place. All with the config lock. */
u64 ip6_temporary_due(const struct ip6_addr *a);
void ip6_temporary_renew(struct ip6_addr *a);
void ip6_temporary_failed(struct ip6_addr *a);
void ip6_lifetime_init(void);
/* Some lifetime of an address or a route is new. Any context. */
void ip6_lifetime_changed(void);
void ip6_ioctl_init(void);
void ip6_tell_addr(const struct ip6_addr *a, bool added);
void ip6_tell_route(const struct fib6_entry *e, bool added);
void ip6_tell_link(struct netif *nif);
