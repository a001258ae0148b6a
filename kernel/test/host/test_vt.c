/* The terminal emulator: what sequences leave on the screen, what is answered, and that the host is
 * told of every change. */
#include "test/host/unit.h"

#include "tty/vt_emul.h"

#define COLUMNS 10
#define ROWS 5

static struct vt v;
static struct vt_cell shown[ROWS][COLUMNS]; /* as the host was told */
static char replies[200];
static unsigned cursor_x, cursor_y, cursor_shape;
static void *storage, *history;

static void host_put(struct vt *t, unsigned x, unsigned y, const struct vt_cell *cells, unsigned n)
{
	CHECK(y < ROWS && x + n <= COLUMNS);
	memcpy(&shown[y][x], cells, n * sizeof(*cells));
}

static void host_fill(struct vt *t, unsigned x, unsigned y, unsigned n, const struct vt_cell *cell)
{
	CHECK(y * COLUMNS + x + n <= ROWS * COLUMNS);
	for (unsigned i = 0; i < n; i++)
		(&shown[0][0])[y * COLUMNS + x + i] = *cell;
}

static void host_scroll(struct vt *t, unsigned top, unsigned bottom, int lines,
			const struct vt_cell *blank)
{
	unsigned n = (unsigned)(lines < 0 ? -lines : lines), keep = bottom - top - n;

	CHECK(bottom <= ROWS && top + n <= bottom);
	if (lines > 0)
		memmove(shown[top], shown[top + n], keep * sizeof(shown[0]));
	else
		memmove(shown[top + n], shown[top], keep * sizeof(shown[0]));
	host_fill(t, 0, lines > 0 ? top + keep : top, n * COLUMNS, blank);
}

static void host_cursor(struct vt *t, unsigned x, unsigned y, enum vt_cursor_shape shape)
{
	cursor_x = x;
	cursor_y = y;
	cursor_shape = shape;
}

static void host_reply(struct vt *t, const char *text, size_t n)
{
	size_t have = strlen(replies);

	CHECK(have + n < sizeof(replies));
	memcpy(replies + have, text, n);
	replies[have + n] = 0;
}

static void host_palette(struct vt *t, const u32 colours[16]) { }

static const struct vt_host host = {
	.put = host_put, .fill = host_fill, .scroll = host_scroll, .cursor = host_cursor,
	.reply = host_reply, .palette = host_palette,
};

static void begin(void)
{
	free(storage);
	storage = malloc(vt_storage_size(COLUMNS, ROWS));
	replies[0] = 0;
	vt_start(&v, &host, NULL, COLUMNS, ROWS, storage);
}

static void check_told(void)
{
	for (unsigned y = 0; y < ROWS; y++)
		CHECK(!memcmp(shown[y], v.screen->row[y], sizeof(shown[y])));
	CHECK_EQ(cursor_x, v.x);
	CHECK_EQ(cursor_y, v.y);
}

static void say(const char *text)
{
	vt_write(&v, (const u8 *)text, strlen(text));
	check_told();
}

/* Row y without the blanks at its end; what is not ASCII shows as '?'. */
static const char *row(unsigned y)
{
	static char text[COLUMNS + 1];
	unsigned n = COLUMNS;

	for (unsigned x = 0; x < COLUMNS; x++)
		text[x] = shown[y][x].code < 0x7f ? (char)shown[y][x].code : '?';
	while (n && text[n - 1] == ' ')
		n--;
	text[n] = 0;
	return text;
}

TEST(text_wraps_late)
{
	begin();
	say("0123456789");
	CHECK_EQ(v.x, 9);
	CHECK_EQ(v.y, 0);
	say("a");
	CHECK_STR(row(1), "a");
	say("\033[?7l\r\n0123456789xyz");
	CHECK_STR(row(2), "012345678z");
}

TEST(scrolls_at_the_end)
{
	begin();
	say("1\r\n2\r\n3\r\n4\r\n5\r\n6");
	CHECK_STR(row(0), "2");
	CHECK_STR(row(4), "6");
}

static void begin_with_history(unsigned lines)
{
	begin();
	free(history);
	history = malloc(vt_history_size(COLUMNS, lines));
	vt_history_start(&v, history, lines);
}

TEST(history_is_seen_again)
{
	begin_with_history(4);
	vt_look_back(&v, 3);
	CHECK_EQ(v.back, 0);
	say("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8");
	CHECK_STR(row(0), "4");
	vt_look_back(&v, 2);
	CHECK_STR(row(0), "2");
	CHECK_STR(row(4), "6");
	CHECK_EQ(cursor_shape, VT_CURSOR_NONE);
	vt_look_back(&v, 9);
	CHECK_STR(row(0), "1");
	vt_look_back(&v, -1);
	CHECK_STR(row(0), "2");
	memset(shown, 0, sizeof(shown));
	vt_redraw(&v); /* the console was away and comes back */
	CHECK_STR(row(0), "2");
	vt_look_back(&v, -9);
	check_told();
	CHECK_EQ(cursor_shape, VT_CURSOR_LINE);
	/* output ends it; the oldest lines are forgotten */
	vt_look_back(&v, 1);
	say("\r\n9\r\na");
	CHECK_EQ(v.back, 0);
	CHECK_STR(row(0), "6");
	vt_look_back(&v, 100);
	CHECK_EQ(v.back, 4);
	CHECK_STR(row(0), "2");
	CHECK_STR(row(4), "6");
}

TEST(history_shows_the_cursor)
{
	begin_with_history(9);
	say("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\033[1;2H");
	vt_look_back(&v, 2);
	CHECK_EQ(cursor_shape, VT_CURSOR_LINE);
	CHECK_EQ(cursor_y, 2);
	CHECK_EQ(cursor_x, 1);
}

TEST(history_is_of_the_main_screen)
{
	begin_with_history(9);
	say("\033[?1049h1\r\n2\r\n3\r\n4\r\n5\r\n6\033[?1049l");
	say("\033[2;4ra\r\nb\r\nc\r\nd\r\ne\033[r\033[H\033[2M");
	CHECK_EQ(v.history.n, 0); /* scrolled within margins, deleted */
	say("\033[Hx\033[2;1Hy\033[3;1Hz\033[2S");
	CHECK_EQ(v.history.n, 2);
	say("\033[?1049h");
	vt_look_back(&v, 2);
	CHECK_EQ(v.back, 0);
	say("\033[?1049l");
	vt_look_back(&v, 2);
	CHECK_STR(row(0), "x");
	CHECK_STR(row(1), "y");
	CHECK_STR(row(2), "z");
	say("\033[3J");
	CHECK_EQ(v.history.n, 0);
}

TEST(moves)
{
	begin();
	say("\033[3;4Hx\033[Ay\033[2Dz\033[Ha\033[99;99Hb");
	CHECK_STR(row(2), "   x");
	CHECK_STR(row(1), "   zy");
	CHECK_STR(row(0), "a");
	CHECK_STR(row(4), "         b");
	say("\033[2d\033[7Gq\033[3`w");
	CHECK_STR(row(1), "  wzy q");
}

TEST(erases)
{
	begin();
	for (unsigned i = 0; i < ROWS; i++)
		say("\r\nabcdefghij" + (i == 0 ? 2 : 0));
	say("\033[3;5H\033[K\033[1;3H\033[1K\033[2;4H\033[2X");
	CHECK_STR(row(2), "abcd");
	CHECK_STR(row(0), "   defghij");
	CHECK_STR(row(1), "abc  fghij");
	say("\033[4;2H\033[J");
	CHECK_STR(row(3), "a");
	CHECK_STR(row(4), "");
	say("\033[2J");
	CHECK_STR(row(2), "");
}

TEST(inserts_and_deletes)
{
	begin();
	say("abcdef\033[1;3H\033[2@XY");
	CHECK_STR(row(0), "abXYcdef");
	say("\033[1;2H\033[3P");
	CHECK_STR(row(0), "acdef");
	say("\033[4h\033[1;1Hzz\033[4l!");
	CHECK_STR(row(0), "zz!cdef");
	say("\r\n2\r\n3\033[2;1H\033[L\033[1;1H\033[2M");
	CHECK_STR(row(0), "2");
	CHECK_STR(row(1), "3");
}

TEST(margins)
{
	begin();
	say("1\r\n2\r\n3\r\n4\r\n5\033[2;4r\033[4;1H\n");
	CHECK_STR(row(0), "1");
	CHECK_STR(row(1), "3");
	CHECK_STR(row(3), "");
	CHECK_STR(row(4), "5");
	say("\033[2;1H\033M");
	CHECK_STR(row(1), "");
	CHECK_STR(row(2), "3");
	say("\033[?6h\033[1;1Hx\033[6n");
	CHECK_STR(row(1), "x");
	CHECK_STR(replies, "\033[1;2R");
	say("\033[?6l\033[r\033[S");
	CHECK_STR(row(0), "x");
}

TEST(saves_and_restores)
{
	begin();
	say("\033[2;3H\0337\033[H\0338a\033[s\033[H\033[ub");
	CHECK_STR(row(1), "  ab");
}

TEST(alternate_screen)
{
	begin();
	say("main\033[?1049h");
	CHECK_STR(row(0), "");
	say("\033[Halt");
	CHECK_STR(row(0), "alt");
	say("\033[?1049l!");
	CHECK_STR(row(0), "main!");
}

TEST(colours)
{
	begin();
	say("\033[31;1ma\033[0;44mb\033[7mc\033[0;38;5;196md\033[48;2;0;0;255me\033[39;49mf"
	    "\033[4mg");
	CHECK_EQ(shown[0][0].fg, 12);
	CHECK_EQ(shown[0][1].bg, 1);
	CHECK_EQ(shown[0][2].fg, 1);
	CHECK_EQ(shown[0][2].bg, 7);
	CHECK_EQ(shown[0][3].fg & 7, 4);
	CHECK_EQ(shown[0][4].bg, 1);
	CHECK_EQ(shown[0][5].fg, 7);
	CHECK_EQ(shown[0][5].bg, 0);
	CHECK_EQ(shown[0][6].flags, VT_UNDERLINE);
	say("\033[0;42m\033[K");
	CHECK_EQ(shown[0][9].bg, 2);
}

TEST(tabs)
{
	begin();
	say("\ta\033[2;1H\033[3g\033[3G\033H\033[2;1H\tb");
	CHECK_STR(row(0), "        a");
	CHECK_STR(row(1), "  b");
}

TEST(unicode_and_line_drawing)
{
	begin();
	say("\303\244\342\202\254x");
	CHECK_EQ(shown[0][0].code, 0xe4);
	CHECK_EQ(shown[0][1].code, 0x20ac);
	say("\377\303(");
	CHECK_EQ(shown[0][3].code, 0xfffd);
	CHECK_EQ(shown[0][4].code, 0xfffd);
	CHECK_EQ(shown[0][5].code, '(');
	say("\r\n\016qx\017q\033(0q\033(Bq");
	CHECK_EQ(shown[1][0].code, 0x2500);
	CHECK_EQ(shown[1][1].code, 0x2502);
	CHECK_EQ(shown[1][2].code, 'q');
	CHECK_EQ(shown[1][3].code, 0x2500);
	CHECK_EQ(shown[1][4].code, 'q');
	say("\r\n\344\270\255a");
	CHECK_EQ(shown[2][0].code, 0x4e2d);
	CHECK_EQ(shown[2][2].code, 'a');
}

TEST(reports)
{
	begin();
	say("\033[c\033[5n\033[3;4H\033[6n\033Z");
	CHECK_STR(replies, "\033[?6c\033[0n\033[3;4R\033[?6c");
}

TEST(strings_and_unknown_sequences_vanish)
{
	begin();
	say("a\033]0;title\007b\033]2;x\033\\c\033]P0ff00ffd\033P1$r\033\\e\033[?1000;1006hf"
	    "\033[>4;1mg\033[[Ah\033%Gi");
	CHECK_STR(row(0), "abcdefghi");
	CHECK_EQ(v.palette[0], 0xff00ff);
	say("\033]R\033[31\030x");
	CHECK_EQ(v.palette[0], 0);
}

TEST(cursor_can_hide)
{
	begin();
	say("\033[?25l");
	CHECK_EQ(cursor_shape, VT_CURSOR_NONE);
	say("\033[?25h\033[?8c");
	CHECK_EQ(cursor_shape, VT_CURSOR_BLOCK);
	say("\033[?0c");
	CHECK_EQ(cursor_shape, VT_CURSOR_LINE);
}

TEST(reset)
{
	begin();
	say("\033[2;4r\033[?6;1h\033[1;31mabc\033c");
	CHECK_STR(row(0), "");
	CHECK_EQ(v.bottom, ROWS);
	CHECK(!v.app_cursor);
	say("x");
	CHECK_EQ(shown[0][0].fg, 7);
}

TEST(random_bytes_keep_it_sound)
{
	static const char alphabet[] = "\033[[[];?0123456789ABCDHJKLMPSTXabdefghlmnrsu@`\n"
				       "\r\t\bxyz\016\017#()\303\244";

	begin_with_history(7);
	for (unsigned round = 0; round < 20000; round++) {
		u8 in[40];

		for (unsigned i = 0; i < sizeof(in); i++)
			in[i] = unit_below(10) ? (u8)alphabet[unit_below(sizeof(alphabet) - 1)] :
						 (u8)unit_rand();
		replies[0] = 0;
		vt_look_back(&v, (int)unit_below(12));
		vt_write(&v, in, sizeof(in));
		CHECK(v.x < v.columns && v.y < v.rows && v.top < v.bottom && v.bottom <= v.rows);
		check_told();
	}
	free(storage);
	free(history);
	storage = history = NULL;
}
