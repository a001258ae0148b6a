/* Between the files of the line discipline. */
#pragma once

#include "abi/termios.h"
#include "lib/ctype.h"
#include "tty/ldisc.h"

/* A control character in the sense of echo and columns (the C1 controls are not: they may be parts
 * of characters). */
static inline bool ldisc_is_control(u8 c) { return c < 0x20 || c == 0x7f; }

/* A byte of a UTF-8 character after its first. */
static inline bool ldisc_is_continuation(const struct ldisc *l, u8 c)
{
	return (l->termios.c_iflag & IUTF8) && (c & 0xc0) == 0x80;
}

/* Case as IUCLC and OLCUC change it: of ASCII and of Latin-1. */
static inline u8 ldisc_lower(u8 c)
{
	return char_is_upper(c) || (c >= 0xc0 && c <= 0xde && c != 0xd7) ? c + 0x20 : c;
}

static inline u8 ldisc_upper(u8 c)
{
	return char_is_lower(c) || (c >= 0xdf && c != 0xf7) ? c - 0x20 : c;
}

static inline u8 ldisc_at(const struct ldisc *l, u32 pos) { return l->buf[pos % LDISC_BUF]; }
static inline bool ldisc_iflag(const struct ldisc *l, u32 flags)
{
	return l->termios.c_iflag & flags;
}

static inline bool ldisc_oflag(const struct ldisc *l, u32 flags)
{
	return l->termios.c_oflag & flags;
}

static inline bool ldisc_lflag(const struct ldisc *l, u32 flags)
{
	return l->termios.c_lflag & flags;
}

/* Whether `c` is the control character of that index, and the character is on. */
static inline bool ldisc_is(const struct ldisc *l, u8 c, unsigned index)
{
	return c == l->termios.c_cc[index] && c != LDISC_DISABLED;
}

static inline bool ldisc_line_end(const struct ldisc *l, u32 pos)
{
	pos %= LDISC_BUF;
	return l->line_end[pos / 64] >> (pos % 64) & 1;
}

static inline void ldisc_mark_line_end(struct ldisc *l, u32 pos)
{
	pos %= LDISC_BUF;
	l->line_end[pos / 64] |= 1ull << (pos % 64);
}

static inline void ldisc_clear_line_end(struct ldisc *l, u32 pos)
{
	pos %= LDISC_BUF;
	l->line_end[pos / 64] &= ~(1ull << (pos % 64));
}

/* ldisc_echo.c: queue steps of echo; they are sent by ldisc_echo_send(). */
void ldisc_echo_char(struct ldisc *l, u8 c);  /* control characters as ^X if ECHOCTL */
void ldisc_echo_raw(struct ldisc *l, u8 c);
void ldisc_echo_begin_line(struct ldisc *l);  /* the column here is where the line begins */
void ldisc_echo_back(struct ldisc *l);        /* the character before this took no column */
/* Erases a tab that follows n columns, counted from the last tab or else from the line's begin. */
void ldisc_echo_erase_tab(struct ldisc *l, u32 n, bool after_tab);
void ldisc_echo_clear(struct ldisc *l);

/* ldisc_erase.c: VERASE, VWERASE and VKILL. */
void ldisc_erase(struct ldisc *l, u8 c);
/* Ends a stretch of ECHOPRT. */
void ldisc_erase_finish(struct ldisc *l);

/* ldisc_output.c: output is gathered between open and flush. */
void ldisc_out_open(struct ldisc *l);
void ldisc_out_flush(struct ldisc *l);
/* Makes sure that n (at most 16) bytes can be gathered: whether the host has room for them. */
bool ldisc_out_need(struct ldisc *l, u32 n);
static inline void ldisc_out_byte(struct ldisc *l, u8 c) { l->out[l->out_n++] = c; }
/* One character through OPOST: false if there is no room. */
bool ldisc_out_char(struct ldisc *l, u8 c);
