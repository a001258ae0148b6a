/* Out-of-memory killer. */
#pragma once

#include "proc/process.h"

/* Points of a process: pages its death would free, adjusted; 0 if it must not be killed.
 * proc_tree_lock held. */
u64 oom_badness_locked(struct process *p);
void oom_init(void);
