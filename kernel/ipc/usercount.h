/* What each user has of ipc's objects, for their limits. */
#pragma once

#include "lib/types.h"

enum ipc_count {
	IPC_EPOLL_WATCHES,
	IPC_INOTIFY_INSTANCES,
	IPC_INOTIFY_WATCHES,
	IPC_LOCKED_PAGES, /* of shared memory segments: SHM_LOCK */
	IPC_QUEUE_BYTES,  /* of POSIX message queues: RLIMIT_MSGQUEUE */
	IPC_COUNTS
};

/*
 * Counts n (> 0) more for `uid`: 0, -EDQUOT if it would have more than `limit`, -ENOMEM. No
 * interrupts.
 */
int ipc_charge_many(u32 uid, enum ipc_count what, u64 n, u64 limit);
void ipc_uncharge_many(u32 uid, enum ipc_count what, u64 n);
static inline int ipc_charge(u32 uid, enum ipc_count what, u64 limit)
{
	return ipc_charge_many(uid, what, 1, limit);
}
static inline void ipc_uncharge(u32 uid, enum ipc_count what) { ipc_uncharge_many(uid, what, 1); }
