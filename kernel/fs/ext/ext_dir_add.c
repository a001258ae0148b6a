/*
 * fs/ext/ext_dir_add.c - entering, removing and changing names.
 *
 * A new entry goes into the slack behind another one, or a new block at the end. So that filling a
 * directory does not look through all of it for each name, the first block that may have room is
 * remembered: it moves up when an insertion had to go further, and down when a name is removed.
 */
#include "fs/ext/ext_dir.h"

#include "lib/string.h"

static u8 entry_type(const struct inode *dir, u32 mode)
{
	return ext_fs_of(dir)->geo.incompat & EXT_INCOMPAT_FILETYPE ? ext_type_of_mode(mode) : 0;
}

static void entry_fill(struct ext_dirent *de, u32 rec_len, const char *name, u32 length, u32 ino,
		       u8 type)
{
	de->inode = ino;
	de->rec_len = (u16)rec_len;
	de->name_len = (u8)length;
	de->type = type;
	memcpy(de->name, name, length);
}

int ext_dir_add_to_block(struct inode *dir, struct bblock *b, u64 logical, const char *name,
			 u32 length, u32 ino, u8 type)
{
	struct ext_fs *fs = ext_fs_of(dir);
	u32 need = EXT_DIRENT_LEN(length), size = ext_leaf_size(&fs->geo), at = 0;

	while (at < size) {
		struct ext_dirent *de = (void *)((u8 *)b->data + at);
		const char *why = ext_check_dirent(&fs->geo, b->data, at, size);
		u32 used, rec;

		if (unlikely(why != NULL))
			return ext_dir_bad(dir, logical, at, why);
		used = de->inode ? EXT_DIRENT_LEN(de->name_len) : 0;
		rec = de->rec_len;
		if (rec - used >= need) {
			if (used)
				de->rec_len = (u16)used;
			entry_fill((void *)((u8 *)de + used), rec - used, name, length, ino, type);
			ext_dir_dirty(dir, logical, b);
			return 0;
		}
		at += rec;
	}
	return -ENOSPC;
}

/* Into a new block at the end. */
static int add_append(struct inode *dir, const char *name, u32 length, u32 ino, u8 type,
		      bool reserve)
{
	struct bblock b;
	u64 logical;
	int err = ext_dir_append(dir, reserve, &b, &logical);

	if (err)
		return err;
	entry_fill(b.data, ext_leaf_size(&ext_fs_of(dir)->geo), name, length, ino, type);
	ext_dir_dirty(dir, logical, &b);
	bcache_put(&b);
	ext_i(dir)->dir_room = logical;
	return 0;
}

static int add_linear(struct inode *dir, const char *name, u32 length, u32 ino, u8 type,
		      bool reserve)
{
	struct ext_fs *fs = ext_fs_of(dir);
	struct ext_inode *ei = ext_i(dir);
	u64 n = ext_dir_blocks(dir);
	int err;

	for (u64 i = ei->dir_room; i < n; i++) {
		struct bblock b;

		err = ext_dir_block(dir, i, &b);
		if (err == -ABI_ENODATA)
			continue;
		if (err)
			return err;
		err = ext_dir_add_to_block(dir, &b, i, name, length, ino, type);
		bcache_put(&b);
		if (err == 0)
			ei->dir_room = i;
		if (err != -ABI_ENOSPC)
			return err;
		sched_point();
	}
	if (n == 1 && fs->geo.compat & EXT_COMPAT_DIR_INDEX) {
		err = ext_dx_make(dir, reserve);
		if (err == 0)
			return ext_dx_add(dir, name, length, ino, type, reserve);
		if (err != -ABI_EUCLEAN)
			return err;
	}
	return add_append(dir, name, length, ino, type, reserve);
}

int ext_dir_add(struct inode *dir, const char *name, u32 length, u32 ino, u32 mode, bool reserve)
{
	u8 type = entry_type(dir, mode);

	if (ext_dir_indexed(dir)) {
		int err = ext_dx_add(dir, name, length, ino, type, reserve);

		if (err != -ABI_EUCLEAN)
			return err;
		if (ext_fs_of(dir)->geo.metadata_csum)
			return -EIO; /* what looks empty without the index has another sum */
		/*
		 * The index is of no use: without the flag its blocks are empty ones, and e2fsck
		 * -D makes another.
		 */
		dir->flags &= ~EXT_FL_INDEX;
		ext_i(dir)->dir_room = 0;
		inode_dirty(dir);
	}
	return add_linear(dir, name, length, ino, type, reserve);
}

void ext_dir_remove(struct inode *dir, struct ext_dir_slot *slot)
{
	struct ext_inode *ei = ext_i(dir);

	if (slot->previous != slot->offset) {
		struct ext_dirent *before = (void *)((u8 *)slot->b.data + slot->previous);

		before->rec_len = (u16)(before->rec_len + slot->de->rec_len);
	}
	slot->de->inode = 0;
	ext_dir_dirty(dir, slot->logical, &slot->b);
	ei->dir_room = min(ei->dir_room, slot->logical);
}

void ext_dir_set(struct inode *dir, struct ext_dir_slot *slot, u32 ino, u32 mode)
{
	slot->de->inode = ino;
	slot->de->type = entry_type(dir, mode);
	ext_dir_dirty(dir, slot->logical, &slot->b);
}
