/*
 * Random operations on a FAT volume beside a model in memory: after each round the volume is
 * unmounted, judged by fsck.fat, mounted again, and compared.
 */
#include "test/host/fat_host.h"

#define N_FILES 24u
#define MAX_SIZE 70000u

struct model {
	bool exists;
	u32 size, dir;		/* which of the directories it is in */
	unsigned spelling;
	u8 bytes[MAX_SIZE];
};

static struct model files[N_FILES];
static struct inode *dirs[3];

static const char *name_of(unsigned i, unsigned spelling)
{
	static char name[2][80];
	static unsigned which;
	char *text = name[which++ & 1];

	lib_snprintf(text, sizeof(name[0]), i % 2 ? "f%u" : "File with a long name %u", i);
	for (char *c = text; *c; c++, spelling = spelling * 5 + 1)
		if (spelling & 4 && *c >= 'a' && *c <= 'z')
			*c = (char)(*c - 32);
	return text;
}

static void dirs_open(struct superblock *sb)
{
	dirs[0] = inode_get(sb->root_inode);
	CHECK_EQ(host_lookup(sb->root_inode, "one", &dirs[1]), 0);
	CHECK_EQ(host_lookup(dirs[1], "two", &dirs[2]), 0);
}

static void dirs_close(void)
{
	for (unsigned i = 0; i < 3; i++)
		inode_put(dirs[i]);
}

static struct inode *open_file(unsigned i)
{
	struct inode *inode = NULL;
	unsigned spelling = (unsigned)unit_below(1000);

	if (!files[i].exists) {
		files[i].dir = (u32)unit_below(3);
		CHECK_EQ(host_create(dirs[files[i].dir], name_of(i, spelling), 0644, &inode), 0);
		files[i].exists = true;
		files[i].size = 0;
		memset(files[i].bytes, 0, MAX_SIZE);
	} else {
		CHECK_EQ(host_lookup(dirs[files[i].dir], name_of(i, spelling), &inode), 0);
	}
	return inode;
}

static void op_write(unsigned i)
{
	struct inode *inode = open_file(i);
	u32 at = (u32)unit_below(MAX_SIZE - 9000), n = 1 + (u32)unit_below(9000);

	for (u32 k = 0; k < n; k++)
		files[i].bytes[at + k] = (u8)unit_rand();
	CHECK_EQ(host_write(inode, files[i].bytes + at, n, at), n);
	files[i].size = max(files[i].size, at + n);
	inode_put(inode);
}

static void op_truncate(unsigned i)
{
	struct inode *inode = open_file(i);
	u32 size = (u32)unit_below(MAX_SIZE);

	CHECK_EQ(host_truncate(inode, size), 0);
	if (size < files[i].size)
		memset(files[i].bytes + size, 0, MAX_SIZE - size);
	files[i].size = size;
	inode_put(inode);
}

static void op_unlink(unsigned i)
{
	if (!files[i].exists)
		return;
	CHECK_EQ(host_unlink(dirs[files[i].dir], name_of(i, (unsigned)unit_below(1000))), 0);
	files[i].exists = false;
}

/* A file changes places with another name, or takes it. */
static void op_rename(unsigned i)
{
	unsigned j = (unsigned)unit_below(N_FILES);
	u32 dir = (u32)unit_below(3);
	struct model swap;

	if (!files[i].exists || i == j)
		return;
	if (files[j].exists)
		dir = files[j].dir;
	CHECK_EQ(host_rename(dirs[files[i].dir], name_of(i, (unsigned)unit_below(1000)), dirs[dir],
			     name_of(j, (unsigned)unit_below(1000)), 0), 0);
	swap = files[i];
	files[j] = swap;
	files[j].dir = dir;
	files[i].exists = false;
}

static void compare(void)
{
	static u8 bytes[MAX_SIZE];

	for (unsigned i = 0; i < N_FILES; i++) {
		struct inode *inode = NULL;

		for (unsigned d = 0; d < 3; d++) {
			int err = host_lookup(dirs[d], name_of(i, 0), &inode);

			CHECK_EQ(err, files[i].exists && files[i].dir == d ? 0 : -ENOENT);
			if (err)
				continue;
			CHECK_EQ((u64)inode->size, files[i].size);
			CHECK_EQ(host_read(inode, bytes, MAX_SIZE, 0), files[i].size);
			CHECK(memcmp(bytes, files[i].bytes, files[i].size) == 0);
			inode_put(inode);
		}
	}
}

static void run(const char *args, unsigned kib, unsigned rounds)
{
	static void (*const ops[])(unsigned) = { op_write, op_write, op_truncate, op_unlink,
						 op_rename };
	const char *path = fat_mkfs("model.img", kib, args);
	struct superblock *sb = NULL;
	struct inode *inode;

	memset(files, 0, sizeof(files));
	CHECK_EQ(host_mount(path, "vfat", 0, "", &sb), 0);
	CHECK_EQ(host_mkdir(sb->root_inode, "one", 0755, &inode), 0);
	CHECK_EQ(host_mkdir(inode, "two", 0755, &dirs[2]), 0);
	inode_put(inode);
	inode_put(dirs[2]);
	for (unsigned round = 0; round < rounds; round++) {
		dirs_open(sb);
		compare();
		for (unsigned i = 0; i < 60; i++) {
			ops[unit_below(ARRAY_SIZE(ops))]((unsigned)unit_below(N_FILES));
			if (unit_below(20) == 0)
				host_drop_caches(sb);
		}
		compare();
		dirs_close();
		host_unmount(sb);
		if (!fat_fsck(path))
			unit_fail(__FILE__, __LINE__, "round %u of %s", round, args);
		CHECK_EQ(host_mount(path, "vfat", 0, "", &sb), 0);
	}
	host_unmount(sb);
}

TEST(fat12) { run("-F 12 -s 1 -f 2", 1900, 12); }
TEST(fat12_one_fat) { run("-F 12 -s 2 -f 1", 2200, 8); }
TEST(fat16) { run("-F 16 -s 1 -f 2", 9000, 8); }
TEST(fat32) { run("-F 32 -s 1 -f 2", 36000, 8); }
TEST(fat32_large) { run("-F 32 -s 16", 600000, 4); }
