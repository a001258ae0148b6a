/* Groups joined by socket addresses, with sources (RFC 3678), over loopback. */
#include "tap.h"

#include "loopback.h"

#define GROUP  0xef010203u /* 239.1.2.3 */
#define SOURCE 0x7f000001u
#define OTHER  0x7f000009u

static int receiver, sender;

static void open_both(void)
{
	struct ip_mreqn out = {.imr_ifindex = 1};

	loopback_up();
	receiver = udp_at(INADDR_ANY);
	sender = udp_at(SOURCE);
	must(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out)));
	must(set_int(receiver, IPPROTO_IP, IP_MULTICAST_ALL, 0));
}

static struct group_source_req source(uint32_t from)
{
	struct group_source_req r = {.gsr_interface = 1};
	struct sockaddr_in group = in4(GROUP, 0), a = in4(from, 0);

	memcpy(&r.gsr_group, &group, sizeof(group));
	memcpy(&r.gsr_source, &a, sizeof(a));
	return r;
}

static int with_source(int name, uint32_t from)
{
	struct group_source_req r = source(from);

	return setsockopt(receiver, IPPROTO_IP, name, &r, sizeof(r));
}

static int group(int name)
{
	struct group_req r = {.gr_interface = 1};
	struct sockaddr_in a = in4(GROUP, 0);

	memcpy(&r.gr_group, &a, sizeof(a));
	return setsockopt(receiver, IPPROTO_IP, name, &r, sizeof(r));
}

static bool arrives(void)
{
	char c;

	must(sendto4(sender, "x", 1, GROUP, port_of(receiver)));
	return ready(receiver, POLLIN, 300) && recv(receiver, &c, 1, 0) == 1;
}

TEST(a_group)
{
	open_both();
	ok(!arrives(), "not a member");
	works(group(MCAST_JOIN_GROUP), "joined");
	fails(group(MCAST_JOIN_GROUP), EADDRINUSE, "once");
	ok(arrives(), "a member");
	works(with_source(MCAST_BLOCK_SOURCE, SOURCE), "all but one");
	fails(with_source(MCAST_BLOCK_SOURCE, SOURCE), EADDRNOTAVAIL, "once");
	ok(!arrives(), "blocked");
	works(with_source(MCAST_UNBLOCK_SOURCE, SOURCE), "all");
	ok(arrives(), "not blocked any more");
	works(group(MCAST_LEAVE_GROUP), "left");
	fails(group(MCAST_LEAVE_GROUP), EADDRNOTAVAIL, "once");
	ok(!arrives(), "no member");
}

TEST(sources)
{
	open_both();
	works(with_source(MCAST_JOIN_SOURCE_GROUP, OTHER), "one source");
	ok(!arrives(), "that is another");
	works(with_source(MCAST_JOIN_SOURCE_GROUP, SOURCE), "two sources");
	fails(with_source(MCAST_JOIN_SOURCE_GROUP, SOURCE), EADDRNOTAVAIL, "once");
	ok(arrives(), "from one of them");
	fails(with_source(MCAST_BLOCK_SOURCE, OTHER), EINVAL, "no block where sources are named");
	works(with_source(MCAST_LEAVE_SOURCE_GROUP, SOURCE), "one less");
	ok(!arrives(), "not from it");
	works(with_source(MCAST_LEAVE_SOURCE_GROUP, OTHER), "none left");
	fails(group(MCAST_LEAVE_GROUP), EADDRNOTAVAIL, "that was the end of the membership");
}

TEST(becomes_one_with_sources)
{
	open_both();
	works(group(MCAST_JOIN_GROUP), "everything");
	works(with_source(MCAST_JOIN_SOURCE_GROUP, OTHER), "one source only");
	ok(!arrives(), "not from others");
	works(group(MCAST_LEAVE_GROUP), "left");
}

/* Of two sources. */
static int set_filter(uint32_t mode, uint32_t n)
{
	char bytes[GROUP_FILTER_SIZE(2)] = {0};
	struct group_filter *f = (void *)bytes;
	struct sockaddr_in a = in4(GROUP, 0), one = in4(SOURCE, 0), two = in4(OTHER, 0);

	f->gf_interface = 1;
	memcpy(&f->gf_group, &a, sizeof(a));
	f->gf_fmode = mode;
	f->gf_numsrc = n;
	memcpy(&f->gf_slist[0], &one, sizeof(one));
	memcpy(&f->gf_slist[1], &two, sizeof(two));
	return setsockopt(receiver, IPPROTO_IP, MCAST_MSFILTER, f, GROUP_FILTER_SIZE(n));
}

TEST(filter)
{
	char bytes[GROUP_FILTER_SIZE(2)] = {0};
	struct group_filter *f = (void *)bytes;
	struct sockaddr_in a = in4(GROUP, 0);
	socklen_t n = sizeof(bytes);

	open_both();
	fails(set_filter(MCAST_INCLUDE, 1), EINVAL, "not a member");
	works(group(MCAST_JOIN_GROUP), "joined");
	works(set_filter(MCAST_EXCLUDE, 2), "all but two");
	ok(!arrives(), "from one of these");
	works(set_filter(MCAST_INCLUDE, 2), "only two");
	ok(arrives(), "from one of these");
	f->gf_interface = 1;
	memcpy(&f->gf_group, &a, sizeof(a));
	f->gf_numsrc = 1;
	works(getsockopt(receiver, IPPROTO_IP, MCAST_MSFILTER, f, &n), "read");
	is(f->gf_numsrc, 2, "two in all");
	is(f->gf_fmode, MCAST_INCLUDE, "that are included");
	is(n, GROUP_FILTER_SIZE(1), "of which one was asked for");
	is(((struct sockaddr_in *)&f->gf_slist[0])->sin_addr.s_addr, htonl(SOURCE), "the first");
	works(set_filter(MCAST_INCLUDE, 0), "none");
	fails(group(MCAST_LEAVE_GROUP), EADDRNOTAVAIL, "that is leaving");
}

TEST(refused)
{
	struct group_req r = {.gr_interface = 1};
	struct sockaddr_in a = in4(SOURCE, 0);

	open_both();
	memcpy(&r.gr_group, &a, sizeof(a));
	fails(setsockopt(receiver, IPPROTO_IP, MCAST_JOIN_GROUP, &r, sizeof(r)), EINVAL,
	      "not a group");
	fails(setsockopt(receiver, IPPROTO_IP, MCAST_JOIN_GROUP, &r, 8), EINVAL, "too short");
	r.gr_group.ss_family = AF_INET6;
	fails(setsockopt(receiver, IPPROTO_IP, MCAST_JOIN_GROUP, &r, sizeof(r)), EINVAL,
	      "another family");
	fails(setsockopt(receiver, IPPROTO_IP, MCAST_JOIN_GROUP, (void *)8, sizeof(r)), EFAULT,
	      "no memory");
	fails(with_source(MCAST_LEAVE_SOURCE_GROUP, SOURCE), EINVAL, "not a member");
	r = (struct group_req){.gr_interface = 4711};
	a = in4(GROUP, 0);
	memcpy(&r.gr_group, &a, sizeof(a));
	fails(setsockopt(receiver, IPPROTO_IP, MCAST_JOIN_GROUP, &r, sizeof(r)), ENODEV,
	      "no such interface");
}

/* A socket of IPv6 may join a group of IPv4; its sources are no business of IPv6's options. */
TEST(mapped_group)
{
	char bytes[GROUP_FILTER_SIZE(1)] = {0};
	struct group_filter *f = (void *)bytes;
	struct ip_mreqn r = {.imr_multiaddr.s_addr = htonl(GROUP), .imr_ifindex = 1};
	union end a = in6("::ffff:0.0.0.0", 0), one = a;
	socklen_t n = sizeof(bytes);
	int fd;

	loopback_up();
	fd = must(socket(AF_INET6, SOCK_DGRAM, 0));
	works(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)), "joined");
	a.in6.sin6_addr.s6_addr32[3] = htonl(GROUP);
	one.in6.sin6_addr.s6_addr32[3] = htonl(SOURCE);
	f->gf_interface = 1;
	memcpy(&f->gf_group, &a, sizeof(a.in6));
	memcpy(&f->gf_slist[0], &one, sizeof(one.in6));
	f->gf_fmode = MCAST_INCLUDE;
	f->gf_numsrc = 1;
	fails(setsockopt(fd, IPPROTO_IPV6, MCAST_MSFILTER, f, n), EINVAL, "the mapped group");
	works(setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &r, sizeof(r)), "left");
	close(fd);
}
