/*
 * fallocate(2) on ext: random calls of all kinds on one file beside a copy of it in memory, with
 * e2fsck as the judge between them.
 */
#include "test/host/ext_host.h"

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
		memset(buf, 1 + (int)unit_below(255), n);
		memcpy(model + at, buf, n);
		CHECK_EQ(host_write(inode, buf, n, (s64)at), n);
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
