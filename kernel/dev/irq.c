/*
 * Interrupt lines. A *source* is what arch delivers: a vector that one global system interrupt
 * (GSI) or one message raises. A *line* is one listener of a source; an ISA line or a GSI may have
 * several, and each is asked in turn. Sources live as long as they have a listener.
 *
 * The vector's function walks the listeners without a lock, since drivers take locks of lower rank
 * there; the source's `walk` lock says that one is under way, and keeps two CPUs apart while an
 * interrupt goes from one to the other. So irq_release() unlinks its line with release order, waits
 * until no walk is under way, and only then frees it.
 *
 * New sources are spread over the CPUs in turn. To move one, its vector is bound on the new CPU
 * too, the controller or the device is told to send it there, and when what was under way has
 * arrived the old CPU's is given up. The vector stays the same number, so that only one word of the
 * device's message changes.
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
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "lib/bitops.h"
#include "lib/list.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/mutex.h"
#include "sched/rcu.h"
#include "sched/thread.h"

#define UNHANDLED_MAX 50000
#define MSI_NUMBER_BASE 256 /* numbers of message interrupts in /proc/interrupts; GSIs are below */

/* I: constant.  t: table.  c: the CPU that takes the interrupt.
 * w: walk. */
struct irq_source {
	struct list link;           /* t */
	unsigned number;            /* I: GSI, or MSI_NUMBER_BASE + n */
	unsigned cpu;               /* t: where it goes */
	unsigned vector;            /* I */
	u64 cpus;                   /* t: where it may go */
	irq_message_fn *change;     /* I: of MSIs … */
	void *owner;                /* I: … and its arguments */
	unsigned index;             /* I */
	bool msi, level;            /* I */
	enum irq_trigger trigger;   /* I: of GSIs */
	struct irq_line *lines;     /* t to change; walked by the interrupt */
	struct spinlock walk;       /* an interrupt is among the lines; not ranked, like all that
				     * an interrupt begins with */
	u32 unhandled;              /* c: in a row */
	u32 n_moments;              /* w: counts them */
	u64 moments;                /* w: when the last ones came, for random numbers … */
	u64 mixed_ns;               /* w: … and when they were last used for these */
	u64 counts[CPU_MAX];        /* c */
};

struct irq_line {
	struct irq_line *next;      /* t to change */
	struct irq_source *source;  /* I */
	irq_handler *handler;       /* I */
	void *arg;                  /* I */
	char name[24];              /* I */
};

static struct list sources = LIST_INIT(sources); /* t */
static u64 default_cpus = ~0ull;                 /* t to change */
static struct mutex table = MUTEX_INIT(table, RANK_DEV, "irq table");

unsigned irq_number(const struct irq_line *line)
{
	return line->source->number;
}

static void irq_unhandled(struct irq_source *s)
{
	if (!s->level || ++s->unhandled < UNHANDLED_MAX)
		return;
	irq_gsi_mask(s->number);
	s->unhandled = 0;
	log_err("irq %u: nobody cares, masked (last asked: %s)", s->number,
		s->lines ? s->lines->name : "nobody");
}

/*
 * When devices interrupt is not to be foretold to the cycle: 64 moments, each in another place of a
 * word, are mixed into the generator, not more than once a second. s->walk held.
 */
static void irq_moment(struct irq_source *s)
{
	u64 now;

	s->moments = rol64(s->moments, 13) ^ cpu_cycles();
	if (++s->n_moments % 64)
		return;
	now = clock_monotonic();
	if (now - s->mixed_ns < NSEC_PER_SEC)
		return;
	s->mixed_ns = now;
	random_mix(&s->moments, sizeof(s->moments));
}

static void irq_fire(void *arg)
{
	struct irq_source *s = arg;
	bool handled = false;

	spin_lock(&s->walk);
	s->counts[cpu_id()]++;
	irq_moment(s);
	for (struct irq_line *l = __atomic_load_n(&s->lines, __ATOMIC_SEQ_CST); l;
	     l = load_acquire(&l->next))
		if (l->handler(l->arg) == IRQ_HANDLED)
			handled = true;
	if (likely(handled))
		s->unhandled = 0;
	else
		irq_unhandled(s);
	spin_unlock(&s->walk);
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

static u64 cpus_reachable(void)
{
	u64 cpus = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		cpus |= irq_cpu_reachable(cpu) ? BIT(cpu) : 0;
	return cpus;
}

/* The CPU of the mask that has the fewest sources; the boot CPU if none can be reached. */
static unsigned cpu_choose(u64 cpus)
{
	u32 count[CPU_MAX] = { 0 };
	struct irq_source *s;
	unsigned best = CPU_MAX;

	list_for_each_entry(s, &sources, link)
		count[s->cpu]++;
	for (u64 left = cpus & cpus_reachable(); left; left &= left - 1) {
		unsigned cpu = ctz64(left);

		if (best == CPU_MAX || count[cpu] < count[best])
			best = cpu;
	}
	return best == CPU_MAX ? 0 : best;
}

/* A new source with a vector; not yet in the list. */
static int source_create(struct irq_source **out)
{
	struct irq_source *s = kzalloc(sizeof(*s), MM_KERNEL);
	int err;

	if (!s)
		return -ENOMEM;
	spin_init(&s->walk, RANK_NONE, "irq");
	s->cpus = default_cpus;
	s->cpu = cpu_choose(s->cpus);
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
		s->trigger = trigger;
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

int irq_request_msi(const char *name, irq_handler *handler, void *arg, irq_message_fn *change,
		    void *owner, unsigned index, struct irq_line **line, u64 *address, u32 *data)
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
		s->change = change;
		s->owner = owner;
		s->index = index;
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
	u64 flags;

	mutex_lock(&table);
	for (at = &s->lines; *at != line; at = &(*at)->next)
		;
	__atomic_store_n(at, line->next, __ATOMIC_SEQ_CST);
	if (!s->lines && !s->msi)
		irq_gsi_mask(s->number);
	flags = spin_lock_irq(&s->walk);
	spin_unlock_irq(&s->walk, flags);
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

static struct irq_source *source_find(unsigned number)
{
	struct irq_source *s;

	list_for_each_entry(s, &sources, link)
		if (s->number == number)
			return s;
	return NULL;
}

int irq_next(unsigned from)
{
	struct irq_source *s;
	int number = -1;

	mutex_lock(&table);
	list_for_each_entry(s, &sources, link) /* in order of number */
		if (s->number >= from) {
			number = (int)s->number;
			break;
		}
	mutex_unlock(&table);
	return number;
}

int irq_affinity(unsigned number, u64 *cpus, unsigned *cpu)
{
	struct irq_source *s;

	mutex_lock(&table);
	s = source_find(number);
	if (s) {
		*cpus = s->cpus;
		*cpu = s->cpu;
	}
	mutex_unlock(&table);
	return s ? 0 : -ENOENT;
}

/* Sends the source's interrupts to another CPU. */
static int source_move(struct irq_source *s, unsigned cpu)
{
	unsigned old = s->cpu;
	int err = irq_vector_copy(old, cpu, s->vector);
	u64 address, flags;
	u32 data;

	if (err)
		return err;
	if (s->msi) {
		irq_msi_message(cpu, s->vector, &address, &data);
		s->change(s->owner, s->index, (u32)address);
	} else {
		(void)irq_gsi_route(s->number, s->trigger, cpu, s->vector);
		irq_gsi_unmask(s->number);
	}
	s->cpu = cpu;
	/* An edge that came while the line was masked is lost: the listeners are asked. */
	flags = irq_save();
	irq_fire(s);
	irq_restore(flags);
	/* Between two of its passes the old CPU has taken what was on its way to it. */
	rcu_synchronize();
	rcu_synchronize();
	irq_vector_free(old, s->vector);
	return 0;
}

int irq_set_affinity(unsigned number, u64 cpus)
{
	struct irq_source *s;
	int err = 0;

	if (!(cpus & cpus_reachable()))
		return -EINVAL;
	mutex_lock(&table);
	s = source_find(number);
	if (!s)
		err = -ENOENT;
	else if (!(cpus & BIT(s->cpu)))
		err = source_move(s, cpu_choose(cpus));
	if (!err)
		s->cpus = cpus;
	mutex_unlock(&table);
	return err;
}

u64 irq_default_affinity(void)
{
	return READ_ONCE(default_cpus);
}

int irq_set_default_affinity(u64 cpus)
{
	if (!(cpus & cpus_reachable()))
		return -EINVAL;
	mutex_lock(&table);
	WRITE_ONCE(default_cpus, cpus);
	mutex_unlock(&table);
	return 0;
}
