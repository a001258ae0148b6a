/*
 * TIME-WAIT over loopback: what is shown of it, who may have its ends, how many there may be.
 */
#include "tcp.h"

#include <fcntl.h>

#define NET "/proc/sys/net/ipv4/"

/* Connects from a port of ours (0: any) that may be shared. */
static int connected_from(int l, int port)
{
	union end a = address(port);
	int fd = must(socket(FAMILY, SOCK_STREAM, 0));

	must(set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	must(bind(fd, &a.any, sizeof(a)));
	must(try_connect(fd, port_of(l)));
	return fd;
}

/* The state of a connection in /proc/net/tcp, or 0; the rest of its line in *rest. */
static int shown(int local, int remote, char rest[128])
{
	char ends[2][16];
	const char *at = tap_read(FAMILY == AF_INET ? "/proc/net/tcp" : "/proc/net/tcp6"), *end;

	snprintf(ends[0], sizeof(ends[0]), ":%04X ", local);
	snprintf(ends[1], sizeof(ends[1]), ":%04X ", remote);
	for (; (end = strchr(at, '\n')); at = end + 1) {
		const char *one = strstr(at, ends[0]), *two = strstr(at, ends[1]);

		if (!one || !two || two > end || one > two)
			continue;
		snprintf(rest, 128, "%.*s", (int)(end - two - 6), two + 6);
		return (int)strtol(rest, NULL, 16);
	}
	return 0;
}

static int await_shown(int local, int remote, int wanted, char rest[128])
{
	for (int i = 0; i < 200 && shown(local, remote, rest) != wanted; i++)
		tap_sleep_ms(10);
	return shown(local, remote, rest);
}

static long waiting(void)
{
	return tap_number(strstr(tap_read("/proc/net/sockstat"), " tw"), " tw ");
}

TEST(shown)
{
	int l = listener(5), a = connected(l), b = must(accept(l, NULL, NULL));
	int port = port_of(a), to = port_of(l);
	long before = waiting();
	char rest[128], c;

	must(shutdown(a, SHUT_WR));
	is(read(b, &c, 1), 0, "end of file");
	must(write(b, "x", 1));
	must(close(b));
	is(await_shown(port, to, TCP_TIME_WAIT, rest), TCP_TIME_WAIT, "in TIME-WAIT");
	ok(!strncmp(rest, "06 00000000:00000000 03:", 24), "with its timer");
	is(strtol(rest + 33, NULL, 16), 0, "nothing to send again");
	ok(waiting() > before, "counted in sockstat");
	is(shown(to, port, rest), 0, "the other end is gone");
	is(state(a), TCP_CLOSE, "the socket is done with");
	ok(events(a) & POLLHUP, "and hung up");
	is(read(a, &c, 1), 1, "what came can be read");
	is(read(a, &c, 1), 0, "to its end");
	fails(shutdown(a, SHUT_RD), ENOTCONN, "there is no connection");
	close(a);
	is(shown(port, to, rest), TCP_TIME_WAIT, "and it waits on");
}

/* Closes the client's end first, from its port: that is in TIME-WAIT then. */
static int wait_at(int l, int port)
{
	int a = connected_from(l, port), b = must(accept(l, NULL, NULL)), used = port_of(a);
	char rest[128];

	close(a);
	close(b);
	is(await_shown(used, port_of(l), TCP_TIME_WAIT, rest), TCP_TIME_WAIT, "in TIME-WAIT");
	return used;
}

TEST(ports)
{
	int l = listener(5), port = wait_at(l, 0), fd = must(socket(FAMILY, SOCK_STREAM, 0));
	union end a = address(port);

	fails(bind(fd, &a.any, sizeof(a)), EADDRINUSE, "its port is taken");
	must(set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	works(bind(fd, &a.any, sizeof(a)), "unless it is shared");
	works(listen(fd, 1), "also to listen");
	close(fd);
	tap_sleep_ms(2100);
	fd = connected_from(l, port);
	ok(fd >= 0, "a new connection may have the ends later (tcp_tw_reuse)");
	is(state(fd), TCP_ESTABLISHED, "established");
}

/* The server closes first; its client comes again from the same port. */
TEST(newer_syn)
{
	int l = listener(5), a = connected_from(l, 0), b = must(accept(l, NULL, NULL));
	int port = port_of(a);
	char rest[128], c;

	close(b);
	is(read(a, &c, 1), 0, "end of file");
	close(a);
	is(await_shown(port_of(l), port, TCP_TIME_WAIT, rest), TCP_TIME_WAIT, "the server waits");
	tap_sleep_ms(50);
	a = connected_from(l, port);
	b = must(accept(l, NULL, NULL));
	must(write(a, "n", 1));
	is(read(b, &c, 1), 1, "the new one takes its place");
	is(shown(port_of(l), port, rest), TCP_ESTABLISHED, "and is shown");
}

TEST(limit)
{
	int l = listener(5), a, b, port;
	char old[16], rest[128];

	snprintf(old, sizeof(old), "%s", tap_read(NET "tcp_max_tw_buckets"));
	must(tap_write(NET "tcp_max_tw_buckets", "0"));
	a = connected(l);
	b = must(accept(l, NULL, NULL));
	port = port_of(a);
	must(shutdown(a, SHUT_WR));
	must(close(b));
	await_state(a, TCP_CLOSE, "it ends at once");
	is(shown(port, port_of(l), rest), 0, "and does not wait");
	must(tap_write(NET "tcp_max_tw_buckets", old));
}
