/*
 * fs/fat/fat_pages.c - pages of regular files between the cache and the disk.
 *
 * Steps 5 to 7 of the walk of read(2): vm hands over consecutive pages, the map turns their
 * clusters into runs, and each run becomes one request with a piece per page (where runs continue
 * each other, the plug joins their requests again). A page of small clusters may take part in
 * several requests; page->private counts them, from bit 0, one more for the submitter, and
 * remembers an error; who drops the last count ends the page's read or write.
 *
 * There are no holes: every byte below the file's size has its cluster.
 */
#include "fs/fat/fat_int.h"

#include "lib/string.h"

#define IO_ERROR	BIT(32)
#define IO_COUNT	0xffffffffull

/* A request under construction: runs are joined while they continue each other on the disk. */
struct fat_io {
	struct inode *inode;
	struct blk_request *req;	/* not yet submitted, or NULL */
	u64 next;			/* 512-byte sector after it */
	enum blk_op op;
	struct fat_run run;		/* what the map said last */
	u64 end;			/* bytes of the file, in whole sectors */
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

static void page_end_io(struct page *page, enum blk_op op, int error)
{
	u64 left;

	if (error)
		__atomic_fetch_or(&page->private, IO_ERROR, __ATOMIC_RELAXED);
	left = __atomic_sub_fetch(&page->private, 1, __ATOMIC_ACQ_REL);
	if (left & IO_COUNT)
		return;
	error = left & IO_ERROR ? -EIO : 0;
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

static void io_submit(struct fat_io *io)
{
	if (io->req)
		blk_submit(io->req);
	io->req = NULL;
}

/* Adds n bytes of a page, which lie at 512-byte sector `sector`. */
static void io_add(struct fat_io *io, struct page *page, u32 offset, u32 n, u64 sector)
{
	struct blk_request *req;
	struct dma_piece *last;

	if (io->req && (io->next != sector || io->req->n_pieces == BLK_RESERVE_PIECES))
		io_submit(io);
	if (!io->req) {
		req = io->req = blk_request_alloc(BLK_RESERVE_PIECES);
		req->dev = fat_fs_of(io->inode)->dev;
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

/* Makes io->run hold the cluster of byte `at`; `ahead`: bytes that will be asked for. */
static int io_map(struct fat_io *io, u64 at, u64 ahead)
{
	const struct fat_fs *fs = fat_fs_of(io->inode);
	u32 logical = (u32)(at >> fs->geo.cluster_bits);
	int err;

	if (logical - io->run.logical < io->run.count)
		return 0;
	/* The FAT may have to be read, and no request may be held while waiting for another. */
	io_submit(io);
	err = fat_map(io->inode, logical, fat_clusters_for(fs, ahead) + 1, &io->run);
	if (err)
		io->run.count = 0;
	return err;
}

/* The page's bytes below the end join requests. `ahead`: bytes from its first one on wanted. */
static int io_page(struct fat_io *io, struct page *page, u64 ahead)
{
	const struct fat_geo *geo = &fat_fs_of(io->inode)->geo;
	u64 start = page->index << PAGE_SHIFT;
	u32 end = (u32)min(io->end > start ? io->end - start : 0, (u64)PAGE_SIZE);

	for (u32 at = 0; at < end;) {
		u64 byte = start + at, within;
		u32 n;
		int err = io_map(io, byte, ahead - at);

		if (err)
			return err;
		within = byte - ((u64)io->run.logical << geo->cluster_bits);
		n = (u32)min((u64)(end - at),
			     ((u64)io->run.count << geo->cluster_bits) - within);
		io_add(io, page, at, n,
		       (fat_cluster_sector(geo, io->run.cluster) << (geo->sector_bits - 9)) +
		       (within >> 9));
		at += n;
	}
	return 0;
}

static void io_init(struct fat_io *io, struct inode *inode, enum blk_op op)
{
	u64 mask = fat_fs_of(inode)->geo.sector_size - 1;

	*io = (struct fat_io){ .inode = inode, .op = op,
			       .end = ((u64)READ_ONCE(inode->size) + mask) & ~mask };
}

static void fat_pages_read(struct pagecache *cache, struct page **pages, unsigned n)
{
	struct fat_io io;

	io_init(&io, cache->owner, BLK_READ);
	blk_plug();
	for (unsigned i = 0; i < n; i++) {
		__atomic_store_n(&pages[i]->private, 1, __ATOMIC_RELAXED);
		page_end_io(pages[i], BLK_READ,
			    io_page(&io, pages[i], (u64)(n - i) << PAGE_SHIFT));
	}
	io_submit(&io);
	blk_unplug();
}

static void fat_pages_write(struct pagecache *cache, struct page **pages, unsigned n)
{
	struct fat_io io;

	io_init(&io, cache->owner, BLK_WRITE);
	blk_plug();
	for (unsigned i = 0; i < n; i++) {
		int err;

		__atomic_store_n(&pages[i]->private, 1, __ATOMIC_RELAXED);
		err = io_page(&io, pages[i], (u64)(n - i) << PAGE_SHIFT);
		/*
		 * The device reads the page while others may write to it: what it misses makes it
		 * dirty again.
		 */
		page_unlock(pages[i]);
		page_end_io(pages[i], BLK_WRITE, err);
	}
	io_submit(&io);
	blk_unplug();
}

static int fat_prepare_write(struct pagecache *cache, struct page *page, unsigned from, unsigned to)
{
	struct inode *inode = cache->owner;
	struct fat_inode *fi = fat_i(inode);
	u32 n = fat_clusters_for(fat_fs_of(inode), (page->index << PAGE_SHIFT) + to);

	if (unlikely(!fat_writable(inode)))
		return -EROFS;
	if (!(READ_ONCE(fi->attr) & FAT_ATTR_ARCHIVE)) {
		__atomic_fetch_or(&fi->attr, FAT_ATTR_ARCHIVE, __ATOMIC_RELAXED);
		inode_dirty(inode);
	}
	return likely(n <= READ_ONCE(fi->known)) ? 0 : fat_map_extend(inode, n);
}

const struct pagecache_ops fat_page_ops = {
	.read = fat_pages_read,
	.write = fat_pages_write,
	.prepare_write = fat_prepare_write,
};
