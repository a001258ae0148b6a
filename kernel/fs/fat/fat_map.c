/*
 * fs/fat/fat_map.c - from a file's clusters to the disk's.
 *
 * Step 6 on the walk of read(2). A chain can only be followed from its start, so each inode keeps
 * the runs that were seen on the way, from the first cluster on, and goes on from there. There may
 * be RUNS_MAX of them: in a file with more pieces one more run is kept (far), which serves those
 * who read on. A chain is never followed further than a file or directory can be long, nor further
 * than there are clusters, so that one that bites its tail ends.
 */
#include "fs/fat/fat_int.h"

#include "lib/string.h"
#include "mm/kmap.h"

#define RUNS_MAX	8192u
#define RUN_AHEAD	256u	/* clusters that a walk goes on beyond what was asked for */

static u32 chain_limit(const struct fat_inode *fi)
{
	const struct fat_fs *fs = fat_fs_of(&fi->inode);
	u32 n = fat_clusters_for(fs, S_ISDIR(fi->inode.mode) ? FAT_DIR_MAX : 0xffffffffu);

	return min(n, fat_n_clusters(&fs->geo));
}

void fat_map_fini(struct fat_inode *fi)
{
	kvfree(fi->runs);
	fi->runs = NULL;
}

/* The run that holds `logical`, which is below known. */
static const struct fat_run *run_find(const struct fat_inode *fi, u32 logical)
{
	u32 low = 0, high = fi->n_runs;

	while (high - low > 1) {
		u32 middle = (low + high) / 2;

		if (fi->runs[middle].logical <= logical)
			low = middle;
		else
			high = middle;
	}
	return &fi->runs[low];
}

static void run_cut(const struct fat_run *from, u32 logical, u32 max, struct fat_run *run)
{
	u32 skip = logical - from->logical;

	*run = (struct fat_run){ logical, from->cluster + skip, min(from->count - skip, max) };
}

/* Room for one more run: false if there may be no more, or no memory. */
static bool runs_grow(struct fat_inode *fi)
{
	u32 room = fi->room ? min(fi->room * 4, RUNS_MAX) : 4;
	struct fat_run *runs;

	if (fi->n_runs < fi->room)
		return true;
	if (fi->n_runs == RUNS_MAX)
		return false;
	runs = kvmalloc(room * sizeof(*runs), MM_WAIT | MM_NOFS);
	if (!runs)
		return false;
	if (fi->n_runs)
		memcpy(runs, fi->runs, fi->n_runs * sizeof(*runs));
	kvfree(fi->runs);
	fi->runs = runs;
	fi->room = room;
	return true;
}

/* Adds the cluster that follows `known`: false if it can only be remembered as far. */
static bool runs_add(struct fat_inode *fi, u32 cluster, u32 count)
{
	struct fat_run *last = fi->n_runs ? &fi->runs[fi->n_runs - 1] : NULL;

	if (last && last->cluster + last->count == cluster) {
		last->count += count;
	} else {
		if (!runs_grow(fi))
			return false;
		fi->runs[fi->n_runs++] = (struct fat_run){ fi->known, cluster, count };
	}
	WRITE_ONCE(fi->known, fi->known + count);
	return true;
}

/* Enters a cluster where the way along the chain has got to. */
static void step_enter(struct fat_inode *fi, u32 logical, u32 cluster)
{
	if (logical == fi->known && runs_add(fi, cluster, 1))
		return;
	if (fi->far.count && fi->far.logical + fi->far.count == logical &&
	    fi->far.cluster + fi->far.count == cluster)
		fi->far.count++;
	else
		fi->far = (struct fat_run){ logical, cluster, 1 };
}

/* Where a walk to `logical` begins: the last cluster known before it. False: at the start. */
static bool walk_begin(const struct fat_inode *fi, u32 logical, u32 *at, u32 *cluster)
{
	const struct fat_run *last = fi->n_runs ? &fi->runs[fi->n_runs - 1] : NULL;

	if (fi->far.count && fi->far.logical + fi->far.count <= logical)
		last = &fi->far;
	if (!last)
		return false;
	*at = last->logical + last->count - 1;
	*cluster = last->cluster + last->count - 1;
	return true;
}

static void chain_end(struct fat_inode *fi, u32 n, u32 last)
{
	fi->complete = true;
	fi->n_clusters = n;
	fi->last = last;
}

static int chain_bad(struct fat_inode *fi, const char *why)
{
	return fat_error(fat_fs_of(&fi->inode), "file of cluster %u: %s", fi->start, why);
}

/*
 * Follows the chain until `logical` is known, and while it stays contiguous a bit further, or to
 * its end: 0 or an error. map_lock held for writing.
 */
static int walk(struct fat_inode *fi, u32 logical)
{
	struct fat_fs *fs = fat_fs_of(&fi->inode);
	struct fat_cursor c = fat_cursor(fs);
	u32 at = 0, cluster = fi->start, next = FAT_END, limit = chain_limit(fi);
	const char *why = NULL;
	int err = 0;

	if (cluster == 0) {
		chain_end(fi, 0, 0);
		return 0;
	}
	if (!walk_begin(fi, logical, &at, &cluster))
		step_enter(fi, 0, cluster);
	mutex_lock(&fs->fat_lock);
	while (at < limit) {
		err = fat_table_get(&c, cluster, &next);
		if (err)
			break;
		if (next == FAT_END) {
			chain_end(fi, at + 1, cluster);
			break;
		}
		if (next == FAT_FREE || next == FAT_BAD) {
			why = next == FAT_FREE ? "its chain ends in a free cluster" :
						 "its chain leads out of the volume";
			break;
		}
		if (at >= logical && (next != cluster + 1 || at - logical >= RUN_AHEAD))
			break;
		cluster = next;
		step_enter(fi, ++at, cluster);
		if (at % 4096 == 0)
			sched_point();
	}
	fat_cursor_put(&c);
	mutex_unlock(&fs->fat_lock);
	if (at >= limit)
		why = "its chain is longer than can be";
	return why && at < logical ? chain_bad(fi, why) : err;
}

/* Whether the run at `logical` is known. map_lock held. */
static bool map_known(const struct fat_inode *fi, u32 logical, u32 max, struct fat_run *run)
{
	if (logical < fi->known)
		run_cut(run_find(fi, logical), logical, max, run);
	else if (logical - fi->far.logical < fi->far.count)
		run_cut(&fi->far, logical, max, run);
	else
		return false;
	return true;
}

/* The last cluster whose place is known to be right before the end of the chain is. */
static int walk_to_end(struct fat_inode *fi)
{
	u32 limit = chain_limit(fi);
	int err = 0;

	while (!err && !fi->complete) {
		u32 far_end = fi->far.logical + fi->far.count, at = max(fi->known, far_end);

		if (at > limit)
			return chain_bad(fi, "its chain is longer than can be");
		err = walk(fi, at);
	}
	return err;
}

int fat_map(struct inode *inode, u32 logical, u32 max, struct fat_run *run)
{
	struct fat_inode *fi = fat_i(inode);
	bool found;
	int err = 0;

	rwsem_read(&fi->map_lock);
	found = map_known(fi, logical, max, run);
	rwsem_read_end(&fi->map_lock);
	if (likely(found))
		return 0;
	rwsem_write(&fi->map_lock);
	if (!fi->complete || logical < fi->n_clusters)
		err = walk(fi, logical);
	if (!err && !map_known(fi, logical, max, run))
		err = chain_bad(fi, "its chain is shorter than its size");
	rwsem_write_end(&fi->map_lock);
	return err;
}

int fat_map_length(struct inode *inode, u32 *n)
{
	struct fat_inode *fi = fat_i(inode);
	int err;

	rwsem_write(&fi->map_lock);
	err = walk_to_end(fi);
	*n = fi->n_clusters;
	rwsem_write_end(&fi->map_lock);
	return err;
}

/* One more run at the end of the chain, whose end is known. */
static int chain_append(struct fat_inode *fi, u32 want)
{
	struct fat_fs *fs = fat_fs_of(&fi->inode);
	u32 cluster, got;
	int err = fat_clusters_alloc(fs, fi->last ? fi->last + 1 : 0, want, &cluster, &got);

	if (err)
		return err;
	if (fi->n_clusters) {
		err = fat_clusters_link(fs, fi->last, cluster);
		if (err) {
			(void)fat_clusters_free(fs, cluster, false);
			return err;
		}
	} else {
		fi->start = cluster;
		inode_dirty(&fi->inode);
	}
	if (fi->n_clusters == fi->known)
		(void)runs_add(fi, cluster, got);
	chain_end(fi, fi->n_clusters + got, cluster + got - 1);
	fi->inode.blocks = (u64)fi->n_clusters << (fs->geo.cluster_bits - 9);
	return 0;
}

int fat_map_extend(struct inode *inode, u32 n)
{
	struct fat_inode *fi = fat_i(inode);
	u32 needed = fat_clusters_for(fat_fs_of(inode), (u64)inode->size);
	int err = 0;

	if (!fat_writable(inode))
		return -EROFS;
	rwsem_write(&fi->map_lock);
	if (fi->known < n)
		err = walk_to_end(fi);
	if (!err && fi->complete && fi->n_clusters < min(needed, n))
		err = chain_bad(fi, "its chain is shorter than its size");
	while (!err && fi->known < n && fi->n_clusters < n)
		err = chain_append(fi, n - fi->n_clusters);
	rwsem_write_end(&fi->map_lock);
	return err;
}

/* What is known of the chain ends at n clusters. */
static void runs_truncate(struct fat_inode *fi, u32 n)
{
	fi->far.count = 0;
	if (n >= fi->known)
		return;
	while (fi->n_runs && fi->runs[fi->n_runs - 1].logical >= n)
		fi->n_runs--;
	if (fi->n_runs)
		fi->runs[fi->n_runs - 1].count = n - fi->runs[fi->n_runs - 1].logical;
	WRITE_ONCE(fi->known, n);
}

/* The cluster at n - 1 becomes the last one: 0 and the rest of the chain, or an error. */
static int chain_cut(struct fat_inode *fi, u32 n, u32 *rest)
{
	struct fat_fs *fs = fat_fs_of(&fi->inode);
	struct fat_cursor c = fat_cursor(fs);
	struct fat_run run;
	int err = walk(fi, n - 1);

	if (err)
		return err;
	if (!map_known(fi, n - 1, 1, &run)) {
		*rest = FAT_END; /* it is shorter already */
		return 0;
	}
	mutex_lock(&fs->fat_lock);
	err = fat_table_get(&c, run.cluster, rest);
	if (!err && *rest != FAT_END)
		err = fat_table_set(&c, run.cluster, FAT_END);
	fat_cursor_put(&c);
	mutex_unlock(&fs->fat_lock);
	if (!err)
		chain_end(fi, n, run.cluster);
	return err;
}

int fat_map_truncate(struct inode *inode, u32 n)
{
	struct fat_inode *fi = fat_i(inode);
	struct fat_fs *fs = fat_fs_of(inode);
	u32 rest = FAT_END;
	int err = 0;

	if (!fat_writable(inode))
		return -EROFS;
	rwsem_write(&fi->map_lock);
	if (n == 0) {
		rest = fi->start ? fi->start : FAT_END;
		fi->start = 0;
		chain_end(fi, 0, 0);
	} else {
		err = chain_cut(fi, n, &rest);
	}
	if (!err)
		runs_truncate(fi, n);
	if (!err && fat_cluster_valid(&fs->geo, rest))
		err = fat_clusters_free(fs, rest, S_ISDIR(inode->mode));
	if (fi->complete)
		inode->blocks = (u64)fi->n_clusters << (fs->geo.cluster_bits - 9);
	rwsem_write_end(&fi->map_lock);
	inode_dirty(inode);
	return err;
}

bool fat_map_has_excess(const struct inode *inode)
{
	const struct fat_inode *fi = fat_i(inode);

	return READ_ONCE(fi->complete) && fi->n_clusters >
		fat_clusters_for(fat_fs_of(inode), (u64)READ_ONCE(inode->size));
}

void fat_map_trim(struct inode *inode)
{
	if (fat_map_has_excess(inode) && fat_writable(inode))
		(void)fat_map_truncate(inode, fat_clusters_for(fat_fs_of(inode),
							       (u64)inode->size));
}

int fat_locate(struct inode *inode, u64 offset, u64 *lba, u64 *n_sectors)
{
	struct fat_fs *fs = fat_fs_of(inode);
	const u32 bits = fs->geo.cluster_bits;
	u64 within = (offset & (fs->geo.cluster_size - 1)) >> 9;
	struct fat_run run;
	int err = fat_map(inode, (u32)(offset >> bits), 1u << 20, &run);

	if (err)
		return err;
	*lba = (fat_cluster_sector(&fs->geo, run.cluster) << (fs->geo.sector_bits - 9)) + within;
	*n_sectors = ((u64)run.count << (bits - 9)) - within;
	return 0;
}
