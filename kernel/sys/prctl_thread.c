/*
 * The options of prctl(2) about what a thread may do on its CPU, and about its memory as the kernel
 * describes it.
 */
#include "abi/capability.h"
#include "abi/prctl.h"
#include "arch/cpu.h"
#include "core/gaps.h"
#include "proc/set_mm.h"
#include "proc/user_dispatch.h"
#include "sys/sys_int.h"

static long give_int(u64 where, s32 value)
{
	return copy_out((void __user *)where, &value, sizeof(value));
}

static long tsc_set(u64 mode)
{
	if (mode != PR_TSC_ENABLE && mode != PR_TSC_SIGSEGV)
		return -EINVAL;
	context_tsc_set(mode == PR_TSC_ENABLE);
	return 0;
}

/*
 * When a thread is told of memory that fails: at once, or when it uses it. It can be asked for, and
 * children inherit it, but nobody is ever told: a machine check stops the machine (trap.c).
 */
static long mce_policy_set(const u64 a[4])
{
	struct task *me = task_current();

	if (a[2] || a[3])
		return -EINVAL;
	if (a[0] == PR_MCE_KILL_CLEAR && !a[1])
		me->mce_policy = PR_MCE_KILL_DEFAULT;
	else if (a[0] == PR_MCE_KILL_SET && a[1] <= PR_MCE_KILL_DEFAULT)
		me->mce_policy = (u8)a[1];
	else
		return -EINVAL;
	return 0;
}

static long area_label(const u64 a[4])
{
	char name[PR_VMA_NAME_MAX];
	ssize_t n;

	if (a[0] != PR_SET_VMA_ANON_NAME)
		return gap_command((u32)a[0], -EINVAL);
	if (a[3]) {
		n = copy_in_string(name, (const char __user *)a[3], sizeof(name));
		if (n < 0)
			return n == -ABI_ENAMETOOLONG ? -EINVAL : n;
	}
	return vm_set_label(aspace_current(), a[1], a[2], a[3] ? name : NULL);
}

/* A process that others' memory comes back through is not held up by writers and may use what is
 * set aside. */
static long io_flusher(int option, const u64 a[4])
{
	struct thread *me = thread_current();

	if (!cred_capable(cred_current(), CAP_SYS_RESOURCE))
		return -EPERM;
	if (a[1] || a[2] || a[3] || a[0] > (option == PR_SET_IO_FLUSHER))
		return -EINVAL;
	if (option == PR_GET_IO_FLUSHER)
		return me->frees_memory;
	me->frees_memory = a[0];
	return 0;
}

/*
 * No speculation is controlled: what the kernel has to say is whether there is some. Of branches it
 * cannot know; level 1 caches are never flushed for anybody.
 */
static long speculation_get(u64 which)
{
	switch (which) {
	case PR_SPEC_STORE_BYPASS:
		return cpu_bypasses_stores() ? PR_SPEC_ENABLE : PR_SPEC_NOT_AFFECTED;
	case PR_SPEC_INDIRECT_BRANCH:
		return PR_SPEC_ENABLE;
	case PR_SPEC_L1D_FLUSH:
		return PR_SPEC_FORCE_DISABLE;
	default:
		return -ENODEV;
	}
}

static long branches_set(u64 how)
{
	switch (how) {
	case PR_SPEC_ENABLE: /* it is */
		return 0;
	case PR_SPEC_DISABLE:
	case PR_SPEC_FORCE_DISABLE:
		return -EPERM;
	default:
		return -ERANGE;
	}
}

static long speculation_set(u64 which, u64 how)
{
	switch (which) {
	case PR_SPEC_STORE_BYPASS:
		return -ENXIO;
	case PR_SPEC_INDIRECT_BRANCH:
		return branches_set(how);
	case PR_SPEC_L1D_FLUSH:
		return -EPERM;
	default:
		return -ENODEV;
	}
}

long prctl_thread(int option, const u64 a[4])
{
	switch (option) {
	case PR_GET_TSC:
		return give_int(a[0], context_tsc() ? PR_TSC_ENABLE : PR_TSC_SIGSEGV);
	case PR_SET_TSC:
		return tsc_set(a[0]);
	case PR_MCE_KILL:
		return mce_policy_set(a);
	case PR_MCE_KILL_GET:
		return a[0] || a[1] || a[2] || a[3] ? -EINVAL : task_current()->mce_policy;
	case PR_SET_IO_FLUSHER:
	case PR_GET_IO_FLUSHER:
		return io_flusher(option, a);
	case PR_SET_MM:
		return a[3] ? -EINVAL : set_mm(a[0], a[1], a[2]);
	case PR_SET_VMA:
		return area_label(a);
	case PR_SET_SYSCALL_USER_DISPATCH:
		return user_dispatch_set(a[0], a[1], a[2], a[3]);
	case PR_GET_SPECULATION_CTRL:
		return a[1] || a[2] || a[3] ? -EINVAL : speculation_get(a[0]);
	case PR_SET_SPECULATION_CTRL:
		return a[2] || a[3] ? -EINVAL : speculation_set(a[0], a[1]);
	default:
		return gap_command((u32)option, -EINVAL);
	}
}
