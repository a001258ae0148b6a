/*
 * fs/ext/ext_inode.c - inodes in memory: storage, reading, writing.
 *
 * vfs keeps the cache of inodes; here one is filled from the inode table when it is first wanted,
 * and written back into the table's buffer when vfs says so; with a journal also at the end of each
 * handle that changed more than times in it.
 */
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_namei.h"
#include "fs/ext/ext_ordered.h"
#include "fs/ext/ext_super.h"
#include "fs/ext/ext_xattr.h"

#include "abi/stat.h"
#include "lib/string.h"
#include "mm/slab.h"

#define MOST_TRIES	4u	/* to write an inode while it gets blocks */

static struct slab_cache *inode_cache;

/* Directories, links and devices have no pages of their own. */
static const struct pagecache_ops no_page_ops;

int ext_inode_cache_init(void)
{
	inode_cache = slab_cache_create("ext_inode", sizeof(struct ext_inode), 0);
	if (!inode_cache)
		return -ENOMEM;
	slab_cache_set_reclaimable(inode_cache);
	return 0;
}

struct inode *ext_inode_alloc(struct superblock *sb)
{
	struct ext_inode *ei = slab_alloc(inode_cache, MM_WAIT | MM_NOFS | MM_ZERO);

	if (!ei)
		return NULL;
	rwsem_init(&ei->map_lock, RANK_FS, "ext map");
	spin_init(&ei->spin, RANK_INODE_SPIN, "ext inode");
	list_init(&ei->orphan_link);
	list_init(&ei->ordered_link);
	return &ei->inode;
}

void ext_inode_free(struct inode *inode)
{
	slab_free(inode_cache, ext_i(inode));
}

/* A short link's text is in the inode: nothing else of it takes blocks. */
static bool inode_is_fast_link(const struct inode *inode)
{
	const struct ext_inode *ei = ext_i(inode);
	u64 attributes = ei->file_acl | ei->file_acl_hi ? ext_fs_of(inode)->geo.block_size >> 9 : 0;

	return S_ISLNK(inode->mode) && !ext_is_inline(inode) && inode->blocks <= attributes &&
	       inode->size < EXT_INLINE_BYTES;
}

void ext_inode_set_ops(struct inode *inode)
{
	inode->cache.ops = &no_page_ops;
	if (S_ISREG(inode->mode)) {
		inode->ops = &ext_file_inode_ops;
		inode->fops = &ext_file_ops;
		inode->cache.ops = &ext_page_ops;
		if (ext_fs_of(inode)->journaled || ext_has_extents(inode))
			inode->cache.ops = &ext_journal_page_ops;
	} else if (S_ISDIR(inode->mode)) {
		inode->ops = &ext_dir_inode_ops;
		inode->fops = &ext_dir_ops;
	} else if (!S_ISLNK(inode->mode)) {
		inode->ops = &ext_special_inode_ops;
	} else if (inode_is_fast_link(inode) && inode->size) {
		((char *)ext_i(inode)->block)[inode->size] = '\0';
		inode->link_target = (const char *)ext_i(inode)->block;
		inode->ops = &ext_fast_link_inode_ops;
	} else {
		inode->ops = &ext_link_inode_ops;
	}
}

/* A link whose text is not in i_block has a map there, which nobody has looked at yet. */
static int inode_check_link(const struct inode *inode)
{
	const struct ext_inode *ei = ext_i(inode);
	const char *why;

	if (!S_ISLNK(inode->mode) || ext_is_inline(inode) || !ext_has_extents(inode) ||
	    inode_is_fast_link(inode))
		return 0;
	why = ext_check_extent_node(&ext_fs_of(inode)->geo, ei->block, sizeof(ei->block), -1);
	return why ? ext_inode_error(inode, "%s", why) : 0;
}

/* Fills a fresh inode: 0, -EIO, -ENOMEM, -ESTALE. */
static int inode_read(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	u32 ino = (u32)inode->ino;
	struct ext_raw_inode *raw;
	struct bblock b;
	const char *why;
	bool has_acls = false;
	int err = ext_raw_get(fs, ino, &b, &raw);

	if (err)
		return err;
	if (raw->links_count == 0 && (raw->mode == 0 || !READ_ONCE(fs->reading_orphans))) {
		err = -ESTALE;
	} else if (!ext_csum_inode(&fs->geo, ino, raw)) {
		err = ext_error(fs, "inode %u: checksum is wrong", ino);
	} else {
		why = ext_check_inode(&fs->geo, ino, raw);
		if (why)
			err = ext_error(fs, "inode %u: %s", ino, why);
	}
	if (!err && raw->flags & (EXT_FL_ENCRYPT | EXT_FL_CASEFOLD | EXT_FL_VERITY)) {
		super_log(fs->sb, LOG_ERR,
			  "inode %u is encrypted, case-folding or sealed: not supported", ino);
		err = -EIO;
	}
	if (!err) {
		ext_inode_from_raw(ext_i(inode), raw);
		err = inode_check_link(inode);
		has_acls = !err && ext_acl_possible(ext_i(inode), raw);
	}
	bcache_put(&b);
	return has_acls ? ext_acl_load(inode) : err;
}

int ext_iget(struct superblock *sb, u32 ino, struct inode **out)
{
	struct ext_fs *fs = sb->data;
	struct inode *inode;
	int err;

	if (ino > fs->geo.n_inodes || (ino < fs->geo.first_ino && ino != EXT_ROOT_INO))
		return ext_error(fs, "bad inode number %u", ino);
	inode = inode_lookup(sb, ino);
	if (!inode)
		return -ENOMEM;
	if (inode->state & I_NEW) {
		err = inode_read(inode);
		if (err) {
			inode_fail_new(inode);
			return err;
		}
		ext_inode_set_ops(inode);
		inode_unlock_new(inode);
	}
	*out = inode;
	return 0;
}

/*
 * Blocks beyond the end are damage to e2fsck; unless a writer is about to move the end over them.
 */
static void inode_trim(struct inode *inode)
{
	if (!rwsem_try_read(&inode->lock)) {
		inode_dirty(inode);
		return;
	}
	ext_map_trim(inode);
	rwsem_read_end(&inode->lock);
}

/* What matters to the data: where it is, and where it ends. */
struct data_place { u32 size_lo, size_hi, blocks_lo, block[EXT_N_BLOCKS]; };

static struct data_place place_of(const struct ext_raw_inode *raw)
{
	struct data_place p = { raw->size_lo, raw->size_hi, raw->blocks_lo, { 0 } };

	memcpy(p.block, raw->block, sizeof(p.block));
	return p;
}

/* The raw inode was written in this handle: what will fsync(2) have to wait for? */
static void inode_note_written(struct inode *inode, const struct data_place *before,
			       const struct ext_raw_inode *raw)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);
	struct data_place now = place_of(raw);
	u64 old_size = before->size_lo | (u64)before->size_hi << 32;
	u64 new_size = now.size_lo | (u64)now.size_hi << 32;
	u32 tid = ext_tid(fs);

	WRITE_ONCE(fs->last_tid, tid);
	WRITE_ONCE(ei->sync_tid, tid);
	if (memcmp(&now, before, sizeof(now)) == 0)
		return;
	WRITE_ONCE(ei->datasync_tid, tid);
	if (S_ISREG(inode->mode) && READ_ONCE(inode->cache.n_dirty) && new_size > old_size)
		ext_ordered_add(inode, old_size >> PAGE_SHIFT, new_size >> PAGE_SHIFT);
}

/* The inode's fields into its buffer. In a handle. `in_order`: -EAGAIN if it is due. */
static int inode_to_buffer(struct inode *inode, bool in_order)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);
	struct ext_raw_inode *raw;
	struct data_place before;
	struct bblock b;
	int err;

	if (inode->size > 0x7fffffff && S_ISREG(inode->mode)) {
		err = ext_feature_large_file(fs);
		if (err)
			return err;
	}
	err = ext_raw_get(fs, (u32)inode->ino, &b, &raw);
	if (err)
		return err;
	/*
	 * The block map must not be half way from one state to the next, and nobody else may write
	 * the same raw inode.
	 */
	rwsem_write(&ei->map_lock);
	if (in_order && unlikely(ext_order_is_due(inode))) {
		err = -EAGAIN;
		goto out;
	}
	before = place_of(raw);
	ext_inode_to_raw(ei, raw);
	ext_csum_inode_set(&fs->geo, (u32)inode->ino, raw);
	ext_block_dirty(fs, &b);
	ext_order_release(inode);
	if (fs->journal)
		inode_note_written(inode, &before, raw);
	WRITE_ONCE(ei->unsaved, false);
out:
	rwsem_write_end(&ei->map_lock);
	bcache_put(&b);
	return err;
}

int ext_inode_begin(struct inode *inode)
{
	return inode_to_buffer(inode, false);
}

int ext_inode_save(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);
	int err;

	if (!fs->journal)
		return 0; /* some time */
	inode_take_dirty(inode);
	err = inode_to_buffer(inode, false);
	if (err)
		WRITE_ONCE(ext_i(inode)->unsaved, true);
	/* Once more, later; also where blocks behind the end are to be freed before. */
	if (err || (S_ISREG(inode->mode) && ext_map_has_excess(inode)))
		inode_dirty(inode);
	return err;
}

/*
 * Without a journal, after what it names. It may get blocks faster than the device flushes: then
 * it is written all the same, some time.
 */
static int inode_write_in_order(struct inode *inode, bool wait)
{
	int err = 0, err2;
	unsigned tries = 0;

	do {
		if (ext_order_is_due(inode)) {
			err2 = ext_order(inode, wait || tries);
			err = err ? err : err2;
		}
		err2 = inode_to_buffer(inode, ++tries < MOST_TRIES);
	} while (err2 == -ABI_EAGAIN);
	if (!err2 && wait)
		err2 = bcache_sync(ext_fs_of(inode)->dev);
	return err ? err : err2;
}

int ext_inode_write(struct inode *inode, bool wait)
{
	struct ext_fs *fs = ext_fs_of(inode);
	int err;

	if (!READ_ONCE(fs->writable))
		return 0;
	if (unlikely(S_ISREG(inode->mode) && ext_map_has_excess(inode)))
		inode_trim(inode);
	if (!fs->journaled)
		return inode_write_in_order(inode, wait);
	err = ext_pages_fill_holes(inode);
	if (!err)
		err = ext_begin(fs, ext_credits_inode());
	if (err)
		return err;
	err = inode_to_buffer(inode, false);
	ext_end(fs);
	return err || !wait ? err : ext_commit_inode(inode, false);
}
