/*
 * The class of displays: see dev/display.h for the idea. Scrolling moves pointers to rows. A change
 * marks its rows and makes sure that a refresh is coming; the refresh, in a worker, draws the runs
 * of cells that differ, row by row, letting the lock go in between.
 *
 * A cursor that the class draws is the cell with its colours exchanged; the cell in `shown` is then
 * made unlike any other, so that it is drawn again when the cursor leaves.
 */
#include "dev/display.h"

#include "abi/errno.h"
#include "arch/cpu.h"
#include "core/clock.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "sched/mutex.h"

#define REFRESH_NS (16 * NSEC_PER_MSEC)
#define NO_CHARACTER 0xffffffffu
#define RUN_GAP 4 /* equal cells between two differing ones that are drawn along */

static struct mutex registry = MUTEX_INIT(registry, RANK_DEV, "displays");
static struct list displays = LIST_INIT(displays);

static bool cells_equal(const struct display_cell *a, const struct display_cell *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void cursor_erase_locked(struct display *d)
{
	struct display_cell *cell = &d->wanted[d->drawn_y][d->drawn_x];

	if (!d->cursor_drawn)
		return;
	d->ops->draw(d, d->drawn_x, d->drawn_y, cell, 1);
	d->shown[d->drawn_y * d->columns + d->drawn_x] = *cell;
	d->cursor_drawn = false;
}

static void cursor_show_locked(struct display *d)
{
	struct display_cell cell = d->wanted[d->cursor_y][d->cursor_x];

	if (d->ops->cursor) {
		if (d->cursor_moved)
			d->ops->cursor(d, d->cursor_x, d->cursor_y, d->cursor_shape);
		d->cursor_moved = false;
		return;
	}
	d->cursor_moved = false;
	if (d->cursor_shape == DISPLAY_CURSOR_NONE)
		return;
	swap(cell.fg, cell.bg);
	d->ops->draw(d, d->cursor_x, d->cursor_y, &cell, 1);
	d->shown[d->cursor_y * d->columns + d->cursor_x].code = NO_CHARACTER;
	d->drawn_x = d->cursor_x;
	d->drawn_y = d->cursor_y;
	d->cursor_drawn = true;
}

/* Draws what differs in a row, in runs. */
static void row_refresh_locked(struct display *d, unsigned y)
{
	struct display_cell *wanted = d->wanted[y], *shown = d->shown + y * d->columns;
	unsigned x = 0;

	while (x < d->columns) {
		unsigned end;

		if (cells_equal(&wanted[x], &shown[x])) {
			x++;
			continue;
		}
		end = x + 1;
		for (unsigned i = end; i < d->columns && i < end + RUN_GAP; i++)
			if (!cells_equal(&wanted[i], &shown[i]))
				end = i + 1;
		d->ops->draw(d, x, y, wanted + x, end - x);
		memcpy(shown + x, wanted + x, (end - x) * sizeof(*wanted));
		x = end;
	}
}

/* Draws the next dirty row; false when there is none. */
static bool refresh_one_locked(struct display *d)
{
	if (d->dirty_first >= d->dirty_end)
		return false;
	row_refresh_locked(d, d->dirty_first++);
	return true;
}

static void refresh_end_locked(struct display *d)
{
	d->dirty_first = d->rows;
	d->dirty_end = 0;
	d->scheduled = false;
	cursor_show_locked(d);
}

static void display_refresh(struct work *work)
{
	struct display *d = container_of(work, struct display, refresh.work);
	u64 flags = spin_lock_irq(&d->lock);

	cursor_erase_locked(d);
	while (refresh_one_locked(d)) {
		spin_unlock_irq(&d->lock, flags);
		flags = spin_lock_irq(&d->lock);
	}
	refresh_end_locked(d);
	spin_unlock_irq(&d->lock, flags);
}

static void changed_locked(struct display *d, unsigned first, unsigned end)
{
	d->dirty_first = min(d->dirty_first, first);
	d->dirty_end = max(d->dirty_end, end);
	if (d->scheduled)
		return;
	d->scheduled = true;
	delayed_work_queue(&d->refresh, REFRESH_NS);
}

static void storage_free(struct display *d)
{
	kvfree(d->cells);
	kvfree(d->shown);
	kfree(d->wanted);
}

int display_add(struct display *d)
{
	size_t bytes = (size_t)d->columns * d->rows * sizeof(*d->cells);
	struct display_cell blank = { .code = ' ', .fg = 7 };

	d->cells = kvmalloc(bytes, MM_KERNEL);
	d->shown = kvmalloc(bytes, MM_KERNEL | MM_ZERO);
	d->wanted = kmalloc_array(d->rows, sizeof(*d->wanted), MM_KERNEL);
	if (!d->cells || !d->shown || !d->wanted) {
		storage_free(d);
		return -ENOMEM;
	}
	for (unsigned y = 0; y < d->rows; y++)
		d->wanted[y] = d->cells + y * d->columns;
	spin_init(&d->lock, RANK_NONE, "display");
	delayed_work_init(&d->refresh, display_refresh);
	d->dirty_first = d->rows;
	display_fill(d, 0, 0, d->columns * d->rows, &blank);
	mutex_lock(&registry);
	list_add_tail(&d->link, &displays);
	mutex_unlock(&registry);
	return 0;
}

struct display *display_find(unsigned n)
{
	struct display *d, *found = NULL;

	mutex_lock(&registry);
	list_for_each_entry(d, &displays, link) {
		if (n-- == 0) {
			found = d;
			break;
		}
	}
	mutex_unlock(&registry);
	return found;
}

void display_put(struct display *d, unsigned x, unsigned y, const struct display_cell *cells,
		 unsigned n)
{
	u64 flags;

	if (x >= d->columns || y >= d->rows || !n)
		return;
	n = min(n, d->columns - x);
	flags = spin_lock_irq(&d->lock);
	memcpy(d->wanted[y] + x, cells, n * sizeof(*cells));
	changed_locked(d, y, y + 1);
	spin_unlock_irq(&d->lock, flags);
}

static void fill_cells(struct display_cell *to, unsigned n, const struct display_cell *cell)
{
	while (n--)
		*to++ = *cell;
}

void display_fill(struct display *d, unsigned x, unsigned y, unsigned n,
		  const struct display_cell *cell)
{
	unsigned first = y;
	u64 flags;

	if (x >= d->columns || y >= d->rows || !n)
		return;
	flags = spin_lock_irq(&d->lock);
	for (; n && y < d->rows; y++, x = 0) {
		unsigned part = min(n, d->columns - x);

		fill_cells(d->wanted[y] + x, part, cell);
		n -= part;
	}
	changed_locked(d, first, y);
	spin_unlock_irq(&d->lock, flags);
}

static void reverse(struct display_cell **rows, unsigned n)
{
	for (unsigned i = 0; i < n / 2; i++)
		swap(rows[i], rows[n - 1 - i]);
}

/* The first `count` of n rows go to the end: by three reversals. */
static void rotate(struct display_cell **rows, unsigned n, unsigned count)
{
	reverse(rows, count);
	reverse(rows + count, n - count);
	reverse(rows, n);
}

void display_scroll(struct display *d, unsigned top, unsigned bottom, int lines,
		    const struct display_cell *blank)
{
	unsigned height, count, freed;
	u64 flags;

	bottom = min(bottom, d->rows);
	if (top >= bottom || !lines)
		return;
	height = bottom - top;
	count = min(lines > 0 ? (unsigned)lines : -(unsigned)lines, height);
	freed = lines > 0 ? bottom - count : top;
	flags = spin_lock_irq(&d->lock);
	rotate(d->wanted + top, height, lines > 0 ? count : height - count);
	for (unsigned y = freed; y < freed + count; y++)
		fill_cells(d->wanted[y], d->columns, blank);
	changed_locked(d, top, bottom);
	spin_unlock_irq(&d->lock, flags);
}

void display_set_cursor(struct display *d, unsigned x, unsigned y, enum display_cursor shape)
{
	u64 flags = spin_lock_irq(&d->lock);

	x = min(x, d->columns - 1);
	y = min(y, d->rows - 1);
	if (d->cursor_x != x || d->cursor_y != y || d->cursor_shape != shape) {
		d->cursor_x = x;
		d->cursor_y = y;
		d->cursor_shape = shape;
		d->cursor_moved = true;
		changed_locked(d, d->rows, 0);
	}
	spin_unlock_irq(&d->lock, flags);
}

void display_set_palette(struct display *d, const u32 colours[16])
{
	u64 flags = spin_lock_irq(&d->lock);

	if (d->ops->palette) {
		d->ops->palette(d, colours);
		for (unsigned i = 0; i < d->rows * d->columns; i++)
			d->shown[i].code = NO_CHARACTER;
		changed_locked(d, 0, d->rows);
	}
	spin_unlock_irq(&d->lock, flags);
}

void display_flush(struct display *d)
{
	u64 end = clock_monotonic() + 100 * NSEC_PER_MSEC, flags = irq_save();
	bool locked;

	while (!(locked = spin_try_lock(&d->lock)) && clock_monotonic() < end)
		cpu_relax();
	cursor_erase_locked(d);
	while (refresh_one_locked(d))
		;
	d->dirty_first = d->rows;
	d->dirty_end = 0;
	cursor_show_locked(d);
	if (locked)
		spin_unlock(&d->lock);
	irq_restore(flags);
}
