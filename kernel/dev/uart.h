/*
 * Serial ports: a driver (a leaf) registers a port, the terminal room above it becomes its
 * listener. Bytes received are handed up from the interrupt; bytes to send wait in the port's ring,
 * which the driver empties as its transmitter takes them.
 */
#pragma once

#include "core/spinlock.h"
#include "lib/list.h"
#include "lib/ring.h"
#include "lib/types.h"

struct uart_port;

enum uart_parity {
	UART_PARITY_NONE,
	UART_PARITY_ODD,
	UART_PARITY_EVEN,
	UART_PARITY_MARK,
	UART_PARITY_SPACE
};

/* What termios(3) says of the line. */
struct uart_settings {
	u32 baud;          /* bits per second; 0: hang up (DTR and RTS low) */
	u8 bits;           /* 5 … 8 */
	u8 parity;         /* enum uart_parity */
	bool two_stops;
	bool rts_cts;      /* the other side's CTS stops us; RTS stops the other side */
};

/* Status of a received byte; the byte of a break is 0. */
enum {
	UART_RX_GOOD = 0,
	UART_RX_BREAK = 1,
	UART_RX_FRAME = 2,
	UART_RX_PARITY = 4,
	UART_RX_OVERRUN = 8 /* bytes before this one were lost */
};

/* Called with interrupts off and no lock of the port held; must not sleep. Each may be NULL. */
struct uart_listener {
	/* n bytes came in; status[i] belongs to data[i], NULL: all are good. One call at a time per
	 * port. */
	void (*receive)(void *arg, const u8 *data, const u8 *status, size_t n);
	/* The ring fell to a quarter or less. */
	void (*writable)(void *arg);
	/* Modem lines (TIOCM_CAR, _CTS, _DSR, _RNG) and which of them changed. */
	void (*modem)(void *arg, unsigned lines, unsigned changed);
};

/* The driver's part. Called with the port's lock held, interrupts off, but for open and close
 * (thread context). */
struct uart_ops {
	/* Interrupts on, receiver on: 0, or -errno (-ENODEV, -EBUSY). */
	int (*open)(struct uart_port *port);
	/* The opposite; what the ring holds is dropped. */
	void (*close)(struct uart_port *port);
	/* There is something in the ring. */
	void (*start)(struct uart_port *port);
	/* port->settings are new. */
	void (*configure)(struct uart_port *port);
	/* All lines as TIOCM_* bits; sets TIOCM_DTR and TIOCM_RTS. */
	unsigned (*get_modem)(struct uart_port *port);
	void (*set_modem)(struct uart_port *port, unsigned lines);
	void (*set_break)(struct uart_port *port, bool on);
	/* Whether the transmitter has sent its last bit. */
	bool (*idle)(struct uart_port *port);
	/* The output is dropped: empty the transmitter's own buffer, too. NULL: it has none. */
	void (*flush)(struct uart_port *port);
};

#define UART_RING 4096

/* I: constant.  u: lock.  r: registry's lock. */
struct uart_port {
	struct list link;                     /* r */
	const struct uart_ops *ops;           /* I */
	unsigned number;                      /* I: n of ttySn */
	const char *kind;                     /* I: "16550A" */
	u16 io;                               /* I: first I/O port, or 0 */
	u32 irq;                              /* I */
	u32 clock_baud;                       /* I: highest rate */
	struct spinlock lock;                 /* unranked: taken by the log's console, too */
	const struct uart_listener *listener; /* u: set while attached */
	void *listener_arg;                   /* u */
	struct uart_settings settings;        /* u */
	struct ring tx;                       /* u */
	u8 tx_storage[UART_RING];
	bool stopped;                         /* u: flow control by CTS holds us */
	bool paused;                          /* u: uart_pause() */
	u64 n_rx, n_tx, n_break, n_frame, n_parity, n_overrun; /* u */
};

/* Driver side. The port's number, kind, io, irq, clock_baud and ops are set. */
void uart_register(struct uart_port *port);

/* Listener's side. */
/* ttySn, or NULL. Ports stay for good. */
struct uart_port *uart_find(unsigned n);
void uart_each(void (*fn)(struct uart_port *port, void *arg), void *arg);
/* Becomes the listener and opens the port: 0, -EBUSY if there is one, or the driver's error. Thread
 * context. */
int must_check uart_attach(struct uart_port *port, const struct uart_listener *listener, void *arg,
			   const struct uart_settings *settings);
/* Closes the port; on return the listener is not called any more. Thread context. */
void uart_detach(struct uart_port *port);
/* Puts bytes into the ring: how many there was room for. Any context. */
size_t uart_write(struct uart_port *port, const void *data, size_t n);
/* Bytes that the ring could take now, and bytes in it. Any context. */
size_t uart_room(struct uart_port *port);
size_t uart_pending(struct uart_port *port);
/* Whether all has left the wire (tcdrain(3)). Any context. */
bool uart_idle(struct uart_port *port);
/* Drops what was not sent (TCOFLUSH). Any context. */
void uart_flush(struct uart_port *port);
void uart_configure(struct uart_port *port, const struct uart_settings *settings);
unsigned uart_get_modem(struct uart_port *port);
void uart_set_modem(struct uart_port *port, unsigned set, unsigned clear);
void uart_set_break(struct uart_port *port, bool on);
/* Output stops and goes on (TCOOFF); what the transmitter holds still goes out. Any context. */
void uart_pause(struct uart_port *port, bool paused);
/* The listener's buffer is full, or has room again: with rts_cts RTS tells the other side. Any
 * context. */
void uart_throttle(struct uart_port *port, bool full);
