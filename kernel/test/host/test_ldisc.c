/* The line discipline: lines, editing and echo as they look on the screen, signals, flow, modes. */
#include "test/host/unit.h"

#include "abi/signal.h"
#include "tty/ldisc.h"

static struct ldisc l;
static char out[16384];
static size_t n_out, room;
static int last_signal, n_flushes;

static size_t host_room(struct ldisc *d) { return d->stopped ? 0 : room; }
static void host_put(struct ldisc *d, const u8 *data, size_t n)
{
	CHECK(n <= room);
	memcpy(out + n_out, data, n);
	n_out += n;
	out[n_out] = 0;
	room -= n;
}
static void host_signal(struct ldisc *d, int signo) { last_signal = signo; }
static void host_flush(struct ldisc *d) { n_flushes++; }
static void host_flow(struct ldisc *d, bool stopped) { }
static void host_readable(struct ldisc *d) { }
static const struct ldisc_host host = {
	.room = host_room, .put = host_put, .signal = host_signal, .flush_output = host_flush,
	.flow = host_flow, .readable = host_readable,
};

static struct termios2 usual(void)
{
	return (struct termios2){
		.c_iflag = ICRNL | IXON, .c_oflag = OPOST | ONLCR, .c_cflag = CS8 | CREAD,
		.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
		.c_cc = { [VINTR] = 3, [VQUIT] = 034, [VERASE] = 0177, [VKILL] = 025, [VEOF] = 4,
			  [VMIN] = 1, [VSTART] = 021, [VSTOP] = 023,
			  [VSUSP] = 032, [VREPRINT] = 022, [VWERASE] = 027, [VLNEXT] = 026 },
	};
}

static void begin(const struct termios2 *t)
{
	n_out = 0;
	out[0] = 0;
	room = sizeof(out) - 1;
	last_signal = n_flushes = 0;
	ldisc_init(&l, &host, t);
}

static void begin_usual(void)
{
	struct termios2 t = usual();

	begin(&t);
}

static size_t type(const char *text) { return ldisc_receive(&l, (const u8 *)text, strlen(text)); }

/* What one read of n bytes gives. */
static const char *take(size_t n, bool *end)
{
	static char buf[LDISC_BUF + 1];
	bool e;
	size_t got = ldisc_read(&l, (u8 *)buf, n, &e);

	buf[got] = 0;
	if (end)
		*end = e;
	return buf;
}

TEST(line_is_readable_when_ended)
{
	begin_usual();
	type("hel");
	CHECK(!ldisc_can_read(&l, 1));
	type("lo\rnext");
	CHECK(ldisc_can_read(&l, 1));
	CHECK_EQ(ldisc_input_count(&l), 6);
	CHECK_STR(take(100, NULL), "hello\n");
	CHECK(!ldisc_can_read(&l, 1));
	CHECK_STR(out, "hello\r\nnext");
}

TEST(line_in_pieces)
{
	bool end;

	begin_usual();
	type("abcdef\n");
	CHECK_STR(take(4, &end), "abcd");
	CHECK(!end);
	CHECK_STR(take(4, &end), "ef\n");
	CHECK(end);
}

TEST(end_of_file)
{
	bool end;

	begin_usual();
	type("\004");
	CHECK(ldisc_can_read(&l, 1));
	CHECK_EQ(ldisc_input_count(&l), 0);
	CHECK_STR(take(10, &end), "");
	CHECK(end);
	type("abc\004");
	CHECK_STR(take(3, &end), "abc"); /* the mark is taken along */
	CHECK(end);
	CHECK(!ldisc_can_read(&l, 1));
	CHECK_STR(out, "abc");
}

TEST(erase_characters)
{
	begin_usual();
	type("ab\177c\n");
	CHECK_STR(take(10, NULL), "ac\n");
	CHECK_STR(out, "ab\b \bc\r\n");
	begin_usual();
	type("\177\177x\001\177\177\n");
	CHECK_STR(take(10, NULL), "\n");
	CHECK_STR(out, "x^A\b \b\b \b\b \b\r\n");
}

TEST(erase_utf8)
{
	struct termios2 t = usual();

	t.c_iflag |= IUTF8;
	begin(&t);
	type("a\303\266\342\202\254\177\n");
	CHECK_STR(take(10, NULL), "a\303\266\n");
	CHECK_STR(out, "a\303\266\342\202\254\b \b\r\n");
}

TEST(erase_words)
{
	begin_usual();
	type("one two_3  \027\n");
	CHECK_STR(take(20, NULL), "one \n");
	begin_usual();
	type("one \027\027x\n");
	CHECK_STR(take(20, NULL), "x\n");
}

TEST(kill_line)
{
	struct termios2 t = usual();

	begin_usual();
	type("abc\025d\n");
	CHECK_STR(take(10, NULL), "d\n");
	CHECK_STR(out, "abc\b \b\b \b\b \bd\r\n");
	t.c_lflag &= ~ECHOKE;
	begin(&t);
	type("abc\025d\n");
	CHECK_STR(out, "abc^U\r\nd\r\n");
	CHECK_STR(take(10, NULL), "d\n");
}

TEST(erase_tab_goes_back_to_its_column)
{
	begin_usual();
	ldisc_write(&l, (const u8 *)"$ ", 2);
	n_out = 0;
	type("a\t\177");
	CHECK_STR(out, "a\t\b\b\b\b\b");
	begin_usual();
	type("\t\t\177");
	CHECK_STR(out, "\t\t\b\b\b\b\b\b\b\b");
}

TEST(echoprt)
{
	struct termios2 t = usual();

	t.c_lflag |= ECHOPRT;
	begin(&t);
	type("abc\177\177d\n");
	CHECK_STR(out, "abc\\cb/d\r\n");
}

TEST(literal_next)
{
	begin_usual();
	type("a\026\003\026\026\026\177\n");
	CHECK_STR(take(10, NULL), "a\003\026\177\n");
	CHECK_EQ(last_signal, 0);
	CHECK_STR(out, "a^\b^C^\b^V^\b^?\r\n");
}

TEST(reprint)
{
	begin_usual();
	type("ab\022");
	CHECK_STR(out, "ab^R\r\nab");
}

TEST(signals_flush)
{
	struct termios2 t = usual();

	begin_usual();
	type("abc\003");
	CHECK_EQ(last_signal, SIGINT);
	CHECK_EQ(n_flushes, 1);
	CHECK_STR(out, "^C");
	type("\n");
	CHECK_STR(take(10, NULL), "\n");
	type("\034");
	CHECK_EQ(last_signal, SIGQUIT);
	type("\032");
	CHECK_EQ(last_signal, SIGTSTP);
	t.c_lflag |= NOFLSH;
	begin(&t);
	type("abc\003\n");
	CHECK_EQ(n_flushes, 0);
	CHECK_STR(take(10, NULL), "abc\n");
	t.c_lflag &= ~ISIG;
	begin(&t);
	type("\003\n");
	CHECK_EQ(last_signal, 0);
	CHECK_STR(take(10, NULL), "\003\n");
}

TEST(flow_control)
{
	begin_usual();
	type("\023abc");
	CHECK(l.stopped);
	CHECK_STR(out, "");
	CHECK_EQ(ldisc_write(&l, (const u8 *)"x", 1), 0);
	type("\021");
	CHECK(!l.stopped);
	CHECK_STR(out, "abc");
	ldisc_stop(&l, true);
	type("\021");
	CHECK(l.stopped);
	ldisc_start(&l, true);
	CHECK(!l.stopped);
	type("\023");
	ldisc_start(&l, true);
	CHECK(l.stopped);
	ldisc_stop(&l, true);
	ldisc_start(&l, true);
	CHECK(!l.stopped);
	ldisc_stop(&l, true);
	ldisc_resume(&l);
	CHECK(!l.stopped);
}

TEST(any_restarts)
{
	struct termios2 t = usual();

	t.c_iflag |= IXANY;
	begin(&t);
	type("\023a");
	CHECK(!l.stopped);
	CHECK_STR(out, "a");
	t.c_iflag &= ~(IXON | IXANY);
	type("\023");
	CHECK(l.stopped);
	ldisc_set_termios(&l, &t);
	CHECK(!l.stopped);
}

TEST(maps_of_newline_and_return)
{
	struct termios2 t = usual();

	t.c_iflag = IGNCR;
	begin(&t);
	type("a\rb\n");
	CHECK_STR(take(10, NULL), "ab\n");
	t.c_iflag = INLCR;
	t.c_lflag = 0;
	begin(&t);
	type("a\nb");
	CHECK_STR(take(10, NULL), "a\rb");
	t.c_iflag = ISTRIP | IUCLC;
	t.c_lflag = IEXTEN;
	begin(&t);
	type("\301b");
	CHECK_STR(take(10, NULL), "ab");
}

TEST(raw)
{
	struct termios2 t = usual();

	t.c_iflag = t.c_lflag = t.c_oflag = 0;
	begin(&t);
	CHECK(l.raw);
	type("a\003\r\n\177");
	CHECK(ldisc_can_read(&l, 5));
	CHECK(!ldisc_can_read(&l, 6));
	CHECK_STR(take(3, NULL), "a\003\r");
	CHECK_STR(take(9, NULL), "\n\177");
	CHECK_EQ(ldisc_write(&l, (const u8 *)"a\n", 2), 2);
	CHECK_STR(out, "a\n");
}

TEST(echo_without_canonical)
{
	struct termios2 t = usual();

	t.c_lflag &= ~ICANON;
	begin(&t);
	type("a\r\001");
	CHECK_STR(out, "a\r\n^A");
	CHECK_STR(take(9, NULL), "a\n\001");
}

TEST(mode_changes_keep_input)
{
	struct termios2 t = usual(), raw = t;
	bool end;

	raw.c_lflag &= ~ICANON;
	begin(&t);
	type("abc");
	CHECK(!ldisc_can_read(&l, 1));
	ldisc_set_termios(&l, &raw);
	CHECK(ldisc_can_read(&l, 3));
	ldisc_set_termios(&l, &t);
	CHECK(ldisc_can_read(&l, 1));
	type("d\n");
	CHECK_STR(take(9, &end), "abc");
	CHECK(end);
	CHECK_STR(take(9, NULL), "d\n");
}

TEST(long_line_is_cut)
{
	static char text[6000];
	bool end;
	const char *got;

	begin_usual();
	memset(text, 'x', sizeof(text) - 1);
	CHECK_EQ(type(text), sizeof(text) - 1);
	CHECK(!ldisc_can_read(&l, 1));
	type("\n");
	got = take(LDISC_BUF, &end);
	CHECK(end);
	CHECK_EQ(strlen(got), LDISC_BUF);
	CHECK_EQ(got[LDISC_BUF - 1], '\n');
}

TEST(full_buffer_takes_no_more)
{
	static char text[6000];
	struct termios2 t = usual();

	t.c_lflag = t.c_iflag = 0;
	memset(text, 'x', sizeof(text) - 1);
	begin(&t);
	CHECK_EQ(type(text), LDISC_BUF - 1);
	CHECK_EQ(ldisc_room(&l), 0);
	take(10, NULL);
	CHECK_EQ(ldisc_room(&l), 10);
	/* The same with lines. */
	t = usual();
	begin(&t);
	for (unsigned i = 0; i < 4094; i += 2)
		CHECK_EQ(type("a\n"), 2);
	CHECK(type("a\na\na\n") < 6);
}

TEST(parmrk)
{
	struct termios2 t = usual();

	t.c_lflag = 0;
	t.c_iflag = PARMRK | INPCK;
	begin(&t);
	ldisc_receive(&l, (const u8 *)"\377a", 2);
	ldisc_receive_error(&l, LDISC_PARITY, 'b');
	ldisc_receive_error(&l, LDISC_BREAK, 0);
	CHECK_EQ(l.read_head, 9);
	CHECK(!memcmp(l.buf, "\377\377a\377\0b\377\0\0", 9));
	t.c_iflag = IGNBRK | INPCK | IGNPAR;
	begin(&t);
	ldisc_receive_error(&l, LDISC_PARITY, 'b');
	ldisc_receive_error(&l, LDISC_BREAK, 0);
	CHECK_EQ(l.read_head, 0);
	t.c_iflag = BRKINT;
	begin(&t);
	ldisc_receive_error(&l, LDISC_BREAK, 0);
	CHECK_EQ(last_signal, SIGINT);
	ldisc_receive_error(&l, LDISC_PARITY, 'b');
	CHECK_STR(take(9, NULL), "b");
}

static const char *post(u32 oflag, const char *text)
{
	struct termios2 t = usual();

	t.c_oflag = oflag;
	begin(&t);
	CHECK_EQ(ldisc_write(&l, (const u8 *)text, strlen(text)), strlen(text));
	return out;
}

TEST(output_processing)
{
	CHECK_STR(post(0, "a\n\tb"), "a\n\tb");
	CHECK_STR(post(OPOST | ONLCR, "a\nb"), "a\r\nb");
	CHECK_STR(post(OPOST | OCRNL, "a\rb"), "a\nb");
	CHECK_STR(post(OPOST | ONOCR, "\ra\r\rb"), "a\rb");
	CHECK_STR(post(OPOST | OLCUC, "aBc"), "ABC");
	CHECK_STR(post(OPOST | XTABS, "a\tb\t"), "a       b       ");
	CHECK_STR(post(OPOST, "a\tb"), "a\tb");
	CHECK_EQ(l.column, 9);
	post(OPOST | ONLCR, "abc\b\bx\n12");
	CHECK_EQ(l.column, 2);
}

TEST(output_stops_without_room)
{
	static char text[1000];

	begin_usual();
	memset(text, 'x', sizeof(text));
	room = 300;
	CHECK_EQ(ldisc_write(&l, (const u8 *)text, sizeof(text)), 300);
	room = 1;
	CHECK_EQ(ldisc_write(&l, (const u8 *)"\n", 1), 0); /* a pair does not fit */
	room = 0;
	type("ab");
	CHECK(ldisc_echo_pending(&l));
	room = 100;
	n_out = 0;
	ldisc_echo_send(&l);
	CHECK_STR(out, "ab");
}

TEST(random_bytes_keep_it_sound)
{
	for (unsigned round = 0; round < 300; round++) {
		struct termios2 t = usual();
		u8 in[64], buf[100];

		t.c_iflag = (u32)unit_rand() & 077777;
		t.c_oflag = (u32)unit_rand() & 0177777;
		t.c_lflag = (u32)unit_rand() & 0377777;
		if (round % 10 == 0)
			begin(&t);
		else
			ldisc_set_termios(&l, &t);
		for (unsigned i = 0; i < 200; i++) {
			size_t n = unit_below(sizeof(in)), before = l.read_head - l.read_tail, got;
			bool end;

			for (size_t k = 0; k < n; k++)
				in[k] = (u8)unit_below(unit_below(4) ? 40 : 256);
			n_out = 0;
			room = unit_below(2000);
			CHECK(ldisc_receive(&l, in, n) <= n);
			CHECK(ldisc_write(&l, in, n) <= n);
			CHECK(l.read_head - l.read_tail <= LDISC_BUF);
			CHECK((s32)(l.canon_head - l.read_tail) >= 0 || !l.canon);
			CHECK(before <= LDISC_BUF);
			if (unit_below(2)) {
				bool can = ldisc_can_read(&l, 1);

				got = ldisc_read(&l, buf, unit_below(sizeof(buf)) + 1, &end);
				CHECK(got || end || !can);
			}
			CHECK(ldisc_input_count(&l) <= l.read_head - l.read_tail);
		}
	}
}
