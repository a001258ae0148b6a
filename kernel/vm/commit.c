/*
 * Committed memory: pages that private writable areas and shared memory may come to need. proc(5),
 * vm.overcommit_memory: 0 refuses only what could never be had, 1 refuses nothing, 2 keeps the sum
 * below a part of memory. The sum is kept per CPU, so mode 2 is exact to within what other CPUs
 * charge at the same moment.
 */
#include "vm/swap.h"
#include "vm/vm_int.h"

#include "abi/mman.h"

int vm_overcommit_mode = OVERCOMMIT_GUESS;
u32 vm_overcommit_ratio = 50;
u32 vm_max_map_count = 65530;
u64 vm_mmap_min_addr = 65536;

static u64 total_frames(void)
{
	static u64 total;

	if (unlikely(!total)) {
		struct mm_stats stats;

		mm_stats(&stats);
		total = stats.total;
	}
	return total;
}

u64 vm_committed(void)
{
	return vm_counter_sum(VM_COMMITTED);
}

static u64 total_swap(void)
{
	u64 total, free;

	swap_totals(&total, &free);
	return total;
}

u64 vm_commit_limit(void)
{
	return total_frames() * vm_overcommit_ratio / 100 + total_swap();
}

int vm_charge(u64 pages)
{
	int mode = READ_ONCE(vm_overcommit_mode);

	if (mode == OVERCOMMIT_GUESS && pages > total_frames() + total_swap())
		return -ENOMEM;
	if (mode == OVERCOMMIT_NEVER && vm_committed() + pages > vm_commit_limit())
		return -ENOMEM;
	vm_count(VM_COMMITTED, (s64)pages);
	return 0;
}
