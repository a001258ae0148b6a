/*
 * /proc/[pid]/net: what the network, which is one for all, tells of itself. The rooms of net/
 * print; each file here is a line of the table at the end.
 */
#include "abi/stat.h"
#include "net/ifctl/ifctl.h"
#include "net/inet/show.h"
#include "net/ip6/ip6_count.h"
#include "net/ip6/ip6_label.h"
#include "net/ip6/ip6_show.h"
#include "net/netlink/netlink.h"
#include "net/packet/packet_sock.h"
#include "net/tcp/tcp.h"
#include "net/unix/unix.h"
#include "proc/procfs/procfs_int.h"

/* A text as a sink. */
struct text_sink { struct format_sink sink; struct text *text; };

static void sink_write(struct format_sink *sink, const char *s, size_t length)
{
	text_write(container_of(sink, struct text_sink, sink)->text, s, length);
}

#define SHOW(name, call) \
	static int show_##name(struct text *t, struct task *task) \
	{ \
		struct text_sink to = { { sink_write }, t }; \
		struct format_sink *out = &to.sink; \
\
		call; \
		return 0; \
	}

SHOW(dev, ifctl_show_dev(out))
SHOW(dev_mcast, ifctl_show_mcast(out))
SHOW(netlink, netlink_show(out))
SHOW(packet, packet_sock_show(out))
SHOW(route, ip4_show_routes(out))
SHOW(arp, arp_show(out))
SHOW(igmp, igmp_show(out))
SHOW(udp, udp_show(out, IPPROTO_UDP, false))
SHOW(udp6, udp_show(out, IPPROTO_UDP, true))
SHOW(udplite, udp_show(out, IPPROTO_UDPLITE, false))
SHOW(udplite6, udp_show(out, IPPROTO_UDPLITE, true))
SHOW(raw, raw_show(out, false))
SHOW(raw6, raw_show(out, true))
SHOW(icmp, ping_show(out, false))
SHOW(icmp6, ping_show(out, true))
SHOW(snmp, inet_show_snmp(out))
SHOW(netstat, inet_show_netstat(out))
SHOW(sockstat, inet_show_sockstat(out, false))
SHOW(sockstat6, inet_show_sockstat(out, true))
SHOW(tcp, tcp_show(out, false))
SHOW(tcp6, tcp_show(out, true))
SHOW(unix, unix_show(out))
SHOW(if_inet6, ip6_show_addrs(out))
SHOW(anycast6, ip6_show_anycast(out))
SHOW(ip6_flowlabel, ip6_show_labels(out))
SHOW(ipv6_route, ip6_show_routes(out))
SHOW(igmp6, mld_show(out))
SHOW(mcfilter6, mld_show_sources(out))
SHOW(snmp6, ip6_show_snmp(out))

#define FILE(name_) { .name = #name_, .mode = S_IFREG | 0444, .show = show_##name_ }

const struct proc_node procfs_net_children[] = {
	FILE(anycast6), FILE(arp), FILE(dev), FILE(dev_mcast), FILE(icmp), FILE(icmp6),
	FILE(if_inet6), FILE(igmp), FILE(igmp6), FILE(ip6_flowlabel), FILE(ipv6_route),
	FILE(mcfilter6), FILE(netlink), FILE(netstat), FILE(packet), FILE(raw), FILE(raw6),
	FILE(route), FILE(snmp), FILE(snmp6), FILE(sockstat), FILE(sockstat6), FILE(tcp),
	FILE(tcp6), FILE(udp), FILE(udp6), FILE(udplite), FILE(udplite6), FILE(unix),
	{ 0 },
};
