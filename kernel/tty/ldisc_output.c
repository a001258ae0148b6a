/*
 * Output processing: OPOST and its kin, and the column of the cursor. Delays and fill characters
 * (NLDLY, CRDLY, OFILL …) belong to mechanical terminals; of them only TABDLY's XTABS has a
 * meaning.
 */
#include "lib/string.h"
#include "tty/ldisc_int.h"

void ldisc_out_open(struct ldisc *l)
{
	l->out_n = 0;
	l->out_room = (u32)min(l->host->room(l), (size_t)1 << 20);
}

void ldisc_out_flush(struct ldisc *l)
{
	if (!l->out_n)
		return;
	l->host->put(l, l->out, l->out_n);
	l->out_room -= l->out_n;
	l->out_n = 0;
}

bool ldisc_out_need(struct ldisc *l, u32 n)
{
	if (l->out_n + n > LDISC_OUT)
		ldisc_out_flush(l);
	return l->out_n + n <= l->out_room;
}

static bool out_newline(struct ldisc *l)
{
	bool pair = ldisc_oflag(l, ONLCR);

	if (!ldisc_out_need(l, pair ? 2 : 1))
		return false;
	if (pair)
		ldisc_out_byte(l, '\r');
	ldisc_out_byte(l, '\n');
	if (pair || ldisc_oflag(l, ONLRET))
		l->column = 0;
	l->canon_column = l->column;
	return true;
}

static bool out_return(struct ldisc *l)
{
	bool newline = ldisc_oflag(l, OCRNL);

	if (ldisc_oflag(l, ONOCR) && l->column == 0)
		return true;
	if (!ldisc_out_need(l, 1))
		return false;
	ldisc_out_byte(l, newline ? '\n' : '\r');
	if (!newline || ldisc_oflag(l, ONLRET))
		l->canon_column = l->column = 0;
	return true;
}

static bool out_tab(struct ldisc *l)
{
	u32 n = 8 - (l->column & 7);
	bool spaces = (l->termios.c_oflag & TABDLY) == XTABS;

	if (!ldisc_out_need(l, spaces ? n : 1))
		return false;
	l->column += n;
	if (!spaces)
		ldisc_out_byte(l, '\t');
	while (spaces && n--)
		ldisc_out_byte(l, ' ');
	return true;
}

bool ldisc_out_char(struct ldisc *l, u8 c)
{
	if (c == '\n')
		return out_newline(l);
	if (c == '\r')
		return out_return(l);
	if (c == '\t')
		return out_tab(l);
	if (!ldisc_out_need(l, 1))
		return false;
	if (c == '\b') {
		l->column -= l->column > 0;
	} else if (!ldisc_is_control(c)) {
		if (ldisc_oflag(l, OLCUC))
			c = ldisc_upper(c);
		if (!ldisc_is_continuation(l, c))
			l->column++;
	}
	ldisc_out_byte(l, c);
	return true;
}

/* A run of printing ASCII, which nothing changes: how many bytes of it were put. */
static size_t out_run(struct ldisc *l, const u8 *data, size_t n)
{
	size_t i = 0;

	while (i < n && data[i] >= ' ' && data[i] < 0x7f && ldisc_out_need(l, 1)) {
		size_t most = min(n - i, (size_t)min(LDISC_OUT, l->out_room) - l->out_n), k = 0;

		while (k < most && data[i + k] >= ' ' && data[i + k] < 0x7f)
			k++;
		memcpy(l->out + l->out_n, data + i, k);
		l->out_n += (u32)k;
		l->column += (u32)k;
		i += k;
	}
	return i;
}

size_t ldisc_write(struct ldisc *l, const u8 *data, size_t n)
{
	bool plain = !ldisc_oflag(l, OLCUC);
	size_t i = 0;

	ldisc_echo_send(l);
	if (!ldisc_oflag(l, OPOST)) {
		n = min(n, l->host->room(l));
		if (n)
			l->host->put(l, data, n);
		return n;
	}
	ldisc_out_open(l);
	while (i < n) {
		if (plain)
			i += out_run(l, data + i, n - i);
		if (i == n || !ldisc_out_char(l, data[i]))
			break;
		i++;
	}
	ldisc_out_flush(l);
	return i;
}
