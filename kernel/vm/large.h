/*
 * Transparent large pages: how much anonymous memory is mapped by 2 MiB at a time, and who may have
 * it so.
 */
#pragma once

#include "lib/types.h"

/* /sys/kernel/mm/transparent_hugepage/enabled: all areas, those with MADV_HUGEPAGE, or none. */
enum vm_large_mode { VM_LARGE_ALWAYS, VM_LARGE_MADVISE, VM_LARGE_NEVER };
enum vm_large_mode vm_large_mode(void);
void vm_large_set_mode(enum vm_large_mode mode);
const char *vm_large_name(enum vm_large_mode mode);
/* The mode of that name ("always", "madvise", "never"): 0 or -EINVAL. */
int vm_large_parse(const char *name, enum vm_large_mode *out);

/* For /proc/meminfo and /proc/vmstat. */
struct vm_large_stats {
	u64 mapped;    /* large entries now, of all spaces */
	u64 allocated; /* pages of 2 MiB given to faults since boot, */
	u64 fallbacks; /* faults that would have got one but for lack of memory, */
	u64 splits;    /* large entries that were split, */
	u64 collapsed; /* and made of small pages on demand */
};
void vm_large_stats(struct vm_large_stats *out);
