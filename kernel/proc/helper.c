/*
 * Programs that the kernel runs: the helper that is told of devices' events, and who takes core
 * dumps. Each is a process of
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
#define ARGUMENTS_MAX 64

struct helper_call {
	struct list link;                    /* waiting_lock */
	struct file *input;                  /* its descriptor 0, referenced, or NULL */
	u64 core_limit;                      /* with input: its RLIMIT_CORE */
	u64 argv[ARGUMENTS_MAX + 1];         /* the program's path first; in text */
	u64 envp[ENVIRONMENT_MAX + 3];
	char text[];                         /* words and variables, each with its NUL */
};

static struct spinlock waiting_lock = SPINLOCK_INIT(RANK_DRIVER, "helpers");
static struct list waiting = LIST_INIT(waiting);
static struct work starter;
static struct pid kernel_pid; /* its lists: proc_tree_lock */
static struct session *kernel_session;

static void helper_free(struct helper_call *call)
{
	if (call->input)
		file_put(call->input);
	kfree(call);
}

/* What the program reads. */
static int input_install(struct helper_call *call)
{
	struct process *p = process_current();
	int fd = fd_reserve(task_current()->files, 0, 1, false);

	if (fd < 0)
		return fd;
	fd_install(task_current()->files, fd, file_get(call->input));
	spin_lock(&p->rlimit_lock);
	p->rlimits[RLIMIT_CORE] = (struct rlimit){ call->core_limit, call->core_limit };
	spin_unlock(&p->rlimit_lock);
	return 0;
}

/* Points at the words of n bytes of text, at most `room`, and puts a NULL behind: 0 or -E2BIG. */
static int words_point(const char *text, u32 n, u64 *to, u32 room)
{
	const char *at = text;
	u32 i = 0;

	for (; at < text + n && i < room; at += strlen(at) + 1)
		to[i++] = (u64)at;
	to[i] = 0;
	return at < text + n ? -E2BIG : 0;
}

/* The process' first thread: becomes the program. */
static void helper_main(void *arg)
{
	struct helper_call *call = arg;
	struct walk walk = { .cred = cred_current(), .fs = task_current()->fs };
	const char *path = (const char *)call->argv[0];
	struct exec_request req = {
		.walk = &walk, .name = path, .shown = path, .walk_flags = WALK_FOLLOW,
		.argv = call->argv, .envp = call->envp, .kernel = true,
	};
	int err = call->input ? input_install(call) : 0;

	if (!err)
		err = process_exec(&req);
	helper_free(call);
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

/* 0, and the call is the process' now; *out (if wanted) is referenced. */
static int helper_start(struct helper_call *call, struct process **out)
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
	if (out)
		*out = p;
	else
		process_put(p);
	return 0;
}

int helper_pipe(const char *words, u32 n, struct file *input, u64 core_limit, struct process **out)
{
	struct helper_call *call = kmalloc(sizeof(*call) + n, MM_KERNEL | MM_ZERO);
	int err;

	if (!call)
		return -ENOMEM;
	memcpy(call->text, words, n);
	call->input = file_get(input);
	call->core_limit = core_limit;
	err = words_point(call->text, n, call->argv, ARGUMENTS_MAX);
	if (!err)
		err = helper_start(call, out);
	if (err)
		helper_free(call);
	return err;
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
		err = process_init ? helper_start(call, NULL) : -ENOENT;
		if (err) {
			log_warn("uevent: %s was not run (error %d)", (char *)call->argv[0], -err);
			helper_free(call);
		}
	}
}

static void helper_want(const char *path, const char *subsystem, const char *environment, u32 n)
{
	size_t path_n = strlen(path) + 1, subsystem_n = strlen(subsystem) + 1;
	struct helper_call *call = kmalloc(sizeof(*call) + n + path_n + subsystem_n,
					   MM_KERNEL | MM_ZERO);
	char *at;

	if (!call) {
		log_warn("uevent: no memory to run %s", path);
		return;
	}
	memcpy(call->text, environment, n);
	at = memcpy(call->text + n, path, path_n);
	call->argv[0] = (u64)at;
	call->argv[1] = (u64)memcpy(at + path_n, subsystem, subsystem_n);
	call->envp[0] = (u64)"HOME=/";
	call->envp[1] = (u64)"PATH=/sbin:/bin:/usr/sbin:/usr/bin";
	(void)words_point(call->text, n, call->envp + 2, ENVIRONMENT_MAX); /* no more than that */
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
