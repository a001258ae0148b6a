/*
 * fs/ext/ext_balloc.c - which blocks a file gets.
 *
 * A request names a goal: the block after the file's last one, or the start of its inode's group.
 * The first of these that has free blocks decides: the file's window; the goal itself; a run as
 * long as the next window, in the goal's group and then in the others; any run; and when only
 * windows of other files are left, a block of theirs. What remains of the run becomes the file's
 * new window, twice as long each time that a window was used up in sequence. Blocks that were freed
 * in a transaction that is not stable are nobody's (ext_freed.c).
 *
 * A search that finds no run long enough is remembered, of its group and of the whole file system,
 * so that the next one does not look at every short run again (ext_runs.c). The last searches, for
 * a single block, do not ask.
 *
 * The count of free blocks is charged first, so that a request that passes will find a block and
 * the reserve of the superuser stays; what was not found is credited back. Blocks for pages that
 * are written later were charged when the pages became dirty (ext_delayed.c).
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_bitmap.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_super.h"

#include "abi/stat.h"
#include "lib/bitmap.h"

#define WINDOW_FIRST	8u	/* blocks */
#define WINDOW_MAX	1024u
#define WINDOW_DELAYED	2048u	/* for blocks that are known to come */

struct balloc {
	struct ext_fs *fs;
	struct ext_inode *ei;
	u64 goal;
	u32 want;	/* blocks charged */
	u32 target;	/* length of a run worth a window */
	bool windowed;	/* the file keeps a window */
	bool in_window;	/* the goal lies in it */
	bool respect;	/* go around windows of others */
	u64 block;	/* result */
	u32 got;
};

/* Charges up to `want` blocks: how many, 0 if there are none for this caller. */
static u32 balloc_charge(struct ext_fs *fs, u32 want, bool reserve)
{
	s64 free = __atomic_load_n(&fs->free_blocks, __ATOMIC_RELAXED), n;

	do {
		s64 room = free - (reserve ? 0 : fs->reserved_blocks);

		if (room <= 0)
			return 0;
		n = min((s64)want, room);
	} while (!__atomic_compare_exchange_n(&fs->free_blocks, &free, free - n, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return (u32)n;
}

bool ext_blocks_promise(struct ext_fs *fs, u32 n, bool reserve)
{
	s64 free = __atomic_load_n(&fs->free_blocks, __ATOMIC_RELAXED);

	do {
		if (free - (reserve ? 0 : fs->reserved_blocks) < (s64)n)
			return false;
	} while (!__atomic_compare_exchange_n(&fs->free_blocks, &free, free - n, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

void ext_blocks_unpromise(struct ext_fs *fs, u32 n)
{
	__atomic_add_fetch(&fs->free_blocks, (s64)n, __ATOMIC_RELAXED);
}

/* Takes up to `want` blocks of the file's promise: how many. */
static u32 promise_take(struct ext_inode *ei, u32 want)
{
	u32 n;

	if (!ei->uses_promise)
		return 0;
	spin_lock(&ei->spin);
	n = min(want, ei->promised);
	ei->promised -= n;
	spin_unlock(&ei->spin);
	return n;
}

/* What was charged for blocks that were not found. */
static void charge_return(struct balloc *r, u32 n, bool promised)
{
	if (!promised) {
		ext_blocks_unpromise(r->fs, n);
		return;
	}
	spin_lock(&r->ei->spin);
	r->ei->promised += n;
	spin_unlock(&r->ei->spin);
}

/* Cuts [*start, *end) to its first part that this file may take; false if nothing is left. */
static bool balloc_trim(const struct balloc *r, u64 *start, u64 *end)
{
	if (r->respect && !r->in_window && !ext_window_trim(r->fs, &r->ei->window, start, end))
		return false;
	return ext_freed_trim(r->fs, start, end);
}

/* The first run of at least `least` free blocks from bit `from` on: false if there is none. */
static bool balloc_find(struct balloc *r, u32 group, const u64 *map, u32 from, u32 least, u32 *bit,
			u32 *length)
{
	u64 base = ext_group_first_block(&r->fs->geo, group);
	u32 nbits = ext_group_blocks(&r->fs->geo, group), longest = max(r->target, r->want);

	while (from < nbits) {
		u32 a = (u32)bitmap_find_next_zero(map, nbits, from);
		u64 start, end;

		if (a >= nbits)
			return false;
		end = bitmap_find_next_set(map, min(nbits, a + longest), a);
		from = (u32)end;
		start = base + a;
		end += base;
		if (!balloc_trim(r, &start, &end)) {
			/* Nothing is left of it, and what took it may reach further. */
			from = (u32)min(max(start, end) - base, (u64)nbits);
			continue;
		}
		/* The run begins later than it seemed: it may also reach further. */
		if (start > base + a) {
			from = (u32)(start - base);
			continue;
		}
		from = (u32)(end - base);
		if (end - start >= least) {
			*bit = (u32)(start - base);
			*length = (u32)(end - start);
			return true;
		}
	}
	return false;
}

/*
 * Takes from a run of `length` free blocks what is wanted; the rest becomes the window.
 * group->lock held.
 */
static int balloc_take(struct balloc *r, u32 group, struct bblock *b, u32 bit, u32 length)
{
	struct ext_group *g = ext_group_nth(r->fs, group);
	u32 n = min(length, r->want);

	if (g->free_blocks < n) {
		WRITE_ONCE(g->bad, true);
		return ext_error(r->fs, "group %u has more free blocks than it counts", group);
	}
	bitmap_set_range(b->data, bit, n);
	g->free_blocks -= n;
	__atomic_sub_fetch(&r->fs->unused_blocks, n, __ATOMIC_RELAXED);
	if (bit <= g->first_free)
		g->first_free = bit + n;
	ext_block_bitmap_dirty(r->fs, group, b);
	r->block = ext_group_first_block(&r->fs->geo, group) + bit;
	r->got = n;
	if (r->in_window)
		ext_window_use(r->fs, &r->ei->window, r->block + n);
	else if (r->windowed)
		ext_window_set(r->fs, &r->ei->window, r->block + n, r->block + length);
	return 0;
}

/* A run of `least` blocks in all of a group, from bit `from` on first. group->lock held. */
static bool balloc_seek(struct balloc *r, u32 group, const u64 *map, u32 from, u32 least, u32 *bit,
			u32 *length)
{
	struct ext_group *g = ext_group_nth(r->fs, group);
	u32 begun = ext_runs_begin(&g->runs);

	if (r->respect && ext_runs_lack(&g->runs, least))
		return false;
	if (balloc_find(r, group, map, from, least, bit, length))
		return true;
	if (from > g->first_free &&
	    balloc_find(r, group, map, g->first_free, least, bit, length))
		return true;
	if (r->respect && least > 1)
		ext_runs_none(&g->runs, begun, least);
	return false;
}

/*
 * What may be taken at the goal itself: of the file's window, where it lies in that; else all that
 * is wanted. False if that is not there. group->lock held.
 */
static bool balloc_at_goal(struct balloc *r, u32 group, const u64 *map, u32 bit, u32 *length)
{
	u64 base = ext_group_first_block(&r->fs->geo, group), start = r->goal, end;
	u32 nbits = ext_group_blocks(&r->fs->geo, group);

	end = base + bitmap_find_next_set(map, min(nbits, bit + max(r->target, r->want)), bit);
	if (r->in_window)
		end = min(end, r->ei->window.end);
	if (start == end || !balloc_trim(r, &start, &end) || start != r->goal)
		return false;
	*length = (u32)(end - start);
	return r->in_window || *length >= min(r->target, r->want);
}

/* Whether so many blocks cannot be had there, as far as can be told without the bitmap. */
static bool group_lacks(const struct ext_group *g, u32 n)
{
	return READ_ONCE(g->bad) || READ_ONCE(g->held) || READ_ONCE(g->free_blocks) < n;
}

/*
 * Looks for `least` blocks in one group, from bit `from` on first, or (0) at the goal, which that
 * is: 0 taken, -ENOSPC, -EIO …
 */
static int balloc_group(struct balloc *r, u32 group, u32 least, u32 from)
{
	struct ext_group *g = ext_group_nth(r->fs, group);
	u32 bit = from, length;
	struct bblock b;
	bool found;
	int err;

	if (group_lacks(g, max(least, 1u)) || (r->respect && ext_runs_lack(&g->runs, least)))
		return -ENOSPC;
	mutex_lock(&g->lock);
	err = group_lacks(g, 1) ? -ENOSPC : ext_block_bitmap_get(r->fs, group, &b);
	if (!err) {
		from = max(from, g->first_free);
		found = least ? balloc_seek(r, group, b.data, from, least, &bit, &length)
			      : balloc_at_goal(r, group, b.data, bit, &length);
		err = found ? balloc_take(r, group, &b, bit, length) : -ENOSPC;
		bcache_put(&b);
	}
	mutex_unlock(&g->lock);
	return err;
}

/* All groups, the goal's first: 0, -ENOSPC, -EIO, or -ENOMEM; damaged groups are passed over. */
static int balloc_search(struct balloc *r, u32 least)
{
	const struct ext_geo *geo = &r->fs->geo;
	u32 group = ext_block_group(geo, r->goal), begun = ext_runs_begin(&r->fs->runs);
	int err;

	if (r->respect && ext_runs_lack(&r->fs->runs, least))
		return -ENOSPC;
	err = balloc_group(r, group, least, (u32)(r->goal - ext_group_first_block(geo, group)));
	for (u32 i = 1; i < geo->n_groups && (err == -ABI_ENOSPC || err == -ABI_EIO); i++) {
		if (++group == geo->n_groups)
			group = 0;
		err = balloc_group(r, group, least, 0);
	}
	if (err == -ABI_ENOSPC && r->respect && least > 1)
		ext_runs_none(&r->fs->runs, begun, least);
	return err;
}

/* At the goal itself: 0, -ENOSPC, -EIO … */
static int balloc_goal(struct balloc *r)
{
	u32 group = ext_block_group(&r->fs->geo, r->goal);

	return balloc_group(r, group, 0,
			    (u32)(r->goal - ext_group_first_block(&r->fs->geo, group)));
}

/* The window is used up or in the wrong place: how long should the next one be? */
static void balloc_next_window(struct balloc *r)
{
	struct ext_window *w = &r->ei->window;
	bool sequential = r->goal == r->ei->next_block;
	u64 delayed;

	r->in_window = false;
	ext_window_drop(r->fs, w);
	if (!r->windowed)
		return;
	if (w->target == 0)
		w->target = S_ISDIR(r->ei->inode.mode) ? WINDOW_FIRST / 2 : WINDOW_FIRST;
	else if (sequential && w->target < WINDOW_MAX && !S_ISDIR(r->ei->inode.mode))
		w->target *= 2;
	else if (!sequential)
		w->target = WINDOW_FIRST;
	r->target = max(w->target, r->want);
	if (!r->ei->uses_promise)
		return;
	/* So many will follow; and as many as the window has, if somebody goes on writing. */
	delayed = READ_ONCE(r->ei->inode.blocks_delayed) >> (r->fs->geo.block_bits - 9);
	if (READ_ONCE(r->ei->inode.n_writers) <= 0)
		r->target = r->want;
	r->target = max(r->target, (u32)min(delayed, (u64)WINDOW_DELAYED));
}

/* Where the file may go on, or the next place: 0, -ENOSPC, -EIO, -ENOMEM. */
static int balloc_run(struct balloc *r)
{
	const struct ext_window *w = &r->ei->window;
	int err;

	r->in_window = r->goal >= w->start && r->goal < w->end;
	if (!r->in_window)
		balloc_next_window(r);
	err = balloc_goal(r);
	if (err && r->in_window)
		balloc_next_window(r);
	for (u32 least = r->target; least > 1 && (err == -ABI_ENOSPC || err == -ABI_EIO);
	     least /= 8)
		err = balloc_search(r, least);
	if (err == -ABI_ENOSPC || err == -ABI_EIO)
		err = balloc_search(r, 1);
	if (err == -ABI_ENOSPC || err == -ABI_EIO) {
		r->respect = false;
		err = balloc_search(r, 1);
	}
	return err;
}

u64 ext_goal_for_inode(const struct ext_inode *ei)
{
	return ext_group_first_block(&ext_fs_of(&ei->inode)->geo, ei->group);
}

int ext_blocks_alloc(struct ext_inode *ei, u64 goal, u32 want, bool reserve, u64 *block, u32 *got)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	struct balloc r = { .fs = fs, .ei = ei, .goal = goal, .target = 1, .respect = true };
	bool promised;
	int err;

	r.windowed = S_ISREG(ei->inode.mode) || S_ISDIR(ei->inode.mode);
	if (!ext_blocks_valid(&fs->geo, goal, 1))
		r.goal = ext_goal_for_inode(ei);
	r.want = promise_take(ei, want);
	promised = r.want != 0;
	if (!promised)
		r.want = balloc_charge(fs, want, reserve);
	if (!r.want)
		return -ENOSPC;
	err = balloc_run(&r);
	charge_return(&r, r.want - r.got, promised);
	if (err)
		return err;
	*block = r.block;
	*got = r.got;
	return 0;
}

/* Clears bits of one group. */
static int bfree_group(struct ext_fs *fs, u32 group, u64 block, u32 n)
{
	struct ext_group *g = ext_group_nth(fs, group);
	u32 bit = (u32)(block - ext_group_first_block(&fs->geo, group));
	struct bblock b;
	int err;

	mutex_lock(&g->lock);
	err = ext_block_bitmap_get(fs, group, &b);
	if (err)
		goto unlock;
	if (bitmap_find_next_zero(b.data, bit + n, bit) < bit + n ||
	    g->free_blocks + n > ext_group_blocks(&fs->geo, group)) {
		err = ext_error(fs, "blocks %llu to %llu are freed twice",
				(unsigned long long)block, (unsigned long long)block + n - 1);
	} else {
		bitmap_clear_range(b.data, bit, n);
		g->free_blocks += n;
		g->first_free = min(g->first_free, bit);
		g->trimmed = 0;
		if (fs->journal) {
			ext_freed_add(fs, group, block, n);
		} else {
			ext_runs_grew(fs, group);
			if (READ_ONCE(fs->opt.discard))
				(void)ext_discard(fs, block, n);
		}
		ext_block_bitmap_dirty(fs, group, &b);
		__atomic_add_fetch(&fs->free_blocks, n, __ATOMIC_RELAXED);
		__atomic_add_fetch(&fs->unused_blocks, n, __ATOMIC_RELAXED);
	}
	bcache_put(&b);
unlock:
	mutex_unlock(&g->lock);
	return err;
}

int ext_blocks_free(struct ext_fs *fs, u64 block, u64 count, bool metadata)
{
	int err = 0;

	if (!ext_blocks_valid(&fs->geo, block, count) || ext_overlaps_metadata(fs, block, count))
		return ext_error(fs, "blocks %llu to %llu cannot be freed",
				 (unsigned long long)block,
				 (unsigned long long)(block + count - 1));
	if (metadata)
		ext_block_forget(fs, block, count);
	while (count) {
		u32 group = ext_block_group(&fs->geo, block);
		u64 end =
			ext_group_first_block(&fs->geo, group) + ext_group_blocks(&fs->geo, group);
		u32 n = (u32)min(count, end - block);
		int one = bfree_group(fs, group, block, n);

		if (one)
			err = one;
		block += n;
		count -= n;
	}
	return err;
}

void ext_blocks_undo(struct ext_inode *ei, u64 block, u32 n, bool metadata)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);

	(void)ext_blocks_free(fs, block, n, metadata);
	if (!ei->uses_promise || !ext_blocks_promise(fs, n, true))
		return;
	spin_lock(&ei->spin);
	ei->promised += n;
	spin_unlock(&ei->spin);
}
