/*
 * Processes: clone(2), execve(2), _exit(2), wait4(2), numbers, sessions and groups.
 */
#include "abi/sched.h"
#include "abi/wait.h"
#include "core/gaps.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/pidfd.h"
#include "proc/signal.h"
#include "sys/rusage.h"
#include "sys/sys_int.h"

#define PID_LEVELS_MAX 32 /* of nested namespaces, that clone3(2) knows */

long sys_clone(unsigned long flags, u64 stack, int __user *parent_tid, int __user *child_tid,
	       u64 tls)
{
	struct clone_request req = {
		.flags = flags & ~(unsigned long)CSIGNAL & 0xffffffff,
		.exit_signal = (s32)(flags & CSIGNAL), .stack = stack, .tls = tls,
		.parent_tid = (u64)parent_tid, .child_tid = (u64)child_tid,
		.pidfd = (u64)parent_tid,
	};

	if ((flags & CLONE_PIDFD) &&
	    (flags & (CLONE_PARENT_SETTID | CLONE_DETACHED | CLONE_THREAD)))
		return -EINVAL;
	return process_clone(&req);
}

long sys_unshare(unsigned long flags)
{
	return task_unshare(flags);
}

long sys_clone3(const struct clone_args __user *uargs, size_t size)
{
	struct clone_args args;
	struct clone_request req;
	s32 tids[PID_LEVELS_MAX];

	if (size < 64) /* CLONE_ARGS_SIZE_VER0 */
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	memset(&args, 0, sizeof(args));
	if (copy_in(&args, uargs, min(size, sizeof(args))) < 0)
		return -EFAULT;
	for (size_t at = sizeof(args); at < size; at++) {
		u8 byte;

		if (copy_in(&byte, (const u8 __user *)uargs + at, 1) < 0)
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	if ((args.flags & (CLONE_DETACHED | CSIGNAL)) ||
	    ((args.flags & ~CLONE_CLEAR_SIGHAND) >> 32) || args.exit_signal > NSIG ||
	    !args.set_tid != !args.set_tid_size || args.set_tid_size > PID_LEVELS_MAX)
		return -EINVAL;
	if (!args.stack != !args.stack_size ||
	    ((args.flags & (CLONE_THREAD | CLONE_PARENT)) && args.exit_signal))
		return -EINVAL;
	if ((args.flags & CLONE_PIDFD) && (args.flags & CLONE_THREAD))
		return -EINVAL;
	req = (struct clone_request){
		.flags = args.flags, .exit_signal = (s32)args.exit_signal,
		.stack = args.stack ? args.stack + args.stack_size : 0,
		.tls = args.tls, .parent_tid = args.parent_tid, .child_tid = args.child_tid,
		.pidfd = args.pidfd, .has_set_tid = args.set_tid_size,
	};
	if (args.set_tid_size) {
		if (copy_in(tids, (const void __user *)args.set_tid,
			    args.set_tid_size * sizeof(*tids)) < 0)
			return -EFAULT;
		if (args.set_tid_size > 1) /* a number for each namespace of pids: there is one */
			return -EINVAL;
		req.set_tid = tids[0];
	}
	return process_clone(&req);
}

long sys_fork(void)
{
	struct clone_request req = { .exit_signal = SIGCHLD };

	return process_clone(&req);
}

long sys_vfork(void)
{
	struct clone_request req = { .flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD };

	return process_clone(&req);
}

static long exec_at(int dirfd, const char __user *path, const u64 __user *argv,
		    const u64 __user *envp, int flags)
{
	struct exec_request req = { .argv = (__force const u64 *)argv,
				    .envp = (__force const u64 *)envp };
	struct path_arg a;
	char shown[64];
	int error;

	if (gap_flags((u32)flags, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	error = path_arg_begin(&a, dirfd, path, flags & AT_EMPTY_PATH);
	if (error)
		return error;
	req.walk = &a.w.walk;
	req.name = req.shown = a.name.text;
	req.walk_flags = (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
			 (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
	/* a name under which the descriptor's file can be found (execveat(2)) */
	if (dirfd != AT_FDCWD && a.name.text[0] != '/') {
		snprintf(shown, sizeof(shown), "/dev/fd/%d%s%.40s", dirfd,
			 a.name.text[0] ? "/" : "", a.name.text);
		req.shown = shown;
		req.unnamable = fd_get_cloexec(task_current()->files, dirfd) > 0;
	}
	error = process_exec(&req);
	path_arg_end(&a);
	return error;
}

long sys_execve(const char __user *path, const u64 __user *argv, const u64 __user *envp)
{
	return exec_at(AT_FDCWD, path, argv, envp, 0);
}

long sys_execveat(int dirfd, const char __user *path, const u64 __user *argv,
		  const u64 __user *envp, int flags)
{
	return exec_at(dirfd, path, argv, envp, flags);
}

long sys_exit(int status)
{
	task_exit(W_EXITCODE(status, 0));
}

long sys_exit_group(int status)
{
	process_exit_group(W_EXITCODE(status, 0));
}

long sys_wait4(int pid, int __user *ustatus, int options, struct rusage __user *uusage)
{
	struct wait_result w;
	struct rusage usage;
	long result;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | (int)(__WNOTHREAD | __WCLONE | __WALL)))
		return -EINVAL;
	if (pid == (int)0x80000000)
		return -ESRCH;
	result = process_wait(pid == -1 ? P_ALL :
			      pid > 0	? P_PID :
					  P_PGID,
			      pid > 0 ? pid : -pid, (u32)options | WEXITED, &w);
	if (result <= 0)
		return result;
	if (ustatus && copy_out_obj(ustatus, &w.wait_status) < 0)
		return -EFAULT;
	rusage_fill(&usage, &w.times, &w.counts);
	if (uusage && copy_out_obj(uusage, &usage) < 0)
		return -EFAULT;
	return result;
}

/* P_PIDFD as P_PID of the process that the descriptor refers to: 0 or -EBADF, -EINVAL. */
static int pidfd_resolve(int *which, int *id)
{
	struct pid *pid;

	if (*which != P_PIDFD)
		return 0;
	pid = pidfd_arg(*id);
	if (!pid)
		return -EBADF;
	*which = P_PID;
	/* 0: nobody; the number may be another's by now */
	*id = READ_ONCE(pid->process) ? pid->nr : 0;
	pid_drop(pid);
	return 0;
}

/* Which options there are, and who is meant: 0, or -EINVAL, -EBADF. */
static long waitid_check(int *which, int *id, int options)
{
	if ((options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED |
			 (int)(__WNOTHREAD | __WCLONE | __WALL))) ||
	    !(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	if (*which < P_ALL || *which > P_PIDFD || (*which == P_PID && *id <= 0) ||
	    (*which != P_ALL && *id < 0))
		return -EINVAL;
	return pidfd_resolve(which, id);
}

/* What waitid(2) knows, and no more of the structure: 0 or -EFAULT. */
static long waitid_tell(struct abi_siginfo __user *to, const struct abi_siginfo *info)
{
	const size_t head = offsetof(struct abi_siginfo, si_code) + sizeof(info->si_code);
	const size_t child = offsetof(struct abi_siginfo, si_chld_pid);
	const size_t end = offsetof(struct abi_siginfo, si_status) + sizeof(info->si_status);

	if (!user_range_ok(to, sizeof(*to)) || copy_out(to, info, head))
		return -EFAULT;
	return copy_out((char __user *)to + child, (const char *)info + child, end - child);
}

long sys_waitid(int which, int id, struct abi_siginfo __user *uinfo, int options,
		struct rusage __user *uusage)
{
	struct abi_siginfo info = { 0 };
	struct wait_result w;
	struct rusage usage;
	long result = waitid_check(&which, &id, options);

	if (!result)
		result = process_wait(which, id, (u32)options, &w);
	if (result > 0) {
		info.si_signo = SIGCHLD;
		info.si_code = w.code;
		info.si_chld_pid = w.pid;
		info.si_chld_uid = w.uid;
		info.si_status = w.status;
		rusage_fill(&usage, &w.times, &w.counts);
		if (uusage && copy_out_obj(uusage, &usage) < 0)
			return -EFAULT;
		result = 0;
	}
	/* where there is nobody to tell of, or an error, that is told, too */
	return uinfo && waitid_tell(uinfo, &info) ? -EFAULT : result;
}

long sys_getpid(void)
{
	return process_current()->pid->nr;
}

long sys_gettid(void)
{
	return thread_current()->tid;
}

long sys_getppid(void)
{
	struct process *p = process_current();
	long nr;

	spin_lock(&proc_tree_lock);
	nr = p->parent ? p->parent->pid->nr : 0;
	spin_unlock(&proc_tree_lock);
	return nr;
}

long sys_set_tid_address(int __user *tidptr)
{
	task_current()->clear_child_tid = (u64)tidptr;
	return thread_current()->tid;
}

long sys_setpgid(int pid, int pgid)
{
	return process_setpgid(pid, pgid);
}

long sys_getpgid(int nr)
{
	struct process *p = process_arg(nr);
	struct pid *group;
	long result;

	if (!p)
		return -ESRCH;
	group = process_group_get(p);
	result = group->nr;
	pid_put(group);
	process_put(p);
	return result;
}

long sys_getpgrp(void)
{
	return sys_getpgid(0);
}

long sys_setsid(void)
{
	return process_setsid();
}

long sys_getsid(int nr)
{
	struct process *p = process_arg(nr);
	struct session *s;
	long result;

	if (!p)
		return -ESRCH;
	s = process_session_get(p);
	result = s->pid->nr;
	session_put(s);
	process_put(p);
	return result;
}

long sys_pidfd_open(int nr, unsigned flags)
{
	struct process *p;
	struct pid *pid;
	struct file *file;
	int error;

	if (gap_flags(flags, O_NONBLOCK) || nr <= 0)
		return -EINVAL;
	pid = pid_find_get(nr);
	if (!pid)
		return -ESRCH;
	p = process_find(nr);
	error = !p ? -ESRCH : p->pid != pid ? -EINVAL : pidfd_create(pid, flags, &file);
	if (p)
		process_put(p);
	pid_put(pid);
	return error ? error : fd_give(file, true);
}

long sys_pidfd_send_signal(int pidfd, int signo, const struct abi_siginfo __user *uinfo,
			   unsigned flags)
{
	struct abi_siginfo info = signal_info_user(signo, SI_USER);
	struct fd_ref r = fd_arg(pidfd);
	struct process *p = NULL;
	struct pid *pid;
	long result;

	if (!r.file)
		return -EBADF;
	pid = pidfd_pid_or_dir(r.file);
	fd_end(r);
	if (!pid)
		return -EBADF;
	if (flags || signo < 0 || signo > NSIG)
		result = -EINVAL;
	else if (uinfo && copy_in_obj(&info, uinfo) < 0)
		result = -EFAULT;
	else if (uinfo && info.si_signo != signo)
		result = -EINVAL;
	else if (uinfo && (info.si_code >= 0 || info.si_code == SI_TKILL) &&
		 pid != process_current()->pid)
		result = -EPERM;
	else
		result = (p = pid_process_get(pid)) ? signal_kill_process(p, &info) : -ESRCH;
	if (p)
		process_put(p);
	pid_drop(pid);
	return result;
}
