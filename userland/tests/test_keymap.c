/* The virtual consoles' keyboard (ioctl_console(2)): the map of keys, strings of function keys,
 * accents; modes, locks and lamps; who may change them. What is changed is put back: the map is one
 * for all consoles. */
#define _LINUX_WAIT_H /* of linux/keyboard.h: its names are sys/wait.h's */
#include <linux/kd.h>
#include <linux/keyboard.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "tap.h"

#define EURO (0x20ac ^ 0xf000)
#define TABLE 77 /* of modifiers that no map has */

static int console;

static void open_console(void)
{
	console = must(open("/dev/tty5", O_RDWR | O_NOCTTY));
}

static int get(int table, int key)
{
	struct kbentry e = { .kb_table = table, .kb_index = key, .kb_value = 0xdead };

	must(ioctl(console, KDGKBENT, &e));
	return e.kb_value;
}

static int set(int table, int key, int value)
{
	struct kbentry e = { .kb_table = table, .kb_index = key, .kb_value = value };

	return ioctl(console, KDSKBENT, &e);
}

TEST(us_map)
{
	open_console();
	is(get(0, 30), K(KT_LETTER, 'a'), "a");
	is(get(1, 30), K(KT_LETTER, 'A'), "Shift-a");
	is(get(4, 30), K(KT_LATIN, 1), "Ctrl-a");
	is(get(8, 30), K(KT_META, 'a'), "Alt-a");
	is(get(0, 3), K(KT_LATIN, '2'), "2");
	is(get(1, 3), K(KT_LATIN, '@'), "Shift-2");
	is(get(0, 28), K_ENTER, "Enter");
	is(get(0, 14), K(KT_LATIN, 127), "Backspace");
	is(get(0, 58), K_CAPS, "Caps Lock");
	is(get(0, 42), K_SHIFT, "Shift");
	is(get(0, 100), K_ALTGR, "AltGr");
	is(get(0, 59), K_F1, "F1");
	is(get(8, 60), K(KT_CONS, 1), "Alt-F2");
	is(get(0, 103), K_UP, "Up");
	is(get(0, 79), K_P1, "keypad 1");
	is(get(0, 255), K_HOLE, "no such key");
}

TEST(tables)
{
	open_console();
	is(get(TABLE, 0), K_NOSUCHMAP, "no such table");
	is(get(TABLE, 30), K_HOLE, "nor keys in it");
	works(set(TABLE, 0, K(KT_LATIN, 'x')), "key 0 only tests a value");
	is(get(TABLE, 0), K_NOSUCHMAP, "still no table");
	works(set(TABLE, 30, K(KT_LATIN, 0xe4)), "a key makes it");
	is(get(TABLE, 0), K_ALLOCATED, "there it is");
	is(get(TABLE, 30), K(KT_LATIN, 0xe4), "the key");
	is(get(TABLE, 31), K_HOLE, "the others are empty");
	works(set(TABLE, 0, K_NOSUCHMAP), "it is taken away");
	is(get(TABLE, 30), K_HOLE, "gone");
	works(set(TABLE, 0, K_NOSUCHMAP), "once more");
	is(ioctl(console, KDGKBENT, NULL), -1, "no entry");
	is(errno, EFAULT, "EFAULT");
	fails(ioctl(console, KDSKBENT, BAD), EFAULT, "no entry to set");
}

TEST(values)
{
	open_console();
	must(set(TABLE, 30, K(KT_LATIN, 'x')));
	works(set(TABLE, 31, K_F20), "F20");
	works(set(TABLE, 31, K(KT_DEAD, 26)), "a dead key");
	works(set(TABLE, 31, K(KT_DEAD2, 0xff)), "a mark");
	fails(set(TABLE, 31, K(KT_DEAD, 27)), EINVAL, "no dead key");
	fails(set(TABLE, 31, K(KT_CUR, 4)), EINVAL, "no cursor key");
	fails(set(TABLE, 31, K(KT_PAD, 20)), EINVAL, "no key of the keypad");
	fails(set(TABLE, 31, K(KT_SPEC, 20)), EINVAL, "nothing special");
	fails(set(TABLE, 31, K(KT_SHIFT, 9)), EINVAL, "no modifier");
	fails(set(TABLE, 31, K(KT_ASCII, 26)), EINVAL, "no digit");
	fails(set(TABLE, 0, K(KT_ASCII, 26)), EINVAL, "by key 0, too");
	must(ioctl(console, KDSKBMODE, K_UNICODE));
	works(set(TABLE, 31, EURO), "a character of Unicode");
	is(get(TABLE, 31), EURO, "that is it");
	must(ioctl(console, KDSKBMODE, K_XLATE));
	is(get(TABLE, 31), K_HOLE, "unknown without Unicode");
	fails(set(TABLE, 31, EURO), EINVAL, "nor can it be set");
	must(ioctl(console, KDSKBMODE, K_UNICODE));
	must(set(TABLE, 0, K_NOSUCHMAP));
}

TEST(strings)
{
	struct kbsentry e = { .kb_func = 0 };

	open_console();
	works(ioctl(console, KDGKBSENT, &e), "what F1 sends");
	is_text((char *)e.kb_string, "\033[[A", "as terminfo has it");
	e.kb_func = 24;
	must(ioctl(console, KDGKBSENT, &e));
	is_text((char *)e.kb_string, "\033[5~", "Page Up");
	e = (struct kbsentry){ .kb_func = 200, .kb_string = "hello" };
	works(ioctl(console, KDSKBSENT, &e), "a string is set");
	memset(e.kb_string, 'x', sizeof(e.kb_string));
	must(ioctl(console, KDGKBSENT, &e));
	is_text((char *)e.kb_string, "hello", "and told");
	memset(e.kb_string, 'x', sizeof(e.kb_string));
	fails(ioctl(console, KDSKBSENT, &e), EINVAL, "one without end");
	e.kb_string[511] = 0;
	works(ioctl(console, KDSKBSENT, &e), "the longest");
	must(ioctl(console, KDGKBSENT, &e));
	is(strlen((char *)e.kb_string), 511, "comes back whole");
	e.kb_string[0] = 0;
	works(ioctl(console, KDSKBSENT, &e), "an empty one");
	must(ioctl(console, KDGKBSENT, &e));
	is_text((char *)e.kb_string, "", "is empty");
	fails(ioctl(console, KDGKBSENT, BAD), EFAULT, "no string");
}

static bool has(const struct kbdiacrsuc *a, unsigned mark, unsigned base, unsigned result)
{
	for (unsigned i = 0; i < a->kb_cnt; i++)
		if (a->kbdiacruc[i].diacr == mark && a->kbdiacruc[i].base == base)
			return a->kbdiacruc[i].result == result;
	return false;
}

TEST(accents)
{
	static struct kbdiacrsuc usual, mine, told;
	static struct kbdiacrs bytes;

	open_console();
	works(ioctl(console, KDGKBDIACRUC, &usual), "the accents");
	ok(has(&usual, '"', 'a', 0xe4) && has(&usual, '`', 'E', 0xc8) &&
	   has(&usual, ',', 'c', 0xe7), "Latin-1's");
	mine.kb_cnt = 2;
	mine.kbdiacruc[0] = (struct kbdiacruc){ 'c', 's', 0x161 };
	mine.kbdiacruc[1] = (struct kbdiacruc){ '"', 'u', 0xfc };
	works(ioctl(console, KDSKBDIACRUC, &mine), "others");
	must(ioctl(console, KDGKBDIACRUC, &told));
	is(told.kb_cnt, 2, "two");
	ok(!memcmp(told.kbdiacruc, mine.kbdiacruc, 2 * sizeof(mine.kbdiacruc[0])), "these two");
	works(ioctl(console, KDGKBDIACR, &bytes), "in bytes");
	is(bytes.kb_cnt, 2, "two as well");
	is(bytes.kbdiacr[1].result, 0xfc, "one that a byte can hold");
	bytes.kb_cnt = 1;
	bytes.kbdiacr[0] = (struct kbdiacr){ '^', 'a', 0xe2 };
	works(ioctl(console, KDSKBDIACR, &bytes), "set in bytes");
	must(ioctl(console, KDGKBDIACRUC, &told));
	ok(told.kb_cnt == 1 && has(&told, '^', 'a', 0xe2), "that one");
	mine.kb_cnt = 256;
	fails(ioctl(console, KDSKBDIACRUC, &mine), EINVAL, "too many");
	works(ioctl(console, KDSKBDIACRUC, &usual), "the usual ones again");
}

static int mode(void)
{
	int m = -1;

	must(ioctl(console, KDGKBMODE, &m));
	return m;
}

TEST(modes)
{
	static const int modes[] = { K_RAW, K_XLATE, K_MEDIUMRAW, K_OFF, K_UNICODE };
	int meta = 0;

	open_console();
	is(mode(), K_UNICODE, "UTF-8 at first");
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		works(ioctl(console, KDSKBMODE, modes[i]), "a mode");
		is(mode(), modes[i], "is told");
	}
	fails(ioctl(console, KDSKBMODE, 5), EINVAL, "no mode");
	works(ioctl(console, KDSKBMETA, K_METABIT), "Alt sets a bit");
	must(ioctl(console, KDGKBMETA, &meta));
	is(meta, K_METABIT, "as told");
	fails(ioctl(console, KDSKBMETA, 5), EINVAL, "nothing Alt does");
	works(ioctl(console, KDSKBMETA, K_ESCPREFIX), "Alt sends ESC");
}

TEST(locks)
{
	unsigned char locks = 0xff;

	open_console();
	works(ioctl(console, KDSKBLED, 0x25), "locks and defaults");
	works(ioctl(console, KDGKBLED, &locks), "are told");
	is(locks, 0x25, "both");
	fails(ioctl(console, KDSKBLED, 0x08), EINVAL, "no lock");
	fails(ioctl(console, KDSKBLED, 0x80), EINVAL, "no default");
	works(ioctl(console, KDSKBLED, 0), "none");
	works(ioctl(console, KDSETLED, 3), "lamps by hand");
	works(ioctl(console, KDGETLED, &locks), "their state");
	works(ioctl(console, KDSETLED, 8), "lamps by the locks again");
}

static int as_user(void *argument)
{
	struct kbentry e = { .kb_index = 30 };
	struct kbsentry s = { .kb_func = 200 };
	struct kbdiacrsuc *none = calloc(1, sizeof(*none));
	int m;

	(void)argument;
	works(ioctl(console, KDGKBENT, &e), "anybody may look");
	works(ioctl(console, KDGKBSENT, &s), "at strings");
	works(ioctl(console, KDGKBMODE, &m), "at the mode");
	works(ioctl(console, KDGKBDIACRUC, none), "at accents");
	fails(ioctl(console, KDSKBENT, &e), EPERM, "but not change keys");
	fails(ioctl(console, KDSKBSENT, &s), EPERM, "nor strings");
	fails(ioctl(console, KDSKBDIACRUC, none), EPERM, "nor accents");
	fails(ioctl(console, KDSKBMODE, K_RAW), EPERM, "nor the mode");
	fails(ioctl(console, KDSKBLED, 0), EPERM, "nor locks");
	fails(ioctl(console, KDSETLED, 0), EPERM, "nor lamps");
	fails(ioctl(console, KDSKBMETA, K_METABIT), EPERM, "nor what Alt does");
	return 0;
}

TEST(permission)
{
	open_console();
	tap_as_user(as_user, NULL);
	is(mode(), K_UNICODE, "nothing has changed");
}
