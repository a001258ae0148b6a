/* Raw and ping sockets of IPv6: what test_raw.c says of AF_INET, and checksums, headers of IPv6. */
#define FAMILY AF_INET6
#include "test_raw.c"

#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>

#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif

TEST(raw_names)
{
	struct echo e = echo_make(4711, 1);
	int fd = raw(IPPROTO_ICMPV6);

	fails(sendto6(fd, &e, sizeof(e), "::ffff:127.0.0.1", 0), ENETUNREACH, "not to IPv4");
	fails(sendto6(fd, &e, sizeof(e), "::1", 17), EINVAL, "another protocol");
	is(sendto6(fd, &e, sizeof(e), "::1", IPPROTO_ICMPV6), sizeof(e), "its own");
	fails(bind6(fd, "::ffff:127.0.0.1", 0), EADDRNOTAVAIL, "bind to IPv4");
	works(bind6(fd, "::1", 0), "bind");
	fails(connect6(raw(253), "fe80::1", 0), EINVAL, "a link without the link");
}

TEST(filter_reads)
{
	struct icmp6_filter f, got;
	socklen_t n = sizeof(got);
	int fd = raw(IPPROTO_ICMPV6);

	ICMP6_FILTER_SETBLOCKALL(&f);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &f);
	works(setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &f, sizeof(f)), "ICMP6_FILTER");
	works(getsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &got, &n), "reads");
	ok(n == sizeof(f) && !memcmp(&f, &got, n), "as it was set");
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
