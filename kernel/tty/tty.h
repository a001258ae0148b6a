/* Terminals: what the rest of the kernel may ask of them. */
#pragma once

/*
 * Registers all terminals: /dev/tty, /dev/console, serial ports, virtual consoles, pseudo terminals
 * and their file system. After the drivers, once; thread context.
 */
void tty_init(void);
/* vhangup(2): hangs up the caller's controlling terminal, if it has one. Thread context; the caller
 * has checked CAP_SYS_TTY_CONFIG. */
void tty_hangup_current(void);
