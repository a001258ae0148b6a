/* Descriptor tables of one CPU: GDT, task state segment, and the shared IDT. */
#pragma once

#include "arch/x86_64/asm_int.h"
#include "lib/types.h"

/* The 64-bit task state segment (Intel SDM volume 3, 8.7): only the stack pointers matter. */
struct tss {
	u32 reserved0;
	u64 rsp[3];  /* [0]: stack for entry from user mode */
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 iomap_base;
} __packed;

#define IST_STACKS_SIZE (IST_COUNT * IST_STACK_SIZE)

/*
 * Fills the GDT and TSS of `cpu`, which has its per-CPU area, with these IST stacks
 * (IST_STACKS_SIZE bytes, aligned to IST_STACK_SIZE); its %gs base goes into the stacks for the
 * entries that trust no register.
 */
void tables_create(unsigned cpu, void *stacks);
/* Loads this CPU's GDT and TSS, and the IDT. */
void tables_load(void);

/* Sets the stack that an interrupt or a system call from user mode begins on. */
void tables_set_kernel_stack(u64 top);

/* trap_entry.S: entry points of all vectors, 16 bytes each. */
extern const char vector_stubs[];
