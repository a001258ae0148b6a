/*
 * What scrolled off the top of the main screen, and looking back at it. The lines are a ring of
 * rows that changes places with the screen: a row that leaves it goes into the ring, and the ring's
 * oldest comes out to be the screen's new one, so that keeping costs no copy.
 */
#include "lib/string.h"
#include "tty/vt_int.h"

size_t vt_history_size(unsigned columns, unsigned lines)
{
	return lines * (sizeof(struct vt_cell *) + columns * sizeof(struct vt_cell));
}

void vt_history_start(struct vt *v, void *storage, unsigned lines)
{
	struct vt_history *h = &v->history;
	struct vt_cell *cells;

	*h = (struct vt_history){ .row = storage, .size = lines };
	cells = (struct vt_cell *)(h->row + lines);
	for (unsigned i = 0; i < lines; i++)
		h->row[i] = cells + (size_t)i * v->columns;
}

struct vt_cell *vt_history_exchange(struct vt *v, struct vt_cell *row)
{
	struct vt_history *h = &v->history;
	unsigned at;

	if (!h->size)
		return row;
	at = (h->first + h->n) % h->size;
	if (h->n < h->size)
		h->n++;
	else
		h->first = (h->first + 1) % h->size;
	swap(h->row[at], row);
	return row;
}

void vt_history_clear(struct vt *v)
{
	v->history.first = v->history.n = 0;
}

const struct vt_cell *vt_seen_row(const struct vt *v, unsigned y)
{
	const struct vt_history *h = &v->history;

	if (y >= v->back)
		return v->screen->row[y - v->back];
	return h->row[(h->first + h->n - v->back + y) % h->size];
}

void vt_look_back(struct vt *v, int lines)
{
	bool main = v->screen == &v->screens[0];
	int most = main ? (int)v->history.n : 0;
	unsigned back = (unsigned)clamp((int)v->back + lines, 0, most);

	if (back == v->back)
		return;
	v->back = back;
	vt_show_rows(v);
	vt_show_cursor(v);
}
