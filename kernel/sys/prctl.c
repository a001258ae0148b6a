/*
 * prctl(2), arch_prctl(2), personality(2): odds and ends of a process.
 */
#include "abi/capability.h"
#include "abi/prctl.h"
#include "abi/seccomp.h"
#include "core/gaps.h"
#include "lib/string.h"
#include "proc/seccomp.h"
#include "proc/signal.h"
#include "sys/sys_int.h"

static long set_name(const char __user *uname)
{
	char name[16] = { 0 };
	ssize_t n = copy_in_string(name, uname, sizeof(name));

	if (n < 0 && n != -ABI_ENAMETOOLONG)
		return n;
	name[15] = 0;
	memcpy(thread_current()->name, name, sizeof(name));
	return 0;
}

/* Changes one thing of the current credentials. */
static long cred_change(void (*change)(struct cred *new, u64 arg), u64 arg)
{
	struct cred *new = cred_clone(cred_current());

	if (!new)
		return -ENOMEM;
	change(new, arg);
	task_set_cred(new);
	return 0;
}

static void change_keep_caps(struct cred *new, u64 on)
{
	new->securebits =
		on ? new->securebits | SECBIT_KEEP_CAPS : new->securebits & ~(u32)SECBIT_KEEP_CAPS;
}

static void change_drop_bounding(struct cred *new, u64 cap)
{
	new->cap_bounding &= ~BIT(cap);
}

static void change_securebits(struct cred *new, u64 bits)
{
	new->securebits = (u32)bits;
}

/* capabilities(7), "The securebits flags": a locked bit stays as it is, a lock is never undone. */
static long securebits_set(u64 bits)
{
	u32 old = cred_current()->securebits;

	if (!cred_capable(cred_current(), CAP_SETPCAP) ||
	    (bits & ~(u64)(SECURE_ALL_BITS | SECURE_ALL_LOCKS)) ||
	    ((old & SECURE_ALL_LOCKS) >> 1 & (old ^ bits)) || (old & SECURE_ALL_LOCKS & ~bits))
		return -EPERM;
	return cred_change(change_securebits, bits);
}

static long keep_caps_set(u64 on)
{
	if (on > 1)
		return -EINVAL;
	if (cred_current()->securebits & SECBIT_KEEP_CAPS_LOCKED)
		return -EPERM;
	return cred_change(change_keep_caps, on);
}

static void change_ambient(struct cred *new, u64 set)
{
	new->cap_ambient = set;
}

static long cap_ambient(u64 operation, u64 cap)
{
	const struct cred *c = cred_current();

	if (operation == PR_CAP_AMBIENT_CLEAR_ALL)
		return cap ? -EINVAL : cred_change(change_ambient, 0);
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	switch (operation) {
	case PR_CAP_AMBIENT_IS_SET:
		return c->cap_ambient >> cap & 1;
	case PR_CAP_AMBIENT_RAISE:
		if (!(c->cap_permitted & c->cap_inheritable & BIT(cap)) ||
		    (c->securebits & SECBIT_NO_CAP_AMBIENT_RAISE))
			return -EPERM;
		return cred_change(change_ambient, c->cap_ambient | BIT(cap));
	case PR_CAP_AMBIENT_LOWER:
		return cred_change(change_ambient, c->cap_ambient & ~BIT(cap));
	default:
		return -EINVAL;
	}
}

static long cap_options(int option, u64 arg)
{
	const struct cred *c = cred_current();

	switch (option) {
	case PR_GET_KEEPCAPS:
		return !!(c->securebits & SECBIT_KEEP_CAPS);
	case PR_SET_KEEPCAPS:
		return keep_caps_set(arg);
	case PR_CAPBSET_READ:
		return arg > CAP_LAST_CAP ? -EINVAL : (long)(c->cap_bounding >> arg & 1);
	case PR_CAPBSET_DROP:
		if (!cred_capable(c, CAP_SETPCAP))
			return -EPERM;
		return arg > CAP_LAST_CAP ? -EINVAL : cred_change(change_drop_bounding, arg);
	case PR_GET_SECUREBITS:
		return c->securebits;
	default: /* PR_SET_SECUREBITS */
		return securebits_set(arg);
	}
}

static long no_new_privs_set(struct task *task)
{
	u64 flags = sighand_lock(task->process);

	task->no_new_privs = true;
	sighand_unlock(task->process, flags);
	return 0;
}

/* The old way to seccomp(2). */
static long seccomp_set(u64 mode, u64 program)
{
	switch (mode) {
	case SECCOMP_MODE_STRICT:
		return seccomp_set_strict();
	case SECCOMP_MODE_FILTER:
		return seccomp_set_filter(0, (const struct sock_fprog __user *)program);
	default:
		return -EINVAL;
	}
}

static long signal_of_parent(u64 signo)
{
	if (signo > NSIG)
		return -EINVAL;
	process_current()->parent_death_signal = (s32)signo;
	return 0;
}

static long give_int(u64 where, s32 value)
{
	return copy_out((void __user *)where, &value, sizeof(value));
}

long sys_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
	       unsigned long arg5)
{
	struct task *task = task_current();
	struct process *p = task->process;

	switch (option) {
	case PR_SET_PDEATHSIG:
		return signal_of_parent(arg2);
	case PR_GET_PDEATHSIG:
		return give_int(arg2, p->parent_death_signal);
	case PR_GET_DUMPABLE:
		return p->dumpable;
	case PR_SET_DUMPABLE:
		if (arg2 > 1)
			return -EINVAL;
		p->dumpable = (u32)arg2;
		return 0;
	case PR_SET_NAME:
		return set_name((const char __user *)arg2);
	case PR_GET_NAME:
		return copy_out((void __user *)arg2, task->thread->name, 16);
	case PR_GET_KEEPCAPS:
	case PR_SET_KEEPCAPS:
	case PR_CAPBSET_READ:
	case PR_CAPBSET_DROP:
	case PR_GET_SECUREBITS:
	case PR_SET_SECUREBITS:
		return cap_options(option, arg2);
	case PR_CAP_AMBIENT:
		return arg4 || arg5 ? -EINVAL : cap_ambient(arg2, arg3);
	case PR_GET_TIMING:
		return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING:
		return arg2 == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_GET_TIMERSLACK:
		return (long)READ_ONCE(task->timer_slack_ns);
	case PR_SET_TIMERSLACK:
		WRITE_ONCE(task->timer_slack_ns, arg2 ?: task->timer_slack_default_ns);
		return 0;
	case PR_SET_CHILD_SUBREAPER:
		process_subreaper_set(arg2);
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return give_int(arg2, p->child_subreaper);
	case PR_SET_NO_NEW_PRIVS:
		return arg2 != 1 || arg3 || arg4 || arg5 ? -EINVAL : no_new_privs_set(task);
	case PR_GET_NO_NEW_PRIVS:
		return arg2 || arg3 || arg4 || arg5 ? -EINVAL : task->no_new_privs;
	case PR_GET_TID_ADDRESS:
		return copy_out((void __user *)arg2, &task->clear_child_tid, sizeof(u64));
	case PR_SET_THP_DISABLE:
		if (arg3 || arg4 || arg5)
			return -EINVAL;
		WRITE_ONCE(aspace_current()->no_large, arg2 != 0);
		return 0;
	case PR_GET_THP_DISABLE:
		return arg2 || arg3 || arg4 || arg5 ? -EINVAL
						    : READ_ONCE(aspace_current()->no_large);
	case PR_GET_SECCOMP:
		return task->seccomp_mode;
	case PR_SET_SECCOMP:
		return seccomp_set(arg2, arg3);
	default:
		return prctl_thread(option, (const u64[]){ arg2, arg3, arg4, arg5 });
	}
}

static long xstate_mask_give(u64 where)
{
	u64 mask = fpu_components();

	return copy_out((void __user *)where, &mask, sizeof(mask));
}

long sys_arch_prctl(int option, u64 addr)
{
	struct thread *thread = thread_current();

	switch (option) {
	case ARCH_SET_FS:
		return context_set_fs_base(addr);
	case ARCH_SET_GS:
		return context_set_gs_base(addr);
	case ARCH_GET_FS:
		context_save_bases();
		return copy_out((void __user *)addr, &thread->arch.fs_base, sizeof(u64));
	case ARCH_GET_GS:
		context_save_bases();
		return copy_out((void __user *)addr, &thread->arch.gs_base, sizeof(u64));
	case ARCH_GET_CPUID:
		return 1; /* user code may use it, */
	case ARCH_SET_CPUID:
		return -ENODEV; /* and the CPU is not asked to forbid it */
	case ARCH_GET_XCOMP_SUPP:
	case ARCH_GET_XCOMP_PERM:
		return xstate_mask_give(addr);
	case ARCH_REQ_XCOMP_PERM: /* none of what the kernel switches needs permission */
		return addr > XSTATE_LAST ? -EINVAL : -EOPNOTSUPP;
	default:
		return gap_command((u32)option, -EINVAL);
	}
}

long sys_personality(unsigned persona)
{
	struct process *p = process_current();
	u32 old = p->personality;

	if (persona != 0xffffffff)
		p->personality = persona;
	return old;
}
