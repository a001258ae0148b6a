/*
 * Limits and usage: getrlimit(2), prlimit(2), getrusage(2).
 */
#include "abi/capability.h"
#include "core/clock.h"
#include "sys/rusage.h"
#include "sys/sys_int.h"

void rusage_fill(struct rusage *out, const struct cpu_times *times,
		 const struct usage_counts *counts)
{
	*out = (struct rusage){
		.ru_utime = { (s64)(times->user_ns / NSEC_PER_SEC),
			      (s64)(times->user_ns % NSEC_PER_SEC / NSEC_PER_USEC) },
		.ru_stime = { (s64)(times->system_ns / NSEC_PER_SEC),
			      (s64)(times->system_ns % NSEC_PER_SEC / NSEC_PER_USEC) },
		.ru_maxrss = (s64)(counts->max_rss_pages * (PAGE_SIZE / 1024)),
		.ru_minflt = (s64)counts->minor_faults, .ru_majflt = (s64)counts->major_faults,
		.ru_inblock = (s64)(counts->io.read >> 9),
		.ru_oublock = (s64)(counts->io.written >> 9),
		.ru_nvcsw = (s64)counts->voluntary, .ru_nivcsw = (s64)counts->involuntary,
	};
}

long sys_getrusage(int who, struct rusage __user *uusage)
{
	struct process *p = process_current();
	struct usage_counts counts = { 0 };
	struct cpu_times times;
	struct rusage out;

	switch (who) {
	case RUSAGE_SELF:
		process_usage(p, &times, &counts);
		break;
	case RUSAGE_CHILDREN:
		spin_lock(&proc_tree_lock);
		times = p->child_times;
		counts = p->child_counts;
		spin_unlock(&proc_tree_lock);
		break;
	case RUSAGE_THREAD:
		task_usage(task_current(), &times, &counts);
		break;
	default:
		return -EINVAL;
	}
	rusage_fill(&out, &times, &counts);
	return copy_out_obj(uusage, &out);
}

/* Whether the limits of another process may be seen and set: same ids, or CAP_SYS_RESOURCE
 * (prlimit(2)). */
static int may_limit(struct process *p)
{
	const struct cred *me = cred_current(), *c;
	struct task *task;
	bool same;

	if (p == process_current() || cred_capable(me, CAP_SYS_RESOURCE))
		return 0;
	task = task_find(p->pid->nr);
	if (!task)
		return -ESRCH;
	c = task_cred_get(task);
	thread_put(task->thread);
	same = me->uid == c->euid && me->uid == c->suid && me->uid == c->uid &&
	       me->gid == c->egid && me->gid == c->sgid && me->gid == c->gid;
	cred_put(c);
	return same ? 0 : -EPERM;
}

long sys_prlimit64(int pid, unsigned resource, const struct rlimit __user *unew,
		   struct rlimit __user *uold)
{
	struct rlimit new, old;
	struct process *p;
	int error;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	if (unew && copy_in_obj(&new, unew) < 0)
		return -EFAULT;
	p = process_arg(pid);
	if (!p)
		return -ESRCH;
	error = may_limit(p);
	if (!error && unew && resource == RLIMIT_NOFILE && new.rlim_max > READ_ONCE(fd_ceiling) &&
	    new.rlim_cur <= new.rlim_max)
		error = -EPERM;
	if (!error)
		error = process_rlimit_change(p, resource, unew ? &new : NULL, &old,
					      cred_capable(cred_current(), CAP_SYS_RESOURCE));
	process_put(p);
	return !error && uold ? copy_out_obj(uold, &old) : error;
}

long sys_getrlimit(unsigned resource, struct rlimit __user *rlim)
{
	return rlim ? sys_prlimit64(0, resource, NULL, rlim) : -EFAULT;
}

long sys_setrlimit(unsigned resource, const struct rlimit __user *rlim)
{
	return rlim ? sys_prlimit64(0, resource, rlim, NULL) : -EFAULT;
}
