/* Control sequences: CSI, parameters, a letter (ECMA-48, console_codes(4)). */
#include "lib/format.h"
#include "tty/vt_int.h"

static void erase_display(struct vt *v)
{
	unsigned at = v->y * v->columns + v->x, all = v->columns * v->rows;

	switch (vt_param(v, 0, 0)) {
	case 0: vt_clear(v, v->x, v->y, all - at); break;
	case 1: vt_clear(v, 0, 0, at + 1); break;
	case 2: vt_clear(v, 0, 0, all); break;
	case 3:
		vt_clear(v, 0, 0, all);
		vt_history_clear(v);
		break;
	}
	v->wrap = false;
}

static void erase_line(struct vt *v)
{
	switch (vt_param(v, 0, 0)) {
	case 0: vt_clear(v, v->x, v->y, v->columns - v->x); break;
	case 1: vt_clear(v, 0, v->y, v->x + 1); break;
	case 2: vt_clear(v, 0, v->y, v->columns); break;
	}
	v->wrap = false;
}

/* IL and DL, within the margins. */
static void shift_lines(struct vt *v, int n)
{
	if (v->y < v->top || v->y >= v->bottom)
		return;
	vt_scroll(v, v->y, v->bottom, n);
	vt_move(v, 0, (int)v->y);
}

static void set_margins(struct vt *v)
{
	unsigned top = vt_param(v, 0, 1), bottom = min(vt_param(v, 1, v->rows), v->rows);

	if (top >= bottom)
		return;
	v->top = top - 1;
	v->bottom = bottom;
	vt_move_origin(v, 0, 0);
}

static void clear_tabs(struct vt *v)
{
	unsigned what = vt_param(v, 0, 0);

	if (what == 0)
		v->tabs[v->x / 64] &= ~(1ull << (v->x % 64));
	else if (what == 3)
		for (unsigned i = 0; i < ARRAY_SIZE(v->tabs); i++)
			v->tabs[i] = 0;
}

/* CBT */
static void back_tab(struct vt *v)
{
	unsigned x = v->x;

	for (unsigned n = vt_param(v, 0, 1); n && x; n--)
		do
			x--;
		while (x && !(v->tabs[x / 64] >> (x % 64) & 1));
	vt_move(v, (int)x, (int)v->y);
}

static void report(struct vt *v)
{
	char text[32];
	int n = 0;

	if (vt_param(v, 0, 0) == 5)
		n = snprintf(text, sizeof(text), "\033[0n");
	else if (vt_param(v, 0, 0) == 6)
		n = snprintf(text, sizeof(text), "\033[%u;%uR", v->y + 1 - (v->origin ? v->top : 0),
			v->x + 1);
	if (n)
		v->host->reply(v, text, (size_t)n);
}

/* CSI ? n c: the cursor's shape as `linux` has it: 1 none, 8 full block, else a line. */
static void linux_cursor(struct vt *v)
{
	unsigned shape = vt_param(v, 0, 0) & 15;

	if (shape == 1)
		v->cursor_shape = VT_CURSOR_NONE;
	else
		v->cursor_shape = shape >= 4 ? VT_CURSOR_BLOCK : VT_CURSOR_LINE;
}

/* CSI n SP q: the cursor's shape as xterm has it. */
static void xterm_cursor(struct vt *v)
{
	unsigned shape = vt_param(v, 0, 1);

	v->cursor_shape = shape <= 2 ? VT_CURSOR_BLOCK : VT_CURSOR_LINE;
}

static void repeat_last(struct vt *v)
{
	unsigned n = min(vt_param(v, 0, 1), v->columns * v->rows);

	while (v->last && n--)
		vt_print(v, v->last);
}

/* DECSTR */
static void soft_reset(struct vt *v)
{
	v->visible = v->autowrap = true;
	v->origin = v->insert = v->app_cursor = v->app_keypad = false;
	v->top = 0;
	v->bottom = v->rows;
	v->pen = (struct vt_pen){ .fg = 7 };
	v->charset[0] = VT_ASCII;
	v->charset[1] = VT_GRAPHICS;
	v->shift = 0;
	vt_save_cursor(v, &v->screen->saved);
	v->screen->saved.x = v->screen->saved.y = 0;
}

/* Up and down stop at the margin if they begin within. */
static void move_rows(struct vt *v, int n)
{
	int top = v->y >= v->top ? (int)v->top : 0;
	int last = (int)(v->y < v->bottom ? v->bottom : v->rows) - 1;

	vt_move(v, (int)v->x, clamp((int)v->y + n, top, last));
}

static bool csi_cursor(struct vt *v, u8 final)
{
	int n = (int)vt_param(v, 0, 1), x = (int)v->x, y = (int)v->y;

	switch (final) {
	case 'A': move_rows(v, -n); break;
	case 'B':
	case 'e': move_rows(v, n); break;
	case 'C':
	case 'a': vt_move(v, x + n, y); break;
	case 'D': vt_move(v, x - n, y); break;
	case 'E': move_rows(v, n); v->x = 0; break;
	case 'F': move_rows(v, -n); v->x = 0; break;
	case 'G':
	case '`': vt_move(v, n - 1, y); break;
	case 'H':
	case 'f': vt_move_origin(v, (int)vt_param(v, 1, 1) - 1, n - 1); break;
	case 'I':
		while (n-- && v->x + 1 < v->columns)
			vt_control(v, '\t');
		break;
	case 'Z': back_tab(v); break;
	case 'd': vt_move_origin(v, x, n - 1); break;
	case 's': vt_save_cursor(v, &v->screen->saved); break;
	case 'u': vt_restore_cursor(v, &v->screen->saved); break;
	default: return false;
	}
	return true;
}

static void csi_plain(struct vt *v, u8 final)
{
	unsigned n = vt_param(v, 0, 1);

	if (csi_cursor(v, final))
		return;
	switch (final) {
	case '@': vt_insert_cells(v, n); v->wrap = false; break;
	case 'J': erase_display(v); break;
	case 'K': erase_line(v); break;
	case 'L': shift_lines(v, -(int)n); break;
	case 'M': shift_lines(v, (int)n); break;
	case 'P': vt_delete_cells(v, n); v->wrap = false; break;
	case 'S': vt_scroll_off(v, n); break;
	case 'T': vt_scroll(v, v->top, v->bottom, -(int)n); break;
	case 'X': vt_clear(v, v->x, v->y, min(n, v->columns - v->x)); v->wrap = false; break;
	case 'b': repeat_last(v); break;
	case 'c':
		if (!vt_param(v, 0, 0))
			v->host->reply(v, "\033[?6c", 5);
		break;
	case 'g': clear_tabs(v); break;
	case 'h': vt_mode(v, true); break;
	case 'l': vt_mode(v, false); break;
	case 'm': vt_sgr(v); break;
	case 'n': report(v); break;
	case 'r': set_margins(v); break;
	}
}

void vt_csi(struct vt *v, u8 final)
{
	if (!v->prefix && !v->intermediate)
		csi_plain(v, final);
	else if (v->prefix == '?' && final == 'h')
		vt_mode(v, true);
	else if (v->prefix == '?' && final == 'l')
		vt_mode(v, false);
	else if (v->prefix == '?' && final == 'c')
		linux_cursor(v);
	else if (v->prefix == '?' && (final == 'J' || final == 'K'))
		csi_plain(v, final);
	else if (v->intermediate == '!' && final == 'p')
		soft_reset(v);
	else if (v->intermediate == ' ' && final == 'q')
		xterm_cursor(v);
}
