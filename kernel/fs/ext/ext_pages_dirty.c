/*
 * fs/ext/ext_pages_dirty.c - pages of regular files become dirty, with a journal.
 *
 * A page that has all its blocks, or the promise of them, just becomes dirty. One that lacks some
 * is promised them (ext_delayed.c); where that is not the way it gets them at once, in a handle,
 * which is begun before the page is locked: a commit takes page locks (ext_ordered.c). In the same
 * handle the end of file moves and the inode is written to its buffer, so that no transaction has
 * blocks behind the end, nor an end behind the blocks; and the page is dirty, with its new
 * contents, so that the commit writes these before it makes the blocks the file's.
 *
 * Write-back runs within commits and takes no handles. Where it meets a hole that is not zero it
 * leaves the page dirty and remembers which one it was; when the inode is written, as fsync(2)
 * and the periodic write-back do, the hole gets its block.
 */
#include "fs/ext/ext_delayed.h"
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_ordered.h"

#include "lib/bitops.h"
#include "lib/string.h"

void ext_page_changed(struct inode *inode, struct page *page, s64 end)
{
	page_dirty(page);
	if (end > inode->size) {
		WRITE_ONCE(inode->size, end);
		inode_dirty(inode);
	}
}

/* Holes among blocks at .. end read as zeroes again: what was written to them found no room. */
static void page_zero_holes(struct inode *inode, struct page *page, u64 base, u32 at, u32 end)
{
	const u32 bits = ext_fs_of(inode)->geo.block_bits;

	while (at < end) {
		struct ext_run run;

		if (ext_map(inode, base + at, end - at, &run))
			return;
		for (u32 i = 0; i < run.count; i++, at++)
			if (!run.block && !(ext_page_delayed(page) >> at & 1))
				memset((u8 *)page_to_virt(page) + (at << bits), 0, 1u << bits);
	}
}

int ext_page_lock_in(struct pagecache *cache, struct page *page)
{
	page_lock(page);
	if (likely(page->cache == cache))
		return 0;
	page_unlock(page);
	return -ESTALE;
}

/* Blocks of the locked page were taken although they had been promised: they are no longer. */
static void page_forget_promise(struct inode *inode, struct page *page, u32 at, u32 end)
{
	u32 bits = ext_page_delayed(page) & ((1u << end) - (1u << at));

	if (likely(!bits))
		return;
	ext_delayed_clear(page, bits);
	ext_delayed_forget(ext_i(inode), popcount64(bits));
}

/*
 * In a handle: 0 with the page locked, or an error. Some of the blocks may be delayed, for want of
 * memory to place them or because another thread was faster.
 */
static int page_get_blocks(struct inode *inode, struct page *page, unsigned from, unsigned to,
			   s64 size)
{
	struct ext_fs *fs = ext_fs_of(inode);
	const u32 bits = fs->geo.block_bits;
	u64 base = page->index << (PAGE_SHIFT - bits);
	u32 at = from >> bits, end = (u32)((u64)to + fs->geo.block_size - 1) >> bits, fresh;
	int err = ext_page_lock_in(&inode->cache, page);

	if (err)
		return err;
	err = ext_pages_get_blocks(inode, base, at, end, &fresh);
	if (err) {
		page_zero_holes(inode, page, base, at, end);
		page_unlock(page);
		return err;
	}
	page_forget_promise(inode, page, at, end);
	if (at == 0 && end == PAGE_SIZE >> bits)
		page_set(page, PG_PRIVATE);
	ext_page_changed(inode, page, size);
	if (fresh)
		ext_ordered_add(inode, page->index, page->index);
	return 0;
}

/* At most as many runs as the page has blocks, each of which may have to be given back. */
static u32 page_credits(const struct inode *inode)
{
	u32 per = (u32)PAGE_SIZE >> ext_fs_of(inode)->geo.block_bits;

	return per * ext_credits_map(inode) + ext_credits_undo() + ext_credits_inode();
}

int ext_page_make_dirty(struct pagecache *cache, struct page *page, unsigned from, unsigned to,
			s64 end)
{
	struct inode *inode = cache->owner;
	struct ext_fs *fs = ext_fs_of(inode);
	unsigned tries = 0;
	int err;

	if (likely(page_test(page, PG_PRIVATE))) {
		err = ext_page_lock_in(cache, page);
		if (err)
			return err;
		if (likely(page_test(page, PG_PRIVATE))) {
			ext_page_changed(inode, page, end);
			return 0;
		}
		page_unlock(page);
	}
	err = ext_delayed_make_dirty(inode, page, from, to, end);
	if (err != -ABI_EAGAIN)
		return err;
	do {
		err = ext_begin(fs, page_credits(inode));
		if (err)
			return err;
		err = page_get_blocks(inode, page, from, to, end);
		if (!err) {
			err = ext_inode_save(inode);
			if (err)
				page_unlock(page);
		}
		ext_end(fs);
	} while (ext_retry(fs, err, &tries));
	return err;
}

void ext_pages_note_hole(struct inode *inode, struct page *page)
{
	struct ext_inode *ei = ext_i(inode);

	page_dirty(page);
	spin_lock(&ei->spin);
	if (ei->hole_first == ei->hole_end) {
		ei->hole_first = page->index;
		ei->hole_end = page->index + 1;
	} else {
		ei->hole_first = min(ei->hole_first, page->index);
		ei->hole_end = max(ei->hole_end, page->index + 1);
	}
	spin_unlock(&ei->spin);
	inode_dirty(inode);
}

/* One dirty page gets all its blocks. */
static int page_fill(struct inode *inode, struct page *page)
{
	u64 size = (u64)READ_ONCE(inode->size), start = page->index << PAGE_SHIFT;
	int err;

	if (!page_test(page, PG_DIRTY) || start >= size)
		return 0;
	err = ext_page_make_dirty(&inode->cache, page, 0,
				  (unsigned)min(size - start, (u64)PAGE_SIZE), 0);
	if (err)
		return err == -ABI_ESTALE ? 0 : err;
	page_unlock(page);
	return 0;
}

int ext_pages_fill_holes(struct inode *inode)
{
	struct ext_inode *ei = ext_i(inode);
	u64 first, at, end;
	int err = 0;

	/* Nobody writes the pages of one that is being evicted, so no block may become theirs. */
	if (likely(READ_ONCE(ei->hole_first) == READ_ONCE(ei->hole_end)) ||
	    READ_ONCE(inode->state) & I_FREEING)
		return 0;
	spin_lock(&ei->spin);
	at = first = ei->hole_first;
	end = ei->hole_end;
	ei->hole_first = ei->hole_end = 0;
	spin_unlock(&ei->spin);
	for (; at < end && !err; at++) {
		struct page *page = pagecache_find(&inode->cache, at);

		if (!page)
			continue;
		err = page_fill(inode, page);
		page_put(page);
	}
	/* The next commit is to have them, for who calls sync(2). */
	return err ? err : ext_delayed_place(&inode->cache, first, end - 1, ~0ull, false);
}
