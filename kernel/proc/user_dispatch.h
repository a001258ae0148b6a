/*
 * System call user dispatch (prctl(2), PR_SET_SYSCALL_USER_DISPATCH): calls that a thread makes
 * from outside a range of its code become SIGSYS, for as long as a byte of its memory, the
 * selector, says so. Who runs programs for another system answers their calls like that.
 */
#pragma once

#include "proc/process.h"

struct regs;

/* PR_SYS_DISPATCH_ON or _OFF, for the current thread: 0, -EINVAL, -EFAULT. */
long user_dispatch_set(u64 mode, u64 start, u64 length, u64 selector);
/* A new program has none. */
void user_dispatch_exec(void);
/* The current thread's call, if it has WORK_USER_DISPATCH: whether it is to be made. Else a signal
 * is on its way. */
bool user_dispatch_allows(struct regs *regs);
