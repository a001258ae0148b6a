/*
 * What a tracer fetches by wait4(2) and waitid(2): stops of its tracees, and their ends.
 *
 * A tracee that has ended stays in its tracer's list as a record, which keeps the number and the
 * status. The end of a process' first thread is the end of the process: told when all threads have
 * gone, first to the tracer, then to the parent, unless they are one.
 */
#include "abi/errno.h"
#include "abi/wait.h"
#include "proc/ptrace_int.h"

static bool is_leader(const struct task *task)
{
	return task->tid == task->process->pid;
}

void ptrace_end_locked(struct task *task, s32 code)
{
	struct tracing *t = &task->trace;
	struct process *p = task->process;

	if (likely(!t->tracer))
		return;
	if (p->group_exit)
		code = p->group_code;
	t->dead = true;
	t->dead_code = code;
	thread_get(task->thread); /* the record's */
	if (is_leader(task))
		p->dead_leader = task;
	else
		tracer_tell_locked(task, code & 0x7f ? CLD_KILLED : CLD_EXITED,
				   code & 0x7f ? code & 0x7f : code >> 8 & 0xff);
}

/* Takes the record out of the list. The reference goes to the caller. */
static void record_unlink(struct task *task)
{
	struct tracing *t = &task->trace;

	list_del_init(&t->link);
	t->tracer->process->n_tracees--;
	t->tracer = NULL;
	if (task->process->dead_leader == task)
		task->process->dead_leader = NULL;
}

void ptrace_record_drop_locked(struct task *task, struct list *gone, struct list *dead)
{
	struct process *p = task->process;
	bool leader = p->dead_leader == task;

	record_unlink(task);
	list_add_tail(&task->trace.link, dead);
	if (leader && p->state == PROCESS_ZOMBIE && zombie_tell_locked(p))
		list_add_tail(&p->sibling, gone);
}

void ptrace_dead_put(struct list *dead)
{
	struct task *task, *tmp;

	list_for_each_entry_safe(task, tmp, dead, trace.link) {
		list_del_init(&task->trace.link);
		thread_put(task->thread);
	}
}

bool ptrace_by_parent_locked(struct process *p)
{
	struct task *leader = p->dead_leader ?: p->pid->task;

	return leader && leader->trace.tracer && leader->trace.tracer->process == p->parent;
}

bool ptrace_zombie_locked(struct process *p, struct list *dead)
{
	struct task *leader = p->dead_leader;
	s32 code = p->exit_code;

	if (likely(!leader))
		return false;
	if (leader->trace.tracer->process == p->parent) { /* the parent waits for both at once */
		p->was_traced = true;
		record_unlink(leader);
		list_add_tail(&leader->trace.link, dead);
		return false;
	}
	tracer_tell_locked(leader, code & 0x7f ? CLD_KILLED : CLD_EXITED,
			   code & 0x7f ? code & 0x7f : code >> 8 & 0xff);
	return true;
}

struct task *ptrace_replace_leader_locked(struct process *p)
{
	struct task *leader = p->dead_leader;

	if (leader)
		record_unlink(leader);
	return leader;
}

static bool tracee_matches(struct task *task, int which, s32 id, struct pid *group)
{
	if (which == P_PID)
		return task->tid->nr == id;
	return which != P_PGID || task->process->group == group;
}

/* Whether another thread of the same process has ended and is to be waited for first. */
static bool others_to_come(struct task *leader)
{
	struct task *task;

	list_for_each_entry(task, &leader->trace.tracer->trace.tracees, trace.link)
		if (task != leader && task->process == leader->process && task->trace.dead)
			return true;
	return false;
}

static void fill_usage(struct task *task, struct wait_result *out)
{
	struct process *p = task->process;

	out->pid = task->tid->nr;
	out->uid = p->uid;
	if (!is_leader(task)) {
		task_usage(task, &out->times, &out->counts);
		return;
	}
	process_usage_locked(p, &out->times, &out->counts);
	out->times.user_ns += p->child_times.user_ns;
	out->times.system_ns += p->child_times.system_ns;
	usage_add(&out->counts, &p->child_counts);
}

/* The end of a tracee. */
static bool dead_report(struct task *task, u32 options, struct wait_result *out,
			struct list *gone, struct list *dead)
{
	struct process *p = task->process;
	s32 code = READ_ONCE(p->group_exit) ? p->group_code : task->trace.dead_code;

	if (!(options & WEXITED))
		return false;
	if (is_leader(task)) {
		if (p->state != PROCESS_ZOMBIE || others_to_come(task))
			return false;
		code = p->exit_code;
	}
	fill_usage(task, out);
	wait_status_split(code, &out->code, &out->status);
	out->wait_status = code;
	if (!(options & WNOWAIT))
		ptrace_record_drop_locked(task, gone, dead);
	return true;
}

static bool stop_report(struct task *task, u32 options, struct wait_result *out)
{
	struct tracing *t = &task->trace;
	u64 flags = sighand_lock(task->process);
	bool reported = t->stopped && t->report && !t->listening;

	if (reported) {
		out->code = CLD_TRAPPED;
		out->status = t->code;
		out->wait_status = W_STOPCODE(t->code);
		if (!(options & WNOWAIT)) {
			t->report = false;
			t->signo = 0; /* it is the tracer's to give now */
		}
	}
	sighand_unlock(task->process, flags);
	if (reported)
		fill_usage(task, out);
	return reported;
}

long ptrace_wait_locked(int which, s32 id, struct pid *group, u32 options, struct wait_result *out,
			struct list *gone, struct list *dead)
{
	struct task *me = task_current(), *tracer, *task;
	long result = -ECHILD;

	if (likely(!me->process->n_tracees))
		return result;
	list_for_each_entry(tracer, &me->process->threads, link) {
		if ((options & __WNOTHREAD) && tracer != me)
			continue;
		list_for_each_entry(task, &tracer->trace.tracees, trace.link) {
			if (!tracee_matches(task, which, id, group))
				continue;
			result = 0;
			if (task->trace.dead ? dead_report(task, options, out, gone, dead)
					     : stop_report(task, options, out))
				return out->pid;
		}
	}
	return result;
}
