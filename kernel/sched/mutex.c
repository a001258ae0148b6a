/*
 * Mutexes. Free or held is one word, the owner; the slow paths add a count of those who wait or are
 * about to, and a queue.
 *
 * A thread that finds the mutex held spins a little while the owner runs on another CPU, then
 * sleeps in arrival order. Unlocking frees the mutex and wakes the first sleeper, and whoever comes
 * first takes it: quicker than a hand-over, as the owner may well come back before the sleeper
 * runs. But a sleeper that was beaten so is marked starved, and to a starved first sleeper the
 * mutex is handed over without ever being free.
 *
 * No wake is lost: a waiter raises `waiters` and then tries once more; an unlocker frees and then
 * reads `waiters`.
 *
 * Locks: m->wait.lock guards the queue.
 */
#include "sched/mutex.h"

#include "abi/errno.h"
#include "core/kasan.h"
#include "sched/run_int.h"
#include "sched/wait_int.h"

#define SPIN_ROUNDS 200

struct mutex_waiter {
	struct wait_entry entry;
	bool starved; /* wait.lock */
};

void mutex_init(struct mutex *m, enum lock_rank rank, const char *name)
{
	m->owner = NULL;
	m->waiters = 0;
	wait_init(&m->wait);
	lock_debug_init(m, rank, name);
}

/* Owners' storage may go away at any time, but not its address. */
static no_kasan bool owner_runs(const struct thread *owner)
{
	return READ_ONCE(owner->on_cpu);
}

/* Waits a moment for an owner that runs on another CPU: whether the mutex was taken. */
static bool spin_on_owner(struct mutex *m)
{
	for (unsigned i = 0; i < SPIN_ROUNDS; i++) {
		const struct thread *owner = READ_ONCE(m->owner);

		if (!owner && mutex_take_(m))
			return true;
		if (need_resched(thread_current()) || (owner && !owner_runs(owner)))
			return false;
		cpu_relax();
	}
	return false;
}

/* Puts the waiter at the end of the queue, or at its head if it has been there before. */
static void waiter_queue(struct mutex *m, struct mutex_waiter *w, enum thread_state state)
{
	u64 flags = spin_lock_irq(&m->wait.lock);

	if (w->starved)
		list_add(&w->entry.link, &m->wait.entries);
	else
		list_add_tail(&w->entry.link, &m->wait.entries);
	thread_prepare(state);
	spin_unlock_irq(&m->wait.lock, flags);
}

static int lock_slow(struct mutex *m, enum thread_state state)
{
	struct thread *me = thread_current();
	struct mutex_waiter w = { .entry = { .thread = me, .exclusive = true } };
	int ret = 0;

	if (cpu_count() > 1 && spin_on_owner(m))
		return 0;
	__atomic_fetch_add(&m->waiters, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		waiter_queue(m, &w, state);
		if (mutex_take_(m))
			break;
		if ((state == THREAD_INTERRUPTIBLE && thread_signal_pending()) ||
		    (state == THREAD_KILLABLE && thread_fatal_pending())) {
			ret = -ERESTARTSYS;
			break;
		}
		thread_block();
		wait_end(&m->wait, &w.entry);
		if (mutex_held(m) || mutex_take_(m))
			break;
		w.starved = true;
	}
	wait_end(&m->wait, &w.entry);
	if (ret && mutex_held(m))
		ret = 0; /* handed over in the same moment */
	__atomic_fetch_sub(&m->waiters, 1, __ATOMIC_SEQ_CST);
	/* A wake that was meant for a waiter who gave up goes to the next. */
	if (ret && !READ_ONCE(m->owner) && __atomic_load_n(&m->waiters, __ATOMIC_SEQ_CST))
		wait_wake_one(&m->wait, 0);
	return ret;
}

void mutex_lock_slow(struct mutex *m)
{
	(void)lock_slow(m, THREAD_UNINTERRUPTIBLE);
}

static int lock_or_signal(struct mutex *m, enum thread_state state)
{
	int ret = 0;

	might_sleep();
	lock_debug_acquire(m);
	if (!mutex_take_(m))
		ret = lock_slow(m, state);
	if (ret)
		lock_debug_release(m);
	return ret;
}

int mutex_lock_killable(struct mutex *m)
{
	return lock_or_signal(m, THREAD_KILLABLE);
}

int mutex_lock_interruptible(struct mutex *m)
{
	return lock_or_signal(m, THREAD_INTERRUPTIBLE);
}

void mutex_wake_slow(struct mutex *m)
{
	wait_wake_one(&m->wait, 0);
}

void mutex_unlock_slow(struct mutex *m)
{
	u64 flags = spin_lock_irq(&m->wait.lock);
	struct wait_entry *first =
		list_first_entry_or_null(&m->wait.entries, struct wait_entry, link);

	if (first && container_of(first, struct mutex_waiter, entry)->starved) {
		__atomic_store_n(&m->owner, first->thread, __ATOMIC_RELEASE);
		thread_wake(first->thread);
		wait_entry_detach(first);
		spin_unlock_irq(&m->wait.lock, flags);
		return;
	}
	__atomic_store_n(&m->owner, NULL, __ATOMIC_SEQ_CST);
	spin_unlock_irq(&m->wait.lock, flags);
	wait_wake_one(&m->wait, 0);
}
