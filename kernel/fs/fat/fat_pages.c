/*
 * fs/fat/fat_pages.c - pages of regular files between the cache and the disk.
 *
 * Step 6 of the walk of read(2): vm hands over consecutive pages, the map turns their clusters into
 * runs, and vfs/page_io.h makes requests of these.
 *
 * There are no holes: every byte below the file's size has its cluster.
 */
#include "fs/fat/fat_int.h"

#include "vfs/page_io.h"

/* What is being read or written, and the map of it. */
struct fat_io {
	struct page_io io;
	struct inode *inode;
	struct fat_run run;		/* what the map said last */
	u64 end;			/* bytes of the file, in whole sectors */
};

/* Makes io->run hold the cluster of byte `at`; `ahead`: bytes that will be asked for. */
static int io_map(struct fat_io *io, u64 at, u64 ahead)
{
	const struct fat_fs *fs = fat_fs_of(io->inode);
	u32 logical = (u32)(at >> fs->geo.cluster_bits);
	int err;

	if (logical - io->run.logical < io->run.count)
		return 0;
	/* The FAT may have to be read, and no request may be held while waiting for another. */
	page_io_submit(&io->io);
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
		page_io_add(&io->io, page, at, n,
			    (fat_cluster_sector(geo, io->run.cluster) << (geo->sector_bits - 9)) +
			    (within >> 9));
		at += n;
	}
	return 0;
}

static void io_init(struct fat_io *io, struct inode *inode, enum blk_op op)
{
	struct fat_fs *fs = fat_fs_of(inode);
	u64 mask = fs->geo.sector_size - 1;

	*io = (struct fat_io){ .io = { .dev = fs->dev, .op = op }, .inode = inode,
			       .end = ((u64)READ_ONCE(inode->size) + mask) & ~mask };
}

static void fat_pages_read(struct pagecache *cache, struct page **pages, unsigned n)
{
	struct fat_io io;

	io_init(&io, cache->owner, BLK_READ);
	blk_plug();
	for (unsigned i = 0; i < n; i++) {
		page_io_begin(pages[i], 0);
		page_io_end(pages[i], BLK_READ,
			    io_page(&io, pages[i], (u64)(n - i) << PAGE_SHIFT));
	}
	page_io_submit(&io.io);
	blk_unplug();
}

static void fat_pages_write(struct pagecache *cache, struct page **pages, unsigned n)
{
	struct fat_io io;

	io_init(&io, cache->owner, BLK_WRITE);
	blk_plug();
	for (unsigned i = 0; i < n; i++) {
		int err;

		page_io_begin(pages[i], 0);
		err = io_page(&io, pages[i], (u64)(n - i) << PAGE_SHIFT);
		/*
		 * The device reads the page while others may write to it: what it misses makes it
		 * dirty again.
		 */
		page_unlock(pages[i]);
		page_io_end(pages[i], BLK_WRITE, err);
	}
	page_io_submit(&io.io);
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
