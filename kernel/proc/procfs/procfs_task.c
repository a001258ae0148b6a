/*
 * The small texts about a process or a thread (proc(5)): comm, limits, io, timers, wchan,
 * schedstat, personality, oom_score and its settings.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "proc/oom.h"
#include "proc/posix_timer.h"
#include "proc/proc_int.h"
#include "proc/procfs/procfs_int.h"

#define ULL(x) ((unsigned long long)(x))

int show_comm(struct text *t, struct task *task)
{
	text_printf(t, "%.15s\n", task->thread->name);
	return 0;
}

int store_comm(struct task *task, char *buf, size_t n)
{
	if (task->process != process_current())
		return -EINVAL;
	buf[strcspn(buf, "\n")] = 0;
	strlcpy(task->thread->name, buf, sizeof(task->thread->name));
	return 0;
}

static const char *const limit_names[RLIM_NLIMITS][2] = {
	{ "Max cpu time", "seconds" }, { "Max file size", "bytes" }, { "Max data size", "bytes" },
	{ "Max stack size", "bytes" }, { "Max core file size", "bytes" },
	{ "Max resident set", "bytes" }, { "Max processes", "processes" },
	{ "Max open files", "files" }, { "Max locked memory", "bytes" },
	{ "Max address space", "bytes" }, { "Max file locks", "locks" },
	{ "Max pending signals", "signals" }, { "Max msgqueue size", "bytes" },
	{ "Max nice priority", "" }, { "Max realtime priority", "" },
	{ "Max realtime timeout", "us" },
};

static void print_limit(struct text *t, u64 limit)
{
	if (limit == RLIM_INFINITY)
		text_printf(t, "%-20s ", "unlimited");
	else
		text_printf(t, "%-20llu ", ULL(limit));
}

int show_limits(struct text *t, struct task *task)
{
	text_printf(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit;

		process_rlimit_change(task->process, i, NULL, &limit, false);
		text_printf(t, "%-25s ", limit_names[i][0]);
		print_limit(t, limit.rlim_cur);
		print_limit(t, limit.rlim_max);
		text_printf(t, *limit_names[i][1] ? "%-10s\n" : "%s\n", limit_names[i][1]);
	}
	return 0;
}

static void print_io(struct text *t, const struct usage_counts *c)
{
	text_printf(t,
		    "rchar: %llu\nwchar: %llu\nsyscr: %llu\nsyscw: %llu\nread_bytes: %llu\n"
		    "write_bytes: %llu\ncancelled_write_bytes: %llu\n",
		    ULL(c->rchar), ULL(c->wchar), ULL(c->syscr), ULL(c->syscw),
		    ULL(c->io.read), ULL(c->io.written), ULL(c->io.cancelled));
}

/* Of all threads, those that have ended too, and of children that were waited for. */
int show_io(struct text *t, struct task *task)
{
	struct process *p = task->process;
	struct usage_counts counts;
	struct cpu_times times;

	spin_lock(&proc_tree_lock);
	process_usage_locked(p, &times, &counts);
	usage_add(&counts, &p->child_counts);
	spin_unlock(&proc_tree_lock);
	print_io(t, &counts);
	return 0;
}

/* /proc/[pid]/task/[tid]/io */
int show_thread_io(struct text *t, struct task *task)
{
	struct usage_counts counts;
	struct cpu_times times;

	task_usage(task, &times, &counts);
	print_io(t, &counts);
	return 0;
}

/* Timers of timer_create(2), the newest first. */
int show_timers(struct text *t, struct task *task)
{
	static const char *const ways[] = { "signal", "none", "thread" };
	struct posix_timer_facts f = { .id = 0x7fffffff };

	while (posix_timer_below(task->process, f.id, &f))
		text_printf(t, "ID: %d\nsignal: %d/%016llx\nnotify: %s/%s.%d\nClockID: %d\n", f.id,
			    f.signo, ULL(f.value), ways[f.notify & ~SIGEV_THREAD_ID],
			    f.notify & SIGEV_THREAD_ID ? "tid" : "pid", f.whom, f.clock);
	return 0;
}

/* Of others only with CAP_SYS_NICE. */
static bool may_slacken(struct task *task)
{
	return task == task_current() || cred_capable(cred_current(), CAP_SYS_NICE);
}

int show_timer_slack(struct text *t, struct task *task)
{
	if (!may_slacken(task))
		return -EPERM;
	text_printf(t, "%llu\n", ULL(READ_ONCE(task->timer_slack_ns)));
	return 0;
}

int store_timer_slack(struct task *task, char *buf, size_t n)
{
	u64 ns;
	int error = procfs_store_number(buf, ~0ull, &ns);

	if (error)
		return error;
	if (!may_slacken(task))
		return -EPERM;
	WRITE_ONCE(task->timer_slack_ns, ns ?: task->timer_slack_default_ns);
	return 0;
}

int show_wchan(struct text *t, struct task *task)
{
	const char *reason = READ_ONCE(task->thread->wait_reason);
	bool show =
		reason && READ_ONCE(task->thread->state) != THREAD_RUNNING && task_may_look(task);

	text_printf(t, "%s", show ? reason : "0");
	return 0;
}

int show_schedstat(struct text *t, struct task *task)
{
	text_printf(t, "%llu %llu %llu\n", ULL(task->thread->run_ns), ULL(task->thread->wait_ns),
		    ULL(task->thread->switches_voluntary + task->thread->switches_forced));
	return 0;
}

int show_personality(struct text *t, struct task *task)
{
	text_printf(t, "%08x\n", task->process->personality);
	return 0;
}

int show_oom_score(struct text *t, struct task *task)
{
	u64 score;

	spin_lock(&proc_tree_lock);
	score = oom_score_locked(task->process);
	spin_unlock(&proc_tree_lock);
	text_printf(t, "%llu\n", ULL(score));
	return 0;
}

int show_oom_score_adj(struct text *t, struct task *task)
{
	text_printf(t, "%d\n", task->process->oom_score_adj);
	return 0;
}

static int set_oom_adj(struct task *task, s32 adj)
{
	if (adj < task->process->oom_score_adj && !cred_capable(cred_current(), CAP_SYS_RESOURCE))
		return -EACCES;
	task->process->oom_score_adj = adj;
	return 0;
}

int store_oom_score_adj(struct task *task, char *buf, size_t n)
{
	s32 adj;

	buf[strcspn(buf, "\n")] = 0;
	if (parse_s32(buf, 10, &adj, NULL) < 0 || adj < -1000 || adj > 1000)
		return -EINVAL;
	return set_oom_adj(task, adj);
}

/* oom_adj, the same by an older scale: -17 (never) … 15 (proc(5)). */
#define OOM_ADJ_NEVER (-17)
#define OOM_ADJ_MAX 15

int show_oom_adj(struct text *t, struct task *task)
{
	s32 adj = task->process->oom_score_adj;

	text_printf(t, "%d\n", adj == 1000 ? OOM_ADJ_MAX : adj * -OOM_ADJ_NEVER / 1000);
	return 0;
}

int store_oom_adj(struct task *task, char *buf, size_t n)
{
	s32 adj;

	buf[strcspn(buf, "\n")] = 0;
	if (parse_s32(buf, 10, &adj, NULL) < 0 || adj < OOM_ADJ_NEVER || adj > OOM_ADJ_MAX)
		return -EINVAL;
	return set_oom_adj(task, adj == OOM_ADJ_MAX ? 1000 : adj * 1000 / -OOM_ADJ_NEVER);
}
