/*
 * Page faults. A fault at a user address, from user mode or from one of the copy instructions of
 * usercopy_raw.S, is vm's to resolve (upcall_page_fault()); what it cannot resolve becomes a
 * signal, or the end of the copy. Any other fault in the kernel is a bug.
 *
 * Interrupts are off at entry, so that the fault address in CR2 is still this fault's; they are on
 * while vm works.
 */
#include "abi/errno.h"
#include "abi/signal.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/upcall.h"
#include "arch/x86_64/context_int.h"
#include "arch/x86_64/msr_int.h"
#include "arch/x86_64/trap_int.h"
#include "core/panic.h"

extern const struct ex_entry ex_table_start[], ex_table_end[];

const struct ex_entry *ex_table_find(u64 rip)
{
	for (const struct ex_entry *e = ex_table_start; e < ex_table_end; e++) {
		if (rip - ((u64)&e->insn + (u64)(s64)e->insn) < e->length)
			return e;
	}
	return NULL;
}

static unsigned fault_flags(u64 error)
{
	return (error & PF_PRESENT ? FAULT_PRESENT : 0) | (error & PF_WRITE ? FAULT_WRITE : 0) |
	       (error & PF_FETCH ? FAULT_EXEC : 0) | (error & PF_USER ? FAULT_USER : 0);
}

/* Turns vm's refusal into the signal that POSIX and sigaction(2) describe. */
static __cold void fault_signal(struct regs *regs, int err, u64 addr, u64 error)
{
	this_cpu_read(cpu_context)->fault_addr = addr;
	switch (err) {
	case -ABI_EACCES:
		trap_signal(regs, SIGSEGV, SEGV_ACCERR, addr, TRAP_PF, error);
		break;
	case -ABI_EIO:
		trap_signal(regs, SIGBUS, BUS_ADRERR, addr, TRAP_PF, error);
		break;
	case -ABI_ENOMEM:
		trap_signal(regs, SIGKILL, SI_KERNEL, addr, TRAP_PF, error);
		break;
	default:
		trap_signal(regs, SIGSEGV, SEGV_MAPERR, addr, TRAP_PF, error);
	}
}

void fault_user(struct regs *regs, u64 error)
{
	u64 addr = cr2_read();
	int err;

	if (unlikely(error & PF_RESERVED))
		panic_regs(regs, "page tables of %#llx are corrupt", (unsigned long long)addr);
	irq_enable();
	if (unlikely(addr >= USER_TOP || !(error & PF_USER))) {
		/*
		 * The kernel's half, of which nothing is told; or an access to a table of the
		 * kernel's on the user's behalf.
		 */
		fault_signal(regs, -EFAULT, addr, error | PF_PRESENT);
		return;
	}
	err = upcall_page_fault(addr, fault_flags(error));
	if (unlikely(err))
		fault_signal(regs, err, addr, error);
}

static const char *fault_describe(u64 addr, u64 error)
{
	if (addr < PAGE_SIZE)
		return "NULL pointer";
	if (error & PF_RESERVED)
		return "corrupt page table";
	if (error & PF_FETCH)
		return "execution of data";
	if (addr < USER_TOP)
		return "stray access to user memory";
	return error & PF_PRESENT ? "protected page" : "unmapped page";
}

void fault_kernel(struct regs *regs, u64 error)
{
	u64 addr = cr2_read();
	const struct ex_entry *e = ex_table_find(regs->rip);

	if (unlikely(!e))
		panic_regs(regs, "fault at %#llx: %s on %s", (unsigned long long)addr,
			   fault_describe(addr, error),
			   error & PF_WRITE ? "write" : "read");
	if (e->kind == EX_RESOLVE && addr < USER_TOP && (regs->rflags & RFLAGS_IF)) {
		int err;

		irq_enable();
		err = upcall_page_fault(addr, fault_flags(error));
		irq_disable();
		if (likely(!err))
			return;
	}
	regs->rip = ex_fixup(e);
}
