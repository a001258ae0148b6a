/*
 * Delayed allocation: files that are written bit by bit lie in one piece, what is removed before it
 * is written never was on the disk, and a disk that is full of promises keeps them.
 */
#include "test/host/ext_delayed.h"

#include "fs/ext/ext_file.h"
#include "fs/ext/ext_super.h"

static const char *const formats[] = {
	"-t ext4 -b 4096", "-t ext4 -b 1024", "-t ext4 -b 4096 -O ^has_journal",
	"-t ext4 -b 1024 -O ^has_journal,^64bit",
};

static void in_turn(const char *format, const char *options, unsigned most)
{
	struct inode *inode[3];
	struct file *file[3];
	char name[8];

	begin(format, 64, options);
	for (unsigned i = 0; i < 3; i++) {
		lib_snprintf(name, sizeof(name), "f%u", i);
		inode[i] = create(sb, name);
		file[i] = host_open(inode[i], O_WRONLY);
	}
	for (s64 at = 0; at < (s64)sizeof(data); at += 4096)
		for (unsigned i = 0; i < 3; i++)
			CHECK_EQ(host_write(inode[i], data + at, 4096, at), 4096);
	CHECK_EQ(host_sync(sb), 0);
	host_drop_caches(sb);
	for (unsigned i = 0; i < 3; i++) {
		CHECK(count_runs(inode[i]) <= most);
		check_contents(inode[i], 0, sizeof(data));
		host_close(file[i]);
		inode_put(inode[i]);
	}
	end();
}

TEST(files_written_in_turn_lie_in_one_piece)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		in_turn(formats[i], "", 2);
	in_turn(formats[0], "nodelalloc", 20);
}

/* Free blocks as statfs(2) tells, and as the bitmaps do. */
static u64 told_free(void)
{
	struct abi_statfs st;

	CHECK_EQ(ext_statfs(sb, &st), 0);
	return st.f_bfree;
}

static void short_lived(const char *format)
{
	u64 told, on_disk, n = sizeof(data);
	struct inode *inode;
	unsigned requests;

	begin(format, 16, "");
	told = told_free();
	on_disk = (u64)fs->unused_blocks;
	requests = host_requests;
	inode = create(sb, "short");
	CHECK_EQ(host_write(inode, data, n, 0), n);
	CHECK_EQ(inode->blocks, 0);
	CHECK_EQ(inode->blocks_delayed, n / 512);
	CHECK(told_free() <= told - n / sb->block_size);
	CHECK_EQ((u64)fs->unused_blocks, on_disk);
	/* Half of a page's blocks, if it has several. */
	CHECK_EQ(host_truncate(inode, 3 * 4096 + 2048), 0);
	CHECK_EQ(inode->blocks_delayed * 512, 3 * 4096 + max(sb->block_size, 2048u));
	CHECK_EQ(host_truncate(inode, 0), 0);
	CHECK_EQ(inode->blocks_delayed, 0);
	CHECK_EQ(told_free(), told);
	CHECK_EQ(host_write(inode, data, n, 0), n);
	CHECK_EQ(host_unlink(sb->root_inode, "short"), 0);
	inode_put(inode);
	CHECK_EQ(told_free(), told);
	CHECK_EQ((u64)fs->unused_blocks, on_disk);
	CHECK_EQ(host_requests, requests);
	end();
}

TEST(short_lived_files_never_are_on_the_disk)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		short_lived(formats[i]);
}

static void full(const char *format)
{
	struct inode *inode;
	s64 size = 0;
	ssize_t n;

	begin(format, 16, "");
	inode = create(sb, "full");
	while ((n = host_write(inode, data, sizeof(data), size)) > 0)
		size += n;
	CHECK_EQ(n, (u64)-ENOSPC);
	CHECK_EQ(told_free(), (u64)fs->reserved_blocks);
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(inode->blocks_delayed, 0);
	inode_put(inode);
	host_drop_caches(sb);
	CHECK_EQ(host_lookup(sb->root_inode, "full", &inode), 0);
	CHECK_EQ((u64)inode->size, (u64)size);
	for (s64 at = 0; at + (s64)sizeof(data) <= size; at += (s64)sizeof(data))
		check_contents(inode, at, sizeof(data));
	inode_put(inode);
	end();
}

TEST(a_full_disk_keeps_its_promises)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		full(formats[i]);
}

/* Leaves of the map that are full are split for what was promised, when nothing else is left. */
static void full_map(const char *format, s64 step)
{
	struct inode *inode, *rest;
	s64 at, size = 0;

	begin(format, 16, "");
	inode = create(sb, "map");
	for (at = 0; at < 1000 * step; at += step)
		CHECK_EQ(host_write(inode, data, 1024, at), 1024);
	CHECK_EQ(host_sync(sb), 0);
	for (at = step / 2; at < 1000 * step; at += 42 * step)
		CHECK_EQ(host_write(inode, data, 1024, at), 1024);
	CHECK(ext_has_delayed(inode));
	rest = create(sb, "rest");
	while (host_write(rest, data, sizeof(data), size) == (ssize_t)sizeof(data))
		size += (s64)sizeof(data);
	inode_put(rest);
	CHECK(told_free() < 4);
	CHECK_EQ(host_sync(sb), 0);
	host_drop_caches(sb);
	for (at = step / 2; at < 1000 * step; at += 42 * step)
		check_contents(inode, at, 1024);
	inode_put(inode);
	end();
}

TEST(a_full_disk_has_room_for_a_map)
{
	full_map("-t ext4 -b 1024 -m 0", 2048);
	full_map("-t ext4 -b 1024 -m 0 -O ^has_journal", 2048);
}

/* A hole is punched into pages that have no blocks, in parts of them. */
TEST(holes_are_punched_into_promises)
{
	struct inode *inode;
	struct file *file;

	begin(formats[1], 16, "");
	inode = create(sb, "punched");
	file = host_open(inode, O_RDWR);
	CHECK_EQ(host_write(inode, data, 8192, 0), 8192);
	CHECK_EQ(ext_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1024, 2048), 0);
	CHECK_EQ(inode->blocks_delayed, 12);
	CHECK_EQ(ext_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3500, 3000), 0);
	CHECK_EQ(inode->blocks_delayed, 8);
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(inode->blocks, 8);
	CHECK_EQ(inode->blocks_delayed, 0);
	host_close(file);
	inode_put(inode);
	host_drop_caches(sb);
	CHECK_EQ(host_lookup(sb->root_inode, "punched", &inode), 0);
	check_contents(inode, 0, 1024);
	inode_put(inode);
	end();
}

/* The image as it is now, with everything up to the last commit. */
static void cut(const char *name)
{
	CHECK_EQ(sb->ops->sync(sb, true), 0);
	CHECK_EQ(host_run("cp %s %s.%s", path, path, name), 0);
}

/* How long a file is after such a cut; `whole`: it must have its contents. */
static s64 after_a_cut(const char *cut, const char *name, bool whole)
{
	struct inode *inode;
	char copy[300];
	s64 size;

	lib_snprintf(copy, sizeof(copy), "%s.%s", path, cut);
	CHECK_EQ(host_run("e2fsck -fy %s >%s.log 2>&1", copy, copy) & ~1, 0);
	CHECK_EQ(host_mount(copy, "ext4", 0, "", &sb), 0);
	CHECK_EQ(host_lookup(sb->root_inode, name, &inode), 0);
	size = inode->size;
	if (whole)
		check_contents(inode, 0, (size_t)size);
	inode_put(inode);
	host_unmount(sb);
	return size;
}

static void replaced(const char *options, s64 expected)
{
	struct inode *inode;
	struct file *file;

	begin(formats[0], 16, options);
	inode = create(sb, "file");
	CHECK_EQ(host_write(inode, data, 5000, 0), 5000);
	inode_put(inode);
	CHECK_EQ(host_sync(sb), 0);
	inode = create(sb, "new");
	file = host_open(inode, O_WRONLY);
	CHECK_EQ(host_write(inode, data, 9000, 0), 9000);
	cut("a");
	CHECK_EQ(host_rename(sb->root_inode, "new", sb->root_inode, "file", 0), 0);
	cut("b");
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(host_truncate(inode, 0), 0);
	CHECK_EQ(host_write(inode, data, 7000, 0), 7000);
	host_close(file);
	cut("c");
	inode_put(inode);
	end();
	CHECK_EQ(after_a_cut("a", "new", false), 0); /* rather than zeroes */
	CHECK_EQ(after_a_cut("b", "file", true), expected);
	CHECK_EQ(after_a_cut("c", "file", true), expected ? 7000 : 0);
}

TEST(what_replaces_a_file_is_not_empty_after_a_cut)
{
	replaced("", 9000);
	replaced("noauto_da_alloc", 0);
}

static void seek(const char *format)
{
	struct inode *inode;
	struct file *file;

	begin(format, 16, "");
	inode = create(sb, "sparse");
	file = host_open(inode, O_RDWR);
	CHECK_EQ(host_write(inode, data, 8192, 65536), 8192);
	CHECK_EQ(host_write(inode, data, 4096, 131072), 4096);
	for (unsigned i = 0; i < 2; i++) {
		CHECK_EQ((u64)inode->fops->seek(file, 0, SEEK_DATA), 65536);
		CHECK_EQ((u64)inode->fops->seek(file, 66000, SEEK_DATA), 66000);
		CHECK_EQ((u64)inode->fops->seek(file, 66000, SEEK_HOLE), 65536 + 8192);
		CHECK_EQ((u64)inode->fops->seek(file, 80000, SEEK_DATA), 131072);
		CHECK_EQ((u64)inode->fops->seek(file, 131072, SEEK_HOLE), 131072 + 4096);
		CHECK_EQ(ext_has_delayed(inode), i == 0);
		CHECK_EQ(host_sync(sb), 0);
	}
	host_close(file);
	inode_put(inode);
	end();
}

TEST(delayed_blocks_are_data)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		seek(formats[i]);
}

/* Blocks of a page that come one after another, with write-back between. */
static void by_parts(const char *format)
{
	struct inode *inode;

	begin(format, 16, "");
	inode = create(sb, "parts");
	for (s64 at = 0; at < 64 * 1024; at += 512) {
		CHECK_EQ(host_write(inode, data + at, 512, at), 512);
		if (at % 3584 == 0)
			CHECK_EQ(at & 512 ? host_sync(sb) : host_write_back(sb), 0);
	}
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(inode->blocks, 128);
	CHECK(count_runs(inode) <= 4);
	inode_put(inode);
	host_drop_caches(sb);
	CHECK_EQ(host_lookup(sb->root_inode, "parts", &inode), 0);
	check_contents(inode, 0, 64 * 1024);
	inode_put(inode);
	end();
}

TEST(pages_get_their_blocks_in_parts)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		by_parts(formats[i]);
}

/* Blocks that got their data past the cache are in the file, while others are delayed. */
TEST(the_end_is_behind_what_was_written_directly)
{
	const struct direct_ops *ops;
	struct direct_run run;
	struct inode *inode;

	begin(formats[0], 16, "");
	inode = create(sb, "direct");
	ops = inode->ops->direct;
	CHECK_EQ(host_write(inode, data, 8192, 0), 8192);
	rwsem_write(&inode->lock);
	CHECK_EQ(ops->map(inode, 65536, 8192, true, &run), 0);
	CHECK_EQ(run.n, 8192);
	CHECK_EQ(ops->written(inode, 65536, &run, 65536 + 8192), 0);
	rwsem_write_end(&inode->lock);
	CHECK(ext_has_delayed(inode));
	cut("d");
	inode_put(inode);
	end();
	CHECK_EQ(after_a_cut("d", "direct", false), 65536 + 8192);
}

/* The bitmap cannot be read when blocks are to be taken: fsync(2) tells, and nothing is kept. */
TEST(a_failing_disk_is_told_of)
{
	struct inode *inode;

	begin("-t ext4 -b 4096 -O ^has_journal", 16, "errors=continue");
	inode = create(sb, "lost");
	host_drop_caches(sb);
	CHECK_EQ(host_write(inode, data, 65536, 0), 65536);
	host_quiet = true;
	host_fail_io(1, true);
	CHECK_EQ(inode_sync(inode), (u64)-EIO);
	host_fail_io(0, false);
	CHECK_EQ(inode->blocks_delayed, 0);
	CHECK_EQ((u64)fs->free_blocks, (u64)fs->unused_blocks);
	inode_put(inode);
	host_sync(sb);
	host_unmount(sb);
	host_quiet = false;
	host_log();
}

TEST(preallocated_blocks_are_not_promised_twice)
{
	struct inode *inode;
	struct file *file;
	u64 told;

	begin(formats[1], 16, "");
	inode = create(sb, "before");
	file = host_open(inode, O_RDWR);
	CHECK_EQ(ext_fallocate(file, 0, 0, 65536), 0);
	told = told_free();
	CHECK_EQ(host_write(inode, data, 65536, 0), 65536);
	CHECK(told_free() + 1 >= told); /* the map may have grown */
	CHECK_EQ(inode->blocks_delayed, 0);
	/* And blocks that are allocated under a promise use it up. */
	CHECK_EQ(host_write(inode, data, 65536, 1 << 20), 65536);
	CHECK_EQ(ext_fallocate(file, 0, 1 << 20, 65536), 0);
	CHECK(inode->blocks + inode->blocks_delayed <= 256 + 2);
	CHECK_EQ(host_sync(sb), 0);
	CHECK(inode->blocks <= 256 + 2);
	check_contents(inode, 1 << 20, 65536);
	host_close(file);
	inode_put(inode);
	end();
}

/* Blocks may be taken for a page that was promised them: they have its data then, too. */
static void promised_and_taken(const char *format)
{
	struct inode *inode;

	begin(format, 16, "");
	inode = create(sb, "taken");
	CHECK_EQ(host_write(inode, data, 4096, 0), 4096);
	CHECK_EQ(host_write(inode, data + 4096, 1024, 4096), 1024);
	CHECK_EQ(sb->ops->remount(sb, 0, "nodelalloc"), 0);
	CHECK(ext_has_delayed(inode));
	CHECK_EQ(host_write(inode, data, 4096, 0), 4096); /* as it is: all blocks are promised */
	CHECK_EQ(host_write(inode, data + 4096, 2048, 4096), 2048);
	/* Of the second page the rest is taken, if that is blocks of their own, with the first. */
	CHECK_EQ(inode->blocks_delayed * 512, sb->block_size < 4096 ? 4096 : 8192);
	CHECK_EQ(ext_delayed_place(&inode->cache, 0, ~0ull, ~0ull, false), 0);
	CHECK_EQ(inode->blocks_delayed, 0);
	CHECK_EQ(ext_i(inode)->promised, 0);
	cut("t");
	CHECK_EQ(sb->ops->remount(sb, 0, "delalloc"), 0);
	CHECK_EQ(host_write(inode, data + 8192, 4096, 8192), 4096);
	CHECK(ext_has_delayed(inode));
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(sb->ops->remount(sb, SB_READ_ONLY, ""), 0);
	CHECK_EQ(sb->ops->remount(sb, 0, ""), 0);
	inode_put(inode);
	end();
	CHECK_EQ(after_a_cut("t", "taken", true), 6144);
}

TEST(promised_blocks_that_are_taken_have_their_data)
{
	promised_and_taken(formats[0]);
	promised_and_taken(formats[1]);
}

/* For want of memory, or of time to wait for a commit, pages stay as they are. */
static void not_now(const char *format)
{
	struct inode *inode;

	begin(format, 16, "");
	inode = create(sb, "later");
	CHECK_EQ(host_write(inode, data, 512, 0), 512); /* its directory's blocks are there */
	CHECK_EQ(host_sync(sb), 0);
	host_drop_caches(sb);
	CHECK_EQ(host_write(inode, data, 65536, 0), 65536);
	host_fail_alloc(1, true);
	CHECK_EQ(inode_sync(inode), (u64)-ENOMEM);
	host_fail_alloc(0, false);
	CHECK(ext_has_delayed(inode));
	/* Some of it goes the direct way; then the rest. */
	CHECK_EQ(sb->ops->remount(sb, 0, "nodelalloc"), 0);
	CHECK_EQ(host_write(inode, data + 30000, 5000, 30000), 5000);
	host_committing = fs->journal;
	CHECK_EQ(ext_delayed_place(&inode->cache, 0, ~0ull, ~0ull, true),
		 fs->journal ? (u64)-EAGAIN : 0);
	CHECK_EQ(ext_has_delayed(inode), fs->journal != NULL);
	host_committing = false;
	CHECK_EQ(inode_sync(inode), 0);
	CHECK_EQ(inode->blocks_delayed, 0);
	inode_put(inode);
	host_drop_caches(sb);
	CHECK_EQ(host_lookup(sb->root_inode, "later", &inode), 0);
	check_contents(inode, 0, 65536);
	if (fs->journal) {
		CHECK_EQ(sb->ops->freeze(sb), 0);
		CHECK_EQ(ext_delayed_place(&inode->cache, 0, ~0ull, ~0ull, true), 0);
		sb->ops->thaw(sb);
	}
	inode_put(inode);
	end();
}

TEST(what_cannot_be_written_now_is_written_later)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		not_now(formats[i]);
}
