/* UDP: sending and receiving, binding, connecting, options, control data. */
#include "tap.h"

#include <netinet/udp.h>
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#include "loopback.h"

#define LO INADDR_LOOPBACK

TEST(datagrams)
{
	int a, b;
	char text[100];
	struct sockaddr_in from;
	socklen_t n = sizeof(from);

	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	is(sendto4(a, "hello", 5, LO, port_of(b)), 5, "sendto");
	is(recvfrom(b, text, sizeof(text), 0, (struct sockaddr *)&from, &n), 5, "recvfrom");
	ok(!memcmp(text, "hello", 5), "the same bytes");
	is(ntohs(from.sin_port), port_of(a), "the sender's port");
	is(ntohl(from.sin_addr.s_addr), LO, "the sender's address");
	is(n, sizeof(from), "length of the name");
	is(sendto4(a, "", 0, LO, port_of(b)), 0, "an empty datagram");
	is(recv(b, text, sizeof(text), 0), 0, "arrives");
	is(sendto4(a, "one", 3, LO, port_of(b)), 3, "two datagrams");
	is(sendto4(a, "second", 6, LO, port_of(b)), 6, "two datagrams");
	is(recv(b, text, sizeof(text), MSG_PEEK), 3, "MSG_PEEK");
	is(recv(b, text, 2, MSG_TRUNC), 3, "MSG_TRUNC tells the whole length");
	is(recv(b, text, 4, 0), 4, "cut to the buffer");
	fails(recv(b, text, sizeof(text), MSG_DONTWAIT), EAGAIN, "nothing is left");
	fails(sendto4(a, "x", 1, LO, 0), EINVAL, "port 0");
	fails(send(a, "x", 1, 0), EDESTADDRREQ, "no destination");
}

TEST(sizes)
{
	static char out[70000], in[70000];
	int a, b;

	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	set_int(b, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	set_int(a, SOL_SOCKET, SO_SNDBUF, 1 << 20);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 251);
	for (size_t n = 1; n <= 65507; n = n * 3 + 5) {
		memset(in, 0, n);
		is(sendto4(a, out, n, LO, port_of(b)), n, "send");
		is(recv(b, in, sizeof(in), 0), n, "receive");
		ok(!memcmp(in, out, n), "%zu bytes are the same", n);
	}
	is(sendto4(a, out, 65507, LO, port_of(b)), 65507, "the longest");
	is(recv(b, in, sizeof(in), 0), 65507, "arrives");
	fails(sendto4(a, out, 65508, LO, port_of(b)), EMSGSIZE, "one more");
}

/* A smaller MTU makes fragments, which are put together again. */
TEST(fragments)
{
	static char out[65507], in[65507];
	struct ifreq r = {.ifr_name = "lo"};
	int a, b, mtu;

	if (!tap_root()) {
		skip("fragments", "needs root");
		return;
	}
	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	set_int(b, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	set_int(a, SOL_SOCKET, SO_SNDBUF, 1 << 20);
	set_int(a, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 11 + i / 253);
	must(ioctl(a, SIOCGIFMTU, &r));
	mtu = r.ifr_mtu;
	r.ifr_mtu = 1500;
	works(ioctl(a, SIOCSIFMTU, &r), "MTU 1500");
	for (size_t n = 1400; n <= 65507; n = n * 2 + 77) {
		is(sendto4(a, out, n, LO, port_of(b)), n, "send");
		is(recv(b, in, sizeof(in), 0), n, "receive");
		ok(!memcmp(in, out, n), "%zu bytes in fragments", n);
	}
	set_int(a, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	fails(sendto4(a, out, 1473, LO, port_of(b)), EMSGSIZE, "too long without fragments");
	is(sendto4(a, out, 1472, LO, port_of(b)), 1472, "what just fits");
	is(recv(b, in, sizeof(in), 0), 1472, "arrives");
	r.ifr_mtu = mtu;
	works(ioctl(a, SIOCSIFMTU, &r), "the MTU as it was");
}

TEST(binding)
{
	int a, b, port;

	loopback_up();
	a = must(socket(AF_INET, SOCK_DGRAM, 0));
	b = must(socket(AF_INET, SOCK_DGRAM, 0));
	works(bind4(a, LO, 0), "any port");
	port = port_of(a);
	ok(port >= 1024, "a port of the range");
	fails(bind4(a, LO, 0), EINVAL, "bind twice");
	fails(bind4(b, LO, port), EADDRINUSE, "the same port");
	fails(bind4(b, INADDR_ANY, port), EADDRINUSE, "the same port of any address");
	fails(bind4(b, 0x08080808, 0), EADDRNOTAVAIL, "another's address");
	works(bind4(b, LO + 1, port), "the same port of another address");
	close(b);
	b = must(socket(AF_INET, SOCK_DGRAM, 0));
	works(set_int(a, SOL_SOCKET, SO_REUSEADDR, 1), "SO_REUSEADDR");
	fails(bind4(b, LO, port), EADDRINUSE, "only one of both");
	works(set_int(b, SOL_SOCKET, SO_REUSEADDR, 1), "SO_REUSEADDR");
	works(bind4(b, LO, port), "both");
	close(a);
	close(b);
	a = must(socket(AF_INET, SOCK_DGRAM, 0));
	works(bind4(a, LO, port), "free after close");
}

static int bind_low(void *argument)
{
	(void)argument;
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0));

	fails(bind4(fd, INADDR_ANY, 777), EACCES, "a port below 1024");
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
	struct sockaddr_in name;
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	socklen_t n = sizeof(name);

	loopback_up();
	a = must(socket(AF_INET, SOCK_DGRAM, 0));
	b = udp_at(LO);
	c = udp_at(LO);
	fails(getpeername(a, (struct sockaddr *)&name, &n), ENOTCONN, "no peer");
	works(connect4(a, LO, port_of(b)), "connect");
	works(getsockname(a, (struct sockaddr *)&name, &n), "getsockname");
	is(ntohl(name.sin_addr.s_addr), LO, "connecting chose an address");
	ok(name.sin_port, "and a port");
	works(getpeername(a, (struct sockaddr *)&name, &n), "getpeername");
	is(ntohs(name.sin_port), port_of(b), "the peer's port");
	is(send(a, "to b", 4, 0), 4, "send");
	is(recv(b, text, sizeof(text), 0), 4, "arrives");
	is(sendto4(c, "from c", 6, LO, port_of(a)), 6, "another sends");
	fails(recv(a, text, sizeof(text), MSG_DONTWAIT), EAGAIN, "only the peer is heard");
	is(sendto4(b, "from b", 6, LO, port_of(a)), 6, "the peer sends");
	is(recv(a, text, sizeof(text), 0), 6, "is heard");
	is(sendto4(a, "to c", 4, LO, port_of(c)), 4, "to another than the peer");
	is(recv(c, text, sizeof(text), 0), 4, "arrives");
	works(connect(a, &none, sizeof(none)), "AF_UNSPEC");
	n = sizeof(name);
	fails(getpeername(a, (struct sockaddr *)&name, &n), ENOTCONN, "the peer is gone");
	fails(send(a, "x", 1, 0), EDESTADDRREQ, "no destination any more");
	fails(connect4(a, LO | 0xffffff, 99), EACCES, "broadcast without SO_BROADCAST");
}

/* A socket of a broadcast's address hears what is sent there, and sends from another. */
TEST(bound_to_broadcast)
{
	struct sockaddr_in from;
	socklen_t n = sizeof(from);
	char c;
	int a, b;

	loopback_up();
	a = udp_at(LO | 0xffffff);
	b = udp_at(LO);
	is(sendto4(a, "x", 1, LO, port_of(b)), 1, "it sends");
	is(recvfrom(b, &c, 1, 0, (struct sockaddr *)&from, &n), 1, "what arrives");
	is(ntohl(from.sin_addr.s_addr), LO, "is from a machine");
	fails(sendto4(b, "x", 1, LO | 0xffffff, port_of(a)), EACCES, "without SO_BROADCAST");
	must(set_int(b, SOL_SOCKET, SO_BROADCAST, 1));
	is(sendto4(b, "x", 1, LO | 0xffffff, port_of(a)), 1, "broadcast");
	ok(ready(a, POLLIN, 1000), "is heard");
}

TEST(control_data)
{
	int a, b;
	char text[10], control[512];
	struct iovec iov = {text, sizeof(text)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct in_pktinfo *info = NULL;
	struct ifreq lo = {.ifr_name = "lo"};
	int ttl = -1, tos = -1;

	loopback_up();
	a = udp_at(LO);
	b = udp_at(INADDR_ANY);
	works(set_int(b, IPPROTO_IP, IP_PKTINFO, 1), "IP_PKTINFO");
	works(set_int(b, IPPROTO_IP, IP_RECVTTL, 1), "IP_RECVTTL");
	works(set_int(b, IPPROTO_IP, IP_RECVTOS, 1), "IP_RECVTOS");
	works(set_int(a, IPPROTO_IP, IP_TTL, 33), "IP_TTL");
	works(set_int(a, IPPROTO_IP, IP_TOS, 0x10), "IP_TOS");
	is(get_int(a, IPPROTO_IP, IP_TTL), 33, "IP_TTL reads");
	is(sendto4(a, "x", 1, LO + 5, port_of(b)), 1, "send");
	is(recvmsg(b, &m, 0), 1, "recvmsg");
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_type == IP_PKTINFO)
			info = (struct in_pktinfo *)CMSG_DATA(c);
		if (c->cmsg_type == IP_TTL)
			ttl = *(int *)CMSG_DATA(c);
		if (c->cmsg_type == IP_TOS)
			tos = *CMSG_DATA(c);
	}
	is(ttl, 33, "TTL as sent");
	is(tos, 0x10, "TOS as sent");
	ok(info && ntohl(info->ipi_addr.s_addr) == LO + 5, "the address that it went to");
	must(ioctl(a, SIOCGIFINDEX, &lo));
	ok(info && info->ipi_ifindex == lo.ifr_ifindex, "the interface");
	fails(set_int(a, IPPROTO_IP, IP_TTL, 256), EINVAL, "TTL 256");
	fails(set_int(a, IPPROTO_IP, IP_TTL, 0), EINVAL, "TTL 0");
	fails(set_int(a, IPPROTO_IP, 9999, 0), ENOPROTOOPT, "an option that is none");
}

/* A source address and a TTL for one message. */
TEST(control_data_sent)
{
	int a, b;
	char control[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(int))] = {0};
	char text[10], answer[512];
	struct iovec iov = {(char *)"x", 1}, in = {text, sizeof(text)};
	struct sockaddr_in to, from;
	struct msghdr m = {.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov,
			   .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct msghdr r = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &in,
			   .msg_iovlen = 1, .msg_control = answer,
			   .msg_controllen = sizeof(answer)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(LO + 8)};

	loopback_up();
	a = udp_at(INADDR_ANY);
	b = udp_at(LO);
	set_int(b, IPPROTO_IP, IP_RECVTTL, 1);
	to = in4(LO, port_of(b));
	*c = (struct cmsghdr){.cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO,
			      .cmsg_len = CMSG_LEN(sizeof(info))};
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	c = CMSG_NXTHDR(&m, c);
	*c = (struct cmsghdr){.cmsg_level = IPPROTO_IP, .cmsg_type = IP_TTL,
			      .cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(c), &(int){7}, sizeof(int));
	is(sendmsg(a, &m, 0), 1, "sendmsg");
	is(recvmsg(b, &r, 0), 1, "recvmsg");
	is(ntohl(from.sin_addr.s_addr), LO + 8, "from the address asked for");
	c = CMSG_FIRSTHDR(&r);
	is(c ? *(int *)CMSG_DATA(c) : -1, 7, "with the TTL asked for");
	memcpy(CMSG_DATA(CMSG_NXTHDR(&m, CMSG_FIRSTHDR(&m))), &(int){300}, sizeof(int));
	fails(sendmsg(a, &m, 0), EINVAL, "a TTL that is none");
}

TEST(corking)
{
	int a, b;
	char text[100];

	loopback_up();
	a = must(socket(AF_INET, SOCK_DGRAM, 0));
	b = udp_at(LO);
	works(connect4(a, LO, port_of(b)), "connect");
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
	a = must(socket(AF_INET, SOCK_DGRAM, 0));
	b = udp_at(LO);
	must(connect4(a, LO, port_of(b)));
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
	a = udp_at(LO);
	b = udp_at(LO);
	works(set_int(b, SOL_SOCKET, SO_RCVBUF, 20000), "SO_RCVBUF");
	for (int i = 0; i < 500; i++)
		sent += sendto4(a, text, sizeof(text), LO, port_of(b)) == sizeof(text);
	while (recv(b, text, sizeof(text), MSG_DONTWAIT) == sizeof(text))
		got++;
	is(sent, 500, "senders do not notice");
	ok(got > 5 && got < 100, "the buffer bounds what is kept");
}

TEST(inquiring)
{
	int a, b, n = -1;

	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	works(ioctl(b, FIONREAD, &n), "FIONREAD");
	is(n, 0, "nothing");
	sendto4(a, "12345", 5, LO, port_of(b));
	sendto4(a, "12", 2, LO, port_of(b));
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
		a[i] = must(socket(AF_INET, SOCK_DGRAM, 0));
		must(set_int(a[i], SOL_SOCKET, SO_REUSEPORT, 1));
		works(bind4(a[i], LO, i ? port_of(a[0]) : 0), "bind to the same port");
	}
	port = port_of(a[0]);
	for (int i = 0; i < 64; i++) {
		from[i] = udp_at(LO);
		sendto4(from[i], "x", 1, LO, port);
		sendto4(from[i], "x", 1, LO, port);
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

TEST(dual_stack)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6}, from;
	socklen_t n = sizeof(from);
	int a, b, c;
	char text[10];

	loopback_up();
	a = socket(AF_INET6, SOCK_DGRAM, 0);
	if (a < 0) {
		skip("dual stack", "no AF_INET6");
		return;
	}
	b = udp_at(LO);
	works(set_int(a, IPPROTO_IPV6, IPV6_V6ONLY, 0), "IPV6_V6ONLY off");
	works(bind(a, (struct sockaddr *)&six, sizeof(six)), "bind to ::");
	works(getsockname(a, (struct sockaddr *)&six, &n), "getsockname");
	c = must(socket(AF_INET, SOCK_DGRAM, 0));
	fails(bind4(c, INADDR_ANY, ntohs(six.sin6_port)), EADDRINUSE, "it has IPv4's port, too");
	is(sendto4(b, "four", 4, LO, ntohs(six.sin6_port)), 4, "IPv4 sends");
	n = sizeof(from);
	is(recvfrom(a, text, sizeof(text), 0, (struct sockaddr *)&from, &n), 4, "it receives");
	ok(IN6_IS_ADDR_V4MAPPED(&from.sin6_addr), "from a mapped address");
	is(sendto(a, "back", 4, 0, (struct sockaddr *)&from, n), 4, "and answers");
	is(recv(b, text, sizeof(text), 0), 4, "which arrives");
	is(sendto4(a, "name", 4, LO, port_of(b)), 4, "a name of IPv4 will do, too");
	is(recv(b, text, sizeof(text), 0), 4, "which arrives");
}

TEST(bad_arguments)
{
	struct sockaddr_in a = in4(LO, 9), x = {.sin_family = AF_UNIX};
	int fd, n = 1;

	loopback_up();
	fd = must(socket(AF_INET, SOCK_DGRAM, 0));
	fails(bind(fd, (struct sockaddr *)&a, 8), EINVAL, "a short address");
	fails(bind(fd, (struct sockaddr *)&x, sizeof(x)), EAFNOSUPPORT, "another family");
	fails(connect(fd, (struct sockaddr *)&x, sizeof(x)), EAFNOSUPPORT, "another family");
	fails(sendto(fd, BAD, 10, 0, (struct sockaddr *)&a, sizeof(a)), EFAULT, "a bad buffer");
	fails(sendto(fd, "x", 1, 0, BAD, sizeof(a)), EFAULT, "a bad address");
	fails(sendto(fd, "x", 1, MSG_OOB, (struct sockaddr *)&a, sizeof(a)), EOPNOTSUPP,
	      "MSG_OOB");
	fails(setsockopt(fd, IPPROTO_IP, IP_TTL, BAD, sizeof(n)), EFAULT, "a bad option");
	fails(listen(fd, 1), EOPNOTSUPP, "listen");
	fails(accept(fd, NULL, NULL), EOPNOTSUPP, "accept");
	fails(socket(AF_INET, SOCK_DGRAM, 250), EPROTONOSUPPORT, "a protocol that is none");
	fails(socket(AF_INET, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT, "a type that is none");
}

static int child_sends(void *argument)
{
	int *port = argument;
	int a = udp_at(LO);

	for (unsigned i = 0; i < 2000; i++)
		while (sendto4(a, &i, sizeof(i), LO, *port) < 0 && errno == ENOBUFS)
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
	a = udp_at(LO);
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

/* A socket may wait for packets to an address that is not here, but not send from it. */
TEST(free_bind)
{
	int fd;

	loopback_up();
	fd = must(socket(AF_INET, SOCK_DGRAM, 0));
	fails(bind4(fd, 0xc0000201, 0), EADDRNOTAVAIL, "a stranger's address");
	must(set_int(fd, IPPROTO_IP, IP_FREEBIND, 1));
	works(bind4(fd, 0xc0000201, 0), "is bound freely");
	ok(sendto4(fd, "x", 1, LO, 9) < 0, "nothing is sent from it");
	ok(connect4(fd, LO, 9) < 0, "nor connected");
}
