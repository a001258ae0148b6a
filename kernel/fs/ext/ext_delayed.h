/*
 * fs/ext/ext_delayed.h - blocks that are promised when a page becomes dirty, and taken when it is
 * written.
 *
 * A page with such blocks is dirty and PG_DELAYED; bits of page->private say which ones. All that
 * changes with its lock held.
 */
#pragma once

#include "fs/ext/ext_int.h"
#include "vfs/page_io.h"

/* Parts of the page got no block and never will; and because there were none. */
#define EXT_PAGE_LOST		BIT(PAGE_IO_BITS)
#define EXT_PAGE_LOST_NOSPC	BIT(PAGE_IO_BITS + 1)
#define EXT_PAGE_DELAYED_SHIFT	48	/* blocks of the page that are delayed, a bit each */

/* Exact for who has the page locked. */
static inline u32 ext_page_delayed(const struct page *page)
{
	return (u32)(READ_ONCE(page->private) >> EXT_PAGE_DELAYED_SHIFT);
}

static inline bool ext_has_delayed(const struct inode *inode)
{
	return READ_ONCE(inode->blocks_delayed) != 0;
}

/*
 * ext_page_make_dirty() with blocks promised instead of taken: 0 and the page is locked; -EAGAIN:
 * they have to be taken now; -ESTALE.
 */
int must_check ext_delayed_make_dirty(struct inode *inode, struct page *page, unsigned from,
				      unsigned to, s64 end);
/* pagecache_ops.place. Begins handles: same order as ext_begin(). */
int ext_delayed_place(struct pagecache *cache, pgoff_t first, pgoff_t last, u64 max, bool soon);
/* Blocks [from, to) of the file will not be needed, as far as they are the locked page's. */
void ext_delayed_drop(struct inode *inode, struct page *page, u64 from, u64 to);
/* Bits of the locked page are no longer delayed; n blocks of the inode are not. */
void ext_delayed_clear(struct page *page, u32 bits);
void ext_delayed_forget(struct ext_inode *ei, u32 n);
/* The first delayed blocks in [from, to): *start, and how many follow each other; or false. */
bool must_check ext_delayed_find(struct inode *inode, u64 from, u64 to, u64 *start, u32 *n);
/*
 * The inode replaces another, or what it held before: its blocks are taken now, so that the next
 * commit has its data. No handle is open.
 */
void ext_delayed_flush(struct inode *inode);
/* The size that goes to the disk: not behind blocks that are still to be taken. map_lock held. */
u64 ext_delayed_size(const struct ext_inode *ei);

/* ext_pages_dirty.c: the locked page is dirty, and the file ends at `end` at least. */
void ext_page_changed(struct inode *inode, struct page *page, s64 end);
/* Locks a page of the cache: 0, or -ESTALE if it has left. */
int must_check ext_page_lock_in(struct pagecache *cache, struct page *page);
