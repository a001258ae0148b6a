/*
 * A terminal emulator on a buffer of cells: console_codes(4), the sequences of VT102 and `linux`,
 * and those of xterm that programs use without asking. Pure: it tells its host what changed on the
 * screen, and what to answer.
 *
 * Vocabulary. Rows and columns count from 0 here and from 1 in sequences. The margins [top, bottom)
 * bound scrolling. `wrap` is the state after a character in the last column: the next one goes to
 * the next line first. A row is a pointer into the store of cells, so that scrolling moves
 * pointers. The *history* is lines that scrolled off the top of the main screen; `back` is how many
 * of them stand above the screen's first while somebody looks back. Output ends looking back.
 *
 * Lock: the caller's, around every call. The host is called with it.
 */
#pragma once

#include "lib/types.h"
#include "lib/utf8.h"

#define VT_COLUMNS_MAX 512u
#define VT_ROWS_MAX    512u
#define VT_PARAMS      16

/* As struct display_cell: colours are the PC's sixteen. */
struct vt_cell {
	u32 code;
	u8 fg, bg;
	u8 flags;  /* VT_UNDERLINE */
	u8 unused; /* zero */
};
enum { VT_UNDERLINE = 1 };

enum vt_cursor_shape { VT_CURSOR_NONE, VT_CURSOR_LINE, VT_CURSOR_BLOCK };

struct vt;

struct vt_host {
	/* What the screen shows: cells in a row; one cell n times, running on over rows; rows [top,
	 * bottom) moved up by `lines` (down: negative), with blanks coming in. */
	void (*put)(struct vt *v, unsigned x, unsigned y, const struct vt_cell *cells, unsigned n);
	void (*fill)(struct vt *v, unsigned x, unsigned y, unsigned n, const struct vt_cell *cell);
	void (*scroll)(struct vt *v, unsigned top, unsigned bottom, int lines,
		const struct vt_cell *blank);
	void (*cursor)(struct vt *v, unsigned x, unsigned y, enum vt_cursor_shape shape);
	/* An answer, as if it had been typed. */
	void (*reply)(struct vt *v, const char *text, size_t n);
	/* The colours have changed. */
	void (*palette)(struct vt *v, const u32 colours[16]);
};

/* How characters are drawn. fg, bg: PC colours. */
struct vt_pen {
	u8 fg, bg;
	bool bold, dim, underline, blink, reverse, conceal;
};

enum vt_charset { VT_ASCII, VT_GRAPHICS /* DEC special graphics: lines */ };

/* What DECSC saves. */
struct vt_saved {
	unsigned x, y;
	struct vt_pen pen;
	u8 charset[2], shift;
	bool origin;
};

enum vt_state {
	VT_GROUND, VT_ESCAPE, VT_CSI, VT_CSI_FUNCTION_KEY, VT_OSC, VT_OSC_PALETTE,
	VT_STRING, VT_STRING_ESCAPE, VT_HASH, VT_PERCENT, VT_G0, VT_G1,
};

struct vt_screen {
	struct vt_cell **row;
	struct vt_saved saved;
};

/* A ring: n lines, the oldest in row[first]. */
struct vt_history {
	struct vt_cell **row;
	unsigned size, first, n;
};

struct vt {
	const struct vt_host *host;
	void *data;                 /* host's */
	unsigned columns, rows;
	struct vt_screen screens[2]; /* main, alternate */
	struct vt_screen *screen;
	struct vt_history history;
	unsigned back;              /* lines of history that are seen */
	unsigned x, y;
	bool wrap;
	unsigned top, bottom;
	struct vt_pen pen;
	u8 charset[2], shift;       /* enum vt_charset of G0 and G1; which of them is in use */
	struct vt_saved before_alternate; /* for ?1049 */

	bool autowrap, insert, origin, newline; /* DECAWM, IRM, DECOM, LNM */
	bool visible, reverse;      /* DECTCEM, DECSCNM */
	bool app_cursor, app_keypad; /* DECCKM, DECKPAM: what keys send */
	bool bracketed_paste;       /* ?2004, remembered for who may paste */
	bool repeat;                /* DECARM */
	bool utf8;
	u8 cursor_shape;            /* enum vt_cursor_shape */
	u64 tabs[VT_COLUMNS_MAX / 64];
	u32 palette[16];            /* 0xrrggbb, in PC order */

	/* Parser */
	enum vt_state state;
	struct utf8_state decoder;
	u32 last;                   /* last character printed, for REP */
	u16 params[VT_PARAMS];
	unsigned n_params;
	u8 prefix, intermediate;    /* '?', '>', '='; ' ' … '/' */
	unsigned string_length;     /* of OSC P: digits so far */
	u32 string_value;
};

/* Bytes of storage that an emulator of that size needs. */
size_t vt_storage_size(unsigned columns, unsigned rows);
/* Starts an emulator on storage of that many bytes, the screen cleared. Sizes are at most
 * VT_COLUMNS_MAX, VT_ROWS_MAX, at least 2. */
void vt_start(struct vt *v, const struct vt_host *host, void *data, unsigned columns, unsigned rows,
	void *storage);
/* RIS: everything as after vt_start(). */
void vt_reset(struct vt *v);
/* Output of programs. */
void vt_write(struct vt *v, const u8 *data, size_t n);
/* Tells the host all that is to be seen: the console comes to the front. */
void vt_redraw(struct vt *v);

/* Bytes of storage for a history of that many lines. */
size_t vt_history_size(unsigned columns, unsigned lines);
/* From here on the lines that scroll off the main screen are kept there, the last `lines` of them.
 * At most once, after vt_start(). */
void vt_history_start(struct vt *v, void *storage, unsigned lines);
/* Looks that many lines further back (or forth, if negative), as far as there are any. A program
 * on the alternate screen has no history. */
void vt_look_back(struct vt *v, int lines);
