/*
 * Signal calls: actions, masks, sending, waiting (signal(7)).
 */
#include "abi/capability.h"
#include "arch/signal.h"
#include "core/clock.h"
#include "proc/signal.h"
#include "sched/wait.h"
#include "sys/sys_int.h"

long sys_rt_sigaction(int signo, const struct abi_sigaction __user *uact,
		      struct abi_sigaction __user *uold, size_t sigsetsize)
{
	struct abi_sigaction act, old;
	int error;

	if (sigsetsize != SIGSET_SIZE)
		return -EINVAL;
	if (uact && copy_in_obj(&act, uact) < 0)
		return -EFAULT;
	error = signal_action(signo, uact ? &act : NULL, &old);
	return !error && uold ? copy_out_obj(uold, &old) : error;
}

long sys_rt_sigprocmask(int how, const u64 __user *uset, u64 __user *uold, size_t sigsetsize)
{
	u64 old = thread_current()->sigmask, set;

	if (sigsetsize != SIGSET_SIZE)
		return -EINVAL;
	if (uset) {
		if (copy_in_obj(&set, uset) < 0)
			return -EFAULT;
		switch (how) {
		case SIG_BLOCK:
			set |= old;
			break;
		case SIG_UNBLOCK:
			set = old & ~set;
			break;
		case SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		if (set != old)
			signal_set_mask(set);
	}
	return uold ? copy_out_obj(uold, &old) : 0;
}

long sys_rt_sigreturn(void)
{
	struct task *task = task_current();
	struct regs *regs = regs_current();
	u64 mask;

	if (signal_frame_pop(regs, &mask, &task->altstack) < 0) {
		signal_force_segv(SIGSEGV);
		return 0;
	}
	regs->orig_rax = ~0ull; /* whatever is in rax is no result of a call */
	signal_set_mask(mask);
	return (long)regs->rax;
}

long sys_rt_sigpending(u64 __user *uset, size_t sigsetsize)
{
	u64 set = signal_pending_set();

	if (sigsetsize > SIGSET_SIZE)
		return -EINVAL;
	return copy_out(uset, &set, sigsetsize);
}

static bool nothing_changes(void)
{
	return false;
}

long sys_rt_sigtimedwait(const u64 __user *uset, struct abi_siginfo __user *uinfo,
			 const struct timespec __user *utimeout, size_t sigsetsize)
{
	struct abi_siginfo info;
	u64 set, ns, deadline;
	int error, signo;

	if (sigsetsize != SIGSET_SIZE)
		return -EINVAL;
	if (copy_in_obj(&set, uset) < 0)
		return -EFAULT;
	error = timeout_arg(utimeout, &ns);
	if (error)
		return error;
	deadline = deadline_after(ns);
	for (;;) {
		bool late;

		signal_wait_set(set);
		thread_prepare(THREAD_INTERRUPTIBLE);
		signo = signal_take(set, &info);
		if (signo || ns == 0 || thread_signal_pending()) {
			thread_running();
			break;
		}
		late = thread_block_until(deadline);
		if (late && !(signo = signal_take(set, &info)))
			ns = 0;
		if (late)
			break;
	}
	signal_wait_set(0);
	if (!signo)
		return ns == 0 ? -EAGAIN : -EINTR;
	return uinfo && copy_out_obj(uinfo, &info) < 0 ? -EFAULT : signo;
}

long sys_rt_sigsuspend(const u64 __user *umask, size_t sigsetsize)
{
	u64 mask;

	if (sigsetsize != SIGSET_SIZE)
		return -EINVAL;
	if (copy_in_obj(&mask, umask) < 0)
		return -EFAULT;
	signal_set_mask_temporary(mask);
	return sys_pause();
}

long sys_pause(void)
{
	struct wait_queue queue = WAIT_QUEUE_INIT(queue);
	int error = wait_interruptible(&queue, nothing_changes());

	return error ? -ERESTARTNOHAND : 0;
}

/* Whether `rsp` lies on the alternate stack. */
static bool on_altstack(const struct abi_sigaltstack *ss, u64 rsp)
{
	return !(ss->ss_flags & SS_DISABLE) && rsp > ss->ss_sp && rsp - ss->ss_sp <= ss->ss_size;
}

long sys_sigaltstack(const struct abi_sigaltstack __user *uss, struct abi_sigaltstack __user *uold)
{
	struct task *task = task_current();
	struct abi_sigaltstack old = task->altstack, ss;
	bool in_use = on_altstack(&old, regs_current()->rsp);

	if (in_use)
		old.ss_flags |= SS_ONSTACK;
	if (uss) {
		s32 mode;

		if (copy_in_obj(&ss, uss) < 0)
			return -EFAULT;
		if (in_use && !(old.ss_flags & (s32)SS_AUTODISARM))
			return -EPERM;
		mode = ss.ss_flags & ~(s32)SS_AUTODISARM;
		if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
			return -EINVAL;
		if (mode == SS_DISABLE)
			ss = (struct abi_sigaltstack){ .ss_flags = SS_DISABLE };
		else if (ss.ss_size < MINSIGSTKSZ)
			return -ENOMEM;
		else
			ss.ss_flags &= (s32)SS_AUTODISARM;
		ss.__pad = 0;
		task->altstack = ss;
	}
	return uold ? copy_out_obj(uold, &old) : 0;
}

static bool signo_valid(int signo)
{
	return signo >= 0 && signo <= NSIG;
}

long sys_kill(int pid, int signo)
{
	struct abi_siginfo info;

	if (!signo_valid(signo))
		return -EINVAL;
	info = signal_info_user(signo, SI_USER);
	return signal_kill(pid, &info);
}

/* Sends to one thread, which must belong to `tgid` (0: any). */
static long send_thread(int tgid, int tid, const struct abi_siginfo *info)
{
	struct task *task;
	long error;

	if (tid <= 0 || tgid < 0)
		return -EINVAL;
	task = task_find(tid);
	if (!task)
		return -ESRCH;
	if (tgid && task->process->pid->nr != tgid)
		error = -ESRCH;
	else
		error = signal_may_send(task->process, info->si_signo);
	if (!error && info->si_signo)
		error = signal_send_task(task, info);
	thread_put(task->thread);
	return error;
}

long sys_tkill(int tid, int signo)
{
	struct abi_siginfo info;

	if (!signo_valid(signo))
		return -EINVAL;
	info = signal_info_user(signo, SI_TKILL);
	return send_thread(0, tid, &info);
}

long sys_tgkill(int tgid, int tid, int signo)
{
	struct abi_siginfo info;

	if (!signo_valid(signo) || tgid <= 0)
		return -EINVAL;
	info = signal_info_user(signo, SI_TKILL);
	return send_thread(tgid, tid, &info);
}

/* Information from user space may not pose as the kernel's or another's kill(2), but to oneself. */
static int info_arg(struct abi_siginfo *info, const struct abi_siginfo __user *uinfo, int signo,
		    bool self)
{
	if (copy_in_obj(info, uinfo) < 0)
		return -EFAULT;
	if (!signo_valid(signo))
		return -EINVAL;
	info->si_signo = signo;
	return !self && (info->si_code >= 0 || info->si_code == SI_TKILL) ? -EPERM : 0;
}

long sys_rt_sigqueueinfo(int pid, int signo, const struct abi_siginfo __user *uinfo)
{
	struct abi_siginfo info;
	struct process *p;
	long error = info_arg(&info, uinfo, signo, pid == process_current()->pid->nr);

	if (error)
		return error;
	p = pid > 0 ? process_find(pid) : NULL;
	if (!p)
		return -ESRCH;
	error = signal_may_send(p, signo);
	if (!error && signo)
		error = signal_send_process(p, &info);
	process_put(p);
	return error;
}

long sys_rt_tgsigqueueinfo(int tgid, int tid, int signo, const struct abi_siginfo __user *uinfo)
{
	struct abi_siginfo info;
	long error = info_arg(&info, uinfo, signo, tid == thread_current()->tid);

	return error ? error : tgid <= 0 ? -EINVAL : send_thread(tgid, tid, &info);
}

long sys_restart_syscall(void)
{
	struct task *task = task_current();

	return task->restart.fn ? task->restart.fn(task) : -EINTR;
}
