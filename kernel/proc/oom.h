/* Out-of-memory killer. */
#pragma once

#include "proc/process.h"

/*
 * What /proc/[pid]/oom_score shows, 0 … 2000: about 667 for a process without memory, more for what
 * its death would free and for oom_score_adj; 0 for one that must not be killed. proc_tree_lock
 * held.
 */
u64 oom_score_locked(struct process *p);
void oom_init(void);
