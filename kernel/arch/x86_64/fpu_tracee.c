/*
 * The FPU of a thread that is not running, for ptrace(2) (Intel SDM volume 1, 10.5.1 and 13.4).
 * XSAVE leaves components that are in their initial state as they were in the image, stale, and
 * says so in its header: what is shown is made up from that.
 */
#include "abi/errno.h"
#include "abi/sigframe.h"
#include "arch/cpu.h"
#include "arch/tracee.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/fpu_int.h"
#include "arch/x86_64/msr_int.h"
#include "lib/string.h"

#define FEATURE_X87    BIT(0)
#define FEATURE_SSE    BIT(1)
#define FEATURES_MAX   63
#define CWD_INITIAL    0x37f
#define XSTATE_WORD_AT 464 /* in the spare bytes of FXSAVE: the components that there may be */

static_assert(sizeof(struct user_fpregs_struct) == FXSAVE_SIZE, "FXSAVE");

/* The image no longer is what any CPU's registers hold. */
static void registers_forget(struct arch_thread *ctx)
{
	ctx->fpu_cpu = CPU_MAX;
}

/* The first 512 bytes, with nothing stale in them. */
static void legacy_get(const struct fpu_state *s, struct user_fpregs_struct *out)
{
	u64 used = fpu_xfeatures ? s->xstate_bv : FEATURE_X87 | FEATURE_SSE;

	memset(out, 0, sizeof(*out));
	out->cwd = CWD_INITIAL;
	if (used & FEATURE_X87) {
		memcpy(out, s, offsetof(struct fpu_state, mxcsr));
		memcpy(out->st_space, s->st, sizeof(s->st));
	}
	if (used & FEATURE_SSE)
		memcpy(out->xmm_space, s->xmm, sizeof(s->xmm));
	out->mxcsr = s->mxcsr;
	out->mxcr_mask = fpu_mxcsr_mask;
}

void tracee_fpregs_get(const struct arch_thread *ctx, struct user_fpregs_struct *out)
{
	legacy_get(ctx->fpu, out);
}

int tracee_fpregs_set(struct arch_thread *ctx, const struct user_fpregs_struct *in)
{
	struct fpu_state *s = ctx->fpu;

	if (in->mxcsr & ~fpu_mxcsr_mask)
		return -EINVAL;
	memcpy(s, in, offsetof(struct fpu_state, unused));
	s->mxcsr_mask = 0;
	s->xstate_bv |= FEATURE_X87 | FEATURE_SSE;
	registers_forget(ctx);
	return 0;
}

size_t tracee_xstate_size(void)
{
	return fpu_xfeatures ? align_up(fpu_image_size, 8) : 0;
}

void tracee_xstate_get(const struct arch_thread *ctx, void *out)
{
	const struct fpu_state *s = ctx->fpu;
	struct fpu_state *to = out;

	memset(out, 0, tracee_xstate_size());
	legacy_get(s, out);
	memcpy((char *)out + XSTATE_WORD_AT, &fpu_xfeatures, sizeof(fpu_xfeatures));
	to->xstate_bv = s->xstate_bv & fpu_xfeatures;
	for (unsigned i = 2; i < FEATURES_MAX; i++) {
		u32 size, at, c, d;

		if (!(to->xstate_bv >> i & 1))
			continue;
		cpuid(0xd, i, &size, &at, &c, &d);
		if ((size_t)at + size <= fpu_image_size)
			memcpy((char *)out + at, (const char *)s + at, size);
	}
}

int tracee_xstate_set(struct arch_thread *ctx, const void *in)
{
	const struct fpu_state *from = in;
	struct fpu_state *s = ctx->fpu;

	if ((from->mxcsr & ~fpu_mxcsr_mask) || (from->xstate_bv & ~fpu_xfeatures) ||
	    from->xcomp_bv)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(from->reserved); i++)
		if (from->reserved[i])
			return -EINVAL;
	memcpy(s, from, fpu_image_size);
	s->mxcsr_mask = 0;
	registers_forget(ctx);
	return 0;
}
