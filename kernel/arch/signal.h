/*
 * Signal frames on the user stack, exactly as Linux x86_64 lays them out (struct rt_sigframe:
 * sigaction(2), uapi asm/sigcontext.h).
 */
#pragma once

#include "abi/signal.h"
#include "arch/regs.h"
#include "lib/types.h"

/*
 * Builds the frame for `signo` on the user stack (on `altstack` if it is enabled, SA_ONSTACK is set
 * and the stack pointer is not on it already), saves registers, `mask` and the FPU state there, and
 * turns `regs` to the handler. 0, or -EFAULT if the stack cannot be written (the caller forces
 * SIGSEGV).
 */
int signal_frame_push(struct regs *regs, int signo, const struct abi_sigaction *action,
		      const struct abi_siginfo *info, u64 mask,
		      const struct abi_sigaltstack *altstack);

/*
 * Undoes it (rt_sigreturn): registers and FPU state from the frame that regs->rsp points at; the
 * mask and the alternate stack come back through out parameters. 0 or -EFAULT/-EINVAL for a forged
 * frame (the caller forces SIGSEGV).
 */
int signal_frame_pop(struct regs *regs, u64 *mask, struct abi_sigaltstack *altstack);
