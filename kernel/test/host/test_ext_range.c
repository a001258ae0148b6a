/*
 * fallocate(2) on ext: random calls of all kinds on one file beside a copy of it in memory, with
 * e2fsck as the judge between them.
 */
#include "test/host/ext_host.h"

#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_map.h"

#define FILE_MAX (600u * 1024)

static struct superblock *sb;
static char path[300];
static struct inode *inode;
static struct file *file;
static u8 model[FILE_MAX], buf[FILE_MAX];

static void start(const char *args)
{
	strlcpy(path, host_mkfs("range.img", 16, args), sizeof(path));
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	CHECK_EQ(host_create(sb->root_inode, "f", 0644, &inode), 0);
	file = host_open(inode, O_RDWR);
	memset(model, 0, sizeof(model));
}

static void end(void)
{
	host_close(file);
	inode_put(inode);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

static int range(u32 mode, u64 at, u64 n)
{
	return ext_fallocate(file, mode, (loff_t)at, (loff_t)n);
}

static void compare(void)
{
	u64 size = (u64)inode->size;

	CHECK_EQ(host_read(inode, buf, sizeof(buf), 0), size);
	for (u64 i = 0; i < size; i++) {
		if (buf[i] != model[i]) {
			unit_fail(__FILE__, __LINE__, "byte %llu of %llu is %u, not %u",
				  (unsigned long long)i, (unsigned long long)size, buf[i],
				  model[i]);
			return;
		}
	}
}

/* What a successful call does to the copy. */
static void model_range(u32 mode, u64 at, u64 n, u64 size)
{
	if (mode & FALLOC_FL_COLLAPSE_RANGE) {
		memmove(model + at, model + at + n, size - at - n);
		memset(model + size - n, 0, n);
	} else if (mode & FALLOC_FL_INSERT_RANGE) {
		memmove(model + at + n, model + at, size - at);
		memset(model + at, 0, n);
	} else if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) {
		memset(model + at, 0, min(n, FILE_MAX - at));
	}
}

static void step(u32 block, bool extents)
{
	static const u32 modes[] = {
		0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE,
		FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_COLLAPSE_RANGE,
		FALLOC_FL_INSERT_RANGE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	};
	u32 mode = modes[unit_below(ARRAY_SIZE(modes))];
	u64 size = (u64)inode->size, at = unit_below(FILE_MAX / 2), n = 1 + unit_below(60000);
	int err;

	if (unit_below(3) == 0) {
		bool direct = unit_below(2);

		if (direct) {
			at &= ~511ull;
			n = align_up(n, 512u);
		}
		memset(buf, 1 + (int)unit_below(255), n);
		memcpy(model + at, buf, n);
		CHECK_EQ((direct ? host_write_direct : host_write)(inode, buf, n, (s64)at), n);
		return;
	}
	if (mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) {
		at = at / block * block;
		n = (n / block + 1) * block;
		if (mode & FALLOC_FL_INSERT_RANGE && size + n > FILE_MAX)
			return;
	}
	err = range(mode, at, n);
	if (!extents && !(mode & FALLOC_FL_PUNCH_HOLE)) {
		CHECK_EQ(err, (u64)-EOPNOTSUPP);
	} else if ((mode & FALLOC_FL_COLLAPSE_RANGE && at + n >= size) ||
		   (mode & FALLOC_FL_INSERT_RANGE && at >= size)) {
		CHECK_EQ(err, (u64)-EINVAL);
	} else {
		CHECK_EQ(err, 0);
		model_range(mode, at, n, size);
	}
	if (unit_below(20) == 0) {
		s64 to = (s64)unit_below(FILE_MAX / 2);

		memset(model + to, 0, (size_t)max(inode->size - to, (s64)0));
		CHECK_EQ(host_truncate(inode, to), 0);
	}
}

static void model_run(const char *args, u32 block, bool extents, unsigned steps)
{
	start(args);
	for (unsigned i = 0; i < steps; i++) {
		step(block, extents);
		if (i % 4 == 0)
			compare();
		if (i % 40 == 0) {
			CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
			host_drop_caches(sb);
		}
	}
	host_drop_caches(sb);
	compare();
	CHECK_EQ(host_truncate(inode, 0), 0);
	CHECK_EQ(inode->blocks, 0);
	end();
}

TEST(like_a_copy_in_memory)
{
	model_run("-t ext4 -b 1024 -O ^has_journal", 1024, true, 600);
	model_run("-t ext4 -b 4096 -O ^has_journal,^metadata_csum", 4096, true, 400);
	model_run("-t ext2 -b 1024", 1024, false, 300);
	model_run("-t ext4 -b 1024 -J size=4", 1024, true, 300);
}

/* Trees of several levels are cut and moved. */
TEST(many_extents)
{
	static u8 block[1024];

	start("-t ext4 -b 1024 -O ^has_journal");
	for (unsigned i = 0; i < 3000; i++) {
		block[0] = (u8)(1 + i % 250);
		CHECK_EQ(host_write(inode, block, sizeof(block), (s64)i * 2048), sizeof(block));
	}
	CHECK_EQ(range(FALLOC_FL_INSERT_RANGE, 1000 * 2048, 5 * 1024), 0);
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	CHECK_EQ(range(FALLOC_FL_COLLAPSE_RANGE, 200 * 2048, 1500 * 2048), 0);
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	host_drop_caches(sb);
	for (unsigned i = 0; i < 3000; i++) {
		s64 at = (s64)i * 2048 + (i >= 1000 ? 5 * 1024 : 0);

		if (at >= 200 * 2048 && at < 1700 * 2048)
			continue;
		at -= at >= 1700 * 2048 ? 1500 * 2048 : 0;
		CHECK_EQ(host_read(inode, block, 1, at), 1);
		if (block[0] != 1 + i % 250)
			unit_fail(__FILE__, __LINE__, "block %u has %u", i, block[0]);
	}
	CHECK_EQ(range(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1 << 30), 0);
	CHECK_EQ(inode->blocks, 0);
	end();
}

/* What was allocated behind the end stays when a write there fails, and reads as zeroes. */
TEST(behind_the_end)
{
	u8 byte = 'x';

	start("-t ext4 -b 1024 -O ^has_journal");
	CHECK_EQ(range(FALLOC_FL_KEEP_SIZE, 0, 100 * 1024), 0);
	CHECK_EQ(inode->size, 0);
	CHECK_EQ(inode->blocks, 200);
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	CHECK_EQ(host_write(inode, &byte, 1, 50 * 1024), 1);
	CHECK_EQ(inode->blocks, 200);
	host_drop_caches(sb);
	CHECK_EQ(host_read(inode, buf, 52000, 0), 50 * 1024 + 1);
	CHECK(buf[50 * 1024] == 'x' && mem_is_all(buf, 0, 50 * 1024));
	CHECK_EQ(range(0, 0, 200 * 1024), 0);
	CHECK_EQ(inode->size, 200 * 1024);
	CHECK_EQ(range(0, 0, 100 << 20), (u64)-ENOSPC);
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	CHECK_EQ(host_truncate(inode, 1024), 0);
	CHECK_EQ(inode->blocks, 2);
	end();
}

/* `n` extents of a block each, by way of every other block, in a file that is looked at after. */
static void write_comb(unsigned n)
{
	static u8 block[1024];

	for (unsigned i = 0; i < n; i++) {
		block[0] = (u8)(1 + i % 250);
		CHECK_EQ(host_write(inode, block, sizeof(block), (s64)i * 2048), sizeof(block));
	}
	CHECK_EQ(host_sync(sb), 0);
}

static void check_comb(unsigned from, unsigned to, s64 moved)
{
	for (unsigned i = from; i < to; i++) {
		u8 byte = 0;

		CHECK_EQ(host_read(inode, &byte, 1, (s64)i * 2048 + moved), 1);
		if (byte != 1 + i % 250)
			unit_fail(__FILE__, __LINE__, "block %u has %u", i, byte);
	}
}

/* More nodes are behind the place than a transaction of the journal can have. */
/* A file that lost a range has no more blocks than its size needs, and is known not to. */
TEST(ends_where_it_collapsed)
{
	static u8 text[200 * 1024];

	start("-t ext4 -b 1024 -O ^has_journal");
	CHECK_EQ(host_write(inode, text, sizeof(text), 0), sizeof(text));
	CHECK_EQ(inode_sync(inode), 0);
	CHECK(!ext_map_has_excess(inode));
	CHECK_EQ(range(FALLOC_FL_COLLAPSE_RANGE, 10 * 1024, 60 * 1024), 0);
	CHECK(!ext_map_has_excess(inode) && ext_i(inode)->alloc_end == 140);
	CHECK_EQ(range(FALLOC_FL_COLLAPSE_RANGE, 100 * 1024, 39 * 1024), 0);
	CHECK(!ext_map_has_excess(inode) && ext_i(inode)->alloc_end == 101);
	/* What fallocate(2) put behind the end comes along. */
	CHECK_EQ(range(FALLOC_FL_KEEP_SIZE, 101 * 1024, 50 * 1024), 0);
	CHECK_EQ(range(FALLOC_FL_COLLAPSE_RANGE, 0, 20 * 1024), 0);
	CHECK_EQ(ext_i(inode)->kept_end, 131);
	CHECK_EQ(ext_i(inode)->alloc_end, 131);
	CHECK_EQ(inode->blocks, 131 * 2);
	end();
}

TEST(moves_with_a_small_journal)
{
	u32 most = host_most_credits;

	host_most_credits = 110;
	start("-t ext4 -b 1024 -J size=1");
	write_comb(7000);
	CHECK_EQ(range(FALLOC_FL_INSERT_RANGE, 1000 * 2048, 5 * 1024), 0);
	CHECK_EQ(inode->size, 6999 * 2048 + 6 * 1024);
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	check_comb(0, 1000, 0);
	check_comb(1000, 7000, 5 * 1024);
	CHECK_EQ(range(FALLOC_FL_INSERT_RANGE, 0, 1024), 0);
	CHECK_EQ(range(FALLOC_FL_COLLAPSE_RANGE, 0, 1024), 0);
	CHECK_EQ(range(FALLOC_FL_COLLAPSE_RANGE, 100 * 2048, 100 * 2048), 0);
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	host_drop_caches(sb);
	check_comb(0, 100, 0);
	check_comb(200, 1000, -100 * 2048);
	check_comb(1000, 7000, -100 * 2048 + 5 * 1024);
	end();
	host_most_credits = most;
}

/* Each by a file of its own, whose map needs no other. */
static void take_last_blocks(void)
{
	char name[16] = "last0";

	for (ssize_t n = 1; n > 0; name[4]++) {
		struct inode *last;

		CHECK_EQ(host_create(sb->root_inode, name, 0644, &last), 0);
		n = host_write(last, "", 1, 0);
		inode_put(last);
	}
}

/* Four extents are all that the inode has room for; the last, at 32768, is of `n` bytes. */
static void start_in_pieces(u8 *data, size_t n)
{
	start("-t ext4 -b 4096 -m 0 -J size=4");
	memset(data, 'n', n);
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(host_write(inode, data, 4096, (s64)i * 8192), 4096);
	CHECK_EQ(host_write(inode, data, n, 32768), n);
}

/* No block can be had to split an extent: the file has what was written to it, and no more. */
static void range_fails(u32 mode)
{
	static u8 data[64 << 10];
	struct inode *other;
	s64 at = 0;
	ssize_t n;

	start_in_pieces(data, sizeof(data));
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(host_create(sb->root_inode, "other", 0644, &other), 0);
	while ((n = host_write(other, data, sizeof(data), at)) > 0)
		at += n;
	take_last_blocks();
	CHECK_EQ(range(mode, 32768 + 2 * 4096, 2 * 4096), (u64)-ENOSPC);
	host_drop_caches(sb);
	CHECK_EQ(host_read(inode, buf, sizeof(data), 32768), sizeof(data));
	CHECK(mem_is_all(buf, 'n', sizeof(data)));
	inode_put(other);
	end();
}

/*
 * The blocks that there are belong to a transaction until its commit, which is made: then all is
 * done that was asked for.
 */
static void range_commits(u32 mode, u64 place, u64 blocks)
{
	static u8 data[64 << 10];
	struct inode *other;
	s64 at = 0;
	ssize_t n;

	start_in_pieces(data, sizeof(data));
	CHECK_EQ(host_read(inode, model, sizeof(model), 0), 32768 + sizeof(data));
	CHECK_EQ(host_create(sb->root_inode, "freed", 0644, &other), 0);
	CHECK_EQ(host_write(other, data, sizeof(data), 0), sizeof(data));
	inode_put(other);
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(host_create(sb->root_inode, "other", 0644, &other), 0);
	while ((n = host_write(other, data, sizeof(data), at)) > 0)
		at += n;
	inode_put(other);
	take_last_blocks();
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(host_unlink(sb->root_inode, "freed"), 0);
	CHECK(ext_freed_any(ext_fs_of(inode)));
	CHECK_EQ(range(mode, place, 2 * 4096), 0);
	model_range(mode, place, 2 * 4096, 32768 + sizeof(data));
	compare();
	CHECK_EQ(inode->blocks, blocks * 8);
	end();
}

TEST(room_to_split_behind_a_commit)
{
	const u64 place = 32768 + 2 * 4096, node = 1, before = 3 + 16;

	range_commits(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, place, before + node - 2);
	range_commits(FALLOC_FL_INSERT_RANGE, place, before + node);
	range_commits(FALLOC_FL_COLLAPSE_RANGE, place, before + node - 2);
	range_commits(FALLOC_FL_ZERO_RANGE, place, before + node);
	range_commits(FALLOC_FL_KEEP_SIZE, 100 << 20, before + node + 2);
}

TEST(no_room_to_split)
{
	range_fails(FALLOC_FL_INSERT_RANGE);
	range_fails(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
	range_fails(FALLOC_FL_ZERO_RANGE);
}

static void edge_stored_to(void)
{
	struct page *page = pagecache_find(&inode->cache, 0);

	CHECK_EQ(ext_page_make_dirty(&inode->cache, page, 0, PAGE_SIZE, 0), 0);
	page_unlock(page);
	page_put(page);
}

/* Write-back asks for the blocks of a page at the edge after that was zeroed. */
TEST(an_edge_becomes_dirty)
{
	u8 byte = 'y';

	start("-t ext4 -b 1024 -J size=4");
	memset(buf, 'x', 32768);
	CHECK_EQ(host_write(inode, buf, 32768, 0), 32768);
	CHECK_EQ(host_sync(sb), 0);
	host_before_handle = edge_stored_to;
	CHECK_EQ(range(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1024, 8192), 0);
	CHECK(!host_before_handle);
	CHECK_EQ(host_write(inode, &byte, 1, 2048), 1);
	CHECK_EQ(inode->blocks + inode->blocks_delayed, (32 - 8 + 1) * 2);
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	host_drop_caches(sb);
	CHECK_EQ(host_read(inode, buf, 10240, 0), 10240);
	CHECK(mem_is_all(buf, 'x', 1024) && mem_is_all(buf + 1024, 0, 1024) && buf[2048] == 'y' &&
	      mem_is_all(buf + 2049, 0, 9216 - 2049) && mem_is_all(buf + 9216, 'x', 1024));
	end();
}

static u32 root_entries(void)
{
	return ((const struct ext_extent_header *)ext_i(inode)->block)->entries;
}

/* A block that was written, and lies behind the end: of what comes to light the rest is zero. */
TEST(past_the_cache_behind_the_end)
{
	start("-t ext4 -b 4096 -J size=4");
	memset(buf, 'd', 12288);
	CHECK_EQ(host_write_direct(inode, buf, 12288, 0), 12288);
	inode->size = 100; /* as something else than a truncation leaves it */
	memset(buf, 'e', 512);
	CHECK_EQ(host_write_direct(inode, buf, 512, 8192 + 1024), 512);
	host_drop_caches(sb);
	CHECK_EQ(host_read(inode, buf, 1536, 8192), 1536);
	CHECK(mem_is_all(buf, 0, 1024) && mem_is_all(buf + 1024, 'e', 512));
	end();
}

/* Blocks that were taken for a transfer read as zeroes until it ends, and then join the others. */
TEST(past_the_cache)
{
	struct direct_run run;

	start("-t ext4 -b 1024 -J size=4");
	memset(buf, 'd', 4096);
	for (unsigned i = 0; i < 50; i++)
		CHECK_EQ(host_write_direct(inode, buf, 4096, i * 4096), 4096);
	CHECK_EQ(root_entries(), 1);
	rwsem_write(&inode->lock);
	rwsem_write(&inode->cache.invalidate);
	CHECK_EQ(inode->ops->direct->map(inode, 50 * 4096, 4096, true, &run), 0);
	CHECK(run.kind == DIRECT_DISK && run.fresh && run.n == 4096);
	rwsem_write_end(&inode->cache.invalidate);
	rwsem_write_end(&inode->lock);
	CHECK_EQ(inode->size, 50 * 4096);
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	CHECK_EQ(host_truncate(inode, 51 * 4096), 0);
	CHECK_EQ(host_read(inode, buf, 4096, 50 * 4096), 4096);
	CHECK(mem_is_all(buf, 0, 4096));
	memset(buf, 'e', 4096);
	CHECK_EQ(host_write_direct(inode, buf, 4096, 50 * 4096), 4096);
	CHECK_EQ(root_entries(), 1);
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	host_drop_caches(sb);
	CHECK_EQ(host_read(inode, buf, 51 * 4096, 0), 51 * 4096);
	CHECK(mem_is_all(buf, 'd', 50 * 4096) && mem_is_all(buf + 50 * 4096, 'e', 4096));
	end();
}
