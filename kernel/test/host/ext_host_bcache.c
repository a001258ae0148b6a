/*
 * test/host/ext_host_bcache.c - buffers for fs/ext on the host. A device's cache marks the 512-byte
 * sectors that were dirtied, and writes nothing else; nor those that are pinned, by the next eight
 * bits.
 */
#include "test/host/ext_host_int.h"

#include "dev/bcache.h"
#include "dev/blk_int.h"

static void bdev_read(struct pagecache *cache, struct page **pages, unsigned n)
{
	struct blkdev *dev = container_of(cache, struct blkdev, cache);

	for (unsigned i = 0; i < n; i++) {
		u64 at = pages[i]->index << PAGE_SHIFT, end = dev->n_sectors << 9;
		u64 bytes = at < end ? min(end - at, (u64)PAGE_SIZE) : 0;
		bool bad = host_io_fails();

		pages[i]->private = 0;
		memset(page_to_virt(pages[i]), 0, PAGE_SIZE);
		if (!bad && !host_dev_read(dev, page_to_virt(pages[i]), (u32)bytes, at))
			bad = true;
		page_read_done(pages[i], bad ? -EIO : 0);
	}
}

static void bdev_write(struct pagecache *cache, struct page **pages, unsigned n)
{
	struct blkdev *dev = container_of(cache, struct blkdev, cache);

	for (unsigned i = 0; i < n; i++) {
		struct page *page = pages[i];
		int err = host_io_fails() ? -EIO : 0;
		u64 marks = page->private & ~(page->private >> 8) & 0xff;

		host_lost_writes += err != 0;
		for (u32 s = 0, n; s < 8 && !err; s += max(n, 1u)) {
			for (n = 0; s + n < 8 && marks >> (s + n) & 1;)
				n++;
			if (n && !host_dev_write(dev, (u8 *)page_to_virt(page) + s * 512, n * 512,
						 (page->index << PAGE_SHIFT) + s * 512))
				err = -EIO;
		}
		page->private &= ~marks;
		page_unlock(page);
		page_write_done(page, err);
	}
}

static const struct pagecache_ops bdev_ops = { .read = bdev_read, .write = bdev_write };

void blkdev_cache_init(struct blkdev *dev)
{
	pagecache_init(&dev->cache, &bdev_ops, dev);
}

int bcache_get(struct blkdev *dev, u64 block, u32 size, struct bblock *out)
{
	struct page *page;
	int err;

	if (block >= (dev->n_sectors << 9) / size)
		return -ENXIO;
	err = pagecache_get(&dev->cache, block * size >> PAGE_SHIFT, 0, &page);
	if (err)
		return err;
	out->page = page;
	out->size = size;
	out->data = (u8 *)page_to_virt(page) + (block * size & ~PAGE_MASK);
	return 0;
}

int bcache_get_new(struct blkdev *dev, u64 block, u32 size, struct bblock *out)
{
	int err = bcache_get(dev, block, size, out);

	if (!err)
		memset(out->data, 0, size);
	return err;
}

int bcache_get_copy(struct blkdev *dev, u64 block, u32 size, const void *data, struct bblock *out)
{
	int err = bcache_get(dev, block, size, out);

	if (!err)
		memcpy(out->data, data, size);
	return err;
}

static u64 marks_of(const struct bblock *b)
{
	return (BIT(b->size >> 9) - 1) << (((u64)b->data & ~PAGE_MASK) >> 9);
}

void bcache_dirty(struct blkdev *dev, struct bblock *b)
{
	b->page->private |= marks_of(b);
	page_dirty(b->page);
}

void bcache_pin(struct bblock *b)
{
	b->page->private |= marks_of(b) << 8;
}

void bcache_unpin(struct blkdev *dev, struct bblock *b, bool changed)
{
	b->page->private &= ~(marks_of(b) << 8);
	if (changed || b->page->private & marks_of(b))
		bcache_dirty(dev, b);
}

void bcache_write(struct blkdev *dev, const struct bblock *b)
{
	if (b->page->private & marks_of(b))
		pagecache_write_range(&dev->cache, b->page->index, b->page->index, false);
}

void bcache_settle(struct blkdev *dev)
{
	int err;

	pagecache_write_untold(&dev->cache);
	err = blk_flush(dev);
	if (err)
		pagecache_note_error(&dev->cache, err);
}

void bcache_drop_clean(struct blkdev *dev)
{
	pagecache_shrink(&dev->cache);
}

void bcache_put(struct bblock *b)
{
	if (b->page->refs < 2)
		abort();
	page_put(b->page);
	b->page = NULL;
	b->data = NULL;
}

void bcache_read_ahead(struct blkdev *dev, u64 block, u32 size, unsigned n)
{
	if (n)
		pagecache_readahead(&dev->cache, block * size >> PAGE_SHIFT,
				    ((block + n) * size - 1) >> PAGE_SHIFT);
}

void bcache_forget(struct blkdev *dev, u64 block, u32 size, u64 n)
{
	for (u64 at = block * size; at < (block + n) * size; at += 512) {
		struct page *page = radix_lookup(&dev->cache.pages, at >> PAGE_SHIFT);

		if (page)
			page->private &= ~BIT((at & ~PAGE_MASK) >> 9);
	}
}

int bcache_sync(struct blkdev *dev)
{
	return pagecache_write_range(&dev->cache, 0, ~0ull, true);
}
