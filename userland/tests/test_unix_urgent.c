/* MSG_OOB on streams of AF_UNIX: one urgent byte, and the mark where it was. */
#include "tap.h"
#include "loopback.h"

#include <sys/un.h>

static char text[64];
static volatile sig_atomic_t urgent;

static void on_urgent(int signo)
{
	(void)signo;
	urgent++;
}

static int at_mark(int fd)
{
	int v = -1;

	return ioctl(fd, SIOCATMARK, &v) < 0 ? -1 : v;
}

static int events(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLPRI | POLLRDBAND};

	must(poll(&p, 1, 0));
	return p.revents;
}

static void pair(int s[2])
{
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
}

/* A read of at most n bytes without waiting is this. */
static void reads(int fd, size_t n, int flags, const char *expected, const char *what)
{
	long got = recv(fd, text, n, flags | MSG_DONTWAIT);

	text[got < 0 ? 0 : got] = 0;
	ok(got == (long)strlen(expected) && !strcmp(text, expected), what);
}

TEST(byte)
{
	struct iovec iov = {text, sizeof(text)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	int s[2];

	pair(s);
	fails(recv(s[1], text, 1, MSG_OOB), EINVAL, "there is none");
	is(send(s[0], "hello", 5, MSG_OOB), 5, "the last byte is urgent");
	is(events(s[1]) & (POLLIN | POLLPRI), POLLIN | POLLPRI, "poll tells of it");
	is(recv(s[1], text, 1, MSG_OOB | MSG_PEEK), 1, "a peek");
	is(text[0], 'o', "is that byte");
	is(recvmsg(s[1], &m, MSG_OOB), 1, "read by itself");
	is(text[0], 'o', "the byte");
	ok(m.msg_flags & MSG_OOB, "it is called urgent");
	fails(recv(s[1], text, 1, MSG_OOB), EINVAL, "once");
	is(events(s[1]) & POLLPRI, 0, "nothing urgent is left");
	reads(s[1], 20, 0, "hell", "the rest");
}

TEST(mark)
{
	int s[2];

	pair(s);
	is(at_mark(s[1]), 0, "nothing is there");
	must(send(s[0], "abc", 3, MSG_OOB));
	must(send(s[0], "def", 3, 0));
	is(at_mark(s[1]), 0, "before the mark");
	reads(s[1], 20, 0, "ab", "a read ends at the mark");
	is(at_mark(s[1]), 1, "there it is");
	reads(s[1], 20, MSG_OOB, "c", "the urgent byte");
}

TEST(passed_over)
{
	int s[2];

	pair(s);
	must(send(s[0], "abc", 3, MSG_OOB));
	must(send(s[0], "def", 3, 0));
	reads(s[1], 20, 0, "ab", "up to the mark");
	reads(s[1], 20, 0, "def", "a read from there passes over the byte");
	fails(recv(s[1], text, 1, MSG_OOB), EINVAL, "it is lost");
}

TEST(inline)
{
	int s[2];

	pair(s);
	must(set_int(s[1], SOL_SOCKET, SO_OOBINLINE, 1));
	must(send(s[0], "abc", 3, MSG_OOB));
	must(send(s[0], "def", 3, 0));
	fails(recv(s[1], text, 1, MSG_OOB), EINVAL, "not by itself");
	reads(s[1], 20, 0, "ab", "up to the mark");
	is(at_mark(s[1]), 1, "there it is");
	reads(s[1], 20, 0, "cdef", "the byte is among the others");
	is(events(s[1]), 0, "and was read");
}

TEST(another)
{
	int s[2];

	pair(s);
	must(send(s[0], "ab", 2, MSG_OOB));
	must(send(s[0], "cd", 2, MSG_OOB));
	reads(s[1], 20, MSG_OOB, "d", "the later one is urgent");
	reads(s[1], 20, 0, "abc", "the earlier one is not any more");
}

TEST(signal)
{
	int s[2];

	pair(s);
	signal(SIGURG, on_urgent);
	must(fcntl(s[1], F_SETOWN, getpid()));
	must(send(s[0], "x", 1, 0));
	is(urgent, 0, "nothing urgent");
	must(send(s[0], "y", 1, MSG_OOB));
	is(urgent, 1, "SIGURG");
	is(text[0], 0, "nothing was read");
}

TEST(who_waits)
{
	struct pollfd p;
	int s[2];
	pid_t pid;

	pair(s);
	pid = must(fork());
	if (!pid) {
		tap_sleep_ms(50);
		send(s[0], "x", 1, MSG_OOB);
		_exit(0);
	}
	p = (struct pollfd){.fd = s[1], .events = POLLPRI};
	is(poll(&p, 1, 10000), 1, "poll wakes up");
	is(p.revents, POLLPRI, "POLLPRI");
	exits(pid, 0, "the sender");
}

TEST(not_there)
{
	int s[2];

	pair(s);
	fails(send(s[0], "", 0, MSG_OOB), EOPNOTSUPP, "no byte");
	must(shutdown(s[1], SHUT_RD));
	fails(send(s[0], "x", 1, MSG_OOB | MSG_NOSIGNAL), EPIPE, "nobody reads");
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	fails(send(s[0], "x", 1, MSG_OOB), EOPNOTSUPP, "datagrams");
	fails(recv(s[0], text, 1, MSG_OOB), EOPNOTSUPP, "received");
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s));
	fails(send(s[0], "x", 1, MSG_OOB), EOPNOTSUPP, "seqpackets");
}

/* What it ends with. */
TEST(ends)
{
	int s[2];

	pair(s);
	must(send(s[0], "ab", 2, MSG_OOB));
	reads(s[1], 20, MSG_OOB, "b", "the urgent byte");
	reads(s[1], 20, 0, "a", "the other");
	close(s[0]);
	is(recv(s[1], text, 20, 0), 0, "the end");
	pair(s);
	must(send(s[0], "ab", 2, MSG_OOB));
	close(s[0]);
	reads(s[1], 20, 0, "a", "after the other end has gone");
	reads(s[1], 20, MSG_OOB, "b", "the urgent byte");
	is(recv(s[1], text, 20, 0), 0, "the end");
}

/* What was sent with a byte that is passed over is closed. */
TEST(rights_passed_over)
{
	_Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { "!", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space,
			    .msg_controllen = sizeof(space) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int s[2], p[2];
	char b[4];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	must(pipe(p));
	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
			       .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(c), &p[1], sizeof(int));
	is(sendmsg(s[0], &m, MSG_OOB), 1, "an urgent byte with a descriptor");
	must(close(p[1]));
	must(write(s[0], "ab", 2));
	is(recv(s[1], b, sizeof(b), 0), 2, "what is behind it");
	is(read(p[0], b, 1), 0, "nobody has the descriptor any more");
}
