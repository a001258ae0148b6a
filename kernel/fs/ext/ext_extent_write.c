/*
 * fs/ext/ext_extent_write.c - files with extents grow and shrink.
 *
 * New blocks lengthen the extent before them if they continue it on the disk, else they are a new
 * one. Blocks that were allocated but never written become written when they are first mapped for
 * writing: their extent is cut in up to three. Truncation goes from the last leaf to the first and
 * removes what becomes empty, so that at any moment the tree is a whole one; it may stop after any
 * stretch.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_extent_int.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_super.h"

#include "abi/stat.h"
#include "lib/string.h"

/* Whether a run that follows extent `e` in the file also follows it on the disk, and fits. */
static bool extent_continues(const struct ext_extent *e, u32 logical, u64 block, u32 n,
			     bool written)
{
	u32 len = ext_extent_len(e);

	return ext_extent_written(e) == written && e->block + len == logical &&
	       ext_extent_start(e) + len == block &&
	       len + n <= EXT_EXTENT_INIT_MAX - (written ? 0 : 1);
}

int ext_extent_insert(struct ext_inode *ei, u32 logical, u64 block, u32 n, bool written,
		      bool reserve)
{
	struct ext_extent fresh = ext_extent_make(logical, block, n, written);
	int err;

	do {
		struct ext_extent_path p;
		struct ext_extent *e;
		int at;

		err = ext_extent_open_pinned(ei, logical, &p);
		if (err)
			return err;
		at = p.level[p.depth].at;
		e = ext_extents(p.level[p.depth].h) + at;
		if (at >= 0 && extent_continues(e, logical, block, n, written)) {
			e->len = (u16)(e->len + n);
			ext_extent_dirty(&p, p.depth);
		} else {
			err = ext_extent_replace(&p, at + 1, 0, &fresh, 1, reserve);
		}
		ext_extent_close(&p);
	} while (err == -ABI_EAGAIN);
	return err;
}

int ext_extent_cut(struct ext_inode *ei, u32 logical, u32 n, enum ext_extent_cut how,
		   bool reserve)
{
	int err;

	do {
		struct ext_extent_path p;
		struct ext_extent e = { 0 }, parts[3];
		u32 skip, count = 0;
		int at;

		err = ext_extent_open_pinned(ei, logical, &p);
		if (err)
			return err;
		at = p.level[p.depth].at;
		if (at >= 0)
			e = ext_extents(p.level[p.depth].h)[at];
		skip = logical - e.block;
		if ((u64)skip + n > ext_extent_len(&e)) {
			/* It was there: the keys above do not tell where it is. */
			ext_extent_close(&p);
			return ext_inode_error(&ei->inode, "extent tree is out of order");
		}
		if (skip)
			parts[count++] = ext_extent_make(e.block, ext_extent_start(&e), skip,
							 ext_extent_written(&e));
		if (how != EXT_CUT_UNMAP)
			parts[count++] = ext_extent_make(logical, ext_extent_start(&e) + skip, n,
							 how == EXT_CUT_WRITTEN);
		if (skip + n < ext_extent_len(&e))
			parts[count++] = ext_extent_make(logical + n,
							 ext_extent_start(&e) + skip + n,
							 ext_extent_len(&e) - skip - n,
							 ext_extent_written(&e));
		err = ext_extent_replace(&p, at, 1, parts, count, reserve);
		if (!err && p.level[p.depth].h->entries == 0)
			err = ext_extent_drop_leaf(&p);
		ext_extent_close(&p);
	} while (err == -ABI_EAGAIN);
	/* What the inode itself says may be the same as before: fdatasync(2) is to know. */
	if (!err && ext_fs_of(&ei->inode)->journal)
		WRITE_ONCE(ei->datasync_tid, ext_tid(ext_fs_of(&ei->inode)));
	return err;
}

int ext_extent_find(struct ext_inode *ei, u32 logical, u32 max, struct ext_extent_place *place)
{
	const struct ext_extent_header *h;
	const struct ext_extent *e;
	struct ext_extent_path p;
	int at, err = ext_extent_open(ei, logical, &p);

	if (err)
		return err;
	h = p.level[p.depth].h;
	at = p.level[p.depth].at;
	e = ext_extents(h) + at;
	*place = (struct ext_extent_place){ .block = ext_goal_for_inode(ei) };
	if (at >= 0) {
		place->block = ext_extent_start(e) + (logical - e->block);
		place->mapped = logical - e->block < ext_extent_len(e);
		place->written = ext_extent_written(e);
	}
	if (place->mapped)
		place->count = min(max, ext_extent_len(e) - (logical - e->block));
	else
		place->count = (u32)min((u64)max, (at + 1 < h->entries ? e[1].block : p.end) -
						  logical);
	if (!place->mapped && ei->next_block && ei->next_logical == logical)
		place->block = ei->next_block;
	ext_extent_close(&p);
	return 0;
}

int ext_extent_create(struct ext_inode *ei, u64 logical, u32 max, bool reserve,
		      struct ext_run *run)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	struct ext_extent_place place;
	int err;

	if (logical >= ~0u)
		return -EFBIG;
	max = (u32)min((u64)min(max, EXT_EXTENT_INIT_MAX - 1), ~0u - logical);
	err = ext_extent_find(ei, (u32)logical, max, &place);
	if (err)
		return err;
	if (place.mapped) {
		if (ext_overlaps_metadata(fs, place.block, place.count))
			return ext_inode_error(&ei->inode, "extent over metadata");
		*run = (struct ext_run){ place.block, place.count };
		return place.written ? 0 :
				       ext_extent_cut(ei, (u32)logical, place.count,
						      EXT_CUT_WRITTEN, reserve);
	}
	err = ext_blocks_alloc(ei, place.block, place.count, reserve, &run->block, &run->count);
	if (err)
		return err;
	err = ext_extent_insert(ei, (u32)logical, run->block, run->count, true, reserve);
	if (err) {
		ext_blocks_undo(ei, run->block, run->count, false);
		return err;
	}
	ei->next_logical = logical + run->count;
	ei->next_block = run->block + run->count;
	ei->inode.blocks += (u64)run->count << (fs->geo.block_bits - 9);
	inode_dirty(&ei->inode);
	return 0;
}

int ext_extent_unwritten(struct ext_inode *ei, u64 logical, u32 max, struct ext_run *run)
{
	struct ext_extent_place place;
	int err;

	*run = (struct ext_run){ 0 };
	if (logical >= ~0u)
		return 0;
	err = ext_extent_find(ei, (u32)logical, max, &place);
	if (err || !place.mapped || place.written)
		return err;
	if (ext_overlaps_metadata(ext_fs_of(&ei->inode), place.block, place.count))
		return ext_inode_error(&ei->inode, "extent over metadata");
	*run = (struct ext_run){ place.block, place.count };
	return 0;
}

/* The extent that begins at `logical` joins the one before it, if it continues that. */
static int extent_join(struct ext_inode *ei, u32 logical)
{
	struct ext_extent_header *h;
	struct ext_extent *e;
	struct ext_extent_path p;
	int at, err = ext_extent_open(ei, logical, &p);

	if (err)
		return err;
	h = p.level[p.depth].h;
	at = p.level[p.depth].at;
	e = ext_extents(h) + at;
	if (at > 0 && e->block == logical &&
	    extent_continues(e - 1, logical, ext_extent_start(e), ext_extent_len(e),
			     ext_extent_written(e))) {
		e[-1].len = (u16)(e[-1].len + ext_extent_len(e));
		memmove(e, e + 1, (size_t)(h->entries - at - 1) * sizeof(*e));
		h->entries--;
		ext_extent_dirty(&p, p.depth);
	}
	ext_extent_close(&p);
	return 0;
}

int ext_extent_set_written(struct ext_inode *ei, u64 logical, u32 n, bool reserve)
{
	int err = ext_extent_cut(ei, (u32)logical, n, EXT_CUT_WRITTEN, reserve);

	return err ? err : extent_join(ei, (u32)logical);
}

int ext_extent_free(struct ext_inode *ei, u64 block, u32 n)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	u64 sectors = (u64)n << (fs->geo.block_bits - 9);

	ei->inode.blocks -= min(ei->inode.blocks, sectors);
	inode_dirty(&ei->inode);
	return ext_blocks_free(fs, block, n, !S_ISREG(ei->inode.mode));
}

int ext_extent_unmap(struct ext_inode *ei, u64 logical)
{
	struct ext_extent_place place;
	int err;

	if (logical >= ~0u)
		return 0;
	err = ext_extent_find(ei, (u32)logical, 1, &place);
	if (err || !place.mapped)
		return err;
	err = ext_extent_cut(ei, (u32)logical, 1, EXT_CUT_UNMAP, true);
	return err ? err : ext_extent_free(ei, place.block, 1);
}

/* Shortens the last leaf by some stretches: 1 if there may be more to do, 0, or an error. */
static int truncate_leaf(struct ext_extent_path *p, u64 logical)
{
	struct ext_extent_header *h = p->level[p->depth].h;
	u32 most = ext_truncate_most(&p->ei->inode);
	int err = 0;

	for (u32 left = EXT_TRUNCATE_UNITS; h->entries && !err; left--) {
		struct ext_extent *e = ext_extents(h) + h->entries - 1;
		u32 len = ext_extent_len(e), keep;

		if ((u64)e->block + len <= logical)
			break;
		if (left == 0)
			return 1;
		keep = e->block < logical ? (u32)(logical - e->block) : 0;
		keep = max(keep, len - min(len, most));
		err = ext_extent_free(p->ei, ext_extent_start(e) + keep, len - keep);
		if (keep)
			e->len = (u16)(e->len - (len - keep));
		else
			h->entries--;
		ext_extent_dirty(p, p->depth);
	}
	if (err || h->entries)
		return err;
	if (p->depth == 0)
		return 0;
	err = ext_extent_drop_leaf(p);
	return err ? err : p->level[0].h->entries != 0;
}

int ext_extent_truncate(struct ext_inode *ei, u64 logical)
{
	struct ext_extent_path p;
	int more = ext_extent_open(ei, ~0u, &p);

	if (more)
		return more;
	more = truncate_leaf(&p, logical);
	ext_extent_close(&p);
	return more;
}

void ext_extent_init(struct ext_inode *ei)
{
	struct ext_extent_header *h = (void *)ei->block;

	ei->inode.flags |= EXT_FL_EXTENTS;
	*h = (struct ext_extent_header){
		.magic = EXT_EXTENT_MAGIC,
		.max = (sizeof(ei->block) - sizeof(*h)) / sizeof(struct ext_extent),
	};
}
