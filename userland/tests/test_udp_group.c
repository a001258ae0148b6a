/* UDP to groups: who hears what (ip(7), RFC 3678), and by which interface. */
#include "tap.h"

#include "loopback.h"

#define LO INADDR_LOOPBACK
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

TEST(multicast)
{
	struct ip_mreqn r = {.imr_multiaddr.s_addr = inet_addr("239.1.2.3"),
			     .imr_address.s_addr = htonl(LO)};
	int a, b, c;
	char text[10];
	uint32_t group = 0xef010203;

	loopback_up();
	a = must(socket(AF_INET, SOCK_DGRAM, 0));
	b = must(socket(AF_INET, SOCK_DGRAM, 0));
	c = must(socket(AF_INET, SOCK_DGRAM, 0));
	must(set_int(a, SOL_SOCKET, SO_REUSEADDR, 1));
	must(set_int(b, SOL_SOCKET, SO_REUSEADDR, 1));
	must(bind4(a, INADDR_ANY, 0));
	must(bind4(b, INADDR_ANY, port_of(a)));
	works(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)), "join");
	fails(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)), EADDRINUSE,
	      "join twice");
	works(setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)), "another joins");
	works(setsockopt(c, IPPROTO_IP, IP_MULTICAST_IF, &r, sizeof(r)), "IP_MULTICAST_IF");
	is(get_int(c, IPPROTO_IP, IP_MULTICAST_TTL), 1, "TTL 1");
	is(sendto4(c, "all", 3, group, port_of(a)), 3, "send to the group");
	ok(ready(a, POLLIN, 1000), "one has it");
	is(recv(a, text, sizeof(text), MSG_DONTWAIT), 3, "receives");
	ok(ready(b, POLLIN, 1000), "the other has it");
	is(recv(b, text, sizeof(text), MSG_DONTWAIT), 3, "receives");
	works(setsockopt(b, IPPROTO_IP, IP_DROP_MEMBERSHIP, &r, sizeof(r)), "leave");
	works(set_int(b, IPPROTO_IP, IP_MULTICAST_ALL, 0), "only what was joined");
	is(sendto4(c, "all", 3, group, port_of(a)), 3, "send to the group");
	ok(ready(a, POLLIN, 1000), "the member has it");
	fails(recv(b, text, sizeof(text), MSG_DONTWAIT), EAGAIN, "who left does not");
	fails(setsockopt(b, IPPROTO_IP, IP_DROP_MEMBERSHIP, &r, sizeof(r)), EADDRNOTAVAIL,
	      "leave twice");
	r.imr_multiaddr.s_addr = htonl(LO);
	fails(setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)), EINVAL, "no group");
}

TEST(multicast_sources)
{
	struct ip_mreq_source r = {.imr_multiaddr.s_addr = inet_addr("239.1.2.4"),
				   .imr_interface.s_addr = htonl(LO),
				   .imr_sourceaddr.s_addr = htonl(LO)};
	struct in_addr lo = {htonl(LO)};
	uint32_t group = 0xef010204;
	int a, b;
	char text[10];

	loopback_up();
	a = udp_at(INADDR_ANY);
	b = udp_at(LO);
	must(setsockopt(b, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof(lo)));
	works(setsockopt(a, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &r, sizeof(r)), "a source");
	works(set_int(a, IPPROTO_IP, IP_MULTICAST_ALL, 0), "only what was joined");
	sendto4(b, "x", 1, group, port_of(a));
	ok(ready(a, POLLIN, 1000), "the source is heard");
	recv(a, text, sizeof(text), MSG_DONTWAIT);
	fails(setsockopt(a, IPPROTO_IP, IP_BLOCK_SOURCE, &r, sizeof(r)), EINVAL,
	      "no blocking in a list of sources");
	works(setsockopt(a, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, &r, sizeof(r)), "leave it");
	fails(setsockopt(a, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, &r, sizeof(r)), EINVAL,
	      "leave it twice");
	r.imr_sourceaddr.s_addr = htonl(LO + 9);
	works(setsockopt(a, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &r, sizeof(r)),
	      "another source");
	sendto4(b, "x", 1, group, port_of(a));
	ok(!ready(a, POLLIN, 50), "the first is not heard");
}

static const uint32_t group = 0xef010205; /* 239.1.2.5 */

/* A receiver that hears only what it joined, and a sender on the loopback interface. */
static void receiver_and_sender(int *a, int *b)
{
	struct in_addr lo = {htonl(LO)};

	loopback_up();
	*a = udp_at(INADDR_ANY);
	*b = udp_at(LO);
	must(set_int(*a, IPPROTO_IP, IP_MULTICAST_ALL, 0));
	must(setsockopt(*b, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof(lo)));
}

/* Whether what the sender says is heard. */
static bool heard(int a, int b)
{
	char text[10];

	must(sendto4(b, "x", 1, group, port_of(a)));
	return ready(a, POLLIN, 100) && recv(a, text, sizeof(text), MSG_DONTWAIT) == 1;
}

TEST(groups_by_interface)
{
	struct group_req r = {.gr_interface = if_nametoindex("lo")};
	struct sockaddr_in *in = (struct sockaddr_in *)&r.gr_group;
	int a, b;

	receiver_and_sender(&a, &b);
	*in = in4(group, 0);
	ok(!heard(a, b), "not joined");
	works(setsockopt(a, IPPROTO_IP, MCAST_JOIN_GROUP, &r, sizeof(r)), "MCAST_JOIN_GROUP");
	fails(setsockopt(a, IPPROTO_IP, MCAST_JOIN_GROUP, &r, sizeof(r)), EADDRINUSE, "twice");
	ok(heard(a, b), "joined");
	works(setsockopt(a, IPPROTO_IP, MCAST_LEAVE_GROUP, &r, sizeof(r)), "MCAST_LEAVE_GROUP");
	ok(!heard(a, b), "left");
	in->sin_family = AF_INET6;
	fails(setsockopt(a, IPPROTO_IP, MCAST_JOIN_GROUP, &r, sizeof(r)), EINVAL,
	      "another family");
	*in = in4(group, 0);
	r.gr_interface = 9999;
	fails(setsockopt(a, IPPROTO_IP, MCAST_JOIN_GROUP, &r, sizeof(r)), ENODEV,
	      "no interface");
	fails(setsockopt(a, IPPROTO_IP, MCAST_JOIN_GROUP, &r, 20), EINVAL, "too short");
}

TEST(sources_by_interface)
{
	struct group_source_req r = {.gsr_interface = if_nametoindex("lo")};
	struct group_req g = {.gr_interface = r.gsr_interface};
	struct sockaddr_in *source = (struct sockaddr_in *)&r.gsr_source;
	int a, b;

	receiver_and_sender(&a, &b);
	*(struct sockaddr_in *)&r.gsr_group = in4(group, 0);
	*(struct sockaddr_in *)&g.gr_group = in4(group, 0);
	*source = in4(LO, 0);
	works(setsockopt(a, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &r, sizeof(r)),
	      "MCAST_JOIN_SOURCE_GROUP");
	ok(heard(a, b), "the source is heard");
	fails(setsockopt(a, IPPROTO_IP, MCAST_BLOCK_SOURCE, &r, sizeof(r)), EINVAL,
	      "no blocking in a list of sources");
	*source = in4(LO + 5, 0);
	works(setsockopt(a, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &r, sizeof(r)), "another");
	*source = in4(LO, 0);
	works(setsockopt(a, IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP, &r, sizeof(r)),
	      "MCAST_LEAVE_SOURCE_GROUP");
	ok(!heard(a, b), "it is not heard");
	works(setsockopt(a, IPPROTO_IP, MCAST_LEAVE_GROUP, &g, sizeof(g)), "leave it all");
	works(setsockopt(a, IPPROTO_IP, MCAST_JOIN_GROUP, &g, sizeof(g)), "all sources");
	works(setsockopt(a, IPPROTO_IP, MCAST_BLOCK_SOURCE, &r, sizeof(r)),
	      "MCAST_BLOCK_SOURCE");
	ok(!heard(a, b), "the blocked one is not heard");
	fails(setsockopt(a, IPPROTO_IP, MCAST_BLOCK_SOURCE, &r, sizeof(r)), EADDRNOTAVAIL,
	      "blocked twice");
	works(setsockopt(a, IPPROTO_IP, MCAST_UNBLOCK_SOURCE, &r, sizeof(r)),
	      "MCAST_UNBLOCK_SOURCE");
	ok(heard(a, b), "it is heard again");
	must(setsockopt(a, IPPROTO_IP, MCAST_LEAVE_GROUP, &g, sizeof(g)));
	must(setsockopt(a, IPPROTO_IP, MCAST_JOIN_GROUP, &g, sizeof(g)));
	works(setsockopt(a, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &r, sizeof(r)),
	      "from all to one source");
	ok(heard(a, b), "that one is heard");
	source->sin_family = AF_INET6;
	fails(setsockopt(a, IPPROTO_IP, MCAST_UNBLOCK_SOURCE, &r, sizeof(r)), EADDRNOTAVAIL,
	      "another family");
}

TEST(whole_lists)
{
	union { struct ip_msfilter f; char bytes[64]; } m = {0};
	struct ip_mreqn r = {.imr_multiaddr.s_addr = htonl(group),
			     .imr_address.s_addr = htonl(LO)};
	socklen_t n = IP_MSFILTER_SIZE(2);
	int a, b;

	receiver_and_sender(&a, &b);
	m.f.imsf_multiaddr.s_addr = htonl(group);
	m.f.imsf_interface.s_addr = htonl(LO);
	m.f.imsf_fmode = MCAST_EXCLUDE;
	m.f.imsf_numsrc = 2;
	m.f.imsf_slist[0].s_addr = htonl(LO + 3);
	(&m.f.imsf_slist[0])[1].s_addr = htonl(LO);
	fails(setsockopt(a, IPPROTO_IP, IP_MSFILTER, &m, n), EINVAL, "not joined");
	fails(getsockopt(a, IPPROTO_IP, IP_MSFILTER, &m, &n), EADDRNOTAVAIL, "nothing to tell");
	must(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)));
	works(setsockopt(a, IPPROTO_IP, IP_MSFILTER, &m, n), "IP_MSFILTER, all but two");
	ok(!heard(a, b), "one of them is not heard");
	m.f.imsf_numsrc = 1;
	n = sizeof(m);
	works(getsockopt(a, IPPROTO_IP, IP_MSFILTER, &m, &n), "is told");
	is(m.f.imsf_numsrc, 2, "how many there are");
	is(n, IP_MSFILTER_SIZE(1), "as many as have room");
	is(m.f.imsf_fmode, MCAST_EXCLUDE, "all but those");
	is(ntohl(m.f.imsf_slist[0].s_addr), LO + 3, "the first");
	m.f.imsf_fmode = MCAST_INCLUDE;
	m.f.imsf_numsrc = 1;
	m.f.imsf_slist[0].s_addr = htonl(LO);
	works(setsockopt(a, IPPROTO_IP, IP_MSFILTER, &m, IP_MSFILTER_SIZE(1)), "one only");
	ok(heard(a, b), "which is heard");
	fails(setsockopt(a, IPPROTO_IP, IP_MSFILTER, &m, 15), EINVAL, "too short");
	m.f.imsf_numsrc = 3;
	fails(setsockopt(a, IPPROTO_IP, IP_MSFILTER, &m, IP_MSFILTER_SIZE(2)), EINVAL,
	      "fewer than it says");
	m.f.imsf_numsrc = 0;
	works(setsockopt(a, IPPROTO_IP, IP_MSFILTER, &m, IP_MSFILTER_SIZE(0)), "none");
	fails(setsockopt(a, IPPROTO_IP, IP_DROP_MEMBERSHIP, &r, sizeof(r)), EADDRNOTAVAIL,
	      "is to leave");
	m.f.imsf_fmode = 7;
	fails(setsockopt(a, IPPROTO_IP, IP_MSFILTER, &m, IP_MSFILTER_SIZE(0)), EINVAL,
	      "no such mode");
}

TEST(whole_lists_by_interface)
{
	union { struct group_filter f; char bytes[1024]; } m = {0};
	struct group_req g = {.gr_interface = if_nametoindex("lo")};
	socklen_t n = sizeof(m);
	int a, b;

	receiver_and_sender(&a, &b);
	*(struct sockaddr_in *)&g.gr_group = in4(group, 0);
	must(setsockopt(a, IPPROTO_IP, MCAST_JOIN_GROUP, &g, sizeof(g)));
	m.f.gf_interface = g.gr_interface;
	*(struct sockaddr_in *)&m.f.gf_group = in4(group, 0);
	m.f.gf_numsrc = 5;
	works(getsockopt(a, IPPROTO_IP, MCAST_MSFILTER, &m, &n), "MCAST_MSFILTER is told");
	is(m.f.gf_fmode, MCAST_EXCLUDE, "all but");
	is(m.f.gf_numsrc, 0, "none");
	m.f.gf_numsrc = 1;
	*(struct sockaddr_in *)&m.f.gf_slist[0] = in4(LO, 0);
	works(setsockopt(a, IPPROTO_IP, MCAST_MSFILTER, &m, GROUP_FILTER_SIZE(1)), "all but one");
	ok(!heard(a, b), "which is not heard");
	m.f.gf_fmode = MCAST_INCLUDE;
	works(setsockopt(a, IPPROTO_IP, MCAST_MSFILTER, &m, GROUP_FILTER_SIZE(1)), "only one");
	ok(heard(a, b), "which is heard");
	memset(m.f.gf_slist, 0, sizeof(m.f.gf_slist));
	n = sizeof(m);
	works(getsockopt(a, IPPROTO_IP, MCAST_MSFILTER, &m, &n), "is told");
	is(n, GROUP_FILTER_SIZE(1), "its length");
	is(m.f.gf_fmode, MCAST_INCLUDE, "only");
	is(ntohl(((struct sockaddr_in *)&m.f.gf_slist[0])->sin_addr.s_addr), LO, "that one");
	((struct sockaddr_in *)&m.f.gf_slist[0])->sin_family = AF_INET6;
	fails(setsockopt(a, IPPROTO_IP, MCAST_MSFILTER, &m, GROUP_FILTER_SIZE(1)), EADDRNOTAVAIL,
	      "another family");
}

TEST(interface_of_others)
{
	int index, s, got = -1;
	socklen_t n = sizeof(got);

	loopback_up();
	s = must(socket(AF_INET, SOCK_DGRAM, 0));
	index = (int)htonl(if_nametoindex("lo"));
	works(setsockopt(s, IPPROTO_IP, IP_UNICAST_IF, &index, sizeof(index)), "IP_UNICAST_IF");
	works(getsockopt(s, IPPROTO_IP, IP_UNICAST_IF, &got, &n), "is told");
	is(got, index, "in network order");
	is(sendto4(s, "x", 1, LO, 9), 1, "it can be sent by");
	index = (int)htonl(9999);
	fails(setsockopt(s, IPPROTO_IP, IP_UNICAST_IF, &index, sizeof(index)), EADDRNOTAVAIL,
	      "no interface");
	fails(setsockopt(s, IPPROTO_IP, IP_UNICAST_IF, &index, 2), EINVAL, "too short");
	index = 0;
	works(setsockopt(s, IPPROTO_IP, IP_UNICAST_IF, &index, sizeof(index)), "any again");
}

TEST(addresses_without_port)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
	int s, l, peer;

	loopback_up();
	l = must(socket(AF_INET, SOCK_STREAM, 0));
	must(bind4(l, LO, 0));
	must(listen(l, 5));
	for (unsigned k = 0; k < 2; k++) {
		s = must(socket(AF_INET, types[k], 0));
		is(get_int(s, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT), 0, "off");
		works(set_int(s, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1),
		      "IP_BIND_ADDRESS_NO_PORT");
		works(bind4(s, LO, 0), "bind");
		is(port_of(s), 0, "no port yet");
		peer = k ? udp_at(LO) : l;
		works(connect4(s, LO, port_of(peer)), "connect");
		ok(port_of(s) > 0, "now there is one");
	}
}

TEST(range_of_ports)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
	int s[4];

	loopback_up();
	for (unsigned k = 0; k < 2; k++) {
		s[0] = must(socket(AF_INET, types[k], 0));
		fails(set_int(s[0], IPPROTO_IP, IP_LOCAL_PORT_RANGE, 40000 << 16 | 40001), EINVAL,
		      "the wrong way round");
		for (unsigned i = 0; i < 3; i++) {
			s[i] = must(socket(AF_INET, types[k], 0));
			must(set_int(s[i], IPPROTO_IP, IP_LOCAL_PORT_RANGE,
				     (int)(40001u << 16 | 40000u)));
		}
		is((unsigned)get_int(s[0], IPPROTO_IP, IP_LOCAL_PORT_RANGE), 40001u << 16 | 40000u,
		   "IP_LOCAL_PORT_RANGE is told");
		works(bind4(s[0], LO, 0), "a port of two");
		works(bind4(s[1], LO, 0), "the other");
		is(port_of(s[0]) + port_of(s[1]), 80001, "are those");
		fails(bind4(s[2], LO, 0), EADDRINUSE, "there is no third");
	}
}
