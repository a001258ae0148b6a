/*
 * /proc/[pid]/stat, status and statm (proc(5)): fields, order and units as Linux has them.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/sched.h"
#include "arch/cpu.h"
#include "core/clock.h"
#include "lib/string.h"
#include "proc/proc_int.h"
#include "proc/ptrace.h"
#include "proc/procfs/procfs_int.h"
#include "proc/seccomp.h"
#include "proc/session.h"
#include "proc/signal.h"
#include "proc/user.h"

/* What one look under the locks gathers. */
struct facts {
	char state;
	s32 tid, pid, ppid, group, session, tty_nr, tty_group;
	u32 n_threads;
	struct cpu_times times, child;
	struct usage_counts counts, child_counts;
	u64 pending, shared_pending, ignored, caught, start_ns;
	s32 exit_code, exit_signal;
	s32 tracer;
	bool waits; /* one thread is asked about, and it waits */
	struct task_state thread;
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
	task_state(task, task_cred_get(task), seccomp_count(task), &f->thread);
	f->tid = t->tid;
	f->tracer = ptrace_tracer_pid(task);
	f->state = state_letter(t);
	f->pending = READ_ONCE(task->pending.set);
}

static void facts_put(struct facts *f)
{
	cred_put(f->thread.cred);
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

#define ULL(x)      ((unsigned long long)(x))
#define NODES_SHOWN 1024

/* The 52 fields. */
static void stat_print(struct text *t, const struct facts *f, const struct memory_facts *m,
		       const struct thread *th, u64 rss_limit)
{
	int nice = th ? th->nice : 0, policy = th ? th->policy : 0, rt = th ? th->rt_priority : 0;
	int urgency = th ? sched_urgency(th) : URGENCY_NICE_0;
	int priority = urgency == URGENCY_IDLE ? 20 + nice : urgency - URGENCY_FAIR;

	text_printf(t, "%d (%s) %c %d %d %d %d %d %u %llu %llu %llu %llu ", f->tid, f->thread.name,
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
		    ULL(f->thread.blocked & 0x7fffffff), ULL(f->ignored & 0x7fffffff),
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
	facts_put(&f);
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
	facts_put(&f);
	return 0;
}

static void zombie_facts(struct facts *f, struct process *p)
{
	facts_process(f, p);
	spin_lock(&proc_tree_lock);
	f->thread = p->last;
	cred_get(f->thread.cred);
	spin_unlock(&proc_tree_lock);
	f->state = 'Z';
	f->n_threads = 1;
}

int show_zombie_stat(struct text *t, struct process *p)
{
	struct facts f = { 0 };
	struct memory_facts m = { 0 };

	zombie_facts(&f, p);
	stat_print(t, &f, &m, NULL, process_rlimit(p, RLIMIT_RSS));
	facts_put(&f);
	return 0;
}

/* A name is chosen by the process: it may not look like further lines. */
static void status_head(struct text *t, const struct facts *f, const struct fs_context *fs)
{
	text_printf(t, "Name:\t");
	for (const char *c = f->thread.name; *c; c++)
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

static void status_signals(struct text *t, const struct facts *f, struct process *p)
{
	text_printf(t, "Threads:\t%u\nSigQ:\t%llu/%llu\n", f->n_threads,
		    ULL(user_count(f->thread.cred->uid, USER_SIGNALS)),
		    ULL(process_rlimit(p, RLIMIT_SIGPENDING)));
	text_printf(t, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%016llx\n"
		       "SigCgt:\t%016llx\n", ULL(f->pending), ULL(f->shared_pending),
		    ULL(f->thread.blocked), ULL(f->ignored), ULL(f->caught));
}

static void status_caps(struct text *t, const struct task_state *s)
{
	const struct cred *c = s->cred;

	text_printf(
		t,
		"CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%016llx\n"
		"CapAmb:\t%016llx\nNoNewPrivs:\t%u\nSeccomp:\t%u\nSeccomp_filters:\t%u\n",
		ULL(c->cap_inheritable), ULL(c->cap_permitted), ULL(c->cap_effective),
		ULL(c->cap_bounding), ULL(c->cap_ambient), s->no_new_privs, s->seccomp_mode,
		s->n_filters);
	/* What PR_GET_SPECULATION_CTRL says, in words. */
	text_printf(t, "Speculation_Store_Bypass:\t%s\nSpeculationIndirectBranch:\t%s\n",
		    cpu_bypasses_stores() ? "vulnerable" : "not vulnerable", "always enabled");
}

/* Bits in hexadecimal, 32 in a group, as many digits as `n` of them need. */
static void print_bits(struct text *t, u64 bits, unsigned n)
{
	for (unsigned i = DIV_ROUND_UP(n, 32); i--;) {
		int width = (int)DIV_ROUND_UP(min(n - i * 32, 32u), 4);

		text_printf(t, "%0*x%s", width, i < 2 ? (u32)(bits >> (i * 32)) : 0, i ? "," : "");
	}
}

/* The CPUs it may run on, as a mask and as ranges. */
static void status_cpus(struct text *t, u64 mask)
{
	const char *comma = "";

	text_printf(t, "Cpus_allowed:\t");
	print_bits(t, mask, cpu_count());
	text_printf(t, "\nCpus_allowed_list:\t");
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

/* What a task has while it lives; all NULL afterwards. */
struct holdings {
	struct aspace *as;
	struct fs_context *fs;
	struct fd_table *files;
};

static void status_print(struct text *t, const struct facts *f, struct process *p,
			 const struct holdings *h)
{
	const struct task_state *s = &f->thread;

	status_head(t, f, h->fs);
	status_cred(t, s->cred);
	text_printf(t, "FDSize:\t%u\n", h->files ? fd_table_size(h->files) : 0);
	status_groups(t, s->cred);
	text_printf(t, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\nKthread:\t0\n", f->pid,
		    f->tid, f->group, f->session);
	if (h->as)
		status_memory(t, h->as, READ_ONCE(p->core_task));
	status_signals(t, f, p);
	status_caps(t, s);
	status_cpus(t, s->affinity & cpus_online());
	/* Memory is one node, of as many as Debian's kernel could have. */
	text_printf(t, "Mems_allowed:\t");
	print_bits(t, 1, NODES_SHOWN);
	text_printf(t, "\nMems_allowed_list:\t0\n");
	text_printf(t, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
		    ULL(s->voluntary), ULL(s->involuntary));
}

int show_status(struct text *t, struct task *task)
{
	struct holdings h = {
		.as = process_aspace_get(task->process),
		.fs = task_fs_get(task),
		.files = task_files_get(task),
	};
	struct facts f = { 0 };

	facts_task(&f, task);
	status_print(t, &f, task->process, &h);
	facts_put(&f);
	if (h.files)
		fd_table_put(h.files);
	if (h.fs)
		fs_context_put(h.fs);
	if (h.as)
		aspace_put_user(h.as);
	return 0;
}

int show_zombie_status(struct text *t, struct process *p)
{
	struct facts f = { 0 };

	zombie_facts(&f, p);
	status_print(t, &f, p, &(struct holdings){ 0 });
	facts_put(&f);
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
