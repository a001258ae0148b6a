/*
 * Stops of a tracee, all made by stand(): the current thread writes down why, tells its tracer, and
 * sleeps until it is let go, killed, or its tracer gone. What differs is the code that wait4(2)
 * shows, and what becomes of the signal that the tracer gives it on the way.
 */
#include "abi/errno.h"
#include "abi/sched.h"
#include "arch/tracee.h"
#include "proc/ptrace_int.h"
#include "proc/signal.h"
#include "sched/wait.h"

void tracer_tell_locked(struct task *task, int code, int status)
{
	struct process *tracer = task->trace.tracer->process;
	const struct abi_sigaction *action;
	struct abi_siginfo info = { .si_signo = SIGCHLD, .si_code = code };
	bool stop = code == CLD_TRAPPED || code == CLD_STOPPED, silent;
	struct cpu_times times;
	struct usage_counts counts;
	u64 flags;

	task_usage(task, &times, &counts);
	info.si_chld_pid = task->tid->nr;
	info.si_chld_uid = task->process->uid;
	info.si_status = status;
	info.si_utime = (s64)(times.user_ns / (NSEC_PER_SEC / USER_HZ));
	info.si_stime = (s64)(times.system_ns / (NSEC_PER_SEC / USER_HZ));
	flags = sighand_lock(tracer);
	action = &tracer->sighand->action[SIGCHLD - 1];
	silent = stop && (action->sa_handler == SIG_IGN || (action->sa_flags & SA_NOCLDSTOP));
	sighand_unlock(tracer, flags);
	if (!silent)
		signal_send_process(tracer, &info);
	wait_wake(&tracer->child_wait, 0);
}

/* Whether it is to sleep on; else the stop is over. */
static bool stands_on(struct task *task)
{
	struct tracing *t = &task->trace;
	u64 flags = sighand_lock(task->process);
	bool on = t->stopped && !t->killed && !(t->listening && ptrace_trap_due(task));

	if (on) {
		thread_prepare(THREAD_TRACED);
	} else {
		t->stopped = t->listening = t->report = false;
		t->info = NULL;
		t->message = 0;
	}
	sighand_unlock(task->process, flags);
	return on;
}

/*
 * One stop: `code` is what the tracer's wait shows, `info` its siginfo, `signo` the signal that the
 * thread has if the tracer is gone before it saw the stop. Returns the signal it has in the end.
 */
static int stand(struct task *task, s32 code, struct abi_siginfo *info, int why, int signo)
{
	struct tracing *t = &task->trace;
	u64 flags = sighand_lock(task->process);

	if (!t->tracer || t->killed) {
		sighand_unlock(task->process, flags);
		return signo;
	}
	t->stopped = t->report = true;
	t->listening = false;
	t->code = code;
	t->info = info;
	t->signo = signo;
	t->interrupt = false;
	if (STOP_EVENT(code) == PTRACE_EVENT_STOP)
		t->notify = false;
	thread_prepare(THREAD_TRACED);
	sighand_unlock(task->process, flags);
	spin_lock(&proc_tree_lock);
	if (t->tracer)
		tracer_tell_locked(task, why, code & 0x7f);
	spin_unlock(&proc_tree_lock);
	while (stands_on(task))
		thread_block();
	thread_running();
	return t->signo;
}

/* A stop that is not a signal's: it tells of itself in the siginfo. */
static int stand_notice(struct task *task, int signo, s32 code, int why)
{
	struct abi_siginfo info = { .si_signo = signo, .si_code = code };

	info.si_pid = task->tid->nr;
	info.si_uid = cred_current()->uid;
	return stand(task, code, &info, why, 0);
}

int ptrace_signal(int signo, struct abi_siginfo *info)
{
	struct task *task = task_current(), *tracer;
	int given = stand(task, signo, info, CLD_TRAPPED, signo);

	if (!given)
		return 0;
	if (given != info->si_signo) { /* the tracer's own idea */
		*info = (struct abi_siginfo){ .si_signo = given, .si_code = SI_USER };
		spin_lock(&proc_tree_lock);
		tracer = task->trace.tracer;
		if (tracer) {
			info->si_pid = tracer->process->pid->nr;
			info->si_uid = tracer->process->uid;
		}
		spin_unlock(&proc_tree_lock);
	}
	if (!(thread_current()->sigmask & SIGMASK(given)))
		return given;
	(void)signal_send_task(task, info);
	return 0;
}

void ptrace_group_stop(struct task *task, int signo)
{
	if (task->trace.seized)
		stand_notice(task, signo, signo | PTRACE_EVENT_STOP << 8, CLD_STOPPED);
	else
		stand(task, signo, NULL, CLD_STOPPED, 0);
}

void ptrace_trap(struct task *task)
{
	struct process *p = task->process;
	u64 flags = sighand_lock(p);
	int signo = p->stop_state == STOP_NONE ? SIGTRAP : p->stop_signal;

	if (!task->trace.tracer)
		task->trace.interrupt = task->trace.notify = false;
	sighand_unlock(p, flags);
	stand_notice(task, signo, signo | PTRACE_EVENT_STOP << 8, CLD_STOPPED);
}

void ptrace_job_locked(struct task *task)
{
	struct tracing *t = &task->trace;

	if (!t->tracer || !t->seized)
		return;
	t->notify = true;
	thread_set_work(task->thread, WORK_NOTIFY);
	thread_wake_states(task->thread,
			   1u << (t->listening ? THREAD_TRACED : THREAD_INTERRUPTIBLE));
}

static void message_set(struct task *task, u64 message)
{
	u64 flags = sighand_lock(task->process);

	task->trace.message = message;
	sighand_unlock(task->process, flags);
}

/* Before or after a system call. Returns nothing: a signal that the tracer gives is sent. */
static void call_stop(struct task *task, u64 message)
{
	s32 code = SIGTRAP | (READ_ONCE(task->trace.options) & PTRACE_O_TRACESYSGOOD ? 0x80 : 0);
	int signo;

	message_set(task, message);
	signo = stand_notice(task, SIGTRAP, code, CLD_TRAPPED);
	if (signo) {
		struct abi_siginfo info = signal_info_kernel(signo);

		(void)signal_send_task(task, &info);
	}
}

bool ptrace_call_enter(struct regs *regs)
{
	struct task *task = task_current();
	u8 mode = READ_ONCE(task->trace.mode);

	if (mode & (TRACE_CALLS | TRACE_EMULATE)) {
		call_stop(task, PTRACE_EVENTMSG_SYSCALL_ENTRY);
		if (thread_fatal_pending())
			return false;
	}
	if (!(mode & TRACE_EMULATE) && (READ_ONCE(task->trace.mode) & (TRACE_CALLS | TRACE_STEP)))
		thread_set_work(thread_current(), WORK_TRACE);
	return !(mode & TRACE_EMULATE);
}

void ptrace_call_leave(struct regs *regs)
{
	struct task *task = task_current();
	u8 mode = READ_ONCE(task->trace.mode);

	thread_clear_work(WORK_TRACE);
	if (!ptrace_traced(task))
		return;
	if (mode & TRACE_STEP) {
		struct abi_siginfo info = { .si_signo = SIGTRAP, .si_code = TRAP_BRKPT };

		info.si_addr = regs->rip;
		signal_force(&info);
	} else if (mode & TRACE_CALLS) {
		call_stop(task, PTRACE_EVENTMSG_SYSCALL_EXIT);
	}
}

static bool event_wanted(const struct task *task, u32 event)
{
	return ptrace_traced(task) && (READ_ONCE(task->trace.options) & (1u << event));
}

/* All of them but the end are in the middle of a system call, whose own stop may come after. */
static void event_stop(struct task *task, u32 event, u64 message)
{
	message_set(task, message);
	stand_notice(task, SIGTRAP, STOP_CODE(event), CLD_TRAPPED);
	if (READ_ONCE(task->trace.mode) & (TRACE_CALLS | TRACE_STEP))
		thread_set_work(thread_current(), WORK_TRACE);
}

bool ptrace_event_wanted(u32 event)
{
	return event_wanted(task_current(), event);
}

void ptrace_event(u32 event, u64 message)
{
	struct task *task = task_current();

	if (unlikely(event_wanted(task, event)))
		event_stop(task, event, message);
}

void ptrace_exec(s32 old_tid)
{
	struct task *task = task_current();

	if (likely(!ptrace_traced(task)))
		return;
	if (event_wanted(task, PTRACE_EVENT_EXEC)) {
		event_stop(task, PTRACE_EVENT_EXEC, (u64)old_tid);
	} else if (!task->trace.seized) {
		struct abi_siginfo info = signal_info_user(SIGTRAP, SI_USER);

		(void)signal_send_task(task, &info);
	}
}

void ptrace_exit(s32 code)
{
	struct task *task = task_current();
	u64 flags;

	if (likely(!ptrace_traced(task)))
		return;
	flags = sighand_lock(task->process);
	task->trace.killed = false; /* it ends by now; but another one cuts this stop short */
	sighand_unlock(task->process, flags);
	ptrace_event(PTRACE_EVENT_EXIT, (u64)code);
}

u32 ptrace_clone_event(const struct clone_request *req)
{
	u32 event = PTRACE_EVENT_FORK;

	if (req->flags & CLONE_UNTRACED)
		return 0;
	if (req->flags & CLONE_VFORK)
		event = PTRACE_EVENT_VFORK;
	else if ((req->flags & CLONE_THREAD) || req->exit_signal != SIGCHLD)
		event = PTRACE_EVENT_CLONE;
	return event_wanted(task_current(), event) ? event : 0;
}

bool ptrace_step_hide(struct regs *regs)
{
	struct tracing *t = &task_current()->trace;

	if (likely(!t->stepping))
		return false;
	regs_step_set(regs, false);
	t->stepping = false;
	return READ_ONCE(t->mode) & TRACE_STEP;
}

void ptrace_step_handler(void)
{
	struct task *task = task_current();
	int signo = stand_notice(task, SIGTRAP, SIGTRAP, CLD_TRAPPED);

	if (signo) {
		struct abi_siginfo info = signal_info_kernel(signo);

		(void)signal_send_task(task, &info);
	}
}

bool ptrace_trap_stale(struct regs *regs, int code)
{
	struct tracing *t = &task_current()->trace;

	if (t->tracer || (code != TRAP_TRACE && code != TRAP_HWBKPT))
		return false;
	if (code == TRAP_TRACE && !t->stepping)
		return false;
	if (t->stepping)
		regs_step_set(regs, false);
	t->stepping = false;
	debug_regs_reset();
	return true;
}
