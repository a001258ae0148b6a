/*
 * TCP over loopback: connections, data, states and options as a program sees them.
 */
#include "tap.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifndef POLLRDHUP
#define POLLRDHUP 0x2000
#endif

static struct sockaddr_in address(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

/* 127.0.0.1 answers once lo is up: what "ip link set lo up" asks (rtnetlink(7)). */
static void loopback_up(void)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} m = {
		.h = {.nlmsg_len = sizeof(m), .nlmsg_type = RTM_NEWLINK,
		      .nlmsg_flags = NLM_F_REQUEST},
		.i = {.ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP},
	};
	int fd = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));

	must(send(fd, &m, sizeof(m), 0));
	close(fd);
}

static int port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	must(getsockname(fd, (struct sockaddr *)&a, &n));
	return ntohs(a.sin_port);
}

static int listener(int backlog)
{
	struct sockaddr_in a = address(0);
	int fd;

	loopback_up();
	fd = must(socket(AF_INET, SOCK_STREAM, 0));
	must(bind(fd, (struct sockaddr *)&a, sizeof(a)));
	must(listen(fd, backlog));
	return fd;
}

static int try_connect(int fd, int port)
{
	struct sockaddr_in a = address(port);

	return connect(fd, (struct sockaddr *)&a, sizeof(a));
}

static int connected(int l)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));

	must(try_connect(fd, port_of(l)));
	return fd;
}

/* A pair of connected sockets: [0] connected, [1] accepted. */
static void make_pair(int p[2])
{
	int l = listener(5);

	p[0] = connected(l);
	p[1] = must(accept(l, NULL, NULL));
	close(l);
}

static short events(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP};

	must(poll(&p, 1, 0));
	return p.revents;
}

/* What poll says once all of `want` is there, waiting at most 2 s. */
static short await(int fd, short want)
{
	for (int i = 0; i < 200 && (events(fd) & want) != want; i++)
		tap_sleep_ms(10);
	return events(fd);
}

static int option(int fd, int level, int name)
{
	int v = -1;
	socklen_t n = sizeof(v);

	must(getsockopt(fd, level, name, &v, &n));
	return v;
}

static int set(int fd, int level, int name, int v)
{
	return setsockopt(fd, level, name, &v, sizeof(v));
}

static int state(int fd)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n));
	return info.tcpi_state;
}

static void await_state(int fd, int want, const char *what)
{
	for (int i = 0; i < 300 && state(fd) != want; i++)
		tap_sleep_ms(10);
	is(state(fd), want, what);
}

TEST(echo)
{
	char text[16];
	int p[2];

	make_pair(p);
	is(write(p[0], "hello", 5), 5, "write");
	is(read(p[1], text, sizeof(text)), 5, "read");
	ok(memcmp(text, "hello", 5) == 0, "the same bytes");
	is(write(p[1], "back", 4), 4, "the other way");
	is(read(p[0], text, sizeof(text)), 4, "read there");
	is(state(p[0]), TCP_ESTABLISHED, "established");
	close(p[0]);
	is(read(p[1], text, sizeof(text)), 0, "end of file after close");
	close(p[1]);
}

TEST(names)
{
	struct sockaddr_in a, b;
	socklen_t n = sizeof(a);
	int p[2];

	make_pair(p);
	works(getsockname(p[0], (struct sockaddr *)&a, &n), "own name");
	works(getpeername(p[1], (struct sockaddr *)&b, &n), "peer's name");
	is(n, sizeof(a), "length");
	is(a.sin_port, b.sin_port, "the same port");
	is(a.sin_addr.s_addr, htonl(INADDR_LOOPBACK), "address");
	is(option(p[0], SOL_SOCKET, SO_TYPE), SOCK_STREAM, "SO_TYPE");
	is(option(p[0], SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP, "SO_PROTOCOL");
}

TEST(refused)
{
	int l = listener(1), port = port_of(l), fd = must(socket(AF_INET, SOCK_STREAM, 0));

	close(l);
	fails(try_connect(fd, port), ECONNREFUSED, "nobody listens");
	is(option(fd, SOL_SOCKET, SO_ERROR), 0, "the error was taken");
	is(events(fd), POLLOUT | POLLHUP, "poll of a socket without connection");
	fails(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE, "write without connection");
	fails(recv(fd, &port, 1, 0), ENOTCONN, "read without connection");
	fails(shutdown(fd, SHUT_WR), ENOTCONN, "shutdown without connection");
	l = listener(1);
	works(try_connect(fd, port_of(l)), "the socket connects elsewhere");
}

TEST(connect_nonblocking)
{
	int l = listener(1), fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)), port;
	int r = try_connect(fd, port_of(l));

	ok(r == 0 || errno == EINPROGRESS, "in progress, or done at once");
	is(await(fd, POLLOUT), POLLOUT, "writable when connected");
	is(option(fd, SOL_SOCKET, SO_ERROR), 0, "SO_ERROR");
	if (r < 0)
		works(try_connect(fd, port_of(l)), "asked again");
	fails(try_connect(fd, port_of(l)), EISCONN, "connected already");
	close(fd);
	port = port_of(l);
	close(l);
	fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	r = try_connect(fd, port);
	ok(r < 0 && (errno == EINPROGRESS || errno == ECONNREFUSED), "nobody listens");
	if (errno == EINPROGRESS) {
		await(fd, POLLERR);
		is(option(fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED, "SO_ERROR says so");
	} else {
		skip("SO_ERROR says so", "refused at once");
	}
}

TEST(listen_states)
{
	struct sockaddr_in a = address(0);
	int l = listener(5), fd, other;

	is(option(l, SOL_SOCKET, SO_ACCEPTCONN), 1, "SO_ACCEPTCONN");
	is(state(l), TCP_LISTEN, "LISTEN");
	is(events(l), 0, "nobody waits");
	must(fcntl(l, F_SETFL, O_NONBLOCK));
	fails(accept(l, NULL, NULL), EAGAIN, "accept without anybody");
	fd = connected(l);
	is(await(l, POLLIN), POLLIN, "somebody waits");
	other = works(accept4(l, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), "accept4") ? 0 : 0;
	fails(read(l, &other, 1), ENOTCONN, "read of a listener");
	fails(try_connect(l, port_of(l)), EISCONN, "connect of a listener");
	works(listen(l, 7), "listen again");
	fails(bind(l, (struct sockaddr *)&a, sizeof(a)), EINVAL, "bind twice");
	fails(accept(fd, NULL, NULL), EINVAL, "accept of a connection");
	fails(listen(fd, 1), EINVAL, "listen of a connection");
}

TEST(address_in_use)
{
	int l = listener(5), fd = must(socket(AF_INET, SOCK_STREAM, 0)), p;
	struct sockaddr_in a = address(port_of(l));

	fails(bind(fd, (struct sockaddr *)&a, sizeof(a)), EADDRINUSE, "a listener has it");
	must(set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	fails(bind(fd, (struct sockaddr *)&a, sizeof(a)), EADDRINUSE, "and keeps it");
	p = connected(l);
	must(accept(l, NULL, NULL));
	close(l);
	close(fd);
	fd = must(socket(AF_INET, SOCK_STREAM, 0));
	fails(bind(fd, (struct sockaddr *)&a, sizeof(a)), EADDRINUSE, "a connection has it");
	close(p);
}

TEST(reuse_port)
{
	int a = must(socket(AF_INET, SOCK_STREAM, 0)), b = must(socket(AF_INET, SOCK_STREAM, 0));
	struct sockaddr_in any = address(0);

	loopback_up();
	must(set(a, SOL_SOCKET, SO_REUSEPORT, 1));
	must(set(b, SOL_SOCKET, SO_REUSEPORT, 1));
	must(bind(a, (struct sockaddr *)&any, sizeof(any)));
	any = address(port_of(a));
	works(bind(b, (struct sockaddr *)&any, sizeof(any)), "two sockets, one port");
	works(listen(a, 5), "one listens");
	works(listen(b, 5), "the other too");
	works(try_connect(must(socket(AF_INET, SOCK_STREAM, 0)), port_of(a)), "one gets it");
	ok((await(a, 0) & POLLIN) || (await(b, POLLIN) & POLLIN), "somebody waits at one");
}

TEST(half_close)
{
	char text[16];
	int p[2];

	make_pair(p);
	is(events(p[0]), POLLOUT, "writable");
	works(shutdown(p[0], SHUT_WR), "one side is done");
	is(await(p[1], POLLRDHUP), POLLIN | POLLOUT | POLLRDHUP, "the other sees it");
	is(read(p[1], text, sizeof(text)), 0, "end of file");
	is(state(p[1]), TCP_CLOSE_WAIT, "CLOSE-WAIT");
	await_state(p[0], TCP_FIN_WAIT2, "FIN-WAIT-2");
	fails(send(p[0], "x", 1, MSG_NOSIGNAL), EPIPE, "no more from the first");
	is(write(p[1], "more", 4), 4, "but to it");
	is(read(p[0], text, sizeof(text)), 4, "which arrives");
	works(shutdown(p[1], SHUT_WR), "both are done");
	is(await(p[1], POLLHUP), POLLIN | POLLOUT | POLLRDHUP | POLLHUP, "hung up there");
	is(await(p[0], POLLHUP), POLLIN | POLLOUT | POLLRDHUP | POLLHUP, "and here");
	is(read(p[0], text, sizeof(text)), 0, "end of file here");
}

TEST(shutdown_reading)
{
	char text[16];
	int p[2];

	make_pair(p);
	works(shutdown(p[0], SHUT_RD), "no more reading");
	is(events(p[0]), POLLIN | POLLOUT | POLLRDHUP, "reads do not wait");
	is(read(p[0], text, sizeof(text)), 0, "end of file");
	is(write(p[0], "x", 1), 1, "writing goes on");
	is(read(p[1], text, sizeof(text)), 1, "and arrives");
}

TEST(reset_by_unread)
{
	char text[16];
	int p[2];

	make_pair(p);
	must(write(p[0], "unread", 6));
	await(p[1], POLLIN);
	close(p[1]);
	is(await(p[0], POLLERR), POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP, "reset");
	fails(read(p[0], text, sizeof(text)), ECONNRESET, "read");
	is(read(p[0], text, sizeof(text)), 0, "once");
	fails(send(p[0], "x", 1, MSG_NOSIGNAL), EPIPE, "write");
}

TEST(linger_zero)
{
	struct linger l = {1, 0};
	char text[16];
	int p[2];

	make_pair(p);
	must(setsockopt(p[0], SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	must(write(p[0], "data", 4));
	await(p[1], POLLIN);
	close(p[0]);
	await(p[1], POLLERR);
	is(option(p[1], SOL_SOCKET, SO_ERROR), ECONNRESET, "RST instead of FIN");
	is(read(p[1], text, sizeof(text)), 4, "what was there can be read");
	is(read(p[1], text, sizeof(text)), 0, "then the end");
}

TEST(sigpipe)
{
	int p[2];

	make_pair(p);
	must(shutdown(p[0], SHUT_WR));
	signal(SIGPIPE, SIG_IGN);
	fails(write(p[0], "x", 1), EPIPE, "EPIPE");
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		(void)!write(p[0], "x", 1);
		_exit(0);
	}
	dies(pid, SIGPIPE, "SIGPIPE");
}

TEST(peek_and_waitall)
{
	char text[16] = "";
	int p[2], n;

	make_pair(p);
	must(write(p[0], "abcdef", 6));
	await(p[1], POLLIN);
	is(recv(p[1], text, 3, MSG_PEEK), 3, "peek");
	is(recv(p[1], text, 16, MSG_PEEK), 6, "peek at all");
	ok(memcmp(text, "abcdef", 6) == 0, "the same");
	works(ioctl(p[1], FIONREAD, &n), "FIONREAD");
	is(n, 6, "six bytes");
	is(recv(p[1], NULL, 2, MSG_TRUNC), 2, "two are thrown away");
	is(read(p[1], text, 1), 1, "one");
	is(text[0], 'c', "the third");
	if (fork() == 0) {
		tap_sleep_ms(50);
		must(write(p[0], "ghi", 3));
		tap_sleep_ms(50);
		must(write(p[0], "jkl", 3));
		_exit(0);
	}
	is(recv(p[1], text, 9, MSG_WAITALL), 9, "waits for all");
	ok(memcmp(text, "defghijkl", 9) == 0, "in order");
	wait(NULL);
	must(write(p[0], "xy", 2));
	must(shutdown(p[0], SHUT_WR));
	is(recv(p[1], text, 9, MSG_WAITALL), 2, "as much as there is before the end");
	fails(recv(p[0], text, 1, MSG_DONTWAIT), EAGAIN, "MSG_DONTWAIT");
}

TEST(low_water)
{
	char text[16];
	int p[2];

	make_pair(p);
	must(set(p[1], SOL_SOCKET, SO_RCVLOWAT, 4));
	must(write(p[0], "abc", 3));
	tap_sleep_ms(50);
	is(events(p[1]) & POLLIN, 0, "three bytes are too few");
	must(write(p[0], "d", 1));
	is(await(p[1], POLLIN) & POLLIN, POLLIN, "four are enough");
	is(read(p[1], text, 16), 4, "all of them");
}

TEST(timeouts)
{
	struct timeval tv = {0, 100000};
	char text[4];
	int64_t start;
	int p[2];

	make_pair(p);
	must(setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	start = tap_now();
	fails(read(p[0], text, 1), EAGAIN, "SO_RCVTIMEO");
	ok(tap_now() - start >= 90000000, "after its time");
}

static volatile sig_atomic_t urgent_signals;

static void on_urgent(int signo)
{
	(void)signo;
	urgent_signals++;
}

TEST(urgent)
{
	char text[16];
	int p[2], mark;

	make_pair(p);
	signal(SIGURG, on_urgent);
	must(fcntl(p[1], F_SETOWN, getpid()));
	must(write(p[0], "abc", 3));
	is(send(p[0], "!", 1, MSG_OOB), 1, "an urgent byte");
	must(write(p[0], "def", 3));
	is(await(p[1], POLLPRI) & POLLPRI, POLLPRI, "POLLPRI");
	for (int i = 0; i < 100 && !urgent_signals; i++)
		tap_sleep_ms(10);
	is(urgent_signals, 1, "SIGURG");
	works(ioctl(p[1], SIOCATMARK, &mark), "SIOCATMARK");
	is(mark, 0, "not at the mark");
	await(p[1], POLLIN);
	is(read(p[1], text, sizeof(text)), 3, "reading stops at the mark");
	must(ioctl(p[1], SIOCATMARK, &mark));
	is(mark, 1, "at the mark");
	is(recv(p[1], text, 1, MSG_OOB), 1, "the urgent byte");
	is(text[0], '!', "itself");
	fails(recv(p[1], text, 1, MSG_OOB), EINVAL, "only once");
	is(read(p[1], text, sizeof(text)), 3, "the rest without it");
	ok(memcmp(text, "def", 3) == 0, "is the rest");
}

TEST(urgent_inline)
{
	char text[16];
	int p[2];

	make_pair(p);
	must(set(p[1], SOL_SOCKET, SO_OOBINLINE, 1));
	must(write(p[0], "ab", 2));
	must(send(p[0], "!", 1, MSG_OOB));
	await(p[1], POLLPRI);
	is(read(p[1], text, sizeof(text)), 2, "up to the mark");
	is(read(p[1], text, sizeof(text)), 1, "the urgent byte in its place");
	is(text[0], '!', "itself");
	fails(recv(p[1], text, 1, MSG_OOB), EINVAL, "not out of band");
}

TEST(options)
{
	char name[16] = "";
	socklen_t n = sizeof(name);
	int p[2];

	make_pair(p);
	is(option(p[0], IPPROTO_TCP, TCP_NODELAY), 0, "TCP_NODELAY");
	works(set(p[0], IPPROTO_TCP, TCP_NODELAY, 1), "set");
	is(option(p[0], IPPROTO_TCP, TCP_NODELAY), 1, "is set");
	is(option(p[0], IPPROTO_TCP, TCP_KEEPIDLE), 7200, "TCP_KEEPIDLE");
	is(option(p[0], IPPROTO_TCP, TCP_KEEPINTVL), 75, "TCP_KEEPINTVL");
	is(option(p[0], IPPROTO_TCP, TCP_KEEPCNT), 9, "TCP_KEEPCNT");
	works(set(p[0], IPPROTO_TCP, TCP_KEEPIDLE, 10), "set");
	is(option(p[0], IPPROTO_TCP, TCP_KEEPIDLE), 10, "is set");
	fails(set(p[0], IPPROTO_TCP, TCP_KEEPCNT, 200), EINVAL, "too many");
	is(option(p[0], IPPROTO_TCP, TCP_LINGER2), 60, "TCP_LINGER2");
	is(option(p[0], IPPROTO_TCP, TCP_USER_TIMEOUT), 0, "TCP_USER_TIMEOUT");
	works(set(p[0], IPPROTO_TCP, TCP_CONGESTION, 0) + 1, "a number is no name");
	works(setsockopt(p[0], IPPROTO_TCP, TCP_CONGESTION, "reno", 4), "reno");
	works(getsockopt(p[0], IPPROTO_TCP, TCP_CONGESTION, name, &n), "asked");
	is_text(name, "reno", "it is");
	fails(setsockopt(p[0], IPPROTO_TCP, TCP_CONGESTION, "nonsense", 8), ENOENT, "unknown");
	fails(set(p[0], IPPROTO_TCP, 9999, 1), ENOPROTOOPT, "an unknown option");
	fails(setsockopt(p[0], IPPROTO_TCP, TCP_NODELAY, name, 2), EINVAL, "too short");
	fails(setsockopt(p[0], IPPROTO_TCP, TCP_NODELAY, BAD, 4), EFAULT, "bad address");
	ok(option(p[0], IPPROTO_TCP, TCP_MAXSEG) > 500, "TCP_MAXSEG");
}

TEST(cork)
{
	char text[16];
	int p[2], on = 1;

	make_pair(p);
	must(set(p[0], IPPROTO_TCP, TCP_CORK, on));
	must(write(p[0], "ab", 2));
	must(write(p[0], "cd", 2));
	tap_sleep_ms(20);
	is(events(p[1]) & POLLIN, 0, "nothing goes while corked");
	must(set(p[0], IPPROTO_TCP, TCP_CORK, 0));
	await(p[1], POLLIN);
	is(read(p[1], text, sizeof(text)), 4, "all at once");
	is(send(p[0], "x", 1, MSG_MORE), 1, "MSG_MORE");
	tap_sleep_ms(20);
	is(events(p[1]) & POLLIN, 0, "waits for more");
	must(write(p[0], "y", 1));
	await(p[1], POLLIN);
	is(read(p[1], text, sizeof(text)), 2, "which came");
}

TEST(full_buffers)
{
	static char data[65536];
	long sent = 0, got = 0;
	ssize_t n;
	int p[2];

	make_pair(p);
	must(fcntl(p[0], F_SETFL, O_NONBLOCK));
	while ((n = write(p[0], data, sizeof(data))) > 0)
		sent += n;
	is(errno, EAGAIN, "full at last");
	ok(sent > 65536, "but not at once");
	is(events(p[0]) & POLLOUT, 0, "not writable");
	must(fcntl(p[1], F_SETFL, O_NONBLOCK));
	for (int idle = 0; idle < 100 && got < sent;) {
		n = read(p[1], data, sizeof(data));
		if (n > 0) {
			got += n;
			idle = 0;
		} else {
			tap_sleep_ms(10);
			idle++;
		}
	}
	is(got, sent, "all of it arrives");
	is(await(p[0], POLLOUT) & POLLOUT, POLLOUT, "writable again");
}

static unsigned checksum(unsigned sum, const unsigned char *p, size_t n)
{
	while (n--)
		sum = sum * 31 + *p++;
	return sum;
}

TEST(bulk)
{
	enum { TOTAL = 16 << 20 };
	static unsigned char data[100000];
	unsigned sent = 0, got = 0;
	long left = TOTAL;
	int p[2], seed = 1;

	make_pair(p);
	if (fork() == 0) {
		close(p[1]);
		while (left > 0) {
			size_t n = (size_t)(rand() % (int)sizeof(data)) + 1;

			if ((long)n > left)
				n = (size_t)left;
			for (size_t i = 0; i < n; i += 64)
				data[i] = (unsigned char)(seed = seed * 1103515245 + 12345);
			sent = checksum(sent, data, n);
			for (size_t at = 0; at < n;) {
				ssize_t k = write(p[0], data + at, n - at);

				if (k <= 0)
					_exit(1);
				at += (size_t)k;
			}
			left -= (long)n;
		}
		must(read(p[0], &got, sizeof(got)));
		_exit(got == sent ? 0 : 2);
	}
	close(p[0]);
	while (left > 0) {
		ssize_t n = read(p[1], data, (size_t)(rand() % (int)sizeof(data)) + 1);

		if (n <= 0)
			break;
		got = checksum(got, data, (size_t)n);
		left -= n;
	}
	is(left, 0, "16 MiB");
	must(write(p[1], &got, sizeof(got)));
	int status;
	must(wait(&status));
	is(status, 0, "with the same checksum");
}

TEST(sendfile)
{
	static char data[300000], back[300000];
	off_t at = 0;
	size_t got = 0;
	int p[2], fd = must(open("file", O_RDWR | O_CREAT, 0600));

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 + i / 4096);
	must(write(fd, data, sizeof(data)));
	make_pair(p);
	if (fork() == 0) {
		while (at < (off_t)sizeof(data))
			if (sendfile(p[0], fd, &at, sizeof(data) - (size_t)at) <= 0)
				_exit(1);
		_exit(0);
	}
	close(p[0]);
	while (got < sizeof(back)) {
		ssize_t n = read(p[1], back + got, sizeof(back) - got);

		if (n <= 0)
			break;
		got += (size_t)n;
	}
	is(got, sizeof(data), "all of it");
	ok(memcmp(data, back, sizeof(data)) == 0, "the same");
	is(read(p[1], back, 1), 0, "and the end");
}

TEST(splice_both_ways)
{
	char text[16];
	int p[2], q[2];

	make_pair(p);
	must(pipe(q));
	must(write(q[1], "through", 7));
	is(splice(q[0], NULL, p[0], NULL, 7, 0), 7, "pipe to socket");
	await(p[1], POLLIN);
	is(splice(p[1], NULL, q[1], NULL, 16, 0), 7, "socket to pipe");
	is(read(q[0], text, sizeof(text)), 7, "out of the pipe");
	ok(memcmp(text, "through", 7) == 0, "the same");
}

/* Connections of which not even the SYN was taken come when it is sent again. */
TEST(backlog)
{
	int l = listener(1), fd[6], first = 0, done;

	for (int i = 0; i < 6; i++) {
		fd[i] = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
		(void)!try_connect(fd[i], port_of(l));
	}
	tap_sleep_ms(200);
	must(fcntl(l, F_SETFL, O_NONBLOCK));
	while (accept(l, NULL, NULL) >= 0)
		first++;
	ok(first >= 1 && first < 6, "a short backlog takes some");
	done = first;
	for (int i = 0; i < 400 && done == first; i++) {
		tap_sleep_ms(20);
		while (accept(l, NULL, NULL) >= 0)
			done++;
	}
	ok(done > first, "others come later");
}

TEST(close_listener)
{
	int l = listener(5), fd = connected(l);
	char c;

	close(l);
	fails(read(fd, &c, 1), ECONNRESET, "nobody will accept it");
}

TEST(accept_interrupted)
{
	int l = listener(5), r;

	pid_t pid = fork();
	if (pid == 0) {
		r = accept(l, NULL, NULL);
		_exit(r < 0 && errno == EINVAL ? 0 : 1);
	}
	must(tap_await_state(pid, 'S') ? 0 : -1);
	works(shutdown(l, SHUT_RD), "shutdown of a listener");
	exits(pid, 0, "who waited gets EINVAL");
}

TEST(disconnect)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	int l = listener(5), p[2];
	char c;

	make_pair(p);
	works(connect(p[0], &none, sizeof(none)), "AF_UNSPEC");
	fails(read(p[1], &c, 1), ECONNRESET, "the peer sees a reset");
	(void)option(p[0], SOL_SOCKET, SO_ERROR);
	fails(getpeername(p[0], &none, &(socklen_t){sizeof(none)}), ENOTCONN, "no peer");
	works(try_connect(p[0], port_of(l)), "connects anew");
	must(write(p[0], "x", 1));
	is(read(must(accept(l, NULL, NULL)), &c, 1), 1, "and works");
}

TEST(time_wait)
{
	int l = listener(5), c = connected(l), s = must(accept(l, NULL, NULL)), fd, port;
	struct sockaddr_in a = address(port_of(l));
	char x;

	/* The server closes first. */
	port = port_of(l);
	close(s);
	is(read(c, &x, 1), 0, "end");
	close(c);
	close(l);
	tap_sleep_ms(50);
	fd = must(socket(AF_INET, SOCK_STREAM, 0));
	fails(bind(fd, (struct sockaddr *)&a, sizeof(a)), EADDRINUSE, "TIME-WAIT has the port");
	must(set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	fails(bind(fd, (struct sockaddr *)&a, sizeof(a)), EADDRINUSE,
	      "unless it was made with SO_REUSEADDR");
	close(fd);
	ok(port > 0, "port");
}

TEST(ipv6_socket)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6}, peer;
	socklen_t n = sizeof(a);
	int l = socket(AF_INET6, SOCK_STREAM, 0), c, s;

	loopback_up();
	if (l < 0) {
		skip("IPv6", "not there");
		return;
	}
	works(bind(l, (struct sockaddr *)&a, sizeof(a)), "bind to any address");
	must(listen(l, 5));
	must(getsockname(l, (struct sockaddr *)&a, &n));
	c = must(socket(AF_INET, SOCK_STREAM, 0));
	works(try_connect(c, ntohs(a.sin6_port)), "IPv4 to a socket of both");
	n = sizeof(peer);
	s = must(accept(l, (struct sockaddr *)&peer, &n));
	is(n, sizeof(peer), "an address of IPv6");
	ok(IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr), "that is mapped");
	must(write(c, "x", 1));
	is(read(s, &peer, 1), 1, "data");
}

TEST(keep_alive)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);
	int p[2];

	make_pair(p);
	must(set(p[0], IPPROTO_TCP, TCP_KEEPIDLE, 1));
	must(set(p[0], IPPROTO_TCP, TCP_KEEPINTVL, 1));
	works(set(p[0], SOL_SOCKET, SO_KEEPALIVE, 1), "SO_KEEPALIVE");
	tap_sleep_ms(1500);
	must(getsockopt(p[0], IPPROTO_TCP, TCP_INFO, &info, &n));
	ok(info.tcpi_last_ack_recv < 1000, "the peer answered a probe");
	is(state(p[0]), TCP_ESTABLISHED, "and is there");
}

TEST(info)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);
	char c;
	int p[2];

	make_pair(p);
	must(write(p[0], "x", 1));
	is(read(p[1], &c, 1), 1, "a byte");
	tap_sleep_ms(100);
	works(getsockopt(p[0], IPPROTO_TCP, TCP_INFO, &info, &n), "TCP_INFO");
	is(info.tcpi_state, TCP_ESTABLISHED, "state");
	is(info.tcpi_unacked, 0, "all is acknowledged");
	is(info.tcpi_options, TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE, "options");
	ok(info.tcpi_snd_mss > 500 && info.tcpi_rtt > 0 && info.tcpi_rto >= 200000, "numbers");
	is(info.tcpi_snd_cwnd, 10, "initial window");
	is(info.tcpi_total_retrans, 0, "nothing was sent twice");
}

static int churn(void *arg)
{
	int port = *(int *)arg;

	for (int i = 0; i < 300; i++) {
		struct linger l = {1, 0};
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		char c = (char)i;

		if (fd < 0 || try_connect(fd, port) || write(fd, &c, 1) != 1 ||
		    read(fd, &c, 1) != 1 || c != (char)i)
			return 1;
		if (i % 16)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
		close(fd);
	}
	return 0;
}

TEST(churn)
{
	int l = listener(64), port = port_of(l), server;
	pid_t pid[4];

	server = fork();
	if (server == 0) {
		for (;;) {
			int fd = accept(l, NULL, NULL);
			char c;

			if (fd < 0)
				_exit(1);
			if (read(fd, &c, 1) == 1)
				(void)!write(fd, &c, 1);
			/* The client closes first, or resets. */
			(void)!read(fd, &c, 1);
			close(fd);
		}
	}
	for (int i = 0; i < 4; i++)
		pid[i] = tap_spawn(churn, &port);
	for (int i = 0; i < 4; i++)
		exits(pid[i], 0, "a client made 300 connections");
	kill(server, SIGKILL);
	wait(NULL);
}
