/*
 * The process tree: storage of processes and tasks, their places in the tree, and how others get at
 * them.
 */
#include "proc/process.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/prctl.h"
#include "core/clock.h"
#include "core/panic.h"
#include "ipc/futex.h"
#include "ipc/sysv_sem.h"
#include "mm/slab.h"
#include "proc/core.h"
#include "proc/dnotify.h"
#include "proc/helper.h"
#include "proc/itimer.h"
#include "proc/oom.h"
#include "proc/posix_timer_int.h"
#include "proc/power_button.h"
#include "proc/proc_int.h"
#include "proc/signal.h"
#include "proc/user.h"
#include "sched/edf.h"

struct spinlock proc_tree_lock = SPINLOCK_INIT(RANK_PROC_TREE, "proc_tree");

static struct slab_cache *process_cache, *task_cache;

struct process *process_alloc(void)
{
	struct process *p = slab_alloc(process_cache, MM_KERNEL | MM_ZERO);

	if (!p)
		return NULL;
	ref_set(&p->refs, 1);
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->group_link);
	list_init(&p->session_link);
	list_init(&p->threads);
	list_init(&p->pending.entries);
	wait_init(&p->child_wait);
	wait_init(&p->exec_wait);
	spin_init(&p->rlimit_lock, RANK_FILE, "rlimit");
	mutex_init(&p->exec_lock, RANK_PROC_EXEC, "exec");
	p->start_ns = clock_monotonic();
	p->dumpable = 1;
	p->core_filter = CORE_FILTER_DEFAULT;
	itimer_init(p);
	return p;
}

static void process_free_rcu(struct rcu_head *head)
{
	slab_free(process_cache, container_of(head, struct process, rcu));
}

void process_put(struct process *p)
{
	if (!ref_put(&p->refs))
		return;
	itimer_fini(p);
	if (p->sighand) {
		signal_queue_flush(&p->pending);
		sighand_put(p->sighand);
	}
	if (p->session)
		session_put(p->session);
	pid_put(p->group);
	pid_put(p->pid);
	cred_put(p->last.cred);
	rcu_call(&p->rcu, process_free_rcu);
}

struct task *task_alloc(struct process *process)
{
	struct task *task = slab_alloc(task_cache, MM_KERNEL | MM_ZERO);

	if (!task)
		return NULL;
	process_get(process);
	task->process = process;
	list_init(&task->link);
	list_init(&task->pending.entries);
	spin_init(&task->lock, RANK_FILE, "task");
	list_init(&task->trace.tracees);
	list_init(&task->trace.link);
	task->altstack.ss_flags = SS_DISABLE;
	task->timer_slack_ns = task->timer_slack_default_ns = 50000;
	task->mce_policy = PR_MCE_KILL_DEFAULT;
	return task;
}

void task_free(struct task *task)
{
	signal_queue_flush(&task->pending);
	if (task->cred)
		cred_put(task->cred);
	sysv_undo_put(task->sem_undo);
	if (task->files)
		fd_table_put(task->files);
	if (task->fs)
		fs_context_put(task->fs);
	pid_put(task->tid);
	process_put(task->process);
	slab_free(task_cache, task);
}

/* The last reference to a thread is gone. */
static void thread_freed(struct thread *thread)
{
	if (thread->proc_data)
		task_free(thread->proc_data);
}

void process_link_locked(struct process *p, struct process *parent, struct pid *group,
			 struct session *session)
{
	p->parent = parent;
	if (parent) {
		p->below_subreaper = parent->below_subreaper || parent->child_subreaper;
		list_add_tail(&p->sibling, &parent->children);
	}
	pid_get(group);
	p->group = group;
	list_add_tail(&p->group_link, &group->members);
	ref_get(&session->refs);
	p->session = session;
	list_add_tail(&p->session_link, &session->pid->session_members);
	p->pid->process = p;
}

void task_link_locked(struct task *task, struct pid *tid)
{
	struct process *p = task->process;

	task->tid = tid;
	task->thread->tid = tid->nr;
	tid->task = task;
	list_add_tail(&task->link, &p->threads);
	p->n_threads++;
	p->n_live++;
}

void process_unlink_locked(struct process *p)
{
	p->state = PROCESS_REAPED;
	list_del_init(&p->sibling);
	list_del_init(&p->group_link);
	list_del_init(&p->session_link);
	p->pid->process = NULL;
	p->parent = NULL;
}

/* exec may replace the object, and frees the old one a grace period later: whoever waited for the
 * old lock looks again. */
u64 sighand_lock(struct process *p)
{
	for (;;) {
		struct sighand *s = rcu_load(p->sighand);
		u64 flags = spin_lock_irq(&s->lock);

		if (likely(s == READ_ONCE(p->sighand)))
			return flags;
		spin_unlock_irq(&s->lock, flags);
	}
}

struct process *process_find(s32 nr)
{
	struct process *p = NULL;
	struct pid *pid;

	spin_lock(&proc_tree_lock);
	pid = pid_find(nr);
	if (pid)
		p = pid->process ? pid->process : pid->task ? pid->task->process : NULL;
	if (p)
		process_get(p);
	spin_unlock(&proc_tree_lock);
	return p;
}

struct process *pid_process_get(struct pid *pid)
{
	struct process *p;

	spin_lock(&proc_tree_lock);
	p = pid->process;
	if (p)
		process_get(p);
	spin_unlock(&proc_tree_lock);
	return p;
}

struct task *task_find(s32 tid)
{
	struct task *task = NULL;
	struct pid *pid;

	spin_lock(&proc_tree_lock);
	pid = pid_find(tid);
	if (pid && pid->task) {
		task = pid->task;
		thread_get(task->thread);
	}
	spin_unlock(&proc_tree_lock);
	return task;
}

struct process *process_next(s32 from)
{
	struct process *p = NULL;

	spin_lock(&proc_tree_lock);
	for (s32 nr = pid_next_used(from); nr && !p; nr = pid_next_used(nr + 1)) {
		struct pid *pid = pid_find(nr);

		if (pid && pid->process) {
			p = pid->process;
			process_get(p);
		}
	}
	spin_unlock(&proc_tree_lock);
	return p;
}

const struct cred *task_cred_get(struct task *task)
{
	const struct cred *cred;

	spin_lock(&task->lock);
	cred = cred_get(task->cred);
	spin_unlock(&task->lock);
	return cred;
}

struct fd_table *task_files_get(struct task *task)
{
	struct fd_table *files;

	spin_lock(&task->lock);
	files = task->files;
	if (files)
		fd_table_get(files);
	spin_unlock(&task->lock);
	return files;
}

struct fs_context *task_fs_get(struct task *task)
{
	struct fs_context *fs;

	spin_lock(&task->lock);
	fs = task->fs;
	if (fs)
		ref_get(&fs->refs);
	spin_unlock(&task->lock);
	return fs;
}

struct aspace *process_aspace_get(struct process *p)
{
	struct aspace *as;

	spin_lock(&proc_tree_lock);
	as = p->aspace;
	if (as && !aspace_try_get_user(as))
		as = NULL;
	spin_unlock(&proc_tree_lock);
	return as;
}

bool task_over_nproc(struct task *task, u32 uid)
{
	return uid != 0 &&
	       user_count(uid, USER_TASKS) > process_rlimit(task->process, RLIMIT_NPROC);
}

static bool privileges_change(const struct cred *old, const struct cred *new)
{
	return old->euid != new->euid || old->egid != new->egid || old->fsuid != new->fsuid ||
	       old->fsgid != new->fsgid || (new->cap_permitted & ~old->cap_permitted);
}

/* The limit is exec's to enforce (execve(2), EAGAIN). */
int task_charge(u32 uid)
{
	struct task *task = task_current();
	bool over;

	if (uid == task->charged_uid)
		return 0;
	over = task_over_nproc(task, uid);
	if (user_charge(uid, USER_TASKS, ~0ull))
		return -EAGAIN;
	user_uncharge(task->charged_uid, USER_TASKS);
	task->charged_uid = uid;
	task->over_nproc = over;
	return 0;
}

void task_set_cred(const struct cred *cred)
{
	struct task *task = task_current();
	const struct cred *old = task->cred;

	WRITE_ONCE(task->process->uid, cred->uid);
	/* prctl(2): what was in memory is not for everybody whose ids are taken on now; nor for a
	 * moment, so it comes first */
	if (privileges_change(old, cred)) {
		WRITE_ONCE(task->process->dumpable, READ_ONCE(suid_dumpable));
		WRITE_ONCE(task->process->parent_death_signal, 0);
	}
	spin_lock(&task->lock);
	task->cred = cred;
	spin_unlock(&task->lock);
	cred_put(old);
}

int task_walk_begin(struct task_walk *w, int dirfd)
{
	struct task *task = task_current();

	w->walk = (struct walk){ .cred = task->cred, .fs = task->fs };
	w->dir = (struct fd_ref){ NULL, false };
	if (dirfd == AT_FDCWD)
		return 0;
	w->dir = fd_begin(task->files, dirfd);
	if (!w->dir.file)
		return -EBADF;
	w->walk.dir = w->dir.file;
	return 0;
}

void task_walk_end(struct task_walk *w)
{
	if (w->dir.file)
		fd_end(w->dir);
}

/*
 * Whether a thread is to end: the scheduler asks for killable sleeps. One that ends already, and
 * tells others so in its memory (task_leave_user()), may have to fault that in, however it was
 * ended; but not if that memory is to go as fast as it can.
 */
static bool thread_dies(struct thread *thread)
{
	struct task *task = thread->proc_data;
	struct process *p = thread->process;

	if (p && task->exiting && thread->aspace && !READ_ONCE(thread->aspace->dying))
		return false;
	return p && ((READ_ONCE(p->group_exit) && !core_spares(p, task)) ||
		     (READ_ONCE(p->exec_task) && READ_ONCE(p->exec_task) != task));
}

/* CPU time was used: timers that count it, and RLIMIT_CPU. */
static void thread_charge(struct thread *thread, u64 user_ns, u64 system_ns)
{
	struct task *task = thread_task(thread);

	if (!thread->process)
		return;
	itimer_charge(thread->process, user_ns, system_ns);
	task->cpu_ns += user_ns + system_ns;
	posix_timer_charge(task);
}

/* SCHED_FLAG_DL_OVERRUN. */
static void thread_overrun(struct thread *thread)
{
	struct abi_siginfo info = signal_info_kernel(SIGXCPU);

	signal_send_process(thread->process, &info);
}

static bool may_lock_any(void)
{
	return process_current() && cred_capable(cred_current(), CAP_IPC_LOCK);
}

static const struct cred *caller_cred(void)
{
	struct task *task = task_current();

	return task ? task->cred : cred_root;
}

static s32 current_pid(void)
{
	struct process *p = process_current();

	return p && p->pid ? p->pid->nr : 0;
}

static struct thread *thread_find(s32 tid)
{
	struct task *task = task_find(tid);

	return task ? task->thread : NULL;
}

void proc_init(void)
{
	process_cache = slab_cache_create("process", sizeof(struct process), 64);
	task_cache = slab_cache_create("task", sizeof(struct task), 64);
	kassert(process_cache && task_cache);
	thread_set_free_hook(thread_freed);
	thread_set_fatal_hook(thread_dies);
	sched_set_charge_hook(thread_charge);
	sched_set_overrun_hook(thread_overrun);
	futex_set_thread_finder(thread_find);
	sysv_init(current_pid);
	vm_set_lock_privilege(may_lock_any);
	cred_set_caller_hook(caller_cred);
	sock_host_init();
	dnotify_init();
	mq_host_init();
	oom_init();
	power_button_init();
	helper_init();
}
