/*
 * Threads and the scheduler. A thread is what runs; a process (proc/) is what it belongs to. The
 * kernel does not preempt itself: a thread gives the CPU away only in thread_block(),
 * sched_yield(), sched_point(), or on its way to user mode.
 *
 * Blocking protocol: set the state, check the condition, block. A waker makes the condition true,
 * then wakes:
 *	thread_prepare(THREAD_INTERRUPTIBLE);
 *	if (!condition) thread_block();
 *	thread_running();
 * wait.h packs this for wait queues.
 */
#pragma once

#include "arch/context.h"
#include "arch/errno_sites.h"
#include "arch/work.h"
#include "core/fail.h"
#include "core/refcount.h"
#include "core/spinlock.h"
#include "lib/list.h"
#include "lib/rbtree.h"
#include "lib/types.h"

struct process;
struct aspace;
struct blk_plug;
struct jbd;
struct edf;

enum thread_state {
	THREAD_RUNNING,         /* running or in a run queue */
	THREAD_INTERRUPTIBLE,   /* a signal wakes it */
	THREAD_KILLABLE,        /* only a fatal signal wakes it */
	THREAD_UNINTERRUPTIBLE,
	THREAD_STOPPED,         /* job control; SIGCONT or SIGKILL wakes it */
	THREAD_TRACED,
	THREAD_DEAD,
	THREAD_NEW,             /* not started yet; nothing wakes it */
};

enum sched_class { SCHED_CLASS_FAIR, SCHED_CLASS_REALTIME, SCHED_CLASS_IDLE };

/*
 * Bytes that a thread had storage move (proc_pid_io(5)): whoever asks the disk for them, or makes a
 * page of a file dirty, adds them to the current thread's.
 */
struct storage_io {
	u64 read;      /* in the requests that it submitted */
	u64 written;   /* the pages that it made dirty, and what it wrote past the cache */
	u64 cancelled; /* dirty pages that it took away before they were written */
};

/*
 * I: constant after creation.  a: atomic.  o: the thread itself.  r: its CPU's run queue lock.
 * w: state, written under r or by the thread itself. p: proc (its locks).
 */
struct thread {
	u32 work;                /* a: WORK_* (arch/work.h); must be first */
	u32 state;               /* w: enum thread_state */
	struct refcount refs;
	u32 cpu;                 /* r: CPU it runs or last ran on */
	struct arch_thread arch; /* o */
	struct errno_notes errno_notes; /* o: at THREAD_NOTES_OFFSET */
	struct errno_log *errno_log; /* o to set, a: NULL until there is something in it
				      * (sched/errno_trace.h) */
	void *stack;             /* lowest address of the kernel stack; NULL once it is dead and has
				  * left it */
	void (*entry)(void *arg); /* I: what it runs */
	void *entry_arg;         /* I */

	/* Address space: */
	struct pgtable *pgtable; /* o: what the CPU runs it with; NULL: a kernel thread, keeps
				  * whatever is active */
	struct aspace *aspace;   /* o: opaque here; NULL for kernel threads */

	/* Run queue */
	struct rb_node run_node; /* r */
	struct list run_link;    /* r: real-time queue */
	bool queued;             /* r */
	bool on_cpu;             /* a: its context is still live on a CPU */
	u8 class;                /* r: enum sched_class that it runs in */
	u8 run_priority;         /* r: in the real-time class: 1 … 99, or SCHED_DEADLINE's 100 */
	u32 weight;              /* r: in the fair one */
	u8 policy;               /* r: SCHED_* as user space set it */
	s8 nice;                 /* r: -20 … 19, the same */
	u8 rt_priority;          /* r: 1 … 99, the same */
	u8 boost;                /* r: urgency that it has from those who wait for it, if that is
				  * more than its own; class, run_priority and weight have it */
	u64 vruntime, deadline;  /* r: virtual ns */
	struct edf *edf;         /* r: what SCHED_DEADLINE needs; NULL: it never had that */
	u64 slice_start;         /* r: clock up to which run_ns counts while it runs, and from which
				  * it waits while it is queued */
	u64 run_ns;              /* r: total time on a CPU */
	u64 wait_ns;             /* r: total time it waited for one */
	u64 hung_since;          /* watchdog: slice_start of the sleep that it reported last */
	u64 user_ns;             /* r: of sampled_ns in user mode */
	u64 sampled_ns;          /* r: of run_ns, what samples have divided into user and system
				  * time */
	u64 shown_user_ns, shown_system_ns; /* a: last answers of sched_thread_times(), which never
					     * go back */
	u64 rr_left_ns;          /* r: what is left of the round-robin interval */
	u64 switches_voluntary, switches_forced; /* r */
	struct storage_io io;    /* o to write, others may read it */
	u64 affinity;            /* r: bit per CPU */
	u64 start_ns;            /* I: clock at creation */

	/* Waiting */
	const char *wait_reason; /* o: short word for /proc/[pid]/wchan, or NULL */
	bool in_iowait;          /* o: to change only while running */
	bool frees_memory;       /* o: memory comes back by its work (it writes out what others
				  * left dirty): it is not held up for want of it */

	struct blk_plug *plug;   /* o: requests that dev holds back; given to the plug hook before
				  * the thread blocks */

	/* Owned by fs/jbd: the handle that the thread has open */
	struct jbd *journal;     /* o: of this journal; NULL: none */
	u32 journal_credits;     /* o: blocks that it may still change */
	u32 journal_depth;       /* o: begins without their end */

	/* Owned by proc: */
	struct process *process; /* I: NULL for kernel threads */
	s32 tid;                 /* I: 0 for kernel threads that have none */
	char name[16];           /* o: comm; others may read a torn one, always NUL-terminated */
	u64 sigmask;             /* o to write; p to read by others */
	u64 saved_sigmask;       /* o: to be put back if WORK_RESTORE_MASK */
	bool rseq_on;            /* o: gets WORK_RSEQ at each switch to it (rseq(2)) */
	u32 rseq_cpu;            /* o: the CPU that its structure says it is on; ~0: none yet */
	void *proc_data;         /* p: the rest of what proc keeps per thread (proc/process.h) */

	/* Owned by ipc: priority-inheriting futexes */
	struct list pi_held;     /* ipc's lock: those that others wait for */
	void *pi_wait;           /* ipc's lock: its own wait for one, or NULL */
	bool pi_ended;           /* ipc's lock: holds none any more */

	struct list all_link;    /* every thread, under the scheduler's list lock */
#ifdef CONFIG_DEBUG
	u8 held_ranks[16];       /* o: of the sleeping locks that it holds, in order of
				  * acquisition */
	u8 n_held;               /* o */
	struct fail_plan fail;   /* o */
#endif
};

/*
 * A thread that will run fn(arg) in the kernel; it is not started. thread->process is `process`
 * (NULL: kernel thread), one reference is the caller's, one its own while it lives. 0 and *out, or
 * -ENOMEM.
 */
int thread_create(const char *name, struct process *process, void (*fn)(void *arg), void *arg,
		  struct thread **out);
/* Puts a new thread into a run queue. */
void thread_start(struct thread *thread);
/* Gives up a thread that was never started: frees its stack and drops both references (the free
 * hook runs). */
void thread_discard(struct thread *thread);
/* A new thread's policy, nice value, affinity: those of `from`; SCHED_DEADLINE becomes
 * SCHED_NORMAL. Before thread_start(). */
void sched_inherit(struct thread *thread, struct thread *from);
/* A started kernel thread, without a reference for the caller: 0 or -ENOMEM. */
int kthread_start(const char *name, void (*fn)(void *arg), void *arg);
/* Ends the current thread; its reference goes when its stack is no longer used. */
_Noreturn void thread_exit(void);
static inline void thread_get(struct thread *t) { ref_get(&t->refs); }
void thread_put(struct thread *t);
/* proc's hook: called when the last reference goes, to free thread->proc_data and drop the process
 * reference. Thread context, no spinlock held if the caller of thread_put() holds none; must not
 * sleep for a thread that ran. */
void thread_set_free_hook(void (*hook)(struct thread *t));
/* Calls fn for each thread, under a spinlock: fn must not sleep nor allocate. */
void thread_each(void (*fn)(struct thread *t, void *arg), void *arg);

/* Announces that the thread is about to block (see above). */
static inline void thread_prepare(enum thread_state state)
{
	__atomic_store_n(&thread_current()->state, state, __ATOMIC_SEQ_CST);
}
static inline void thread_running(void)
{
	__atomic_store_n(&thread_current()->state, THREAD_RUNNING, __ATOMIC_RELEASE);
}
/* Gives the CPU away until woken (returns at once if a wake came since thread_prepare()).
 * Interrupts on, no spinlock. */
void thread_block(void);
/* The same until the clock reads deadline_ns at the latest (~0: no limit). Returns true if the time
 * is over. */
bool thread_block_until(u64 deadline_ns);
/* dev's hook: called by thread_block() before it blocks if thread->plug is set; must not sleep. */
void thread_set_plug_hook(void (*hook)(void));
/* Makes a thread in any of the sleeping states given by the mask (1 << state) runnable: whether it
 * was one. Any context; takes RANK_RUNQ. */
bool thread_wake_states(struct thread *thread, u32 states);
#define WAKE_NORMAL \
	((1u << THREAD_INTERRUPTIBLE) | (1u << THREAD_KILLABLE) | (1u << THREAD_UNINTERRUPTIBLE))
/* With the states: the waker is about to sleep itself, so the woken one need not take the CPU from
 * it (unless its class is higher). */
#define WAKE_SYNC (1u << 31)
static inline bool thread_wake(struct thread *t) { return thread_wake_states(t, WAKE_NORMAL); }
/* Sets WORK_* bits and makes the thread pass its return path soon if it runs in user mode on
 * another CPU. Any context. */
void thread_set_work(struct thread *thread, u32 work);
static inline void thread_clear_work(u32 work)
{
	__atomic_fetch_and(&thread_current()->work, ~work, __ATOMIC_RELAXED);
}

/* proc's answers, asked by interruptible waits: whether the current thread has an unblocked signal,
 * or a fatal one. Kernel threads: never. */
static inline bool thread_signal_pending(void)
{
	return unlikely(READ_ONCE(thread_current()->work) & (WORK_SIGNAL | WORK_NOTIFY));
}
bool thread_fatal_pending(void); /* by the hook below */
void thread_set_fatal_hook(bool (*hook)(struct thread *t));

/* Switches to the best thread now; clears WORK_RESCHED. */
void sched_switch_now(void);
/* A place in a long loop of the kernel where another thread may run (no lock held). */
static inline void sched_point(void)
{
	if (unlikely(READ_ONCE(thread_current()->work) & WORK_RESCHED))
		sched_switch_now();
}
void sched_yield(void);
/* First thing that a new thread's function calls (thread_create() does so for its callers). */
void sched_thread_begin(void);

/* Policy of a thread: sched_setscheduler(2), setpriority(2), sched_setaffinity(2). Arguments are
 * checked by the caller; -EINVAL if no CPU is left. */
int sched_set_policy(struct thread *t, int policy, int rt_priority);
void sched_set_nice(struct thread *t, int nice);
int sched_set_affinity(struct thread *t, u64 cpus);
/*
 * How urgent a thread is, in one number: 0 (SCHED_DEADLINE), 1 (the real-time priority 99) … 99,
 * 101 (nice -20) … 140, 141 (SCHED_IDLE). The smaller runs first, or gets more. Who inherits 0 runs
 * at the real-time priority 99.
 */
#define URGENCY_EDF    0
#define URGENCY_FAIR   101
#define URGENCY_NICE_0 121
#define URGENCY_IDLE   141
#define URGENCY_NONE   0xff
u8 sched_urgency(const struct thread *t);
/* The thread runs as urgently as this, or as its own policy says if that is more. URGENCY_NONE: as
 * its policy says. Any context; takes RANK_RUNQ. */
void sched_set_boost(struct thread *t, u8 urgency);
/* Round-robin interval or fair slice, ns. */
u64 sched_interval(struct thread *t);

/* For /proc/stat, /proc/loadavg, /proc/uptime. Nanoseconds per CPU. */
struct sched_cpu_stats { u64 user_ns, nice_ns, system_ns, idle_ns, iowait_ns, irq_ns, switches; };
void sched_cpu_stats(unsigned cpu, struct sched_cpu_stats *out);
/* For /proc/schedstat: what the scheduler of one CPU has done since boot. */
struct sched_cpu_work {
	u64 yields, switches, idles; /* calls; switches, and those of them to the idle thread */
	u64 wakes, wakes_here;       /* threads woken to run there; by that CPU itself */
	u64 busy_ns, wait_ns;        /* that threads ran there, and waited there */
};
void sched_cpu_work(unsigned cpu, struct sched_cpu_work *out);
/* How much of each period real-time threads may run while others wait, ns (~0: all of it). -EINVAL
 * if that makes no sense, -EBUSY if threads of SCHED_DEADLINE were promised more. */
void sched_rt_limits(u64 *period_ns, u64 *runtime_ns);
int sched_set_rt_limits(u64 period_ns, u64 runtime_ns);
void sched_loadavg(u32 out[3]); /* fixed point, 11 bits of fraction */
u64 sched_running(void);        /* threads running or runnable */
u64 sched_forks(void);          /* threads created since boot */
u64 sched_blocked(void);        /* threads in I/O wait */
/*
 * The watchdog (watchdog.c). Its looks, for tests, as if it were `now`: how many CPUs, or threads,
 * it reported. And how long a thread may be uninterruptible before it is reported, ns; 0: for ever.
 */
void watchdog_init(void);
unsigned sched_watch_cpus(u64 now);
unsigned sched_watch_threads(u64 now);
u64 sched_hung_limit(void);
void sched_set_hung_limit(u64 ns);
/* proc's hook: told of CPU time that the current thread, which has a process, has used since the
 * last time, for CPU-time timers and RLIMIT_CPU: about every 10 ms that its CPU is busy, when the
 * sampling tick finds it. Interrupts off, no run-queue lock held, so it may send signals. */
void sched_set_charge_hook(void (*hook)(struct thread *t, u64 user_ns, u64 system_ns));
/* Calls fn with a thread that is asleep and stays so meanwhile: false if it is not. fn must not
 * sleep nor wake. */
bool sched_look(struct thread *t, void (*fn)(struct thread *t, void *arg), void *arg);
/* CPU time of a thread up to now, ns, split into user and system. */
void sched_thread_times(struct thread *t, u64 *user_ns, u64 *system_ns);

/* The boot context becomes CPU 0's idle thread; run queues. After mm_init(). */
void sched_init(void);
/* The idle loop; does not return. Called by the boot context when all else is started, and by each
 * further CPU once sched_cpu_start() made it known. */
_Noreturn void sched_idle_loop(void);
/* Makes the idle thread and run queue of another CPU, before it is started: the top of the stack
 * that it is to start on, or NULL (no memory). */
void *sched_cpu_prepare(unsigned cpu);
/* The first call of that CPU, on that stack, interrupts off: it is idle and may be given
 * threads. */
void sched_cpu_start(void);
