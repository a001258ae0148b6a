/*
 * fs/ext/ext_indirect.c - maps of ext2: direct and indirect blocks.
 *
 * i_block names the first twelve blocks of a file, then a block of block numbers, then a block of
 * such blocks, then one level more. A zero is a hole, of a block or of a whole subtree. Any number
 * that is out of range or lands in the file system's own tables is damage.
 *
 * Filling a hole takes all blocks first, the missing indirect ones and the data, builds the new
 * branch from its tip and hooks it in by one store at the end: what fails before leaves no trace.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_ordered.h"
#include "fs/ext/ext_super.h"

bool ext_path_of(const struct ext_geo *geo, u64 logical, struct ext_path *path)
{
	const u64 n = geo->addr_per_block;
	const u32 bits = geo->addr_bits, mask = geo->addr_per_block - 1;

	path->depth = 1;
	if (logical < EXT_NDIR) {
		path->offset[0] = (u32)logical;
		return true;
	}
	logical -= EXT_NDIR;
	path->depth = 2;
	if (logical < n) {
		path->offset[0] = EXT_IND;
		path->offset[1] = (u32)logical;
		return true;
	}
	logical -= n;
	path->depth = 3;
	if (logical < n << bits) {
		path->offset[0] = EXT_DIND;
		path->offset[1] = (u32)(logical >> bits);
		path->offset[2] = (u32)logical & mask;
		return true;
	}
	logical -= n << bits;
	path->depth = 4;
	path->offset[0] = EXT_TIND;
	path->offset[1] = (u32)(logical >> 2 * bits);
	path->offset[2] = (u32)(logical >> bits) & mask;
	path->offset[3] = (u32)logical & mask;
	return logical < n << 2 * bits;
}

u64 ext_map_limit(const struct ext_geo *geo)
{
	u64 n = geo->addr_per_block;

	return min(EXT_NDIR + n + n * n + n * n * n, (u64)~0u);
}

static int indirect_check(struct ext_inode *ei, u64 block, u64 count)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);

	if (likely(ext_blocks_valid(&fs->geo, block, count) &&
		   !ext_overlaps_metadata(fs, block, count)))
		return 0;
	return ext_inode_error(&ei->inode, "block number %llu is out of range",
			       (unsigned long long)block);
}

/* The run that begins at slot[0] of an array of which `left` slots remain. */
static int indirect_scan(struct ext_inode *ei, const u32 *slot, u32 left, u32 max,
			 struct ext_run *run)
{
	u32 n = 1, limit = min(left, max);

	run->block = slot[0];
	if (slot[0] == 0) {
		while (n < limit && slot[n] == 0)
			n++;
		run->count = n;
		return 0;
	}
	while (n < limit && slot[n] == slot[0] + n)
		n++;
	run->count = n;
	return indirect_check(ei, run->block, n);
}

/* An indirect block, looked at before it is read. */
static int indirect_get(struct ext_inode *ei, u32 block, struct bblock *b)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	int err = indirect_check(ei, block, 1);

	return err ? err : ext_block_get(fs, block, b);
}

/*
 * Goes down as far as there are blocks: *slot is then the place for the branch at level *level,
 * within *b (page NULL: within the inode). 0, or an error with nothing held.
 */
static int indirect_descend(struct ext_inode *ei, const struct ext_path *path, unsigned *level,
			    u32 **slot, struct bblock *b)
{
	struct bblock next;
	int err;

	b->page = NULL;
	*level = 0;
	*slot = &ei->block[path->offset[0]];
	while (*level + 1 < path->depth && **slot) {
		err = indirect_get(ei, **slot, &next);
		if (b->page)
			bcache_put(b);
		b->page = NULL;
		if (err)
			return err;
		*b = next;
		++*level;
		*slot = (u32 *)b->data + path->offset[*level];
	}
	return 0;
}

/* Slots from the path's end to the end of its array. */
static u32 indirect_left(const struct ext_geo *geo, const struct ext_path *path)
{
	u32 n = path->depth == 1 ? (u32)EXT_NDIR : geo->addr_per_block;

	return n - path->offset[path->depth - 1];
}

int ext_indirect_map(struct ext_inode *ei, u64 logical, u32 max, struct ext_run *run)
{
	const struct ext_geo *geo = &ext_fs_of(&ei->inode)->geo;
	struct ext_path path;
	struct bblock b;
	unsigned level;
	u32 *slot;
	int err;

	if (!ext_path_of(geo, logical, &path)) {
		*run = (struct ext_run){ 0, max };
		return 0;
	}
	err = indirect_descend(ei, &path, &level, &slot, &b);
	if (err)
		return err;
	if (level + 1 == path.depth) {
		err = indirect_scan(ei, slot, indirect_left(geo, &path), max, run);
	} else {
		/* A hole as wide as the subtree that is missing, from here to its end. */
		u32 below = (path.depth - 1 - level) * geo->addr_bits;
		u64 inside = 0;

		for (unsigned i = level + 1; i < path.depth; i++)
			inside = inside << geo->addr_bits | path.offset[i];
		run->block = 0;
		run->count = (u32)min(((u64)1 << below) - inside, (u64)max);
	}
	if (b.page)
		bcache_put(&b);
	return err;
}

/* Where the new block would lie best. */
static u64 indirect_goal(const struct ext_inode *ei, u64 logical, const u32 *slot, u32 offset,
			 u32 parent)
{
	if (ei->next_block && ei->next_logical == logical)
		return ei->next_block;
	for (u32 i = 1; i <= offset; i++)
		if (slot[-(s32)i])
			return (u64)slot[-(s32)i] + 1;
	return parent ? (u64)parent + 1 : ext_goal_for_inode(ei);
}

struct branch {
	unsigned missing;	/* indirect blocks to be made */
	u32 chain[3];		/* them, from the top */
	u64 block;		/* data */
	u32 got;
};

static void branch_free(struct ext_inode *ei, const struct branch *br, unsigned n)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);

	for (unsigned i = 0; i < n; i++) {
		ext_order_forget(&ei->inode, br->chain[i]);
		ext_blocks_free(fs, br->chain[i], 1, true);
	}
	if (br->got)
		ext_blocks_free(fs, br->block, br->got, false);
}

static int branch_alloc(struct ext_inode *ei, u64 goal, u32 want, bool reserve, struct branch *br)
{
	unsigned i;
	int err;

	for (i = 0; i < br->missing; i++) {
		u64 block;
		u32 one;

		err = ext_blocks_alloc(ei, goal, 1, reserve, &block, &one);
		if (err)
			goto fail;
		br->chain[i] = (u32)block;
		goal = block + 1;
	}
	err = ext_blocks_alloc(ei, goal, want, reserve, &br->block, &br->got);
	if (!err)
		return 0;
fail:
	br->got = 0;
	branch_free(ei, br, i);
	return err;
}

/* Fills the new indirect blocks, the lowest first. */
static int branch_build(struct ext_inode *ei, const struct ext_path *path, const struct branch *br)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	struct bblock b;
	int err;

	for (unsigned i = br->missing; i-- > 0;) {
		u32 *slot;

		err = ext_order_add_map_node(&ei->inode, br->chain[i]);
		if (!err)
			err = bcache_get_new(fs->dev, br->chain[i], fs->geo.block_size, &b);
		if (err)
			return err;
		slot = (u32 *)b.data + path->offset[path->depth - br->missing + i];
		if (i + 1 < br->missing) {
			*slot = br->chain[i + 1];
		} else {
			for (u32 k = 0; k < br->got; k++)
				slot[k] = (u32)br->block + k;
		}
		ext_block_dirty(fs, &b);
		bcache_put(&b);
	}
	return 0;
}

/* Hooks the branch into `slot`, within b or the inode. */
static void branch_splice(struct ext_inode *ei, u64 logical, const struct branch *br, u32 *slot,
			  struct bblock *b)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);

	if (br->missing) {
		*slot = br->chain[0];
	} else {
		for (u32 k = 0; k < br->got; k++)
			slot[k] = (u32)br->block + k;
	}
	if (b->page)
		ext_block_dirty(fs, b);
	ei->next_logical = logical + br->got;
	ei->next_block = br->block + br->got;
	ei->inode.blocks += (u64)(br->got + br->missing) << (fs->geo.block_bits - 9);
	inode_dirty(&ei->inode);
}

int ext_indirect_create(struct ext_inode *ei, u64 logical, u32 max, bool reserve,
			struct ext_run *run)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	struct branch br = { 0 };
	struct ext_path path;
	struct bblock b;
	unsigned level;
	u32 *slot, want;
	u64 goal;
	int err;

	if (!ext_path_of(&fs->geo, logical, &path) || logical >= ext_map_limit(&fs->geo))
		return -EFBIG;
	err = indirect_descend(ei, &path, &level, &slot, &b);
	if (err)
		return err;
	br.missing = path.depth - 1 - level;
	want = min(indirect_left(&fs->geo, &path), max);
	if (!br.missing) {
		err = indirect_scan(ei, slot, want, want, run);
		if (err || run->block)
			goto out;
		want = run->count;
	}
	goal = indirect_goal(ei, logical, slot, path.offset[level],
			     b.page ? ei->block[path.offset[0]] : 0);
	err = branch_alloc(ei, goal, want, reserve, &br);
	if (err)
		goto out;
	err = branch_build(ei, &path, &br);
	if (err) {
		branch_free(ei, &br, br.missing);
		goto out;
	}
	if (b.page)
		ext_order_pin(&ei->inode, &b);
	branch_splice(ei, logical, &br, slot, &b);
	run->block = br.block;
	run->count = br.got;
out:
	if (b.page)
		bcache_put(&b);
	return err;
}

int ext_indirect_unmap(struct ext_inode *ei, u64 logical)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	struct ext_path path;
	struct bblock b;
	unsigned level;
	u32 *slot;
	int err;

	if (!ext_path_of(&fs->geo, logical, &path))
		return 0;
	err = indirect_descend(ei, &path, &level, &slot, &b);
	if (err)
		return err;
	if (level + 1 == path.depth && *slot) {
		u32 block = *slot;
		u64 sectors = fs->geo.block_size >> 9;

		*slot = 0;
		if (b.page)
			ext_block_dirty(fs, &b);
		ei->inode.blocks -= min(ei->inode.blocks, sectors);
		inode_dirty(&ei->inode);
		err = ext_blocks_free(fs, block, 1, false);
	}
	if (b.page)
		bcache_put(&b);
	return err;
}
