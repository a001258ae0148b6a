/*
 * Data over TCP on loopback: how much is read when, urgent data, full buffers, files.
 */
#include "tcp.h"

#include <sys/sendfile.h>

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
