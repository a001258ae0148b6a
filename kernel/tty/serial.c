/*
 * Serial terminals, ttyS0 …: a terminal for each port of dev/uart. The port keeps the bytes to
 * send; what comes in goes into the terminal's ring, marked where it is damaged. A port that bears
 * console= keeps the line settings given there.
 */
#include "abi/kdev.h"
#include "core/panic.h"
#include "dev/uart.h"
#include "tty/tty_int.h"

#define SERIAL_MAX    4
#define SERIAL_MINOR  64
#define SERIAL_RING   16384
#define THROTTLE_AT   (SERIAL_RING / 4 * 3)

static struct tty *serial_ttys[SERIAL_MAX]; /* I after boot */

static struct uart_port *port_of(struct tty *t)
{
	return t->data;
}

static void serial_receive(void *arg, const u8 *data, const u8 *status, size_t n)
{
	struct tty *t = arg;

	if (!(READ_ONCE(t->ldisc.termios.c_cflag) & CREAD))
		return;
	if (!status) {
		tty_input(t, data, n);
	} else {
		for (size_t i = 0; i < n; i++) {
			if (status[i] & UART_RX_BREAK)
				tty_input_error(t, LDISC_BREAK, 0);
			else if (status[i] & (UART_RX_FRAME | UART_RX_PARITY))
				tty_input_error(t, LDISC_PARITY, data[i]);
			else
				tty_input(t, data + i, 1);
		}
	}
	if (ring_used(&t->input) > THROTTLE_AT)
		uart_throttle(port_of(t), true);
}

static void serial_writable(void *arg)
{
	tty_output_ready(arg);
}

/* A port's part that the core does not know. */
struct serial_line {
	struct work hangup;
	struct tty *tty;
};

static struct serial_line lines[SERIAL_MAX]; /* I after boot */

static void hangup_worker(struct work *work)
{
	tty_hangup(container_of(work, struct serial_line, hangup)->tty, false);
}

static void serial_modem(void *arg, unsigned now, unsigned changed)
{
	struct tty *t = arg;

	if (!(changed & TIOCM_CAR))
		return;
	if (now & TIOCM_CAR)
		wait_wake(&t->read_wait, 0);
	else if (!(READ_ONCE(t->ldisc.termios.c_cflag) & CLOCAL))
		work_queue(&lines[port_of(t)->number].hangup);
}

static const struct uart_listener serial_listener = {
	.receive = serial_receive,
	.writable = serial_writable,
	.modem = serial_modem,
};

static void settings_from(struct uart_settings *s, const struct termios2 *termios)
{
	u32 cflag = termios->c_cflag;

	*s = (struct uart_settings){
		.baud = tty_baud(cflag, termios->c_ospeed),
		.bits = (u8)(5 + (cflag & CSIZE) / CS6),
		.two_stops = cflag & CSTOPB,
		.rts_cts = cflag & CRTSCTS,
	};
	if (cflag & PARENB)
		s->parity = cflag & CMSPAR ? (cflag & PARODD ? UART_PARITY_MARK : UART_PARITY_SPACE)
					   : (cflag & PARODD ? UART_PARITY_ODD : UART_PARITY_EVEN);
}

static int serial_open(struct tty *t)
{
	struct uart_settings settings;

	settings_from(&settings, &t->ldisc.termios);
	return uart_attach(port_of(t), &serial_listener, t, &settings);
}

static void serial_close(struct tty *t)
{
	if (t->ldisc.termios.c_cflag & HUPCL)
		uart_set_modem(port_of(t), 0, TIOCM_DTR | TIOCM_RTS);
	uart_detach(port_of(t));
}

static size_t serial_room(struct tty *t)
{
	return uart_room(port_of(t));
}

static void serial_put(struct tty *t, const u8 *data, size_t n)
{
	uart_write(port_of(t), data, n);
}

static size_t serial_pending(struct tty *t)
{
	return uart_pending(port_of(t));
}

static bool serial_idle(struct tty *t)
{
	return uart_idle(port_of(t));
}

static void serial_flush(struct tty *t)
{
	uart_flush(port_of(t));
}

static void serial_flow(struct tty *t, bool stopped)
{
	uart_pause(port_of(t), stopped);
}

static void serial_throttle(struct tty *t, bool full)
{
	uart_throttle(port_of(t), full);
}

/* The port is told what it can do, and termios what the port was told. */
static void serial_set_termios(struct tty *t, struct termios2 *termios, const struct termios2 *old)
{
	struct uart_settings settings;
	u32 most = port_of(t)->clock_baud;

	settings_from(&settings, termios);
	if (most && settings.baud > most) {
		u32 before = tty_baud(old->c_cflag, old->c_ospeed);

		settings.baud = before;
		termios->c_cflag = (termios->c_cflag & ~(u32)CBAUD) | tty_baud_flag(before);
	}
	termios->c_ospeed = termios->c_ispeed = settings.baud;
	uart_configure(port_of(t), &settings);
}

static unsigned serial_get_modem(struct tty *t)
{
	return uart_get_modem(port_of(t));
}

static void serial_set_modem(struct tty *t, unsigned set, unsigned clear)
{
	uart_set_modem(port_of(t), set, clear);
}

static void serial_set_break(struct tty *t, bool on)
{
	uart_set_break(port_of(t), on);
}

static const struct tty_ops serial_ops = {
	.open = serial_open,
	.close = serial_close,
	.room = serial_room,
	.put = serial_put,
	.pending = serial_pending,
	.idle = serial_idle,
	.flush = serial_flush,
	.flow = serial_flow,
	.throttle = serial_throttle,
	.set_termios = serial_set_termios,
	.get_modem = serial_get_modem,
	.set_modem = serial_set_modem,
	.set_break = serial_set_break,
};

/* Modes of a port that nobody has opened: those of console=, or 9600 8N1. */
static struct termios2 first_termios(const struct uart_port *port)
{
	static const u32 size[] = { CS5, CS6, CS7, CS8 };
	const struct uart_settings *s = &port->settings;
	struct termios2 termios = tty_termios_default;
	u32 baud = s->baud ? s->baud : 9600;

	termios.c_cflag = tty_baud_flag(baud) |
		size[s->bits >= 5 && s->bits <= 8 ? s->bits - 5 : 3] | CREAD | HUPCL | CLOCAL;
	if (s->parity == UART_PARITY_ODD || s->parity == UART_PARITY_EVEN)
		termios.c_cflag |= PARENB | (s->parity == UART_PARITY_ODD ? PARODD : 0);
	termios.c_ispeed = termios.c_ospeed = baud;
	return termios;
}

static int serial_get(u32 minor, struct file *file, struct tty **out)
{
	*out = serial_tty_get(minor - SERIAL_MINOR);
	return *out ? 0 : -ENXIO;
}

static const struct tty_family serial_family = {
	.get = serial_get, .parent = "platform/serial8250",
};
static const char *const names[SERIAL_MAX] = { "ttyS0", "ttyS1", "ttyS2", "ttyS3" };

static void serial_add(struct uart_port *port, unsigned n)
{
	struct termios2 termios = first_termios(port);
	struct tty *t;

	t = tty_alloc(dev_make(TTY_MAJOR, SERIAL_MINOR + n), &serial_ops, port, &termios,
		SERIAL_RING);
	if (!t)
		panic("tty: no memory for a serial terminal");
	t->marked = true;
	lines[n].tty = t;
	work_init(&lines[n].hangup, hangup_worker);
	serial_ttys[n] = t;
	tty_family_register(&serial_family, TTY_MAJOR, SERIAL_MINOR + n, 1, names[n], 0660,
		TTY_GID);
}

struct tty *serial_tty_get(unsigned n)
{
	return n < SERIAL_MAX && serial_ttys[n] ? tty_get(serial_ttys[n]) : NULL;
}

void serial_tty_init(void)
{
	for (unsigned n = 0; n < SERIAL_MAX; n++) {
		struct uart_port *port = uart_find(n);

		if (port)
			serial_add(port, n);
	}
}
