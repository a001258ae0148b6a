/*
 * Rows over a network card, against ci/wire/peer.c on the host (which tells what its ports do).
 *
 * ci/bench gives the machine four cards, told apart by their addresses: TCP goes through QEMU's
 * user network to $WIRE_PORT of the host, frames that want an answer at once to the peer at the
 * other end of a netdev.
 */
#include "bench.h"
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Cards by the last byte of their address; behind card n is 10.0.(15 + n).2. */
enum card { E1000_TCP = 1, E1000E_TCP, E1000_FRAMES, E1000E_FRAMES, CARDS };

enum port { PORT_ECHO = 7, PORT_COUNT = 9, PORT_COUNTED, PORT_SOURCE };

#define SMALL     18        /* bytes of a small packet's payload: a frame of 64 with its check */
#define STREAM    65536     /* bytes of a write or read */
#define AHEAD     128       /* packets that the source may be ahead of the reader */
#define TIMEOUT_S 2

static struct sockaddr_in at(enum card card, int host, int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(0x0a000000 | (15 + card) << 8 | host),
	};
}

/* The interface whose address ends in the card's number. */
static bool find(int fd, enum card card, struct ifreq *r)
{
	struct if_nameindex *all = if_nameindex();
	bool found = false;

	for (struct if_nameindex *i = all; i && i->if_name && !found; i++) {
		memset(r, 0, sizeof(*r));
		strncpy(r->ifr_name, i->if_name, IFNAMSIZ - 1);
		found = !ioctl(fd, SIOCGIFHWADDR, r) &&
			!memcmp(r->ifr_hwaddr.sa_data, "\x52\x54\0\x77\0", 5) &&
			r->ifr_hwaddr.sa_data[5] == (int)card;
	}
	if_freenameindex(all);
	return found;
}

/* A socket of a type that talks with a port of the peer, or -1. */
static int open_socket(enum card card, int type, int protocol, int port)
{
	struct timeval limit = {.tv_sec = TIMEOUT_S};
	struct sockaddr_in a = at(card, 2, port);
	int fd = socket(AF_INET, type, protocol), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	close(fd);
	return -1;
}

/* A stream to the host's program that does what a letter says. */
static int open_stream(enum card card, char what)
{
	const char *port = getenv("WIRE_PORT");
	int fd = port ? open_socket(card, SOCK_STREAM, 0, atoi(port)) : -1;

	if (fd >= 0 && write(fd, &what, 1) != 1) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Whether the other end answers: a card may be deaf for a second after it was started. */
static bool answers(enum card card)
{
	bool stream = card == E1000_TCP || card == E1000E_TCP;
	char b = 0;

	for (int tries = 0; tries < 5; tries++) {
		int fd = stream ? open_stream(card, 'S') :
				  open_socket(card, SOCK_DGRAM, 0, PORT_ECHO);
		bool good = fd >= 0 && (stream || (write(fd, &b, 1) == 1 && read(fd, &b, 1) == 1));

		close(fd);
		if (good)
			return true;
	}
	return false;
}

/* Gives the card its address and starts it, once. */
static bool ready(enum card card)
{
	static bool done[CARDS];
	struct sockaddr_in own = at(card, 15, 0), mask = own;
	struct ifreq r;
	int fd;

	if (done[card])
		return true;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return false;
	mask.sin_addr.s_addr = htonl(0xffffff00);
	if (find(fd, card, &r)) {
		memcpy(&r.ifr_addr, &own, sizeof(own));
		ioctl(fd, SIOCSIFADDR, &r);
		memcpy(&r.ifr_netmask, &mask, sizeof(mask));
		ioctl(fd, SIOCSIFNETMASK, &r);
		if (!ioctl(fd, SIOCGIFFLAGS, &r)) {
			r.ifr_flags |= IFF_UP;
			ioctl(fd, SIOCSIFFLAGS, &r);
		}
		done[card] = answers(card);
	}
	close(fd);
	return done[card];
}

/* The end of the other side's data. */
static bool ended(int fd)
{
	char b;

	return read(fd, &b, 1) == 0;
}

static int64_t tcp_send(enum card card, long n)
{
	static char buf[STREAM];
	int fd = ready(card) ? open_stream(card, 'S') : -1;
	int64_t start = now_ns(), took = -1;

	if (fd < 0)
		return -1;
	while (n && write(fd, buf, STREAM) == STREAM)
		n--;
	if (!n && !shutdown(fd, SHUT_WR) && ended(fd))
		took = now_ns() - start;
	close(fd);
	return took;
}

static int64_t tcp_receive(enum card card, long n)
{
	static char buf[STREAM];
	int fd = ready(card) ? open_stream(card, 'R') : -1;
	uint64_t left = (uint64_t)n * STREAM;
	int64_t start = now_ns(), took = -1;
	ssize_t got;

	if (fd < 0)
		return -1;
	if (write(fd, &left, sizeof(left)) == sizeof(left))
		while (left && (got = read(fd, buf, STREAM)) > 0)
			left -= (uint64_t)got;
	if (!left)
		took = now_ns() - start;
	close(fd);
	return took;
}

static int64_t tcp_there_and_back(enum card card, long n)
{
	int fd = ready(card) ? open_stream(card, 'E') : -1;
	int64_t start = now_ns(), took = -1;
	char b = 0;

	if (fd < 0)
		return -1;
	while (n && write(fd, &b, 1) == 1 && read(fd, &b, 1) == 1)
		n--;
	if (!n)
		took = now_ns() - start;
	close(fd);
	return took;
}

static int64_t udp_there_and_back(enum card card, long n)
{
	int fd = ready(card) ? open_socket(card, SOCK_DGRAM, 0, PORT_ECHO) : -1;
	int64_t start = now_ns(), took = -1;
	char b = 0;

	if (fd < 0)
		return -1;
	while (n && write(fd, &b, 1) == 1 && read(fd, &b, 1) == 1)
		n--;
	if (!n)
		took = now_ns() - start;
	close(fd);
	return took;
}

/* How many packets came since this was asked last, or -1; it waits for all that went before. */
static int64_t counted(int fd)
{
	uint32_t count;

	if (write(fd, &count, 0) || read(fd, &count, sizeof(count)) != sizeof(count))
		return -1;
	return count;
}

/* The time is that of the packets that came. */
static int64_t udp_send(enum card card, long n)
{
	int ask = ready(card) ? open_socket(card, SOCK_DGRAM, 0, PORT_COUNTED) : -1;
	int fd = open_socket(card, SOCK_DGRAM, 0, PORT_COUNT);
	int64_t start, came, took = -1;
	char payload[SMALL] = {0};

	if (ask >= 0 && fd >= 0 && counted(ask) >= 0) {
		start = now_ns();
		for (long i = 0; i < n; i++)
			(void)!write(fd, payload, sizeof(payload));
		came = counted(ask);
		if (came > 0)
			took = (double)(now_ns() - start) * n / came;
	}
	close(ask);
	close(fd);
	return took;
}

/* The reader asks for more when half of what he has asked for is there, so nothing is lost. */
static int64_t udp_receive(enum card card, long n)
{
	int fd = ready(card) ? open_socket(card, SOCK_DGRAM, 0, PORT_SOURCE) : -1;
	uint32_t more[2] = {AHEAD, SMALL};
	long all = (n + AHEAD - 1) / AHEAD * AHEAD, got = 0;
	int64_t start = now_ns(), took = -1;
	char payload[SMALL];

	if (fd < 0)
		return -1;
	(void)!write(fd, more, sizeof(more));
	more[0] = AHEAD / 2;
	for (long asked = AHEAD; got < all && read(fd, payload, SMALL) == SMALL; got++)
		if (asked < all && got % (AHEAD / 2) == AHEAD / 2 - 1) {
			(void)!write(fd, more, sizeof(more));
			asked += AHEAD / 2;
		}
	if (got == all)
		took = (double)(now_ns() - start) * n / all;
	close(fd);
	return took;
}

static int64_t ping(enum card card, long n)
{
	int fd = ready(card) ? open_socket(card, SOCK_RAW, IPPROTO_ICMP, 0) : -1;
	struct { struct icmphdr h; char data[56]; } m = {.h = {.type = ICMP_ECHO}};
	struct { struct iphdr ip; struct icmphdr h; char data[56]; } answer;
	int64_t start = now_ns(), took = -1;

	if (fd < 0)
		return -1;
	m.h.checksum = htons((uint16_t)~(ICMP_ECHO << 8));
	while (n && write(fd, &m, sizeof(m)) == sizeof(m) &&
	       read(fd, &answer, sizeof(answer)) == sizeof(answer) &&
	       answer.h.type == ICMP_ECHOREPLY)
		n--;
	if (!n)
		took = now_ns() - start;
	close(fd);
	return took;
}

#define CARD_ROWS(name, tcp, frames)                                                               \
	static int64_t name##_tcp_send(long n) { return tcp_send(tcp, n); }                        \
	static int64_t name##_tcp_receive(long n) { return tcp_receive(tcp, n); }                  \
	static int64_t name##_tcp_round_trip(long n) { return tcp_there_and_back(tcp, n); }        \
	static int64_t name##_udp_send(long n) { return udp_send(frames, n); }                     \
	static int64_t name##_udp_receive(long n) { return udp_receive(frames, n); }               \
	static int64_t name##_udp_round_trip(long n) { return udp_there_and_back(frames, n); }     \
	static int64_t name##_ping(long n) { return ping(frames, n); }

CARD_ROWS(e1000, E1000_TCP, E1000_FRAMES)
CARD_ROWS(e1000e, E1000E_TCP, E1000E_FRAMES)

#define ROW(name, bytes) { #name, name, bytes }

const struct row wire_rows[] = {
	ROW(e1000_tcp_send, STREAM),
	ROW(e1000_tcp_receive, STREAM),
	ROW(e1000_tcp_round_trip, 0),
	ROW(e1000_udp_send, 0),
	ROW(e1000_udp_receive, 0),
	ROW(e1000_udp_round_trip, 0),
	ROW(e1000_ping, 0),
	ROW(e1000e_tcp_send, STREAM),
	ROW(e1000e_tcp_receive, STREAM),
	ROW(e1000e_tcp_round_trip, 0),
	ROW(e1000e_udp_send, 0),
	ROW(e1000e_udp_receive, 0),
	ROW(e1000e_udp_round_trip, 0),
	ROW(e1000e_ping, 0),
	{NULL, NULL, 0},
};
