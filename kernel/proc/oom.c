/*
 * The end of memory: chooses the process whose death frees most (proc(5), oom_score) and kills it,
 * with all that run in the same space. Called by an allocating thread, perhaps with locks held, so
 * it takes nothing but proc_tree_lock by trial. What memory was used for, and by whom, is logged
 * before.
 *
 * One victim at a time: while the memory of one may still come, nothing is killed. A victim that
 * cannot go (it waits for what the caller holds, or for a disk) loses its memory to the reclaim
 * thread, or after a second its turn (vm_oom_pending).
 */
#include "core/log.h"
#include "proc/oom.h"
#include "proc/proc_int.h"
#include "proc/signal.h"
#include "vm/pagecache.h"
#include "vm/swap.h"

#define OOM_ADJ_MIN (-1000) /* never killed */
#define TABLE_MAX 60        /* rows */

#define ULL(x) ((unsigned long long)(x))
#define PAGES_KIB(pages) ULL((pages) * (PAGE_SIZE / 1024))

static u64 memory_and_swap(void)
{
	struct mm_stats stats;
	u64 swap, free;

	mm_stats(&stats);
	swap_totals(&swap, &free);
	return max(stats.total + swap, (u64)1);
}

/* Pages that its death frees, moved by oom_score_adj in thousandths of memory and swap. */
static s64 badness(struct process *p)
{
	const struct aspace *as = p->aspace;
	u64 pages = aspace_resident(as) + READ_ONCE(as->n_swapped) +
		    READ_ONCE(as->pgtable.n_tables);

	return (s64)pages + p->oom_score_adj * (s64)memory_and_swap() / 1000;
}

static bool is_exempt(const struct process *p)
{
	return p->is_init || !p->aspace || p->oom_score_adj == OOM_ADJ_MIN;
}

u64 oom_score_locked(struct process *p)
{
	s64 score;

	if (is_exempt(p) || p->state != PROCESS_ALIVE)
		return 0;
	score = (1000 + badness(p) * 1000 / (s64)memory_and_swap()) * 2 / 3;
	return score > 0 ? (u64)score : 0;
}

/* Calls fn for each living process with memory; proc_tree_lock held. */
static void each_alive_locked(void (*fn)(struct process *p, void *arg), void *arg)
{
	for (s32 nr = pid_next_used(1); nr; nr = pid_next_used(nr + 1)) {
		struct pid *pid = pid_find(nr);
		struct process *p = pid ? pid->process : NULL;

		if (p && p->pid->nr == nr && p->state == PROCESS_ALIVE && p->aspace)
			fn(p, arg);
	}
}

struct choice {
	struct process *victim; /* the one with most points, or NULL */
	s64 most;
	bool pending;           /* one was killed, and its memory may still come */
};

static void consider(struct process *p, void *arg)
{
	struct choice *c = arg;
	s64 points;

	if (READ_ONCE(p->aspace->oom_ns)) {
		c->pending |= p->n_threads && vm_oom_pending(p->aspace);
		return;
	}
	if (is_exempt(p))
		return;
	points = badness(p);
	if (!c->victim || points > c->most) {
		c->most = points;
		c->victim = p;
	}
}

static const char *process_name(struct process *p)
{
	if (list_empty(&p->threads))
		return p->last.name;
	return list_first_entry(&p->threads, struct task, link)->thread->name;
}

static void log_row(struct process *p, void *arg)
{
	const struct aspace *as = p->aspace;
	unsigned *rows = arg;

	if ((*rows)++ >= TABLE_MAX)
		return;
	log_err("  %6d %9llu %9llu %9llu %6llu %5d  %s", p->pid->nr, PAGES_KIB(as->n_total),
		PAGES_KIB(aspace_resident(as)), PAGES_KIB(READ_ONCE(as->n_swapped)),
		PAGES_KIB(READ_ONCE(as->pgtable.n_tables)), p->oom_score_adj, process_name(p));
}

static void log_memory(void)
{
	struct pagecache_stats c;
	struct mm_stats m;
	u64 swap, free;

	mm_stats(&m);
	pagecache_stats(&c);
	swap_totals(&swap, &free);
	log_err("out of memory: of %llu KiB free %llu, page cache %llu, anonymous %llu, "
		"shared %llu", PAGES_KIB(m.total), PAGES_KIB(m.free),
		PAGES_KIB(c.pages - min(c.pages, c.shmem)), PAGES_KIB(c.anon), PAGES_KIB(c.shmem));
	log_err("out of memory: slab %llu, page tables %llu, stacks %llu; swap %llu KiB, free %llu",
		PAGES_KIB(m.slab_reclaimable + m.slab_unreclaimable), PAGES_KIB(m.tables),
		PAGES_KIB(m.stacks), PAGES_KIB(swap), PAGES_KIB(free));
}

static void log_table_locked(void)
{
	unsigned rows = 0;

	log_memory();
	log_err("     pid   virtual  resident   swapped tables   adj  name (KiB)");
	each_alive_locked(log_row, &rows);
	if (rows > TABLE_MAX)
		log_err("  ... and %u more", rows - TABLE_MAX);
}

/* Everybody who runs in the space gets the signal; init lives in no space of another. */
static void kill_user(struct process *p, void *arg)
{
	struct abi_siginfo info = signal_info_kernel(SIGKILL);

	if (p->aspace == arg && !p->is_init)
		signal_send_process(p, &info);
}

static void kill_locked(struct process *victim)
{
	struct aspace *as = victim->aspace;

	log_table_locked();
	log_err("out of memory: killed process %d (%s), %llu KiB resident, %llu KiB in swap, "
		"oom_score_adj %d", victim->pid->nr, process_name(victim),
		PAGES_KIB(aspace_resident(as)), PAGES_KIB(READ_ONCE(as->n_swapped)),
		victim->oom_score_adj);
	each_alive_locked(kill_user, as);
	vm_oom_victim(as);
}

static bool oom_kill(unsigned order)
{
	struct choice c = { 0 };

	if (!spin_try_lock(&proc_tree_lock))
		return true; /* another is at it, or we hold it: the allocation is tried again */
	each_alive_locked(consider, &c);
	if (!c.pending && c.victim)
		kill_locked(c.victim);
	spin_unlock(&proc_tree_lock);
	return c.pending || c.victim;
}

void oom_init(void)
{
	vm_set_oom_killer(oom_kill);
}
