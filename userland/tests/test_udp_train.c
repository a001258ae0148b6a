/* UDP_SEGMENT and UDP_GRO: many datagrams in one call, in either direction (udp(7)). */
#include "tap.h"
#include "loopback.h"

#include <netinet/udp.h>

#define LO INADDR_LOOPBACK
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

static char out[60000], in[65536];

/* A receiver, and a sender that is connected to it. */
static void two(int family, int s[2])
{
	loopback_up();
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 256);
	udp_pair(family, s);
}

/* Receives: how many bytes; *size becomes how long each datagram of them is, 0: it was one. */
static long receive(int fd, size_t most, int flags, int *size, int *out_flags)
{
	char control[200];
	struct iovec iov = {in, most};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};
	long n = recvmsg(fd, &m, flags | MSG_DONTWAIT);

	*size = 0;
	*out_flags = m.msg_flags;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); n >= 0 && c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
			memcpy(size, CMSG_DATA(c), sizeof(*size));
	return n;
}

static void together(int family)
{
	int s[2], size, flags;

	two(family, s);
	is(get_int(s[1], SOL_UDP, UDP_GRO), 0, "off");
	works(set_int(s[1], SOL_UDP, UDP_GRO, 1), "UDP_GRO");
	is(get_int(s[1], SOL_UDP, UDP_GRO), 1, "is told");
	works(set_int(s[0], SOL_UDP, UDP_SEGMENT, 1000), "UDP_SEGMENT");
	is(send(s[0], out, 4500, 0), 4500, "five datagrams");
	ok(ready(s[1], POLLIN, 1000), "something comes");
	is(receive(s[1], sizeof(in), 0, &size, &flags), 4500, "all of them");
	is(size, 1000, "the length of each");
	ok(!memcmp(in, out, 4500), "their bytes");
	is(receive(s[1], sizeof(in), 0, &size, &flags), -1, "there are no more");
	is(send(s[0], out, 700, 0), 700, "one");
	is(receive(s[1], sizeof(in), 0, &size, &flags), 700, "is received");
	is(size, 0, "as it is");
	works(set_int(s[0], SOL_UDP, UDP_SEGMENT, 1200), "another size");
	is(send(s[0], out, 60000, 0), 60000, "many");
	is(receive(s[1], sizeof(in), 0, &size, &flags), 60000, "in one read");
	is(size, 1200, "their length");
	ok(!memcmp(in, out, 60000), "their bytes");
}

TEST(together4)
{
	together(AF_INET);
}

TEST(together6)
{
	together(AF_INET6);
}

TEST(cut)
{
	int s[2], size, flags, n = 0;

	two(AF_INET, s);
	must(set_int(s[1], SOL_UDP, UDP_GRO, 1));
	must(set_int(s[0], SOL_UDP, UDP_SEGMENT, 100));
	must(send(s[0], out, 350, 0));
	must(send(s[0], out + 350, 10, 0));
	works(ioctl(s[1], FIONREAD, &n), "FIONREAD");
	is(n, 350, "the length of all");
	is(receive(s[1], 50, MSG_PEEK, &size, &flags), 50, "a peek of a part");
	ok(flags & MSG_TRUNC, "is cut");
	is(receive(s[1], 50, MSG_PEEK | MSG_TRUNC, &size, &flags), 350, "the whole length");
	is(receive(s[1], 250, 0, &size, &flags), 250, "a read of a part");
	ok(flags & MSG_TRUNC, "is cut");
	is(size, 100, "the length of each");
	ok(!memcmp(in, out, 250), "their bytes");
	is(receive(s[1], 250, 0, &size, &flags), 10, "the rest is gone");
}

/* Who does not ask for it gets each by itself. */
TEST(apart)
{
	int s[2], size, flags;

	two(AF_INET, s);
	must(set_int(s[0], SOL_UDP, UDP_SEGMENT, 100));
	must(send(s[0], out, 250, 0));
	is(receive(s[1], sizeof(in), 0, &size, &flags), 100, "the first");
	is(receive(s[1], sizeof(in), 0, &size, &flags), 100, "the second");
	is(receive(s[1], sizeof(in), 0, &size, &flags), 50, "the last");
	is(size, 0, "as it is");
}

/* Two senders' are not mixed up. */
TEST(flows)
{
	int s[2], other, size, flags;
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	two(AF_INET, s);
	other = udp_at(LO);
	must(set_int(s[1], SOL_UDP, UDP_GRO, 1));
	must(set_int(s[0], SOL_UDP, UDP_SEGMENT, 100));
	must(set_int(other, SOL_UDP, UDP_SEGMENT, 100));
	must(connect4(other, LO, port_of(s[1])));
	must(send(s[0], out, 200, 0));
	must(send(other, out, 300, 0));
	is(recvfrom(s[1], in, sizeof(in), 0, (struct sockaddr *)&a, &n), 200, "one's");
	is(ntohs(a.sin_port), port_of(s[0]), "is who sent it");
	is(receive(s[1], sizeof(in), 0, &size, &flags), 300, "the other's");
}

TEST(bad)
{
	int s[2];

	two(AF_INET, s);
	fails(set_int(s[0], SOL_UDP, UDP_SEGMENT, -1), EINVAL, "less than nothing");
	fails(set_int(s[0], SOL_UDP, UDP_SEGMENT, 65536), EINVAL, "more than a datagram");
	must(set_int(s[0], SOL_UDP, UDP_SEGMENT, 100));
	must(set_int(s[0], SOL_SOCKET, SO_NO_CHECK, 1));
	fails(send(s[0], out, 1000, 0), EINVAL, "without a checksum");
}
