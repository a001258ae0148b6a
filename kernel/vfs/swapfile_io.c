/*
 * Slots of a swap area to and from the disk. Before: vm/swap_cache.c and vm/writeback.c, with runs
 * of neighbouring slots; behind: dev/blk.c. A run is cut where the area's extents end and where a
 * request is full. Requests come from the block layer's reserve when there is no memory.
 */
#include "core/panic.h"
#include "dev/blk.h"
#include "vfs/swapfile_int.h"

#define SECTORS_PER_PAGE ((u32)(PAGE_SIZE >> 9))

static void read_done(struct blk_request *req)
{
	for (unsigned i = 0; i < req->n_pieces; i++)
		page_read_done(req->pieces[i].page, req->error);
	blk_request_free(req);
}

static void write_done(struct blk_request *req)
{
	for (unsigned i = 0; i < req->n_pieces; i++)
		page_write_done(req->pieces[i].page, req->error);
	blk_request_free(req);
}

/* The extent that holds the slot: there is one, as bad slots are never used. */
static const struct swap_extent *extent_find(const struct swapfile *s, u64 slot)
{
	unsigned low = 0, high = s->n_extents;

	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;

		if (s->extents[middle].slot <= slot)
			low = middle;
		else
			high = middle;
	}
	return &s->extents[low];
}

static void transfer(struct pagecache *cache, struct page **pages, unsigned n, enum blk_op op)
{
	const struct swapfile *s = cache->owner;

	blk_plug();
	while (n) {
		u64 slot = pages[0]->index;
		const struct swap_extent *e = extent_find(s, slot);
		unsigned count = (unsigned)min(min((u64)n, e->slot + e->n - slot),
					       (u64)BLK_RESERVE_PIECES);
		struct blk_request *req = blk_request_alloc(count);

		kassert(slot >= e->slot && slot < e->slot + e->n);
		req->dev = s->dev;
		req->op = op;
		req->lba = e->lba + (slot - e->slot) * SECTORS_PER_PAGE;
		req->n_sectors = count * SECTORS_PER_PAGE;
		req->n_pieces = count;
		req->done = op == BLK_READ ? read_done : write_done;
		for (unsigned i = 0; i < count; i++)
			req->pieces[i] = (struct dma_piece){ pages[i], 0, PAGE_SIZE };
		/* What is being written is not stored into: the swap cache's rule. */
		for (unsigned i = 0; op == BLK_WRITE && i < count; i++)
			page_unlock(pages[i]);
		blk_submit(req);
		pages += count;
		n -= count;
	}
	blk_unplug();
}

static void swapfile_read(struct pagecache *cache, struct page **pages, unsigned n)
{
	transfer(cache, pages, n, BLK_READ);
}

static void swapfile_write(struct pagecache *cache, struct page **pages, unsigned n)
{
	transfer(cache, pages, n, BLK_WRITE);
}

const struct pagecache_ops swapfile_page_ops = {
	.read = swapfile_read,
	.write = swapfile_write,
	.prepare_write = NULL, /* never written to by users */
	.release = NULL,       /* slots are vm's */
};
