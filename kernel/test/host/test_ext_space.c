/* Where the blocks of files lie, and what happens when there are none, or no inodes. */
#include "test/host/ext_files.h"

/* Writes to new files until the disk is full: how many bytes went in. */
static u64 fill_disk(struct superblock *sb, const char *prefix)
{
	static u8 buf[50000];
	u64 total = 0;

	for (unsigned i = 0;; i++) {
		struct inode *inode;
		struct file *file;
		char name[32];
		s64 at = 0;
		ssize_t n = 0;
		int err;

		lib_snprintf(name, sizeof(name), "%s%u", prefix, i);
		err = host_create(sb->root_inode, name, 0644, &inode);
		if (err) {
			CHECK_EQ(err, (u64)-ENOSPC);
			return total;
		}
		file = host_open(inode, O_WRONLY);
		while (at < 700000 && (n = host_write(inode, buf, sizeof(buf), at)) > 0) {
			at += n;
			total += (u64)n;
		}
		host_close(file);
		inode_put(inode);
		if (n < 0) {
			CHECK_EQ(n, (u64)-ENOSPC);
			return total;
		}
	}
}

TEST(full_disk)
{
	for (unsigned i = 0; i < ARRAY_SIZE(block_sizes); i++) {
		const char *path = mkfs(block_sizes[i], 6, "-m 10");
		struct superblock *sb = mount(path);
		u64 before = free_blocks(sb),
		    reserved = (u64)ext_fs_of(sb->root_inode)->reserved_blocks;
		int err = 0;

		host_cred = (struct cred){ .fsuid = 1000, .fsgid = 1000 };
		CHECK(fill_disk(sb, "user") > 3 << 20);
		/* An indirect block and its first data did not both fit, perhaps. */
		CHECK(free_blocks(sb) - reserved < 3);
		CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
		host_cred = (struct cred){ .cap_effective = ~0ull };
		CHECK(fill_disk(sb, "root") > 300 << 10);
		CHECK(free_blocks(sb) < 8);
		CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
		for (unsigned k = 0; k < 4; k++) {
			char name[2] = { (char)('a' + k), 0 };

			err = host_mkdir(sb->root_inode, name, 0755, NULL);
			CHECK(err == 0 || err == -ENOSPC);
		}
		CHECK_EQ(err, (u64)-ENOSPC);
		CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
		for (char name[2] = "a"; name[0] < 'e'; name[0]++)
			(void)host_rmdir(sb->root_inode, name);
		for (unsigned k = 0; k < 40; k++) {
			char name[32];

			lib_snprintf(name, sizeof(name), k & 1 ? "user%u" : "root%u", k / 2);
			(void)host_unlink(sb->root_inode, name);
		}
		CHECK(before - free_blocks(sb) < 3); /* the root directory grew */
		host_unmount(sb);
		CHECK(host_fsck(path));
	}
}

/* The new name needs a block: nothing may be left of the whiteout, which had no name yet. */
TEST(whiteout_on_full_disk)
{
	static const char *const with[] = { "-m 0", "-m 0 -j -J size=1" };

	for (unsigned i = 0; i < ARRAY_SIZE(with); i++) {
		const char *path = mkfs(1024, 6, with[i]);
		struct superblock *sb;
		struct inode *dir;
		char name[251];

		memset(name, 'x', sizeof(name) - 1);
		name[250] = 0;
		CHECK_EQ(host_mount(path, i ? "ext3" : "ext2", 0, "", &sb), 0);
		CHECK_EQ(host_mkdir(sb->root_inode, "d", 0755, &dir), 0);
		CHECK_EQ(host_mknod(sb->root_inode, "f", S_IFIFO | 0600, 0), 0);
		for (name[0] = 'a'; name[0] < 'd'; name[0]++)
			CHECK_EQ(host_mknod(dir, name, S_IFIFO | 0600, 0), 0);
		CHECK(fill_disk(sb, "full") > 3 << 20);
		CHECK_EQ(host_rename(sb->root_inode, "f", dir, name, RENAME_WHITEOUT),
			 (u64)-ENOSPC);
		inode_put(dir);
		host_unmount(sb);
		CHECK(host_fsck(path));
	}
}

TEST(out_of_inodes)
{
	const char *path = mkfs(1024, 4, "-N 64");
	struct superblock *sb = mount(path);
	char name[16];
	int err = 0;

	for (unsigned i = 0; i < 100 && !err; i++) {
		lib_snprintf(name, sizeof(name), "f%u", i);
		err = host_mknod(sb->root_inode, name, S_IFIFO | 0600, 0);
	}
	CHECK_EQ(err, (u64)-ENOSPC);
	CHECK_EQ(host_unlink(sb->root_inode, "f3"), 0);
	CHECK_EQ(host_mknod(sb->root_inode, "again", S_IFIFO | 0600, 0), 0);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(files_written_together_do_not_interleave)
{
	const char *path = mkfs(4096, 64, "");
	struct superblock *sb = mount(path);
	struct inode *inode[4];
	struct file *file[4];
	char name[16];
	unsigned before;

	for (unsigned i = 0; i < 4; i++) {
		lib_snprintf(name, sizeof(name), "f%u", i);
		inode[i] = create(sb, name);
		file[i] = host_open(inode[i], O_WRONLY);
	}
	for (u64 at = 0; at < 8 << 20; at += 65536)
		for (unsigned i = 0; i < 4; i++)
			write_pattern(inode[i], i, at, 65536);
	for (unsigned i = 0; i < 4; i++)
		CHECK(count_runs(inode[i]) < 20);
	host_drop_caches(sb);
	before = host_requests;
	check_pattern(inode[0], 0, 0, 8 << 20);
	CHECK(host_requests - before < 64);
	for (unsigned i = 0; i < 4; i++) {
		host_close(file[i]);
		inode_put(inode[i]);
	}
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(one_file_is_contiguous)
{
	const char *path = mkfs(4096, 200, "");
	struct superblock *sb = mount(path);
	struct inode *inode = create(sb, "big");
	unsigned before = host_requests;

	for (u64 at = 0; at < 64 << 20; at += 1 << 20)
		write_pattern(inode, 5, at, 1 << 20);
	CHECK_EQ(host_sync(sb), 0);
	/* One request per batch of 64 pages, and some where the metadata stands between. */
	CHECK(host_requests - before < 256 + 40);
	CHECK(count_runs(inode) < 30);
	inode_put(inode);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

/* Blocks that were freed wait for the commit, and files that come after go close behind them. */
TEST(no_gaps_behind_freed_blocks)
{
	const char *path = host_mkfs("gaps.img", 64, "-t ext4 -b 4096");
	struct superblock *sb;
	struct ext_run first = { 0 }, last = { 0 };

	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	for (unsigned i = 0; i < 300; i++) {
		struct inode *inode = create(sb, "file");
		struct file *file = host_open(inode, O_WRONLY);

		write_pattern(inode, i, 0, 3 * 4096);
		host_close(file);
		CHECK_EQ(host_write_back(sb), 0);
		CHECK_EQ(ext_map(inode, 0, 1, i ? &last : &first), 0);
		CHECK_EQ(host_unlink(sb->root_inode, "file"), 0);
		inode_put(inode);
	}
	CHECK(last.block > first.block);
	CHECK(last.block - first.block < 300 * 3 + 50);
	host_unmount(sb);
	CHECK(host_fsck(path));
}
