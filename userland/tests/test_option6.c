/* The rarer options of SOL_IPV6: anycast addresses, router alert, the size of fragments,
 * leases of flow labels. */
#include "tap.h"

#include "loopback.h"
#include <linux/if_addr.h>

#define JOIN_ANYCAST   27
#define LEAVE_ANYCAST  28
#define ROUTER_ALERT   22
#define RECVFRAGSIZE   77
#define RECVFRAGSIZE4  25

/* Of linux/ipv6.h. */
struct in6_ifreq6 { struct in6_addr address; uint32_t length; int index; };

static int six(void)
{
	loopback_up();
	return must(socket(AF_INET6, SOCK_DGRAM, 0));
}

/* lo gets fd00:db8:8::1/64, or loses it. */
static void prefix(bool on)
{
	struct in6_ifreq6 r = {in6("fd00:db8:8::1", 0).in6.sin6_addr, 64, if_nametoindex("lo")};
	int s = six();

	must(ioctl(s, on ? SIOCSIFADDR : SIOCDIFADDR, &r));
	must(close(s));
}

static int anycast(int s, int name, const char *address, int nif)
{
	struct ipv6_mreq r = {in6(address, 0).in6.sin6_addr, (unsigned)nif};

	return setsockopt(s, IPPROTO_IPV6, name, &r, sizeof(r));
}

/* How many users /proc/net/anycast6 tells of an address. */
static int users(const char *digits)
{
	char line[200], address[64];
	int n, found = 0;
	FILE *f = fopen("/proc/net/anycast6", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*d %*s %63s %d", address, &n) == 2 && !strcmp(address, digits))
			found = n;
	if (f)
		fclose(f);
	return found;
}

TEST(anycast)
{
	const char *shared = "fd00:db8:8::5", *digits = "fd000db8000800000000000000000005";
	int s = six(), lo = if_nametoindex("lo"), other, b, p;

	prefix(true);
	works(anycast(s, JOIN_ANYCAST, shared, lo), "joined");
	is(users(digits), 1, "told of");
	works(anycast(s, JOIN_ANYCAST, shared, 0), "once more, by its route");
	is(users(digits), 2, "twice");
	fails(anycast(s, JOIN_ANYCAST, "ff02::5", lo), EINVAL, "no group");
	fails(anycast(s, JOIN_ANYCAST, "fd00:db8:8::1", lo), EINVAL, "not its own address");
	fails(anycast(s, JOIN_ANYCAST, "fd00:db8:9::5", lo), EADDRNOTAVAIL, "no such prefix");
	fails(anycast(s, JOIN_ANYCAST, shared, 999), ENODEV, "no such interface");
	fails(setsockopt(s, IPPROTO_IPV6, JOIN_ANYCAST, shared, 8), EINVAL, "too short");
	fails(anycast(s, LEAVE_ANYCAST, "fd00:db8:8::6", lo), ENOENT, "not joined");
	fails(bind6(six(), shared, 0), EADDRNOTAVAIL, "nothing is bound to it");
	b = udp6_at("::");
	p = port_of(b);
	is(sendto6(six(), "x", 1, shared, p), 1, "a datagram to it");
	is(ready(b, POLLIN, 1000), 1, "is for this machine");
	works(anycast(s, LEAVE_ANYCAST, shared, lo), "left");
	is(users(digits), 1, "once");
	other = six();
	works(anycast(other, JOIN_ANYCAST, shared, lo), "another socket");
	must(close(s));
	is(users(digits), 1, "the first is gone");
	must(close(other));
	is(users(digits), 0, "both");
	prefix(false);
}

TEST(router_alert)
{
	int raw = must(socket(AF_INET6, SOCK_RAW, IPPROTO_RAW));
	int icmp = must(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));

	fails(set_int(icmp, IPPROTO_IPV6, ROUTER_ALERT, 0), ENOPROTOOPT, "of raw sockets alone");
	fails(set_int(six(), IPPROTO_IPV6, ROUTER_ALERT, 0), ENOPROTOOPT, "not of UDP");
	fails(set_int(raw, IPPROTO_IPV6, ROUTER_ALERT, -1), ENOBUFS, "none to end");
	works(set_int(raw, IPPROTO_IPV6, ROUTER_ALERT, 0), "begun");
	fails(set_int(raw, IPPROTO_IPV6, ROUTER_ALERT, 1), EADDRINUSE, "only once");
	works(set_int(raw, IPPROTO_IPV6, ROUTER_ALERT, -1), "ended");
	fails(setsockopt(raw, IPPROTO_IPV6, ROUTER_ALERT, "xx", 2), EINVAL, "too short");
}

/* What control data says of the size of fragments: -1: nothing. */
static int fragment_size(int s, int level, int type)
{
	static char data[9000];
	union { char bytes[256]; struct cmsghdr align; } control;
	struct iovec iov = {data, sizeof(data)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
			   .msg_controllen = sizeof(control)};
	int size = -1;

	if (!ready(s, POLLIN, 1000) || recvmsg(s, &m, 0) < 0)
		return -2;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == level && c->cmsg_type == type)
			memcpy(&size, CMSG_DATA(c), sizeof(size));
	return size;
}

/* lo takes packets of so many bytes: what it took before. */
static int lo_mtu(int mtu)
{
	struct ifreq r = {.ifr_name = "lo"};
	int s = six(), before;

	must(ioctl(s, SIOCGIFMTU, &r));
	before = r.ifr_mtu;
	r.ifr_mtu = mtu;
	must(ioctl(s, SIOCSIFMTU, &r));
	must(close(s));
	return before;
}

TEST(fragment_size)
{
	static char data[4000];
	int a = six(), b = udp6_at("::"), mtu = lo_mtu(1500);

	is(get_int(b, IPPROTO_IPV6, RECVFRAGSIZE), 0, "off at first");
	works(set_int(b, IPPROTO_IPV6, RECVFRAGSIZE, 1), "RECVFRAGSIZE");
	is(get_int(b, IPPROTO_IPV6, RECVFRAGSIZE), 1, "reads");
	is(sendto6(a, data, 100, "::1", port_of(b)), 100, "one that is short");
	is(fragment_size(b, IPPROTO_IPV6, RECVFRAGSIZE), -1, "came whole");
	is(sendto6(a, data, sizeof(data), "::1", port_of(b)), sizeof(data), "one that is cut");
	is(fragment_size(b, IPPROTO_IPV6, RECVFRAGSIZE), 1496, "the longest piece");
	lo_mtu(mtu);
}

TEST(fragment_size4)
{
	static char data[4000];
	int tcp = must(socket(AF_INET, SOCK_STREAM, 0)), mtu = lo_mtu(1500);
	int a = udp_at(INADDR_LOOPBACK), b = udp_at(INADDR_LOOPBACK);

	fails(set_int(tcp, IPPROTO_IP, RECVFRAGSIZE4, 1), EINVAL, "not of a stream");
	works(set_int(b, IPPROTO_IP, RECVFRAGSIZE4, 1), "IP_RECVFRAGSIZE");
	is(get_int(b, IPPROTO_IP, RECVFRAGSIZE4), 1, "reads");
	is(sendto4(a, data, 4000, INADDR_LOOPBACK, port_of(b)), 4000, "one that is cut");
	is(fragment_size(b, IPPROTO_IP, RECVFRAGSIZE4), 1500, "the longest piece");
	lo_mtu(mtu);
}

/* Of linux/in6.h. */
struct lease {
	struct in6_addr to;
	uint32_t label;
	uint8_t action, share;
	uint16_t flags, expires, linger;
	uint32_t pad;
};
enum { FLOWLABEL_MGR = 32, FLOWINFO_SEND = 33, GET = 0, PUT = 1, RENEW = 2, CREATE = 1, EXCL = 2,
       ALONE = 1, PROCESS = 2, ANYBODY = 255 };

static int label(int s, int action, int share, int flags, uint32_t *value)
{
	struct lease l = {.to = in6addr_loopback, .label = htonl(*value), .action = (uint8_t)action,
			  .share = (uint8_t)share, .flags = (uint16_t)flags, .expires = 10,
			  .linger = 10};
	int answer = setsockopt(s, IPPROTO_IPV6, FLOWLABEL_MGR, &l, sizeof(l));

	*value = ntohl(l.label);
	return answer;
}

/* Whether /proc/net/ip6_flowlabel has it, with how many sockets. */
static int leases(uint32_t value)
{
	char line[200];
	unsigned which;
	int n, found = -1;
	FILE *f = fopen("/proc/net/ip6_flowlabel", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%x %*d %*d %d", &which, &n) == 2 && which == value)
			found = n;
	if (f)
		fclose(f);
	return found;
}

TEST(flow_labels)
{
	int s = six(), other = six(), b = udp6_at("::");
	uint32_t any = 0, fixed = 0x12345, alone = 0x23456, none = 0x54321;
	union end to = in6("::1", port_of(b));

	must(set_int(other, IPPROTO_IPV6, FLOWINFO_SEND, 1));
	to.in6.sin6_flowinfo = htonl(none);
	is(sendto(other, "x", 1, 0, &to.any, sizeof(to.in6)), 1, "labels are free");
	works(label(s, GET, ANYBODY, CREATE, &any), "some label");
	ok(any && any <= 0xfffff, "which is told");
	is(leases(any), 1, "and there");
	fails(label(s, GET, ANYBODY, 0, &fixed), ENOENT, "one that nobody has");
	works(label(s, GET, ANYBODY, CREATE, &fixed), "made");
	works(label(other, GET, ANYBODY, 0, &fixed), "shared");
	is(leases(fixed), 2, "by two");
	fails(label(other, GET, ANYBODY, EXCL, &fixed), EEXIST, "not a new one");
	fails(label(other, GET, PROCESS, 0, &fixed), EPERM, "not shared in another way");
	works(label(s, RENEW, ANYBODY, 0, &fixed), "for longer");
	fails(label(s, RENEW, ANYBODY, 0, &none), ESRCH, "nothing to renew");
	fails(label(s, PUT, ANYBODY, 0, &none), ESRCH, "nothing to give back");
	fails(label(s, 9, ANYBODY, 0, &none), EINVAL, "nothing that can be done");
	fails(label(s, GET, 99, CREATE, &none), EINVAL, "no way of sharing");
	to.in6.sin6_flowinfo = htonl(none);
	works(label(s, GET, ALONE, CREATE, &alone), "one for this socket alone");
	fails(label(other, GET, ALONE, 0, &alone), EPERM, "not for another");
	fails(sendto(other, "x", 1, 0, &to.any, sizeof(to.in6)), EINVAL, "not leased by it");
	to.in6.sin6_flowinfo = htonl(fixed);
	is(sendto(other, "x", 1, 0, &to.any, sizeof(to.in6)), 1, "leased");
	works(label(s, PUT, ALONE, 0, &alone), "given back");
	is(leases(alone), 0, "it lingers");
	must(close(s));
	is(leases(fixed), 1, "the other has it");
}

TEST(flow_label_get)
{
	int s = six(), b = udp6_at("::");
	union end to = in6("::1", port_of(b));
	struct lease l = {.action = GET};
	socklen_t n = sizeof(l);
	uint32_t mine = 0x34567;

	fails(getsockopt(s, IPPROTO_IPV6, FLOWLABEL_MGR, &l, &n), ENOENT, "none");
	must(label(s, GET, ANYBODY, CREATE, &mine));
	must(set_int(s, IPPROTO_IPV6, FLOWINFO_SEND, 1));
	to.in6.sin6_flowinfo = htonl(mine);
	works(connect(s, &to.any, sizeof(to.in6)), "connected with it");
	works(getsockopt(s, IPPROTO_IPV6, FLOWLABEL_MGR, &l, &n), "the lease");
	ok(ntohl(l.label) == mine && l.share == ANYBODY && l.linger == 10 && l.expires <= 10 &&
	   IN6_IS_ADDR_LOOPBACK(&l.to), "as it is");
	l.action = PUT;
	fails(getsockopt(s, IPPROTO_IPV6, FLOWLABEL_MGR, &l, &n), EINVAL, "that is no question");
}

/* Sends a byte to ::1 with control data that says the flow label. */
static ssize_t send_labelled(int s, int port, uint32_t value)
{
	union end to = in6("::1", port);
	struct iovec iov = {"x", 1};
	union { char bytes[CMSG_SPACE(4)]; struct cmsghdr head; } c = {
		.head = {.cmsg_len = CMSG_LEN(4), .cmsg_level = IPPROTO_IPV6,
			 .cmsg_type = 11 /* IPV6_FLOWINFO */}};
	struct msghdr m = {.msg_name = &to, .msg_namelen = sizeof(to.in6), .msg_iov = &iov,
			   .msg_iovlen = 1, .msg_control = c.bytes,
			   .msg_controllen = sizeof(c.bytes)};

	value = htonl(value);
	memcpy(CMSG_DATA(&c.head), &value, sizeof(value));
	return sendmsg(s, &m, 0);
}

TEST(flow_label_control)
{
	int s = six(), other = six(), b = udp6_at("::");
	uint32_t alone = 0x45678;

	works(label(s, GET, ALONE, CREATE, &alone), "a label for this socket alone");
	is(send_labelled(s, port_of(b), alone), 1, "which may say it in control data");
	fails(send_labelled(other, port_of(b), alone), EINVAL, "another may not");
	is(send_labelled(other, port_of(b), 0), 1, "but none at all");
	works(label(s, PUT, ALONE, 0, &alone), "given back");
}

TEST(flow_label_limit)
{
	enum { MOST = 20000 };
	int s = six(), n = 0;
	uint32_t shared = 0x56789;

	if (!is_skerry()) {
		skip("leases of one label", "this kernel counts none but the first");
		return;
	}
	must(label(s, GET, ANYBODY, CREATE, &shared));
	while (n < MOST && !label(s, GET, ANYBODY, 0, &shared))
		n++;
	ok(n && n < MOST && errno == ENOBUFS, "there is an end to leases of one label: %d", n);
	works(label(s, PUT, ANYBODY, 0, &shared), "one given back");
	works(label(s, GET, ANYBODY, 0, &shared), "makes room for one");
}

/* A small MTU takes IPv6 from lo, and anycast addresses with it. */
TEST(anycast_later)
{
	const char *shared = "fd00:db8:8::5", *digits = "fd000db8000800000000000000000005";
	int before = six(), after = six(), lo = if_nametoindex("lo"), mtu;

	if (!is_skerry()) {
		skip("who joined before and after", "this kernel does not tell them apart");
		return;
	}
	prefix(true);
	must(anycast(before, JOIN_ANYCAST, shared, lo));
	mtu = lo_mtu(1000);
	lo_mtu(mtu);
	is(users(digits), 0, "gone with IPv6");
	prefix(true);
	works(anycast(after, JOIN_ANYCAST, shared, lo), "joined again");
	must(close(before));
	is(users(digits), 1, "who joined before leaves nothing of that");
	must(close(after));
	is(users(digits), 0, "who joined it does");
	prefix(false);
}

TEST(fragment_size_most)
{
	static char data[65520];
	int a = six(), b = udp6_at("::");

	if (!is_skerry()) {
		skip("a piece of 65536 bytes", "this kernel counts it in 16 bits");
		return;
	}
	must(set_int(b, IPPROTO_IPV6, RECVFRAGSIZE, 1));
	is(sendto6(a, data, sizeof(data), "::1", port_of(b)), sizeof(data), "what lo cuts");
	is(fragment_size(b, IPPROTO_IPV6, RECVFRAGSIZE), 65535, "the longest that can be told");
}
