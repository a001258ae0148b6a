/*
 * /dev/console: the terminal of the last console= on the command line that exists. Without any it
 * is the screen, and without a screen the first serial port.
 */
#include "abi/kdev.h"
#include "core/cmdline.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "tty/tty_int.h"
#include "tty/vt_console.h"

static char console_name[16]; /* I after boot */

static struct tty *screen_named(const char *number)
{
	struct tty *t;
	u32 n = 0;

	if (*number && parse_u32(number, 10, &n, NULL))
		return NULL;
	return vt_tty_get(n, &t) ? NULL : t;
}

/* The terminal that a console= word names (ttyS0,115200n8, tty0, tty), referenced, or NULL. */
static struct tty *terminal_named(const char *word)
{
	const char *end;
	u32 n;

	if (!str_starts_with(word, "tty"))
		return NULL;
	if (word[3] != 'S')
		return screen_named(word + 3);
	if (parse_u32(word + 4, 10, &n, &end) || (*end && *end != ','))
		return NULL;
	return serial_tty_get(n);
}

static int console_get(u32 minor, struct file *file, struct tty **out)
{
	*out = terminal_named(console_name);
	return *out ? 0 : -ENODEV;
}

static const struct tty_family console_family = {
	.get = console_get,
	.never_controls = true,
	.console = true,
};

static bool console_try(const char *word)
{
	struct tty *t = terminal_named(word);

	if (!t)
		return false;
	tty_put(t);
	strlcpy(console_name, word, sizeof(console_name));
	return true;
}

void console_init(void)
{
	char word[sizeof(console_name)];
	bool any = false;

	for (unsigned n = 0; cmdline_get_nth("console", n, word, sizeof(word)); n++)
		any |= console_try(word);
	if (!any && !(vt_has_display() && console_try("tty0")) && !console_try("ttyS0"))
		(void)console_try("tty0");
	tty_family_register(&console_family, TTYAUX_MAJOR, 1, 1, "console", 0600, 0);
}
