/*
 * fs/ext/ext_log.c - the journal of a writable mount: opened, asked back, closed.
 *
 * fs/jbd knows blocks and transactions; here are its place on the disk, which is a file's, and what
 * it asks of its file system: data before a commit, blocks that may be used again after it, and the
 * end of all writing when it cannot go on.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_journal.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_ordered.h"
#include "fs/ext/ext_super.h"

#include "core/panic.h"
#include "fs/jbd/jbd.h"
#include "fs/jbd/jbd_disk.h"
#include "mm/slab.h"
#include "sched/thread.h"

static void log_closing(void *owner)
{
	ext_groups_sum_up(owner);
	ext_state_sum_up(owner);
}

static int log_write_data(void *owner, u32 tid)
{
	return ext_ordered_write(owner, tid);
}

static void log_committed(void *owner, u32 tid)
{
	ext_freed_release(owner, tid);
}

static void log_aborted(void *owner, int error)
{
	struct ext_fs *fs = owner;

	super_log(fs->sb, LOG_ERR, "journal aborted (error %d): remounted read-only", error);
	if (READ_ONCE(fs->opt.errors) == EXT_ERRORS_PANIC)
		panic("%s (%s): journal aborted, and mounted with errors=panic", fs->sb->type->name,
		      fs->dev->name);
	WRITE_ONCE(fs->had_errors, true);
	WRITE_ONCE(fs->writable, false);
	__atomic_fetch_or(&fs->sb->flags, SB_READ_ONLY, __ATOMIC_RELAXED);
	ext_state_mark_error(fs);
}

static const struct jbd_ops log_ops = {
	.closing = log_closing,
	.write_data = log_write_data,
	.committed = log_committed,
	.aborted = log_aborted,
};

/* Where the journal's blocks are: 0 and *out, to be freed, and *n, or an error. */
static int log_extents(struct ext_fs *fs, struct inode *inode, u32 n_blocks,
		       struct jbd_extent **out, unsigned *n)
{
	struct jbd_extent *list = NULL;
	struct ext_run run;
	int err;

	*n = 0;
	for (u32 at = 0; at < n_blocks; at += run.count) {
		struct jbd_extent *more = krealloc(list, (*n + 1) * sizeof(*list), MM_KERNEL);

		err = more ? ext_map(inode, at, n_blocks - at, &run) : -ENOMEM;
		list = more ? more : list;
		if (!err && !run.block) {
			super_log(fs->sb, LOG_ERR, "its journal has a hole at block %u", at);
			err = -EINVAL;
		}
		if (err) {
			kfree(list);
			return err;
		}
		list[(*n)++] = (struct jbd_extent){ .at = at, .n = run.count, .block = run.block };
	}
	*out = list;
	return 0;
}

static int log_open(struct ext_fs *fs, struct inode *inode)
{
	struct jbd_config config = {
		.dev = fs->dev, .block_size = fs->geo.block_size, .n_fs_blocks = fs->geo.n_blocks,
		.n_blocks = (u32)((u64)inode->size >> fs->geo.block_bits),
		.features = (fs->geo.incompat & EXT_INCOMPAT_64BIT ? JBD_INCOMPAT_64BIT : 0) |
			    (fs->geo.metadata_csum ? JBD_INCOMPAT_CSUM_V3 : 0),
		.ops = &log_ops, .owner = fs,
	};
	struct jbd_extent *extents = NULL;
	struct jbd_stats stats;
	struct jbd *j;
	int err = log_extents(fs, inode, config.n_blocks, &extents, &config.n_extents);

	if (err)
		return err;
	config.extents = extents;
	err = jbd_open(&config, &j);
	kfree(extents);
	if (err)
		return err;
	jbd_stats(j, &stats);
	fs->most_credits = stats.max_transaction;
	fs->journal = j;
	__atomic_store_n(&fs->journal_open, true, __ATOMIC_SEQ_CST);
	return 0;
}

int ext_log_open(struct ext_fs *fs)
{
	struct inode *inode = ext_inode_alloc(fs->sb);
	int err;

	if (!inode)
		return -ENOMEM;
	err = ext_journal_read_inode(fs, ext_i(inode));
	if (!err)
		err = log_open(fs, inode);
	ext_inode_free(inode);
	if (err)
		super_log(fs->sb, LOG_ERR, "its journal cannot be opened (error %d)", err);
	return err;
}

int ext_log_close(struct ext_fs *fs)
{
	int err;

	__atomic_store_n(&fs->journal_open, false, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&fs->n_handles, __ATOMIC_SEQ_CST))
		sched_yield();
	err = jbd_close(fs->journal);
	fs->journal = NULL;
	ext_freed_fini(fs);
	return err;
}
