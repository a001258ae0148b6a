/*
 * Pseudo terminals (pty(7), ioctl_tty(2)) beyond typing: flow control, packet mode, input that is
 * simulated, hanging up, and both ends in the hands of many threads at once.
 */
#include "pair.h"
#include <pthread.h>

static void slave_nonblocking(void)
{
	must(fcntl(slave, F_SETFL, must(fcntl(slave, F_GETFL)) | O_NONBLOCK));
}

TEST(flow)
{
	struct termios t;

	pair_open();
	slave_nonblocking();
	works(tcflow(slave, TCOOFF), "TCOOFF");
	ok(!has_events(slave, POLLOUT, 0), "stops output: not writable");
	fails(write(slave, "a", 1), EAGAIN, "and nothing is written");
	type("b\n");
	is_text(drained(master, 10), "", "echo waits");
	type("\x11");
	is_text(drained(master, 10), "", "^Q does not start what tcflow() stopped");
	works(tcflow(slave, TCOON), "TCOON");
	is(write(slave, "a", 1), 1, "lets output go");
	is_text(drained(master, 10), "b\\x0d\\x0aa", "with the echo in front");
	type("\x13");
	fails(write(slave, "a", 1), EAGAIN, "^S stops output");
	works(tcflow(slave, TCOON), "TCOON");
	fails(write(slave, "b", 1), EAGAIN, "does not start it");
	must(tcflow(slave, TCOOFF));
	must(tcflow(slave, TCOON));
	is(write(slave, "c", 1), 1, "TCOOFF and TCOON do");
	type("\x13");
	t = modes_get();
	t.c_iflag &= ~IXON;
	modes_set(&t);
	is(write(slave, "d", 1), 1, "without IXON nothing is stopped by ^S");
	must(tcflow(slave, TCOOFF));
	t.c_iflag |= IXON;
	modes_set(&t);
	t.c_iflag &= ~IXON;
	modes_set(&t);
	fails(write(slave, "e", 1), EAGAIN, "but still by tcflow()");
	must(tcflow(slave, TCOON));
	is_text(drained(master, 10), "cd", "what was written");
	fails(tcflow(slave, 4), EINVAL, "no such action");
	fails(tcflow(slave, -1), EINVAL, "none below, either");
	fails(tcflush(slave, 3), EINVAL, "no such queue");
}

TEST(flow_characters)
{
	struct termios t;

	pair_open();
	works(tcflow(slave, TCIOFF), "TCIOFF");
	is_text(drained(master, 10), "\\x13", "sends ^S");
	works(tcflow(slave, TCION), "TCION");
	is_text(drained(master, 10), "\\x11", "sends ^Q");
	t = modes_get();
	t.c_cc[VSTOP] = 0;
	modes_set(&t);
	works(tcflow(slave, TCIOFF), "TCIOFF without VSTOP");
	is_text(drained(master, 10), "", "sends nothing");
	type("\x13");
	must(tcflow(slave, TCION));
	is_text(drained(master, 10), "^S\\x11", "TCION");
	t.c_cc[VSTOP] = 023;
	modes_set(&t);
	type("\x13");
	must(tcflow(slave, TCION));
	is_text(drained(master, 10), "\\x11", "goes ahead of output that ^S stopped");
}

static ssize_t read_all(char *to, size_t size)
{
	ssize_t n, all = 0;

	while (has_events(master, POLLIN, 200) && (n = read(master, to + all, size - all)) > 0)
		all += n;
	return all;
}

/* Echo for which there is no room comes when there is, or with the next output. */
TEST(echo_waits)
{
	static char b[100000];
	ssize_t n;

	pair_open();
	slave_nonblocking();
	memset(b, 'o', sizeof(b));
	while (write(slave, b, sizeof(b)) > 0 || write(slave, b, 1) > 0)
		;
	type("echo\n");
	n = read_all(b, sizeof(b));
	must(write(slave, ".", 1));
	n += read_all(b + n, sizeof(b) - n);
	ok(n > 4000 && b[n - 8] == 'o', "output comes first");
	b[n] = 0;
	is_text(b + n - 7, "echo\r\n.", "echo behind it");
}

TEST(flush_output)
{
	pair_open();
	must(write(slave, "abc", 3));
	works(tcflush(slave, TCIOFLUSH), "tcflush of both");
	must(write(slave, "d", 1));
	type("x\n");
	is_text(drained(slave, 10), "x\\x0a", "what comes later stays");
}

TEST(packet)
{
	int on = 1, off = 0, is_on = -1;
	struct termios t;
	char b[10];

	pair_open();
	must(ioctl(master, TIOCGPKT, &is_on));
	is(is_on, 0, "packet mode is off");
	works(ioctl(master, TIOCPKT, &on), "TIOCPKT");
	must(ioctl(master, TIOCGPKT, &is_on));
	is(is_on, 1, "is on");
	fails(syscall(SYS_ioctl, master, TIOCPKT, BAD), EFAULT, "bad pointer");
	must(write(slave, "ab", 2));
	is_text(drained(master, 10), "\\x00ab", "data follows a 0");
	must(write(slave, "cd", 2));
	is(read(master, b, 1), 1, "a read of one byte");
	is(b[0], 0, "is the 0");
	is(read(master, b, 2), 2, "of two");
	ok(b[0] == 0 && b[1] == 'c', "begins anew");
	is_text(drained(master, 10), "\\x00d", "and the rest");
	ok(!has_events(master, POLLPRI, 0), "nothing is urgent");
	must(tcflow(slave, TCOOFF));
	ok(has_events(master, POLLPRI, 60), "status is");
	ok(has_events(master, POLLIN, 0), "and can be read");
	is_text(drained(master, 10), "\\x04", "stopped");
	must(tcflow(slave, TCOON));
	is_text(drained(master, 10), "\\x08", "started");
	must(tcflow(slave, TCOOFF));
	must(tcflow(slave, TCOON));
	is_text(drained(master, 1), "\\x08", "only the last of both is told");
	must(tcflush(slave, TCIFLUSH));
	is_text(drained(master, 1), "\\x01", "input flushed");
	must(tcflush(slave, TCOFLUSH));
	is_text(drained(master, 1), "\\x02", "output flushed");
	must(tcflush(slave, TCIOFLUSH));
	is_text(drained(master, 1), "\\x03", "both");
	t = modes_get();
	t.c_iflag &= ~IXON;
	modes_set(&t);
	is_text(drained(master, 1), "\\x10", "^S and ^Q are data");
	t.c_iflag |= IXON;
	modes_set(&t);
	is_text(drained(master, 1), " ", "are flow control");
	t.c_cc[VSTOP] = 'x';
	modes_set(&t);
	is_text(drained(master, 1), "\\x10", "others are");
	t.c_lflag |= EXTPROC;
	modes_set(&t);
	is_text(drained(master, 1), "@", "modes change under EXTPROC");
	t.c_lflag &= ~EXTPROC;
	modes_set(&t);
	is_text(drained(master, 1), "@", "and when it ends");
	modes_set(&t);
	is_text(drained(master, 1), "", "then not any more");
	must(write(slave, "e", 1));
	must(tcflow(slave, TCOOFF));
	is(read(master, b, 10), 1, "status comes alone");
	is(b[0], 4, "and first");
	is_text(drained(master, 10), "\\x00e", "data after it");
	must(tcflow(slave, TCOON));
	works(ioctl(master, TIOCPKT, &off), "off");
	ok(!has_events(master, POLLIN, 60), "no status is left");
	must(write(slave, "f", 1));
	is_text(drained(master, 10), "f", "data as it is");
}

TEST(signal_in_packets)
{
	int on = 1;

	pair_open();
	must(ioctl(master, TIOCPKT, &on));
	type("ab\x03");
	is_text(drained(master, 1), "\\x03", "an interrupt flushes both");
	local_modes(NOFLSH, 0);
	drained(master, 20);
	type("ab\x03");
	is_text(drained(master, 20), "\\x00ab^C", "none with NOFLSH");
}

TEST(simulated_input)
{
	pair_open();
	if (!tap_root()) {
		skip("TIOCSTI", "not root");
		return;
	}
	works(ioctl(slave, TIOCSTI, "a"), "TIOCSTI");
	works(ioctl(slave, TIOCSTI, "b"), "again");
	works(ioctl(slave, TIOCSTI, "\x7f"), "a character that erases");
	works(ioctl(slave, TIOCSTI, "\n"), "a newline");
	is_text(drained(slave, 10), "a\\x0a", "is read");
	is_text(drained(master, 20), "ab\\x08 \\x08\\x0d\\x0a", "and echoed");
	fails(syscall(SYS_ioctl, slave, TIOCSTI, BAD), EFAULT, "bad pointer");
}

static int simulate_as_user(void *argument)
{
	(void)argument;
	ok(ioctl(slave, TIOCSTI, "a") < 0 && (errno == EPERM || errno == EIO),
	   "not for somebody else's terminal");
	return 0;
}

TEST(simulated_by_user)
{
	pair_open();
	is(tap_as_user(simulate_as_user, NULL), 0, "the user ends");
	is_text(drained(slave, 10), "", "nothing came");
}

TEST(hung_up)
{
	struct termios t;
	struct pollfd p;
	char b[10];
	int again;

	pair_open();
	t = modes_get();
	type("ab\n");
	again = must(dup(slave));
	works(ioctl(slave, TIOCVHANGUP, 0), "TIOCVHANGUP");
	is(read(slave, b, 10), 0, "the slave reads end of file");
	is(read(again, b, 10), 0, "every descriptor does");
	fails(write(slave, "a", 1), EIO, "writes nothing");
	fails(tcgetattr(slave, &t), EIO, "has no modes");
	fails(ioctl(slave, TIOCSPGRP, &again), ENOTTY, "TIOCSPGRP");
	p = (struct pollfd){slave, POLLIN | POLLOUT, 0};
	is(poll(&p, 1, 0), 1, "polls");
	is(p.revents, POLLIN | POLLOUT | POLLERR | POLLHUP, "everything");
	is_text(drained(master, 4), "ab\\x0d\\x0a", "the master reads what was echoed");
	ok(!has_events(master, POLLIN | POLLHUP, 0), "and has a slave yet");
	must(close(slave));
	ok(!has_events(master, POLLIN | POLLHUP, 0), "while one descriptor is open");
	slave = open(slave_path, O_RDWR | O_NOCTTY);
	works(slave, "a new open");
	must(close(again));
	ok(!has_events(master, POLLIN | POLLHUP, 0), "another open is enough, too");
	must(write(slave, "new", 3));
	is_text(drained(master, 10), "new", "works again");
	type("in\n");
	is_text(drained(slave, 10), "in\\x0a", "both ways");
	drained(master, 10);
	must(ioctl(slave, TIOCVHANGUP, 0));
	must(close(slave));
	fails(read(master, b, 10), EIO, "the master has no slave when the last is closed");
	ok(has_events(master, POLLHUP, 0), "and is hung up");
}

TEST(master_without_slave)
{
	struct pollfd p;
	char b[10];

	pair_master();
	p = (struct pollfd){master, POLLIN | POLLOUT, 0};
	must(poll(&p, 1, 0));
	is(p.revents, POLLOUT, "before the first open nothing is hung up");
	type("early\n");
	slave = must(open(slave_path, O_RDWR | O_NOCTTY));
	is_text(drained(slave, 10), "early\\x0a", "what was typed before is there");
	must(write(slave, "left", 4));
	must(close(slave));
	drained(master, 7);
	is_text(drained(master, 10), "left", "what was written is read after the close");
	fails(read(master, b, 10), EIO, "then there is no more");
	p = (struct pollfd){master, POLLIN | POLLOUT, 0};
	must(poll(&p, 1, 0));
	ok((p.revents & (POLLHUP | POLLIN)) == POLLHUP, "hung up");
	slave = must(open(slave_path, O_RDWR | O_NOCTTY));
	p = (struct pollfd){master, POLLIN | POLLOUT, 0};
	must(poll(&p, 1, 0));
	is(p.revents, POLLOUT, "until it is opened again");
	must(close(master));
	fails(open(slave_path, O_RDWR | O_NOCTTY), ENOENT, "without a master there is no name");
	p = (struct pollfd){slave, POLLIN | POLLOUT, 0};
	is(poll(&p, 1, 0), 1, "the slave polls");
	ok(p.revents & POLLHUP, "the hang-up");
}

TEST(exclusive)
{
	int is_exclusive = -1;

	pair_open();
	works(ioctl(slave, TIOCEXCL), "TIOCEXCL");
	must(ioctl(slave, TIOCGEXCL, &is_exclusive));
	is(is_exclusive, 1, "is set");
	works(open(slave_path, O_RDWR | O_NOCTTY), "root may open it yet");
	works(ioctl(slave, TIOCNXCL), "TIOCNXCL");
}

static int open_exclusive(void *argument)
{
	(void)argument;
	fails(open(slave_path, O_RDWR | O_NOCTTY), EBUSY, "nobody else may");
	must(ioctl(slave, TIOCNXCL));
	works(open(slave_path, O_RDWR | O_NOCTTY), "until TIOCNXCL");
	return 0;
}

TEST(exclusive_to_users)
{
	pair_open();
	must(chmod(slave_path, 0666));
	must(ioctl(slave, TIOCEXCL));
	is(tap_as_user(open_exclusive, NULL), 0, "the user ends");
}

/* Each thread does one thing to the pair, again and again, until the time is over. */
static volatile bool over;

static void *opener(void *argument)
{
	(void)argument;
	while (!over) {
		int fd = open(slave_path, O_RDWR | O_NOCTTY | O_NONBLOCK);

		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

static void *slave_user(void *argument)
{
	struct termios t;
	char b[100];

	(void)argument;
	while (!over) {
		int fd = open(slave_path, O_RDWR | O_NOCTTY | O_NONBLOCK);

		if (fd < 0)
			continue;
		for (int i = 0; i < 20; i++) {
			if (read(fd, b, sizeof(b)) < 0 && errno == EIO)
				break;
			if (tcgetattr(fd, &t) == 0) {
				t.c_lflag ^= i & 1 ? ICANON : ECHO;
				tcsetattr(fd, i & 2 ? TCSANOW : TCSAFLUSH, &t);
			}
			if (write(fd, "some text\n", 10) < 0 && errno == EIO)
				break;
			tcflow(fd, i & 4 ? TCOON : TCOOFF);
		}
		tcflow(fd, TCOON);
		close(fd);
	}
	return NULL;
}

static void *hanger(void *argument)
{
	(void)argument;
	while (!over) {
		int fd = open(slave_path, O_RDWR | O_NOCTTY | O_NONBLOCK);

		if (fd < 0)
			continue;
		ioctl(fd, TIOCVHANGUP, 0);
		close(fd);
	}
	return NULL;
}

static void *typist(void *argument)
{
	int fd = *(int *)argument, on = 1;
	char b[100];

	while (!over) {
		struct pollfd p = {fd, POLLIN | POLLOUT, 0};

		poll(&p, 1, 1);
		if (write(fd, "typed\rand\x7f\x03\x15 \x16\x01 more\n", 20) < 0 && errno != EAGAIN)
			ok(false, "a master can always be written");
		while (read(fd, b, sizeof(b)) > 0)
			;
		ioctl(fd, TIOCPKT, &on);
		on = !on;
	}
	return NULL;
}

TEST(many_hands)
{
	const char *found;
	void *(*const work[])(void *) = {opener, slave_user, hanger, typist, slave_user, typist};
	enum { N = sizeof(work) / sizeof(*work) };
	pthread_t threads[N];
	int fds[2];

	pair_master();
	must(fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK));
	fds[0] = fds[1] = master;
	for (int i = 0; i < N; i++)
		must(-pthread_create(&threads[i], NULL, work[i], &fds[i & 1]));
	tap_sleep_ms(3000);
	over = true;
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	slave = must(open(slave_path, O_RDWR | O_NOCTTY));
	must(ioctl(slave, TIOCVHANGUP, 0));
	must(close(slave));
	slave = must(open(slave_path, O_RDWR | O_NOCTTY));
	tcflow(slave, TCOON);
	raw_modes(1, 0);
	while (*drained(slave, 400))
		;
	/* Linux may bring old input late, even now, and in front of what is typed. */
	found = NULL;
	for (int i = 0; i < 50 && !found; i++) {
		(void)!write(master, "still here", 10);
		found = strstr(drained(slave, 400), "still here");
	}
	ok(found != NULL, "the pair has survived");
}

/* Masters come and go while others open what they find in /dev/pts. */
static void *master_maker(void *argument)
{
	(void)argument;
	while (!over) {
		int number, unlock = 0, fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);

		if (fd < 0 || ioctl(fd, TIOCGPTN, &number) < 0 ||
		    ioctl(fd, TIOCSPTLCK, &unlock) < 0)
			ok(false, "a new pair");
		(void)!write(fd, "left behind\n", 12);
		close(fd);
	}
	return NULL;
}

static void *slave_finder(void *argument)
{
	char path[40], b[100];

	(void)argument;
	for (unsigned n = 0; !over; n = (n + 1) % 8) {
		int fd, number = 0;

		snprintf(path, sizeof(path), "/dev/pts/%u", n);
		fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
		if (fd < 0)
			continue;
		(void)!read(fd, b, sizeof(b));
		(void)!write(fd, "late", 4);
		ioctl(fd, FIONREAD, &number);
		ioctl(fd, TIOCVHANGUP, 0);
		close(fd);
	}
	return NULL;
}

TEST(coming_and_going)
{
	void *(*const work[])(void *) = {master_maker, slave_finder, master_maker, slave_finder};
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		must(-pthread_create(&threads[i], NULL, work[i], NULL));
	tap_sleep_ms(2000);
	over = true;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	pair_open();
	type("x\n");
	is_text(drained(slave, 2), "x\\x0a", "pairs are made and work");
}

/* Pairs of its own, one after another: a number that is given out belongs to its new pair alone. */
static void *pair_user(void *argument)
{
	unsigned *wrong = argument;

	while (!over) {
		int number, unlock = 0, end, fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);
		char path[40];

		if (fd < 0 || ioctl(fd, TIOCGPTN, &number) < 0 ||
		    ioctl(fd, TIOCSPTLCK, &unlock) < 0) {
			++*wrong;
			close(fd);
			continue;
		}
		snprintf(path, sizeof(path), "/dev/pts/%d", number);
		end = open(path, O_RDWR | O_NOCTTY);
		*wrong += end < 0;
		close(end);
		close(fd);
	}
	return NULL;
}

TEST(numbers_used_again)
{
	pthread_t threads[4];
	unsigned wrong[4] = {0};

	for (int i = 0; i < 4; i++)
		must(-pthread_create(&threads[i], NULL, pair_user, &wrong[i]));
	tap_sleep_ms(1500);
	over = true;
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		is(wrong[i], 0, "every new slave can be opened");
	}
}
