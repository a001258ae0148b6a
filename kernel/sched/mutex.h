/* Sleeping locks: a mutex, and a lock with many readers or one writer. Thread context only. */
#pragma once

#include "core/lockrank.h"
#include "sched/wait.h"

/* Debug builds keep the ranks that each thread holds, and log the first acquisitions that break the
 * order. */
#ifdef CONFIG_DEBUG
void lock_debug_push(enum lock_rank rank, const char *name, bool check);
void lock_debug_pop(enum lock_rank rank);
#define lock_debug_init(lock, rank_, name_) ((lock)->rank = (rank_), (lock)->name = (name_))
#define lock_debug_acquire(lock) lock_debug_push((lock)->rank, (lock)->name, true)
#define lock_debug_acquired(lock) lock_debug_push((lock)->rank, (lock)->name, false)
#define lock_debug_release(lock) lock_debug_pop((lock)->rank)
#else
#define lock_debug_init(lock, rank_, name_) ((void)(rank_), (void)(name_))
#define lock_debug_acquire(lock) ((void)(lock))
#define lock_debug_acquired(lock) ((void)(lock))
#define lock_debug_release(lock) ((void)(lock))
#endif

struct mutex {
	struct thread *owner;   /* a: NULL when free */
	u32 waiters;            /* a: threads that wait or are about to */
	struct wait_queue wait;
#ifdef CONFIG_DEBUG
	enum lock_rank rank;
	const char *name;
#endif
};

#ifdef CONFIG_DEBUG
#define MUTEX_INIT(mutex, rank_, name_) \
	{ .wait = WAIT_QUEUE_INIT((mutex).wait), .rank = (rank_), .name = (name_) }
#else
#define MUTEX_INIT(mutex, rank_, name_) { .wait = WAIT_QUEUE_INIT((mutex).wait) }
#endif
void mutex_init(struct mutex *m, enum lock_rank rank, const char *name);
/* Slow parts of the functions below: waits for it; unlocks it when somebody waits; wakes a waiter
 * after it was unlocked. */
void mutex_lock_slow(struct mutex *m);
void mutex_unlock_slow(struct mutex *m);
void mutex_wake_slow(struct mutex *m);

static inline bool mutex_take_(struct mutex *m)
{
	struct thread *none = NULL;

	return __atomic_compare_exchange_n(&m->owner, &none, thread_current(), false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline bool mutex_try_lock(struct mutex *m)
{
	if (!mutex_take_(m))
		return false;
	lock_debug_acquired(m);
	return true;
}

static inline void mutex_lock(struct mutex *m)
{
	might_sleep();
	lock_debug_acquire(m);
	if (!mutex_take_(m))
		mutex_lock_slow(m);
}

/* 0, or -ERESTARTSYS if a fatal signal came first. */
int must_check mutex_lock_killable(struct mutex *m);
int must_check mutex_lock_interruptible(struct mutex *m);

static inline void mutex_unlock(struct mutex *m)
{
	lock_debug_release(m);
	if (unlikely(READ_ONCE(m->waiters))) {
		mutex_unlock_slow(m);
		return;
	}
	__atomic_store_n(&m->owner, NULL, __ATOMIC_SEQ_CST);
	if (unlikely(__atomic_load_n(&m->waiters, __ATOMIC_SEQ_CST)))
		mutex_wake_slow(m);
}

static inline bool mutex_held(const struct mutex *m)
{
	return READ_ONCE(m->owner) == thread_current();
}

/* Readers-writer lock; writers are not starved: a waiting writer stops new readers. Not
 * recursive. */
struct rwsem {
	u64 state;              /* a: number of readers; bit 63 writer inside; bit 62 somebody
				 * waits */
	struct thread *writer;  /* of the writer inside, for assertions */
	struct wait_queue wait;
#ifdef CONFIG_DEBUG
	enum lock_rank rank;
	const char *name;
#endif
};

void rwsem_init(struct rwsem *s, enum lock_rank rank, const char *name);
void rwsem_read(struct rwsem *s);
bool rwsem_try_read(struct rwsem *s);
int must_check rwsem_read_killable(struct rwsem *s);
void rwsem_read_end(struct rwsem *s);
void rwsem_write(struct rwsem *s);
bool rwsem_try_write(struct rwsem *s);
int must_check rwsem_write_killable(struct rwsem *s);
void rwsem_write_end(struct rwsem *s);
/* Turns a write lock into a read lock. */
void rwsem_downgrade(struct rwsem *s);
