/* Between the files of the terminal emulator. */
#pragma once

#include "tty/vt_emul.h"

/* vt_screen.c: changes to the cells, told to the host. */
struct vt_cell vt_blank(const struct vt *v);
struct vt_cell vt_pen_cell(const struct vt *v, u32 code);
void vt_move(struct vt *v, int x, int y);          /* within the screen, absolute */
void vt_move_origin(struct vt *v, int x, int y);   /* y counts from the top margin with DECOM */
void vt_scroll(struct vt *v, unsigned top, unsigned bottom, int lines);
/* The text between the margins moves up by n lines; what leaves the screen is history. */
void vt_scroll_off(struct vt *v, unsigned n);
void vt_line_feed(struct vt *v);
void vt_reverse_line_feed(struct vt *v);
void vt_clear(struct vt *v, unsigned x, unsigned y, unsigned n); /* n cells, running on over rows */
void vt_insert_cells(struct vt *v, unsigned n);
void vt_delete_cells(struct vt *v, unsigned n);
void vt_put_row(struct vt *v, unsigned x, unsigned y, unsigned n); /* tells the host */
void vt_alignment_pattern(struct vt *v);
void vt_show_cursor(struct vt *v);
void vt_show_rows(struct vt *v); /* tells the host all rows that are seen */
/* Switches between the screens, without clearing. */
void vt_use_screen(struct vt *v, bool alternate);

/* vt_history.c */
/* A row that leaves the main screen goes into the history: the row that takes its place. */
struct vt_cell *vt_history_exchange(struct vt *v, struct vt_cell *row);
void vt_history_clear(struct vt *v);
/* The cells that are seen in row y. */
const struct vt_cell *vt_seen_row(const struct vt *v, unsigned y);

/* vt_emul.c */
void vt_print(struct vt *v, u32 code);
void vt_save_cursor(struct vt *v, struct vt_saved *to);
void vt_restore_cursor(struct vt *v, const struct vt_saved *from);
void vt_default_palette(struct vt *v);
void vt_control(struct vt *v, u8 c); /* C0 */

/* vt_parse.c: one byte of a sequence, in any state but VT_GROUND; and ESC itself. */
void vt_parse(struct vt *v, u8 c);
/* vt_csi.c, vt_sgr.c, vt_mode.c: CSI … final */
void vt_csi(struct vt *v, u8 final);
void vt_sgr(struct vt *v);
void vt_mode(struct vt *v, bool on);
/* Parameter i, or `fallback` if it is absent or 0. */
static inline unsigned vt_param(const struct vt *v, unsigned i, unsigned fallback)
{
	return i < v->n_params && v->params[i] ? v->params[i] : fallback;
}
