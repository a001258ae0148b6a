/*
 * Echo: steps queued while input is processed, sent when output takes them. Steps, not bytes,
 * because what a step prints depends on the column it is printed at.
 */
#include "tty/ldisc_int.h"

/* A step: operation in the high byte, its character or number in the low one. */
enum echo_op {
	ECHO_OP_CHAR,      /* the character, through output processing */
	ECHO_OP_CONTROL,   /* as ^X */
	ECHO_OP_BEGIN,     /* the line begins in this column */
	ECHO_OP_BACK,      /* one column less */
	ECHO_OP_TAB,       /* erase a tab n columns after the line's begin */
	ECHO_OP_TAB_TAB,   /* erase a tab n columns after a tab */
};

static void echo_queue(struct ldisc *l, enum echo_op op, u8 c)
{
	if (l->echo_head - l->echo_tail == LDISC_ECHO)
		l->echo_tail++;
	l->echo[l->echo_head++ % LDISC_ECHO] = (u16)(op << 8 | c);
}

void ldisc_echo_raw(struct ldisc *l, u8 c)
{
	echo_queue(l, ECHO_OP_CHAR, c);
}

void ldisc_echo_char(struct ldisc *l, u8 c)
{
	bool shown = ldisc_lflag(l, ECHOCTL) && ldisc_is_control(c) && c != '\t';

	echo_queue(l, shown ? ECHO_OP_CONTROL : ECHO_OP_CHAR, c);
}

void ldisc_echo_begin_line(struct ldisc *l)
{
	echo_queue(l, ECHO_OP_BEGIN, 0);
}

void ldisc_echo_back(struct ldisc *l)
{
	echo_queue(l, ECHO_OP_BACK, 0);
}

void ldisc_echo_erase_tab(struct ldisc *l, u32 n, bool after_tab)
{
	echo_queue(l, after_tab ? ECHO_OP_TAB_TAB : ECHO_OP_TAB, n & 7);
}

void ldisc_echo_clear(struct ldisc *l)
{
	l->echo_tail = l->echo_head;
}

static bool send_char(struct ldisc *l, u8 c)
{
	if (ldisc_oflag(l, OPOST))
		return ldisc_out_char(l, c);
	if (!ldisc_out_need(l, 1))
		return false;
	ldisc_out_byte(l, c);
	return true;
}

static bool send_control(struct ldisc *l, u8 c)
{
	if (!ldisc_out_need(l, 2))
		return false;
	ldisc_out_byte(l, '^');
	ldisc_out_byte(l, c ^ 0100);
	l->column += 2;
	return true;
}

/* Moves back over a tab: to the column it was typed at. */
static bool send_tab_erase(struct ldisc *l, u32 n)
{
	u32 back = 8 - (n & 7);

	if (!ldisc_out_need(l, back))
		return false;
	while (back--) {
		ldisc_out_byte(l, '\b');
		l->column -= l->column > 0;
	}
	return true;
}

/* One step: false if there is no room for it. */
static bool echo_step(struct ldisc *l, u16 step)
{
	u8 c = (u8)step;

	switch (step >> 8) {
	case ECHO_OP_CHAR:
		return send_char(l, c);
	case ECHO_OP_CONTROL:
		return send_control(l, c);
	case ECHO_OP_BEGIN:
		l->canon_column = l->column;
		return true;
	case ECHO_OP_BACK:
		l->column -= l->column > 0;
		return true;
	case ECHO_OP_TAB:
		return send_tab_erase(l, c + l->canon_column);
	default:
		return send_tab_erase(l, c);
	}
}

void ldisc_echo_send(struct ldisc *l)
{
	if (!ldisc_echo_pending(l))
		return;
	ldisc_out_open(l);
	while (ldisc_echo_pending(l) && echo_step(l, l->echo[l->echo_tail % LDISC_ECHO]))
		l->echo_tail++;
	ldisc_out_flush(l);
}
