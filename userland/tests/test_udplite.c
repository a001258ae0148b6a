/*
 * UDP-Lite (RFC 3828, udplite(7)): a checksum that is over a part of a datagram. What it has like
 * UDP is tested there; test_udplite6.c includes this for IPv6. A raw socket shows what is sent, and
 * sends what no sender would.
 */
#include "tap.h"

#include <netinet/udp.h>

#include "family.h"

#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE 136
#endif
#define SEND_CSCOV  10
#define RECV_CSCOV  11
#define LITE        IPPROTO_UDPLITE
#define SOL_LITE    136
#define OPT_UDP_SEGMENT 103

static int lite_socket(void)
{
	return must(socket(FAMILY, SOCK_DGRAM, LITE));
}

static int lite_here(void)
{
	int fd = lite_socket();

	must(bind_to(fd, here(0)));
	return fd;
}

/* A raw socket for the protocol, and a datagram of it: the header and what is behind. */
static int raw_lite(void)
{
	return must(socket(FAMILY, SOCK_RAW, LITE));
}

struct datagram { struct udphdr h; char data[100]; };

/* The next one that goes to a port; its length with the header, 0: none comes. */
static int see(int raw, int port, struct datagram *d)
{
	unsigned char bytes[400];

	while (ready(raw, POLLIN, 2000)) {
		long n = recv(raw, bytes, sizeof(bytes), 0);
		long skip = IS_6 ? 0 : (bytes[0] & 15) * 4;

		if (n - skip < 8 || n - skip > (long)sizeof(*d))
			continue;
		memcpy(d, bytes + skip, (size_t)(n - skip));
		if (ntohs(d->h.uh_dport) == port)
			return (int)(n - skip);
	}
	return 0;
}

static uint32_t add_up(const void *bytes, size_t n, uint32_t sum)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < n; i++)
		sum += i & 1 ? b[i] : (uint32_t)b[i] << 8;
	return sum;
}

/* The sum over `cover` bytes of a datagram of n, and the pseudo header: 0 if it is right. */
static uint16_t sum_of(const struct datagram *d, size_t n, size_t cover)
{
	union end e = here(0);
	uint32_t sum = add_up(d, cover, (uint32_t)n + LITE);

	for (int i = 0; i < 2; i++) /* from and to the same address */
		sum = IS_6 ? add_up(&e.in6.sin6_addr, 16, sum) : add_up(&e.in.sin_addr, 4, sum);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Sends n bytes of data from a port to another, with a coverage and its sum, spoiled by `wrong`. */
static void forge(int raw, int to, size_t n, int cover, int wrong)
{
	struct datagram d = {.h = {.uh_sport = htons(7), .uh_dport = htons((uint16_t)to),
				   .uh_ulen = htons((uint16_t)cover)}};
	size_t length = sizeof(d.h) + n;
	size_t over = cover >= 8 && (size_t)cover <= length ? (size_t)cover : length;
	uint16_t sum;

	memset(d.data, 'f', n);
	sum = sum_of(&d, length, over);
	d.h.uh_sum = htons((uint16_t)((sum ? sum : 0xffff) + wrong));
	must(send_to(raw, &d, length, here(0)));
}

/* What a socket receives now, or 0. */
static long take(int fd)
{
	char data[200];
	long n = recv(fd, data, sizeof(data), MSG_DONTWAIT);

	return n < 0 && errno == EAGAIN ? 0 : n;
}

static long counter(const char *name)
{
	const char *text = tap_read(IS_6 ? "/proc/net/snmp6" : "/proc/net/snmp");
	char word[64];
	const char *at;
	long n = -1;

	if (IS_6) {
		snprintf(word, sizeof(word), "UdpLite6%s ", name);
		at = strstr(text, word);
		return at ? atol(at + strlen(word)) : -1;
	}
	/* A line of names, and one of numbers. */
	text = strstr(text, "UdpLite: ");
	at = text ? strstr(text + 1, "UdpLite: ") : NULL;
	for (text += 9, at += 9; *text != '\n'; text += strcspn(text, " \n")) {
		text += *text == ' ';
		n = strtol(at, (char **)&at, 10);
		if (!strncmp(text, name, strlen(name)))
			return n;
	}
	return -1;
}

TEST(sockets)
{
	int fd, u, value = 0;
	char byte = 0;
	int a, b;

	loopback_up();
	fd = lite_here();
	is(get_int(fd, SOL_SOCKET, SO_PROTOCOL), LITE, "SO_PROTOCOL");
	is(get_int(fd, SOL_SOCKET, SO_TYPE), SOCK_DGRAM, "SO_TYPE");
	fails(socket(FAMILY, SOCK_STREAM, LITE), EPROTONOSUPPORT, "a stream of it");
	u = udp_socket();
	works(bind_to(u, here(port_of(fd))), "UDP has ports of its own");
	a = lite_socket();
	fails(bind_to(a, here(port_of(fd))), EADDRINUSE, "those of UDP-Lite are taken");
	fails(send(a, "x", 1, 0), EDESTADDRREQ, "to nobody");
	b = lite_here();
	must(connect_to(a, here(port_of(b))));
	is(send(a, "y", 1, 0), 1, "send");
	ok(ready(b, POLLIN, 2000), "arrives");
	works(ioctl(b, FIONREAD, &value), "FIONREAD");
	is(value, 1, "a byte waits");
	is(recv(b, &byte, 1, 0), 1, "recv");
	is(byte, 'y', "what was sent");
	is(send_to(u, "z", 1, here(port_of(b))), 1, "UDP to the same port");
	is(take(b), 0, "is somebody else's");
}

TEST(options)
{
	int fd = lite_socket(), u = udp_socket();

	is(get_int(fd, SOL_LITE, SEND_CSCOV), 0, "what is sent is covered whole");
	is(get_int(fd, SOL_LITE, RECV_CSCOV), 0, "nothing is asked of what is received");
	works(set_int(fd, SOL_LITE, SEND_CSCOV, 20), "a coverage");
	is(get_int(fd, SOL_LITE, SEND_CSCOV), 20, "reads");
	works(set_int(fd, SOL_LITE, SEND_CSCOV, 3), "not all of the header");
	is(get_int(fd, SOL_LITE, SEND_CSCOV), 8, "becomes all of it");
	works(set_int(fd, SOL_LITE, SEND_CSCOV, -1), "below zero");
	is(get_int(fd, SOL_LITE, SEND_CSCOV), 8, "too");
	works(set_int(fd, SOL_LITE, RECV_CSCOV, 70000), "more than a datagram");
	is(get_int(fd, SOL_LITE, RECV_CSCOV), 65535, "becomes the most");
	works(set_int(fd, SOL_UDP, RECV_CSCOV, 9), "the level of UDP");
	is(get_int(fd, SOL_UDP, RECV_CSCOV), 9, "will do as well");
	works(set_int(fd, SOL_LITE, RECV_CSCOV, 0), "everything");
	is(get_int(fd, SOL_LITE, RECV_CSCOV), 0, "reads");
	fails(set_int(fd, SOL_LITE, 99, 0), ENOPROTOOPT, "an option that is none");
	fails(setsockopt(fd, SOL_LITE, SEND_CSCOV, "x", 1), EINVAL, "too short");
	fails(setsockopt(fd, SOL_LITE, SEND_CSCOV, BAD, 4), EFAULT, "bad memory");
	fails(set_int(u, SOL_LITE, SEND_CSCOV, 20), ENOPROTOOPT, "UDP has no coverage");
	is(get_int(u, SOL_LITE, RECV_CSCOV), 0, "that reads as everything");
}

/* What goes over the wire. */
TEST(coverage_sent)
{
	struct datagram d;
	int raw, a, b, to;

	if (!tap_root()) {
		skip("what is sent", "needs root");
		return;
	}
	loopback_up();
	raw = raw_lite();
	a = lite_socket();
	b = lite_here();
	to = port_of(b);
	must(send_to(a, "0123456789", 10, here(to)));
	is(see(raw, to, &d), 18, "a datagram");
	is(ntohs(d.h.uh_ulen), 18, "covered whole");
	is(sum_of(&d, 18, 18), 0, "its sum is right");
	is(take(b), 10, "it is received");
	must(set_int(a, SOL_LITE, SEND_CSCOV, 12));
	must(send_to(a, "0123456789", 10, here(to)));
	is(see(raw, to, &d), 18, "with a coverage");
	is(ntohs(d.h.uh_ulen), 12, "of 12 bytes");
	is(sum_of(&d, 18, 12), 0, "its sum is right");
	is(take(b), 10, "it is received");
	must(set_int(a, SOL_LITE, SEND_CSCOV, 13));
	must(send_to(a, "0123456789", 10, here(to)));
	is(see(raw, to, &d), 18, "with an odd one");
	is(sum_of(&d, 18, 13), 0, "its sum is right");
	is(take(b), 10, "it is received");
	must(set_int(a, SOL_LITE, SEND_CSCOV, 19));
	must(send_to(a, "0123456789", 10, here(to)));
	is(see(raw, to, &d), 18, "with one beyond its end");
	is(ntohs(d.h.uh_ulen), 18, "is covered whole");
	is(sum_of(&d, 18, 18), 0, "its sum is right");
	must(set_int(a, SOL_SOCKET, SO_NO_CHECK, 1));
	must(send_to(a, "x", 1, here(to)));
	is(see(raw, to, &d), 9, "with SO_NO_CHECK");
	ok(d.h.uh_sum != 0, "there is a sum all the same");
	is(sum_of(&d, 9, 9), 0, "which is right");
}

/* What comes is taken if it is legal and the covered part is right. */
TEST(coverage_received)
{
	int raw, b, to;
	long errors, sums;

	if (!tap_root()) {
		skip("what is received", "needs root");
		return;
	}
	loopback_up();
	raw = raw_lite();
	b = lite_here();
	to = port_of(b);
	forge(raw, to, 10, 18, 0);
	is(take(b), 10, "covered whole");
	forge(raw, to, 10, 0, 0);
	is(take(b), 10, "which 0 says, too");
	forge(raw, to, 10, 8, 0);
	is(take(b), 10, "the header alone");
	forge(raw, to, 0, 8, 0);
	ok(ready(b, POLLIN, 1000), "no data");
	is(take(b), 0, "are received");
	errors = counter("InErrors");
	sums = counter("InCsumErrors");
	forge(raw, to, 10, 7, 0);
	is(take(b), 0, "less than the header");
	forge(raw, to, 10, 19, 0);
	is(take(b), 0, "more than there is");
	forge(raw, to, 10, 18, 1);
	is(take(b), 0, "a wrong sum");
	forge(raw, to, 10, 9, 1);
	is(take(b), 0, "of a part");
	is(counter("InErrors") - errors, 4, "UdpLite InErrors");
	is(counter("InCsumErrors") - sums, 3, "UdpLite InCsumErrors: not what is too long");
}

/* Damage beyond the coverage is not minded; no sum at all is. */
TEST(damage)
{
	struct datagram d;
	int raw, a, b, c;

	if (!tap_root()) {
		skip("damage", "needs root");
		return;
	}
	loopback_up();
	raw = raw_lite();
	a = lite_socket();
	b = lite_here();
	c = lite_here();
	must(set_int(a, SOL_LITE, SEND_CSCOV, 8));
	must(send_to(a, "0123456789", 10, here(port_of(b))));
	is(see(raw, port_of(b), &d), 18, "a datagram");
	is(take(b), 10, "arrives");
	memset(d.data, '!', 10);
	must(send_to(raw, &d, 18, here(0)));
	is(take(b), 10, "and with other data again");
	d.h.uh_dport = htons((uint16_t)port_of(c));
	must(send_to(raw, &d, 18, here(0)));
	is(take(c), 0, "with another port it does not");
	d.h.uh_dport = htons((uint16_t)port_of(b));
	d.h.uh_sum = 0;
	must(send_to(raw, &d, 18, here(0)));
	is(take(b), 0, "nor without a sum");
	must(send_to(raw, &d, 7, here(0)));
	is(take(b), 0, "nor without all of the header");
}

/* What a receiver wants at least. */
TEST(minimum)
{
	int raw, b, to;
	long errors, sums;

	if (!tap_root()) {
		skip("what is wanted", "needs root");
		return;
	}
	loopback_up();
	raw = raw_lite();
	b = lite_here();
	to = port_of(b);
	must(set_int(b, SOL_LITE, RECV_CSCOV, 12));
	errors = counter("InErrors");
	sums = counter("InCsumErrors");
	forge(raw, to, 10, 11, 0);
	is(take(b), 0, "less than is wanted");
	is(counter("InErrors") - errors, 1, "is an error");
	is(counter("InCsumErrors") - sums, 0, "and none of the sum");
	forge(raw, to, 10, 12, 0);
	is(take(b), 10, "as much");
	forge(raw, to, 10, 13, 0);
	is(take(b), 10, "more");
	forge(raw, to, 1, 9, 0);
	is(take(b), 1, "a short one that is covered whole");
	must(set_int(b, SOL_LITE, RECV_CSCOV, 0));
	forge(raw, to, 10, 17, 0);
	is(take(b), 0, "if everything is wanted, a part");
	forge(raw, to, 10, 18, 0);
	is(take(b), 10, "and everything");
}

/* A datagram that is sent in pieces, and one that needs fragments. */
TEST(pieces)
{
	static char data[65000];
	int a, b;

	loopback_up();
	a = lite_socket();
	b = lite_here();
	must(connect_to(a, here(port_of(b))));
	must(set_int(a, SOL_LITE, SEND_CSCOV, 10));
	is(send(a, "ab", 2, MSG_MORE), 2, "a piece");
	is(take(b), 0, "waits");
	is(send(a, "cd", 2, 0), 2, "the last one");
	is(recv(b, data, sizeof(data), 0), 4, "they arrive together");
	ok(!memcmp(data, "abcd", 4), "whole");
	memset(data, 'd', sizeof(data));
	must(set_int(a, SOL_SOCKET, SO_SNDBUF, 300000));
	must(set_int(b, SOL_SOCKET, SO_RCVBUF, 300000));
	is(send(a, data, 65000, 0), 65000, "a long one");
	is(recv(b, data, sizeof(data), 0), 65000, "arrives");
	must(set_int(a, SOL_LITE, SEND_CSCOV, 0));
	is(send(a, data, 65000, 0), 65000, "a long one that is covered whole");
	is(recv(b, data, sizeof(data), 0), 65000, "arrives");
	fails(send(a, data, 65600, 0), EMSGSIZE, "too long");
	must(set_int(a, SOL_UDP, OPT_UDP_SEGMENT, 100));
	fails(send(a, data, 300, 0), EIO, "UDP_SEGMENT");
}

/* Nobody has the port: ICMP says so. */
TEST(refused)
{
	int a, b, port;
	long unheard;

	loopback_up();
	a = lite_here();
	b = lite_here();
	port = port_of(b);
	close(b);
	unheard = counter("NoPorts");
	must(connect_to(a, here(port)));
	is(send(a, "x", 1, 0), 1, "send to nobody");
	ok(ready(a, POLLERR, 2000), "an error comes");
	fails(recv(a, (char[1]){0}, 1, 0), ECONNREFUSED, "which says so");
	is(counter("NoPorts") - unheard, 1, "UdpLite NoPorts");
}

TEST(texts)
{
	const char *list = IS_6 ? "/proc/net/udplite6" : "/proc/net/udplite";
	long in = counter("InDatagrams"), out = counter("OutDatagrams");
	char line[100];
	int a, b;

	loopback_up();
	a = lite_socket();
	b = lite_here();
	snprintf(line, sizeof(line), ":%04X 0", port_of(b));
	ok(strstr(tap_read(list), line), "the socket is in the list");
	ok(!strstr(tap_read(IS_6 ? "/proc/net/udp6" : "/proc/net/udp"), line), "and not in UDP's");
	is(tap_number(tap_read(IS_6 ? "/proc/net/sockstat6" : "/proc/net/sockstat"),
		      IS_6 ? "UDPLITE6: inuse " : "UDPLITE: inuse "), 1, "sockstat");
	must(send_to(a, "x", 1, here(port_of(b))));
	is(take(b), 1, "a datagram");
	is(counter("OutDatagrams") - out, 1, "UdpLite OutDatagrams");
	is(counter("InDatagrams") - in, 1, "UdpLite InDatagrams");
}
