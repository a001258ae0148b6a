/*
 * The emulator's life, its printing and its control characters. Bytes come in by vt_write(): most
 * are characters, of which runs of ASCII are stored at once; an escape hands over to vt_parse.c.
 */
#include "tty/vt_emul.h"

#include "lib/string.h"
#include "tty/vt_int.h"

#define TAB_EVERY 8

/* DEC special graphics, for 0x5f … 0x7e. */
static const u16 graphics[] = {
	0x00a0, 0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0,
	0x00b1, 0x2424, 0x240b, 0x2518, 0x2510, 0x250c, 0x2514, 0x253c,
	0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c, 0x2524, 0x2534,
	0x252c, 0x2502, 0x2264, 0x2265, 0x03c0, 0x2260, 0x00a3, 0x00b7,
};

size_t vt_storage_size(unsigned columns, unsigned rows)
{
	return 2 * rows * (sizeof(struct vt_cell *) + columns * sizeof(struct vt_cell));
}

void vt_default_palette(struct vt *v)
{
	for (unsigned i = 0; i < 16; i++) {
		u32 low = i & 8 ? 0x55 : 0, high = i & 8 ? 0xff : 0xaa;

		v->palette[i] = (i & 4 ? high : low) << 16 | (i & 2 ? high : low) << 8 |
			(i & 1 ? high : low);
	}
	v->palette[6] = 0xaa5500; /* dark yellow is brown */
}

void vt_reset(struct vt *v)
{
	v->screen = &v->screens[0];
	v->top = 0;
	v->bottom = v->rows;
	v->pen = (struct vt_pen){ .fg = 7 };
	v->charset[0] = VT_ASCII;
	v->charset[1] = VT_GRAPHICS;
	v->shift = 0;
	v->autowrap = v->visible = v->repeat = v->utf8 = true;
	v->insert = v->origin = v->newline = v->reverse = false;
	v->app_cursor = v->app_keypad = v->bracketed_paste = false;
	v->cursor_shape = VT_CURSOR_LINE;
	v->decoder = (struct utf8_state){ 0 };
	v->last = 0;
	v->state = VT_GROUND;
	memset(v->tabs, 0, sizeof(v->tabs));
	for (unsigned x = TAB_EVERY; x < v->columns; x += TAB_EVERY)
		v->tabs[x / 64] |= 1ull << (x % 64);
	vt_move(v, 0, 0);
	vt_default_palette(v);
	v->host->palette(v, v->palette);
	vt_save_cursor(v, &v->screens[0].saved);
	vt_save_cursor(v, &v->screens[1].saved);
	vt_clear(v, 0, 0, v->columns * v->rows);
	vt_show_cursor(v);
}

void vt_start(struct vt *v, const struct vt_host *host, void *data, unsigned columns, unsigned rows,
	void *storage)
{
	struct vt_cell **pointers = storage, *cells = (struct vt_cell *)(pointers + 2 * rows);

	memset(v, 0, sizeof(*v));
	v->host = host;
	v->data = data;
	v->columns = columns;
	v->rows = rows;
	for (unsigned s = 0; s < 2; s++) {
		v->screens[s].row = pointers + s * rows;
		for (unsigned y = 0; y < rows; y++)
			v->screens[s].row[y] = cells + (size_t)(s * rows + y) * columns;
	}
	v->pen = (struct vt_pen){ .fg = 7 };
	for (size_t i = 0; i < (size_t)2 * rows * columns; i++)
		cells[i] = vt_blank(v);
	vt_reset(v);
}

void vt_save_cursor(struct vt *v, struct vt_saved *to)
{
	*to = (struct vt_saved){
		.x = v->x,
		.y = v->y,
		.pen = v->pen,
		.charset = { v->charset[0], v->charset[1] },
		.shift = v->shift,
		.origin = v->origin,
	};
}

void vt_restore_cursor(struct vt *v, const struct vt_saved *from)
{
	vt_move(v, (int)from->x, (int)from->y);
	v->pen = from->pen;
	v->charset[0] = from->charset[0];
	v->charset[1] = from->charset[1];
	v->shift = from->shift;
	v->origin = from->origin;
}

/* Stores cells at the cursor and moves it on. */
static void advance(struct vt *v, unsigned n)
{
	v->x += n;
	if (v->x >= v->columns) {
		v->x = v->columns - 1;
		v->wrap = v->autowrap;
	}
}

static void wrap_now(struct vt *v)
{
	v->x = 0;
	vt_line_feed(v);
}

void vt_print(struct vt *v, u32 code)
{
	unsigned width = utf8_width(code);

	if (!width)
		return;
	if (v->wrap || (width == 2 && v->x + 2 > v->columns && v->autowrap))
		wrap_now(v);
	width = min(width, v->columns - v->x);
	if (v->insert)
		vt_insert_cells(v, width);
	v->screen->row[v->y][v->x] = vt_pen_cell(v, code);
	if (width == 2)
		v->screen->row[v->y][v->x + 1] = vt_pen_cell(v, ' ');
	vt_put_row(v, v->x, v->y, width);
	v->last = code;
	advance(v, width);
}

/* ASCII as it stands, in a row: how many of the bytes that is. */
static size_t print_run(struct vt *v, const u8 *data, size_t n)
{
	struct vt_cell cell, *to;
	unsigned i = 0, most;

	if (v->wrap)
		wrap_now(v);
	most = (unsigned)min(n, (size_t)(v->columns - v->x));
	cell = vt_pen_cell(v, ' ');
	to = v->screen->row[v->y] + v->x;
	while (i < most && data[i] >= ' ' && data[i] < 0x7f) {
		cell.code = data[i++];
		*to++ = cell;
	}
	vt_put_row(v, v->x, v->y, i);
	v->last = cell.code;
	advance(v, i);
	return i;
}

static u32 translate(const struct vt *v, u32 code)
{
	if (v->charset[v->shift] == VT_GRAPHICS && code >= 0x5f && code <= 0x7e)
		return graphics[code - 0x5f];
	return code;
}

static void tab(struct vt *v)
{
	unsigned x = v->x;

	do
		x++;
	while (x < v->columns && !(v->tabs[x / 64] >> (x % 64) & 1));
	vt_move(v, (int)x, (int)v->y);
}

void vt_control(struct vt *v, u8 c)
{
	switch (c) {
	case '\b':
		vt_move(v, (int)v->x - 1, (int)v->y);
		break;
	case '\t':
		tab(v);
		break;
	case '\n':
	case '\v':
	case '\f':
		vt_line_feed(v);
		if (v->newline)
			v->x = 0;
		break;
	case '\r':
		vt_move(v, 0, (int)v->y);
		break;
	case 016: /* SO */
	case 017: /* SI */
		v->shift = c == 016;
		break;
	case 030: /* CAN */
	case 032: /* SUB */
		v->state = VT_GROUND;
		break;
	case 033:
		v->state = VT_ESCAPE;
		break;
	}
}

/* A byte of a character outside ASCII, or a character of another set. */
static void print_byte(struct vt *v, u8 c)
{
	u32 code;

	if (c < 0x80 || !v->utf8) {
		vt_print(v, translate(v, c));
		return;
	}
	for (;;) {
		enum utf8_result result = utf8_feed(&v->decoder, c, &code);

		if (result == UTF8_MORE)
			return;
		if (result != UTF8_DONE)
			code = UTF8_REPLACEMENT;
		if (code >= 0xa0)
			vt_print(v, code);
		if (result != UTF8_BAD_AGAIN)
			return;
	}
}

static void ground(struct vt *v, u8 c)
{
	if (v->decoder.left && c < 0x80) {
		v->decoder = (struct utf8_state){ 0 };
		vt_print(v, UTF8_REPLACEMENT);
	}
	if (c < 0x20)
		vt_control(v, c);
	else if (c != 0x7f)
		print_byte(v, c);
}

void vt_write(struct vt *v, const u8 *data, size_t n)
{
	size_t i = 0;

	vt_look_back(v, -(int)v->back);
	while (i < n) {
		bool plain = v->charset[v->shift] != VT_GRAPHICS && !v->insert && !v->decoder.left;

		if (v->state != VT_GROUND)
			vt_parse(v, data[i++]);
		else if (plain && data[i] >= ' ' && data[i] < 0x7f)
			i += print_run(v, data + i, n - i);
		else
			ground(v, data[i++]);
	}
	vt_show_cursor(v);
}
