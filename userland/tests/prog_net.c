/*
 * The two ends of system tests of the network, for either kernel; the test image has it as
 * /usr/lib/skerry-tests/net. ADDRESS is IPv4 or IPv6.
 *
 *   net sink PORT                     takes one connection to its end
 *   net source ADDRESS PORT KIB SEED  sends a stream made of the seed, and waits for the end
 *   net echo PORT                     sends back what comes on any number of connections; one whose
 *                                     first byte is C is closed after that
 *   net many ADDRESS PORT N ROUNDS    N connections to an echo at once, a message each per round
 *   net churn ADDRESS PORT N WHO      N short connections, CHURN_WINDOW at a time, closed first by
 *                                     `client` or by `server`
 *   net flood ADDRESS N BYTES         N echo requests of ICMP, many on their way at once
 *
 *   net path ADDRESS                  the mtu of the way there, as far as it is known
 *   net device NAME                   the counters of an interface's device: NAME=N each
 *   net links SECONDS                 tells what becomes of interfaces: NAME up=N carrier=N
 *
 * Each but the last prints one line of `name=value`. Streams are told by their length and a sum
 * over all bytes in order. Ends with 1 and a message if anything is not as it should be.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 65536, MESSAGE = 1000, FLOOD_WINDOW = 50, CHURN_WINDOW = 16 };

static _Noreturn void die(const char *what)
{
	printf("net: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int must(int result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- addresses ---------------------------------------------------------------------------- */

union name {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

static socklen_t name_of(const char *address, int port, union name *name)
{
	memset(name, 0, sizeof(*name));
	if (inet_pton(AF_INET, address, &name->in4.sin_addr) == 1) {
		name->in4.sin_family = AF_INET;
		name->in4.sin_port = htons((uint16_t)port);
		return sizeof(name->in4);
	}
	if (inet_pton(AF_INET6, address, &name->in6.sin6_addr) != 1)
		die(address);
	name->in6.sin6_family = AF_INET6;
	name->in6.sin6_port = htons((uint16_t)port);
	return sizeof(name->in6);
}

/* A listener for both versions, or for IPv4 where there is no other. */
static int listener(const char *port)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0), on = 1;
	union name name;
	socklen_t n;

	n = name_of(fd < 0 ? "0.0.0.0" : "::", atoi(port), &name);
	if (fd < 0)
		fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
	must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), "SO_REUSEADDR");
	must(bind(fd, &name.any, n), "bind");
	must(listen(fd, 4096), "listen");
	return fd;
}

static int connected(const char *address, const char *port)
{
	union name name;
	socklen_t n = name_of(address, atoi(port), &name);
	int fd = must(socket(name.any.sa_family, SOCK_STREAM, 0), "socket");

	must(connect(fd, &name.any, n), "connect");
	return fd;
}

/* ---- one long stream ------------------------------------------------------------------------ */

/* A sum in which every byte and its place count. */
static uint64_t sum_block(uint64_t sum, const void *data, size_t n)
{
	const unsigned char *p = data;
	uint64_t w;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&w, p, 8);
		sum = (sum ^ w) * 0x100000001b3ull;
		sum ^= sum >> 29;
	}
	while (n--)
		sum = (sum ^ *p++) * 0x100000001b3ull;
	return sum;
}

static void fill_block(uint64_t *state, void *data)
{
	uint64_t *p = data;

	for (int i = 0; i < BLOCK / 8; i++) {
		*state ^= *state << 13;
		*state ^= *state >> 7;
		*state ^= *state << 17;
		p[i] = *state;
	}
}

static void told(uint64_t bytes, uint64_t sum, uint64_t us, int fd)
{
	struct tcp_info info = {0};
	socklen_t n = sizeof(info);

	(void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n);
	printf("bytes=%llu sum=%016llx ms=%llu again=%u\n", (unsigned long long)bytes,
	       (unsigned long long)sum, (unsigned long long)us / 1000, info.tcpi_total_retrans);
}

static int sink(char **argv)
{
	static _Alignas(8) unsigned char block[BLOCK];
	int fd = must(accept(listener(argv[0]), NULL, NULL), "accept");
	uint64_t bytes = 0, sum = 0, start = now_us();
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, block + have, BLOCK - have)) > 0) {
		have += (size_t)n;
		bytes += (uint64_t)n;
		if (have == BLOCK) {
			sum = sum_block(sum, block, BLOCK);
			have = 0;
		}
	}
	must((int)n, "read");
	sum = sum_block(sum, block, have);
	told(bytes, sum, now_us() - start, fd);
	return 0;
}

static int source(char **argv)
{
	static _Alignas(8) unsigned char block[BLOCK];
	uint64_t left = strtoull(argv[2], NULL, 0) << 10, state = strtoull(argv[3], NULL, 0) | 1;
	uint64_t bytes = 0, sum = 0, start;
	int fd = connected(argv[0], argv[1]);

	start = now_us();
	while (left) {
		size_t n = left < BLOCK ? left : BLOCK, done = 0;

		fill_block(&state, block);
		sum = sum_block(sum, block, n);
		while (done < n)
			done += (size_t)must((int)write(fd, block + done, n - done), "write");
		left -= n;
		bytes += n;
	}
	must(shutdown(fd, SHUT_WR), "shutdown");
	/* The other side closes when it has everything. */
	must((int)read(fd, block, 1), "read");
	told(bytes, sum, now_us() - start, fd);
	return 0;
}

/* ---- many short ones ------------------------------------------------------------------------ */

static void want_files(rlim_t n)
{
	struct rlimit limit = {n, n};

	must(setrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
}

/* What came on a connection goes back. Messages are short: nobody waits here for long. */
static void answer(int fd)
{
	char data[4096];
	ssize_t n = read(fd, data, sizeof(data)), done = 0;

	while (done < n) {
		ssize_t m = write(fd, data + done, (size_t)(n - done));

		if (m <= 0)
			break;
		done += m;
	}
	if (n <= 0 || data[0] == 'C')
		close(fd);
}

static int echo(char **argv)
{
	struct epoll_event e = {.events = EPOLLIN}, got[64];
	int l = listener(argv[0]), ep = must(epoll_create1(0), "epoll"), n;

	want_files(4096);
	must(fcntl(l, F_SETFL, O_NONBLOCK), "O_NONBLOCK");
	e.data.fd = l;
	must(epoll_ctl(ep, EPOLL_CTL_ADD, l, &e), "epoll_ctl");
	while ((n = epoll_wait(ep, got, 64, -1)) > 0) {
		for (int i = 0; i < n; i++) {
			if (got[i].data.fd != l) {
				answer(got[i].data.fd);
				continue;
			}
			while ((e.data.fd = accept(l, NULL, NULL)) >= 0)
				must(epoll_ctl(ep, EPOLL_CTL_ADD, e.data.fd, &e), "epoll_ctl");
		}
	}
	die("epoll_wait");
}

/* Sends a message that depends on its numbers, and checks what comes back. */
static void message(char *data, int i, int round)
{
	uint64_t state = ((uint64_t)i << 32 | (uint32_t)round) * 0x9e3779b97f4a7c15ull | 1;

	data[0] = 'K';
	for (int at = 1; at < MESSAGE; at++) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		data[at] = (char)(state >> 56);
	}
}

static void expect_back(int fd, const char *data, size_t length)
{
	char back[MESSAGE];
	size_t have = 0;

	while (have < length) {
		int n = must((int)read(fd, back + have, length - have), "read");

		if (!n) {
			errno = ECONNRESET;
			die("the other side ends");
		}
		have += (size_t)n;
	}
	if (memcmp(back, data, length)) {
		errno = EBADMSG;
		die("another message came back");
	}
}

static int many(char **argv)
{
	int count = atoi(argv[2]), rounds = atoi(argv[3]), *fd = calloc((size_t)count, sizeof(int));
	char data[MESSAGE];
	uint64_t start = now_us();
	union name name;
	socklen_t n = name_of(argv[0], atoi(argv[1]), &name);

	want_files((rlim_t)count + 100);
	for (int i = 0; i < count; i++) {
		fd[i] = must(socket(name.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
		if (connect(fd[i], &name.any, n) < 0 && errno != EINPROGRESS)
			die("connect");
	}
	for (int i = 0; i < count; i++) {
		struct pollfd p = {.fd = fd[i], .events = POLLOUT};
		socklen_t length = sizeof(errno);

		must(poll(&p, 1, 120000), "poll");
		must(getsockopt(fd[i], SOL_SOCKET, SO_ERROR, &errno, &length), "SO_ERROR");
		if (errno)
			die("connect");
		must(fcntl(fd[i], F_SETFL, 0), "F_SETFL");
	}
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < count; i++) {
			message(data, i, round);
			if (write(fd[i], data, MESSAGE) != MESSAGE)
				die("write");
		}
		for (int i = 0; i < count; i++) {
			message(data, i, round);
			expect_back(fd[i], data, MESSAGE);
		}
	}
	printf("connections=%d messages=%d ms=%llu\n", count, count * rounds,
	       (unsigned long long)(now_us() - start) / 1000);
	return 0;
}

/* One connection of churn's, between connect(2) and its end. */
static void churn_one(int fd, int number, bool server)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	char data[100];

	must(poll(&p, 1, 120000), "poll");
	must(fcntl(fd, F_SETFL, 0), "F_SETFL");
	memset(data, number, sizeof(data));
	data[0] = server ? 'C' : 'K';
	if (write(fd, data, sizeof(data)) != sizeof(data))
		die("write");
	expect_back(fd, data, sizeof(data));
	if (server && read(fd, data, 1) != 0)
		die("no end");
	close(fd);
}

static int churn(char **argv)
{
	int count = atoi(argv[2]), fd[CHURN_WINDOW];
	bool server = !strcmp(argv[3], "server");
	uint64_t start = now_us();
	union name name;
	socklen_t n = name_of(argv[0], atoi(argv[1]), &name);

	for (int i = 0; i < count + CHURN_WINDOW; i++) {
		int *f = &fd[i % CHURN_WINDOW];

		if (i >= CHURN_WINDOW)
			churn_one(*f, i, server);
		if (i >= count)
			continue;
		*f = must(socket(name.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
		if (connect(*f, &name.any, n) < 0 && errno != EINPROGRESS)
			die("connect");
	}
	printf("connections=%d ms=%llu\n", count, (unsigned long long)(now_us() - start) / 1000);
	return 0;
}

/* ---- ICMP ----------------------------------------------------------------------------------- */

/* The number of the answer to one of ours in a packet, or -1. */
static int answer_number(const unsigned char *p, ssize_t n, bool six)
{
	ssize_t at = six ? 0 : (p[0] & 15) * 4;

	if (n < at + 8 || p[at] != (six ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) ||
	    (p[at + 4] << 8 | p[at + 5]) != (getpid() & 0xffff))
		return -1;
	return p[at + 6] << 8 | p[at + 7];
}

static uint16_t checksum(const unsigned char *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (uint32_t)p[i] << (i & 1 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Keeps up to FLOOD_WINDOW requests on their way; one without an answer for a second is lost. */
static int flood(char **argv)
{
	static unsigned char out[65536], in[65536];
	int count = atoi(argv[1]), sent = 0, received = 0, lost = 0;
	size_t length = 8 + (size_t)atoi(argv[2]);
	int window = length > 8000 ? 2 : FLOOD_WINDOW;    /* a ring has 256 fragments */
	union name name;
	socklen_t n = name_of(argv[0], 0, &name);
	bool six = name.any.sa_family == AF_INET6;
	int fd = must(socket(name.any.sa_family, SOCK_RAW,
			     six ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP), "socket");
	uint64_t start = now_us();
	int room = 8 << 20;

	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), "SO_RCVBUFFORCE");
	if (length > sizeof(out) || count > 65536) {
		errno = ERANGE;
		die("flood");
	}
	for (size_t i = 8; i < length; i++)
		out[i] = (unsigned char)i;
	while (received + lost < count) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t got;

		while (sent < count && sent - received - lost < window) {
			uint16_t sum;

			memset(out, 0, 8);
			out[0] = six ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
			out[4] = (unsigned char)(getpid() >> 8);
			out[5] = (unsigned char)getpid();
			out[6] = (unsigned char)(sent >> 8);
			out[7] = (unsigned char)sent;
			sum = checksum(out, length);
			out[2] = (unsigned char)(sum >> 8);
			out[3] = (unsigned char)sum;
			if (sendto(fd, out, length, 0, &name.any, n) < 0)
				die("sendto");
			sent++;
		}
		/* A machine that does not get a processor for a while has lost nothing. */
		if (!must(poll(&p, 1, 5000), "poll")) {
			lost = sent - received;
			continue;
		}
		got = recv(fd, in, sizeof(in), 0);
		if (answer_number(in, got, six) < 0)
			continue;
		if (memcmp(in + got - (length - 8), out + 8, length - 8)) {
			errno = EBADMSG;
			die("answer");
		}
		received++;
	}
	printf("sent=%d received=%d ms=%llu\n", sent, received,
	       (unsigned long long)(now_us() - start) / 1000);
	return 0;
}

/* ---- interfaces ----------------------------------------------------------------------------- */

static int path(char **argv)
{
	union name name;
	socklen_t n = name_of(argv[0], 9, &name), length = sizeof(int);
	bool six = name.any.sa_family == AF_INET6;
	int fd = must(socket(name.any.sa_family, SOCK_DGRAM, 0), "socket"), mtu;

	must(connect(fd, &name.any, n), "connect");
	must(getsockopt(fd, six ? (int)IPPROTO_IPV6 : (int)IPPROTO_IP, six ? IPV6_MTU : IP_MTU,
			&mtu, &length), "MTU");
	printf("mtu=%d\n", mtu);
	return 0;
}

/* What ethtool -S shows. */
static int device(char **argv)
{
	struct { struct ethtool_sset_info info; uint32_t count; } set = {
		.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_STATS},
	};
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	struct ethtool_gstrings *names;
	struct ethtool_stats *values;
	struct ifreq r = {0};

	strncpy(r.ifr_name, argv[0], IFNAMSIZ - 1);
	r.ifr_data = (void *)&set;
	must(ioctl(fd, SIOCETHTOOL, &r), "ETHTOOL_GSSET_INFO");
	names = calloc(1, sizeof(*names) + (size_t)set.count * ETH_GSTRING_LEN);
	values = calloc(1, sizeof(*values) + (size_t)set.count * sizeof(uint64_t));
	*names = (struct ethtool_gstrings){ETHTOOL_GSTRINGS, ETH_SS_STATS, set.count};
	*values = (struct ethtool_stats){ETHTOOL_GSTATS, set.count};
	r.ifr_data = (void *)names;
	must(ioctl(fd, SIOCETHTOOL, &r), "ETHTOOL_GSTRINGS");
	r.ifr_data = (void *)values;
	must(ioctl(fd, SIOCETHTOOL, &r), "ETHTOOL_GSTATS");
	for (uint32_t i = 0; i < set.count; i++)
		printf("%.*s=%llu ", ETH_GSTRING_LEN, (char *)names->data + i * ETH_GSTRING_LEN,
		       (unsigned long long)values->data[i]);
	printf("\n");
	return 0;
}

#define LOWER_UP 0x10000    /* IFF_LOWER_UP, which <net/if.h> does not have */

static void tell_link(const struct nlmsghdr *h)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);
	char name[IF_NAMESIZE] = "";

	if (h->nlmsg_type == RTM_NEWLINK && if_indextoname((unsigned)info->ifi_index, name))
		printf("%s up=%d carrier=%d\n", name, !!(info->ifi_flags & IFF_UP),
		       !!(info->ifi_flags & LOWER_UP));
}

static int links(char **argv)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), "socket");
	uint64_t end = now_us() + strtoull(argv[0], NULL, 0) * 1000000;
	static _Alignas(8) char data[16384];

	must(bind(fd, (struct sockaddr *)&a, sizeof(a)), "bind");
	while (now_us() < end) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		const struct nlmsghdr *h = (const struct nlmsghdr *)data;
		int n;

		if (!must(poll(&p, 1, 100), "poll"))
			continue;
		n = must((int)recv(fd, data, sizeof(data), 0), "recv");
		for (; NLMSG_OK(h, (unsigned)n); h = NLMSG_NEXT(h, n))
			tell_link(h);
	}
	return 0;
}

static const struct {
	const char *name;
	int words;
	int (*run)(char **argv);
} commands[] = {
	{"sink", 1, sink}, {"source", 4, source}, {"echo", 1, echo},
	{"many", 4, many}, {"churn", 4, churn}, {"flood", 3, flood},
	{"links", 1, links}, {"path", 1, path}, {"device", 1, device},
};

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (argc > 1 && !strcmp(argv[1], commands[i].name) && argc == commands[i].words + 2)
			return commands[i].run(argv + 2);
	printf("usage: net COMMAND WORD...\n");
	return 2;
}
