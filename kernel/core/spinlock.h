/*
 * Spinlocks. The kernel does not preempt itself, so spin_lock() is enough for data that interrupt
 * handlers do not touch; for data that they do, everybody uses the _irq forms. Whoever holds one
 * must not sleep.
 */
#pragma once

#include "arch/cpu.h"
#include "core/lockrank.h"
#include "lib/types.h"

struct spinlock {
	u32 locked;        /* a: 0 free, 1 held */
#ifdef CONFIG_DEBUG
	u32 cpu;           /* holder, CPU_MAX if free */
	enum lock_rank rank;
	const char *name;
#endif
};

#ifdef CONFIG_DEBUG
#define SPINLOCK_INIT(rank_, name_) { .cpu = 64, .rank = (rank_), .name = (name_) }
void spin_debug_acquire(struct spinlock *lock); /* before: order check */
void spin_debug_acquired(struct spinlock *lock);
void spin_debug_release(struct spinlock *lock);
/*
 * Panics if the calling CPU holds any spinlock, is in an interrupt handler or has interrupts off.
 */
void debug_might_sleep(const char *file, int line);
#define might_sleep() debug_might_sleep(__FILE__, __LINE__)
#else
#define SPINLOCK_INIT(rank_, name_) { 0 }
static inline void spin_debug_acquire(struct spinlock *lock) { (void)lock; }
static inline void spin_debug_acquired(struct spinlock *lock) { (void)lock; }
static inline void spin_debug_release(struct spinlock *lock) { (void)lock; }
#define might_sleep() ((void)0)
#endif

static inline void spin_init(struct spinlock *lock, enum lock_rank rank, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT(rank, name);
	(void)rank;
	(void)name;
}

/* Waits until the word is free (contended path). */
void spin_wait(struct spinlock *lock);

static inline bool spin_try_lock(struct spinlock *lock)
{
	if (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE))
		return false;
	spin_debug_acquired(lock);
	return true;
}

static inline void spin_lock(struct spinlock *lock)
{
	spin_debug_acquire(lock);
	if (unlikely(__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE)))
		spin_wait(lock);
	spin_debug_acquired(lock);
}

static inline void spin_unlock(struct spinlock *lock)
{
	spin_debug_release(lock);
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

/* Interrupts off, then the lock; returns the flags for spin_unlock_irq(). */
static inline u64 must_check spin_lock_irq(struct spinlock *lock)
{
	u64 flags = irq_save();

	spin_lock(lock);
	return flags;
}

static inline void spin_unlock_irq(struct spinlock *lock, u64 flags)
{
	spin_unlock(lock);
	irq_restore(flags);
}

/* Whether somebody holds it: for assertions only. */
static inline bool spin_is_locked(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->locked, __ATOMIC_RELAXED);
}
