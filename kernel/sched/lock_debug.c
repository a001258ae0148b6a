/*
 * Order of sleeping locks in debug builds: each thread remembers the ranks it holds, and taking one
 * below the highest of them is reported, with a backtrace, the first few times. Release builds
 * never call this.
 */
#include "core/log.h"
#include "core/panic.h"
#include "sched/lock_debug_int.h"
#include "sched/mutex.h"

#define REPORTS_MAX 20

static unsigned reports;

void lock_debug_push(enum lock_rank rank, const char *name, bool check)
{
	struct lock_debug_held held = lock_debug_held(thread_current());

	if (!held.ranks)
		return;
	for (unsigned i = 0; check && rank != RANK_NONE && i < *held.n; i++) {
		if (held.ranks[i] <= rank)
			continue;
		if (__atomic_fetch_add(&reports, 1, __ATOMIC_RELAXED) < REPORTS_MAX) {
			log_err("lock order: %s (rank %u) taken while rank %u is held", name, rank,
				held.ranks[i]);
			backtrace_log();
		}
		break;
	}
	if (*held.n < held.max)
		held.ranks[(*held.n)++] = (u8)rank;
}

void lock_debug_pop(enum lock_rank rank)
{
	struct lock_debug_held held = lock_debug_held(thread_current());
	unsigned i;

	if (!held.ranks)
		return;
	for (i = *held.n; i-- > 0;) {
		if (held.ranks[i] == rank) {
			for (; i + 1u < *held.n; i++)
				held.ranks[i] = held.ranks[i + 1];
			--*held.n;
			return;
		}
	}
}
