/* Interrupt lines for drivers: shared handlers, counters for /proc/interrupts. */
#pragma once

#include "arch/irq.h"
#include "lib/types.h"

struct irq_line;
enum irq_result { IRQ_NONE, IRQ_HANDLED };
/* Interrupts off; must not sleep. */
typedef enum irq_result irq_handler(void *arg);

/* Listens to an ISA line (0 … 15) or a global system interrupt, which may be shared: 0 and *line,
 * or -ENODEV, -ENOSPC, -ENOMEM. */
int irq_request_isa(unsigned isa, const char *name, irq_handler *handler, void *arg,
		    struct irq_line **line);
/* If the MADT says that the line is level-triggered, its polarity counts more than `trigger`'s. */
int irq_request_gsi(unsigned gsi, enum irq_trigger trigger, const char *name, irq_handler *handler,
		    void *arg, struct irq_line **line);
/* A vector of its own for a message-signalled interrupt; the device must write the message. */
int irq_request_msi(const char *name, irq_handler *handler, void *arg, struct irq_line **line,
		    u64 *address, u32 *data);
/* Stops listening; on return the handler does not run any more. Thread context. */
void irq_release(struct irq_line *line);
/* Calls fn for each line (/proc/interrupts): number, counts per CPU, kind and names. */
void irq_each(void (*fn)(unsigned number, const u64 *counts, const char *kind, const char *names,
			 void *arg),
	      void *arg);
