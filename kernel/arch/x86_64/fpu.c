/*
 * FPU state of threads. The kernel itself never uses these registers, so they hold a thread's state from the switch to
 * it until the switch to another user thread. A thread's state is stored when it is switched out, so it may go
 * on at any CPU; it is loaded when it is switched in, unless the registers of this CPU still hold it (only kernel
 * threads ran between). Saving and loading at once, without traps on first use, leaves nothing of one process in
 * registers that another might guess at (CVE-2018-3665).
 *
 * Protection keys are left out of XCR0: the kernel has no calls for them, and loading PKRU costs TLB flushes.
 */
#include "abi/errno.h"
#include "abi/signal.h"
#include "arch/cpu.h"
#include "arch/x86_64/context_int.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/fpu_int.h"
#include "arch/x86_64/msr_int.h"
#include "arch/x86_64/trap_int.h"
#include "lib/string.h"

/* XCR0: x87, SSE, AVX, AVX-512. */
#define XFEATURES_LEGACY 0x03ull
#define XFEATURE_AVX     0x04ull
#define XFEATURES_AVX512 0xe0ull

#define CWD_INITIAL        0x37f
#define MXCSR_INITIAL      0x1f80
#define MXCSR_MASK_DEFAULT 0xffbf

u64 fpu_xfeatures;
size_t fpu_image_size = FXSAVE_SIZE;
u32 fpu_mxcsr_mask;

static struct fpu_state initial_state;
static void *(*state_alloc)(void);
static void (*state_free)(void *state);

/* Whose state this CPU's registers hold, or NULL. */
static DEFINE_PERCPU(struct arch_thread *, fpu_owner);

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

/* False if the CPU refuses the image. */
static bool load(const struct fpu_state *s)
{
	bool ok = true;

	if (cpu_features.xsave)
		__asm__ volatile("1: xrstor64 %1\n\tjmp 3f\n2: movb $0, %0\n3:\n" EX_TABLE_ASM("1b", "2b", EX_FAIL)
				 : "+m"(ok) : "m"(*s), "a"((u32)fpu_xfeatures), "d"((u32)(fpu_xfeatures >> 32)) : "memory");
	else
		__asm__ volatile("1: fxrstor64 %1\n\tjmp 3f\n2: movb $0, %0\n3:\n" EX_TABLE_ASM("1b", "2b", EX_FAIL)
				 : "+m"(ok) : "m"(*s) : "memory");
	return ok;
}

static void xsave_setup(void)
{
	u32 a, b, c, d;

	cpuid(0xd, 0, &a, &b, &c, &d);
	fpu_xfeatures = a & (XFEATURES_LEGACY | XFEATURE_AVX | XFEATURES_AVX512);
	if (!(fpu_xfeatures & XFEATURE_AVX) || (fpu_xfeatures & XFEATURES_AVX512) != XFEATURES_AVX512)
		fpu_xfeatures &= ~XFEATURES_AVX512;
	__asm__ volatile("xsetbv" :: "c"(0), "a"((u32)fpu_xfeatures), "d"((u32)(fpu_xfeatures >> 32)));
	cpuid(0xd, 0, &a, &b, &c, &d);
	fpu_image_size = b;
}

void fpu_setup_cpu(void)
{
	if (cpu_features.xsave)
		xsave_setup();
	__asm__ volatile("fninit; ldmxcsr %0" :: "m"((u32){ MXCSR_INITIAL }));
	if (fpu_mxcsr_mask)
		return;
	/* The initial image, for all threads: no component in use but the control words. */
	__asm__ volatile("fxsave64 %0" : "=m"(initial_state) :: "memory");
	fpu_mxcsr_mask = initial_state.mxcsr_mask ?: MXCSR_MASK_DEFAULT;
	memset(&initial_state, 0, sizeof(initial_state));
	initial_state.cwd = CWD_INITIAL;
	initial_state.mxcsr = MXCSR_INITIAL;
}

size_t fpu_state_size(void)
{
	return max(fpu_image_size, sizeof(struct fpu_state));
}

void fpu_set_allocator(void *(*alloc)(void), void (*free)(void *state))
{
	state_alloc = alloc;
	state_free = free;
}

static void state_init(struct fpu_state *s)
{
	memset(s, 0, fpu_state_size());
	memcpy(s, &initial_state, sizeof(initial_state));
}

/* Makes the current thread's registers equal to `s`, its own image or the initial one. */
static bool load_current(const struct fpu_state *s)
{
	struct arch_thread *ctx = this_cpu_read(cpu_context);
	u64 flags = irq_save();
	bool ok = load(s);

	if (!ok)
		load(&initial_state);
	ctx->fpu_cpu = cpu_id();
	this_cpu_write(fpu_owner, ctx);
	irq_restore(flags);
	return ok;
}

int fpu_init(struct arch_thread *ctx)
{
	ctx->fpu = state_alloc();
	if (!ctx->fpu)
		return -ENOMEM;
	state_init(ctx->fpu);
	ctx->fpu_cpu = CPU_MAX;
	if (ctx == this_cpu_read(cpu_context))
		fpu_reset();
	return 0;
}

int fpu_fork(struct arch_thread *child)
{
	struct arch_thread *ctx = this_cpu_read(cpu_context);

	child->fpu = state_alloc();
	if (!child->fpu)
		return -ENOMEM;
	context_save_bases();
	memcpy(child->fpu, ctx->fpu, fpu_state_size());
	child->fpu_cpu = CPU_MAX;
	child->fs_base = ctx->fs_base;
	child->gs_base = ctx->gs_base;
	child->selectors = ctx->selectors;
	return 0;
}

void fpu_reset(void)
{
	fpu_load_initial();
	context_reset_segments();
}

void fpu_fini(struct arch_thread *ctx)
{
	if (!ctx->fpu)
		return;
	/* A later thread may get the same address: no CPU may take it for this one. */
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct arch_thread *owner = ctx;

		__atomic_compare_exchange_n(percpu_ptr(fpu_owner, cpu), &owner, NULL, false, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED);
	}
	state_free(ctx->fpu);
	ctx->fpu = NULL;
}

void fpu_save(struct arch_thread *ctx)
{
	store(ctx->fpu);
}

void fpu_load(struct arch_thread *ctx)
{
	unsigned cpu = cpu_id();

	if (ctx->fpu_cpu == cpu && this_cpu_read(fpu_owner) == ctx)
		return;
	load(ctx->fpu);
	ctx->fpu_cpu = cpu;
	this_cpu_write(fpu_owner, ctx);
}

void context_save_bases(void)
{
	struct arch_thread *ctx = this_cpu_read(cpu_context);
	u64 flags;

	if (!ctx->fpu)
		return;
	flags = irq_save();
	store(ctx->fpu);
	irq_restore(flags);
	context_save_segments();
}

bool fpu_reload(void)
{
	return load_current(this_cpu_read(cpu_context)->fpu);
}

void fpu_load_initial(void)
{
	load_current(&initial_state);
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
