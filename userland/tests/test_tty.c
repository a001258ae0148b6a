/* Terminals, on a pty: line discipline, termios, window size, packets of the calls; needs
 * /dev/ptmx. */
#include "tap.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static int master, slave;

/* A new pair of master and slave; false, and a skip, when there are none. */
static bool open_pair(void)
{
	char path[40];
	int number = -1, unlock = 0;

	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (master < 0) {
		skip("ptys", "no /dev/ptmx");
		return false;
	}
	must(ioctl(master, TIOCSPTLCK, &unlock));
	must(ioctl(master, TIOCGPTN, &number));
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	slave = must(open(path, O_RDWR | O_NOCTTY));
	return true;
}

static void set_flags(tcflag_t lflag_on, tcflag_t lflag_off)
{
	struct termios t;

	must(tcgetattr(slave, &t));
	t.c_lflag = (t.c_lflag | lflag_on) & ~lflag_off;
	must(tcsetattr(slave, TCSANOW, &t));
}

/* What can be read from a descriptor within a second, up to `want` bytes. */
static const char *take(int fd, size_t want)
{
	static char buf[4][6000];
	static int which;
	char *to = buf[which++ % 4];
	size_t have = 0;

	while (have < want) {
		struct pollfd p = {fd, POLLIN, 0};
		ssize_t n;

		if (poll(&p, 1, 1000) <= 0 || (n = read(fd, to + have, want - have)) <= 0)
			break;
		have += n;
	}
	to[have] = 0;
	return to;
}

static bool readable(int fd)
{
	struct pollfd p = {fd, POLLIN, 0};

	return poll(&p, 1, 50) > 0;
}

static void type(const char *text)
{
	must(write(master, text, strlen(text)));
}

TEST(canonical)
{
	char b[100];

	if (!open_pair())
		return;
	set_flags(0, ECHO);
	type("hello");
	ok(!readable(slave), "half a line cannot be read");
	type("\n");
	is_text(take(slave, 6), "hello\n", "a line can");
	type("one\ntwo\n");
	is(read(slave, b, 100), 4, "one line at a time");
	is(read(slave, b, 2), 2, "a part of the next");
	is(read(slave, b, 100), 2, "and its rest");
	type("abc\x7f\x7fz\n");
	is_text(take(slave, 3), "az\n", "erase");
	type("gone\x15kept\n");
	is_text(take(slave, 5), "kept\n", "kill");
	type("two words\x17letters\n");
	is_text(take(slave, 12), "two letters\n", "word erase");
	type("\x16\x7f\n");
	is_text(take(slave, 2), "\x7f\n", "literal next");
	type("no line end\x04");
	is_text(take(slave, 11), "no line end", "end of file pushes what there is");
	type("\x04");
	is(read(slave, b, 100), 0, "and is the end on an empty line");
	type("cr\r");
	is_text(take(slave, 3), "cr\n", "a carriage return is a new line");
}

TEST(echo)
{
	if (!open_pair())
		return;
	type("ab\n");
	is_text(take(master, 4), "ab\r\n", "echo");
	take(slave, 3);
	type("abc\x7f");
	is_text(take(master, 6), "abc\b \b", "erase is shown");
	type("\x15");
	take(master, 6);
	type("\x01\n");
	is_text(take(master, 4), "^A\r\n", "control characters are shown with a hat");
	take(slave, 2);
	set_flags(0, ECHO);
	type("secret\n");
	ok(!readable(master), "no echo");
	is_text(take(slave, 7), "secret\n", "but input");
	must(write(slave, "a\nb", 3));
	is_text(take(master, 4), "a\r\nb", "output: new line gets a carriage return");
}

TEST(raw)
{
	struct termios t;
	char b[10];
	int64_t start;

	if (!open_pair())
		return;
	must(tcgetattr(slave, &t));
	cfmakeraw(&t);
	must(tcsetattr(slave, TCSANOW, &t));
	type("x\x03\x7f\r");
	is(read(slave, b, 10), 4, "all bytes at once");
	ok(!memcmp(b, "x\x03\x7f\r", 4), "as they are");
	must(write(slave, "\n", 1));
	is_text(take(master, 1), "\n", "output as it is");
	t.c_cc[VMIN] = 3;
	t.c_cc[VTIME] = 0;
	must(tcsetattr(slave, TCSANOW, &t));
	type("ab");
	ok(!readable(slave), "VMIN 3: two bytes are not enough");
	type("c");
	is(read(slave, b, 10), 3, "three are");
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 2;
	must(tcsetattr(slave, TCSANOW, &t));
	start = tap_now();
	is(read(slave, b, 10), 0, "VTIME: nothing in time");
	ok(tap_now() - start >= 100000000, "after a while");
	t.c_cc[VTIME] = 0;
	must(tcsetattr(slave, TCSANOW, &t));
	is(read(slave, b, 10), 0, "both 0: at once");
	t.c_cc[VMIN] = 5;
	t.c_cc[VTIME] = 1;
	must(tcsetattr(slave, TCSANOW, &t));
	type("xy");
	is(read(slave, b, 10), 2, "both: the time between bytes ends it");
}

TEST(termios)
{
	struct termios t, u;
	struct winsize w = {25, 80, 1, 2}, x = {0};
	int n, p[2];

	if (!open_pair())
		return;
	works(tcgetattr(slave, &t), "tcgetattr");
	ok((t.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG) && (t.c_iflag & ICRNL) &&
		   (t.c_oflag & OPOST),
	   "sane at the start");
	is(t.c_cc[VINTR], 3, "interrupt is ^C");
	is(t.c_cc[VERASE], 127, "erase is DEL");
	t.c_cc[VINTR] = 'q';
	t.c_lflag &= ~ECHO;
	works(tcsetattr(slave, TCSADRAIN, &t), "tcsetattr");
	must(tcgetattr(slave, &u));
	ok(u.c_cc[VINTR] == 'q' && !(u.c_lflag & ECHO), "is kept");
	must(tcgetattr(master, &u));
	ok(u.c_cc[VINTR] == 'q', "and seen from the master");
	works(ioctl(slave, TIOCSWINSZ, &w), "TIOCSWINSZ");
	works(ioctl(master, TIOCGWINSZ, &x), "TIOCGWINSZ");
	ok(x.ws_row == 25 && x.ws_col == 80, "the same size");
	type("abc\n");
	tap_sleep_ms(20);
	works(ioctl(slave, FIONREAD, &n), "FIONREAD");
	is(n, 4, "what can be read");
	works(tcflush(slave, TCIFLUSH), "tcflush");
	ok(!readable(slave), "throws it away");
	is(isatty(slave), 1, "isatty");
	must(pipe(p));
	fails(tcgetattr(p[0], &t), ENOTTY, "a pipe is no terminal");
	fails(ioctl(slave, 0x1234567, 0), ENOTTY, "no such request");
	fails(ioctl(999, TCGETS, &t), EBADF, "bad descriptor");
	fails(syscall(SYS_ioctl, slave, TCGETS, BAD), EFAULT, "TCGETS: bad pointer");
	fails(syscall(SYS_ioctl, slave, TCSETS, BAD), EFAULT, "TCSETS: bad pointer");
	fails(syscall(SYS_ioctl, slave, TIOCGWINSZ, BAD), EFAULT, "TIOCGWINSZ: bad pointer");
	fails(syscall(SYS_ioctl, slave, TIOCSWINSZ, BAD), EFAULT, "TIOCSWINSZ: bad pointer");
	fails(syscall(SYS_ioctl, slave, FIONREAD, BAD), EFAULT, "FIONREAD: bad pointer");
	fails(lseek(slave, 0, SEEK_SET), ESPIPE, "a terminal cannot seek");
}

TEST(hangup)
{
	char b[10];

	if (!open_pair())
		return;
	must(close(slave));
	fails(read(master, b, 10), EIO, "the master of a closed slave");
	open_pair();
	must(close(master));
	is(read(slave, b, 10), 0, "the slave of a closed master: end of file");
	fails(write(slave, "x", 1), EIO, "nowhere to write");
}

TEST(long_line)
{
	static char line[6000];

	if (!open_pair())
		return;
	set_flags(0, ECHO);
	memset(line, 'a', 4000);
	strcpy(line + 4000, "\n");
	type(line);
	is(strlen(take(slave, 4001)), 4001, "a line of 4000 characters");
}
