/*
 * The texts of /proc/net, printed into a sink by whom they are about. proc/ stands above and makes
 * files of them. Thread context.
 */
#pragma once

#include "lib/format.h"
#include "net/inet/inet.h"

void ip4_show_routes(struct format_sink *out);     /* route */
void arp_show(struct format_sink *out);            /* arp */
void igmp_show(struct format_sink *out);           /* igmp */
/* udp, udp6; udplite, udplite6 */
void udp_show(struct format_sink *out, u16 protocol, bool six);
void raw_show(struct format_sink *out, bool six);  /* raw, raw6 */
void ping_show(struct format_sink *out, bool six); /* icmp, icmp6 */
void inet_show_snmp(struct format_sink *out);      /* snmp: IPv4, ICMP, the transports */
void inet_show_netstat(struct format_sink *out);   /* netstat */
void inet_show_sockstat(struct format_sink *out, bool six); /* sockstat, sockstat6 */

/* A line of udp, raw and the like; `number` comes first, at least `width` wide; `state`: of TCP. */
void inet_show_sock(struct format_sink *out, struct inet_sock *i, u32 number, int width, u8 state);
void inet_show_sock_header(struct format_sink *out, int width, bool six);

/* What transports add: lines of their own; NULL: none. Registered at boot. */
struct inet_show {
	void (*snmp)(struct format_sink *out);
	void (*netstat)(struct format_sink *out);
	void (*sockstat)(struct format_sink *out, bool six);
	struct inet_show *next;
};
void inet_show_register(struct inet_show *show);
