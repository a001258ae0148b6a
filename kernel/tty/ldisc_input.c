/*
 * Characters that come in, one by one, in the order of POSIX 11.1: flow control, signals, mapping
 * of returns and newlines, editing, ends of lines; what is left is echoed and buffered.
 */
#include "abi/signal.h"
#include "lib/string.h"
#include "tty/ldisc_int.h"

/* Room was made sure of, but for a line that is too long: then the last place is written again and
 * again, until the line's end comes to stand there. */
static void buffer_put(struct ldisc *l, u8 c)
{
	if (l->read_head - l->read_tail >= LDISC_BUF)
		l->read_head--;
	ldisc_clear_line_end(l, l->read_head);
	l->buf[l->read_head++ % LDISC_BUF] = c;
}

/* A signal character: the queues are dropped, unless NOFLSH. */
static void input_signal(struct ldisc *l, int signo)
{
	l->host->signal(l, signo);
	if (ldisc_lflag(l, NOFLSH))
		return;
	ldisc_echo_clear(l);
	l->host->flush_output(l);
	ldisc_flush_input(l);
}

/* VSTART, VSTOP and signals: whether it was one. */
static bool input_control(struct ldisc *l, u8 c)
{
	int signo = 0;

	if (ldisc_iflag(l, IXON)) {
		if (ldisc_is(l, c, VSTART)) {
			ldisc_start(l, false);
			ldisc_echo_send(l);
			return true;
		}
		if (ldisc_is(l, c, VSTOP)) {
			ldisc_stop(l, false);
			return true;
		}
	}
	if (ldisc_lflag(l, ISIG)) {
		if (ldisc_is(l, c, VINTR))
			signo = SIGINT;
		else if (ldisc_is(l, c, VQUIT))
			signo = SIGQUIT;
		else if (ldisc_is(l, c, VSUSP))
			signo = SIGTSTP;
	}
	if (!signo)
		return false;
	input_signal(l, signo);
	if (ldisc_iflag(l, IXON))
		ldisc_start(l, false);
	if (ldisc_lflag(l, ECHO))
		ldisc_echo_char(l, c);
	return true;
}

/* A line ends with this character. */
static void line_done(struct ldisc *l, u8 c)
{
	buffer_put(l, c);
	ldisc_mark_line_end(l, l->read_head - 1);
	l->canon_head = l->read_head;
}

static void echo_typed(struct ldisc *l, u8 c)
{
	if (!ldisc_lflag(l, ECHO))
		return;
	ldisc_erase_finish(l);
	if (l->canon_head == l->read_head)
		ldisc_echo_begin_line(l);
	ldisc_echo_char(l, c);
}

static void buffer_doubled(struct ldisc *l, u8 c)
{
	if (l->read_head - l->read_tail >= LDISC_BUF - 1 && ldisc_iflag(l, IMAXBEL))
		ldisc_echo_raw(l, '\a');
	if (ldisc_iflag(l, PARMRK) && c == 0377)
		buffer_put(l, c);
	buffer_put(l, c);
}

static void input_plain(struct ldisc *l, u8 c)
{
	echo_typed(l, c);
	buffer_doubled(l, c);
}

static void reprint(struct ldisc *l, u8 c)
{
	ldisc_erase_finish(l);
	ldisc_echo_char(l, c);
	ldisc_echo_raw(l, '\n');
	for (u32 pos = l->canon_head; pos != l->read_head; pos++)
		ldisc_echo_char(l, ldisc_at(l, pos));
}

static void literal_next(struct ldisc *l)
{
	l->lnext = true;
	if (!ldisc_lflag(l, ECHO))
		return;
	ldisc_erase_finish(l);
	if (ldisc_lflag(l, ECHOCTL)) {
		ldisc_echo_raw(l, '^');
		ldisc_echo_raw(l, '\b');
	}
}

/* Canonical mode's characters: whether it was one. */
static bool input_canonical(struct ldisc *l, u8 c)
{
	bool extended = ldisc_lflag(l, IEXTEN);

	if (ldisc_is(l, c, VERASE) || ldisc_is(l, c, VKILL) ||
	    (extended && ldisc_is(l, c, VWERASE))) {
		ldisc_erase(l, c);
	} else if (extended && ldisc_is(l, c, VLNEXT)) {
		literal_next(l);
	} else if (extended && ldisc_lflag(l, ECHO) && ldisc_is(l, c, VREPRINT)) {
		reprint(l, c);
	} else if (c == '\n') {
		if (ldisc_lflag(l, ECHO | ECHONL))
			ldisc_echo_raw(l, c);
		line_done(l, c);
	} else if (ldisc_is(l, c, VEOF)) {
		line_done(l, LDISC_DISABLED);
	} else if (ldisc_is(l, c, VEOL) || (extended && ldisc_is(l, c, VEOL2))) {
		if (ldisc_lflag(l, ECHO)) {
			if (l->canon_head == l->read_head)
				ldisc_echo_begin_line(l);
			ldisc_echo_char(l, c);
		}
		if (ldisc_iflag(l, PARMRK) && c == 0377)
			buffer_put(l, c);
		line_done(l, c);
	} else {
		return false;
	}
	return true;
}

static void input_special(struct ldisc *l, u8 c)
{
	if (input_control(l, c))
		return;
	if (l->stopped && ldisc_iflag(l, IXON) && ldisc_iflag(l, IXANY))
		ldisc_start(l, false);
	if (c == '\r') {
		if (ldisc_iflag(l, IGNCR))
			return;
		if (ldisc_iflag(l, ICRNL))
			c = '\n';
	} else if (c == '\n' && ldisc_iflag(l, INLCR)) {
		c = '\r';
	}
	if (ldisc_lflag(l, ICANON) && input_canonical(l, c))
		return;
	if (c == '\n' && ldisc_lflag(l, ECHO)) {
		ldisc_erase_finish(l);
		ldisc_echo_raw(l, c);
		buffer_doubled(l, c);
		return;
	}
	input_plain(l, c);
}

static void input_char(struct ldisc *l, u8 c)
{
	if (ldisc_iflag(l, ISTRIP))
		c &= 0x7f;
	if (ldisc_iflag(l, IUCLC) && ldisc_lflag(l, IEXTEN))
		c = ldisc_lower(c);
	if (ldisc_lflag(l, EXTPROC)) {
		buffer_put(l, c);
	} else if (l->lnext) {
		l->lnext = false;
		input_plain(l, c);
	} else if (l->special[c / 64] >> (c % 64) & 1) {
		input_special(l, c);
	} else {
		if (l->stopped && ldisc_iflag(l, IXON) && ldisc_iflag(l, IXANY))
			ldisc_start(l, false);
		input_plain(l, c);
	}
}

static size_t receive_raw(struct ldisc *l, const u8 *data, size_t n)
{
	u32 at, first;

	n = min(n, ldisc_room(l));
	at = l->read_head % LDISC_BUF;
	first = min((u32)n, LDISC_BUF - at);
	memcpy(l->buf + at, data, first);
	memcpy(l->buf, data + first, n - first);
	l->read_head += (u32)n;
	return n;
}

size_t ldisc_receive(struct ldisc *l, const u8 *data, size_t n)
{
	size_t i = 0;

	if (l->raw && !l->lnext) {
		i = receive_raw(l, data, n);
	} else {
		for (; i < n && ldisc_room(l); i++)
			input_char(l, data[i]);
		ldisc_echo_send(l);
	}
	if (ldisc_can_read(l, 1))
		l->host->readable(l);
	return i;
}

void ldisc_receive_error(struct ldisc *l, enum ldisc_error error, u8 c)
{
	if (error == LDISC_BREAK) {
		if (ldisc_iflag(l, IGNBRK))
			return;
		if (ldisc_iflag(l, BRKINT)) {
			input_signal(l, SIGINT);
			return;
		}
		c = 0;
	} else if (!ldisc_iflag(l, INPCK)) {
		ldisc_receive(l, &c, 1);
		return;
	} else if (ldisc_iflag(l, IGNPAR)) {
		return;
	}
	if (!ldisc_room(l))
		return;
	if (ldisc_iflag(l, PARMRK)) {
		buffer_put(l, 0377);
		buffer_put(l, 0);
		buffer_put(l, error == LDISC_BREAK ? 0 : c);
	} else {
		buffer_put(l, 0);
	}
	if (ldisc_can_read(l, 1))
		l->host->readable(l);
}
