/* Options of SOL_SOCKET that sockets of the network have, and what is told of them (socket(7)). */
#include "tap.h"
#include "loopback.h"

#include <netinet/tcp.h>
#include <sys/un.h>

#define LO INADDR_LOOPBACK
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SO_RCVMARK
#define SO_RCVMARK 75
#endif

/* A flag that can be set, and taken back. */
static void flag(int fd, int name, const char *what)
{
	is(get_int(fd, SOL_SOCKET, name), 0, what);
	works(set_int(fd, SOL_SOCKET, name, 1), what);
	is(get_int(fd, SOL_SOCKET, name), 1, what);
	works(set_int(fd, SOL_SOCKET, name, 0), what);
}

TEST(flags)
{
	int fd;

	loopback_up();
	fd = udp_at(LO);
	flag(fd, SO_RXQ_OVFL, "SO_RXQ_OVFL");
	flag(fd, SO_SELECT_ERR_QUEUE, "SO_SELECT_ERR_QUEUE");
	flag(fd, SO_NOFCS, "SO_NOFCS");
	flag(fd, SO_NO_CHECK, "SO_NO_CHECK");
	flag(fd, SO_RCVMARK, "SO_RCVMARK");
	is(get_int(fd, SOL_SOCKET, SO_BPF_EXTENSIONS), 64, "SO_BPF_EXTENSIONS");
	is(get_int(fd, SOL_SOCKET, SO_LOCK_FILTER), 0, "SO_LOCK_FILTER");
}

TEST(memory_told)
{
	uint32_t info[9], again[4];
	socklen_t n = sizeof(info);
	int a, b;

	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	works(getsockopt(b, SOL_SOCKET, SO_MEMINFO, info, &n), "SO_MEMINFO");
	is(n, sizeof(info), "its length");
	is(info[0], 0, "nothing is in the receive buffer");
	is(info[1], get_int(b, SOL_SOCKET, SO_RCVBUF), "how much may be");
	is(info[3], get_int(b, SOL_SOCKET, SO_SNDBUF), "and in the other one");
	is(info[8], 0, "nothing was dropped");
	must(sendto4(a, "hello", 5, LO, port_of(b)));
	ok(ready(b, POLLIN, 1000), "something comes");
	n = sizeof(again);
	works(getsockopt(b, SOL_SOCKET, SO_MEMINFO, again, &n), "a part of it");
	is(n, sizeof(again), "as much as asked for");
	ok(again[0] > 5, "the datagram counts");
}

TEST(drops)
{
	char text[1500] = "", control[64];
	struct iovec iov = {text, sizeof(text)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	uint32_t info[9], drops = 0, first = 1;
	socklen_t n = sizeof(info);
	int a, b;

	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	set_int(b, SOL_SOCKET, SO_RCVBUF, 4096);
	set_int(b, SOL_SOCKET, SO_RXQ_OVFL, 1);
	for (int i = 0; i < 20; i++)
		sendto4(a, text, 1000, LO, port_of(b));
	must(getsockopt(b, SOL_SOCKET, SO_MEMINFO, info, &n));
	ok(info[8] > 0 && info[8] < 20, "some were dropped");
	while (recv(b, text, sizeof(text), MSG_DONTWAIT) >= 0)
		;
	must(sendto4(a, "last", 4, LO, port_of(b)));
	for (;;) {
		m.msg_control = control;
		m.msg_controllen = sizeof(control);
		if (recvmsg(b, &m, first ? 0 : MSG_DONTWAIT) < 0)
			break;
		first = 0;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
			if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
				memcpy(&drops, CMSG_DATA(c), sizeof(drops));
	}
	is(drops, info[8], "the next one tells how many");
}

TEST(cookies)
{
	uint64_t a = 0, b = 0, net = 0;
	socklen_t n = sizeof(a);
	int s = must(socket(AF_INET, SOCK_DGRAM, 0)), t = must(socket(AF_INET, SOCK_STREAM, 0));

	works(getsockopt(s, SOL_SOCKET, SO_COOKIE, &a, &n), "SO_COOKIE");
	is(n, 8, "its length");
	works(getsockopt(t, SOL_SOCKET, SO_COOKIE, &b, &n), "of another");
	ok(a && b && a != b, "they differ");
	works(getsockopt(s, SOL_SOCKET, SO_NETNS_COOKIE, &net, &n), "SO_NETNS_COOKIE");
	ok(net, "is a number");
	n = 4;
	fails(getsockopt(s, SOL_SOCKET, SO_COOKIE, &a, &n), EINVAL, "too short");
}

TEST(incoming_cpu)
{
	char text[8];
	int a, b;

	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	is(get_int(b, SOL_SOCKET, SO_INCOMING_CPU), -1, "nothing came yet");
	must(connect4(b, LO, port_of(a)));
	must(sendto4(a, "hello", 5, LO, port_of(b)));
	must(recv(b, text, sizeof(text), 0));
	ok(get_int(b, SOL_SOCKET, SO_INCOMING_CPU) >= 0, "SO_INCOMING_CPU");
	works(set_int(b, SOL_SOCKET, SO_INCOMING_CPU, 0), "can be set");
	is(get_int(b, SOL_SOCKET, SO_INCOMING_CPU), 0, "and told");
}

TEST(buffer_lock)
{
	int s = must(socket(AF_INET, SOCK_STREAM, 0));

	is(get_int(s, SOL_SOCKET, SO_BUF_LOCK), 0, "sizes follow the need");
	set_int(s, SOL_SOCKET, SO_SNDBUF, 10000);
	is(get_int(s, SOL_SOCKET, SO_BUF_LOCK), 1, "one was set");
	works(set_int(s, SOL_SOCKET, SO_BUF_LOCK, 3), "both");
	is(get_int(s, SOL_SOCKET, SO_BUF_LOCK), 3, "both are fixed");
	works(set_int(s, SOL_SOCKET, SO_BUF_LOCK, 0), "none");
	fails(set_int(s, SOL_SOCKET, SO_BUF_LOCK, 4), EINVAL, "no such bit");
}

TEST(binding_by_index)
{
	int s, index;

	loopback_up();
	s = must(socket(AF_INET, SOCK_DGRAM, 0));
	index = (int)if_nametoindex("lo");
	works(set_int(s, SOL_SOCKET, SO_BINDTOIFINDEX, index), "SO_BINDTOIFINDEX");
	is(get_int(s, SOL_SOCKET, SO_BINDTOIFINDEX), index, "is told");
	fails(set_int(s, SOL_SOCKET, SO_BINDTOIFINDEX, -1), EINVAL, "no interface");
	works(set_int(s, SOL_SOCKET, SO_BINDTOIFINDEX, 0), "to none again");
}

TEST(what_is_not_there)
{
	int s = must(socket(AF_INET, SOCK_DGRAM, 0)), t = must(socket(AF_INET, SOCK_STREAM, 0));
	char text[16];
	socklen_t n = sizeof(text);

	fails(set_int(s, SOL_SOCKET, SO_SNDLOWAT, 5), ENOPROTOOPT, "SO_SNDLOWAT is fixed");
	is(get_int(s, SOL_SOCKET, SO_SNDLOWAT), 1, "to one byte");
	fails(set_int(s, SOL_SOCKET, SO_ERROR, 5), ENOPROTOOPT, "SO_ERROR");
	fails(set_int(t, SOL_SOCKET, SO_PEEK_OFF, 0), EOPNOTSUPP, "SO_PEEK_OFF of TCP");
	fails(getsockopt(s, SOL_SOCKET, SO_PEERSEC, text, &n), ENOPROTOOPT, "SO_PEERSEC");
	fails(getsockopt(s, SOL_SOCKET, SO_PEERGROUPS, text, &n), ENODATA, "SO_PEERGROUPS");
	fails(set_int(s, SOL_SOCKET, 77, 1), ENOPROTOOPT, "SO_PEERPIDFD");
	fails(set_int(s, SOL_SOCKET, 1000, 1), ENOPROTOOPT, "no option");
	fails(set_int(s, 1000, 1, 1), ENOPROTOOPT, "no level");
	n = sizeof(text);
	fails(getsockopt(s, 1000, 1, text, &n), EOPNOTSUPP, "none to be told");
	fails(getsockopt(t, SOL_IPV6, 1, text, &n), EOPNOTSUPP, "nor IPv6's of IPv4");
	fails(getsockopt(s, SOL_SOCKET, SO_NETNS_COOKIE, text, &n), EINVAL, "too long");
	s = must(socket(AF_UNIX, SOCK_STREAM, 0));
	fails(set_int(s, SOL_SOCKET, SO_REUSEPORT, 1), EOPNOTSUPP, "SO_REUSEPORT of AF_UNIX");
	works(set_int(s, SOL_SOCKET, SO_REUSEPORT, 0), "not to have it");
	s = must(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
	n = sizeof(text);
	fails(getsockopt(s, IPPROTO_IP, IP_TTL, text, &n), ENOPROTOOPT, "IP_TTL of IPv6's raw");
	fails(set_int(s, IPPROTO_IP, IP_TTL, 5), ENOPROTOOPT, "to be set");
}
