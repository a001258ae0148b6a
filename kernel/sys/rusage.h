/* Resource usage in the form that user space sees. */
#pragma once

#include "abi/resource.h"
#include "proc/process.h"

void rusage_fill(struct rusage *out, const struct cpu_times *times,
		 const struct usage_counts *counts);
