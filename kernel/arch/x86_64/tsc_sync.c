/*
 * Whether two CPUs' time stamp counters agree. They hand a turn back and forth; each reads its
 * counter while it has the turn, so the readings have an order in time. A reading below the other
 * CPU's last one shows by how much, at least, the counters disagree: a clock made of both would go
 * back when a thread changes CPU. A disagreement too small to be seen this way cannot be seen by
 * programs either, which have no faster way to talk.
 */
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/x86_64/smp_int.h"

#define ROUNDS_MIN 8
#define ROUNDS_MAX 64
#define CYCLES_MAX 200000 /* no further round after so long */

/* t: who has the turn. */
static struct {
	u32 turn;        /* a: 0 boot CPU, 1 the other */
	bool last;       /* t: the boot CPU has seen enough */
	u64 reading;     /* t: of who had the turn before */
	u64 disagreement; /* t: the greatest, in either direction */
} sync;

static void await_turn(u32 turn)
{
	while (__atomic_load_n(&sync.turn, __ATOMIC_ACQUIRE) != turn)
		cpu_relax();
}

static void pass_turn(u32 turn)
{
	__atomic_store_n(&sync.turn, turn, __ATOMIC_RELEASE);
}

/* Reads the counter, compares with the other's reading, leaves the own one. */
static void compare(void)
{
	u64 now;

	/* RDTSC may be executed ahead of the load that got the turn (SDM volume 2, RDTSC). */
	__asm__ volatile("lfence" ::: "memory");
	now = cpu_cycles();
	if (now < sync.reading)
		sync.disagreement = max(sync.disagreement, sync.reading - now);
	sync.reading = now;
	__asm__ volatile("lfence" ::: "memory");
}

u64 tsc_sync_boot(void)
{
	u64 start = cpu_cycles();

	sync.disagreement = sync.reading = 0;
	sync.last = false;
	for (unsigned round = 0; !sync.last; round++) {
		compare();
		sync.last = round >= ROUNDS_MIN &&
			(round == ROUNDS_MAX || cpu_cycles() - start > CYCLES_MAX);
		pass_turn(1);
		await_turn(0);
	}
	return sync.disagreement;
}

void tsc_sync_other(void)
{
	bool last;

	do {
		await_turn(1);
		compare();
		last = sync.last;
		pass_turn(0);
	} while (!last);
}
