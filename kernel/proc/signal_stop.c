/*
 * Job control stops: a stop signal marks the process; each of its threads stands still on its way
 * to user mode; when all do, the parent is told. SIGCONT or SIGKILL lets them go on.
 *
 * A traced thread takes part like the others, but stands for its tracer (ptrace_stop.c), who may
 * let it run on while the stop lasts: then it counts as stopped all the same.
 */
#include "abi/wait.h"
#include "proc/proc_int.h"
#include "proc/ptrace.h"
#include "proc/signal.h"
#include "proc/signal_int.h"

/* Those whom their tracers have let run stop once more. */
static void stop_again_locked(struct process *p)
{
	struct task *task;

	list_for_each_entry(task, &p->threads, link) {
		if (!task->stopped || !task->trace.tracer || task->trace.stopped)
			continue;
		task->stopped = false;
		p->n_stopped--;
		ptrace_job_locked(task);
		thread_set_work(task->thread, WORK_NOTIFY);
		thread_wake_states(task->thread, 1u << THREAD_INTERRUPTIBLE);
	}
}

void signal_stop_begin_locked(struct process *p, int signo)
{
	struct task *task;

	if (p->group_exit)
		return;
	if (p->stop_state != STOP_NONE) {
		stop_again_locked(p);
		return;
	}
	p->stop_state = STOP_PENDING;
	p->stop_signal = signo;
	p->n_stopped = 0;
	list_for_each_entry(task, &p->threads, link) {
		ptrace_job_locked(task);
		thread_set_work(task->thread, WORK_NOTIFY);
		thread_wake_states(task->thread, 1u << THREAD_INTERRUPTIBLE);
	}
}

/* Whether every thread that still runs has stopped. */
static bool stop_complete_locked(struct process *p)
{
	if (p->stop_state != STOP_PENDING || p->n_stopped < p->n_threads)
		return false;
	p->stop_state = STOP_DONE;
	return true;
}

void signal_stop_tell_locked(struct process *p)
{
	u64 flags = sighand_lock(p);

	if (p->stop_state == STOP_DONE) {
		p->report_stop = true;
		p->report_continue = false;
	}
	sighand_unlock(p, flags);
	if (!ptrace_by_parent_locked(p)) /* who sees what its tracee does */
		parent_notify_locked(p, CLD_STOPPED, p->stop_signal);
}

bool signal_stop_leave_locked(struct task *task)
{
	struct process *p = task->process;

	return p->n_threads > 0 && stop_complete_locked(p);
}

/* Whether the thread is to sleep on. If not, *signo is the signal by which it is to stop for a
 * tracer, or 0. */
static bool stands_on(struct task *task, int *signo)
{
	struct process *p = task->process;
	u64 flags = sighand_lock(p);
	bool lasts = task->stopped && p->stop_state != STOP_NONE && !p->group_exit &&
		     !p->exec_task;

	*signo = lasts && task->trace.tracer ? p->stop_signal : 0;
	if (lasts && !*signo) {
		thread_prepare(THREAD_STOPPED);
	} else if (task->stopped && !lasts) { /* it leaves although the stop goes on: to end */
		task->stopped = false;
		p->n_stopped--;
	}
	sighand_unlock(p, flags);
	return lasts && !*signo;
}

void signal_stop_wait(struct task *task, u64 flags)
{
	struct process *p = task->process;
	bool complete = false;
	int signo;

	if (!task->stopped) {
		p->n_stopped++;
		task->stopped = true;
		complete = stop_complete_locked(p);
	}
	sighand_unlock(p, flags);
	if (complete) {
		spin_lock(&proc_tree_lock);
		signal_stop_tell_locked(p);
		spin_unlock(&proc_tree_lock);
	}
	while (stands_on(task, &signo))
		thread_block();
	thread_running();
	if (signo)
		ptrace_group_stop(task, signo);
}

void signal_continue_locked(struct process *p)
{
	struct task *task;

	p->n_continued++;
	list_for_each_entry(task, &p->threads, link)
		ptrace_job_locked(task);
	if (p->stop_state == STOP_NONE)
		return;
	if (p->stop_state == STOP_DONE) {
		p->report_stop = false;
		p->report_continue = true;
		p->tell_parent = true;
	}
	p->stop_state = STOP_NONE;
	p->n_stopped = 0;
	list_for_each_entry(task, &p->threads, link) {
		task->stopped = false;
		thread_set_work(task->thread, WORK_NOTIFY);
		thread_wake_states(task->thread, 1u << THREAD_STOPPED);
	}
}
