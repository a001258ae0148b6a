/*
 * Blocks are sought where free ones lie one by one: how many runs of them are looked at for each
 * that is taken, and that longer ones are found as soon as they are there.
 */
#include "test/host/ext_delayed.h"

#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_file.h"

#include "lib/bitmap.h"

static unsigned looks;

/* In place of lib/bitmap.c's, by the linker (ext.srcs.mk): each run begins with one. */
size_t __real_bitmap_find_next_zero(const u64 *map, size_t nbits, size_t from);
size_t __wrap_bitmap_find_next_zero(const u64 *map, size_t nbits, size_t from);

size_t __wrap_bitmap_find_next_zero(const u64 *map, size_t nbits, size_t from)
{
	looks++;
	return __real_bitmap_find_next_zero(map, nbits, from);
}

static void punch(const char *name, u64 at, u64 n)
{
	struct inode *inode;
	struct file *file;

	CHECK_EQ(host_lookup(sb->root_inode, name, &inode), 0);
	file = host_open(inode, O_RDWR);
	CHECK_EQ(ext_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (loff_t)at,
			       (loff_t)n), 0);
	host_close(file);
	inode_put(inode);
}

/* Takes all blocks, of which every other is then given back: so many. */
static u64 comb_make(void)
{
	struct inode *inode = create(sb, "comb");
	struct file *file;
	s64 size = 0;

	for (size_t n = sizeof(data); n >= 1024; n /= 2)
		while (host_write(inode, data, n, size) == (ssize_t)n)
			size += (s64)n;
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(host_unlink(sb->root_inode, "spare"), 0); /* for the map */
	CHECK_EQ(host_sync(sb), 0);
	file = host_open(inode, O_RDWR);
	for (s64 at = 1024; at + 1024 < size; at += 2048)
		CHECK_EQ(ext_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, 1024),
			 0);
	host_close(file);
	inode_put(inode);
	CHECK_EQ(host_sync(sb), 0);
	return (u64)size / 2048 - 1;
}

static u64 comb_begin(const char *format)
{
	struct inode *spare;

	begin(format, 8, "");
	spare = create(sb, "spare");
	CHECK_EQ(host_write(spare, data, 64 << 10, 0), 64 << 10);
	CHECK_EQ(host_sync(sb), 0);
	inode_put(spare);
	return comb_make();
}

/* Writes a file block by block, or much at once, until there is no room. */
static u64 fill_up(const char *name, size_t step)
{
	struct inode *inode = create(sb, name);
	s64 size = 0;

	for (; step >= 1024; step /= 2)
		while (host_write(inode, data, step, size) == (ssize_t)step)
			size += (s64)step;
	CHECK_EQ(host_sync(sb), 0);
	inode_put(inode);
	return (u64)size / 1024;
}

static void few_looks(const char *format, size_t step)
{
	u64 holes = comb_begin(format), n;

	looks = 0;
	n = fill_up("big", step);
	/* The map takes some. A few searches see all of it, until they know. */
	CHECK(n + n / 8 > holes);
	if (looks > 16 * n)
		unit_fail(__FILE__, __LINE__, "%s: %u runs looked at for %llu blocks", format,
			  looks, (unsigned long long)n);
	CHECK(fs->unused_blocks < 80);
	end();
}

TEST(each_block_is_found_at_once)
{
	static const char *const formats[] = {
		"-t ext4 -b 1024 -m 0", "-t ext4 -b 1024 -m 0 -g 256 -J size=1",
		"-t ext4 -b 1024 -m 0 -O ^has_journal", "-t ext2 -b 1024 -m 0",
		"-t ext2 -b 1024 -m 0 -g 256",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++) {
		few_looks(formats[i], i % 2 ? 256 << 10 : 1024);
	}
}

/* Where the file's n blocks are: that they are one piece. */
static bool in_one_piece(const char *name, u32 n)
{
	struct inode *inode;
	struct ext_run run;
	bool one;

	CHECK_EQ(host_lookup(sb->root_inode, name, &inode), 0);
	CHECK_EQ(ext_map(inode, 0, n, &run), 0);
	one = run.block && run.count == n;
	inode_put(inode);
	return one;
}

static void write_file(const char *name, size_t n)
{
	struct inode *inode = create(sb, name);

	CHECK_EQ(host_write(inode, data, n, 0), n);
	CHECK_EQ(host_sync(sb), 0);
	inode_put(inode);
}

/* Searches that found nothing do not hide what came free after them. */
static void found_when_freed(const char *format)
{
	(void)comb_begin(format);
	write_file("vain", 64 << 10);
	CHECK(!in_one_piece("vain", 64));
	punch("comb", 3072 << 10, 99 << 10);
	CHECK_EQ(host_sync(sb), 0);
	write_file("fits", 64 << 10);
	CHECK(in_one_piece("fits", 64));
	end();
}

TEST(a_run_that_was_freed_is_found)
{
	found_when_freed("-t ext4 -b 1024 -m 0");
	found_when_freed("-t ext4 -b 1024 -m 0 -O ^has_journal");
}

/* The disk's block of the file's nth. */
static u64 block_of(const char *name, u64 nth)
{
	struct inode *inode;
	struct ext_run run;

	CHECK_EQ(host_lookup(sb->root_inode, name, &inode), 0);
	CHECK_EQ(ext_map(inode, nth, 1, &run), 0);
	inode_put(inode);
	return run.block;
}

/* Nor what was another's window. */
TEST(a_run_that_was_a_window_is_found)
{
	struct ext_window w = { 0 };
	u64 start;

	(void)comb_begin("-t ext4 -b 1024 -m 0");
	start = block_of("comb", 3072);
	CHECK_EQ(block_of("comb", 3072 + 98), start + 98);
	punch("comb", 3072 << 10, 99 << 10);
	CHECK_EQ(host_sync(sb), 0);
	ext_window_set(fs, &w, start, start + 99);
	write_file("vain", 64 << 10);
	CHECK(!in_one_piece("vain", 64));
	ext_window_drop(fs, &w);
	write_file("fits", 64 << 10);
	CHECK(in_one_piece("fits", 64));
	end();
}
