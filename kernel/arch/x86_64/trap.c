/*
 * Exceptions other than page faults. From user mode each becomes the signal, si_code and address
 * that sigaction(2) names, through upcall_trap(); from the kernel it is a listed instruction
 * (ex_table), one that is being rewritten (errno_sites.c), or the end.
 */
#include "abi/signal.h"
#include "arch/cpu.h"
#include "arch/upcall.h"
#include "arch/x86_64/context_int.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/debug_int.h"
#include "arch/x86_64/errno_sites_int.h"
#include "arch/x86_64/fpu_int.h"
#include "arch/x86_64/irq_int.h"
#include "arch/x86_64/msr_int.h"
#include "arch/x86_64/trap_int.h"
#include "core/panic.h"
#include "lib/string.h"

#define MCI_VALID BIT(63)
#define MCI_ADDR  BIT(58)

static const char *const trap_names[32] = {
	"divide error", "debug exception", "NMI", "breakpoint", "overflow", "bound range exceeded",
	"invalid opcode", "device not available", "double fault", "coprocessor segment overrun",
		"invalid TSS",
	"segment not present", "stack segment fault", "general protection fault", "page fault",
		"reserved",
	"x87 error", "alignment check", "machine check", "SIMD error", "virtualisation exception",
	"control protection exception", [22 ... 31] = "reserved",
};

void trap_signal(struct regs *regs, int signo, int code, u64 addr, unsigned vector, u64 error)
{
	struct arch_thread *ctx = this_cpu_read(cpu_context);

	ctx->trap_no = vector;
	ctx->trap_error = error;
	upcall_trap(regs, signo, code, addr, vector, error);
}

void trap_from_user(struct regs *regs, unsigned vector, u64 error)
{
	int signo = SIGSEGV, code = SI_KERNEL;
	u64 addr = 0;

	if (likely(vector == TRAP_PF)) {
		fault_user(regs, error);
		return;
	}
	if (vector == TRAP_NM) {
		fpu_first_use();
		return;
	}
	switch (vector) {
	case TRAP_DE:
		signo = SIGFPE, code = FPE_INTDIV, addr = regs->rip;
		break;
	case TRAP_DB:
		signo = SIGTRAP, code = debug_trap_user(regs), addr = regs->rip;
		if (!code)
			return;
		break;
	case TRAP_BP:
		signo = SIGTRAP;
		break;
	case TRAP_UD:
		signo = SIGILL, code = ILL_ILLOPN, addr = regs->rip;
		break;
	case TRAP_NP:
	case TRAP_SS:
		signo = SIGBUS;
		break;
	case TRAP_AC:
		signo = SIGBUS, code = BUS_ADRALN;
		break;
	case TRAP_MF:
	case TRAP_XM:
		signo = SIGFPE, code = fpu_fault_code(vector == TRAP_XM), addr = regs->rip;
		break;
	}
	irq_enable();
	trap_signal(regs, signo, code, addr, vector, error);
}

void trap_from_kernel(struct regs *regs, unsigned vector, u64 error)
{
	const struct ex_entry *e;

	if (likely(vector == TRAP_PF)) {
		fault_kernel(regs, error);
		return;
	}
	if (vector == TRAP_BP && errno_site_pass(regs))
		return;
	e = ex_table_find(regs->rip);
	if (!e)
		panic_regs(regs, "%s in the kernel, error code %#llx", trap_names[vector],
			   (unsigned long long)error);
	regs->rip = ex_fixup(e);
}

struct regs *trap_fix_iret(struct regs *regs)
{
	struct regs *user = regs_current();

	memmove(user, regs, offsetof(struct regs, rip));
	return user;
}

/* Tells what the machine-check banks hold (Intel SDM volume 3, 16.3) and stops. */
static __noreturn void machine_check(struct regs *regs)
{
	unsigned banks = msr_read(MSR_MCG_CAP) & 0xff;
	u64 status = 0, addr = 0;
	unsigned bank = 0;

	for (unsigned i = 0; i < banks && !(status & MCI_VALID); i++) {
		status = msr_read(MSR_MC0_STATUS + 4 * i);
		addr = status & MCI_ADDR ? msr_read(MSR_MC0_ADDR + 4 * i) : 0;
		bank = i;
	}
	panic_regs(regs, "machine check: bank %u status %#llx address %#llx", bank,
		   (unsigned long long)status,
		   (unsigned long long)addr);
}

void trap_paranoid(struct regs *regs, unsigned vector, u64 error)
{
	u64 fault_addr = cr2_read();

	switch (vector) {
	case TRAP_NMI:
		this_cpu_add(irq_counts.nmi, 1);
		cpu_nmi(regs);
		return;
	case TRAP_DB:
		debug_trap_kernel(regs);
		return;
	case TRAP_MC:
		machine_check(regs);
	default:
		if (fault_addr - regs->rsp + KSTACK_SIZE < 2 * KSTACK_SIZE)
			panic_regs(regs, "kernel stack overflow");
		panic_regs(regs, "%s, error code %#llx", trap_names[vector],
			   (unsigned long long)error);
	}
}
