/*
 * What a thread does in the kernel: /proc/[pid]/stack, syscall and sched (proc(5)). A thread that
 * is asleep is looked at with its run queue locked, so that it cannot go on meanwhile.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/sched.h"
#include "arch/context.h"
#include "arch/trace.h"
#include "core/symbols.h"
#include "proc/procfs/procfs_int.h"
#include "sched/edf.h"

#define ULL(x) ((unsigned long long)(x))

enum { DEPTH = 64 };

struct stack { u64 addresses[DEPTH]; unsigned n; };

static void stack_walk(struct thread *thread, void *arg)
{
	struct stack *s = arg;

	s->n = arch_backtrace(arch_frame_asleep(&thread->arch), s->addresses, DEPTH);
}

int show_stack(struct text *t, struct task *task)
{
	struct stack s = { .n = 0 };

	if (!cred_capable(cred_current(), CAP_SYS_ADMIN))
		return -EACCES;
	if (task->thread == thread_current())
		s.n = arch_backtrace_near(arch_frame_current(), s.addresses, DEPTH);
	else
		sched_look(task->thread, stack_walk, &s);
	for (unsigned i = 0; i < s.n; i++) {
		u64 offset = 0, size = 0;
		const char *name = symbol_find_sized(s.addresses[i], &offset, &size);

		text_printf(t, "[<0>] %s+%#llx/%#llx\n", name ? name : "?", ULL(offset), ULL(size));
	}
	return 0;
}

static void regs_copy(struct thread *thread, void *arg)
{
	*(struct regs *)arg = *context_regs(&thread->arch);
}

int show_syscall(struct text *t, struct task *task)
{
	struct regs r;

	if (task->thread == thread_current()) {
		r = *regs_current();
	} else if (!sched_look(task->thread, regs_copy, &r)) {
		text_printf(t, "running\n");
		return 0;
	}
	if (r.orig_rax == ~0ull)
		text_printf(t, "-1 %#llx %#llx\n", ULL(r.rsp), ULL(r.rip));
	else
		text_printf(t, "%lld %#llx %#llx %#llx %#llx %#llx %#llx %#llx %#llx\n",
			    (long long)r.orig_rax, ULL(r.rdi), ULL(r.rsi), ULL(r.rdx), ULL(r.r10),
			    ULL(r.r8), ULL(r.r9), ULL(r.rsp), ULL(r.rip));
	return 0;
}

static void print_time(struct text *t, const char *name, u64 ns)
{
	text_printf(t, "%-45s:%14llu.%06llu\n", name, ULL(ns / 1000000), ULL(ns % 1000000));
}

static void print_number(struct text *t, const char *name, s64 v)
{
	text_printf(t, "%-45s:%21lld\n", name, (long long)v);
}

int show_sched(struct text *t, struct task *task)
{
	const struct thread *thread = task->thread;
	u64 user, system;

	sched_thread_times(task->thread, &user, &system);
	text_printf(t, "%s (%d, #threads: %u)\n", thread->name, thread->tid,
		    READ_ONCE(task->process->n_threads));
	text_printf(t, "-------------------------------------------------------------------\n");
	print_time(t, "se.exec_start", READ_ONCE(thread->slice_start));
	print_time(t, "se.vruntime", READ_ONCE(thread->vruntime));
	print_time(t, "se.sum_exec_runtime", user + system);
	print_time(t, "se.deadline", READ_ONCE(thread->deadline));
	print_time(t, "wait_sum", READ_ONCE(thread->wait_ns));
	print_number(t, "nr_switches",
		     (s64)(thread->switches_voluntary + thread->switches_forced));
	print_number(t, "nr_voluntary_switches", (s64)thread->switches_voluntary);
	print_number(t, "nr_involuntary_switches", (s64)thread->switches_forced);
	print_number(t, "se.load.weight", thread->weight);
	print_number(t, "policy", thread->policy);
	print_number(t, "prio", (thread->policy == SCHED_IDLE && thread->boost > URGENCY_IDLE ?
				 URGENCY_NICE_0 + thread->nice : sched_urgency(thread)) -
				URGENCY_FAIR + 100);
	if (thread->policy == SCHED_DEADLINE) {
		s64 left;
		u64 until;

		sched_edf_state(task->thread, &left, &until);
		print_number(t, "dl.runtime", left);
		print_number(t, "dl.deadline", (s64)until);
	}
	return 0;
}
