/*
 * execve(2): builds the new image in a new address space, in which the caller already runs while
 * the old one is kept, so that every error up to the last step leaves the old program as it was.
 * Then the other threads end, and the process takes the new space, credentials and name.
 */
#include "abi/elf.h"
#include "abi/errno.h"
#include "abi/mman.h"
#include "abi/personality.h"
#include "abi/rseq.h"
#include "arch/cpu.h"
#include "arch/tracee.h"
#include "arch/usercopy.h"
#include "arch/vdso.h"
#include "core/clock.h"
#include "core/panic.h"
#include "ipc/futex.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/core.h"
#include "proc/exec_args.h"
#include "proc/exec_interp.h"
#include "proc/posix_timer_int.h"
#include "proc/proc_int.h"
#include "proc/ptrace.h"
#include "proc/rseq.h"
#include "proc/set_mm.h"
#include "proc/signal.h"
#include "proc/signal_int.h"
#include "proc/user_dispatch.h"

/* What a caller may not impose on a program with more privileges than it has itself
 * (personality(2)). */
#define PERSONALITY_UNSAFE \
	(ADDR_NO_RANDOMIZE | ADDR_COMPAT_LAYOUT | ADDR_LIMIT_3GB | READ_IMPLIES_EXEC | \
	 MMAP_PAGE_ZERO)
#define STACK_SECURE_MAX (8u << 20)   /* soft RLIMIT_STACK with more privileges than before */
#define STACK_INITIAL    (128 * 1024) /* bytes mapped at first, beside the strings */

/* Everything that execve() gathers before it commits. */
struct exec {
	const struct exec_request *req;
	struct exec_program program;
	struct exec_image interp;
	struct exec_args args;
	const struct cred *cred;
	bool secure;
	bool readable;           /* the caller may read the program, so what it becomes is no
				  * secret */
	struct aspace *as, *old;
	struct exec_stack stack;
	u64 entry;
	char name[16];
};

static void comm_set(char *comm, const char *path)
{
	const char *slash = strrchr(path, '/');

	strlcpy(comm, slash ? slash + 1 : path, 16);
}

/* Plans the program and, if it names one, its dynamic loader. */
static int images_plan(struct exec *e)
{
	struct walk plain = { .cred = e->req->walk->cred, .fs = e->req->walk->fs };
	char *path;
	struct exec_image *image = &e->program.image;
	int error = exec_image_plan(image);

	if (error || !image->plan->has_interp)
		return error;
	path = kmalloc(ELF_MAX_INTERP, MM_KERNEL);
	if (!path)
		return -ENOMEM;
	error = exec_image_interp(image, path, ELF_MAX_INTERP);
	if (!error)
		error = exec_image_open(&plain, path, WALK_FOLLOW, &e->interp);
	kfree(path);
	if (!error)
		error = exec_image_plan(&e->interp);
	if (!error && e->interp.plan->has_interp)
		error = -EINVAL; /* as Linux: a loader has no loader (ELIBBAD is not said) */
	return error;
}

static int stack_map(struct exec *e, vaddr_t top)
{
	u64 size = align_up(STACK_INITIAL + e->args.used + e->args.prefix_bytes +
				    (u64)(e->args.argc + e->args.envc) * sizeof(u64) + PAGE_SIZE,
			    PAGE_SIZE);
	const struct elf_plan *plan = e->program.image.plan;
	bool exec_stack = plan->has_stack && plan->exec_stack;
	struct map_request req = { .addr = align_up(top, PAGE_SIZE) - size,
				   .length = size,
				   .map_flags =
					   MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN,
				   .flags = AREA_READ | AREA_WRITE | AREA_MAYREAD | AREA_MAYWRITE |
					    AREA_MAYEXEC | AREA_GROWSDOWN | AREA_STACK |
					    (exec_stack ? AREA_EXEC : 0) };
	vaddr_t at;

	return vm_map(e->as, &req, &at);
}

/* Where code, data and heap lie, for brk(2) and /proc/[pid]/stat. */
static void bounds_set(struct exec *e, u64 bias, bool random)
{
	const struct elf_plan *plan = e->program.image.plan;
	struct aspace *as = e->as;

	as->start_code = ~0ull;
	for (unsigned i = 0; i < plan->nr_segments; i++) {
		const struct elf_segment *s = &plan->seg[i];

		if (s->flags & PF_X) {
			as->start_code = min(as->start_code, s->vaddr + bias);
			as->end_code = max(as->end_code, s->vaddr + bias + s->filesz);
		}
		as->start_data = max(as->start_data, s->vaddr + bias);
		as->end_data = max(as->end_data, s->vaddr + bias + s->filesz);
	}
	as->start_brk = as->brk = aspace_random_brk(align_up(plan->brk + bias, PAGE_SIZE), random);
}

static int stack_fill(struct exec *e, vaddr_t top, u64 bias, u64 interp_base, vaddr_t vdso)
{
	const struct elf_plan *plan = e->program.image.plan;
	const struct cpu_info *cpu = cpu_info(0);
	struct auxv auxv[] = {
		{ AT_SYSINFO_EHDR, vdso }, { AT_HWCAP, cpu->hwcap }, { AT_PAGESZ, PAGE_SIZE },
		{ AT_CLKTCK, USER_HZ }, { AT_PHDR, plan->phdr_vaddr + bias },
		{ AT_PHENT, plan->phentsize }, { AT_PHNUM, plan->phnum }, { AT_BASE, interp_base },
		{ AT_FLAGS, e->program.preserved ? AT_FLAGS_PRESERVE_ARGV0 : 0 },
		{ AT_ENTRY, plan->entry + bias }, { AT_UID, e->cred->uid },
		{ AT_EUID, e->cred->euid }, { AT_GID, e->cred->gid }, { AT_EGID, e->cred->egid },
		{ AT_SECURE, e->secure }, { AT_RANDOM, 0 }, { AT_HWCAP2, cpu->hwcap2 },
		{ AT_EXECFN, 0 }, { AT_PLATFORM, 0 }, { AT_MINSIGSTKSZ, MINSIGSTKSZ },
		{ AT_RSEQ_FEATURE_SIZE, offsetof(struct rseq, mm_cid) + sizeof(u32) },
		{ AT_RSEQ_ALIGN, _Alignof(struct rseq) },
		{ e->program.opened ? AT_EXECFD : AT_NULL, 0 },
		{ AT_NULL, 0 },
	};
	int error =
		exec_stack_write(&e->args, top, e->req->shown, auxv, ARRAY_SIZE(auxv), &e->stack);

	static_assert(sizeof(auxv) <= sizeof_field(struct aspace, auxv), "auxv");
	memcpy(e->as->auxv, auxv, sizeof(auxv));
	e->as->start_stack = e->stack.sp;
	e->as->arg_start = e->stack.arg_start;
	e->as->arg_end = e->stack.arg_end;
	e->as->env_start = e->stack.env_start;
	e->as->env_end = e->stack.env_end;
	return error;
}

/* A program with more privileges than its caller's does not let it have the layout shaken by a
 * stack of any size (execve(2), set-user-ID). */
static u64 stack_limit(struct exec *e)
{
	u64 limit = process_rlimit(process_current(), RLIMIT_STACK);

	return e->secure ? min(limit, (u64)STACK_SECURE_MAX) : limit;
}

/* Maps everything. The current thread runs in the new space. */
static int space_build(struct exec *e)
{
	struct process *p = process_current();
	const struct elf_plan *plan = e->program.image.plan;
	bool random = e->secure || !(p->personality & ADDR_NO_RANDOMIZE);
	u64 bias, interp_bias = 0;
	vaddr_t top, vdso;
	int error;

	e->as->limits_as = process_rlimit(p, RLIMIT_AS);
	e->as->limits_data = process_rlimit(p, RLIMIT_DATA);
	e->as->limits_stack = stack_limit(e);
	e->as->limits_memlock = process_rlimit(p, RLIMIT_MEMLOCK);
	e->as->oom_score_adj = p->oom_score_adj;
	top = aspace_layout(e->as, random);
	error = stack_map(e, top);
	if (!error)
		error = exec_image_map(&e->program.image, plan->dyn ? aspace_pie_base(random) : 0,
				       &bias);
	if (error)
		return error;
	bounds_set(e, bias, random);
	e->entry = plan->entry + bias;
	if (e->interp.file) {
		error = exec_image_map(&e->interp, 0, &interp_bias);
		e->entry = e->interp.plan ? e->interp.plan->entry + interp_bias : 0;
	}
	if (!error)
		error = exec_vdso_map(&vdso);
	return error ? error :
		       stack_fill(e, top, bias,
				  e->interp.file ? interp_bias + e->interp.plan->first : 0, vdso);
}

/* Ends all other threads of the process and takes over its number: 0, or -EAGAIN if the process is
 * being ended or another thread execs. */
static int become_alone(struct task *me)
{
	struct process *p = me->process;
	struct task *task, *replaced = NULL;
	u64 flags = sighand_lock(p);

	if (p->group_exit || p->exec_task) {
		sighand_unlock(p, flags);
		return -EAGAIN;
	}
	p->exec_task = me;
	list_for_each_entry(task, &p->threads, link)
		if (task != me) {
			task->trace.killed = true;
			thread_set_work(task->thread, WORK_NOTIFY);
			thread_wake_states(task->thread, WAKE_FATAL);
		}
	sighand_unlock(p, flags);
	wait_until(&p->exec_wait, READ_ONCE(p->n_threads) == 1 || READ_ONCE(p->group_exit));
	spin_lock(&proc_tree_lock);
	if (!READ_ONCE(p->group_exit) && me->tid != p->pid)
		replaced = ptrace_replace_leader_locked(p);
	flags = sighand_lock(p);
	p->exec_task = NULL;
	if (!p->group_exit && me->tid != p->pid) {
		struct pid *old = me->tid;

		old->task = NULL;
		pid_get(p->pid);
		me->tid = p->pid;
		me->thread->tid = p->pid->nr;
		p->pid->task = me;
		pid_put(old);
	}
	sighand_unlock(p, flags);
	spin_unlock(&proc_tree_lock);
	if (replaced)
		thread_put(replaced->thread);
	return READ_ONCE(p->group_exit) ? -EAGAIN : 0;
}

/* Shared actions and descriptors become the process's own: 0 or -ENOMEM. */
static int unshare(struct task *me)
{
	struct process *p = me->process;
	int error = 0;
	u64 flags;

	if (ref_read(&p->sighand->refs) > 1) {
		struct sighand *own = sighand_create(), *old = p->sighand;

		if (!own)
			return -ENOMEM;
		flags = sighand_lock(p);
		memcpy(own->action, old->action, sizeof(own->action));
		rcu_store(p->sighand, own);
		spin_unlock_irq(&old->lock, flags);
		rcu_synchronize(); /* somebody may wait for the old lock (sighand_lock()) */
		sighand_put(old);
	}
	if (fd_table_shared(me->files)) {
		struct fd_table *own = fd_table_clone(me->files, &error), *old = me->files;

		if (!own)
			return error;
		spin_lock(&me->lock);
		me->files = own;
		spin_unlock(&me->lock);
		fd_table_put(old);
	}
	return 0;
}

/* Gives the interpreter of a format its file, and tells it the number. */
static int opened_pass(struct exec *e, struct task *me)
{
	unsigned at = 0;
	int fd;

	if (likely(!e->program.opened))
		return 0;
	fd = fd_reserve(me->files, 0, process_rlimit(me->process, RLIMIT_NOFILE), false);
	if (fd < 0)
		return fd;
	fd_install(me->files, fd, e->program.opened);
	e->program.opened = NULL;
	while (e->as->auxv[at] != AT_EXECFD)
		at += 2;
	e->as->auxv[at + 1] = (u64)fd;
	return copy_out((void __user *)(e->stack.auxv + (at + 1) * sizeof(u64)),
			&e->as->auxv[at + 1], sizeof(u64));
}

/* A tracer sees the call of the old program in the registers of the new one: if there was one. */
static void renew_regs(const struct exec *e)
{
	struct regs *regs = regs_current();
	u64 call = regs->orig_rax;

	regs_init_user(regs, e->entry, e->stack.sp);
	if (e->old) {
		regs->orig_rax = call;
		regs->rax = (u64)-ABI_ENOSYS;
	}
}

/* The new program is complete: from here nothing fails. */
static void commit(struct exec *e, struct task *me)
{
	struct process *p = me->process;

	aspace_exe_give(e->as, e->program.image.file);
	signal_exec_reset(p);
	me->altstack = (struct abi_sigaltstack){ .ss_flags = SS_DISABLE };
	me->restart.fn = NULL;
	seq_write_begin(&p->exec_seq);
	spin_lock(&proc_tree_lock);
	p->aspace = e->as;
	p->did_exec = true;
	WRITE_ONCE(p->n_execs, p->n_execs + 1);
	p->exit_signal = SIGCHLD;
	if (e->old && ref_read(&e->old->users) == 1) { /* what a vfork shares its parent counts */
		p->dead_counts.minor_faults += e->old->minor_faults;
		p->dead_counts.major_faults += e->old->major_faults;
	}
	spin_unlock(&proc_tree_lock);
	task_set_cred(e->cred);
	e->cred = NULL;
	p->dumpable = !e->secure && e->readable ? 1 : READ_ONCE(suid_dumpable);
	seq_write_end(&p->exec_seq);
	if (e->secure) {
		p->parent_death_signal = 0;
		p->personality &= ~PERSONALITY_UNSAFE;
		spin_lock(&p->rlimit_lock);
		p->rlimits[RLIMIT_STACK].rlim_cur =
			min(p->rlimits[RLIMIT_STACK].rlim_cur, (u64)STACK_SECURE_MAX);
		spin_unlock(&p->rlimit_lock);
	}
	p->membarrier = 0;
	rseq_exec();
	user_dispatch_exec();
	memcpy(me->thread->name, e->name, sizeof(e->name));
	fpu_reset();
	debug_regs_reset();
	me->trace.stepping = false;
	renew_regs(e);
	vfork_release(me);
	if (e->old)
		aspace_put_user(e->old);
	e->old = NULL;
	e->as = NULL;
}

/* The old program is told of the thread's end there (set_tid_address(2), get_robust_list(2)), if it
 * asked for that and somebody is left to care. */
static void leave_old(struct exec *e, struct task *me)
{
	if (e->old && (me->robust_list || (me->clear_child_tid && ref_read(&e->old->users) > 1))) {
		aspace_switch(e->old);
		task_leave_user(me, false);
		aspace_switch(e->as);
	} else {
		futex_exit_pi(false);
	}
	me->clear_child_tid = me->robust_list = 0;
}

/* Whether another process shares the working directory and root. */
static bool fs_is_shared(struct task *me)
{
	struct process *p = me->process;
	struct task *task;
	u32 own = 0;

	if (!READ_ONCE(p->shares_fs))
		return false;
	spin_lock(&proc_tree_lock);
	list_for_each_entry(task, &p->threads, link)
		own += READ_ONCE(task->fs) == me->fs;
	spin_unlock(&proc_tree_lock);
	return (u32)ref_read(&me->fs->refs) > own;
}

static bool may_read(struct task *me, struct file *file)
{
	return inode_permission(file->inode, me->cred, MAY_READ) == 0;
}

static int exec_run(struct exec *e)
{
	struct exec_program *program = &e->program;
	struct task *me = task_current();
	int error;

	if (me->over_nproc && task_over_nproc(me, me->charged_uid))
		return -EAGAIN;
	me->over_nproc = false;
	error = exec_args_copy(&e->args, e->req->argv, e->req->envp, e->req->kernel);
	if (!error)
		error = exec_program_find(e->req, &e->args, program);
	if (!error)
		error = images_plan(e);
	if (error)
		return error;
	e->readable = may_read(me, program->image.file) &&
		      (!program->opened || may_read(me, program->opened));
	error = exec_cred(me->cred, program->opened_cred ? program->opened : program->image.file,
			  fs_is_shared(me) || !ptrace_exec_allowed(me), &e->cred, &e->secure);
	if (error)
		return error;
	error = aspace_create(&e->as);
	if (error)
		return error;
	e->old = aspace_switch(e->as);
	e->as->no_large = e->old && READ_ONCE(e->old->no_large);
	error = space_build(e);
	if (!error)
		error = become_alone(me);
	if (error) {
		aspace_switch(e->old);
		return error;
	}
	posix_timers_delete(me->process);
	error = unshare(me);
	leave_old(e, me);
	if (!error) {
		fd_close_on_exec(me->files);
		error = opened_pass(e, me);
	}
	if (!error)
		commit(e, me);
	else /* the other threads are gone: there is no old program to go back to */
		signal_force(&(struct abi_siginfo){ .si_signo = SIGKILL, .si_code = SI_KERNEL });
	return error;
}

int process_exec(const struct exec_request *req)
{
	struct process *p = process_current();
	struct exec *e = kzalloc(sizeof(*e), MM_KERNEL);
	s32 tid = thread_current()->tid;
	int error;

	if (!e)
		return -ENOMEM;
	e->req = req;
	comm_set(e->name, req->shown);
	error = mutex_lock_killable(&p->exec_lock);
	if (!error) {
		error = exec_run(e);
		mutex_unlock(&p->exec_lock);
	}
	exec_args_fini(&e->args);
	exec_program_close(&e->program);
	exec_image_close(&e->interp);
	if (e->cred)
		cred_put(e->cred);
	if (e->as)
		aspace_put_user(e->as);
	kfree(e);
	if (!error)
		ptrace_exec(tid);
	return error;
}
