/*
 * Editing the line that is not ended: VERASE takes a character, VWERASE a word, VKILL everything.
 * What is erased on the screen depends on ECHOE, ECHOK, ECHOKE, ECHOCTL and ECHOPRT.
 */
#include "tty/ldisc_int.h"

enum erase { ERASE_CHARACTER, ERASE_WORD, ERASE_LINE };

/* Letters and digits make words: of ASCII and of Latin-1, which holds for nearly all first bytes of
 * UTF-8 characters, too. */
static bool is_word(u8 c)
{
	return char_is_alnum(c) || c == '_' || (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

void ldisc_erase_finish(struct ldisc *l)
{
	if (!l->erasing)
		return;
	ldisc_echo_raw(l, '/');
	l->erasing = false;
}

/* The columns between the erased tab and what is before it. */
static void echo_tab(struct ldisc *l)
{
	bool after_tab = false;
	u32 columns = 0;

	for (u32 pos = l->read_head; pos != l->canon_head && !after_tab;) {
		u8 c = ldisc_at(l, --pos);

		if (c == '\t')
			after_tab = true;
		else if (ldisc_is_control(c))
			columns += ldisc_lflag(l, ECHOCTL) ? 2 : 0;
		else
			columns += !ldisc_is_continuation(l, c);
	}
	ldisc_echo_erase_tab(l, columns, after_tab);
}

static void echo_rub_out(struct ldisc *l)
{
	ldisc_echo_raw(l, '\b');
	ldisc_echo_raw(l, ' ');
	ldisc_echo_raw(l, '\b');
}

/* Echoes that the n bytes at read_head, one character, are gone. */
static void echo_erased(struct ldisc *l, enum erase what, u32 n)
{
	u8 c = ldisc_at(l, l->read_head);

	if (ldisc_lflag(l, ECHOPRT)) {
		if (!l->erasing)
			ldisc_echo_raw(l, '\\');
		l->erasing = true;
		ldisc_echo_char(l, c);
		for (u32 i = 1; i < n; i++) {
			ldisc_echo_raw(l, ldisc_at(l, l->read_head + i));
			ldisc_echo_back(l);
		}
	} else if (what == ERASE_CHARACTER && !ldisc_lflag(l, ECHOE)) {
		ldisc_echo_char(l, l->termios.c_cc[VERASE]);
	} else if (c == '\t') {
		echo_tab(l);
	} else {
		if (ldisc_is_control(c) && ldisc_lflag(l, ECHOCTL))
			echo_rub_out(l);
		if (!ldisc_is_control(c) || ldisc_lflag(l, ECHOCTL))
			echo_rub_out(l);
	}
}

/* VKILL when the line is not to be rubbed out: whether that was all. */
static bool kill_plainly(struct ldisc *l)
{
	if (!ldisc_lflag(l, ECHO)) {
		l->read_head = l->canon_head;
		return true;
	}
	if (ldisc_lflag(l, ECHOK) && ldisc_lflag(l, ECHOKE) && ldisc_lflag(l, ECHOE))
		return false;
	l->read_head = l->canon_head;
	ldisc_erase_finish(l);
	ldisc_echo_char(l, l->termios.c_cc[VKILL]);
	if (ldisc_lflag(l, ECHOK))
		ldisc_echo_raw(l, '\n');
	return true;
}

/* Takes characters back until `what` is done. */
static void take_back(struct ldisc *l, enum erase what)
{
	bool in_word = false;

	while (l->read_head != l->canon_head) {
		u32 head = l->read_head, n;
		u8 c;

		do
			c = ldisc_at(l, --head);
		while (ldisc_is_continuation(l, c) && head != l->canon_head);
		if (ldisc_is_continuation(l, c))
			return;
		if (what == ERASE_WORD) {
			if (is_word(c))
				in_word = true;
			else if (in_word)
				return;
		}
		n = l->read_head - head;
		l->read_head = head;
		if (ldisc_lflag(l, ECHO))
			echo_erased(l, what, n);
		if (what == ERASE_CHARACTER)
			return;
	}
}

void ldisc_erase(struct ldisc *l, u8 c)
{
	enum erase what = ERASE_LINE;

	if (l->read_head == l->canon_head)
		return;
	if (ldisc_is(l, c, VERASE))
		what = ERASE_CHARACTER;
	else if (ldisc_is(l, c, VWERASE) && ldisc_lflag(l, IEXTEN))
		what = ERASE_WORD;
	if (what == ERASE_LINE && kill_plainly(l))
		return;
	take_back(l, what);
	if (l->read_head == l->canon_head && ldisc_lflag(l, ECHO))
		ldisc_erase_finish(l);
}
