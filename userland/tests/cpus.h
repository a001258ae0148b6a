/* What tests of many processors share: memory, and who runs where. */
#ifndef CPUS_H
#define CPUS_H

#include "tap.h"
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum { CPUS_MAX = 64, PAGE = 4096 };

/* What processes share; one page. */
static struct shared {
	atomic_int cpu[CPUS_MAX];
	atomic_int stop, flag;
	atomic_long turn, count[CPUS_MAX];
} *shared;

static int n_cpus;

/* The CPUs that this process may use; false (a skip) if that is one. */
static inline bool several(void)
{
	cpu_set_t set;

	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(sched_getaffinity(0, sizeof(set), &set));
	n_cpus = CPU_COUNT(&set);
	if (n_cpus < 2)
		skip("all of it", "one processor");
	return n_cpus >= 2;
}

static inline int pin(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(pid, sizeof(set), &set);
}

static inline int fifo(int priority)
{
	struct sched_param p = {.sched_priority = priority};

	return syscall(SYS_sched_setscheduler, 0, priority ? SCHED_FIFO : SCHED_OTHER, &p);
}

static inline bool wait_for(atomic_int *word, int value)
{
	int64_t end = tap_now() + 10000000000;

	while (atomic_load(word) != value)
		if (tap_now() > end)
			return false;
	return true;
}

/* Tells where it runs, until stopped. */
static inline int roam(void *slot)
{
	while (!atomic_load(&shared->stop)) {
		atomic_store((atomic_int *)slot, sched_getcpu());
		atomic_fetch_add(&shared->count[(atomic_int *)slot - shared->cpu], 1);
	}
	return 0;
}

#endif
