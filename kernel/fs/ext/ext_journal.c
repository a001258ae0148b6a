/*
 * fs/ext/ext_journal.c - a file system whose journal has to be replayed is mounted.
 *
 * The journal is an ordinary file, inode 8. It is found before anything else is read, since all
 * else may be in it: only its own inode, and the descriptor that says where that is, are read from
 * their places. A writable mount replays it to the disk: all blocks first, then the journal says
 * that it is empty, then the superblock that there is nothing to replay; each step is stable before
 * the next one, so that a crash in between only means doing it again. A read-only mount replays
 * into memory (ext_overlay.c).
 */
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_journal.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_super.h"

#include "abi/stat.h"
#include "mm/slab.h"

int ext_journal_block(struct ext_journal *j, u32 at, struct bblock *b, u64 *block)
{
	struct ext_run run;
	int err = ext_map(&j->ei->inode, at, j->geo.max_len - at, &run);

	if (err)
		return err;
	if (!run.block) {
		super_log(j->fs->sb, LOG_ERR, "its journal has a hole at block %u", at);
		return -EIO;
	}
	*block = run.block;
	return bcache_get(j->fs->dev, run.block, j->geo.block_size, b);
}

static int journal_bad(const struct ext_fs *fs, const char *why)
{
	super_log(fs->sb, LOG_ERR, "its journal cannot be used: %s", why);
	return -EINVAL;
}

int ext_journal_read_inode(struct ext_fs *fs, struct ext_inode *ei)
{
	u32 ino = fs->super->journal_inum;
	struct ext_group_desc desc;
	struct ext_raw_inode *raw;
	const char *why = NULL;
	struct bblock b;
	int err;

	if (ino == 0)
		return journal_bad(fs, "it is on another device");
	if (ino > fs->geo.n_inodes)
		return journal_bad(fs, "bad inode number");
	err = ext_group_read(fs, (ino - 1) / fs->geo.inodes_per_group, &desc);
	if (!err)
		err = ext_raw_get_in(fs, &desc, ino, &b, &raw);
	if (err)
		return err;
	if (!S_ISREG(raw->mode) || raw->links_count == 0 || raw->flags & EXT_FL_INLINE_DATA)
		why = "its inode is none of a file";
	else if (!ext_csum_inode(&fs->geo, ino, raw))
		why = "checksum of its inode is wrong";
	else
		why = ext_check_inode(&fs->geo, ino, raw);
	if (!why) {
		ei->inode.sb = fs->sb;
		ei->inode.ino = ino;
		ext_inode_from_raw(ei, raw);
	}
	bcache_put(&b);
	return why ? journal_bad(fs, why) : 0;
}

/* The journal's superblock, read: 0 and *b. */
static int journal_read_super(struct ext_journal *j, struct bblock *b)
{
	const struct ext_geo *geo = &j->fs->geo;
	u64 where, blocks = (u64)j->ei->inode.size >> geo->block_bits;
	/* That the file system has grown may be in the log only. */
	u64 end = j->fs->dev->n_sectors >> (geo->block_bits - 9);
	const char *why;
	int err;

	j->geo.block_size = geo->block_size;
	j->geo.max_len = 1;
	err = ext_journal_block(j, 0, b, &where);
	if (err)
		return err;
	why = jbd_check_super(b->data, geo->block_size, blocks, end, &j->geo);
	if (!why)
		return 0;
	bcache_put(b);
	return journal_bad(j->fs, why);
}

/* What was replayed is made stable, and then the journal empty. */
static int journal_finish(struct ext_journal *j, struct bblock *journal_super)
{
	struct ext_fs *fs = j->fs;
	int err;

	/* The superblock may have been replayed, in the buffer that we hold. */
	if (j->geo.error) {
		super_log(fs->sb, LOG_WARNING, "its journal tells of an error (%d): run e2fsck",
			  (s32)j->geo.error);
		fs->super->state |= EXT_STATE_ERROR;
		ext_csum_super_set(&fs->geo, fs->super);
		bcache_dirty(fs->dev, &fs->super_block);
	}
	err = ext_meta_sync(fs);
	if (err)
		return err;
	jbd_super_set_empty(&j->geo, journal_super->data, j->end_sequence + 1);
	bcache_dirty(fs->dev, journal_super);
	err = ext_meta_sync(fs);
	if (err)
		return err;
	fs->super->feature_incompat &= ~(u32)EXT_INCOMPAT_RECOVER;
	ext_csum_super_set(&fs->geo, fs->super);
	bcache_dirty(fs->dev, &fs->super_block);
	return ext_meta_sync(fs);
}

static int journal_replay(struct ext_journal *j)
{
	struct bblock b;
	int err = journal_read_super(j, &b);

	if (err)
		return err;
	j->end_sequence = j->geo.sequence;
	if (j->geo.start) {
		err = jbd_scan(j);
		if (!err)
			err = jbd_replay(j);
	}
	if (!err && j->to_disk)
		err = journal_finish(j, &b);
	bcache_put(&b);
	if (!err)
		super_log(j->fs->sb, LOG_INFO,
			  "journal replayed%s: %u transactions, %llu blocks, %llu revoked",
			  j->to_disk ? "" : " in memory", j->n_transactions,
			  (unsigned long long)j->n_blocks, (unsigned long long)j->n_revoked);
	return err;
}

int ext_journal_recover(struct ext_fs *fs, bool to_disk)
{
	struct ext_journal *j;
	struct inode *inode;
	int err = -ENOMEM;

	j = kzalloc(sizeof(*j), MM_KERNEL);
	if (!j)
		return -ENOMEM;
	j->fs = fs;
	j->to_disk = to_disk;
	ext_meta_sync_begin(fs);
	radix_init(&j->revoked, &ext_radix_ops);
	inode = ext_inode_alloc(fs->sb);
	if (inode) {
		j->ei = ext_i(inode);
		err = ext_journal_read_inode(fs, j->ei);
		if (!err)
			err = journal_replay(j);
		ext_inode_free(inode);
	}
	radix_destroy(&j->revoked, NULL, NULL);
	kfree(j);
	if (err)
		super_log(fs->sb, LOG_ERR, "the journal was not replayed (error %d)", err);
	else if (!to_disk && !radix_empty(&fs->overlay))
		fs->overlaid = true;
	return err;
}
