/*
 * Requests of a tracer: finding the tracee, letting it go on, and its memory. Registers are in
 * ptrace_regs.c, signals in ptrace_info.c.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "arch/tracee.h"
#include "arch/usercopy.h"
#include "core/gaps.h"
#include "proc/ptrace_int.h"
#include "proc/signal.h"

struct task *tracee_find(s32 tid)
{
	struct task *task = NULL;
	struct pid *pid;

	spin_lock(&proc_tree_lock);
	pid = pid_find(tid);
	if (pid && pid->task && pid->task->trace.tracer == task_current()) {
		task = pid->task;
		thread_get(task->thread);
	}
	spin_unlock(&proc_tree_lock);
	return task;
}

/* Whether the tracee stands still, for good: it has left its CPU, and nobody wakes it who does not
 * have the lock. -EAGAIN: it is about to. */
static int tracee_settled_locked(struct task *task)
{
	const struct tracing *t = &task->trace;
	struct thread *thread = task->thread;

	if (t->tracer != task_current() || !t->stopped || t->listening || t->killed)
		return -ESRCH;
	return READ_ONCE(thread->state) != THREAD_TRACED ||
			       __atomic_load_n(&thread->on_cpu, __ATOMIC_ACQUIRE) ? -EAGAIN : 0;
}

long tracee_do(struct task *task, long (*fn)(struct task *task, void *arg), void *arg)
{
	for (;;) {
		u64 flags = sighand_lock(task->process);
		int error = tracee_settled_locked(task);
		long result = error || !fn ? error : fn(task, arg);

		sighand_unlock(task->process, flags);
		if (error != -ABI_EAGAIN)
			return result;
		sched_yield();
	}
}

struct resume {
	u8 mode;
	int signo;
};

static long resume_fn(struct task *task, void *arg)
{
	struct tracing *t = &task->trace;
	struct regs *regs = context_regs(&task->thread->arch);
	const struct resume *r = arg;

	ptrace_mode_set_locked(task, r->mode);
	tracee_step_branch(&task->thread->arch, r->mode & TRACE_BRANCH);
	if (r->mode & TRACE_STEP) {
		if (!regs_step(regs))
			t->stepping = true;
		regs_step_set(regs, true);
	} else if (t->stepping) {
		regs_step_set(regs, false);
		t->stepping = false;
	}
	t->signo = r->signo;
	t->report = t->stopped = false;
	thread_wake_states(task->thread, 1u << THREAD_TRACED);
	return 0;
}

static long resume(struct task *task, u8 mode, u64 signo)
{
	struct resume r = { mode, (int)signo };

	return signo > NSIG ? -EIO : tracee_do(task, resume_fn, &r);
}

static long clear_fn(struct task *task, void *arg)
{
	struct resume *r = arg;

	debug_regs_clear(&task->thread->arch);
	if (task->trace.stepping)
		regs_step_set(context_regs(&task->thread->arch), false);
	task->trace.stepping = false;
	task->trace.signo = r->signo;
	return 0;
}

static long detach(struct task *task, u64 signo)
{
	struct resume r = { 0, (int)signo };
	long error = signo > NSIG ? -EIO : tracee_do(task, clear_fn, &r);

	if (error)
		return error;
	spin_lock(&proc_tree_lock);
	if (task->trace.tracer == task_current() && !task->trace.dead)
		ptrace_unlink_locked(task);
	spin_unlock(&proc_tree_lock);
	return 0;
}

static bool may_look_as_tracer(struct task *task)
{
	return READ_ONCE(task->process->dumpable) == 1 || task->trace.privileged;
}

/* A word of the tracee's memory, if that may be looked into: -EIO. */
static long memory(struct task *task, u64 addr, u64 *word, bool write)
{
	struct aspace *as;
	size_t n = 0;

	if (task_aspace_get(task, may_look_as_tracer, &as) || !as)
		return -EIO;
	n = write ? aspace_poke(as, addr, word, sizeof(*word), true) :
		    aspace_peek(as, addr, word, sizeof(*word), true);
	aspace_put_user(as);
	return n == sizeof(*word) ? 0 : -EIO;
}

static long peek(struct task *task, u64 addr, u64 data)
{
	u64 word;
	long error = memory(task, addr, &word, false);

	return error ? error : copy_out((void __user *)data, &word, sizeof(word));
}

static long interrupt(struct task *task)
{
	struct tracing *t = &task->trace;
	u64 flags = sighand_lock(task->process);
	long error = 0;

	if (t->tracer != task_current()) {
		error = -ESRCH;
	} else if (!t->seized) {
		error = -EIO;
	} else {
		t->interrupt = true;
		thread_set_work(task->thread, WORK_NOTIFY);
		thread_wake_states(task->thread,
				   1u << (t->listening ? THREAD_TRACED : THREAD_INTERRUPTIBLE));
	}
	sighand_unlock(task->process, flags);
	return error;
}

static long listen_fn(struct task *task, void *arg)
{
	struct tracing *t = &task->trace;

	if (!t->seized || STOP_EVENT(t->code) != PTRACE_EVENT_STOP)
		return -EIO;
	t->listening = true;
	if (ptrace_trap_due(task))
		thread_wake_states(task->thread, 1u << THREAD_TRACED);
	return 0;
}

static long options_fn(struct task *task, void *arg)
{
	task->trace.options = *(u32 *)arg;
	return 0;
}

int ptrace_options_check(u64 options)
{
	struct task *me = task_current();

	if (gap_flags(options, PTRACE_O_MASK))
		return -EINVAL;
	/* who is filtered does not free others of their filters */
	if ((options & PTRACE_O_SUSPEND_SECCOMP) &&
	    (!cred_capable(cred_current(), CAP_SYS_ADMIN) || me->seccomp_mode ||
	     (READ_ONCE(me->trace.options) & PTRACE_O_SUSPEND_SECCOMP)))
		return -EPERM;
	return 0;
}

static long options_set(struct task *task, u64 options)
{
	u32 o = (u32)options;
	int error = ptrace_options_check(options);

	return error ? error : tracee_do(task, options_fn, &o);
}

static long kill(struct task *task)
{
	struct abi_siginfo info = signal_info_kernel(SIGKILL);

	return signal_send_task(task, &info);
}

/* Requests for which the tracee stands still. */
static long request_stopped(struct task *task, long request, u64 addr, u64 data)
{
	long result;

	switch (request) {
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA:
		return peek(task, addr, data);
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
		return memory(task, addr, &data, true);
	case PTRACE_CONT:
		return resume(task, 0, data);
	case PTRACE_SYSCALL:
		return resume(task, TRACE_CALLS, data);
	case PTRACE_SINGLESTEP:
		return resume(task, TRACE_STEP, data);
	case PTRACE_SINGLEBLOCK:
		return resume(task, TRACE_STEP | TRACE_BRANCH, data);
	case PTRACE_SYSEMU:
		return resume(task, TRACE_EMULATE, data);
	case PTRACE_SYSEMU_SINGLESTEP:
		return resume(task, TRACE_EMULATE | TRACE_STEP, data);
	case PTRACE_DETACH:
		return detach(task, data);
	case PTRACE_LISTEN:
		return tracee_do(task, listen_fn, NULL);
	case PTRACE_SETOPTIONS:
		return options_set(task, data);
	}
	result = ptrace_regs_request(task, request, addr, data);
	if (result == -ABI_ENOTTY)
		result = ptrace_info_request(task, request, addr, data);
	return result == -ABI_ENOTTY ? gap_command((u64)request, -EIO) : result;
}

long ptrace_request(long request, s32 tid, u64 addr, u64 data)
{
	struct task *task = tracee_find(tid);
	long result;

	if (!task)
		return -ESRCH;
	if (request == PTRACE_KILL)
		result = kill(task);
	else if (request == PTRACE_INTERRUPT)
		result = interrupt(task);
	else
		result = tracee_do(task, NULL, NULL);
	if (!result && request != PTRACE_KILL && request != PTRACE_INTERRUPT)
		result = request_stopped(task, request, addr, data);
	thread_put(task->thread);
	return result;
}
