/* What each user has of ipc's objects, for their limits. */
#pragma once

#include "lib/types.h"

enum ipc_count { IPC_EPOLL_WATCHES, IPC_INOTIFY_INSTANCES, IPC_INOTIFY_WATCHES, IPC_COUNTS };

/* Counts one more for `uid`: 0, -EDQUOT if it had `limit` already, -ENOMEM. No interrupts. */
int ipc_charge(u32 uid, enum ipc_count what, u64 limit);
void ipc_uncharge(u32 uid, enum ipc_count what);
