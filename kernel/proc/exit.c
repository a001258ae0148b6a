/*
 * Ends (_exit(2), exit_group(2)). A thread gives back its memory, files and place in the tree, in
 * that order; the last one turns the process into a zombie: children go to a new parent, the
 * terminal is hung up, the parent is told.
 */
#include "abi/errno.h"
#include "abi/wait.h"
#include "arch/usercopy.h"
#include "core/panic.h"
#include "ipc/futex.h"
#include "ipc/sysv_sem.h"
#include "ipc/sysv_shm.h"
#include "lib/string.h"
#include "proc/core.h"
#include "proc/posix_timer_int.h"
#include "proc/proc_int.h"
#include "proc/ptrace.h"
#include "proc/seccomp.h"
#include "proc/signal.h"
#include "proc/user.h"

struct process *process_init;
static void (*session_end)(struct session *session);

void proc_set_session_end(void (*fn)(struct session *session))
{
	session_end = fn;
}

void vfork_release(struct task *task)
{
	if (!READ_ONCE(task->vfork_wait))
		return;
	spin_lock(&proc_tree_lock);
	if (task->vfork_wait) {
		WRITE_ONCE(*task->vfork_done, true);
		wait_wake(task->vfork_wait, 0);
		task->vfork_wait = NULL;
		task->vfork_done = NULL;
	}
	spin_unlock(&proc_tree_lock);
}

void task_leave_user(struct task *task, bool ends)
{
	futex_exit_robust(task->robust_list, task->thread->tid);
	futex_exit_pi(ends);
	if (task->clear_child_tid) {
		s32 zero = 0;
		u32 __user *word = (u32 __user *)task->clear_child_tid;

		if (copy_out(word, &zero, sizeof(zero)) == 0)
			futex_wake(word, 1);
	}
}

/* The address space: what user space is told, then it is left. The last to leave takes it from the
 * process. */
static void task_leave_memory(struct task *task, bool last)
{
	struct process *p = task->process;
	struct aspace *as = task->thread->aspace;

	if (!as) { /* it had no program yet, but its number may have been in a lock's word */
		futex_exit_pi(true);
		return;
	}
	task_leave_user(task, true);
	if (last) {
		spin_lock(&proc_tree_lock);
		if (ref_read(&as->users) == 1) { /* what a vfork shares its parent counts */
			p->dead_counts.minor_faults += as->minor_faults;
			p->dead_counts.major_faults += as->major_faults;
		}
		p->dead_counts.max_rss_pages =
			max(p->dead_counts.max_rss_pages, aspace_resident_peak(as));
		p->aspace = NULL;
		spin_unlock(&proc_tree_lock);
	}
	vfork_release(task);
	aspace_switch(NULL);
	aspace_put_user(as);
}

static void task_leave_files(struct task *task)
{
	struct fd_table *files = task->files;
	struct fs_context *fs = task->fs;

	spin_lock(&task->lock);
	task->files = NULL;
	task->fs = NULL;
	spin_unlock(&task->lock);
	fd_table_put(files);
	fs_context_put(fs);
}

/* Marks all below `top`, but for what is below a marked one. proc_tree_lock held. */
static void below_mark_locked(struct process *top)
{
	struct process *p = top;
	bool down = true;

	for (;;) {
		if (down && !list_empty(&p->children)) {
			p = list_first_entry(&p->children, struct process, sibling);
		} else {
			while (p != top && p->sibling.next == &p->parent->children)
				p = p->parent;
			if (p == top)
				return;
			p = list_next_entry(p, sibling);
		}
		down = !p->below_subreaper;
		p->below_subreaper = true;
	}
}

void process_subreaper_set(bool on)
{
	struct process *p = process_current();

	spin_lock(&proc_tree_lock);
	p->child_subreaper = on;
	if (on && !p->below_subreaper)
		below_mark_locked(p);
	spin_unlock(&proc_tree_lock);
}

/* Who takes the children of a process that ends: the nearest ancestor that asked for it, or init.
 * Where nobody did, no long line of ancestors is walked. */
static struct process *new_parent_locked(struct process *p)
{
	for (struct process *a = p->below_subreaper ? p->parent : NULL; a; a = a->parent)
		if (a->child_subreaper && a->state == PROCESS_ALIVE && !a->group_exit)
			return a;
	return process_init;
}

/* A group that loses its last link to the rest of its session while stopped is woken (POSIX
 * _exit(): SIGHUP, SIGCONT). */
static void orphaned_group_wake_locked(struct pid *group)
{
	struct abi_siginfo hup = signal_info_kernel(SIGHUP), cont = signal_info_kernel(SIGCONT);
	struct process *p;
	bool stopped = false;

	if (!group_orphaned_locked(group))
		return;
	list_for_each_entry(p, &group->members, group_link)
		stopped |= READ_ONCE(p->stop_state) == STOP_DONE;
	if (!stopped)
		return;
	list_for_each_entry(p, &group->members, group_link) {
		signal_send_process(p, &hup);
		signal_send_process(p, &cont);
	}
}

/* Whether the parent does not want to wait for children at all (sigaction(2), SA_NOCLDWAIT). */
static bool parent_ignores_locked(struct process *p)
{
	u64 flags = sighand_lock(p->parent);
	const struct abi_sigaction *action = &p->parent->sighand->action[SIGCHLD - 1];
	bool ignores = p->exit_signal == SIGCHLD &&
		       (action->sa_handler == SIG_IGN || (action->sa_flags & SA_NOCLDWAIT));

	sighand_unlock(p->parent, flags);
	return ignores;
}

bool zombie_tell_locked(struct process *p)
{
	s32 code = p->exit_code;

	if (code & 0x7f)
		parent_notify_locked(p, code & W_COREFLAG ? CLD_DUMPED : CLD_KILLED, code & 0x7f);
	else
		parent_notify_locked(p, CLD_EXITED, code >> 8 & 0xff);
	if (!p->unwaited && (p->was_traced || !parent_ignores_locked(p)))
		return false;
	process_unlink_locked(p);
	return true;
}

/* The children get a new parent. Zombies that it does not want go to `gone` (by ->sibling), with
 * the tree's references. */
static void children_reparent_locked(struct process *p, struct list *gone)
{
	struct process *child, *tmp, *heir;

	if (list_empty(&p->children))
		return;
	heir = new_parent_locked(p);
	list_for_each_entry_safe(child, tmp, &p->children, sibling) {
		struct pid *group = child->group;
		bool was_orphaned = group_orphaned_locked(group);

		child->parent = heir;
		list_move_tail(&child->sibling, &heir->children);
		child->exit_signal = SIGCHLD;
		child->was_traced = false; /* by p, who does not wait any more */
		if (child->state == PROCESS_ZOMBIE) {
			if (!child->dead_leader && zombie_tell_locked(child))
				list_add_tail(&child->sibling, gone);
		} else if (child->parent_death_signal) {
			struct abi_siginfo info = signal_info_kernel(child->parent_death_signal);

			signal_send_process(child, &info);
		}
		if (!was_orphaned)
			orphaned_group_wake_locked(group);
	}
}

/* The process is over: it stays as a zombie, or goes at once if nobody will wait: then it is added
 * to `gone`, as are children. A tracer is told before the parent. proc_tree_lock held. */
static void process_end_locked(struct process *p, struct list *gone, struct list *dead)
{
	if (!group_orphaned_locked(p->group)) {
		p->state = PROCESS_ZOMBIE;
		orphaned_group_wake_locked(p->group);
	}
	p->state = PROCESS_ZOMBIE;
	children_reparent_locked(p, gone);
	wait_wake(&p->pid->exit_wait, POLLIN);
	if (!ptrace_zombie_locked(p, dead) && zombie_tell_locked(p))
		list_add_tail(&p->sibling, gone);
}

void gone_put(struct list *gone)
{
	struct process *p, *tmp;

	list_for_each_entry_safe(p, tmp, gone, sibling) {
		list_del_init(&p->sibling);
		process_put(p);
	}
}

/* Takes the task, which had n filters, out of its process: whether it was the last one, and the
 * process is to end. proc_tree_lock held. */
static bool task_unlink_locked(struct task *task, u32 n_filters, bool *stop_complete)
{
	struct process *p = task->process;
	struct cpu_times times;
	struct usage_counts counts;
	u64 flags;

	task_usage(task, &times, &counts);
	flags = sighand_lock(p);
	list_del_init(&task->link);
	task->tid->task = NULL;
	p->n_threads--;
	p->dead_times.user_ns += times.user_ns;
	p->dead_times.system_ns += times.system_ns;
	usage_add(&p->dead_counts, &counts);
	signal_queue_flush(&task->pending);
	p->uid = task->cred->uid;
	cred_put(p->last.cred);
	task_state(task, cred_get(task->cred), n_filters, &p->last);
	p->exit_code = p->group_code;
	*stop_complete = signal_stop_leave_locked(task);
	wait_wake(&p->exec_wait, 0);
	sighand_unlock(p, flags);
	return p->n_threads == 0;
}

void task_exit(s32 code)
{
	struct task *task = task_current();
	struct process *p = task->process;
	bool last, last_live, stop_complete;
	struct session *session = NULL;
	LIST_HEAD(gone);
	LIST_HEAD(dead);
	u32 n_filters;
	u64 flags;

	ptrace_exit(code);
	flags = sighand_lock(p);
	if (unlikely(p->core_task && p->core_task != task))
		flags = core_join_locked(p, flags);
	task->exiting = true;
	/* from here on no other thread of the process runs user code */
	last_live = --p->n_live == 0;
	if (last_live && !p->group_exit) { /* its status is that of the process */
		p->group_exit = true;
		p->group_code = code;
	}
	signal_retarget_locked(task);
	sighand_unlock(p, flags);
	n_filters = seccomp_release(task);
	if (p->is_init && last_live)
		panic("init ended with status %d, signal %d", code >> 8 & 0xff, code & 0x7f);
	task_leave_memory(task, last_live);
	sysv_undo_put(task->sem_undo);
	task->sem_undo = NULL;
	if (last_live)
		sysv_shm_exit(p->pid->nr);
	task_leave_files(task);
	user_uncharge(task->charged_uid, USER_TASKS);
	if (last_live && p->session->pid == p->pid)
		session = process_session_get(p);
	if (session && session_end)
		session_end(session);
	spin_lock(&proc_tree_lock);
	ptrace_leave_locked(task, &gone, &dead);
	last = task_unlink_locked(task, n_filters, &stop_complete);
	ptrace_end_locked(task, code);
	if (last)
		process_end_locked(p, &gone, &dead);
	else if (stop_complete)
		signal_stop_tell_locked(p);
	spin_unlock(&proc_tree_lock);
	if (session)
		session_put(session);
	if (last) {
		itimer_fini(p);
		posix_timers_delete(p);
	}
	gone_put(&gone);
	ptrace_dead_put(&dead);
	thread_exit();
}

void process_exit_group(s32 code)
{
	struct process *p = process_current();
	u64 flags = sighand_lock(p);

	process_kill_threads_locked(p, code);
	code = p->group_code;
	sighand_unlock(p, flags);
	task_exit(code);
}
