/*
 * File systems that are full: each workload with 0, 1, 2 … free blocks or inodes left, until it has
 * enough. All it may get is ENOSPC, and e2fsck finds nothing wrong.
 */
#include "test/host/ext_work.h"

static struct superblock *sb;
static u8 data[64 << 10];

static unsigned step(void)
{
	return unit_full_form() ? 1 : 41;
}

/* Takes all blocks but `left`. */
static void fill_blocks(unsigned left)
{
	struct inode *inode;
	ssize_t n;
	s64 at = 0;

	CHECK_EQ(host_create(sb->root_inode, "fill", 0600, &inode), 0);
	do {
		n = host_write(inode, data, sizeof(data), at);
		at += max(n, (ssize_t)0);
	} while (n == (ssize_t)sizeof(data));
	/* A page of which not all blocks can be had has none. */
	while ((n = host_write(inode, data, sb->block_size, at)) > 0)
		at += n;
	CHECK_EQ(n, (u64)-ENOSPC);
	CHECK_EQ(host_truncate(inode, max(at - (s64)left * (s64)sb->block_size, (s64)0)), 0);
	inode_put(inode);
	CHECK_EQ(host_sync(sb), 0);
}

static void fill_inodes(unsigned left)
{
	char name[20];
	unsigned n = 0;
	int err;

	do {
		lib_snprintf(name, sizeof(name), "i%u", n);
		err = host_mknod(sb->root_inode, name, S_IFIFO | 0600, 0);
		n += err == 0;
	} while (!err);
	CHECK_EQ(err, (u64)-ENOSPC);
	for (; left && n; left--) {
		lib_snprintf(name, sizeof(name), "i%u", --n);
		CHECK_EQ(host_unlink(sb->root_inode, name), 0);
	}
}

/* Whether the workload had enough. */
static bool run_full(const char *path, const struct work_format *format, const struct workload *w,
		     unsigned left, void (*fill)(unsigned left))
{
	char when[100];
	int first, sync;

	lib_snprintf(when, sizeof(when), "%s, %s, %u left", format->args, w->name, left);
	work_reset();
	CHECK_EQ(host_mount(path, format->type, 0, "", &sb), 0);
	if (!sb)
		return true;
	fill(left);
	first = w->run(sb);
	sync = host_sync(sb);
	if ((first && first != -ENOSPC && first != -ENOENT) || sync)
		unit_fail(__FILE__, __LINE__, "%s: error %d, sync %d", when, first, sync);
	work_check(sb, when);
	host_unmount(sb);
	if (!host_fsck(path))
		unit_fail(__FILE__, __LINE__, "%s: e2fsck is not content", when);
	return first == 0;
}

static void every_amount(const struct work_format *format, const char *more,
			 void (*fill)(unsigned left))
{
	const char *path = work_make(format, 3, more);

	for (unsigned i = 0; i < N_WORKLOADS; i++) {
		unsigned left = 0;

		while (left < 1000 && !run_full(path, format, &workloads[i], left, fill))
			left += step();
		CHECK(left < 1000);
	}
}

TEST(no_blocks_on_ext2)
{
	every_amount(&work_formats[0], "-N 300", fill_blocks);
}

TEST(no_blocks_on_ext4)
{
	every_amount(&work_formats[1], "-N 300", fill_blocks);
}

TEST(no_blocks_with_checksums)
{
	every_amount(&work_formats[2], "-N 300", fill_blocks);
}

TEST(no_blocks_with_a_journal)
{
	every_amount(&work_formats[3], "-N 300", fill_blocks);
}

TEST(no_inodes)
{
	every_amount(&work_formats[0], "-N 300", fill_inodes);
	every_amount(&work_formats[1], "-N 300", fill_inodes);
}
