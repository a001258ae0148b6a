/*
 * fs/ext/ext_group.c - block groups: where their descriptors are, and what blocks they occupy.
 *
 * The file system is cut into groups of equal size, each with a block bitmap, an inode bitmap and a
 * part of the inode table, named by its descriptor. The descriptor table follows the superblock, or
 * with meta_bg each block of it stands in the first group that it describes. Its blocks stay in
 * memory while mounted. The counts are also kept in struct ext_group, for searches without a lock.
 */
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_super.h"

#include "lib/string.h"
#include "mm/kmap.h"

/* With sparse_super, backups are in groups 0, 1 and powers of 3, 5 and 7. */
static bool group_is_power(u32 group, u32 base)
{
	u64 power = base;

	while (power < group)
		power *= base;
	return power == group;
}

bool ext_group_has_super(const struct ext_geo *geo, const struct ext_super *s, u32 group)
{
	if (group == 0)
		return true;
	if (geo->compat & EXT_COMPAT_SPARSE_SUPER2)
		return group == s->backup_bgs[0] || group == s->backup_bgs[1];
	if (group == 1 || !(geo->ro_compat & EXT_RO_SPARSE_SUPER))
		return true;
	return group & 1 && (group_is_power(group, 3) || group_is_power(group, 5) ||
			     group_is_power(group, 7));
}

u64 ext_gdt_location(const struct ext_fs *fs, u32 n)
{
	const struct ext_geo *geo = &fs->geo;
	u32 group;

	if (n < geo->first_meta_bg)
		return (fs->opt.super_at << 10 >> geo->block_bits) + 1 + n;
	group = n * geo->descs_per_block;
	return ext_group_first_block(geo, group) + ext_group_has_super(geo, fs->super, group);
}

u32 ext_group_head_blocks(const struct ext_fs *fs, u32 group)
{
	const struct ext_geo *geo = &fs->geo;
	u32 index = group / geo->descs_per_block, in_meta = group % geo->descs_per_block;
	bool super = ext_group_has_super(geo, fs->super, group);
	u32 n = super;

	if (index < geo->first_meta_bg)
		return super ? n + min(geo->n_gdt_blocks, geo->first_meta_bg) +
			       fs->super->reserved_gdt_blocks : n;
	/*
	 * meta_bg: one block of descriptors in the first, second and last of the groups it
	 * describes
	 */
	if (in_meta == 0 || in_meta == 1 || in_meta == geo->descs_per_block - 1)
		n++;
	return n;
}

static struct ext_group_desc *desc_at(const struct ext_fs *fs, u32 n)
{
	const struct ext_geo *geo = &fs->geo;

	return (void *)((u8 *)ext_gdt_nth(fs, n / geo->descs_per_block)->data +
			(n % geo->descs_per_block) * geo->desc_size);
}

static int group_init(struct ext_fs *fs, u32 n)
{
	const struct ext_geo *geo = &fs->geo;
	struct ext_group *g = ext_group_nth(fs, n);
	const char *why;

	mutex_init(&g->lock, RANK_FS2, "ext group");
	g->desc = desc_at(fs, n);
	if (!ext_csum_group(geo, fs->super, n, g->desc)) {
		super_log(fs->sb, LOG_ERR, "descriptor of group %u: checksum is wrong", n);
		return -EINVAL;
	}
	why = ext_check_group(geo, n, g->desc);
	if (why) {
		super_log(fs->sb, LOG_ERR, "descriptor of group %u: %s", n, why);
		return -EINVAL;
	}
	g->head_blocks = ext_group_head_blocks(fs, n);
	g->free_blocks = ext_desc_free_blocks(geo, g->desc);
	g->free_inodes = ext_desc_free_inodes(geo, g->desc);
	g->dirs = ext_desc_used_dirs(geo, g->desc);
	fs->free_blocks += g->free_blocks;
	fs->unused_blocks += g->free_blocks;
	fs->free_inodes += g->free_inodes;
	fs->n_dirs += g->dirs;
	return 0;
}

void ext_group_enter(struct ext_fs *fs, u32 n, const struct ext_group_desc *desc)
{
	const struct ext_geo *geo = &fs->geo;
	struct ext_group *g = ext_group_nth(fs, n);
	struct ext_group_desc *d = desc_at(fs, n);

	memset(d, 0, geo->desc_size);
	memcpy(d, desc, min((size_t)geo->desc_size, sizeof(*desc)));
	ext_csum_group_set(geo, fs->super, n, d);
	ext_block_dirty(fs, ext_gdt_nth(fs, n / geo->descs_per_block));
	*g = (struct ext_group){ .desc = d };
	mutex_init(&g->lock, RANK_FS2, "ext group");
	g->head_blocks = ext_group_head_blocks(fs, n);
	g->free_blocks = ext_desc_free_blocks(geo, d);
	g->free_inodes = ext_desc_free_inodes(geo, d);
}

int ext_group_read(struct ext_fs *fs, u32 group, struct ext_group_desc *desc)
{
	const struct ext_geo *geo = &fs->geo;
	u64 block = ext_gdt_location(fs, group / geo->descs_per_block);
	const char *why;
	struct bblock b;
	int err;

	if (!ext_blocks_valid(geo, block, 1)) {
		super_log(fs->sb, LOG_ERR, "group descriptors beyond the device");
		return -EINVAL;
	}
	err = ext_block_get(fs, block, &b);
	if (err)
		return err;
	*desc = (struct ext_group_desc){ 0 };
	memcpy(desc, (u8 *)b.data + (group % geo->descs_per_block) * geo->desc_size,
	       min((size_t)geo->desc_size, sizeof(*desc)));
	bcache_put(&b);
	why = ext_check_group(geo, group, desc);
	if (why) {
		super_log(fs->sb, LOG_ERR, "descriptor of group %u: %s", group, why);
		return -EINVAL;
	}
	return 0;
}

/* A table's chunk of n elements of `size` bytes, if it is not there: whether it is. */
static bool chunk_make(void **chunk, u64 n, size_t size)
{
	if (!*chunk)
		store_release(chunk, kvmalloc(n * size, MM_KERNEL | MM_ZERO));
	return *chunk;
}

int ext_groups_reserve(struct ext_fs *fs, u32 group)
{
	u32 at, k = ext_chunk_of(fs->first_groups, group, &at);
	u64 n = (u64)fs->first_groups << (k ? k - 1 : 0);

	if (!chunk_make((void **)&fs->groups[k], n, sizeof(struct ext_group)))
		return -ENOMEM;
	k = ext_chunk_of(fs->first_gdt_blocks, group / fs->geo.descs_per_block, &at);
	n = (u64)fs->first_gdt_blocks << (k ? k - 1 : 0);
	return chunk_make((void **)&fs->gdt[k], n, sizeof(struct bblock)) ? 0 : -ENOMEM;
}

int ext_groups_load(struct ext_fs *fs)
{
	const struct ext_geo *geo = &fs->geo;
	int err;

	fs->first_gdt_blocks = geo->n_gdt_blocks;
	fs->first_groups = geo->n_groups;
	err = ext_groups_reserve(fs, 0);
	if (err)
		return err;
	for (u32 i = 0; i < geo->n_gdt_blocks; i++) {
		u64 block = ext_gdt_location(fs, i);

		if (!ext_blocks_valid(geo, block, 1)) {
			super_log(fs->sb, LOG_ERR, "group descriptors beyond the device");
			return -EINVAL;
		}
		err = ext_block_get(fs, block, ext_gdt_nth(fs, i));
		if (err) {
			ext_gdt_nth(fs, i)->page = NULL;
			super_log(fs->sb, LOG_ERR, "cannot read group descriptors");
			return err;
		}
	}
	for (u32 i = 0; i < geo->n_groups; i++) {
		err = group_init(fs, i);
		if (err)
			return err;
	}
	return 0;
}

/* A table's chunk of so many blocks. */
static void gdt_free(struct bblock *gdt, u32 n)
{
	for (u32 i = 0; gdt && i < n; i++)
		if (gdt[i].page)
			bcache_put(&gdt[i]);
	kvfree(gdt);
}

void ext_groups_free(struct ext_fs *fs)
{
	gdt_free(fs->away_gdt, fs->first_gdt_blocks);
	fs->away_gdt = NULL;
	for (u32 k = 0; k < EXT_CHUNKS; k++) {
		gdt_free(fs->gdt[k], fs->first_gdt_blocks << (k ? k - 1 : 0));
		kvfree(fs->groups[k]);
		fs->gdt[k] = NULL;
		fs->groups[k] = NULL;
	}
}

int ext_groups_go_home(struct ext_fs *fs)
{
	const struct ext_geo *geo = &fs->geo;
	struct bblock *gdt;

	if (fs->away_gdt) /* nothing grows before */
		return 0;
	gdt = kvmalloc(geo->n_gdt_blocks * sizeof(*gdt), MM_KERNEL | MM_ZERO);
	if (!gdt)
		return -ENOMEM;
	for (u32 i = 0; i < geo->n_gdt_blocks; i++) {
		int err = bcache_get(fs->dev, ext_gdt_location(fs, i), geo->block_size, &gdt[i]);

		if (err) {
			gdt[i].page = NULL;
			gdt_free(gdt, geo->n_gdt_blocks);
			return err;
		}
	}
	fs->away_gdt = fs->gdt[0];
	fs->gdt[0] = gdt;
	for (u32 i = 0; i < geo->n_groups; i++)
		WRITE_ONCE(ext_group_nth(fs, i)->desc, desc_at(fs, i));
	return 0;
}

/*
 * A sum over a bitmap of 4 KiB is much dearer than the change of a bit: in a transaction, which
 * takes bitmap and descriptor as they are at its end, it is made once, then. Files and directories
 * that come and go, and blocks taken one by one, would else pay for it each time.
 */
static void group_note_stale(struct ext_fs *fs, u32 group, u8 stale)
{
	struct ext_group *g = ext_group_nth(fs, group);

	if (!g->stale) {
		spin_lock(&fs->freed_lock);
		g->next_stale = fs->first_stale;
		fs->first_stale = group + 1;
		spin_unlock(&fs->freed_lock);
	}
	g->stale |= stale | EXT_STALE_DESC;
}

/* The descriptor takes the counts and goes to the disk some time. */
void ext_group_dirty(struct ext_fs *fs, u32 group, u8 stale)
{
	struct ext_group *g = ext_group_nth(fs, group);

	g->desc->free_blocks_lo = (u16)g->free_blocks;
	g->desc->free_inodes_lo = (u16)g->free_inodes;
	g->desc->used_dirs_lo = (u16)g->dirs;
	if (fs->geo.desc_size >= sizeof(*g->desc)) {
		g->desc->free_blocks_hi = (u16)(g->free_blocks >> 16);
		g->desc->free_inodes_hi = (u16)(g->free_inodes >> 16);
		g->desc->used_dirs_hi = (u16)(g->dirs >> 16);
	}
	if (fs->journal)
		group_note_stale(fs, group, stale);
	else
		ext_csum_group_set(&fs->geo, fs->super, group, g->desc);
	ext_block_dirty(fs, ext_gdt_nth(fs, group / fs->geo.descs_per_block));
}

/* Changed bitmaps are in the cache, where the transaction holds them. */
static int group_sum_up(struct ext_fs *fs, u32 group)
{
	struct ext_group *g = ext_group_nth(fs, group);
	struct bblock b;
	int err = 0;

	if (g->stale & EXT_STALE_BLOCKS) {
		err = ext_block_get(fs, ext_desc_block_bitmap(&fs->geo, g->desc), &b);
		if (err)
			return err;
		ext_csum_block_bitmap_set(&fs->geo, g->desc, b.data);
		bcache_put(&b);
	}
	if (g->stale & EXT_STALE_INODES) {
		err = ext_block_get(fs, ext_desc_inode_bitmap(&fs->geo, g->desc), &b);
		if (err)
			return err;
		ext_csum_inode_bitmap_set(&fs->geo, g->desc, b.data);
		bcache_put(&b);
	}
	ext_csum_group_set(&fs->geo, fs->super, group, g->desc);
	ext_block_dirty(fs, ext_gdt_nth(fs, group / fs->geo.descs_per_block));
	g->stale = 0;
	return 0;
}

void ext_groups_sum_up(struct ext_fs *fs)
{
	while (READ_ONCE(fs->first_stale)) {
		u32 group = fs->first_stale - 1;
		struct ext_group *g = ext_group_nth(fs, group);
		int err;

		mutex_lock(&g->lock);
		err = group_sum_up(fs, group);
		if (!err) {
			spin_lock(&fs->freed_lock);
			fs->first_stale = g->next_stale;
			spin_unlock(&fs->freed_lock);
		}
		mutex_unlock(&g->lock);
		if (err) {
			ext_abort(fs, err);
			return;
		}
	}
}

/* Whether [a, a + n) and [b, b + m) do; m may be 0: a group that begins without superblock. */
static inline bool overlap(u64 a, u64 n, u64 b, u64 m)
{
	return m && a < b + m && b < a + n;
}

bool ext_overlaps_metadata(const struct ext_fs *fs, u64 block, u64 n)
{
	const struct ext_geo *geo = &fs->geo;
	u32 first = ext_block_group(geo, block), last = ext_block_group(geo, block + n - 1);
	u32 flex = fs->super->log_groups_per_flex;

	if (!fs->groups[0])
		return false; /* only the journal is being read */
	/* Groups that belong together have theirs in the first of them. */
	if (geo->incompat & EXT_INCOMPAT_FLEX_BG && flex < 16) {
		first = first >> flex << flex;
		last = min(geo->n_groups - 1, last | ((1u << flex) - 1));
	}
	for (u32 i = first; i <= last; i++) {
		const struct ext_group *g = ext_group_nth(fs, i);
		const struct ext_group_desc *d = g->desc;

		if (overlap(block, n, ext_desc_block_bitmap(geo, d), 1) ||
		    overlap(block, n, ext_desc_inode_bitmap(geo, d), 1) ||
		    overlap(block, n, ext_desc_inode_table(geo, d), geo->itable_blocks) ||
		    overlap(block, n, ext_group_first_block(geo, i), g->head_blocks))
			return true;
	}
	return false;
}
