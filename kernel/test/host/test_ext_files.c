/* Contents of files: holes, all levels of indirection, truncation, what a commit waits for. */
#include "test/host/ext_files.h"

#include "core/clock.h"
#include "fs/ext/ext_delayed.h"
#include "fs/ext/ext_file.h"

/* Some bytes around the first and last block of each level, and holes between. */
static void levels_of(unsigned bs)
{
	const char *path = mkfs(bs, 24, "");
	u64 n = bs / 4, starts[4] = { 0, 12 * bs, (12 + n) * bs, (12 + n + n * n) * bs };
	struct superblock *sb = mount(path);
	struct inode *inode = create(sb, "sparse");

	for (unsigned i = 0; i < 4; i++) {
		write_pattern(inode, i, starts[i] + 100, 3 * bs);
		if (i)
			write_pattern(inode, i, starts[i] - 200, 150);
	}
	CHECK_EQ((u64)inode->size, starts[3] + 100 + 3 * bs);
	CHECK(inode->blocks * 512 < 64ull * bs);
	inode_put(inode);
	host_unmount(sb);
	CHECK(host_fsck(path));
	sb = mount(path);
	inode = lookup(sb, "sparse");
	for (unsigned i = 0; i < 4; i++) {
		check_pattern(inode, i, starts[i] + 100, 3 * bs);
		check_zero(inode, starts[i] + 100 + 3 * bs, i < 3 ? 1000 : 0);
		if (i)
			check_pattern(inode, i, starts[i] - 200, 150);
	}
	check_zero(inode, starts[2] + 100 * bs, 100000);
	/* Take it down level by level. */
	for (unsigned i = 4; i-- > 0;) {
		CHECK_EQ(host_truncate(inode, (s64)starts[i] + 101), 0);
		CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
		check_pattern(inode, i, starts[i] + 100, 1);
	}
	CHECK_EQ(host_truncate(inode, 0), 0);
	CHECK_EQ(inode->blocks, 0);
	inode_put(inode);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(every_level_of_indirection)
{
	for (unsigned i = 0; i < ARRAY_SIZE(block_sizes); i++)
		levels_of(block_sizes[i]);
}

TEST(truncation_leaves_zeroes)
{
	for (unsigned i = 0; i < ARRAY_SIZE(block_sizes); i++) {
		const char *path = mkfs(block_sizes[i], 8, "");
		struct superblock *sb = mount(path);
		struct inode *inode = create(sb, "file");

		for (unsigned cold = 0; cold < 2; cold++) {
			write_pattern(inode, 1, 0, 30000);
			if (cold)
				host_drop_caches(sb);
			CHECK_EQ(host_truncate(inode, 10001), 0);
			if (cold)
				host_drop_caches(sb);
			CHECK_EQ(host_truncate(inode, 30000), 0);
			host_drop_caches(sb);
			check_pattern(inode, 1, 0, 10001);
			check_zero(inode, 10001, 19999);
		}
		/* A write behind the end makes the rest of the old last block zeroes. */
		CHECK_EQ(host_truncate(inode, 5000), 0);
		write_pattern(inode, 2, 20000, 10);
		host_drop_caches(sb);
		check_pattern(inode, 1, 0, 5000);
		check_zero(inode, 5000, 15000);
		inode_put(inode);
		host_unmount(sb);
		CHECK(host_fsck(path));
	}
}

TEST(removed_but_open)
{
	const char *path = mkfs(1024, 8, "");
	struct superblock *sb = mount(path);
	struct inode *inode[3];
	char name[16];
	u64 before;

	host_drop_caches(sb);
	before = free_blocks(sb);
	for (unsigned i = 0; i < 3; i++) {
		lib_snprintf(name, sizeof(name), "f%u", i);
		inode[i] = create(sb, name);
		write_pattern(inode[i], i, 0, 100000);
		CHECK_EQ(host_unlink(sb->root_inode, name), 0);
	}
	CHECK(host_sync(sb) == 0);
	check_pattern(inode[1], 1, 0, 100000);
	/* The list on the disk names them: e2fsck frees them and finds nothing else. */
	CHECK_EQ(host_run("cp '%s' '%s.copy' && e2fsck -p '%s.copy' > '%s.log'; test $? -le 1 && "
			  "test $(grep -c 'Clearing orphaned inode' '%s.log') = 3 && "
			  "e2fsck -fn '%s.copy' >/dev/null 2>&1",
			  path, path, path, path, path, path),
		 0);
	inode_put(inode[1]);
	CHECK(host_sync(sb) == 0);
	CHECK_EQ(host_run("cp '%s' '%s.copy' && e2fsck -p '%s.copy' > '%s.log'; test $? -le 1 && "
			  "test $(grep -c 'Clearing orphaned inode' '%s.log') = 2 && "
			  "e2fsck -fn '%s.copy' >/dev/null 2>&1",
			  path, path, path, path, path, path),
		 0);
	inode_put(inode[0]);
	inode_put(inode[2]);
	CHECK_EQ(free_blocks(sb), before);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(blocks_behind_the_end_are_given_back)
{
	const char *path = mkfs(1024, 8, "");
	struct superblock *sb = mount(path);
	struct inode *inode = create(sb, "file");
	struct page *page;

	write_pattern(inode, 1, 0, 100);
	/* A write whose bytes could not be fetched: blocks, but no new end. */
	CHECK_EQ(pagecache_get_locked(&inode->cache, 0, false, &page), 0);
	CHECK_EQ(inode->cache.ops->prepare_write(&inode->cache, page, 100, 4096), 0);
	page_unlock(page);
	page_put(page);
	CHECK_EQ(pagecache_get_locked(&inode->cache, 7, true, &page), 0);
	page_clear(page_to_virt(page));
	page_set(page, PG_UPTODATE);
	CHECK_EQ(inode->cache.ops->prepare_write(&inode->cache, page, 0, 4096), 0);
	page_unlock(page);
	page_put(page);
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	CHECK_EQ(inode->blocks, 2);
	/* And the pages know that they have none any more. */
	write_pattern(inode, 2, 100, 40000);
	host_drop_caches(sb);
	check_pattern(inode, 2, 100, 40000);
	inode_put(inode);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

/* Whether the image has the pattern at the block, now. */
static bool disk_has(const char *path, u64 block, u64 seed, u64 at)
{
	u8 buf[4096];
	FILE *f = fopen(path, "rb");
	bool has = f && !fseek(f, (long)(block * sizeof(buf)), SEEK_SET) &&
		   fread(buf, 1, sizeof(buf), f) == sizeof(buf) &&
		   matches(buf, sizeof(buf), seed, at);

	if (f)
		fclose(f);
	return has;
}

static int lose_by_truncate(struct superblock *sb, struct inode *inode)
{
	return host_truncate(inode, 100);
}

static int lose_by_unlink(struct superblock *sb, struct inode *inode)
{
	return host_unlink(sb->root_inode, "file");
}

static int lose_by_punch(struct superblock *sb, struct inode *inode)
{
	struct file *file = host_open(inode, O_RDWR);
	int err = ext_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096);

	host_close(file);
	return err;
}

/* A commit under way makes blocks a file's: it needs their data, even if the file loses them. */
static void check_data_before_commit(int (*lose)(struct superblock *sb, struct inode *inode))
{
	const char *path = host_mkfs("files.img", 16, "-t ext4 -b 4096");
	struct superblock *sb;
	struct inode *inode;
	struct ext_run run;

	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	inode = create(sb, "file");
	write_pattern(inode, 5, 0, 8192);
	CHECK_EQ(ext_delayed_place(&inode->cache, 0, ~0ull, ~0ull, false), 0);
	CHECK_EQ(ext_map(inode, 1, 1, &run), 0);
	CHECK(run.block && !disk_has(path, run.block, 5, 4096));
	host_committing = true;
	CHECK_EQ(lose(sb, inode), 0);
	inode_put(inode);
	host_committing = false;
	CHECK(disk_has(path, run.block, 5, 4096));
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(data_that_a_commit_waits_for_is_not_dropped)
{
	check_data_before_commit(lose_by_truncate);
	check_data_before_commit(lose_by_unlink);
	check_data_before_commit(lose_by_punch);
}

TEST(large_file)
{
	const char *path = mkfs(1024, 8, "-O ^large_file");
	struct superblock *sb = mount(path);
	struct inode *inode = create(sb, "large");

	write_pattern(inode, 3, 5ull << 30, 10);
	CHECK_EQ(host_truncate(inode, 17ll << 30), (u64)-EFBIG);
	host_unmount((inode_put(inode), sb));
	CHECK(host_fsck(path));
	CHECK_EQ(host_run("dumpe2fs -h '%s' 2>/dev/null | grep -q large_file", path), 0);
	sb = mount(path);
	inode = lookup(sb, "large");
	CHECK_EQ((u64)inode->size, (5ull << 30) + 10);
	check_pattern(inode, 3, 5ull << 30, 10);
	inode_put(inode);
	host_unmount(sb);
}

static void times_of(const char *args, s64 seconds, s64 expected)
{
	const char *path = mkfs(1024, 8, args);
	struct superblock *sb = mount(path);
	struct inode *inode = create(sb, "old");
	struct inode_attr attr = { .mask = ATTR_MTIME | ATTR_ATIME | ATTR_UID | ATTR_GID |
					   ATTR_MODE,
				   .mtime = { seconds, 123456789 },
				   .atime = { seconds + 1, 5 },
				   .uid = 100000,
				   .gid = 200000,
				   .mode = 04751 };

	CHECK_EQ(inode->ops->setattr(inode, &attr), 0);
	inode_put(inode);
	host_unmount(sb);
	CHECK(host_fsck(path));
	sb = mount(path);
	inode = lookup(sb, "old");
	CHECK_EQ(inode->mtime.tv_sec, expected);
	CHECK_EQ(inode->mtime.tv_nsec, sb->time_granularity_ns == 1 ? 123456789 : 0);
	CHECK_EQ(inode->uid, 100000);
	CHECK_EQ(inode->gid, 200000);
	CHECK_EQ(inode->mode, S_IFREG | 04751);
	inode_put(inode);
	host_unmount(sb);
}

TEST(times_beyond_2038)
{
	times_of("-I 256", 5000000000, 5000000000);
	times_of("-I 256", -1000000000, -1000000000);
	times_of("-I 256", 14000000000, 14000000000);
	times_of("-I 256", 20000000000, 0x37fffffff);
	times_of("-I 128", 5000000000, 0x7fffffff);
	times_of("-I 128", 1000000000, 1000000000);
}

TEST(holes_can_be_found)
{
	const char *path = mkfs(1024, 8, "");
	struct superblock *sb = mount(path);
	struct inode *inode = create(sb, "holes");
	struct file *file;

	write_pattern(inode, 1, 10240, 1024);
	write_pattern(inode, 1, 3000000, 1024);
	file = host_open(inode, O_RDONLY);
	CHECK_EQ(inode->fops->seek(file, 0, SEEK_DATA), 10240);
	CHECK_EQ(inode->fops->seek(file, 10240, SEEK_HOLE), 11264);
	CHECK_EQ(inode->fops->seek(file, 11264, SEEK_DATA), 2999296);
	CHECK_EQ(inode->fops->seek(file, 3000000, SEEK_HOLE), 3001024);
	CHECK_EQ(inode->fops->seek(file, 3001024, SEEK_HOLE), (u64)-ENXIO);
	host_close(file);
	inode_put(inode);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(states_of_the_superblock)
{
	const char *path = mkfs(1024, 8, "-e continue");
	struct superblock *sb = mount(path);

	CHECK_EQ(host_run("dumpe2fs -h '%s' 2>/dev/null | grep -q 'state: *not clean'", path), 0);
	CHECK_EQ(host_run("dumpe2fs -h '%s' 2>/dev/null | grep -q 'Mount count: *1'", path), 0);
	host_unmount(sb);
	CHECK_EQ(host_run("dumpe2fs -h '%s' 2>/dev/null | grep -q 'state: *clean'", path), 0);
	/* Read-only touches nothing. */
	CHECK_EQ(host_run("cp '%s' '%s.copy'", path, path), 0);
	CHECK_EQ(host_mount(path, "ext2", SB_READ_ONLY, "errors=remount-ro", &sb), 0);
	CHECK_EQ(host_create(sb->root_inode, "x", 0600, NULL), (u64)-EROFS);
	CHECK_EQ(host_run("cmp '%s' '%s.copy'", path, path), 0);
	/* Remounted for writing and back. */
	CHECK_EQ(sb->ops->remount(sb, 0, ""), 0);
	sb->flags = 0;
	CHECK_EQ(host_mkdir(sb->root_inode, "x", 0700, NULL), 0);
	host_sync(sb);
	CHECK_EQ(sb->ops->remount(sb, SB_READ_ONLY, ""), 0);
	sb->flags = SB_READ_ONLY;
	CHECK(host_fsck(path));
	host_unmount(sb);
	host_quiet = true;
	CHECK_EQ(host_mount(path, "ext2", 0, "nonsense", &sb), (u64)-EINVAL);
	CHECK_EQ(host_mount(path, "ext2", 0, "errors=never", &sb), (u64)-EINVAL);
	CHECK_EQ(host_mount(path, "ext2", 0, "noacl,user_xattr,,errors=panic,resuid=7,sb=1", &sb),
		 0);
	host_quiet = false;
	char text[100];
	sb->ops->show_options(sb, text, sizeof(text));
	CHECK_STR(text, ",errors=panic,sb=1,resuid=7,noacl");
	host_unmount(sb);
	CHECK(host_fsck(path));
}
