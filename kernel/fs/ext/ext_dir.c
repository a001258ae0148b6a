/*
 * fs/ext/ext_dir.c - directories: their blocks.
 *
 * A directory is a file of blocks, each a chain of entries that fills it exactly; none crosses a
 * block. Its blocks are metadata and live in the block device's cache. A hole reads as damage,
 * except that it is skipped over. Whoever looks at an entry checks it first (ext_check_dirent());
 * with checksums the whole block is summed when it is first seen.
 */
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_dir.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_meta.h"

#include "abi/dirent.h"
#include "abi/stat.h"
#include "lib/string.h"

u8 ext_type_of_mode(u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return EXT_FT_REG;
	case S_IFDIR: return EXT_FT_DIR;
	case S_IFCHR: return EXT_FT_CHR;
	case S_IFBLK: return EXT_FT_BLK;
	case S_IFIFO: return EXT_FT_FIFO;
	case S_IFSOCK: return EXT_FT_SOCK;
	case S_IFLNK: return EXT_FT_SYMLINK;
	}
	return EXT_FT_UNKNOWN;
}

u8 ext_dt_of_type(u8 type)
{
	static const u8 dt[EXT_FT_MAX] = {
		[EXT_FT_REG] = DT_REG, [EXT_FT_DIR] = DT_DIR, [EXT_FT_CHR] = DT_CHR,
		[EXT_FT_BLK] = DT_BLK, [EXT_FT_FIFO] = DT_FIFO, [EXT_FT_SOCK] = DT_SOCK,
		[EXT_FT_SYMLINK] = DT_LNK,
	};

	return type < EXT_FT_MAX ? dt[type] : DT_UNKNOWN;
}

int ext_dir_bad(struct inode *dir, u64 logical, u32 offset, const char *why)
{
	return ext_inode_error(dir, "directory block %llu, offset %u: %s",
			       (unsigned long long)logical, offset, why);
}

/* Whether a block belongs to the index; with metadata_csum no leaf looks like that. */
static bool dir_block_is_index(const struct inode *dir, u64 logical, const struct bblock *b)
{
	const struct ext_dirent *de = b->data;

	return dir->flags & EXT_FL_INDEX &&
	       (logical == 0 || (de->inode == 0 && de->rec_len == b->size));
}

/* With metadata_csum: a leaf has a tail; an index block has its sum behind the entries. */
static bool dir_block_csum(struct inode *dir, u64 logical, const struct bblock *b)
{
	const struct ext_fs *fs = ext_fs_of(dir);
	struct ext_inode *ei = ext_i(dir);
	u32 entries;

	if (!fs->geo.metadata_csum || (logical < 64 && READ_ONCE(ei->dir_verified) >> logical & 1))
		return true;
	if (dir_block_is_index(dir, logical, b)) {
		if (ext_check_dx_node(&fs->geo, b->data, logical == 0, &entries) ||
		    !ext_csum_dir_index(&fs->geo, ei->csum_seed, b->data, entries))
			return false;
	} else if (!ext_csum_dir_leaf(&fs->geo, ei->csum_seed, b->data)) {
		return false;
	}
	if (logical < 64)
		__atomic_fetch_or(&ei->dir_verified, BIT(logical), __ATOMIC_RELAXED);
	return true;
}

void ext_dir_dirty(struct inode *dir, u64 logical, struct bblock *b)
{
	struct ext_fs *fs = ext_fs_of(dir);
	u32 seed = ext_i(dir)->csum_seed;

	if (!fs->geo.metadata_csum)
		;
	else if (dir_block_is_index(dir, logical, b))
		ext_csum_dir_index_set(&fs->geo, seed, b->data,
				       logical ? EXT_DX_NODE_OFFSET : EXT_DX_ROOT_OFFSET);
	else
		ext_csum_dir_leaf_set(&fs->geo, seed, b->data);
	ext_block_dirty(fs, b);
}

int ext_dir_block(struct inode *dir, u64 logical, struct bblock *b)
{
	struct ext_fs *fs = ext_fs_of(dir);
	struct ext_run run;
	int err = ext_map(dir, logical, 8, &run);

	if (err)
		return err;
	if (!run.block)
		return -ENODATA;
	err = ext_block_get(fs, run.block, b);
	if (err)
		return err;
	if (likely(dir_block_csum(dir, logical, b)))
		return 0;
	bcache_put(b);
	return ext_dir_bad(dir, logical, 0, "checksum is wrong");
}

int ext_dir_append(struct inode *dir, bool reserve, struct bblock *b, u64 *logical)
{
	struct ext_fs *fs = ext_fs_of(dir);
	u64 at = ext_dir_blocks(dir);
	struct ext_run run;
	int err;

	if (at >= 0x7fffffff || (u64)(at + 1) << fs->geo.block_bits > dir->sb->max_file_size)
		return -EFBIG;
	err = ext_map_create(dir, at, 1, reserve, &run);
	if (err)
		return err;
	err = bcache_get_new(fs->dev, run.block, fs->geo.block_size, b);
	if (err) {
		ext_map_undo(dir, at);
		return err;
	}
	WRITE_ONCE(dir->size, (s64)((at + 1) << fs->geo.block_bits));
	inode_dirty(dir);
	*logical = at;
	return 0;
}

int ext_dir_make_empty(struct inode *dir, u32 parent, bool reserve)
{
	struct ext_fs *fs = ext_fs_of(dir);
	u8 type = fs->geo.incompat & EXT_INCOMPAT_FILETYPE ? EXT_FT_DIR : 0;
	struct ext_dirent *de;
	struct bblock b;
	u64 logical;
	int err = ext_dir_append(dir, reserve, &b, &logical);

	if (err)
		return err;
	de = b.data;
	de->inode = (u32)dir->ino;
	de->rec_len = EXT_DIRENT_LEN(1);
	de->name_len = 1;
	de->type = type;
	memcpy(de->name, ".", 1);
	de = (void *)((u8 *)b.data + EXT_DIRENT_LEN(1));
	de->inode = parent;
	de->rec_len = (u16)(ext_leaf_size(&fs->geo) - EXT_DIRENT_LEN(1));
	de->name_len = 2;
	de->type = type;
	memcpy(de->name, "..", 2);
	ext_dir_dirty(dir, logical, &b);
	bcache_put(&b);
	return 0;
}

static bool name_is_dots(const struct ext_dirent *de)
{
	return de->name[0] == '.' &&
	       (de->name_len == 1 || (de->name_len == 2 && de->name[1] == '.'));
}

/* 0 if no name but "." and ".." is in use here. */
static int block_check_empty(struct inode *dir, u64 logical, const void *block, u32 size)
{
	for (u32 at = 0; at < size;) {
		const struct ext_dirent *de = (const void *)((const u8 *)block + at);
		const char *why = ext_check_dirent(&ext_fs_of(dir)->geo, block, at, size);

		if (why)
			return ext_dir_bad(dir, logical, at, why);
		if (de->inode && !name_is_dots(de))
			return -ENOTEMPTY;
		at += de->rec_len;
	}
	return 0;
}

int ext_dir_check_empty(struct inode *dir)
{
	u64 n = ext_dir_blocks(dir);
	int err = 0;

	for (u64 i = 0; i < n && !err; i++) {
		struct bblock b;

		err = ext_dir_block(dir, i, &b);
		if (err == -ABI_ENODATA) {
			err = 0;
			continue;
		}
		if (err)
			break;
		err = block_check_empty(dir, i, b.data, b.size);
		bcache_put(&b);
		sched_point();
	}
	return err;
}

int ext_dir_dotdot(struct inode *dir, struct ext_dir_slot *slot)
{
	const struct ext_geo *geo = &ext_fs_of(dir)->geo;
	const struct ext_dirent *de;
	int err = ext_dir_block(dir, 0, &slot->b);

	if (err)
		return err == -ABI_ENODATA ? ext_dir_bad(dir, 0, 0, "is missing") : err;
	de = slot->b.data;
	slot->logical = 0;
	slot->previous = 0;
	slot->offset = de->rec_len;
	if (!ext_check_dirent(geo, slot->b.data, 0, slot->b.size) &&
	    slot->offset < slot->b.size &&
	    !ext_check_dirent(geo, slot->b.data, slot->offset, slot->b.size)) {
		slot->de = (void *)((u8 *)slot->b.data + slot->offset);
		if (slot->de->inode && slot->de->name_len == 2 && name_is_dots(slot->de))
			return 0;
	}
	bcache_put(&slot->b);
	return ext_dir_bad(dir, 0, 12, "\"..\" is missing");
}
