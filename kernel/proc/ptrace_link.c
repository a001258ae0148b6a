/*
 * Who traces whom: how it begins (by the tracee, by the tracer, at a fork) and ends (the tracer
 * lets go, or ends). The tracer is a thread: its own, not its process', are the tracees; any thread
 * of its process may wait for them.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/sched.h"
#include "arch/tracee.h"
#include "proc/ptrace_int.h"
#include "proc/signal.h"
#include "sched/wait.h"

/* The tree's lock and the sighand's of `task` held. */
static void link_locked(struct task *task, struct task *tracer, bool seize, u32 options,
			bool privileged)
{
	task->trace.seized = seize;
	task->trace.options = options;
	task->trace.privileged = privileged;
	list_add_tail(&task->trace.link, &tracer->trace.tracees);
	tracer->process->n_tracees++;
	WRITE_ONCE(task->trace.tracer, tracer);
}

void ptrace_mode_set_locked(struct task *task, u8 mode)
{
	struct thread *thread = task->thread;

	task->trace.mode = mode;
	if (mode)
		__atomic_fetch_or(&thread->work, WORK_SYSCALL_TRACE, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&thread->work, ~WORK_SYSCALL_TRACE, __ATOMIC_RELAXED);
}

void ptrace_unlink_locked(struct task *task)
{
	struct tracing *t = &task->trace;
	struct process *p = task->process;
	u64 flags = sighand_lock(p);

	list_del_init(&t->link);
	t->tracer->process->n_tracees--;
	WRITE_ONCE(t->tracer, NULL);
	t->options = 0;
	t->seized = t->privileged = t->interrupt = t->notify = t->listening = false;
	ptrace_mode_set_locked(task, 0);
	if (p->stop_state != STOP_NONE) /* then it stops like the others */
		thread_set_work(task->thread, WORK_NOTIFY);
	if (t->stopped) {
		t->stopped = false;
		thread_wake_states(task->thread, 1u << THREAD_TRACED);
	}
	sighand_unlock(p, flags);
}

/* The thread of the parent that made the process, or, if that has ended, another. */
static struct task *parent_task_locked(struct process *p)
{
	struct task *task, *found = NULL;

	if (!p->parent)
		return NULL;
	list_for_each_entry(task, &p->parent->threads, link)
		if (!task->exiting && (!found || task->thread->tid == p->made_by))
			found = task;
	return found;
}

/* Whether `tracer` may have the current task as tracee. */
static bool parent_may(struct task *tracer)
{
	const struct cred *c = task_cred_get(tracer);
	bool may = cred_capable(c, CAP_SYS_PTRACE) ||
		   !(cred_current()->cap_permitted & ~c->cap_permitted);

	cred_put(c);
	return may;
}

long ptrace_traceme(void)
{
	struct task *me = task_current(), *tracer;
	/* who asks, not who is asked: a privileged parent may become somebody else's program */
	bool privileged = cred_capable(cred_current(), CAP_SYS_PTRACE);
	long result = -EPERM;

	spin_lock(&proc_tree_lock);
	if (!me->trace.tracer) {
		tracer = parent_task_locked(me->process);
		if (!tracer) { /* it is ending: as Linux */
			result = 0;
		} else if (parent_may(tracer)) {
			u64 flags = sighand_lock(me->process);

			link_locked(me, tracer, false, 0, privileged);
			sighand_unlock(me->process, flags);
			result = 0;
		}
	}
	spin_unlock(&proc_tree_lock);
	return result;
}

/* Begins to trace: 0 and whether job control holds it; -EPERM. exec_lock of its process held. */
static int attach_locked(struct task *task, bool seize, u32 options, bool *held)
{
	struct process *p = task->process;
	bool privileged = cred_capable(cred_current(), CAP_SYS_PTRACE);
	u64 flags = sighand_lock(p);
	int error = 0;

	if (task->exiting || task->trace.tracer || list_empty(&task->link)) {
		error = -EPERM;
	} else {
		link_locked(task, task_current(), seize, options, privileged);
		*held = task->stopped;
		if (*held)
			thread_wake_states(task->thread, 1u << THREAD_STOPPED);
	}
	sighand_unlock(p, flags);
	return error;
}

/* A stop of job control becomes one for the tracer before the call is over. */
static int attach_settle(struct task *task)
{
	struct wait_queue *q = &process_current()->child_wait;

	return wait_killable(q, READ_ONCE(task->trace.stopped) || READ_ONCE(task->exiting) ||
					!READ_ONCE(task->stopped));
}

static long attach(struct task *task, bool seize, u32 options)
{
	struct process *p = task->process;
	struct abi_siginfo stop = signal_info_kernel(SIGSTOP);
	bool held = false;
	int error;

	if (p == process_current())
		return -EPERM;
	error = mutex_lock_killable(&p->exec_lock);
	if (error)
		return error;
	error = -EPERM;
	if (task_may_attach(task)) {
		spin_lock(&proc_tree_lock);
		error = attach_locked(task, seize, options, &held);
		if (!error && !seize)
			(void)signal_send_task(task, &stop);
		spin_unlock(&proc_tree_lock);
	}
	mutex_unlock(&p->exec_lock);
	if (!error && held)
		(void)attach_settle(task);
	return error;
}

long ptrace_attach(s32 tid, bool seize, u64 addr, u64 options)
{
	struct task *task = task_find(tid);
	long result;

	if (!task)
		return -ESRCH;
	if (!seize)
		options = 0;
	result = ptrace_options_check(options);
	if (seize && (addr || result == -ABI_EINVAL))
		result = -EIO;
	if (!result)
		result = attach(task, seize, (u32)options);
	thread_put(task->thread);
	return result;
}

void ptrace_inherit_locked(struct task *child, bool wanted)
{
	struct tracing *mine = &task_current()->trace;

	if (likely(!mine->tracer) || !wanted)
		return;
	link_locked(child, mine->tracer, mine->seized, mine->options, mine->privileged);
	if (mine->seized) {
		child->trace.interrupt = true;
		thread_set_work(child->thread, WORK_NOTIFY);
	} else {
		child->pending.set |= SIGMASK(SIGSTOP);
		thread_set_work(child->thread, WORK_SIGNAL);
	}
}

bool ptrace_exec_allowed(struct task *task)
{
	bool allowed;

	spin_lock(&proc_tree_lock);
	allowed = !task->trace.tracer || task->trace.privileged;
	spin_unlock(&proc_tree_lock);
	return allowed;
}

void ptrace_leave_locked(struct task *me, struct list *gone, struct list *dead)
{
	struct abi_siginfo kill = signal_info_kernel(SIGKILL);
	struct task *task, *tmp;

	list_for_each_entry_safe(task, tmp, &me->trace.tracees, trace.link) {
		if (task->trace.dead) {
			ptrace_record_drop_locked(task, gone, dead);
			continue;
		}
		if (READ_ONCE(task->trace.options) & PTRACE_O_EXITKILL)
			signal_send_process(task->process, &kill);
		ptrace_unlink_locked(task);
	}
}

s32 ptrace_tracer_pid(struct task *task)
{
	s32 nr = 0;

	if (!ptrace_traced(task))
		return 0;
	spin_lock(&proc_tree_lock);
	if (task->trace.tracer)
		nr = task->trace.tracer->process->pid->nr;
	spin_unlock(&proc_tree_lock);
	return nr;
}
