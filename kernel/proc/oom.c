/*
 * The end of memory: chooses the process whose death frees most (proc(5), oom_score) and kills it.
 * Called by an allocating thread, perhaps with locks held, so it takes nothing but proc_tree_lock
 * by trial.
 */
#include "core/log.h"
#include "proc/oom.h"
#include "proc/proc_int.h"
#include "proc/signal.h"

#define OOM_ADJ_MIN (-1000) /* never killed */

/* Pages it would free, moved by oom_score_adj in thousandths of all memory; 0: not to be killed. */
u64 oom_badness_locked(struct process *p)
{
	struct mm_stats stats;
	s64 points;

	if (p->is_init || !p->aspace || p->oom_score_adj == OOM_ADJ_MIN)
		return 0;
	mm_stats(&stats);
	points = (s64)aspace_resident(p->aspace) + p->oom_score_adj * (s64)(stats.total / 1000);
	return points > 0 ? (u64)points : 1;
}

/* The process with most points, or NULL. *dying: one has been killed already and still holds
 * memory. */
static struct process *victim_find_locked(bool *dying)
{
	struct process *victim = NULL;
	u64 most = 0;

	*dying = false;
	for (s32 nr = pid_next_used(1); nr; nr = pid_next_used(nr + 1)) {
		struct pid *pid = pid_find(nr);
		struct process *p = pid ? pid->process : NULL;
		u64 points;

		if (!p || p->state != PROCESS_ALIVE)
			continue;
		if (p->aspace && READ_ONCE(p->aspace->dying) && p->n_threads)
			*dying = true;
		points = oom_badness_locked(p);
		if (points > most) {
			most = points;
			victim = p;
		}
	}
	return victim;
}

static bool oom_kill(unsigned order)
{
	struct abi_siginfo info = signal_info_kernel(SIGKILL);
	struct process *victim;
	bool dying;

	/* Somebody else is at it, or we hold it ourselves: the allocation is tried again. */
	if (!spin_try_lock(&proc_tree_lock))
		return true;
	victim = victim_find_locked(&dying);
	if (!dying && victim) {
		log_err("out of memory: killed process %d (%s), %llu KiB resident", victim->pid->nr,
			list_first_entry(&victim->threads, struct task, link)->thread->name,
			(unsigned long long)aspace_resident(victim->aspace) * (PAGE_SIZE / 1024));
		WRITE_ONCE(victim->aspace->dying, true);
		signal_send_process(victim, &info);
	}
	spin_unlock(&proc_tree_lock);
	return dying || victim;
}

void oom_init(void)
{
	vm_set_oom_killer(oom_kill);
}
