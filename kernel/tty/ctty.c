/* /dev/tty: each process's own controlling terminal (tty(4)). */
#include "abi/kdev.h"
#include "tty/tty_int.h"

static int ctty_get(u32 minor, struct file *file, struct tty **out)
{
	*out = tty_current();
	return *out ? 0 : -ENXIO;
}

static const struct tty_family ctty_family = { .get = ctty_get };

void ctty_init(void)
{
	tty_family_register(&ctty_family, TTYAUX_MAJOR, 0, 1, "tty", 0666, TTY_GID);
}
