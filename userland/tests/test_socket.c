/* Sockets as files and their common options; what every call says to bad arguments. */
#include "tap.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static int option(int s, int name)
{
	int value = -12345;
	socklen_t n = sizeof(value);

	return getsockopt(s, SOL_SOCKET, name, &value, &n) < 0 ? -errno : value;
}

static int set(int s, int name, int value)
{
	return setsockopt(s, SOL_SOCKET, name, &value, sizeof(value));
}

TEST(making)
{
	int s, p[2];
	struct stat st;
	char link[64] = "", path[32];

	fails(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT, "no such family");
	fails(socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT, "negative family");
	fails(syscall(SYS_socket, AF_UNIX, 15, 0), EINVAL, "no such type");
	fails(syscall(SYS_socket, AF_UNIX, SOCK_STREAM | 0x100, 0), EINVAL, "unknown flag");
	fails(socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT, "a type AF_UNIX does not have");
	fails(socket(AF_UNIX, SOCK_STREAM, 5), EPROTONOSUPPORT, "no such protocol");
	works(s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
	is(fcntl(s, F_GETFD), FD_CLOEXEC, "SOCK_CLOEXEC");
	is(fcntl(s, F_GETFL), O_RDWR | O_NONBLOCK, "SOCK_NONBLOCK");
	works(fstat(s, &st), "fstat");
	is(st.st_mode, S_IFSOCK | 0777, "its mode");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s);
	must(readlink(path, link, sizeof(link) - 1));
	ok(!strncmp(link, "socket:[", 8), "its name");
	is(strtoul(link + 8, NULL, 10), st.st_ino, "is its inode's number");
	fails(open(path, O_RDWR), ENXIO, "cannot be opened again");
	fails(lseek(s, 0, SEEK_SET), ESPIPE, "has no position");
	fails(pread(s, link, 1, 0), ESPIPE, "nor pread");
	fails(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, BAD), EFAULT,
	      "socketpair, bad pointer");
	fails(socketpair(AF_UNIX, SOCK_STREAM, 9, p), EPROTONOSUPPORT, "socketpair, bad protocol");
	is(dup(0), s + 1, "failed pairs leave no descriptors");
	must(close(s + 1));
	works(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, p), "socketpair");
	is(fcntl(p[1], F_GETFD), FD_CLOEXEC, "with flags");
}

TEST(not_sockets)
{
	int f = tap_file("file", ""), o = must(open("file", O_PATH)), n = 4;
	char buf[8];

	fails(bind(f, (void *)buf, 8), ENOTSOCK, "bind");
	fails(connect(f, (void *)buf, 8), ENOTSOCK, "connect");
	fails(listen(f, 8), ENOTSOCK, "listen");
	fails(accept(f, NULL, NULL), ENOTSOCK, "accept");
	fails(shutdown(f, 0), ENOTSOCK, "shutdown");
	fails(getsockname(f, (void *)buf, (void *)&n), ENOTSOCK, "getsockname");
	fails(getpeername(f, (void *)buf, (void *)&n), ENOTSOCK, "getpeername");
	fails(send(f, buf, 1, 0), ENOTSOCK, "send");
	fails(recv(f, buf, 1, 0), ENOTSOCK, "recv");
	fails(syscall(SYS_sendmsg, f, BAD, 0), ENOTSOCK, "sendmsg");
	fails(syscall(SYS_recvmsg, f, BAD, 0), ENOTSOCK, "recvmsg");
	fails(getsockopt(f, SOL_SOCKET, SO_TYPE, buf, (void *)&n), ENOTSOCK, "getsockopt");
	fails(setsockopt(f, SOL_SOCKET, SO_REUSEADDR, &n, 4), ENOTSOCK, "setsockopt");
	fails(listen(o, 8), EBADF, "an O_PATH descriptor");
	fails(listen(99, 8), EBADF, "no descriptor");
	fails(accept(99, NULL, NULL), EBADF, "accept of none");
	fails(send(99, buf, 1, 0), EBADF, "send to none");
	fails(recv(99, buf, 1, 0), EBADF, "receive from none");
	fails(syscall(SYS_sendmsg, 99, BAD, 0), EBADF, "sendmsg to none");
	fails(send(99, KBAD, 1, 0), EFAULT, "the buffer is looked at first");
	fails(syscall(SYS_accept4, 99, NULL, NULL, 1), EBADF, "and the descriptor before flags");
}

TEST(flags)
{
	static const struct { int name; const char *text; } all[] = {
		{ SO_REUSEADDR, "SO_REUSEADDR" }, { SO_KEEPALIVE, "SO_KEEPALIVE" },
		{ SO_BROADCAST, "SO_BROADCAST" }, { SO_OOBINLINE, "SO_OOBINLINE" },
		{ SO_DONTROUTE, "SO_DONTROUTE" }, { SO_PASSCRED, "SO_PASSCRED" },
		{ SO_TIMESTAMP, "SO_TIMESTAMP" }, { SO_TIMESTAMPNS, "SO_TIMESTAMPNS" },
		{ SO_RXQ_OVFL, "SO_RXQ_OVFL" },
	};
	int s = must(socket(AF_UNIX, SOCK_DGRAM, 0));

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		is(option(s, all[i].name), 0, all[i].text);
		works(set(s, all[i].name, 7), "set it");
		is(option(s, all[i].name), 1, "is set");
		works(set(s, all[i].name, 0), "clear it");
		is(option(s, all[i].name), 0, "is clear");
	}
	is(option(s, SO_TYPE), SOCK_DGRAM, "SO_TYPE");
	is(option(s, SO_DOMAIN), AF_UNIX, "SO_DOMAIN");
	is(option(s, SO_PROTOCOL), 0, "SO_PROTOCOL");
	is(option(s, SO_ERROR), 0, "SO_ERROR");
	is(option(s, SO_ACCEPTCONN), 0, "SO_ACCEPTCONN");
	is(option(s, SO_RCVLOWAT), 1, "SO_RCVLOWAT");
	is(option(s, SO_SNDLOWAT), 1, "SO_SNDLOWAT");
	is(option(s, SO_PRIORITY), 0, "SO_PRIORITY");
	works(set(s, SO_PRIORITY, 6), "a priority");
	is(option(s, SO_PRIORITY), 6, "is set");
	fails(set(s, SO_TYPE, 1), ENOPROTOOPT, "SO_TYPE cannot be set");
	fails(set(s, SO_ERROR, 1), ENOPROTOOPT, "nor SO_ERROR");
	is(option(s, 12345), -ENOPROTOOPT, "no such option");
	fails(set(s, 12345, 1), ENOPROTOOPT, "to set, either");
	is(option(s, SO_PEERSEC), -ENOPROTOOPT, "SO_PEERSEC");
}

TEST(buffers)
{
	int s = must(socket(AF_UNIX, SOCK_DGRAM, 0));

	is(option(s, SO_SNDBUF), 212992, "SO_SNDBUF's default");
	is(option(s, SO_RCVBUF), 212992, "SO_RCVBUF's");
	works(set(s, SO_SNDBUF, 10000), "set");
	is(option(s, SO_SNDBUF), 20000, "is doubled");
	works(set(s, SO_RCVBUF, 10000), "receive");
	is(option(s, SO_RCVBUF), 20000, "as well");
	works(set(s, SO_SNDBUF, 0), "nothing");
	is(option(s, SO_SNDBUF), 4608, "the least");
	works(set(s, SO_RCVBUF, 0), "nothing to receive");
	is(option(s, SO_RCVBUF), 2304, "the least");
	works(set(s, SO_SNDBUF, 1 << 30), "too much");
	is(option(s, SO_SNDBUF), 2 * 212992, "is cut");
	works(set(s, SO_RCVBUF, -1), "negative");
	is(option(s, SO_RCVBUF), 2 * 212992, "is cut");
	if (tap_root()) {
		works(set(s, SO_SNDBUFFORCE, 1000000), "SO_SNDBUFFORCE");
		is(option(s, SO_SNDBUF), 2000000, "goes beyond");
	}
}

static int as_user(void *arg)
{
	int s = *(int *)arg;

	fails(set(s, SO_SNDBUFFORCE, 1), EPERM, "SO_SNDBUFFORCE");
	fails(set(s, SO_RCVBUFFORCE, 1), EPERM, "SO_RCVBUFFORCE");
	fails(set(s, SO_MARK, 1), EPERM, "SO_MARK");
	fails(set(s, SO_PRIORITY, 7), EPERM, "SO_PRIORITY");
	fails(set(s, SO_DEBUG, 1), EACCES, "SO_DEBUG");
	return 0;
}

TEST(structures)
{
	int s = must(socket(AF_UNIX, SOCK_STREAM, 0));
	struct linger l = { 1, 5 }, m;
	struct timeval tv = { 3, 500000 }, got;
	socklen_t n = sizeof(m);
	unsigned long cookie = 0;
	char c[4] = "zzz";

	is(tap_as_user(as_user, &s), 0, "user");
	works(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), "SO_LINGER");
	works(getsockopt(s, SOL_SOCKET, SO_LINGER, &m, &n), "get it");
	ok(n == 8 && m.l_onoff == 1 && m.l_linger == 5, "is set");
	fails(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, 4), EINVAL, "half a structure");
	works(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), "SO_RCVTIMEO");
	n = sizeof(got);
	works(getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &got, &n), "get it");
	ok(got.tv_sec == 3 && got.tv_usec == 500000, "is set");
	tv.tv_usec = 1000000;
	fails(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), EDOM, "too many of them");
	fails(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, 8), EINVAL, "half a time");
	fails(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &n, 3), EINVAL, "less than a number");
	fails(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, BAD, 4), EFAULT, "bad pointer");
	fails(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &n, -1), EINVAL, "negative length");
	n = 2;
	works(getsockopt(s, SOL_SOCKET, SO_SNDBUF, c, &n), "two bytes of a number");
	ok(n == 2 && c[2] == 'z', "no more");
	n = -1;
	fails(getsockopt(s, SOL_SOCKET, SO_SNDBUF, c, &n), EINVAL, "negative room");
	n = 4;
	fails(getsockopt(s, SOL_SOCKET, SO_SNDBUF, BAD, &n), EFAULT, "bad pointer for the value");
	fails(getsockopt(s, SOL_SOCKET, SO_SNDBUF, c, BAD), EFAULT, "bad pointer for the length");
	fails(getsockopt(s, 77, 1, c, &n), EOPNOTSUPP, "no such level");
	fails(setsockopt(s, 77, 1, c, 4), EOPNOTSUPP, "to set");
	n = 8;
	works(getsockopt(s, SOL_SOCKET, SO_COOKIE, &cookie, &n), "SO_COOKIE");
	ok(cookie != 0, "is a number");
	n = 4;
	fails(getsockopt(s, SOL_SOCKET, SO_COOKIE, &cookie, &n), EINVAL, "of eight bytes");
}

TEST(stamps)
{
	static union { char bytes[256]; struct cmsghdr align; } control;
	char buf[4];
	struct iovec v = { buf, 4 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = (void *)&control;
	struct timeval now, tv;
	int p[2];

	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	fails(ioctl(p[1], 0x8906, &tv), ENOTTY, "SIOCGSTAMP is not for this family");
	must(set(p[1], SO_TIMESTAMP, 1));
	must(write(p[0], "x", 1));
	is(recvmsg(p[1], &m, 0), 1, "a message");
	ok(m.msg_controllen >= 32 && c->cmsg_type == SO_TIMESTAMP, "with its time");
	memcpy(&tv, CMSG_DATA(c), sizeof(tv));
	must(gettimeofday(&now, NULL));
	ok(now.tv_sec - tv.tv_sec < 60 && now.tv_sec >= tv.tv_sec, "about now");
	must(set(p[1], SO_TIMESTAMPNS, 1));
	is(option(p[1], SO_TIMESTAMP), 0, "one of the two at a time");
	must(write(p[0], "x", 1));
	m.msg_controllen = sizeof(control);
	is(recvmsg(p[1], &m, 0), 1, "another");
	is(c->cmsg_type, SO_TIMESTAMPNS, "in nanoseconds");
}

static volatile sig_atomic_t told;

static void on_io(int n)
{
	told = n;
}

TEST(owner)
{
	int p[2], on = 1, who = 0;

	signal(SIGIO, on_io);
	signal(SIGUSR1, on_io);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	is(fcntl(p[0], F_GETOWN), 0, "no owner");
	fails(fcntl(p[0], F_SETOWN, 99999), ESRCH, "no such process");
	works(fcntl(p[0], F_SETOWN, getpid()), "F_SETOWN");
	is(fcntl(p[0], F_GETOWN), getpid(), "F_GETOWN");
	works(ioctl(p[0], 0x8903, &who), "FIOGETOWN");
	is(who, getpid(), "the same");
	must(write(p[1], "x", 1));
	is(told, 0, "no signal without O_ASYNC");
	works(fcntl(p[0], F_SETFL, O_ASYNC), "O_ASYNC");
	is(fcntl(p[0], F_GETFL) & O_ASYNC, O_ASYNC, "is set");
	must(write(p[1], "x", 1));
	is(told, SIGIO, "SIGIO");
	told = 0;
	must(fcntl(p[0], F_SETFL, 0));
	must(write(p[1], "x", 1));
	is(told, 0, "no more");
	works(ioctl(p[0], FIOASYNC, &on), "FIOASYNC");
	must(fcntl(p[0], F_SETSIG, SIGUSR1));
	must(write(p[1], "x", 1));
	is(told, SIGUSR1, "F_SETSIG");
	told = 0;
	who = -getpgrp();
	works(ioctl(p[0], 0x8902, &who), "SIOCSPGRP of a group");
	is(fcntl(p[0], F_GETOWN), -getpgrp(), "F_GETOWN of a group");
	must(write(p[1], "x", 1));
	is(told, SIGUSR1, "is told as well");
	fails(ioctl(p[0], 0x8902, BAD), EFAULT, "bad pointer");
	fails(ioctl(p[0], 0x8903, BAD), EFAULT, "bad pointer to get it");
	fails(ioctl(p[0], 0x1234, &who), ENOTTY, "unknown request");
}

TEST(edges)
{
	struct epoll_event e = { EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, { 0 } };
	int p[2], ep = must(epoll_create1(0));
	char buf[4];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	must(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
	is(epoll_wait(ep, &e, 1, 0), 1, "at first");
	is(e.events, EPOLLOUT, "it may be written to");
	is(epoll_wait(ep, &e, 1, 0), 0, "told once");
	must(write(p[1], "ab", 2));
	is(epoll_wait(ep, &e, 1, 1000), 1, "data come");
	is(e.events, EPOLLIN | EPOLLOUT, "and can be read");
	must(read(p[0], buf, 1));
	is(epoll_wait(ep, &e, 1, 0), 0, "nothing new");
	must(write(p[1], "c", 1));
	is(epoll_wait(ep, &e, 1, 1000), 1, "more data tell again");
	must(shutdown(p[1], SHUT_WR));
	is(epoll_wait(ep, &e, 1, 1000), 1, "the end does");
	is(e.events, EPOLLIN | EPOLLOUT | EPOLLRDHUP, "as EPOLLRDHUP");
	must(close(p[1]));
	is(epoll_wait(ep, &e, 1, 1000), 1, "and the hang-up");
	ok(e.events & EPOLLHUP, "as EPOLLHUP");
}

static void on_alarm(int n)
{
	told = n;
}

TEST(interrupted)
{
	struct sigaction act = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct timeval tv = { 5, 0 };
	struct itimerval soon = { { 0, 0 }, { 0, 50000 } };
	int p[2];
	pid_t pid;
	char c;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	must(sigaction(SIGALRM, &act, NULL));
	pid = must(fork());
	if (!pid) {
		tap_sleep_ms(200);
		must(write(p[1], "x", 1));
		_exit(0);
	}
	must(setitimer(ITIMER_REAL, &soon, NULL));
	is(recv(p[0], &c, 1, 0), 1, "restarted with SA_RESTART");
	is(told, SIGALRM, "after the handler");
	exits(pid, 0, "writer");
	must(setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	must(setitimer(ITIMER_REAL, &soon, NULL));
	fails(recv(p[0], &c, 1, 0), EINTR, "not with a time limit");
	act.sa_flags = 0;
	must(sigaction(SIGALRM, &act, NULL));
	tv.tv_sec = 0;
	must(setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	must(setitimer(ITIMER_REAL, &soon, NULL));
	fails(recv(p[0], &c, 1, 0), EINTR, "nor without SA_RESTART");
}
