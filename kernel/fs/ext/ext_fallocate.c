/*
 * fs/ext/ext_fallocate.c - fallocate(2).
 *
 * Blocks are allocated without being written, which only extents can say; holes can be punched into
 * any file. What a range begins and ends with, less than a block, is zeroed in the page cache. The
 * pages that hold such an edge are locked while blocks of theirs are unmapped, so that none is on
 * its way to the disk, nor believed to have its blocks. The pages between are written before they
 * leave the cache: should a block not be had to split an extent, the file still has what it had.
 * Before blocks move, dirty pages behind them are written, and leave, too.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_delayed.h"
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_map.h"

#include "core/clock.h"
#include "lib/string.h"
#include "vfs/file.h"

/* A range of bytes, and the pages that it covers in part: with references, or NULL. */
struct stretch {
	struct inode *inode;
	u64 start, end;
	struct page *edge[EXT_RANGE_EDGES];
};

/* Zeroes [from, to) of a page: *out with a reference. */
static int edge_zero(struct inode *inode, u64 from, u64 to, struct page **out)
{
	struct page *page;
	u8 *p;
	int err = pagecache_get_locked(&inode->cache, from >> PAGE_SHIFT, false, &page);

	if (err)
		return err;
	p = (u8 *)page_to_virt(page) + (from & ~PAGE_MASK);
	if (!mem_is_all(p, 0, to - from)) {
		memset(p, 0, to - from);
		page_dirty(page);
	}
	page_unlock(page);
	*out = page;
	return 0;
}

static void edges_put(struct stretch *s)
{
	for (unsigned i = 0; i < ARRAY_SIZE(s->edge); i++)
		if (s->edge[i])
			page_put(s->edge[i]);
}

static void stretch_end(struct stretch *s)
{
	rwsem_write_end(&s->inode->cache.invalidate);
	edges_put(s);
}

/* Zeroes the edges of the range, and takes the rest out of the cache: 0, or an error. */
static int stretch_begin(struct stretch *s)
{
	u64 first = align_up(s->start, PAGE_SIZE), last = align_down(s->end, PAGE_SIZE);
	struct inode *inode = s->inode;
	int err = 0;

	if (first > last) {
		err = edge_zero(inode, s->start, s->end, &s->edge[0]);
	} else {
		if (s->start < first)
			err = edge_zero(inode, s->start, first, &s->edge[0]);
		if (!err && last < s->end)
			err = edge_zero(inode, last, s->end, &s->edge[1]);
	}
	if (err) {
		edges_put(s);
		return err;
	}
	rwsem_write(&inode->cache.invalidate);
	if (first >= last)
		return 0;
	err = pagecache_write_range(&inode->cache, first >> PAGE_SHIFT, (last >> PAGE_SHIFT) - 1,
				    true);
	if (err)
		stretch_end(s);
	else
		pagecache_drop_range(&inode->cache, first >> PAGE_SHIFT, (last >> PAGE_SHIFT) - 1);
	return err;
}

static u64 block_up(const struct inode *inode, u64 byte)
{
	return DIV_ROUND_UP(byte, ext_fs_of(inode)->geo.block_size);
}

static u64 block_down(const struct inode *inode, u64 byte)
{
	return byte >> ext_fs_of(inode)->geo.block_bits;
}

static int punch(struct inode *inode, u64 start, u64 end)
{
	struct stretch s = { .inode = inode, .start = start };
	u64 size = (u64)inode->size;
	int err;

	if (start >= size)
		return 0;
	/* Behind the end of the file nothing is there but what fallocate(2) put there. */
	s.end = min(end, align_up(size, PAGE_SIZE));
	err = stretch_begin(&s);
	if (err)
		return err;
	if (block_up(inode, s.start) < block_down(inode, s.end))
		err = ext_range_unmap(inode, block_up(inode, s.start), block_down(inode, s.end),
				      s.edge);
	stretch_end(&s);
	return err;
}

static bool may_reserve(struct file *file)
{
	return ext_may_use_reserve(ext_fs_of(file->inode), cred_caller());
}

/* The file is as long as was asked for; nobody wrote behind its old end. */
static int grow(struct inode *inode, u64 size)
{
	int err = size > (u64)inode->size ? cached_zero_tail(inode, inode->size, (s64)size) : 0;

	if (err || size <= (u64)inode->size)
		return err;
	WRITE_ONCE(inode->size, (s64)size);
	return 0;
}

/*
 * Blocks for all of the range. What was promised is taken first: pages of the range have theirs
 * then, and the map has no more extents than was thought when the others were promised.
 */
static int allocate_blocks(struct file *file, u64 start, u64 end)
{
	struct inode *inode = file->inode;
	int err;

	if (!ext_has_extents(inode))
		return -EOPNOTSUPP;
	err = ext_delayed_place(&inode->cache, 0, ~0ull, ~0ull, false);
	if (err)
		return err;
	return ext_range_allocate(inode, block_down(inode, start), block_up(inode, end),
				  may_reserve(file));
}

static int allocate(struct file *file, u64 start, u64 end, bool keep)
{
	struct inode *inode = file->inode;
	int err = allocate_blocks(file, start, end);

	return err || keep ? err : grow(inode, end);
}

static int zero(struct file *file, u64 start, u64 end, bool keep)
{
	struct inode *inode = file->inode;
	struct stretch s = { .inode = inode, .start = start };
	int err = allocate_blocks(file, start, end);

	if (err)
		return err;
	/* Behind the end of the file everything reads as zeroes. */
	s.end = min(end, align_up((u64)inode->size, PAGE_SIZE));
	if (start < (u64)inode->size) {
		err = stretch_begin(&s);
		if (err)
			return err;
		if (block_up(inode, start) < block_down(inode, s.end))
			err = ext_range_unwrite(inode, block_up(inode, start),
						block_down(inode, s.end), s.edge);
		stretch_end(&s);
	}
	return err || keep ? err : grow(inode, end);
}

/*
 * Blocks from `start` on are about to move: what is dirty is written, and no page remains. Mappings
 * dirty more meanwhile, and a page that got its blocks so must not be dropped: they hold what their
 * last owner left until it is written. So the rest is written when no fault can add to it.
 */
static int move_begin(struct inode *inode, u64 start)
{
	pgoff_t first = start >> PAGE_SHIFT;
	int err = pagecache_write_range(&inode->cache, first, ~0ull, true);

	if (err)
		return err;
	rwsem_write(&inode->cache.invalidate);
	err = pagecache_write_range(&inode->cache, first, ~0ull, true);
	if (err)
		rwsem_write_end(&inode->cache.invalidate);
	else
		pagecache_drop_range(&inode->cache, first, ~0ull);
	return err;
}

static int collapse(struct inode *inode, u64 start, u64 end)
{
	u32 size = ext_fs_of(inode)->geo.block_size;
	int err;

	if (!ext_has_extents(inode))
		return -EOPNOTSUPP;
	if ((start | end) & (size - 1) || end >= (u64)inode->size)
		return -EINVAL;
	err = move_begin(inode, start);
	if (err)
		return err;
	err = ext_range_collapse(inode, start / size, end / size);
	rwsem_write_end(&inode->cache.invalidate);
	return err;
}

static int insert(struct inode *inode, u64 start, u64 end)
{
	u32 size = ext_fs_of(inode)->geo.block_size;
	int err;

	if (!ext_has_extents(inode))
		return -EOPNOTSUPP;
	if ((start | end) & (size - 1))
		return -EINVAL;
	if (end - start > inode->sb->max_file_size - (u64)inode->size)
		return -EFBIG;
	if (start >= (u64)inode->size)
		return -EINVAL;
	err = move_begin(inode, start);
	if (err)
		return err;
	err = ext_range_insert(inode, start / size, (end - start) / size);
	rwsem_write_end(&inode->cache.invalidate);
	return err;
}

static int fallocate_locked(struct file *file, u32 mode, u64 start, u64 end)
{
	struct inode *inode = file->inode;
	bool keep = mode & FALLOC_FL_KEEP_SIZE;

	if (!READ_ONCE(ext_fs_of(inode)->writable) || ext_is_inline(inode))
		return -EROFS;
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return punch(inode, start, end);
	if (mode & FALLOC_FL_COLLAPSE_RANGE)
		return collapse(inode, start, end);
	if (mode & FALLOC_FL_INSERT_RANGE)
		return insert(inode, start, end);
	if (mode & FALLOC_FL_ZERO_RANGE)
		return zero(file, start, end, keep);
	return allocate(file, start, end, keep);
}

int ext_fallocate(struct file *file, u32 mode, loff_t offset, loff_t length)
{
	struct inode *inode = file->inode;
	int err;

	if (mode & ~(u32)(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |
			  FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE))
		return -EOPNOTSUPP;
	rwsem_write(&inode->lock);
	err = fallocate_locked(file, mode, (u64)offset, (u64)(offset + length));
	if (!err)
		err = file_modified(file);
	rwsem_write_end(&inode->lock);
	return err;
}
