/* What goes with messages: descriptors, credentials, who the peer is; lost descriptors. */
#include "tap.h"
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The library's copy control data, and not all that much. */
#define raw_sendmsg(s, m, flags) syscall(SYS_sendmsg, s, m, flags)
#define raw_recvmsg(s, m, flags) syscall(SYS_recvmsg, s, m, flags)

union control { char bytes[4096]; struct cmsghdr align; };

/* Sends one byte with n descriptors. */
static int send_fds(int s, const int *fds, int n)
{
	static union control control;
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control.bytes,
			    .msg_controllen = CMSG_SPACE((size_t)n * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, (size_t)n * sizeof(int));
	return (int)raw_sendmsg(s, &m, 0);
}

static int recv_flags; /* of the last message */

/* Receives with room for n descriptors: how many came; -1: nothing. */
static int recv_fds(int s, int *fds, int n, int flags, char *buf, size_t size)
{
	static union control control;
	struct iovec v = { buf, size };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control.bytes,
			    .msg_controllen = n ? CMSG_LEN((size_t)n * sizeof(int)) : 0 };
	struct cmsghdr *c;
	int got = 0;

	if (raw_recvmsg(s, &m, flags) < 0)
		return -1;
	recv_flags = m.msg_flags;
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_type == SCM_RIGHTS) {
		got = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(c), (size_t)got * sizeof(int));
	}
	return got;
}

static int open_fds(void)
{
	int n = 0;

	for (int i = 0; i < 1000; i++)
		n += fcntl(i, F_GETFD) >= 0;
	return n;
}

/* Whether the reading end of a pipe sees that nobody can write. */
static bool hung_up(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 5000) == 1 && p.revents & POLLHUP;
}

TEST(rights)
{
	int p[2], q[2], fds[4], got[4], before;
	char buf[16];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	must(pipe(q));
	is(send_fds(p[0], &q[1], 1), 1, "send a descriptor");
	must(close(q[1]));
	is(recv_fds(p[1], got, 4, 0, buf, 16), 1, "receive it");
	is(recv_flags, 0, "no flags");
	is(write(got[0], "abc", 3), 3, "it can be written to");
	is(read(q[0], buf, 16), 3, "and is the pipe");
	is(fcntl(got[0], F_GETFD), 0, "not close-on-exec");
	is(send_fds(p[0], got, 1), 1, "send it on");
	is(recv_fds(p[1], got + 1, 1, MSG_CMSG_CLOEXEC, buf, 16), 1, "with MSG_CMSG_CLOEXEC");
	is(fcntl(got[1], F_GETFD), FD_CLOEXEC, "is close-on-exec");
	must(close(got[1]));
	fds[0] = fds[1] = fds[2] = got[0];
	before = open_fds();
	is(send_fds(p[0], fds, 3), 1, "three");
	is(recv_fds(p[1], got + 1, 1, 0, buf, 16), 1, "room for one");
	is(recv_flags & MSG_CTRUNC, MSG_CTRUNC, "MSG_CTRUNC");
	is(open_fds(), before + 1, "the others are closed");
	must(close(got[1]));
	must(send_fds(p[0], fds, 2));
	is(recv_fds(p[1], got + 1, 0, 0, buf, 16), 0, "room for none");
	is(recv_flags & MSG_CTRUNC, MSG_CTRUNC, "MSG_CTRUNC");
	must(send_fds(p[0], fds, 2));
	is(read(p[1], buf, 1), 1, "a plain read loses them");
	must(send_fds(p[0], fds, 1));
	is(recv_fds(p[1], got + 1, 1, MSG_PEEK, buf, 16), 1, "a peek gives one");
	is(recv_fds(p[1], got + 2, 1, 0, buf, 16), 1, "and the read another");
	must(close(got[0]));
	must(close(got[1]));
	must(close(got[2]));
	ok(hung_up(q[0]), "all are closed");
}

TEST(bad_rights)
{
	static union control control;
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control.bytes,
			    .msg_controllen = CMSG_SPACE(sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int p[2], many[254], bad = 99;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	fails(send_fds(p[0], &bad, 1), EBADF, "no such descriptor");
	for (int i = 0; i < 254; i++)
		many[i] = 0;
	fails(send_fds(p[0], many, 254), EINVAL, "more than 253");
	is(send_fds(p[0], many, 253), 1, "253");
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = 8;
	fails(raw_sendmsg(p[0], &m, 0), EINVAL, "shorter than a header");
	c->cmsg_len = 1000;
	fails(raw_sendmsg(p[0], &m, 0), EINVAL, "longer than all");
	c->cmsg_len = CMSG_LEN(sizeof(int));
	c->cmsg_type = 77;
	fails(raw_sendmsg(p[0], &m, 0), EINVAL, "unknown type");
	c->cmsg_type = SCM_RIGHTS;
	m.msg_control = BAD;
	fails(raw_sendmsg(p[0], &m, 0), EFAULT, "bad pointer");
	m.msg_controllen = 0x80000000u;
	fails(raw_sendmsg(p[0], &m, 0), ENOBUFS, "too much");
	m.msg_controllen = 1 << 20;
	fails(raw_sendmsg(p[0], &m, 0), ENOBUFS, "more than optmem_max");
}

TEST(borders)
{
	int p[2], got[4];
	char buf[16];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	must(write(p[0], "ab", 2));
	must(send_fds(p[0], (int[]){ 0 }, 1));
	must(send_fds(p[0], (int[]){ 1 }, 1));
	must(write(p[0], "cd", 2));
	is(recv_fds(p[1], got, 4, 0, buf, 16), 1, "the first");
	is(recv_fds(p[1], got, 4, 0, buf, 16), 1, "the second alone");
	is(read(p[1], buf, 16), 2, "and the rest");
}

static int forge(void *arg)
{
	static union control control;
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control.bytes,
			    .msg_controllen = CMSG_SPACE(sizeof(struct ucred)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	struct ucred who = { getpid(), 0, getgid() };

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(who));
	memcpy(CMSG_DATA(c), &who, sizeof(who));
	fails(raw_sendmsg(*(int *)arg, &m, 0), EPERM, "another user");
	who.uid = getuid();
	who.pid = 1;
	memcpy(CMSG_DATA(c), &who, sizeof(who));
	fails(raw_sendmsg(*(int *)arg, &m, 0), EPERM, "another process");
	who.pid = getpid();
	memcpy(CMSG_DATA(c), &who, sizeof(who));
	is(raw_sendmsg(*(int *)arg, &m, 0), 1, "oneself");
	c->cmsg_len = CMSG_LEN(4);
	fails(raw_sendmsg(*(int *)arg, &m, 0), EINVAL, "a short one");
	return 0;
}

TEST(credentials)
{
	static union control control;
	char buf[8];
	struct iovec v = { buf, 8 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control.bytes,
			    .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c;
	struct ucred who;
	socklen_t n = sizeof(who);
	int p[2], on = 1;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	works(getsockopt(p[0], SOL_SOCKET, SO_PEERCRED, &who, &n), "SO_PEERCRED");
	ok(who.pid == getpid() && who.uid == getuid() && who.gid == getgid(), "this process");
	must(write(p[1], "a", 1));
	works(setsockopt(p[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), "SO_PASSCRED");
	must(write(p[1], "b", 1));
	is(raw_recvmsg(p[0], &m, 0), 1, "not over the border of known and unknown");
	c = CMSG_FIRSTHDR(&m);
	ok(c && c->cmsg_type == SCM_CREDENTIALS, "SCM_CREDENTIALS");
	memcpy(&who, CMSG_DATA(c), sizeof(who));
	is(who.pid, 0, "nobody known");
	is(who.uid, 65534, "no user known");
	m.msg_controllen = sizeof(control.bytes);
	is(raw_recvmsg(p[0], &m, 0), 1, "the next");
	memcpy(&who, CMSG_DATA(c), sizeof(who));
	is(who.pid, getpid(), "is this process's");
	is(tap_as_user(forge, &p[1]), 0, "forger");
	m.msg_controllen = sizeof(control.bytes);
	is(raw_recvmsg(p[0], &m, 0), 1, "another user's");
	memcpy(&who, CMSG_DATA(c), sizeof(who));
	is(who.uid, 1000, "tells who it is");
	n = 4;
	is(getsockopt(p[0], SOL_SOCKET, SO_PEERGROUPS, buf, &n), 0, "SO_PEERGROUPS");
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	must(close(p[0]));
	p[0] = must(socket(AF_UNIX, SOCK_STREAM, 0));
	n = sizeof(who);
	works(getsockopt(p[0], SOL_SOCKET, SO_PEERCRED, &who, &n), "SO_PEERCRED without a peer");
	ok(who.pid == 0 && who.uid == ~0u && who.gid == ~0u, "nobody");
	fails(getsockopt(p[0], SOL_SOCKET, SO_PEERGROUPS, buf, &n), ENODATA, "nor groups");
}

/* Cycles: what only messages hold that nobody can receive. The pipe tells when it is closed. */
TEST(garbage)
{
	int p[2], q[2], w[2], self[2];

	must(pipe(w));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, self));
	must(send_fds(self[0], (int[]){ self[1], w[1] }, 2)); /* self[1] lies in its own queue */
	must(close(self[0]));
	must(close(self[1]));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, q));
	must(send_fds(p[0], (int[]){ q[1], w[1] }, 2)); /* p[1] has q[1], and q[1] has p[1] */
	must(send_fds(q[0], (int[]){ p[1], w[1] }, 2));
	must(close(w[1]));
	for (int i = 0; i < 2; i++) {
		must(close(p[i]));
		must(close(q[i]));
	}
	ok(hung_up(w[0]), "cycles are found");
}

TEST(not_garbage)
{
	int p[2], q[2], got[3];
	char buf[4];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, q));
	must(send_fds(p[0], (int[]){ q[1] }, 1));
	must(send_fds(q[0], (int[]){ p[0] }, 1));
	must(write(q[0], "deep", 4));
	must(close(p[0]));
	must(close(q[0]));
	must(close(q[1]));
	is(recv_fds(p[1], got, 1, 0, buf, 4), 1, "a living socket's queue lives");
	is(recv_fds(got[0], got + 1, 1, 0, buf, 1), 1, "and the queue of what was in it");
	is(read(got[0], buf, 4), 4, "with its data");
	is(write(got[1], "x", 1), 1, "and its descriptors");
	is(read(p[1], buf, 4), 1, "are connected");
}

/* A listener in flight, with connections that hold descriptors and were never accepted. */
TEST(garbage_listener)
{
	struct sockaddr_un a = { AF_UNIX, "\0listener-garbage" };
	int l = must(socket(AF_UNIX, SOCK_STREAM, 0)), c = must(socket(AF_UNIX, SOCK_STREAM, 0));
	int w[2];

	must(pipe(w));
	must(bind(l, (void *)&a, 20));
	must(listen(l, 4));
	must(connect(c, (void *)&a, 20));
	must(send_fds(c, (int[]){ l, w[1] }, 2));
	must(close(w[1]));
	must(close(l));
	must(close(c));
	ok(hung_up(w[0]), "is found");
}

/* Sockets in queues of sockets, thousands deep, close without a stack of that depth. */
TEST(deep)
{
	int w[2], p[2], last[2];

	must(pipe(w));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, last));
	must(send_fds(last[0], (int[]){ w[1] }, 1));
	must(close(w[1]));
	must(close(last[0]));
	for (int i = 0; i < 3000; i++) {
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
		if (send_fds(p[0], (int[]){ last[1] }, 1) < 0)
			break;
		close(last[1]);
		close(p[0]);
		last[1] = p[1];
	}
	must(close(last[1]));
	ok(hung_up(w[0]), "closed to the bottom");
}

static int flood(void *arg)
{
	struct rlimit few = { 16, 16 };
	int n = 0, *p = arg;

	must(setrlimit(RLIMIT_NOFILE, &few));
	while (n < 100 && send_fds(p[0], (int[]){ 0, 0, 0, 0 }, 4) == 1)
		n += 4;
	is(errno, ETOOMANYREFS, "more in flight than RLIMIT_NOFILE");
	ok(n >= 16 && n <= 24, "after so many");
	return 0;
}

TEST(limit)
{
	int p[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	is(tap_as_user(flood, p), 0, "user");
}
