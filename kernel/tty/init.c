/* The start of the terminals. */
#include "tty/tty.h"

#include "tty/pty.h"
#include "tty/tty_int.h"
#include "tty/vt_console.h"

void tty_init(void)
{
	proc_set_session_end(tty_session_end);
	ctty_init();
	serial_tty_init();
	vt_console_init();
	console_init();
	pty_init();
}
