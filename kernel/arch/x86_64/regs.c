/* Registers that a program starts with. */
#include "arch/regs.h"

#include "arch/x86_64/asm_int.h"

#define RFLAGS_START 0x202 /* interrupts on, and the bit that is always 1 */

void regs_init_user(struct regs *regs, u64 entry, u64 sp)
{
	*regs = (struct regs){
		.rip = entry,
		.rsp = sp,
		.cs = SEL_USER_CODE,
		.ss = SEL_USER_DATA,
		.rflags = RFLAGS_START,
		.orig_rax = ~0ull,
	};
}
