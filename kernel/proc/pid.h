/*
 * Process numbers. A struct pid is one number in use: as a thread's, a process's, a process group's
 * or a session's, often several at once. The number is taken until the last use is gone, so it is
 * never handed out again while a group still bears it. Who only remembers it (pidfds, inodes of
 * procfs) holds the structure, not the number.
 */
#pragma once

#include "core/refcount.h"
#include "lib/list.h"
#include "lib/types.h"
#include "sched/rcu.h"
#include "sched/wait.h"

#define PID_MAX_DEFAULT 32768

struct process;
struct session;
struct task;

/* t: proc_tree_lock.  a: atomic.  I: constant. */
struct pid {
	struct refcount refs;      /* uses of the number */
	struct refcount holds;     /* of the structure; all uses together count once */
	s32 nr;                    /* I */
	u64 serial;                /* I: no other use of the number has it */
	struct task *task;         /* t: the thread with this tid */
	struct process *process;   /* t: the process with this pid, zombies included */
	struct list members;       /* t: processes of the group (process->group_link) */
	struct list session_members; /* t: processes of the session (process->session_link) */
	struct session *session;   /* t: the session led from this number */
	struct hlist_node hash;    /* t; readers use RCU */
	struct wait_queue exit_wait; /* pidfd polling */
	struct rcu_head rcu;
};

/* A fresh number with one reference: 0, -EAGAIN (none free) or -ENOMEM. */
int pid_alloc(struct pid **out);
/* That number (clone3(2), set_tid): also -EINVAL (there is no such), -EEXIST (it is in use). */
int pid_alloc_as(s32 nr, struct pid **out);
static inline void pid_get(struct pid *pid) { ref_get(&pid->refs); }
/* The last put returns the number. NULL is allowed. Any context. */
void pid_put(struct pid *pid);
/* Keeps the structure, whose task and process become NULL, when the number may be gone. NULL is
 * allowed for pid_drop(). Any context. */
static inline void pid_hold(struct pid *pid) { ref_get(&pid->holds); }
void pid_drop(struct pid *pid);
/* The process with that pid, zombies included, referenced, or NULL. */
struct process *pid_process_get(struct pid *pid);
/* The number in use, or NULL. Caller holds proc_tree_lock or is in an RCU section; pid_find_get()
 * takes a reference instead. */
struct pid *pid_find(s32 nr);
struct pid *pid_find_get(s32 nr);
/* The lowest number in use at or above `from`, or 0. */
s32 pid_next_used(s32 from);
/* The most recently given number (/proc/loadavg), and how many are in use. */
s32 pid_last(void);
u32 pid_count(void);
