/*
 * fs/ext/ext_delayed.c - delayed allocation: pages become dirty.
 *
 * A write to a hole of a file with extents takes no blocks. They are *promised*: the count of free
 * blocks is charged with them, and with what the map may grow by, so that a full disk is an error
 * of write(2); the page is dirty and PG_DELAYED. When it is to be written, blocks are taken for all
 * pages around it at once (ext_delayed_place.c). A file written in small pieces, or beside others,
 * lies in one piece so, and one that is removed before has never been on the disk.
 *
 * Blocks are taken at once where nothing can be promised any more (the disk is nearly full: the
 * estimate for the map may be too high), and where fallocate(2) took them before.
 *
 * The end of the file on the disk stays in front of blocks that are delayed, so that a crash shows
 * a shorter file rather than one of zeroes.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_delayed.h"
#include "fs/ext/ext_extent_int.h"

#include "lib/bitops.h"

static bool is_delaying(const struct inode *inode)
{
	const struct ext_fs *fs = ext_fs_of(inode);

	return READ_ONCE(fs->opt.delalloc) && READ_ONCE(fs->writable) && ext_has_extents(inode) &&
	       !ext_is_inline(inode);
}

static u32 delayed_blocks(const struct ext_inode *ei)
{
	return (u32)(ei->inode.blocks_delayed >> (ext_fs_of(&ei->inode)->geo.block_bits - 9));
}

/*
 * Nodes that the map may need at most for n more blocks, none of which follows another. Each leaf
 * that is there may be full and is split once; one that was split, or is new, has room for half of
 * what fits in. It takes a way down from the root for each, as the nodes above may be full, too.
 */
static u32 map_estimate(const struct ext_inode *ei, u32 n)
{
	u32 fits = ext_fs_of(&ei->inode)->geo.block_size / (u32)sizeof(struct ext_extent) - 1;
	const struct ext_extent_header *h = (const void *)ei->block;
	u64 leaves = h->depth ? h->entries : 0;

	if (!n || (!h->depth && h->entries + n <= h->max))
		return 0;
	for (unsigned i = 1; i < h->depth; i++)
		leaves = min(leaves * fits, (u64)n);
	leaves = min(leaves, (u64)n) + DIV_ROUND_UP(n, fits / 2);
	return (u32)(leaves * max((u32)h->depth, 1u) + leaves / (fits / 2)) + 2;
}

/* Promises n blocks more to the file: false if there are not so many. */
static bool promise(struct ext_inode *ei, u32 n)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	bool reserve = READ_ONCE(ei->n_privileged) > 0, ok;
	u32 want, more;

	spin_lock(&ei->spin);
	want = delayed_blocks(ei) + n;
	want += map_estimate(ei, want);
	more = want > ei->promised ? want - ei->promised : 0;
	ok = !more || ext_blocks_promise(fs, more, reserve);
	if (ok) {
		ei->promised += more;
		WRITE_ONCE(ei->inode.blocks_delayed,
			   ei->inode.blocks_delayed + ((u64)n << (fs->geo.block_bits - 9)));
	}
	spin_unlock(&ei->spin);
	return ok;
}

void ext_delayed_forget(struct ext_inode *ei, u32 n)
{
	struct ext_fs *fs = ext_fs_of(&ei->inode);
	u32 keep, surplus;

	spin_lock(&ei->spin);
	WRITE_ONCE(ei->inode.blocks_delayed,
		   ei->inode.blocks_delayed - ((u64)n << (fs->geo.block_bits - 9)));
	keep = delayed_blocks(ei);
	keep += map_estimate(ei, keep);
	surplus = ei->promised > keep ? ei->promised - keep : 0;
	ei->promised -= surplus;
	spin_unlock(&ei->spin);
	if (surplus)
		ext_blocks_unpromise(fs, surplus);
	/* Who wrote it just now saw an end in front of them. */
	if (!ext_has_delayed(&ei->inode))
		inode_dirty(&ei->inode);
}

void ext_delayed_clear(struct page *page, u32 bits)
{
	u64 left = __atomic_and_fetch(&page->private, ~((u64)bits << EXT_PAGE_DELAYED_SHIFT),
				      __ATOMIC_RELAXED);

	if (!(left >> EXT_PAGE_DELAYED_SHIFT))
		page_reset(page, PG_DELAYED);
}

void ext_delayed_drop(struct inode *inode, struct page *page, u64 from, u64 to)
{
	const u32 shift = PAGE_SHIFT - ext_fs_of(inode)->geo.block_bits;
	u64 base = page->index << shift, end = base + (1u << shift);
	u32 bits = ext_page_delayed(page);

	if (from > base)
		bits &= from < end ? ~0u << (from - base) : 0;
	if (to < end)
		bits &= to > base ? (1u << (to - base)) - 1 : 0;

	if (!bits)
		return;
	ext_delayed_clear(page, bits);
	page_reset(page, PG_PRIVATE);
	ext_delayed_forget(ext_i(inode), popcount64(bits));
}

/*
 * Which of blocks at .. end of the page that begins with block `base` are holes: *holes, a bit
 * each. -EAGAIN if some are allocated, but not written; or an error.
 */
static int find_holes(struct ext_inode *ei, u64 base, u32 at, u32 end, u32 *holes)
{
	int err = 0;

	*holes = 0;
	if (base + at >= READ_ONCE(ei->alloc_end)) {
		*holes = ((1u << (end - at)) - 1) << at;
		return 0;
	}
	rwsem_write(&ei->map_lock); /* as ext_extent_open() wants it */
	while (at < end && !err) {
		struct ext_extent_place place = { .count = 1 };

		err = base + at < ~0u ? ext_extent_find(ei, (u32)(base + at), end - at, &place) :
					-EAGAIN;
		if (!err && place.mapped && !place.written)
			err = -EAGAIN;
		if (!err && !place.mapped)
			*holes |= ((1u << place.count) - 1) << at;
		at += place.count;
	}
	rwsem_write_end(&ei->map_lock);
	return err;
}

int ext_delayed_make_dirty(struct inode *inode, struct page *page, unsigned from, unsigned to,
			   s64 size)
{
	const u32 bits = ext_fs_of(inode)->geo.block_bits, per = (u32)PAGE_SIZE >> bits;
	u64 base = page->index << (PAGE_SHIFT - bits);
	u32 at = from >> bits, end = (u32)((u64)to + (1u << bits) - 1) >> bits, holes;
	struct ext_inode *ei = ext_i(inode);
	int err;

	if (!is_delaying(inode) || base + per >= ~0u)
		return -EAGAIN;
	err = ext_page_lock_in(&inode->cache, page);
	if (err)
		return err;
	err = find_holes(ei, base, at, end, &holes);
	holes &= ~ext_page_delayed(page);
	if (err || (holes && !promise(ei, popcount64(holes)))) {
		page_unlock(page);
		/* What the file holds of the promise, too much perhaps, is settled first. */
		if (ext_has_delayed(inode))
			(void)ext_delayed_place(&inode->cache, err ? page->index : 0,
						err ? page->index : ~0ull, ~0ull, false);
		return -EAGAIN;
	}
	if (holes) {
		__atomic_or_fetch(&page->private, (u64)holes << EXT_PAGE_DELAYED_SHIFT,
				  __ATOMIC_RELAXED);
		page_set(page, PG_DELAYED);
	}
	if (at == 0 && end == per)
		page_set(page, PG_PRIVATE);
	ext_page_changed(inode, page, size);
	return 0;
}

bool ext_delayed_find(struct inode *inode, u64 from, u64 to, u64 *start, u32 *n)
{
	const u32 shift = PAGE_SHIFT - ext_fs_of(inode)->geo.block_bits;
	pgoff_t at = from >> shift, last = (to - 1) >> shift;
	struct page *pages[16];
	unsigned found;
	bool over = false;

	*n = 0;
	while (!over && at <= last &&
	       (found = pagecache_next_dirty(&inode->cache, &at, last, pages, 16))) {
		for (unsigned i = 0; i < found; i++) {
			u64 base = pages[i]->index << shift;
			u32 bits = page_test(pages[i], PG_DELAYED) ? ext_page_delayed(pages[i]) : 0;

			for (u32 b = 0; b < 1u << shift && !over; b++) {
				bool in = bits >> b & 1 && base + b >= from && base + b < to;

				if (in && !*n)
					*start = base + b;
				over = *n && (!in || base + b != *start + *n);
				*n += in && !over;
			}
			page_put(pages[i]);
		}
		sched_point();
	}
	return *n;
}

void ext_delayed_flush(struct inode *inode)
{
	WRITE_ONCE(ext_i(inode)->truncated, false);
	if (ext_has_delayed(inode) && !READ_ONCE(ext_fs_of(inode)->opt.no_auto_da_alloc))
		(void)pagecache_write_range(&inode->cache, 0, ~0ull, false);
}

u64 ext_delayed_size(const struct ext_inode *ei)
{
	const struct inode *inode = &ei->inode;
	u64 size = (u64)READ_ONCE(inode->size);

	if (!ext_has_delayed(inode))
		return size;
	return min(size, max(ei->disk_size,
			     ei->excess_end << ext_fs_of(inode)->geo.block_bits));
}
