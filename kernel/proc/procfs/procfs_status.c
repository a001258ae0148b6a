/*
 * /proc/[pid]/stat, status, statm and the small texts about a process (proc(5)): fields, order and
 * units as Linux has them.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/sched.h"
#include "arch/cpu.h"
#include "core/clock.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "proc/oom.h"
#include "proc/proc_int.h"
#include "proc/ptrace.h"
#include "proc/procfs/procfs_int.h"
#include "proc/seccomp.h"
#include "proc/session.h"
#include "proc/signal.h"
#include "proc/user.h"

/* What one look under the locks gathers. */
struct facts {
	char comm[16];
	char state;
	s32 tid, pid, ppid, group, session, tty_nr, tty_group;
	u32 n_threads;
	struct cpu_times times, child;
	struct usage_counts counts, child_counts;
	u64 pending, shared_pending, blocked, ignored, caught, start_ns;
	s32 exit_code, exit_signal;
	s32 tracer;
	bool waits; /* one thread is asked about, and it waits */
};

static char state_letter(const struct thread *t)
{
	switch (READ_ONCE(t->state)) {
	case THREAD_RUNNING: return 'R';
	case THREAD_INTERRUPTIBLE: return 'S';
	case THREAD_STOPPED: return 'T';
	case THREAD_TRACED: return 't';
	case THREAD_DEAD: return 'X';
	default: return 'D';
	}
}

static const char *state_name(char letter)
{
	switch (letter) {
	case 'R': return "R (running)";
	case 'S': return "S (sleeping)";
	case 'T': return "T (stopped)";
	case 't': return "t (tracing stop)";
	case 'X': return "X (dead)";
	case 'Z': return "Z (zombie)";
	default: return "D (disk sleep)";
	}
}

static void facts_signals(struct facts *f, struct process *p)
{
	u64 flags = sighand_lock(p);

	f->shared_pending = p->pending.set;
	for (int i = 0; i < NSIG; i++) {
		u64 handler = p->sighand->action[i].sa_handler;

		if (handler == SIG_IGN)
			f->ignored |= BIT(i);
		else if (handler != SIG_DFL)
			f->caught |= BIT(i);
	}
	sighand_unlock(p, flags);
}

/* Everything that does not need the thread. */
static void facts_process(struct facts *f, struct process *p)
{
	struct session *session;

	spin_lock(&proc_tree_lock);
	f->tid = f->pid = p->pid->nr;
	f->ppid = p->parent ? p->parent->pid->nr : 0;
	f->group = p->group->nr;
	session = p->session;
	ref_get(&session->refs);
	f->session = session->pid->nr;
	f->n_threads = p->n_threads;
	f->child = p->child_times;
	f->child_counts = p->child_counts;
	f->exit_code = p->exit_code;
	f->exit_signal = p->exit_signal;
	f->start_ns = p->start_ns;
	spin_unlock(&proc_tree_lock);
	process_usage(p, &f->times, &f->counts);
	facts_signals(f, p);
	session_tty_numbers(session, &f->tty_nr, &f->tty_group);
	session_put(session);
}

static void facts_task(struct facts *f, struct task *task)
{
	struct thread *t = task->thread;

	facts_process(f, task->process);
	memcpy(f->comm, t->name, sizeof(f->comm));
	f->comm[15] = 0;
	f->tid = t->tid;
	f->tracer = ptrace_tracer_pid(task);
	f->state = state_letter(t);
	f->pending = READ_ONCE(task->pending.set);
	f->blocked = READ_ONCE(t->sigmask);
}

static u64 ticks(u64 ns)
{
	return ns / (NSEC_PER_SEC / USER_HZ);
}

/* The memory part of stat, from the address space if there is one; addresses only for those who may
 * look into it. */
struct memory_facts {
	bool may_look;
	u64 vsize, rss, start_code, end_code, start_stack, start_data, end_data, start_brk,
		arg_start, arg_end, env_start, env_end;
};

static void memory_facts(struct task *task, struct memory_facts *m)
{
	struct aspace *as = process_aspace_get(task->process);

	memset(m, 0, sizeof(*m));
	if (!as)
		return;
	if (task_may_look(task))
		*m = (struct memory_facts){
			.may_look = true,
			.start_code = as->start_code, .end_code = as->end_code,
			.start_stack = as->start_stack,
			.start_data = as->start_data, .end_data = as->end_data,
			.start_brk = as->start_brk,
			.arg_start = as->arg_start, .arg_end = as->arg_end,
			.env_start = as->env_start, .env_end = as->env_end,
		};
	m->vsize = as->n_total * PAGE_SIZE;
	m->rss = aspace_resident(as);
	aspace_put_user(as);
}

#define ULL(x) ((unsigned long long)(x))

/* The 52 fields. */
static void stat_print(struct text *t, const struct facts *f, const struct memory_facts *m,
		       const struct thread *th, u64 rss_limit)
{
	int nice = th ? th->nice : 0, policy = th ? th->policy : 0, rt = th ? th->rt_priority : 0;
	int urgency = th ? sched_urgency(th) : URGENCY_NICE_0;
	int priority = urgency == URGENCY_IDLE ? 20 + nice : urgency - URGENCY_FAIR;

	text_printf(t, "%d (%s) %c %d %d %d %d %d %u %llu %llu %llu %llu ", f->tid, f->comm,
		    f->state, f->ppid, f->group, f->session, f->tty_nr, f->tty_group, 0x400000u,
		    ULL(f->counts.minor_faults), ULL(f->child_counts.minor_faults),
		    ULL(f->counts.major_faults), ULL(f->child_counts.major_faults));
	text_printf(t, "%llu %llu %llu %llu %d %d %u 0 %llu %llu %llu %llu ",
		    ULL(ticks(f->times.user_ns)), ULL(ticks(f->times.system_ns)),
		    ULL(ticks(f->child.user_ns)), ULL(ticks(f->child.system_ns)),
		    priority, nice, f->n_threads, ULL(ticks(f->start_ns)),
		    ULL(m->vsize), ULL(m->rss), ULL(rss_limit));
	text_printf(t, "%llu %llu %llu 0 0 ", ULL(m->start_code), ULL(m->end_code),
		    ULL(m->start_stack));
	text_printf(t, "%llu %llu %llu %llu %d 0 0 ", ULL(f->pending & 0x7fffffff),
		    ULL(f->blocked & 0x7fffffff), ULL(f->ignored & 0x7fffffff),
		    ULL(f->caught & 0x7fffffff), f->waits && m->may_look);
	text_printf(t, "%d %u %d %d 0 0 0 ", f->exit_signal, th ? th->cpu : 0, rt, policy);
	text_printf(t, "%llu %llu %llu %llu %llu %llu %llu %d\n", ULL(m->start_data),
		    ULL(m->end_data), ULL(m->start_brk), ULL(m->arg_start), ULL(m->arg_end),
		    ULL(m->env_start), ULL(m->env_end), f->state == 'Z' ? f->exit_code : 0);
}

int show_stat(struct text *t, struct task *task)
{
	struct facts f = { 0 };
	struct memory_facts m;

	facts_task(&f, task);
	f.waits = f.state != 'R' && f.n_threads < 2;
	memory_facts(task, &m);
	stat_print(t, &f, &m, task->thread, process_rlimit(task->process, RLIMIT_RSS));
	return 0;
}

/* /proc/[pid]/task/[tid]/stat: times and faults are those of the thread. */
int show_thread_stat(struct text *t, struct task *task)
{
	struct facts f = { 0 };
	struct memory_facts m;

	facts_task(&f, task);
	task_usage(task, &f.times, &f.counts);
	f.start_ns = task->thread->start_ns;
	f.waits = f.state != 'R';
	if (f.tid != f.pid)
		f.exit_signal = -1;
	memory_facts(task, &m);
	stat_print(t, &f, &m, task->thread, process_rlimit(task->process, RLIMIT_RSS));
	return 0;
}

static void zombie_facts(struct facts *f, struct process *p)
{
	facts_process(f, p);
	memcpy(f->comm, p->last_name, sizeof(f->comm));
	f->state = 'Z';
	f->n_threads = 1;
}

int show_zombie_stat(struct text *t, struct process *p)
{
	struct facts f = { 0 };
	struct memory_facts m = { 0 };

	zombie_facts(&f, p);
	stat_print(t, &f, &m, NULL, process_rlimit(p, RLIMIT_RSS));
	return 0;
}

/* Name and state as both kinds of process show them. A name is chosen by the process: it may not
 * look like further lines. */
static void status_head(struct text *t, const struct facts *f, const struct fs_context *fs)
{
	text_printf(t, "Name:\t");
	for (const char *c = f->comm; *c; c++)
		if (*c == '\n' || *c == '\\')
			text_printf(t, "\\%c", *c == '\n' ? 'n' : '\\');
		else
			text_write(t, c, 1);
	text_printf(t, "\n");
	if (fs)
		text_printf(t, "Umask:\t%04o\n", fs->umask);
	text_printf(t, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t%d\n",
		    state_name(f->state), f->pid, f->tid, f->ppid, f->tracer);
}

static void print_kib(struct text *t, const char *name, u64 pages)
{
	text_printf(t, "%s:\t%8llu kB\n", name, ULL(pages * (PAGE_SIZE / 1024)));
}

static void status_memory(struct text *t, struct aspace *as, bool dumping)
{
	u64 rss = aspace_resident(as), text = 0;

	if (as->end_code > as->start_code)
		text = (align_up(as->end_code, PAGE_SIZE) -
			align_down(as->start_code, PAGE_SIZE)) >>
		       PAGE_SHIFT;
	print_kib(t, "VmPeak", max(as->total_peak, as->n_total));
	print_kib(t, "VmSize", as->n_total);
	print_kib(t, "VmLck", as->n_locked);
	print_kib(t, "VmPin", 0);
	print_kib(t, "VmHWM", aspace_resident_peak(as));
	print_kib(t, "VmRSS", rss);
	print_kib(t, "RssAnon", as->n_resident_anon);
	print_kib(t, "RssFile", as->n_resident_file);
	print_kib(t, "RssShmem", as->n_resident_shmem);
	print_kib(t, "VmData", as->n_data);
	print_kib(t, "VmStk", as->n_stack);
	print_kib(t, "VmExe", text);
	print_kib(t, "VmLib", as->n_exec > text ? as->n_exec - text : 0);
	print_kib(t, "VmPTE", READ_ONCE(as->pgtable.n_tables));
	print_kib(t, "VmSwap", READ_ONCE(as->n_swapped));
	print_kib(t, "HugetlbPages", 0); /* there is no hugetlbfs */
	text_printf(t, "CoreDumping:\t%d\nTHP_enabled:\t%d\n", dumping,
		    !READ_ONCE(as->no_large));
}

static void status_cred(struct text *t, const struct cred *c)
{
	text_printf(t, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid,
		    c->fsuid, c->gid, c->egid, c->sgid, c->fsgid);
}

static void status_groups(struct text *t, const struct cred *c)
{
	text_printf(t, "Groups:\t");
	for (u32 i = 0; c->groups && i < c->groups->n; i++)
		text_printf(t, i ? " %u" : "%u", c->groups->gid[i]);
	text_printf(t, " \n"); /* even if there is none */
}

static void status_signals(struct text *t, const struct facts *f, struct process *p, u32 uid)
{
	text_printf(t, "Threads:\t%u\nSigQ:\t%llu/%llu\n", f->n_threads,
		    ULL(user_count(uid, USER_SIGNALS)), ULL(process_rlimit(p, RLIMIT_SIGPENDING)));
	text_printf(t, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%016llx\n"
		       "SigCgt:\t%016llx\n", ULL(f->pending),
		    ULL(f->shared_pending), ULL(f->blocked), ULL(f->ignored), ULL(f->caught));
}

static void status_caps(struct text *t, const struct cred *c, struct task *task)
{
	text_printf(
		t,
		"CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%016llx\n"
		"CapAmb:\t%016llx\nNoNewPrivs:\t%u\nSeccomp:\t%u\nSeccomp_filters:\t%u\n",
		ULL(c->cap_inheritable), ULL(c->cap_permitted), ULL(c->cap_effective),
		ULL(c->cap_bounding), ULL(c->cap_ambient), READ_ONCE(task->no_new_privs),
		READ_ONCE(task->seccomp_mode), seccomp_count(task));
	/* What PR_GET_SPECULATION_CTRL says, in words. */
	text_printf(t, "Speculation_Store_Bypass:\t%s\nSpeculationIndirectBranch:\t%s\n",
		    cpu_bypasses_stores() ? "vulnerable" : "not vulnerable", "always enabled");
}

/* The CPUs it may run on, as a mask and as ranges. */
static void status_cpus(struct text *t, u64 mask)
{
	const char *comma = "";

	text_printf(t, "Cpus_allowed:\t%llx\nCpus_allowed_list:\t", ULL(mask));
	for (unsigned first = 0, last; first < 64; first = last + 1) {
		last = first;
		if (!(mask >> first & 1))
			continue;
		while (last < 63 && (mask >> (last + 1) & 1))
			last++;
		text_printf(t, last > first ? "%s%u-%u" : "%s%u", comma, first, last);
		comma = ",";
	}
	text_printf(t, "\n");
}

int show_status(struct text *t, struct task *task)
{
	const struct cred *c = task_cred_get(task);
	struct aspace *as = process_aspace_get(task->process);
	struct fs_context *fs = task_fs_get(task);
	struct fd_table *files = task_files_get(task);
	struct facts f = { 0 };

	facts_task(&f, task);
	status_head(t, &f, fs);
	status_cred(t, c);
	text_printf(t, "FDSize:\t%u\n", files ? fd_table_size(files) : 0);
	status_groups(t, c);
	text_printf(t, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\nKthread:\t0\n", f.pid,
		    f.tid, f.group, f.session);
	if (as)
		status_memory(t, as, READ_ONCE(task->process->core_task));
	status_signals(t, &f, task->process, c->uid);
	status_caps(t, c, task);
	status_cpus(t, task->thread->affinity & cpus_online());
	text_printf(t, "Mems_allowed:\t1\nMems_allowed_list:\t0\n"); /* memory is one node */
	text_printf(t, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
		    ULL(task->thread->switches_voluntary), ULL(task->thread->switches_forced));
	if (files)
		fd_table_put(files);
	if (fs)
		fs_context_put(fs);
	if (as)
		aspace_put_user(as);
	cred_put(c);
	return 0;
}

int show_zombie_status(struct text *t, struct process *p)
{
	struct facts f = { 0 };

	zombie_facts(&f, p);
	status_head(t, &f, NULL);
	text_printf(t, "Uid:\t%u\t%u\t%u\t%u\nThreads:\t1\n", p->uid, p->uid, p->uid, p->uid);
	return 0;
}

int show_statm(struct text *t, struct task *task)
{
	struct aspace *as = process_aspace_get(task->process);
	u64 code;

	if (!as) {
		text_printf(t, "0 0 0 0 0 0 0\n");
		return 0;
	}
	code = as->end_code > as->start_code ? (align_up(as->end_code, PAGE_SIZE) -
						align_down(as->start_code, PAGE_SIZE)) >>
						       PAGE_SHIFT :
					       0;
	text_printf(t, "%llu %llu %llu %llu 0 %llu 0\n", ULL(as->n_total), ULL(aspace_resident(as)),
		    ULL(as->n_resident_file + as->n_resident_shmem), ULL(code),
		    ULL(as->n_data + as->n_stack));
	aspace_put_user(as);
	return 0;
}

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
