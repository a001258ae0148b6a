/*
 * Delayed blocks get their place while others look, take and free blocks, or memory is short: what
 * was promised is kept, and what fsync(2) says is so.
 */
#include "test/host/ext_delayed.h"

#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_inode.h"
#include "fs/jbd/jbd.h"

static struct page *watched;
static unsigned changes, unlocked;

static void see_lock(void)
{
	changes++;
	unlocked += !page_test(watched, PG_LOCKED);
}

/*
 * Who writes the page meanwhile asks next for the transaction of its blocks, and has to find it:
 * the inode is in its buffer before the page can be had.
 */
TEST(a_page_is_locked_until_its_inode_has_the_blocks)
{
	struct inode *inode;

	begin("-t ext4 -b 4096", 16, "");
	inode = create(sb, "hole");
	CHECK_EQ(host_truncate(inode, 65536), 0);
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(host_write(inode, data, 4096, 8192), 4096);
	watched = pagecache_find(&inode->cache, 2);
	host_at_change = see_lock;
	CHECK_EQ(ext_delayed_place(&inode->cache, 0, ~0ull, ~0ull, false), 0);
	host_at_change = NULL;
	page_put(watched);
	CHECK(changes >= 3);
	CHECK_EQ(unlocked, 0);
	inode_put(inode);
	end();
}

static void fill_up(struct inode *inode)
{
	s64 size = inode->size;

	for (size_t n = sizeof(data); n >= 1024; n /= 2)
		while (host_write(inode, data, n, size) == (ssize_t)n)
			size += (s64)n;
}

static void commit(void)
{
	CHECK_EQ(jbd_commit_all(fs->journal), 0);
}

/* All that is free was freed in a transaction that ends when it has been looked at. */
TEST(blocks_that_become_free_in_between)
{
	struct inode *inode;

	begin("-t ext4 -b 4096 -m 0", 16, "");
	inode = create(sb, "old");
	fill_up(inode);
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(host_unlink(sb->root_inode, "old"), 0);
	inode_put(inode);
	inode = create(sb, "new");
	CHECK_EQ(host_write(inode, data, sizeof(data), 0), sizeof(data));
	CHECK(ext_has_delayed(inode));
	CHECK(ext_freed_any(fs));
	host_after_handle = commit;
	CHECK_EQ(inode_sync(inode), 0);
	CHECK(!host_after_handle);
	inode_put(inode);
	check_on_disk("new", 0, sizeof(data));
	end();
}

/* A page was to be filled up to an end that is no longer there: what comes later has blocks. */
static void cut_short(const char *format)
{
	struct inode *inode;
	struct page *page;

	begin(format, 16, "");
	inode = create(sb, "short");
	CHECK_EQ(host_write(inode, data, 4096, 0), 4096);
	page = pagecache_find(&inode->cache, 0);
	CHECK_EQ(host_truncate(inode, 1024), 0);
	CHECK_EQ(ext_page_make_dirty(&inode->cache, page, 0, 4096, 0), 0);
	page_unlock(page);
	page_put(page);
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(inode->blocks, 2);
	CHECK_EQ(host_write(inode, data, 4096, 0), 4096);
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(inode->blocks, 8);
	inode_put(inode);
	check_on_disk("short", 0, 4096);
	end();
}

TEST(a_page_beyond_the_end)
{
	cut_short("-t ext4 -b 1024");
	cut_short("-t ext4 -b 1024 -O ^has_journal");
}

/*
 * The inode is written when its blocks have their place, but are still counted as delayed. (Without
 * a journal it waits for the page's lock before: ext_order.c.)
 */
TEST(the_end_behind_the_last_delayed_block)
{
	struct inode *inode;
	struct page *page;
	struct ext_run run;

	begin("-t ext4 -b 4096", 16, "");
	inode = create(sb, "longer");
	CHECK_EQ(host_write(inode, data, 4096, 0), 4096);
	CHECK_EQ(host_truncate(inode, 65536), 0);
	page = pagecache_find(&inode->cache, 0);
	CHECK_EQ(ext_begin(fs, 20), 0);
	page_lock(page);
	CHECK_EQ(ext_map_create_promised(inode, 0, 1, &run), 0);
	ext_end(fs);
	inode_take_dirty(inode);
	CHECK_EQ(ext_inode_write(inode, false), 0);
	ext_delayed_clear(page, 1);
	ext_delayed_forget(ext_i(inode), 1);
	page_unlock(page);
	page_put(page);
	CHECK_EQ(host_sync(sb), 0);
	inode_put(inode);
	host_drop_caches(sb);
	CHECK_EQ(host_lookup(sb->root_inode, "longer", &inode), 0);
	CHECK_EQ((u64)inode->size, 65536);
	check_contents(inode, 0, 4096);
	inode_put(inode);
	end();
}

static struct inode *growing;

static void grow(void)
{
	CHECK_EQ(host_write(growing, data, 4096, growing->size), 4096);
}

/* What is written behind the end meanwhile is for the next one to place. */
TEST(a_file_that_grows_on)
{
	begin("-t ext4 -b 4096", 16, "");
	growing = create(sb, "growing");
	CHECK_EQ(host_write(growing, data, 8192, 0), 8192);
	host_before_handle = grow;
	CHECK_EQ(ext_delayed_place(&growing->cache, 0, ~0ull, ~0ull, false), 0);
	CHECK_EQ(growing->blocks, 16);
	CHECK_EQ(growing->blocks_delayed, 8);
	inode_put(growing);
	end();
}

/* There was no memory to write the inode to its buffer: fdatasync(2) does that, or says no. */
static void not_in_its_buffer(unsigned nth)
{
	struct inode *inode;
	struct file *file;
	bool told;

	begin("-t ext4 -b 4096", 16, "");
	inode = create(sb, "hole");
	CHECK_EQ(host_truncate(inode, 65536), 0);
	CHECK_EQ(host_sync(sb), 0);
	host_drop_caches(sb);
	file = host_open(inode, O_RDWR);
	CHECK_EQ(host_write(inode, data, 4096, 8192), 4096);
	host_fail_alloc(nth, false);
	(void)ext_delayed_place(&inode->cache, 0, ~0ull, ~0ull, true);
	host_fail_alloc(0, false);
	told = inode->fops->fsync(file, true) != 0;
	CHECK_EQ(host_run("cp %s %s.cut", path, path), 0);
	host_close(file);
	inode_put(inode);
	end();
	if (told)
		return;
	CHECK_EQ(host_run("cp %s.cut %s", path, path), 0);
	CHECK_EQ(host_run("e2fsck -fy %s >/dev/null 2>&1", path) & ~1, 0);
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	CHECK_EQ(host_lookup(sb->root_inode, "hole", &inode), 0);
	check_contents(inode, 8192, 4096);
	inode_put(inode);
	host_unmount(sb);
}

TEST(fdatasync_when_the_inode_could_not_be_written)
{
	for (unsigned nth = 1; nth <= 6; nth++)
		not_in_its_buffer(nth);
}

/* There is no memory for a node of the map, and no block on the disk that was not promised. */
static void full_and_no_memory(const char *format, unsigned nth)
{
	struct inode *inode, *rest;

	begin(format, 16, "");
	inode = create(sb, "spread");
	for (s64 at = 0; at < 4 * 2048; at += 2048)
		CHECK_EQ(host_write(inode, data, 1024, at), 1024);
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(host_write(inode, data, 65536, 1 << 20), 65536);
	rest = create(sb, "rest");
	fill_up(rest);
	host_fail_alloc(nth, false);
	(void)ext_delayed_place(&inode->cache, 0, ~0ull, ~0ull, true);
	host_fail_alloc(0, false);
	fill_up(rest);
	inode_put(rest);
	CHECK_EQ(inode_sync(inode), 0);
	inode_put(inode);
	check_on_disk("spread", 1 << 20, 65536);
	end();
}

TEST(promises_are_kept_when_memory_is_short)
{
	for (unsigned nth = 1; nth <= 4; nth++) {
		full_and_no_memory("-t ext4 -b 1024 -m 0", nth);
		full_and_no_memory("-t ext4 -b 1024 -m 0 -O ^has_journal", nth);
	}
}
