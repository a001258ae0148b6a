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
/* A vector of its own for a message-signalled interrupt; the device must write the message. When
 * the interrupt goes to another CPU, change(owner, index, address) is called: of the message only
 * the lower half of the address has become another. Thread context. */
typedef void irq_message_fn(void *owner, unsigned index, u32 address);
int irq_request_msi(const char *name, irq_handler *handler, void *arg, irq_message_fn *change,
		    void *owner, unsigned index, struct irq_line **line, u64 *address, u32 *data);
/* Stops listening; on return the handler does not run any more. Thread context. */
void irq_release(struct irq_line *line);
/* Its number in /proc/interrupts. */
unsigned irq_number(const struct irq_line *line);
/* Calls fn for each line (/proc/interrupts): number, counts per CPU, kind and names. */
void irq_each(void (*fn)(unsigned number, const u64 *counts, const char *kind, const char *names,
			 void *arg),
	      void *arg);
/* The first number at or above `from` that has a source, or -1. */
int irq_next(unsigned from);
/* To which CPUs an interrupt may go, and to which it goes: 0 or -ENOENT. */
int irq_affinity(unsigned number, u64 *cpus, unsigned *cpu);
/* Sends it to one of the mask, at once: 0, -ENOENT, -EINVAL if none of them can take it, or -EBUSY
 * if its vector is taken there. Thread context. */
int irq_set_affinity(unsigned number, u64 cpus);
/* The CPUs among which new interrupts are spread. -EINVAL as above. */
u64 irq_default_affinity(void);
int irq_set_default_affinity(u64 cpus);
