/* The contended path of spinlocks. Spinning reads only, so that the holder keeps its cache line. */
#include "arch/cpu.h"
#include "core/spinlock.h"

void spin_wait(struct spinlock *lock)
{
	do {
		while (__atomic_load_n(&lock->locked, __ATOMIC_RELAXED))
			cpu_relax();
	} while (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE));
}
