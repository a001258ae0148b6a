/*
 * When the groups of an interface are to be told of: IGMP and MLD alike. Each group may have to be
 * reported because a router asked, and told of because it changed; those that have to are in a
 * tree, the earliest first, so that a timer finds the next one whatever their number.
 *
 * The lock is the owner's.
 */
#pragma once

#include "lib/rbtree.h"

/* Of one group; all zero at first. Its owner sets the times and calls mcast_due_set(). */
struct mcast_due {
	struct rb_node node;
	u64 report_at;           /* when to report as asked; 0: not */
	u64 change_at;           /* when to tell of a change again; 0: told */
	u64 at;                  /* the earlier one; 0: not in the tree */
	u8 changes_left;         /* how often a change is to be told of yet */
};

/* Of one interface. */
struct mcast_dues { struct rb_root root; struct rb_node *first; };

/* Its times have changed. */
void mcast_due_set(struct mcast_dues *all, struct mcast_due *d);
/* The group goes: it has no time any more. */
void mcast_due_drop(struct mcast_dues *all, struct mcast_due *d);
/* A change is to be told of now, and `times` in all. */
void mcast_due_changed(struct mcast_dues *all, struct mcast_due *d, u64 now, u8 times);
/* A router wants a report at `at`, or earlier if it was promised. */
void mcast_due_asked(struct mcast_dues *all, struct mcast_due *d, u64 at);
/* What is due of it now is done: whether it was a change, whose next telling, if there is one left,
 * is at `again`. */
bool mcast_due_done(struct mcast_dues *all, struct mcast_due *d, u64 now, u64 again);
/* The one with the earliest time, or NULL. */
static inline struct mcast_due *mcast_due_first(const struct mcast_dues *all)
{
	return rb_entry_or_null(all->first, struct mcast_due, node);
}
