/* The rarer options of SOL_IPV6: anycast addresses, router alert, the size of fragments. */
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
