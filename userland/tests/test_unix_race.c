/* AF_UNIX when several do what does not go together: ends that close while others send, connect and
 * pass descriptors. What counts is that nothing hangs, leaks or falls. */
#include "tap.h"
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { ROUNDS = 300 };

static void *writer(void *arg)
{
	char buf[3000];
	int fd = *(int *)arg;

	memset(buf, 0, sizeof(buf));
	while (send(fd, buf, sizeof(buf), MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

TEST(close_while_sending)
{
	static char buf[8000];
	pthread_t t;
	int p[2];

	for (int i = 0; i < ROUNDS; i++) {
		must(socketpair(AF_UNIX, i & 1 ? SOCK_STREAM : SOCK_SEQPACKET, 0, p));
		must(-pthread_create(&t, NULL, writer, &p[0]));
		for (int k = 0; k < i % 5; k++)
			read(p[1], buf, sizeof(buf));
		must(close(p[1]));
		must(-pthread_join(t, NULL));
		must(close(p[0]));
	}
	ok(true, "survived");
}

struct speaker {
	int fd;             /* -1: none */
	bool stop;
};

/* Says a word and goes. */
static void *speak(void *arg)
{
	struct speaker *speaker = arg;

	while (!__atomic_load_n(&speaker->stop, __ATOMIC_ACQUIRE)) {
		int fd = __atomic_exchange_n(&speaker->fd, -1, __ATOMIC_ACQ_REL);

		if (fd < 0)
			continue;
		send(fd, "x", 1, MSG_NOSIGNAL);
		close(fd);
	}
	return NULL;
}

TEST(last_words)
{
	struct speaker speaker = { .fd = -1 };
	int lost = 0, p[2];
	pthread_t t;
	char c;

	must(-pthread_create(&t, NULL, speak, &speaker));
	for (int i = 0; i < 10 * ROUNDS; i++) {
		ssize_t n;

		must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
		__atomic_store_n(&speaker.fd, p[0], __ATOMIC_RELEASE);
		while ((n = recv(p[1], &c, 1, MSG_DONTWAIT)) < 0 && errno == EAGAIN)
			;
		lost += n != 1;
		must(close(p[1]));
	}
	__atomic_store_n(&speaker.stop, true, __ATOMIC_RELEASE);
	must(-pthread_join(t, NULL));
	is(lost, 0, "what was said comes before the end");
}

static const struct sockaddr_un name = { AF_UNIX, "\0race" };

static void *connector(void *arg)
{
	volatile bool *stop = arg;
	char c;

	while (!*stop) {
		int s = socket(AF_UNIX, SOCK_STREAM, 0);

		if (connect(s, (const void *)&name, 8) == 0) {
			send(s, "hello", 5, MSG_NOSIGNAL);
			recv(s, &c, 1, 0);
		}
		close(s);
	}
	return NULL;
}

TEST(close_while_connecting)
{
	volatile bool stop = false;
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		must(-pthread_create(&t[i], NULL, connector, (void *)&stop));
	for (int i = 0; i < ROUNDS; i++) {
		int l = must(socket(AF_UNIX, SOCK_STREAM, 0)), s;

		must(bind(l, (const void *)&name, 8));
		must(listen(l, i % 3));
		for (int k = 0; k < i % 4; k++) {
			s = accept(l, NULL, NULL);
			if (s >= 0)
				close(s);
		}
		must(close(l));
	}
	stop = true;
	for (int i = 0; i < 3; i++)
		must(-pthread_join(t[i], NULL));
	ok(true, "survived");
}

static int pass(int s, int fd)
{
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return (int)sendmsg(s, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int take(int s, int flags)
{
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
	char x;
	struct iovec v = { &x, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	int fd = -1;

	if (recvmsg(s, &m, MSG_DONTWAIT | flags) < 0)
		return -1;
	c = CMSG_FIRSTHDR(&m);
	if (c)
		memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

/* A ring of sockets that are passed through each other while others take, peek and close. */
static void *passer(void *arg)
{
	int *pair = arg, p[2];

	for (int i = 0; i < ROUNDS; i++) {
		int fd;

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) < 0)
			break;
		pass(p[0], p[1]);
		pass(p[1], pair[0]);
		pass(pair[0], p[1]);
		close(p[0]);
		close(p[1]);
		fd = take(pair[1], i & 1 ? MSG_PEEK : 0);
		if (fd >= 0) {
			int inner = take(fd, 0);

			if (inner >= 0)
				close(inner);
			close(fd);
		}
	}
	return NULL;
}

TEST(collect_while_passing)
{
	pthread_t t[4];
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	for (int i = 0; i < 4; i++)
		must(-pthread_create(&t[i], NULL, passer, pair));
	for (int i = 0; i < 4; i++)
		must(-pthread_join(t[i], NULL));
	must(close(pair[0]));
	must(close(pair[1]));
	ok(true, "survived");
}

static void *chatter(void *arg)
{
	for (int i = 0; i < ROUNDS; i++)
		must(send(*(int *)arg, "word", 4, 0));
	return NULL;
}

/* More senders than the queue has room for: each goes on in the end. */
TEST(many_senders)
{
	struct sockaddr_un a = { AF_UNIX, "\0chat" };
	int s = must(socket(AF_UNIX, SOCK_DGRAM, 0)), out[16];
	pthread_t t[16];
	char buf[8];

	must(bind(s, (void *)&a, 7));
	for (int i = 0; i < 16; i++) {
		out[i] = must(socket(AF_UNIX, SOCK_DGRAM, 0));
		must(connect(out[i], (void *)&a, 7));
		must(-pthread_create(&t[i], NULL, chatter, &out[i]));
	}
	for (int i = 0; i < 16 * ROUNDS; i++)
		must(recv(s, buf, 8, 0));
	for (int i = 0; i < 16; i++)
		must(-pthread_join(t[i], NULL));
	fails(recv(s, buf, 8, MSG_DONTWAIT), EAGAIN, "all came");
}

static void *binder(void *arg)
{
	volatile bool *stop = arg;
	struct sockaddr_un a = { AF_UNIX, "path" }, none = { .sun_family = AF_UNSPEC };

	while (!*stop) {
		int s = socket(AF_UNIX, SOCK_DGRAM, 0), t = socket(AF_UNIX, SOCK_DGRAM, 0);

		if (bind(s, (void *)&a, sizeof(a)) == 0)
			unlink("path");
		connect(t, (void *)&a, sizeof(a));
		sendto(t, "x", 1, MSG_DONTWAIT, (void *)&a, sizeof(a));
		connect(s, (void *)&a, sizeof(a));
		send(t, "y", 1, MSG_DONTWAIT);
		connect(t, (void *)&none, sizeof(none));
		close(s);
		close(t);
	}
	return NULL;
}

TEST(names_that_come_and_go)
{
	volatile bool stop = false;
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		must(-pthread_create(&t[i], NULL, binder, (void *)&stop));
	tap_sleep_ms(2000);
	stop = true;
	for (int i = 0; i < 4; i++)
		must(-pthread_join(t[i], NULL));
	ok(true, "survived");
}
