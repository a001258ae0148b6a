/*
 * /proc/consoles: where the kernel's log is shown, and /proc/tty/drivers: the kinds of terminals
 * (proc(5)).
 */
#include "abi/kdev.h"
#include "abi/stat.h"
#include "core/cmdline.h"
#include "core/log.h"
#include "dev/chr.h"
#include "lib/string.h"
#include "proc/procfs/procfs_int.h"

#define SERIAL_MINOR 64
#define CONSOLES     8

/* A device by its name. */
struct search {
	const char *name;
	u32 major, minor;
	bool found;
};

static void compare(struct chrdev *dev, void *arg)
{
	struct search *s = arg;

	if (!dev->name || strcmp(dev->name, s->name))
		return;
	s->major = dev->major;
	s->minor = dev->minor;
	s->found = true;
}

/* Which of them is /dev/console: the last that the command line names, else the first. */
static unsigned preferred(const char *const *names, unsigned n)
{
	unsigned chosen = 0;
	char word[48];

	for (unsigned k = 0; cmdline_get_nth("console", k, word, sizeof(word)); k++)
		for (unsigned i = 0; i < n; i++)
			if (!strncmp(word, names[i], strcspn(word, ",")) &&
			    strlen(names[i]) == strcspn(word, ","))
				chosen = i;
	return chosen;
}

/* Each is written to, enabled (E), and began with what the log held (p); C is /dev/console. */
int show_consoles(struct text *t, struct task *task)
{
	const char *names[CONSOLES];
	unsigned n = log_console_names(names, CONSOLES), first = preferred(names, n);

	for (unsigned i = 0; i < n; i++) {
		struct search s = { .name = names[i] };

		chrdev_each(compare, &s);
		text_printf(t, "%-20s -W- (E%c p  )", names[i], i == first ? 'C' : ' ');
		if (s.found)
			text_printf(t, " %4u:%u", s.major, s.minor);
		text_printf(t, "\n");
	}
	return 0;
}

/* A line per driver; neighbours with the same one are joined. */
struct drivers {
	struct text *t;
	const char *name, *node, *type;
	u32 major, first, last;
};

static void drivers_flush(struct drivers *d)
{
	char range[24];

	if (!d->name)
		return;
	if (d->last > d->first)
		snprintf(range, sizeof(range), "%u-%u", d->first, d->last);
	else
		snprintf(range, sizeof(range), "%u", d->first);
	text_printf(d->t, "%-20s /dev/%-8s %3u %7s %s\n", d->name, d->node, d->major, range,
		    d->type);
	d->name = NULL;
}

static void drivers_add(struct drivers *d, const struct chrdev *dev, const char *name,
			const char *node, const char *type)
{
	u32 last = dev->minor + dev->n_minors - 1;

	if (d->name == name && d->major == dev->major && dev->minor == d->last + 1) {
		d->last = last;
		return;
	}
	drivers_flush(d);
	*d = (struct drivers){ d->t, name, node, type, dev->major, dev->minor, last };
}

static void print_driver(struct chrdev *dev, void *arg)
{
	static const char *const system[][3] = {
		{ "/dev/tty", "tty", "system:/dev/tty" },
		{ "/dev/console", "console", "system:console" },
		{ "/dev/ptmx", "ptmx", "system" },
	};
	struct drivers *d = arg;

	if (dev->major == TTYAUX_MAJOR && dev->minor < ARRAY_SIZE(system))
		drivers_add(d, dev, system[dev->minor][0], system[dev->minor][1],
			    system[dev->minor][2]);
	else if (dev->major == TTY_MAJOR && dev->minor == 0)
		drivers_add(d, dev, "/dev/tty0", "tty0", "system:vtmaster");
	else if (dev->major == TTY_MAJOR && dev->minor < SERIAL_MINOR)
		drivers_add(d, dev, "unknown", "tty", "console");
	else if (dev->major == TTY_MAJOR)
		drivers_add(d, dev, "serial", "ttyS", "serial");
	else if (dev->major == UNIX98_PTY_SLAVE_MAJOR)
		drivers_add(d, dev, "pty_slave", "pts", "pty:slave");
}

static int show_drivers(struct text *t, struct task *task)
{
	struct drivers d = { .t = t };

	chrdev_each(print_driver, &d);
	drivers_flush(&d);
	return 0;
}

const struct proc_node procfs_tty_children[] = {
	{ .name = "drivers", .mode = S_IFREG | 0444, .show = show_drivers },
	{ 0 },
};
