/* UDP over IPv4: what IPv6 does not have, or not so. The rest is in test_udp.c. */
#include "tap.h"

#include "loopback.h"

#define LO INADDR_LOOPBACK

TEST(addresses)
{
	int a, b, port;

	loopback_up();
	a = udp_at(LO);
	b = must(socket(AF_INET, SOCK_DGRAM, 0));
	port = port_of(a);
	fails(bind4(b, 0x08080808, 0), EADDRNOTAVAIL, "another's address");
	works(bind4(b, LO + 1, port), "the same port of another address");
	fails(connect4(a, LO | 0xffffff, 99), EACCES, "broadcast without SO_BROADCAST");
	fails(sendto(a, "x", 1, MSG_OOB, NULL, 0), EOPNOTSUPP, "MSG_OOB");
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
