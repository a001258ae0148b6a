/*
 * The spinlock checks of debug builds. Each CPU keeps the list of the spinlocks it holds; a lock
 * may be taken only if its rank is not below any of theirs (core/lockrank.h), and never twice. What
 * an interrupted piece of code holds counts too: a handler that waits for a lower rank could wait
 * for ever.
 */
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/percpu.h"
#include "core/panic.h"
#include "core/spinlock.h"

#ifdef CONFIG_DEBUG

#define HELD_MAX 16

struct held_locks {
	unsigned n;
	struct spinlock *locks[HELD_MAX];
};

static DEFINE_PERCPU(struct held_locks, held_locks);

void spin_debug_acquire(struct spinlock *lock)
{
	u64 flags = irq_save();
	const struct held_locks *held = this_cpu_ptr(held_locks);

	for (unsigned i = 0; i < held->n; i++) {
		const struct spinlock *h = held->locks[i];

		if (h == lock)
			panic("spinlock %s: taken twice by this CPU", lock->name);
		if (lock->rank != RANK_NONE && h->rank > lock->rank)
			panic("spinlock %s (rank %d) taken while holding %s (rank %d)", lock->name,
			      (int)lock->rank,
			      h->name, (int)h->rank);
	}
	irq_restore(flags);
}

void spin_debug_acquired(struct spinlock *lock)
{
	u64 flags = irq_save();
	struct held_locks *held = this_cpu_ptr(held_locks);

	lock->cpu = cpu_id();
	if (held->n == HELD_MAX)
		panic("spinlock %s: this CPU holds %d already", lock->name, HELD_MAX);
	held->locks[held->n++] = lock;
	irq_restore(flags);
}

void spin_debug_release(struct spinlock *lock)
{
	u64 flags = irq_save();
	struct held_locks *held = this_cpu_ptr(held_locks);
	unsigned i = held->n;

	while (i > 0 && held->locks[i - 1] != lock)
		i--;
	if (i == 0 || lock->cpu != cpu_id())
		panic("spinlock %s: released by a CPU that does not hold it", lock->name);
	for (held->n--; i <= held->n; i++)
		held->locks[i - 1] = held->locks[i];
	lock->cpu = CPU_MAX;
	irq_restore(flags);
}

void debug_might_sleep(const char *file, int line)
{
	if (!thread_current())
		return;
	if (this_cpu_ptr(held_locks)->n)
		panic("%s:%d: may sleep while holding spinlock %s", file, line,
		      this_cpu_ptr(held_locks)->locks[0]->name);
	if (irq_in_handler())
		panic("%s:%d: may sleep in an interrupt handler", file, line);
	if (!irq_enabled())
		panic("%s:%d: may sleep with interrupts off", file, line);
}

#endif
