/*
 * What sockets need of processes: who calls, and signals to the owner of a file (net/sock.h).
 */
#include "abi/errno.h"
#include "net/sock.h"
#include "proc/proc_int.h"
#include "proc/signal.h"

static void host_caller(struct sock_caller *c)
{
	struct task *task = task_current();

	*c = (struct sock_caller){ .cred = task->cred, .files = task->files, .fs = task->fs,
				   .pid = task->process->pid->nr,
				   .nofile = rlimit_current(RLIMIT_NOFILE) };
}

/* Whether who set the owner may signal that process (fcntl(2), F_SETOWN). proc_tree_lock held. */
static bool may_tell(const struct file_owner *owner, struct process *p)
{
	const struct cred *target;
	bool may;

	if (list_empty(&p->threads))
		return false;
	target = task_cred_get(list_first_entry(&p->threads, struct task, link));
	may = owner->euid == 0 || owner->euid == target->suid || owner->euid == target->uid ||
	      owner->uid == target->suid || owner->uid == target->uid;
	cred_put(target);
	return may;
}

static void tell_process(const struct file_owner *owner, const struct abi_siginfo *info)
{
	struct process *p = process_find(owner->id);
	bool may;

	if (!p)
		return;
	spin_lock(&proc_tree_lock);
	may = may_tell(owner, p);
	spin_unlock(&proc_tree_lock);
	if (may)
		signal_send_process(p, info);
	process_put(p);
}

static void tell_thread(const struct file_owner *owner, const struct abi_siginfo *info)
{
	struct task *task = task_find(owner->id);
	bool may;

	if (!task)
		return;
	spin_lock(&proc_tree_lock);
	may = may_tell(owner, task->process);
	spin_unlock(&proc_tree_lock);
	if (may)
		signal_send_task(task, info);
	thread_put(task->thread);
}

static void tell_group(struct pid *group, const struct file_owner *owner,
		       const struct abi_siginfo *info)
{
	struct process *p;

	spin_lock(&proc_tree_lock);
	list_for_each_entry(p, &group->members, group_link)
		if (may_tell(owner, p))
			signal_send_process(p, info);
	spin_unlock(&proc_tree_lock);
}

static void tell(struct pid *pid, const struct file_owner *owner, const struct abi_siginfo *info)
{
	if (owner->type == F_OWNER_PGRP)
		tell_group(pid, owner, info);
	else if (owner->type == F_OWNER_TID)
		tell_thread(owner, info);
	else
		tell_process(owner, info);
}

void file_owner_signal(const struct file_owner *owner, int signo, int code, u32 band)
{
	struct abi_siginfo info = signal_info_kernel(signo);
	struct pid *pid;

	if (signo == SIGIO && owner->signal) {
		info.si_signo = owner->signal;
		info.si_code = code;
		info.si_band = band;
		info.si_fd = owner->fd;
	}
	/* Nobody else is told who has got the number meanwhile; held, it keeps its meaning. */
	pid = pid_find_get(owner->id);
	if (!pid)
		return;
	if (pid->serial == owner->serial)
		tell(pid, owner, &info);
	pid_put(pid);
}

static bool host_process_exists(s32 nr)
{
	struct pid *pid = nr > 0 ? pid_find_get(nr) : NULL;

	pid_put(pid);
	return pid;
}

void sock_host_init(void)
{
	static const struct sock_host host = { .caller = host_caller, .signal = file_owner_signal,
					       .process_exists = host_process_exists };

	sock_set_host(&host);
}
