/*
 * The 16550 and its kin on the PC's four places: finding them, and their life as log consoles.
 *
 * A port named by console=ttySn[,baud[parity[bits]]] shows the log from the moment
 * serial_console_init() was called, by polling: its write() returns when the bytes are in the
 * transmitter. It takes the port's lock, but does not insist: in a panic the lock may belong to a
 * CPU that is stopped.
 */
#include "drv/serial/serial_int.h"

#include "arch/cpu.h"
#include "arch/io.h"
#include "core/clock.h"
#include "core/cmdline.h"
#include "core/resource.h"
#include "dev/drivers.h"
#include "lib/ctype.h"
#include "lib/parse.h"
#include "lib/string.h"

#define CLOCK_BAUD  115200u
#define FIFO_BYTES  16u
/* For a transmitter that does not get empty, or a lock that is not let go. */
#define PATIENCE_NS (100 * NSEC_PER_MSEC)

struct serial serials[SERIAL_PORTS] = {
	{ .uart = { .number = 0, .io = 0x3f8, .irq = 4 }, .console.name = "ttyS0" },
	{ .uart = { .number = 1, .io = 0x2f8, .irq = 3 }, .console.name = "ttyS1" },
	{ .uart = { .number = 2, .io = 0x3e8, .irq = 4 }, .console.name = "ttyS2" },
	{ .uart = { .number = 3, .io = 0x2e8, .irq = 3 }, .console.name = "ttyS3" },
};

u8 serial_read(struct serial *s, unsigned reg)
{
	return io_in8((u16)(s->uart.io + reg));
}

void serial_write(struct serial *s, unsigned reg, u8 v)
{
	io_out8((u16)(s->uart.io + reg), v);
}

bool serial_detect(struct serial *s)
{
	u8 old = serial_read(s, UART_IER), none, all, modem;

	serial_write(s, UART_IER, 0);
	none = serial_read(s, UART_IER);
	serial_write(s, UART_IER, 0x0f);
	all = serial_read(s, UART_IER);
	serial_write(s, UART_IER, none == 0 && all == 0x0f ? 0 : old);
	if (none != 0 || all != 0x0f)
		return false;
	/* In loop mode the outputs are the inputs: RTS and OUT2 show as CTS and DCD. */
	serial_write(s, UART_MCR, MCR_LOOP | MCR_RTS | MCR_OUT2);
	modem = serial_read(s, UART_MSR) & 0xf0;
	serial_write(s, UART_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
	if (modem != (MSR_CTS | MSR_DCD))
		return false;
	serial_write(s, UART_FCR, FCR_ENABLE | FCR_CLEAR_RX | FCR_CLEAR_TX | FCR_TRIGGER_8);
	s->fifo = (serial_read(s, UART_IIR) & IIR_FIFO) == IIR_FIFO;
	s->mcr = MCR_DTR | MCR_RTS | MCR_OUT2;
	return true;
}

/* Waits until the transmitter takes more; false if it never does. */
static bool transmitter_wait(struct serial *s)
{
	u64 end = clock_monotonic() + PATIENCE_NS;

	while (!(serial_read(s, UART_LSR) & LSR_THR_EMPTY)) {
		if (clock_monotonic() > end)
			return false;
		cpu_relax();
	}
	return true;
}

static bool lock_patiently(struct serial *s)
{
	u64 end = clock_monotonic() + PATIENCE_NS;

	while (!spin_try_lock(&s->uart.lock)) {
		if (clock_monotonic() > end)
			return false;
		cpu_relax();
	}
	return true;
}

/* Sends text by polling, a return before each newline. */
static void send_polled(struct serial *s, const char *text, size_t n)
{
	unsigned room = 0;

	for (size_t i = 0; i < n; i++) {
		bool newline = text[i] == '\n';

		if (room < 2) {
			if (!transmitter_wait(s))
				return;
			room = s->fifo ? FIFO_BYTES : 1;
		}
		if (newline) {
			serial_write(s, UART_THR, '\r');
			if (room == 1 && !transmitter_wait(s))
				return;
			room -= room > 1;
		}
		serial_write(s, UART_THR, (u8)text[i]);
		room--;
	}
}

static void console_write(struct log_console *console, const char *text, size_t n)
{
	struct serial *s = container_of(console, struct serial, console);
	bool locked = lock_patiently(s);

	send_polled(s, text, n);
	if (locked)
		spin_unlock(&s->uart.lock);
}

/* "115200n8": baud, parity, bits; anything left out keeps its usual value. */
static void options_parse(const char *text, struct uart_settings *out)
{
	const char *end = text;
	u32 baud;

	*out = (struct uart_settings){ .baud = CLOCK_BAUD, .bits = 8 };
	if (!parse_u32(text, 10, &baud, &end) && baud && baud <= CLOCK_BAUD)
		out->baud = baud;
	if (*end == 'o' || *end == 'e')
		out->parity = *end == 'o' ? UART_PARITY_ODD : UART_PARITY_EVEN;
	if (*end && end[1] >= '5' && end[1] <= '8')
		out->bits = (u8)(end[1] - '0');
}

static void console_add(struct serial *s, const char *options)
{
	if (!s->present || s->console.write)
		return;
	options_parse(options, &s->uart.settings);
	serial_line_set(s, &s->uart.settings);
	s->console.write = console_write;
	log_console_add(&s->console);
}

void serial_console_init(void)
{
	bool any = false;
	char word[48];

	for (unsigned i = 0; i < SERIAL_PORTS; i++) {
		struct serial *s = &serials[i];

		spin_init(&s->uart.lock, RANK_NONE, "uart");
		s->present = serial_detect(s);
	}
	for (unsigned n = 0; cmdline_get_nth("console", n, word, sizeof(word)); n++) {
		any = true;
		if (!str_starts_with(word, "ttyS") || !char_is_digit(word[4]) ||
		    (unsigned)(word[4] - '0') >= SERIAL_PORTS)
			continue;
		if (!word[5] || word[5] == ',')
			console_add(&serials[word[4] - '0'], word[5] ? word + 6 : "");
	}
	if (!any)
		console_add(&serials[0], "");
}

void serial_register(void)
{
	for (unsigned i = 0; i < SERIAL_PORTS; i++) {
		struct serial *s = &serials[i];

		if (!s->present)
			continue;
		s->uart.ops = &serial_ops;
		s->uart.kind = s->fifo ? "16550A" : "16450";
		s->uart.clock_baud = CLOCK_BAUD;
		resource_add(RESOURCE_PORTS, s->uart.io, 8, "serial");
		uart_register(&s->uart);
		log_info("ttyS%u: %s at I/O %#x, irq %u", s->uart.number, s->uart.kind, s->uart.io,
			 s->uart.irq);
	}
}
