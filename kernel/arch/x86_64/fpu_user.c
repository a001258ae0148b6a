/*
 * The FPU state in a signal frame (sigaction(2); uapi asm/sigcontext.h): an FXSAVE image whose
 * spare bytes say that XSAVE's header and extended state follow, closed by a second magic number. A
 * frame comes back from user space with anything in it; a frame of the kernel's own making is
 * loaded where it lies, any other is copied and made sound first.
 */
#include "abi/errno.h"
#include "abi/sigframe.h"
#include "arch/cpu.h"
#include "arch/usercopy.h"
#include "arch/x86_64/context_int.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/fpu_int.h"
#include "lib/string.h"

#define FX_SSE_FEATURES 3ull /* what the FXSAVE image alone holds */
#define XSAVE_ALIGN     64
#define XSAVE_HEADER    (sizeof(struct fpu_state) - FXSAVE_SIZE)

int fpu_xsave_raw(void *p, u64 features);
int fpu_xrstor_raw(const void *p, u64 features);
int fpu_fxsave_raw(void *p);

size_t fpu_user_size(void)
{
	return fpu_xfeatures ? fpu_image_size + FP_XSTATE_MAGIC2_SIZE : FXSAVE_SIZE;
}

static void __user *user_pointer(u64 address)
{
	return (__force void __user *)address;
}

static int copy_image(u64 address, size_t size)
{
	return copy_out(user_pointer(address), this_cpu_read(cpu_context)->fpu, size);
}

/*
 * The state without the words around it: from the registers, or from the thread's image, as far as
 * that holds anything.
 */
static int store_image(u64 address)
{
	const struct fpu_state *s = this_cpu_read(cpu_context)->fpu;

	if (!fpu_is_live())
		return copy_image(address, s->xstate_bv & ~FX_SSE_FEATURES ? fpu_image_size
				  : sizeof(*s));
	/* XSAVE writes only the first word of its header. */
	if (user_clear(user_pointer(address + FXSAVE_SIZE), XSAVE_HEADER) != XSAVE_HEADER)
		return -EFAULT;
	return fpu_xsave_raw((void *)address, fpu_xfeatures);
}

int fpu_store_user(u64 address)
{
	const u32 magic2 = FP_XSTATE_MAGIC2;
	struct abi_fpx_sw_bytes sw = {
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = (u32)fpu_user_size(),
		.xfeatures = fpu_xfeatures,
		.xstate_size = (u32)fpu_image_size,
	};

	if (!user_range_ok(user_pointer(address), fpu_user_size()))
		return -EFAULT;
	if (!fpu_xfeatures)
		return fpu_is_live() ? fpu_fxsave_raw((void *)address)
		       : copy_image(address, FXSAVE_SIZE);
	if (store_image(address) ||
	    copy_out(user_pointer(address + offsetof(struct abi_fpstate, sw)), &sw, sizeof(sw)))
		return -EFAULT;
	return copy_out(user_pointer(address + fpu_image_size), &magic2, sizeof(magic2));
}

/*
 * Reads what the frame says of itself: the components it holds, or just x87 and SSE if it is not a
 * whole XSAVE image.
 */
static int frame_features(u64 address, u64 *features)
{
	struct abi_fpx_sw_bytes sw;
	u32 magic2;

	*features = FX_SSE_FEATURES;
	if (!fpu_xfeatures)
		return 0;
	if (copy_in(&sw, user_pointer(address + offsetof(struct abi_fpstate, sw)), sizeof(sw)))
		return -EFAULT;
	if (sw.magic1 != FP_XSTATE_MAGIC1 || sw.xstate_size != fpu_image_size ||
	    sw.extended_size != sw.xstate_size + FP_XSTATE_MAGIC2_SIZE)
		return 0;
	if (copy_in(&magic2, user_pointer(address + fpu_image_size), sizeof(magic2)))
		return -EFAULT;
	if (magic2 == FP_XSTATE_MAGIC2)
		*features = sw.xfeatures & fpu_xfeatures;
	return 0;
}

/*
 * Through the thread's own image: nothing that the CPU would refuse or the user may not set gets
 * into it.
 */
static int load_copied(u64 address, u64 features)
{
	struct fpu_state *s = this_cpu_read(cpu_context)->fpu;
	bool extended = features & ~FX_SSE_FEATURES;

	memset(s, 0, fpu_state_size());
	if (copy_in(s, user_pointer(address), extended ? fpu_image_size : FXSAVE_SIZE))
		return -EFAULT;
	if (s->mxcsr & ~fpu_mxcsr_mask)
		return -EINVAL;
	s->xstate_bv = extended ? s->xstate_bv & features : FX_SSE_FEATURES;
	s->xcomp_bv = 0;
	memset(s->reserved, 0, sizeof(s->reserved));
	return fpu_reload() ? 0 : -EINVAL;
}

static int load_checked(u64 address)
{
	u64 features;

	if (!user_range_ok(user_pointer(address), fpu_user_size()) ||
	    frame_features(address, &features))
		return -EFAULT;
	if (features == fpu_xfeatures && is_aligned(address, XSAVE_ALIGN) && fpu_is_live())
		return fpu_xrstor_raw((const void *)address, features);
	return load_copied(address, features);
}

int fpu_load_user(u64 address)
{
	int ret = 0;

	if (address)
		ret = load_checked(address);
	if (ret || !address)
		fpu_load_initial();
	return ret;
}
