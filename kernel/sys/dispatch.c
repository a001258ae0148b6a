/*
 * From the entry code to a handler: one table, generated from syscalls.tbl. The six argument
 * registers are passed as they are; each handler looks at what it declared.
 */
#include "abi/errno.h"
#include "arch/upcall.h"
#include "core/fail.h"
#include "sys/syscalls_gen.h"

void upcall_syscall(struct regs *regs)
{
	u64 number = regs->orig_rax;
	syscall_fn handler;

	if (unlikely(number >= SYSCALL_COUNT) || unlikely(!(handler = syscall_table[number]))) {
		regs->rax = (u64)-ENOSYS;
		return;
	}
	fail_call_begin((u32)number, (const u64[]){ regs->rdi, regs->rsi, regs->rdx });
	regs->rax = (u64)handler(regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9);
	fail_call_end((s64)regs->rax);
}
