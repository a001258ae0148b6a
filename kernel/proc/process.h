/*
 * Processes and tasks. A process is what pid names: an address space's user, a set of signal
 * actions, children. A task is proc's part of a thread (thread->proc_data). Every thread of a
 * process has a task; both die separately: a process becomes a zombie when its last thread has
 * gone, and is forgotten when its parent has waited for it.
 *
 * Locks: proc_tree_lock guards the tree (parents, children, threads, groups, sessions, pids); a
 * process's sighand->lock guards its signals; a task's own fields are changed by the task alone.
 */
#pragma once

#include "abi/resource.h"
#include "abi/signal.h"
#include "core/seqlock.h"
#include "proc/pid.h"
#include "sched/mutex.h"
#include "sched/thread.h"
#include "sched/timer.h"
#include "vfs/cred.h"
#include "vfs/file.h"
#include "vm/aspace.h"

extern struct spinlock proc_tree_lock; /* RANK_PROC_TREE; never taken in interrupts */

/* Signal actions; shared by CLONE_SIGHAND. Its lock (RANK_SIGHAND, interrupts off) also guards the
 * pending signals and job-control state of every process that uses it. s: lock. */
struct sighand {
	struct refcount refs;
	struct spinlock lock;
	struct abi_sigaction action[NSIG]; /* s: of signal n at [n - 1] */
	struct wait_queue poll; /* readers of signals (signalfd) */
	struct refcount storage; /* one of all `refs`, one of each who keeps the queue beyond
				  * them */
};

/* One queued signal. */
struct signal_entry {
	struct list link;
	struct abi_siginfo info;
	u32 uid;             /* whose RLIMIT_SIGPENDING it counts for */
	struct posix_timer *timer; /* it is part of that one; or NULL */
};

/* s: sighand->lock */
struct signal_queue {
	u64 set;             /* s: bit n - 1: signal n is pending */
	struct list entries; /* s: struct signal_entry, in order of arrival */
};

struct cpu_times { u64 user_ns, system_ns; };

/* What wait4(2), getrusage(2) and /proc/[pid]/io count besides times. */
struct usage_counts {
	u64 minor_faults, major_faults, voluntary, involuntary, max_rss_pages;
	struct storage_io io;
	u64 rchar, wchar, syscr, syscw; /* bytes that calls read and wrote, and such calls */
};

/* What status tells of a thread, and of a process that has ended, as its last thread left it. */
struct task_state {
	char name[16];             /* comm */
	const struct cred *cred;   /* referenced */
	u64 blocked, affinity;
	u64 voluntary, involuntary; /* switches */
	u32 n_filters;             /* of seccomp */
	u8 seccomp_mode;
	bool no_new_privs;
};

struct session {
	struct refcount refs;
	struct pid *pid;      /* I: its number, referenced */
	struct spinlock lock; /* RANK_FILE */
	void *tty;            /* lock: controlling terminal (tty's struct, referenced by tty's
			       * rules), or NULL */
	u32 tty_dev;          /* lock: its device number, 0 without one */
	struct pid *tty_group; /* lock: its foreground process group, referenced, or NULL; kept
				* after a hang-up until the leader ends */
};

enum process_state { PROCESS_ALIVE, PROCESS_ZOMBIE, PROCESS_REAPED };
enum stop_state { STOP_NONE, STOP_PENDING, STOP_DONE };

/* I: constant.  t: proc_tree_lock.  s: sighand->lock.  a: atomic.  r: rlimit_lock. */
struct process {
	struct refcount refs;
	struct pid *pid;           /* I: referenced */
	struct pid *group;         /* t: process group, referenced */
	struct session *session;   /* t: referenced */
	struct process *parent;    /* t: NULL for the first process, and those that the kernel
				    * runs; its reference is the tree's */
	struct list children, sibling; /* t */
	struct list group_link, session_link, all_link; /* t */
	struct list threads;       /* t: struct task (task->link) */
	u32 n_threads;             /* t, written under s too */
	u32 n_live;                /* s: of these, how many have not begun to end */
	u32 state;                 /* t: enum process_state */
	s32 exit_code;             /* t: as wait4(2) reports: code << 8 or signal | 0x80 core */
	s32 exit_signal;           /* t: to the parent at the end, 0 none */
	u32 uid;                   /* a: real user id of its last thread, for si_uid */
	struct task_state last;    /* t: all 0 before a thread has ended */
	bool did_exec;             /* t: setpgid(2) of a child is over */
	bool shares_fs;            /* a: has been on either side of a CLONE_FS without
				    * CLONE_THREAD */
	u32 n_tracees;             /* t: tasks that its threads trace */
	struct task *dead_leader;  /* t: its first thread has ended, and a tracer has to wait for it
				    * before the parent may; or NULL */
	bool was_traced;           /* t: it ended as the tracee of its parent, who must wait for it
				    * whatever he does with SIGCHLD */
	s32 made_by;               /* I: tid of the thread that made it */
	bool no_tty;               /* a: has given up its session's terminal (TIOCNOTTY); children
				    * inherit it */
	bool is_init;              /* I: pid 1: signals without handler are ignored */
	bool unwaited;             /* I: run by the kernel: nobody waits for it */
	u32 n_execs;               /* t to change: programs begun */
	struct wait_queue child_wait; /* parents sleep here */

	struct sighand *sighand;   /* s to replace, by exec; others reach it by sighand_lock() */
	struct signal_queue pending; /* s: for the process as a whole */
	bool group_exit;           /* s: all threads are to end with group_code */
	s32 group_code;            /* s */
	struct task *exec_task;    /* s: this thread ends all others to exec */
	struct wait_queue exec_wait; /* where it waits for them */
	struct task *core_task;    /* s: this thread dumps core, the others stand still (core.h) */
	u32 core_waiting;          /* s: how many do */
	bool core_killed;          /* s: SIGKILL came meanwhile */
	u32 core_filter;           /* a: which memory is in it (coredump_filter) */
	u8 stop_state;             /* s: enum stop_state */
	s32 stop_signal;           /* s */
	u32 n_stopped;             /* s: threads that stand still */
	bool report_stop, report_continue; /* s: a wait may fetch it */
	bool tell_parent;          /* s: some thread is to tell the parent that it continued */
	u32 n_continued;           /* s: how often SIGCONT came */

	struct aspace *aspace;     /* t to change (exec); NULL once the last thread has left it */
	struct spinlock rlimit_lock; /* RANK_FILE */
	struct rlimit rlimits[16]; /* r */
	struct timer real_timer;   /* s: ITIMER_REAL */
	u64 real_interval_ns;      /* s */
	/* s: ITIMER_VIRTUAL, ITIMER_PROF: 0 off */
	u64 virt_left_ns, virt_interval_ns, prof_left_ns, prof_interval_ns;
	u64 cpu_ns;                /* a: CPU time as sampled, for RLIMIT_CPU */
	struct rb_root posix_timers;   /* s: timer_create(2), by id */
	struct hlist_head cpu_timers;  /* s: of these, those that count CPU time */
	s32 next_timer_id;             /* s */
	u64 cpu_warned_ns;         /* a: of that, where the next SIGXCPU comes */
	struct cpu_times dead_times; /* s: of threads that have ended */
	struct usage_counts dead_counts; /* s */
	struct cpu_times child_times;  /* t: of waited-for children and theirs */
	struct usage_counts child_counts; /* t */
	u64 start_ns;              /* I: clock_monotonic() */
	s32 oom_score_adj;         /* a */
	u32 dumpable;              /* a: prctl(PR_SET_DUMPABLE) */
	u32 personality;           /* a */
	u32 membarrier;            /* a: what membarrier(2) has registered */
	bool child_subreaper;      /* t */
	bool below_subreaper;      /* t: some ancestor is one, or was; then so it is of all below */
	s32 parent_death_signal;   /* a */
	struct mutex exec_lock;    /* RANK_PROC_EXEC */
	struct seqcount exec_seq;  /* exec_lock to write: an exec changes aspace, credentials and
				    * dumpable together */
	struct rcu_head rcu;
};

/*
 * Who traces a task, and where it stands (ptrace.h). t: proc_tree_lock.  s: sighand->lock of the
 * traced.  b: both to change it, either to read.
 */
struct tracing {
	struct task *tracer;       /* b: NULL: nobody */
	struct list tracees;       /* t: whom it traces itself, by ->link */
	struct list link;          /* t: among the tracees of its tracer */
	u32 options;               /* s: PTRACE_O_* */
	u8 mode;                   /* s: TRACE_*: what it does until its next stop */
	bool seized;               /* b: by PTRACE_SEIZE */
	bool privileged;           /* b: who asked for it was (CAP_SYS_PTRACE) */
	bool dead;                 /* t: it has ended; its tracer has yet to wait for it */
	bool stopped;              /* s: it stands still for its tracer */
	bool listening;            /* s: but may not be looked at (PTRACE_LISTEN) */
	bool report;               /* s: a wait may fetch the stop */
	bool interrupt;            /* s: it is to stop on its way to user mode */
	bool notify;               /* s: the same, since job control has changed */
	bool killed;               /* s: no stop holds it any more */
	bool stepping;             /* s: its trap flag is the tracer's */
	s32 code;                  /* s: of the stop: signal, event << 8 */
	s32 signo;                 /* s: what it takes with it out of the stop */
	s32 dead_code;             /* t: how it ended */
	struct abi_siginfo *info;  /* s: of the stop; NULL: it was job control's */
	u64 message;               /* s: PTRACE_GETEVENTMSG */
};

/* o: the task itself.  c: cred_lock to change, RCU or the task to read. */
struct task {
	struct thread *thread;     /* I */
	struct process *process;   /* I: referenced */
	struct pid *tid;           /* t: referenced */
	struct list link;          /* t: process->threads */
	const struct cred *cred;   /* o to change; others through task_cred_get() */
	struct fd_table *files;    /* o to change; others through task_files_get(); NULL once
				    * exiting */
	struct fs_context *fs;     /* the same */
	struct spinlock lock;      /* RANK_FILE: guards the three pointers above against others */
	struct signal_queue pending; /* s */
	u64 wait_set;              /* s: signals it waits for in sigtimedwait(2) */
	u64 forced;                /* s: faults that kill whatever the process is */
	struct abi_sigaltstack altstack; /* o */
	struct sem_undo_list *sem_undo; /* o: what SEM_UNDO has to undo, NULL: nothing */
	u64 clear_child_tid;       /* o: set_tid_address(2): user address or 0 */
	u64 robust_list;           /* o */
	u64 rseq;                  /* o: rseq(2): user address or 0 */
	u32 rseq_len, rseq_signature; /* o: of that */
	bool exiting;              /* s */
	bool no_new_privs;         /* s to set: exec gives nothing (PR_SET_NO_NEW_PRIVS) */
	u8 seccomp_mode;           /* s to set: SECCOMP_MODE_* */
	struct seccomp_filter *seccomp; /* s to set: the newest filter, referenced; others may give
				    * the task newer ones, which keep the older ones */
	struct { u64 start, length, selector; } user_dispatch; /* o: proc/user_dispatch.h */
	u8 mce_policy;             /* o: PR_MCE_KILL_* of prctl(2) */
	bool over_nproc;           /* o: has become a user with more processes than RLIMIT_NPROC
				    * allows: the next exec fails (execve(2), EAGAIN) */
	bool stopped;              /* s: counted in n_stopped */
	struct tracing trace;
	struct {                   /* o: what restart_syscall(2) continues */
		long (*fn)(struct task *task);
		u64 deadline_ns; u64 user; u32 clock, flags;
		u64 extra[4];
	} restart;
	struct usage_counts counts; /* o to write */
	u64 cpu_ns;                /* o to write: CPU time as sampled, for timers that count it */
	u64 timer_slack_ns;        /* a: PR_SET_TIMERSLACK */
	u64 timer_slack_default_ns; /* I */
	bool sched_reset_on_fork;  /* a: children get the default policy (sched(7)) */
	u16 ioprio;                /* a: class and level (ioprio_set(2)), 0: by the nice value */
	s32 fault_trap; u64 fault_error; /* o: last trap number and error code, for the signal
					  * frame */
	u32 charged_uid;           /* o: whose RLIMIT_NPROC it counts for */
	struct regs start;         /* o: registers a new thread enters user mode with */
	u64 start_child_tid;       /* o: CLONE_CHILD_SETTID: user address or 0 */
	struct wait_queue *vfork_wait; /* t: the thread that made this one by vfork waits here until
					* exec or exit; NULL otherwise */
	bool *vfork_done;          /* t */
};

static inline struct task *task_current(void) { return thread_current()->proc_data; }
static inline struct process *process_current(void) { return thread_current()->process; }
static inline struct task *thread_task(struct thread *t) { return t->proc_data; }
static inline const struct cred *cred_current(void) { return task_current()->cred; }
static inline struct aspace *aspace_current(void) { return thread_current()->aspace; }

static inline void process_get(struct process *p) { ref_get(&p->refs); }
void process_put(struct process *p);
/* The live or zombie process, or the process of the thread, with a reference; NULL if none
 * (-ESRCH). */
struct process *process_find(s32 pid);
/* Locks what guards the signals of a process (RANK_SIGHAND, interrupts off), whoever replaces it
 * meanwhile. Any context. */
u64 must_check sighand_lock(struct process *p);
static inline void sighand_unlock(struct process *p, u64 flags)
{
	spin_unlock_irq(&p->sighand->lock, flags);
}
/* The task with that tid; its thread is referenced (thread_put(task->thread)). */
struct task *task_find(s32 tid);
const struct cred *task_cred_get(struct task *task);
/* Whether the caller may look into the task's memory and descriptors (ptrace(2),
 * PTRACE_MODE_READ_FSCREDS); and whether it may change them, or ask what may be asked with one's
 * real ids (PTRACE_MODE_ATTACH_REALCREDS). */
bool task_may_look(struct task *task);
bool task_may_attach(struct task *task);
struct fd_table *task_files_get(struct task *task);  /* NULL when it is exiting */
struct fs_context *task_fs_get(struct task *task);
/*
 * The address space of a task's process, as process_aspace_get(), for a caller of whom may(task) is
 * true; both at one moment, so that no exec gives out the space of a program that it makes
 * privileged: 0 or -EPERM.
 */
int task_aspace_get(struct task *task, bool (*may)(struct task *task), struct aspace **out);
/* The address space of a process with a user reference, or NULL (kernel, zombie). */
struct aspace *process_aspace_get(struct process *p);
/* The current task counts as one of that user's from now on (RLIMIT_NPROC): before its real user id
 * becomes this. 0, or -EAGAIN without memory (setuid(2)). */
int must_check task_charge(u32 uid);
/* Makes the current task act as `cred` from now on (takes the reference). */
void task_set_cred(const struct cred *cred);
/* A walk on behalf of the current task from the working directory, or from descriptor `dirfd`
 * (AT_FDCWD: the former): 0 or -EBADF. task_walk_end() afterwards. */
struct task_walk { struct walk walk; struct fd_ref dir; };
int task_walk_begin(struct task_walk *w, int dirfd);
void task_walk_end(struct task_walk *w);

/* Limits. */
u64 process_rlimit(struct process *p, unsigned resource); /* soft limit */
static inline u64 rlimit_current(unsigned resource)
{
	return process_rlimit(process_current(), resource);
}
/* prlimit(2) after permission checks: either pointer may be NULL. 0, -EINVAL, or -EPERM if the hard
 * limit would rise and may not (`may_raise`). */
int process_rlimit_change(struct process *p, unsigned resource, const struct rlimit *new_limit,
			  struct rlimit *old, bool may_raise);

/* clone(2), fork(2), vfork(2): arguments checked for contradictions here. Returns the child's tid
 * to the caller, or -errno. */
struct clone_request {
	u64 flags;
	s32 exit_signal;
	u64 stack;
	u64 tls;
	u64 parent_tid, child_tid;
	u64 pidfd;
	bool has_set_tid; /* set_tid is the number that the child is to have */
	s32 set_tid;
};
long process_clone(const struct clone_request *req);
/*
 * unshare(2) by the current task: flags CLONE_FS, FILES, SYSVSEM; with THREAD, SIGHAND, VM it must
 * be alone. 0, -EINVAL (others, or not alone), -ENOMEM.
 */
int task_unshare(u64 flags);
/*
 * execve(2) and execveat(2): `name` resolved by `w` and walk_flags; `shown` is what AT_EXECFN says.
 * argv and envp are user arrays of pointers, or kernel ones (`kernel`, at boot). On success the new
 * image runs on return to user mode (the caller's regs are replaced).
 */
struct exec_request {
	const struct walk *walk;
	const char *name, *shown;
	u32 walk_flags;
	const u64 *argv, *envp;
	bool kernel;
	bool unnamable; /* `shown` will be gone once the program runs, so no interpreter could open
			 * it: -ENOENT for scripts */
};
int process_exec(const struct exec_request *req);
/* Ends the current thread; or the whole process. `code` as exit_code above. */
_Noreturn void task_exit(s32 code);
_Noreturn void process_exit_group(s32 code);
/* wait4(2)/waitid(2). which: P_ALL, P_PID, P_PGID (0: the caller's group), P_PIDFD resolved to
 * P_PID. Options W*. Result: pid or 0 (WNOHANG) or -ECHILD, -ERESTARTSYS. */
struct wait_result {
	s32 pid;
	u32 uid;
	s32 code, status; /* CLD_* and si_status of waitid(2) */
	s32 wait_status;  /* the status word of wait4(2) */
	struct cpu_times times;
	struct usage_counts counts;
};
long process_wait(int which, s32 id, u32 options, struct wait_result *out);
/* Times and counts of a process (live threads included) and of its waited-for children. */
void process_usage(struct process *p, struct cpu_times *times, struct usage_counts *counts);
/* The same of one thread, but for faults, which the address space counts. */
void task_usage(struct task *task, struct cpu_times *times, struct usage_counts *counts);
/* The live or zombie process with the lowest pid >= from, referenced, or NULL. */
struct process *process_next(s32 from);

/* Sessions and groups: setsid(2), setpgid(2). */
long process_setsid(void);
int process_setpgid(s32 pid, s32 group);
struct pid *process_group_get(struct process *p);       /* referenced */
struct session *process_session_get(struct process *p); /* referenced */
void session_put(struct session *s);
/* Whether no member of the group has a parent in another group of the same session. proc_tree_lock
 * held. */
bool group_orphaned_locked(struct pid *group);
bool group_orphaned(struct pid *group);
/* tty's hook: the session leader ends: hang up its terminal. */
void proc_set_session_end(void (*fn)(struct session *session));

/* Whether orphans below the caller's process come to it (prctl(2), PR_SET_CHILD_SUBREAPER). */
void process_subreaper_set(bool on);

/* Creates pid 1 and runs `first` in it (of an initramfs; "": none), else init= or the usual
 * programs, on a thread of its own. Names tried are logged; panics with a clear message if none
 * runs. The text stays. */
void proc_start_init(const char *first);
void proc_init(void);
