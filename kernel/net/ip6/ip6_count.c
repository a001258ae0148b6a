/*
 * The counters of IPv6 as text: a line each, names as in the MIB of RFC 4293.
 */
#include "net/ip6/ip6_count.h"

#include "net/inet/inet.h"

#define ULL(x) ((unsigned long long)(x))

DEFINE_PERCPU(struct ip6_counters, ip6_counters);

/* The sum of what each CPU has at an offset of its counters. */
static u64 sum_of(size_t offset)
{
	u64 sum = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		sum += READ_ONCE(*(u64 *)((u8 *)percpu_ptr(ip6_counters, cpu) + offset));
	return sum;
}

u64 ip6_counter_read(enum ip6_counter counter)
{
	return sum_of(offsetof(struct ip6_counters, n) + counter * sizeof(u64));
}

static u64 icmp_read(bool out, u8 type)
{
	size_t base = out ? offsetof(struct ip6_counters, icmp_out) :
			    offsetof(struct ip6_counters, icmp_in);

	return sum_of(base + type * sizeof(u64));
}

struct line { const char *name; s16 counter; }; /* -1: nothing here counts it */

static const struct line ip_lines[] = {
	{ "InReceives", IP6_IN_RECEIVES }, { "InHdrErrors", IP6_IN_HDR_ERRORS },
	{ "InTooBigErrors", IP6_IN_TOO_BIG_ERRORS }, { "InNoRoutes", IP6_IN_NO_ROUTES },
	{ "InAddrErrors", IP6_IN_ADDR_ERRORS }, { "InUnknownProtos", IP6_IN_UNKNOWN_PROTOS },
	{ "InTruncatedPkts", IP6_IN_TRUNCATED }, { "InDiscards", IP6_IN_DISCARDS },
	{ "InDelivers", IP6_IN_DELIVERS }, { "OutForwDatagrams", IP6_OUT_FORW_DATAGRAMS },
	{ "OutRequests", IP6_OUT_REQUESTS }, { "OutDiscards", IP6_OUT_DISCARDS },
	{ "OutNoRoutes", IP6_OUT_NO_ROUTES }, { "ReasmTimeout", IP6_REASM_TIMEOUT },
	{ "ReasmReqds", IP6_REASM_REQDS }, { "ReasmOKs", IP6_REASM_OKS },
	{ "ReasmFails", IP6_REASM_FAILS }, { "FragOKs", IP6_FRAG_OKS },
	{ "FragFails", IP6_FRAG_FAILS }, { "FragCreates", IP6_FRAG_CREATES },
	{ "InMcastPkts", IP6_IN_MCAST_PKTS }, { "OutMcastPkts", IP6_OUT_MCAST_PKTS },
	{ "InOctets", IP6_IN_OCTETS }, { "OutOctets", IP6_OUT_OCTETS },
	{ "InMcastOctets", IP6_IN_MCAST_OCTETS }, { "OutMcastOctets", IP6_OUT_MCAST_OCTETS },
	{ "InBcastOctets", -1 }, { "OutBcastOctets", -1 },
};
static const struct line icmp_lines[] = {
	{ "InMsgs", ICMP6_IN_MSGS }, { "InErrors", ICMP6_IN_ERRORS },
	{ "OutMsgs", ICMP6_OUT_MSGS }, { "OutErrors", ICMP6_OUT_ERRORS },
	{ "InCsumErrors", ICMP6_IN_CSUM_ERRORS },
	{ "OutRateLimitHost", ICMP6_OUT_RATE_LIMITED },
};
/* Types that have a name of their own. */
static const struct { const char *name; u8 type; } icmp_types[] = {
	{ "DestUnreachs", 1 }, { "PktTooBigs", 2 }, { "TimeExcds", 3 }, { "ParmProblems", 4 },
	{ "Echos", 128 }, { "EchoReplies", 129 }, { "GroupMembQueries", 130 },
	{ "GroupMembResponses", 131 }, { "GroupMembReductions", 132 }, { "RouterSolicits", 133 },
	{ "RouterAdvertisements", 134 }, { "NeighborSolicits", 135 },
	{ "NeighborAdvertisements", 136 }, { "Redirects", 137 }, { "MLDv2Reports", 143 },
};
static const struct line udp_lines[] = {
	{ "InDatagrams", UDP_IN_DATAGRAMS }, { "NoPorts", UDP_NO_PORTS },
	{ "InErrors", UDP_IN_ERRORS }, { "OutDatagrams", UDP_OUT_DATAGRAMS },
	{ "RcvbufErrors", UDP_RCVBUF_ERRORS }, { "SndbufErrors", UDP_SNDBUF_ERRORS },
	{ "InCsumErrors", UDP_IN_CSUM_ERRORS }, { "IgnoredMulti", UDP_IGNORED_MULTI },
	{ "MemErrors", -1 },
};

static void line(struct format_sink *out, const char *group, const char *way, const char *name,
		 u64 value)
{
	int width = 32 - (int)format_to(out, "%s%s%s", group, way, name);

	format_to(out, "%*s\t%llu\n", max(width, 0), "", ULL(value));
}

static void show_icmp(struct format_sink *out)
{
	static const char *const ways[] = { "In", "Out" };
	char name[16];

	for (unsigned i = 0; i < ARRAY_SIZE(icmp_lines); i++)
		line(out, "Icmp6", "", icmp_lines[i].name,
		     ip6_counter_read((enum ip6_counter)icmp_lines[i].counter));
	for (unsigned way = 0; way < 2; way++)
		for (unsigned i = 0; i < ARRAY_SIZE(icmp_types); i++)
			line(out, "Icmp6", ways[way], icmp_types[i].name,
			     icmp_read(way, icmp_types[i].type));
	for (unsigned way = 0; way < 2; way++)
		for (unsigned type = 0; type < 256; type++) {
			u64 n = icmp_read(way, (u8)type);

			snprintf(name, sizeof(name), "Type%u", type);
			if (n)
				line(out, "Icmp6", ways[way], name, n);
		}
}

/* UDP-Lite has no line for what nobody wanted. */
static void show_udp(struct format_sink *out, const char *group, unsigned base)
{
	for (unsigned i = 0; i < ARRAY_SIZE(udp_lines); i++) {
		s16 counter = udp_lines[i].counter;

		if (counter != UDP_IGNORED_MULTI || base == UDP6_COUNTS)
			line(out, group, "", udp_lines[i].name, counter < 0 ? 0 :
			     inet_counter_read(base + (unsigned)counter));
	}
}

void ip6_show_snmp(struct format_sink *out)
{
	for (unsigned i = 0; i < ARRAY_SIZE(ip_lines); i++)
		line(out, "Ip6", "", ip_lines[i].name, ip_lines[i].counter < 0 ? 0 :
		     ip6_counter_read((enum ip6_counter)ip_lines[i].counter));
	show_icmp(out);
	show_udp(out, "Udp6", UDP6_COUNTS);
	show_udp(out, "UdpLite6", UDPLITE6_COUNTS);
}
