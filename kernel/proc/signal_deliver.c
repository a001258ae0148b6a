/*
 * Taking signals on the way back to user mode: the default actions, handlers, and what becomes of
 * an interrupted system call.
 */
#include "abi/errno.h"
#include "arch/signal.h"
#include "arch/upcall.h"
#include "proc/core.h"
#include "proc/proc_int.h"
#include "proc/ptrace.h"
#include "proc/rseq.h"
#include "proc/signal.h"
#include "proc/signal_int.h"
#include "sched/errno_trace.h"
#include "sched/wait.h"

#define NR_RESTART_SYSCALL 219
#define SYSCALL_LENGTH     2 /* bytes of the instruction */
#define NO_SYSCALL         (~0ull)

static bool in_restartable_call(const struct regs *regs)
{
	s64 result = (s64)regs->rax;

	return regs->orig_rax != NO_SYSCALL && result <= -ABI_ERESTARTSYS &&
	       result >= -ABI_ERESTARTBLOCK;
}

static void restart_call(struct regs *regs, u64 number)
{
	regs->rax = number;
	regs->rip -= SYSCALL_LENGTH;
}

/* The error began where the call said how it wants to go on. */
static void call_interrupted(struct regs *regs)
{
	errno_trace_interrupted((u32)regs->orig_rax);
	regs->rax = (u64)-ABI_EINTR;
}

/* An interrupted call meets a handler: -EINTR, or again after the handler (signal(7), "Interruption
 * of system calls"). */
static void call_meets_handler(struct regs *regs, const struct abi_sigaction *action)
{
	s64 result = (s64)regs->rax;

	if (!in_restartable_call(regs))
		return;
	if (result == -ABI_ERESTARTNOINTR ||
	    (result == -ABI_ERESTARTSYS && (action->sa_flags & SA_RESTART)))
		restart_call(regs, regs->orig_rax);
	else
		call_interrupted(regs);
	regs->orig_rax = NO_SYSCALL;
}

/* No handler ran: the call goes on as if nothing had happened. */
static void call_meets_nothing(struct regs *regs)
{
	if (!in_restartable_call(regs))
		return;
	restart_call(regs, (s64)regs->rax == -ABI_ERESTARTBLOCK ? NR_RESTART_SYSCALL :
								  regs->orig_rax);
	regs->orig_rax = NO_SYSCALL;
}

/* Sets up the user's handler; interrupted calls and masks as sigaction(2) says. */
static void handler_enter(struct regs *regs, int signo, const struct abi_sigaction *action,
			  const struct abi_siginfo *info)
{
	struct thread *thread = thread_current();
	struct task *task = task_current();
	u64 mask = thread->sigmask, block = action->sa_mask;
	bool step = ptrace_step_hide(regs);

	call_meets_handler(regs, action);
	rseq_signal(regs, signo);
	if (READ_ONCE(thread->work) & WORK_RESTORE_MASK)
		mask = thread->saved_sigmask;
	if (signal_frame_push(regs, signo, action, info, mask, &task->altstack) < 0) {
		signal_force_segv(signo);
		return;
	}
	thread_clear_work(WORK_RESTORE_MASK);
	if (task->altstack.ss_flags & (s32)SS_AUTODISARM)
		task->altstack = (struct abi_sigaltstack){ .ss_flags = SS_DISABLE };
	if (!(action->sa_flags & SA_NODEFER))
		block |= SIGMASK(signo);
	signal_set_mask(thread->sigmask | block);
	if (unlikely(step))
		ptrace_step_handler();
}

/* The default action of a signal without handler. sighand->lock held with `flags`; released. */
static void default_action(struct process *p, const struct abi_siginfo *info, bool forced,
			   u64 flags)
{
	int signo = info->si_signo;
	u32 n_continued = p->n_continued;
	bool orphaned;

	if ((SIGMASK(signo) & SIGNALS_DEFAULT_IGNORE) || (p->is_init && !forced)) {
		sighand_unlock(p, flags);
		return;
	}
	if (!(SIGMASK(signo) & SIGNALS_STOP)) {
		sighand_unlock(p, flags);
		process_exit_signal(info);
	}
	if (signo != SIGSTOP) {
		sighand_unlock(p, flags);
		orphaned = group_orphaned(p->group);
		flags = sighand_lock(p);
		/* SIGCONT takes back a stop, also one that was on its way */
		if (orphaned || p->n_continued != n_continued) {
			sighand_unlock(p, flags);
			return;
		}
	}
	signal_stop_begin_locked(p, signo);
	sighand_unlock(p, flags);
}

/* What must be done before any signal is looked at: true if something was, with the lock
 * released. */
static bool notice_handle(struct task *task, u64 flags)
{
	struct process *p = task->process;

	if (p->group_exit || (p->exec_task && p->exec_task != task)) {
		s32 code = p->group_exit ? p->group_code : 0;

		sighand_unlock(p, flags);
		task_exit(code);
	}
	if (p->stop_state != STOP_NONE && !(task->stopped && task->trace.tracer)) {
		signal_stop_wait(task, flags);
		return true;
	}
	if (unlikely(ptrace_trap_due(task))) {
		sighand_unlock(p, flags);
		ptrace_trap(task);
		return true;
	}
	if (p->tell_parent) {
		p->tell_parent = false;
		sighand_unlock(p, flags);
		spin_lock(&proc_tree_lock);
		parent_notify_locked(p, CLD_CONTINUED, SIGCONT);
		spin_unlock(&proc_tree_lock);
		return true;
	}
	return false;
}

void signal_deliver(struct regs *regs)
{
	struct task *task = task_current();
	struct process *p = task->process;
	bool handled = false;

	for (;;) {
		u64 flags = sighand_lock(p);
		struct abi_sigaction action;
		struct abi_siginfo info;
		bool forced;
		int signo;

		if (notice_handle(task, flags))
			continue;
		thread_clear_work(WORK_NOTIFY);
		signo = signal_dequeue_locked(task, ~thread_current()->sigmask, &info);
		if (!signo) {
			signal_recompute_locked(task);
			sighand_unlock(p, flags);
			break;
		}
		forced = task->forced & SIGMASK(signo);
		task->forced &= ~SIGMASK(signo);
		if (unlikely(task->trace.tracer)) {
			sighand_unlock(p, flags);
			signo = ptrace_signal(signo, &info);
			if (!signo)
				continue;
			flags = sighand_lock(p);
			if (signo == SIGKILL || p->group_exit || p->exec_task) {
				if (signo == SIGKILL)
					process_kill_threads_locked(p, SIGKILL);
				sighand_unlock(p, flags);
				continue;
			}
		}
		action = p->sighand->action[signo - 1];
		if (action.sa_handler == SIG_DFL) {
			default_action(p, &info, forced, flags);
			continue;
		}
		if (action.sa_handler != SIG_IGN && (action.sa_flags & SA_RESETHAND))
			p->sighand->action[signo - 1].sa_handler = SIG_DFL;
		sighand_unlock(p, flags);
		if (action.sa_handler != SIG_IGN) {
			handler_enter(regs, signo, &action, &info);
			handled = true;
		}
	}
	if (!handled) {
		call_meets_nothing(regs);
		signal_restore_mask();
	}
}

void upcall_user_return(struct regs *regs)
{
	u32 work = READ_ONCE(thread_current()->work);

	if (unlikely(work & WORK_TRACE)) {
		ptrace_call_leave(regs);
		work = READ_ONCE(thread_current()->work);
	}
	if (work & (WORK_SIGNAL | WORK_NOTIFY | WORK_RESTORE_MASK))
		signal_deliver(regs);
	if (work & WORK_RESCHED)
		sched_switch_now();
	if (work & WORK_RSEQ)
		rseq_resume(regs);
}
