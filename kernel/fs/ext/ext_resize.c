/*
 * fs/ext/ext_resize.c - a mounted file system grows (EXT4_IOC_RESIZE_FS, resize2fs(8)).
 *
 * First the last group gets the blocks that it lacks, then whole groups follow, one by one. What is
 * in a new group's blocks is stable before anything leads there (ext_resize_group.c); then one
 * handle enters its descriptor and changes the superblock, so that whenever the power fails the
 * file system is whole, of a size on the way. Without a journal the descriptor is stable before
 * the superblock, and that before anybody takes blocks of the group.
 *
 * A descriptor that begins a new block of these gets it from the resize inode (ext_resize_inode.c),
 * or with meta_bg from its own group. When the inode has nothing left, or where there is none, the
 * file system becomes one with meta_bg.
 *
 * Who reads does so without a lock: a group's structure is complete before the number of groups
 * says that it is there, that number greater before the number of blocks, and the two change under
 * the group's lock. What never shrinks may be read late.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_bitmap.h"
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_resize.h"
#include "fs/ext/ext_super.h"

#include "abi/capability.h"
#include "arch/usercopy.h"
#include "lib/bitmap.h"
#include "mm/slab.h"
#include "sched/thread.h"

#define BATCH 16u			/* groups that are written before they are entered */
#define BATCH_BYTES (4u << 20)		/* of their inode tables, where these are written */

struct resize {
	struct ext_fs *fs;
	u64 want;			/* blocks */
	u64 n_blocks, reserved;		/* at the beginning: the share that is reserved stays */
	struct ext_new_group groups[BATCH];
};

/* What was changed is stable before what follows; with a journal that sees to it. */
static void order(struct ext_fs *fs)
{
	if (!fs->journaled)
		bcache_settle(fs->dev);
}

/* The superblock says so many blocks, and what a new group (NULL: none) adds. In a handle. */
static void super_grow(const struct resize *r, u64 n_blocks, const struct ext_new_group *n)
{
	struct ext_fs *fs = r->fs;
	struct ext_super *s = fs->super;
	u64 reserved = r->reserved * n_blocks / r->n_blocks;

	mutex_lock(&fs->super_lock);
	s->blocks_count_lo = (u32)n_blocks;
	s->r_blocks_count_lo = (u32)reserved;
	if (n) {
		s->inodes_count += fs->geo.inodes_per_group;
		if (s->overhead_blocks)
			s->overhead_blocks += ext_new_group_overhead(fs, n);
		WRITE_ONCE(fs->overhead, fs->overhead + ext_new_group_overhead(fs, n));
	}
	if (n && n->new_gdt && fs->geo.compat & EXT_COMPAT_RESIZE_INODE)
		s->reserved_gdt_blocks--;
	ext_super_dirty(fs);
	mutex_unlock(&fs->super_lock);
	WRITE_ONCE(fs->reserved_blocks, (s64)reserved);
	order(fs);
}

static void count_blocks(struct ext_fs *fs, u32 group, u32 n)
{
	ext_runs_grew(fs, group);
	__atomic_add_fetch(&fs->unused_blocks, n, __ATOMIC_RELAXED);
	__atomic_add_fetch(&fs->free_blocks, n, __ATOMIC_RELAXED);
}

/* The last group, of n blocks, whose bitmap is `b`, has them free from the next one to `end`. */
static void last_extend(struct ext_fs *fs, u32 group, struct bblock *b, u64 end)
{
	struct ext_group *g = ext_group_nth(fs, group);
	u32 from, n;

	mutex_lock(&g->lock);
	from = ext_group_blocks(&fs->geo, group);
	n = (u32)(end - fs->geo.n_blocks);
	WRITE_ONCE(fs->geo.n_blocks, end);
	bitmap_clear_range(b->data, from, n);
	g->free_blocks += n;
	g->first_free = min(g->first_free, from);
	g->trimmed = 0;
	ext_block_bitmap_dirty(fs, group, b);
	mutex_unlock(&g->lock);
	count_blocks(fs, group, n);
}

/* The last group becomes longer: 0 or an error. */
static int resize_last(struct resize *r)
{
	struct ext_fs *fs = r->fs;
	u32 group = fs->geo.n_groups - 1;
	struct ext_group *g = ext_group_nth(fs, group);
	u64 end = min(r->want, ext_group_first_block(&fs->geo, group + 1));
	struct bblock b;
	int err;

	if (end <= fs->geo.n_blocks)
		return 0;
	err = ext_begin(fs, 3);
	if (err)
		return err;
	mutex_lock(&g->lock);
	err = ext_block_bitmap_get(fs, group, &b);
	mutex_unlock(&g->lock);
	if (!err) {
		super_grow(r, end, NULL);
		last_extend(fs, group, &b, end);
		bcache_put(&b);
		ext_state_sum_up(fs);
	}
	ext_end(fs);
	return err;
}

/* The group is entered: everybody may know it now. */
static void group_publish(struct ext_fs *fs, const struct ext_new_group *n)
{
	struct ext_group *g = ext_group_nth(fs, n->number);
	struct ext_geo *geo = &fs->geo;

	mutex_lock(&g->lock);
	store_release(&geo->n_groups, n->number + 1);
	store_release(&geo->n_inodes, geo->n_inodes + geo->inodes_per_group);
	store_release(&geo->n_blocks, geo->n_blocks + n->n_blocks);
	mutex_unlock(&g->lock);
	__atomic_add_fetch(&fs->free_inodes, geo->inodes_per_group, __ATOMIC_RELAXED);
	count_blocks(fs, n->number, g->free_blocks);
}

/* In a handle with all that is needed: 0, or an error and nothing has changed. */
static int group_enter(struct resize *r, const struct ext_new_group *n,
		       struct ext_reserve *reserve)
{
	struct ext_fs *fs = r->fs;
	struct ext_geo *geo = &fs->geo;
	u32 index = n->number / geo->descs_per_block;

	if (n->new_gdt) {
		int err = bcache_get_new(fs->dev, ext_gdt_location(fs, index), geo->block_size,
					 ext_gdt_nth(fs, index));

		if (err) {
			ext_gdt_nth(fs, index)->page = NULL;
			return err;
		}
	}
	ext_reserve_take(fs, n, reserve);
	store_release(&geo->n_gdt_blocks, index + 1);
	ext_group_enter(fs, n->number, &n->desc);
	order(fs);
	super_grow(r, geo->n_blocks + n->n_blocks, n);
	group_publish(fs, n);
	ext_state_sum_up(fs);
	return 0;
}

/* A group that was written: 0 or an error. */
static int group_add(struct resize *r, const struct ext_new_group *n)
{
	struct ext_fs *fs = r->fs;
	u32 credits = 2 + ext_reserve_credits(fs, n);
	struct ext_reserve reserve;
	int err = ext_groups_reserve(fs, n->number);

	if (err)
		return err;
	err = ext_reserve_open(fs, n, &reserve);
	if (err)
		return err;
	err = ext_begin(fs, credits);
	if (!err) {
		err = group_enter(r, n, &reserve);
		ext_end(fs);
	}
	ext_reserve_close(&reserve);
	return err;
}

/* The next block of descriptors will be in the first of the groups that it describes. */
static int become_meta_bg(struct ext_fs *fs)
{
	struct ext_super *s = fs->super;
	int err;

	if (s->rev_level == 0)
		return -EOPNOTSUPP;
	err = ext_begin(fs, 1 + EXT_RESERVE_END_CREDITS);
	if (err)
		return err;
	err = ext_reserve_end(fs);
	if (!err) {
		mutex_lock(&fs->super_lock);
		s->feature_compat &= ~(u32)EXT_COMPAT_RESIZE_INODE;
		s->feature_incompat |= EXT_INCOMPAT_META_BG;
		s->first_meta_bg = fs->geo.n_gdt_blocks;
		fs->geo.compat &= ~(u32)EXT_COMPAT_RESIZE_INODE;
		fs->geo.incompat |= EXT_INCOMPAT_META_BG;
		fs->geo.first_meta_bg = fs->geo.n_gdt_blocks;
		ext_super_dirty(fs);
		mutex_unlock(&fs->super_lock);
		order(fs);
	}
	ext_end(fs);
	return err;
}

/* Sees to it that the next group's descriptor has a place. */
static int descriptors_ready(struct ext_fs *fs)
{
	const struct ext_geo *geo = &fs->geo;

	if (geo->n_groups % geo->descs_per_block || geo->n_gdt_blocks >= geo->first_meta_bg)
		return 0;
	if (geo->compat & EXT_COMPAT_RESIZE_INODE && fs->super->reserved_gdt_blocks)
		return 0;
	return become_meta_bg(fs);
}

/* How many groups are written at once. */
static u32 batch_size(const struct ext_geo *geo)
{
	if (geo->metadata_csum || geo->gdt_csum)
		return BATCH;
	return clamp(BATCH_BYTES / (geo->itable_blocks << geo->block_bits), 1u, BATCH);
}

/* Some groups more: 1, 0 if there is no room for another, or an error. */
static int resize_batch(struct resize *r)
{
	struct ext_fs *fs = r->fs;
	u32 first = fs->geo.n_groups, n = 0;
	int err;

	if (ext_group_first_block(&fs->geo, first) >= r->want)
		return 0;
	err = descriptors_ready(fs);
	while (!err && n < batch_size(&fs->geo) &&
	       ext_new_group_plan(fs, first + n, r->want, &r->groups[n])) {
		if (n && r->groups[n].new_gdt)
			break;
		err = ext_new_group_write(fs, &r->groups[n]);
		n++;
	}
	if (!err && n)
		err = ext_meta_sync(fs);
	for (u32 i = 0; i < n && !err; i++)
		err = group_add(r, &r->groups[i]);
	return err ? err : n != 0;
}

static int resize_all(struct resize *r)
{
	struct ext_fs *fs = r->fs;
	u32 first = (fs->geo.n_groups - 1) / fs->geo.descs_per_block;
	int err = resize_last(r), more = !err, last;

	while (more > 0) {
		sched_point();
		more = thread_fatal_pending() ? -EINTR : resize_batch(r);
	}
	err = err ? err : more;
	if (fs->geo.n_blocks == r->n_blocks)
		return err;
	super_log(fs->sb, LOG_INFO, "grown from %llu to %llu blocks",
		  (unsigned long long)r->n_blocks, (unsigned long long)fs->geo.n_blocks);
	last = ext_backup_all(fs, first);
	err = err ? err : last;
	last = ext_sync_super(fs->sb, true);
	return err ? err : last;
}

/* Whether the file system may have so many blocks: 0, -EINVAL, -ENOSPC. */
static int size_check(const struct ext_fs *fs, u64 n)
{
	const struct ext_geo *geo = &fs->geo;
	u64 groups;

	if (n < geo->n_blocks || n >> 32)
		return -EINVAL;
	groups = DIV_ROUND_UP(n - geo->first_data_block, geo->blocks_per_group);
	if (groups * geo->inodes_per_group > ~0u)
		return -EINVAL;
	return n > fs->dev->n_sectors >> (geo->block_bits - 9) ? -ENOSPC : 0;
}

/* Whether it may be made larger at all: 0, -EPERM, -EROFS, -EOPNOTSUPP. */
static int state_check(const struct ext_fs *fs)
{
	if (!cred_capable(cred_caller(), CAP_SYS_RESOURCE))
		return -EPERM;
	if (!READ_ONCE(fs->writable))
		return -EROFS;
	if (fs->geo.compat & EXT_COMPAT_SPARSE_SUPER2 ||
	    (fs->geo.compat & EXT_COMPAT_RESIZE_INODE && fs->geo.incompat & EXT_INCOMPAT_META_BG))
		return -EOPNOTSUPP;
	if (READ_ONCE(fs->had_errors) || fs->super->state & EXT_STATE_ERROR) {
		super_log(fs->sb, LOG_WARNING, "errors were found in it: it cannot grow");
		return -EPERM;
	}
	return 0;
}

long ext_resize_ioctl(struct file *file, u64 arg)
{
	struct ext_fs *fs = ext_fs_of(file->inode);
	struct resize *r;
	int err = state_check(fs);
	u64 n;

	if (copy_in_obj(&n, (const u64 __user *)arg))
		return -EFAULT;
	if (err)
		return err;
	r = kzalloc(sizeof(*r), MM_KERNEL);
	if (!r)
		return -ENOMEM;
	err = -EBUSY;
	if (!__atomic_exchange_n(&fs->resizing, true, __ATOMIC_ACQUIRE)) {
		*r = (struct resize){ .fs = fs, .want = n, .n_blocks = fs->geo.n_blocks,
				      .reserved = (u64)fs->reserved_blocks };
		err = size_check(fs, n);
		if (!err)
			err = resize_all(r);
		__atomic_store_n(&fs->resizing, false, __ATOMIC_RELEASE);
	}
	kfree(r);
	return err;
}
