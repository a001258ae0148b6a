/*
 * The line discipline's life: modes, buffers, flow. Input is in ldisc_input.c, editing in
 * ldisc_erase.c, echo in ldisc_echo.c, output in ldisc_output.c, reading in ldisc_read.c.
 */
#include "lib/string.h"
#include "tty/ldisc_int.h"

static void special_add(struct ldisc *l, u8 c)
{
	l->special[c / 64] |= 1ull << (c % 64);
}

static void special_add_cc(struct ldisc *l, unsigned index)
{
	u8 c = l->termios.c_cc[index];

	if (c != LDISC_DISABLED)
		special_add(l, c);
}

static void special_add_canonical(struct ldisc *l)
{
	special_add(l, '\n');
	special_add_cc(l, VERASE);
	special_add_cc(l, VKILL);
	special_add_cc(l, VEOF);
	special_add_cc(l, VEOL);
	if (!ldisc_lflag(l, IEXTEN))
		return;
	special_add_cc(l, VWERASE);
	special_add_cc(l, VLNEXT);
	special_add_cc(l, VEOL2);
	if (ldisc_lflag(l, ECHO))
		special_add_cc(l, VREPRINT);
}

/* Which characters take the long way, and whether any does. */
static void derive(struct ldisc *l)
{
	memset(l->special, 0, sizeof(l->special));
	if (ldisc_iflag(l, IGNCR | ICRNL))
		special_add(l, '\r');
	if (ldisc_iflag(l, INLCR))
		special_add(l, '\n');
	if (ldisc_lflag(l, ICANON))
		special_add_canonical(l);
	if (ldisc_iflag(l, IXON)) {
		special_add_cc(l, VSTART);
		special_add_cc(l, VSTOP);
	}
	if (ldisc_lflag(l, ISIG)) {
		special_add_cc(l, VINTR);
		special_add_cc(l, VQUIT);
		special_add_cc(l, VSUSP);
	}
	l->raw = !ldisc_iflag(l, ISTRIP | IUCLC | IGNCR | ICRNL | INLCR | IXON | PARMRK) &&
		!ldisc_lflag(l, ICANON | ISIG | ECHO);
	l->canon = (l->termios.c_lflag & (ICANON | EXTPROC)) == ICANON;
}

void ldisc_init(struct ldisc *l, const struct ldisc_host *host, const struct termios2 *termios)
{
	memset(l, 0, sizeof(*l));
	l->host = host;
	l->termios = *termios;
	derive(l);
}

void ldisc_reset(struct ldisc *l)
{
	const struct ldisc_host *host = l->host;
	struct termios2 termios = l->termios;

	ldisc_init(l, host, &termios);
}

/* Leaving canonical mode frees the line being edited; entering it makes a line of all that is
 * buffered. */
static void change_canonical(struct ldisc *l)
{
	memset(l->line_end, 0, sizeof(l->line_end));
	if (!ldisc_lflag(l, ICANON) || l->read_head == l->read_tail) {
		l->canon_head = l->read_tail;
	} else {
		/* which would read as an end of file */
		if (ldisc_at(l, l->read_head - 1) != LDISC_DISABLED)
			ldisc_mark_line_end(l, l->read_head - 1);
		l->canon_head = l->read_head;
	}
	l->erasing = false;
	l->lnext = false;
}

void ldisc_set_termios(struct ldisc *l, const struct termios2 *termios)
{
	struct termios2 old = l->termios;

	l->termios = *termios;
	derive(l);
	if ((old.c_lflag ^ termios->c_lflag) & (ICANON | EXTPROC))
		change_canonical(l);
	if ((old.c_iflag & IXON) && !ldisc_iflag(l, IXON))
		ldisc_start(l, false);
	l->host->readable(l);
}

size_t ldisc_room(const struct ldisc *l)
{
	u32 used = l->read_head - l->read_tail, each = ldisc_iflag(l, PARMRK) ? 3 : 1;

	if (used + each < LDISC_BUF)
		return (LDISC_BUF - 1 - used) / each;
	/* A line too long still takes the character that ends it or erases from it. */
	return l->canon && l->canon_head == l->read_tail ? 1 : 0;
}

u32 ldisc_input_count(const struct ldisc *l)
{
	u32 n = 0;

	if (!l->canon)
		return l->read_head - l->read_tail;
	for (u32 pos = l->read_tail; pos != l->canon_head; pos++)
		n += !ldisc_line_end(l, pos) || ldisc_at(l, pos) != LDISC_DISABLED;
	return n;
}

void ldisc_flush_input(struct ldisc *l)
{
	l->read_tail = l->canon_head = l->read_head;
	memset(l->line_end, 0, sizeof(l->line_end));
	l->erasing = false;
	l->lnext = false;
	if (l->host->input_flushed)
		l->host->input_flushed(l);
}

void ldisc_stop(struct ldisc *l, bool by_call)
{
	l->stopped_by_call |= by_call;
	if (l->stopped)
		return;
	l->stopped = true;
	l->host->flow(l, true);
}

void ldisc_start(struct ldisc *l, bool by_call)
{
	if (by_call == l->stopped_by_call)
		ldisc_resume(l);
}

void ldisc_resume(struct ldisc *l)
{
	if (!l->stopped)
		return;
	l->stopped = false;
	l->stopped_by_call = false;
	l->host->flow(l, false);
	ldisc_echo_send(l);
}
