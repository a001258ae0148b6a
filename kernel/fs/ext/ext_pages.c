/*
 * fs/ext/ext_pages.c - pages of regular files between the cache and the disk.
 *
 * Steps 5 to 7 of the walk of read(2): vm hands over consecutive pages, the map turns their blocks
 * into runs, and each run becomes one request with a piece per page (where runs continue each
 * other, the plug joins their requests again). A page of small blocks may take part in several
 * requests; page->private counts them, from bit 0, one more for the submitter, and remembers an
 * error; who drops the last count ends the page's read or write.
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

#define IO_ERROR	BIT(32)
#define IO_NO_SPACE	BIT(35)
#define IO_COUNT	0xffffffffull

/* Requests under construction: runs are joined while they continue each other on the disk. */
struct ext_io {
	struct inode *inode;
	struct blk_request *req;	/* not yet submitted, or NULL */
	u64 next;			/* physical sector after it */
	enum blk_op op;
	struct ext_run run;		/* what the map said last: it covers */
	u64 logical;			/* this block and run.count - 1 more */
	u64 end;			/* logical blocks of the file */
};

static void page_end_read(struct page *page, int error)
{
	struct inode *inode = page->cache->owner;
	u64 size = (u64)READ_ONCE(inode->size), start = page->index << PAGE_SHIFT;

	if (!error && size < start + PAGE_SIZE) {
		u64 keep = size > start ? size - start : 0;

		memset((u8 *)page_to_virt(page) + keep, 0, PAGE_SIZE - keep);
	}
	page_read_done(page, error);
}

static void page_begin_io(struct page *page)
{
	u64 delayed = (u64)ext_page_delayed(page) << EXT_PAGE_DELAYED_SHIFT;

	__atomic_store_n(&page->private, delayed | 1, __ATOMIC_RELAXED);
}

static void page_end_io(struct page *page, enum blk_op op, int error)
{
	u64 left;

	if (error)
		__atomic_fetch_or(&page->private, error == -ABI_ENOSPC ? IO_NO_SPACE : IO_ERROR,
				  __ATOMIC_RELAXED);
	left = __atomic_sub_fetch(&page->private, 1, __ATOMIC_ACQ_REL);
	if (left & IO_COUNT)
		return;
	error = left & IO_ERROR ? -EIO : left & IO_NO_SPACE ? -ENOSPC : 0;
	if (op == BLK_READ)
		page_end_read(page, error);
	else
		page_write_done(page, error);
}

static void io_done(struct blk_request *req)
{
	for (unsigned i = 0; i < req->n_pieces; i++)
		page_end_io(req->pieces[i].page, req->op, req->error);
	blk_request_free(req);
}

static void io_submit(struct ext_io *io)
{
	if (io->req)
		blk_submit(io->req);
	io->req = NULL;
}

/* Adds n bytes of a page, which lie at physical block `block`. */
static void io_add(struct ext_io *io, struct page *page, u32 offset, u32 n, u64 block)
{
	struct ext_fs *fs = ext_fs_of(io->inode);
	u64 sector = block << (fs->geo.block_bits - 9);
	struct blk_request *req;
	struct dma_piece *last;

	if (io->req && (io->next != sector || io->req->n_pieces == BLK_RESERVE_PIECES))
		io_submit(io);
	if (!io->req) {
		req = io->req = blk_request_alloc(BLK_RESERVE_PIECES);
		req->dev = fs->dev;
		req->op = io->op;
		req->lba = sector;
		req->done = io_done;
	}
	req = io->req;
	last = req->n_pieces ? &req->pieces[req->n_pieces - 1] : NULL;
	if (last && last->page == page && last->offset + last->length == offset) {
		last->length += n;
	} else {
		__atomic_fetch_add(&page->private, 1, __ATOMIC_RELAXED);
		req->pieces[req->n_pieces++] = (struct dma_piece){ page, offset, n };
	}
	req->n_sectors += n >> 9;
	io->next = sector + (n >> 9);
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
	io_submit(io);
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

	page_begin_io(page);
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
	page_end_io(page, BLK_READ, err);
}

static void inline_read_page(struct inode *inode, struct page *page)
{
	u8 *p = page_to_virt(page);
	ssize_t n = page->index ? 0 : ext_inline_read(inode, p, PAGE_SIZE);

	if (n >= 0)
		memset(p + n, 0, PAGE_SIZE - (size_t)n);
	page_end_read(page, n < 0 ? (int)n : 0);
}

static void io_init(struct ext_io *io, struct inode *inode, enum blk_op op)
{
	u32 size = ext_fs_of(inode)->geo.block_size;

	*io = (struct ext_io){ .inode = inode, .op = op,
			       .end = DIV_ROUND_UP((u64)READ_ONCE(inode->size), size) };
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
	io_submit(&io);
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
	io_submit(io);
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

	page_begin_io(page);
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
	page_end_io(page, BLK_WRITE, err);
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
	io_submit(&io);
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
