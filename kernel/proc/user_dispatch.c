/* System call user dispatch: a thread answers its own calls. */
#include "proc/user_dispatch.h"

#include "abi/errno.h"
#include "abi/prctl.h"
#include "abi/seccomp.h"
#include "arch/usercopy.h"
#include "proc/core.h"
#include "proc/signal.h"

long user_dispatch_set(u64 mode, u64 start, u64 length, u64 selector)
{
	struct task *me = task_current();

	if (mode == PR_SYS_DISPATCH_OFF) {
		if (start || length || selector)
			return -EINVAL;
		user_dispatch_exec();
		return 0;
	}
	if (mode != PR_SYS_DISPATCH_ON || (start && start + length <= start))
		return -EINVAL;
	if (selector && !user_range_ok((const void __user *)selector, 1))
		return -EFAULT;
	me->user_dispatch.start = start;
	me->user_dispatch.length = length;
	me->user_dispatch.selector = selector;
	__atomic_fetch_or(&me->thread->work, WORK_USER_DISPATCH, __ATOMIC_RELAXED);
	return 0;
}

void user_dispatch_exec(void)
{
	__atomic_fetch_and(&thread_current()->work, ~WORK_USER_DISPATCH, __ATOMIC_RELAXED);
}

static _Noreturn void die(int signo)
{
	struct abi_siginfo info = signal_info_kernel(signo);

	process_exit_signal(&info);
}

bool user_dispatch_allows(struct regs *regs)
{
	const struct task *me = task_current();
	struct abi_siginfo info = { .si_signo = SIGSYS,
				    .si_code = SYS_USER_DISPATCH,
				    .si_call_addr = regs->rip,
				    .si_syscall = (s32)regs->orig_rax,
				    .si_arch = AUDIT_ARCH_X86_64 };
	u8 selected = SYSCALL_DISPATCH_FILTER_BLOCK;

	if (regs->rip - me->user_dispatch.start < me->user_dispatch.length)
		return true;
	if (me->user_dispatch.selector &&
	    copy_in(&selected, (const void __user *)me->user_dispatch.selector, 1))
		die(SIGSEGV);
	if (selected == SYSCALL_DISPATCH_FILTER_ALLOW)
		return true;
	if (selected != SYSCALL_DISPATCH_FILTER_BLOCK)
		die(SIGSYS);
	regs->rax = regs->orig_rax; /* the handler sees what there was before the call */
	signal_force(&info);
	return false;
}
