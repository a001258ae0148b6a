/*
 * Between the files of net/: what nobody outside the room needs.
 */
#pragma once

#include "net/inet/inet.h"
#include "net/inet/ports.h"

/* Raw sockets (net/raw): whether any wants packets of a protocol; gives each a copy. Soft work,
 * under RCU. raw_receive: whether one took it. */
extern u32 raw_listeners[256]; /* a: sockets per protocol */
bool raw_receive(struct packet *p);
/* A packet to be forwarded that has the router alert option (RFC 2711) of that value, data at the
 * IP header: to the sockets with IPV6_ROUTER_ALERT. Whether any took it. Soft work, under RCU. */
bool raw_alert(struct packet *p, u16 value);
extern u32 raw_alerts; /* a: how many such sockets there are */
void raw_error(const struct ip_error *e, u8 protocol);

/* The boot of each part, in this order, by inet_init(). */
void neighbour_init(void);
void inet_sock_family_init(void);
void reassembly_init(void);
void ip4_init(void);
void ip6_init(void);
void udp_init(void);
void raw_init(void);
void ping_init(void);
void inet_error_init(void);

/* Routes of sockets by an interface that goes are dropped: for lists that are no port tables. */
void raw_forget(struct netif *nif);

/* inet_option.c: options that both versions have under different names. */
int inet_option_bool(const void __user *value, u32 n, bool *out);
/* IP_RECVERR and its queue: whether the socket keeps errors. */
static inline bool inet_keeps_errors(const struct inet_sock *i, const struct ipaddr *to)
{
	return ipaddr_is4(to) ? i->receive_errors : i->six.receive_errors;
}
