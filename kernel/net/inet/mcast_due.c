/*
 * Times at which groups are to be told of, in order.
 */
#include "net/inet/mcast_due.h"

static bool less(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct mcast_due, node)->at < rb_entry(b, struct mcast_due, node)->at;
}

static u64 earlier(u64 a, u64 b)
{
	return a && b ? min(a, b) : a ?: b;
}

void mcast_due_set(struct mcast_dues *all, struct mcast_due *d)
{
	u64 at = earlier(d->report_at, d->change_at);

	if (at == d->at)
		return;
	if (d->at) {
		if (all->first == &d->node)
			all->first = rb_next(&d->node);
		rb_erase(&all->root, &d->node);
	}
	d->at = at;
	if (at && rb_add(&all->root, &d->node, less))
		all->first = &d->node;
}

void mcast_due_drop(struct mcast_dues *all, struct mcast_due *d)
{
	d->report_at = d->change_at = 0;
	mcast_due_set(all, d);
}

void mcast_due_changed(struct mcast_dues *all, struct mcast_due *d, u64 now, u8 times)
{
	d->changes_left = times ?: 1;
	d->change_at = now;
	mcast_due_set(all, d);
}

void mcast_due_asked(struct mcast_dues *all, struct mcast_due *d, u64 at)
{
	d->report_at = earlier(d->report_at, at);
	mcast_due_set(all, d);
}

bool mcast_due_done(struct mcast_dues *all, struct mcast_due *d, u64 now, u64 again)
{
	bool change = d->change_at && d->change_at <= now;

	if (d->report_at && d->report_at <= now)
		d->report_at = 0;
	if (change)
		d->change_at = --d->changes_left ? again : 0;
	mcast_due_set(all, d);
	return change;
}
