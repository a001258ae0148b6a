/*
 * fs/ext/ext_trim.c - the device is told which blocks hold nothing: FITRIM (fstrim(8)) and, with
 * the mount option discard, each time that blocks were freed.
 *
 * FITRIM goes group by group, under the group's lock, so that nobody takes a block while it is
 * discarded. What was freed and is not on the disk yet is made so first, since after a crash it
 * belongs to its old files again; what is freed meanwhile stays for the next time (ext_freed.c). A
 * group all of which was told of is passed over until a block is freed there, or shorter runs
 * count.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_bitmap.h"
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_super.h"

#include "abi/capability.h"
#include "abi/fstrim.h"
#include "arch/usercopy.h"
#include "lib/bitmap.h"

/* The range in blocks, how many were discarded, and whether some were left for the next time. */
struct trim { u64 start, end, min_run, done; bool left; };

int ext_discard(struct ext_fs *fs, u64 block, u64 n)
{
	const u32 shift = fs->geo.block_bits - 9;

	return blk_discard(fs->dev, block << shift, n << shift);
}

/* Discards what may be of free blocks [start, end). group->lock held. */
static int trim_free(struct ext_fs *fs, u64 start, u64 end, struct trim *t)
{
	while (start < end) {
		u64 a = start, b = end;
		bool any = ext_freed_trim(fs, &a, &b);
		int err;

		t->left |= !any || a != start || b != end;
		if (!any)
			return 0;
		if (b - a >= t->min_run) {
			err = ext_discard(fs, a, b - a);
			if (err)
				return err;
			t->done += b - a;
		}
		start = b;
	}
	return 0;
}

/* The same of a group's bits [first, last), as far as no one kills us. */
static int trim_bits(struct ext_fs *fs, u64 base, const u64 *map, u32 first, u32 last,
		     struct trim *t)
{
	int err = 0;

	while (first < last && !err && !thread_fatal_pending()) {
		u32 end;

		first = (u32)bitmap_find_next_zero(map, last, first);
		if (first >= last)
			break;
		end = (u32)min(bitmap_find_next_set(map, last, first), (size_t)last);
		err = trim_free(fs, base + first, base + end, t);
		first = end;
	}
	return err;
}

/*
 * A group that nothing was ever taken from gets its bitmap, which is a change: 1, or 0 if nothing
 * can be changed now (the group is passed over), or an error.
 */
static int bitmap_ready(struct ext_fs *fs, u32 group)
{
	struct ext_group *g = ext_group_nth(fs, group);
	struct bblock b;
	int err;

	if (!(READ_ONCE(g->desc->flags) & EXT_BG_BLOCK_UNINIT))
		return 1;
	if (!READ_ONCE(fs->writable) || !gate_try_enter(fs->sb->gate, GATE_SYNC))
		return 0;
	err = ext_begin(fs, 2);
	if (!err) {
		mutex_lock(&g->lock);
		err = ext_block_bitmap_get(fs, group, &b);
		if (!err)
			bcache_put(&b);
		mutex_unlock(&g->lock);
		ext_end(fs);
	}
	gate_leave(fs->sb->gate, GATE_SYNC);
	return err ? err : 1;
}

static int trim_group(struct ext_fs *fs, u32 group, struct trim *t)
{
	struct ext_group *g = ext_group_nth(fs, group);
	u64 base = ext_group_first_block(&fs->geo, group);
	u32 n = ext_group_blocks(&fs->geo, group), first, last;
	struct bblock b;
	int err;

	if (READ_ONCE(g->bad) || READ_ONCE(g->held) || READ_ONCE(g->free_blocks) < t->min_run)
		return 0;
	err = bitmap_ready(fs, group);
	if (err <= 0)
		return err;
	first = (u32)(max(t->start, base) - base);
	last = (u32)(min(t->end, base + n) - base);
	t->left = false;
	mutex_lock(&g->lock);
	if (g->trimmed && g->trimmed <= t->min_run) {
		err = 0;
		goto unlock;
	}
	err = ext_block_bitmap_get(fs, group, &b);
	if (err)
		goto unlock;
	err = trim_bits(fs, base, b.data, first, last, t);
	if (!err && !t->left && first == 0 && last == n && !thread_fatal_pending())
		g->trimmed = (u32)t->min_run;
	bcache_put(&b);
unlock:
	mutex_unlock(&g->lock);
	return err;
}

static int trim_range(struct ext_fs *fs, struct trim *t)
{
	const struct ext_geo *geo = &fs->geo;
	int err = 0;

	/* While it is frozen everything is written. */
	if (READ_ONCE(fs->writable) && gate_try_enter(fs->sb->gate, GATE_SYNC)) {
		err = super_write_inodes(fs->sb);
		if (!err)
			err = ext_sync_super(fs->sb, true);
		gate_leave(fs->sb->gate, GATE_SYNC);
	}
	for (u32 i = 0; i < geo->n_groups && !err && !thread_fatal_pending(); i++) {
		u64 base = ext_group_first_block(geo, i);

		if (base >= t->end || base + ext_group_blocks(geo, i) <= t->start)
			continue;
		err = trim_group(fs, i, t);
		sched_point();
	}
	return err;
}

long ext_trim(struct file *file, u64 arg)
{
	struct ext_fs *fs = ext_fs_of(file->inode);
	const u32 bits = fs->geo.block_bits;
	struct abi_fstrim_range range;
	struct trim t = { 0 };
	int err;

	if (!cred_capable(cred_caller(), CAP_SYS_ADMIN))
		return -EPERM;
	if (!fs->dev->disk->discard)
		return -EOPNOTSUPP;
	if (fs->overlaid || fs->opt.noload)
		return -EROFS;
	if (copy_in_obj(&range, (const struct abi_fstrim_range __user *)arg) < 0)
		return -EFAULT;
	t.start = range.start >> bits;
	t.end = t.start + (range.len >> bits);
	t.min_run = max(range.minlen >> bits, (u64)1);
	if (t.min_run > fs->geo.blocks_per_group || t.start >= fs->geo.n_blocks ||
	    range.len < fs->geo.block_size)
		return -EINVAL;
	t.start = max(t.start, (u64)fs->geo.first_data_block);
	t.end = min(max(t.end, t.start), fs->geo.n_blocks);
	err = trim_range(fs, &t);
	if (err)
		return err;
	range.len = t.done << bits;
	return copy_out_obj((struct abi_fstrim_range __user *)arg, &range);
}
