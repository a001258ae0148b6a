/*
 * The receiving side of signal queues: what is pending for a thread, taking it out, masks, actions.
 */
#include "abi/errno.h"
#include "mm/slab.h"
#include "proc/posix_timer_int.h"
#include "proc/proc_int.h"
#include "proc/signal.h"
#include "proc/signal_int.h"

static struct slab_cache *sighand_cache;

struct sighand *sighand_create(void)
{
	struct sighand *s;

	if (!sighand_cache)
		sighand_cache = slab_cache_create("sighand", sizeof(struct sighand), 64);
	s = sighand_cache ? slab_alloc(sighand_cache, MM_KERNEL | MM_ZERO) : NULL;
	if (!s)
		return NULL;
	ref_set(&s->refs, 1);
	ref_set(&s->storage, 1);
	spin_init(&s->lock, RANK_SIGHAND, "sighand");
	wait_init(&s->poll);
	return s;
}

void sighand_put(struct sighand *s)
{
	if (ref_put(&s->refs))
		sighand_unkeep(s);
}

void sighand_keep(struct sighand *s)
{
	ref_get(&s->storage);
}

void sighand_unkeep(struct sighand *s)
{
	if (ref_put(&s->storage))
		slab_free(sighand_cache, s);
}

/* Takes signal `signo` out of one queue. */
static void queue_take(struct signal_queue *q, int signo, struct abi_siginfo *info)
{
	struct signal_entry *e, *tmp, *first = NULL;
	bool more = false;

	list_for_each_entry_safe(e, tmp, &q->entries, link) {
		if (e->info.si_signo != signo)
			continue;
		if (first) {
			more = true;
			break;
		}
		first = e;
	}
	if (!more)
		q->set &= ~SIGMASK(signo);
	if (first) {
		list_del(&first->link);
		if (first->timer)
			posix_timer_taken_locked(first->timer);
		*info = first->info;
		if (!first->timer)
			signal_entry_free(first);
	} else { /* its information could not be kept */
		*info = (struct abi_siginfo){ .si_signo = signo, .si_code = SI_USER };
	}
}

/* The most urgent signal of a set: faults first, then the lowest number. */
static int signal_first(u64 set)
{
	if (set & SIGNALS_SYNCHRONOUS)
		set &= SIGNALS_SYNCHRONOUS;
	return set ? __builtin_ctzll(set) + 1 : 0;
}

int signal_dequeue_locked(struct task *task, u64 set, struct abi_siginfo *info)
{
	struct signal_queue *q = &task->pending;
	int signo = signal_first(q->set & set);

	if (!signo) {
		q = &task->process->pending;
		signo = signal_first(q->set & set);
	}
	if (signo)
		queue_take(q, signo, info);
	return signo;
}

void signal_recompute_locked(struct task *task)
{
	struct process *p = task->process;
	u64 pending = (task->pending.set | p->pending.set) & ~task->thread->sigmask;

	if (pending)
		thread_set_work(task->thread, WORK_SIGNAL);
	else if (task->thread == thread_current())
		thread_clear_work(WORK_SIGNAL);
}

/* Signals of the process that this thread does not take are offered to the others. */
static void offer_locked(struct task *task, u64 set)
{
	struct task *other;

	if (!set)
		return;
	list_for_each_entry(other, &task->process->threads, link)
		if (other != task && !other->exiting && (set & ~other->thread->sigmask)) {
			thread_set_work(other->thread, WORK_SIGNAL);
			thread_wake_states(other->thread, 1u << THREAD_INTERRUPTIBLE);
		}
}

void signal_retarget_locked(struct task *task)
{
	offer_locked(task, task->process->pending.set & ~task->thread->sigmask);
}

/* Changes the mask. */
static void set_mask_locked(struct task *task, u64 mask)
{
	struct process *p = task->process;
	u64 newly = mask & ~thread_current()->sigmask & p->pending.set;

	thread_current()->sigmask = mask & ~SIGNALS_UNBLOCKABLE;
	signal_recompute_locked(task);
	offer_locked(task, newly);
}

void signal_set_mask(u64 mask)
{
	struct task *task = task_current();
	u64 flags = sighand_lock(task->process);

	set_mask_locked(task, mask);
	sighand_unlock(task->process, flags);
}

void signal_set_mask_temporary(u64 mask)
{
	thread_current()->saved_sigmask = thread_current()->sigmask;
	signal_set_mask(mask);
	thread_set_work(thread_current(), WORK_RESTORE_MASK);
}

void signal_restore_mask(void)
{
	if (!(READ_ONCE(thread_current()->work) & WORK_RESTORE_MASK))
		return;
	thread_clear_work(WORK_RESTORE_MASK);
	signal_set_mask(thread_current()->saved_sigmask);
}

int signal_take(u64 set, struct abi_siginfo *info)
{
	struct task *task = task_current();
	u64 flags = sighand_lock(task->process);
	int signo = signal_dequeue_locked(task, set & ~SIGNALS_UNBLOCKABLE, info);

	signal_recompute_locked(task);
	sighand_unlock(task->process, flags);
	return signo;
}

/* Announces (set) or ends (0) a wait for blocked signals. */
void signal_wait_set(u64 set)
{
	struct task *task = task_current();
	u64 flags = sighand_lock(task->process);

	task->wait_set = set;
	sighand_unlock(task->process, flags);
}

u64 signal_pending_set(void)
{
	struct task *task = task_current();
	u64 flags = sighand_lock(task->process);
	u64 set = (task->pending.set | task->process->pending.set) & thread_current()->sigmask;

	sighand_unlock(task->process, flags);
	return set;
}

/* Throws away pending signals that are ignored from now on (POSIX: setting SIG_IGN discards
 * them). */
static void discard_pending(struct process *p, int signo)
{
	struct abi_siginfo info;
	struct task *task;

	while (p->pending.set & SIGMASK(signo))
		queue_take(&p->pending, signo, &info);
	list_for_each_entry(task, &p->threads, link)
		while (task->pending.set & SIGMASK(signo))
			queue_take(&task->pending, signo, &info);
}

int signal_action(int signo, const struct abi_sigaction *new_action, struct abi_sigaction *old)
{
	struct process *p = process_current();
	struct abi_sigaction *action;
	u64 flags;

	if (signo < 1 || signo > NSIG || (new_action && (SIGMASK(signo) & SIGNALS_UNBLOCKABLE)))
		return -EINVAL;
	action = &p->sighand->action[signo - 1];
	flags = sighand_lock(p);
	if (old)
		*old = *action;
	if (new_action) {
		*action = *new_action;
		action->sa_mask &= ~SIGNALS_UNBLOCKABLE;
		if (action->sa_handler == SIG_IGN ||
		    (action->sa_handler == SIG_DFL && (SIGMASK(signo) & SIGNALS_DEFAULT_IGNORE)))
			discard_pending(p, signo);
	}
	sighand_unlock(p, flags);
	return 0;
}

void signal_exec_reset(struct process *p)
{
	u64 flags = sighand_lock(p);

	for (int i = 0; i < NSIG; i++) {
		struct abi_sigaction *action = &p->sighand->action[i];
		u64 handler = action->sa_handler == SIG_IGN ? SIG_IGN : SIG_DFL;

		*action = (struct abi_sigaction){ .sa_handler = handler };
	}
	sighand_unlock(p, flags);
}
