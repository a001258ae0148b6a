/* Modes: SM and RM, ANSI's and DEC's private ones (with '?'). */
#include "tty/vt_int.h"

static void reverse_screen(struct vt *v, bool on)
{
	if (v->reverse == on)
		return;
	v->reverse = on;
	for (unsigned y = 0; y < v->rows; y++) {
		for (unsigned x = 0; x < v->columns; x++) {
			struct vt_cell *c = &v->screen->row[y][x];
			u8 fg = c->fg & 7;

			c->fg = (c->fg & 8) | (c->bg & 7);
			c->bg = (c->bg & 8) | fg;
		}
		vt_put_row(v, 0, y, v->columns);
	}
}

/* ?47, ?1047: the other screen, cleared when it is left. ?1049: with the cursor saved, and cleared
 * when it is entered. */
static void alternate(struct vt *v, unsigned mode, bool on)
{
	bool is = v->screen == &v->screens[1];

	if (mode == 1049 && on && !is)
		vt_save_cursor(v, &v->before_alternate);
	if (mode == 1047 && !on && is)
		vt_clear(v, 0, 0, v->columns * v->rows);
	vt_use_screen(v, on);
	if (mode == 1049 && on && !is)
		vt_clear(v, 0, 0, v->columns * v->rows);
	if (mode == 1049 && !on && is)
		vt_restore_cursor(v, &v->before_alternate);
	v->wrap = false;
}

static void private_mode(struct vt *v, unsigned mode, bool on)
{
	switch (mode) {
	case 1: v->app_cursor = on; break;
	case 5: reverse_screen(v, on); break;
	case 6: v->origin = on; vt_move_origin(v, 0, 0); break;
	case 7: v->autowrap = on; v->wrap = false; break;
	case 8: v->repeat = on; break;
	case 25: v->visible = on; break;
	case 47:
	case 1047:
	case 1049: alternate(v, mode, on); break;
	case 1048:
		if (on)
			vt_save_cursor(v, &v->screen->saved);
		else
			vt_restore_cursor(v, &v->screen->saved);
		break;
	case 2004: v->bracketed_paste = on; break;
	}
}

void vt_mode(struct vt *v, bool on)
{
	for (unsigned i = 0; i < v->n_params; i++) {
		if (v->prefix == '?')
			private_mode(v, v->params[i], on);
		else if (v->params[i] == 4)
			v->insert = on;
		else if (v->params[i] == 20)
			v->newline = on;
	}
}
