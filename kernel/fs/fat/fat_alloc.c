/*
 * fs/fat/fat_alloc.c - taking and freeing clusters.
 *
 * A file goes on where it ended, if that place is free; else from the hint on, which follows the
 * last allocation, so that what is written in turn lies in turn.
 */
#include "fs/fat/fat_int.h"

static u32 wrap(const struct fat_geo *geo, u32 cluster)
{
	return fat_cluster_valid(geo, cluster) ? cluster : FAT_FIRST;
}

/* The first free cluster from `at` on, once around: 0, -ENOSPC or an error. */
static int find_free(struct fat_cursor *c, u32 at, u32 *out)
{
	const struct fat_geo *geo = &c->fs->geo;
	u32 value;

	for (u32 n = fat_n_clusters(geo); n; n--) {
		int err = fat_table_get(c, at, &value);

		if (err)
			return err;
		if (value == FAT_FREE) {
			*out = at;
			return 0;
		}
		at = wrap(geo, at + 1);
		if (n % 4096 == 0)
			sched_point();
	}
	return -ENOSPC;
}

/* How many are free in a row from `at`, which is, up to `want`. */
static u32 count_free(struct fat_cursor *c, u32 at, u32 want)
{
	u32 n = 1, value;

	while (n < want && fat_cluster_valid(&c->fs->geo, at + n) &&
	       fat_table_get(c, at + n, &value) == 0 && value == FAT_FREE)
		n++;
	return n;
}

/* Chains n clusters from `at` on: how many it was possible for. */
static u32 chain_make(struct fat_cursor *c, u32 at, u32 n, int *err)
{
	for (u32 i = 0; i < n; i++) {
		*err = fat_table_set(c, at + i, i + 1 < n ? at + i + 1 : FAT_END);
		if (!*err)
			continue;
		if (i && fat_table_set(c, at + i - 1, FAT_END) == 0)
			*err = 0; /* so many are ours */
		return i;
	}
	return n;
}

/* fat_lock held. */
static int count_locked(struct fat_fs *fs)
{
	u32 n;
	int err = fat_table_count(fs, &n);

	if (err)
		return err;
	fs->info_dirty = fs->info_dirty || fs->free_clusters != n;
	fs->free_clusters = n;
	fs->counted = true;
	return 0;
}

int fat_clusters_alloc(struct fat_fs *fs, u32 goal, u32 want, u32 *cluster, u32 *got)
{
	struct fat_cursor c = fat_cursor(fs);
	u32 value = FAT_BAD;
	int err = 0;

	mutex_lock(&fs->fat_lock);
	if (fs->free_clusters == 0 && !fs->counted)
		err = count_locked(fs);
	if (!err && fs->free_clusters == 0)
		err = -ENOSPC;
	if (err)
		goto out;
	if (fat_cluster_valid(&fs->geo, goal))
		err = fat_table_get(&c, goal, &value);
	*cluster = goal;
	if (!err && value != FAT_FREE)
		err = find_free(&c, wrap(&fs->geo, fs->next_free), cluster);
	if (err == -ABI_ENOSPC) {
		fs->free_clusters = 0;
		fs->counted = true;
	}
	if (err)
		goto out;
	*got = chain_make(&c, *cluster, count_free(&c, *cluster, want), &err);
	if (err)
		goto out;
	if (fs->free_clusters != FAT_UNKNOWN)
		fs->free_clusters -= min(*got, fs->free_clusters);
	fs->next_free = *cluster + *got;
	fs->info_dirty = true;
out:
	fat_cursor_put(&c);
	mutex_unlock(&fs->fat_lock);
	return err;
}

int fat_clusters_link(struct fat_fs *fs, u32 cluster, u32 next)
{
	struct fat_cursor c = fat_cursor(fs);
	int err;

	mutex_lock(&fs->fat_lock);
	err = fat_table_set(&c, cluster, next);
	fat_cursor_put(&c);
	mutex_unlock(&fs->fat_lock);
	return err;
}

/* Clusters that were just freed belong to nobody: their buffers, and what the device keeps. */
static void run_release(struct fat_fs *fs, u32 cluster, u32 n, bool metadata)
{
	u32 shift = fs->geo.cluster_bits - fs->geo.sector_bits;
	u64 sector = fat_cluster_sector(&fs->geo, cluster);

	if (!n)
		return;
	if (metadata)
		bcache_forget(fs->dev, sector, fs->geo.sector_size, (u64)n << shift);
	if (fs->opt.discard && fs->dev->disk->discard)
		(void)blk_discard(fs->dev, sector << (fs->geo.sector_bits - 9),
				  (u64)n << (fs->geo.cluster_bits - 9));
}

int fat_clusters_free(struct fat_fs *fs, u32 cluster, bool metadata)
{
	struct fat_cursor c = fat_cursor(fs);
	u32 run = cluster, n = 0, freed = 0, next = FAT_BAD;
	int err = 0;

	mutex_lock(&fs->fat_lock);
	for (;;) {
		err = fat_table_get(&c, cluster, &next);
		if (!err && (next == FAT_FREE || next == FAT_BAD))
			err = -EUCLEAN;
		if (!err)
			err = fat_table_set(&c, cluster, FAT_FREE);
		if (err)
			break;
		freed++;
		if (run + n == cluster) {
			n++;
		} else {
			run_release(fs, run, n, metadata);
			run = cluster;
			n = 1;
		}
		if (next == FAT_END)
			break;
		cluster = next;
		if (freed % 4096 == 0)
			sched_point();
	}
	fat_cursor_put(&c);
	run_release(fs, run, n, metadata);
	if (fs->free_clusters != FAT_UNKNOWN)
		fs->free_clusters = min(fs->free_clusters + freed, fat_n_clusters(&fs->geo));
	fs->info_dirty = fs->info_dirty || freed;
	mutex_unlock(&fs->fat_lock);
	if (err == -ABI_EUCLEAN)
		err = fat_error(fs, "a chain leads to cluster %u, whose entry is %s", cluster,
				next == FAT_FREE ? "free" : "bad");
	return err;
}

int fat_free_count(struct fat_fs *fs, u32 *n)
{
	int err = 0;

	mutex_lock(&fs->fat_lock);
	if (!fs->counted && (fs->free_clusters == FAT_UNKNOWN || !fs->opt.usefree))
		err = count_locked(fs);
	*n = fs->free_clusters;
	mutex_unlock(&fs->fat_lock);
	return err;
}
