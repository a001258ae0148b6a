/*
 * Interrupt vectors. Each CPU has a table of 256 handlers; a vector is allocated on one CPU and
 * bound to a function (dev/irq.c shares lines on top of that). Interrupts do not nest: all gates
 * turn them off.
 */
#include "abi/errno.h"
#include "arch/io.h"
#include "arch/percpu.h"
#include "arch/upcall.h"
#include "arch/x86_64/apic_int.h"
#include "arch/x86_64/irq_int.h"
#include "arch/x86_64/smp_int.h"
#include "core/log.h"
#include "core/resource.h"
#include "core/spinlock.h"

#define PIC1_COMMAND 0x20
#define PIC1_DATA    0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA    0xa1
#define PIC_INIT     0x11
#define PIC_8086     0x01

struct irq_handler {
	irq_vector_fn *fn; /* NULL: free */
	void *arg;
};

struct irq_cpu {
	unsigned depth;      /* handlers running on this CPU; must be first */
	struct regs *regs;   /* what the innermost one interrupted */
	struct irq_handler handlers[256]; /* alloc_lock to change */
};

DEFINE_PERCPU(struct irq_cpu, irq_cpu); /* errno_note.S reads the depth */
DEFINE_PERCPU(struct irq_cpu_counts, irq_counts);
static struct spinlock alloc_lock = SPINLOCK_INIT(RANK_IRQ, "irq_vectors");

__section(".text.hot") void irq_dispatch(unsigned vector, struct regs *regs)
{
	struct irq_cpu *cpu = this_cpu_ptr(irq_cpu);
	const struct irq_handler *h = &cpu->handlers[vector];
	struct regs *outer = cpu->regs;

	cpu->depth++;
	cpu->regs = regs;
	if (likely(h->fn))
		h->fn(h->arg);
	else
		this_cpu_add(irq_counts.spurious, 1);
	if (likely(vector >= VECTOR_FIRST && vector != VECTOR_SPURIOUS))
		apic_eoi();
	cpu->regs = outer;
	cpu->depth--;
}

bool irq_in_handler(void)
{
	return this_cpu_ptr(irq_cpu)->depth > 0;
}

bool irq_from_user(void)
{
	const struct regs *regs = this_cpu_ptr(irq_cpu)->regs;

	return regs && regs_user(regs);
}

static bool vector_free_everywhere(unsigned vector)
{
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (percpu_ptr(irq_cpu, cpu)->handlers[vector].fn)
			return false;
	}
	return true;
}

/* A free vector of that CPU, best one that is free on all; 0: none. */
static unsigned vector_choose_locked(unsigned cpu)
{
	unsigned found = 0;

	for (unsigned v = VECTOR_FIRST; v <= VECTOR_LAST; v++) {
		if (vector_free_everywhere(v))
			return v;
		if (!found && !percpu_ptr(irq_cpu, cpu)->handlers[v].fn)
			found = v;
	}
	return found;
}

static void vector_bind_locked(unsigned cpu, unsigned vector, irq_vector_fn *fn, void *arg)
{
	struct irq_handler *h = &percpu_ptr(irq_cpu, cpu)->handlers[vector];

	h->arg = arg;
	store_release(&h->fn, fn);
}

int irq_vector_alloc(unsigned cpu, irq_vector_fn *fn, void *arg, unsigned *vector)
{
	u64 flags = spin_lock_irq(&alloc_lock);
	unsigned v = vector_choose_locked(cpu);

	if (v) {
		vector_bind_locked(cpu, v, fn, arg);
		*vector = v;
	}
	spin_unlock_irq(&alloc_lock, flags);
	return v ? 0 : -ENOSPC;
}

int irq_vector_copy(unsigned from, unsigned to, unsigned vector)
{
	const struct irq_handler *h = &percpu_ptr(irq_cpu, from)->handlers[vector];
	u64 flags = spin_lock_irq(&alloc_lock);
	bool taken = percpu_ptr(irq_cpu, to)->handlers[vector].fn;

	if (!taken)
		vector_bind_locked(to, vector, h->fn, h->arg);
	spin_unlock_irq(&alloc_lock, flags);
	return taken ? -EBUSY : 0;
}

void irq_vector_free(unsigned cpu, unsigned vector)
{
	u64 flags = spin_lock_irq(&alloc_lock);

	store_release(&percpu_ptr(irq_cpu, cpu)->handlers[vector].fn, NULL);
	spin_unlock_irq(&alloc_lock, flags);
}

/*
 * Moves the legacy controllers' vectors out of the exceptions' way and masks all their lines (8259A
 * data sheet).
 */
static void pic_disable(void)
{
	io_out8(PIC1_COMMAND, PIC_INIT);
	io_out8(PIC2_COMMAND, PIC_INIT);
	io_out8(PIC1_DATA, VECTOR_PIC);
	io_out8(PIC2_DATA, VECTOR_PIC + 8);
	io_out8(PIC1_DATA, 4);
	io_out8(PIC2_DATA, 2);
	io_out8(PIC1_DATA, PIC_8086);
	io_out8(PIC2_DATA, PIC_8086);
	io_out8(PIC1_DATA, 0xff);
	io_out8(PIC2_DATA, 0xff);
	resource_add(RESOURCE_PORTS, PIC1_COMMAND, 2, "pic1");
	resource_add(RESOURCE_PORTS, PIC2_COMMAND, 2, "pic2");
}

static void timer_interrupt(void *arg)
{
	this_cpu_add(irq_counts.timer, 1);
	upcall_tick();
}

static void kick_interrupt(void *arg)
{
	this_cpu_add(irq_counts.kick, 1);
	upcall_kick();
}

void irq_cpu_counts(unsigned cpu, struct irq_cpu_counts *out)
{
	*out = *percpu_ptr(irq_counts, cpu);
}

static void error_interrupt(void *arg)
{
	log_warn("apic: error status %#x", apic_error());
}

void irq_init_cpu(void)
{
	struct irq_handler *handlers = this_cpu_ptr(irq_cpu)->handlers;

	handlers[VECTOR_TIMER].fn = timer_interrupt;
	handlers[VECTOR_KICK].fn = kick_interrupt;
	handlers[VECTOR_CALL].fn = cpu_call_interrupt;
	handlers[VECTOR_ERROR].fn = error_interrupt;
	apic_init_cpu();
}

void irq_init(void)
{
	pic_disable();
	madt_init();
	apic_init(smp_max_apic_id());
	irq_init_cpu();
}
