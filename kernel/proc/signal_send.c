/*
 * Sending signals (signal(7)): what a signal does at once (stop and continue cancel each other,
 * ignored ones vanish, SIGKILL ends the group), how it is queued, and which thread is told.
 * Everything happens under the sighand's lock with interrupts off.
 */
#include "proc/signal.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "arch/upcall.h"
#include "core/panic.h"
#include "mm/slab.h"
#include "proc/core.h"
#include "proc/posix_timer_int.h"
#include "proc/proc_int.h"
#include "proc/ptrace.h"
#include "proc/signal_int.h"
#include "proc/user.h"

struct abi_siginfo signal_info_kernel(int signo)
{
	return (struct abi_siginfo){ .si_signo = signo, .si_code = SI_KERNEL };
}

struct abi_siginfo signal_info_user(int signo, int code)
{
	return (struct abi_siginfo){ .si_signo = signo,
				     .si_code = code,
				     .si_pid = process_current()->pid->nr,
				     .si_uid = cred_current()->uid };
}

/* Drops the signals of `set` from a queue. sighand->lock held. */
static void queue_remove(struct signal_queue *q, u64 set)
{
	struct signal_entry *e, *tmp;

	if (!(q->set & set))
		return;
	q->set &= ~set;
	list_for_each_entry_safe(e, tmp, &q->entries, link)
		if (SIGMASK(e->info.si_signo) & set) {
			list_del(&e->link);
			signal_entry_free(e);
		}
}

static void process_remove_pending(struct process *p, u64 set)
{
	struct task *task;

	queue_remove(&p->pending, set);
	list_for_each_entry(task, &p->threads, link)
		queue_remove(&task->pending, set);
}

void signal_entry_free(struct signal_entry *e)
{
	if (e->timer) { /* its owner's */
		posix_timer_taken_locked(e->timer);
		return;
	}
	user_uncharge(e->uid, USER_SIGNALS);
	kfree(e);
}

void signal_queue_flush(struct signal_queue *q)
{
	struct signal_entry *e, *tmp;

	list_for_each_entry_safe(e, tmp, &q->entries, link)
		signal_entry_free(e);
	list_init(&q->entries);
	q->set = 0;
}

/* Whether an unblocked signal would vanish: ignored, or default for init, or default and
 * harmless. A tracer may want to know of it. */
static bool signal_vanishes(struct process *p, const struct task *task, int signo)
{
	u64 handler = p->sighand->action[signo - 1].sa_handler;

	if (task->trace.tracer)
		return false;
	if (handler == SIG_IGN)
		return true;
	if (handler != SIG_DFL)
		return false;
	return (SIGMASK(signo) & SIGNALS_DEFAULT_IGNORE) || p->is_init;
}

/*
 * Whether an unblocked signal ends the process at once, wherever its threads wait: the default
 * action is to end it, without a dump, and nobody is told before. What stopped threads get waits
 * until they go on.
 */
static bool signal_kills(struct process *p, const struct task *task, int signo)
{
	return p->sighand->action[signo - 1].sa_handler == SIG_DFL &&
	       !(SIGMASK(signo) & (SIGNALS_STOP | SIGNALS_DEFAULT_IGNORE | SIGNALS_CORE)) &&
	       !task->trace.tracer && p->stop_state == STOP_NONE;
}

/* Adds to the queue: 0, or -EAGAIN if its information cannot be kept and must not be lost. */
static int queue_add(struct process *p, struct signal_queue *q, const struct abi_siginfo *info,
		     u32 uid)
{
	int signo = info->si_signo;
	struct signal_entry *e = NULL;

	if (signo < SIGRTMIN && (q->set & SIGMASK(signo)))
		return 0;
	if (user_charge(uid, USER_SIGNALS, process_rlimit(p, RLIMIT_SIGPENDING)) == 0) {
		e = kmalloc(sizeof(*e), MM_ATOMIC);
		if (!e)
			user_uncharge(uid, USER_SIGNALS);
	}
	if (e) {
		e->info = *info;
		e->uid = uid;
		e->timer = NULL;
		list_add_tail(&e->link, &q->entries);
	} else if (signo >= SIGRTMIN && info->si_code != SI_USER && info->si_code != SI_KERNEL) {
		return -EAGAIN;
	}
	q->set |= SIGMASK(signo);
	return 0;
}

/* Whose limit a signal counts for: the receiver's. */
static u32 charged_uid(struct process *p, struct task *task)
{
	return READ_ONCE(
		(task ? task : list_first_entry(&p->threads, struct task, link))->charged_uid);
}

static void task_tell(struct task *task, u32 states)
{
	thread_set_work(task->thread, WORK_SIGNAL);
	thread_wake_states(task->thread, states);
}

/* The thread that is to take a signal for the process: the sender itself if it may, else the first
 * that does not block it. */
static struct task *choose_thread(struct process *p, int signo)
{
	struct task *me = task_current(), *task;

	if (me && me->process == p && !me->exiting && !(thread_current()->sigmask & SIGMASK(signo)))
		return me;
	list_for_each_entry(task, &p->threads, link)
		if (!task->exiting && !(task->thread->sigmask & SIGMASK(signo)))
			return task;
	return NULL;
}

void process_kill_threads_locked(struct process *p, s32 code)
{
	struct task *task;

	if (!p->group_exit) {
		p->group_exit = true;
		p->group_code = code;
	}
	p->stop_state = STOP_NONE;
	list_for_each_entry(task, &p->threads, link) {
		task->trace.killed = true;
		thread_set_work(task->thread, WORK_NOTIFY);
		thread_wake_states(task->thread, WAKE_FATAL);
	}
	wait_wake(&p->exec_wait, 0);
}

/*
 * Sends to a thread, or to the process if task is NULL; by an entry that there is already, or by a
 * new one if `ready` is NULL. sighand->lock held.
 */
static int send_locked(struct process *p, struct task *task, const struct abi_siginfo *info,
		       struct signal_entry *ready)
{
	struct signal_queue *q = task ? &task->pending : &p->pending;
	struct task *taker;
	int signo = info->si_signo, error;
	u64 mask = SIGMASK(signo);

	if (p->group_exit || p->n_threads == 0) {
		if (signo == SIGKILL) { /* a tracer may hold threads on their way out */
			core_kill_locked(p);
			process_kill_threads_locked(p, SIGKILL);
		}
		return 0;
	}
	if (mask & SIGNALS_STOP)
		process_remove_pending(p, SIGMASK(SIGCONT));
	if (signo == SIGCONT) {
		process_remove_pending(p, SIGNALS_STOP);
		signal_continue_locked(p);
	}
	if (signo == SIGKILL) {
		if (p->is_init) /* kill(2): init takes only what it has handlers for */
			return 0;
		process_kill_threads_locked(p, SIGKILL);
		return 0;
	}
	taker = !task ? choose_thread(p, signo) : task->thread->sigmask & mask ? NULL : task;
	if (taker && signal_vanishes(p, taker, signo))
		return 0;
	if (taker && signal_kills(p, taker, signo)) {
		process_kill_threads_locked(p, signo);
		return 0;
	}
	if (ready) {
		list_add_tail(&ready->link, &q->entries);
		q->set |= mask;
	} else {
		error = queue_add(p, q, info, charged_uid(p, task));
		if (error)
			return error;
	}
	wait_wake(&p->sighand->poll, POLLIN);
	if (!task)
		task = choose_thread(p, signo);
	if (task && !(task->thread->sigmask & mask))
		task_tell(task, 1u << THREAD_INTERRUPTIBLE);
	else if (task && (task->wait_set & mask))
		thread_wake_states(task->thread, 1u << THREAD_INTERRUPTIBLE);
	else if (!task)
		signal_wake_waiters_locked(p, mask);
	return 0;
}

void signal_wake_waiters_locked(struct process *p, u64 mask)
{
	struct task *task;

	list_for_each_entry(task, &p->threads, link)
		if (task->wait_set & mask) {
			thread_wake_states(task->thread, 1u << THREAD_INTERRUPTIBLE);
			return;
		}
}

int signal_send_task(struct task *task, const struct abi_siginfo *info)
{
	struct process *p = task->process;
	u64 flags = sighand_lock(p);
	int error = task->exiting ? 0 : send_locked(p, task, info, NULL);

	sighand_unlock(p, flags);
	return error;
}

int signal_send_process(struct process *p, const struct abi_siginfo *info)
{
	u64 flags = sighand_lock(p);
	int error = send_locked(p, NULL, info, NULL);

	sighand_unlock(p, flags);
	return error;
}

bool signal_send_entry_locked(struct process *p, struct task *task, struct signal_entry *e)
{
	if (!task || !task->exiting)
		send_locked(p, task, &e->info, e);
	return !list_empty(&e->link);
}

int signal_send_group(struct pid *group, const struct abi_siginfo *info)
{
	struct process *p;
	int result = -ESRCH;

	spin_lock(&proc_tree_lock);
	list_for_each_entry(p, &group->members, group_link) {
		signal_send_process(p, info);
		result = 0;
	}
	spin_unlock(&proc_tree_lock);
	return result;
}

void signal_force(const struct abi_siginfo *info)
{
	struct task *task = task_current();
	struct process *p = task->process;
	u64 mask = SIGMASK(info->si_signo), flags = sighand_lock(p);
	struct abi_sigaction *action = &p->sighand->action[info->si_signo - 1];

	if ((thread_current()->sigmask & mask) || action->sa_handler == SIG_IGN) {
		action->sa_handler = SIG_DFL;
		thread_current()->sigmask &= ~mask;
	}
	if (action->sa_handler == SIG_DFL)
		task->forced |= mask; /* even init dies of it */
	queue_remove(&task->pending, mask);
	queue_add(p, &task->pending, info, task->charged_uid);
	task_tell(task, 0);
	sighand_unlock(p, flags);
}

void signal_force_segv(int signo)
{
	struct abi_siginfo info = signal_info_kernel(SIGSEGV);

	if (signo == SIGSEGV) {
		struct sighand *s = process_current()->sighand;
		u64 flags = spin_lock_irq(&s->lock);

		s->action[SIGSEGV - 1].sa_handler = SIG_DFL;
		spin_unlock_irq(&s->lock, flags);
	}
	signal_force(&info);
}

void upcall_trap(struct regs *regs, int signo, int code, u64 addr, unsigned trap_no, u64 error_code)
{
	struct task *task = task_current();
	struct abi_siginfo info = { .si_signo = signo, .si_code = code };

	if (signo == SIGTRAP && ptrace_trap_stale(regs, code))
		return;
	if (code > 0 && code != SI_KERNEL)
		info.si_addr = addr;
	task->fault_trap = (s32)trap_no;
	task->fault_error = error_code;
	signal_force(&info);
}

static int may_send_locked(struct process *to, int signo)
{
	const struct cred *me = cred_current(), *target;
	struct task *task =
		list_empty(&to->threads) ? NULL : list_first_entry(&to->threads, struct task, link);
	bool same;

	if (to == process_current() || cred_capable(me, CAP_KILL))
		return 0;
	if (signo == SIGCONT && to->session == process_current()->session)
		return 0;
	if (!task) /* a zombie */
		return me->euid == to->uid || me->uid == to->uid ? 0 : -EPERM;
	target = task_cred_get(task);
	same = me->euid == target->suid || me->euid == target->uid || me->uid == target->suid ||
	       me->uid == target->uid;
	cred_put(target);
	return same ? 0 : -EPERM;
}

int signal_may_send(struct process *to, int signo)
{
	int error;

	spin_lock(&proc_tree_lock);
	error = may_send_locked(to, signo);
	spin_unlock(&proc_tree_lock);
	return error;
}

int signal_kill_process(struct process *p, const struct abi_siginfo *info)
{
	int error = signal_may_send(p, info->si_signo);

	if (!error && info->si_signo)
		error = signal_send_process(p, info);
	return error;
}

/* 0 if one could be signalled, else the best error. */
static long best_of(long result, int error)
{
	return error == 0 || result == -ABI_ESRCH ? error : result;
}

/* To a group at once, so that no member escapes by forking. */
static long kill_group(struct pid *group, const struct abi_siginfo *info)
{
	struct process *p;
	long result = -ESRCH;

	spin_lock(&proc_tree_lock);
	list_for_each_entry(p, &group->members, group_link) {
		int error = may_send_locked(p, info->si_signo);

		if (!error && info->si_signo)
			error = signal_send_process(p, info);
		result = best_of(result, error);
	}
	spin_unlock(&proc_tree_lock);
	return result;
}

/* To everything but init and the caller. */
static long kill_all(const struct abi_siginfo *info)
{
	struct process *p, *me = process_current();
	long result = -ESRCH;

	for (s32 nr = 2; (p = process_next(nr)) != NULL; ) {
		nr = p->pid->nr + 1;
		if (p != me && !p->is_init) {
			int error = signal_kill_process(p, info);

			/* Who may signal none of them is not told. */
			result = best_of(result, error == -ABI_EPERM ? 0 : error);
		}
		process_put(p);
	}
	return result;
}

long signal_kill(s32 nr, const struct abi_siginfo *info)
{
	struct process *p;
	struct pid *group;
	long result;

	if (nr > 0) {
		p = process_find(nr);
		if (!p)
			return -ESRCH;
		result = signal_kill_process(p, info);
		process_put(p);
		return result;
	}
	if (nr == -1)
		return kill_all(info);
	if (nr == (s32)0x80000000)
		return -ESRCH;
	group = nr ? pid_find_get(-nr) : process_group_get(process_current());
	if (!group)
		return -ESRCH;
	result = kill_group(group, info);
	pid_put(group);
	return result;
}
