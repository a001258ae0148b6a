/*
 * The class of serial ports: the list of ports, and the listener's calls, which take the port's
 * lock and go to the driver.
 */
#include "dev/uart.h"

#include "abi/errno.h"
#include "abi/termios.h"
#include "sched/mutex.h"
#include "sched/rcu.h"

static struct mutex registry = MUTEX_INIT(registry, RANK_DEV, "uarts");
static struct list ports = LIST_INIT(ports);

void uart_register(struct uart_port *port)
{
	ring_init(&port->tx, port->tx_storage, UART_RING);
	mutex_lock(&registry);
	list_add_tail(&port->link, &ports);
	mutex_unlock(&registry);
}

struct uart_port *uart_find(unsigned n)
{
	struct uart_port *port, *found = NULL;

	mutex_lock(&registry);
	list_for_each_entry(port, &ports, link)
		if (port->number == n)
			found = port;
	mutex_unlock(&registry);
	return found;
}

void uart_each(void (*fn)(struct uart_port *port, void *arg), void *arg)
{
	struct uart_port *port;

	mutex_lock(&registry);
	list_for_each_entry(port, &ports, link)
		fn(port, arg);
	mutex_unlock(&registry);
}

int uart_attach(struct uart_port *port, const struct uart_listener *listener, void *arg,
		const struct uart_settings *settings)
{
	u64 flags = spin_lock_irq(&port->lock);
	bool busy = port->listener;
	int err;

	if (!busy) {
		port->listener = listener;
		port->listener_arg = arg;
		port->settings = *settings;
		port->paused = port->stopped = false;
	}
	spin_unlock_irq(&port->lock, flags);
	if (busy)
		return -EBUSY;
	err = port->ops->open(port);
	if (!err) {
		uart_configure(port, settings);
		return 0;
	}
	flags = spin_lock_irq(&port->lock);
	port->listener = NULL;
	spin_unlock_irq(&port->lock, flags);
	return err;
}

void uart_detach(struct uart_port *port)
{
	u64 flags;

	port->ops->close(port);
	flags = spin_lock_irq(&port->lock);
	port->listener = NULL;
	ring_reset(&port->tx);
	spin_unlock_irq(&port->lock, flags);
	rcu_synchronize(); /* who wrote last may still be in a call to the listener */
}

size_t uart_write(struct uart_port *port, const void *data, size_t n)
{
	u64 flags = spin_lock_irq(&port->lock);
	size_t put = n;

	/* What comes too late for a port that was closed must not go out at its next open. */
	if (port->listener)
		put = ring_write(&port->tx, data, (u32)min(n, (size_t)UART_RING));
	if (port->listener && put && !port->paused && !port->stopped)
		port->ops->start(port);
	spin_unlock_irq(&port->lock, flags);
	return put;
}

size_t uart_room(struct uart_port *port)
{
	return ring_space(&port->tx);
}

size_t uart_pending(struct uart_port *port)
{
	return ring_used(&port->tx);
}

bool uart_idle(struct uart_port *port)
{
	u64 flags = spin_lock_irq(&port->lock);
	bool idle = ring_empty(&port->tx) && port->ops->idle(port);

	spin_unlock_irq(&port->lock, flags);
	return idle;
}

void uart_flush(struct uart_port *port)
{
	u64 flags = spin_lock_irq(&port->lock);

	ring_reset(&port->tx);
	if (port->ops->flush)
		port->ops->flush(port);
	spin_unlock_irq(&port->lock, flags);
}

void uart_configure(struct uart_port *port, const struct uart_settings *settings)
{
	u64 flags = spin_lock_irq(&port->lock);

	port->settings = *settings;
	if (!settings->rts_cts)
		port->stopped = false;
	port->ops->configure(port);
	if (!ring_empty(&port->tx) && !port->paused && !port->stopped)
		port->ops->start(port);
	spin_unlock_irq(&port->lock, flags);
}

unsigned uart_get_modem(struct uart_port *port)
{
	u64 flags = spin_lock_irq(&port->lock);
	unsigned lines = port->ops->get_modem(port);

	spin_unlock_irq(&port->lock, flags);
	return lines;
}

void uart_set_modem(struct uart_port *port, unsigned set, unsigned clear)
{
	u64 flags = spin_lock_irq(&port->lock);
	unsigned lines = port->ops->get_modem(port);

	port->ops->set_modem(port, (lines & ~clear) | set);
	spin_unlock_irq(&port->lock, flags);
}

void uart_set_break(struct uart_port *port, bool on)
{
	u64 flags = spin_lock_irq(&port->lock);

	port->ops->set_break(port, on);
	spin_unlock_irq(&port->lock, flags);
}

void uart_pause(struct uart_port *port, bool paused)
{
	u64 flags = spin_lock_irq(&port->lock);

	port->paused = paused;
	if (!paused && !port->stopped && !ring_empty(&port->tx))
		port->ops->start(port);
	spin_unlock_irq(&port->lock, flags);
}

void uart_throttle(struct uart_port *port, bool full)
{
	if (!port->settings.rts_cts)
		return;
	uart_set_modem(port, full ? 0 : TIOCM_RTS, full ? TIOCM_RTS : 0);
}
