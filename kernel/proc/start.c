/*
 * The first process: made by hand, since there is nothing to fork; its thread begins in the kernel
 * and execs the program of an initramfs, or init=, or the first of the usual ones that runs.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "core/clock.h"
#include "core/cmdline.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/string.h"
#include "proc/proc_int.h"
#include "proc/session.h"
#include "proc/signal.h"
#include "proc/user.h"

#define ARGS_MAX 32

static const struct rlimit limits_first[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_FSIZE] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_DATA] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_STACK] = { MIB(8), RLIM_INFINITY },
	[RLIMIT_CORE] = { 0, RLIM_INFINITY },
	[RLIMIT_RSS] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_NOFILE] = { 1024, 4096 },                     [RLIMIT_MEMLOCK] = { MIB(8), MIB(8) },
	[RLIMIT_AS] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_LOCKS] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_MSGQUEUE] = { 819200, 819200 },
	[RLIMIT_RTTIME] = { RLIM_INFINITY, RLIM_INFINITY },
};

/* Words of the command line that are not the kernel's own go to init (bootparam(7)). */
static u32 init_arguments(u64 *argv, u32 n)
{
	if (cmdline_has("single") || cmdline_has("-s") || cmdline_has("1"))
		argv[n++] = (u64)"single";
	return n;
}

/* Runs a program as this process: an error, if that fails; else never returns. */
static int try_run(const char *path)
{
	static const char *const environment[] = { "HOME=/", "TERM=linux",
						   "PATH=/sbin:/usr/sbin:/bin:/usr/bin", NULL };
	u64 argv[ARGS_MAX] = { (u64)path };
	struct walk walk = { .cred = cred_current(), .fs = task_current()->fs };
	struct exec_request req = { .walk = &walk,
				    .name = path,
				    .shown = path,
				    .walk_flags = WALK_FOLLOW,
				    .argv = argv,
				    .envp = (const u64 *)environment,
				    .kernel = true };

	int error;

	init_arguments(argv, 1);
	error = process_exec(&req);
	if (error)
		return error;
	log_info("init: %s begins, the kernel took %llu ms", path,
		 (unsigned long long)(clock_monotonic() / NSEC_PER_MSEC));
	context_enter_user(regs_current());
}

/* Standard input, output and error of init: the console, or nothing if there is none. */
static void console_open(void)
{
	struct task *task = task_current();
	struct walk walk = { .cred = task->cred, .fs = task->fs };
	struct file *file;
	int error = vfs_open(&walk, "/dev/console", O_RDWR | O_NOCTTY, 0, WALK_FOLLOW, &file);

	if (error) {
		log_warn("init: cannot open /dev/console (error %d)", -error);
		return;
	}
	for (int i = 0; i < 3; i++) {
		int fd = fd_reserve(task->files, 0, 3, false);

		if (fd >= 0)
			fd_install(task->files, fd, file_get(file));
	}
	file_put(file);
}

static void init_main(void *arg)
{
	static const char *const usual[] = { "/sbin/init", "/etc/init", "/bin/init", "/bin/sh" };
	const char *first = arg;
	char path[256];
	int error;

	console_open();
	if (*first) {
		error = try_run(first);
		log_err("init: %s of the initramfs does not run (error %d)", first, -error);
	}
	if (cmdline_get("init", path, sizeof(path)) && path[0]) {
		error = try_run(path);
		panic("cannot run init=%s (error %d): give the path of a program on the root file "
		      "system", path, -error);
	}
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		error = try_run(usual[i]);
		if (error != -ABI_ENOENT)
			log_err("init: %s does not run (error %d)", usual[i], -error);
	}
	panic("no init found: tried /sbin/init, /etc/init, /bin/init and /bin/sh; is this a root "
	      "file system? (root=, init=)");
}

/* RLIMIT_NPROC and RLIMIT_SIGPENDING of everybody: as many as memory bears, as Linux computes
 * them. */
void process_limits_first(struct process *p)
{
	struct mm_stats stats;
	u64 tasks;

	mm_stats(&stats);
	tasks = clamp(stats.total * PAGE_SIZE / (KSTACK_SIZE * 16), (u64)64, (u64)PID_MAX_DEFAULT) /
		2;
	memcpy(p->rlimits, limits_first, sizeof(limits_first));
	p->rlimits[RLIMIT_NPROC] = (struct rlimit){ tasks, tasks };
	p->rlimits[RLIMIT_SIGPENDING] = (struct rlimit){ tasks, tasks };
	p->rlimits[RLIMIT_RTPRIO] = p->rlimits[RLIMIT_NICE] = (struct rlimit){ 0, 0 };
}

void proc_start_init(const char *first)
{
	struct process *p = process_alloc();
	struct task *task = p ? task_alloc(p) : NULL;
	struct session *session;
	struct thread *thread;
	struct pid *pid;
	int error = -ENOMEM;

	if (!task || (p->sighand = sighand_create()) == NULL || pid_alloc(&pid) < 0 ||
	    (session = session_create(pid)) == NULL)
		panic("no memory for the first process");
	task->cred = cred_get(cred_root);
	task->files = fd_table_create();
	task->fs = fs_context_boot();
	if (task->files && task->fs)
		error = thread_create("init", p, init_main, (void *)first, &thread);
	if (!error)
		error = fpu_init(&thread->arch);
	if (!error)
		error = user_charge(0, USER_TASKS, ~0ull);
	if (error)
		panic("no memory for the first process");
	task->thread = thread;
	thread->proc_data = task;
	process_limits_first(p);
	p->exit_signal = SIGCHLD;
	p->is_init = true;
	pid_get(pid);
	p->pid = pid;
	process_init = p;
	spin_lock(&proc_tree_lock);
	process_link_locked(p, NULL, pid, session);
	task_link_locked(task, pid);
	spin_unlock(&proc_tree_lock);
	session_put(session);
	thread_start(thread);
	thread_put(thread);
}
