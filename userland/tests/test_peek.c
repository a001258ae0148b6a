/* SO_PEEK_OFF: where the next peek begins (socket(7)). */
#include "tap.h"
#include "loopback.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

static char text[64];

/* A peek of at most n bytes: what it gets, as text. */
static const char *peeked(int fd, size_t n)
{
	long got = recv(fd, text, n, MSG_PEEK | MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN ? "nothing" : "error";
	text[got] = 0;
	return text;
}

static void peek_is(int fd, size_t n, const char *expected, const char *what)
{
	ok(!strcmp(peeked(fd, n), expected), what);
}

/* Two sockets of a family: what is written to the first is read at the second. */
static void two(int family, int s[2])
{
	if (family == AF_UNIX) {
		must(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
		return;
	}
	loopback_up();
	udp_pair(family, s);
}

static void datagrams(int family)
{
	int s[2];

	two(family, s);
	is(get_int(s[1], SOL_SOCKET, SO_PEEK_OFF), -1, "it is off");
	must(write(s[0], "abcdef", 6));
	must(write(s[0], "ghi", 3));
	peek_is(s[1], 2, "ab", "a peek without it");
	peek_is(s[1], 2, "ab", "and again");
	works(set_int(s[1], SOL_SOCKET, SO_PEEK_OFF, 0), "from the begin on");
	peek_is(s[1], 2, "ab", "a peek");
	is(get_int(s[1], SOL_SOCKET, SO_PEEK_OFF), 2, "moves it");
	peek_is(s[1], 20, "cdef", "the next goes on to the message's end");
	peek_is(s[1], 2, "gh", "the one after is of the next message");
	is(get_int(s[1], SOL_SOCKET, SO_PEEK_OFF), 8, "it counts over messages");
	is(recv(s[1], text, 20, 0), 6, "a read is of the first, whole");
	is(get_int(s[1], SOL_SOCKET, SO_PEEK_OFF), 2, "and moves it back");
	peek_is(s[1], 20, "i", "to the same byte");
	peek_is(s[1], 20, "nothing", "there is nothing behind");
	works(set_int(s[1], SOL_SOCKET, SO_PEEK_OFF, 1), "somewhere else");
	peek_is(s[1], 20, "hi", "a peek from there");
	works(set_int(s[1], SOL_SOCKET, SO_PEEK_OFF, -1), "off again");
	peek_is(s[1], 20, "ghi", "a peek from the begin");
	is(recv(s[1], text, 20, 0), 3, "the last");
}

TEST(datagrams_local)
{
	datagrams(AF_UNIX);
}

TEST(datagrams_udp)
{
	datagrams(AF_INET);
}

TEST(datagrams_udp6)
{
	datagrams(AF_INET6);
}

/* A message without bytes is seen once. */
static void empty(int family)
{
	int s[2];

	two(family, s);
	must(send(s[0], "", 0, 0));
	must(send(s[0], "x", 1, 0));
	must(set_int(s[1], SOL_SOCKET, SO_PEEK_OFF, 0));
	peek_is(s[1], 20, "", "the message without bytes");
	peek_is(s[1], 20, "x", "the next one");
	is(recv(s[1], text, 20, 0), 0, "reading them");
	is(recv(s[1], text, 20, 0), 1, "in order");
}

TEST(empty_local)
{
	empty(AF_UNIX);
}

TEST(empty_udp)
{
	empty(AF_INET);
}

/* How much a read was, or a peek, that was told the whole length. */
static void lengths(int family)
{
	int s[2];

	two(family, s);
	must(write(s[0], "abcdef", 6));
	must(set_int(s[1], SOL_SOCKET, SO_PEEK_OFF, 1));
	is(recv(s[1], text, 2, MSG_PEEK | MSG_TRUNC), family == AF_UNIX ? 5 : 6, "the length");
	is(get_int(s[1], SOL_SOCKET, SO_PEEK_OFF), family == AF_UNIX ? 3 : 7, "how far it went");
	must(set_int(s[1], SOL_SOCKET, SO_PEEK_OFF, 10));
	is(recv(s[1], text, 4, 0), 4, "a read cut short");
	is(get_int(s[1], SOL_SOCKET, SO_PEEK_OFF), family == AF_UNIX ? 4 : 6, "how far back");
}

TEST(lengths_local)
{
	lengths(AF_UNIX);
}

TEST(lengths_udp)
{
	lengths(AF_INET);
}

/* A peek behind everything waits for what comes there. */
static void waits(int family)
{
	int s[2];
	pid_t pid;

	two(family, s);
	must(write(s[0], "abc", 3));
	must(set_int(s[1], SOL_SOCKET, SO_PEEK_OFF, 3));
	pid = must(fork());
	if (!pid) {
		tap_sleep_ms(50);
		write(s[0], "def", 3);
		_exit(0);
	}
	is(recv(s[1], text, 20, MSG_PEEK), 3, "what came");
	ok(!memcmp(text, "def", 3), "behind the rest");
	exits(pid, 0, "the writer");
}

TEST(waits_local)
{
	waits(AF_UNIX);
}

TEST(waits_udp)
{
	waits(AF_INET);
}

/* One who peeks behind everything while others read all of it. */
static pid_t peek_behind(int s[2], int messages)
{
	pid_t pid;

	for (int k = 0; k < messages; k++)
		must(write(s[0], "abc", 3));
	must(set_int(s[1], SOL_SOCKET, SO_PEEK_OFF, 3 * messages));
	pid = must(fork());
	if (!pid)
		_exit(recv(s[1], text, 20, MSG_PEEK) != 1);
	tap_sleep_ms(50);
	for (int k = 0; k < messages; k++)
		must(recv(s[1], text, 20, MSG_DONTWAIT));
	return pid;
}

static void others_read(int family)
{
	struct sched_param first = {.sched_priority = 1};
	int s[2], status;
	pid_t pid;

	two(family, s);
	pid = peek_behind(s, 1);
	must(write(s[0], "x", 1));
	exits(pid, 0, "one comes for one that went");
	is(recv(s[1], text, 20, 0), 1, "which is read");
	/* What comes goes before he looks, who then waits, and hears signals. */
	must(set_int(s[1], SOL_SOCKET, SO_PEEK_OFF, -1));
	pid = peek_behind(s, 2);
	must(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &first));
	must(write(s[0], "x", 1));
	is(recv(s[1], text, 20, 0), 1, "one that somebody else reads");
	tap_sleep_ms(50);
	must(kill(pid, SIGTERM));
	must(waitpid(pid, &status, 0));
	ok(WIFSIGNALED(status) || !status, "he who peeks waits, unless he was quicker");
}

TEST(others_read_local)
{
	others_read(AF_UNIX);
}

TEST(others_read_udp)
{
	if (!is_skerry()) {
		skip("he who peeks waits", "here he spins in the kernel");
		return;
	}
	others_read(AF_INET);
}

TEST(streams)
{
	int s[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	must(write(s[0], "abcdef", 6));
	must(write(s[0], "ghi", 3));
	works(set_int(s[1], SOL_SOCKET, SO_PEEK_OFF, 4), "in the middle");
	peek_is(s[1], 3, "efg", "over the border of two writes");
	peek_is(s[1], 20, "hi", "the rest");
	is(recv(s[1], text, 5, 0), 5, "a read");
	is(get_int(s[1], SOL_SOCKET, SO_PEEK_OFF), 4, "moves it back");
	works(set_int(s[1], SOL_SOCKET, SO_PEEK_OFF, 0), "to the begin");
	peek_is(s[1], 20, "fghi", "what is left");
}

TEST(who_has_it)
{
	int raw = must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	int pair[2], packet = must(socket(AF_INET, SOCK_STREAM, 0)), v = 0;
	socklen_t n = sizeof(v);

	fails(set_int(raw, SOL_SOCKET, SO_PEEK_OFF, 0), EOPNOTSUPP, "raw sockets do not");
	fails(getsockopt(raw, SOL_SOCKET, SO_PEEK_OFF, &v, &n), EOPNOTSUPP, "nor tell");
	fails(set_int(packet, SOL_SOCKET, SO_PEEK_OFF, 0), EOPNOTSUPP, "nor does TCP");
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	works(set_int(pair[0], SOL_SOCKET, SO_PEEK_OFF, 0), "seqpackets do");
	fails(setsockopt(pair[0], SOL_SOCKET, SO_PEEK_OFF, &v, 2), EINVAL, "not an int");
}
