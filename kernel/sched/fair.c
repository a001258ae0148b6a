/*
 * The fair class: virtual deadlines (Stoica and Abdel-Wahab, "Earliest Eligible Virtual Deadline
 * First", 1995).
 *
 * Each thread has a virtual run time, its real one divided by its weight, and asks for
 * SCHED_SLICE_NS at a time: that request's virtual deadline is the virtual time at which it began
 * plus the slice divided by the weight. The thread with the earliest deadline runs; when it has
 * used its slice it asks anew. All requests are of one length, so the order of deadlines alone
 * keeps everyone within a slice of the fair share.
 *
 * A queue's min_vruntime follows those who run there. Who wakes after a long sleep starts at most
 * one slice behind it, so that it soon runs but has not saved up the time it slept.
 *
 * Virtual times of two queues mean nothing to each other; who moves keeps the distance to
 * min_vruntime (run_migrate).
 */
#include "sched/run_int.h"

static inline struct thread *thread_of(struct rb_node *node)
{
	return rb_entry(node, struct thread, run_node);
}

static inline bool before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static inline u64 slice_of(const struct thread *t)
{
	return to_virtual(SCHED_SLICE_NS, t->weight);
}

void fair_insert(struct runqueue *rq, struct thread *t)
{
	struct rb_node **link = &rq->fair.node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (before(t->deadline, thread_of(parent)->deadline)) {
			link = &parent->left;
		} else {
			link = &parent->right;
			first = false;
		}
	}
	if (first)
		rq->earliest = &t->run_node;
	rb_link(&t->run_node, parent, link);
	rb_insert(&rq->fair, &t->run_node);
}

void fair_remove(struct runqueue *rq, struct thread *t)
{
	if (rq->earliest == &t->run_node)
		rq->earliest = rb_next(&t->run_node);
	rb_erase(&rq->fair, &t->run_node);
}

void fair_place_new(struct runqueue *rq, struct thread *t)
{
	t->vruntime = rq->min_vruntime;
	t->deadline = t->vruntime + slice_of(t);
}

void fair_place_woken(struct runqueue *rq, struct thread *t)
{
	u64 slice = slice_of(t), floor = rq->min_vruntime - SCHED_SLICE_NS;

	if (before(t->vruntime, floor))
		t->vruntime = floor;
	/* What is left of the old request still counts, unless time has passed it. */
	if (!before(t->vruntime, t->deadline) || t->deadline - t->vruntime > slice)
		t->deadline = t->vruntime + slice;
}

void fair_charge(struct runqueue *rq, struct thread *curr, u64 ns)
{
	u64 least;

	curr->vruntime += to_virtual(ns, curr->weight);
	least = curr->vruntime;
	if (rq->earliest && before(thread_of(rq->earliest)->vruntime, least))
		least = thread_of(rq->earliest)->vruntime;
	if (before(rq->min_vruntime, least))
		rq->min_vruntime = least;
}

bool fair_renew(struct thread *curr)
{
	if (before(curr->vruntime, curr->deadline))
		return false;
	curr->deadline = curr->vruntime + slice_of(curr);
	return true;
}

void fair_yield(struct runqueue *rq, struct thread *curr)
{
	struct rb_node *last = rb_last(&rq->fair);
	u64 behind, limit = curr->vruntime + 2 * slice_of(curr);

	if (!last)
		return;
	behind = thread_of(last)->deadline + 1;
	if (before(limit, behind))
		behind = limit;
	if (before(curr->deadline, behind))
		curr->deadline = behind;
}
