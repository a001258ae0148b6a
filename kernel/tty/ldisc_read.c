/* Taking input out of the buffer: a line at a time in canonical mode, else what is there. */
#include "lib/string.h"
#include "tty/ldisc_int.h"

bool ldisc_can_read(const struct ldisc *l, u32 least)
{
	if (l->canon)
		return l->canon_head != l->read_tail;
	return l->read_head - l->read_tail >= least;
}

static void copy_out(struct ldisc *l, u8 *to, u32 n)
{
	u32 at = l->read_tail % LDISC_BUF, first = min(n, LDISC_BUF - at);

	memcpy(to, l->buf + at, first);
	memcpy(to + first, l->buf, n - first);
	l->read_tail += n;
}

/* Length of the first line up to its marked character; all there is if no mark is left. */
static u32 line_length(const struct ldisc *l, u32 most)
{
	u32 n = 0, all = l->canon_head - l->read_tail;

	while (n < all && n <= most && !ldisc_line_end(l, l->read_tail + n))
		n++;
	return n;
}

static size_t read_line(struct ldisc *l, u8 *to, size_t n, bool *end)
{
	u32 all = l->canon_head - l->read_tail;
	u32 most = (u32)min(n, (size_t)LDISC_BUF), length = line_length(l, most);
	u32 mark = l->read_tail + length;
	bool marked = length < all && ldisc_line_end(l, mark);

	if (marked && ldisc_at(l, mark) == LDISC_DISABLED && length <= most) {
		/* An end of file is taken with the line that it ends, even if that fills the
		 * reader's buffer. */
		copy_out(l, to, length);
		ldisc_clear_line_end(l, mark);
		l->read_tail++;
		*end = true;
		return length;
	}
	if (marked && length < most) {
		copy_out(l, to, length + 1);
		ldisc_clear_line_end(l, mark);
		*end = true;
		return length + 1;
	}
	*end = !marked && length <= most;
	length = min(length, most);
	copy_out(l, to, length);
	return length;
}

size_t ldisc_read(struct ldisc *l, u8 *to, size_t n, bool *end)
{
	u32 most;

	*end = false;
	if (l->canon)
		return l->canon_head != l->read_tail ? read_line(l, to, n, end) : 0;
	most = (u32)min(n, (size_t)(l->read_head - l->read_tail));
	copy_out(l, to, most);
	if ((s32)(l->canon_head - l->read_tail) < 0)
		l->canon_head = l->read_tail;
	return most;
}
