/*
 * fs/ext/ext_orphan_file.c - orphans in a file: the feature orphan_file.
 *
 * Instead of the list through the inodes their numbers may stand in a file of their own, in any of
 * its slots; the superblock says whether there are any. The last eight bytes of its blocks are a
 * magic number and a checksum, which is seeded with the block's place. The file is worked off and
 * emptied at a writable mount; orphans of this mount go into the list.
 */
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_super.h"

#include "abi/stat.h"
#include "lib/crc.h"
#include "lib/string.h"

#define ORPHAN_MAGIC 0x0b10ca04u

struct orphan_tail { u32 magic, checksum; };

static struct orphan_tail *block_tail(const struct bblock *b)
{
	return (void *)((u8 *)b->data + b->size - sizeof(struct orphan_tail));
}

/* The sum of the slots of a block that lies at `number`. */
static u32 block_sum(const struct inode *file, u64 number, const struct bblock *b)
{
	u32 crc = crc32c_update(ext_i(file)->csum_seed, &number, sizeof(number));

	return crc32c_update(crc, b->data, b->size - sizeof(struct orphan_tail));
}

/* Block `logical` of the file: 0 and *b, and *number where it lies, or an error. */
static int block_get(struct inode *file, u64 logical, u64 *number, struct bblock *b)
{
	struct ext_fs *fs = ext_fs_of(file);
	const struct orphan_tail *tail;
	struct ext_run run;
	int err = ext_map(file, logical, 1, &run);

	if (err)
		return err;
	if (!run.block)
		return ext_inode_error(file, "file of orphans has a hole");
	*number = run.block;
	err = ext_block_get(fs, run.block, b);
	if (err)
		return err;
	tail = block_tail(b);
	if (tail->magic == ORPHAN_MAGIC &&
	    (!fs->geo.metadata_csum || tail->checksum == block_sum(file, run.block, b)))
		return 0;
	bcache_put(b);
	return ext_inode_error(file, "block %llu of the file of orphans is damaged",
			       (unsigned long long)logical);
}

static int slot_clear(struct inode *file, u64 number, struct bblock *b, u32 i)
{
	struct ext_fs *fs = ext_fs_of(file);
	int err = ext_begin(fs, 1);

	if (err)
		return err;
	((u32 *)b->data)[i] = 0;
	if (fs->geo.metadata_csum)
		block_tail(b)->checksum = block_sum(file, number, b);
	ext_block_dirty(fs, b);
	ext_end(fs);
	return 0;
}

/* One block is worked off and emptied: 0 or an error; *n counts. */
static int block_process(struct inode *file, u64 logical, u32 *n)
{
	struct ext_fs *fs = ext_fs_of(file);
	struct bblock b;
	u64 number = 0;
	u32 *slots;
	int err = block_get(file, logical, &number, &b);

	if (err)
		return err;
	slots = b.data;
	for (u32 i = 0; i < (b.size - sizeof(struct orphan_tail)) / sizeof(u32) && !err; i++) {
		struct inode *orphan;
		u32 next;

		if (!slots[i])
			continue;
		err = ext_orphan_read(fs, slots[i], &orphan, &next);
		if (!err)
			err = ext_orphan_finish(orphan);
		if (!err)
			err = slot_clear(file, number, &b, i);
		*n += !err;
	}
	bcache_put(&b);
	return err;
}

u32 ext_orphan_file_process(struct ext_fs *fs)
{
	struct inode *file;
	u32 n = 0;
	u64 blocks;
	int err;

	if (!(fs->super->feature_ro_compat & EXT_RO_ORPHAN_PRESENT))
		return 0;
	err = ext_iget(fs->sb, fs->super->orphan_file_inum, &file);
	if (err)
		return 0;
	blocks = (u64)file->size >> fs->geo.block_bits;
	if (!S_ISREG(file->mode))
		err = ext_inode_error(file, "file of orphans is none");
	for (u64 i = 0; i < blocks && !err; i++)
		err = block_process(file, i, &n);
	inode_put(file);
	if (!err)
		err = ext_begin(fs, 1);
	if (!err) {
		mutex_lock(&fs->super_lock);
		fs->super->feature_ro_compat &= ~(u32)EXT_RO_ORPHAN_PRESENT;
		ext_super_dirty(fs);
		mutex_unlock(&fs->super_lock);
		ext_end(fs);
	}
	return n;
}
