/*
 * Restartable sequences (rseq.h). What the structure says of the thread is written only when the
 * CPU has changed; what it says of a critical section is read after each switch. The descriptor of
 * the section is the program's, and so may be anything: it must lie in user memory, be of version
 * 0, without flags, must not contain its own abort address, and the four bytes before that must be
 * the signature of the registration, so that nobody is sent to a place that was not meant for it.
 *
 * The mm_cid is a small number that no two running threads of one address space share. A space
 * gives each CPU that runs it the next one, at the first time.
 */
#include "proc/rseq.h"

#include "abi/errno.h"
#include "abi/rseq.h"
#include "abi/sched.h"
#include "arch/usercopy.h"
#include "proc/signal.h"

/* The parts that are written together. */
struct rseq_place { u32 cpu_id_start, cpu_id; };
struct rseq_ids { u32 node_id, mm_cid; };

static int publish(u64 at, u32 start, u32 cpu, u32 mm_cid)
{
	struct rseq __user *r = (struct rseq __user *)at;
	struct rseq_place place = { start, cpu };
	struct rseq_ids ids = { 0, mm_cid };

	if (copy_out(&r->cpu_id_start, &place, sizeof(place)) < 0)
		return -EFAULT;
	return copy_out(&r->node_id, &ids, sizeof(ids));
}

/* The number of this CPU in the current address space. */
static u32 mm_cid(void)
{
	struct aspace *as = aspace_current();
	u8 *id = &as->cids[cpu_id()];

	/* only who runs here writes it */
	if (!*id)
		*id = (u8)(1 + __atomic_fetch_add(&as->n_cids, 1, __ATOMIC_RELAXED));
	return *id - 1u;
}

/* Brings the structure up to date, wherever the thread is moved meanwhile. */
static int update(struct task *task)
{
	struct thread *me = task->thread;
	u32 cpu = cpu_id();

	while (me->rseq_cpu != cpu) {
		me->rseq_cpu = cpu;
		if (publish(task->rseq, cpu, cpu, mm_cid()) < 0)
			return -EFAULT;
		cpu = cpu_id();
	}
	return 0;
}

static bool inside(const struct rseq_cs *cs, u64 rip)
{
	return rip - cs->start_ip < cs->post_commit_offset;
}

/* Whether the descriptor is one that the program may have meant: 0, -EFAULT, -EINVAL. */
static int section_check(const struct rseq_cs *cs, u32 signature)
{
	u64 end;
	u32 found;

	if (add_overflow(cs->start_ip, cs->post_commit_offset, &end) ||
	    cs->start_ip >= USER_TOP || end >= USER_TOP || cs->abort_ip >= USER_TOP ||
	    cs->version != 0 || cs->abort_ip - cs->start_ip < cs->post_commit_offset)
		return -EINVAL;
	if (copy_in(&found, (const void __user *)(cs->abort_ip - sizeof(found)), sizeof(found)) < 0)
		return -EFAULT;
	return found == signature ? 0 : -EINVAL;
}

/* Leaves the section: 0, or an error for which the program is to blame. */
static int section_leave(struct task *task, struct regs *regs)
{
	struct rseq __user *r = (struct rseq __user *)task->rseq;
	struct rseq_cs cs;
	u64 at, none = 0;
	u32 flags;
	int error;

	if (copy_in_obj(&at, &r->rseq_cs) < 0)
		return -EFAULT;
	if (!at)
		return 0;
	if (at >= USER_TOP)
		return -EINVAL;
	if (copy_in(&cs, (const void __user *)at, sizeof(cs)) < 0)
		return -EFAULT;
	error = section_check(&cs, task->rseq_signature);
	if (error)
		return error;
	if (inside(&cs, regs->rip)) {
		if (copy_in_obj(&flags, &r->flags) < 0)
			return -EFAULT;
		if (cs.flags || flags)
			return -EINVAL;
		regs->rip = cs.abort_ip;
	}
	return copy_out_obj(&r->rseq_cs, &none);
}

void rseq_resume(struct regs *regs)
{
	struct task *task = task_current();

	thread_clear_work(WORK_RSEQ);
	if (task->rseq && (section_leave(task, regs) < 0 || update(task) < 0))
		signal_force_segv(0);
}

void rseq_signal(struct regs *regs, int signo)
{
	struct task *task = task_current();

	if (task->rseq && section_leave(task, regs) < 0)
		signal_force_segv(signo);
}

static void forget(struct task *task)
{
	task->rseq = 0;
	task->thread->rseq_on = false;
	thread_clear_work(WORK_RSEQ);
}

long rseq_register(u64 at, u32 len, u32 signature)
{
	struct task *task = task_current();

	if (task->rseq) {
		if (task->rseq != at || task->rseq_len != len)
			return -EINVAL;
		return task->rseq_signature == signature ? -EBUSY : -EPERM;
	}
	if (!is_aligned(at, sizeof(struct rseq)) || len != sizeof(struct rseq))
		return -EINVAL;
	if (!user_range_ok((const void __user *)at, len))
		return -EFAULT;
	task->rseq = at;
	task->rseq_len = len;
	task->rseq_signature = signature;
	task->thread->rseq_cpu = ~0u;
	task->thread->rseq_on = true;
	thread_set_work(task->thread, WORK_RSEQ);
	return 0;
}

long rseq_unregister(u64 at, u32 len, u32 signature)
{
	struct task *task = task_current();

	if (!task->rseq || task->rseq != at || task->rseq_len != len)
		return -EINVAL;
	if (task->rseq_signature != signature)
		return -EPERM;
	if (publish(at, 0, (u32)RSEQ_CPU_ID_UNINITIALIZED, 0) < 0)
		return -EFAULT;
	forget(task);
	return 0;
}

void rseq_fork(struct task *child, u64 flags)
{
	struct task *me = task_current();

	if (!me->rseq || (flags & CLONE_VM))
		return;
	child->rseq = me->rseq;
	child->rseq_len = me->rseq_len;
	child->rseq_signature = me->rseq_signature;
	child->thread->rseq_cpu = ~0u;
	child->thread->rseq_on = true;
}

void rseq_exec(void)
{
	forget(task_current());
}
