/*
 * Machine state of threads. A kernel stack holds, from its top down: the user's struct regs
 * (reserved for every thread, so regs_current() is a fixed place), then the frames of the thread's
 * function or of its system call.
 *
 * What belongs to user mode and is not in struct regs is switched here: the FPU (fpu.c), the bases
 * of %fs and %gs, and the four data selectors, which user code may load with anything that the GDT
 * offers it. In the kernel the user's %gs base is in MSR_KERNEL_GS_BASE. With FSGSBASE user code
 * changes the bases itself, so they are read back.
 */
#include "abi/errno.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/trace.h"
#include "arch/x86_64/asm_int.h"
#include "arch/x86_64/boot_int.h"
#include "arch/x86_64/context_int.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/fpu_int.h"
#include "arch/x86_64/msr_int.h"
#include "arch/x86_64/tables_int.h"
#include "lib/string.h"

static_assert(offsetof(struct regs, r15) == REGS_R15 && offsetof(struct regs, rbp) == REGS_RBP,
	      "regs");
static_assert(offsetof(struct regs, r11) == REGS_R11 && offsetof(struct regs, rax) == REGS_RAX,
	      "regs");
static_assert(offsetof(struct regs, rcx) == REGS_RCX &&
	      offsetof(struct regs, orig_rax) == REGS_ORIG_RAX, "regs");
static_assert(offsetof(struct regs, rip) == REGS_RIP && offsetof(struct regs, cs) == REGS_CS,
	      "regs");
static_assert(offsetof(struct regs, rflags) == REGS_RFLAGS &&
	      offsetof(struct regs, rsp) == REGS_RSP, "regs");
static_assert(offsetof(struct regs, ss) == REGS_SS && sizeof(struct regs) == REGS_SIZE, "regs");
static_assert(BOOT_STACK_SIZE == KSTACK_SIZE, "boot stack");

DEFINE_PERCPU(struct thread *, cpu_thread);
DEFINE_PERCPU(struct arch_thread *, cpu_context);
DEFINE_PERCPU(u64, cpu_user_rsp); /* scratch of syscall_entry.S */

/* What a new thread's stack holds for switch_stacks(). */
struct switch_frame {
	u64 r15, r14, r13, r12, rbx, rbp, rip;
};

void context_init(struct arch_thread *ctx, void *stack_top, void (*fn)(void *arg), void *arg)
{
	struct switch_frame *frame;

	*ctx = (struct arch_thread){ .stack_top = (u64)stack_top };
	frame = (struct switch_frame *)context_regs(ctx) - 1;
	*frame = (struct switch_frame){
		.r12 = (u64)fn,
		.r13 = (u64)arg,
		.rip = (u64)context_start,
	};
	ctx->rsp = (u64)frame;
}

u64 arch_frame_asleep(const struct arch_thread *ctx)
{
	const struct switch_frame *frame = (const void *)READ_ONCE(ctx->rsp);

	return mmu_translate_kernel((vaddr_t)&frame->rbp, NULL) ? READ_ONCE(frame->rbp) : 0;
}

void context_adopt_boot(struct arch_thread *ctx)
{
	*ctx = (struct arch_thread){ .stack_top = ctx->stack_top ?: (u64)boot_stack_top };
	this_cpu_write(cpu_context, ctx);
	tables_set_kernel_stack(ctx->stack_top);
}

/* The user's %gs base while in the kernel: exchanged in, read or written, exchanged out. */
static u64 user_gs_base_read(void)
{
	u64 base;

	if (!cpu_features.fsgsbase)
		return msr_read(MSR_KERNEL_GS_BASE);
	__asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(base));
	return base;
}

static void user_gs_base_write(u64 base)
{
	if (cpu_features.fsgsbase)
		__asm__ volatile("swapgs; wrgsbase %0; swapgs" :: "r"(base) : "memory");
	else
		msr_write(MSR_KERNEL_GS_BASE, base);
}

static u64 fs_base_read(void)
{
	u64 base;

	if (!cpu_features.fsgsbase)
		return msr_read(MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static void fs_base_write(u64 base)
{
	if (cpu_features.fsgsbase)
		__asm__ volatile("wrfsbase %0" :: "r"(base) : "memory");
	else
		msr_write(MSR_FS_BASE, base);
}

static void save_selectors(struct arch_thread *ctx)
{
	u32 ds, es, fs, gs;

	__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
			 : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
	ctx->selectors = ds | (u64)es << 16 | (u64)fs << 32 | (u64)gs << 48;
}

/* Only selectors that some user code could load come here, and they fit the GDT of every CPU. */
static void load_selectors(u64 s)
{
	__asm__ volatile("mov %0, %%ds; mov %1, %%es; mov %2, %%fs; swapgs; mov %3, %%gs; swapgs"
			 :: "r"((u32)(u16)s), "r"((u32)(u16)(s >> 16)), "r"((u32)(u16)(s >> 32)),
			    "r"((u32)(u16)(s >> 48)) : "memory");
}

static void save_segments(struct arch_thread *ctx)
{
	save_selectors(ctx);
	ctx->fs_base = fs_base_read();
	ctx->gs_base = user_gs_base_read();
}

void context_switch(struct arch_thread *prev, struct arch_thread *next)
{
	u64 loaded = prev->selectors;

	if (prev->fpu) {
		fpu_save(prev);
		save_segments(prev);
		loaded = prev->selectors;
	}
	if (next->fpu) {
		if (unlikely(loaded | next->selectors))
			load_selectors(next->selectors);
		fs_base_write(next->fs_base);
		user_gs_base_write(next->gs_base);
		fpu_load(next);
	} else {
		next->selectors = loaded;
	}
	if (unlikely(prev->special | next->special))
		special_switch(prev->special, next);
	this_cpu_write(cpu_context, next);
	tables_set_kernel_stack(next->stack_top);
	switch_stacks(&prev->rsp, next->rsp);
}

struct regs *regs_current(void)
{
	return context_regs(this_cpu_read(cpu_context));
}

void context_enter_user(const struct regs *regs)
{
	struct regs *top = regs_current();

	memmove(top, regs, sizeof(*top));
	context_leave(top);
}

/* Interrupts off: between two SWAPGS the kernel's own %gs is away. */
void context_save_segments(void)
{
	u64 flags = irq_save();

	save_segments(this_cpu_read(cpu_context));
	irq_restore(flags);
}

void context_reset_segments(void)
{
	struct arch_thread *ctx = this_cpu_read(cpu_context);
	u64 flags = irq_save();

	load_selectors(0);
	fs_base_write(0);
	user_gs_base_write(0);
	ctx->selectors = ctx->fs_base = ctx->gs_base = 0;
	irq_restore(flags);
}

int context_set_fs_base(u64 base)
{
	if (base >= USER_TOP)
		return -EPERM;
	this_cpu_read(cpu_context)->fs_base = base;
	fs_base_write(base);
	return 0;
}

int context_set_gs_base(u64 base)
{
	u64 flags;

	if (base >= USER_TOP)
		return -EPERM;
	flags = irq_save();
	this_cpu_read(cpu_context)->gs_base = base;
	user_gs_base_write(base);
	irq_restore(flags);
	return 0;
}
