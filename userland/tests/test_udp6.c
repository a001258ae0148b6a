/* UDP over IPv6: sending and receiving, binding beside IPv4, connecting, errors, fragments. */
#include "tap.h"

#include <linux/errqueue.h>
#include <netinet/udp.h>

#include "loopback.h"

#ifndef UDP_NO_CHECK6_TX
#define UDP_NO_CHECK6_TX 101
#define UDP_NO_CHECK6_RX 102
#endif
#ifndef IPV6_DONTFRAG
#define IPV6_DONTFRAG 62
#endif
#ifndef IPV6_PMTUDISC_DO
#define IPV6_PMTUDISC_DO 2
#endif

TEST(datagrams)
{
	union end from;
	socklen_t n = sizeof(from);
	char text[100];
	int a, b;

	loopback_up();
	a = udp6_at("::1");
	b = udp6_at("::1");
	is(sendto6(a, "hello", 5, "::1", port_of(b)), 5, "sendto");
	is(recvfrom(b, text, sizeof(text), 0, &from.any, &n), 5, "recvfrom");
	ok(!memcmp(text, "hello", 5), "the same bytes");
	is(n, sizeof(from.in6), "length of the name");
	is(end_port(&from), port_of(a), "the sender's port");
	ok(end_is_loopback(&from), "the sender's address");
	is(from.in6.sin6_scope_id, 0, "no scope");
	is(sendto6(a, "", 0, "::1", port_of(b)), 0, "an empty datagram");
	is(recv(b, text, sizeof(text), 0), 0, "arrives");
	is(sendto6(a, "any", 3, "::", port_of(b)), 3, "to the unspecified address");
	is(recv(b, text, sizeof(text), 0), 3, "is this machine");
	fails(sendto6(a, "x", 1, "::1", 0), EINVAL, "port 0");
	fails(send(a, "x", 1, 0), EDESTADDRREQ, "no destination");
	is(sendto6(a, "six", 3, "::1", port_of(b)), 3, "more");
	is(recv(b, text, sizeof(text), MSG_PEEK), 3, "MSG_PEEK");
	is(recv(b, text, 2, MSG_TRUNC), 3, "MSG_TRUNC tells the whole length");
	fails(recv(b, text, sizeof(text), MSG_DONTWAIT), EAGAIN, "nothing is left");
}

TEST(sizes)
{
	static char out[70000], in[70000];
	int a, b;

	loopback_up();
	a = udp6_at("::1");
	b = udp6_at("::1");
	set_int(b, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	set_int(a, SOL_SOCKET, SO_SNDBUF, 1 << 20);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 251);
	for (size_t n = 1; n <= 65487; n = n * 3 + 5) {
		memset(in, 0, n);
		is(sendto6(a, out, n, "::1", port_of(b)), n, "send");
		is(recv(b, in, sizeof(in), 0), n, "receive");
		ok(!memcmp(in, out, n), "%zu bytes are the same", n);
	}
	is(sendto6(a, out, 65527, "::1", port_of(b)), 65527, "the longest");
	is(recv(b, in, sizeof(in), 0), 65527, "arrives");
	fails(sendto6(a, out, 65528, "::1", port_of(b)), EMSGSIZE, "one more");
}

/* A smaller MTU makes fragments, which are put together again. */
TEST(fragments)
{
	static char out[65527], in[65527];
	struct ifreq r = {.ifr_name = "lo"};
	int a, b, mtu;

	if (!tap_root()) {
		skip("fragments", "needs root");
		return;
	}
	loopback_up();
	a = udp6_at("::1");
	b = udp6_at("::1");
	set_int(b, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	set_int(a, SOL_SOCKET, SO_SNDBUF, 1 << 20);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 11 + i / 253);
	must(ioctl(a, SIOCGIFMTU, &r));
	mtu = r.ifr_mtu;
	r.ifr_mtu = 1500;
	works(ioctl(a, SIOCSIFMTU, &r), "MTU 1500");
	for (size_t n = 1400; n <= 65527; n = n * 2 + 77) {
		is(sendto6(a, out, n, "::1", port_of(b)), n, "send");
		is(recv(b, in, sizeof(in), 0), n, "receive");
		ok(!memcmp(in, out, n), "%zu bytes in fragments", n);
	}
	set_int(a, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
	fails(sendto6(a, out, 1453, "::1", port_of(b)), EMSGSIZE, "too long without fragments");
	is(sendto6(a, out, 1452, "::1", port_of(b)), 1452, "what just fits");
	is(recv(b, in, sizeof(in), 0), 1452, "arrives");
	set_int(a, IPPROTO_IPV6, IPV6_MTU_DISCOVER, 1);
	works(set_int(a, IPPROTO_IPV6, IPV6_DONTFRAG, 1), "IPV6_DONTFRAG");
	fails(sendto6(a, out, 1453, "::1", port_of(b)), EMSGSIZE, "the same by that");
	set_int(a, IPPROTO_IPV6, IPV6_DONTFRAG, 0);
	fails(set_int(a, IPPROTO_IPV6, IPV6_MTU, 1279), EINVAL, "IPV6_MTU below the least");
	works(set_int(a, IPPROTO_IPV6, IPV6_MTU, 1280), "IPV6_MTU");
	is(sendto6(a, out, 1452, "::1", port_of(b)), 1452, "is cut smaller");
	is(recv(b, in, sizeof(in), 0), 1452, "arrives");
	r.ifr_mtu = mtu;
	works(ioctl(a, SIOCSIFMTU, &r), "the MTU as it was");
}

static int six(int only)
{
	int fd = must(socket(AF_INET6, SOCK_DGRAM, 0));

	must(set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, only));
	return fd;
}

TEST(binding)
{
	int a, b, c, port;

	loopback_up();
	a = six(0);
	works(bind6(a, "::", 0), "any address, both families");
	port = port_of(a);
	c = must(socket(AF_INET, SOCK_DGRAM, 0));
	fails(bind4(c, INADDR_ANY, port), EADDRINUSE, "it has IPv4's port, too");
	fails(bind4(c, INADDR_LOOPBACK, port), EADDRINUSE, "of each address");
	fails(set_int(a, IPPROTO_IPV6, IPV6_V6ONLY, 1), EINVAL, "IPV6_V6ONLY comes too late");
	b = six(1);
	fails(bind6(b, "::", port), EADDRINUSE, "IPv6's is taken as well");
	close(a);
	works(bind6(b, "::", port), "IPv6 alone");
	works(bind4(c, INADDR_ANY, port), "and IPv4 beside it");
	a = six(0);
	fails(bind6(a, "::", port), EADDRINUSE, "both are taken");
	fails(bind6(a, "::ffff:127.0.0.1", port), EADDRINUSE, "a mapped address is IPv4's");
	works(bind6(a, "::ffff:127.0.0.1", 0), "another port of it");
	a = six(1);
	fails(bind6(a, "::ffff:127.0.0.1", 0), EINVAL, "not where only IPv6 is wanted");
	fails(bind6(a, "2001:db8::77", 0), EADDRNOTAVAIL, "another's address");
	fails(bind6(a, "fe80::1", 0), EINVAL, "an address of a link without the link");
	fails(bind4(a, INADDR_LOOPBACK, 0), EINVAL, "a name of IPv4 is short");
}

TEST(connecting)
{
	union end name;
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	socklen_t n = sizeof(name);
	char text[10];
	int a, b, c;

	loopback_up();
	a = must(socket(AF_INET6, SOCK_DGRAM, 0));
	b = udp6_at("::1");
	c = udp6_at("::1");
	fails(getpeername(a, &name.any, &n), ENOTCONN, "no peer");
	works(connect6(a, "::1", port_of(b)), "connect");
	works(getsockname(a, &name.any, &n), "getsockname");
	ok(end_is_loopback(&name) && end_port(&name), "connecting chose an address and a port");
	n = sizeof(name);
	works(getpeername(a, &name.any, &n), "getpeername");
	is(end_port(&name), port_of(b), "the peer's port");
	is(send(a, "to b", 4, 0), 4, "send");
	is(recv(b, text, sizeof(text), 0), 4, "arrives");
	is(sendto6(c, "from c", 6, "::1", port_of(a)), 6, "another sends");
	fails(recv(a, text, sizeof(text), MSG_DONTWAIT), EAGAIN, "only the peer is heard");
	is(sendto6(b, "from b", 6, "::1", port_of(a)), 6, "the peer sends");
	is(recv(a, text, sizeof(text), 0), 6, "is heard");
	works(connect(a, &none, sizeof(none)), "AF_UNSPEC");
	fails(send(a, "x", 1, 0), EDESTADDRREQ, "no destination any more");
	fails(connect6(a, "fe80::1", 9), EINVAL, "a link without the link");
	fails(connect6(a, "2001:db8::1", 9), ENETUNREACH, "no way");
	a = must(socket(AF_INET6, SOCK_DGRAM, 0));
	works(connect6(a, "::ffff:127.0.0.1", 9), "a mapped address");
	n = sizeof(name);
	works(getsockname(a, &name.any, &n), "getsockname");
	ok(IN6_IS_ADDR_V4MAPPED(&name.in6.sin6_addr), "has a mapped one, too");
	a = six(1);
	fails(connect6(a, "::ffff:127.0.0.1", 9), ENETUNREACH, "not with IPV6_V6ONLY");
	fails(sendto6(a, "x", 1, "::ffff:127.0.0.1", 9), ENETUNREACH, "nor sending there");
}

TEST(refused)
{
	int a, port;
	char c;

	loopback_up();
	a = udp6_at("::1");
	port = port_of(a);
	close(a);
	a = must(socket(AF_INET6, SOCK_DGRAM, 0));
	works(connect6(a, "::1", port), "connect to nobody");
	is(send(a, "x", 1, 0), 1, "send");
	ok(ready(a, POLLIN, 1000), "poll tells");
	is(get_int(a, SOL_SOCKET, SO_ERROR), ECONNREFUSED, "SO_ERROR");
	is(get_int(a, SOL_SOCKET, SO_ERROR), 0, "once");
	is(send(a, "x", 1, 0), 1, "send");
	ok(ready(a, POLLIN, 1000), "poll tells");
	fails(recv(a, &c, 1, 0), ECONNREFUSED, "recv");
}

static struct cmsghdr *receive_error(int fd, struct msghdr *m, union end *name, char *data,
				     size_t size, char *control, size_t control_size)
{
	static struct iovec iov;

	iov = (struct iovec){data, size};
	*m = (struct msghdr){.msg_name = name, .msg_namelen = sizeof(*name), .msg_iov = &iov,
			     .msg_iovlen = 1, .msg_control = control,
			     .msg_controllen = control_size};
	return recvmsg(fd, m, MSG_ERRQUEUE) < 0 ? NULL : CMSG_FIRSTHDR(m);
}

TEST(error_queue)
{
	char data[100], control[512];
	struct sock_extended_err *e;
	struct msghdr m;
	struct cmsghdr *c;
	union end name;
	int a, port;

	loopback_up();
	a = udp6_at("::1");
	port = port_of(a);
	close(a);
	a = must(socket(AF_INET6, SOCK_DGRAM, 0));
	works(set_int(a, IPPROTO_IPV6, IPV6_RECVERR, 1), "IPV6_RECVERR");
	is(sendto6(a, "query", 5, "::1", port), 5, "send, not connected");
	ok(ready(a, POLLERR, 1000), "POLLERR");
	c = receive_error(a, &m, &name, data, sizeof(data), control, sizeof(control));
	ok(c && !memcmp(data, "query", 5), "the datagram comes back");
	ok(m.msg_flags & MSG_ERRQUEUE, "MSG_ERRQUEUE in the flags");
	is(end_port(&name), port, "where it went");
	ok(end_is_loopback(&name), "its address");
	ok(c && c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR, "control data");
	if (!c)
		return;
	e = (struct sock_extended_err *)CMSG_DATA(c);
	is(e->ee_errno, ECONNREFUSED, "errno");
	is(e->ee_origin, SO_EE_ORIGIN_ICMP6, "origin");
	is(e->ee_type, 1, "type");
	is(e->ee_code, 4, "code");
	ok(end_is_loopback((union end *)SO_EE_OFFENDER(e)), "offender");
	set_int(a, IPPROTO_IP, IP_RECVERR, 1);
	is(sendto6(a, "four", 4, "::ffff:127.0.0.1", port), 4, "the same by IPv4");
	ok(ready(a, POLLERR, 1000), "POLLERR");
	c = receive_error(a, &m, &name, data, sizeof(data), control, sizeof(control));
	ok(c && c->cmsg_level == IPPROTO_IPV6, "told in the words of IPv6");
	e = c ? (struct sock_extended_err *)CMSG_DATA(c) : NULL;
	ok(e && e->ee_origin == SO_EE_ORIGIN_ICMP, "of an ICMP message");
	ok(IN6_IS_ADDR_V4MAPPED(&name.in6.sin6_addr), "with a mapped address");
}

/* What is too long for its path, told by the queue. */
TEST(too_long)
{
	static char out[66000];
	char data[100], control[512];
	struct sock_extended_err *e;
	struct msghdr m;
	struct cmsghdr *c;
	union end name;
	struct ifreq r = {.ifr_name = "lo"};
	int a, mtu;

	loopback_up();
	a = must(socket(AF_INET6, SOCK_DGRAM, 0));
	must(ioctl(a, SIOCGIFMTU, &r));
	mtu = r.ifr_mtu;
	r.ifr_mtu = 1400;
	must(ioctl(a, SIOCSIFMTU, &r));
	must(set_int(a, IPPROTO_IPV6, IPV6_RECVERR, 1));
	must(set_int(a, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO));
	works(connect6(a, "::1", 9), "connect");
	is(get_int(a, IPPROTO_IPV6, IPV6_MTU), 1400, "IPV6_MTU");
	fails(send(a, out, 2000, 0), EMSGSIZE, "send");
	c = receive_error(a, &m, &name, data, sizeof(data), control, sizeof(control));
	e = c ? (struct sock_extended_err *)CMSG_DATA(c) : NULL;
	ok(e && e->ee_errno == EMSGSIZE && e->ee_origin == SO_EE_ORIGIN_LOCAL, "found here");
	is(e ? e->ee_info : 0, 1400, "what would pass");
	r.ifr_mtu = mtu;
	must(ioctl(a, SIOCSIFMTU, &r));
}

TEST(without_checksum)
{
	char text[10];
	int a, b;

	loopback_up();
	a = udp6_at("::1");
	b = udp6_at("::1");
	works(set_int(a, IPPROTO_UDP, UDP_NO_CHECK6_TX, 1), "UDP_NO_CHECK6_TX");
	is(sendto6(a, "x", 1, "::1", port_of(b)), 1, "send without a checksum");
	ok(!ready(b, POLLIN, 50), "is not taken");
	works(set_int(b, IPPROTO_UDP, UDP_NO_CHECK6_RX, 1), "UDP_NO_CHECK6_RX");
	is(sendto6(a, "y", 1, "::1", port_of(b)), 1, "send without a checksum");
	ok(ready(b, POLLIN, 1000), "is taken by leave");
	is(recv(b, text, sizeof(text), MSG_DONTWAIT), 1, "one of both");
}

TEST(reuse_port)
{
	int a[4], from[64], count[4] = {0}, port, spread = 0;
	char c;

	loopback_up();
	for (int i = 0; i < 4; i++) {
		a[i] = must(socket(AF_INET6, SOCK_DGRAM, 0));
		must(set_int(a[i], SOL_SOCKET, SO_REUSEPORT, 1));
		works(bind6(a[i], "::1", i ? port_of(a[0]) : 0), "bind to the same port");
	}
	port = port_of(a[0]);
	for (int i = 0; i < 64; i++) {
		from[i] = udp6_at("::1");
		sendto6(from[i], "x", 1, "::1", port);
		sendto6(from[i], "x", 1, "::1", port);
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
	union end a = in6("::1", 9);
	union end x = {.any.sa_family = AF_UNIX};
	int fd;

	loopback_up();
	fd = must(socket(AF_INET6, SOCK_DGRAM, 0));
	fails(bind(fd, &a.any, 23), EINVAL, "a short address");
	fails(connect(fd, &a.any, 23), EINVAL, "a short address");
	works(connect(fd, &a.any, 24), "one without a scope");
	fails(bind(fd, &x.any, sizeof(x)), EAFNOSUPPORT, "another family");
	fails(sendto(fd, BAD, 10, 0, &a.any, sizeof(a.in6)), EFAULT, "a bad buffer");
	fails(listen(fd, 1), EOPNOTSUPP, "listen");
	fails(socket(AF_INET6, SOCK_DGRAM, 250), EPROTONOSUPPORT, "a protocol that is none");
	fails(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMP), EPROTONOSUPPORT, "the other's ping");
}

TEST(in_proc)
{
	char line[120];
	int a;

	loopback_up();
	a = udp6_at("::1");
	snprintf(line, sizeof(line), ": 00000000000000000000000001000000:%04X ", port_of(a));
	ok(strstr(tap_read("/proc/net/udp6"), line), "/proc/net/udp6 has the socket");
	ok(tap_number(tap_read("/proc/net/sockstat6"), "UDP6: inuse ") >= 1, "sockstat6 counts it");
	ok(!strncmp(tap_read("/proc/net/udp6"),
		    "  sl  local_address                         remote_address             ", 70),
	   "its heading");
}
