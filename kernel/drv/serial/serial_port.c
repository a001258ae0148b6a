/*
 * A 16550 at work: interrupts, the transmitter, line settings, modem lines.
 *
 * When the transmitter's FIFO is empty it takes 16 bytes at once. We fill it as long as it empties
 * while we look (an emulated one does so at once), and ask for an interrupt only for the rest.
 * Received bytes are gathered under the port's lock and handed up without it.
 */
#include "drv/serial/serial_int.h"

#include "abi/errno.h"
#include "abi/termios.h"
#include "lib/string.h"

#define FIFO_BYTES 16u
#define BURST      4  /* FIFOs filled in one go at most */
#define BATCH      64 /* bytes handed up at a time */
#define ROUNDS     32 /* causes served in one interrupt at most */

static struct serial *to_serial(struct uart_port *port)
{
	return container_of(port, struct serial, uart);
}

static void ier_set(struct serial *s, u8 ier)
{
	if (s->ier == ier)
		return;
	s->ier = ier;
	serial_write(s, UART_IER, ier);
}

/* Sends from the ring what the transmitter takes; asks for an interrupt if there is more. Lock. */
static void transmit(struct serial *s)
{
	struct uart_port *port = &s->uart;
	bool held = port->paused || port->stopped;

	for (unsigned burst = 0; burst < BURST && !held && !ring_empty(&port->tx); burst++) {
		if (!(serial_read(s, UART_LSR) & LSR_THR_EMPTY))
			break;
		for (unsigned i = 0; i < (s->fifo ? FIFO_BYTES : 1); i++) {
			u8 byte;

			if (!ring_get(&port->tx, &byte))
				break;
			serial_write(s, UART_THR, byte);
			port->n_tx++;
		}
	}
	ier_set(s, !held && !ring_empty(&port->tx) ? s->ier | IER_TX : s->ier & ~IER_TX);
}

static u8 status_of(struct uart_port *port, u8 lsr)
{
	u8 status = UART_RX_GOOD;

	if (likely(!(lsr & LSR_ERRORS)))
		return status;
	if (lsr & LSR_BREAK) {
		port->n_break++;
		status |= UART_RX_BREAK;
	} else if (lsr & LSR_FRAME) {
		port->n_frame++;
		status |= UART_RX_FRAME;
	} else if (lsr & LSR_PARITY) {
		port->n_parity++;
		status |= UART_RX_PARITY;
	}
	if (lsr & LSR_OVERRUN) {
		port->n_overrun++;
		status |= UART_RX_OVERRUN;
	}
	return status;
}

/* Takes up to BATCH bytes out of the receiver: how many. Lock. */
static unsigned receive(struct serial *s, u8 *data, u8 *status)
{
	unsigned n = 0;
	u8 lsr;

	while (n < BATCH && (lsr = serial_read(s, UART_LSR)) & (LSR_DATA | LSR_BREAK)) {
		data[n] = serial_read(s, UART_RBR);
		status[n] = status_of(&s->uart, lsr);
		if (status[n] & UART_RX_BREAK)
			data[n] = 0;
		n++;
	}
	s->uart.n_rx += n;
	return n;
}

static unsigned modem_lines(u8 msr)
{
	return (msr & MSR_CTS ? TIOCM_CTS : 0) | (msr & MSR_DSR ? TIOCM_DSR : 0) |
	       (msr & MSR_RI ? TIOCM_RNG : 0) | (msr & MSR_DCD ? TIOCM_CAR : 0);
}

/* Reads the modem's lines, lets CTS hold or free the output; which have changed. Lock. */
static unsigned modem_look(struct serial *s)
{
	u8 msr = serial_read(s, UART_MSR) & 0xf0, changed = msr ^ s->modem;

	s->modem = msr;
	s->uart.stopped = s->uart.settings.rts_cts && !(msr & MSR_CTS);
	return modem_lines(changed);
}

/* What one look at the chip found, to be told without the lock. */
struct serial_news {
	const struct uart_listener *listener;
	void *arg;
	unsigned n, lines, changed;
	bool all_good, writable;
	u8 data[BATCH], status[BATCH];
};

static void tell(const struct serial_news *news)
{
	const struct uart_listener *l = news->listener;

	if (!l)
		return;
	if (news->n && l->receive)
		l->receive(news->arg, news->data, news->all_good ? NULL : news->status, news->n);
	if (news->changed && l->modem)
		l->modem(news->arg, news->lines, news->changed);
	if (news->writable && l->writable)
		l->writable(news->arg);
}

/* Serves the chip once: whether it wanted something. */
static bool serve(struct serial *s)
{
	struct uart_port *port = &s->uart;
	struct serial_news news;
	u32 before;

	spin_lock(&port->lock);
	if (!s->open || serial_read(s, UART_IIR) & IIR_NONE) {
		spin_unlock(&port->lock);
		return false;
	}
	news.listener = port->listener;
	news.arg = port->listener_arg;
	news.n = receive(s, news.data, news.status);
	news.all_good = mem_is_all(news.status, UART_RX_GOOD, news.n);
	news.changed = modem_look(s);
	news.lines = modem_lines(s->modem);
	before = ring_used(&port->tx);
	transmit(s);
	news.writable = before > UART_RING / 4 && ring_used(&port->tx) <= UART_RING / 4;
	spin_unlock(&port->lock);
	tell(&news);
	return true;
}

static enum irq_result serial_interrupt(void *arg)
{
	unsigned n = 0;

	while (n < ROUNDS && serve(arg))
		n++;
	return n ? IRQ_HANDLED : IRQ_NONE;
}

static int serial_open(struct uart_port *port)
{
	struct serial *s = to_serial(port);
	u64 flags;
	int err = irq_request_isa(port->irq, "serial", serial_interrupt, s, &s->line);

	if (err)
		return err;
	flags = spin_lock_irq(&port->lock);
	serial_write(s, UART_FCR, FCR_ENABLE | FCR_TRIGGER_8); /* what was typed ahead stays */
	s->modem = serial_read(s, UART_MSR) & 0xf0;
	s->mcr = MCR_DTR | MCR_RTS | MCR_OUT2;
	serial_write(s, UART_MCR, s->mcr);
	s->open = true;
	ier_set(s, IER_RX | IER_LINE | IER_MODEM);
	spin_unlock_irq(&port->lock, flags);
	return 0;
}

static void serial_close(struct uart_port *port)
{
	struct serial *s = to_serial(port);
	u64 flags = spin_lock_irq(&port->lock);

	s->open = false;
	ier_set(s, 0);
	spin_unlock_irq(&port->lock, flags);
	irq_release(s->line);
}

static void serial_start(struct uart_port *port)
{
	transmit(to_serial(port));
}

void serial_line_set(struct serial *s, const struct uart_settings *settings)
{
	u32 baud = settings->baud ? settings->baud : 9600;
	u32 divisor = clamp((115200 + baud / 2) / baud, 1u, 0xffffu);
	u8 lcr = (u8)(clamp(settings->bits, (u8)5, (u8)8) - 5);

	lcr |= settings->two_stops ? LCR_STOP : 0;
	if (settings->parity != UART_PARITY_NONE)
		lcr |= LCR_PARITY;
	if (settings->parity == UART_PARITY_EVEN || settings->parity == UART_PARITY_SPACE)
		lcr |= LCR_EVEN;
	if (settings->parity >= UART_PARITY_MARK)
		lcr |= LCR_STICK;
	lcr |= s->lcr & LCR_BREAK;
	serial_write(s, UART_LCR, lcr | LCR_DLAB);
	serial_write(s, UART_DLL, (u8)divisor);
	serial_write(s, UART_DLM, (u8)(divisor >> 8));
	serial_write(s, UART_LCR, lcr);
	s->lcr = lcr;
}

static void mcr_set(struct serial *s, u8 mcr)
{
	s->mcr = mcr;
	serial_write(s, UART_MCR, mcr);
}

static void serial_configure(struct uart_port *port)
{
	struct serial *s = to_serial(port);
	u8 both = MCR_DTR | MCR_RTS;

	serial_line_set(s, &port->settings);
	if (!port->settings.baud)
		mcr_set(s, s->mcr & ~both);
	else if (!(s->mcr & MCR_DTR))
		mcr_set(s, s->mcr | both);
	modem_look(s);
}

static unsigned serial_get_modem(struct uart_port *port)
{
	struct serial *s = to_serial(port);

	return modem_lines(serial_read(s, UART_MSR)) | (s->mcr & MCR_DTR ? TIOCM_DTR : 0) |
	       (s->mcr & MCR_RTS ? TIOCM_RTS : 0);
}

static void serial_set_modem(struct uart_port *port, unsigned lines)
{
	struct serial *s = to_serial(port);

	mcr_set(s, (s->mcr & ~(MCR_DTR | MCR_RTS)) | (lines & TIOCM_DTR ? MCR_DTR : 0) |
			   (lines & TIOCM_RTS ? MCR_RTS : 0));
}

static void serial_set_break(struct uart_port *port, bool on)
{
	struct serial *s = to_serial(port);

	s->lcr = on ? s->lcr | LCR_BREAK : s->lcr & ~LCR_BREAK;
	serial_write(s, UART_LCR, s->lcr);
}

static bool serial_idle(struct uart_port *port)
{
	return serial_read(to_serial(port), UART_LSR) & LSR_IDLE;
}

static void serial_flush(struct uart_port *port)
{
	struct serial *s = to_serial(port);

	if (s->fifo)
		serial_write(s, UART_FCR, FCR_ENABLE | FCR_CLEAR_TX | FCR_TRIGGER_8);
}

const struct uart_ops serial_ops = {
	.open = serial_open,
	.close = serial_close,
	.start = serial_start,
	.configure = serial_configure,
	.get_modem = serial_get_modem,
	.set_modem = serial_set_modem,
	.set_break = serial_set_break,
	.idle = serial_idle,
	.flush = serial_flush,
};
