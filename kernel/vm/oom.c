/*
 * The end of memory: when a process has to die, and how its memory comes free even if it cannot.
 * Which one it is, is proc's choice (vm_set_oom_killer).
 *
 * A victim gets SIGKILL and usually goes by itself. It may be unable to: it waits for a disk, or
 * for a lock whose owner waits for memory. So the reclaim thread takes its private memory away, as
 * MADV_DONTNEED would: nobody looks at it again, since its faults fail. If even that is impossible,
 * because somebody who waits for memory changes the space's areas, the next victim is chosen after
 * a second. So each wait here has an end.
 */
#include "core/clock.h"
#include "sched/thread.h"
#include "sched/wait.h"
#include "vm/vm_int.h"

#define PATIENCE_NS NSEC_PER_SEC

/* a: atomic. */
static struct {
	struct aspace *victim;  /* a: to be reaped, with a reference */
	u64 gone;               /* a: spaces that went away or were reaped */
	struct wait_queue wait; /* for `gone` to change */
	bool (*kill)(unsigned order);
} oom = {
	.wait = WAIT_QUEUE_INIT(oom.wait),
};

void vm_set_oom_killer(bool (*kill)(unsigned order))
{
	oom.kill = kill;
}

void oom_memory_freed(void)
{
	__atomic_fetch_add(&oom.gone, 1, __ATOMIC_RELAXED);
	wait_wake(&oom.wait, 0);
}

bool oom_decide(unsigned order)
{
	u64 seen = READ_ONCE(oom.gone);

	if (thread_fatal_pending() || !oom.kill || !oom.kill(order))
		return false;
	/* The victim needs the processor to go away; it may be this very thread. */
	if (!thread_fatal_pending())
		(void)wait_until_timeout(&oom.wait,
					 READ_ONCE(oom.gone) != seen || thread_fatal_pending(),
					 clock_monotonic() + 100 * NSEC_PER_MSEC);
	return !thread_fatal_pending();
}

void vm_oom_victim(struct aspace *as)
{
	struct aspace *none = NULL;

	vm_count(VM_OOM_KILLS, 1);
	WRITE_ONCE(as->oom_ns, clock_monotonic());
	WRITE_ONCE(as->dying, true);
	aspace_get(as);
	if (__atomic_compare_exchange_n(&oom.victim, &none, as, false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED))
		reclaim_wake();
	else
		aspace_put(as);
}

bool vm_oom_pending(const struct aspace *as)
{
	u64 since = READ_ONCE(as->oom_ns);

	return since && !READ_ONCE(as->reaped) && clock_monotonic() < since + PATIENCE_NS;
}

bool oom_has_victim(void)
{
	return READ_ONCE(oom.victim);
}

/* Removes the private entries of the space: whether its lock could be had. */
static bool reap(struct aspace *as)
{
	struct vm_area *area;
	struct zap zap;

	if (!rwsem_try_read(&as->lock))
		return false;
	zap_init(&zap, as);
	for (area = area_first(as); area; area = area_next(area))
		if (!(area->flags & (AREA_SHARED | AREA_DEVICE)))
			zap_range(&zap, area->start, area->end, 0);
	zap_finish(&zap);
	rwsem_read_end(&as->lock);
	return true;
}

void oom_reap(void)
{
	struct aspace *as = READ_ONCE(oom.victim);
	bool done;

	if (likely(!as))
		return;
	done = reap(as);
	if (done)
		WRITE_ONCE(as->reaped, true);
	else if (vm_oom_pending(as))
		return;
	__atomic_store_n(&oom.victim, NULL, __ATOMIC_RELEASE);
	aspace_put(as);
	if (done)
		oom_memory_freed();
}
