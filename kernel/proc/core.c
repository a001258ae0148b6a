/*
 * Core dumps: the thread that takes the signal ends the others, which stand still at the door until
 * the dump is done, their registers saved; writes the dump; and ends as well.
 *
 * While it does so the process is ending already (group_exit), so no signal reaches it but SIGKILL,
 * which breaks off the dump; core_task says that the end does not concern this thread yet
 * (core_spares()). Lock: sighand->lock guards core_task, core_waiting, core_killed.
 */
#include "proc/core.h"

#include "abi/errno.h"
#include "abi/wait.h"
#include "core/log.h"
#include "ipc/pipe.h"
#include "lib/string.h"
#include "proc/core_int.h"
#include "proc/helper.h"
#include "proc/proc_int.h"
#include "proc/signal.h"
#include "proc/signal_int.h"

#define CORE_LEAST 4096 /* bytes of limit below which there is no file */
#define LIMIT_OF_HELPERS 1 /* RLIMIT_CORE of programs that take dumps: theirs go nowhere */

u32 core_uses_pid, core_pipe_limit, suid_dumpable;

static struct spinlock pattern_lock = SPINLOCK_INIT(RANK_FILE, "core_pattern");
static char core_pattern[CORE_PATTERN_SIZE] = "core"; /* pattern_lock */
static u32 n_pipes; /* a: dumps that programs are taking */

void core_pattern_get(char pattern[CORE_PATTERN_SIZE])
{
	spin_lock(&pattern_lock);
	memcpy(pattern, core_pattern, CORE_PATTERN_SIZE);
	spin_unlock(&pattern_lock);
}

void core_pattern_set(const char *pattern)
{
	spin_lock(&pattern_lock);
	strlcpy(core_pattern, pattern, CORE_PATTERN_SIZE);
	spin_unlock(&pattern_lock);
}

/* --- standing still --- */

u64 core_join_locked(struct process *p, u64 flags)
{
	sighand_unlock(p, flags);
	context_save_bases();
	flags = sighand_lock(p);
	if (!p->core_task)
		return flags;
	p->core_waiting++;
	wait_wake(&p->exec_wait, 0);
	sighand_unlock(p, flags);
	(void)wait_loop_(&p->exec_wait, !READ_ONCE(p->core_task), THREAD_KILLABLE, ~0ull, false);
	return sighand_lock(p);
}

void core_kill_locked(struct process *p)
{
	if (!p->core_task)
		return;
	p->core_killed = true;
	p->group_code = SIGKILL;
	thread_set_work(p->core_task->thread, WORK_NOTIFY);
	thread_wake_states(p->core_task->thread,
			   1u << THREAD_INTERRUPTIBLE | 1u << THREAD_KILLABLE);
}

/* All other threads end, and wait: false if the process is ending or becoming another program. */
static bool core_begin(struct process *p, int signo)
{
	u64 flags = sighand_lock(p);
	bool begun = !p->group_exit && !p->exec_task;

	if (begun) {
		p->core_task = task_current();
		process_kill_threads_locked(p, signo);
		thread_clear_work(WORK_NOTIFY | WORK_SIGNAL);
	}
	sighand_unlock(p, flags);
	if (!begun)
		return false;
	context_save_bases();
	(void)wait_loop_(&p->exec_wait, READ_ONCE(p->core_waiting) + 1 >= READ_ONCE(p->n_live),
			 THREAD_KILLABLE, ~0ull, READ_ONCE(p->core_killed));
	return true;
}

static void core_end(struct process *p, bool dumped)
{
	u64 flags = sighand_lock(p);

	if (dumped && !p->core_killed)
		p->group_code |= W_COREFLAG;
	p->core_task = NULL;
	wait_wake(&p->exec_wait, 0);
	sighand_unlock(p, flags);
}

/* --- dumping --- */

/* Makes and writes it: whether anything was written. */
static bool dump_to(struct core_out *out, const struct abi_siginfo *info)
{
	struct aspace *as = aspace_current();
	struct core_image image = { 0 };
	int err = core_areas_take(&image, as, READ_ONCE(out->process->core_filter));

	if (!err)
		err = core_notes_make(&image, info);
	if (!err)
		core_write(out, &image, as);
	core_image_free(&image);
	return !err;
}

static bool dump_to_file(struct process *p, const struct abi_siginfo *info, const char *name)
{
	struct core_out out = { .process = p, .seeks = true,
				.limit = rlimit_current(RLIMIT_CORE),
				.fsize_limit = rlimit_current(RLIMIT_FSIZE) };
	bool dumped;

	if (out.limit < CORE_LEAST || !name[0] ||
	    core_file_open(name, READ_ONCE(p->dumpable) != 1, &out.file))
		return false;
	dumped = dump_to(&out, info);
	file_put(out.file);
	return dumped;
}

/* Somebody may want to look at the process, which is there until the program has ended. */
static void helper_wait(struct process *p, struct process *helper)
{
	(void)wait_loop_(&helper->pid->exit_wait, READ_ONCE(helper->state) != PROCESS_ALIVE,
			 THREAD_KILLABLE, ~0ull, READ_ONCE(p->core_killed));
}

static bool dump_to_program(struct process *p, const struct abi_siginfo *info,
			    const struct text *words)
{
	struct core_out out = { .process = p, .limit = ~0ull, .fsize_limit = ~0ull };
	struct process *helper;
	struct file *ends[2];
	bool dumped;
	int err;

	if (rlimit_current(RLIMIT_CORE) == LIMIT_OF_HELPERS) {
		log_warn("core: %s[%d] takes dumps, its own is not taken", thread_current()->name,
			 thread_current()->tid);
		return false;
	}
	err = pipe_create(0, cred_current(), ends);
	if (err)
		return false;
	err = words->used ? helper_pipe(words->buf, (u32)words->used, ends[0], LIMIT_OF_HELPERS,
					&helper) : -ENOENT;
	file_put(ends[0]);
	if (err) {
		log_warn("core: the program of core_pattern was not run (error %d)", -err);
		file_put(ends[1]);
		return false;
	}
	out.file = ends[1];
	dumped = dump_to(&out, info);
	file_put(out.file);
	if (READ_ONCE(core_pipe_limit))
		helper_wait(p, helper);
	process_put(helper);
	return dumped;
}

/* As many at once as there may be. */
static bool dump_to_program_limited(struct process *p, const struct abi_siginfo *info,
				    const struct text *words)
{
	u32 limit = READ_ONCE(core_pipe_limit);
	bool dumped = false;

	if (__atomic_add_fetch(&n_pipes, 1, __ATOMIC_RELAXED) > limit && limit)
		log_warn("core: too many at once, that of %s[%d] is left out",
			 thread_current()->name, thread_current()->tid);
	else
		dumped = dump_to_program(p, info, words);
	__atomic_sub_fetch(&n_pipes, 1, __ATOMIC_RELAXED);
	return dumped;
}

static void core_dump(const struct abi_siginfo *info)
{
	struct process *p = process_current();
	u64 limit = rlimit_current(RLIMIT_CORE);
	char pattern[CORE_PATTERN_SIZE];
	struct text name = { 0 };
	bool program, dumped = false;

	core_pattern_get(pattern);
	program = pattern[0] == '|';
	if (!READ_ONCE(p->dumpable) || (!program && limit < CORE_LEAST) ||
	    !core_begin(p, info->si_signo))
		return;
	if (!READ_ONCE(p->core_killed) && !core_name(&name, pattern, info->si_signo, limit))
		dumped = program ? dump_to_program_limited(p, info, &name) :
				   dump_to_file(p, info, name.buf);
	text_free(&name);
	core_end(p, dumped);
}

void process_exit_signal(const struct abi_siginfo *info)
{
	if (SIGMASK(info->si_signo) & SIGNALS_CORE)
		core_dump(info);
	process_exit_group(info->si_signo);
}
