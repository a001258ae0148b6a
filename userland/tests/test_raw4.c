/* Raw sockets of IPv4: the IP header, and its options. The rest is in test_raw.c. */
#include "tap.h"

#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>

#include "raw.h"

#define LO INADDR_LOOPBACK

TEST(ip_header)
{
	struct echo e = echo_make(4711, 1);
	char buf[200];
	struct iphdr *ip = (struct iphdr *)buf;
	int fd = raw(IPPROTO_ICMP);

	is(sendto4(fd, &e, sizeof(e), LO + 3, 0), sizeof(e), "send an echo request");
	is(icmp_next(fd, buf, sizeof(buf), ICMP_ECHOREPLY), 20 + sizeof(e), "the reply");
	is(ip->version, 4, "with its IP header");
	is(ip->protocol, IPPROTO_ICMP, "protocol");
	is(ntohl(ip->saddr), LO + 3, "from whom it was sent to");
	is(ntohs(ip->tot_len), 20 + sizeof(e), "length");
	is(sum(ip, 20), 0, "header checksum");
}

TEST(bound)
{
	int a = raw(253), b = raw(253);

	works(bind4(b, LO + 1, 0), "bind to another address");
	is(sendto4(a, "x", 1, LO, 0), 1, "send");
	ok(!ready(b, POLLIN, 50), "is not received there");
}

/* UDP by hand, with the IP header by hand as well. */
TEST(header_included)
{
	struct { struct iphdr ip; struct udphdr udp; char data[4]; } p = {
		.ip = {.version = 4, .ihl = 5, .ttl = 9, .protocol = IPPROTO_UDP,
		       .saddr = htonl(LO + 7), .daddr = htonl(LO)},
		.udp = {.uh_sport = htons(5555), .uh_ulen = htons(12)}, .data = "abc",
	};
	struct sockaddr_in from;
	socklen_t n = sizeof(from);
	char text[10];
	int fd, udp;

	loopback_up();
	fd = raw(IPPROTO_RAW);
	is(get_int(fd, IPPROTO_IP, IP_HDRINCL), 1, "IPPROTO_RAW has IP_HDRINCL");
	udp = udp_at(LO);
	p.udp.uh_dport = htons((uint16_t)port_of(udp));
	is(sendto4(fd, &p, sizeof(p), LO, 0), sizeof(p), "send");
	ok(ready(udp, POLLIN, 1000), "it arrives");
	is(recvfrom(udp, text, sizeof(text), MSG_DONTWAIT, (struct sockaddr *)&from, &n), 4,
	   "four bytes");
	is(ntohs(from.sin_port), 5555, "port");
	is(ntohl(from.sin_addr.s_addr), LO + 7, "the address of the header");
	fails(sendto4(fd, &p, 10, LO, 0), EINVAL, "half a header");
	p.ip.ihl = 4;
	fails(sendto4(fd, &p, sizeof(p), LO, 0), EINVAL, "a header too short");
	ok(!ready(fd, POLLIN, 0), "IPPROTO_RAW receives nothing");
}

/* A protocol that nobody has is refused. */
TEST(protocol_unreachable)
{
	char buf[200];
	struct icmphdr *h = (struct icmphdr *)(buf + 20);
	int fd, icmp;

	loopback_up();
	icmp = must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	fd = raw(IPPROTO_RAW);
	struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 9, .protocol = 253,
			   .daddr = htonl(LO)};
	is(sendto4(fd, &ip, sizeof(ip), LO, 0), sizeof(ip), "send protocol 253");
	ok(icmp_next(icmp, buf, sizeof(buf), ICMP_DEST_UNREACH) > 0, "refused");
	is(h->code, ICMP_PROT_UNREACH, "protocol unreachable");
}

/* TTL 1 is enough for this machine; record route is filled in on the way. */
TEST(options)
{
	unsigned char route[8] = {7, 7, 4, 0, 0, 0, 0, 0}, got[40];
	struct echo e = echo_make(99, 1);
	socklen_t n = sizeof(got);
	char buf[200];
	struct iphdr *ip = (struct iphdr *)buf;
	int fd;

	loopback_up();
	fd = must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	works(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, route, 7), "record route");
	works(getsockopt(fd, IPPROTO_IP, IP_OPTIONS, got, &n), "IP_OPTIONS reads");
	is(n, 8, "padded");
	is(sendto4(fd, &e, sizeof(e), LO, 0), sizeof(e), "send");
	ok(icmp_next(fd, buf, sizeof(buf), ICMP_ECHO) > 0, "our own request");
	is(ip->ihl, 7, "has options");
	is((unsigned char)buf[20], 7, "record route");
	route[1] = 3;
	route[2] = 99;
	route[0] = 1;
	route[3] = 7;
	route[4] = 200;
	fails(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, route, 8), EINVAL, "options that are wrong");
}

/* Two pieces of protocol 253, the first with a header of 60 bytes, the last with one of 20. */
static void send_pieces(int fd, unsigned bytes)
{
	static struct { struct iphdr ip; unsigned char rest[65500]; } p;
	unsigned first = 32768;

	memset(&p, 1, sizeof(p)); /* options that say nothing */
	p.ip = (struct iphdr){.version = 4, .ihl = 15, .ttl = 9, .protocol = 253,
			      .id = htons((uint16_t)bytes), .frag_off = htons(0x2000),
			      .saddr = htonl(LO), .daddr = htonl(LO)};
	is(sendto4(fd, &p, 60 + first, LO, 0), 60 + first, "send the first piece");
	p.ip.ihl = 5;
	p.ip.frag_off = htons((uint16_t)(first / 8));
	is(sendto4(fd, &p, 20 + bytes - first, LO, 0), 20 + bytes - first, "and the last");
}

/* A packet is whole only if its length can be told. */
TEST(longest_whole)
{
	static char buf[70000];
	int fd, out;

	loopback_up();
	fd = raw(253);
	out = raw(IPPROTO_RAW);
	send_pieces(out, 65475);
	ok(ready(fd, POLLIN, 1000), "as long as can be");
	is(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 65535, "it comes whole");
	send_pieces(out, 65476);
	ok(!ready(fd, POLLIN, 100), "longer than can be told");
}
