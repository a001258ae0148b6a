/* The start of the terminals. */
#include "tty/tty.h"

#include "tty/tty_int.h"

void tty_init(void)
{
	proc_set_session_end(tty_session_end);
	ctty_init();
	serial_tty_init();
	console_init();
}
