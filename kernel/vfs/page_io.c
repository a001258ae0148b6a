/*
 * vfs/page_io.c - pages of a file between its cache and a block device.
 *
 * Steps 5 to 7 of the walk of read(2): vm hands the file system consecutive pages, its map says
 * where they lie, and here runs become requests (where they continue each other, the plug joins
 * them again).
 */
#include "vfs/page_io.h"

#include "lib/string.h"
#include "vfs/super.h"

#define IO_ERROR	BIT(32)
#define IO_NO_SPACE	BIT(33)
#define IO_COUNT	0xffffffffull

void page_io_begin(struct page *page, u64 keep)
{
	__atomic_store_n(&page->private, keep | 1, __ATOMIC_RELAXED);
}

void page_io_read_done(struct page *page, int error)
{
	struct inode *inode = page->cache->owner;
	u64 size = (u64)READ_ONCE(inode->size), start = page->index << PAGE_SHIFT;

	if (!error && size < start + PAGE_SIZE) {
		u64 keep = size > start ? size - start : 0;

		memset((u8 *)page_to_virt(page) + keep, 0, PAGE_SIZE - keep);
	}
	page_read_done(page, error);
}

void page_io_end(struct page *page, enum blk_op op, int error)
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
		page_io_read_done(page, error);
	else
		page_write_done(page, error);
}

static void io_done(struct blk_request *req)
{
	for (unsigned i = 0; i < req->n_pieces; i++)
		page_io_end(req->pieces[i].page, req->op, req->error);
	blk_request_free(req);
}

void page_io_submit(struct page_io *io)
{
	if (io->req)
		blk_submit(io->req);
	io->req = NULL;
}

void page_io_add(struct page_io *io, struct page *page, u32 offset, u32 n, u64 sector)
{
	struct blk_request *req;
	struct dma_piece *last;

	if (io->req && (io->next != sector || io->req->n_pieces == BLK_RESERVE_PIECES))
		page_io_submit(io);
	if (!io->req) {
		req = io->req = blk_request_alloc(BLK_RESERVE_PIECES);
		req->dev = io->dev;
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
