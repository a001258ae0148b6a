/* Raw and ping sockets of IPv6: echo, filters, checksums, headers of one's own, who may. */
#include "tap.h"

#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>

#include "loopback.h"

#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif

struct echo { struct icmp6_hdr h; char data[32]; };

static struct echo echo_make(int id, int sequence)
{
	struct echo e = {.h = {.icmp6_type = ICMP6_ECHO_REQUEST}};

	e.h.icmp6_id = htons((uint16_t)id);
	e.h.icmp6_seq = htons((uint16_t)sequence);
	memset(e.data, 'p', sizeof(e.data));
	return e;
}

static uint16_t sum6(const struct in6_addr *from, const struct in6_addr *to, int protocol,
		     const void *data, size_t n)
{
	struct { struct in6_addr from, to; uint32_t n, protocol; } pseudo = {
		*from, *to, htonl((uint32_t)n), htonl((uint32_t)protocol)};
	const uint16_t *w = (const uint16_t *)&pseudo;
	uint32_t s = 0;

	for (size_t i = 0; i < sizeof(pseudo) / 2; i++)
		s += w[i];
	for (w = data; n > 1; n -= 2)
		s += *w++;
	if (n)
		s += *(const uint8_t *)w;
	s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~(s + (s >> 16));
}

/* The next message of a type: its length, or -1. */
static long icmp_next(int fd, void *buf, size_t n, int type)
{
	while (ready(fd, POLLIN, 1000)) {
		long got = recv(fd, buf, n, 0);

		if (got < 8)
			return -1;
		if (((struct icmp6_hdr *)buf)->icmp6_type == type)
			return got;
	}
	return -1;
}

static int raw(int protocol)
{
	loopback_up();
	return must(socket(AF_INET6, SOCK_RAW, protocol));
}

TEST(raw_echo)
{
	struct echo e = echo_make(4711, 1);
	struct icmp6_hdr *h;
	char buf[200];
	int fd = raw(IPPROTO_ICMPV6);

	h = (struct icmp6_hdr *)buf;
	is(sendto6(fd, &e, sizeof(e), "::1", 0), sizeof(e), "send an echo request");
	is(icmp_next(fd, buf, sizeof(buf), ICMP6_ECHO_REPLY), sizeof(e), "the reply, no IP header");
	is(sum6(&in6addr_loopback, &in6addr_loopback, IPPROTO_ICMPV6, buf, sizeof(e)), 0,
	   "its checksum");
	is(ntohs(h->icmp6_id), 4711, "identifier");
	ok(!memcmp(h + 1, e.data, sizeof(e.data)), "data");
	fails(sendto6(fd, &e, sizeof(e), "::ffff:127.0.0.1", 0), ENETUNREACH, "not to IPv4");
	fails(sendto6(fd, &e, sizeof(e), "::1", 17), EINVAL, "another protocol");
	is(sendto6(fd, &e, sizeof(e), "::1", IPPROTO_ICMPV6), sizeof(e), "its own");
	fails(bind6(fd, "::ffff:127.0.0.1", 0), EADDRNOTAVAIL, "bind to IPv4");
	works(bind6(fd, "::1", 0), "bind");
}

TEST(raw_filter)
{
	struct echo e = echo_make(4712, 1);
	struct icmp6_filter f, got;
	socklen_t n = sizeof(got);
	char buf[200];
	int fd = raw(IPPROTO_ICMPV6);

	ICMP6_FILTER_SETBLOCKALL(&f);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &f);
	works(setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &f, sizeof(f)), "ICMP6_FILTER");
	works(getsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &got, &n), "reads");
	ok(n == sizeof(f) && !memcmp(&f, &got, n), "as it was set");
	sendto6(fd, &e, sizeof(e), "::1", 0);
	is(recv(fd, buf, sizeof(buf), 0), sizeof(e), "only the reply");
	is(((struct icmp6_hdr *)buf)->icmp6_type, ICMP6_ECHO_REPLY, "is received");
	fails(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN, "not the request");
}

TEST(checksums)
{
	struct { uint16_t a, sum; char data[6]; } p = {0x1234, 0xffff, "tests"}, got;
	int fd = raw(253), other = raw(253), v = 2;
	socklen_t n = sizeof(v);

	works(getsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &v, &n), "IPV6_CHECKSUM");
	is(v, -1, "is off");
	fails(set_int(fd, IPPROTO_IPV6, IPV6_CHECKSUM, 3), EINVAL, "an odd place");
	works(set_int(fd, IPPROTO_IPV6, IPV6_CHECKSUM, 2), "two bytes from the start");
	is(sendto6(other, &p, sizeof(p), "::1", 0), sizeof(p), "a packet with a wrong one");
	is(sendto6(fd, &p, sizeof(p), "::1", 0), sizeof(p), "and one that is filled in");
	is(recv(fd, &got, sizeof(got), 0), sizeof(p), "arrives");
	is(sum6(&in6addr_loopback, &in6addr_loopback, 253, &got, sizeof(got)), 0, "right");
	fails(recv(fd, &got, sizeof(got), MSG_DONTWAIT), EAGAIN, "the wrong one does not");
	is(recv(other, &got, sizeof(got), MSG_DONTWAIT), sizeof(p), "but where nobody looks");
	fails(sendto6(fd, "x", 1, "::1", 0), EINVAL, "no room for it");
	fd = raw(IPPROTO_ICMPV6);
	fails(set_int(fd, IPPROTO_IPV6, IPV6_CHECKSUM, 2), EINVAL, "ICMPv6 has its own");
	is(get_int(fd, IPPROTO_IPV6, IPV6_CHECKSUM), 2, "which reads");
}

/* UDP by hand, with the IP header by hand as well. */
TEST(header_included)
{
	struct { struct ip6_hdr ip; struct udphdr udp; char data[4]; } p = {
		.udp = {.uh_sport = htons(5555), .uh_ulen = htons(12)}, .data = "abc"};
	union end from;
	socklen_t n = sizeof(from);
	char text[10];
	int fd = raw(IPPROTO_RAW), udp = udp6_at("::1");

	p.ip.ip6_flow = htonl(6u << 28);
	p.ip.ip6_plen = htons(12);
	p.ip.ip6_nxt = IPPROTO_UDP;
	p.ip.ip6_hlim = 9;
	p.ip.ip6_src = p.ip.ip6_dst = in6addr_loopback;
	is(get_int(fd, IPPROTO_IPV6, IPV6_HDRINCL), 1, "IPPROTO_RAW has IPV6_HDRINCL");
	p.udp.uh_dport = htons((uint16_t)port_of(udp));
	p.udp.uh_sum = sum6(&p.ip.ip6_src, &p.ip.ip6_dst, IPPROTO_UDP, &p.udp, 12);
	is(sendto6(fd, &p, sizeof(p), "::1", 0), sizeof(p), "send");
	ok(ready(udp, POLLIN, 1000), "it arrives");
	is(recvfrom(udp, text, sizeof(text), MSG_DONTWAIT, &from.any, &n), 4, "four bytes");
	is(end_port(&from), 5555, "port");
	fails(sendto6(fd, &p, 10, "::1", 0), EINVAL, "half a header");
	ok(!ready(fd, POLLIN, 0), "IPPROTO_RAW receives nothing");
}

TEST(raw_own_protocol)
{
	char buf[100];
	int a = raw(253), b = raw(253);

	works(connect6(a, "::1", 0), "connect");
	is(send(a, "payload", 7, 0), 7, "send");
	is(recv(b, buf, sizeof(buf), 0), 7, "without a header");
	ok(!memcmp(buf, "payload", 7), "the payload");
	fails(connect6(b, "fe80::1", 0), EINVAL, "a link without the link");
}

static int as_user(void *argument)
{
	(void)argument;
	fails(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), EPERM, "a user may not");
	return 0;
}

TEST(raw_rights)
{
	tap_as_user(as_user, NULL);
}

static void ping_range(const char *range)
{
	int fd = must(open("/proc/sys/net/ipv4/ping_group_range", O_RDWR));

	must(write(fd, range, strlen(range)));
	close(fd);
}

static int ping_as_user(void *argument)
{
	(void)argument;
	struct echo e = echo_make(1, 7);
	struct icmp6_hdr *h;
	union end from;
	socklen_t n = sizeof(from);
	char buf[100], line[120];
	int fd = must(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6));

	h = (struct icmp6_hdr *)buf;
	is(sendto6(fd, &e, sizeof(e), "::1", 0), sizeof(e), "send an echo request");
	is(recvfrom(fd, buf, sizeof(buf), 0, &from.any, &n), sizeof(e), "the reply");
	is(h->icmp6_type, ICMP6_ECHO_REPLY, "type");
	is(ntohs(h->icmp6_seq), 7, "sequence");
	is(ntohs(h->icmp6_id), port_of(fd), "the identifier is the socket's port");
	ok(end_is_loopback(&from), "from");
	snprintf(line, sizeof(line), ": 00000000000000000000000000000000:%04X ", port_of(fd));
	ok(strstr(tap_read("/proc/net/icmp6"), line), "/proc/net/icmp6 has it");
	e.h.icmp6_type = ICMP6_ECHO_REPLY;
	fails(sendto6(fd, &e, sizeof(e), "::1", 0), EINVAL, "nothing but requests");
	fails(sendto6(fd, &e, 4, "::1", 0), EINVAL, "half a header");
	return 0;
}

static int ping_refused(void *argument)
{
	(void)argument;
	fails(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6), EACCES, "not of the groups");
	return 0;
}

TEST(ping_sockets)
{
	loopback_up();
	ping_range("1 0");
	tap_as_user(ping_refused, NULL);
	ping_range("0 2000");
	tap_as_user(ping_as_user, NULL);
	ping_range("1 0");
	fails(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMPV6), EPROTONOSUPPORT, "of the wrong family");
}
