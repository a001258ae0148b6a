/*
 * The notes of a core file: every thread's registers, the one that dumps first, and what there is
 * to say of the process (elf(5), uapi linux/elfcore.h).
 */
#include "abi/elf.h"
#include "abi/elfcore.h"
#include "abi/errno.h"
#include "arch/tracee.h"
#include "core/clock.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "proc/core_int.h"
#include "proc/proc_int.h"

/* A note with n bytes, which the caller writes. */
static void note_head(struct text *t, const char *name, u32 type, size_t n)
{
	static const char zeros[8];
	struct elf64_nhdr head = { .n_namesz = (u32)strlen(name) + 1, .n_descsz = (u32)n,
				   .n_type = type };

	text_write(t, (const char *)&head, sizeof(head));
	text_write(t, name, head.n_namesz);
	text_write(t, zeros, align_up(head.n_namesz, 4u) - head.n_namesz);
}

static void note(struct text *t, const char *name, u32 type, const void *bytes, size_t n)
{
	static const char zeros[4];

	note_head(t, name, type, n);
	text_write(t, bytes, n);
	text_write(t, zeros, align_up(n, 4u) - n);
}

static struct timeval as_time(u64 ns)
{
	return (struct timeval){ .tv_sec = (s64)(ns / NSEC_PER_SEC),
				 .tv_usec = (s64)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };
}

static void relatives(struct process *p, s32 *parent, s32 *group, s32 *session)
{
	spin_lock(&proc_tree_lock);
	*parent = p->parent ? p->parent->pid->nr : 0;
	*group = p->group->nr;
	*session = p->session->pid->nr;
	spin_unlock(&proc_tree_lock);
}

static void note_status(struct text *t, struct task *task, const struct abi_siginfo *info)
{
	struct process *p = task->process;
	struct usage_counts counts;
	struct cpu_times times;
	struct elf_prstatus s = {
		.si_signo = info->si_signo, .si_code = info->si_code, .si_errno = info->si_errno,
		.pr_cursig = (s16)info->si_signo,
		.pr_sigpend = READ_ONCE(task->pending.set), .pr_sighold = task->thread->sigmask,
		.pr_pid = task->thread->tid, .pr_fpvalid = 1,
	};

	task_usage(task, &times, &counts);
	s.pr_utime = as_time(times.user_ns);
	s.pr_stime = as_time(times.system_ns);
	s.pr_cutime = as_time(p->child_times.user_ns);
	s.pr_cstime = as_time(p->child_times.system_ns);
	relatives(p, &s.pr_ppid, &s.pr_pgrp, &s.pr_sid);
	tracee_regs_get(&task->thread->arch, &s.pr_reg);
	note(t, "CORE", NT_PRSTATUS, &s, sizeof(s));
}

static void note_fpu(struct text *t, struct task *task)
{
	struct user_fpregs_struct fp;
	size_t n = tracee_xstate_size();
	void *xstate;

	tracee_fpregs_get(&task->thread->arch, &fp);
	note(t, "CORE", NT_PRFPREG, &fp, sizeof(fp));
	if (!n)
		return;
	xstate = kmalloc(n, MM_KERNEL);
	if (!xstate) {
		t->error = -ENOMEM;
		return;
	}
	tracee_xstate_get(&task->thread->arch, xstate);
	note(t, "LINUX", NT_X86_XSTATE, xstate, n);
	kfree(xstate);
}

static void note_process(struct text *t, struct task *task, struct aspace *as)
{
	struct elf_prpsinfo i = {
		.pr_sname = 'R', .pr_nice = task->thread->nice, .pr_uid = task->cred->uid,
		.pr_gid = task->cred->gid, .pr_pid = task->process->pid->nr,
	};
	size_t n = min(as->arg_end - as->arg_start, (u64)ELF_PRARGSZ - 1);

	relatives(task->process, &i.pr_ppid, &i.pr_pgrp, &i.pr_sid);
	memcpy(i.pr_fname, task->thread->name, sizeof(i.pr_fname));
	n = aspace_peek(as, as->arg_start, i.pr_psargs, n, true);
	for (size_t at = 0; at < n; at++)
		if (!i.pr_psargs[at])
			i.pr_psargs[at] = ' ';
	note(t, "CORE", NT_PRPSINFO, &i, sizeof(i));
}

static void note_auxv(struct text *t, const struct aspace *as)
{
	size_t n = 0;

	while (n + 2 < ARRAY_SIZE(as->auxv) && as->auxv[n])
		n += 2;
	note(t, "CORE", NT_AUXV, as->auxv, (n + 2) * sizeof(u64));
}

/* How many mappings of files, the size of a page; for each start, end, page; then the names. */
static void note_files(struct text *t, const struct core_image *image)
{
	static const char zeros[4];
	u64 head[2] = { image->n_names, PAGE_SIZE };
	size_t n = sizeof(head) + image->n_names * 3 * sizeof(u64) + image->names.used;

	note_head(t, "CORE", NT_FILE, n);
	text_write(t, (const char *)head, sizeof(head));
	for (u32 i = 0; i < image->n_areas; i++) {
		const struct core_area *a = &image->areas[i];
		u64 entry[3] = { a->start, a->end, a->page };

		if (a->name != ~0u)
			text_write(t, (const char *)entry, sizeof(entry));
	}
	text_write(t, image->names.buf, image->names.used);
	text_write(t, zeros, align_up(n, 4ul) - n);
}

/* The threads that stand still, the current one left out: how many. */
static u32 others(struct task **out, u32 room)
{
	struct process *p = process_current();
	u64 flags = sighand_lock(p);
	struct task *task;
	u32 n = 0;

	list_for_each_entry(task, &p->threads, link)
		if (task != task_current() && !task->exiting && n < room)
			out[n++] = task;
	sighand_unlock(p, flags);
	return n;
}

int core_notes_make(struct core_image *image, const struct abi_siginfo *info)
{
	u32 room = READ_ONCE(process_current()->n_live), n;
	struct task **tasks = kvmalloc(room * sizeof(struct task *), MM_KERNEL);
	struct aspace *as = aspace_current();
	struct text *t = &image->notes;

	if (!tasks)
		return -ENOMEM;
	n = others(tasks, room);
	note_status(t, task_current(), info);
	note_process(t, task_current(), as);
	note(t, "CORE", NT_SIGINFO, info, sizeof(*info));
	note_auxv(t, as);
	note_files(t, image);
	note_fpu(t, task_current());
	for (u32 i = 0; i < n; i++) {
		note_status(t, tasks[i], info);
		note_fpu(t, tasks[i]);
	}
	kvfree(tasks);
	return t->error;
}
