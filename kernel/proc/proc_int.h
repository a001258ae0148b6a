/* Between the files of proc/. */
#pragma once

#include "proc/process.h"

/* process.c: storage. Each gives one reference, everything else is zero. NULL: no memory. */
struct process *process_alloc(void);
struct task *task_alloc(struct process *process);
/* Whether a user has more tasks than the task's RLIMIT_NPROC; root never has. */
bool task_over_nproc(struct task *task, u32 uid);
/* Frees a task that no thread has. */
void task_free(struct task *task);
/* Enters a task (and its process, when it is the first thread) into the tree. proc_tree_lock
 * held. */
void process_link_locked(struct process *process, struct process *parent, struct pid *group,
			 struct session *session);
void task_link_locked(struct task *task, struct pid *tid);
/* Takes a zombie out of the tree and drops the tree's reference. proc_tree_lock held. */
void process_unlink_locked(struct process *process);

/* start.c: gives a new process the limits that the first one begins with. */
void process_limits_first(struct process *p);

/* exit.c */
/* Tells the user space of the current thread that it ends: joiners (set_tid_address(2)) and waiters
 * for robust futexes. `ends`: it does, and not only its program. */
void task_leave_user(struct task *task, bool ends);
extern struct process *process_init; /* pid 1 */
/* Tells the parent that its child has ended: whether nobody will wait for it, so that it left the
 * tree. proc_tree_lock held. */
bool zombie_tell_locked(struct process *p);
/* Drops the tree's references to processes that left it. No spinlock held. */
void gone_put(struct list *gone);
/* Lets the thread that made this one by vfork go on. */
void vfork_release(struct task *task);

/* wait.c: SIGCHLD and a wake-up to the parent: the child ended, stopped or continued (code CLD_*,
 * status as si_status). proc_tree_lock held. */
void parent_notify_locked(struct process *child, int code, int status);

/* An exit status as waitid(2) takes it apart: CLD_* and si_status. */
void wait_status_split(s32 exit_code, s32 *code, s32 *status);

/* signal_stop.c: the current thread stands still while its process is stopped. sighand->lock held
 * at entry with `flags`, released. */
void signal_stop_wait(struct task *task, u64 flags);
/* Starts a stop by `signo`. sighand->lock held. */
void signal_stop_begin_locked(struct process *process, int signo);
/* One thread fewer: whether the stop is complete by that. sighand->lock held. */
bool signal_stop_leave_locked(struct task *task);
/* The stop is complete: a wait may fetch that, and the parent gets its signal, together, so that
 * who has waited for the stop has the signal too. proc_tree_lock held. */
void signal_stop_tell_locked(struct process *process);
/* SIGCONT arrived. sighand->lock held. */
void signal_continue_locked(struct process *process);

/* usage.c */
/* What status tells of the task; the reference to its credentials is taken over. */
void task_state(struct task *task, const struct cred *cred, u32 n_filters, struct task_state *out);
void usage_add(struct usage_counts *to, const struct usage_counts *from);
/* process_usage() with proc_tree_lock held. */
void process_usage_locked(struct process *p, struct cpu_times *times, struct usage_counts *counts);
/* itimer.c */
void itimer_init(struct process *process);
void itimer_fini(struct process *process);
/*
 * exec_creds.c: the credentials of the program in `file`, and whether it has more than its caller
 * (AT_SECURE). 0 and *out, referenced; -EPERM (it would lack capabilities it cannot do without),
 * -EINVAL (nonsense in its attribute), -ENOMEM, -EIO. `watched`: others could change what the
 * program does (they share its directory, or trace it), so it gains nothing.
 */
int exec_cred(const struct cred *old, struct file *file, bool watched, const struct cred **out,
	      bool *secure);
/* sock_host.c */
void sock_host_init(void);
/*
 * Tells the owner of a file (F_SETOWN, nobody if there is none): by SIGIO, in place of which
 * F_SETSIG may have chosen one with `code`, `band` and the descriptor; or by SIGURG. No lock held.
 */
void file_owner_signal(const struct file_owner *owner, int signo, int code, u32 band);
/* mq_host.c */
void mq_host_init(void);
