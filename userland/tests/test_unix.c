/* AF_UNIX streams: names, connections, data, ends. */
#include "tap.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strcpy(a.sun_path, path);
	return a;
}

static int listener(int type, const char *path, int backlog)
{
	struct sockaddr_un a = address(path);
	int s = must(socket(AF_UNIX, type, 0));

	must(bind(s, (void *)&a, sizeof(a)));
	must(listen(s, backlog));
	return s;
}

static int client(int type, const char *path)
{
	struct sockaddr_un a = address(path);
	int s = must(socket(AF_UNIX, type, 0));

	must(connect(s, (void *)&a, sizeof(a)));
	return s;
}

static int events_of(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDHUP, 0 };

	must(poll(&p, 1, 0));
	return p.revents;
}

TEST(paths)
{
	struct sockaddr_un a = address("name"), b;
	socklen_t n = sizeof(b);
	struct stat st;
	int s = must(socket(AF_UNIX, SOCK_STREAM, 0)), t;

	must(umask(027));
	works(bind(s, (void *)&a, sizeof(a)), "bind");
	must(stat("name", &st));
	ok(S_ISSOCK(st.st_mode), "a socket file");
	is(st.st_mode & 0777, 0750, "its permissions by umask");
	works(getsockname(s, (void *)&b, &n), "getsockname");
	is(n, 2 + 5, "its length, with the NUL");
	is_text(b.sun_path, "name", "its path");
	b = address("second");
	fails(bind(s, (void *)&b, sizeof(b)), EINVAL, "bound already");
	fails(access("second", F_OK), ENOENT, "and leaves no file");
	t = must(socket(AF_UNIX, SOCK_STREAM, 0));
	fails(bind(t, (void *)&a, sizeof(a)), EADDRINUSE, "the name is taken");
	fails(connect(t, (void *)&a, sizeof(a)), ECONNREFUSED, "nobody listens");
	fails(open("name", O_RDWR), ENXIO, "cannot be opened");
	a = address("none");
	fails(connect(t, (void *)&a, sizeof(a)), ENOENT, "no such name");
	a = address("nowhere/name");
	fails(bind(t, (void *)&a, sizeof(a)), ENOENT, "no such directory");
	must(close(tap_file("file", "")));
	a = address("file");
	fails(connect(t, (void *)&a, sizeof(a)), ECONNREFUSED, "no socket");
	a = address("name");
	must(close(s));
	fails(connect(t, (void *)&a, sizeof(a)), ECONNREFUSED, "the name outlives its socket");
	works(unlink("name"), "unlink");
	works(bind(t, (void *)&a, sizeof(a)), "bind again");
}

TEST(bad_addresses)
{
	struct sockaddr_un a = address("x");
	int s = must(socket(AF_UNIX, SOCK_STREAM, 0));
	char longest[sizeof(a.sun_path) + 1];
	socklen_t n = 200;
	struct { struct sockaddr_un a; char more[90]; } big;

	fails(bind(s, (void *)&a, 1), EINVAL, "shorter than a family");
	fails(bind(s, (void *)&a, sizeof(a) + 1), EINVAL, "longer than a name");
	fails(bind(s, BAD, sizeof(a)), EFAULT, "bad pointer");
	fails(bind(s, (void *)&a, -1), EINVAL, "negative length");
	fails(connect(s, (void *)&a, 2), EINVAL, "connect to no name");
	fails(connect(s, BAD, 10), EFAULT, "connect, bad pointer");
	a.sun_family = AF_INET;
	fails(bind(s, (void *)&a, sizeof(a)), EINVAL, "another family");
	fails(connect(s, (void *)&a, sizeof(a)), EINVAL, "connect to another family");
	a.sun_family = AF_UNIX;
	memset(a.sun_path, 'p', sizeof(a.sun_path));
	memset(longest, 0, sizeof(longest));
	memcpy(longest, a.sun_path, sizeof(a.sun_path));
	works(bind(s, (void *)&a, sizeof(a)), "a path without a NUL");
	works(access(longest, F_OK), "is there");
	works(getsockname(s, (void *)&big, &n), "getsockname");
	is(n, 2 + 109, "has one more byte");
	n = 3;
	works(getsockname(s, (void *)&a, &n), "getsockname, little room");
	is(n, 111, "tells the whole length");
	n = -1;
	fails(getsockname(s, (void *)&a, &n), EINVAL, "negative room");
	n = sizeof(a);
	fails(getsockname(s, BAD, &n), EFAULT, "bad pointer for the name");
	fails(getsockname(s, (void *)&a, BAD), EFAULT, "bad pointer for the length");
	fails(getpeername(s, (void *)&a, &n), ENOTCONN, "no peer");
}

TEST(abstract_names)
{
	struct sockaddr_un a = { AF_UNIX, "\0test-abstract" }, b;
	socklen_t length = 2 + 14, n = sizeof(b);
	int s = must(socket(AF_UNIX, SOCK_STREAM, 0)), t = must(socket(AF_UNIX, SOCK_STREAM, 0));
	int d = must(socket(AF_UNIX, SOCK_DGRAM, 0));

	fails(connect(t, (void *)&a, length), ECONNREFUSED, "nobody has it");
	works(bind(s, (void *)&a, length), "bind");
	fails(bind(t, (void *)&a, length), EADDRINUSE, "taken");
	works(bind(d, (void *)&a, length), "but for another type");
	works(bind(t, (void *)&a, length + 1), "a longer one is another");
	works(getsockname(s, (void *)&b, &n), "getsockname");
	is(n, length, "its length");
	ok(!memcmp(b.sun_path, a.sun_path, 14), "its bytes");
	works(listen(s, 1), "listen");
	d = must(socket(AF_UNIX, SOCK_STREAM, 0));
	works(connect(d, (void *)&a, length), "connect");
	must(close(s));
	s = must(socket(AF_UNIX, SOCK_STREAM, 0));
	works(bind(s, (void *)&a, length), "the name goes with its socket");
	s = must(socket(AF_UNIX, SOCK_STREAM, 0));
	b.sun_family = AF_UNIX;
	works(bind(s, (void *)&b, 2), "autobind");
	n = sizeof(b);
	must(getsockname(s, (void *)&b, &n));
	is(n, 2 + 6, "a name of six bytes");
	is(b.sun_path[0], 0, "abstract");
}

TEST(connections)
{
	int l = listener(SOCK_STREAM, "name", 5), c, s, n;
	struct sockaddr_un a = address("name"), b;
	socklen_t length = sizeof(b);
	char buf[8] = "";

	is(events_of(l), 0, "a listener without connections");
	ok(strstr(tap_read("/proc/net/unix"), ": 00000002 00000000 00010000 0001 01 "),
	   "is in /proc/net/unix");
	c = must(socket(AF_UNIX, SOCK_STREAM, 0));
	is(events_of(c), POLLOUT | POLLHUP, "not connected");
	fails(send(c, "x", 1, MSG_NOSIGNAL), ENOTCONN, "send without a connection");
	fails(recv(c, buf, 1, 0), EINVAL, "receive without a connection");
	works(connect(c, (void *)&a, sizeof(a)), "connect");
	fails(connect(c, (void *)&a, sizeof(a)), EISCONN, "connected already");
	is(write(c, "early", 5), 5, "write before it is accepted");
	is(events_of(l), POLLIN, "a connection waits");
	works(s = accept(l, (void *)&b, &length), "accept");
	is(length, 2, "the client has no name");
	length = sizeof(b);
	works(getpeername(c, (void *)&b, &length), "getpeername");
	is_text(b.sun_path, "name", "is the listener's");
	length = sizeof(b);
	works(getsockname(s, (void *)&b, &length), "the accepted one");
	is_text(b.sun_path, "name", "has its name, too");
	is(read(s, buf, 8), 5, "read it");
	is_text(buf, "early", "is what was written");
	is(events_of(s), POLLOUT, "can be written to");
	fails(accept(s, NULL, NULL), EINVAL, "no listener");
	fails(listen(s, 1), EINVAL, "a connected one cannot listen");
	fails(sendto(c, "x", 1, 0, (void *)&a, sizeof(a)), EISCONN,
	      "a stream sends to nobody else");
	works(ioctl(s, FIONREAD, &n), "FIONREAD");
	is(n, 0, "nothing");
	must(write(c, "abc", 3));
	must(write(c, "de", 2));
	must(ioctl(s, FIONREAD, &n));
	is(n, 5, "five bytes");
	fails(ioctl(s, FIONREAD, BAD), EFAULT, "bad pointer");
	must(ioctl(c, TIOCOUTQ, &n));
	ok(n > 5, "they count at the sender");
	is(read(s, buf, 4), 4, "a read over the border of writes");
	must(ioctl(s, FIONREAD, &n));
	is(n, 1, "one byte left");
	must(read(s, buf, 4));
	must(ioctl(c, TIOCOUTQ, &n));
	is(n, 0, "nothing counts any more");
}

TEST(backlog)
{
	int l = listener(SOCK_STREAM, "name", 0), c, d, e;
	struct sockaddr_un a = address("name");
	struct timeval tv = { 0, 50000 };
	pid_t pid;

	c = client(SOCK_STREAM, "name");
	d = must(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
	fails(connect(d, (void *)&a, sizeof(a)), EAGAIN, "the queue is full");
	e = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(setsockopt(e, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	fails(connect(e, (void *)&a, sizeof(a)), EAGAIN, "and so for SO_SNDTIMEO");
	pid = must(fork());
	if (!pid) {
		e = must(socket(AF_UNIX, SOCK_STREAM, 0));
		works(connect(e, (void *)&a, sizeof(a)), "a waiting connect");
		_exit(0);
	}
	tap_await_state(pid, 'S');
	must(close(must(accept(l, NULL, NULL))));
	exits(pid, 0, "goes on when one is accepted");
	works(listen(l, 5), "a longer queue");
	works(connect(d, (void *)&a, sizeof(a)), "has room");
	must(listen(l, 0));
	pid = must(fork());
	if (!pid) {
		must(close(l));
		e = must(socket(AF_UNIX, SOCK_STREAM, 0));
		fails(connect(e, (void *)&a, sizeof(a)), ECONNREFUSED, "a waiting connect");
		_exit(0);
	}
	tap_await_state(pid, 'S');
	must(close(l));
	exits(pid, 0, "fails when the listener is closed");
	is(read(c, &c, 1), 0, "an accepted one that was closed");
	fails(read(d, &c, 1), ECONNRESET, "one that nobody accepted");
}

static void on_pipe(int n)
{
	write(1, n == SIGPIPE ? "" : "# other\n", n == SIGPIPE ? 0 : 8);
}

TEST(ends)
{
	char buf[8];
	int p[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	must(write(p[0], "xy", 2));
	works(shutdown(p[0], SHUT_WR), "shutdown for writing");
	is(events_of(p[1]), POLLIN | POLLOUT | POLLRDHUP, "the other end is told");
	is(read(p[1], buf, 8), 2, "what was written before");
	is(read(p[1], buf, 8), 0, "and then the end");
	is(write(p[1], "back", 4), 4, "the other direction lives");
	is(read(p[0], buf, 8), 4, "and arrives");
	signal(SIGPIPE, SIG_IGN);
	fails(write(p[0], "x", 1), EPIPE, "no more writing");
	fails(shutdown(p[0], 3), EINVAL, "shutdown, bad direction");
	works(shutdown(p[1], SHUT_WR), "the other direction, too");
	is(events_of(p[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP, "hung up");
	must(close(p[0]));
	must(close(p[1]));

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	must(write(p[1], "lost", 4));
	must(close(p[0]));
	is(events_of(p[1]) & POLLERR, POLLERR, "the other end closed without reading");
	fails(read(p[1], buf, 1), ECONNRESET, "is told once");
	is(read(p[1], buf, 1), 0, "then it is the end");
	signal(SIGPIPE, SIG_DFL);
	if (!fork()) {
		send(p[1], "x", 1, MSG_NOSIGNAL);
		write(p[1], "x", 1);
		_exit(0);
	}
	int status;
	must(wait(&status));
	is(WTERMSIG(status), SIGPIPE, "SIGPIPE but for MSG_NOSIGNAL");
	signal(SIGPIPE, on_pipe);
	fails(send(p[1], "x", 1, 0), EPIPE, "EPIPE");
}

TEST(flags)
{
	struct timeval tv = { 0, 20000 };
	char buf[16];
	int p[2], off = 0;
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	fails(recv(p[0], buf, 1, MSG_DONTWAIT), EAGAIN, "MSG_DONTWAIT");
	must(setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	fails(recv(p[0], buf, 1, 0), EAGAIN, "SO_RCVTIMEO");
	must(write(p[1], "abc", 3));
	must(write(p[1], "def", 3));
	is(recv(p[0], buf, 2, MSG_PEEK), 2, "MSG_PEEK");
	is(recv(p[0], buf, 16, MSG_PEEK), 6, "MSG_PEEK of all");
	ok(!memcmp(buf, "abcdef", 6), "in order");
	works(setsockopt(p[0], SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)), "SO_PEEK_OFF");
	is(recv(p[0], buf, 2, MSG_PEEK), 2, "a peek");
	is(recv(p[0], buf, 16, MSG_PEEK), 4, "the next goes on");
	ok(!memcmp(buf, "cdef", 4), "where it ended");
	is(recv(p[0], buf, 2, 0), 2, "a read");
	is(recv(p[0], buf, 16, MSG_PEEK | MSG_DONTWAIT), -1, "moves it back with the data");
	must(setsockopt(p[0], SOL_SOCKET, SO_PEEK_OFF, &(int){-1}, sizeof(int)));
	pid = must(fork());
	if (!pid) {
		tap_sleep_ms(30);
		write(p[1], "ghij", 4);
		_exit(0);
	}
	tv.tv_usec = 0;
	must(setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	is(recv(p[0], buf, 8, MSG_WAITALL), 8, "MSG_WAITALL");
	ok(!memcmp(buf, "cdefghij", 8), "all of it");
	exits(pid, 0, "writer");
}

static int count_reader(int fd, unsigned want)
{
	static char buf[300000];
	unsigned sum = 0;
	long n, total = 0;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (long i = 0; i < n; i++)
			sum = sum * 31 + (unsigned char)buf[i];
		total += n;
	}
	is(total, 3000000, "all bytes arrived");
	is(sum, want, "the same");
	return 0;
}

TEST(bulk)
{
	static char buf[1000000];
	unsigned sum = 0;
	int p[2];
	pid_t pid;

	for (int i = 0; i < 1000000; i++)
		buf[i] = (char)(i * 7 + i / 1000);
	for (int k = 0; k < 3; k++)
		for (int i = 0; i < 1000000; i++)
			sum = sum * 31 + (unsigned char)buf[i];
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	pid = must(fork());
	if (!pid) {
		close(p[1]);
		_exit(count_reader(p[0], sum));
	}
	must(close(p[0]));
	for (int k = 0; k < 3; k++)
		is(write(p[1], buf, sizeof(buf)), sizeof(buf), "a large write");
	must(close(p[1]));
	exits(pid, 0, "reader");
}

TEST(full)
{
	static char buf[65536];
	long total = 0, n;
	int p[2], size = 0;
	socklen_t length = sizeof(size);

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p));
	while ((n = write(p[0], buf, sizeof(buf))) > 0)
		total += n;
	is(errno, EAGAIN, "full at last");
	must(getsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &size, &length));
	ok(total >= size / 2 && total <= 2 * size, "by SO_SNDBUF");
	is(events_of(p[0]), 0, "cannot be written to");
	while (total > 0 && (n = read(p[1], buf, sizeof(buf))) > 0)
		total -= n;
	is(total, 0, "all of it can be read");
	is(events_of(p[0]), POLLOUT, "there is room again");
	fails(send(p[0], BAD, 10, 0), EFAULT, "bad buffer");
	is(write(p[0], "x", 1), 1, "one byte");
	fails(recv(p[1], BAD, 10, 0), EFAULT, "read to a bad buffer");
	is(read(p[1], buf, 10), 1, "leaves it");
}

static bool pattern(const char *buf, int n, int seed)
{
	for (int i = 0; i < n; i++)
		if (buf[i] != (char)(i * 7 + seed))
			return false;
	return true;
}

static void fill(char *buf, int n, int seed)
{
	for (int i = 0; i < n; i++)
		buf[i] = (char)(i * 7 + seed);
}

/* sendfile and splice hand pages on: what happens to the pipe or the descriptor afterwards does not
 * change what is on its way. */
TEST(pages)
{
	static char buf[20000], got[20000];
	int f = tap_file("file", ""), p[2], q[2];
	off_t off = 100;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	must(pipe(q));
	fill(buf, 20000, 1);
	must(write(f, buf, 20000));
	is(sendfile(p[0], f, &off, 15000), 15000, "sendfile");
	is(off, 15100, "moves the offset");
	is(recv(p[1], got, 15000, MSG_WAITALL), 15000, "all of it comes");
	ok(!memcmp(got, buf + 100, 15000), "the same");
	must(lseek(f, 19000, SEEK_SET));
	is(sendfile(p[0], f, NULL, 5000), 1000, "to the end");
	is(lseek(f, 0, SEEK_CUR), 20000, "by the file's own position");
	is(recv(p[1], got, 1000, MSG_WAITALL), 1000, "which comes");
	is(sendfile(p[0], f, NULL, 10), 0, "nothing at the end");
	is(sendfile(p[0], f, &(off_t){ 20001 }, 10), 0, "nor behind it");
	fails(sendfile(p[0], f, BAD, 10), EFAULT, "bad pointer");
	must(ftruncate(f, 30000));
	is(sendfile(p[0], f, &(off_t){ 19999 }, 3), 3, "into a hole");
	is(recv(p[1], got, 3, MSG_WAITALL), 3, "comes");
	ok(got[0] == buf[19999] && !got[1] && !got[2], "as zeros");

	for (int round = 0; round < 40; round++) {
		fill(buf, 5000, round);
		must(write(q[1], buf, 5000));
		if (splice(q[0], NULL, p[0], NULL, 5000, 0) != 5000)
			ok(false, "splice");
		if (round % 3 == 2)
			for (int back = 2; back >= 0; back--)
				if (recv(p[1], got, 5000, MSG_WAITALL) != 5000 ||
				    !pattern(got, 5000, round - back))
					ok(false, "round %d", round);
	}
	must(recv(p[1], got, 5000, MSG_WAITALL));
	ok(pattern(got, 5000, 39), "pipe to socket");
	fails(splice(p[1], NULL, q[1], NULL, 10, SPLICE_F_NONBLOCK), EAGAIN, "nothing to splice");
	must(write(p[0], "from the socket", 15));
	is(splice(p[1], NULL, q[1], NULL, 4096, 0), 15, "socket to pipe");
	is(read(q[0], got, 100), 15, "comes out of it");
	ok(!memcmp(got, "from the socket", 15), "the same");
	signal(SIGPIPE, SIG_IGN);
	must(close(p[1]));
	fails(sendfile(p[0], f, &(off_t){ 0 }, 10), EPIPE, "sendfile to nobody");
	must(write(q[1], "x", 1));
	fails(splice(q[0], NULL, p[0], NULL, 1, 0), EPIPE, "splice to nobody");
	is(read(q[0], got, 10), 1, "leaves it in the pipe");
}
