/*
 * Displays of character cells. The class keeps what shall be seen (a *cell* each: character,
 * colours) and what the hardware shows, and brings the second up to the first some 60 times a
 * second, so that a thousand lines scrolled by cost memory moves and one redraw. Terminals (escape
 * sequences, cursor keys) are the business of tty/.
 */
#pragma once

#include "core/spinlock.h"
#include "lib/list.h"
#include "lib/types.h"
#include "sched/work.h"

/* Colours are the sixteen of the PC: bit 0 blue, 1 green, 2 red, 3 bright. */
struct display_cell {
	u32 code;   /* Unicode */
	u8 fg, bg;
	u8 flags;   /* DISPLAY_* */
	u8 unused;  /* zero: cells are compared as bytes */
};
enum { DISPLAY_UNDERLINE = 1 };

enum display_cursor { DISPLAY_CURSOR_NONE, DISPLAY_CURSOR_LINE, DISPLAY_CURSOR_BLOCK };

struct display;

/* The driver's part. Lock held, interrupts off: must not sleep. */
struct display_ops {
	/* Draws n cells of row y from column x on. */
	void (*draw)(struct display *d, unsigned x, unsigned y, const struct display_cell *cells,
		     unsigned n);
	/* Hardware cursor. NULL: the class draws it, by inverting its cell. */
	void (*cursor)(struct display *d, unsigned x, unsigned y, enum display_cursor shape);
	/* The sixteen colours, as 0xrrggbb. NULL: they cannot be changed. */
	void (*palette)(struct display *d, const u32 colours[16]);
};

/* I: constant.  d: lock. */
struct display {
	struct list link;            /* registry's */
	const char *name;            /* I */
	const struct display_ops *ops; /* I */
	void *data;                  /* I: driver's */
	unsigned columns, rows;      /* I */
	unsigned pixel_width, pixel_height; /* I: 0: text only */
	struct spinlock lock;        /* unranked: panics and the log draw, too */
	struct display_cell *cells;  /* I: storage of wanted: rows * columns */
	struct display_cell **wanted; /* d: each row's cells; scrolling moves these pointers */
	struct display_cell *shown;  /* d */
	unsigned dirty_first, dirty_end; /* d: rows that may differ */
	unsigned cursor_x, cursor_y; /* d */
	enum display_cursor cursor_shape; /* d */
	unsigned drawn_x, drawn_y;   /* d: where the class has drawn the cursor */
	bool cursor_drawn, cursor_moved; /* d */
	bool scheduled;              /* d: a refresh is coming */
	struct delayed_work refresh;
};

/* Driver side: name, ops, data, columns, rows are set. 0 or -ENOMEM. The display stays for good. */
int must_check display_add(struct display *d);

/* User side; any context. What lies outside the display is cut off. */
/* The nth display (0: the first found), or NULL. */
struct display *display_find(unsigned n);
/* Writes n cells to row y from column x on. */
void display_put(struct display *d, unsigned x, unsigned y, const struct display_cell *cells,
		 unsigned n);
/* Writes the same cell n times; runs on over the ends of rows. */
void display_fill(struct display *d, unsigned x, unsigned y, unsigned n,
		  const struct display_cell *cell);
/* Moves rows [top, bottom) up by `lines` (down if negative); what comes free becomes *blank. */
void display_scroll(struct display *d, unsigned top, unsigned bottom, int lines,
		    const struct display_cell *blank);
void display_set_cursor(struct display *d, unsigned x, unsigned y, enum display_cursor shape);
void display_set_palette(struct display *d, const u32 colours[16]);
/* Shows everything now: for panics. Does not insist on the lock. */
void display_flush(struct display *d);
