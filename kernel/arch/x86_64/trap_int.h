/* Exceptions: what the entry code calls, and the table of instructions that may fault. */
#pragma once

#include "arch/regs.h"
#include "arch/x86_64/asm_int.h"
#include "lib/types.h"

enum trap_vector {
	TRAP_DE = 0, TRAP_DB = 1, TRAP_NMI = 2, TRAP_BP = 3, TRAP_OF = 4, TRAP_BR = 5, TRAP_UD = 6,
		TRAP_NM = 7,
	TRAP_DF = 8, TRAP_TS = 10, TRAP_NP = 11, TRAP_SS = 12, TRAP_GP = 13, TRAP_PF = 14,
		TRAP_MF = 16,
	TRAP_AC = 17, TRAP_MC = 18, TRAP_XM = 19,
};

/* Page fault error code (Intel SDM volume 3, 4.7). */
#define PF_PRESENT  BIT(0)
#define PF_WRITE    BIT(1)
#define PF_USER     BIT(2)
#define PF_RESERVED BIT(3)
#define PF_FETCH    BIT(4)

/* Called by trap_entry.S, interrupts off. */
void trap_from_user(struct regs *regs, unsigned vector, u64 error);
void trap_from_kernel(struct regs *regs, unsigned vector, u64 error);
void trap_paranoid(struct regs *regs, unsigned vector, u64 error);
/* Moves the registers of a fault on IRETQ to the place of user registers and returns it. */
struct regs *trap_fix_iret(struct regs *regs);

/*
 * Remembers the exception for signal frames and reports it as a signal. Interrupts on, from user
 * mode.
 */
void trap_signal(struct regs *regs, int signo, int code, u64 addr, unsigned vector, u64 error);

/* fault.c */
void fault_user(struct regs *regs, u64 error);
void fault_kernel(struct regs *regs, u64 error);

/*
 * Instructions that may fault: addresses as offsets from the fields themselves. EX_RESOLVE: user
 * copies, whose fault vm may resolve; EX_FAIL: any fault goes to `fixup` at once.
 */
struct ex_entry {
	s32 insn, fixup;
	u16 kind;
	u16 length; /* bytes from insn on in which instructions may begin */
};

/* The entry of the instruction at `rip`, or NULL. */
const struct ex_entry *ex_table_find(u64 rip);
static inline u64 ex_fixup(const struct ex_entry *e)
{
	return (u64)&e->fixup + (u64)(s64)e->fixup;
}

/*
 * In inline assembly: the instruction at label `from` may fault and then continues at label `to`.
 */
#define EX_TABLE_ASM(from, to, kind) \
	".pushsection __ex_table, \"a\"\n\t.balign 4\n\t" \
	".long " from " - .\n\t.long " to " - .\n\t.short " STRINGIFY(kind) ", 1\n\t.popsection\n\t"
