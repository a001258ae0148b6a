/*
 * A call is held against the current thread's filters, the newest first; the most severe action
 * counts, and of several of that kind the newest filter's. Calls that all filters allow whatever
 * the arguments are known in advance (seccomp.c).
 */
#include "abi/errno.h"
#include "abi/ptrace.h"
#include "abi/wait.h"
#include "arch/regs.h"
#include "lib/bitmap.h"
#include "lib/bpf.h"
#include "proc/core.h"
#include "proc/proc_int.h"
#include "proc/ptrace.h"
#include "proc/seccomp.h"
#include "proc/seccomp_int.h"
#include "proc/signal.h"

#define ERRNO_MAX 4095

/* What strict mode is left with. */
enum { NR_READ = 0, NR_WRITE = 1, NR_RT_SIGRETURN = 15, NR_EXIT = 60 };

static void data_fill(struct seccomp_data *d, const struct regs *r)
{
	*d = (struct seccomp_data){ .nr = (s32)r->orig_rax,
				    .arch = AUDIT_ARCH_X86_64,
				    .instruction_pointer = r->rip,
				    .args = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 } };
}

static bool no_data(const struct bpf_view *view, s32 offset, u8 *to, u32 n)
{
	return false;
}

/* The action, and the filter whose it is. */
static u32 judge(const struct seccomp_filter *f, const struct seccomp_data *data,
		 const struct seccomp_filter **whose)
{
	u32 words[sizeof(*data) / sizeof(u32)], result = SECCOMP_RET_ALLOW;
	struct bpf_view view = { .bytes = (const u8 *)words, .head = sizeof(words),
				 .length = sizeof(words), .load = no_data };

	for (u32 i = 0; i < ARRAY_SIZE(words); i++) /* as the interpreter wants them */
		words[i] = __builtin_bswap32(((const u32 *)data)[i]);
	for (*whose = NULL; f; f = f->parent) {
		u32 now = bpf_run(f->insns, &view);

		if ((s32)(now & SECCOMP_RET_ACTION_FULL) <
		    (s32)(result & SECCOMP_RET_ACTION_FULL)) {
			result = now;
			*whose = f;
		}
	}
	return result;
}

/* SIGSYS as sigaction(2) describes it. */
static struct abi_siginfo sigsys(const struct seccomp_data *d, u32 reason)
{
	return (struct abi_siginfo){ .si_signo = SIGSYS,
				     .si_code = SYS_SECCOMP,
				     .si_errno = (s32)reason,
				     .si_call_addr = d->instruction_pointer,
				     .si_syscall = d->nr,
				     .si_arch = d->arch };
}

/* The thread ends, and with the last one, or if that is what the filter says, the process. */
static _Noreturn void end(bool whole, const struct seccomp_data *data, u32 reason)
{
	struct abi_siginfo info = sigsys(data, reason);

	if (whole || READ_ONCE(process_current()->n_live) == 1)
		process_exit_signal(&info);
	task_exit(SIGSYS);
}

static bool ask(const struct seccomp_filter *f, const struct seccomp_data *data, struct regs *regs)
{
	s64 result = -ENOSYS;

	if (f->notifier && notifier_ask(f->notifier, data, &result))
		return true;
	regs->rax = (u64)result;
	return false;
}

/* SECCOMP_RET_TRACE: whether the tracer, who may have changed the call, wants it made. */
static bool tracer_allows(struct regs *regs, u32 data)
{
	if (!ptrace_event_wanted(PTRACE_EVENT_SECCOMP)) {
		regs->rax = (u64)-ENOSYS;
		return false;
	}
	ptrace_event(PTRACE_EVENT_SECCOMP, data);
	return !thread_fatal_pending() && (s32)regs->orig_rax >= 0;
}

/* `traced`: a tracer has seen the call already. */
static bool filters_allow(struct regs *regs, bool traced)
{
	const struct seccomp_filter *newest = READ_ONCE(task_current()->seccomp), *f;
	struct seccomp_data data;
	struct abi_siginfo info;
	u32 result;

	if (regs->orig_rax < SECCOMP_CALLS && bitmap_test(newest->allows, regs->orig_rax))
		return true;
	data_fill(&data, regs);
	result = judge(newest, &data, &f);
	switch (result & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return true;
	case SECCOMP_RET_LOG:
		seccomp_log(f, &data, SECCOMP_RET_LOG);
		return true;
	case SECCOMP_RET_TRACE: /* what it makes of the call is judged once more */
		return traced || (tracer_allows(regs, result & SECCOMP_RET_DATA) &&
				  filters_allow(regs, true));
	case SECCOMP_RET_USER_NOTIF:
		if (ask(f, &data, regs))
			return true;
		break;
	case SECCOMP_RET_ERRNO:
		regs->rax = ERRNO_TAKEN(-(u64)min(result & SECCOMP_RET_DATA, (u32)ERRNO_MAX));
		break;
	case SECCOMP_RET_TRAP: /* the handler sees the registers as they were before the call */
		regs->rax = regs->orig_rax;
		info = sigsys(&data, result & SECCOMP_RET_DATA);
		signal_force(&info);
		break;
	case SECCOMP_RET_KILL_THREAD:
		seccomp_log(f, &data, SECCOMP_RET_KILL_THREAD);
		end(false, &data, result & SECCOMP_RET_DATA);
	default: /* what is not known, too */
		seccomp_log(f, &data, SECCOMP_RET_KILL_PROCESS);
		end(true, &data, result & SECCOMP_RET_DATA);
	}
	seccomp_log(f, &data, result & SECCOMP_RET_ACTION_FULL);
	return false;
}

bool seccomp_enter(struct regs *regs)
{
	struct task *me = task_current();
	struct seccomp_data data;

	if (unlikely(READ_ONCE(me->trace.options) & PTRACE_O_SUSPEND_SECCOMP))
		return true;
	if (me->seccomp_mode == SECCOMP_MODE_FILTER)
		return filters_allow(regs, false);
	switch (regs->orig_rax) {
	case NR_READ:
	case NR_WRITE:
	case NR_RT_SIGRETURN:
	case NR_EXIT:
		return true;
	default:
		data_fill(&data, regs);
		seccomp_log(NULL, &data, SECCOMP_RET_KILL_THREAD);
		task_exit(SIGKILL);
	}
}
