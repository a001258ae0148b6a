/* Questions about sockets over NETLINK_SOCK_DIAG (sock_diag(7)). */
#include "nl.h"
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/un.h>

#define MSG sizeof(struct inet_diag_msg)

static int fd;
static struct nlmsghdr *const h = (void *)answer;

static void open_diag(void)
{
	struct timeval limit = {5, 0};
	struct ifreq lo = {.ifr_name = "lo"};
	int s = must(socket(AF_INET, SOCK_DGRAM, 0));

	must(ioctl(s, SIOCGIFFLAGS, &lo));
	lo.ifr_flags |= IFF_UP;
	must(ioctl(s, SIOCSIFFLAGS, &lo));
	close(s);
	fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
}

static struct sockaddr_in name_of(int s, bool peer)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	must((peer ? getpeername : getsockname)(s, (struct sockaddr *)&a, &n));
	return a;
}

static int inet_socket_of(int type, int protocol)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int s = must(socket(AF_INET, type, protocol));

	must(bind(s, (struct sockaddr *)&a, sizeof(a)));
	return s;
}

static int inet_socket(int type)
{
	return inet_socket_of(type, 0);
}

static struct request inet_request(int flags, int protocol, unsigned states)
{
	struct inet_diag_req_v2 q = {.sdiag_family = AF_INET, .sdiag_protocol = protocol,
				     .idiag_states = states, .idiag_ext = 0xff};

	q.id.idiag_cookie[0] = q.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return request(SOCK_DIAG_BY_FAMILY, flags, &q, sizeof(q));
}

static uint64_t cookie_of(int s)
{
	uint64_t cookie;
	socklen_t n = sizeof(cookie);

	must(getsockopt(s, SOL_SOCKET, SO_COOKIE, &cookie, &n));
	return cookie;
}

static unsigned inode_of(int s)
{
	struct stat st;

	must(fstat(s, &st));
	return st.st_ino;
}

static struct inet_diag_msg wanted; /* ports, inode, state */

static bool is_wanted(const struct nlmsghdr *got)
{
	const struct inet_diag_msg *m = NLMSG_DATA(got);

	return m->id.idiag_sport == wanted.id.idiag_sport &&
	       m->id.idiag_dport == wanted.id.idiag_dport &&
	       m->idiag_state == wanted.idiag_state && m->idiag_inode == wanted.idiag_inode &&
	       m->idiag_family == AF_INET && m->idiag_uid == getuid() &&
	       m->id.idiag_src[0] == htonl(INADDR_LOOPBACK);
}

static void want(int s, int state, bool connected)
{
	wanted = (struct inet_diag_msg){.idiag_state = state, .idiag_inode = inode_of(s)};
	wanted.id.idiag_sport = name_of(s, false).sin_port;
	wanted.id.idiag_dport = connected ? name_of(s, true).sin_port : 0;
}

/* Two ends of a connection, and its listener. */
static void connection(int *l, int *a, int *b)
{
	struct sockaddr_in to;

	*l = inet_socket(SOCK_STREAM);
	must(listen(*l, 7));
	to = name_of(*l, false);
	*a = must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(*a, (struct sockaddr *)&to, sizeof(to)));
	*b = must(accept(*l, NULL, NULL));
}

TEST(tcp_dump)
{
	struct request r;
	int l, a, b;

	open_diag();
	connection(&l, &a, &b);
	must(write(a, "12345", 5));
	r = inet_request(NLM_F_DUMP, IPPROTO_TCP, ~0u);
	want(l, TCP_LISTEN, false);
	is(dump(fd, &r, is_wanted), 1, "the listener");
	want(a, TCP_ESTABLISHED, true);
	is(dump(fd, &r, is_wanted), 1, "one end");
	want(b, TCP_ESTABLISHED, true);
	is(dump(fd, &r, is_wanted), 1, "the other");
	r = inet_request(NLM_F_DUMP, IPPROTO_TCP, 1 << TCP_LISTEN);
	is(dump(fd, &r, is_wanted), 0, "which is not asked for");
	r = inet_request(NLM_F_DUMP, IPPROTO_TCP, 1 << TCP_ESTABLISHED);
	((struct inet_diag_req_v2 *)r.payload)->id.idiag_dport = wanted.id.idiag_dport;
	is(dump(fd, &r, is_wanted), 1, "by its peer's port");
	((struct inet_diag_req_v2 *)r.payload)->id.idiag_dport ^= 1;
	is(dump(fd, &r, is_wanted), 0, "by another");
}

TEST(tcp_time_wait)
{
	struct inet_diag_req_v2 *q;
	struct inet_diag_msg *m = NLMSG_DATA(h);
	struct request r;
	int l, a, b, found = 0;
	uint64_t cookie;
	char c;

	open_diag();
	connection(&l, &a, &b);
	want(a, TCP_TIME_WAIT, true);
	wanted.idiag_inode = 0;
	cookie = cookie_of(a);
	must(shutdown(a, SHUT_WR));
	is(read(b, &c, 1), 0, "end of file");
	must(close(b));
	r = inet_request(NLM_F_DUMP, IPPROTO_TCP, 1 << TCP_TIME_WAIT);
	for (int i = 0; i < 100 && !found; i++) {
		found = dump(fd, &r, is_wanted);
		tap_sleep_ms(10);
	}
	is(found, 1, "in TIME-WAIT");
	r = inet_request(NLM_F_DUMP, IPPROTO_TCP, 1 << TCP_ESTABLISHED);
	is(dump(fd, &r, is_wanted), 0, "which is not asked for");
	r = inet_request(0, IPPROTO_TCP, ~0u);
	q = (void *)r.payload;
	q->id.idiag_sport = wanted.id.idiag_sport;
	q->id.idiag_dport = wanted.id.idiag_dport;
	q->id.idiag_src[0] = q->id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
	ask(fd, &r);
	if (!ok(receive(fd) > 0 && h->nlmsg_type == SOCK_DIAG_BY_FAMILY, "by its ends"))
		return;
	ok(is_wanted(h) && m->idiag_timer == 3 && m->idiag_expires > 0, "state and timer");
	ok(m->id.idiag_cookie[0] == (uint32_t)cookie && m->id.idiag_cookie[1] == cookie >> 32,
	   "the socket's cookie");
}

TEST(tcp_one)
{
	struct request r;
	struct inet_diag_req_v2 *q = (void *)r.payload;
	const struct inet_diag_msg *m = NLMSG_DATA(h);
	const struct rtattr *info;
	int l, a, b;
	uint64_t cookie;

	open_diag();
	connection(&l, &a, &b);
	must(write(a, "12345", 5));
	cookie = cookie_of(b);
	r = inet_request(0, IPPROTO_TCP, ~0u);
	q->id.idiag_sport = name_of(b, false).sin_port;
	q->id.idiag_dport = name_of(b, true).sin_port;
	q->id.idiag_src[0] = q->id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
	ask(fd, &r);
	if (!ok(receive(fd) > 0 && h->nlmsg_type == SOCK_DIAG_BY_FAMILY, "the connection"))
		return;
	ok(h->nlmsg_seq == last_seq && !(h->nlmsg_flags & NLM_F_MULTI), "one answer");
	is(m->idiag_inode, inode_of(b), "its inode");
	is(m->idiag_rqueue, 5, "bytes to be read");
	ok(m->id.idiag_cookie[0] == (uint32_t)cookie && m->id.idiag_cookie[1] == cookie >> 32,
	   "its cookie");
	info = find(h, MSG, INET_DIAG_INFO);
	ok(info && ((struct tcp_info *)RTA_DATA(info))->tcpi_state == TCP_ESTABLISHED, "TCP_INFO");
	ok(find(h, MSG, INET_DIAG_CONG) && find(h, MSG, INET_DIAG_SKMEMINFO) &&
	   find(h, MSG, INET_DIAG_SHUTDOWN), "and more");
	q->id.idiag_cookie[0] = cookie;
	q->id.idiag_cookie[1] = cookie >> 32;
	ask(fd, &r);
	ok(receive(fd) > 0 && h->nlmsg_type == SOCK_DIAG_BY_FAMILY, "with its cookie");
	q->id.idiag_cookie[0]++;
	is(verdict(fd, &r), ENOENT, "with another's");
	q->id.idiag_dport = htons(1);
	q->id.idiag_cookie[0] = cookie_of(l);
	q->id.idiag_cookie[1] = cookie_of(l) >> 32;
	ask(fd, &r);
	ok(receive(fd) > 0 && h->nlmsg_type == SOCK_DIAG_BY_FAMILY && m->idiag_state == TCP_LISTEN,
	   "whom a packet of nobody is for: the listener");
	is(m->idiag_wqueue, 7, "its backlog");
	q->id.idiag_sport = htons(1);
	is(verdict(fd, &r), ENOENT, "nobody");
}

TEST(filters)
{
	struct { struct inet_diag_bc_op op[2]; } port = {{{INET_DIAG_BC_S_EQ, 8, 12}, {0}}};
	struct request r;
	int l, a, b;

	open_diag();
	connection(&l, &a, &b);
	want(b, TCP_ESTABLISHED, true);
	port.op[1].no = ntohs(wanted.id.idiag_sport);
	r = inet_request(NLM_F_DUMP, IPPROTO_TCP, ~0u);
	add(&r, INET_DIAG_REQ_BYTECODE, &port, sizeof(port));
	is(dump(fd, &r, is_wanted), 1, "by its port");
	port.op[1].no ^= 1;
	r = inet_request(NLM_F_DUMP, IPPROTO_TCP, ~0u);
	add(&r, INET_DIAG_REQ_BYTECODE, &port, sizeof(port));
	is(dump(fd, &r, is_wanted), 0, "by another");
	port.op[0].yes = 0;
	r = inet_request(NLM_F_DUMP | NLM_F_ACK, IPPROTO_TCP, ~0u);
	add(&r, INET_DIAG_REQ_BYTECODE, &port, sizeof(port));
	is(verdict(fd, &r), EINVAL, "no filter");
}

TEST(udp)
{
	struct sockaddr_in to;
	struct request r;
	int a, b;

	open_diag();
	a = inet_socket(SOCK_DGRAM);
	b = inet_socket(SOCK_DGRAM);
	to = name_of(a, false);
	must(connect(b, (struct sockaddr *)&to, sizeof(to)));
	r = inet_request(NLM_F_DUMP, IPPROTO_UDP, ~0u);
	want(a, TCP_CLOSE, false);
	is(dump(fd, &r, is_wanted), 1, "one that is not connected");
	want(b, TCP_ESTABLISHED, true);
	is(dump(fd, &r, is_wanted), 1, "one that is");
	close(b);
	is(dump(fd, &r, is_wanted), 0, "it is closed");
}

TEST(udplite)
{
	struct request r;
	int a;

	open_diag();
	a = inet_socket_of(SOCK_DGRAM, IPPROTO_UDPLITE);
	want(a, TCP_CLOSE, false);
	r = inet_request(NLM_F_DUMP, IPPROTO_UDPLITE, ~0u);
	is(dump(fd, &r, is_wanted), 1, "one of UDP-Lite");
	r = inet_request(NLM_F_DUMP, IPPROTO_UDP, ~0u);
	is(dump(fd, &r, is_wanted), 0, "which is none of UDP");
}

/* More than one message's worth. */
TEST(many)
{
	static int all[200];
	struct request r;
	int found = 0;

	open_diag();
	for (unsigned i = 0; i < 200; i++)
		all[i] = inet_socket(SOCK_DGRAM);
	r = inet_request(NLM_F_DUMP, IPPROTO_UDP, 1 << TCP_CLOSE);
	for (unsigned i = 0; i < 200; i += 20) {
		want(all[i], TCP_CLOSE, false);
		found += dump(fd, &r, is_wanted);
	}
	is(found, 10, "each is told once");
}

static unsigned unix_inode, unix_peer;
static const char *unix_name;
static int unix_state;

static bool is_unix(const struct nlmsghdr *got)
{
	const struct unix_diag_msg *m = NLMSG_DATA(got);
	const struct rtattr *name = find(got, sizeof(*m), UNIX_DIAG_NAME);

	if (m->udiag_ino != unix_inode || m->udiag_family != AF_UNIX ||
	    m->udiag_type != SOCK_STREAM || m->udiag_state != unix_state)
		return false;
	if (unix_peer && find32(got, sizeof(*m), UNIX_DIAG_PEER) != unix_peer)
		return false;
	return !unix_name || (name && !strncmp(RTA_DATA(name), unix_name, RTA_PAYLOAD(name)) &&
			      find(got, sizeof(*m), UNIX_DIAG_VFS));
}

TEST(local)
{
	struct unix_diag_req q = {.sdiag_family = AF_UNIX, .udiag_states = ~0u,
				  .udiag_show = 0x7f};
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "diag-socket"};
	const struct unix_diag_msg *m = NLMSG_DATA(h);
	struct request r = request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, sizeof(q));
	const struct rtattr *length;
	int pair[2], l, c;

	open_diag();
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	unix_inode = inode_of(pair[0]);
	unix_peer = inode_of(pair[1]);
	unix_state = TCP_ESTABLISHED;
	is(dump(fd, &r, is_unix), 1, "one of a pair, and whose it is");
	l = must(socket(AF_UNIX, SOCK_STREAM, 0));
	unlink(a.sun_path);
	must(bind(l, (struct sockaddr *)&a, sizeof(a)));
	must(listen(l, 9));
	c = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(c, (struct sockaddr *)&a, sizeof(a)));
	unix_inode = inode_of(l);
	unix_peer = 0;
	unix_state = TCP_LISTEN;
	unix_name = a.sun_path;
	is(dump(fd, &r, is_unix), 1, "a listener by name");
	q.udiag_ino = unix_inode;
	q.udiag_cookie[0] = q.udiag_cookie[1] = ~0u;
	r = request(SOCK_DIAG_BY_FAMILY, 0, &q, sizeof(q));
	ask(fd, &r);
	ok(receive(fd) > 0 && is_unix(h), "alone");
	length = find(h, sizeof(*m), UNIX_DIAG_RQLEN);
	ok(length && ((struct unix_diag_rqlen *)RTA_DATA(length))->udiag_rqueue == 1 &&
	   ((struct unix_diag_rqlen *)RTA_DATA(length))->udiag_wqueue == 9, "who waits there");
	is(find32(h, sizeof(*m), UNIX_DIAG_ICONS), inode_of(c), "and who that is");
	q.udiag_cookie[0] = 1;
	r = request(SOCK_DIAG_BY_FAMILY, 0, &q, sizeof(q));
	is(verdict(fd, &r), ESTALE, "with another's cookie");
	q.udiag_ino = 0;
	r = request(SOCK_DIAG_BY_FAMILY, 0, &q, sizeof(q));
	is(verdict(fd, &r), EINVAL, "none at all");
	unlink(a.sun_path);
}

static unsigned packet_inode;

static bool is_packet(const struct nlmsghdr *got)
{
	const struct packet_diag_msg *m = NLMSG_DATA(got);
	const struct rtattr *info = find(got, sizeof(*m), PACKET_DIAG_INFO);

	return m->pdiag_ino == packet_inode && m->pdiag_family == AF_PACKET &&
	       m->pdiag_type == SOCK_DGRAM && m->pdiag_num == ETH_P_ARP && info &&
	       ((struct packet_diag_info *)RTA_DATA(info))->pdi_index == 1;
}

TEST(packets)
{
	struct packet_diag_req q = {.sdiag_family = AF_PACKET, .pdiag_show = PACKET_SHOW_INFO};
	struct sockaddr_ll a = {.sll_family = AF_PACKET, .sll_ifindex = 1,
				.sll_protocol = htons(ETH_P_ARP)};
	struct request r = request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, sizeof(q));
	int s = must(socket(AF_PACKET, SOCK_DGRAM, 0));

	open_diag();
	must(bind(s, (struct sockaddr *)&a, sizeof(a)));
	packet_inode = inode_of(s);
	is(dump(fd, &r, is_packet), 1, "what it is bound to");
	close(s);
	is(dump(fd, &r, is_packet), 0, "it is closed");
}

static uint32_t netlink_inode;

static bool is_netlink(const struct nlmsghdr *m)
{
	const struct netlink_diag_msg *d = NLMSG_DATA(m);

	return d->ndiag_ino == netlink_inode && d->ndiag_family == AF_NETLINK &&
	       d->ndiag_protocol == NETLINK_ROUTE && d->ndiag_portid &&
	       find(m, sizeof(*d), NETLINK_DIAG_GROUPS) &&
	       find(m, sizeof(*d), NETLINK_DIAG_MEMINFO);
}

TEST(netlink)
{
	struct netlink_diag_req q = {.sdiag_family = AF_NETLINK,
				     .sdiag_protocol = NDIAG_PROTO_ALL,
				     .ndiag_show = NDIAG_SHOW_MEMINFO | NDIAG_SHOW_GROUPS};
	struct request r = request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, sizeof(q));
	char line[200];
	int s = nl_open(RTMGRP_LINK), found = 0;
	FILE *f;

	open_diag();
	netlink_inode = inode_of(s);
	/* Linux tells of members of groups twice. */
	ok(dump(fd, &r, is_netlink) >= 1, "all protocols");
	q.sdiag_protocol = NETLINK_ROUTE;
	r = request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, sizeof(q));
	ok(dump(fd, &r, is_netlink) >= 1, "its protocol");
	q.sdiag_protocol = NETLINK_SOCK_DIAG;
	r = request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, sizeof(q));
	is(dump(fd, &r, is_netlink), 0, "another");
	f = fopen("/proc/net/netlink", "r");
	if (!ok(f && fgets(line, sizeof(line), f), "/proc/net/netlink"))
		return;
	ok(!strncmp(line, "sk               Eth Pid ", 25), "its head");
	while (fgets(line, sizeof(line), f)) {
		unsigned protocol, groups;
		unsigned long inode = 0;

		found += sscanf(line, "%*s %u %*u %x %*u %*u %*u %*u %*u %lu", &protocol, &groups,
				&inode) == 3 && inode == netlink_inode &&
			 protocol == NETLINK_ROUTE && groups == RTMGRP_LINK;
	}
	is(found, 1, "its line");
	fclose(f);
}

/* SOCK_DESTROY of the socket with these ends. */
static int destroy(int protocol, int s, bool connected)
{
	struct request r = inet_request(NLM_F_ACK, protocol, ~0u);
	struct inet_diag_req_v2 *q = (void *)r.payload;

	r.h.nlmsg_type = SOCK_DESTROY;
	q->id.idiag_sport = name_of(s, false).sin_port;
	q->id.idiag_src[0] = htonl(INADDR_LOOPBACK);
	if (connected) {
		q->id.idiag_dport = name_of(s, true).sin_port;
		q->id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
	}
	return verdict(fd, &r);
}

static int error_of(int s)
{
	int v = -1;
	socklen_t n = sizeof(v);

	must(getsockopt(s, SOL_SOCKET, SO_ERROR, &v, &n));
	return v;
}

TEST(destroyed)
{
	struct sockaddr_in to;
	struct pollfd p;
	char c;
	int l, a, b, u, v;

	open_diag();
	connection(&l, &a, &b);
	is(destroy(IPPROTO_TCP, b, true), 0, "a connection");
	p = (struct pollfd){.fd = b, .events = POLLIN};
	ok(poll(&p, 1, 0) == 1 && p.revents & POLLERR, "poll tells of it");
	fails(read(b, &c, 1), ECONNABORTED, "who has it is told");
	fails(read(a, &c, 1), ECONNRESET, "so is the other end");
	is(destroy(IPPROTO_TCP, l, false), 0, "a listener");
	fails(accept(l, NULL, NULL), EINVAL, "it listens no more");
	is(error_of(l), ECONNABORTED, "its error");
	u = inet_socket(SOCK_DGRAM);
	v = inet_socket(SOCK_DGRAM);
	to = name_of(v, false);
	must(connect(u, (struct sockaddr *)&to, sizeof(to)));
	is(destroy(IPPROTO_UDP, u, true), 0, "a datagram socket");
	is(error_of(u), ECONNABORTED, "its error");
	fails(send(u, "x", 1, 0), EDESTADDRREQ, "it has no peer any more");
}

static int as_user(void)
{
	int l, a, b;

	connection(&l, &a, &b);
	is(destroy(IPPROTO_TCP, b, true), EPERM, "not for everybody");
	return 0;
}

TEST(destroyed_by_others)
{
	struct request r = inet_request(NLM_F_ACK, IPPROTO_TCP, ~0u);
	pid_t pid;

	open_diag();
	r.h.nlmsg_type = SOCK_DESTROY;
	is(verdict(fd, &r), ENOENT, "nobody");
	((struct inet_diag_req_v2 *)r.payload)->sdiag_family = AF_UNIX;
	is(verdict(fd, &r), EOPNOTSUPP, "of a family that is not ended so");
	pid = must(fork());
	if (!pid) {
		must(setuid(1000));
		_exit(as_user());
	}
	exits(pid, 0, "the user");
}

TEST(wrong)
{
	struct inet_diag_req_v2 q = {.sdiag_family = AF_INET, .sdiag_protocol = 250};
	struct request r;

	open_diag();
	r = request(SOCK_DIAG_BY_FAMILY, NLM_F_ACK, &q, 1);
	is(verdict(fd, &r), EINVAL, "too short");
	r = request(SOCK_DIAG_BY_FAMILY, NLM_F_ACK, &q, 20);
	is(verdict(fd, &r), EINVAL, "still too short");
	q.sdiag_family = 200;
	r = request(SOCK_DIAG_BY_FAMILY, NLM_F_ACK, &q, sizeof(q));
	is(verdict(fd, &r), EINVAL, "a family that is none");
	r = request(77, NLM_F_ACK, &q, sizeof(q));
	is(verdict(fd, &r), EINVAL, "a question that is none");
	q.sdiag_family = AF_INET;
	r = request(SOCK_DIAG_BY_FAMILY, NLM_F_ACK, &q, sizeof(q));
	is(verdict(fd, &r), ENOENT, "a protocol that is none");
}

TEST(rules)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK};
	struct rtgenmsg all = {.rtgen_family = AF_INET};
	struct request r = request(RTM_GETRULE, NLM_F_DUMP, &all, sizeof(all));
	bool seen[256] = {false};
	int n = 0, count = 0;

	fd = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	must(bind(fd, (struct sockaddr *)&a, sizeof(a)));
	ask(fd, &r);
	for (bool done = false; !done;) {
		n = must(receive(fd));
		for (struct nlmsghdr *m = h; NLMSG_OK(m, n); m = NLMSG_NEXT(m, n)) {
			done = m->nlmsg_type == NLMSG_DONE;
			if (m->nlmsg_type == RTM_NEWRULE) {
				seen[find32(m, 12, 15 /* FRA_TABLE */) & 255] = true;
				count++;
			}
		}
	}
	ok(count == 3 && seen[RT_TABLE_LOCAL] && seen[RT_TABLE_MAIN] && seen[RT_TABLE_DEFAULT],
	   "local, main and default");
}
