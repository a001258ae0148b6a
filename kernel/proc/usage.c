/*
 * Resource usage and limits: sums over the threads of a process, the living and the dead
 * (getrusage(2), getrlimit(2)).
 */
#include "abi/errno.h"
#include "lib/string.h"
#include "proc/proc_int.h"
#include "proc/process.h"

void usage_add(struct usage_counts *to, const struct usage_counts *from)
{
	to->minor_faults += from->minor_faults;
	to->major_faults += from->major_faults;
	to->voluntary += from->voluntary;
	to->involuntary += from->involuntary;
	to->io.read += from->io.read;
	to->io.written += from->io.written;
	to->io.cancelled += from->io.cancelled;
	to->rchar += from->rchar;
	to->wchar += from->wchar;
	to->syscr += from->syscr;
	to->syscw += from->syscw;
	to->max_rss_pages = max(to->max_rss_pages, from->max_rss_pages);
}

void task_usage(struct task *task, struct cpu_times *times, struct usage_counts *counts)
{
	struct thread *thread = task->thread;

	sched_thread_times(thread, &times->user_ns, &times->system_ns);
	*counts = task->counts;
	counts->voluntary = thread->switches_voluntary;
	counts->involuntary = thread->switches_forced;
	counts->io = thread->io;
}

void task_state(struct task *task, const struct cred *cred, u32 n_filters, struct task_state *out)
{
	struct thread *thread = task->thread;

	*out = (struct task_state){
		.cred = cred,
		.blocked = READ_ONCE(thread->sigmask),
		.affinity = READ_ONCE(thread->affinity),
		.voluntary = thread->switches_voluntary,
		.involuntary = thread->switches_forced,
		.n_filters = n_filters,
		.seccomp_mode = READ_ONCE(task->seccomp_mode),
		.no_new_privs = READ_ONCE(task->no_new_privs),
	};
	strlcpy(out->name, thread->name, sizeof(out->name));
}

void process_usage_locked(struct process *p, struct cpu_times *times, struct usage_counts *counts)
{
	struct task *task;

	*times = p->dead_times;
	*counts = p->dead_counts;
	list_for_each_entry(task, &p->threads, link) {
		struct cpu_times t;
		struct usage_counts c;

		task_usage(task, &t, &c);
		times->user_ns += t.user_ns;
		times->system_ns += t.system_ns;
		usage_add(counts, &c);
	}
	if (p->aspace) { /* faults are counted by the space until the process leaves it */
		counts->minor_faults += READ_ONCE(p->aspace->minor_faults);
		counts->major_faults += READ_ONCE(p->aspace->major_faults);
		counts->max_rss_pages = max(counts->max_rss_pages, aspace_resident_peak(p->aspace));
	}
}

void process_usage(struct process *p, struct cpu_times *times, struct usage_counts *counts)
{
	spin_lock(&proc_tree_lock);
	process_usage_locked(p, times, counts);
	spin_unlock(&proc_tree_lock);
}

u64 process_rlimit(struct process *p, unsigned resource)
{
	return READ_ONCE(p->rlimits[resource].rlim_cur);
}

/* The limits that vm looks at live in the address space too. */
static void limits_to_aspace(struct process *p)
{
	struct aspace *as = process_aspace_get(p);

	if (!as)
		return;
	WRITE_ONCE(as->limits_as, process_rlimit(p, RLIMIT_AS));
	WRITE_ONCE(as->limits_data, process_rlimit(p, RLIMIT_DATA));
	WRITE_ONCE(as->limits_stack, process_rlimit(p, RLIMIT_STACK));
	WRITE_ONCE(as->limits_memlock, process_rlimit(p, RLIMIT_MEMLOCK));
	aspace_put_user(as);
}

int process_rlimit_change(struct process *p, unsigned resource, const struct rlimit *new_limit,
			  struct rlimit *old, bool may_raise)
{
	int error = 0;

	if (resource >= RLIM_NLIMITS || (new_limit && new_limit->rlim_cur > new_limit->rlim_max))
		return -EINVAL;
	spin_lock(&p->rlimit_lock);
	if (old)
		*old = p->rlimits[resource];
	if (new_limit && new_limit->rlim_max > p->rlimits[resource].rlim_max && !may_raise)
		error = -EPERM;
	else if (new_limit)
		p->rlimits[resource] = *new_limit;
	spin_unlock(&p->rlimit_lock);
	if (new_limit && !error)
		limits_to_aspace(p);
	return error;
}
