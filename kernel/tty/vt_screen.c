/* The emulator's cells: blanks, scrolling, inserting, deleting; and the cursor's moves, which the
 * margins bound. */
#include "lib/string.h"
#include "tty/vt_int.h"

/* Colours of a cell drawn with the pen. Bold is the bright colour, dim is grey; a blinking cell has
 * a bright background; reversing exchanges the colours, not their brightness. */
struct vt_cell vt_pen_cell(const struct vt *v, u32 code)
{
	const struct vt_pen *p = &v->pen;
	u8 fg = p->fg | (p->bold ? 8 : 0), bg = p->bg;

	if (p->dim && !p->bold)
		fg = 8;
	if (p->reverse != v->reverse) {
		u8 colour = fg & 7;

		fg = (fg & 8) | (bg & 7);
		bg = (bg & 8) | colour;
	}
	if (p->blink)
		bg ^= 8;
	if (p->conceal)
		fg = bg;
	return (struct vt_cell){
		.code = code,
		.fg = fg,
		.bg = bg,
		.flags = p->underline ? VT_UNDERLINE : 0,
	};
}

struct vt_cell vt_blank(const struct vt *v)
{
	u8 fg = v->pen.fg & 7, bg = v->pen.bg & 7;

	if (v->reverse)
		swap(fg, bg);
	return (struct vt_cell){ .code = ' ', .fg = fg, .bg = bg };
}

void vt_show_cursor(struct vt *v)
{
	bool seen = v->visible && v->y + v->back < v->rows;

	v->host->cursor(v, v->x, min(v->y + v->back, v->rows - 1),
		seen ? v->cursor_shape : VT_CURSOR_NONE);
}

void vt_move(struct vt *v, int x, int y)
{
	v->x = (unsigned)clamp(x, 0, (int)v->columns - 1);
	v->y = (unsigned)clamp(y, 0, (int)v->rows - 1);
	v->wrap = false;
}

void vt_move_origin(struct vt *v, int x, int y)
{
	if (v->origin)
		y = clamp(y + (int)v->top, (int)v->top, (int)v->bottom - 1);
	vt_move(v, x, y);
}

void vt_put_row(struct vt *v, unsigned x, unsigned y, unsigned n)
{
	if (n)
		v->host->put(v, x, y, v->screen->row[y] + x, n);
}

static void fill_row(struct vt *v, unsigned x, unsigned y, unsigned n, const struct vt_cell *cell)
{
	struct vt_cell *to = v->screen->row[y] + x;

	while (n--)
		*to++ = *cell;
}

void vt_clear(struct vt *v, unsigned x, unsigned y, unsigned n)
{
	struct vt_cell blank = vt_blank(v);

	if (!n)
		return;
	v->host->fill(v, x, y, n, &blank);
	while (n && y < v->rows) {
		unsigned here = min(n, v->columns - x);

		fill_row(v, x, y, here, &blank);
		n -= here;
		x = 0;
		y++;
	}
}

static void reverse_rows(struct vt_cell **row, unsigned first, unsigned end)
{
	for (; first + 1 < end; first++, end--)
		swap(row[first], row[end - 1]);
}

/* Turns the rows [top, bottom) so that row top + n comes to stand first. */
static void rotate_rows(struct vt_cell **row, unsigned top, unsigned bottom, unsigned n)
{
	reverse_rows(row, top, top + n);
	reverse_rows(row, top + n, bottom);
	reverse_rows(row, top, bottom);
}

void vt_scroll(struct vt *v, unsigned top, unsigned bottom, int lines)
{
	struct vt_cell blank = vt_blank(v), **row = v->screen->row;
	unsigned height = bottom - top, n;

	if (!lines || !height)
		return;
	n = min((unsigned)(lines > 0 ? lines : -lines), height);
	v->host->scroll(v, top, bottom, lines > 0 ? (int)n : -(int)n, &blank);
	if (lines == 1) { /* what nearly all scrolling is */
		struct vt_cell *first = row[top];

		memmove(row + top, row + top + 1, (height - 1) * sizeof(*row));
		row[bottom - 1] = first;
	} else {
		rotate_rows(row, top, bottom, lines > 0 ? n : height - n);
	}
	for (unsigned i = 0; i < n; i++)
		fill_row(v, 0, lines > 0 ? bottom - 1 - i : top + i, v->columns, &blank);
}

void vt_scroll_off(struct vt *v, unsigned n)
{
	struct vt_cell **row = v->screen->row;

	n = min(n, v->bottom - v->top);
	if (v->top == 0 && v->screen == &v->screens[0])
		for (unsigned y = 0; y < n; y++)
			row[y] = vt_history_exchange(v, row[y]);
	vt_scroll(v, v->top, v->bottom, (int)n);
}

void vt_line_feed(struct vt *v)
{
	v->wrap = false;
	if (v->y + 1 == v->bottom)
		vt_scroll_off(v, 1);
	else if (v->y + 1 < v->rows)
		v->y++;
}

void vt_reverse_line_feed(struct vt *v)
{
	v->wrap = false;
	if (v->y == v->top)
		vt_scroll(v, v->top, v->bottom, -1);
	else if (v->y > 0)
		v->y--;
}

void vt_insert_cells(struct vt *v, unsigned n)
{
	struct vt_cell *row = v->screen->row[v->y], blank = vt_blank(v);
	unsigned rest = v->columns - v->x;

	n = min(n, rest);
	memmove(row + v->x + n, row + v->x, (rest - n) * sizeof(*row));
	fill_row(v, v->x, v->y, n, &blank);
	vt_put_row(v, v->x, v->y, rest);
}

void vt_delete_cells(struct vt *v, unsigned n)
{
	struct vt_cell *row = v->screen->row[v->y], blank = vt_blank(v);
	unsigned rest = v->columns - v->x;

	n = min(n, rest);
	memmove(row + v->x, row + v->x + n, (rest - n) * sizeof(*row));
	fill_row(v, v->columns - n, v->y, n, &blank);
	vt_put_row(v, v->x, v->y, rest);
}

void vt_alignment_pattern(struct vt *v)
{
	struct vt_cell cell = vt_blank(v);

	cell.code = 'E';
	for (unsigned y = 0; y < v->rows; y++)
		fill_row(v, 0, y, v->columns, &cell);
	v->host->fill(v, 0, 0, v->columns * v->rows, &cell);
	v->top = 0;
	v->bottom = v->rows;
	vt_move(v, 0, 0);
}

void vt_show_rows(struct vt *v)
{
	for (unsigned y = 0; y < v->rows; y++)
		v->host->put(v, 0, y, vt_seen_row(v, y), v->columns);
}

void vt_redraw(struct vt *v)
{
	v->host->palette(v, v->palette);
	vt_show_rows(v);
	vt_show_cursor(v);
}

void vt_use_screen(struct vt *v, bool alternate)
{
	struct vt_screen *screen = &v->screens[alternate];

	if (v->screen == screen)
		return;
	v->screen = screen;
	vt_show_rows(v);
}
