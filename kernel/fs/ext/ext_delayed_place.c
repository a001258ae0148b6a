/*
 * fs/ext/ext_delayed_place.c - delayed allocation: dirty pages get their blocks.
 *
 * Called before pages are written, with none of them locked. Dirty pages that follow each other are
 * locked in order, within a handle, and get blocks for as much of them as one stretch of the disk
 * has; the inode goes to its buffer in the same handle, and the transaction writes the pages before
 * it is committed. Whoever takes pages or blocks away from a file locks the pages, too: so a block
 * is only taken for a page that is there, dirty, with its contents.
 *
 * What was promised is there, short of damage, or of an estimate for the map that was too low. Then
 * the pages are *lost*: they are clean soon, and their write fails, for fsync(2) to tell. Only for
 * want of memory they stay as they are, for the next time; or where the caller, who serves all file
 * systems, would have to wait for a transaction of this one.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_delayed.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_ordered.h"

#define MOST_PAGES 64u
#define MOST_TRIES 100u

struct placing {
	struct inode *inode;
	struct page *pages[MOST_PAGES];	/* consecutive, referenced */
	unsigned n;
	unsigned n_locked;		/* the first of them are */
	u64 logical;			/* blocks to be placed */
	u32 count;
	bool soon;			/* no wait for transactions */
	bool freed;			/* some were of a transaction when blocks were sought */
};

/* The next delayed pages in [first, last] that follow each other: false if there are none. */
static bool pages_gather(struct placing *p, pgoff_t first, pgoff_t last)
{
	struct page *pages[16];
	bool over = false;
	unsigned found;

	p->n = 0;
	while (!over && first <= last &&
	       (found = pagecache_next_dirty(&p->inode->cache, &first, last, pages,
					     min(MOST_PAGES - p->n, 16u)))) {
		for (unsigned i = 0; i < found; i++) {
			bool delayed = page_test(pages[i], PG_DELAYED);

			over |= p->n && (!delayed ||
					 pages[i]->index != p->pages[0]->index + p->n);
			if (delayed && !over)
				p->pages[p->n++] = pages[i];
			else
				page_put(pages[i]);
		}
		over |= p->n == MOST_PAGES;
	}
	return p->n;
}

static void pages_unlock(struct placing *p)
{
	while (p->n_locked)
		page_unlock(p->pages[--p->n_locked]);
}

/* Locks the pages of a run of delayed blocks that lies in the file: false if there is none. */
static bool run_lock(struct placing *p)
{
	const u32 bits = ext_fs_of(p->inode)->geo.block_bits, per = (u32)PAGE_SIZE >> bits;
	bool over = false;
	u64 end;

	p->count = 0;
	for (unsigned i = 0; i < p->n && !over; i++) {
		struct page *page = p->pages[i];
		u32 mask, from, run;

		page_lock(page);
		mask = page->cache == &p->inode->cache ? ext_page_delayed(page) : 0;
		if (!mask || (i && !(mask & 1))) {
			page_unlock(page);
			break;
		}
		p->n_locked++;
		from = (u32)__builtin_ctz(mask);
		run = (u32)__builtin_ctz(~(mask >> from));
		if (!i)
			p->logical = (page->index << (PAGE_SHIFT - bits)) + from;
		p->count += run;
		over = from + run < per;
	}
	if (!p->count)
		return false;
	end = DIV_ROUND_UP((u64)READ_ONCE(p->inode->size), 1ull << bits);
	if (p->logical < end) {
		p->count = (u32)min((u64)p->count, end - p->logical);
		return true;
	}
	/* The file has just become shorter. */
	ext_delayed_drop(p->inode, p->pages[0], p->logical, ~0ull);
	return false;
}

/* The blocks of the locked pages: the first *n of the run have been taken then. */
static int run_take(struct placing *p, u32 *n)
{
	const u32 shift = PAGE_SHIFT - ext_fs_of(p->inode)->geo.block_bits;
	struct ext_run run;
	int err = ext_map_create_promised(p->inode, p->logical, p->count, &run);

	if (err)
		return err;
	*n = run.count;
	for (u64 at = p->logical, end = at + *n; at < end;) {
		u32 from = (u32)at & ((1u << shift) - 1);
		u32 some = (u32)min(end - at, (u64)(1u << shift) - from);

		ext_delayed_clear(p->pages[(at >> shift) - p->pages[0]->index],
				  ((1u << some) - 1) << from);
		at += some;
	}
	ext_delayed_forget(ext_i(p->inode), *n);
	return 0;
}

/* One handle: *n blocks were placed. */
static int run_place(struct placing *p, u32 *n)
{
	struct inode *inode = p->inode;
	const u32 shift = PAGE_SHIFT - ext_fs_of(inode)->geo.block_bits;
	struct ext_fs *fs = ext_fs_of(inode);
	u32 credits = ext_credits_map(inode) + ext_credits_inode();
	int err = p->soon ? ext_begin_soon(fs, credits) : ext_begin(fs, credits);

	if (err)
		return err;
	p->freed = ext_freed_any(fs);
	if (run_lock(p)) {
		err = run_take(p, n);
		if (!err) {
			ext_ordered_add(inode, p->logical >> shift,
					(p->logical + *n - 1) >> shift);
			/* Who gets at the pages may go on to wait for this transaction. */
			err = ext_inode_save(inode);
		}
	}
	pages_unlock(p);
	ext_end(fs);
	return err;
}

static void pages_lose(struct placing *p, int err)
{
	u64 why = EXT_PAGE_LOST | (err == -ABI_ENOSPC ? EXT_PAGE_LOST_NOSPC : 0);

	for (unsigned i = 0; i < p->n; i++) {
		struct page *page = p->pages[i];

		page_lock(page);
		if (page->cache == &p->inode->cache && ext_page_delayed(page)) {
			ext_delayed_drop(p->inode, page, 0, ~0ull);
			page_reset(page, PG_PRIVATE);
			__atomic_or_fetch(&page->private, why, __ATOMIC_RELAXED);
		}
		page_unlock(page);
	}
	inode_dirty(p->inode); /* its size on the disk need not wait for them */
}

/*
 * Whether the next time may be better. There are blocks enough, but those that were freed in a
 * transaction can be had behind its commit only; that may have ended since we looked, and others
 * may have been faster.
 */
static bool will_retry(struct placing *p, int *err, unsigned *tries)
{
	struct ext_fs *fs = ext_fs_of(p->inode);
	bool freed = ext_freed_any(fs);

	if (*err == -ABI_ENOMEM || *err == -ABI_EAGAIN)
		return true;
	if (*err != -ABI_ENOSPC || !fs->journal || ++*tries > MOST_TRIES || !(freed || p->freed))
		return false;
	if (freed && p->soon) {
		ext_commit_start(fs);
		*err = -EAGAIN;
		return true;
	}
	return !freed || ext_commit_all(fs) == 0;
}

int ext_delayed_place(struct pagecache *cache, pgoff_t first, pgoff_t last, u64 max, bool soon)
{
	struct inode *inode = cache->owner;
	struct placing p = { .inode = inode, .soon = soon };
	u64 end = DIV_ROUND_UP((u64)READ_ONCE(inode->size), PAGE_SIZE);
	unsigned tries = 0;
	int err = 0, first_err = 0;

	/* One that is being evicted is on no list of ordered data any more. */
	if (likely(!ext_has_delayed(inode)) || READ_ONCE(inode->state) & I_FREEING)
		return 0;
	/* Who writes more and more behind the end does not keep us. */
	last = min(last, end - 1);
	while (end && err != -ABI_ENOMEM && err != -ABI_EAGAIN && max &&
	       pages_gather(&p, first, last)) {
		u32 n = 0;

		err = run_place(&p, &n);
		if (n || !err)
			tries = 0;
		else if (!will_retry(&p, &err, &tries))
			pages_lose(&p, err);
		if (err && (n || err == -ABI_ENOMEM || err == -ABI_EAGAIN) && !first_err)
			first_err = err;
		n >>= PAGE_SHIFT - ext_fs_of(inode)->geo.block_bits;
		max -= min(max, (u64)n);
		first = p.pages[0]->index + n;
		for (unsigned i = 0; i < p.n; i++)
			page_put(p.pages[i]);
		sched_point();
	}
	return first_err;
}
