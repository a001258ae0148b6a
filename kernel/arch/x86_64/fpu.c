/*
 * FPU state: what the processor offers, its size in memory, and its life with a thread. When
 * registers are stored and loaded is fpu_switch.c's business.
 *
 * Protection keys are left out of XCR0: the kernel has no calls for them, and loading PKRU costs
 * TLB flushes.
 */
#include "abi/errno.h"
#include "arch/x86_64/context_int.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/fpu_int.h"
#include "arch/x86_64/msr_int.h"
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
struct fpu_state fpu_initial;

static void *(*state_alloc)(void);
static void (*state_free)(void *state);

static void xsave_setup(void)
{
	u32 a, b, c, d;

	cpuid(0xd, 0, &a, &b, &c, &d);
	fpu_xfeatures = a & (XFEATURES_LEGACY | XFEATURE_AVX | XFEATURES_AVX512);
	if (!(fpu_xfeatures & XFEATURE_AVX) ||
	    (fpu_xfeatures & XFEATURES_AVX512) != XFEATURES_AVX512)
		fpu_xfeatures &= ~XFEATURES_AVX512;
	__asm__ volatile("xsetbv" :: "c"(0), "a"((u32)fpu_xfeatures),
			 "d"((u32)(fpu_xfeatures >> 32)));
	cpuid(0xd, 0, &a, &b, &c, &d);
	fpu_image_size = b;
}

void fpu_setup_cpu(void)
{
	if (cpu_features.xsave)
		xsave_setup();
	__asm__ volatile("fninit; ldmxcsr %0" :: "m"((u32){ MXCSR_INITIAL }));
	if (!fpu_mxcsr_mask) {
		__asm__ volatile("fxsave64 %0" : "=m"(fpu_initial) :: "memory");
		fpu_mxcsr_mask = fpu_initial.mxcsr_mask ?: MXCSR_MASK_DEFAULT;
		/* For XRSTOR: no component in use. For FXRSTOR: the control words. */
		memset(&fpu_initial, 0, sizeof(fpu_initial));
		fpu_initial.cwd = CWD_INITIAL;
		fpu_initial.mxcsr = MXCSR_INITIAL;
	}
	fpu_switch_init_cpu();
}

u64 fpu_components(void)
{
	return fpu_xfeatures;
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

int fpu_init(struct arch_thread *ctx)
{
	ctx->fpu = state_alloc();
	if (!ctx->fpu)
		return -ENOMEM;
	memset(ctx->fpu, 0, fpu_state_size());
	memcpy(ctx->fpu, &fpu_initial, sizeof(fpu_initial));
	ctx->fpu_cpu = CPU_MAX;
	ctx->fpu_slices = 0;
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
	child->fpu_slices = 0;
	child->fs_base = ctx->fs_base;
	child->gs_base = ctx->gs_base;
	child->selectors = ctx->selectors;
	child->special = ctx->special & SPECIAL_NO_TSC;
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
	fpu_disown(ctx);
	state_free(ctx->fpu);
	ctx->fpu = NULL;
}

void context_save_bases(void)
{
	if (!this_cpu_read(cpu_context)->fpu)
		return;
	fpu_sync();
	context_save_segments();
}
