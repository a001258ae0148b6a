/*
 * The kernel's log on the console in front, if the command line says console=tty0, or names no
 * console and there is a screen. Control characters are not obeyed. In a panic the lock may belong
 * to a CPU that is stopped, so it is not insisted on, and the display is brought up to date at
 * once.
 */
#include "arch/cpu.h"
#include "core/clock.h"
#include "core/cmdline.h"
#include "core/log.h"
#include "lib/string.h"
#include "tty/vt_console.h"

#define PATIENCE_NS (100 * NSEC_PER_MSEC)
#define PIECE       128

static bool lock_patiently(void)
{
	u64 end = clock_monotonic() + PATIENCE_NS;

	while (!spin_try_lock(&vt_lock)) {
		if (clock_monotonic() > end)
			return false;
		cpu_relax();
	}
	return true;
}

/* Writes with newlines as pairs, other control characters as question marks. */
static void write_text(struct vt *v, const char *text, size_t n)
{
	u8 out[PIECE];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		u8 c = (u8)text[i];

		if (k + 2 > sizeof(out)) {
			vt_write(v, out, k);
			k = 0;
		}
		if (c == '\n')
			out[k++] = '\r';
		out[k++] = c >= ' ' || c == '\n' || c == '\t' ? c : '?';
	}
	vt_write(v, out, k);
}

static void log_write(struct log_console *console, const char *text, size_t n)
{
	bool locked = lock_patiently();
	struct vt_console *c = vt_consoles[vt_front];

	write_text(&c->emul, text, n);
	if (locked)
		spin_unlock(&vt_lock);
	if (log_in_panic())
		vt_display_flush();
}

static struct log_console vt_log_console = { .write = log_write, .name = "tty0" };

static bool wanted(void)
{
	char word[16];
	bool any = false;

	for (unsigned n = 0; cmdline_get_nth("console", n, word, sizeof(word)); n++) {
		any = true;
		if (!strcmp(word, "tty0") || !strcmp(word, "tty1") || !strcmp(word, "tty"))
			return true;
	}
	return !any && vt_has_display();
}

void vt_log_init(void)
{
	if (wanted())
		log_console_add(&vt_log_console);
}
