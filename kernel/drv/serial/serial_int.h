/* Private to drv/serial: the 16550's registers (National PC16550D) and our ports. */
#pragma once

#include "core/log.h"
#include "dev/irq.h"
#include "dev/uart.h"

enum {
	UART_RBR = 0, /* read: received byte */
	UART_THR = 0, /* write: byte to send */
	UART_DLL = 0, /* divisor, with LCR_DLAB */
	UART_DLM = 1,
	UART_IER = 1,
	UART_IIR = 2, /* read */
	UART_FCR = 2, /* write */
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
	UART_MSR = 6,
	UART_SCR = 7,

	IER_RX = 1 << 0,
	IER_TX = 1 << 1,
	IER_LINE = 1 << 2,
	IER_MODEM = 1 << 3,

	IIR_NONE = 1 << 0, /* nothing pending */
	IIR_FIFO = 3 << 6, /* both set: a FIFO that works */

	FCR_ENABLE = 1 << 0,
	FCR_CLEAR_RX = 1 << 1,
	FCR_CLEAR_TX = 1 << 2,
	FCR_TRIGGER_8 = 2 << 6,

	LCR_STOP = 1 << 2,
	LCR_PARITY = 1 << 3,
	LCR_EVEN = 1 << 4,
	LCR_STICK = 1 << 5,
	LCR_BREAK = 1 << 6,
	LCR_DLAB = 1 << 7,

	MCR_DTR = 1 << 0,
	MCR_RTS = 1 << 1,
	MCR_OUT2 = 1 << 3, /* on a PC: lets the interrupt out */
	MCR_LOOP = 1 << 4,

	LSR_DATA = 1 << 0,
	LSR_OVERRUN = 1 << 1,
	LSR_PARITY = 1 << 2,
	LSR_FRAME = 1 << 3,
	LSR_BREAK = 1 << 4,
	LSR_THR_EMPTY = 1 << 5, /* the FIFO is empty */
	LSR_IDLE = 1 << 6,
	LSR_ERRORS = LSR_OVERRUN | LSR_PARITY | LSR_FRAME | LSR_BREAK,

	MSR_CTS = 1 << 4,
	MSR_DSR = 1 << 5,
	MSR_RI = 1 << 6,
	MSR_DCD = 1 << 7,
};

#define SERIAL_PORTS 4

/* I: constant.  u: uart.lock. */
struct serial {
	struct uart_port uart;
	bool present;           /* I */
	bool fifo;              /* I: 16 bytes deep */
	u8 ier, mcr, lcr;       /* u: as last written */
	u8 modem;               /* u: MSR as last seen */
	bool open;              /* u */
	struct irq_line *line;  /* thread that opens and closes */
	struct log_console console; /* I */
};

extern struct serial serials[SERIAL_PORTS];

u8 serial_read(struct serial *s, unsigned reg);
void serial_write(struct serial *s, unsigned reg, u8 v);
/* Looks for the port: whether it is there. Boot. */
bool serial_detect(struct serial *s);
/* Line settings to the chip. Lock, or boot. */
void serial_line_set(struct serial *s, const struct uart_settings *settings);
extern const struct uart_ops serial_ops;
