/*
 * What a task's calls are held against (seccomp(2)): strict mode, or a filter with those below it.
 * Filters form a tree with references from leaf to root: fork shares them, a new one is put on top.
 *
 * Lock: sighand->lock guards mode and filter of each task of a process, so that TSYNC can give all
 * threads one filter, and that a thread made meanwhile has it. Who judges by a filter (the task
 * itself) takes no reference: others replace it only by one that keeps it.
 */
#include "proc/seccomp.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "arch/usercopy.h"
#include "core/gaps.h"
#include "core/panic.h"
#include "lib/bitmap.h"
#include "lib/bpf.h"
#include "mm/slab.h"
#include "proc/proc_int.h"
#include "proc/seccomp_int.h"

#define PATH_LENGTH_MAX 32768 /* instructions that judge one call; each filter counts for 4 more */
#define FILTER_COST 4
#define FLAGS_KNOWN \
	(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW | \
	 SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC_ESRCH | \
	 SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)

static void filter_put(struct seccomp_filter *f)
{
	while (f && ref_put(&f->refs)) {
		struct seccomp_filter *below = f->parent;

		if (f->notifier) {
			notifier_end(f->notifier);
			notifier_put(f->notifier);
		}
		kfree(f);
		f = below;
	}
}

static bool no_data(const struct bpf_view *view, s32 offset, u8 *to, u32 n)
{
	return false;
}

/* Which calls the program allows before it has seen more of them than number and machine. */
static void judge_in_advance(struct seccomp_filter *f)
{
	u32 words[2] = { 0, __builtin_bswap32(AUDIT_ARCH_X86_64) };
	struct bpf_view view = { .bytes = (const u8 *)words, .head = sizeof(words),
				 .length = sizeof(struct seccomp_data), .load = no_data };

	for (u32 nr = 0; nr < SECCOMP_CALLS; nr++) {
		words[0] = __builtin_bswap32(nr);
		if ((bpf_run(f->insns, &view) & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW)
			bitmap_set(f->allows, nr);
		sched_point();
	}
}

/* 0 and a filter that nobody has yet. */
static int filter_make(const struct sock_fprog __user *user, u32 flags, struct seccomp_filter **out)
{
	struct seccomp_filter *f;
	struct sock_fprog prog;
	size_t bytes;
	u16 *ways;
	int err;

	if (copy_in_obj(&prog, user))
		return -EFAULT;
	if (!prog.len || prog.len > BPF_MAXINSNS)
		return -EINVAL;
	if (!READ_ONCE(task_current()->no_new_privs) &&
	    !cred_capable(cred_current(), CAP_SYS_ADMIN))
		return -EACCES;
	bytes = prog.len * sizeof(struct sock_filter);
	f = kzalloc(sizeof(*f) + bytes, MM_KERNEL);
	ways = kmalloc(prog.len * sizeof(*ways), MM_KERNEL);
	err = f && ways ? copy_in(f->insns, (const void __user *)prog.filter, bytes) : -ENOMEM;
	if (!err)
		err = bpf_check(f->insns, prog.len, ways);
	if (!err)
		err = seccomp_check(f->insns, prog.len);
	kfree(ways);
	if (err) {
		kfree(f);
		return err;
	}
	f->n = prog.len;
	f->log = flags & SECCOMP_FILTER_FLAG_LOG;
	ref_set(&f->refs, 1);
	judge_in_advance(f);
	*out = f;
	return 0;
}

/* Whether `below` (NULL: none at all) is one of those that judge with f. */
static bool is_below(const struct seccomp_filter *below, const struct seccomp_filter *f)
{
	while (f && f != below)
		f = f->parent;
	return f == below;
}

/* TSYNC: the first thread whose filters are not among the caller's, or NULL. */
static struct task *who_differs_locked(struct task *me)
{
	struct task *task;

	list_for_each_entry(task, &me->process->threads, link)
		if (task != me && !task->exiting &&
		    (task->seccomp_mode == SECCOMP_MODE_STRICT ||
		     !is_below(task->seccomp, me->seccomp)))
			return task;
	return NULL;
}

/* Gives a task the filter, with the caller's promise to gain no privileges. */
static void assign_locked(struct task *task, struct seccomp_filter *f)
{
	task->no_new_privs |= task_current()->no_new_privs;
	task->seccomp_mode = SECCOMP_MODE_FILTER;
	WRITE_ONCE(task->seccomp, f);
	thread_set_work(task->thread, WORK_SECCOMP);
}

static void sync_locked(struct task *me)
{
	struct task *task;

	list_for_each_entry(task, &me->process->threads, link) {
		struct seccomp_filter *old = task->seccomp;

		if (task == me || task->exiting)
			continue;
		ref_get(&me->seccomp->refs);
		assign_locked(task, me->seccomp);
		if (old) /* the new one keeps it */
			kassert(!ref_put(&old->refs));
	}
}

/* Whether some filter of the caller's has somebody who answers for it. */
static bool has_listener(const struct seccomp_filter *f)
{
	for (; f; f = f->parent)
		if (f->notifier && notifier_listens(f->notifier))
			return true;
	return false;
}

/* Puts the filter on top, taking over the reference: as seccomp_set_filter(). */
static long attach_locked(struct task *me, struct seccomp_filter *f, u32 flags)
{
	struct seccomp_filter *below = me->seccomp;
	struct task *other;

	if (me->seccomp_mode == SECCOMP_MODE_STRICT)
		return -EINVAL;
	if (f->notifier && has_listener(below))
		return -EBUSY;
	f->path_length = f->n + (below ? below->path_length + FILTER_COST : 0);
	if (f->path_length > PATH_LENGTH_MAX)
		return -ENOMEM;
	other = flags & SECCOMP_FILTER_FLAG_TSYNC ? who_differs_locked(me) : NULL;
	if (other)
		return flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH ? -ESRCH : other->thread->tid;
	f->parent = below; /* with the task's reference to it */
	f->depth = below ? below->depth + 1 : 1;
	for (u32 i = 0; below && i < ARRAY_SIZE(f->allows); i++)
		f->allows[i] &= below->allows[i];
	assign_locked(me, f);
	if (flags & SECCOMP_FILTER_FLAG_TSYNC)
		sync_locked(me);
	return 0;
}

/* No thread may be in the middle of an exec that still gives privileges. */
static long attach(struct seccomp_filter *f, u32 flags)
{
	struct process *p = process_current();
	bool sync = flags & SECCOMP_FILTER_FLAG_TSYNC;
	long result = sync ? mutex_lock_killable(&p->exec_lock) : 0;
	u64 irq;

	if (!result) {
		irq = sighand_lock(p);
		result = attach_locked(task_current(), f, flags);
		sighand_unlock(p, irq);
		if (sync)
			mutex_unlock(&p->exec_lock);
	}
	if (result)
		filter_put(f);
	return result;
}

static long attach_with_listener(struct seccomp_filter *f, u32 flags)
{
	struct fd_table *files = task_current()->files;
	struct file *file;
	long result;
	int fd = fd_reserve(files, 0, rlimit_current(RLIMIT_NOFILE), true);

	result = fd < 0 ? fd :
		 notifier_create(flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &f->notifier,
				 &file);
	if (result) {
		filter_put(f);
		if (fd >= 0)
			fd_cancel(files, fd);
		return result;
	}
	result = attach(f, flags);
	if (result) {
		fd_cancel(files, fd);
		file_put(file);
		return result;
	}
	fd_install(files, fd, file);
	return fd;
}

long seccomp_set_filter(u32 flags, const struct sock_fprog __user *program)
{
	struct seccomp_filter *f;
	int err;

	if (gap_flags(flags, FLAGS_KNOWN))
		return -EINVAL;
	/* What is a descriptor, and what a thread? */
	if ((flags & SECCOMP_FILTER_FLAG_TSYNC) && (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) &&
	    !(flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH))
		return -EINVAL;
	if ((flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) &&
	    !(flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return -EINVAL;
	err = filter_make(program, flags, &f);
	if (err)
		return err;
	return flags & SECCOMP_FILTER_FLAG_NEW_LISTENER ? attach_with_listener(f, flags) :
							  attach(f, flags);
}

long seccomp_set_strict(void)
{
	struct task *me = task_current();
	u64 irq = sighand_lock(me->process);
	long result = me->seccomp_mode == SECCOMP_MODE_FILTER ? -EINVAL : 0;

	if (!result) {
		me->seccomp_mode = SECCOMP_MODE_STRICT;
		thread_set_work(me->thread, WORK_SECCOMP);
	}
	sighand_unlock(me->process, irq);
	return result;
}

void seccomp_inherit_locked(struct task *child)
{
	struct task *me = task_current();

	child->no_new_privs = me->no_new_privs;
	child->seccomp_mode = me->seccomp_mode;
	if (likely(!me->seccomp_mode))
		return;
	child->seccomp = me->seccomp;
	if (child->seccomp)
		ref_get(&child->seccomp->refs);
	thread_set_work(child->thread, WORK_SECCOMP);
}

u32 seccomp_release(struct task *task)
{
	struct seccomp_filter *f;
	u32 n;
	u64 irq;

	if (likely(!task->seccomp))
		return 0;
	irq = sighand_lock(task->process);
	f = task->seccomp;
	task->seccomp = NULL;
	sighand_unlock(task->process, irq);
	n = f->depth;
	filter_put(f);
	return n;
}

u32 seccomp_count(struct task *task)
{
	u64 irq = sighand_lock(task->process);
	u32 n = task->seccomp ? task->seccomp->depth : 0;

	sighand_unlock(task->process, irq);
	return n;
}

bool seccomp_may_ask(void)
{
	return cred_capable(cred_current(), CAP_SYS_ADMIN) && !task_current()->seccomp_mode;
}

long seccomp_filter_get(struct task *task, u64 number, const struct seccomp_filter **out)
{
	struct seccomp_filter *f;
	u64 irq;
	u32 depth;

	if (!seccomp_may_ask())
		return -EACCES;
	irq = sighand_lock(task->process);
	f = task->seccomp;
	depth = f ? f->depth : 0;
	if (number < depth) {
		while (number + 1 < f->depth)
			f = f->parent;
		ref_get(&f->refs);
	}
	sighand_unlock(task->process, irq);
	if (number >= depth)
		return depth ? -ENOENT : -EINVAL;
	*out = f;
	return f->n;
}

u32 seccomp_filter_flags(const struct seccomp_filter *f)
{
	return f->log ? SECCOMP_FILTER_FLAG_LOG : 0;
}

const struct sock_filter *seccomp_filter_insns(const struct seccomp_filter *f)
{
	return f->insns;
}

void seccomp_filter_put(const struct seccomp_filter *f)
{
	filter_put((struct seccomp_filter *)f);
}
