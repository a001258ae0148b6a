/*
 * Blocks of a block device: file systems' view of its page cache (blkdev_cache.c tells how pages
 * know which of their blocks are newer than the disk). A block is found by its page, which the
 * caller keeps by a reference; what the bytes mean and who may change them is the file system's
 * business.
 */
#include "dev/bcache.h"

#include "abi/errno.h"
#include "dev/blk_int.h"
#include "lib/string.h"
#include "sched/rcu.h"
#include "sched/thread.h"

#define FORGET_BATCH 16
#define WRITE_TRIES 3u /* a page on its way for other blocks is not taken along */

static bool block_exists(const struct blkdev *dev, u64 block, u32 size, u64 n)
{
	u64 blocks = (dev->n_sectors << 9) / size;

	return block < blocks && n <= blocks - block;
}

/* A read that a fatal signal may not end: the caller is in the middle of changing a file system. */
static int get_page_stubborn(struct pagecache *cache, pgoff_t index, struct page **out)
{
	for (;;) {
		struct page *page = pagecache_find(cache, index);
		int err = 0;

		if (!page)
			err = pagecache_get_locked(cache, index, true, &page);
		else
			page_lock(page);
		if (err == -ABI_ERESTARTSYS) {
			sched_yield();
			continue;
		}
		if (err)
			return err;
		if (page->cache != cache) {
			page_unlock(page);
			page_put(page);
			continue;
		}
		if (!page_test(page, PG_UPTODATE)) {
			cache->ops->read(cache, &page, 1);
			page_lock(page);
		}
		err = page_test(page, PG_UPTODATE) ? 0 : -EIO;
		page_unlock(page);
		if (!err) {
			*out = page;
			return 0;
		}
		page_put(page);
		return err;
	}
}

static int get_page(struct blkdev *dev, pgoff_t index, struct page **out)
{
	int err = pagecache_get(&dev->cache, index, index, out);

	return likely(err != -ABI_ERESTARTSYS) ? err : get_page_stubborn(&dev->cache, index, out);
}

static void block_set(struct bblock *b, struct page *page, u64 byte, u32 size)
{
	b->page = page;
	b->size = size;
	b->data = (char *)page_to_virt(page) + (byte & ~PAGE_MASK);
}

int bcache_get(struct blkdev *dev, u64 block, u32 size, struct bblock *out)
{
	struct page *page;
	int err;

	if (unlikely(!block_exists(dev, block, size, 1)))
		return -ENXIO;
	err = get_page(dev, block * size >> PAGE_SHIFT, &page);
	if (unlikely(err))
		return err;
	block_set(out, page, block * size, size);
	return 0;
}

/* Bytes from `data`, or zeroes. */
static void bytes_set(void *to, const void *data, u32 size)
{
	if (data)
		memcpy(to, data, size);
	else
		memset(to, 0, size);
}

int bcache_get_copy(struct blkdev *dev, u64 block, u32 size, const void *data, struct bblock *out)
{
	pgoff_t index = block * size >> PAGE_SHIFT;
	struct page *page;
	int err;

	if (unlikely(!block_exists(dev, block, size, 1)))
		return -ENXIO;
	if (size < PAGE_SIZE)
		goto shared;
	err = pagecache_get_locked(&dev->cache, index, true, &page);
	if (err == -ABI_ERESTARTSYS)
		goto shared;
	if (err)
		return err;
	blkdev_page_init(page);
	bytes_set(page_to_virt(page), data, size);
	page_set(page, PG_UPTODATE);
	page_unlock(page);
	block_set(out, page, 0, size);
	return 0;
shared: /* other blocks are in the page, too */
	err = get_page(dev, index, &page);
	if (err)
		return err;
	block_set(out, page, block * size, size);
	bytes_set(out->data, data, size);
	return 0;
}

int bcache_get_new(struct blkdev *dev, u64 block, u32 size, struct bblock *out)
{
	return bcache_get_copy(dev, block, size, NULL, out);
}

void bcache_dirty(struct blkdev *dev, struct bblock *b)
{
	unsigned from = (unsigned)((vaddr_t)b->data & ~PAGE_MASK);

	blkdev_page_mark(b->page, from, from + b->size);
	if (!page_test(b->page, PG_DIRTY))
		page_dirty(b->page);
}

void bcache_pin(struct bblock *b)
{
	unsigned from = (unsigned)((vaddr_t)b->data & ~PAGE_MASK);

	blkdev_page_pin(b->page, from, from + b->size);
}

void bcache_unpin(struct blkdev *dev, struct bblock *b, bool changed)
{
	unsigned from = (unsigned)((vaddr_t)b->data & ~PAGE_MASK);

	if (changed)
		blkdev_page_mark(b->page, from, from + b->size);
	/* Marks that a writer left behind are to be found again. */
	if (blkdev_page_unpin(b->page, from, from + b->size) && !page_test(b->page, PG_DIRTY))
		page_dirty(b->page);
}

bool bcache_is_clean(const struct bblock *b)
{
	unsigned from = (unsigned)((vaddr_t)b->data & ~PAGE_MASK);

	return blkdev_page_is_clean(b->page, from, from + b->size);
}

void bcache_write(struct blkdev *dev, const struct bblock *b)
{
	pgoff_t index = b->page->index;

	for (unsigned tries = 0; !bcache_is_clean(b) && tries < WRITE_TRIES; tries++) {
		(void)pagecache_write_range(&dev->cache, index, index, false);
		page_wait_writeback(b->page);
	}
}

void bcache_put(struct bblock *b)
{
	page_put(b->page);
	b->page = NULL;
	b->data = NULL;
}

void bcache_read_ahead(struct blkdev *dev, u64 block, u32 size, unsigned n)
{
	if (n && block_exists(dev, block, size, n))
		pagecache_readahead(&dev->cache, block * size >> PAGE_SHIFT,
				    ((block + n) * size - 1) >> PAGE_SHIFT);
}

/* The first few indices from `first` on of cached pages: how many. */
static unsigned cached_indices(struct pagecache *cache, pgoff_t first, u64 indices[FORGET_BATCH])
{
	void *pages[FORGET_BATCH];
	unsigned n;

	rcu_read_lock();
	n = radix_gang_lookup(&cache->pages, first, pages, indices, FORGET_BATCH);
	rcu_read_unlock();
	return n;
}

/* Removes the marks of bytes [from, to) of the device in one page, and waits until none of it is on
 * its way to the disk. */
static void forget_in_page(struct blkdev *dev, pgoff_t index, u64 from, u64 to)
{
	struct page *page = pagecache_find(&dev->cache, index);
	u64 start = index << PAGE_SHIFT;

	if (!page)
		return;
	from = max(from, start) - start;
	to = min(to, (u64)(start + PAGE_SIZE)) - start;
	if (page_test(page, PG_UPTODATE)) {
		blkdev_page_unmark(page, (unsigned)from, (unsigned)to);
		page_wait_writeback(page);
		/* A write that failed puts marks back. */
		blkdev_page_unmark(page, (unsigned)from, (unsigned)to);
	}
	page_put(page);
}

void bcache_forget(struct blkdev *dev, u64 block, u32 size, u64 n)
{
	u64 from = block * size, to = (block + n) * size, indices[FORGET_BATCH];
	pgoff_t at = from >> PAGE_SHIFT;
	unsigned found;

	if (!n || !block_exists(dev, block, size, n))
		return;
	while ((found = cached_indices(&dev->cache, at, indices))) {
		for (unsigned i = 0; i < found; i++) {
			if (indices[i] << PAGE_SHIFT >= to)
				return;
			forget_in_page(dev, indices[i], from, to);
		}
		at = indices[found - 1] + 1;
	}
}

void bcache_update(struct blkdev *dev, u64 block, u32 size, const void *data)
{
	struct page *page = pagecache_find(&dev->cache, block * size >> PAGE_SHIFT);

	if (!page)
		return;
	page_lock(page);
	if (page_test(page, PG_UPTODATE))
		memcpy((char *)page_to_virt(page) + (block * size & ~PAGE_MASK), data, size);
	page_unlock(page);
	page_put(page);
}

void bcache_drop_clean(struct blkdev *dev)
{
	pagecache_shrink(&dev->cache);
}

int bcache_sync(struct blkdev *dev)
{
	int err;

	do
		err = pagecache_sync(&dev->cache);
	while (err == -ABI_ERESTARTSYS);
	return err;
}

void bcache_settle(struct blkdev *dev)
{
	int err;

	pagecache_write_untold(&dev->cache);
	err = blk_flush(dev);
	if (err && err != -ABI_EOPNOTSUPP)
		pagecache_note_error(&dev->cache, err);
}
