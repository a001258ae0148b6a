/*
 * UDP of either family: sending and receiving, binding, connecting, options. What one of them has
 * alone is in test_udp4.c and test_udp6.c.
 */
#include "tap.h"

#include <netinet/udp.h>
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#include "family.h"

/* Of a datagram: what is in front of it, and how many bytes it has at most. */
enum { HEADERS = (IS_6 ? 40 : 20) + 8, LONGEST = 65535 - 8 - (IS_6 ? 0 : 20) };

/* IP_MTU_DISCOVER; the values are the same for IPv6. */
static int set_discover(int fd, int how)
{
	return set_int(fd, IS_6 ? IPPROTO_IPV6 : IPPROTO_IP,
		       IS_6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, how);
}

TEST(datagrams)
{
	int a, b;
	char text[100];
	union end from;
	socklen_t n = sizeof(from);

	loopback_up();
	a = udp_here();
	b = udp_here();
	is(send_to(a, "hello", 5, here(port_of(b))), 5, "sendto");
	is(recvfrom(b, text, sizeof(text), 0, &from.any, &n), 5, "recvfrom");
	ok(!memcmp(text, "hello", 5), "the same bytes");
	is(end_port(&from), port_of(a), "the sender's port");
	ok(end_is_loopback(&from), "the sender's address");
	is(n, end_size(FAMILY), "length of the name");
	if (IS_6)
		is(from.in6.sin6_scope_id, 0, "no scope");
	is(send_to(a, "", 0, here(port_of(b))), 0, "an empty datagram");
	is(recv(b, text, sizeof(text), 0), 0, "arrives");
	is(send_to(a, "any", 3, anywhere(port_of(b))), 3, "to the unspecified address");
	is(recv(b, text, sizeof(text), 0), 3, "is this machine");
	is(send_to(a, "one", 3, here(port_of(b))), 3, "two datagrams");
	is(send_to(a, "second", 6, here(port_of(b))), 6, "two datagrams");
	is(recv(b, text, sizeof(text), MSG_PEEK), 3, "MSG_PEEK");
	is(recv(b, text, 2, MSG_TRUNC), 3, "MSG_TRUNC tells the whole length");
	is(recv(b, text, 4, 0), 4, "cut to the buffer");
	fails(recv(b, text, sizeof(text), MSG_DONTWAIT), EAGAIN, "nothing is left");
	fails(send_to(a, "x", 1, here(0)), EINVAL, "port 0");
	fails(send(a, "x", 1, 0), EDESTADDRREQ, "no destination");
}

TEST(sizes)
{
	static char out[70000], in[70000];
	int a, b;

	loopback_up();
	a = udp_here();
	b = udp_here();
	set_int(b, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	set_int(a, SOL_SOCKET, SO_SNDBUF, 1 << 20);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 251);
	for (size_t n = 1; n <= LONGEST; n = n * 3 + 5) {
		memset(in, 0, n);
		is(send_to(a, out, n, here(port_of(b))), n, "send");
		is(recv(b, in, sizeof(in), 0), n, "receive");
		ok(!memcmp(in, out, n), "%zu bytes are the same", n);
	}
	is(send_to(a, out, LONGEST, here(port_of(b))), LONGEST, "the longest");
	is(recv(b, in, sizeof(in), 0), LONGEST, "arrives");
	fails(send_to(a, out, LONGEST + 1, here(port_of(b))), EMSGSIZE, "one more");
}

/* A smaller MTU makes fragments, which are put together again. */
TEST(fragments)
{
	static char out[LONGEST], in[LONGEST];
	struct ifreq r = {.ifr_name = "lo"};
	int a, b, mtu;

	if (!tap_root()) {
		skip("fragments", "needs root");
		return;
	}
	loopback_up();
	a = udp_here();
	b = udp_here();
	set_int(b, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	set_int(a, SOL_SOCKET, SO_SNDBUF, 1 << 20);
	set_discover(a, IP_PMTUDISC_DONT);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 11 + i / 253);
	must(ioctl(a, SIOCGIFMTU, &r));
	mtu = r.ifr_mtu;
	r.ifr_mtu = 1500;
	works(ioctl(a, SIOCSIFMTU, &r), "MTU 1500");
	for (size_t n = 1400; n <= LONGEST; n = n * 2 + 77) {
		is(send_to(a, out, n, here(port_of(b))), n, "send");
		is(recv(b, in, sizeof(in), 0), n, "receive");
		ok(!memcmp(in, out, n), "%zu bytes in fragments", n);
	}
	set_discover(a, IP_PMTUDISC_DO);
	fails(send_to(a, out, 1500 - HEADERS + 1, here(port_of(b))), EMSGSIZE,
	      "too long without fragments");
	is(send_to(a, out, 1500 - HEADERS, here(port_of(b))), 1500 - HEADERS, "what just fits");
	is(recv(b, in, sizeof(in), 0), 1500 - HEADERS, "arrives");
	r.ifr_mtu = mtu;
	works(ioctl(a, SIOCSIFMTU, &r), "the MTU as it was");
}

TEST(binding)
{
	int a, b, port;

	loopback_up();
	a = udp_socket();
	b = udp_socket();
	works(bind_to(a, here(0)), "any port");
	port = port_of(a);
	ok(port >= 1024, "a port of the range");
	fails(bind_to(a, here(0)), EINVAL, "bind twice");
	fails(bind_to(b, here(port)), EADDRINUSE, "the same port");
	fails(bind_to(b, anywhere(port)), EADDRINUSE, "the same port of any address");
	works(set_int(a, SOL_SOCKET, SO_REUSEADDR, 1), "SO_REUSEADDR");
	fails(bind_to(b, here(port)), EADDRINUSE, "only one of both");
	works(set_int(b, SOL_SOCKET, SO_REUSEADDR, 1), "SO_REUSEADDR");
	works(bind_to(b, here(port)), "both");
	close(a);
	close(b);
	a = udp_socket();
	works(bind_to(a, here(port)), "free after close");
}

static int bind_low(void *argument)
{
	(void)argument;
	fails(bind_to(udp_socket(), anywhere(777)), EACCES, "a port below 1024");
	return 0;
}

TEST(binding_low_ports)
{
	loopback_up();
	tap_as_user(bind_low, NULL);
}

TEST(connecting)
{
	int a, b, c;
	char text[10];
	union end name;
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	socklen_t n = sizeof(name);

	loopback_up();
	a = udp_socket();
	b = udp_here();
	c = udp_here();
	fails(getpeername(a, &name.any, &n), ENOTCONN, "no peer");
	works(connect_to(a, here(port_of(b))), "connect");
	works(getsockname(a, &name.any, &n), "getsockname");
	ok(end_is_loopback(&name), "connecting chose an address");
	ok(end_port(&name), "and a port");
	n = sizeof(name);
	works(getpeername(a, &name.any, &n), "getpeername");
	is(end_port(&name), port_of(b), "the peer's port");
	is(send(a, "to b", 4, 0), 4, "send");
	is(recv(b, text, sizeof(text), 0), 4, "arrives");
	is(send_to(c, "from c", 6, here(port_of(a))), 6, "another sends");
	fails(recv(a, text, sizeof(text), MSG_DONTWAIT), EAGAIN, "only the peer is heard");
	is(send_to(b, "from b", 6, here(port_of(a))), 6, "the peer sends");
	is(recv(a, text, sizeof(text), 0), 6, "is heard");
	is(send_to(a, "to c", 4, here(port_of(c))), 4, "to another than the peer");
	is(recv(c, text, sizeof(text), 0), 4, "arrives");
	works(connect(a, &none, sizeof(none)), "AF_UNSPEC");
	n = sizeof(name);
	fails(getpeername(a, &name.any, &n), ENOTCONN, "the peer is gone");
	fails(send(a, "x", 1, 0), EDESTADDRREQ, "no destination any more");
}

TEST(refused)
{
	int a, port;
	char c;

	loopback_up();
	a = udp_here();
	port = port_of(a);
	close(a);
	a = udp_socket();
	works(connect_to(a, here(port)), "connect to nobody");
	is(send(a, "x", 1, 0), 1, "send");
	ok(ready(a, POLLIN, 1000), "poll tells");
	is(get_int(a, SOL_SOCKET, SO_ERROR), ECONNREFUSED, "SO_ERROR");
	is(get_int(a, SOL_SOCKET, SO_ERROR), 0, "once");
	is(send(a, "x", 1, 0), 1, "send");
	ok(ready(a, POLLIN, 1000), "poll tells");
	fails(recv(a, &c, 1, 0), ECONNREFUSED, "recv");
	is(send(a, "x", 1, 0), 1, "send");
	ok(ready(a, POLLIN, 1000), "poll tells");
	fails(send(a, "x", 1, 0), ECONNREFUSED, "send");
}

TEST(corking)
{
	int a, b;
	char text[100];

	loopback_up();
	a = udp_socket();
	b = udp_here();
	works(connect_to(a, here(port_of(b))), "connect");
	is(send(a, "one ", 4, MSG_MORE), 4, "MSG_MORE");
	is(send(a, "two ", 4, MSG_MORE), 4, "MSG_MORE");
	fails(recv(b, text, sizeof(text), MSG_DONTWAIT), EAGAIN, "not sent yet");
	is(send(a, "three", 5, 0), 5, "the last");
	is(recv(b, text, sizeof(text), 0), 13, "one datagram");
	ok(!memcmp(text, "one two three", 13), "of all");
	works(set_int(a, IPPROTO_UDP, UDP_CORK, 1), "UDP_CORK");
	is(send(a, "four ", 5, 0), 5, "corked");
	is(send(a, "five", 4, 0), 4, "corked");
	fails(recv(b, text, sizeof(text), MSG_DONTWAIT), EAGAIN, "not sent yet");
	works(set_int(a, IPPROTO_UDP, UDP_CORK, 0), "uncork");
	is(recv(b, text, sizeof(text), 0), 9, "one datagram");
	ok(!memcmp(text, "four five", 9), "of both");
}

TEST(segments)
{
	char text[3000], in[3000], control[CMSG_SPACE(sizeof(uint16_t))] = {0};
	struct iovec iov = {text, sizeof(text)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	uint16_t size = 1200;
	int a, b;

	loopback_up();
	a = udp_socket();
	b = udp_here();
	must(connect_to(a, here(port_of(b))));
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 3);
	*c = (struct cmsghdr){.cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT,
			      .cmsg_len = CMSG_LEN(sizeof(size))};
	memcpy(CMSG_DATA(c), &size, sizeof(size));
	is(sendmsg(a, &m, 0), 3000, "one call");
	is(recv(b, in, sizeof(in), 0), 1200, "the first");
	is(recv(b, in + 1200, sizeof(in), 0), 1200, "the second");
	is(recv(b, in + 2400, sizeof(in), 0), 600, "the rest");
	ok(!memcmp(in, text, sizeof(in)), "all bytes");
	works(set_int(a, SOL_UDP, UDP_SEGMENT, 2000), "as an option");
	is(send(a, text, sizeof(text), 0), 3000, "one call");
	is(recv(b, in, sizeof(in), 0), 2000, "the first");
	is(recv(b, in, sizeof(in), 0), 1000, "the rest");
	works(set_int(a, SOL_UDP, UDP_SEGMENT, 10), "small ones");
	fails(send(a, text, sizeof(text), 0), EINVAL, "too many");
	c->cmsg_len = CMSG_LEN(1);
	fails(sendmsg(a, &m, 0), EINVAL, "a size of one byte");
}

TEST(queue_limit)
{
	int a, b, sent = 0, got = 0;
	char text[1000] = {0};

	loopback_up();
	a = udp_here();
	b = udp_here();
	works(set_int(b, SOL_SOCKET, SO_RCVBUF, 20000), "SO_RCVBUF");
	for (int i = 0; i < 500; i++)
		sent += send_to(a, text, sizeof(text), here(port_of(b))) == sizeof(text);
	while (recv(b, text, sizeof(text), MSG_DONTWAIT) == sizeof(text))
		got++;
	is(sent, 500, "senders do not notice");
	ok(got > 5 && got < 100, "the buffer bounds what is kept");
}

TEST(inquiring)
{
	int a, b, n = -1;

	loopback_up();
	a = udp_here();
	b = udp_here();
	works(ioctl(b, FIONREAD, &n), "FIONREAD");
	is(n, 0, "nothing");
	send_to(a, "12345", 5, here(port_of(b)));
	send_to(a, "12", 2, here(port_of(b)));
	ok(ready(b, POLLIN, 1000), "ready");
	works(ioctl(b, FIONREAD, &n), "FIONREAD");
	is(n, 5, "the next datagram");
	ok(ready(a, POLLOUT, 0), "writable");
	works(shutdown(a, SHUT_RDWR) == -1 && errno == ENOTCONN ? 0 : -1,
	      "shutdown without a peer says so");
}

TEST(reuse_port)
{
	int a[4], from[64], count[4] = {0}, port, spread = 0;
	char c;

	loopback_up();
	for (int i = 0; i < 4; i++) {
		a[i] = udp_socket();
		must(set_int(a[i], SOL_SOCKET, SO_REUSEPORT, 1));
		works(bind_to(a[i], here(i ? port_of(a[0]) : 0)), "bind to the same port");
	}
	port = port_of(a[0]);
	for (int i = 0; i < 64; i++) {
		from[i] = udp_here();
		send_to(from[i], "x", 1, here(port));
		send_to(from[i], "x", 1, here(port));
	}
	tap_sleep_ms(10);
	for (int i = 0; i < 4; i++) {
		while (recv(a[i], &c, 1, MSG_DONTWAIT) == 1)
			count[i]++;
		spread += count[i] > 0;
		ok(count[i] % 2 == 0, "a flow stays at one socket");
	}
	is(count[0] + count[1] + count[2] + count[3], 128, "all arrive");
	ok(spread >= 3, "they are spread");
}

TEST(bad_arguments)
{
	union end a = here(9), x = {.any.sa_family = AF_UNIX};
	int level = IS_6 ? IPPROTO_IPV6 : IPPROTO_IP, fd, n = 1;

	loopback_up();
	fd = udp_socket();
	fails(bind(fd, &a.any, 8), EINVAL, "a short address");
	fails(connect(fd, &a.any, 8), EINVAL, "a short address");
	fails(bind_to(fd, x), EAFNOSUPPORT, "another family");
	fails(connect_to(fd, x), EAFNOSUPPORT, "another family");
	fails(send_to(fd, BAD, 10, a), EFAULT, "a bad buffer");
	fails(sendto(fd, "x", 1, 0, BAD, end_size(FAMILY)), EFAULT, "a bad address");
	fails(setsockopt(fd, level, IS_6 ? IPV6_UNICAST_HOPS : IP_TTL, BAD, sizeof(n)), EFAULT,
	      "a bad option");
	fails(listen(fd, 1), EOPNOTSUPP, "listen");
	fails(accept(fd, NULL, NULL), EOPNOTSUPP, "accept");
	fails(socket(FAMILY, SOCK_DGRAM, 250), EPROTONOSUPPORT, "a protocol that is none");
	fails(socket(FAMILY, SOCK_DGRAM, IS_6 ? IPPROTO_ICMP : IPPROTO_ICMPV6), EPROTONOSUPPORT,
	      "the other's ping");
	fails(socket(FAMILY, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT, "a type that is none");
}

static int child_sends(void *argument)
{
	int *port = argument;
	int a = udp_here();

	for (unsigned i = 0; i < 2000; i++)
		while (send_to(a, &i, sizeof(i), here(*port)) < 0 && errno == ENOBUFS)
			;
	return 0;
}

/* Two senders and a receiver that sleeps now and then: what is not dropped comes in order. */
TEST(many)
{
	unsigned v, got = 0;
	int a, port;
	pid_t child[2];

	loopback_up();
	a = udp_here();
	port = port_of(a);
	set_int(a, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	child[0] = tap_spawn(child_sends, &port);
	child[1] = tap_spawn(child_sends, &port);
	while (ready(a, POLLIN, 300) && recv(a, &v, sizeof(v), 0) == sizeof(v) && v < 2000)
		got++;
	ok(got > 100, "datagrams of two senders");
	exits(child[0], 0, "a sender ends");
	exits(child[1], 0, "a sender ends");
}

TEST(in_proc)
{
	const char *rows = IS_6 ? "/proc/net/udp6" : "/proc/net/udp";
	char line[120];
	int a;

	loopback_up();
	a = udp_here();
	snprintf(line, sizeof(line), ": %s:%04X ",
		 IS_6 ? "00000000000000000000000001000000" : "0100007F", port_of(a));
	ok(strstr(tap_read(rows), line), "/proc/net/udp has the socket");
	if (IS_6)
		ok(tap_number(tap_read("/proc/net/sockstat6"), "UDP6: inuse ") >= 1, "counted");
	else
		ok(tap_number(tap_read("/proc/net/sockstat"), "UDP: inuse ") >= 1, "counted");
	ok(!strncmp(tap_read(rows),
		    IS_6 ? "  sl  local_address                         remote_address" :
			   "   sl  local_address rem_address   st tx_queue",
		    46),
	   "its heading");
}
