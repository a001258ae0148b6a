/* Virtual consoles: their making, what is in front, and the bridge between emulator, terminal and
 * display. See vt_console.h. */
#include "tty/vt_console.h"

#include "abi/errno.h"
#include "abi/kdev.h"
#include "core/panic.h"
#include "mm/kmap.h"
#include "mm/slab.h"

#define VT_RING  1024
#define VT_ROOM  4096 /* a console takes everything at once */
#define PIECE    64   /* bytes drawn with interrupts off */
#define HISTORY  500  /* lines that a console keeps */

struct spinlock vt_lock = SPINLOCK_INIT(RANK_NONE, "vt");
struct vt_console *vt_consoles[VT_CONSOLES];
unsigned vt_front, vt_last;
struct wait_queue vt_switched = WAIT_QUEUE_INIT(vt_switched);

/* I after boot; NULL: none, the consoles work unseen */
static struct display *display;
static unsigned columns = 80, rows = 25;        /* I after boot */
static struct mutex vt_make_lock = MUTEX_INIT(vt_make_lock, RANK_SLEEP_LAST, "vt_make");
static unsigned switch_to;                      /* v: for the worker */
static struct work switch_work;

static_assert(sizeof(struct vt_cell) == sizeof(struct display_cell), "cells");
static_assert(offsetof(struct vt_cell, flags) == offsetof(struct display_cell, flags), "cells");
static_assert((int)VT_UNDERLINE == (int)DISPLAY_UNDERLINE &&
	(int)VT_CURSOR_BLOCK == (int)DISPLAY_CURSOR_BLOCK, "cells");

static bool is_shown(const struct vt *v)
{
	const struct vt_console *c = v->data;

	return display && c == vt_consoles[vt_front] && !c->graphics;
}

static const struct display_cell *as_cells(const struct vt_cell *cells)
{
	return (const struct display_cell *)cells;
}

static void host_put(struct vt *v, unsigned x, unsigned y, const struct vt_cell *cells, unsigned n)
{
	if (is_shown(v))
		display_put(display, x, y, as_cells(cells), n);
}

static void host_fill(struct vt *v, unsigned x, unsigned y, unsigned n, const struct vt_cell *cell)
{
	if (is_shown(v))
		display_fill(display, x, y, n, as_cells(cell));
}

static void host_scroll(struct vt *v, unsigned top, unsigned bottom, int lines,
	const struct vt_cell *blank)
{
	if (is_shown(v))
		display_scroll(display, top, bottom, lines, as_cells(blank));
}

static void host_cursor(struct vt *v, unsigned x, unsigned y, enum vt_cursor_shape shape)
{
	if (is_shown(v))
		display_set_cursor(display, x, y, (enum display_cursor)shape);
}

static void host_reply(struct vt *v, const char *text, size_t n)
{
	struct vt_console *c = v->data;

	tty_input(c->tty, (const u8 *)text, n);
}

static void host_palette(struct vt *v, const u32 colours[16])
{
	if (is_shown(v))
		display_set_palette(display, colours);
}

static const struct vt_host vt_console_host = {
	.put = host_put,
	.fill = host_fill,
	.scroll = host_scroll,
	.cursor = host_cursor,
	.reply = host_reply,
	.palette = host_palette,
};

void vt_console_refresh_locked(void)
{
	struct vt_console *c = vt_consoles[vt_front];

	if (is_shown(&c->emul))
		vt_redraw(&c->emul);
}

static size_t console_room(struct tty *t)
{
	return VT_ROOM;
}

static void console_put(struct tty *t, const u8 *data, size_t n)
{
	struct vt_console *c = t->data;

	while (n) {
		size_t piece = min(n, (size_t)PIECE);
		u64 flags = spin_lock_irq(&vt_lock);

		vt_write(&c->emul, data, piece);
		spin_unlock_irq(&vt_lock, flags);
		data += piece;
		n -= piece;
	}
}

/* The size of the screen is the display's. */
static int console_resize(struct tty *t, const struct winsize *size)
{
	return size->ws_row == rows && size->ws_col == columns ? 0 : -EINVAL;
}

static const struct tty_ops vt_tty_ops = {
	.room = console_room,
	.put = console_put,
	.resize = console_resize,
	.ioctl = vt_console_ioctl,
};

static struct vt_console *console_alloc(unsigned index)
{
	struct vt_console *c = kzalloc(sizeof(*c), MM_KERNEL);
	void *storage = kvmalloc(vt_storage_size(columns, rows), MM_KERNEL);
	void *history = kvmalloc(vt_history_size(columns, HISTORY), MM_KERNEL);
	struct termios2 termios = tty_termios_default;

	if (!c || !storage)
		goto fail;
	termios.c_iflag |= IUTF8;
	c->tty = tty_alloc(dev_make(TTY_MAJOR, index + 1), &vt_tty_ops, c, &termios, VT_RING);
	if (!c->tty)
		goto fail;
	c->tty->reset_termios = true;
	c->tty->winsize = (struct winsize){ .ws_row = (u16)rows, .ws_col = (u16)columns };
	c->number = index + 1;
	c->keyboard_mode = K_UNICODE;
	c->keys.unicode = true;
	c->lamps = LAMPS_LOCKS;
	vt_start(&c->emul, &vt_console_host, c, columns, rows, storage);
	if (history) /* without one the console does as well */
		vt_history_start(&c->emul, history, HISTORY);
	return c;
fail:
	kfree(c);
	kvfree(storage);
	kvfree(history);
	return NULL;
}

struct vt_console *vt_console_make(unsigned index)
{
	struct vt_console *c;
	u64 flags;

	mutex_lock(&vt_make_lock);
	c = vt_consoles[index];
	if (!c) {
		c = console_alloc(index);
		flags = spin_lock_irq(&vt_lock);
		vt_consoles[index] = c;
		spin_unlock_irq(&vt_lock, flags);
	}
	mutex_unlock(&vt_make_lock);
	return c;
}

int vt_console_switch(unsigned index)
{
	u64 flags;

	if (index >= VT_CONSOLES)
		return -ENXIO;
	if (!vt_console_make(index))
		return -ENOMEM;
	flags = spin_lock_irq(&vt_lock);
	if (vt_front != index) {
		vt_last = vt_front;
		vt_front = index;
		vt_console_refresh_locked();
		vt_keyboard_leds_locked();
	}
	spin_unlock_irq(&vt_lock, flags);
	wait_wake(&vt_switched, 0);
	return 0;
}

static void switch_worker(struct work *work)
{
	(void)vt_console_switch(READ_ONCE(switch_to));
}

void vt_console_switch_later(unsigned index)
{
	WRITE_ONCE(switch_to, index);
	work_queue(&switch_work);
}

int vt_tty_get(unsigned n, struct tty **out)
{
	struct vt_console *c;

	if (n > VT_CONSOLES)
		return -ENXIO;
	c = vt_console_make(n ? n - 1 : READ_ONCE(vt_front));
	if (!c)
		return -ENOMEM;
	*out = tty_get(c->tty);
	return 0;
}

bool vt_has_display(void)
{
	return display;
}

void vt_display_flush(void)
{
	if (display)
		display_flush(display);
}

static int family_get(u32 minor, struct file *file, struct tty **out)
{
	return vt_tty_get(minor, out);
}

static const struct tty_family vt_family = { .get = family_get };
static const struct tty_family vt_front_family = { .get = family_get, .never_controls = true };
static const char *const vt_names[VT_CONSOLES] = { "tty1", "tty2", "tty3", "tty4", "tty5", "tty6" };

void vt_console_init(void)
{
	display = display_find(0);
	if (display) {
		columns = clamp(display->columns, 2u, VT_COLUMNS_MAX);
		rows = clamp(display->rows, 2u, VT_ROWS_MAX);
	}
	work_init(&switch_work, switch_worker);
	if (!vt_console_make(0))
		panic("tty: no memory for the first console");
	vt_redraw(&vt_consoles[0]->emul);
	tty_family_register(&vt_front_family, TTY_MAJOR, 0, 1, "tty0", 0620, TTY_GID);
	for (unsigned i = 0; i < VT_CONSOLES; i++)
		tty_family_register(&vt_family, TTY_MAJOR, i + 1, 1, vt_names[i], 0620, TTY_GID);
	vt_keyboard_init();
	vt_log_init();
}
