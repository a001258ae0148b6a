/*
 * Children that changed: telling the parent, and wait4(2)/waitid(2) fetching it. Everything under
 * proc_tree_lock.
 */
#include "abi/errno.h"
#include "abi/wait.h"
#include "core/clock.h"
#include "proc/proc_int.h"
#include "proc/ptrace.h"
#include "proc/signal.h"

void parent_notify_locked(struct process *child, int code, int status)
{
	struct process *parent = child->parent;
	struct abi_siginfo info = { .si_signo = SIGCHLD, .si_code = code };
	struct cpu_times times;
	struct usage_counts counts;
	u64 flags;

	if (!parent)
		return;
	process_usage_locked(child, &times, &counts);
	info.si_chld_pid = child->pid->nr;
	info.si_chld_uid = child->uid;
	info.si_status = status;
	info.si_utime = (s64)(times.user_ns / (NSEC_PER_SEC / USER_HZ));
	info.si_stime = (s64)(times.system_ns / (NSEC_PER_SEC / USER_HZ));
	if (code == CLD_STOPPED || code == CLD_CONTINUED) {
		bool silent;

		flags = sighand_lock(parent);
		silent = parent->sighand->action[SIGCHLD - 1].sa_flags & SA_NOCLDSTOP;
		sighand_unlock(parent, flags);
		if (!silent)
			signal_send_process(parent, &info);
	} else if (child->exit_signal) {
		info.si_signo = child->exit_signal;
		signal_send_process(parent, &info);
	}
	wait_wake(&parent->child_wait, 0);
}

static bool child_matches(struct process *child, int which, s32 id, struct pid *group, u32 options)
{
	bool clone_child = child->exit_signal != SIGCHLD && !child->was_traced;

	if (which == P_PID && child->pid->nr != id)
		return false;
	if (which == P_PGID && child->group != group)
		return false;
	return (options & __WALL) || clone_child == !!(options & __WCLONE);
}

void wait_status_split(s32 exit_code, s32 *code, s32 *status)
{
	if (exit_code & 0x7f) {
		*code = exit_code & W_COREFLAG ? CLD_DUMPED : CLD_KILLED;
		*status = exit_code & 0x7f;
	} else {
		*code = CLD_EXITED;
		*status = exit_code >> 8 & 0xff;
	}
}

/* Takes a zombie's last words, and the zombie out of the tree unless WNOWAIT. */
static void reap_locked(struct process *child, u32 options, struct wait_result *out)
{
	struct process *me = child->parent;

	wait_status_split(child->exit_code, &out->code, &out->status);
	out->wait_status = child->exit_code;
	if (options & WNOWAIT)
		return;
	me->child_times.user_ns += out->times.user_ns;
	me->child_times.system_ns += out->times.system_ns;
	usage_add(&me->child_counts, &out->counts);
	process_unlink_locked(child);
}

/* Whether the child has something to tell that the options ask for; then *out has it. */
static bool child_report_locked(struct process *child, u32 options, struct wait_result *out)
{
	bool reported = false, keep = options & WNOWAIT;
	u64 flags;

	out->pid = child->pid->nr;
	out->uid = child->uid;
	/* What it used, and what those used that it has waited for. */
	process_usage_locked(child, &out->times, &out->counts);
	out->times.user_ns += child->child_times.user_ns;
	out->times.system_ns += child->child_times.system_ns;
	usage_add(&out->counts, &child->child_counts);
	if (child->state == PROCESS_ZOMBIE) {
		if (!(options & WEXITED) || child->dead_leader)
			return false;
		reap_locked(child, options, out);
		return true;
	}
	flags = sighand_lock(child);
	if ((options & WSTOPPED) && child->report_stop && !ptrace_by_parent_locked(child)) {
		out->code = CLD_STOPPED;
		out->status = child->stop_signal;
		out->wait_status = W_STOPCODE(child->stop_signal);
		child->report_stop = keep;
		reported = true;
	} else if ((options & WCONTINUED) && child->report_continue) {
		out->code = CLD_CONTINUED;
		out->status = SIGCONT;
		out->wait_status = W_CONTINUED;
		child->report_continue = keep;
		reported = true;
	}
	sighand_unlock(child, flags);
	return reported;
}

/* It has ended, which is not asked for: nothing else will come of it. */
static bool is_past(const struct process *child, u32 options)
{
	return child->state == PROCESS_ZOMBIE && !child->dead_leader && !(options & WEXITED);
}

/* One look at all children: pid of one that reports, 0 if there are some that match but none
 * reports, -ECHILD. */
static long wait_scan(int which, s32 id, struct pid *group, u32 options, struct wait_result *out)
{
	struct process *me = process_current(), *child, *done = NULL;
	LIST_HEAD(gone);
	LIST_HEAD(dead);
	long result;

	spin_lock(&proc_tree_lock);
	result = ptrace_wait_locked(which, id, group, options, out, &gone, &dead);
	if (result > 0)
		goto out;
	list_for_each_entry(child, &me->children, sibling) {
		if (!child_matches(child, which, id, group, options) || is_past(child, options))
			continue;
		result = 0;
		if (child_report_locked(child, options, out)) {
			result = out->pid;
			if (child->state == PROCESS_REAPED)
				done = child;
			break;
		}
	}
out:
	spin_unlock(&proc_tree_lock);
	gone_put(&gone);
	ptrace_dead_put(&dead);
	if (done)
		process_put(done); /* the tree's reference */
	return result;
}

long process_wait(int which, s32 id, u32 options, struct wait_result *out)
{
	struct process *me = process_current();
	struct pid *group = NULL;
	struct wait_entry entry;
	long result;

	if (which == P_PGID) {
		group = id ? pid_find_get(id) : process_group_get(me);
		if (!group)
			return -ECHILD;
	}
	result = wait_scan(which, id, group, options, out);
	while (result == 0 && !(options & WNOHANG)) {
		wait_begin(&me->child_wait, &entry, THREAD_INTERRUPTIBLE, false);
		result = wait_scan(which, id, group, options, out);
		if (result == 0 && thread_signal_pending())
			result = -ERESTARTSYS;
		if (result == 0)
			thread_block();
		wait_end(&me->child_wait, &entry);
	}
	pid_put(group);
	return result;
}
