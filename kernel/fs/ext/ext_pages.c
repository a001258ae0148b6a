/*
 * fs/ext/ext_pages.c - pages of regular files between the cache and the disk.
 *
 * Step 6 of the walk of read(2): vm hands over consecutive pages, the map turns their blocks into
 * runs, and vfs/page_io.h makes requests of these.
 *
 * PG_PRIVATE on a page says that all its blocks are mapped, so that writing into it needs no look
 * at the map. It is taken away when blocks of the page are freed while the page stays, which only
 * happens to the one that holds the end of the file.
 *
 * Blocks that are delayed (ext_delayed.c) have bits in page->private; a page that is written with
 * such stays dirty for their sake.
 *
 * A dirty page may have a hole that is not zero: one that lay beyond the end of the file when a
 * mapping stored into it, and within since. It gets its block when the page is written; with a
 * journal when the inode is (ext_pages_dirty.c), since writing takes no handle.
 */
#include "fs/ext/ext_delayed.h"
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_meta.h"

#include "abi/stat.h"
#include "lib/string.h"
#include "vfs/page_io.h"

/* What is being read or written, and the map of it. */
struct ext_io {
	struct page_io io;
	struct inode *inode;
	struct ext_run run;		/* what the map said last: it covers */
	u64 logical;			/* this block and run.count - 1 more */
	u64 end;			/* logical blocks of the file */
};

/* Adds n bytes of a page, which lie at physical block `block`. */
static void io_add(struct ext_io *io, struct page *page, u32 offset, u32 n, u64 block)
{
	page_io_add(&io->io, page, offset, n,
		    block << (ext_fs_of(io->inode)->geo.block_bits - 9));
}

/* Makes io->run begin at `logical`: 0 or an error. `ahead`: blocks that will be asked for. */
static int io_map(struct ext_io *io, u64 logical, u32 ahead)
{
	u64 skip = logical - io->logical;
	int err;

	if (skip < io->run.count) {
		io->run.block += io->run.block ? skip : 0;
		io->run.count -= (u32)skip;
		io->logical = logical;
		return 0;
	}
	/* The map may have to be read, and no request may be held while waiting for another. */
	page_io_submit(&io->io);
	io->logical = logical;
	err = ext_map(io->inode, logical, ahead, &io->run);
	if (err)
		io->run.count = 0;
	return err;
}

/*
 * Adds n blocks that the map has at `block`, as far as they are together: in their places, or in
 * the journal. How many.
 */
static u32 read_blocks(struct ext_io *io, struct page *page, u32 offset, u32 n, u64 block)
{
	struct ext_fs *fs = ext_fs_of(io->inode);
	const u32 bits = fs->geo.block_bits;
	const void *copy = NULL;

	if (unlikely(fs->overlaid))
		n = ext_overlay_run(fs, block, n, &block, &copy);
	if (unlikely(copy))
		memcpy((u8 *)page_to_virt(page) + offset, copy, n << bits);
	else
		io_add(io, page, offset, n << bits, block);
	return n;
}

/*
 * One page: its mapped parts join requests, its holes are zeroed. `ahead`: blocks from its first
 * one on that are wanted.
 */
static void read_page(struct ext_io *io, struct page *page, u32 ahead)
{
	const u32 bits = ext_fs_of(io->inode)->geo.block_bits, per = (u32)PAGE_SIZE >> bits;
	u64 first = page->index << (PAGE_SHIFT - bits);
	bool mapped = true;
	int err = 0;

	page_io_begin(page, (u64)ext_page_delayed(page) << EXT_PAGE_DELAYED_SHIFT);
	for (u32 i = 0; i < per && !err;) {
		u32 n = per - i;

		if (first + i >= io->end) {
			/* Beyond the end: zeroed when the read ends. */
			mapped = false;
			break;
		}
		err = io_map(io, first + i, ahead - i);
		if (err)
			break;
		n = min(n, io->run.count);
		if (io->run.block) {
			n = read_blocks(io, page, i << bits, n, io->run.block);
		} else {
			mapped = false;
			memset((u8 *)page_to_virt(page) + (i << bits), 0, n << bits);
		}
		i += n;
	}
	if (mapped && !err)
		page_set(page, PG_PRIVATE);
	page_io_end(page, BLK_READ, err);
}

static void inline_read_page(struct inode *inode, struct page *page)
{
	u8 *p = page_to_virt(page);
	ssize_t n = page->index ? 0 : ext_inline_read(inode, p, PAGE_SIZE);

	if (n >= 0)
		memset(p + n, 0, PAGE_SIZE - (size_t)n);
	page_io_read_done(page, n < 0 ? (int)n : 0);
}

static void io_init(struct ext_io *io, struct inode *inode, enum blk_op op)
{
	struct ext_fs *fs = ext_fs_of(inode);

	*io = (struct ext_io){ .io = { .dev = fs->dev, .op = op }, .inode = inode,
			       .end = DIV_ROUND_UP((u64)READ_ONCE(inode->size),
						   fs->geo.block_size) };
}

static void ext_pages_read(struct pagecache *cache, struct page **pages, unsigned n)
{
	struct inode *inode = cache->owner;
	const u32 shift = PAGE_SHIFT - ext_fs_of(inode)->geo.block_bits;
	struct ext_io io;

	if (ext_is_inline(inode)) {
		for (unsigned i = 0; i < n; i++)
			inline_read_page(inode, pages[i]);
		return;
	}
	io_init(&io, inode, BLK_READ);
	blk_plug();
	for (unsigned i = 0; i < n; i++)
		read_page(&io, pages[i], (n - i) << shift);
	page_io_submit(&io.io);
	blk_unplug();
}

/*
 * A hole within a dirty page: 0 if it stays one, or io->run names its new block. `lost`: it could
 * get none.
 */
static int write_hole(struct ext_io *io, struct page *page, u32 offset, bool lost)
{
	u32 size = ext_fs_of(io->inode)->geo.block_size;

	io->run.count = 1;
	if (lost || mem_is_all((u8 *)page_to_virt(page) + offset, 0, size))
		return 0;
	if (ext_fs_of(io->inode)->journal) {
		ext_pages_note_hole(io->inode, page);
		return 0;
	}
	page_io_submit(&io->io);
	return ext_map_create(io->inode, io->logical, 1, true, &io->run);
}

/* Whether, and why, parts of it could get no block: told once. */
static u64 page_lost(const struct page *page)
{
	return READ_ONCE(page->private) & (EXT_PAGE_LOST | EXT_PAGE_LOST_NOSPC);
}

static void write_page(struct ext_io *io, struct page *page, u32 ahead)
{
	const u32 bits = ext_fs_of(io->inode)->geo.block_bits, per = (u32)PAGE_SIZE >> bits;
	u64 first = page->index << (PAGE_SHIFT - bits), lost = page_lost(page);
	u32 delayed = ext_page_delayed(page);
	int err = 0;

	page_io_begin(page, (u64)delayed << EXT_PAGE_DELAYED_SHIFT);
	if (unlikely(delayed))
		page_dirty(page);
	for (u32 i = 0; i < per && first + i < io->end;) {
		u32 n;

		if (unlikely(delayed >> i & 1)) {
			i++;
			continue;
		}
		err = io_map(io, first + i, ahead - i);
		if (!err && !io->run.block)
			err = write_hole(io, page, i << bits, lost);
		if (err)
			break;
		n = min(min(per - i, io->run.count), (u32)min(io->end - first - i, (u64)per));
		if (unlikely(delayed))
			n = min(n, (u32)__builtin_ctz(delayed >> i | 1u << 31));
		if (io->run.block)
			io_add(io, page, i << bits, n << bits, io->run.block);
		i += n;
	}
	/*
	 * The device reads the page while others may write to it: what it misses makes it dirty
	 * again.
	 */
	page_unlock(page);
	if (unlikely(lost) && !err)
		err = lost & EXT_PAGE_LOST_NOSPC ? -ENOSPC : -EIO;
	page_io_end(page, BLK_WRITE, err);
}

static void ext_pages_write(struct pagecache *cache, struct page **pages, unsigned n)
{
	struct inode *inode = cache->owner;
	const u32 shift = PAGE_SHIFT - ext_fs_of(inode)->geo.block_bits;
	struct ext_io io;

	io_init(&io, inode, BLK_WRITE);
	blk_plug();
	for (unsigned i = 0; i < n; i++)
		write_page(&io, pages[i], (n - i) << shift);
	page_io_submit(&io.io);
	blk_unplug();
}

int ext_pages_get_blocks(struct inode *inode, u64 base, u32 at, u32 end, u32 *fresh)
{
	struct ext_inode *ei = ext_i(inode);
	bool reserve = READ_ONCE(ei->n_privileged) > 0;
	int err = 0;

	*fresh = 0;
	while (at < end && !err) {
		struct ext_run run = { .count = end - at };

		/* Where nothing was allocated yet there is no need to look. */
		if (base + at < READ_ONCE(ei->alloc_end))
			err = ext_map(inode, base + at, end - at, &run);
		if (!err && !run.block) {
			err = ext_map_create(inode, base + at, run.count, reserve, &run);
			if (!err)
				*fresh |= ((1u << run.count) - 1) << at;
		}
		at += run.count;
	}
	for (u32 i = 0; err && *fresh >> i; i++)
		if (*fresh >> i & 1)
			ext_map_undo(inode, base + i);
	return err;
}

static int ext_prepare_write(struct pagecache *cache, struct page *page, unsigned from, unsigned to)
{
	struct inode *inode = cache->owner;
	const struct ext_fs *fs = ext_fs_of(inode);
	const u32 bits = fs->geo.block_bits;
	u64 base = page->index << (PAGE_SHIFT - bits);
	u32 at = from >> bits, end = (u32)((u64)to + fs->geo.block_size - 1) >> bits, fresh;
	int err;

	if (page_test(page, PG_PRIVATE))
		return 0;
	err = ext_pages_get_blocks(inode, base, at, end, &fresh);
	if (err)
		return err;
	/*
	 * A new block holds what its last owner left: it is overwritten even if the writer fails
	 * now.
	 */
	if (fresh && page_test(page, PG_UPTODATE))
		page_dirty(page);
	if (at == 0 && end == PAGE_SIZE >> bits)
		page_set(page, PG_PRIVATE);
	return 0;
}

static void ext_page_release(struct pagecache *cache, struct page *page)
{
	if (page_test(page, PG_DELAYED))
		ext_delayed_drop(cache->owner, page, 0, ~0ull);
	page_reset(page, PG_PRIVATE);
}

void ext_pages_forget_map(struct inode *inode, u64 logical, u64 last)
{
	const u32 shift = PAGE_SHIFT - ext_fs_of(inode)->geo.block_bits;

	if (!S_ISREG(inode->mode) || (logical == last && (logical & ((1u << shift) - 1)) == 0))
		return;
	for (pgoff_t i = logical >> shift; i <= last >> shift; i++) {
		struct page *page = pagecache_find(&inode->cache, i);

		if (!page)
			continue;
		page_lock(page);
		page_reset(page, PG_PRIVATE);
		/* What remains of it behind the end of the file, or in front of a hole. */
		if (page_test(page, PG_DELAYED) && page->cache == &inode->cache &&
		    logical == last && i == logical >> shift)
			ext_delayed_drop(inode, page, logical, ~0ull);
		page_unlock(page);
		page_put(page);
	}
}

int ext_zero_tail(struct inode *inode, u64 size)
{
	const u32 bits = ext_fs_of(inode)->geo.block_bits;
	u32 offset = (u32)(size & ~PAGE_MASK);
	struct ext_run run;
	struct page *page;
	u8 *tail;
	int err;

	if ((size & ((1u << bits) - 1)) == 0)
		return 0;
	err = ext_map(inode, size >> bits, 1, &run);
	if (err || (!run.block && !ext_has_delayed(inode)))
		return err;
	err = pagecache_get_locked(&inode->cache, size >> PAGE_SHIFT, false, &page);
	if (err)
		return err;
	tail = (u8 *)page_to_virt(page) + offset;
	if (!mem_is_all(tail, 0, PAGE_SIZE - offset)) {
		memset(tail, 0, PAGE_SIZE - offset);
		page_dirty(page);
	}
	page_unlock(page);
	page_put(page);
	return 0;
}

const struct pagecache_ops ext_page_ops = {
	.read = ext_pages_read,
	.write = ext_pages_write,
	.prepare_write = ext_prepare_write,
	.release = ext_page_release,
};

const struct pagecache_ops ext_journal_page_ops = {
	.read = ext_pages_read,
	.write = ext_pages_write,
	.make_dirty = ext_page_make_dirty,
	.place = ext_delayed_place,
	.release = ext_page_release,
};
