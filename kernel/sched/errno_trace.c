/*
 * Putting down errors and their notes: see errno_trace.h. A thread that was never given an error
 * while tracing was on has nothing; the first one gets it a log, which is freed with the thread. If
 * there is no memory for it the error is not put down.
 *
 * Locks: log->lock (RANK_ERRNO), of each log; `switching`, for turning it on and off.
 */
#include "sched/errno_trace.h"

#include "abi/errno.h"
#include "arch/upcall.h"
#include "core/clock.h"
#include "core/cmdline.h"
#include "mm/slab.h"
#include "sched/mutex.h"
#include "sched/thread.h"

#define NO_SYSCALL (~0ull) /* regs->orig_rax: sigreturn(2) has put other registers there */

/* l: lock */
struct errno_log {
	struct spinlock lock;
	u32 n;                                /* l: how many there were; the i-th is at
					       * given[i % ERRNO_KEPT] */
	struct errno_given given[ERRNO_KEPT]; /* l */
};

static_assert(offsetof(struct thread, errno_notes) == THREAD_NOTES_OFFSET,
	      "the places where errors begin write there");

static struct mutex switching = MUTEX_INIT(switching, RANK_SLEEP_LAST, "errno trace");
static bool enabled; /* a; switching to change */

void errno_trace_init(void)
{
	if (cmdline_u64("errno.trace", 0))
		errno_trace_enable(true);
}

void errno_trace_enable(bool on)
{
	mutex_lock(&switching);
	if (on != enabled) {
		WRITE_ONCE(enabled, on);
		errno_sites_arm(on);
	}
	mutex_unlock(&switching);
}

bool errno_trace_enabled(void)
{
	return READ_ONCE(enabled);
}

/* The thread's log, which it alone makes; NULL without memory. */
static struct errno_log *log_get(struct thread *thread)
{
	struct errno_log *log = thread->errno_log;

	if (!log && (log = kzalloc(sizeof(*log), MM_KERNEL))) {
		spin_init(&log->lock, RANK_ERRNO, "errno log");
		store_release(&thread->errno_log, log);
	}
	return log;
}

static void put_down(u32 call, u32 error)
{
	struct thread *thread = thread_current();
	struct errno_notes *notes = &thread->errno_notes;
	struct errno_log *log = log_get(thread);
	u64 now = clock_monotonic();
	struct errno_given *given;

	if (likely(log)) {
		spin_lock(&log->lock);
		given = &log->given[log->n++ % ERRNO_KEPT];
		given->time_ns = now;
		given->call = call;
		given->error = error;
		given->notes.n = notes->n;
		for (u32 i = 0; i < notes->n && i < ERRNO_NOTES; i++)
			given->notes.at[i] = notes->at[i];
		spin_unlock(&log->lock);
	}
	notes->n = 0;
}

/* Called by the entry code while tracing is on. An interrupted call keeps its notes until it is
 * known whether it begins again. */
void upcall_errno(struct regs *regs)
{
	u64 error = -regs->rax;

	if (regs->orig_rax == NO_SYSCALL)
		thread_current()->errno_notes.n = 0;
	else if (error < ABI_ERESTARTSYS || error > ABI_ERESTARTBLOCK)
		put_down((u32)regs->orig_rax, (u32)error);
}

void errno_trace_interrupted(u32 call)
{
	if (unlikely(errno_trace_enabled()))
		put_down(call, ABI_EINTR);
}

unsigned errno_trace_copy(struct thread *thread, struct errno_given out[ERRNO_KEPT])
{
	struct errno_log *log = load_acquire(&thread->errno_log);
	unsigned n;

	if (!log)
		return 0;
	spin_lock(&log->lock);
	n = min(log->n, (u32)ERRNO_KEPT);
	for (unsigned i = 0; i < n; i++)
		out[i] = log->given[(log->n - n + i) % ERRNO_KEPT];
	spin_unlock(&log->lock);
	return n;
}

/* Whether a place with this number is where the error may have begun: inside the kernel some have
 * another number (abi/errno.h). */
static bool fits(unsigned number, u32 error)
{
	switch (number) {
	case 0:
		return true;
	case ABI_ERESTARTSYS:
	case ABI_ERESTARTNOINTR:
	case ABI_ERESTARTNOHAND:
	case ABI_ERESTARTBLOCK:
		return error == ABI_EINTR;
	case ABI_ENOIOCTLCMD:
		return error == ABI_ENOTTY;
	case ABI_EFSIZELIMIT:
		return error == ABI_EFBIG;
	default:
		return number == error;
	}
}

bool errno_trace_place(const struct errno_given *given, struct errno_place *out)
{
	u32 n = given->notes.n;

	for (u32 i = 1; i <= n && i <= ERRNO_NOTES; i++) {
		if (errno_place_find(given->notes.at[(n - i) % ERRNO_NOTES], out) &&
		    fits(out->number, given->error))
			return true;
	}
	return false;
}

void errno_trace_free(struct thread *thread)
{
	kfree(thread->errno_log);
}
