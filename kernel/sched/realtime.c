/*
 * The real-time class (sched(7)): a list for each priority; the first thread of the highest one
 * runs. SCHED_FIFO runs until it blocks or something more urgent comes; SCHED_RR goes to the end of
 * its list when its interval is over. Who was interrupted by a more urgent thread stays first of
 * its list.
 */
#include "lib/bitops.h"
#include "sched/run_int.h"

void rt_insert(struct runqueue *rq, struct thread *t, bool front)
{
	struct list *list = &rq->rt[t->rt_priority];

	if (front)
		list_add(&t->run_link, list);
	else
		list_add_tail(&t->run_link, list);
	rq->rt_levels[t->rt_priority / 64] |= BIT(t->rt_priority % 64);
}

void rt_remove(struct runqueue *rq, struct thread *t)
{
	list_del(&t->run_link);
	if (list_empty(&rq->rt[t->rt_priority]))
		rq->rt_levels[t->rt_priority / 64] &= ~BIT(t->rt_priority % 64);
}

struct thread *rt_first(struct runqueue *rq)
{
	unsigned level = rq->rt_levels[1] ? 64 + ilog2(rq->rt_levels[1]) : ilog2(rq->rt_levels[0]);

	return list_first_entry(&rq->rt[level], struct thread, run_link);
}
