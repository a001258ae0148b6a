/* Options of SOL_IPV6 and control data, as ipv6(7), RFC 3493 and RFC 3542 have them. */
#include "tap.h"

#include <netinet/icmp6.h>
#include <netinet/ip6.h>

#include "loopback.h"

/* Of linux/in6.h, which does not go with the C library's. */
#ifndef IPV6_FLOWINFO
#define IPV6_FLOWINFO         11
#endif
#ifndef IPV6_FLOWINFO_SEND
#define IPV6_FLOWINFO_SEND    33
#endif
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL    29
#endif
#ifndef IPV6_UNICAST_IF
#define IPV6_UNICAST_IF       76
#endif
#ifndef IPV6_MINHOPCOUNT
#define IPV6_MINHOPCOUNT      73
#endif
#ifndef IPV6_ADDR_PREFERENCES
#define IPV6_ADDR_PREFERENCES 72
#endif
#ifndef IPV6_RECVORIGDSTADDR
#define IPV6_RECVORIGDSTADDR  74
#endif
#ifndef IPV6_AUTOFLOWLABEL
#define IPV6_AUTOFLOWLABEL    70
#endif
#ifndef IPV6_2292PKTINFO
#define IPV6_2292PKTINFO  2
#define IPV6_2292HOPLIMIT 8
#endif
#define PREFER_TMP     0x0001
#define PREFER_PUBLIC  0x0002
#define PREFER_DEFAULT 0x0100
#define PREFER_HOME    0x0400

struct pktinfo { struct in6_addr address; int nif; };

static int six(void)
{
	loopback_up();
	return must(socket(AF_INET6, SOCK_DGRAM, 0));
}

TEST(flags)
{
	static const struct { int name, first; const char *what; } all[] = {
		{IPV6_RECVPKTINFO, 0, "RECVPKTINFO"}, {IPV6_RECVHOPLIMIT, 0, "RECVHOPLIMIT"},
		{IPV6_RECVTCLASS, 0, "RECVTCLASS"}, {IPV6_RECVHOPOPTS, 0, "RECVHOPOPTS"},
		{IPV6_RECVDSTOPTS, 0, "RECVDSTOPTS"}, {IPV6_RECVRTHDR, 0, "RECVRTHDR"},
		{IPV6_RECVPATHMTU, 0, "RECVPATHMTU"}, {IPV6_FLOWINFO, 0, "FLOWINFO"},
		{IPV6_RECVORIGDSTADDR, 0, "RECVORIGDSTADDR"}, {IPV6_RECVERR, 0, "RECVERR"},
		{IPV6_MULTICAST_LOOP, 1, "MULTICAST_LOOP"},
		{IPV6_MULTICAST_ALL, 1, "MULTICAST_ALL"},
		{IPV6_DONTFRAG, 0, "DONTFRAG"}, {IPV6_AUTOFLOWLABEL, 1, "AUTOFLOWLABEL"},
		{IPV6_FLOWINFO_SEND, 0, "FLOWINFO_SEND"}, {IPV6_2292PKTINFO, 0, "2292PKTINFO"},
		{IPV6_2292HOPLIMIT, 0, "2292HOPLIMIT"}};
	int fd = six();

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		ok(get_int(fd, IPPROTO_IPV6, all[i].name) == all[i].first, "%s at first",
		   all[i].what);
		works(set_int(fd, IPPROTO_IPV6, all[i].name, !all[i].first), "the other");
		is(get_int(fd, IPPROTO_IPV6, all[i].name), !all[i].first, "reads");
	}
	fails(setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, "x", 1), EINVAL, "a byte is no int");
	fails(set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 2), EINVAL, "neither yes nor no");
	fails(setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, BAD, 4), EFAULT, "a bad address");
	fails(set_int(fd, IPPROTO_IPV6, 199, 1), ENOPROTOOPT, "no such option");
	fails(set_int(must(socket(AF_INET, SOCK_DGRAM, 0)), IPPROTO_IPV6, IPV6_RECVTCLASS, 1),
	      ENOPROTOOPT, "a socket of IPv4 has none");
}

static void range(int fd, int name, int low, int high, const char *what)
{
	ok(!set_int(fd, IPPROTO_IPV6, name, high), "%s: the most", what);
	is(get_int(fd, IPPROTO_IPV6, name), high, "reads");
	fails(set_int(fd, IPPROTO_IPV6, name, high + 1), EINVAL, "one more");
	fails(set_int(fd, IPPROTO_IPV6, name, low - 1), EINVAL, "less than the least");
	works(set_int(fd, IPPROTO_IPV6, name, low), "the least");
}

TEST(numbers)
{
	int fd = six(), tcp = must(socket(AF_INET6, SOCK_STREAM, 0)), lo = if_nametoindex("lo");

	is(get_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 64, "hops at first");
	is(get_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 1, "of groups");
	is(get_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER), 1, "path MTU discovery");
	is(get_int(fd, IPPROTO_IPV6, IPV6_TCLASS), 0, "traffic class");
	range(fd, IPV6_UNICAST_HOPS, -1, 255, "UNICAST_HOPS");
	is(get_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 64, "as at first");
	range(fd, IPV6_MULTICAST_HOPS, -1, 255, "MULTICAST_HOPS");
	range(fd, IPV6_TCLASS, -1, 255, "TCLASS");
	is(get_int(fd, IPPROTO_IPV6, IPV6_TCLASS), 0, "as at first");
	range(fd, IPV6_MTU_DISCOVER, 0, 5, "MTU_DISCOVER");
	range(fd, IPV6_MINHOPCOUNT, 0, 255, "MINHOPCOUNT");
	fails(set_int(tcp, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1), ENOPROTOOPT, "not of a stream");
	fails(set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, 9999), ENODEV, "no such interface");
	works(set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, lo), "MULTICAST_IF");
	is(get_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF), lo, "reads");
	fails(set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_IF, (int)htonl(9999)), EADDRNOTAVAIL,
	      "no such interface");
	works(set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_IF, (int)htonl((uint32_t)lo)), "UNICAST_IF");
	is(get_int(fd, IPPROTO_IPV6, IPV6_UNICAST_IF), htonl((uint32_t)lo), "reads");
	fails(getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &(int){0}, &(socklen_t){4}), ENOTCONN,
	      "IPV6_MTU without a peer");
}

TEST(preferences)
{
	int fd = six();

	is(get_int(fd, IPPROTO_IPV6, IPV6_ADDR_PREFERENCES), PREFER_DEFAULT | PREFER_HOME,
	   "at first");
	works(set_int(fd, IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, PREFER_PUBLIC), "public ones");
	is(get_int(fd, IPPROTO_IPV6, IPV6_ADDR_PREFERENCES), PREFER_PUBLIC | PREFER_HOME, "reads");
	fails(set_int(fd, IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, PREFER_PUBLIC | PREFER_TMP), EINVAL,
	      "both");
}

/* One datagram from `from` to `to`, which got control data of that many bytes. */
struct got {
	struct pktinfo info;
	int hops, class, has_info, old_info, old_hops, original, flow;
	char hop[8], destination[8];
};

static void receive(int fd, struct got *g)
{
	char text[100], control[512];
	struct iovec iov = {text, sizeof(text)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};

	*g = (struct got){.hops = -1, .class = -1, .old_hops = -1};
	if (!ready(fd, POLLIN, 1000) || recvmsg(fd, &m, 0) < 0)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != IPPROTO_IPV6)
			continue;
		if (c->cmsg_type == IPV6_PKTINFO) {
			g->has_info = 1;
			memcpy(&g->info, CMSG_DATA(c), sizeof(g->info));
		} else if (c->cmsg_type == IPV6_HOPLIMIT) {
			memcpy(&g->hops, CMSG_DATA(c), 4);
		} else if (c->cmsg_type == IPV6_TCLASS) {
			memcpy(&g->class, CMSG_DATA(c), 4);
		} else if (c->cmsg_type == IPV6_FLOWINFO) {
			memcpy(&g->flow, CMSG_DATA(c), 4);
		} else if (c->cmsg_type == IPV6_2292PKTINFO) {
			g->old_info = 1;
		} else if (c->cmsg_type == IPV6_2292HOPLIMIT) {
			memcpy(&g->old_hops, CMSG_DATA(c), 4);
		} else if (c->cmsg_type == IPV6_RECVORIGDSTADDR) {
			g->original = end_port((union end *)CMSG_DATA(c));
		} else if (c->cmsg_type == IPV6_HOPOPTS) {
			memcpy(g->hop, CMSG_DATA(c), 8);
		} else if (c->cmsg_type == IPV6_DSTOPTS) {
			memcpy(g->destination, CMSG_DATA(c), 8);
		}
	}
}

static long send_with(int fd, union end *to, int type, const void *data, size_t n)
{
	union { char bytes[256]; struct cmsghdr align; } control = {0};
	struct iovec iov = {"x", 1};
	struct msghdr m = {.msg_name = to, .msg_namelen = to ? sizeof(to->in6) : 0,
			   .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
			   .msg_controllen = CMSG_SPACE(n)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), data, n);
	return sendmsg(fd, &m, 0);
}

TEST(control_data)
{
	static const int wants[] = {IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS,
				    IPV6_2292PKTINFO, IPV6_2292HOPLIMIT, IPV6_RECVORIGDSTADDR};
	int a = six(), b = udp6_at("::"), v;
	union end to = in6("::1", port_of(b));
	struct got g;

	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++)
		must(set_int(b, IPPROTO_IPV6, wants[i], 1));
	must(set_int(a, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 33));
	must(set_int(a, IPPROTO_IPV6, IPV6_TCLASS, 0x28));
	is(sendto6(a, "x", 1, "::1", port_of(b)), 1, "send");
	receive(b, &g);
	ok(g.has_info && IN6_IS_ADDR_LOOPBACK(&g.info.address), "the address it went to");
	is(g.info.nif, if_nametoindex("lo"), "the interface it came by");
	is(g.hops, 33, "hops as sent");
	is(g.class, 0x28, "traffic class as sent");
	is(g.old_info, 1, "RFC 2292's form");
	is(g.old_hops, 33, "of both");
	is(g.original, port_of(b), "original destination");
	v = 7;
	is(send_with(a, &to, IPV6_HOPLIMIT, &v, 4), 1, "hops of one datagram");
	receive(b, &g);
	is(g.hops, 7, "as it said");
	v = 0x10;
	is(send_with(a, &to, IPV6_TCLASS, &v, 4), 1, "class of one datagram");
	receive(b, &g);
	is(g.class, 0x10, "as it said");
	v = 256;
	fails(send_with(a, &to, IPV6_HOPLIMIT, &v, 4), EINVAL, "too many hops");
	fails(send_with(a, &to, IPV6_TCLASS, &v, 4), EINVAL, "no class");
	fails(send_with(a, &to, IPV6_TCLASS, &v, 2), EINVAL, "too short");
	v = 2;
	fails(send_with(a, &to, IPV6_DONTFRAG, &v, 4), EINVAL, "neither yes nor no");
	fails(send_with(a, &to, 199, &v, 4), EINVAL, "nothing that is known");
}

TEST(mapped)
{
	int a = six(), b = udp6_at("::");
	struct got g;

	must(set_int(b, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
	must(set_int(b, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1));
	is(sendto6(a, "x", 1, "::ffff:127.0.0.1", port_of(b)), 1, "send by IPv4");
	receive(b, &g);
	ok(g.has_info && IN6_IS_ADDR_V4MAPPED(&g.info.address), "IPV6_PKTINFO, mapped");
	is(g.hops, -1, "no hop limit");
}

TEST(packet_info)
{
	struct pktinfo info = {in6addr_loopback, 0}, other = {0};
	int a = six(), b = udp6_at("::"), lo = if_nametoindex("lo");
	union end to = in6("::1", port_of(b));
	struct got g;

	info.nif = lo;
	is(send_with(a, &to, IPV6_PKTINFO, &info, sizeof(info)), 1, "from an address of ours");
	receive(b, &g);
	is(send_with(a, &to, IPV6_2292PKTINFO, &info, sizeof(info)), 1, "in the old form");
	receive(b, &g);
	must(inet_pton(AF_INET6, "2001:db8::5", &other.address));
	fails(send_with(a, &to, IPV6_PKTINFO, &other, sizeof(other)), EINVAL, "not of another's");
	fails(send_with(a, &to, IPV6_PKTINFO, &info, 8), EINVAL, "too short");
	works(setsockopt(a, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info)), "for all of them");
	fails(setsockopt(a, IPPROTO_IPV6, IPV6_PKTINFO, &info, 4), EINVAL, "too short");
	is(sendto6(a, "x", 1, "::1", port_of(b)), 1, "send");
}

/* Options that nobody needs to know are passed over, and told to who asks (RFC 8200, 4.2). */
TEST(extension_headers)
{
	/* PadN of four bytes each. */
	unsigned char hop[8] = {0, 0, 1, 4, 0, 0, 0, 0}, dest[8] = {0, 0, 1, 4, 0, 0, 0, 0};
	unsigned char routing[24] = {0, 2, 0, 1}, read[16];
	int a = six(), b = udp6_at("::1");
	union end to = in6("::1", port_of(b));
	socklen_t n = sizeof(read);
	struct got g;

	must(set_int(b, IPPROTO_IPV6, IPV6_RECVHOPOPTS, 1));
	must(set_int(b, IPPROTO_IPV6, IPV6_RECVDSTOPTS, 1));
	is(send_with(a, &to, IPV6_HOPOPTS, hop, sizeof(hop)), 1, "hop-by-hop options");
	receive(b, &g);
	is(g.hop[0], IPPROTO_UDP, "arrive, and say what follows");
	is(g.hop[2], 1, "as they were");
	is(g.destination[2], 0, "alone");
	works(setsockopt(a, IPPROTO_IPV6, IPV6_DSTOPTS, dest, sizeof(dest)), "destination options");
	works(setsockopt(a, IPPROTO_IPV6, IPV6_HOPOPTS, hop, sizeof(hop)), "and the others");
	works(getsockopt(a, IPPROTO_IPV6, IPV6_DSTOPTS, read, &n), "read");
	is(n, 8, "eight bytes");
	is(sendto6(a, "x", 1, "::1", port_of(b)), 1, "send");
	receive(b, &g);
	is(g.hop[0], IPPROTO_DSTOPTS, "the first is followed by the second");
	is(g.destination[0], IPPROTO_UDP, "which is followed by UDP");
	works(setsockopt(a, IPPROTO_IPV6, IPV6_HOPOPTS, NULL, 0), "without them again");
	is(sendto6(a, "x", 1, "::1", port_of(b)), 1, "send");
	receive(b, &g);
	is(g.hop[2], 0, "gone");
	is(g.destination[2], 1, "the other stays");
	fails(setsockopt(a, IPPROTO_IPV6, IPV6_HOPOPTS, hop, 7), EINVAL, "no multiple of 8");
	hop[1] = 1;
	fails(setsockopt(a, IPPROTO_IPV6, IPV6_HOPOPTS, hop, 8), EINVAL, "longer than it is");
	fails(setsockopt(a, IPPROTO_IPV6, IPV6_RTHDR, routing, sizeof(routing)), EINVAL,
	      "routing headers of type 0 are gone");
}

static int headers_as_user(void *argument)
{
	unsigned char hop[8] = {0, 0, 1, 4};
	int fd = must(socket(AF_INET6, SOCK_DGRAM, 0));

	(void)argument;
	fails(setsockopt(fd, IPPROTO_IPV6, IPV6_HOPOPTS, hop, sizeof(hop)), EPERM, "not a user's");
	return 0;
}

TEST(rights)
{
	tap_as_user(headers_as_user, NULL);
}

TEST(flow_labels)
{
	int a = six(), b = udp6_at("::1");
	union end to = in6("::1", port_of(b));
	struct got g;

	must(set_int(b, IPPROTO_IPV6, IPV6_FLOWINFO, 1));
	must(set_int(a, IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0));
	is(sendto(a, "x", 1, 0, &to.any, sizeof(to.in6)), 1, "send");
	receive(b, &g);
	is(g.flow, 0, "no label");
	must(set_int(a, IPPROTO_IPV6, IPV6_FLOWINFO_SEND, 1));
	to.in6.sin6_flowinfo = htonl(0x12345);
	is(sendto(a, "x", 1, 0, &to.any, sizeof(to.in6)), 1, "send with a label");
	receive(b, &g);
	is(ntohl((uint32_t)g.flow), 0x12345, "as it was given");
}

TEST(path_mtu)
{
	static char out[3000];
	char control[256];
	struct iovec iov = {out, sizeof(out)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct { struct sockaddr_in6 to; uint32_t mtu; } info = {0};
	socklen_t n = sizeof(info);
	struct ifreq r = {.ifr_name = "lo"};
	struct cmsghdr *c;
	int a = six(), mtu;

	must(ioctl(a, SIOCGIFMTU, &r));
	mtu = r.ifr_mtu;
	r.ifr_mtu = 1500;
	must(ioctl(a, SIOCSIFMTU, &r));
	must(set_int(a, IPPROTO_IPV6, IPV6_RECVPATHMTU, 1));
	must(set_int(a, IPPROTO_IPV6, IPV6_DONTFRAG, 1));
	fails(getsockopt(a, IPPROTO_IPV6, IPV6_PATHMTU, &info, &n), ENOTCONN, "no peer");
	fails(sendto6(a, out, 2000, "::1", 9), EMSGSIZE, "too long");
	is(recvmsg(a, &m, MSG_DONTWAIT), 0, "told by a message without data");
	c = CMSG_FIRSTHDR(&m);
	ok(c && c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PATHMTU, "IPV6_PATHMTU");
	if (c)
		memcpy(&info, CMSG_DATA(c), sizeof(info));
	is(info.mtu, 1500, "what passes");
	ok(IN6_IS_ADDR_LOOPBACK(&info.to.sin6_addr), "to whom");
	must(connect6(a, "::1", 9));
	info.mtu = 0;
	works(getsockopt(a, IPPROTO_IPV6, IPV6_PATHMTU, &info, &n), "asked");
	is(info.mtu, 1500, "the same");
	r.ifr_mtu = mtu;
	must(ioctl(a, SIOCSIFMTU, &r));
}

/* RFC 5082: a connection whose peer is near takes nothing from afar. */
TEST(least_hops)
{
	int a, b, l;
	union end at;
	socklen_t n = sizeof(at);
	char c;

	loopback_up();
	l = must(socket(AF_INET6, SOCK_STREAM, 0));
	must(bind6(l, "::1", 0));
	must(listen(l, 1));
	must(getsockname(l, &at.any, &n));
	a = must(socket(AF_INET6, SOCK_STREAM, 0));
	must(connect6(a, "::1", end_port(&at)));
	b = must(accept(l, NULL, NULL));
	works(set_int(b, IPPROTO_IPV6, IPV6_MINHOPCOUNT, 200), "IPV6_MINHOPCOUNT");
	is(send(a, "x", 1, 0), 1, "from too far");
	ok(!ready(b, POLLIN, 100), "is not heard");
	must(set_int(a, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 255));
	is(recv(b, &c, 1, 0), 1, "from near it is");
}

TEST(only_six)
{
	int fd = six();

	is(get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY), 0, "both at first");
	works(set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1), "only IPv6");
	is(get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1, "reads");
}

/* A connection over IPv4 becomes a socket of IPv4. */
TEST(address_form)
{
	union end name;
	socklen_t n = sizeof(name);
	int fd = six(), peer = udp_at(INADDR_LOOPBACK);
	char c;

	fails(set_int(fd, IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET), ENOTCONN, "without a peer");
	must(connect6(fd, "::1", 9));
	fails(set_int(fd, IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET), EADDRNOTAVAIL, "a peer of IPv6");
	fd = six();
	must(connect6(fd, "::ffff:127.0.0.1", port_of(peer)));
	is(get_int(fd, IPPROTO_IPV6, IPV6_ADDRFORM), AF_INET6, "of IPv6");
	works(set_int(fd, IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET), "a peer of IPv4");
	works(getpeername(fd, &name.any, &n), "its name");
	is(name.any.sa_family, AF_INET, "is of IPv4 now");
	is(send(fd, "x", 1, 0), 1, "it sends");
	is(recv(peer, &c, 1, 0), 1, "as before");
}
