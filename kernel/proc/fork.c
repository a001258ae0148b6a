/*
 * Making processes and threads (clone(2), fork(2), vfork(2)). Everything that can fail is made
 * first; then the child is entered into the tree in one step under proc_tree_lock, and started.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/ptrace.h"
#include "abi/sched.h"
#include "arch/tracee.h"
#include "arch/usercopy.h"
#include "core/panic.h"
#include "ipc/sysv_sem.h"
#include "lib/string.h"
#include "proc/pidfd.h"
#include "proc/proc_int.h"
#include "proc/ptrace.h"
#include "proc/rseq.h"
#include "proc/seccomp.h"
#include "proc/set_mm.h"
#include "proc/signal.h"
#include "proc/user.h"

#define CLONE_NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)

/* First function of a new thread: the rest of clone(2) that must run in the child, then user
 * mode. */
static void child_enter(void *arg)
{
	struct task *task = arg;
	s32 tid = task->thread->tid;

	if (task->start_child_tid &&
	    copy_out((void __user *)task->start_child_tid, &tid, sizeof(tid)) < 0)
		task->start_child_tid = 0; /* as Linux: the child finds its own bad pointer */
	context_enter_user(&task->start);
}

static int clone_check(const struct clone_request *req)
{
	u64 f = req->flags;

	if (f & CLONE_NAMESPACES)
		return -EINVAL;
	if ((f & CLONE_THREAD) && !(f & CLONE_SIGHAND))
		return -EINVAL;
	if ((f & CLONE_SIGHAND) && (!(f & CLONE_VM) || (f & CLONE_CLEAR_SIGHAND)))
		return -EINVAL;
	if ((f & CLONE_PARENT) && process_current()->is_init)
		return -EINVAL;
	if (req->exit_signal < 0 || req->exit_signal > NSIG)
		return -EINVAL;
	return 0;
}

/* RLIMIT_NPROC binds everybody but root and the privileged (getrlimit(2)). */
static u64 tasks_limit(void)
{
	const struct cred *cred = cred_current();

	if (cred->uid == 0 || cred_capable(cred, CAP_SYS_RESOURCE) ||
	    cred_capable(cred, CAP_SYS_ADMIN))
		return PID_MAX_DEFAULT;
	return rlimit_current(RLIMIT_NPROC);
}

/* The child's part of what can be shared: 0, or -ENOMEM with some of it set (task_free() drops
 * it). */
static int task_fill(struct task *child, u64 flags)
{
	struct task *me = task_current();
	int error = 0;

	child->cred = cred_get(me->cred);
	child->altstack = me->altstack;
	if ((flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM)
		child->altstack = (struct abi_sigaltstack){ .ss_flags = SS_DISABLE };
	child->timer_slack_ns = child->timer_slack_default_ns = me->timer_slack_ns;
	child->mce_policy = me->mce_policy;
	child->ioprio = READ_ONCE(me->ioprio);
	if (flags & CLONE_FILES)
		fd_table_get(child->files = me->files);
	else
		child->files = fd_table_clone(me->files, &error);
	if (!child->files)
		return error;
	if ((flags & (CLONE_FS | CLONE_THREAD)) == CLONE_FS)
		me->process->shares_fs = child->process->shares_fs = true;
	if (flags & CLONE_FS)
		ref_get(&(child->fs = me->fs)->refs);
	else
		child->fs = fs_context_clone(me->fs);
	if (!child->fs)
		return -ENOMEM;
	return flags & CLONE_SYSVSEM ? sysv_undo_share(&me->sem_undo, &child->sem_undo) : 0;
}

static int thread_fill(struct thread *thread, struct task *child, const struct clone_request *req)
{
	struct thread *me = thread_current();
	int error = fpu_fork(&thread->arch);

	if (error)
		return error;
	if (req->flags & CLONE_SETTLS) {
		if (req->tls >= USER_TOP)
			return -EPERM;
		thread->arch.fs_base = req->tls;
	}
	/* sched(7): what was asked for cannot be had twice. */
	if (me->policy == SCHED_DEADLINE && !task_current()->sched_reset_on_fork)
		return -EAGAIN;
	thread->sigmask = me->sigmask;
	thread->frees_memory = me->frees_memory;
	rseq_fork(child, req->flags);
	sched_inherit(thread, me);
	if (task_current()->sched_reset_on_fork) { /* sched(7): no privilege is passed on */
		if (thread->policy == SCHED_FIFO || thread->policy == SCHED_RR)
			sched_set_policy(thread, SCHED_NORMAL, 0);
		if (thread->nice < 0)
			sched_set_nice(thread, 0);
	}
	child->start = *regs_current();
	child->start.rax = 0;
	child->start.orig_rax = ~0ull;
	if (task_current()->trace.stepping) /* nobody steps the child */
		regs_step_set(&child->start, false);
	if (req->stack)
		child->start.rsp = req->stack;
	if (req->flags & CLONE_CHILD_SETTID)
		child->start_child_tid = req->child_tid;
	if (req->flags & CLONE_CHILD_CLEARTID)
		child->clear_child_tid = req->child_tid;
	return 0;
}

/* A new process object with its own or shared actions and limits: 0 or -ENOMEM. */
static int process_fill(struct process *p, const struct clone_request *req)
{
	struct process *me = process_current();

	if (req->flags & CLONE_SIGHAND) {
		ref_get(&me->sighand->refs);
		p->sighand = me->sighand;
	} else {
		u64 irq;

		p->sighand = sighand_create();
		if (!p->sighand)
			return -ENOMEM;
		irq = sighand_lock(me);
		memcpy(p->sighand->action, me->sighand->action, sizeof(p->sighand->action));
		sighand_unlock(me, irq);
		if (req->flags & CLONE_CLEAR_SIGHAND)
			signal_exec_reset(p);
	}
	spin_lock(&me->rlimit_lock);
	memcpy(p->rlimits, me->rlimits, sizeof(p->rlimits));
	spin_unlock(&me->rlimit_lock);
	p->exit_signal = req->exit_signal;
	p->oom_score_adj = me->oom_score_adj;
	p->dumpable = me->dumpable;
	p->core_filter = READ_ONCE(me->core_filter);
	p->personality = me->personality;
	p->membarrier = __atomic_load_n(&me->membarrier, __ATOMIC_RELAXED);
	p->no_tty = READ_ONCE(me->no_tty);
	p->uid = cred_current()->uid;
	p->made_by = thread_current()->tid;
	return 0;
}

static int aspace_fill(struct thread *thread, u64 flags)
{
	struct aspace *me = aspace_current(), *as = me;

	if (flags & CLONE_VM) {
		aspace_get_user(me);
	} else {
		int error = aspace_fork(me, &as);

		if (error)
			return error;
		aspace_exe_share(me, as);
	}
	thread->aspace = as;
	thread->pgtable = &as->pgtable;
	return 0;
}

/* Enters the child into the tree, unless the caller is about to die or must handle a signal first:
 * 0 or -ERESTARTNOINTR. */
static int clone_publish(struct process *p, struct task *child, struct pid *pid,
			 const struct clone_request *req, bool traced)
{
	struct process *me = process_current();
	bool thread = req->flags & CLONE_THREAD;
	int error = 0;
	u64 irq;

	spin_lock(&proc_tree_lock);
	irq = sighand_lock(me);
	if (me->group_exit || (me->exec_task && me->exec_task != task_current()) ||
	    thread_signal_pending()) {
		error = -ERESTARTNOINTR;
	} else {
		if (!thread) {
			struct process *parent = me;

			if ((req->flags & CLONE_PARENT) && me->parent) {
				parent = me->parent;
				p->exit_signal = me->exit_signal;
			}
			process_get(p); /* the tree's */
			process_link_locked(p, parent, me->group, me->session);
			p->aspace = child->thread->aspace;
		}
		task_link_locked(child, pid);
		ptrace_inherit_locked(child, traced);
		seccomp_inherit_locked(child);
	}
	sighand_unlock(me, irq);
	spin_unlock(&proc_tree_lock);
	return error;
}

/* A vfork's parent sleeps until the child execs or ends; a fatal signal ends the wait. */
static void vfork_wait_for(struct task *child, struct wait_queue *wait, bool *done)
{
	s32 nr = child->thread->tid;
	int error = wait_killable(wait, READ_ONCE(*done));

	spin_lock(&proc_tree_lock); /* whoever says that it is done has let go of the queue */
	child->vfork_wait = NULL;
	child->vfork_done = NULL;
	spin_unlock(&proc_tree_lock);
	if (!error)
		ptrace_event(PTRACE_EVENT_VFORK_DONE, (u64)nr);
}

/* The child's number: pid_alloc()'s errors, -EPERM, -EEXIST, -EINVAL. */
static int number_take(const struct clone_request *req, struct pid **pid)
{
	const struct cred *cred = cred_current();

	if (!req->has_set_tid)
		return pid_alloc(pid);
	if (req->set_tid < 1 || req->set_tid >= PID_MAX_DEFAULT)
		return -EINVAL;
	if (!cred_capable(cred, CAP_SYS_ADMIN) && !cred_capable(cred, CAP_CHECKPOINT_RESTORE))
		return -EPERM;
	return pid_alloc_as(req->set_tid, pid);
}

/* Makes everything a child consists of, up to its number. On failure what was made is freed. */
static int clone_build(const struct clone_request *req, struct process **process,
		       struct task **task, struct pid **pid)
{
	bool same_process = req->flags & CLONE_THREAD;
	struct process *p = process_current();
	struct thread *thread;
	struct task *child;
	int error = -ENOMEM;

	if (same_process)
		process_get(p);
	else if (!(p = process_alloc()))
		return -ENOMEM;
	if (!same_process && (error = process_fill(p, req)) < 0)
		goto fail_process;
	error = -ENOMEM;
	child = task_alloc(p);
	if (!child)
		goto fail_process;
	child->charged_uid = cred_current()->uid;
	error = task_fill(child, req->flags);
	if (!error)
		error = thread_create(thread_current()->name, p, child_enter, child, &thread);
	if (error) {
		task_free(child);
		goto fail_process;
	}
	child->thread = thread;
	thread->proc_data = child; /* from here on thread_put() frees the task */
	error = thread_fill(thread, child, req);
	if (!error)
		error = aspace_fill(thread, req->flags);
	if (error)
		goto fail_thread;
	error = number_take(req, pid);
	if (error)
		goto fail_aspace;
	if (!same_process) {
		pid_get(*pid);
		p->pid = *pid;
	}
	*process = p;
	*task = child;
	return 0;
fail_aspace:
	aspace_put_user(thread->aspace);
fail_thread:
	thread_discard(thread);
fail_process:
	process_put(p);
	return error;
}

long process_clone(const struct clone_request *req)
{
	struct wait_queue vfork_queue;
	struct pidfd_slot pidfd;
	struct process *p;
	struct task *child;
	struct pid *pid;
	bool done = false;
	u32 uid = cred_current()->uid, event = ptrace_clone_event(req);
	int error = clone_check(req);
	s32 nr;

	if (error)
		return error;
	error = user_charge(uid, USER_TASKS, tasks_limit());
	if (error)
		return error;
	error = clone_build(req, &p, &child, &pid);
	if (error)
		goto fail_charge;
	nr = pid->nr;
	if (req->flags & CLONE_VFORK) {
		wait_init(&vfork_queue);
		child->vfork_wait = &vfork_queue;
		child->vfork_done = &done;
	}
	if (req->flags & CLONE_PARENT_SETTID) /* as Linux: the caller finds its own bad pointer */
		(void)!copy_out((void __user *)req->parent_tid, &nr, sizeof(nr));
	if (req->flags & CLONE_PIDFD)
		error = pidfd_reserve(pid, (s32 __user *)req->pidfd, &pidfd);
	if (!error)
		error = clone_publish(p, child, pid, req, event || (req->flags & CLONE_PTRACE));
	if (req->flags & CLONE_PIDFD)
		error = pidfd_settle(&pidfd, error);
	if (error)
		goto fail_built;
	thread_start(child->thread);
	if (unlikely(event))
		ptrace_event(event, (u64)nr);
	if (req->flags & CLONE_VFORK)
		vfork_wait_for(child, &vfork_queue, &done);
	thread_put(child->thread);
	process_put(p);
	return nr;
fail_built:
	aspace_put_user(child->thread->aspace);
	pid_put(pid);
	thread_discard(child->thread);
	process_put(p);
fail_charge:
	user_uncharge(uid, USER_TASKS);
	return error;
}
