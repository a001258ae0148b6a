/*
 * Scheduling: nice values, policies, affinity (sched(7)).
 */
#include "abi/capability.h"
#include "abi/resource.h"
#include "abi/sched.h"
#include "core/clock.h"
#include "ipc/futex.h"
#include "lib/string.h"
#include "sched/edf.h"
#include "sys/sys_int.h"

#define PRIO_PROCESS 0
#define PRIO_PGRP    1
#define PRIO_USER    2
#define NICE_MIN     (-20)
#define NICE_MAX     19

long sys_sched_yield(void)
{
	sched_yield();
	return 0;
}

/* How low the caller may set a nice value: RLIMIT_NICE counts from 20 downwards. */
static bool may_nice(struct task *task, int nice)
{
	return nice >= task->thread->nice ||
	       (u64)(20 - nice) <= process_rlimit(task->process, RLIMIT_NICE) ||
	       cred_capable(cred_current(), CAP_SYS_NICE);
}

static int set_one(struct task *task, int nice)
{
	int error = may_control(task, CAP_SYS_NICE);

	if (error)
		return error;
	if (!may_nice(task, nice))
		return -EACCES;
	sched_set_nice(task->thread, nice);
	futex_priority_changed(task->thread);
	return 0;
}

static bool prio_matches(struct process *p, int which, int who, struct pid *group)
{
	if (which == PRIO_PGRP)
		return READ_ONCE(p->group) == group;
	return which == PRIO_USER && p->uid == (u32)who;
}

/* Sets (or, with `best`, only looks at) every process that which and who mean: 0 or the last error;
 * -ESRCH if there is none. */
static int prio_each(int which, int who, int nice, int *best)
{
	struct pid *group = NULL;
	struct process *p;
	int result = -ESRCH;

	if (which == PRIO_PGRP &&
	    !(group = who ? pid_find_get(who) : process_group_get(process_current())))
		return -ESRCH;
	if (which == PRIO_USER && who == 0)
		who = (int)cred_current()->uid;
	for (s32 nr = 1; (p = process_next(nr)); process_put(p)) {
		struct task *task;

		nr = p->pid->nr + 1;
		if (!prio_matches(p, which, who, group) || !(task = task_find(p->pid->nr)))
			continue;
		if (best) {
			*best = max(*best, 20 - task->thread->nice);
			result = 0;
		} else {
			int error = set_one(task, nice);

			if (error || result == -ABI_ESRCH)
				result = error;
		}
		thread_put(task->thread);
	}
	pid_put(group);
	return result;
}

long sys_setpriority(int which, int who, int prio)
{
	struct task *task;
	int error;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	prio = clamp(prio, NICE_MIN, NICE_MAX);
	if (which != PRIO_PROCESS)
		return prio_each(which, who, prio, NULL);
	task = task_arg(who);
	if (!task)
		return -ESRCH;
	error = set_one(task, prio);
	thread_put(task->thread);
	return error;
}

/* The answer is 20 - nice, so that it is never an error number. */
long sys_getpriority(int which, int who)
{
	struct task *task;
	int best = 0, error;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	if (which != PRIO_PROCESS) {
		error = prio_each(which, who, 0, &best);
		return error ? error : best;
	}
	task = task_arg(who);
	if (!task)
		return -ESRCH;
	best = 20 - task->thread->nice;
	thread_put(task->thread);
	return best;
}

static bool policy_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* One without priorities. */
static bool policy_plain(int policy)
{
	return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE ||
	       policy == SCHED_DEADLINE;
}

/* SCHED_DEADLINE is only had with more parameters than that: edf_valid(). */
static bool policy_valid(int policy, int priority)
{
	if (policy_realtime(policy))
		return priority >= 1 && priority <= 99;
	return policy_plain(policy) && policy != SCHED_DEADLINE && priority == 0;
}

/* Sets policy and priority; RLIMIT_RTPRIO bounds what the unprivileged may ask. */
static int set_policy(struct task *task, int policy, int priority)
{
	bool reset = policy & SCHED_RESET_ON_FORK;
	int error;

	policy &= ~SCHED_RESET_ON_FORK;
	if (!policy_valid(policy, priority))
		return -EINVAL;
	error = may_control(task, CAP_SYS_NICE);
	if (error)
		return error;
	if (policy_realtime(policy) && !cred_capable(cred_current(), CAP_SYS_NICE) &&
	    (u64)priority > process_rlimit(task->process, RLIMIT_RTPRIO) &&
	    priority > task->thread->rt_priority)
		return -EPERM;
	task->sched_reset_on_fork = reset;
	error = sched_set_policy(task->thread, policy, priority);
	futex_priority_changed(task->thread);
	return error;
}

long sys_sched_setscheduler(int pid, int policy, const struct sched_param __user *uparam)
{
	struct sched_param param;
	struct task *task;
	int error;

	if (pid < 0 || policy < 0 || !uparam)
		return -EINVAL;
	if (copy_in_obj(&param, uparam) < 0)
		return -EFAULT;
	task = task_arg(pid);
	if (!task)
		return -ESRCH;
	error = set_policy(task, policy, param.sched_priority);
	thread_put(task->thread);
	return error;
}

long sys_sched_setparam(int pid, const struct sched_param __user *uparam)
{
	struct sched_param param;
	struct task *task;
	int error;

	if (pid < 0 || !uparam)
		return -EINVAL;
	if (copy_in_obj(&param, uparam) < 0)
		return -EFAULT;
	task = task_arg(pid);
	if (!task)
		return -ESRCH;
	error = set_policy(task, task->thread->policy, param.sched_priority);
	thread_put(task->thread);
	return error;
}

long sys_sched_getparam(int pid, struct sched_param __user *uparam)
{
	struct sched_param param;
	struct task *task;

	if (pid < 0 || !uparam)
		return -EINVAL;
	task = task_arg(pid);
	if (!task)
		return -ESRCH;
	param.sched_priority =
		policy_realtime(task->thread->policy) ? task->thread->rt_priority : 0;
	thread_put(task->thread);
	return copy_out_obj(uparam, &param);
}

long sys_sched_getscheduler(int pid)
{
	struct task *task;
	long policy;

	if (pid < 0)
		return -EINVAL;
	task = task_arg(pid);
	if (!task)
		return -ESRCH;
	policy = task->thread->policy | (task->sched_reset_on_fork ? SCHED_RESET_ON_FORK : 0);
	thread_put(task->thread);
	return policy;
}

long sys_sched_get_priority_max(int policy)
{
	return policy_realtime(policy) ? 99 : policy_plain(policy) ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
	return policy_realtime(policy) ? 1 : policy_plain(policy) ? 0 : -EINVAL;
}

long sys_sched_rr_get_interval(int pid, struct timespec __user *interval)
{
	struct timespec ts;
	struct task *task;

	if (pid < 0)
		return -EINVAL;
	task = task_arg(pid);
	if (!task)
		return -ESRCH;
	ts = ns_to_timespec(task->thread->policy == SCHED_FIFO ? 0 : sched_interval(task->thread));
	thread_put(task->thread);
	return copy_out_obj(interval, &ts);
}

long sys_sched_setaffinity(int pid, unsigned len, const u64 __user *umask)
{
	struct task *task;
	u64 mask = 0;
	int error;

	if (copy_in(&mask, umask, min(len, (unsigned)sizeof(mask))) < 0)
		return -EFAULT;
	task = pid < 0 ? NULL : task_arg(pid);
	if (!task)
		return -ESRCH;
	error = may_control(task, CAP_SYS_NICE);
	if (!error)
		error = sched_set_affinity(task->thread, mask);
	thread_put(task->thread);
	return error;
}

long sys_sched_getaffinity(int pid, unsigned len, u64 __user *umask)
{
	struct task *task;
	u64 mask;

	if (len < sizeof(mask) || len % sizeof(u64))
		return -EINVAL;
	task = pid < 0 ? NULL : task_arg(pid);
	if (!task)
		return -ESRCH;
	mask = READ_ONCE(task->thread->affinity);
	thread_put(task->thread);
	mask &= cpus_online();
	return copy_out_obj(umask, &mask) < 0 ? -EFAULT : (long)sizeof(mask);
}

long sys_getcpu(unsigned __user *ucpu, unsigned __user *unode, void __user *unused)
{
	unsigned cpu = cpu_id(), node = 0;

	if ((ucpu && copy_out_obj(ucpu, &cpu) < 0) || (unode && copy_out_obj(unode, &node) < 0))
		return -EFAULT;
	return 0;
}

#define ATTR_FLAGS \
	((u64)(SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_KEEP_POLICY | SCHED_FLAG_KEEP_PARAMS | \
	       EDF_FLAGS))
#define EDF_FLAGS ((u64)(SCHED_FLAG_RECLAIM | SCHED_FLAG_DL_OVERRUN))

/* Says how much is known. */
static int attr_too_big(struct sched_attr __user *uattr)
{
	u32 size = sizeof(*uattr);

	return copy_out_obj(&uattr->size, &size) < 0 ? -EFAULT : -E2BIG;
}

/* sched_setattr(2): the caller's structure of whatever size; what is beyond ours must be zero. */
static int attr_copy_in(struct sched_attr *attr, struct sched_attr __user *uattr)
{
	u32 size;

	memset(attr, 0, sizeof(*attr));
	if (copy_in_obj(&size, &uattr->size) < 0)
		return -EFAULT;
	if (size == 0)
		size = SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		return attr_too_big(uattr);
	if (copy_in(attr, uattr, min_t(size_t, size, sizeof(*attr))) < 0)
		return -EFAULT;
	for (u32 at = sizeof(*attr); at < size; at++) {
		u8 byte;

		if (copy_in(&byte, (const u8 __user *)uattr + at, 1) < 0)
			return -EFAULT;
		if (byte)
			return attr_too_big(uattr);
	}
	return 0;
}

/* sched(7), "SCHED_DEADLINE": whether the parameters make sense. */
static bool edf_valid(const struct sched_attr *attr, struct edf_params *p)
{
	*p = (struct edf_params){
		.runtime = attr->sched_runtime, .deadline = attr->sched_deadline,
		.period = attr->sched_period ?: attr->sched_deadline,
		.flags = attr->sched_flags & EDF_FLAGS,
	};
	return !attr->sched_priority && p->runtime >= EDF_LEAST && p->runtime <= p->deadline &&
	       p->deadline <= p->period &&
	       p->period >= READ_ONCE(edf_period_min_us) * (u64)NSEC_PER_USEC &&
	       p->period <= READ_ONCE(edf_period_max_us) * (u64)NSEC_PER_USEC;
}

/* What a thread of SCHED_DEADLINE has. */
static void edf_attr(const struct task *task, struct sched_attr *attr)
{
	struct edf_params p;

	sched_edf_params(task->thread, &p);
	attr->sched_runtime = p.runtime;
	attr->sched_deadline = p.deadline;
	attr->sched_period = p.period;
	attr->sched_flags = (attr->sched_flags & ~EDF_FLAGS) | p.flags;
}

static int set_edf(struct task *task, const struct sched_attr *attr)
{
	struct thread *t = task->thread;
	struct edf_params p, old;
	int error = 0;

	if (!edf_valid(attr, &p))
		return -EINVAL;
	if (!cred_capable(cred_current(), CAP_SYS_NICE))
		return -EPERM;
	/* What it is promised counts on all CPUs. */
	if (sched_edf_limited() &&
	    (!sched_edf_allowed() || (READ_ONCE(t->affinity) & cpus_online()) != cpus_online()))
		return -EPERM;
	sched_edf_params(t, &old);
	if (t->policy != SCHED_DEADLINE || memcmp(&p, &old, sizeof(p)))
		error = sched_set_edf(t, &p);
	if (error)
		return error;
	task->sched_reset_on_fork = attr->sched_flags & SCHED_FLAG_RESET_ON_FORK;
	futex_priority_changed(t);
	return 0;
}

/* The flags that keep what the thread has. Parameters are kept with their policy; what was asked
 * for instead must make sense all the same. 0 or -EINVAL. */
static int attr_keep(struct sched_attr *attr, const struct task *task)
{
	const struct thread *t = task->thread;
	struct edf_params edf;

	if (attr->sched_flags & SCHED_FLAG_KEEP_POLICY) {
		attr->sched_policy = t->policy;
		attr->sched_flags &= ~(u64)SCHED_FLAG_RESET_ON_FORK;
		if (task->sched_reset_on_fork)
			attr->sched_flags |= SCHED_FLAG_RESET_ON_FORK;
	}
	if (!(attr->sched_flags & SCHED_FLAG_KEEP_PARAMS))
		return 0;
	attr->sched_priority = policy_realtime(t->policy) ? t->rt_priority : 0;
	attr->sched_nice = t->nice;
	if (t->policy == SCHED_DEADLINE)
		edf_attr(task, attr);
	if (attr->sched_policy == SCHED_DEADLINE ? !edf_valid(attr, &edf) :
	    !policy_valid((int)attr->sched_policy, (int)attr->sched_priority))
		return -EINVAL;
	attr->sched_policy = t->policy;
	return 0;
}

/* Both halves, or none. */
static int set_attr(struct task *task, const struct sched_attr *attr)
{
	int nice = clamp(attr->sched_nice, NICE_MIN, NICE_MAX), error;
	bool fair = !policy_realtime((int)attr->sched_policy);
	int policy = (int)attr->sched_policy;

	if (policy == SCHED_DEADLINE)
		return set_edf(task, attr);
	if (attr->sched_flags & SCHED_FLAG_RESET_ON_FORK)
		policy |= SCHED_RESET_ON_FORK;
	if (fair && policy_valid((int)attr->sched_policy, (int)attr->sched_priority) &&
	    !may_control(task, CAP_SYS_NICE) && !may_nice(task, nice))
		return -EPERM;
	error = set_policy(task, policy, (int)attr->sched_priority);
	return error || !fair ? error : set_one(task, nice);
}

long sys_sched_setattr(int pid, struct sched_attr __user *uattr, unsigned flags)
{
	struct sched_attr attr;
	struct task *task;
	int error;

	if (!uattr || pid < 0 || flags)
		return -EINVAL;
	error = attr_copy_in(&attr, uattr);
	if (error)
		return error;
	if ((s32)attr.sched_policy < 0 || (attr.sched_flags & ~ATTR_FLAGS))
		return -EINVAL;
	task = task_arg(pid);
	if (!task)
		return -ESRCH;
	error = attr_keep(&attr, task);
	if (!error)
		error = set_attr(task, &attr);
	thread_put(task->thread);
	return error;
}

long sys_sched_getattr(int pid, struct sched_attr __user *uattr, unsigned size, unsigned flags)
{
	struct sched_attr attr = { .size = min_t(u32, size, sizeof(attr)) };
	struct task *task;

	if (!uattr || pid < 0 || size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE || flags)
		return -EINVAL;
	task = task_arg(pid);
	if (!task)
		return -ESRCH;
	attr.sched_policy = task->thread->policy;
	attr.sched_flags = task->sched_reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
	if (task->thread->policy == SCHED_DEADLINE)
		edf_attr(task, &attr);
	else if (policy_realtime(task->thread->policy))
		attr.sched_priority = task->thread->rt_priority;
	else
		attr.sched_nice = task->thread->nice;
	thread_put(task->thread);
	return copy_out(uattr, &attr, attr.size);
}
