/* What each user id has in use, for the limits that count per user (getrlimit(2)). */
#pragma once

#include "lib/types.h"

enum user_count { USER_TASKS, USER_SIGNALS, USER_COUNTS };

/* Counts one more for `uid`: 0, -EAGAIN if it had `limit` already, -ENOMEM. Any context. */
int user_charge(u32 uid, enum user_count what, u64 limit);
/* Takes one back. */
void user_uncharge(u32 uid, enum user_count what);
/* How many a user has (SigQ in /proc/[pid]/status). */
u64 user_count(u32 uid, enum user_count what);
