/*
 * The page cache: pages of a file by index, shared by read, write and mmap. Each inode and each
 * block device owns one; shared anonymous memory and tmpfs are page caches without a disk behind
 * them (ops->read NULL: a missing page is a zero page, and pages are never clean enough to drop).
 *
 * A page is found by pagecache_find() or made by pagecache_get(); both give a reference. The page
 * lock (PG_LOCKED) is held to fill it, to dirty it by write(2), to write it out and to take it out
 * of the cache. PG_UPTODATE is set once its contents are valid and readers need no lock from then
 * on.
 */
#pragma once

#include "core/spinlock.h"
#include "lib/list.h"
#include "lib/radix.h"
#include "mm/frames.h"
#include "sched/mutex.h"

struct gate;
struct pagecache;

/* Called by vm in thread context. Each says what NULL means. */
struct pagecache_ops {
	/*
	 * Starts reading n pages (consecutive indices, locked, not up to date, referenced by the
	 * cache for the time). For each page, sooner or later and from any context,
	 * page_read_done(page, error) is called exactly once (it sets PG_UPTODATE or PG_ERROR and
	 * unlocks). What lies beyond the end of file is zeroed. NULL: pages are born zero and up to
	 * date.
	 */
	void (*read)(struct pagecache *cache, struct page **pages, unsigned n);
	/*
	 * Starts writing n pages (consecutive, locked, PG_WRITEBACK set, PG_DIRTY cleared). It
	 * unlocks each with page_unlock() once its contents are safe to be redirtied, and calls
	 * page_write_done(page, error) exactly once for each when it is on the device (any
	 * context). NULL: never written, always dirty.
	 */
	void (*write)(struct pagecache *cache, struct page **pages, unsigned n);
	/*
	 * The page (locked, up to date) is about to be dirtied in [from, to) bytes: allocate or
	 * reserve its blocks. 0 or -ENOSPC, -EDQUOT, -EIO. Called for write(2) and for the first
	 * store through a shared mapping. NULL: nothing to do.
	 */
	int (*prepare_write)(struct pagecache *cache, struct page *page, unsigned from,
			     unsigned to);
	/*
	 * Instead of prepare_write(), where page locks come last in the file system's order: the
	 * page (referenced, not locked, up to date) has been written to in [from, to) bytes by
	 * write(2), or is about to be through a mapping. Locks it, gives it its blocks and marks it
	 * dirty; `end` is where the file ends at least from now on (0: where it does). 0 and the
	 * page is locked, or -ENOSPC, -EIO … (what had no blocks reads as zeroes again), or
	 * -ESTALE: it has left the cache. Of a file written to, inode->lock is held. NULL:
	 * prepare_write().
	 */
	int (*make_dirty)(struct pagecache *cache, struct page *page, unsigned from, unsigned to,
			  s64 end);
	/*
	 * Dirty pages in [first, last] that are PG_DELAYED, the first `max` of them at least, get
	 * their places on the disk: called before they are written, without page locks. 0, or an
	 * error that the cache remembers; pages that can never be written are no longer
	 * PG_DELAYED then, and write() fails for them. -ENOMEM: those that are left stay as they
	 * are. `soon`: no wait for a transaction, but -EAGAIN; the same then. NULL: none is ever
	 * PG_DELAYED.
	 */
	int (*place)(struct pagecache *cache, pgoff_t first, pgoff_t last, u64 max, bool soon);
	/*
	 * The page (locked), which is PG_PRIVATE or PG_DELAYED, leaves the cache; drop what these
	 * and page->private mean. NULL: nothing.
	 */
	void (*release)(struct pagecache *cache, struct page *page);
	/*
	 * A page with PG_PRIVATE that is in swap leaves the cache for good. Required where pages of
	 * a cache with nothing behind it have PG_PRIVATE.
	 */
	void (*release_swapped)(struct pagecache *cache);
};

/* Write errors of many caches; all fields atomic. */
struct pagecache_errors {
	s32 last; /* negative errno */
	u32 n;    /* how many there were; up to which one somebody has been told */
	u32 n_told;
};

/* c: lock.  a: atomic.  I: constant.  m: mmap_lock. */
struct pagecache {
	const struct pagecache_ops *ops; /* I */
	void *owner;             /* I: the inode or block device; for the ops */
	struct spinlock lock;    /* RANK_PAGECACHE */
	struct radix_tree pages; /* c: index -> struct page, tags DIRTY, WRITEBACK, TOWRITE */
	u64 n_pages;             /* c */
	u64 n_dirty;             /* a */
	s32 error;               /* a: the last write error, negative errno */
	u32 n_errors;            /* a: how many there were; up to which one somebody with a file of
				  * his own has been told, and the owner: */
	u32 n_told, n_taken;     /* a */
	struct pagecache_errors *all_errors; /* I: they count there, too; NULL: nowhere */
	u32 flags;               /* I but for PAGECACHE_LOCKED and _SEALED: PAGECACHE_* */
	u64 write_end;           /* a: up to where a writer fills in bytes before the file's end
				  * moves over them; raised before the page is unlocked for
				  * that. 0: nobody does */
	struct gate *gate;       /* I: stores through mappings are inside; NULL: none needed */
	const u32 *ahead;        /* I: most pages to read ahead, as somebody says now; NULL: as many
				  * as pagecache_ahead_default() */
	u64 futex_object;        /* a: its name in keys of futexes (vm_futex_key()), 0: none yet */
	/* Areas that map it, for truncation and for cleaning entries: */
	struct spinlock mmap_lock; /* RANK_RMAP */
	struct list areas;       /* m */
	u32 n_writable;          /* m: areas that may write to it shared; with deny below */
	/* RANK_INVALIDATE: read by fault-in and reads that fill, written by truncation */
	struct rwsem invalidate;
	struct list dirty_link;  /* write-back's list of caches with dirty pages; its lock */
	u64 dirtied_ns;          /* write-back's: when the oldest dirty page became so */
	/* I: size of the file in bytes, for end-of-file checks in faults; any context */
	u64 (*size)(struct pagecache *cache);
	/*
	 * I: a store through a mapping made a page writable: the owner's times move. Thread
	 * context, invalidate and perhaps a page lock held; does not sleep. NULL: it has none.
	 */
	void (*stored)(struct pagecache *cache);
	/* I: takes and drops a reference to the owner for write-back; hold may be refused: */
	void (*hold)(struct pagecache *cache);
	void (*unhold)(struct pagecache *cache);
	bool (*try_hold)(struct pagecache *cache);
	/*
	 * Of caches with nothing behind them: places whose page is in swap, and the list of such.
	 */
	struct radix_tree swapped; /* c: index -> entry (swap_shmem.c) */
	u64 n_swapped;           /* c */
	struct list swap_link;   /* the list's lock */
};
/*
 * Whether a store through a shared mapping must be noticed (else its entries are writable from the
 * first touch).
 */
static inline bool pagecache_tracks_dirty(const struct pagecache *cache)
{
	return cache->ops->write || cache->ops->prepare_write || cache->ops->make_dirty;
}
#define PAGECACHE_NO_RECLAIM (1u << 0) /* nothing behind it but swap: tmpfs, shared memory */
#define PAGECACHE_SWAP (1u << 1)       /* the swap cache of an area */
#define PAGECACHE_LOCKED (1u << 2)     /* a: stays in memory: shmctl(2), SHM_LOCK */
#define PAGECACHE_SEALED (1u << 3)     /* a: no mapping of now on may write: F_SEAL_FUTURE_WRITE */

void pagecache_init(struct pagecache *cache, const struct pagecache_ops *ops, void *owner);
/* Drops all pages (dirty ones too); nobody uses or maps it. */
void pagecache_fini(struct pagecache *cache);

/*
 * The page at index with a reference if it is there (perhaps not up to date), else NULL. No sleep;
 * lockless where it can be.
 */
struct page *pagecache_find(struct pagecache *cache, pgoff_t index);
/*
 * The page at index, up to date, with a reference; reads it (and ahead) if needed, sleeping
 * killably. 0, -EIO, -ENOMEM, -ERESTARTSYS. `last`: a hint, the last index that the caller will
 * want soon (read-ahead goes at least so far within the file).
 */
int must_check pagecache_get(struct pagecache *cache, pgoff_t index, pgoff_t last,
			     struct page **out);
/*
 * The page at index, locked, with a reference. If it is not in the cache it is added: then, unless
 * `whole` (the caller overwrites all of it), it is read first. Up to date on return except with
 * `whole`. 0 or as above. For writers.
 */
int must_check pagecache_get_locked(struct pagecache *cache, pgoff_t index, bool whole,
				    struct page **out);

void page_lock(struct page *page);
int must_check page_lock_killable(struct page *page);
bool page_try_lock(struct page *page);
void page_unlock(struct page *page);
/* Waits until each page in [first, last] that is locked now has been unlocked. May sleep. */
void pagecache_wait_unlocked(struct pagecache *cache, pgoff_t first, pgoff_t last);
/* Waits until PG_WRITEBACK is clear. */
void page_wait_writeback(struct page *page);
/* Ends a read or write that ops began. Any context. */
void page_read_done(struct page *page, int error);
void page_write_done(struct page *page, int error);
/* Marks a page (locked, or pinned through a mapping) of a cache dirty. */
void page_dirty(struct page *page);

/*
 * Writes dirty pages in [first, last] and, if `wait`, waits for them and returns what
 * pagecache_take_error() says. 0, -EIO, -ENOSPC, -ERESTARTSYS.
 */
int pagecache_write_range(struct pagecache *cache, pgoff_t first, pgoff_t last, bool wait);
static inline int pagecache_sync(struct pagecache *cache)
{
	return pagecache_write_range(cache, 0, ~0ull, true);
}
/*
 * The same for who may not call ops->place(), being in a transaction, or its commit: what is
 * PG_DELAYED stays dirty.
 */
int pagecache_write_placed(struct pagecache *cache, pgoff_t first, pgoff_t last, bool wait);
/* Writes all that is dirty and waits; errors are left for whoever asks for them. */
void pagecache_write_untold(struct pagecache *cache);
/*
 * Whether there is anything for pagecache_sync() to write or to wait for: what is on its way to the
 * disk is not dirty any more. Any context.
 */
bool pagecache_is_unwritten(const struct pagecache *cache);
/*
 * Dirty pages in [*first, last], referenced, in order: how many, at most `max`; *first moves behind
 * them. More may follow if there was one.
 */
unsigned pagecache_next_dirty(struct pagecache *cache, pgoff_t *first, pgoff_t last,
			      struct page **pages, unsigned max);
/*
 * Removes all pages from byte `size` on, in memory and from all mappings, and zeroes the rest of
 * the page that straddles. Caller holds `invalidate` for writing and has set the new size.
 */
void pagecache_truncate(struct pagecache *cache, u64 size);
/* The same for whole pages of a range (hole punching; first and last inclusive). */
void pagecache_drop_range(struct pagecache *cache, pgoff_t first, pgoff_t last);
/*
 * Starts reading pages first … last that are missing (within the file), without waiting:
 * posix_fadvise(2) WILLNEED, readahead(2).
 */
void pagecache_readahead(struct pagecache *cache, pgoff_t first, pgoff_t last);
u32 pagecache_ahead_default(void); /* pages */
/* Whether there is a page at index, be it in memory or in swap (SEEK_DATA). */
bool pagecache_exists(struct pagecache *cache, pgoff_t index);
/* Whether pages of the cache may be in swap; once true it stays so. */
static inline bool pagecache_was_swapped(const struct pagecache *cache)
{
	return READ_ONCE(cache->swap_link.next) != &cache->swap_link;
}
/* Whether the page is there and up to date (mincore(2)). */
bool pagecache_cached(struct pagecache *cache, pgoff_t index);
/*
 * Write errors. Whoever asks has his own count of those he knows, so that each is told once of what
 * went wrong since he asked last: the owner of the cache by pagecache_take_error(), an open file
 * (fsync(2)) by pagecache_tell_error(), whose count begins as pagecache_told(): with errors that
 * nobody has been told of yet. 0 or negative errno. note: there is one more. Any context.
 */
void pagecache_note_error(struct pagecache *cache, int error);
int pagecache_take_error(struct pagecache *cache);
int pagecache_tell_error(struct pagecache *cache, u32 *known);
static inline u32 pagecache_told(const struct pagecache *cache)
{
	return READ_ONCE(cache->n_told);
}
/* The same for the errors of many caches: since `known`, which begins as n_told. */
int pagecache_tell_all_errors(struct pagecache_errors *all, u32 *known);
/* Drops clean, unmapped, unreferenced pages: how many. */
u64 pagecache_shrink(struct pagecache *cache);

/*
 * Write-back threads and marks: a page that is dirty for vm.dirty_expire_centisecs (5 s) is
 * written, and all are when more than vm.dirty_background_ratio (10) per cent of the memory that
 * could be dirty is; above vm.dirty_ratio (20) writers wait. Torn reads harmless.
 */
extern u32 vm_dirty_ratio, vm_dirty_background_ratio, vm_dirty_expire_centisecs;
void writeback_init(void);
/* The two limits, in pages. */
u64 writeback_limit(void);
u64 writeback_background_limit(void);
/* Starts writing everything (sync(2) waits for each superblock itself). */
void writeback_kick(void);
/*
 * A writer that makes pages faster than the disk takes them waits here (no lock held). `cache` may
 * be NULL.
 */
void writeback_throttle(struct pagecache *cache);

struct pagecache_stats {
	u64 pages, dirty, writeback, mapped, anon, shmem, swap_cached;
	u64 active_file, inactive_file, active_anon, inactive_anon;
};
void pagecache_stats(struct pagecache_stats *out);
/* What happened since boot, in pages; for /proc/vmstat. */
struct vm_events {
	u64 swapped_in, swapped_out, faults, major_faults, scanned, reclaimed, oom_kills;
};
void vm_events(struct vm_events *out);
