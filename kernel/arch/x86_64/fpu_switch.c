/*
 * Which thread's state the FPU registers hold. The kernel itself never uses them.
 *
 *   owner   the thread whose state this CPU's registers hold, as far as its fpu_cpu agrees (it may
 *           have run elsewhere since)
 *   live    the running thread's state is in the registers and newer than its image; user code may
 *           use them
 *
 * Usually the registers are made the next thread's when it is switched to, and a thread's state is
 * stored when it is switched out, so that it may go on at any CPU and nothing of one process stays
 * in registers that another might guess at (CVE-2018-3665).
 *
 * Under a translator, where XSAVE and XRSTOR cost 0.7 microseconds each, and nothing is guessed, a
 * thread that did not use the FPU of late is switched to with CR0.TS set and its state left in
 * memory; its first use raises #NM, which loads it, and the next LAZY_SLICES time slices then begin
 * with the state loaded.
 */
#include "abi/signal.h"
#include "arch/cpu.h"
#include "arch/x86_64/context_int.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/fpu_int.h"
#include "arch/x86_64/msr_int.h"
#include "arch/x86_64/trap_int.h"
#include "lib/string.h"

#define LAZY_SLICES 5

static DEFINE_PERCPU(struct arch_thread *, fpu_owner);
static DEFINE_PERCPU(bool, fpu_live);

void fpu_switch_init_cpu(void)
{
	if (!cpu_features.translated)
		return;
	cr0_write(cr0_read() | CR0_TS);
}

/* Lets the registers be touched. */
static void open_registers(void)
{
	if (this_cpu_read(fpu_live))
		return;
	if (cpu_features.translated)
		__asm__ volatile("clts" ::: "memory");
	this_cpu_write(fpu_live, true);
}

static void close_registers(void)
{
	if (!this_cpu_read(fpu_live))
		return;
	cr0_write(cr0_read() | CR0_TS);
	this_cpu_write(fpu_live, false);
}

static void store(struct fpu_state *s)
{
	u32 lo = (u32)fpu_xfeatures, hi = (u32)(fpu_xfeatures >> 32);

	if (cpu_features.xsaveopt)
		__asm__ volatile("xsaveopt64 %0" : "+m"(*s) : "a"(lo), "d"(hi) : "memory");
	else if (cpu_features.xsave)
		__asm__ volatile("xsave64 %0" : "+m"(*s) : "a"(lo), "d"(hi) : "memory");
	else
		__asm__ volatile("fxsave64 %0" : "=m"(*s) :: "memory");
}

#define LOAD_OR_FAIL(insn) \
	"1:	" insn " %1\n\tjmp 3f\n" \
	"2:	movb $0, %0\n" \
	"3:\n" EX_TABLE_ASM("1b", "2b", EX_FAIL)

/* False if the CPU refuses the image. */
static bool load(const struct fpu_state *s)
{
	u32 lo = (u32)fpu_xfeatures, hi = (u32)(fpu_xfeatures >> 32);
	bool ok = true;

	if (cpu_features.xsave)
		__asm__ volatile(LOAD_OR_FAIL("xrstor64")
				 : "+m"(ok) : "m"(*s), "a"(lo), "d"(hi) : "memory");
	else
		__asm__ volatile(LOAD_OR_FAIL("fxrstor64") : "+m"(ok) : "m"(*s) : "memory");
	return ok;
}

static bool owns_registers(const struct arch_thread *ctx)
{
	return this_cpu_read(fpu_owner) == ctx && ctx->fpu_cpu == cpu_id();
}

static void own_registers(struct arch_thread *ctx)
{
	ctx->fpu_cpu = cpu_id();
	this_cpu_write(fpu_owner, ctx);
}

/* Makes the registers the thread's. Interrupts off. */
static void take_registers(struct arch_thread *ctx)
{
	open_registers();
	if (owns_registers(ctx))
		return;
	if (!load(ctx->fpu))
		load(&fpu_initial);
	own_registers(ctx);
}

__section(".text.hot") void fpu_save(struct arch_thread *ctx)
{
	if (this_cpu_read(fpu_live))
		store(ctx->fpu);
}

__section(".text.hot") void fpu_load(struct arch_thread *ctx)
{
	if (cpu_features.translated) {
		if (ctx->fpu_slices == 0) {
			close_registers();
			return;
		}
		ctx->fpu_slices--;
	}
	take_registers(ctx);
}

void fpu_first_use(void)
{
	struct arch_thread *ctx = this_cpu_read(cpu_context);

	take_registers(ctx);
	ctx->fpu_slices = LAZY_SLICES;
}

void fpu_disown(struct arch_thread *ctx)
{
	/* A later thread may get the same address: no CPU may take it for this one. */
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct arch_thread *owner = ctx;

		__atomic_compare_exchange_n(percpu_ptr(fpu_owner, cpu), &owner, NULL, false,
					    __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED);
	}
}

bool fpu_is_live(void)
{
	return this_cpu_read(fpu_live);
}

struct fpu_state *fpu_sync(void)
{
	struct arch_thread *ctx = this_cpu_read(cpu_context);
	u64 flags = irq_save();

	if (this_cpu_read(fpu_live))
		store(ctx->fpu);
	irq_restore(flags);
	return ctx->fpu;
}

bool fpu_reload(void)
{
	struct arch_thread *ctx = this_cpu_read(cpu_context);
	u64 flags = irq_save();
	bool ok = true;

	if (this_cpu_read(fpu_live)) {
		ok = load(ctx->fpu);
		if (!ok)
			load(&fpu_initial);
		own_registers(ctx);
	} else if (this_cpu_read(fpu_owner) == ctx) {
		this_cpu_write(fpu_owner, NULL);
	}
	irq_restore(flags);
	return ok;
}

void fpu_load_initial(void)
{
	struct arch_thread *ctx = this_cpu_read(cpu_context);
	u64 flags = irq_save();

	if (this_cpu_read(fpu_live)) {
		load(&fpu_initial);
		own_registers(ctx);
	} else {
		memcpy(ctx->fpu, &fpu_initial, sizeof(fpu_initial));
		if (this_cpu_read(fpu_owner) == ctx)
			this_cpu_write(fpu_owner, NULL);
	}
	irq_restore(flags);
}

int fpu_fault_code(bool simd)
{
	u32 raised;

	if (simd) {
		u32 mxcsr;

		__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
		raised = mxcsr & ~(mxcsr >> 7);
	} else {
		u16 cwd, swd;

		__asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(cwd), "=m"(swd));
		raised = swd & ~(u32)cwd;
	}
	if (raised & 0x01)
		return FPE_FLTINV;
	if (raised & 0x04)
		return FPE_FLTDIV;
	if (raised & 0x08)
		return FPE_FLTOVF;
	if (raised & 0x12)
		return FPE_FLTUND;
	return FPE_FLTRES;
}
