/*
 * Input and output priorities, ioprio_set(2) and ioprio_get(2): kept by each thread, inherited by
 * its children. A thread without one (class none) has what follows from its policy and nice value.
 */
#include "abi/capability.h"
#include "abi/ioprio.h"
#include "abi/sched.h"
#include "sys/sys_int.h"

#define CLASS(ioprio)       ((unsigned)(ioprio) >> IOPRIO_CLASS_SHIFT)
#define LEVEL(ioprio)       ((unsigned)(ioprio) & (BIT(IOPRIO_CLASS_SHIFT) - 1))
#define IOPRIO(class, level) ((class) << IOPRIO_CLASS_SHIFT | (level))

/* Whether there is such a priority and the caller may ask for it: 0, -EINVAL, -EPERM. */
static int ioprio_check(int ioprio)
{
	const struct cred *me = cred_current();

	switch (CLASS(ioprio)) {
	case IOPRIO_CLASS_RT:
		if (!cred_capable(me, CAP_SYS_ADMIN) && !cred_capable(me, CAP_SYS_NICE))
			return -EPERM;
		return LEVEL(ioprio) < IOPRIO_LEVELS ? 0 : -EINVAL;
	case IOPRIO_CLASS_BE:
		return LEVEL(ioprio) < IOPRIO_LEVELS ? 0 : -EINVAL;
	case IOPRIO_CLASS_IDLE:
		return 0;
	case IOPRIO_CLASS_NONE:
		return LEVEL(ioprio) ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static int ioprio_set_one(struct task *task, int ioprio)
{
	const struct cred *me = cred_current(), *target = task_cred_get(task);
	bool may = target->uid == me->uid || target->uid == me->euid;

	cred_put(target);
	if (!may && !cred_capable(me, CAP_SYS_NICE))
		return -EPERM;
	WRITE_ONCE(task->ioprio, (u16)ioprio);
	return 0;
}

/* The priority that is in force. */
static unsigned ioprio_effective(struct task *task)
{
	unsigned ioprio = READ_ONCE(task->ioprio);
	int policy = READ_ONCE(task->thread->policy);

	if (CLASS(ioprio) != IOPRIO_CLASS_NONE)
		return ioprio;
	return IOPRIO(policy == SCHED_IDLE ? IOPRIO_CLASS_IDLE :
		      policy == SCHED_FIFO || policy == SCHED_RR || policy == SCHED_DEADLINE ?
			      IOPRIO_CLASS_RT : IOPRIO_CLASS_BE,
		      (unsigned)(READ_ONCE(task->thread->nice) + 20) / 5);
}

/* Sets one thread's, or without `set` adds it to the best found: 0 or -EPERM. */
static int visit(struct task *task, int ioprio, bool set, int *best)
{
	int has;

	if (set)
		return ioprio_set_one(task, ioprio);
	has = (int)ioprio_effective(task);
	*best = *best < 0 ? has : min(*best, has);
	return 0;
}

/* All threads of a group's or of a user's processes, until one is refused: 0, -EPERM, -ESRCH. */
static int visit_each(int which, int who, int ioprio, bool set, int *best)
{
	struct pid *group = NULL;
	struct process *p;
	int result = -ESRCH;

	if (which == IOPRIO_WHO_PGRP &&
	    !(group = who ? pid_find_get(who) : process_group_get(process_current())))
		return -ESRCH;
	for (s32 nr = 1; (result == 0 || result == -ABI_ESRCH) && (p = process_next(nr));
	     process_put(p)) {
		struct task *task;

		nr = p->pid->nr + 1;
		if (which == IOPRIO_WHO_PGRP ? READ_ONCE(p->group) != group : p->uid != (u32)who)
			continue;
		spin_lock(&proc_tree_lock);
		list_for_each_entry(task, &p->threads, link) {
			result = visit(task, ioprio, set, best);
			if (result)
				break;
		}
		spin_unlock(&proc_tree_lock);
	}
	pid_put(group);
	return result;
}

long sys_ioprio_set(int which, int who, int ioprio)
{
	struct task *task;
	int error = ioprio_check(ioprio);

	if (error)
		return error;
	if (which == IOPRIO_WHO_PGRP || which == IOPRIO_WHO_USER)
		return visit_each(which, who, ioprio, true, NULL);
	if (which != IOPRIO_WHO_PROCESS)
		return -EINVAL;
	task = task_arg(who);
	if (!task)
		return -ESRCH;
	error = ioprio_set_one(task, ioprio);
	thread_put(task->thread);
	return error;
}

/* One thread's as it was set; of several, the most urgent that is in force. */
long sys_ioprio_get(int which, int who)
{
	struct task *task;
	int best = -1, error;

	if (which == IOPRIO_WHO_PGRP || which == IOPRIO_WHO_USER) {
		error = visit_each(which, who, 0, false, &best);
		return error ? error : best;
	}
	if (which != IOPRIO_WHO_PROCESS)
		return -EINVAL;
	task = task_arg(who);
	if (!task)
		return -ESRCH;
	best = READ_ONCE(task->ioprio);
	thread_put(task->thread);
	return best;
}
