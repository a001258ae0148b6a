/* AF_UNIX datagrams and seqpackets: borders, addresses, queues, lost peers. */
#include "tap.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

/* The library's do not hand on all that they are given. */
#define raw_sendmsg(s, m, flags)           syscall(SYS_sendmsg, s, m, flags)
#define raw_recvmsg(s, m, flags)           syscall(SYS_recvmsg, s, m, flags)
#define raw_sendmmsg(s, v, n, flags)       syscall(SYS_sendmmsg, s, v, n, flags)
#define raw_recvmmsg(s, v, n, flags, time) syscall(SYS_recvmmsg, s, v, n, flags, time)

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strcpy(a.sun_path, path);
	return a;
}

static int bound(const char *path)
{
	struct sockaddr_un a = address(path);
	int s = must(socket(AF_UNIX, SOCK_DGRAM, 0));

	must(bind(s, (void *)&a, sizeof(a)));
	return s;
}

static int connect_to(int s, const char *path)
{
	struct sockaddr_un a = address(path);

	return connect(s, (void *)&a, sizeof(a));
}

static int events_of(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDHUP, 0 };

	must(poll(&p, 1, 0));
	return p.revents;
}

TEST(datagrams)
{
	int a = bound("a"), b = bound("b"), c = must(socket(AF_UNIX, SOCK_DGRAM, 0)), n;
	struct sockaddr_un to = address("b"), from;
	socklen_t length = sizeof(from);
	char buf[16] = "";

	is(sendto(a, "hello", 5, 0, (void *)&to, sizeof(to)), 5, "sendto");
	is(sendto(a, "", 0, 0, (void *)&to, sizeof(to)), 0, "an empty one");
	is(sendto(c, "anonymous", 9, 0, (void *)&to, sizeof(to)), 9, "from one without a name");
	works(ioctl(b, FIONREAD, &n), "FIONREAD");
	is(n, 5, "is of the first");
	is(recvfrom(b, buf, 2, MSG_PEEK | MSG_TRUNC, (void *)&from, &length), 5, "MSG_TRUNC");
	is_text(from.sun_path, "a", "who sent it");
	is(recvfrom(b, buf, 2, 0, NULL, NULL), 2, "cut");
	is(recv(b, buf, 16, 0), 0, "the rest is lost, the empty one comes");
	length = sizeof(from);
	is(recvfrom(b, buf, 16, 0, (void *)&from, &length), 9, "the third");
	is(length, 0, "has no name");
	fails(recv(b, buf, 16, MSG_DONTWAIT), EAGAIN, "nothing more");
	fails(send(a, "x", 1, 0), ENOTCONN, "no default destination");
	fails(listen(a, 1), EOPNOTSUPP, "listen");
	fails(accept(a, NULL, NULL), EOPNOTSUPP, "accept");
	to = address("none");
	fails(sendto(a, "x", 1, 0, (void *)&to, sizeof(to)), ENOENT, "no such name");
	to = address("b");
	n = must(socket(AF_UNIX, SOCK_STREAM, 0));
	fails(connect_to(n, "b"), EPROTOTYPE, "a stream cannot connect to it");
	fails(sendto(a, BAD, 1, 0, (void *)&to, sizeof(to)), EFAULT, "bad buffer");
	fails(sendto(a, "x", 1, 0, BAD, sizeof(to)), EFAULT, "bad address");
	fails(sendto(a, "x", 1, 0, (void *)&to, 1), EINVAL, "short address");
	fails(sendto(a, "x", 1, MSG_OOB, (void *)&to, sizeof(to)), EOPNOTSUPP, "urgent");
}

TEST(connected)
{
	int a = bound("a"), b = bound("b"), c = bound("c");
	struct sockaddr_un to = address("b"), none = { .sun_family = AF_UNSPEC };
	char buf[16];

	works(connect_to(a, "b"), "connect");
	is(send(a, "one", 3, 0), 3, "send");
	works(connect_to(b, "a"), "and back");
	fails(sendto(c, "x", 1, 0, (void *)&to, sizeof(to)), EPERM, "others may not send to it");
	fails(connect_to(c, "b"), EPERM, "nor connect");
	is(recv(b, buf, 16, 0), 3, "what was sent");
	must(send(b, "lost", 4, 0));
	works(connect_to(a, "c"), "another destination");
	fails(recv(a, buf, 16, MSG_DONTWAIT), EAGAIN, "what came is lost");
	fails(recv(b, buf, 16, MSG_DONTWAIT), ECONNRESET, "the old peer is told");
	works(connect(a, (void *)&none, sizeof(none)), "no destination");
	fails(send(a, "x", 1, 0), ENOTCONN, "ENOTCONN");
	must(connect_to(a, "c"));
	must(close(c));
	fails(send(a, "x", 1, 0), ECONNREFUSED, "the destination is gone");
	fails(send(a, "x", 1, 0), ENOTCONN, "and then there is none");
	must(connect(b, (void *)&none, sizeof(none)));
	must(connect_to(a, "b"));
	must(shutdown(b, SHUT_RD));
	fails(send(a, "x", 1, 0), EPIPE, "it reads no more");
	is(recv(b, buf, 1, 0), 0, "and has nothing");
}

TEST(full)
{
	int a = bound("a"), b = bound("b"), n = 0;
	struct timeval tv = { 0, 20000 };
	struct sockaddr_un to = address("b");
	static char big[300000];
	char buf[16];
	pid_t pid;

	must(connect_to(a, "b"));
	is(events_of(a), POLLOUT, "room");
	while (send(a, "x", 1, MSG_DONTWAIT) == 1)
		n++;
	is(errno, EAGAIN, "the queue is full");
	is(n, 11, "max_dgram_qlen and one");
	is(events_of(a), 0, "cannot be written to");
	must(setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	fails(send(a, "x", 1, 0), EAGAIN, "SO_SNDTIMEO");
	pid = must(fork());
	if (!pid) {
		struct pollfd p = { a, POLLOUT, 0 };

		is(poll(&p, 1, 10000), 1, "poll waits for room");
		is(sendto(a, "y", 1, 0, (void *)&to, sizeof(to)), 1, "that is there");
		_exit(0);
	}
	tap_await_state(pid, 'S');
	is(recv(b, buf, 1, 0), 1, "a message is read");
	exits(pid, 0, "sender");
	fails(send(a, "x", 1, MSG_DONTWAIT), EAGAIN, "full again");
	tv.tv_usec = 0;
	must(setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	pid = must(fork());
	if (!pid) {
		is(send(a, "z", 1, 0), 1, "a waiting send");
		_exit(0);
	}
	tap_await_state(pid, 'S');
	is(recv(b, buf, 1, 0), 1, "another is read");
	exits(pid, 0, "goes on");
	fails(send(a, big, sizeof(big), 0), EMSGSIZE, "too large");
	while (recv(b, buf, 1, MSG_DONTWAIT) == 1)
		n--;
	is(send(a, big, 100000, 0), 100000, "a large one");
	is(recv(b, big, sizeof(big), 0), 100000, "comes whole");
}

TEST(seqpackets)
{
	struct sockaddr_un name = address("s");
	int p[2], l = must(socket(AF_UNIX, SOCK_SEQPACKET, 0)), c, s;
	char buf[16];

	signal(SIGPIPE, SIG_DFL);
	must(bind(l, (void *)&name, sizeof(name)));
	c = must(socket(AF_UNIX, SOCK_SEQPACKET, 0));
	fails(connect_to(c, "s"), ECONNREFUSED, "not listening");
	must(listen(l, 2));
	fails(send(c, "x", 1, 0), ENOTCONN, "send without a connection");
	fails(recv(c, buf, 1, 0), ENOTCONN, "receive without a connection");
	works(connect_to(c, "s"), "connect");
	s = must(accept(l, NULL, NULL));
	is(send(c, "first", 5, 0), 5, "a message");
	is(write(c, "second", 6), 6, "another by write");
	is(read(s, buf, 3), 3, "the first is cut");
	is(read(s, buf, 16), 6, "the second whole");
	is(events_of(c), POLLOUT, "may be written to");
	must(close(s));
	is(read(c, buf, 1), 0, "the end");
	fails(write(c, "x", 1), EPIPE, "EPIPE without a signal");
	is(events_of(c) & POLLHUP, POLLHUP, "hung up");
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p));
	must(shutdown(p[0], SHUT_WR));
	is(recv(p[1], buf, 1, MSG_DONTWAIT), 0, "shut");
}

TEST(gathering)
{
	struct iovec out[3] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } };
	char x[2], y[8];
	struct iovec in[2] = { { x, 2 }, { y, 8 } };
	struct msghdr m = { .msg_iov = out, .msg_iovlen = 3 };
	struct sockaddr_un from;
	int p[2], a = bound("a"), b;

	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	is(raw_sendmsg(p[0], &m, 0), 5, "sendmsg");
	is(writev(p[0], out, 3), 5, "writev");
	m = (struct msghdr){ .msg_iov = in, .msg_iovlen = 2 };
	is(raw_recvmsg(p[1], &m, 0), 5, "recvmsg");
	ok(!memcmp(x, "ab", 2) && !memcmp(y, "cde", 3), "in both buffers");
	is(m.msg_flags, 0, "no flags");
	in[1].iov_len = 1;
	is(raw_recvmsg(p[1], &m, 0), 3, "recvmsg, little room");
	is(m.msg_flags, MSG_TRUNC, "MSG_TRUNC");
	m.msg_name = &from;
	m.msg_namelen = sizeof(from);
	b = bound("b");
	must(connect_to(a, "b"));
	must(send(a, "1", 1, 0));
	is(raw_recvmsg(b, &m, 0), 1, "recvmsg with a name");
	is(m.msg_namelen, 4, "its length");
	is_text(from.sun_path, "a", "the name");
	m.msg_iovlen = 1025;
	fails(raw_recvmsg(b, &m, MSG_DONTWAIT), EMSGSIZE, "too many buffers");
	fails(raw_sendmsg(a, &m, 0), EMSGSIZE, "too many to send");
	m.msg_iovlen = 1;
	m.msg_iov = BAD;
	fails(raw_recvmsg(b, &m, MSG_DONTWAIT), EFAULT, "bad array");
	fails(raw_recvmsg(b, BAD, MSG_DONTWAIT), EFAULT, "bad header");
	fails(raw_sendmsg(a, BAD, 0), EFAULT, "bad header to send");
	m.msg_iov = in;
	m.msg_namelen = -1;
	fails(raw_sendmsg(a, &m, 0), EINVAL, "negative length of the name");
}

TEST(many_at_once)
{
	struct iovec v[4] = { { "a", 1 }, { "bb", 2 }, { "ccc", 3 }, { "dddd", 4 } };
	char bufs[4][8];
	struct iovec w[4];
	struct mmsghdr out[4], in[4];
	struct timespec ts = { 0, 20000000 };
	int p[2];

	memset(out, 0, sizeof(out));
	memset(in, 0, sizeof(in));
	for (int i = 0; i < 4; i++) {
		w[i] = (struct iovec){ bufs[i], 8 };
		out[i].msg_hdr.msg_iov = &v[i];
		in[i].msg_hdr.msg_iov = &w[i];
		out[i].msg_hdr.msg_iovlen = in[i].msg_hdr.msg_iovlen = 1;
	}
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	is(raw_sendmmsg(p[0], out, 4, 0), 4, "sendmmsg");
	is(out[2].msg_len, 3, "tells what it sent");
	is(raw_recvmmsg(p[1], in, 2, 0, NULL), 2, "recvmmsg");
	is(in[1].msg_len, 2, "tells what came");
	is(raw_recvmmsg(p[1], in, 4, MSG_WAITFORONE, NULL), 2, "MSG_WAITFORONE");
	fails(raw_recvmmsg(p[1], in, 4, MSG_DONTWAIT, NULL), EAGAIN, "nothing there");
	must(raw_sendmmsg(p[0], out, 1, 0));
	works(setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO,
			 &(struct timeval){ 0, 40000 }, sizeof(struct timeval)), "SO_RCVTIMEO");
	is(raw_recvmmsg(p[1], in, 4, 0, &ts), 1, "a time limit");
	ts.tv_nsec = 1000000000;
	fails(raw_recvmmsg(p[1], in, 4, 0, &ts), EINVAL, "a bad time");
	fails(syscall(SYS_recvmmsg, p[1], in, 4, 0, BAD), EFAULT, "a bad pointer to it");
	fails(syscall(SYS_recvmmsg, p[1], BAD, 1, MSG_DONTWAIT, NULL), EFAULT, "bad messages");
	fails(syscall(SYS_sendmmsg, p[0], BAD, 1, 0), EFAULT, "bad messages to send");
	out[1].msg_hdr.msg_iov = BAD;
	is(raw_sendmmsg(p[0], out, 4, 0), 1, "up to the bad one");
	is(raw_sendmmsg(p[0], out, 0, 0), 0, "none at all");
}
