/*
 * TCP over loopback: connections, states and options as a program sees them.
 */
#include "tcp.h"

#ifndef TCP_SAVE_SYN
#define TCP_SAVE_SYN 27
#define TCP_SAVED_SYN 28
#endif

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
	union end a, b;
	socklen_t n = sizeof(a);
	int p[2];

	make_pair(p);
	works(getsockname(p[0], &a.any, &n), "own name");
	works(getpeername(p[1], &b.any, &n), "peer's name");
	is(n, end_size(FAMILY), "length");
	is(end_port(&a), end_port(&b), "the same port");
	ok(end_is_loopback(&a), "address");
	is(option(p[0], SOL_SOCKET, SO_TYPE), SOCK_STREAM, "SO_TYPE");
	is(option(p[0], SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP, "SO_PROTOCOL");
}

TEST(refused)
{
	int l = listener(1), port = port_of(l), fd = must(socket(FAMILY, SOCK_STREAM, 0));

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
	int l = listener(1), fd = must(socket(FAMILY, SOCK_STREAM | SOCK_NONBLOCK, 0)), port;
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
	fd = must(socket(FAMILY, SOCK_STREAM | SOCK_NONBLOCK, 0));
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
	union end a = address(0);
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
	fails(bind(l, &a.any, sizeof(a)), EINVAL, "bind twice");
	fails(accept(fd, NULL, NULL), EINVAL, "accept of a connection");
	fails(listen(fd, 1), EINVAL, "listen of a connection");
}

TEST(address_in_use)
{
	int l = listener(5), fd = must(socket(FAMILY, SOCK_STREAM, 0)), p;
	union end a = address(port_of(l));

	fails(bind(fd, &a.any, sizeof(a)), EADDRINUSE, "a listener has it");
	must(set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	fails(bind(fd, &a.any, sizeof(a)), EADDRINUSE, "and keeps it");
	p = connected(l);
	must(accept(l, NULL, NULL));
	close(l);
	close(fd);
	fd = must(socket(FAMILY, SOCK_STREAM, 0));
	fails(bind(fd, &a.any, sizeof(a)), EADDRINUSE, "a connection has it");
	close(p);
}

TEST(reuse_port)
{
	int a = must(socket(FAMILY, SOCK_STREAM, 0)), b = must(socket(FAMILY, SOCK_STREAM, 0));
	union end any = address(0);

	loopback_up();
	must(set(a, SOL_SOCKET, SO_REUSEPORT, 1));
	must(set(b, SOL_SOCKET, SO_REUSEPORT, 1));
	must(bind(a, &any.any, sizeof(any)));
	any = address(port_of(a));
	works(bind(b, &any.any, sizeof(any)), "two sockets, one port");
	works(listen(a, 5), "one listens");
	works(listen(b, 5), "the other too");
	works(try_connect(must(socket(FAMILY, SOCK_STREAM, 0)), port_of(a)), "one gets it");
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

TEST(backlog)
{
	int l = listener(1), fd[6], first = 0, done;

	for (int i = 0; i < 6; i++) {
		fd[i] = must(socket(FAMILY, SOCK_STREAM | SOCK_NONBLOCK, 0));
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
	union end a = address(port_of(l));
	char x;

	/* The server closes first. */
	port = port_of(l);
	close(s);
	is(read(c, &x, 1), 0, "end");
	close(c);
	close(l);
	tap_sleep_ms(50);
	fd = must(socket(FAMILY, SOCK_STREAM, 0));
	fails(bind(fd, &a.any, sizeof(a)), EADDRINUSE, "TIME-WAIT has the port");
	must(set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	fails(bind(fd, &a.any, sizeof(a)), EADDRINUSE,
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
	works(connect4(c, INADDR_LOOPBACK, ntohs(a.sin6_port)), "IPv4 to a socket of both");
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

/* Options that few use: kept, refused, or with nothing to tell. */
TEST(rare_options)
{
	int p[2], v = 7;
	socklen_t n = sizeof(v);
	char text[64];

	make_pair(p);
	works(set(p[0], IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1), "TCP_THIN_LINEAR_TIMEOUTS");
	is(option(p[0], IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS), 1, "is kept");
	fails(set(p[0], IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 2), EINVAL, "it is yes or no");
	works(set(p[0], IPPROTO_TCP, TCP_THIN_DUPACK, 1), "TCP_THIN_DUPACK");
	is(option(p[0], IPPROTO_TCP, TCP_REPAIR), 0, "not in repair");
	fails(set(p[0], IPPROTO_TCP, TCP_REPAIR_QUEUE, 1), EPERM, "nor may it have its queues");
	fails(set(p[0], IPPROTO_TCP, TCP_TIMESTAMP, 1), EPERM, "nor another clock");
	works(getsockopt(p[0], IPPROTO_TCP, TCP_TIMESTAMP, &v, &n), "which can be read");
	n = sizeof(text);
	works(getsockopt(p[0], IPPROTO_TCP, TCP_CC_INFO, text, &n), "TCP_CC_INFO");
	is(n, 0, "cubic has none");
	fails(setsockopt(p[0], IPPROTO_TCP, TCP_ULP, "none", 4), ENOENT, "no such protocol above");
	n = sizeof(text);
	works(getsockopt(p[0], IPPROTO_TCP, TCP_ULP, text, &n), "and it has none");
	is(n, 0, "no name");
}

TEST(saved_syn)
{
	int l = listener(2), a, b;
	unsigned char h[128];
	socklen_t n = sizeof(h);
	const unsigned char *tcp = h + (FAMILY == AF_INET ? 20 : 40);

	is(option(l, IPPROTO_TCP, TCP_SAVE_SYN), 0, "SYNs are not saved");
	works(set(l, IPPROTO_TCP, TCP_SAVE_SYN, 1), "TCP_SAVE_SYN");
	a = connected(l);
	b = must(accept(l, NULL, NULL));
	n = 10;
	fails(getsockopt(b, IPPROTO_TCP, TCP_SAVED_SYN, h, &n), EINVAL, "too little room");
	n = sizeof(h);
	works(getsockopt(b, IPPROTO_TCP, TCP_SAVED_SYN, h, &n), "TCP_SAVED_SYN");
	ok(n >= (FAMILY == AF_INET ? 40 : 60) && n < sizeof(h), "headers of IP and TCP");
	is(h[0] >> 4, FAMILY == AF_INET ? 4 : 6, "of the right version");
	is(tcp[0] << 8 | tcp[1], port_of(a), "from the client's port");
	is(tcp[13] & 0x12, 2, "a SYN");
	n = sizeof(h);
	works(getsockopt(b, IPPROTO_TCP, TCP_SAVED_SYN, h, &n), "once more");
	is(n, 0, "it is gone");
	set(l, IPPROTO_TCP, TCP_SAVE_SYN, 0);
	a = connected(l);
	b = must(accept(l, NULL, NULL));
	n = sizeof(h);
	works(getsockopt(b, IPPROTO_TCP, TCP_SAVED_SYN, h, &n), "of another");
	is(n, 0, "nothing was saved");
}

static int churn(void *arg)
{
	int port = *(int *)arg;

	for (int i = 0; i < 300; i++) {
		struct linger l = {1, 0};
		int fd = socket(FAMILY, SOCK_STREAM, 0);
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
