/*
 * fs/fat/fat_trim.c - FITRIM (fstrim(8)): the device is told which clusters hold nothing. The table
 * is written first, since after a crash the disk's decides; then nobody takes a cluster meanwhile.
 */
#include "fs/fat/fat_int.h"

#include "abi/capability.h"
#include "abi/fstrim.h"
#include "arch/usercopy.h"

/* Clusters from first to last, in runs of at least min_run; how many were discarded. */
struct trim { u64 first, last, min_run, done; };

static int trim_run(struct fat_fs *fs, u32 cluster, u32 n, struct trim *t)
{
	int err;

	if (!n || n < t->min_run)
		return 0;
	err = blk_discard(fs->dev, fat_cluster_sector(&fs->geo, cluster) <<
			  (fs->geo.sector_bits - 9), (u64)n << (fs->geo.cluster_bits - 9));
	if (!err)
		t->done += n;
	return err;
}

/* fat_lock held. */
static int trim_locked(struct fat_fs *fs, struct trim *t)
{
	struct fat_cursor c = fat_cursor(fs);
	u32 run = 0, value;
	int err = 0;

	for (u64 at = t->first; at <= t->last && !err && !thread_fatal_pending(); at++) {
		err = fat_table_get(&c, (u32)at, &value);
		if (err)
			break;
		if (value == FAT_FREE) {
			run++;
		} else {
			err = trim_run(fs, (u32)at - run, run, t);
			run = 0;
		}
		if (at % 4096 == 0)
			sched_point();
	}
	if (!err && !thread_fatal_pending())
		err = trim_run(fs, (u32)t->last + 1 - run, run, t);
	fat_cursor_put(&c);
	return err;
}

long fat_trim(struct file *file, u64 arg)
{
	struct fat_fs *fs = fat_fs_of(file->inode);
	const u64 behind = (u64)FAT_FIRST + fat_n_clusters(&fs->geo);
	const u32 bits = fs->geo.cluster_bits;
	struct abi_fstrim_range range;
	struct trim t = { 0 };
	int err = 0;

	if (!cred_capable(cred_caller(), CAP_SYS_ADMIN))
		return -EPERM;
	if (!fs->dev->disk->discard)
		return -EOPNOTSUPP;
	if (copy_in_obj(&range, (const struct abi_fstrim_range __user *)arg) < 0)
		return -EFAULT;
	t.first = max(range.start >> bits, (u64)FAT_FIRST);
	t.last = min(t.first + (range.len >> bits), behind) - 1;
	t.min_run = range.minlen >> bits;
	if (t.first >= behind || !(range.len >> bits))
		return -EINVAL;
	if (fat_writable(file->inode)) {
		err = super_write_inodes(file->inode->sb);
		if (!err)
			err = fat_sync_super(file->inode->sb, true);
	}
	if (!err) {
		mutex_lock(&fs->fat_lock);
		err = trim_locked(fs, &t);
		mutex_unlock(&fs->fat_lock);
	}
	if (err)
		return err;
	range.len = t.done << bits;
	return copy_out_obj((struct abi_fstrim_range __user *)arg, &range);
}
