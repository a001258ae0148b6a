/*
 * Counters of IPv6 (/proc/net/snmp6; RFC 4293): per CPU, without locks: threads and soft work only.
 */
#pragma once

#include "arch/percpu.h"
#include "lib/format.h"
#include "lib/types.h"

enum ip6_counter {
	IP6_IN_RECEIVES, IP6_IN_HDR_ERRORS, IP6_IN_TOO_BIG_ERRORS, IP6_IN_NO_ROUTES,
	IP6_IN_ADDR_ERRORS, IP6_IN_UNKNOWN_PROTOS, IP6_IN_TRUNCATED, IP6_IN_DISCARDS,
	IP6_IN_DELIVERS, IP6_OUT_FORW_DATAGRAMS, IP6_OUT_REQUESTS, IP6_OUT_DISCARDS,
	IP6_OUT_NO_ROUTES, IP6_REASM_TIMEOUT, IP6_REASM_REQDS, IP6_REASM_OKS, IP6_REASM_FAILS,
	IP6_FRAG_OKS, IP6_FRAG_FAILS, IP6_FRAG_CREATES, IP6_IN_MCAST_PKTS, IP6_OUT_MCAST_PKTS,
	IP6_IN_OCTETS, IP6_OUT_OCTETS, IP6_IN_MCAST_OCTETS, IP6_OUT_MCAST_OCTETS,
	ICMP6_IN_MSGS, ICMP6_IN_ERRORS, ICMP6_OUT_MSGS, ICMP6_OUT_ERRORS, ICMP6_IN_CSUM_ERRORS,
	ICMP6_OUT_RATE_LIMITED,
	IP6_COUNTERS
};
struct ip6_counters {
	u64 n[IP6_COUNTERS];
	u64 icmp_in[256], icmp_out[256]; /* by type */
};
DECLARE_PERCPU(struct ip6_counters, ip6_counters);
#define ip6_count(counter)      this_cpu_add(ip6_counters.n[counter], 1ull)
#define ip6_count_n(counter, v) this_cpu_add(ip6_counters.n[counter], (u64)(v))
#define icmp6_count_in(type)    this_cpu_add(ip6_counters.icmp_in[type], 1ull)
#define icmp6_count_out(type)   this_cpu_add(ip6_counters.icmp_out[type], 1ull)

/* The sum over all CPUs. */
u64 ip6_counter_read(enum ip6_counter counter);
/* The text of /proc/net/snmp6. Thread context. */
void ip6_show_snmp(struct format_sink *out);
