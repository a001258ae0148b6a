/*
 * From the entry code to a handler: one table, generated from syscalls.tbl. The six argument
 * registers are passed as they are; each handler looks at what it declared.
 *
 * Whether a thread's calls are its own to answer, filtered or traced is in its work word, the only
 * thing that all the others pay for that.
 */
#include "abi/errno.h"
#include "arch/upcall.h"
#include "core/fail.h"
#include "core/gaps.h"
#include "proc/ptrace.h"
#include "proc/seccomp.h"
#include "proc/user_dispatch.h"
#include "sched/thread.h"
#include "sys/syscalls_gen.h"

/*
 * The slow way in: whether the call is to be made. If not, regs->rax is what it gives. A tracer
 * takes a call back by the number -1, which filters judge like any other.
 */
static bool call_begin(struct regs *regs)
{
	u32 work = READ_ONCE(thread_current()->work);
	bool traced = work & WORK_SYSCALL_TRACE;

	if ((work & WORK_USER_DISPATCH) && !user_dispatch_allows(regs))
		return false;
	if (traced && !ptrace_call_enter(regs))
		return false;
	if ((READ_ONCE(thread_current()->work) & WORK_SECCOMP) && !seccomp_enter(regs))
		return false;
	return !traced || (s32)regs->orig_rax != -1;
}

const char *gap_call_name(u32 call)
{
	return call < SYSCALL_COUNT ? syscall_descs[call].name : NULL;
}

void upcall_syscall(struct regs *regs)
{
	syscall_fn handler;
	u64 number;

	if (unlikely(READ_ONCE(thread_current()->work) & WORK_CALL_SLOW) && !call_begin(regs))
		return;
	number = (u32)regs->orig_rax;
	if (unlikely(number >= SYSCALL_COUNT) || unlikely(!(handler = syscall_table[number]))) {
		gap_count(GAP_CALL, number, 0, 0, NULL);
		regs->rax = (u64)-ENOSYS;
		return;
	}
	fail_call_begin((u32)number, (const u64[]){ regs->rdi, regs->rsi, regs->rdx });
	regs->rax = (u64)handler(regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9);
	fail_call_end((s64)regs->rax);
}
