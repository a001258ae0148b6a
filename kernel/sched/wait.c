/*
 * Wait queues.
 *
 * A wake takes a sleeping thread's entry off the queue after it has made the thread runnable, both
 * under the queue's lock; so the woken thread that finds its entry off the list (both links
 * pointing to itself, the last thing the waker writes) need not take the lock, and otherwise waits
 * for the waker to be done with the entry.
 *
 * Locks: q->lock (RANK_WAIT, interrupts off).
 */
#include "sched/wait.h"

#include "sched/clock_timer.h"
#include "sched/deadline.h"
#include "sched/run_int.h"
#include "sched/wait_int.h"

/* Exclusive entries stand behind all others, since a wake of one ends with it; each kind in the
 * order of coming, but for others that come when exclusive ones are there. */
static void entry_insert(struct wait_queue *q, struct wait_entry *entry)
{
	if (entry->exclusive || list_empty(&q->entries) ||
	    !list_last_entry(&q->entries, struct wait_entry, link)->exclusive)
		list_add_tail(&entry->link, &q->entries);
	else
		list_add(&entry->link, &q->entries);
}

void wait_add(struct wait_queue *q, struct wait_entry *entry)
{
	u64 flags = spin_lock_irq(&q->lock);

	entry_insert(q, entry);
	spin_unlock_irq(&q->lock, flags);
	/* Between the entry and the caller's look at the condition: see wait_wake(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void wait_remove(struct wait_queue *q, struct wait_entry *entry)
{
	u64 flags = spin_lock_irq(&q->lock);

	list_del_init(&entry->link);
	spin_unlock_irq(&q->lock, flags);
}

void wait_wake_slow(struct wait_queue *q, u32 events, unsigned n_exclusive)
{
	u64 flags = spin_lock_irq(&q->lock);
	struct wait_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &q->entries, link) {
		bool exclusive = entry->exclusive, woken;

		if (entry->wake) {
			woken = entry->wake(entry, events & ~WAKE_SYNC);
		} else if (entry->events && (events & ~WAKE_SYNC) && !(events & entry->events)) {
			continue;
		} else {
			woken = thread_wake_states(entry->thread,
						   WAKE_NORMAL | (events & WAKE_SYNC));
			wait_entry_detach(entry);
		}
		if (exclusive && woken && --n_exclusive == 0)
			break;
	}
	spin_unlock_irq(&q->lock, flags);
}

void wait_begin(struct wait_queue *q, struct wait_entry *entry, enum thread_state state,
		bool exclusive)
{
	wait_begin_for(q, entry, state, exclusive, 0);
}

void wait_begin_for(struct wait_queue *q, struct wait_entry *entry, enum thread_state state,
		    bool exclusive, u32 events)
{
	u64 flags;

	entry->wake = NULL;
	entry->thread = thread_current();
	entry->exclusive = exclusive;
	entry->events = events;
	flags = spin_lock_irq(&q->lock);
	entry_insert(q, entry);
	/* A full barrier between the entry and the caller's look at the condition. */
	thread_prepare(state);
	spin_unlock_irq(&q->lock, flags);
}

void wait_end(struct wait_queue *q, struct wait_entry *entry)
{
	thread_running();
	if (!wait_entry_detached(entry))
		wait_remove(q, entry);
}

struct sleeper {
	struct timer timer;
	struct thread *thread;
};

static void sleeper_expired(struct timer *timer)
{
	thread_wake(container_of(timer, struct sleeper, timer)->thread);
}

bool thread_block_until(u64 deadline_ns)
{
	struct sleeper sleeper = { .thread = thread_current() };

	if (deadline_ns == ~0ull) {
		thread_block();
		return false;
	}
	if (arch_clock_ns() >= deadline_ns) {
		thread_running();
		return true;
	}
	timer_init(&sleeper.timer, sleeper_expired);
	timer_arm(&sleeper.timer, deadline_ns);
	thread_block();
	timer_cancel_sync(&sleeper.timer);
	return arch_clock_ns() >= deadline_ns;
}

struct real_sleeper {
	struct clock_timer timer;
	struct thread *thread;
};

static void real_sleeper_expired(struct clock_timer *timer)
{
	thread_wake(container_of(timer, struct real_sleeper, timer)->thread);
}

bool thread_block_by(struct deadline end)
{
	struct real_sleeper sleeper = { .thread = thread_current() };

	if (!end.realtime || end.ns == ~0ull)
		return thread_block_until(end.ns);
	if (clock_realtime() >= end.ns) {
		thread_running();
		return true;
	}
	clock_timer_init(&sleeper.timer, real_sleeper_expired);
	clock_timer_arm(&sleeper.timer, end.ns, true);
	thread_block();
	clock_timer_fini(&sleeper.timer);
	return clock_realtime() >= end.ns;
}
