/*
 * Core dumps (core(5)): a process that dies of certain signals leaves a picture of itself, in a
 * file or with a program that takes it.
 */
#pragma once

#include "proc/process.h"

#define CORE_PATTERN_SIZE 128
/* coredump_filter: anonymous memory, and headers of ELF files. */
#define CORE_FILTER_DEFAULT 0x33
#define CORE_FILTER_ALL 0x1ff

/* Settings; torn reads harmless: core_uses_pid, core_pipe_limit, fs.suid_dumpable (0, 1, 2). */
extern u32 core_uses_pid, core_pipe_limit, suid_dumpable;
void core_pattern_get(char pattern[CORE_PATTERN_SIZE]);
void core_pattern_set(const char *pattern); /* what is too long is cut off */

/* The process ends by a signal whose default action is that, with a dump if that is part of it. */
_Noreturn void process_exit_signal(const struct abi_siginfo *info);
/* A thread of p that is to end while another one dumps stands still until that is done. The
 * sighand's lock held with `flags`: the new ones. */
u64 core_join_locked(struct process *p, u64 flags);
/* SIGKILL breaks off the dump of p, if there is one. The sighand's lock held. */
void core_kill_locked(struct process *p);
/* Whether the end of p's threads does not concern this one, since it is the one that dumps. */
static inline bool core_spares(const struct process *p, const struct task *task)
{
	return READ_ONCE(p->core_task) == task && !READ_ONCE(p->core_killed);
}
