/*
 * Filters of system calls (seccomp(2)). A task may have none, allow itself four calls (strict), or
 * have filters, programs that judge each call; filters are only ever added, and children and
 * programs that it becomes inherit them.
 */
#pragma once

#include "abi/filter.h"
#include "proc/process.h"

struct regs;

/* SECCOMP_SET_MODE_STRICT: 0 or -EINVAL (there are filters). */
long seccomp_set_strict(void);
/*
 * SECCOMP_SET_MODE_FILTER with SECCOMP_FILTER_FLAG_*: 0, the listener's descriptor, or the tid of a
 * thread that cannot follow (TSYNC); -EINVAL, -EFAULT, -EACCES (may still gain privileges), -ENOMEM
 * (also: too long in all), -EBUSY (a second listener), -ESRCH, -EMFILE.
 */
long seccomp_set_filter(u32 flags, const struct sock_fprog __user *program);
/* SECCOMP_GET_ACTION_AVAIL */
bool seccomp_action_known(u32 action);
/*
 * The current thread's call, if it has WORK_SECCOMP: whether it is to be made. Else regs->rax says
 * what it gives; or the thread does not come back.
 */
bool seccomp_enter(struct regs *regs);

/* A new task gets what the current one has. The lock of the latter's sighand held. */
void seccomp_inherit_locked(struct task *child);
/* A task ends: how many filters it had. */
u32 seccomp_release(struct task *task);
/* How many filters a task has; the caller keeps its thread. */
u32 seccomp_count(struct task *task);

/*
 * Filter `number` of a task, 0 the oldest, for PTRACE_SECCOMP_GET_FILTER: how many instructions it
 * has, and *out, referenced; -EACCES (who asks may not, or is filtered itself), -EINVAL (there are
 * none), -ENOENT. The caller keeps the task's thread.
 */
long seccomp_filter_get(struct task *task, u64 number, const struct seccomp_filter **out);
/* Whether the caller may ask for that. */
bool seccomp_may_ask(void);
/* SECCOMP_FILTER_FLAG_LOG, or 0. */
u32 seccomp_filter_flags(const struct seccomp_filter *f);
const struct sock_filter *seccomp_filter_insns(const struct seccomp_filter *f);
void seccomp_filter_put(const struct seccomp_filter *f);

/* Names of actions, from the most severe on, separated by spaces: all, or those that are logged
 * (/proc/sys/kernel/seccomp/). */
void seccomp_actions_show(char *buf, size_t size, bool logged);
/* 0 or -EINVAL (an unknown one, or "allow"). Overwrites the text. */
int seccomp_actions_log(char *names);
