/*
 * Job control stops: a stop signal marks the process; each of its threads stands still on its way
 * to user mode; when all do, the parent is told. SIGCONT or SIGKILL lets them go on.
 */
#include "abi/wait.h"
#include "proc/proc_int.h"
#include "proc/signal.h"
#include "proc/signal_int.h"

void signal_stop_begin_locked(struct process *p, int signo)
{
	struct task *task;

	if (p->group_exit || p->stop_state != STOP_NONE)
		return;
	p->stop_state = STOP_PENDING;
	p->stop_signal = signo;
	p->n_stopped = 0;
	list_for_each_entry(task, &p->threads, link) {
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
	parent_notify_locked(p, CLD_STOPPED, p->stop_signal);
}

bool signal_stop_leave_locked(struct task *task)
{
	struct process *p = task->process;

	return p->n_threads > 0 && stop_complete_locked(p);
}

void signal_stop_wait(struct task *task, u64 flags)
{
	struct process *p = task->process;
	bool complete;

	p->n_stopped++;
	task->stopped = true;
	thread_prepare(THREAD_STOPPED);
	complete = stop_complete_locked(p);
	sighand_unlock(p, flags);
	if (complete) {
		spin_lock(&proc_tree_lock);
		signal_stop_tell_locked(p);
		spin_unlock(&proc_tree_lock);
	}
	for (;;) {
		bool again;

		flags = sighand_lock(p);
		again = task->stopped && p->stop_state != STOP_NONE && !p->group_exit &&
			!p->exec_task;
		if (again) {
			thread_prepare(THREAD_STOPPED);
		} else if (task->stopped) { /* it leaves although the stop goes on: to end */
			task->stopped = false;
			p->n_stopped--;
		}
		sighand_unlock(p, flags);
		if (!again)
			break;
		thread_block();
	}
	thread_running();
}

void signal_continue_locked(struct process *p)
{
	struct task *task;

	p->n_continued++;
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
