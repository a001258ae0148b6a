/*
 * fs/ext/ext_int.h - what all files of this room share; each job has a header of its own beside.
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

#include "core/log_limit.h"
#include "dev/bcache.h"
#include "fs/ext/ext_check.h"
#include "fs/ext/ext_error.h"
#include "lib/bitops.h"
#include "lib/radix.h"
#include "lib/rbtree.h"
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
	bool data_given;		/* data=, when mounted */
	bool resuid_given, resgid_given;
	bool super_given;
};

/*
 * Of runs of free blocks: when `grown` was what the upper half of `none` is, there were none of as
 * many blocks as its lower half says (0: nobody knows) outside the windows of others. a: atomic.
 */
struct ext_runs {
	u64 none;	/* a */
	u32 grown;	/* a: how often some may have become longer */
};

/* I: constant once mounted.  g: lock.  a: torn reads harmless, changed under g. */
struct ext_group {
	struct mutex lock;		/* RANK_FS2: bitmaps and descriptor */
	struct ext_group_desc *desc;	/* a: in a pinned buffer; g for its contents */
	u32 head_blocks;		/* I: superblock, descriptors, and room for more of these */
	u32 free_blocks, free_inodes, dirs; /* a: as in the descriptor */
	u32 first_free;			/* a: no block below this bit is free */
	struct ext_runs runs;		/* what searches found out */
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


/*
 * Tables that grow while others read them: nothing in them moves. The first chunk has what there
 * was at mount, each further one as much as all before it.
 */
#define EXT_CHUNKS 33u

/*
 * I: constant once mounted.  a: atomic.  s: super_lock.  w: window_lock.  o: orphan_lock.  e:
 * error_lock.  t: ordered_lock.
 */
struct ext_fs {
	struct superblock *sb;		/* I */
	struct blkdev *dev;		/* I */
	struct ext_geo geo;		/* I, but a: what ext_resize.c changes */
	struct ext_options opt;		/* s to change */
	struct bblock super_block;	/* I: pinned */
	struct ext_super *super;	/* I: within it; s for its contents */
	struct bblock *gdt[EXT_CHUNKS];	/* a: geo.n_gdt_blocks pinned blocks: ext_gdt_nth() */
	struct ext_group *groups[EXT_CHUNKS]; /* a: geo.n_groups: ext_group_nth() */
	u32 first_gdt_blocks, first_groups; /* I: in the first chunk */
	bool resizing;			/* a: somebody is in ext_resize.c */
	struct mutex super_lock;
	s64 free_blocks;		/* a: that nobody has, nor was promised */
	s64 unused_blocks;		/* a: free as the bitmaps say, promised ones among them */
	s64 free_inodes;		/* a */
	s64 reserved_blocks;		/* a */
	u64 overhead;			/* a: blocks that hold no files, for statfs */
	u32 n_dirs;			/* a */
	u32 max_links;			/* I */
	u8 hash_base;			/* I: 0, or 3 for unsigned char hashes */
	bool writable;			/* a: mounted read-write: changes go to the disk */
	bool reading_orphans;		/* a: inodes without a link may be read */
	bool had_errors;		/* a: an error was found since mount */
	bool cache_stale;		/* the device's cache has what the disk never will */
	u16 mount_state;		/* s: state to be put back at unmount */
	struct ext_runs runs;		/* what searches in all groups found out */
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
	u32 n_pinned;			/* a: nodes of maps */

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
	bool new_node;			/* fs->ordered_lock: without a journal, ext_order.c, */
	struct rb_root nodes;		/* m, a whether empty: and its nodes that are new or
					 * pinned */
	u64 ordered_first, ordered_last; /* fs->ordered_lock: which pages */
	u64 hole_first, hole_end;	/* s: dirty pages in which write-back met a hole */
	u64 dir_hint;			/* l (dir): logical block where the last name was found */
	u64 dir_room;			/* l (dir): no block below this one has room */
	u64 dir_verified;		/* a (dir): bit n: checksum of logical block n was right */
};

/* The chunk of element n of a table whose first has `first`, and its place there. */
static inline u32 ext_chunk_of(u32 first, u32 n, u32 *at)
{
	u32 doublings;

	*at = n;
	if (likely(n < first))
		return 0;
	doublings = ilog2(n / first);
	*at = n - (first << doublings);
	return doublings + 1;
}

/* Group n < geo.n_groups. Any context. */
static inline struct ext_group *ext_group_nth(const struct ext_fs *fs, u32 n)
{
	u32 chunk = ext_chunk_of(fs->first_groups, n, &n);

	return &READ_ONCE(fs->groups[chunk])[n];
}

/* Block n < geo.n_gdt_blocks of the group descriptors. Any context. */
static inline struct bblock *ext_gdt_nth(const struct ext_fs *fs, u32 n)
{
	u32 chunk = ext_chunk_of(fs->first_gdt_blocks, n, &n);

	return &READ_ONCE(fs->gdt[chunk])[n];
}

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
