/*
 * fs/ext/ext_dir_find.c - finding a name.
 *
 * With an index, one path down the tree and usually one leaf. Without, all blocks from where the
 * last name was found, around to there again: names looked up in the order of a listing cost a
 * block each. Directories with inline contents are searched as one small block.
 */
#include "fs/ext/ext_dir.h"
#include "fs/ext/ext_map.h"

#include "lib/string.h"
#include "mm/slab.h"

int ext_dir_find_in_block(struct inode *dir, const void *block, u32 size, const char *name,
			  u32 length, u32 *offset, u32 *previous)
{
	u32 at = 0, before = 0;

	while (at < size) {
		const struct ext_dirent *de = (const void *)((const u8 *)block + at);
		u32 rec;

		if (unlikely(size - at < EXT_DIRENT_HEAD))
			return -EUCLEAN;
		rec = de->rec_len;
		if (unlikely(rec < EXT_DIRENT_HEAD || rec & 3 || rec > size - at))
			return -EUCLEAN;
		if (de->name_len == length && de->inode && rec >= EXT_DIRENT_LEN(length) &&
		    memcmp(de->name, name, length) == 0) {
			*offset = at;
			*previous = before;
			return 1;
		}
		before = at;
		at += rec;
	}
	return 0;
}

/* Searches one block: 1 and *slot, 0, or an error. */
static int find_in(struct inode *dir, u64 logical, const char *name, u32 length,
		   struct ext_dir_slot *slot)
{
	int err = ext_dir_block(dir, logical, &slot->b);

	if (err)
		return err == -ABI_ENODATA ? 0 : err;
	err = ext_dir_find_in_block(dir, slot->b.data, slot->b.size, name, length, &slot->offset,
				    &slot->previous);
	if (err == 1) {
		slot->logical = logical;
		slot->de = (void *)((u8 *)slot->b.data + slot->offset);
		return 1;
	}
	bcache_put(&slot->b);
	return err == -ABI_EUCLEAN ?
		       ext_dir_bad(dir, logical, 0, "chain of entries is broken") : err;
}

void ext_dir_read_ahead(struct inode *dir, u64 logical)
{
	struct ext_fs *fs = ext_fs_of(dir);
	struct ext_run run;

	if (ext_map(dir, logical, EXT_DIR_AHEAD, &run) || !run.block || run.count < 2)
		return;
	if (!pagecache_cached(&fs->dev->cache, run.block << fs->geo.block_bits >> PAGE_SHIFT))
		bcache_read_ahead(fs->dev, run.block, fs->geo.block_size, run.count);
}

static int find_linear(struct inode *dir, const char *name, u32 length, struct ext_dir_slot *slot)
{
	struct ext_inode *ei = ext_i(dir);
	u64 n = ext_dir_blocks(dir), start = READ_ONCE(ei->dir_hint);

	if (start >= n)
		start = 0;
	for (u64 i = 0; i < n; i++) {
		u64 logical = start + i < n ? start + i : start + i - n;
		int err;

		if (n > 1 && (i == 0 || logical % EXT_DIR_AHEAD == 0))
			ext_dir_read_ahead(dir, logical);
		err = find_in(dir, logical, name, length, slot);
		if (err == 1) {
			WRITE_ONCE(ei->dir_hint, logical);
			return 0;
		}
		if (err)
			return err;
		if (i % 64 == 63)
			sched_point();
	}
	return -ENOENT;
}

static int find_indexed(struct inode *dir, const char *name, u32 length, struct ext_dir_slot *slot)
{
	struct ext_dx_path path;
	struct ext_name_hash hash;
	u64 visits = 0;
	u32 start;
	int err = ext_dx_open(dir, name, length, &hash, &path);

	if (err)
		return err;
	do {
		err = find_in(dir, ext_dx_leaf(&path), name, length, slot);
		if (err)
			break;
		err = ext_dx_next(dir, &path, &start);
		if (err != 1)
			break;
		/* The next leaf goes on with our hash if it is marked so. */
		err = (start & 1) && (start & ~1u) == hash.major ? 2 : 0;
	} while (err == 2 && visits++ < ext_dir_blocks(dir));
	ext_dx_close(&path);
	if (err == 1)
		return 0;
	return err < 0 ? err : -ENOENT;
}

int ext_dir_find(struct inode *dir, const char *name, u32 length, struct ext_dir_slot *slot)
{
	if (ext_dir_indexed(dir)) {
		int err = find_indexed(dir, name, length, slot);

		if (err != -ABI_EUCLEAN)
			return err;
	}
	return find_linear(dir, name, length, slot);
}

static int lookup_inline(struct inode *dir, const char *name, u32 length, u32 *ino)
{
	u32 size, offset, previous;
	void *block;
	int err = ext_dir_inline_block(dir, &block, &size);

	if (err)
		return err;
	err = ext_dir_find_in_block(dir, block, size, name, length, &offset, &previous);
	if (err == 1)
		*ino = ((struct ext_dirent *)((u8 *)block + offset))->inode;
	kfree(block);
	if (err == -ABI_EUCLEAN)
		return ext_dir_bad(dir, 0, 0, "chain of inline entries is broken");
	return err == 1 ? 0 : -ENOENT;
}

int ext_dir_lookup(struct inode *dir, const char *name, u32 length, u32 *ino)
{
	struct ext_dir_slot slot;
	int err;

	if (ext_is_inline(dir))
		return lookup_inline(dir, name, length, ino);
	err = ext_dir_find(dir, name, length, &slot);
	if (err)
		return err;
	*ino = slot.de->inode;
	bcache_put(&slot.b);
	return 0;
}
