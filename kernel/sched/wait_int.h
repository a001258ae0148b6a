/* Private to sched: how a waker takes a sleeper's entry off its queue, so that the sleeper may go
 * on without the lock. */
#pragma once

#include "sched/wait.h"

/* The queue is locked. The entry, which lies on the sleeper's stack, must not be touched
 * afterwards. */
static inline void wait_entry_detach(struct wait_entry *entry)
{
	list_unlink(&entry->link);
	WRITE_ONCE(entry->link.next, &entry->link);
	__atomic_store_n(&entry->link.prev, &entry->link, __ATOMIC_RELEASE);
}

/* Whether a waker has done so, asked by the sleeper. */
static inline bool wait_entry_detached(const struct wait_entry *entry)
{
	return __atomic_load_n(&entry->link.prev, __ATOMIC_ACQUIRE) == &entry->link &&
	       READ_ONCE(entry->link.next) == &entry->link;
}
