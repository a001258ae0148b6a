/*
 * Readers-writer locks. `state` counts the readers inside; WRITER: one writer inside; QUEUED:
 * somebody sleeps. The fast paths add or take away a reader, or set WRITER, only while QUEUED is
 * clear; once it is set, the lock changes hands in the order of arrival: who leaves last grants the
 * lock to the first sleeper, or to all readers in a row at the head of the queue, before they wake.
 * So neither side starves, and a granted thread need not compete.
 *
 * Locks: s->wait.lock guards the queue and all changes of QUEUED.
 */
#include "sched/mutex.h"

#include "abi/errno.h"
#include "core/panic.h"
#include "sched/wait_int.h"

#define WRITER BIT(63)
#define QUEUED BIT(62)

struct rwsem_waiter {
	struct wait_entry entry;
	bool writer;
	bool granted; /* wait.lock; read by the sleeper */
};

void rwsem_init(struct rwsem *s, enum lock_rank rank, const char *name)
{
	s->state = 0;
	s->writer = NULL;
	wait_init(&s->wait);
	lock_debug_init(s, rank, name);
}

static bool read_fast(struct rwsem *s)
{
	u64 state = READ_ONCE(s->state);

	do {
		if (state & (WRITER | QUEUED))
			return false;
	} while (!__atomic_compare_exchange_n(&s->state, &state, state + 1, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

static bool write_fast(struct rwsem *s)
{
	u64 none = 0;

	return __atomic_compare_exchange_n(&s->state, &none, WRITER, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* Gives the lock to as many from the head of the queue as it admits. The queue is locked and QUEUED
 * is set. */
static void grant_locked(struct rwsem *s)
{
	while (!list_empty(&s->wait.entries)) {
		struct wait_entry *entry =
			list_first_entry(&s->wait.entries, struct wait_entry, link);
		struct rwsem_waiter *w = container_of(entry, struct rwsem_waiter, entry);
		u64 state = __atomic_load_n(&s->state, __ATOMIC_RELAXED);

		if ((state & WRITER) || (w->writer && (state & ~QUEUED)))
			return;
		__atomic_fetch_add(&s->state, w->writer ? WRITER : 1, __ATOMIC_ACQ_REL);
		WRITE_ONCE(w->granted, true);
		thread_wake_states(entry->thread, WAKE_NORMAL);
		wait_entry_detach(entry);
	}
	__atomic_fetch_and(&s->state, ~QUEUED, __ATOMIC_ACQ_REL);
}

static void release_slow(struct rwsem *s)
{
	u64 flags = spin_lock_irq(&s->wait.lock);

	if (s->state & QUEUED)
		grant_locked(s);
	spin_unlock_irq(&s->wait.lock, flags);
}

/* Whether the sleeper has got the lock; after this it is off the queue. */
static bool leave_queue(struct rwsem *s, struct rwsem_waiter *w)
{
	u64 flags = spin_lock_irq(&s->wait.lock);

	if (!w->granted) {
		list_del_init(&w->entry.link);
		/* Those behind may have waited for this one only. */
		grant_locked(s);
	}
	spin_unlock_irq(&s->wait.lock, flags);
	return w->granted;
}

static int lock_slow(struct rwsem *s, bool writer, enum thread_state state)
{
	struct rwsem_waiter w = { .entry = { .thread = thread_current() }, .writer = writer };
	u64 flags = spin_lock_irq(&s->wait.lock);
	int ret = 0;

	__atomic_fetch_or(&s->state, QUEUED, __ATOMIC_ACQ_REL);
	list_add_tail(&w.entry.link, &s->wait.entries);
	grant_locked(s);
	spin_unlock_irq(&s->wait.lock, flags);
	for (;;) {
		thread_prepare(state);
		if (READ_ONCE(w.granted))
			break;
		if (state == THREAD_KILLABLE && thread_fatal_pending()) {
			ret = leave_queue(s, &w) ? 0 : -ERESTARTSYS;
			break;
		}
		thread_block();
	}
	thread_running();
	/* The granting thread is done with the entry when it is detached; it holds the lock until
	 * then. */
	if (!wait_entry_detached(&w.entry))
		wait_remove(&s->wait, &w.entry);
	if (!ret && writer)
		s->writer = thread_current();
	return ret;
}

void rwsem_read(struct rwsem *s)
{
	might_sleep();
	lock_debug_acquire(s);
	if (unlikely(!read_fast(s)))
		(void)lock_slow(s, false, THREAD_UNINTERRUPTIBLE);
}

bool rwsem_try_read(struct rwsem *s)
{
	if (!read_fast(s))
		return false;
	lock_debug_acquired(s);
	return true;
}

int rwsem_read_killable(struct rwsem *s)
{
	int ret = 0;

	might_sleep();
	lock_debug_acquire(s);
	if (unlikely(!read_fast(s)))
		ret = lock_slow(s, false, THREAD_KILLABLE);
	if (ret)
		lock_debug_release(s);
	return ret;
}

void rwsem_read_end(struct rwsem *s)
{
	u64 left = __atomic_sub_fetch(&s->state, 1, __ATOMIC_ACQ_REL);

	lock_debug_release(s);
	if (unlikely(left == QUEUED))
		release_slow(s);
}

static int write_lock(struct rwsem *s, enum thread_state state)
{
	int ret = 0;

	might_sleep();
	lock_debug_acquire(s);
	if (likely(write_fast(s)))
		s->writer = thread_current();
	else
		ret = lock_slow(s, true, state);
	if (ret)
		lock_debug_release(s);
	return ret;
}

void rwsem_write(struct rwsem *s)
{
	(void)write_lock(s, THREAD_UNINTERRUPTIBLE);
}

bool rwsem_try_write(struct rwsem *s)
{
	if (!write_fast(s))
		return false;
	s->writer = thread_current();
	lock_debug_acquired(s);
	return true;
}

int rwsem_write_killable(struct rwsem *s)
{
	return write_lock(s, THREAD_KILLABLE);
}

void rwsem_write_end(struct rwsem *s)
{
	kassert(s->writer == thread_current());
	lock_debug_release(s);
	s->writer = NULL;
	if (unlikely(__atomic_and_fetch(&s->state, ~WRITER, __ATOMIC_ACQ_REL) & QUEUED))
		release_slow(s);
}

void rwsem_downgrade(struct rwsem *s)
{
	kassert(s->writer == thread_current());
	s->writer = NULL;
	/* Minus WRITER plus one reader, in one step. */
	if (unlikely(__atomic_sub_fetch(&s->state, WRITER - 1, __ATOMIC_ACQ_REL) & QUEUED))
		release_slow(s);
}
