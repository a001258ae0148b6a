/*
 * membarrier(2): makes the memory accesses of other threads' CPUs pass a full barrier, so that
 * their fast paths need none. The expedited forms interrupt those CPUs; an interrupt's return is a
 * barrier and also serialises the instruction stream (Intel SDM volume 3, 9.3). The global form
 * waits until every CPU has passed a quiescent state.
 *
 * A process registers before it uses the private forms; a new program has not registered.
 */
#include "abi/errno.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/percpu.h"
#include "proc/process.h"
#include "sched/rcu.h"
#include "sys/sys_int.h"

enum membarrier_command {
	MEMBARRIER_CMD_QUERY = 0,
	MEMBARRIER_CMD_GLOBAL = 1 << 0,
	MEMBARRIER_CMD_GLOBAL_EXPEDITED = 1 << 1,
	MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED = 1 << 2,
	MEMBARRIER_CMD_PRIVATE_EXPEDITED = 1 << 3,
	MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED = 1 << 4,
	MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 5,
	MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 1 << 6,
	MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ = 1 << 7,
	MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ = 1 << 8,
};

#define ALL_COMMANDS 0x1ff
#define MEMBARRIER_CMD_FLAG_CPU 1

static void barrier_here(void *arg)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Whatever sequence runs here is restarted. */
static void restart_here(void *arg)
{
	if (thread_current()->rseq_on)
		thread_set_work(thread_current(), WORK_RSEQ);
	barrier_here(arg);
}

/* A barrier on this CPU and on those of the mask, by calling `fn` there. */
static void barrier_on(u64 cpus, void (*fn)(void *arg))
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	cpus &= cpus_online() & ~BIT(cpu_id());
	if (cpus)
		cpu_call(cpus, fn, NULL);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* On all CPUs that run this process: a CPU that comes to it later passes a barrier by that. */
static long barrier_private(u32 registration, u64 cpus, void (*fn)(void *arg))
{
	if (!(__atomic_load_n(&task_current()->process->membarrier, __ATOMIC_RELAXED) &
	      registration))
		return -EPERM;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	barrier_on(cpus & __atomic_load_n(&thread_current()->pgtable->cpus[0], __ATOMIC_RELAXED),
		   fn);
	return 0;
}

long sys_membarrier(int cmd, unsigned flags, int cpu_id)
{
	u64 cpus = ~0ull;

	if (flags && (cmd != MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ ||
		      flags != MEMBARRIER_CMD_FLAG_CPU))
		return -EINVAL;
	if (flags && cpu_id >= 0)
		cpus = (unsigned)cpu_id < CPU_MAX ? BIT(cpu_id) : 0;
	switch (cmd) {
	case MEMBARRIER_CMD_QUERY:
		return ALL_COMMANDS;
	case MEMBARRIER_CMD_GLOBAL:
		rcu_synchronize();
		return 0;
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		barrier_on(cpus, barrier_here);
		return 0;
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ:
		__atomic_fetch_or(&task_current()->process->membarrier, (u32)cmd, __ATOMIC_SEQ_CST);
		return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
		return barrier_private(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, cpus,
				       barrier_here);
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
		return barrier_private(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, cpus,
				       barrier_here);
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ:
		return barrier_private(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, cpus,
				       restart_here);
	default:
		return -EINVAL;
	}
}
