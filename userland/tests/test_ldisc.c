/*
 * The line discipline (termios(3)) as a person and a program see it: what is echoed for what is
 * typed, what is read, what becomes of it when the modes change, and when a read is complete.
 */
#include "pair.h"
#include <pthread.h>

enum { KEPT, I_ON, I_OFF, O_ON, O_OFF, L_ON, L_OFF, CC };

/* Modes are those of a fresh terminal but for two changes, each a kind and its flags (CC: index and
 * character). */
struct line {
	const char *what;
	struct { int kind; unsigned bits; char c; } change[2];
	const char *typed, *echo, *read;
};

static const struct line lines[] = {
	{"erase", {}, "ab\x7f\n", "ab\\x08 \\x08\\x0d\\x0a", "a\\x0a"},
	{"erase on an empty line", {}, "\x7f\n", "\\x0d\\x0a", "\\x0a"},
	{"erase without IUTF8 takes a byte", {}, "\xc3\xa4\x7f\n",
	 "\\xc3\\xa4\\x08 \\x08\\x0d\\x0a", "\\xc3\\x0a"},
	{"erase with IUTF8 takes a character", {{I_ON, IUTF8, 0}}, "a\xc3\xa4\x7f\n",
	 "a\\xc3\\xa4\\x08 \\x08\\x0d\\x0a", "a\\x0a"},
	{"a character of three bytes", {{I_ON, IUTF8, 0}}, "\xe2\x82\xac\x7f" "b\n",
	 "\\xe2\\x82\\xac\\x08 \\x08b\\x0d\\x0a", "b\\x0a"},
	{"continuation bytes alone stay", {{I_ON, IUTF8, 0}}, "\x82\x83\x7f\n",
	 "\\x82\\x83\\x0d\\x0a", "\\x82\\x83\\x0a"},
	{"control character with ECHOCTL", {}, "\x01\x7f\n",
	 "^A\\x08 \\x08\\x08 \\x08\\x0d\\x0a", "\\x0a"},
	{"control character without", {{L_OFF, ECHOCTL, 0}}, "\x01\x7f\n",
	 "\\x01\\x0d\\x0a", "\\x0a"},
	{"DEL with ECHOCTL", {}, "\x16\x7f\x7f\n",
	 "^\\x08^?\\x08 \\x08\\x08 \\x08\\x0d\\x0a", "\\x0a"},
	{"C1 controls are characters", {}, "\x9b\n", "\\x9b\\x0d\\x0a", "\\x9b\\x0a"},
	{"erased tab", {}, "ab\t\x7f\n",
	 "ab\\x09\\x08\\x08\\x08\\x08\\x08\\x08\\x0d\\x0a", "ab\\x0a"},
	{"tab after a tab", {}, "a\tbc\t\x7f\n",
	 "a\\x09bc\\x09\\x08\\x08\\x08\\x08\\x08\\x08\\x0d\\x0a", "a\\x09bc\\x0a"},
	{"tab after a hat", {}, "\x01\t\x7f\n",
	 "^A\\x09\\x08\\x08\\x08\\x08\\x08\\x08\\x0d\\x0a", "\\x01\\x0a"},
	{"tab after UTF-8", {{I_ON, IUTF8, 0}}, "\xc3\xa4\t\x7f\n",
	 "\\xc3\\xa4\\x09\\x08\\x08\\x08\\x08\\x08\\x08\\x08\\x0d\\x0a", "\\xc3\\xa4\\x0a"},
	{"erase without ECHOE shows its character", {{L_OFF, ECHOE, 0}}, "ab\x7f\n",
	 "ab^?\\x0d\\x0a", "a\\x0a"},
	{"kill with ECHOKE", {}, "a\x01" "b\x15" "c\n",
	 "a^Ab\\x08 \\x08\\x08 \\x08\\x08 \\x08\\x08 \\x08c\\x0d\\x0a", "c\\x0a"},
	{"kill without ECHOKE", {{L_OFF, ECHOKE, 0}}, "ab\x15" "c\n",
	 "ab^U\\x0d\\x0ac\\x0d\\x0a", "c\\x0a"},
	{"kill without ECHOK", {{L_OFF, ECHOK, 0}}, "ab\x15" "c\n", "ab^Uc\\x0d\\x0a", "c\\x0a"},
	{"kill without ECHOE", {{L_OFF, ECHOE, 0}}, "ab\x15" "c\n",
	 "ab^U\\x0d\\x0ac\\x0d\\x0a", "c\\x0a"},
	{"word erase", {}, "ab cd_1  \x17" "x\n",
	 "ab cd_1  \\x08 \\x08\\x08 \\x08\\x08 \\x08\\x08 \\x08\\x08 \\x08\\x08 \\x08x\\x0d\\x0a",
	 "ab x\\x0a"},
	{"word erase without IEXTEN", {{L_OFF, IEXTEN, 0}}, "ab\x17\n",
	 "ab^W\\x0d\\x0a", "ab\\x17\\x0a"},
	{"ECHOPRT", {{L_ON, ECHOPRT, 0}}, "abc\x7f\x7f" "d\n", "abc\\x5ccb/d\\x0d\\x0a", "ad\\x0a"},
	{"ECHOPRT to the line's begin", {{L_ON, ECHOPRT, 0}}, "ab\x7f\x7f" "c\n",
	 "ab\\x5cba/c\\x0d\\x0a", "c\\x0a"},
	{"ECHOPRT, kill", {{L_ON, ECHOPRT, 0}}, "ab\x15" "c\n", "ab\\x5cba/c\\x0d\\x0a", "c\\x0a"},
	{"ECHOPRT of UTF-8", {{L_ON, ECHOPRT, 0}, {I_ON, IUTF8, 0}}, "\xc3\xa4" "b\x7f\x7f\n",
	 "\\xc3\\xa4b\\x5cb\\xc3\\xa4/\\x0d\\x0a", "\\x0a"},
	{"reprint", {}, "a\x01" "b\x12" "c\n", "a^Ab^R\\x0d\\x0aa^Abc\\x0d\\x0a", "a\\x01bc\\x0a"},
	{"literal next", {}, "\x16\x03\x16\x16\n", "^\\x08^C^\\x08^V\\x0d\\x0a", "\\x03\\x16\\x0a"},
	{"literal newline", {}, "a\x16\nb\n", "a^\\x08^Jb\\x0d\\x0a", "a\\x0ab\\x0a"},
	{"end of file is not shown", {}, "ab\x04", "ab", "ab"},
	{"VEOL ends a line", {{CC, VEOL, 'x'}}, "abxc", "abxc", "abx"},
	{"VEOL2 does", {{CC, VEOL2, 'y'}}, "abyc", "abyc", "aby"},
	{"VEOL2 without IEXTEN", {{CC, VEOL2, 'y'}, {L_OFF, IEXTEN, 0}}, "aby\n",
	 "aby\\x0d\\x0a", "aby\\x0a"},
	{"ECHONL without ECHO", {{L_OFF, ECHO, 0}, {L_ON, ECHONL, 0}}, "ab\n",
	 "\\x0d\\x0a", "ab\\x0a"},
	{"erase without ECHO", {{L_OFF, ECHO, 0}}, "ab\x7f\x12\n", "", "a\\x12\\x0a"},
	{"ICRNL", {}, "a\r", "a\\x0d\\x0a", "a\\x0a"},
	{"no ICRNL", {{I_OFF, ICRNL, 0}}, "a\r\n", "a^M\\x0d\\x0a", "a\\x0d\\x0a"},
	{"IGNCR before ICRNL", {{I_ON, IGNCR, 0}}, "a\rb\n", "ab\\x0d\\x0a", "ab\\x0a"},
	{"INLCR", {{I_ON, INLCR, 0}, {I_OFF, ICRNL, 0}}, "a\nb\x04", "a^Mb", "a\\x0db"},
	{"ISTRIP", {{I_ON, ISTRIP, 0}}, "\xe1\n", "a\\x0d\\x0a", "a\\x0a"},
	{"IUCLC", {{I_ON, IUCLC, 0}}, "AbC\n", "abc\\x0d\\x0a", "abc\\x0a"},
	{"PARMRK doubles 0377", {{I_ON, PARMRK, 0}}, "a\xff\n",
	 "a\\xff\\x0d\\x0a", "a\\xff\\xff\\x0a"},
	{"OLCUC of echo", {{O_ON, OLCUC, 0}}, "ab\n", "AB\\x0d\\x0a", "ab\\x0a"},
	{"no OPOST", {{O_OFF, OPOST, 0}}, "ab\n", "ab\\x0a", "ab\\x0a"},
	{"XTABS of echo", {{O_ON, TAB3, 0}}, "a\t\n", "a       \\x0d\\x0a", "a\\x09\\x0a"},
	{"an interrupt drops the line", {}, "ab\x03" "cd\n", "^Ccd\\x0d\\x0a", "cd\\x0a"},
	{"not with NOFLSH", {{L_ON, NOFLSH, 0}}, "ab\x03" "cd\n", "ab^Ccd\\x0d\\x0a", "abcd\\x0a"},
	{"a suspend does, too", {}, "ab\x1a" "cd\n", "^Zcd\\x0d\\x0a", "cd\\x0a"},
	{"no ISIG", {{L_OFF, ISIG, 0}}, "a\x03\n", "a^C\\x0d\\x0a", "a\\x03\\x0a"},
	{"an interrupt that is off", {{CC, VINTR, 0}}, "a\x03\n", "a^C\\x0d\\x0a", "a\\x03\\x0a"},
	{"stop and start", {}, "a\x13" "b\n\x11" "c\n", "ab\\x0d\\x0ac\\x0d\\x0a", "ab\\x0ac\\x0a"},
	{"stopped: no echo, but input", {}, "\x13" "b\n", "", "b\\x0a"},
	{"IXANY", {{I_ON, IXANY, 0}}, "\x13" "a\n", "a\\x0d\\x0a", "a\\x0a"},
	{"an interrupt starts", {}, "\x13" "a\x03" "b\n", "^Cb\\x0d\\x0a", "b\\x0a"},
	{"no IXON", {{I_OFF, IXON, 0}}, "\x13\n", "^S\\x0d\\x0a", "\\x13\\x0a"},
	{"echo without ICANON", {{L_OFF, ICANON, 0}}, "a\x7f\x15\n",
	 "a^?^U^J", "a\\x7f\\x15\\x0a"},
	{"ECHONL without ICANON", {{L_OFF, ICANON | ECHO, 0}, {L_ON, ECHONL, 0}}, "a\n",
	 "", "a\\x0a"},
	{"EXTPROC", {{L_ON, EXTPROC, 0}}, "a\x7f\x03", "", "a\\x7f\\x03"},
};

static void apply(struct termios *t, int kind, unsigned bits, char c)
{
	switch (kind) {
	case I_ON: t->c_iflag |= bits; break;
	case I_OFF: t->c_iflag &= ~bits; break;
	case O_ON: t->c_oflag |= bits; break;
	case O_OFF: t->c_oflag &= ~bits; break;
	case L_ON: t->c_lflag |= bits; break;
	case L_OFF: t->c_lflag &= ~bits; break;
	case CC: t->c_cc[bits] = c; break;
	}
}

TEST(lines)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		const struct line *l = &lines[i];
		struct termios t;
		char what[100];

		pair_open();
		t = modes_get();
		for (int n = 0; n < 2; n++)
			apply(&t, l->change[n].kind, l->change[n].bits, l->change[n].c);
		modes_set(&t);
		type(l->typed);
		snprintf(what, sizeof(what), "%s: echo", l->what);
		is_text(drained(master, 400), l->echo, what);
		snprintf(what, sizeof(what), "%s: input", l->what);
		is_text(drained(slave, 400), l->read, what);
		must(close(slave));
		must(close(master));
	}
}

struct output {
	const char *what;
	unsigned on, off;
	const char *written, *seen;
};

static const struct output outputs[] = {
	{"ONLCR", 0, 0, "a\nb\rc\n", "a\\x0d\\x0ab\\x0dc\\x0d\\x0a"},
	{"OCRNL", OCRNL, ONLCR, "a\rb\n", "a\\x0ab\\x0a"},
	{"ONOCR", ONOCR, 0, "\ra\r\rb\n\r", "a\\x0db\\x0d\\x0a"},
	{"ONLRET makes column 0", ONLRET | ONOCR, ONLCR, "ab\n\rc", "ab\\x0ac"},
	{"TAB3", TAB3, 0, "ab\tc\r\t.\b\t.", "ab      c\\x0d        .\\x08        ."},
	{"TAB3 after a newline without ONLCR", TAB3, ONLCR, "ab\n\t.", "ab\\x0a      ."},
	{"OLCUC", OLCUC, 0, "aZ{\n", "AZ{\\x0d\\x0a"},
	{"no OPOST", TAB3 | OLCUC, OPOST, "a\t\n", "a\\x09\\x0a"},
	{"OFDEL and OFILL", OFILL | OFDEL, 0, "a\n", "a\\x0d\\x0a"},
};

TEST(output)
{
	for (size_t i = 0; i < sizeof(outputs) / sizeof(*outputs); i++) {
		const struct output *o = &outputs[i];
		struct termios t;

		pair_open();
		t = modes_get();
		t.c_oflag = (t.c_oflag | o->on) & ~o->off;
		modes_set(&t);
		must(write(slave, o->written, strlen(o->written)));
		is_text(drained(master, 400), o->seen, o->what);
		must(close(slave));
		must(close(master));
	}
}

/*
 * A new pair into which `text` was typed, its echo off by now. That it was echoed says that the
 * line discipline has it: a kernel may hand it what is typed a moment later.
 */
static void typed(const char *text)
{
	pair_open();
	type(text);
	has_events(master, POLLIN, 5000);
	drained(master, 400);
	local_modes(0, ECHO);
}

static const char *one_read(void)
{
	static char text[4][400];
	static unsigned which;
	char *to = text[which++ % 4], *at = to, b[80];
	ssize_t n = has_events(slave, POLLIN, 60) ? read(slave, b, sizeof(b)) : -1;

	if (n < 0)
		return "nothing";
	*to = 0;
	for (ssize_t i = 0; i < n; i++)
		at += sprintf(at, b[i] >= ' ' ? "%c" : "\\x%02x", b[i]);
	return to;
}

TEST(canonical_to_raw)
{
	typed("ab");
	is_text(one_read(), "nothing", "half a line");
	local_modes(0, ICANON);
	is_text(one_read(), "ab", "can be read without ICANON");
	typed("/x\r");
	raw_modes(1, 0);
	is_text(one_read(), "/x\\x0a", "a return typed under ICRNL stays a newline");
	type("/x\r");
	is_text(one_read(), "/x\\x0d", "one typed after it does not become one");
	typed("a\nb\nc");
	local_modes(0, ICANON);
	is_text(one_read(), "a\\x0ab\\x0ac", "lines and a rest are one text");
	typed("ab\x04" "c\n");
	local_modes(0, ICANON);
	is_text(one_read(), "ab\\x00c\\x0a", "an end of file is a 0");
	typed("a\x16");
	local_modes(0, ICANON);
	local_modes(ICANON, 0);
	type("\x7f\n");
	is_text(one_read(), "a", "what raw mode did not read is a line");
	is_text(one_read(), "\\x0a", "literal next is forgotten");
	typed("ab");
	local_modes(EXTPROC, 0);
	is_text(one_read(), "ab", "EXTPROC frees the line, too");
}

TEST(raw_to_canonical)
{
	pair_open();
	raw_modes(1, 0);
	type("ab\r");
	local_modes(ICANON, 0);
	is_text(one_read(), "ab\\x0d", "what is there is a line");
	is_text(one_read(), "nothing", "and all");
	raw_modes(1, 0);
	type("a\nb");
	local_modes(ICANON, 0);
	type("c\n");
	is_text(one_read(), "a\\x0ab", "newlines in it end none");
	is_text(one_read(), "c\\x0a", "the next line is one of its own");
	typed("a\nb\n");
	local_modes(0, ICANON);
	local_modes(ICANON, 0);
	is_text(one_read(), "a\\x0ab\\x0a", "lines that were lose their ends");
	raw_modes(1, 0);
	local_modes(ICANON, 0);
	is_text(one_read(), "nothing", "without input there is no line");
	type("x\n");
	local_modes(ECHOK, 0);
	is_text(one_read(), "x\\x0a", "other changes leave lines alone");
}

TEST(change_when)
{
	struct termios t;

	typed("ab\n");
	t = modes_get();
	must(tcsetattr(slave, TCSADRAIN, &t));
	is_text(one_read(), "ab\\x0a", "TCSADRAIN keeps input");
	type("ab\nc");
	must(tcsetattr(slave, TCSAFLUSH, &t));
	is_text(one_read(), "nothing", "TCSAFLUSH drops it");
	type("d\n");
	is_text(one_read(), "d\\x0a", "with the line's begin");
	type("ab");
	must(tcflush(slave, TCIFLUSH));
	type("c\n");
	is_text(one_read(), "c\\x0a", "so does TCIFLUSH");
	raw_modes(1, 0);
	type("ab");
	ok(has_events(slave, POLLIN, 60), "two bytes for MIN 1");
	raw_modes(3, 0);
	ok(!has_events(slave, POLLIN, 60), "are not enough for MIN 3");
	raw_modes(3, 1);
	ok(has_events(slave, POLLIN, 60), "with TIME one is");
}

/* Changes modes from the other side while the test waits. */
static void *change_later(void *argument)
{
	struct termios t;

	(void)argument;
	tap_sleep_ms(150);
	must(tcgetattr(master, &t));
	t.c_lflag ^= ICANON;
	must(tcsetattr(master, TCSANOW, &t));
	return NULL;
}

static void *type_later(void *argument)
{
	for (const char *c = argument; *c; c++) {
		tap_sleep_ms(150);
		must(write(master, c, 1));
	}
	return NULL;
}

TEST(change_wakes)
{
	struct pollfd p;
	pthread_t thread;
	char b[10];

	typed("ab");
	must(-pthread_create(&thread, NULL, change_later, NULL));
	is(read(slave, b, 10), 2, "a reader of lines gets what there is");
	pthread_join(thread, NULL);
	typed("ab");
	must(-pthread_create(&thread, NULL, change_later, NULL));
	p = (struct pollfd){slave, POLLIN, 0};
	is(poll(&p, 1, 5000), 1, "who polls learns of it");
	pthread_join(thread, NULL);
	is(read(slave, b, 10), 2, "and reads");
}

static void nonblocking(bool on)
{
	int flags = must(fcntl(slave, F_GETFL));

	must(fcntl(slave, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
}

TEST(min_and_time)
{
	pthread_t thread;
	int64_t start;
	char b[10];

	pair_open();
	raw_modes(3, 0);
	type("ab");
	is(read(slave, b, 2), 2, "MIN 3: a read of 2 is complete with 2");
	must(-pthread_create(&thread, NULL, type_later, "abcd"));
	is(read(slave, b, 10), 3, "a read of 10 with 3");
	pthread_join(thread, NULL);
	is(read(slave, b, 1), 1, "the fourth comes later");
	raw_modes(4, 3);
	start = tap_now();
	must(-pthread_create(&thread, NULL, type_later, "ab"));
	is(read(slave, b, 10), 2, "MIN 4, TIME: time begins anew with each byte");
	ok(tap_now() - start >= 500000000, "it is waited for");
	pthread_join(thread, NULL);
	raw_modes(0, 20);
	must(-pthread_create(&thread, NULL, type_later, "ab"));
	is(read(slave, b, 10), 1, "TIME alone: the first byte is enough");
	pthread_join(thread, NULL);
	is(read(slave, b, 10), 1, "and another");
	nonblocking(true);
	fails(read(slave, b, 10), EAGAIN, "TIME alone, O_NONBLOCK: no waiting");
	raw_modes(0, 0);
	is(read(slave, b, 10), 0, "neither: 0, also with O_NONBLOCK");
	raw_modes(3, 0);
	fails(read(slave, b, 10), EAGAIN, "MIN 3, O_NONBLOCK");
	type("a");
	is(read(slave, b, 10), 1, "what there is");
	type("abcdef");
	is(read(slave, b, 10), 6, "more than MIN");
	local_modes(ICANON, 0);
	fails(read(slave, b, 10), EAGAIN, "canonical, O_NONBLOCK");
	is(read(slave, b, 0), 0, "nothing asked");
}

static void on_alarm(int signal)
{
	(void)signal;
}

TEST(interrupted)
{
	struct sigaction action = {.sa_handler = on_alarm};
	char b[10];

	must(sigaction(SIGALRM, &action, NULL));
	pair_open();
	raw_modes(3, 0);
	alarm(1);
	fails(read(slave, b, 10), EINTR, "a signal ends a read of nothing");
	type("ab");
	alarm(1);
	is(read(slave, b, 10), 2, "or with what it has");
}

/* More ends of file than the discipline holds: the rest waits before it. */
TEST(many_ends)
{
	static char ends[5000];
	int n = 0;
	char b[10];

	typed("");
	must(fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK));
	memset(ends, 4, sizeof(ends));
	is(write(master, ends, sizeof(ends)), (long)sizeof(ends), "5000 ends of file");
	while (n < 6000 && has_events(slave, POLLIN, 200) && read(slave, b, 10) == 0)
		n++;
	is(n, 5000, "are read one by one");
	type("x\n");
	is_text(one_read(), "x\\x0a", "and a line behind them");
}

TEST(counts)
{
	int n = -1;

	typed("ab\ncd");
	works(ioctl(slave, FIONREAD, &n), "FIONREAD");
	is(n, 3, "the line that is ended");
	type("\x04\x04");
	must(ioctl(slave, FIONREAD, &n));
	is(n, 5, "ends of file count for nothing");
	local_modes(0, ICANON);
	must(ioctl(slave, FIONREAD, &n));
	is(n, 7, "but do without ICANON");
}
