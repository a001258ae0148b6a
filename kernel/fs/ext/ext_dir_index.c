/*
 * fs/ext/ext_dir_index.c - the hash tree of an indexed directory, searching.
 *
 * Block 0 is the root, inner nodes are blocks among the others, leaves are ordinary directory
 * blocks that hold the names whose hash lies between their entry's and the next one's. When names
 * of one hash did not fit one leaf, the next entry carries the same hash with bit 0 set. A path
 * keeps the blocks from the root to the node above the leaf. Its depth is bounded by the root's
 * word, which is bounded; a search visits each leaf once (callers count).
 */
#include "fs/ext/ext_dir.h"

bool ext_dir_indexed(const struct inode *dir)
{
	return dir->flags & EXT_FL_INDEX && ext_fs_of(dir)->geo.compat & EXT_COMPAT_DIR_INDEX &&
	       ext_dir_blocks(dir) > 1 && !ext_is_inline(dir);
}

int ext_dir_hash(const struct ext_fs *fs, u8 version, const char *name, u32 length,
		 struct ext_name_hash *out)
{
	if (version == EXT_HASH_DEFAULT)
		version = (u8)(fs->super->def_hash_version + fs->hash_base);
	return ext_hash_name(version, fs->super->hash_seed, name, length, out) ? 0 : -EUCLEAN;
}

static int dx_bad(struct inode *dir, u32 logical, const char *why)
{
	ext_dir_bad(dir, logical, 0, why);
	return -EUCLEAN;
}

void ext_dx_close(struct ext_dx_path *path)
{
	while (path->depth)
		bcache_put(&path->frame[--path->depth].b);
}

/* Adds the node at `logical` to the path: 0, or an error with the path as it was. */
static int dx_push(struct inode *dir, struct ext_dx_path *path, u32 logical)
{
	struct ext_dx_frame *f = &path->frame[path->depth];
	const char *why;
	u32 entries;
	int err;

	if (logical >= ext_dir_blocks(dir))
		return dx_bad(dir, logical, "index points beyond the directory");
	err = ext_dir_block(dir, logical, &f->b);
	if (err)
		return err == -ABI_ENODATA ? dx_bad(dir, logical, "index block is a hole") : err;
	why = ext_check_dx_node(&ext_fs_of(dir)->geo, f->b.data, path->depth == 0, &entries);
	if (why) {
		bcache_put(&f->b);
		return dx_bad(dir, logical, why);
	}
	f->entries = (void *)((u8 *)f->b.data + entries);
	f->logical = logical;
	f->at = 0;
	path->depth++;
	return 0;
}

/*
 * The last entry whose hash is not above `major`; the first stands for everything below the
 * second.
 */
static u32 dx_search(const struct ext_dx_frame *f, u32 major)
{
	u32 lo = 1, hi = ext_dx_count(f)->count;

	while (lo < hi) {
		u32 mid = (lo + hi) / 2;

		if (f->entries[mid].hash <= major)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo - 1;
}

int ext_dx_open(struct inode *dir, const char *name, u32 length, struct ext_name_hash *hash,
		struct ext_dx_path *path)
{
	const struct ext_fs *fs = ext_fs_of(dir);
	const struct ext_dx_root_info *info;
	int err;

	path->depth = 0;
	err = dx_push(dir, path, 0);
	if (err)
		return err;
	info = (const void *)((u8 *)path->frame[0].b.data + EXT_DX_INFO_OFFSET);
	path->levels = info->indirect_levels + 1;
	path->version = (u8)(info->hash_version + fs->hash_base);
	if (name)
		err = ext_dir_hash(fs, path->version, name, length, hash);
	while (!err) {
		struct ext_dx_frame *f = &path->frame[path->depth - 1];

		f->at = dx_search(f, hash->major);
		if (path->depth == path->levels)
			break;
		err = dx_push(dir, path, f->entries[f->at].block & EXT_DX_BLOCK_MASK);
	}
	if (!err && (!ext_dx_leaf(path) || ext_dx_leaf(path) >= ext_dir_blocks(dir)))
		err = dx_bad(dir, path->frame[path->depth - 1].logical,
			     "index points beyond the directory");
	if (err)
		ext_dx_close(path);
	return err;
}

int ext_dx_next(struct inode *dir, struct ext_dx_path *path, u32 *start)
{
	struct ext_dx_frame *f;
	int err;

	for (;;) {
		f = &path->frame[path->depth - 1];
		if (f->at + 1u < ext_dx_count(f)->count)
			break;
		if (path->depth == 1)
			return 0;
		bcache_put(&f->b);
		path->depth--;
	}
	f->at++;
	*start = f->entries[f->at].hash;
	while (path->depth < path->levels) {
		f = &path->frame[path->depth - 1];
		err = dx_push(dir, path, f->entries[f->at].block & EXT_DX_BLOCK_MASK);
		if (err)
			return err;
	}
	if (!ext_dx_leaf(path) || ext_dx_leaf(path) >= ext_dir_blocks(dir))
		return dx_bad(dir, f->logical, "index points beyond the directory");
	return 1;
}
