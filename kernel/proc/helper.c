/*
 * Programs that the kernel runs: the helper that is told of devices' events. Each is a process of
 * root's without open files, in the root directory of the first process, with the limits that one
 * had at first. It has no parent (getppid(2) says 0), nobody waits for it, and it leaves no zombie.
 * Its group and session are the kernel's, number 0, which are nobody else's and have no terminal.
 *
 * Who wants one is within locks: so a call is kept in a list, and a worker makes the process. Lock:
 * `waiting` guards the list; the rest of a call is its own.
 */
#include "proc/helper.h"

#include "abi/errno.h"
#include "core/log.h"
#include "core/panic.h"
#include "dev/uevent.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/proc_int.h"
#include "proc/session.h"
#include "proc/signal.h"
#include "proc/user.h"
#include "sched/work.h"

#define ENVIRONMENT_MAX 64 /* variables */
#define SUBSYSTEM_ROOM 32

struct helper_call {
	struct list link;                    /* waiting_lock */
	u32 n;                               /* bytes of text */
	char path[UEVENT_HELPER], subsystem[SUBSYSTEM_ROOM];
	u64 envp[ENVIRONMENT_MAX + 3];
	char text[];                         /* variables, each with its NUL */
};

static struct spinlock waiting_lock = SPINLOCK_INIT(RANK_DRIVER, "helpers");
static struct list waiting = LIST_INIT(waiting);
static struct work starter;
static struct pid kernel_pid; /* its lists: proc_tree_lock */
static struct session *kernel_session;

/* The process' first thread: becomes the program. */
static void helper_main(void *arg)
{
	struct helper_call *call = arg;
	struct walk walk = { .cred = cred_current(), .fs = task_current()->fs };
	u64 argv[] = { (u64)call->path, (u64)call->subsystem, 0 };
	struct exec_request req = {
		.walk = &walk, .name = call->path, .shown = call->path, .walk_flags = WALK_FOLLOW,
		.argv = argv, .envp = call->envp, .kernel = true,
	};
	u32 n = 0;
	int err;

	call->envp[n++] = (u64)"HOME=/";
	call->envp[n++] = (u64)"PATH=/sbin:/bin:/usr/sbin:/usr/bin";
	for (const char *at = call->text; at < call->text + call->n && n < ENVIRONMENT_MAX + 2;
	     at += strlen(at) + 1)
		call->envp[n++] = (u64)at;
	err = process_exec(&req);
	kfree(call);
	if (!err)
		context_enter_user(regs_current());
	process_exit_group(127 << 8);
}

/* Standing in the first process' root directory; NULL: no memory, or that one ends. */
static struct fs_context *helper_place(void)
{
	struct task *first = task_find(process_init->pid->nr);
	struct fs_context *of_first = first ? task_fs_get(first) : NULL;
	struct fs_context *fs = of_first ? fs_context_clone(of_first) : NULL;

	if (fs) {
		fs_context_set_cwd(fs, &fs->root); /* nobody else has it yet */
		fs->umask = 022;
	}
	fs_context_put(of_first);
	if (first)
		thread_put(first->thread);
	return fs;
}

/* What the process begins with: 0 or -ENOMEM. */
static int helper_fill(struct process *p, struct task *task)
{
	p->sighand = sighand_create();
	task->cred = cred_get(cred_root);
	task->files = fd_table_create();
	task->fs = helper_place();
	if (!p->sighand || !task->files || !task->fs)
		return -ENOMEM;
	process_limits_first(p);
	p->unwaited = true;
	return 0;
}

/* Everything that can fail, up to the number: 0 or -errno; nothing is left of it then. */
static int helper_build(struct helper_call *call, struct process **process, struct task **out,
			struct pid **pid)
{
	struct process *p = process_alloc();
	struct task *task = p ? task_alloc(p) : NULL;
	struct thread *thread;
	int err = -ENOMEM;

	if (!task)
		goto fail_process;
	err = helper_fill(p, task);
	if (!err)
		err = thread_create("helper", p, helper_main, call, &thread);
	if (err) {
		task_free(task);
		goto fail_process;
	}
	task->thread = thread;
	thread->proc_data = task;
	err = fpu_init(&thread->arch);
	if (!err)
		err = pid_alloc(pid);
	if (err)
		goto fail_thread;
	pid_get(*pid);
	p->pid = *pid;
	*process = p;
	*out = task;
	return 0;
fail_thread:
	thread_discard(thread);
fail_process:
	if (p)
		process_put(p);
	return err;
}

static int helper_start(struct helper_call *call)
{
	struct process *p;
	struct task *task;
	struct pid *pid;
	int err = user_charge(0, USER_TASKS, ~0ull);

	if (err)
		return err;
	err = helper_build(call, &p, &task, &pid);
	if (err) {
		user_uncharge(0, USER_TASKS);
		return err;
	}
	spin_lock(&proc_tree_lock);
	process_get(p); /* the tree's */
	process_link_locked(p, NULL, &kernel_pid, kernel_session);
	task_link_locked(task, pid);
	spin_unlock(&proc_tree_lock);
	thread_start(task->thread);
	thread_put(task->thread);
	process_put(p);
	return 0;
}

static void starter_run(struct work *work)
{
	for (;;) {
		struct helper_call *call = NULL;
		int err;

		spin_lock(&waiting_lock);
		if (!list_empty(&waiting)) {
			call = list_first_entry(&waiting, struct helper_call, link);
			list_del(&call->link);
		}
		spin_unlock(&waiting_lock);
		if (!call)
			return;
		err = process_init ? helper_start(call) : -ENOENT;
		if (err) {
			log_warn("uevent: %s was not run (error %d)", call->path, -err);
			kfree(call);
		}
	}
}

static void helper_want(const char *path, const char *subsystem, const char *environment, u32 n)
{
	struct helper_call *call = kmalloc(sizeof(*call) + n, MM_KERNEL | MM_ZERO);

	if (!call) {
		log_warn("uevent: no memory to run %s", path);
		return;
	}
	strlcpy(call->path, path, sizeof(call->path));
	strlcpy(call->subsystem, subsystem, sizeof(call->subsystem));
	memcpy(call->text, environment, n);
	call->n = n;
	spin_lock(&waiting_lock);
	list_add_tail(&call->link, &waiting);
	spin_unlock(&waiting_lock);
	work_queue(&starter);
}

void helper_init(void)
{
	ref_set(&kernel_pid.refs, 1);
	ref_set(&kernel_pid.holds, 1);
	list_init(&kernel_pid.members);
	list_init(&kernel_pid.session_members);
	wait_init(&kernel_pid.exit_wait);
	kernel_session = session_create(&kernel_pid);
	if (!kernel_session)
		panic("no memory for the kernel's session");
	work_init(&starter, starter_run);
	uevent_set_runner(helper_want);
}
