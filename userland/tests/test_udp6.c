/* UDP over IPv6: what test_udp.c says of sockets of AF_INET, and what IPv6 has alone. */
#define FAMILY AF_INET6
#include "test_udp.c"

#include <linux/errqueue.h>

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

/* Fragments smaller than the path takes. */
TEST(fragment_options)
{
	char out[1500] = {0}, in[1500];
	struct ifreq r = {.ifr_name = "lo"};
	int a, b, mtu;

	if (!tap_root()) {
		skip("fragments", "needs root");
		return;
	}
	loopback_up();
	a = udp6_at("::1");
	b = udp6_at("::1");
	must(ioctl(a, SIOCGIFMTU, &r));
	mtu = r.ifr_mtu;
	r.ifr_mtu = 1500;
	works(ioctl(a, SIOCSIFMTU, &r), "MTU 1500");
	set_int(a, IPPROTO_IPV6, IPV6_MTU_DISCOVER, 1);
	works(set_int(a, IPPROTO_IPV6, IPV6_DONTFRAG, 1), "IPV6_DONTFRAG");
	fails(sendto6(a, out, 1453, "::1", port_of(b)), EMSGSIZE, "too long without fragments");
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

TEST(binding_beside_ipv4)
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

TEST(connecting_elsewhere)
{
	union end name, a9 = in6("::1", 9);
	socklen_t n = sizeof(name);
	int a;

	loopback_up();
	a = must(socket(AF_INET6, SOCK_DGRAM, 0));
	fails(connect6(a, "fe80::1", 9), EINVAL, "a link without the link");
	fails(connect6(a, "2001:db8::1", 9), ENETUNREACH, "no way");
	fails(connect(a, &a9.any, 23), EINVAL, "a short address");
	works(connect(a, &a9.any, 24), "one without a scope");
	a = must(socket(AF_INET6, SOCK_DGRAM, 0));
	works(connect6(a, "::ffff:127.0.0.1", 9), "a mapped address");
	works(getsockname(a, &name.any, &n), "getsockname");
	ok(IN6_IS_ADDR_V4MAPPED(&name.in6.sin6_addr), "has a mapped one, too");
	a = six(1);
	fails(connect6(a, "::ffff:127.0.0.1", 9), ENETUNREACH, "not with IPV6_V6ONLY");
	fails(sendto6(a, "x", 1, "::ffff:127.0.0.1", 9), ENETUNREACH, "nor sending there");
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
