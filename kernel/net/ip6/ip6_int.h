/*
 * Between the files of net/ip6.
 */
#pragma once

#include "net/inet/inet_int.h"
#include "net/ip6/ip6.h"

/* ip6_route.c */
int ip6_route(const struct flow *f, struct route **out);
int ip6_address_kind(const struct ipaddr *a, u32 nif);
struct netif *ip6_loopback(void);

/* ip6_output.c */
int ip6_send(struct packet *p, struct route *r, const struct ip_meta *meta);
/* A packet with its IP header (data begins there), checked: fragments if need be and sends it. As
 * ip4_output(). */
int ip6_output(struct packet *p, struct route *r, bool loop, bool may_fragment);

/* ip6_input.c, ip6_forward.c, ip6_reassembly.c: as their like of net/ip4. */
void ip6_receive(struct packet *p);
void ip6_forward(struct packet *p);
struct packet *ip6_reassemble(struct packet *p, const struct ip6_chain *chain);
void ip6_reassembly_init(void);

/* icmp6.c */
void icmp6_init(void);
void icmp6_refuse(struct packet *p, enum ip_unreachable what);
void icmp6_hop_failed(struct packet *p);
void icmp6_error_receive(struct packet *p);

/* ip6_option.c, ip6_control.c: SOL_IPV6 of sockets. */
int ip6_set_option(struct inet_sock *i, int name, const void __user *value, u32 n);
int ip6_get_option(struct inet_sock *i, int name, void __user *value, u32 *n);
int ip6_put_control(struct inet_sock *i, struct msg *m, struct packet *p);
int ip6_get_control(struct inet_sock *i, const struct abi_cmsghdr *c, struct inet_send *to);
/* IPV6_PKTINFO, which sockets of AF_INET6 get of packets of either version. */
int ip6_put_pktinfo(struct inet_sock *i, struct msg *m, struct packet *p);

/* ip6_addr.c, ip6_fib.c, ip6_ioctl.c */
void ip6_addr_init(void);
void fib6_init(void);
void ip6_ioctl_init(void);
void ip6_tell_addr(const struct ip6_addr *a, bool added);
void ip6_tell_route(const struct fib6_entry *e, bool added);
void ip6_tell_link(struct netif *nif);
