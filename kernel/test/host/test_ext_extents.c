/*
 * Files with extents, written: trees that grow and split in any order, shrink to nothing, and
 * blocks that were allocated but never written. e2fsck looks at every state.
 */
#include "test/host/ext_host.h"

#include "fs/ext/ext_map.h"

#define SLOTS 12000u

static struct superblock *sb;
static char path[300];

static void make(const char *args, unsigned mib)
{
	strlcpy(path, host_mkfs("extents.img", mib, args), sizeof(path));
}

static struct inode *new_file(const char *name)
{
	struct inode *inode = NULL;

	CHECK_EQ(host_create(sb->root_inode, name, 0644, &inode), 0);
	CHECK(ext_has_extents(inode));
	return inode;
}

static unsigned depth_of(const struct inode *inode)
{
	return ((const struct ext_extent_header *)ext_i(inode)->block)->depth;
}

/* Every other block, in a random order: each is an extent, and leaves split everywhere. */
static void scatter(const char *args, u32 block_size, unsigned depth)
{
	static u8 written[SLOTS], buf[4096];
	struct inode *inode;

	memset(written, 0, sizeof(written));
	make(args, 40);
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	inode = new_file("scattered");
	for (unsigned i = 0; i < SLOTS / 2; i++) {
		unsigned at = (unsigned)unit_below(SLOTS / 2) * 2;

		memset(buf, 1 + (int)(at % 255), block_size);
		CHECK_EQ(host_write(inode, buf, block_size, (s64)at * block_size), block_size);
		written[at] = 1;
		if (i % 1000 == 0)
			host_drop_caches(sb);
	}
	CHECK(depth_of(inode) >= depth);
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	host_drop_caches(sb);
	for (s64 end = SLOTS; end > 0; end = end * 2 / 7) {
		for (unsigned at = 0; at < SLOTS && at < (u64)inode->size / block_size; at++) {
			CHECK_EQ(host_read(inode, buf, 1, (s64)at * block_size + 9), 1);
			if (buf[0] != (written[at] ? 1 + at % 255 : 0))
				unit_fail(__FILE__, __LINE__, "block %u has %u", at, buf[0]);
		}
		CHECK_EQ(host_truncate(inode, end * block_size - 5), 0);
		CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	}
	CHECK_EQ(host_truncate(inode, 0), 0);
	CHECK_EQ(inode->blocks, 0);
	CHECK_EQ(depth_of(inode), 0);
	inode_put(inode);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(scattered)
{
	scatter("-t ext4 -b 1024 -O ^has_journal", 1024, 2);
	scatter("-t ext4 -b 4096 -O ^has_journal,^metadata_csum", 4096, 1);
}

/* From front to back: few extents, and no tree. */
TEST(sequential)
{
	static u8 buf[65536];
	struct inode *inode;

	make("-t ext4 -b 4096 -O ^has_journal", 128);
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	inode = new_file("long");
	for (unsigned i = 0; i < 1000; i++)
		CHECK_EQ(host_write(inode, buf, sizeof(buf), (s64)i * (s64)sizeof(buf)),
			 sizeof(buf));
	CHECK(host_sync(sb) == 0);
	CHECK_EQ(depth_of(inode), 0);
	inode_put(inode);
	CHECK_EQ(host_unlink(sb->root_inode, "long"), 0);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

/* Blocks that debugfs allocated: they read as zeroes until they are written. */
TEST(unwritten)
{
	static const unsigned pieces[] = { 50, 0, 99, 51, 10, 11, 98, 49 };
	struct inode *inode;
	u8 buf[1024];

	make("-t ext4 -b 1024 -O ^has_journal", 8);
	CHECK_EQ(host_run("head -c 20480 /dev/urandom >'%s.noise'; printf 'write %s.noise noise\\n"
			  "rm noise\\nwrite /dev/null f\\nsif f size 102400\\n"
			  "fallocate f 0 99\\n' | "
			  "debugfs -w -f - '%s' >/dev/null 2>&1", path, path, path), 0);
	CHECK(host_fsck(path));
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	CHECK_EQ(host_lookup(sb->root_inode, "f", &inode), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(pieces); i++) {
		memset(buf, 'a' + (int)i, sizeof(buf));
		CHECK_EQ(host_write(inode, buf, sizeof(buf), pieces[i] * 1024), sizeof(buf));
		if (i % 3 == 0)
			CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	}
	host_drop_caches(sb);
	for (unsigned at = 0; at < 100; at++) {
		u8 expected = 0;

		for (unsigned i = 0; i < ARRAY_SIZE(pieces); i++)
			if (pieces[i] == at)
				expected = (u8)('a' + i);
		CHECK_EQ(host_read(inode, buf, sizeof(buf), at * 1024), sizeof(buf));
		CHECK(mem_is_all(buf, expected, sizeof(buf)));
	}
	CHECK_EQ(host_truncate(inode, 30 * 1024), 0);
	inode_put(inode);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

/* Blocks that were never written cannot be where the file system's own tables are. */
TEST(unwritten_over_metadata)
{
	struct inode *inode;
	u8 buf[1024];

	make("-t ext4 -b 1024 -O ^has_journal,^metadata_csum", 8);
	CHECK_EQ(host_run("printf 'write /dev/null f\\nsif f size 10240\\nfallocate f 0 9\\n"
			  "sif f block[5] 2\\n' | debugfs -w -f - '%s' >/dev/null 2>&1", path), 0);
	CHECK_EQ(host_mount(path, "ext4", 0, "errors=continue", &sb), 0);
	CHECK_EQ(host_lookup(sb->root_inode, "f", &inode), 0);
	memset(buf, 'x', sizeof(buf));
	host_quiet = true;
	CHECK_EQ(host_write(inode, buf, sizeof(buf), 0), -EIO);
	host_quiet = false;
	inode_put(inode);
	host_unmount(sb);
	CHECK_EQ(host_mount(path, "ext4", SB_READ_ONLY, "", &sb), 0);
	host_unmount(sb);
}

/* An extent may end in the next group, where that begins without a superblock. */
TEST(from_one_group_to_the_next)
{
	static u8 buf[30 << 20];
	const struct ext_geo *geo;
	struct inode *inode;
	bool crosses = false;
	struct ext_run run = { .count = 1 };
	char args[400];

	CHECK_EQ(host_run("mkdir '%s/tree' && head -c %zu /dev/zero | tr '\\0' g > '%s/tree/big'",
			  host_dir(), sizeof(buf), host_dir()), 0);
	lib_snprintf(args, sizeof(args), "-t ext4 -b 1024 -O ^has_journal -d '%s/tree'",
		     host_dir());
	make(args, 40);
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	CHECK_EQ(host_lookup(sb->root_inode, "big", &inode), 0);
	geo = &ext_fs_of(inode)->geo;
	for (u64 at = 0; at < sizeof(buf) / 1024 && run.count; at += run.count) {
		run.count = 0;
		CHECK_EQ(ext_map(inode, at, 30000, &run), 0);
		crosses |= ext_block_group(geo, run.block) !=
			   ext_block_group(geo, run.block + run.count - 1);
	}
	CHECK(crosses);
	CHECK_EQ(host_read(inode, buf, sizeof(buf), 0), sizeof(buf));
	CHECK(mem_is_all(buf, 'g', sizeof(buf)));
	memset(buf, 'h', sizeof(buf));
	CHECK_EQ(host_write(inode, buf, sizeof(buf), 0), sizeof(buf));
	inode_put(inode);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

/* A disk that gets full, by files whose trees need blocks of their own. */
TEST(no_space)
{
	struct inode *inode;
	unsigned n = 0;
	u8 buf[1024];

	make("-t ext4 -b 1024 -O ^has_journal", 4);
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	inode = new_file("full");
	memset(buf, 'x', sizeof(buf));
	while (host_write(inode, buf, sizeof(buf), (s64)n * 3 * 1024) == sizeof(buf))
		n++;
	CHECK(n > 2000);
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	CHECK_EQ(host_truncate(inode, 100 * 1024), 0);
	CHECK_EQ(host_write(inode, buf, sizeof(buf), 500 * 1024), sizeof(buf));
	inode_put(inode);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

/* Memory or the disk fails somewhere in the growing of a tree. */
static void failures(bool transfers)
{
	make("-t ext4 -b 1024 -O ^has_journal", 16);
	CHECK_EQ(host_mount(path, "ext4", 0, "errors=continue", &sb), 0);
	host_quiet = true;
	for (unsigned round = 1; round < 120; round++) {
		struct inode *inode;
		u8 buf[1024];
		char name[20];

		lib_snprintf(name, sizeof(name), "f%u", round % 10);
		(void)host_unlink(sb->root_inode, name);
		if (host_create(sb->root_inode, name, 0644, &inode))
			continue;
		memset(buf, (int)round, sizeof(buf));
		if (round & 1)
			host_drop_caches(sb);
		if (transfers)
			host_fail_io(round, round % 3 == 0);
		else
			host_fail_alloc(round, round % 3 == 0);
		for (unsigned i = 0; i < 200; i++)
			(void)host_write(inode, buf, sizeof(buf), (s64)(i * 7 % 200) * 2 * 1024);
		(void)host_truncate(inode, 90 * 1024);
		host_fail_io(0, false);
		host_fail_alloc(0, false);
		inode_put(inode);
	}
	CHECK(host_sync(sb) == 0 || transfers);
	host_unmount(sb);
	host_quiet = false;
	if (transfers)
		CHECK_EQ(host_run("e2fsck -fy '%s' >/dev/null 2>&1; test $? -le 1", path), 0);
	CHECK(host_fsck(path));
}

TEST(memory_fails)
{
	failures(false);
}

TEST(transfers_fail)
{
	failures(true);
}
