/*
 * fs/ext/ext_handle.c - handles, and how many blocks each operation can change.
 *
 * With a journal an operation is one handle (a truncation several), so that a crash leaves it whole
 * or not begun. What it changed in inodes is in their buffers when the handle ends: vfs's later
 * writing of inodes is for times and the like. Each inode remembers the transactions of its last
 * change and of the last that matters to its data, which fsync(2) waits for.
 *
 * Credits are exact upper limits: a transaction has to take all that a handle may change.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_dir.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_meta.h"

#include "fs/jbd/jbd.h"

/* A bit of a bitmap: the bitmap and the group's descriptor. */
#define CREDITS_BIT	2u
/* Appends of a block to a directory for one name: both halves of a leaf, the nodes of an index. */
#define DIR_APPENDS	(2u + EXT_DX_LEVELS)

/* Keeps the journal from being closed; false if it is. */
static bool handle_enter(struct ext_fs *fs)
{
	__atomic_add_fetch(&fs->n_handles, 1, __ATOMIC_SEQ_CST);
	if (likely(__atomic_load_n(&fs->journal_open, __ATOMIC_SEQ_CST)))
		return true;
	__atomic_sub_fetch(&fs->n_handles, 1, __ATOMIC_RELEASE);
	return false;
}

static void handle_leave(struct ext_fs *fs)
{
	__atomic_sub_fetch(&fs->n_handles, 1, __ATOMIC_RELEASE);
}

static int handle_begin(struct ext_fs *fs, u32 credits, bool soon)
{
	int err;

	if (!fs->journaled)
		return 0;
	if (!handle_enter(fs))
		return -EROFS;
	err = soon ? jbd_begin_soon(fs->journal, credits) : jbd_begin(fs->journal, credits);
	if (err)
		handle_leave(fs);
	return err;
}

int ext_begin(struct ext_fs *fs, u32 credits)
{
	return handle_begin(fs, credits, false);
}

int ext_begin_soon(struct ext_fs *fs, u32 credits)
{
	return handle_begin(fs, credits, true);
}

void ext_end(struct ext_fs *fs)
{
	if (!fs->journaled)
		return;
	jbd_end(fs->journal);
	handle_leave(fs);
}

int ext_end_saving(struct ext_fs *fs, int err, struct inode *a, struct inode *b)
{
	int err_a = a ? ext_inode_save(a) : 0, err_b = b && b != a ? ext_inode_save(b) : 0;

	ext_end(fs);
	if (err)
		return err;
	err = err_a ? err_a : err_b;
	/* Without memory it stays dirty, and will be written when there is some. */
	return err == -ABI_ENOMEM ? 0 : err;
}

void ext_block_dirty(struct ext_fs *fs, struct bblock *b)
{
	if (fs->journal)
		jbd_dirty(fs->journal, b);
	else
		bcache_dirty(fs->dev, b);
}

void ext_block_forget(struct ext_fs *fs, u64 block, u64 n)
{
	if (fs->journal)
		jbd_forget(fs->journal, block, n);
	else
		bcache_forget(fs->dev, block, fs->geo.block_size, n);
}

u32 ext_tid(struct ext_fs *fs)
{
	return fs->journal ? jbd_tid(fs->journal) : 0;
}

void ext_abort(struct ext_fs *fs, int error)
{
	if (!fs->journaled || !handle_enter(fs))
		return;
	jbd_abort(fs->journal, error);
	handle_leave(fs);
}

bool ext_is_committing(struct ext_fs *fs)
{
	bool yes;

	if (!fs->journaled || !handle_enter(fs))
		return false;
	yes = jbd_is_committing(fs->journal);
	handle_leave(fs);
	return yes;
}

int ext_commit_all(struct ext_fs *fs)
{
	int err;

	if (!fs->journaled || !handle_enter(fs))
		return 0;
	err = jbd_commit_all(fs->journal);
	handle_leave(fs);
	return err;
}

void ext_commit_start(struct ext_fs *fs)
{
	if (!fs->journaled || !handle_enter(fs))
		return;
	jbd_commit_start(fs->journal);
	handle_leave(fs);
}

bool ext_retry(struct ext_fs *fs, int err, unsigned *tries)
{
	if (err != -ABI_ENOSPC || !fs->journal || *tries >= 2 || !ext_freed_any(fs) ||
	    jbd_in_handle(fs->journal))
		return false;
	++*tries;
	return ext_commit_all(fs) == 0;
}

int ext_commit_inode(struct inode *inode, bool data_only)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);
	u32 tid = data_only ? READ_ONCE(ei->datasync_tid) : READ_ONCE(ei->sync_tid);
	bool running, stable;
	int err;

	if (!handle_enter(fs))
		return -EROFS;
	stable = jbd_is_stable(fs->journal, tid);
	err = jbd_error(fs->journal);
	handle_leave(fs);
	if (err)
		return err;
	if (stable)
		return blk_flush(fs->dev);
	err = ext_begin(fs, 1);
	if (err)
		return err;
	/*
	 * Only a commit that has not begun is sure to flush what the device was given before now:
	 * data that was overwritten in its place belongs to no transaction.
	 */
	running = ext_tid(fs) == tid;
	/* Once more: the journal is kept open already, even if it has begun to be closed. */
	__atomic_add_fetch(&fs->n_handles, 1, __ATOMIC_RELAXED);
	ext_end(fs);
	err = jbd_commit(fs->journal, tid);
	handle_leave(fs);
	return err || running ? err : blk_flush(fs->dev);
}

/*
 * The way down the tree: the nodes on it may each be split into a new one, which takes a bit, or
 * the tree may become one deeper; and the run's own bit, which never crosses a group. Others may
 * make the tree deeper by one before it is locked. An indirect map lacks three blocks at most.
 */
static u32 map_depth(const struct inode *inode)
{
	const struct ext_extent_header *h = (const void *)ext_i(inode)->block;

	return min(READ_ONCE(h->depth) + 1u, (u32)EXT_EXTENT_DEPTH_MAX);
}

u32 ext_credits_map(const struct inode *inode)
{
	if (ext_has_extents(inode))
		return map_depth(inode) + (map_depth(inode) + 1) * (1 + CREDITS_BIT) + CREDITS_BIT;
	return 1 + 3 * (1 + CREDITS_BIT) + CREDITS_BIT;
}

/* One block's bit; its entry was changed already, but the node may go with it. */
u32 ext_credits_undo(void)
{
	return CREDITS_BIT + EXT_EXTENT_DEPTH_MAX * (1 + CREDITS_BIT);
}

/* The table's block, and the superblock for the feature large_file. */
u32 ext_credits_inode(void)
{
	return 2;
}

/* The superblock or the inode before in the list, besides the inode. */
u32 ext_credits_orphan(void)
{
	return 2;
}

/* Appends with the block itself; the nodes from the index's root, and the leaf. */
static u32 credits_dir_add(const struct inode *dir)
{
	u32 appends = ext_dir_indexed(dir) ? DIR_APPENDS : 3;

	return appends * (ext_credits_map(dir) + 1) + EXT_DX_LEVELS + 1;
}

/*
 * Its number's bit, its inode, a first block with its bit; inherited attributes; the name; its
 * directory's inode. If the name cannot be entered the inode becomes an orphan, whose end has
 * handles of its own.
 */
u32 ext_credits_new(const struct inode *dir)
{
	return CREDITS_BIT + 2 * ext_credits_inode() + 1 + CREDITS_BIT + ext_credits_xattr() +
	       credits_dir_add(dir) + ext_credits_orphan();
}

u32 ext_credits_link(const struct inode *dir)
{
	return credits_dir_add(dir) + 2 * ext_credits_inode() + ext_credits_orphan();
}

/* The name's block. */
u32 ext_credits_unlink(void)
{
	return 1 + 2 * ext_credits_inode() + ext_credits_orphan();
}

/* Two names' blocks, two ".."; both directories and both files. */
u32 ext_credits_rename(const struct inode *from, const struct inode *to)
{
	return credits_dir_add(to) + 4 + 4 * ext_credits_inode() + ext_credits_orphan();
}

/* A new block with its bit, the old one with its own, the inode twice (as fields and as area). */
u32 ext_credits_xattr(void)
{
	return 2 * (1 + CREDITS_BIT) + 2 * ext_credits_inode();
}

/*
 * EXT_TRUNCATE_UNITS stretches within two groups each; the way down to the leaf, which may go with
 * the nodes above it. Indirect blocks count as stretches, those on the way are changed.
 */
u32 ext_credits_truncate(const struct inode *inode)
{
	u32 depth = ext_has_extents(inode) ? map_depth(inode) : 3;

	return EXT_TRUNCATE_UNITS * (2 * CREDITS_BIT + 1) + depth * (2 + CREDITS_BIT) + 1 +
	       ext_credits_inode() + ext_credits_orphan();
}

/* The block of attributes, the number's bit. */
u32 ext_credits_evict(const struct inode *inode)
{
	return ext_credits_truncate(inode) + 1 + 2 * CREDITS_BIT;
}
