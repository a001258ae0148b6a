/* Raw sockets and ping sockets: echo, headers of one's own, filters, errors, who may. */
#include "tap.h"

#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>

#include "loopback.h"

#define LO INADDR_LOOPBACK

/* Of linux/icmp.h, which does not go with the C library's. */
#define SOL_RAW     255
#define ICMP_FILTER 1
struct icmp_filter { uint32_t data; };

static uint16_t sum(const void *data, size_t n)
{
	const uint16_t *w = data;
	uint32_t s = 0;

	for (; n > 1; n -= 2)
		s += *w++;
	if (n)
		s += *(const uint8_t *)w;
	s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~(s + (s >> 16));
}

struct echo { struct icmphdr h; char data[32]; };

static struct echo echo_make(int id, int sequence)
{
	struct echo e = {.h = {.type = ICMP_ECHO}};

	e.h.un.echo.id = htons((uint16_t)id);
	e.h.un.echo.sequence = htons((uint16_t)sequence);
	memset(e.data, 'p', sizeof(e.data));
	e.h.checksum = sum(&e, sizeof(e));
	return e;
}

/* The next ICMP message of a type, with its IP header before: its length, or -1. */
static long icmp_next(int fd, void *buf, size_t n, int type)
{
	while (ready(fd, POLLIN, 1000)) {
		long got = recv(fd, buf, n, 0);
		struct iphdr *ip = buf;

		if (got < 28)
			return -1;
		if (((struct icmphdr *)((char *)buf + ip->ihl * 4))->type == type)
			return got;
	}
	return -1;
}

TEST(raw_echo)
{
	struct echo e = echo_make(4711, 1);
	char buf[200];
	struct iphdr *ip = (struct iphdr *)buf;
	struct icmphdr *h = (struct icmphdr *)(buf + 20);
	int fd;

	loopback_up();
	fd = must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	is(sendto4(fd, &e, sizeof(e), LO + 3, 0), sizeof(e), "send an echo request");
	is(icmp_next(fd, buf, sizeof(buf), ICMP_ECHOREPLY), 20 + sizeof(e), "the reply");
	is(ip->version, 4, "with its IP header");
	is(ip->protocol, IPPROTO_ICMP, "protocol");
	is(ntohl(ip->saddr), LO + 3, "from whom it was sent to");
	is(ntohs(ip->tot_len), 20 + sizeof(e), "length");
	is(sum(ip, 20), 0, "header checksum");
	is(sum(h, sizeof(e)), 0, "checksum");
	is(ntohs(h->un.echo.id), 4711, "identifier");
	ok(!memcmp(h + 1, e.data, sizeof(e.data)), "data");
}

TEST(raw_filter)
{
	struct echo e = echo_make(4712, 1);
	struct icmp_filter f = {.data = ~(1u << ICMP_ECHOREPLY)};
	char buf[200];
	int fd;

	loopback_up();
	fd = must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	works(setsockopt(fd, SOL_RAW, ICMP_FILTER, &f, sizeof(f)), "ICMP_FILTER");
	sendto4(fd, &e, sizeof(e), LO, 0);
	is(recv(fd, buf, sizeof(buf), 0), 20 + sizeof(e), "only the reply");
	is(((struct icmphdr *)(buf + 20))->type, ICMP_ECHOREPLY, "is received");
	fails(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN, "not the request");
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
	int raw, udp;

	loopback_up();
	raw = must(socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
	is(get_int(raw, IPPROTO_IP, IP_HDRINCL), 1, "IPPROTO_RAW has IP_HDRINCL");
	udp = udp_at(LO);
	p.udp.uh_dport = htons((uint16_t)port_of(udp));
	is(sendto4(raw, &p, sizeof(p), LO, 0), sizeof(p), "send");
	ok(ready(udp, POLLIN, 1000), "it arrives");
	is(recvfrom(udp, text, sizeof(text), MSG_DONTWAIT, (struct sockaddr *)&from, &n), 4,
	   "four bytes");
	is(ntohs(from.sin_port), 5555, "port");
	is(ntohl(from.sin_addr.s_addr), LO + 7, "the address of the header");
	fails(sendto4(raw, &p, 10, LO, 0), EINVAL, "half a header");
	p.ip.ihl = 4;
	fails(sendto4(raw, &p, sizeof(p), LO, 0), EINVAL, "a header too short");
	ok(!ready(raw, POLLIN, 0), "IPPROTO_RAW receives nothing");
}

/* A protocol that nobody has is refused. */
TEST(protocol_unreachable)
{
	char buf[200];
	struct icmphdr *h = (struct icmphdr *)(buf + 20);
	int raw, icmp;

	loopback_up();
	icmp = must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	raw = must(socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
	struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 9, .protocol = 253,
			   .daddr = htonl(LO)};
	is(sendto4(raw, &ip, sizeof(ip), LO, 0), sizeof(ip), "send protocol 253");
	ok(icmp_next(icmp, buf, sizeof(buf), ICMP_DEST_UNREACH) > 0, "refused");
	is(h->code, ICMP_PROT_UNREACH, "protocol unreachable");
}

TEST(raw_own_protocol)
{
	int a, b;
	char buf[100];

	loopback_up();
	a = must(socket(AF_INET, SOCK_RAW, 253));
	b = must(socket(AF_INET, SOCK_RAW, 253));
	works(connect4(a, LO, 0), "connect");
	is(send(a, "payload", 7, 0), 7, "send");
	is(recv(b, buf, sizeof(buf), 0), 27, "with a header in front");
	ok(!memcmp(buf + 20, "payload", 7), "the payload");
	works(bind4(b, LO + 1, 0), "bind to another address");
	is(send(a, "x", 1, 0), 1, "send");
	ok(!ready(b, POLLIN, 50), "is not received there");
	fails(socket(AF_INET, SOCK_RAW, 0), EPROTONOSUPPORT, "no protocol");
	fails(socket(AF_INET, SOCK_RAW, 9999), EINVAL, "a protocol that is none");
}

static int as_user(void *argument)
{
	(void)argument;
	fails(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM, "a user may not");
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
	char buf[100];
	struct icmphdr *h = (struct icmphdr *)buf;
	struct sockaddr_in from;
	socklen_t n = sizeof(from);
	int fd = must(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));

	is(sendto4(fd, &e, sizeof(e), LO + 4, 0), sizeof(e), "send an echo request");
	is(recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &n), sizeof(e),
	   "the reply");
	is(h->type, ICMP_ECHOREPLY, "type");
	is(ntohs(h->un.echo.sequence), 7, "sequence");
	is(ntohs(h->un.echo.id), port_of(fd), "the identifier is the socket's port");
	is(ntohl(from.sin_addr.s_addr), LO + 4, "from");
	e.h.type = ICMP_ECHOREPLY;
	fails(sendto4(fd, &e, sizeof(e), LO, 0), EINVAL, "nothing but requests");
	fails(sendto4(fd, &e, 4, LO, 0), EINVAL, "half a header");
	return 0;
}

static int ping_refused(void *argument)
{
	(void)argument;
	fails(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), EACCES, "not of the groups");
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
