/* Netlink sockets (netlink(7)) and interfaces over NETLINK_ROUTE (rtnetlink(7)). */
#include "nl.h"

/* A request about an interface; `change`: flags to be set. */
static struct request link_request(int type, int flags, int index, unsigned change)
{
	struct ifinfomsg m = {.ifi_index = index, .ifi_flags = change, .ifi_change = change};

	return request(type, flags, &m, sizeof(m));
}

#define LINK sizeof(struct ifinfomsg)

TEST(names)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK}, got;
	socklen_t n = sizeof(got);
	int first = nl_open(0), second, other;

	must(getsockname(first, (struct sockaddr *)&got, &n));
	ok(n == sizeof(got) && got.nl_family == AF_NETLINK, "the name is a sockaddr_nl");
	ok((pid_t)got.nl_pid == getpid(), "the first socket has the process' number");
	second = nl_open(0);
	must(getsockname(second, (struct sockaddr *)&got, &n));
	ok((pid_t)got.nl_pid != getpid() && got.nl_pid, "the second has another");
	other = must(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE));
	a.nl_pid = getpid();
	fails(bind(other, (struct sockaddr *)&a, sizeof(a)), EADDRINUSE, "a port that is taken");
	a.nl_pid = 77777777;
	ok(bind(other, (struct sockaddr *)&a, sizeof(a)) == 0, "a port of one's choice");
	a.nl_pid++;
	fails(bind(other, (struct sockaddr *)&a, sizeof(a)), EINVAL, "it stays");
	fails(bind(other, (struct sockaddr *)&a, 8), EINVAL, "a name that is too short");
	fails(socket(AF_NETLINK, SOCK_STREAM, 0), ESOCKTNOSUPPORT, "a type that is none");
	fails(socket(AF_NETLINK, SOCK_RAW, 31), EPROTONOSUPPORT, "a protocol that is none");
	fails(listen(first, 1), EOPNOTSUPP, "listen");
	fails(accept(first, NULL, NULL), EOPNOTSUPP, "accept");
}

TEST(link_dump)
{
	struct request r = link_request(RTM_GETLINK, NLM_F_DUMP, 0, 0);
	int fd = nl_open(0);
	bool done = false, lo = false, eight = true;

	ask(fd, &r);
	while (!done) {
		struct sockaddr_nl from;
		socklen_t length = sizeof(from);
		int n = recvfrom(fd, answer, sizeof(answer), 0, (struct sockaddr *)&from, &length);

		if (!ok(n > 0, "there is an answer"))
			return;
		ok(from.nl_pid == 0 && length == sizeof(from), "from the kernel");
		for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			const struct ifinfomsg *m = NLMSG_DATA(h);
			const struct rtattr *name = find(h, LINK, IFLA_IFNAME);

			eight &= h->nlmsg_seq == last_seq && h->nlmsg_flags & NLM_F_MULTI;
			if (h->nlmsg_type == NLMSG_DONE) {
				done = true;
			} else if (name && !strcmp(RTA_DATA(name), "lo")) {
				lo = true;
				ok(h->nlmsg_type == RTM_NEWLINK, "a link");
				ok(m->ifi_index == 1 && m->ifi_flags & IFF_LOOPBACK,
				   "the loopback");
				ok(*(int *)RTA_DATA(find(h, LINK, IFLA_MTU)) == 65536, "its MTU");
				ok(RTA_PAYLOAD(find(h, LINK, IFLA_ADDRESS)) == 6, "its address");
				ok(find(h, LINK, IFLA_STATS64) && find(h, LINK, IFLA_OPERSTATE),
				   "its state");
			}
		}
	}
	ok(eight, "all have the request's number");
	ok(lo, "the loopback is there");
}

TEST(link_get)
{
	struct request r = link_request(RTM_GETLINK, 0, 1, 0);
	const struct nlmsghdr *h = (void *)answer;
	const struct ifinfomsg *m = NLMSG_DATA(h);
	int fd = nl_open(0);

	ask(fd, &r);
	ok(receive(fd) > 0 && h->nlmsg_type == RTM_NEWLINK && m->ifi_index == 1, "by number");
	r = link_request(RTM_GETLINK, 0, 0, 0);
	add(&r, IFLA_IFNAME, "lo", 3);
	ask(fd, &r);
	ok(receive(fd) > 0 && h->nlmsg_type == RTM_NEWLINK && m->ifi_index == 1, "by name");
	ok(h->nlmsg_seq == last_seq && h->nlmsg_pid == (unsigned)getpid(), "the answer's header");
	r = link_request(RTM_GETLINK, 0, 4711, 0);
	is(verdict(fd, &r), ENODEV, "one that is none");
	ok(h->nlmsg_len >= NLMSG_LENGTH(4 + r.h.nlmsg_len), "an error carries the request");
	r = link_request(RTM_GETLINK, 0, 0, 0);
	is(verdict(fd, &r), EINVAL, "neither name nor number");
}

TEST(link_set)
{
	struct request r = link_request(RTM_NEWLINK, NLM_F_ACK, 1, IFF_UP);
	int fd = nl_open(0), mtu = 32768;
	const struct nlmsghdr *h = (void *)answer;

	is(verdict(fd, &r), 0, "up");
	ok(h->nlmsg_len == NLMSG_LENGTH(sizeof(struct nlmsgerr)), "a short acknowledgement");
	r = link_request(RTM_NEWLINK, NLM_F_ACK, 1, 0);
	add(&r, IFLA_MTU, &mtu, 4);
	is(verdict(fd, &r), 0, "an MTU");
	r = link_request(RTM_GETLINK, 0, 1, 0);
	ask(fd, &r);
	ok(receive(fd) > 0 && *(int *)RTA_DATA(find(h, LINK, IFLA_MTU)) == mtu, "it is set");
	mtu = 65536;
	r = link_request(RTM_SETLINK, NLM_F_ACK, 1, 0);
	add(&r, IFLA_MTU, &mtu, 4);
	is(verdict(fd, &r), 0, "and back");
	r = link_request(RTM_NEWLINK, NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE, 1, 0);
	is(verdict(fd, &r), EEXIST, "one that exists");
	if (getuid() == 0) {
		must(setuid(1000));
		r = link_request(RTM_NEWLINK, NLM_F_ACK, 1, IFF_UP);
		fd = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
		is(verdict(fd, &r), EPERM, "not for everybody");
	}
}

/* A socket that somebody else has connected, left to a privileged program as a descriptor. */
TEST(confused_deputy)
{
	struct request r = link_request(RTM_NEWLINK, NLM_F_ACK, 1, IFF_UP);
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	const struct nlmsghdr *h = (void *)answer;
	const struct nlmsgerr *e = NLMSG_DATA(h);
	int fd;

	if (getuid() != 0)
		return;
	must(seteuid(1000));
	fd = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	must(connect(fd, (struct sockaddr *)&kernel, sizeof(kernel)));
	must(seteuid(0));
	must((int)write(fd, &r, r.h.nlmsg_len));
	ok(receive(fd) > 0 && h->nlmsg_type == NLMSG_ERROR, "a write is answered");
	is(-e->error, EPERM, "but not as an order");
	must((int)sendto(fd, &r, r.h.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)));
	ok(receive(fd) > 0 && h->nlmsg_type == NLMSG_ERROR, "who names the kernel is answered");
	is(e->error, 0, "and obeyed");
}

TEST(groups)
{
	struct request r = link_request(RTM_NEWLINK, NLM_F_ACK, 1, 0);
	int fd = nl_open(0), listener = nl_open(0), group = RTNLGRP_LINK, mtu = 60000, one = 1;
	struct pollfd p = {listener, POLLIN, 0};
	const struct nlmsghdr *h = (void *)answer;

	must(setsockopt(listener, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)));
	must(setsockopt(listener, SOL_NETLINK, NETLINK_PKTINFO, &one, sizeof(one)));
	add(&r, IFLA_MTU, &mtu, 4);
	is(verdict(fd, &r), 0, "a change");
	ok(poll(&p, 1, 5000) == 1, "is told");
	ok(receive(listener) > 0 && h->nlmsg_type == RTM_NEWLINK && !h->nlmsg_pid, "as a link");
	ok(*(int *)RTA_DATA(find(h, LINK, IFLA_MTU)) == mtu, "as it is now");
	while (poll(&p, 1, 100) == 1)
		receive(listener);
	must(setsockopt(listener, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &group, sizeof(group)));
	mtu = 65536;
	r = link_request(RTM_NEWLINK, NLM_F_ACK, 1, 0);
	add(&r, IFLA_MTU, &mtu, 4);
	is(verdict(fd, &r), 0, "another change");
	ok(poll(&p, 1, 200) == 0, "is not told to who left");
	group = 0;
	fails(setsockopt(listener, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)),
		 EINVAL, "no group 0");
}

TEST(bad_requests)
{
	struct request r = link_request(RTM_GETLINK, NLM_F_ACK, 0, 0);
	struct sockaddr_nl peer = {.nl_family = AF_NETLINK, .nl_pid = 1 << 30};
	int fd = nl_open(0);

	r.h.nlmsg_type = 200;
	is(verdict(fd, &r), EOPNOTSUPP, "a type that is none");
	r.h.nlmsg_type = NLMSG_NOOP;
	is(verdict(fd, &r), 0, "nothing, acknowledged");
	r = link_request(RTM_GETLINK, NLM_F_ACK, 0, 0);
	r.h.nlmsg_len = 1000;
	must(send(fd, &r, sizeof(r.h) + LINK, 0));
	ok(recv(fd, answer, sizeof(answer), MSG_DONTWAIT) < 0 && errno == EAGAIN,
	      "a length beyond the end is not answered");
	r.h.nlmsg_len = 3;
	must(send(fd, &r, sizeof(r.h) + LINK, 0));
	ok(recv(fd, answer, sizeof(answer), MSG_DONTWAIT) < 0 && errno == EAGAIN,
	      "nor one below the header's");
	fails(sendto(fd, &r, sizeof(r), 0, (struct sockaddr *)&peer, sizeof(peer)), ECONNREFUSED,
		 "a port that nobody has");
	fails(send(fd, (void *)8, 100, 0), EFAULT, "a bad pointer");
	fails(send(fd, &r, 10, MSG_OOB), EOPNOTSUPP, "out of band");
}

TEST(peek)
{
	struct request r = link_request(RTM_GETLINK, 0, 1, 0);
	int fd = nl_open(0);
	ssize_t n;

	ask(fd, &r);
	n = recv(fd, answer, 10, MSG_PEEK | MSG_TRUNC);
	ok(n > 100, "the length of what is there");
	is(recv(fd, answer, 10, MSG_PEEK), 10, "as much as fits");
	is(receive(fd), n, "all of it");
}

TEST(programs)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_pid = 4242, .nl_groups = 1 << 4}, from;
	int one = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK));
	int two = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK));
	socklen_t n = sizeof(from);
	char b[16];

	must(bind(one, (struct sockaddr *)&a, sizeof(a)));
	a.nl_groups = 0;
	must(connect(two, (struct sockaddr *)&a, sizeof(a)));
	is(send(two, "hello", 5, 0), 5, "to another program");
	is(recvfrom(one, b, sizeof(b), 0, (struct sockaddr *)&from, &n), 5, "arrives");
	ok(!memcmp(b, "hello", 5) && from.nl_pid, "with the sender's name");
	a.nl_pid = 0;
	a.nl_groups = 1 << 4;
	fails(sendto(two, "all", 3, 0, (struct sockaddr *)&a, sizeof(a)), ECONNREFUSED,
	      "to a group and the kernel, which does not take it");
	n = sizeof(from);
	is(recvfrom(one, b, sizeof(b), 0, (struct sockaddr *)&from, &n), 3, "arrives at the group");
	ok(from.nl_groups == 1 << 4, "with the group's");
}

/* Who reads too slowly is told so first, and then goes on with what there is. */
TEST(overrun)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = 1 << 5};
	int one = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK));
	int two = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK));
	int size = 1, n = 0;
	char b[1000] = "";

	must(bind(one, (struct sockaddr *)&a, sizeof(a)));
	must(setsockopt(one, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	for (int i = 0; i < 100; i++)
		sendto(two, b, sizeof(b), 0, (struct sockaddr *)&a, sizeof(a));
	fails(recv(one, b, sizeof(b), MSG_DONTWAIT), ENOBUFS, "something was lost");
	while (recv(one, b, sizeof(b), MSG_DONTWAIT) == sizeof(b))
		n++;
	is(errno, EAGAIN, "not told twice");
	ok(n > 0 && n < 100, "some have arrived");
	sendto(two, b, sizeof(b), 0, (struct sockaddr *)&a, sizeof(a));
	is(recv(one, b, sizeof(b), MSG_DONTWAIT), sizeof(b), "what comes then");
}
