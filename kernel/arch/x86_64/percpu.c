/*
 * Per-CPU areas. CPU 0 gets its own copy of the .percpu template like any other CPU, as early as
 * there is memory to take it from; until then %gs is 0 and the template itself serves.
 */
#include "arch/mmu.h"
#include "arch/percpu.h"
#include "arch/x86_64/image_int.h"
#include "arch/x86_64/msr_int.h"
#include "arch/x86_64/percpu_int.h"
#include "lib/string.h"

u64 percpu_offset[CPU_MAX];
DEFINE_PERCPU(u64, percpu_self_offset);
DEFINE_PERCPU(u32, percpu_cpu_id);

static unsigned n_cpus;

unsigned cpu_count(void)
{
	return __atomic_load_n(&n_cpus, __ATOMIC_ACQUIRE);
}

size_t percpu_size(void)
{
	return align_up((size_t)(percpu_end - percpu_start), PAGE_SIZE);
}

u64 percpu_create(unsigned cpu, void *area)
{
	u64 offset = (u64)area - (u64)percpu_start;

	memcpy(area, percpu_start, percpu_end - percpu_start);
	percpu_offset[cpu] = offset;
	*percpu_ptr(percpu_self_offset, cpu) = offset;
	*percpu_ptr(percpu_cpu_id, cpu) = cpu;
	return offset;
}

void percpu_activate(unsigned cpu)
{
	msr_write(MSR_GS_BASE, percpu_offset[cpu]);
	msr_write(MSR_KERNEL_GS_BASE, 0);
}

void percpu_online(unsigned cpu)
{
	__atomic_store_n(&n_cpus, cpu + 1, __ATOMIC_SEQ_CST);
}
