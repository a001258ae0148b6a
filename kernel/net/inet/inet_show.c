/*
 * Counters and lists of sockets as text (proc(5), netstat(8)).
 */
#include "net/inet/show.h"

#include "net/inet/reassembly.h"
#include "net/ip4/ip4.h"

#define ULL(x) ((unsigned long long)(x))

static struct inet_show *shows; /* I after boot */

void inet_show_register(struct inet_show *show)
{
	struct inet_show **at = &shows;

	while (*at)
		at = &(*at)->next;
	show->next = NULL;
	*at = show;
}

static void address(struct format_sink *out, const struct sock *s, const struct ipaddr *a,
		    u16 port)
{
	if (s->family == AF_INET)
		format_to(out, " %08X:%04X", a->w[3], port);
	else
		format_to(out, " %08X%08X%08X%08X:%04X", a->w[0], a->w[1], a->w[2], a->w[3], port);
}

void inet_show_sock_header(struct format_sink *out, int width, bool six)
{
	if (six) /* the number's width is 5 there, whatever stands below */
		format_to(out, "  sl  local_address                         remote_address"
			  "                        st");
	else
		format_to(out, "%*ssl  local_address rem_address   st", width - 2, "");
	format_to(out, " tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer "
		  "drops\n");
}

void inet_show_sock(struct format_sink *out, struct inet_sock *i, u32 number, int width, u8 state)
{
	struct sock *s = &i->sock;

	format_to(out, "%*u:", width, number);
	address(out, s, &i->local, i->local_port);
	address(out, s, &i->remote, i->remote_port);
	format_to(out, " %02X %08X:%08X 00:00000000 00000000 %5u %8d %llu %u 0000000000000000 %u\n",
		  state, READ_ONCE(s->send_used), READ_ONCE(s->receive_used), s->uid, 0,
		  ULL(s->ino), ref_read(&s->refs), READ_ONCE(s->drops));
}

/* A line of names and a line of numbers; the counters are counted from `base` on. */
struct column { const char *name; s16 counter; s16 fixed; };

static void table(struct format_sink *out, const char *name, const struct column *c, unsigned n,
		  unsigned base)
{
	format_to(out, "%s:", name);
	for (unsigned i = 0; i < n; i++)
		format_to(out, " %s", c[i].name);
	format_to(out, "\n%s:", name);
	for (unsigned i = 0; i < n; i++)
		format_to(out, " %llu", c[i].counter < 0 ? ULL(c[i].fixed) :
			  ULL(inet_counter_read(base + (unsigned)c[i].counter)));
	format_to(out, "\n");
}

#define C(n, counter_) { .name = n, .counter = counter_ }
#define ZERO(n) { .name = n, .counter = -1 }

static const struct column ip_columns[] = {
	C("InReceives", IPV4_IN_RECEIVES), C("InHdrErrors", IPV4_IN_HDR_ERRORS),
	C("InAddrErrors", IPV4_IN_ADDR_ERRORS), C("ForwDatagrams", IPV4_FORW_DATAGRAMS),
	C("InUnknownProtos", IPV4_IN_UNKNOWN_PROTOS), C("InDiscards", IPV4_IN_DISCARDS),
	C("InDelivers", IPV4_IN_DELIVERS), C("OutRequests", IPV4_OUT_REQUESTS),
	C("OutDiscards", IPV4_OUT_DISCARDS), C("OutNoRoutes", IPV4_OUT_NO_ROUTES),
	C("ReasmTimeout", IPV4_REASM_TIMEOUT), C("ReasmReqds", IPV4_REASM_REQDS),
	C("ReasmOKs", IPV4_REASM_OKS), C("ReasmFails", IPV4_REASM_FAILS),
	C("FragOKs", IPV4_FRAG_OKS), C("FragFails", IPV4_FRAG_FAILS),
	C("FragCreates", IPV4_FRAG_CREATES),
};
static const struct column icmp_columns[] = {
	C("InMsgs", ICMP4_IN_MSGS), C("InErrors", ICMP4_IN_ERRORS),
	C("InCsumErrors", ICMP4_IN_CSUM_ERRORS), C("InDestUnreachs", ICMP4_IN_DEST_UNREACHS),
	C("InTimeExcds", ICMP4_IN_TIME_EXCDS), C("InParmProbs", ICMP4_IN_PARM_PROBS),
	C("InSrcQuenchs", ICMP4_IN_SRC_QUENCHS), C("InRedirects", ICMP4_IN_REDIRECTS),
	C("InEchos", ICMP4_IN_ECHOS), C("InEchoReps", ICMP4_IN_ECHO_REPS),
	C("InTimestamps", ICMP4_IN_TIMESTAMPS), C("InTimestampReps", ICMP4_IN_TIMESTAMP_REPS),
	ZERO("InAddrMasks"), ZERO("InAddrMaskReps"), C("OutMsgs", ICMP4_OUT_MSGS),
	C("OutErrors", ICMP4_OUT_ERRORS), C("OutRateLimitGlobal", ICMP4_OUT_LIMITED_ALL),
	C("OutRateLimitHost", ICMP4_OUT_LIMITED_PEER),
	C("OutDestUnreachs", ICMP4_OUT_DEST_UNREACHS),
	C("OutTimeExcds", ICMP4_OUT_TIME_EXCDS), C("OutParmProbs", ICMP4_OUT_PARM_PROBS),
	ZERO("OutSrcQuenchs"), C("OutRedirects", ICMP4_OUT_REDIRECTS),
	C("OutEchos", ICMP4_OUT_ECHOS), C("OutEchoReps", ICMP4_OUT_ECHO_REPS),
	ZERO("OutTimestamps"), C("OutTimestampReps", ICMP4_OUT_TIMESTAMP_REPS),
	ZERO("OutAddrMasks"), ZERO("OutAddrMaskReps"),
};
static const struct column udp_columns[] = {
	C("InDatagrams", UDP_IN_DATAGRAMS), C("NoPorts", UDP_NO_PORTS),
	C("InErrors", UDP_IN_ERRORS), C("OutDatagrams", UDP_OUT_DATAGRAMS),
	C("RcvbufErrors", UDP_RCVBUF_ERRORS), C("SndbufErrors", UDP_SNDBUF_ERRORS),
	C("InCsumErrors", UDP_IN_CSUM_ERRORS), C("IgnoredMulti", UDP_IGNORED_MULTI),
	ZERO("MemErrors"),
};
static const struct column ext_columns[] = {
	C("InNoRoutes", IPEXT_IN_NO_ROUTES), C("InTruncatedPkts", IPEXT_IN_TRUNCATED),
	C("InMcastPkts", IPEXT_IN_MCAST_PKTS), C("OutMcastPkts", IPEXT_OUT_MCAST_PKTS),
	C("InBcastPkts", IPEXT_IN_BCAST_PKTS), C("OutBcastPkts", IPEXT_OUT_BCAST_PKTS),
	C("InOctets", IPEXT_IN_OCTETS), C("OutOctets", IPEXT_OUT_OCTETS),
};

void inet_show_snmp(struct format_sink *out)
{
	struct column ip[ARRAY_SIZE(ip_columns) + 2] = {
		{ .name = "Forwarding", .counter = -1,
		  .fixed = READ_ONCE(ip4_settings.forward) ? 1 : 2 },
		{ .name = "DefaultTTL", .counter = -1,
		  .fixed = (s16)READ_ONCE(ip4_settings.default_ttl) },
	};

	memcpy(ip + 2, ip_columns, sizeof(ip_columns));
	table(out, "Ip", ip, ARRAY_SIZE(ip), 0);
	table(out, "Icmp", icmp_columns, ARRAY_SIZE(icmp_columns), 0);
	for (struct inet_show *s = shows; s; s = s->next)
		if (s->snmp)
			s->snmp(out);
	table(out, "Udp", udp_columns, ARRAY_SIZE(udp_columns), UDP4_COUNTS);
	table(out, "UdpLite", udp_columns, ARRAY_SIZE(udp_columns), UDPLITE4_COUNTS);
}

void inet_show_netstat(struct format_sink *out)
{
	for (struct inet_show *s = shows; s; s = s->next)
		if (s->netstat)
			s->netstat(out);
	table(out, "IpExt", ext_columns, ARRAY_SIZE(ext_columns), 0);
}

void inet_show_sockstat(struct format_sink *out, bool six)
{
	u32 packets;
	u64 bytes;

	if (!six)
		format_to(out, "sockets: used %u\n", sock_count());
	for (struct inet_show *s = shows; s; s = s->next)
		if (s->sockstat)
			s->sockstat(out, six);
	reassembly_usage(six, &packets, &bytes);
	format_to(out, "FRAG%s: inuse %u memory %llu\n", six ? "6" : "", packets, ULL(bytes));
}
