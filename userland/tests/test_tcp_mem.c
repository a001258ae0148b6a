/*
 * What connections may take of memory together: tcp_mem, and how it is shown.
 */
#include "tcp.h"

#include <fcntl.h>

#define TCP_MEM "/proc/sys/net/ipv4/tcp_mem"
#define AMOUNT (6u << 20)

/* Pages, of /proc/net/sockstat. */
static long taken(void)
{
	return tap_number(strstr(tap_read("/proc/net/sockstat"), "TCP:"), " mem ");
}

static char block[65536];

/* As much as goes without a reader: bytes. */
static size_t fill(int fd, size_t most)
{
	size_t done = 0;
	ssize_t n;

	for (int quiet = 0; done < most && quiet < 20;) {
		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = (char)((done + i) % 251);
		n = send(fd, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			done += (size_t)n;
			quiet = 0;
		} else {
			tap_sleep_ms(10);
			quiet++;
		}
	}
	return done;
}

/* Whether the bytes come as they were sent. */
static bool drain(int fd, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = read(fd, block, sizeof(block));

		if (got <= 0)
			return false;
		for (ssize_t i = 0; i < got; i++)
			if (block[i] != (char)((done + (size_t)i) % 251))
				return false;
		done += (size_t)got;
	}
	return true;
}

static void big_pair(int p[2])
{
	make_pair(p);
	must(set(p[0], SOL_SOCKET, SO_SNDBUFFORCE, 2 * AMOUNT));
}

/* A writer whose peer reads slowly must not be kept waiting for ever. */
static size_t fill_and_drain(int p[2], bool *right)
{
	size_t n = fill(p[0], AMOUNT);

	must(shutdown(p[0], SHUT_WR));
	*right = drain(p[1], n);
	return n;
}

TEST(shown)
{
	long before = taken();
	int p[2];
	bool right;

	big_pair(p);
	is(fill(p[0], AMOUNT), AMOUNT, "a large buffer takes it");
	ok(taken() - before > AMOUNT / 4096 / 2, "which sockstat counts");
	must(shutdown(p[0], SHUT_WR));
	right = drain(p[1], AMOUNT);
	ok(right, "all of it arrives");
	close(p[0]);
	close(p[1]);
	for (int i = 0; i < 100 && taken() > before + 512; i++)
		tap_sleep_ms(10);
	ok(taken() <= before + 512, "and counts no more");
}

TEST(limit)
{
	char old[64];
	int p[2];
	bool right;
	size_t n;

	snprintf(old, sizeof(old), "%s", tap_read(TCP_MEM));
	big_pair(p);
	must(tap_write(TCP_MEM, "20 30 40\n"));
	is(strncmp(tap_read(TCP_MEM), "20\t30\t40\n", 9), 0, "tcp_mem can be set");
	n = fill_and_drain(p, &right);
	must(tap_write(TCP_MEM, old));
	ok(n >= 4096 && n < AMOUNT * 3 / 4, "beyond it little is taken");
	ok(right, "what was arrives");
	big_pair(p);
	is(fill(p[0], AMOUNT), AMOUNT, "afterwards it is as before");
}
