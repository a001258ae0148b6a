/* Requests about a tracee's signals, and about the stop that it is in. */
#include "abi/errno.h"
#include "abi/seccomp.h"
#include "arch/tracee.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "proc/ptrace_int.h"
#include "proc/seccomp.h"
#include "proc/signal.h"

static long info_get_fn(struct task *task, void *arg)
{
	if (!task->trace.info)
		return -EINVAL;
	*(struct abi_siginfo *)arg = *task->trace.info;
	return 0;
}

static long info_set_fn(struct task *task, void *arg)
{
	if (!task->trace.info)
		return -EINVAL;
	*task->trace.info = *(struct abi_siginfo *)arg;
	return 0;
}

static long message_fn(struct task *task, void *arg)
{
	*(u64 *)arg = task->trace.message;
	return 0;
}

static long mask_get_fn(struct task *task, void *arg)
{
	const struct thread *thread = task->thread;

	*(u64 *)arg = READ_ONCE(thread->work) & WORK_RESTORE_MASK ? thread->saved_sigmask
								   : thread->sigmask;
	return 0;
}

/* A temporary mask ends by that. Whatever it lets through now is looked for when it goes on. */
static long mask_set_fn(struct task *task, void *arg)
{
	struct thread *thread = task->thread;

	__atomic_fetch_and(&thread->work, ~WORK_RESTORE_MASK, __ATOMIC_RELAXED);
	thread->sigmask = *(u64 *)arg & ~SIGNALS_UNBLOCKABLE;
	thread_set_work(thread, WORK_SIGNAL);
	return 0;
}

static long mask_request(struct task *task, u64 size, u64 data, bool write)
{
	void __user *user = (void __user *)data;
	u64 mask;
	long error;

	if (size != sizeof(mask))
		return -EINVAL;
	error = write ? copy_in(&mask, user, sizeof(mask)) : 0;
	if (!error)
		error = tracee_do(task, write ? mask_set_fn : mask_get_fn, &mask);
	return error || write ? error : copy_out(user, &mask, sizeof(mask));
}

struct peek_request {
	bool shared;
	u64 at;
	struct abi_siginfo info;
};

/* Entry number `at` of a queue: 1, or 0 if there are fewer. */
static long queue_fn(struct task *task, void *arg)
{
	struct peek_request *r = arg;
	struct signal_queue *q = r->shared ? &task->process->pending : &task->pending;
	struct signal_entry *e;
	u64 at = 0;

	list_for_each_entry(e, &q->entries, link)
		if (at++ == r->at) {
			r->info = e->info;
			return 1;
		}
	return 0;
}

/* How many were copied. */
static long peek_siginfo(struct task *task, u64 uargs, u64 data)
{
	struct ptrace_peeksiginfo_args args;
	struct abi_siginfo __user *to = (struct abi_siginfo __user *)data;
	struct peek_request r;
	long n = 0, found = 0;

	if (copy_in_obj(&args, (struct ptrace_peeksiginfo_args __user *)uargs))
		return -EFAULT;
	if ((args.flags & ~PTRACE_PEEKSIGINFO_SHARED) || args.nr < 0)
		return -EINVAL;
	r = (struct peek_request){ args.flags & PTRACE_PEEKSIGINFO_SHARED, args.off, { 0 } };
	for (; n < args.nr; n++, r.at++) {
		found = tracee_do(task, queue_fn, &r);
		if (found <= 0)
			break;
		if (copy_out_obj(&to[n], &r.info)) {
			found = -EFAULT;
			break;
		}
		if (thread_signal_pending()) {
			n++;
			break;
		}
	}
	return n ? n : min(found, 0l);
}

/* The system call that it stops at (PTRACE_GET_SYSCALL_INFO). */
static long call_fn(struct task *task, void *arg)
{
	const struct regs *r = context_regs(&task->thread->arch);
	const struct tracing *t = &task->trace;
	struct ptrace_syscall_info *out = arg;
	const u64 args[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };
	u64 at = t->info && t->info->si_code == (SIGTRAP | 0x80) ? t->message : 0;

	*out = (struct ptrace_syscall_info){ .arch = AUDIT_ARCH_X86_64,
					     .instruction_pointer = r->rip,
					     .stack_pointer = r->rsp };
	if (at == PTRACE_EVENTMSG_SYSCALL_ENTRY) {
		out->op = PTRACE_SYSCALL_INFO_ENTRY;
		out->entry.nr = r->orig_rax;
		memcpy(out->entry.args, args, sizeof(args));
	} else if (at == PTRACE_EVENTMSG_SYSCALL_EXIT) {
		out->op = PTRACE_SYSCALL_INFO_EXIT;
		out->exit.rval = (s64)r->rax;
		out->exit.is_error = r->rax >= (u64)-4095;
	} else if (t->info && STOP_EVENT(t->info->si_code) == PTRACE_EVENT_SECCOMP) {
		out->op = PTRACE_SYSCALL_INFO_SECCOMP;
		out->seccomp.nr = r->orig_rax;
		memcpy(out->seccomp.args, args, sizeof(args));
		out->seccomp.ret_data = (u32)t->message;
	}
	return 0;
}

static long call_info(struct task *task, u64 size, u64 data)
{
	static const u8 sizes[] = {
		[PTRACE_SYSCALL_INFO_NONE] = offsetof(struct ptrace_syscall_info, entry),
		[PTRACE_SYSCALL_INFO_ENTRY] = offsetof(struct ptrace_syscall_info, entry) + 56,
		[PTRACE_SYSCALL_INFO_EXIT] = offsetof(struct ptrace_syscall_info, exit) + 9,
		[PTRACE_SYSCALL_INFO_SECCOMP] = offsetof(struct ptrace_syscall_info, seccomp) + 60,
	};
	struct ptrace_syscall_info info;
	long error = tracee_do(task, call_fn, &info);

	if (error)
		return error;
	error = copy_out((void __user *)data, &info, min(size, (u64)sizes[info.op]));
	return error ? error : sizes[info.op];
}

static long rseq_fn(struct task *task, void *arg)
{
	*(struct ptrace_rseq_configuration *)arg = (struct ptrace_rseq_configuration){
		.rseq_abi_pointer = task->rseq,
		.rseq_abi_size = task->rseq_len,
		.signature = task->rseq_signature,
	};
	return 0;
}

/* What is registered by rseq(2): how much there is to say. */
static long rseq_info(struct task *task, u64 size, u64 data)
{
	struct ptrace_rseq_configuration c;
	long error = tracee_do(task, rseq_fn, &c);

	if (!error)
		error = copy_out((void __user *)data, &c, min(size, (u64)sizeof(c)));
	return error ? error : (long)sizeof(c);
}

/* One of the filters of its system calls, as it was installed. */
static long filter_request(struct task *task, u64 number, u64 data)
{
	const struct seccomp_filter *f;
	long result = tracee_do(task, NULL, NULL);

	if (!result)
		result = seccomp_filter_get(task, number, &f);
	if (result <= 0)
		return result;
	if (data && copy_out((void __user *)data, seccomp_filter_insns(f),
			     (size_t)result * sizeof(struct sock_filter)))
		result = -EFAULT;
	seccomp_filter_put(f);
	return result;
}

/* The flags that one of the filters was installed with: how many bytes were given. */
static long filter_metadata(struct task *task, u64 size, u64 data)
{
	void __user *user = (void __user *)data;
	const struct seccomp_filter *f;
	struct seccomp_metadata m = { 0 };
	long result = tracee_do(task, NULL, NULL);

	if (result)
		return result;
	if (!seccomp_may_ask())
		return -EACCES;
	size = min(size, (u64)sizeof(m));
	if (size < sizeof(m.filter_off))
		return -EINVAL;
	if (copy_in(&m.filter_off, user, sizeof(m.filter_off)))
		return -EFAULT;
	result = seccomp_filter_get(task, m.filter_off, &f);
	if (result < 0)
		return result;
	m.flags = seccomp_filter_flags(f);
	seccomp_filter_put(f);
	return copy_out(user, &m, size) ? -EFAULT : (long)size;
}

long ptrace_info_request(struct task *task, long request, u64 addr, u64 data)
{
	void __user *user = (void __user *)data;
	struct abi_siginfo info;
	u64 message;
	long error;

	switch (request) {
	case PTRACE_GETEVENTMSG:
		error = tracee_do(task, message_fn, &message);
		return error ? error : copy_out(user, &message, sizeof(message));
	case PTRACE_GETSIGINFO:
		error = tracee_do(task, info_get_fn, &info);
		return error ? error : copy_out(user, &info, sizeof(info));
	case PTRACE_SETSIGINFO:
		error = copy_in(&info, user, sizeof(info));
		return error ? error : tracee_do(task, info_set_fn, &info);
	case PTRACE_GETSIGMASK:
		return mask_request(task, addr, data, false);
	case PTRACE_SETSIGMASK:
		return mask_request(task, addr, data, true);
	case PTRACE_PEEKSIGINFO:
		return peek_siginfo(task, addr, data);
	case PTRACE_GET_SYSCALL_INFO:
		return call_info(task, addr, data);
	case PTRACE_GET_RSEQ_CONFIGURATION:
		return rseq_info(task, addr, data);
	case PTRACE_SECCOMP_GET_FILTER:
		return filter_request(task, addr, data);
	case PTRACE_SECCOMP_GET_METADATA:
		return filter_metadata(task, addr, data);
	default:
		return -ENOTTY;
	}
}
