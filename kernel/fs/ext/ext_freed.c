/*
 * fs/ext/ext_freed.c - blocks that were freed in a transaction which is not stable.
 *
 * A crash before its commit gives them back to their old owner, so nobody may write to them until
 * then. The bitmaps say that they are free, as they must for the commit; allocation goes around
 * the stretches in this tree. Where there is no memory for another stretch, nothing at all is
 * taken from the group until the commit.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_meta.h"

#include "fs/jbd/jbd_check.h"
#include "mm/slab.h"

struct freed {
	struct rb_node node;	/* by start; they never overlap */
	u64 start, end;		/* physical, end exclusive */
	u32 tid;
};

/* The first stretch that ends above `block`. freed_lock held. */
static struct freed *freed_after(struct ext_fs *fs, u64 block)
{
	struct rb_node *n = fs->freed.node;
	struct freed *best = NULL;

	while (n) {
		struct freed *f = rb_entry(n, struct freed, node);

		if (f->end > block) {
			best = f;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

static bool freed_less(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct freed, node)->start < rb_entry(b, struct freed, node)->start;
}

/*
 * Lengthens a stretch of the same transaction that ends or begins there. Two that meet become one,
 * as searches walk them: *spare is to be freed, or NULL. freed_lock held.
 */
static bool freed_join(struct ext_fs *fs, u64 start, u64 end, u32 tid, struct freed **spare)
{
	struct freed *before = start ? freed_after(fs, start - 1) : NULL;
	struct freed *after = freed_after(fs, end);

	if (before && (before->tid != tid || before->end != start))
		before = NULL;
	if (after && (after->tid != tid || after->start != end))
		after = NULL;
	*spare = NULL;
	if (before && after) {
		rb_erase(&fs->freed, &after->node);
		before->end = after->end;
		*spare = after;
	} else if (before) {
		before->end = end;
	} else if (after) {
		after->start = start;
	}
	return before || after;
}

void ext_freed_add(struct ext_fs *fs, u32 group, u64 block, u32 n)
{
	struct ext_group *g = ext_group_nth(fs, group);
	u32 tid = ext_tid(fs);
	struct freed *f;
	bool joined;

	spin_lock(&fs->freed_lock);
	joined = freed_join(fs, block, block + n, tid, &f);
	spin_unlock(&fs->freed_lock);
	kfree(f);
	if (joined)
		return;
	f = kmalloc(sizeof(*f), MM_WAIT | MM_NOFS);
	spin_lock(&fs->freed_lock);
	if (f) {
		*f = (struct freed){ .start = block, .end = block + n, .tid = tid };
		rb_add(&fs->freed, &f->node, freed_less);
	} else {
		g->held_tid = tid;
		WRITE_ONCE(g->held, true);
		fs->held = true;
	}
	spin_unlock(&fs->freed_lock);
}

bool ext_freed_trim(struct ext_fs *fs, u64 *start, u64 *end)
{
	struct freed *f;

	if (rb_empty(&fs->freed))
		return true;
	spin_lock(&fs->freed_lock);
	for (f = freed_after(fs, *start); f && f->start < *end; f = freed_after(fs, *start)) {
		if (f->start > *start) {
			*end = f->start;
			break;
		}
		*start = f->end;
		if (*start >= *end)
			break;
	}
	spin_unlock(&fs->freed_lock);
	return *start < *end;
}

bool ext_freed_any(const struct ext_fs *fs)
{
	return !rb_empty(&fs->freed) || READ_ONCE(fs->held);
}

/* Groups that were held as a whole. freed_lock held. */
static void held_release(struct ext_fs *fs, u32 tid)
{
	fs->held = false;
	for (u32 i = 0; i < fs->geo.n_groups; i++) {
		struct ext_group *g = ext_group_nth(fs, i);

		if (g->held && jbd_later(g->held_tid, tid)) {
			fs->held = true;
		} else if (g->held) {
			WRITE_ONCE(g->held, false);
			ext_runs_grew(fs, i);
		}
	}
}

/*
 * What the transaction made free is discarded while it is still in the tree, so that nobody takes
 * it; nobody else takes anything out.
 */
static void freed_discard(struct ext_fs *fs, u32 tid)
{
	struct rb_node *n;
	int err = 0;

	spin_lock(&fs->freed_lock);
	for (n = rb_first(&fs->freed); n && !err; n = rb_next(n)) {
		struct freed *f = rb_entry(n, struct freed, node);
		u64 start = f->start, count = f->end - f->start;

		if (jbd_later(f->tid, tid))
			continue;
		spin_unlock(&fs->freed_lock);
		err = ext_discard(fs, start, count);
		spin_lock(&fs->freed_lock);
	}
	spin_unlock(&fs->freed_lock);
}

void ext_freed_release(struct ext_fs *fs, u32 tid)
{
	struct rb_node *n, *next;

	if (READ_ONCE(fs->opt.discard))
		freed_discard(fs, tid);
	spin_lock(&fs->freed_lock);
	for (n = rb_first(&fs->freed); n; n = next) {
		struct freed *f = rb_entry(n, struct freed, node);

		next = rb_next(n);
		if (jbd_later(f->tid, tid))
			continue;
		rb_erase(&fs->freed, n);
		/* Runs that were not found may be there now. */
		for (u32 i = ext_block_group(&fs->geo, f->start);
		     i <= ext_block_group(&fs->geo, f->end - 1); i++)
			ext_runs_grew(fs, i);
		kfree(f);
	}
	if (fs->held)
		held_release(fs, tid);
	spin_unlock(&fs->freed_lock);
}

void ext_freed_fini(struct ext_fs *fs)
{
	struct rb_node *n;

	while ((n = rb_first(&fs->freed))) {
		struct freed *f = rb_entry(n, struct freed, node);

		rb_erase(&fs->freed, n);
		kfree(f);
	}
}
