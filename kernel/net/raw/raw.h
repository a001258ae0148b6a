/*
 * Raw sockets: raw.c makes and feeds them, raw_send.c sends, raw_option.c has their options.
 */
#pragma once

#include "net/inet/inet_int.h"

/* a: torn reads harmless. */
struct raw_sock {
	struct inet_sock inet;   /* must be first */
	u32 icmp_filter;         /* a: ICMP_FILTER: bit per type that is dropped */
	s32 checksum_at;         /* a: IPV6_CHECKSUM: offset of a checksum to fill in; -1: none */
	s32 alert;               /* a: IPV6_ROUTER_ALERT: the value of the option; -1: none */
	u32 icmp6_filter[8];     /* a: ICMPV6_FILTER: bit per type that is dropped */
};
static inline struct raw_sock *raw_sock(struct sock *s) { return (struct raw_sock *)s; }

void raw_show_init(void);
ssize_t raw_send(struct sock *s, struct msg *m);
int raw_set_option(struct sock *s, int level, int name, const void __user *value, u32 n);
int raw_get_option(struct sock *s, int level, int name, void __user *value, u32 *n);
/* IPV6_ROUTER_ALERT: -ENOPROTOOPT, -EADDRINUSE, -ENOBUFS (there is none to end). */
int raw_set_alert(struct raw_sock *r, int value);
/* All raw sockets of a family, for /proc/net; thread context. */
void raw_walk(u16 family, bool (*fn)(struct inet_sock *i, void *arg), void *arg);
