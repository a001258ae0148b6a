/*
 * Raw sockets and ping sockets of either version of IP: echo, filters, protocols of one's own, who
 * may. What one version has alone is in test_raw4.c and test_raw6.c.
 */
#include "tap.h"

#include "raw.h"

/* Sees to it that a raw socket gets replies only. */
static int filter_replies(int fd)
{
	/* A bit for each type that is blocked, of 32 or of 256 types. */
	uint32_t four = ~(1u << ECHO_REPLY % 32), six[8];

	memset(six, 0xff, sizeof(six));
	six[ECHO_REPLY / 32] &= ~(1u << ECHO_REPLY % 32);
	return IS_6 ? setsockopt(fd, IPPROTO_ICMPV6, 1, six, sizeof(six)) :
		      setsockopt(fd, 255 /* SOL_RAW */, 1, &four, sizeof(four));
}

TEST(raw_echo)
{
	struct echo e = echo_make(4711, 1);
	char buf[200];
	struct icmp_head *h = (struct icmp_head *)(buf + IP_BEFORE);
	int fd = raw(PROTOCOL);
	union end from;
	socklen_t n = sizeof(from);

	is(send_to(fd, &e, sizeof(e), here(0)), sizeof(e), "send an echo request");
	is(icmp_next(fd, buf, sizeof(buf), ECHO_REPLY), IP_BEFORE + sizeof(e), "the reply");
	is(IS_6 ? sum6(&in6addr_loopback, &in6addr_loopback, PROTOCOL, h, sizeof(e)) :
		  sum(h, sizeof(e)), 0, "checksum");
	is(ntohs(h->id), 4711, "identifier");
	is(ntohs(h->sequence), 1, "sequence");
	ok(!memcmp(h + 1, e.data, sizeof(e.data)), "data");
	is(send_to(fd, &e, sizeof(e), here(0)), sizeof(e), "another");
	is(recvfrom(fd, buf, sizeof(buf), 0, &from.any, &n), IP_BEFORE + sizeof(e), "is heard");
	is(n, end_size(FAMILY), "with a name");
	ok(end_is_loopback(&from) && !end_port(&from), "that has no port");
}

TEST(raw_filter)
{
	struct echo e = echo_make(4712, 1);
	char buf[200];
	int fd = raw(PROTOCOL);

	works(filter_replies(fd), "filter");
	send_to(fd, &e, sizeof(e), here(0));
	is(recv(fd, buf, sizeof(buf), 0), IP_BEFORE + sizeof(e), "only the reply");
	is(((struct icmp_head *)(buf + IP_BEFORE))->type, ECHO_REPLY, "is received");
	fails(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN, "not the request");
}

TEST(raw_own_protocol)
{
	char buf[100];
	int a = raw(253), b = raw(253), other = raw(254);

	works(connect_to(a, here(0)), "connect");
	is(send(a, "payload", 7, 0), 7, "send");
	is(recv(b, buf, sizeof(buf), 0), IP_BEFORE + 7, "the other socket receives");
	ok(!memcmp(buf + IP_BEFORE, "payload", 7), "the payload");
	fails(recv(other, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN, "not one of another protocol");
	fails(socket(FAMILY, SOCK_RAW, 0), EPROTONOSUPPORT, "no protocol");
	fails(socket(FAMILY, SOCK_RAW, 9999), EINVAL, "a protocol that is none");
}

static int as_user(void *argument)
{
	(void)argument;
	fails(socket(FAMILY, SOCK_RAW, PROTOCOL), EPERM, "a user may not");
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
	struct icmp_head *h;
	union end from;
	socklen_t n = sizeof(from);
	char buf[100], line[120];
	int fd = must(socket(FAMILY, SOCK_DGRAM, PROTOCOL));

	h = (struct icmp_head *)buf;
	is(send_to(fd, &e, sizeof(e), here(0)), sizeof(e), "send an echo request");
	is(recvfrom(fd, buf, sizeof(buf), 0, &from.any, &n), sizeof(e), "the reply");
	is(h->type, ECHO_REPLY, "type");
	is(ntohs(h->sequence), 7, "sequence");
	is(ntohs(h->id), port_of(fd), "the identifier is the socket's port");
	ok(end_is_loopback(&from), "from");
	snprintf(line, sizeof(line), ": %s:%04X ",
		 IS_6 ? "00000000000000000000000000000000" : "00000000", port_of(fd));
	ok(strstr(tap_read(IS_6 ? "/proc/net/icmp6" : "/proc/net/icmp"), line), "/proc has it");
	e.h.type = ECHO_REPLY;
	fails(send_to(fd, &e, sizeof(e), here(0)), EINVAL, "nothing but requests");
	fails(send_to(fd, &e, 4, here(0)), EINVAL, "half a header");
	return 0;
}

static int ping_refused(void *argument)
{
	(void)argument;
	fails(socket(FAMILY, SOCK_DGRAM, PROTOCOL), EACCES, "not of the groups");
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
	fails(socket(FAMILY, SOCK_DGRAM, IS_6 ? IPPROTO_ICMP : IPPROTO_ICMPV6), EPROTONOSUPPORT,
	      "of the wrong family");
}
