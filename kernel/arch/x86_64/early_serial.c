/*
 * The first serial port as a polled console, 115200 8N1, for the time before the drivers and for
 * panics (16550 data sheet). A port that is not there answers 0xff, and is left alone.
 */
#include "arch/console.h"
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/x86_64/console_int.h"
#include "core/cmdline.h"
#include "core/log.h"
#include "lib/string.h"

#define COM1 0x3f8

#define UART_DATA     (COM1 + 0) /* divisor low byte while LCR_DIVISOR */
#define UART_IER      (COM1 + 1) /* divisor high byte while LCR_DIVISOR */
#define UART_FCR      (COM1 + 2)
#define UART_LCR      (COM1 + 3)
#define UART_MCR      (COM1 + 4)
#define UART_LSR      (COM1 + 5)
#define UART_SCRATCH  (COM1 + 7)

#define LCR_8N1       0x03
#define LCR_DIVISOR   0x80
#define FCR_ENABLE    0x07
#define MCR_READY     0x03
#define LSR_TX_EMPTY  0x20
#define DIVISOR_115200 1
#define TX_SPINS      100000

static void put(char c)
{
	for (unsigned i = 0; i < TX_SPINS && !(io_in8(UART_LSR) & LSR_TX_EMPTY); i++)
		cpu_relax();
	io_out8(UART_DATA, (u8)c);
}

static void early_write(struct log_console *console, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n')
			put('\r');
		put(text[i]);
	}
}

static struct log_console early_console = { .write = early_write, .name = "ttyS0", .early = true };

static bool port_exists(void)
{
	io_out8(UART_SCRATCH, 0x5a);
	return io_in8(UART_SCRATCH) == 0x5a;
}

void early_console_start(void)
{
	static bool started;

	if (started || !port_exists())
		return;
	started = true;
	io_out8(UART_IER, 0);
	io_out8(UART_LCR, LCR_DIVISOR);
	io_out8(UART_DATA, DIVISOR_115200);
	io_out8(UART_IER, 0);
	io_out8(UART_LCR, LCR_8N1);
	io_out8(UART_FCR, FCR_ENABLE);
	io_out8(UART_MCR, MCR_READY);
	log_console_add(&early_console);
}

/*
 * Whether the command line wants the log on the first serial port: console=ttyS0, or no console= at
 * all.
 */
static bool wanted(void)
{
	char name[32];

	if (!cmdline_get_nth("console", 0, name, sizeof(name)))
		return true;
	for (unsigned i = 0; cmdline_get_nth("console", i, name, sizeof(name)); i++) {
		if (!strncmp(name, "ttyS0", 5) && (!name[5] || name[5] == ','))
			return true;
	}
	return false;
}

void early_console_init(void)
{
	if (wanted())
		early_console_start();
}
