/* Addresses, routes and links of IPv6 over NETLINK_ROUTE (rtnetlink(7)), by the classic calls and
 * in /proc, on the loopback interface. */
#include "nl6.h"
#include <linux/if_link.h>
#include <linux/ipv6_route.h>
#include <linux/neighbour.h>
#include <linux/route.h>
#include <sys/ioctl.h>

#define LINK  sizeof(struct ifinfomsg)

/* As linux/ipv6.h has it, which does not go with netinet/in.h. */
struct in6_ifreq6 { struct in6_addr address; uint32_t length; int index; };

static bool is_ours(const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);

	return h->nlmsg_type == RTM_NEWADDR && m->ifa_family == AF_INET6 && m->ifa_index == 1 &&
	       m->ifa_prefixlen == 64 && is6(h, ADDR, IFA_ADDRESS, "2001:db8:7::1") &&
	       !(find32(h, ADDR, IFA_FLAGS) & IFA_F_TENTATIVE);
}

static bool is_loopback(const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);

	return m->ifa_prefixlen == 128 && m->ifa_scope == RT_SCOPE_HOST &&
	       m->ifa_flags & IFA_F_PERMANENT && is6(h, ADDR, IFA_ADDRESS, "::1");
}

static int addresses(bool (*wanted)(const struct nlmsghdr *h))
{
	struct rtgenmsg all = {.rtgen_family = AF_INET6};
	struct request r = request(RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all));

	return dump(fd, &r, wanted);
}

TEST(addresses)
{
	struct nlmsghdr *h = (void *)answer;
	struct request r;
	int listener;

	up();
	is(addresses(is_loopback), 1, "::1");
	listener = nl_open(1 << (RTNLGRP_IPV6_IFADDR - 1));
	r = addr_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "2001:db8:7::1", 64);
	is(verdict(fd, &r), 0, "added");
	do
		ok(receive(listener) > 0, "something is told");
	while (!is_ours(h));
	is(addresses(is_ours), 1, "there");
	is(verdict(fd, &r), EEXIST, "only once");
	r = addr_request(RTM_DELADDR, 0, "2001:db8:7::1", 64);
	is(verdict(fd, &r), 0, "removed");
	do
		ok(receive(listener) > 0, "something is told");
	while (h->nlmsg_type == RTM_NEWADDR);
	is(h->nlmsg_type, RTM_DELADDR, "that it is gone");
	is(addresses(is_ours), 0, "gone");
	is(verdict(fd, &r), EADDRNOTAVAIL, "not twice");
	r = addr_request(RTM_NEWADDR, NLM_F_CREATE, "2001:db8:7::1", 129);
	is(verdict(fd, &r), EINVAL, "a prefix longer than an address");
	r = addr_request(RTM_NEWADDR, NLM_F_CREATE, "2001:db8:7::1", 64);
	((struct ifaddrmsg *)r.payload)->ifa_index = 4711;
	is(verdict(fd, &r), ENODEV, "an interface that is none");
	r = addr_request(RTM_NEWADDR, NLM_F_CREATE, "ff02::7", 64);
	is(verdict(fd, &r), EADDRNOTAVAIL, "a group");
}

static struct ifa_cacheinfo times;

static bool take_times(const struct nlmsghdr *h)
{
	const struct rtattr *a = find(h, ADDR, IFA_CACHEINFO);

	if (!is_ours(h) || !a)
		return false;
	memcpy(&times, RTA_DATA(a), sizeof(times));
	return true;
}

TEST(lifetimes)
{
	struct ifa_cacheinfo c = {.ifa_prefered = 100, .ifa_valid = 200};
	struct request r;

	up();
	r = addr_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "2001:db8:7::1", 64);
	add(&r, IFA_CACHEINFO, &c, sizeof(c));
	is(verdict(fd, &r), 0, "added");
	is(addresses(take_times), 1, "there");
	ok(times.ifa_prefered <= 100 && times.ifa_prefered > 90, "preferred");
	ok(times.ifa_valid <= 200 && times.ifa_valid > 190, "valid");
	c = (struct ifa_cacheinfo){.ifa_prefered = 1, .ifa_valid = 2};
	r = addr_request(RTM_NEWADDR, NLM_F_REPLACE, "2001:db8:7::1", 64);
	add(&r, IFA_CACHEINFO, &c, sizeof(c));
	is(verdict(fd, &r), 0, "changed");
	for (int n = 0; n < 100 && addresses(is_ours); n++)
		usleep(100000);
	is(addresses(is_ours), 0, "over");
	c = (struct ifa_cacheinfo){.ifa_prefered = 5, .ifa_valid = 2};
	r = addr_request(RTM_NEWADDR, NLM_F_CREATE, "2001:db8:7::1", 64);
	add(&r, IFA_CACHEINFO, &c, sizeof(c));
	is(verdict(fd, &r), EINVAL, "preferred longer than valid");
}

static struct request route_request(int type, int flags, const char *prefix, int length)
{
	struct rtmsg m = {.rtm_family = AF_INET6, .rtm_dst_len = length, .rtm_table = RT_TABLE_MAIN,
			  .rtm_protocol = RTPROT_STATIC, .rtm_type = RTN_UNICAST};
	struct request r = request(type, NLM_F_ACK | flags, &m, sizeof(m));

	add6(&r, RTA_DST, prefix);
	return r;
}

static bool is_our_route(const struct nlmsghdr *h)
{
	const struct rtmsg *m = NLMSG_DATA(h);

	return h->nlmsg_type == RTM_NEWROUTE && m->rtm_family == AF_INET6 &&
	       m->rtm_dst_len == 48 && m->rtm_protocol == RTPROT_STATIC &&
	       is6(h, ROUTE, RTA_DST, "2001:db8:9::") && find32(h, ROUTE, RTA_OIF) == 1 &&
	       find32(h, ROUTE, RTA_PRIORITY) == 77;
}

static int routes(void)
{
	struct rtgenmsg all = {.rtgen_family = AF_INET6};
	struct request r = request(RTM_GETROUTE, NLM_F_DUMP, &all, sizeof(all));

	return dump(fd, &r, is_our_route);
}

TEST(routes)
{
	struct nlmsghdr *h = (void *)answer;
	struct request r;
	int listener;

	up();
	listener = nl_open(1 << (RTNLGRP_IPV6_ROUTE - 1));
	r = route_request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "2001:db8:9::", 48);
	add32(&r, RTA_OIF, 1);
	add32(&r, RTA_PRIORITY, 77);
	is(verdict(fd, &r), 0, "added");
	ok(receive(listener) > 0 && is_our_route(h), "told");
	is(routes(), 1, "there");
	is(verdict(fd, &r), EEXIST, "only once");
	r = route_request(RTM_DELROUTE, 0, "2001:db8:9::", 48);
	is(verdict(fd, &r), 0, "removed");
	ok(receive(listener) > 0 && h->nlmsg_type == RTM_DELROUTE, "that is told, too");
	is(routes(), 0, "gone");
	is(verdict(fd, &r), ESRCH, "not twice");
	r = route_request(RTM_NEWROUTE, NLM_F_CREATE, "2001:db8:9::1", 129);
	is(verdict(fd, &r), EINVAL, "a prefix longer than an address");
	r = route_request(RTM_NEWROUTE, NLM_F_CREATE, "2001:db8:9::", 48);
	add32(&r, RTA_OIF, 4711);
	is(verdict(fd, &r), ENODEV, "an interface that is none");
}

static uint32_t hop_limit;

/* The route of is_our_route(), whose hop limit becomes the one above. */
static bool has_limit(const struct nlmsghdr *h)
{
	const struct rtattr *m = is_our_route(h) ? find(h, ROUTE, RTA_METRICS) : NULL;
	const struct rtattr *limit = m ? RTA_DATA(m) : NULL;

	if (!m || limit->rta_type != RTAX_HOPLIMIT || RTA_PAYLOAD(limit) != 4)
		return false;
	memcpy(&hop_limit, RTA_DATA(limit), 4);
	return true;
}

TEST(hop_limit)
{
	struct { struct rtattr a; uint32_t v; } metric = {{8, RTAX_HOPLIMIT}, 256};
	struct rtgenmsg all = {.rtgen_family = AF_INET6};
	struct request r;

	up();
	r = route_request(RTM_NEWROUTE, NLM_F_CREATE, "2001:db8:9::", 48);
	add32(&r, RTA_OIF, 1);
	add32(&r, RTA_PRIORITY, 77);
	add(&r, RTA_METRICS, &metric, sizeof(metric));
	is(verdict(fd, &r), 0, "a hop limit that no packet can have");
	r = request(RTM_GETROUTE, NLM_F_DUMP, &all, sizeof(all));
	is(dump(fd, &r, has_limit), 1, "the route has one");
	is(hop_limit, 255, "which is the highest that there is");
	r = route_request(RTM_DELROUTE, 0, "2001:db8:9::", 48);
	is(verdict(fd, &r), 0, "removed");
}

TEST(which_route)
{
	struct nlmsghdr *h = (void *)answer;
	struct rtmsg m = {.rtm_family = AF_INET6, .rtm_dst_len = 128};
	struct request r = request(RTM_GETROUTE, 0, &m, sizeof(m));

	up();
	add6(&r, RTA_DST, "::1");
	ask(fd, &r);
	ok(receive(fd) > 0 && h->nlmsg_type == RTM_NEWROUTE, "an answer");
	is(((struct rtmsg *)NLMSG_DATA(h))->rtm_type, RTN_LOCAL, "this machine");
	is(find32(h, ROUTE, RTA_OIF), 1, "by lo");
	ok(is6(h, ROUTE, RTA_PREFSRC, "::1"), "from ::1");
	is(find32(h, ROUTE, RTA_TABLE), RT_TABLE_LOCAL, "as the table for it says");
}

TEST(route_to_nowhere)
{
	struct nlmsghdr *h = (void *)answer;
	struct request r;
	int listener;

	up();
	listener = nl_open(1 << (RTNLGRP_IPV6_ROUTE - 1));
	r = route_request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "2001:db8:9::", 48);
	((struct rtmsg *)r.payload)->rtm_type = RTN_UNREACHABLE;
	is(verdict(fd, &r), 0, "added");
	ok(receive(listener) > 0 && h->nlmsg_type == RTM_NEWROUTE, "told");
	is(((struct rtmsg *)NLMSG_DATA(h))->rtm_type, RTN_UNREACHABLE, "its type");
	is(find32(h, ROUTE, RTA_OIF), 1, "lo stands for no interface");
	is(find32(h, ROUTE, RTA_PRIORITY), 1024, "the metric of users");
	ok(find(h, ROUTE, RTA_CACHEINFO) &&
	   !((struct rta_cacheinfo *)RTA_DATA(find(h, ROUTE, RTA_CACHEINFO)))->rta_error,
	   "no error, as it is not in use");
	r = route_request(RTM_DELROUTE, 0, "2001:db8:9::", 48);
	is(verdict(fd, &r), 0, "and goes");
}

/* The part of AF_INET6 in a link's message. */
static bool has_six(const struct nlmsghdr *h)
{
	const struct ifinfomsg *m = NLMSG_DATA(h);
	const struct rtattr *spec = find(h, LINK, IFLA_AF_SPEC);
	int n = spec ? (int)RTA_PAYLOAD(spec) : 0;

	if (m->ifi_index != 1 || !spec)
		return false;
	for (const struct rtattr *a = RTA_DATA(spec); RTA_OK(a, n); a = RTA_NEXT(a, n)) {
		int left = (int)RTA_PAYLOAD(a);

		if ((a->rta_type & NLA_TYPE_MASK) != AF_INET6)
			continue;
		for (const struct rtattr *b = RTA_DATA(a); RTA_OK(b, left); b = RTA_NEXT(b, left))
			if (b->rta_type == IFLA_INET6_ADDR_GEN_MODE)
				return *(uint8_t *)RTA_DATA(b) == 0;
	}
	return false;
}

TEST(links)
{
	struct ifinfomsg all = {.ifi_family = AF_UNSPEC};
	struct request r = request(RTM_GETLINK, NLM_F_DUMP, &all, sizeof(all));

	up();
	is(dump(fd, &r, has_six), 1, "IPv6 on lo");
}

static bool file_has(const char *path, const char *wanted)
{
	static char text[65536];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = 0;
	if (f)
		fclose(f);
	return strstr(text, wanted);
}

TEST(classic_calls)
{
	int six = must(socket(AF_INET6, SOCK_DGRAM, 0));
	struct in6_ifreq6 a = {.address = ip("2001:db8:7::2"), .length = 64, .index = 1};
	struct in6_rtmsg r = {.rtmsg_dst_len = 48, .rtmsg_ifindex = 1, .rtmsg_flags = RTF_UP,
			      .rtmsg_metric = 5};

	up();
	works(ioctl(six, SIOCSIFADDR, &a), "an address");
	fails(ioctl(six, SIOCSIFADDR, &a), EEXIST, "once");
	ok(file_has("/proc/net/if_inet6",
		    "20010db8000700000000000000000002 01 40 00 80       lo\n"), "in /proc");
	works(ioctl(six, SIOCDIFADDR, &a), "removed");
	fails(ioctl(six, SIOCDIFADDR, &a), EADDRNOTAVAIL, "once");
	a.length = 129;
	fails(ioctl(six, SIOCSIFADDR, &a), EINVAL, "too long a prefix");
	a.length = 64;
	a.index = 4711;
	fails(ioctl(six, SIOCSIFADDR, &a), ENODEV, "no such interface");
	r.rtmsg_dst = ip("2001:db8:9::");
	works(ioctl(six, SIOCADDRT, &r), "a route");
	fails(ioctl(six, SIOCADDRT, &r), EEXIST, "once");
	ok(file_has("/proc/net/ipv6_route", "20010db8000900000000000000000000 30 "
		    "00000000000000000000000000000000 00 00000000000000000000000000000000 "
		    "00000005 "), "in /proc");
	works(ioctl(six, SIOCDELRT, &r), "removed");
	fails(ioctl(six, SIOCDELRT, &r), ESRCH, "once");
	ok(file_has("/proc/net/if_inet6",
		    "00000000000000000000000000000001 01 80 10 80       lo\n"), "::1");
	ok(file_has("/proc/net/igmp6", "ff020000000000000000000000000001"), "all nodes");
	ok(file_has("/proc/net/snmp6", "Ip6InReceives"), "counters");
}

TEST(settings)
{
	FILE *f;

	ok(file_has("/proc/sys/net/ipv6/conf/all/forwarding", "0\n"), "no router");
	f = fopen("/proc/sys/net/ipv6/conf/lo/hop_limit", "w");
	ok(f && fputs("33\n", f) >= 0 && !fclose(f), "set");
	ok(file_has("/proc/sys/net/ipv6/conf/lo/hop_limit", "33\n"), "is set");
	ok(file_has("/proc/sys/net/ipv6/neigh/lo/retrans_time_ms", "1000\n"), "of neighbours");
	f = fopen("/proc/sys/net/ipv6/conf/lo/hop_limit", "w");
	ok(f && fputs("64\n", f) >= 0 && !fclose(f), "as it was");
}

static struct request neighbour_request(int type, int flags)
{
	struct ndmsg m = {.ndm_family = AF_INET6, .ndm_ifindex = 1, .ndm_state = NUD_PERMANENT};
	struct request r = request(type, NLM_F_ACK | flags, &m, sizeof(m));
	static const uint8_t link[6] = {2, 0, 0, 0, 0, 7};

	add6(&r, NDA_DST, "2001:db8:7::9");
	if (type == RTM_NEWNEIGH)
		add(&r, NDA_LLADDR, link, sizeof(link));
	return r;
}

static bool is_our_neighbour(const struct nlmsghdr *h, int type)
{
	return h->nlmsg_type == type && is6(h, sizeof(struct ndmsg), NDA_DST, "2001:db8:7::9");
}

TEST(neighbours)
{
	struct nlmsghdr *h = (void *)answer;
	struct request r = neighbour_request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL);
	int listener = nl_open(1 << (RTNLGRP_NEIGH - 1));
	ssize_t n;

	up();
	is(verdict(fd, &r), 0, "made");
	do
		n = receive(listener);
	while (n > 0 && !is_our_neighbour(h, RTM_NEWNEIGH));
	ok(n > 0, "told");
	r = neighbour_request(RTM_DELNEIGH, 0);
	is(verdict(fd, &r), 0, "removed");
	do
		n = receive(listener);
	while (n > 0 && !is_our_neighbour(h, RTM_DELNEIGH));
	ok(n > 0, "told");
	is(verdict(fd, &r), ENOENT, "once");
}
