/*
 * Counts of pages by use. Each CPU counts for itself, one instruction a time; a reader adds the
 * copies up, so a sum is exact only when nothing moves.
 */
#include "vm/vm_int.h"

DEFINE_PERCPU(s64[VM_N_COUNTERS], vm_counters);

u64 vm_counter_sum(enum vm_counter c)
{
	s64 sum = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		sum += READ_ONCE((*percpu_ptr(vm_counters, cpu))[c]);
	return sum > 0 ? (u64)sum : 0;
}

void pagecache_stats(struct pagecache_stats *out)
{
	*out = (struct pagecache_stats){
		.pages = vm_counter_sum(VM_CACHED),
		.dirty = READ_ONCE(wb_dirty),
		.writeback = READ_ONCE(wb_writing),
		.mapped = vm_counter_sum(VM_MAPPED),
		.anon = vm_counter_sum(VM_ANON),
		.shmem = vm_counter_sum(VM_SHMEM),
		.swap_cached = vm_counter_sum(VM_SWAP_CACHED),
	};
	lru_counts(&out->active_file, &out->inactive_file);
	/* Anonymous memory is on no list: it is found through its address spaces. */
	out->active_anon = out->anon;
	out->inactive_anon = lru_count_shmem();
}

void vm_events(struct vm_events *out)
{
	*out = (struct vm_events){
		.swapped_in = vm_counter_sum(VM_SWAPPED_IN),
		.swapped_out = vm_counter_sum(VM_SWAPPED_OUT),
		.faults = vm_counter_sum(VM_FAULTS),
		.major_faults = vm_counter_sum(VM_MAJOR_FAULTS),
		.scanned = vm_counter_sum(VM_SCANNED),
		.reclaimed = vm_counter_sum(VM_RECLAIMED),
		.oom_kills = vm_counter_sum(VM_OOM_KILLS),
	};
}
