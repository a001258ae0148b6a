/*
 * Requests about a tracee's registers: struct user word by word, sets of registers whole, and
 * the sets of core dumps (PTRACE_GETREGSET). What is copied to or from the tracer lies in a buffer
 * meanwhile: while the tracee is held still nothing may fault.
 */
#include "abi/elf.h"
#include "abi/errno.h"
#include "abi/uio.h"
#include "arch/tracee.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/ptrace_int.h"

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

#define TRAP_FLAG 0x100ull

/* Two words more, always 0, than programs know of. */
#define USER_AREA_SIZE (sizeof(struct user_area) + 2 * sizeof(u64))

/* One request, as the functions below get it. */
struct word_request { u64 addr, value; bool write; };
struct set_request { u32 note; bool write; size_t size; void *buf; };

static void regs_show(struct task *task, struct user_regs_struct *out)
{
	tracee_regs_get(&task->thread->arch, out);
	if (task->trace.stepping)
		out->eflags &= ~TRAP_FLAG;
}

static int regs_change(struct task *task, const struct user_regs_struct *in)
{
	struct user_regs_struct new = *in;
	bool own = new.eflags & TRAP_FLAG;
	int error;

	if (task->trace.stepping)
		new.eflags |= TRAP_FLAG;
	error = tracee_regs_set(&task->thread->arch, &new);
	if (!error && own)
		task->trace.stepping = false;
	return error;
}

static long word_fn(struct task *task, void *arg)
{
	struct word_request *r = arg;
	struct user_regs_struct regs;
	unsigned n = (unsigned)(r->addr - offsetof(struct user_area, u_debugreg)) / 8;
	bool debug = r->addr >= offsetof(struct user_area, u_debugreg);

	if (r->addr < sizeof(regs)) {
		regs_show(task, &regs);
		if (!r->write) {
			memcpy(&r->value, (char *)&regs + r->addr, sizeof(r->value));
			return 0;
		}
		memcpy((char *)&regs + r->addr, &r->value, sizeof(r->value));
		return regs_change(task, &regs);
	}
	if (r->write)
		return debug ? debug_reg_set(&task->thread->arch, n, r->value) : -EIO;
	r->value = debug ? debug_reg_get(&task->thread->arch, n) : 0;
	return 0;
}

static long user_word(struct task *task, u64 addr, u64 data, bool write)
{
	struct word_request r = { addr, data, write };
	long error;

	if (addr % sizeof(u64) || addr >= USER_AREA_SIZE)
		return -EIO;
	error = tracee_do(task, word_fn, &r);
	if (error || write)
		return error;
	return copy_out((void __user *)data, &r.value, sizeof(r.value));
}

static long base_fn(struct task *task, void *arg)
{
	struct arch_thread *ctx = &task->thread->arch;
	struct word_request *r = arg;
	bool gs = r->addr == ARCH_SET_GS || r->addr == ARCH_GET_GS;

	if (r->write)
		return tracee_base_set(ctx, gs, r->value);
	r->value = gs ? ctx->gs_base : ctx->fs_base;
	return 0;
}

/* arch_prctl(2) of the tracee: `option` comes as data. */
static long arch_base(struct task *task, u64 addr, u64 option)
{
	struct word_request r = { option, addr, option == ARCH_SET_FS || option == ARCH_SET_GS };
	long error;

	if (!r.write && option != ARCH_GET_FS && option != ARCH_GET_GS)
		return -EINVAL;
	error = tracee_do(task, base_fn, &r);
	if (error == -ABI_EIO)
		error = -EPERM;
	return error || r.write ? error : copy_out((void __user *)addr, &r.value, sizeof(r.value));
}

/* Bytes of a set; 0: there is no such set. */
static size_t set_size(u32 note)
{
	switch (note) {
	case NT_PRSTATUS: return sizeof(struct user_regs_struct);
	case NT_PRFPREG: return sizeof(struct user_fpregs_struct);
	case NT_X86_XSTATE: return tracee_xstate_size();
	default: return 0;
	}
}

static long set_fn(struct task *task, void *arg)
{
	struct set_request *r = arg;
	struct arch_thread *ctx = &task->thread->arch;
	struct user_regs_struct regs;

	switch (r->note) {
	case NT_PRSTATUS:
		regs_show(task, &regs);
		if (!r->write) {
			memcpy(r->buf, &regs, sizeof(regs));
			return 0;
		}
		memcpy(&regs, r->buf, r->size);
		return regs_change(task, &regs);
	case NT_PRFPREG:
		if (r->write)
			return tracee_fpregs_set(ctx, r->buf);
		tracee_fpregs_get(ctx, r->buf);
		return 0;
	default:
		if (r->write)
			return tracee_xstate_set(ctx, r->buf);
		tracee_xstate_get(ctx, r->buf);
		return 0;
	}
}

/* The first `size` bytes of a set, to or from `user`. Only general registers may be set in part. */
static long set_copy(struct task *task, u32 note, bool write, u64 user, size_t size)
{
	struct set_request r = { note, write, size, NULL };
	size_t whole = set_size(note);
	long error;

	if (write && note != NT_PRSTATUS && size != whole)
		return note == NT_X86_XSTATE ? -EFAULT : -EINVAL;
	r.buf = kzalloc(whole, MM_KERNEL);
	if (!r.buf)
		return -ENOMEM;
	error = write ? copy_in(r.buf, (void __user *)user, size) : 0;
	if (!error)
		error = tracee_do(task, set_fn, &r);
	if (!error && !write)
		error = copy_out((void __user *)user, r.buf, size);
	kfree(r.buf);
	return error;
}

static long regset(struct task *task, u64 note, u64 uiov, bool write)
{
	struct iovec __user *user = (struct iovec __user *)uiov;
	size_t whole = note <= ~0u ? set_size((u32)note) : 0;
	struct iovec iov;
	long error;

	if (copy_in_obj(&iov, user))
		return -EFAULT;
	if (!whole || iov.iov_len % sizeof(u64))
		return -EINVAL;
	iov.iov_len = min(iov.iov_len, whole);
	error = set_copy(task, (u32)note, write, (u64)iov.iov_base, iov.iov_len);
	return error ? error : copy_out_obj(&user->iov_len, &iov.iov_len);
}

long ptrace_regs_request(struct task *task, long request, u64 addr, u64 data)
{
	switch (request) {
	case PTRACE_PEEKUSR:
		return user_word(task, addr, data, false);
	case PTRACE_POKEUSR:
		return user_word(task, addr, data, true);
	case PTRACE_GETREGS:
		return set_copy(task, NT_PRSTATUS, false, data, set_size(NT_PRSTATUS));
	case PTRACE_SETREGS:
		return set_copy(task, NT_PRSTATUS, true, data, set_size(NT_PRSTATUS));
	case PTRACE_GETFPREGS:
		return set_copy(task, NT_PRFPREG, false, data, set_size(NT_PRFPREG));
	case PTRACE_SETFPREGS:
		return set_copy(task, NT_PRFPREG, true, data, set_size(NT_PRFPREG));
	case PTRACE_GETREGSET:
		return regset(task, addr, data, false);
	case PTRACE_SETREGSET:
		return regset(task, addr, data, true);
	case PTRACE_ARCH_PRCTL:
		return arch_base(task, addr, data);
	default:
		return -ENOTTY;
	}
}
