/*
 * Interrupt lines. A *source* is what arch delivers: a vector that one global system interrupt
 * (GSI) or one message raises. A *line* is one listener of a source; an ISA line or a GSI may have
 * several, and each is asked in turn. Sources live as long as they have a listener.
 *
 * The vector's function walks the listeners without a lock, since drivers take locks of lower rank
 * there. So irq_release() unlinks its line with release order, waits until no walk is under way,
 * and only then frees it. A vector is bound to one CPU: walks of one source never overlap.
 *
 * A level-triggered line that nobody serves would interrupt for ever: after UNHANDLED_MAX in a row
 * it is masked and the log says so.
 *
 * Locks: `table` (a mutex) guards the list of sources and changes of listeners.
 */
#include "dev/irq.h"

#include "abi/errno.h"
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/percpu.h"
#include "core/log.h"
#include "lib/list.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/mutex.h"
#include "sched/thread.h"

#define UNHANDLED_MAX 50000
#define MSI_NUMBER_BASE 256 /* numbers of message interrupts in /proc/interrupts; GSIs are below */

/* I: constant.  t: table.  c: the CPU that takes the interrupt. */
struct irq_source {
	struct list link;           /* t */
	unsigned number;            /* I: GSI, or MSI_NUMBER_BASE + n */
	unsigned cpu, vector;       /* I */
	bool msi, level;            /* I */
	struct irq_line *lines;     /* t to change; walked by the interrupt */
	u32 walking;                /* a: an interrupt is among the lines */
	u32 unhandled;              /* c: in a row */
	u64 counts[CPU_MAX];        /* c */
};

struct irq_line {
	struct irq_line *next;      /* t to change */
	struct irq_source *source;  /* I */
	irq_handler *handler;       /* I */
	void *arg;                  /* I */
	char name[24];              /* I */
};

static struct list sources = LIST_INIT(sources);
static struct mutex table = MUTEX_INIT(table, RANK_DEV, "irq table");

static void irq_unhandled(struct irq_source *s)
{
	if (!s->level || ++s->unhandled < UNHANDLED_MAX)
		return;
	irq_gsi_mask(s->number);
	s->unhandled = 0;
	log_err("irq %u: nobody cares, masked (last asked: %s)", s->number,
		s->lines ? s->lines->name : "nobody");
}

static void irq_fire(void *arg)
{
	struct irq_source *s = arg;
	bool handled = false;

	__atomic_store_n(&s->walking, 1, __ATOMIC_SEQ_CST);
	s->counts[cpu_id()]++;
	for (struct irq_line *l = __atomic_load_n(&s->lines, __ATOMIC_SEQ_CST); l;
	     l = load_acquire(&l->next))
		if (l->handler(l->arg) == IRQ_HANDLED)
			handled = true;
	if (likely(handled))
		s->unhandled = 0;
	else
		irq_unhandled(s);
	__atomic_store_n(&s->walking, 0, __ATOMIC_RELEASE);
}

static struct irq_source *source_find_gsi(unsigned gsi)
{
	struct irq_source *s;

	list_for_each_entry(s, &sources, link)
		if (!s->msi && s->number == gsi)
			return s;
	return NULL;
}

static unsigned msi_number_next(void)
{
	unsigned n = MSI_NUMBER_BASE;
	struct irq_source *s;

	list_for_each_entry(s, &sources, link) /* in order of number */
		if (s->number == n)
			n++;
	return n;
}

static void source_insert(struct irq_source *s)
{
	struct irq_source *at;

	list_for_each_entry(at, &sources, link)
		if (at->number > s->number)
			break;
	list_add_tail(&s->link, &at->link);
}

/* A new source with a vector; not yet in the list. */
static int source_create(struct irq_source **out)
{
	static unsigned next_cpu;
	struct irq_source *s = kzalloc(sizeof(*s), MM_KERNEL);
	int err;

	if (!s)
		return -ENOMEM;
	s->cpu = next_cpu++ % cpu_count();
	err = irq_vector_alloc(s->cpu, irq_fire, s, &s->vector);
	if (err) {
		kfree(s);
		return err;
	}
	*out = s;
	return 0;
}

static void source_destroy(struct irq_source *s)
{
	if (!s->msi)
		irq_gsi_mask(s->number);
	irq_vector_free(s->cpu, s->vector);
	kfree(s);
}

static struct irq_line *line_create(const char *name, irq_handler *handler, void *arg)
{
	struct irq_line *l = kzalloc(sizeof(*l), MM_KERNEL);

	if (!l)
		return NULL;
	l->handler = handler;
	l->arg = arg;
	strlcpy(l->name, name, sizeof(l->name));
	return l;
}

static void line_attach(struct irq_line *l, struct irq_source *s)
{
	l->source = s;
	l->next = s->lines;
	__atomic_store_n(&s->lines, l, __ATOMIC_SEQ_CST);
}

static int request_gsi(unsigned gsi, enum irq_trigger trigger, const char *name,
		       irq_handler *handler, void *arg, struct irq_line **line)
{
	struct irq_line *l = line_create(name, handler, arg);
	struct irq_source *s;
	int err = 0;

	if (!l)
		return -ENOMEM;
	mutex_lock(&table);
	s = source_find_gsi(gsi);
	if (!s) {
		err = source_create(&s);
		if (err)
			goto out;
		s->number = gsi;
		s->level = trigger == IRQ_LEVEL_HIGH || trigger == IRQ_LEVEL_LOW;
		err = irq_gsi_route(gsi, trigger, s->cpu, s->vector);
		if (err) {
			irq_vector_free(s->cpu, s->vector);
			kfree(s);
			goto out;
		}
		source_insert(s);
	}
	line_attach(l, s);
	irq_gsi_unmask(gsi);
	*line = l;
out:
	mutex_unlock(&table);
	if (err)
		kfree(l);
	return err;
}

int irq_request_isa(unsigned isa, const char *name, irq_handler *handler, void *arg,
		    struct irq_line **line)
{
	enum irq_trigger trigger;
	unsigned gsi;

	if (isa > 15)
		return -ENODEV;
	irq_isa_to_gsi(isa, &gsi, &trigger);
	return request_gsi(gsi, trigger, name, handler, arg, line);
}

int irq_request_gsi(unsigned gsi, enum irq_trigger trigger, const char *name, irq_handler *handler,
		    void *arg, struct irq_line **line)
{
	bool level = trigger == IRQ_LEVEL_HIGH || trigger == IRQ_LEVEL_LOW;

	/* A line that the MADT describes as level-triggered has its polarity from there. */
	for (unsigned isa = 0; isa < 16; isa++) {
		enum irq_trigger t;
		unsigned g;

		irq_isa_to_gsi(isa, &g, &t);
		if (g == gsi && level && (t == IRQ_LEVEL_HIGH || t == IRQ_LEVEL_LOW))
			trigger = t;
	}
	return request_gsi(gsi, trigger, name, handler, arg, line);
}

int irq_request_msi(const char *name, irq_handler *handler, void *arg, struct irq_line **line,
		    u64 *address, u32 *data)
{
	struct irq_line *l = line_create(name, handler, arg);
	struct irq_source *s;
	int err;

	if (!l)
		return -ENOMEM;
	mutex_lock(&table);
	err = source_create(&s);
	if (!err) {
		s->msi = true;
		s->number = msi_number_next();
		source_insert(s);
		line_attach(l, s);
		irq_msi_message(s->cpu, s->vector, address, data);
		*line = l;
	}
	mutex_unlock(&table);
	if (err)
		kfree(l);
	return err;
}

void irq_release(struct irq_line *line)
{
	struct irq_source *s = line->source;
	struct irq_line **at;

	mutex_lock(&table);
	for (at = &s->lines; *at != line; at = &(*at)->next)
		;
	__atomic_store_n(at, line->next, __ATOMIC_SEQ_CST);
	if (!s->lines && !s->msi)
		irq_gsi_mask(s->number);
	while (__atomic_load_n(&s->walking, __ATOMIC_SEQ_CST))
		cpu_relax();
	if (!s->lines) {
		list_del(&s->link);
		source_destroy(s);
	}
	mutex_unlock(&table);
	kfree(line);
}

void irq_each(void (*fn)(unsigned number, const u64 *counts, const char *kind, const char *names,
			 void *arg),
	      void *arg)
{
	struct irq_source *s;

	mutex_lock(&table);
	list_for_each_entry(s, &sources, link) {
		char names[160] = "";
		const char *kind;

		for (struct irq_line *l = s->lines; l; l = l->next) {
			if (names[0])
				strlcat(names, ", ", sizeof(names));
			strlcat(names, l->name, sizeof(names));
		}
		kind = s->msi ? "PCI-MSI" : s->level ? "IO-APIC-level" : "IO-APIC-edge";
		fn(s->number, s->counts, kind, names, arg);
	}
	mutex_unlock(&table);
}
