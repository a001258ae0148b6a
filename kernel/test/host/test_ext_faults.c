/*
 * Memory and disks that fail: every operation with every one of its allocations refused must leave
 * a sound file system; with transfers that fail it must not crash, hang or leak.
 */
#include "test/host/ext_host.h"

static struct superblock *sb;

static int mount(const char *path)
{
	return host_mount(path, "ext2", 0, "errors=continue", &sb);
}

/* One of each, in a directory with names enough to split leaves; errors are expected. */
static int work(unsigned round)
{
	static u8 buf[20000];
	struct inode *dir = NULL, *inode = NULL;
	char name[200], target[100];
	int first = 0;

#define TRY(call) do { int e_ = (int)(call); if (e_ < 0 && !first) first = e_; } while (0)
	TRY(host_lookup(sb->root_inode, "dir", &dir));
	if (!dir)
		return first;
	memset(name, 'n', sizeof(name));
	lib_snprintf(name + 150, 50, "%u", round);
	memset(target, 't', sizeof(target));
	target[90] = '\0';
	TRY(host_create(dir, name, 0644, &inode));
	if (inode) {
		TRY(host_write(inode, buf, sizeof(buf), 300000));
		TRY(inode->ops->setxattr(inode, "user.x", buf, 500, 0));
		TRY(host_truncate(inode, 310001));
		TRY(inode_sync(inode));
		TRY(host_read(inode, buf, sizeof(buf), 300000));
		inode_put(inode);
	}
	lib_snprintf(name + 150, 50, "d%u", round);
	TRY(host_mkdir(dir, name, 0755, NULL));
	TRY(host_rename(dir, name, sb->root_inode, name, 0));
	TRY(host_rmdir(sb->root_inode, name));
	lib_snprintf(name + 150, 50, "l%u", round);
	TRY(host_symlink(dir, name, target));
	name[149] = 'r';
	TRY(host_mknod(dir, name, S_IFIFO | 0600, 0));
	TRY(host_unlink(dir, name));
#undef TRY
	inode_put(dir);
	return first;
}

static void start(const char *path)
{
	struct inode *dir;
	char name[200];

	CHECK_EQ(mount(path), 0);
	CHECK_EQ(host_mkdir(sb->root_inode, "dir", 0755, &dir), 0);
	memset(name, 'm', sizeof(name));
	for (unsigned i = 0; i < 20; i++) {
		lib_snprintf(name + 150, 50, "%u", i);
		CHECK_EQ(host_mknod(dir, name, S_IFIFO | 0600, 0), 0);
	}
	inode_put(dir);
}

TEST(every_allocation_fails_once)
{
	const char *path = host_mkfs("faults.img", 8, "-t ext2 -b 1024");
	unsigned round, failed = 0;

	start(path);
	for (round = 1; round < 250; round++) {
		/* Warm and cold: metadata in memory needs none to be read. */
		if (round & 1)
			host_drop_caches(sb);
		host_fail_alloc((round + 1) / 2, false);
		failed += work(round) < 0;
		host_fail_alloc(0, false);
		if (round % 25 == 0)
			CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	}
	CHECK(failed > 20);
	CHECK_EQ(work(round), 0);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(no_memory_at_all)
{
	const char *path = host_mkfs("faults.img", 8, "-t ext2 -b 1024 -O metadata_csum");

	start(path);
	for (unsigned round = 1; round < 100; round++) {
		host_drop_caches(sb);
		host_fail_alloc(round, true);
		(void)work(round);
		host_fail_alloc(0, false);
	}
	CHECK_EQ(work(1000), 0);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

static u64 free_inodes(void)
{
	struct abi_statfs info;

	CHECK_EQ(sb->ops->statfs(sb, &info), 0);
	return info.f_ffree;
}

/* The number of an inode whose part of the table cannot be read is not taken. */
TEST(table_cannot_be_read)
{
	const char *path = host_mkfs("faults.img", 8, "-t ext4 -b 1024 -I 1024 -N 300");
	unsigned failed = 0;
	char name[20];

	CHECK_EQ(host_mount(path, "ext4", 0, "errors=continue", &sb), 0);
	CHECK_EQ(host_mknod(sb->root_inode, "first", S_IFIFO | 0600, 0), 0);
	host_quiet = host_fail_evict = true;
	for (unsigned i = 0; i < 150; i++) {
		u64 before = free_inodes();
		int err;

		lib_snprintf(name, sizeof(name), "%u", i);
		host_fail_io(1, true);
		err = host_mknod(sb->root_inode, name, S_IFIFO | 0600, 0);
		host_fail_io(0, false);
		CHECK(err == -EIO || !err);
		if (err) {
			failed++;
			CHECK_EQ(free_inodes(), before);
			CHECK_EQ(host_mknod(sb->root_inode, name, S_IFIFO | 0600, 0), 0);
		}
	}
	CHECK(failed > 3);
	host_quiet = host_fail_evict = false;
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(mounting_with_failures)
{
	const char *path = host_mkfs("faults.img", 8, "-t ext2 -b 1024 -g 1024");

	host_quiet = true;
	for (unsigned n = 1; n < 40; n++) {
		host_fail_alloc(n, false);
		if (mount(path) == 0)
			host_unmount(sb);
		host_fail_alloc(0, false);
		host_fail_io(n, n & 1);
		if (mount(path) == 0) {
			host_fail_io(0, false);
			host_unmount(sb);
		}
		host_fail_io(0, false);
	}
	host_quiet = false;
	CHECK_EQ(mount(path), 0);
	host_unmount(sb);
	CHECK_EQ(host_run("e2fsck -fp '%s' >/dev/null; test $? -le 1", path), 0);
	CHECK(host_fsck(path));
}

/* A file system that has lost a write is not clean, whoever was told of the error first. */
TEST(lost_write)
{
	const char *path = host_mkfs("faults.img", 8, "-t ext2 -b 1024");
	struct inode *inode;

	CHECK_EQ(mount(path), 0);
	CHECK_EQ(host_create(sb->root_inode, "f", 0644, &inode), 0);
	inode_put(inode);
	host_quiet = true;
	host_fail_io(1, false);
	CHECK(host_sync(sb) != 0);
	host_fail_io(0, false);
	host_unmount(sb);
	host_quiet = false;
	CHECK_EQ(host_run("dumpe2fs -h '%s' 2>/dev/null | grep -q 'state: *not clean'", path), 0);
}

TEST(transfers_fail)
{
	const char *path = host_mkfs("faults.img", 8, "-t ext2 -b 1024");

	start(path);
	host_quiet = true;
	for (unsigned round = 1; round < 300; round++) {
		if (round & 1)
			host_drop_caches(sb);
		host_fail_io(round / 2 + 1, round % 3 == 0);
		(void)work(round);
		(void)host_sync(sb);
		host_fail_io(0, false);
	}
	host_unmount(sb);
	host_quiet = false;
	/* Lost writes are damage, but of a kind that can be repaired. */
	CHECK_EQ(host_run("e2fsck -fy '%s' >/dev/null 2>&1; test $? -le 1", path), 0);
}

/* What is found damaged is told in the superblock: how often, where first and where last. */
TEST(errors_are_recorded)
{
	const char *path = host_mkfs("recorded.img", 8, "-t ext2 -b 1024");
	static const char *const told[] = {
		"FS Error count: *1$", "First error function: *inode_read$",
		"Last error line #: *[1-9]", "Last error time: .* 2", "state:.*with errors",
	};
	struct inode *inode;
	char log[300];

	CHECK_EQ(host_run("printf 'write /dev/null f\\nsif f mode 0177644\\n' | debugfs -w -f - "
			  "'%s' >/dev/null 2>&1", path), 0);
	for (unsigned round = 0; round < 2; round++) {
		host_quiet = true;
		CHECK_EQ(mount(path), 0);
		CHECK_EQ(host_lookup(sb->root_inode, "f", &inode), (u64)-EIO);
		host_unmount(sb);
		host_quiet = false;
		lib_snprintf(log, sizeof(log), "dumpe2fs -h '%s' 2>/dev/null", path);
		for (unsigned i = round; i < ARRAY_SIZE(told); i++)
			if (host_run("%s | grep -q '%s'", log, told[i]))
				unit_fail(__FILE__, __LINE__, "not told: %s", told[i]);
	}
	CHECK_EQ(host_run("%s | grep -q 'FS Error count: *2$'", log), 0);
	CHECK_EQ(host_run("e2fsck -fy '%s' >/dev/null 2>&1; dumpe2fs -h '%s' 2>/dev/null | "
			  "grep -q 'FS Error count'", path, path), 1);
}
