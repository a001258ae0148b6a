/*
 * Damaged FAT volumes, and devices and memory that fail: errors, and never more than that.
 */
#include "test/host/fat_host.h"

/* Cluster n of an image of mkfs.fat -F 12 -s 1 -r 16 -f 1 -R 1, 1024 KiB. */
#define FAT_AT 512u
#define FAT_SECTORS 6u
#define ROOT_AT (FAT_AT + FAT_SECTORS * 512)
#define CLUSTER_AT(n) (ROOT_AT + 512 + ((n) - 2) * 512u)

static struct superblock *sb;

static const char *make(void)
{
	const char *path = fat_mkfs("damage.img", 1024, "-F 12 -s 1 -r 16 -f 1 -R 1");
	struct inode *inode = NULL;
	u8 bytes[2000];

	memset(bytes, 'x', sizeof(bytes));
	CHECK_EQ(host_mount(path, "vfat", 0, "", &sb), 0);
	CHECK_EQ(host_create(sb->root_inode, "FILE", 0644, &inode), 0);
	CHECK_EQ(host_write(inode, bytes, sizeof(bytes), 0), sizeof(bytes)); /* 2 … 5 */
	inode_put(inode);
	CHECK_EQ(host_mkdir(sb->root_inode, "DIR", 0755, &inode), 0); /* 6 */
	inode_put(inode);
	host_unmount(sb);
	CHECK(fat_fsck(path));
	return path;
}

static void set_entry(const char *path, u32 cluster, u32 value)
{
	struct fat_geo geo = { .width = 12 };
	u64 at = FAT_AT + fat_entry_byte(&geo, cluster);
	u16 raw;

	fat_peek(path, at, &raw, 2);
	raw = (u16)fat_entry_encode(&geo, cluster, raw, value);
	fat_patch(path, at, &raw, 2);
}

static struct fat_dirent get_dirent(const char *path, unsigned n)
{
	struct fat_dirent de;

	fat_peek(path, ROOT_AT + n * 32, &de, 32);
	return de;
}

/* Reads the file and removes it: what the first of them says, or the second. */
static int use_file(const char *path)
{
	u8 bytes[3000];
	struct inode *inode = NULL;
	ssize_t n;
	int err;

	CHECK_EQ(host_mount(path, "vfat", 0, "errors=continue", &sb), 0);
	err = host_lookup(sb->root_inode, "FILE", &inode);
	if (!err) {
		n = host_read(inode, bytes, sizeof(bytes), 0);
		inode_put(inode);
		err = host_unlink(sb->root_inode, "FILE");
		err = n < 0 ? (int)n : err;
	}
	host_unmount(sb);
	return err;
}

TEST(chains)
{
	struct fat_dirent de;
	const char *path;

	host_quiet = true;
	path = make();
	set_entry(path, 3, 0xfff); /* too short */
	CHECK_EQ(use_file(path), -EIO);
	path = make();
	set_entry(path, 3, 0xabc); /* out of the volume */
	CHECK_EQ(use_file(path), -EIO);
	path = make();
	set_entry(path, 3, 0); /* free */
	CHECK_EQ(use_file(path), -EIO);
	path = make();
	set_entry(path, 5, 3); /* a circle: freeing it comes to what is free already */
	CHECK_EQ(use_file(path), 0);
	CHECK(strstr(host_log(), "is free"));
	path = make();
	de = get_dirent(path, 0);
	de.start = 0x7777;
	fat_patch(path, ROOT_AT, &de, 32);
	CHECK_EQ(use_file(path), -EIO);
	de.start = 0;
	fat_patch(path, ROOT_AT, &de, 32);
	CHECK_EQ(use_file(path), -EIO);
	host_quiet = false;
}

/* A circle that is written behind its end, which is nowhere. */
TEST(circle_appended)
{
	const char *path = make();
	struct inode *inode = NULL;

	host_quiet = true;
	set_entry(path, 5, 3);
	CHECK_EQ(host_mount(path, "vfat", 0, "", &sb), 0);
	CHECK_EQ(host_lookup(sb->root_inode, "FILE", &inode), 0);
	CHECK_EQ(host_truncate(inode, 100000), -EIO);
	CHECK(sb->flags & SB_READ_ONLY);
	CHECK(strstr(host_log(), "remounted read-only"));
	inode_put(inode);
	host_unmount(sb);
	host_quiet = false;
}

TEST(directories)
{
	struct fat_dirent de;
	struct inode *inode = NULL, *below = NULL;
	const char *path = make();

	host_quiet = true;
	de = get_dirent(path, 1); /* a directory that holds itself */
	fat_patch(path, CLUSTER_AT(6) + 64, &de, 32);
	CHECK_EQ(host_mount(path, "vfat", 0, "errors=continue", &sb), 0);
	CHECK_EQ(host_lookup(sb->root_inode, "DIR", &inode), 0);
	CHECK_EQ(host_lookup(inode, "DIR", &below), -EIO);
	inode_put(inode);
	host_unmount(sb);
	path = make();
	set_entry(path, 6, 6); /* of no end */
	CHECK_EQ(host_mount(path, "vfat", 0, "errors=continue", &sb), 0);
	CHECK_EQ(host_lookup(sb->root_inode, "DIR", &inode), -EIO);
	host_unmount(sb);
	path = make();
	de = get_dirent(path, 1);
	de.start = 0;
	fat_patch(path, ROOT_AT + 32, &de, 32);
	CHECK_EQ(host_mount(path, "vfat", 0, "errors=continue", &sb), 0);
	CHECK_EQ(host_lookup(sb->root_inode, "DIR", &inode), -EIO);
	host_unmount(sb);
	host_quiet = false;
}

TEST(no_file_system)
{
	const char *path = fat_mkfs("none.img", 1024, "-F 12");
	u8 zero[512] = { 0 };

	host_quiet = true;
	fat_patch(path, 0, zero, sizeof(zero));
	CHECK_EQ(host_mount(path, "vfat", 0, "", &sb), -EINVAL);
	CHECK(strstr(host_log(), "bad boot sector"));
	host_quiet = false;
}

/* A little of everything; errors are expected, and nothing else. */
static void work(void)
{
	struct inode *dir = NULL, *inode = NULL;
	u8 bytes[9000];

	memset(bytes, 1, sizeof(bytes));
	if (host_mkdir(sb->root_inode, "a directory with a name", 0755, &dir))
		return;
	for (unsigned i = 0; i < 6; i++) {
		char name[40];

		lib_snprintf(name, sizeof(name), "and a file with one %u", i);
		if (host_create(dir, name, 0644, &inode))
			continue;
		(void)host_write(inode, bytes, sizeof(bytes), i * 5000);
		(void)host_read(inode, bytes, sizeof(bytes), 0);
		(void)host_truncate(inode, 100 + i);
		inode_put(inode);
		if (i & 1)
			(void)host_rename(dir, name, sb->root_inode, name, 0);
	}
	(void)host_unlink(dir, "and a file with one 2");
	(void)host_rmdir(sb->root_inode, "a directory with a name");
	inode_put(dir);
}

/* The n-th allocation fails, for each n: the volume is right afterwards. */
TEST(no_memory)
{
	const char *path = fat_mkfs("memory.img", 1024, "-F 12 -s 1");

	for (unsigned n = 1; n < 400; n += 1 + n / 12) {
		int err;

		host_quiet = true;
		host_fail_alloc(n, false);
		err = host_mount(path, "vfat", 0, "errors=continue", &sb);
		if (!err)
			work();
		host_fail_alloc(0, false);
		if (!err)
			host_unmount(sb);
		host_quiet = false;
		if (err || strstr(host_log(), "error:"))
			continue;
		CHECK_EQ(host_run("fsck.fat -n '%s' >/dev/null", path), 0);
		path = fat_mkfs("memory.img", 1024, "-F 12 -s 1");
	}
}

/* The n-th transfer fails, for each n, alone or with all after it: no panic, no leak. */
TEST(no_device)
{
	for (unsigned n = 1; n < 160; n += 1 + n / 12) {
		const char *path = fat_mkfs("device.img", 1024, "-F 12 -s 1");
		int err;

		host_quiet = true;
		host_fail_io(n, n & 1);
		err = host_mount(path, "vfat", 0, "errors=continue", &sb);
		if (!err) {
			work();
			(void)host_sync(sb);
		}
		host_fail_io(0, false);
		if (!err)
			host_unmount(sb);
		host_quiet = false;
		(void)host_log();
	}
}
