/*
 * fs/ext/ext_int.h - what the files of this room share.
 *
 * Vocabulary. A logical block is counted within a file, a physical block within the file system; a
 * run is a stretch of both that stays contiguous. Metadata (superblock, descriptors, bitmaps, inode
 * tables, indirect blocks, directories, links, attributes) goes through dev/bcache; contents of
 * regular files go between the inode's page cache and the block layer.
 *
 * Locks, outermost first: inode->lock (vfs) - a handle of the journal (ext_handle.h) - page lock -
 * fs->orphan_mutex (RANK_FS_LIST) - ei->map_lock (RANK_FS) - group->lock (RANK_FS2) -
 * fs->super_lock (RANK_FS2, never with a group's) - the spinlocks ei->spin, fs->window_lock,
 * fs->orphan_lock, fs->ordered_lock, fs->freed_lock, none inside another.
 */
#pragma once

#include "abi/ioctl.h"
#include "abi/stat.h"
#include "core/log.h"
#include "core/log_limit.h"
#include "dev/bcache.h"
#include "fs/ext/ext_check.h"
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_hash.h"
#include "lib/radix.h"
#include "lib/rbtree.h"
#include "mm/slab.h"
#include "vfs/file.h"
#include "vfs/super.h"

struct jbd;

struct ext_options {
	u32 errors;		/* EXT_ERRORS_* */
	u64 super_at;		/* place of the superblock, in KiB */
	u32 resuid, resgid;	/* who may use the reserved blocks besides root */
	bool discard;		/* what is freed is discarded, once that is stable */
	bool noload;		/* read although the journal was not replayed */
	bool errors_given;	/* else the superblock's are taken */
	bool no_acl, no_user_xattr;
	bool delalloc, delalloc_given;	/* blocks are taken when pages are written */
	bool no_auto_da_alloc;		/* also where a file replaces another: ext_delayed.c */
	bool resuid_given, resgid_given;
	bool super_given;
};

/* I: constant once mounted.  g: lock.  a: torn reads harmless, changed under g. */
struct ext_group {
	struct mutex lock;		/* RANK_FS2: bitmaps and descriptor */
	struct ext_group_desc *desc;	/* a: in a pinned buffer; g for its contents */
	u32 head_blocks;		/* I: superblock and descriptors at its start */
	u32 free_blocks, free_inodes, dirs; /* a: as in the descriptor */
	u32 first_free;			/* a: no block below this bit is free */
	u32 no_run;			/* a: so long a run of free blocks was not found; 0:
					 * unknown */
	bool block_bitmap_ok, inode_bitmap_ok; /* g: looked at since mount */
	u32 trimmed;			/* g: all free runs of so many blocks were discarded; 0:
					 * not so */
	u8 stale;			/* g: EXT_STALE_*: made at the transaction's end */
	u32 next_stale;			/* freed_lock: as fs->first_stale */
	bool bad;			/* a: a bitmap is damaged: nothing is taken from here */
	bool held;			/* a, freed_lock to change: nothing is taken from here, */
	u32 held_tid;			/* freed_lock: until that transaction is stable */
};

#define EXT_STALE_DESC		(1u << 0) /* the descriptor's own */
#define EXT_STALE_BLOCKS	(1u << 1) /* the block bitmap's */
#define EXT_STALE_INODES	(1u << 2)

/* Where in the driver an error was found, and one as the superblock will tell of it. */
struct ext_error_site { const char *function; u32 line; };
struct ext_error_note { const struct ext_error_site *site; u64 time; u32 ino; };

/*
 * I: constant once mounted.  a: atomic.  s: super_lock.  w: window_lock.  o: orphan_lock.  e:
 * error_lock.  t: ordered_lock.
 */
struct ext_fs {
	struct superblock *sb;		/* I */
	struct blkdev *dev;		/* I */
	struct ext_geo geo;		/* I */
	struct ext_options opt;		/* s to change */
	struct bblock super_block;	/* I: pinned */
	struct ext_super *super;	/* I: within it; s for its contents */
	struct bblock *gdt;		/* I: geo.n_gdt_blocks pinned blocks */
	struct ext_group *groups;	/* I: geo.n_groups */
	struct mutex super_lock;
	s64 free_blocks;		/* a: that nobody has, nor was promised */
	s64 unused_blocks;		/* a: free as the bitmaps say, promised ones among them */
	s64 free_inodes;		/* a */
	s64 reserved_blocks;		/* I */
	u64 overhead;			/* I: blocks that hold no files, for statfs */
	u32 n_dirs;			/* a */
	u32 max_links;			/* I */
	u8 hash_base;			/* I: 0, or 3 for unsigned char hashes */
	bool writable;			/* a: mounted read-write: changes go to the disk */
	bool reading_orphans;		/* a: inodes without a link may be read */
	bool had_errors;		/* a: an error was found since mount */
	bool cache_stale;		/* the device's cache has what the disk never will */
	u16 mount_state;		/* s: state to be put back at unmount */
	struct spinlock window_lock;	/* RANK_INODE_SPIN */
	struct rb_root windows;		/* w: by start */
	struct spinlock orphan_lock;	/* RANK_INODE_SPIN */
	struct list orphans;		/* o: in use without a link, in the order of the disk's
					 * list */
	u32 write_errors;		/* count of the device's cache when writing began: it may
					 * have told another of what failed since */
	struct radix_tree overlay;	/* I: blocks whose contents are in the journal */
	bool overlaid;			/* a: there are any, and they count */
	struct bblock away_super, *away_gdt; /* mount's: buffers of the overlay, no longer used */
	struct spinlock error_lock;	/* RANK_INODE_SPIN */
	struct log_limit error_limit;
	u32 errors_untold;		/* e: since the superblock's fields were written */
	struct ext_error_note first_error, last_error; /* e: of those */

	/* With a journal: */
	bool journaled;			/* I: a writable mount changes nothing but by its journal */
	struct jbd *journal;		/* a: while writable */
	bool journal_open;		/* a: handles may be begun */
	u32 most_credits;		/* I while it is open: of one handle */
	u32 n_handles;			/* a: users of the journal, at least those with handles */
	u32 last_tid;			/* a: of the last inode that was written to its buffer */
	struct mutex orphan_mutex;	/* RANK_FS_LIST: the list of orphans, in memory and on the
					 * disk */
	struct spinlock ordered_lock;	/* RANK_INODE_SPIN */
	struct list ordered;		/* t: inodes with data to be written before a commit */
	struct ext_inode *ordered_busy;	/* t: is being written */
	u32 ordered_left;		/* the commit's: inodes to be looked at */
	struct wait_queue ordered_wait;	/* for another busy one */

	/* Without one, with the list above: ext_order.c */
	struct mutex order_mutex;	/* RANK_JOURNAL: the end of an epoch */
	u32 order_epoch, order_stable;	/* t: which is now, and the last that ended; never 0 */

	/* With a journal: */
	struct spinlock freed_lock;	/* RANK_INODE_SPIN */
	struct rb_root freed;		/* freed_lock: ext_freed.c */
	bool held;			/* freed_lock: a group is */
	u32 first_stale;		/* freed_lock: 1 + a group with stale sums, or 0 */
};

/*
 * A stretch of a file: `count` logical blocks stand at `block` and after, or are a hole (block
 * 0).
 */
struct ext_run {
	u64 block;
	u32 count;
};

/* Free blocks that allocation keeps for one file while it grows. w: fs->window_lock. */
struct ext_window {
	struct rb_node node;	/* w */
	u64 start, end;		/* w: physical, end exclusive; equal: not in the tree */
	u32 target;		/* w: length of the next window */
};

/* m: map_lock (write to change).  s: spin.  l: inode->lock.  o: fs->orphan_lock.  I: constant. */
struct ext_inode {
	struct inode inode;
	struct rwsem map_lock;		/* RANK_FS */
	u32 block[EXT_N_BLOCKS];	/* m: i_block: pointers, extents, short link, inline data */
	u32 file_acl_hi;		/* l: with file_acl, block of attributes */
	u32 file_acl;			/* l */
	u32 group;			/* I: near which its blocks are sought */
	u32 csum_seed;			/* I */
	u16 extra_isize;		/* I */
	bool fresh;			/* I_NEW: the raw inode is to be cleared first */
	struct spinlock spin;		/* RANK_INODE_SPIN */
	u64 run_logical;		/* s: the run found last; */
	struct ext_run run;		/* s: count 0: none */
	u64 next_logical, next_block;	/* m: where the next block of a sequential writer belongs */
	u64 kept_end;			/* m: blocks below it may lie behind the end of the file,
					 * unwritten: fallocate(2) took them */
	u64 excess_end;			/* m: ext_map_create() has taken none from here on */
	u64 alloc_end;			/* m: logical blocks from here on have none, as far as we
					 * know */
	u32 n_privileged;		/* a: open for writing by users of the reserved blocks */
	struct ext_window window;
	u32 promised;			/* s: blocks that free_blocks was charged with for pages
					 * that are PG_DELAYED, and for the map of them */
	bool uses_promise;		/* m: ext_blocks_alloc() takes of these */
	bool truncated;			/* a: to nothing: what is written until close replaces it */
	struct list orphan_link;	/* o, with a journal orphan_mutex, too: empty when not in
					 * the list */
	u64 disk_size;			/* m: i_size as it was written last */
	bool unsaved;			/* a: its buffer lacks what changed in a handle */
	u32 sync_tid, datasync_tid;	/* a: transactions of the last change, and of the last that
					 * matters to the data */
	struct list ordered_link;	/* fs->ordered_lock */
	u32 ordered_tid;		/* fs->ordered_lock: the last that needs its data (without
					 * a journal the epoch, 0: none), */
	bool new_node;			/* fs->ordered_lock: without a journal, ext_order.c */
	u64 ordered_first, ordered_last; /* fs->ordered_lock: which pages */
	u64 hole_first, hole_end;	/* s: dirty pages in which write-back met a hole */
	u64 dir_hint;			/* l (dir): logical block where the last name was found */
	u64 dir_room;			/* l (dir): no block below this one has room */
	u64 dir_verified;		/* a (dir): bit n: checksum of logical block n was right */
};

static inline struct ext_inode *ext_i(const struct inode *inode)
{
	return container_of((struct inode *)inode, struct ext_inode, inode);
}

static inline struct ext_fs *ext_fs_of(const struct inode *inode)
{
	return inode->sb->data;
}

static inline bool ext_has_extents(const struct inode *inode)
{
	return inode->flags & EXT_FL_EXTENTS;
}

static inline bool ext_is_inline(const struct inode *inode)
{
	return inode->flags & EXT_FL_INLINE_DATA;
}

static inline u64 ext_dir_blocks(const struct inode *dir)
{
	return (u64)READ_ONCE(dir->size) >> ext_fs_of(dir)->geo.block_bits;
}

/* ext_error.c */
/*
 * Says that the file system is damaged, marks it so, and does what errors= wants. Returns -EIO, for
 * the caller to hand on. Thread context; no group lock and not super_lock may be held with
 * errors=panic only. Messages are limited in rate.
 */
#define ext_error(fs, ...) \
	({ \
		static const struct ext_error_site ext_site_ = { __func__, __LINE__ }; \
		ext_error_at(fs, &ext_site_, __VA_ARGS__); \
	})
#define ext_inode_error(inode, ...) \
	({ \
		static const struct ext_error_site ext_site_ = { __func__, __LINE__ }; \
		ext_inode_error_at(inode, &ext_site_, __VA_ARGS__); \
	})
int ext_error_at(struct ext_fs *fs, const struct ext_error_site *site, const char *fmt,
		...) __printf(3, 4);
int ext_inode_error_at(const struct inode *inode, const struct ext_error_site *site,
		const char *fmt, ...) __printf(3, 4);
/*
 * The errors since the last call go into the superblock's fields, for the caller to write.
 * super_lock held, unless nobody else writes it any more.
 */
void ext_error_record(struct ext_fs *fs);
/* "ext2 (sda3): …" without consequences. */
void ext_message(const struct superblock *sb, enum log_level level, const char *fmt,
		...) __printf(3, 4);

/* ext_journal.c, ext_overlay.c */
/*
 * Replays the journal, onto the disk or into memory: while nothing of the file system but its
 * superblock was read, or onto the disk what is in memory already. 0, or an error that was logged.
 */
int must_check ext_journal_recover(struct ext_fs *fs, bool to_disk);
void ext_overlay_free(struct ext_fs *fs);
/* What ext_block_get() does with an overlay. */
int must_check ext_overlay_get(struct ext_fs *fs, u64 block, struct bblock *b);
/*
 * How many of `count` blocks from `block` on are together: at *where on the disk (the same place,
 * or in the journal), or one block whose contents are at *copy, until unmount.
 */
u32 ext_overlay_run(struct ext_fs *fs, u64 block, u32 count, u64 *where, const void **copy);

/* Metadata block number `block`, with a reference to put by bcache_put(): as bcache_get(). */
static inline int must_check ext_block_get(struct ext_fs *fs, u64 block, struct bblock *b)
{
	if (unlikely(fs->overlaid))
		return ext_overlay_get(fs, block, b);
	return bcache_get(fs->dev, block, fs->geo.block_size, b);
}

/* ext_handle.c, see ext_handle.h: in a handle */
/* A block of metadata changed: written some time. */
void ext_block_dirty(struct ext_fs *fs, struct bblock *b);
/* Blocks of metadata were freed, EXT_FORGET_MAX at most: they are not written any more. */
void ext_block_forget(struct ext_fs *fs, u64 block, u64 n);
u32 ext_tid(struct ext_fs *fs);
/* Whether a transaction before the running one is being committed: see jbd_is_committing(). */
bool ext_is_committing(struct ext_fs *fs);
/* Any context that may sleep: ends all writing by the journal. */
void ext_abort(struct ext_fs *fs, int error);

/* ext_ordered.c */
/*
 * What the inode's pages first .. last hold is to be written before this transaction is. In a
 * handle.
 */
void ext_ordered_add(struct inode *inode, u64 first, u64 last);
/*
 * Pages of the inode from `first` on are about to be dropped with their blocks: if a commit under
 * way may still have to write them they are written. In the handle that makes the blocks another's,
 * or the last name is gone already. No page lock held; the size is still the old one.
 */
void ext_ordered_settle(struct inode *inode, u64 first);
/* On its way out; no handle is open, unless it was never added. */
void ext_ordered_remove(struct inode *inode);
int ext_ordered_write(struct ext_fs *fs, u32 tid);
/* What the first does, of a transaction. ordered_lock held. */
void ext_ordered_put_locked(struct ext_fs *fs, struct ext_inode *ei, u32 tid, u64 first, u64 last);

/* ext_order.c: without a journal; nothing to do with one */
/*
 * The inode gets blocks, among its pages first .. last. map_lock is held for writing; the pages are
 * locked until they are dirty.
 */
void ext_order_add(struct inode *inode, u64 first, u64 last);
/* The inode gets a block of metadata. map_lock is held for writing. */
void ext_order_add_node(struct inode *inode);
/* Waits until what became the inode's there is dirty. No page lock held. */
void ext_order_wait_unlocked(struct inode *inode, u64 first, u64 last);
/* Whether what it names may be missing on the disk. Any context that may take spinlocks. */
bool ext_order_is_due(struct inode *inode);
/*
 * Makes what the inode names stable (`alone`), or what all inodes that are due name: 0, or an error
 * of writing or flushing, and it is due no more all the same. No page lock or map_lock held.
 */
int ext_order(struct inode *inode, bool alone);

/* ext_freed.c */
/* The blocks, of one group, were freed in this handle. */
void ext_freed_add(struct ext_fs *fs, u32 group, u64 block, u32 n);
/* Cuts [*start, *end) to its first part that may be taken; false if nothing is left. */
bool ext_freed_trim(struct ext_fs *fs, u64 *start, u64 *end);
bool ext_freed_any(const struct ext_fs *fs);
void ext_freed_release(struct ext_fs *fs, u32 tid); /* that transaction is stable */
void ext_freed_fini(struct ext_fs *fs);

/* ext_log.c: the journal of a writable mount */
int must_check ext_log_open(struct ext_fs *fs);
/* Nothing is stable any more but what it says: 0, or the error that keeps the log needed. */
int ext_log_close(struct ext_fs *fs);
/* The superblock says, on the disk, that errors were found; nothing else will be written. */
void ext_state_mark_error(struct ext_fs *fs);
/* The superblock's counts as they are now. With a journal in a handle. */
void ext_state_sum_up(struct ext_fs *fs);

/* ext_options.c */
int must_check ext_options_parse(const struct superblock *sb, const char *text,
		struct ext_options *o);
bool ext_options_delalloc(const struct ext_fs *fs); /* whether it is the default */
void ext_show_options(struct superblock *sb, char *buf, size_t size);

/* ext_super.c, ext_state.c, ext_group.c */
/* Whether it could be written: 0, or -EROFS and said why. */
int must_check ext_state_check_features(const struct ext_fs *fs);
int ext_state_begin_write(struct ext_fs *fs);	/* the mount becomes read-write: 0, -EROFS, -EIO */
void ext_state_end_write(struct ext_fs *fs);	/* and no longer is */
/* Makes all metadata stable: 0, or an error if any write failed since writing began. */
int must_check ext_meta_sync(struct ext_fs *fs);
void ext_meta_sync_begin(struct ext_fs *fs);	/* writing begins */
int ext_sync_super(struct superblock *sb, bool wait);
int ext_statfs(struct superblock *sb, struct abi_statfs *out);
void ext_statfs_prepare(struct ext_fs *fs);
int ext_remount(struct superblock *sb, u32 flags, const char *options);
int ext_freeze(struct superblock *sb);	/* ext_freeze.c: super_ops */
void ext_thaw(struct superblock *sb);
void ext_super_dirty(struct ext_fs *fs);	/* super_lock held */
int must_check ext_feature_large_file(struct ext_fs *fs); /* a file passes 2 GiB */
int must_check ext_groups_load(struct ext_fs *fs);
void ext_groups_free(struct ext_fs *fs);
/* Descriptors from their own places on the disk, the same as those of the overlay. */
int must_check ext_groups_go_home(struct ext_fs *fs);
/* One group's descriptor from its place on the disk, its numbers in range; before the others. */
int must_check ext_group_read(struct ext_fs *fs, u32 group, struct ext_group_desc *desc);
bool ext_group_has_super(const struct ext_geo *geo, const struct ext_super *s, u32 group);
/*
 * The group's descriptor changed, and what else `stale` says. With a journal the sums are made when
 * the transaction ends, by ext_groups_sum_up(). group->lock held.
 */
void ext_group_dirty(struct ext_fs *fs, u32 group, u8 stale);
void ext_groups_sum_up(struct ext_fs *fs);
/* Whether [block, block + n) touches a superblock, descriptors, bitmaps or inode tables. */
bool ext_overlaps_metadata(const struct ext_fs *fs, u64 block, u64 n);

/* ext_balloc.c */
/*
 * Takes 1 … want contiguous free blocks at `goal` or near it for `ei`: 0, -ENOSPC, -EIO, -ENOMEM.
 * `reserve`: the reserved blocks may be used. Caller holds ei->map_lock for writing, or owns ei.
 * With ei->uses_promise what was promised is used up first.
 */
int must_check ext_blocks_alloc(struct ext_inode *ei, u64 goal, u32 want, bool reserve,
		u64 *block, u32 *got);
/*
 * Gives blocks back: 0 or -EIO (damage; what could be freed is). `metadata`: they went through
 * bcache.
 */
int ext_blocks_free(struct ext_fs *fs, u64 block, u64 count, bool metadata);
/*
 * The same for what was just taken for `ei`, and could not be used: with ei->uses_promise it is
 * promised again.
 */
void ext_blocks_undo(struct ext_inode *ei, u64 block, u32 n, bool metadata);
/* Charges for n blocks that will be taken later: all, or false. And gives such back. */
bool must_check ext_blocks_promise(struct ext_fs *fs, u32 n, bool reserve);
void ext_blocks_unpromise(struct ext_fs *fs, u32 n);
/* Whether that user may go into the reserve. */
bool ext_may_use_reserve(const struct ext_fs *fs, const struct cred *cred);
/* Where the first block of a file belongs. */
u64 ext_goal_for_inode(const struct ext_inode *ei);

/* ext_window.c: the owner's map_lock held for writing; a group's lock may be, too. */
void ext_window_drop(struct ext_fs *fs, struct ext_window *w);
/*
 * Makes [start, end) `w`'s window, replacing its old one; shortened or left empty if others are
 * there.
 */
void ext_window_set(struct ext_fs *fs, struct ext_window *w, u64 start, u64 end);
/* The window's blocks below `start` (which lies within it, or at its end) are used. */
void ext_window_use(struct ext_fs *fs, struct ext_window *w, u64 start);
/*
 * Cuts [*start, *end) to its first part outside windows of others than `own`; false if nothing is
 * left.
 */
bool ext_window_trim(struct ext_fs *fs, const struct ext_window *own, u64 *start, u64 *end);

/* ext_ialloc.c */
/*
 * A new inode for `dir` with I_NEW, one link (two for a directory), owner and mode set, not yet
 * named: 0, -ENOSPC, -EIO, -ENOMEM. The caller names it and calls inode_unlock_new(), or
 * ext_inode_abandon(). After an error *out is NULL, or one that was abandoned.
 */
int must_check ext_inode_new(struct inode *dir, u32 mode, const struct cred *cred,
		struct inode **out);
/*
 * A new inode does not get a name. Its end is more than a handle for making it has room for: the
 * caller puts it after that, and the list of orphans has it until then.
 */
void ext_inode_abandon(struct inode *inode);
/* Frees the number of an inode that is being evicted: 0 or an error. */
int must_check ext_inode_number_free(struct inode *inode);

/* ext_inode.c, ext_raw.c, ext_evict.c */
/* The inode of that number with a reference: 0, -EIO, -ENOMEM, -ESTALE (not in use). */
int must_check ext_iget(struct superblock *sb, u32 ino, struct inode **out);
struct inode *ext_inode_alloc(struct superblock *sb);
void ext_inode_free(struct inode *inode);
int ext_inode_write(struct inode *inode, bool wait);
/* Of one that is being made, in the handle that does so: its buffer is no longer the last owner's.
 * 0, -EIO. */
int must_check ext_inode_begin(struct inode *inode);
void ext_inode_evict(struct inode *inode);
void ext_inode_set_ops(struct inode *inode);
int ext_setattr(struct inode *inode, const struct inode_attr *attr);
/* The buffer that holds the raw inode, and where: put it back with bcache_put(). */
int must_check ext_raw_get(struct ext_fs *fs, u32 ino, struct bblock *b,
		struct ext_raw_inode **raw);
/* The same where the group's descriptor is `desc`; the number exists. */
int must_check ext_raw_get_in(struct ext_fs *fs, const struct ext_group_desc *desc, u32 ino,
		struct bblock *b, struct ext_raw_inode **raw);
void ext_inode_from_raw(struct ext_inode *ei, const struct ext_raw_inode *raw);
void ext_inode_to_raw(struct ext_inode *ei, struct ext_raw_inode *raw);
int ext_inode_cache_init(void);
/*
 * Into the list of orphans, and out of it. With a journal in a handle, and the caller saves the
 * inode in the same one; map_lock not held.
 */
void ext_orphan_add(struct inode *inode);
void ext_orphan_remove(struct inode *inode);
void ext_orphan_forget(struct inode *inode); /* leaves memory, whatever the disk says */
u32 ext_orphan_first(struct ext_fs *fs);
u32 ext_orphan_next(struct inode *inode);
void ext_orphans_process(struct ext_fs *fs);
/*
 * An orphan on the disk, now in memory with a reference, which is dropped: without a name it is
 * freed; with one, a journal's last transaction was about to truncate it. 0 or an error.
 */
int must_check ext_orphan_finish(struct inode *inode);
/* It, and in *next the one after it in the list: 0 or an error. */
int must_check ext_orphan_read(struct ext_fs *fs, u32 ino, struct inode **out, u32 *next);
/* ext_orphan_file.c: those in the file of orphans: how many. */
u32 ext_orphan_file_process(struct ext_fs *fs);

/* ext_map.c, ext_indirect.c, ext_truncate.c, ext_extent.c */
/* The run at `logical`, at most `max` (> 0) blocks: 0, -EIO, -ENOMEM. */
int must_check ext_map(struct inode *inode, u64 logical, u32 max, struct ext_run *run);
/* The same, with a hole filled: run->block is never 0. Also -ENOSPC, -EFBIG, -EROFS. */
int must_check ext_map_create(struct inode *inode, u64 logical, u32 max, bool reserve,
		struct ext_run *run);
/* The same for blocks that were promised to the file: ext_delayed.c. */
int must_check ext_map_create_promised(struct inode *inode, u64 logical, u32 max,
		struct ext_run *run);
/* Gives back one block that ext_map_create() just took, in the same handle; its page, of a regular
 * file, is locked. */
void ext_map_undo(struct inode *inode, u64 logical);
/* inode_ops.locate */
int ext_locate(struct inode *inode, u64 offset, u64 *lba, u64 *n_sectors);
/*
 * Frees all blocks from `logical` on, in as many handles as it takes. No page of them is in the
 * cache. inode->lock held, or the last reference.
 */
int ext_map_truncate(struct inode *inode, u64 logical);
/* The same in a handle with ext_credits_truncate() that is open, which it ends. */
int ext_map_truncate_begun(struct inode *inode, u64 logical);
/* Some of them, in a handle: 1 if there may be more, 0, or an error. */
int must_check ext_map_truncate_step(struct inode *inode, u64 logical);
#define EXT_TRUNCATE_UNITS 8u /* stretches of blocks that a step frees, or nodes of a map */
#define EXT_FORGET_MAX 120u /* freed blocks that one block of any journal can name */

/*
 * Blocks in such a stretch: no more than a group's worth, so that two are touched at most; and if
 * the journal may have copies of them, no more than its credit for one ext_block_forget() is for.
 */
static inline u32 ext_truncate_most(const struct inode *inode)
{
	return min(ext_fs_of(inode)->geo.blocks_per_group,
		   S_ISREG(inode->mode) ? ~0u : EXT_FORGET_MAX);
}
/*
 * A write that fails half way leaves blocks beyond the end of file: whether there are any, and
 * frees them. inode->lock held (for reading is enough), or the last reference.
 */
bool ext_map_has_excess(const struct inode *inode);
void ext_map_trim(struct inode *inode);
/*
 * Pages that hold blocks from `logical` to `last` may not rely on having them any more
 * (ext_pages.c). Whole pages behind are not in the cache, unless a write to them failed.
 */
void ext_pages_forget_map(struct inode *inode, u64 logical, u64 last);
void ext_map_forget_run(struct ext_inode *ei);
u64 ext_map_limit(const struct ext_geo *geo); /* logical blocks a file without extents can have */
/* The following: map_lock held. */
int must_check ext_indirect_map(struct ext_inode *ei, u64 logical, u32 max, struct ext_run *run);
int must_check ext_indirect_create(struct ext_inode *ei, u64 logical, u32 max, bool reserve,
		struct ext_run *run);
int ext_indirect_unmap(struct ext_inode *ei, u64 logical);
int must_check ext_indirect_truncate(struct ext_inode *ei, u64 logical); /* a step */
int must_check ext_extent_map(struct ext_inode *ei, u64 logical, u32 max, struct ext_run *run);
/* ext_extent_write.c; map_lock held for writing. */
int must_check ext_extent_create(struct ext_inode *ei, u64 logical, u32 max, bool reserve,
		struct ext_run *run);
int ext_extent_unmap(struct ext_inode *ei, u64 logical);
/* Blocks from `logical` on that are allocated and unwritten: 0 and *run, count 0 if none are. */
int must_check ext_extent_unwritten(struct ext_inode *ei, u64 logical, u32 max,
		struct ext_run *run);
/* They become written. Changes what ext_map_create() of one run does. */
int must_check ext_extent_set_written(struct ext_inode *ei, u64 logical, u32 n, bool reserve);
int must_check ext_extent_truncate(struct ext_inode *ei, u64 logical); /* a step */
/*
 * ext_extent_range.c; map_lock held for writing. Steps: *done blocks from `logical` on were dealt
 * with. Allocates what is a hole, unwritten; unmaps; makes unwritten what is written.
 */
int must_check ext_extent_allocate(struct ext_inode *ei, u64 logical, u32 max, bool reserve,
		u32 *done);
int must_check ext_extent_unmap_some(struct ext_inode *ei, u64 logical, u32 max, u32 *done);
int must_check ext_extent_unwrite_some(struct ext_inode *ei, u64 logical, u32 max, u32 *done);
/* No extent reaches over that block any more. */
int must_check ext_extent_split(struct ext_inode *ei, u64 logical);
/*
 * What is mapped from `from` on, where no extent crosses, moves to where there is a hole, a leaf at
 * a time: 1 if there may be more, 0, or an error. *at, where that is, begins as `from` if it goes
 * down and as ~0u if it goes up. Changes a block per level of the tree.
 */
int must_check ext_extent_shift_some(struct ext_inode *ei, u64 from, s64 by, u32 *at);
/* How many blocks all of it would change, counted up to `most` or a few more: 0 or an error. */
int must_check ext_extent_count(struct ext_inode *ei, u64 from, u32 most, u32 *n);
/* The first block behind all that are mapped. */
int must_check ext_extent_end(struct ext_inode *ei, u64 *end);
void ext_extent_init(struct ext_inode *ei); /* a new inode's map: an empty tree */
struct ext_path { unsigned depth; u32 offset[4]; };
/*
 * Way to a logical block: offset[0] in i_block, then in each indirect block. False beyond the
 * limit.
 */
bool must_check ext_path_of(const struct ext_geo *geo, u64 logical, struct ext_path *path);

/*
 * ext_range.c: [from, to) of a file's blocks; see there what the caller holds. 0 or an error.
 * `edge`: pages with references, or NULL, that have other blocks, too; NULL: there are none.
 */
#define EXT_RANGE_EDGES 2
int ext_range_unmap(struct inode *inode, u64 from, u64 to, struct page *const *edge);
/* Of files with extents: what is written reads as zeroes; holes are allocated, unwritten. */
int ext_range_unwrite(struct inode *inode, u64 from, u64 to, struct page *const *edge);
int must_check ext_range_allocate(struct inode *inode, u64 from, u64 to, bool reserve);
/* What is behind moves to `from`; n blocks that are a hole move in at `from`. The size follows. */
int must_check ext_range_collapse(struct inode *inode, u64 from, u64 to);
int must_check ext_range_insert(struct inode *inode, u64 from, u64 n);
/* ext_fallocate.c: file_ops.fallocate */
int ext_fallocate(struct file *file, u32 mode, loff_t offset, loff_t length);

/* ext_inline.c */
/* Copies up to `size` bytes of inline contents: how many there are, or -EIO. */
ssize_t ext_inline_read(struct inode *inode, void *buf, size_t size);

/* ext_dir.c, ext_dir_find.c, ext_dir_add.c */
/* A directory's block: 0, -ENODATA (a hole), -EIO, -ENOMEM. With checksums it has been summed. */
int must_check ext_dir_block(struct inode *dir, u64 logical, struct bblock *b);
/* Its entries changed: summed, and written some time. inode->lock held for writing. */
void ext_dir_dirty(struct inode *dir, u64 logical, struct bblock *b);
/* A scan is about to visit this and following blocks: starts reading them unless they are there. */
void ext_dir_read_ahead(struct inode *dir, u64 logical);
#define EXT_DIR_AHEAD 32u /* blocks at a time */
/* Where an entry was found: previous entry in its block (or itself), entry; b holds the block. */
struct ext_dir_slot { struct bblock b; u64 logical; u32 offset, previous; struct ext_dirent *de; };
/* Finds a name: 0 and *slot (put slot->b), -ENOENT, -EIO … */
int must_check ext_dir_find(struct inode *dir, const char *name, u32 length,
		struct ext_dir_slot *slot);
/* Only its inode number; inline directories too. */
int must_check ext_dir_lookup(struct inode *dir, const char *name, u32 length, u32 *ino);
/* In one block: 1 found, 0 not, or -EUCLEAN (not logged). */
int must_check ext_dir_find_in_block(struct inode *dir, const void *block, u32 size,
		const char *name, u32 length, u32 *offset, u32 *previous);
/* Enters a name that is not there: 0, -ENOSPC, -EIO, -ENOMEM. */
int must_check ext_dir_add(struct inode *dir, const char *name, u32 length, u32 ino, u32 mode,
		bool reserve);
/* Into one block: 0, -ENOSPC (no room) or -EIO. */
int must_check ext_dir_add_to_block(struct inode *dir, struct bblock *b, u64 logical,
		const char *name, u32 length, u32 ino, u8 type);
void ext_dir_remove(struct inode *dir, struct ext_dir_slot *slot);
void ext_dir_set(struct inode *dir, struct ext_dir_slot *slot, u32 ino, u32 mode);
/* One more block at the end: zeroed, i_size grown. */
int must_check ext_dir_append(struct inode *dir, bool reserve, struct bblock *b, u64 *logical);
/* First block of a new directory, with "." and "..". */
int must_check ext_dir_make_empty(struct inode *dir, u32 parent, bool reserve);
/* 0, -ENOTEMPTY, or -EIO. */
int must_check ext_dir_check_empty(struct inode *dir);
/* The ".." of a directory: found as a slot. */
int must_check ext_dir_dotdot(struct inode *dir, struct ext_dir_slot *slot);
int ext_readdir(struct file *file, struct dir_sink *sink);
#define EXT_DIR_END 0x7fffffffffffffffll /* position at the end of a directory */
u8 ext_type_of_mode(u32 mode);
u8 ext_dt_of_type(u8 type);
/* Says that the directory is damaged there: -EIO. */
int ext_dir_bad(struct inode *dir, u64 logical, u32 offset, const char *why);
/* Entries of inline directories as one block: kmalloc'ed, *size bytes with "." and ".." made up. */
int must_check ext_dir_inline_block(struct inode *dir, void **block, u32 *size);

/* ext_dir_index.c: the search side of hash trees */
#define EXT_DX_LEVELS 3
struct ext_dx_frame {
	struct bblock b;
	struct ext_dx_entry *entries;
	u32 at;		/* the entry that the path follows */
	u32 logical;
};

struct ext_dx_path {
	struct ext_dx_frame frame[EXT_DX_LEVELS];
	unsigned depth;		/* frames open */
	unsigned levels;	/* frames of a whole path */
	u8 version;
};

static inline struct ext_dx_countlimit *ext_dx_count(const struct ext_dx_frame *f)
{
	return (struct ext_dx_countlimit *)f->entries;
}

static inline u32 ext_dx_leaf(const struct ext_dx_path *p)
{
	const struct ext_dx_frame *f = &p->frame[p->depth - 1];

	return f->entries[f->at].block & EXT_DX_BLOCK_MASK;
}

bool ext_dir_indexed(const struct inode *dir);
/* Hash under the tree's version (or, with `version` EXT_HASH_DEFAULT, the file system's). */
#define EXT_HASH_DEFAULT 0xff
int must_check ext_dir_hash(const struct ext_fs *fs, u8 version, const char *name, u32 length,
		struct ext_name_hash *out);
/*
 * Opens the path to the leaf where hash->major belongs; with a `name`, hashes it first, into *hash.
 * 0 and path (close it), -EUCLEAN if the index cannot be used (logged; the leaves still can),
 * -EIO, -ENOMEM.
 */
int must_check ext_dx_open(struct inode *dir, const char *name, u32 length,
		struct ext_name_hash *hash, struct ext_dx_path *path);
/*
 * Moves to the next leaf, in which hashes begin at *start (bit 0: it continues the last): 1, 0 at
 * the end, or an error.
 */
int must_check ext_dx_next(struct inode *dir, struct ext_dx_path *path, u32 *start);
void ext_dx_close(struct ext_dx_path *path);
/* ext_dir_split.c: the changing side */
int must_check ext_dx_add(struct inode *dir, const char *name, u32 length, u32 ino, u8 type,
		bool reserve);
int must_check ext_dx_make(struct inode *dir, bool reserve);

/* ext_namei.c, ext_rename.c, ext_symlink.c */
extern const struct inode_ops ext_dir_inode_ops, ext_file_inode_ops, ext_link_inode_ops,
	ext_fast_link_inode_ops, ext_special_inode_ops;
int ext_rename(struct inode *from, const struct name *old, struct inode *inode,
		struct inode *to, const struct name *new_name, struct inode *replaced,
		u32 flags, const struct cred *cred);
/*
 * A file to be made: fill() completes its inode, in the same handle, before it gets its name: 0 or
 * an error.
 */
struct ext_newborn {
	u32 mode;
	u64 rdev;
	const char *target;	/* of a symbolic link */
	int (*fill)(struct inode *inode, struct inode *dir, const struct ext_newborn *new,
		    bool reserve);
};
/* Makes and names it: 0 and *out with a reference. */
int must_check ext_name_new(struct inode *dir, const struct name *name, const struct cred *cred,
		const struct ext_newborn *new, struct inode **out);
/* The slot of a name that is known to be `inode`'s. */
int must_check ext_dir_find_inode(struct inode *dir, const struct name *name,
		const struct inode *inode, struct ext_dir_slot *slot);
/* A name of it is gone; `last`: it is a directory's only one. */
void ext_inode_unlinked(struct inode *inode, bool last);
/* Link count of a directory for its subdirectories. */
bool ext_dir_full(const struct inode *dir);
void ext_dir_links_inc(struct inode *dir);
void ext_dir_links_dec(struct inode *dir);
int ext_symlink(struct inode *dir, const struct name *name, const char *target,
		const struct cred *cred, struct inode **out);
/* After a change to directories: writes them now if the mount or they are synchronous. */
int ext_dirsync(struct inode *dir, struct inode *other);

/* ext_file.c, ext_pages.c, ext_ioctl.c */
extern const struct file_ops ext_file_ops, ext_dir_ops;
extern const struct pagecache_ops ext_page_ops, ext_journal_page_ops;
/*
 * Blocks at .. end of the page that begins with block `base`, of which *fresh become new ones (a
 * bit each): 0, or an error and none is new. The page is locked.
 */
int must_check ext_pages_get_blocks(struct inode *inode, u64 base, u32 at, u32 end, u32 *fresh);
/* ext_pages_dirty.c: pages and the journal */
int ext_page_make_dirty(struct pagecache *cache, struct page *page, unsigned from, unsigned to,
		s64 end);
/* Write-back met a hole that is not zero in the page, which it has locked. */
void ext_pages_note_hole(struct inode *inode, struct page *page);
/* Gives such holes their blocks. No handle is open that a page lock may wait for. */
int must_check ext_pages_fill_holes(struct inode *inode);
/* ext_direct.c: inode_ops.direct */
extern const struct direct_ops ext_direct_ops;
long ext_ioctl(struct file *file, u32 request, u64 arg);
/* ext_fiemap.c: FS_IOC_FIEMAP and, of regular files, FIBMAP */
long ext_fiemap(struct inode *inode, u64 arg);
long ext_fibmap(struct file *file, u64 arg);
/* inode_ops.set_flags */
int ext_set_flags(struct inode *inode, const struct cred *cred, u32 flags,
		const struct abi_fsxattr *x);
/* ext_label.c: FS_IOC_GETFSLABEL and the like */
long ext_label_ioctl(struct file *file, u32 request, u64 arg);
/* ext_trim.c */
long ext_trim(struct file *file, u64 arg); /* FITRIM */
/* Tells the device that n blocks hold nothing: 0 or an error. */
int ext_discard(struct ext_fs *fs, u64 block, u64 n);
/* Zeroes from byte `size` to the end of its block, on the disk too. inode->lock held. */
int must_check ext_zero_tail(struct inode *inode, u64 size);

/* ext_xattr.c, ext_xattr_set.c */
ssize_t ext_getxattr(struct inode *inode, const char *name, void *value, size_t size);
int ext_setxattr(struct inode *inode, const char *name, const void *value, size_t size, int flags);
ssize_t ext_listxattr(struct inode *inode, char *list, size_t size);
int ext_removexattr(struct inode *inode, const char *name);
/* ext_acl.c */
/* Whether a raw inode, which ei was filled from, may have access control lists. */
bool ext_acl_possible(const struct ext_inode *ei, const struct ext_raw_inode *raw);
/* Reads them, of an inode that is new in memory: 0 or -ENOMEM. */
int must_check ext_acl_load(struct inode *inode);
/* inode_ops.set_acl */
int ext_set_acl(struct inode *inode, bool deflt, const struct acl_entry *e, u32 n);
/* ext_xattr_set.c */
/* The inode goes: its share of a block of attributes, too. */
int must_check ext_xattr_delete(struct inode *inode);
