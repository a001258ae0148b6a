/* Addresses, routes and neighbours over NETLINK_ROUTE (rtnetlink(7)), on the loopback interface. */
#include "nl.h"
#include <arpa/inet.h>

#define ADDR  sizeof(struct ifaddrmsg)
#define ROUTE sizeof(struct rtmsg)

static int fd;

static void up(void)
{
	struct ifinfomsg m = {.ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct request r = request(RTM_NEWLINK, NLM_F_ACK, &m, sizeof(m));

	fd = nl_open(0);
	must(-verdict(fd, &r));
}

static uint32_t ip(const char *text)
{
	return inet_addr(text);
}

static struct request addr_request(int type, int flags, const char *local, int length)
{
	struct ifaddrmsg m = {.ifa_family = AF_INET, .ifa_prefixlen = length, .ifa_index = 1};
	struct request r = request(type, NLM_F_ACK | flags, &m, sizeof(m));

	add32(&r, IFA_LOCAL, ip(local));
	add32(&r, IFA_ADDRESS, ip(local));
	return r;
}

static bool is_ours(const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);

	return h->nlmsg_type == RTM_NEWADDR && m->ifa_family == AF_INET && m->ifa_index == 1 &&
	       m->ifa_prefixlen == 28 && find32(h, ADDR, IFA_LOCAL) == ip("10.99.0.1") &&
	       find(h, ADDR, IFA_LABEL) && !strcmp(RTA_DATA(find(h, ADDR, IFA_LABEL)), "lo") &&
	       m->ifa_flags & IFA_F_PERMANENT;
}

static int addresses(void)
{
	struct rtgenmsg all = {.rtgen_family = AF_INET};
	struct request r = request(RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all));

	return dump(fd, &r, is_ours);
}

TEST(addresses)
{
	struct request r;
	int listener;
	struct nlmsghdr *h = (void *)answer;

	up();
	listener = nl_open(1 << (RTNLGRP_IPV4_IFADDR - 1));
	r = addr_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "10.99.0.1", 28);
	is(verdict(fd, &r), 0, "added");
	ok(receive(listener) > 0 && is_ours(h), "told");
	is(addresses(), 1, "there");
	is(verdict(fd, &r), EEXIST, "only once");
	r.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
	is(verdict(fd, &r), 0, "but it may be set again");
	r = addr_request(RTM_DELADDR, 0, "10.99.0.1", 28);
	is(verdict(fd, &r), 0, "removed");
	do
		ok(receive(listener) > 0, "something is told");
	while (h->nlmsg_type == RTM_NEWADDR);
	is(h->nlmsg_type, RTM_DELADDR, "that it is gone");
	is(addresses(), 0, "gone");
	is(verdict(fd, &r), EADDRNOTAVAIL, "not twice");
	r = addr_request(RTM_NEWADDR, 0, "10.99.0.1", 33);
	is(verdict(fd, &r), EINVAL, "a prefix longer than an address");
	r = addr_request(RTM_NEWADDR, 0, "10.99.0.1", 28);
	((struct ifaddrmsg *)r.payload)->ifa_index = 4711;
	is(verdict(fd, &r), ENODEV, "an interface that is none");
}

/* What goes with an address is its own; another of the same prefix and its routes stay. */
TEST(addresses_apart)
{
	const struct nlmsghdr *h = (void *)answer;
	struct request one, two;
	int listener, own = 0, others = 0;

	up();
	one = addr_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "10.98.0.1", 28);
	is(verdict(fd, &one), 0, "one");
	two = addr_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "10.97.0.1", 28);
	is(verdict(fd, &two), 0, "another");
	listener = nl_open(1 << (RTNLGRP_IPV4_ROUTE - 1));
	one = addr_request(RTM_DELADDR, 0, "10.98.0.1", 28);
	is(verdict(fd, &one), 0, "one goes");
	while (recv(listener, answer, sizeof(answer), MSG_DONTWAIT) > 0) {
		if (h->nlmsg_type == RTM_DELROUTE &&
		    find32(h, ROUTE, RTA_DST) == ip("10.98.0.1"))
			own++;
		else if ((find32(h, ROUTE, RTA_DST) & 0xffffff) != (ip("10.98.0.0") & 0xffffff))
			others++;
	}
	is(own, 1, "its route is told to go");
	is(others, 0, "no other is");
	two = addr_request(RTM_DELADDR, 0, "10.97.0.1", 28);
	is(verdict(fd, &two), 0, "the other goes");
}

static struct request route_request(int type, int flags, const char *to, int length)
{
	struct rtmsg m = {.rtm_family = AF_INET, .rtm_dst_len = length, .rtm_table = RT_TABLE_MAIN,
			  .rtm_protocol = RTPROT_STATIC, .rtm_scope = RT_SCOPE_LINK,
			  .rtm_type = RTN_UNICAST};
	struct request r;

	if (type == RTM_DELROUTE)
		m = (struct rtmsg){.rtm_family = AF_INET, .rtm_dst_len = length,
				   .rtm_table = RT_TABLE_MAIN, .rtm_scope = RT_SCOPE_NOWHERE};
	r = request(type, NLM_F_ACK | flags, &m, sizeof(m));
	add32(&r, RTA_DST, ip(to));
	return r;
}

static bool is_our_route(const struct nlmsghdr *h)
{
	const struct rtmsg *m = NLMSG_DATA(h);

	return h->nlmsg_type == RTM_NEWROUTE && m->rtm_dst_len == 16 &&
	       m->rtm_type == RTN_UNICAST && m->rtm_protocol == RTPROT_STATIC &&
	       find32(h, ROUTE, RTA_TABLE) == RT_TABLE_MAIN &&
	       find32(h, ROUTE, RTA_DST) == ip("10.77.0.0") && find32(h, ROUTE, RTA_OIF) == 1 &&
	       find32(h, ROUTE, RTA_PRIORITY) == 5;
}

static int routes(void)
{
	struct rtmsg all = {.rtm_family = AF_INET};
	struct request r = request(RTM_GETROUTE, NLM_F_DUMP, &all, sizeof(all));

	return dump(fd, &r, is_our_route);
}

TEST(routes)
{
	const int create = NLM_F_CREATE | NLM_F_EXCL;
	struct request r;
	struct nlmsghdr *h = (void *)answer;
	const struct rtmsg *m = NLMSG_DATA(h);
	int listener;

	up();
	listener = nl_open(1 << (RTNLGRP_IPV4_ROUTE - 1));
	r = route_request(RTM_NEWROUTE, create, "10.77.0.0", 16);
	add32(&r, RTA_OIF, 1);
	add32(&r, RTA_PRIORITY, 5);
	is(verdict(fd, &r), 0, "added");
	ok(receive(listener) > 0 && is_our_route(h), "told");
	is(routes(), 1, "there");
	is(verdict(fd, &r), EEXIST, "only once");
	r = route_request(RTM_GETROUTE, 0, "10.77.3.4", 32);
	r.h.nlmsg_flags = NLM_F_REQUEST;
	ask(fd, &r);
	ok(receive(fd) > 0 && h->nlmsg_type == RTM_NEWROUTE, "a packet's route");
	ok(m->rtm_dst_len == 32 && find32(h, ROUTE, RTA_DST) == ip("10.77.3.4"), "to its address");
	is(find32(h, ROUTE, RTA_OIF), 1, "by that interface");
	r = route_request(RTM_GETROUTE, 0, "127.0.0.1", 32);
	r.h.nlmsg_flags = NLM_F_REQUEST;
	ask(fd, &r);
	ok(receive(fd) > 0 && m->rtm_type == RTN_LOCAL, "and this machine's own");
	is(m->rtm_table, RT_TABLE_MAIN, "of which the table is not told");
	is(m->rtm_flags & RTM_F_CLONED, RTM_F_CLONED, "both are kept");
	r = route_request(RTM_DELROUTE, 0, "10.77.0.0", 16);
	is(verdict(fd, &r), 0, "removed");
	is(routes(), 0, "gone");
	is(verdict(fd, &r), ESRCH, "not twice");
	r = route_request(RTM_NEWROUTE, create, "10.77.0.1", 16);
	add32(&r, RTA_OIF, 1);
	is(verdict(fd, &r), EINVAL, "a prefix with bits of a host");
	r = route_request(RTM_NEWROUTE, create, "10.77.0.0", 16);
	((struct rtmsg *)r.payload)->rtm_scope = RT_SCOPE_UNIVERSE;
	add32(&r, RTA_GATEWAY, ip("192.0.2.1"));
	is(verdict(fd, &r), ENETUNREACH, "a gateway that is on no link");
	r = route_request(RTM_NEWROUTE, create, "10.77.0.0", 16);
	add32(&r, RTA_OIF, 4711);
	is(verdict(fd, &r), ENODEV, "an interface that is none");
	r = route_request(RTM_NEWROUTE, create, "10.77.0.0", 16);
	((struct rtmsg *)r.payload)->rtm_type = RTN_UNREACHABLE;
	is(verdict(fd, &r), 0, "a route that leads nowhere");
	r = route_request(RTM_GETROUTE, 0, "10.77.3.4", 32);
	is(verdict(fd, &r), EHOSTUNREACH, "is not taken");
	r = route_request(RTM_DELROUTE, 0, "10.77.0.0", 16);
	is(verdict(fd, &r), 0, "and goes");
}

/* What an interface with ARP has is looked at by the tests of two machines. */
TEST(bad_neighbours)
{
	struct ndmsg m = {.ndm_family = AF_INET, .ndm_ifindex = 1, .ndm_state = NUD_PERMANENT};
	struct request r;

	up();
	r = request(RTM_NEWNEIGH, NLM_F_ACK, &m, sizeof(m));
	add32(&r, NDA_DST, ip("10.66.0.2"));
	add(&r, NDA_LLADDR, "\2\1\2\3\4\5", 6);
	is(verdict(fd, &r), ENOENT, "not made unless asked");
	r = request(RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE, &m, sizeof(m));
	is(verdict(fd, &r), EINVAL, "without an address");
	m.ndm_ifindex = 4711;
	r = request(RTM_DELNEIGH, NLM_F_ACK, &m, sizeof(m));
	add32(&r, NDA_DST, ip("10.66.0.2"));
	is(verdict(fd, &r), ENODEV, "an interface that is none");
}
