/*
 * The other end of the benchmark's network: a program of the host, quicker than either kernel.
 *
 *	peer SOCKET...
 *
 * Two ends. Behind QEMU's user network it is a TCP server on a free port of 127.0.0.1, whose number
 * is the first line printed. At the end of a `stream` netdev (QEMU connects to the SOCKETs named)
 * it is a machine of its own: any address that is asked for by ARP, ICMP echo, and UDP. A process
 * per connection, so nobody waits for another; they end with their connection, all with the
 * program.
 *
 * TCP: the first byte says what. S: what comes is dropped, and the end of it is answered by the
 * end. R and a number of bytes, eight, in the guest's order: so many are sent. E: what comes goes
 * back.
 *
 * UDP: ports of enum port. Frames to others are not answered.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum port {
	PORT_ECHO = 7,
	PORT_COUNT = 9,    /* counted and dropped */
	PORT_COUNTED = 10, /* answers how many that were since it was asked last: 4 bytes */
	PORT_SOURCE = 11,  /* sends as many packets as the first 4 bytes say, of as many bytes as
			    * the next 4 say */
};

enum { ETHER = 14, IP = 20, UDP = 8, HEADERS = ETHER + IP + UDP, FRAME_MAX = 1514 };

static const uint8_t own_address[6] = {0x52, 0x54, 0x00, 0x77, 0x01, 0x01};
static uint8_t in[1 << 18], out[1 << 20];
static size_t n_out;
static uint32_t counted;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static void write_all(int fd, const void *data, size_t n)
{
	for (ssize_t done; n; n -= (size_t)done, data = (const char *)data + done) {
		done = write(fd, data, n);
		if (done <= 0)
			_exit(0);
	}
}

/* ---- TCP ---------------------------------------------------------------------------------- */

static void tcp_serve(int fd)
{
	uint64_t left;
	ssize_t n;
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (read(fd, in, 1) != 1)
		return;
	if (in[0] == 'S') {
		while (read(fd, in, sizeof(in)) > 0)
			;
	} else if (in[0] == 'R' && recv(fd, &left, 8, MSG_WAITALL) == 8) {
		for (; left; left -= (uint64_t)n) {
			n = (ssize_t)(left < sizeof(out) ? left : sizeof(out));
			write_all(fd, out, (size_t)n);
		}
	} else if (in[0] == 'E') {
		while ((n = read(fd, in, sizeof(in))) > 0)
			write_all(fd, in, (size_t)n);
	}
}

/* ---- frames ------------------------------------------------------------------------------- */

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static uint16_t sum(const uint8_t *at, size_t n, uint32_t total)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		total += get16(at + i);
	if (n & 1)
		total += (uint32_t)at[n - 1] << 8;
	total = (total & 0xffff) + (total >> 16);
	return (uint16_t)(total + (total >> 16));
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
	uint8_t keep[8];

	memcpy(keep, a, n);
	memcpy(a, b, n);
	memcpy(b, keep, n);
}

/* A frame of n bytes behind those that go out already, copied from `frame`. */
static uint8_t *reply(int fd, const uint8_t *frame, size_t n)
{
	uint32_t length = htonl((uint32_t)n);
	uint8_t *at;

	if (n_out + 4 + n > sizeof(out)) {
		write_all(fd, out, n_out);
		n_out = 0;
	}
	memcpy(out + n_out, &length, 4);
	at = out + n_out + 4;
	memcpy(at, frame, n);
	n_out += 4 + n;
	memcpy(at, frame + 6, 6);
	memcpy(at + 6, own_address, 6);
	return at;
}

static void arp(int fd, const uint8_t *frame, size_t n)
{
	uint8_t *at;

	if (n < ETHER + 28 || get16(frame + ETHER + 6) != 1)
		return;
	/* Who looks whether an address is taken gets no answer. */
	if (!memcmp(frame + ETHER + 14, "\0\0\0", 4) ||
	    !memcmp(frame + ETHER + 14, frame + ETHER + 24, 4))
		return;
	at = reply(fd, frame, n) + ETHER;
	put16(at + 6, 2);
	swap(at + 14, at + 24, 4);
	memcpy(at + 18, at + 8, 6);
	memcpy(at + 8, own_address, 6);
}

/* Answers a packet of UDP with `count` equal ones of n bytes. */
static void udp_answer(int fd, const uint8_t *frame, const void *payload, size_t n, uint32_t count)
{
	static uint8_t new[FRAME_MAX];
	uint8_t *ip = new + ETHER, *udp = ip + IP;

	memcpy(new, frame, HEADERS);
	memcpy(new + HEADERS, payload, n);
	swap(ip + 12, ip + 16, 4);
	swap(udp, udp + 2, 2);
	put16(udp + 4, (uint32_t)(UDP + n));
	put16(udp + 6, 0);
	put16(udp + 6, (uint16_t)~sum(udp, UDP + n, sum(ip + 12, 8, (uint32_t)(17 + UDP + n))));
	put16(ip + 2, (uint32_t)(IP + UDP + n));
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~sum(ip, IP, 0));
	while (count--)
		reply(fd, new, HEADERS + n);
}

static void udp(int fd, const uint8_t *frame, size_t n)
{
	static const uint8_t zeros[FRAME_MAX];
	uint32_t words[2];
	uint8_t *at;

	if (n < HEADERS)
		return;
	switch (get16(frame + ETHER + IP + 2)) {
	case PORT_ECHO:
		at = reply(fd, frame, n) + ETHER;
		swap(at + 12, at + 16, 4);
		swap(at + IP, at + IP + 2, 2);
		return;
	case PORT_COUNT:
		counted++;
		return;
	case PORT_COUNTED:
		udp_answer(fd, frame, &counted, sizeof(counted), 1);
		counted = 0;
		return;
	case PORT_SOURCE:
		if (n < HEADERS + sizeof(words))
			return;
		memcpy(words, frame + HEADERS, sizeof(words));
		if (words[1] > FRAME_MAX - HEADERS)
			return;
		udp_answer(fd, frame, zeros, words[1], words[0]);
	}
}

static void take(int fd, const uint8_t *frame, size_t n)
{
	uint8_t *at;

	if (n < ETHER + IP)
		return;
	if (get16(frame + 12) == 0x0806)
		arp(fd, frame, n);
	if (get16(frame + 12) != 0x0800 || frame[ETHER] != 0x45)
		return;
	if (frame[ETHER + 9] == 17) {
		udp(fd, frame, n);
	} else if (frame[ETHER + 9] == 1 && n >= ETHER + IP + 8 && frame[ETHER + IP] == 8) {
		at = reply(fd, frame, n) + ETHER;
		swap(at + 12, at + 16, 4);
		at[IP] = 0;
		put16(at + IP + 2, sum(at + IP + 2, 2, 0x0800)); /* as its type was 8 */
	}
}

static void frames_serve(int fd)
{
	size_t have = 0, used;
	uint32_t length;
	ssize_t n;

	while ((n = read(fd, in + have, sizeof(in) - have)) > 0) {
		have += (size_t)n;
		for (used = 0; have - used >= 4; used += 4 + length) {
			memcpy(&length, in + used, 4);
			length = ntohl(length);
			if (length > sizeof(in) - 4)
				return;
			if (have - used < 4 + (size_t)length)
				break;
			take(fd, in + used + 4, length);
		}
		memmove(in, in + used, have - used);
		have -= used;
		if (n_out)
			write_all(fd, out, n_out);
		n_out = 0;
	}
}

/* ---- both --------------------------------------------------------------------------------- */

static void serve(int listener, void (*fn)(int fd))
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			die("accept");
		}
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			fn(fd);
			_exit(0);
		}
		close(fd);
	}
}

static void child(int listener, void (*fn)(int fd))
{
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listener, fn);
	}
	close(listener);
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
	socklen_t length = sizeof(a);
	int fd;

	signal(SIGCHLD, SIG_IGN);
	for (int i = 1; i < argc; i++) {
		struct sockaddr_un name = {.sun_family = AF_UNIX};

		if (strlen(argv[i]) >= sizeof(name.sun_path))
			die(argv[i]);
		strcpy(name.sun_path, argv[i]);
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) || listen(fd, 8))
			die(argv[i]);
		child(fd, frames_serve);
	}
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, length) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)&a, &length))
		die("TCP");
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	serve(fd, tcp_serve);
}
