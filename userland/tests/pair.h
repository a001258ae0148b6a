/* A pseudo terminal for a test: its two ends, and what is typed at one and read at the other. */
#ifndef PAIR_H
#define PAIR_H

#include "tap.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static int master, slave;
static char slave_path[40];

/* A new pair of which only the master is open; the slave has the path. */
static inline void pair_master(void)
{
	int number = -1, unlock = 0;

	master = must(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	must(ioctl(master, TIOCSPTLCK, &unlock));
	must(ioctl(master, TIOCGPTN, &number));
	snprintf(slave_path, sizeof(slave_path), "/dev/pts/%d", number);
}

static inline void pair_open(void)
{
	pair_master();
	slave = must(open(slave_path, O_RDWR | O_NOCTTY));
}

/* Types: what is typed may have to wait for a thread of the kernel to look at it (Linux). */
static inline void type(const char *text)
{
	must(write(master, text, strlen(text)));
	tap_sleep_ms(10);
}

static inline bool has_events(int fd, short events, int ms)
{
	struct pollfd p = {fd, events, 0};

	return poll(&p, 1, ms) > 0 && p.revents & events;
}

/*
 * All that comes from a descriptor until nothing has come for a moment, at most `most` bytes, as
 * text: bytes that do not print are written \xNN.
 */
static inline const char *drained(int fd, size_t most)
{
	static char text[8][2000];
	static unsigned which;
	char *to = text[which++ % 8], *at = to;
	unsigned char b[400];

	*to = 0;
	most = most < sizeof(b) ? most : sizeof(b);
	while (most && has_events(fd, POLLIN | POLLPRI, 60)) {
		ssize_t n = read(fd, b, most);

		if (n <= 0)
			break;
		most -= n;
		for (ssize_t i = 0; i < n; i++)
			at += sprintf(at, b[i] < ' ' || b[i] > '~' || b[i] == 0x5c ? "\\x%02x"
										  : "%c", b[i]);
	}
	return to;
}

static inline struct termios modes_get(void)
{
	struct termios t;

	must(tcgetattr(slave, &t));
	return t;
}

static inline void modes_set(const struct termios *t)
{
	must(tcsetattr(slave, TCSANOW, t));
}

static inline void local_modes(tcflag_t on, tcflag_t off)
{
	struct termios t = modes_get();

	t.c_lflag = (t.c_lflag | on) & ~off;
	modes_set(&t);
}

/* No canonical mode, no echo, no signals; MIN and TIME. */
static inline void raw_modes(unsigned min, unsigned time)
{
	struct termios t = modes_get();

	cfmakeraw(&t);
	t.c_cc[VMIN] = min;
	t.c_cc[VTIME] = time;
	modes_set(&t);
}

#endif
