/*
 * Without a journal: what leads to a block is written after the block's contents, whoever writes
 * buffers before. A disk that was full of another's file is copied as a power cut leaves it, and
 * repaired by e2fsck.
 */
#include "test/host/ext_host.h"

#include "dev/bcache.h"

#define OLD	"what another had"
#define NEW	"what is its own!"
#define LINE	(sizeof(OLD) - 1)

static struct superblock *sb;
static char path[300];

static void write_lines(struct inode *inode, const char *line, u64 at, u64 n)
{
	static char buf[65536];

	for (u64 i = 0; i < sizeof(buf); i += LINE)
		memcpy(buf + i, line, LINE);
	for (u64 part; n; at += part, n -= part) {
		ssize_t got;

		part = min(n, (u64)sizeof(buf));
		got = host_write(inode, buf, part, (s64)at);
		CHECK(got > 0 || got == -ENOSPC);
		if (got != (ssize_t)part)
			return;
	}
}

/* Mounted, with a file in pieces that is stable, and free blocks that were another's. */
static struct inode *begin(const char *type, const char *args)
{
	struct inode *inode, *other;
	char all[200];
	u32 size;

	lib_snprintf(all, sizeof(all), "-m 0 %s", args);
	strlcpy(path, host_mkfs("order.img", 3, all), sizeof(path));
	CHECK_EQ(host_mount(path, type, 0, "", &sb), 0);
	size = sb->block_size;
	CHECK_EQ(host_create(sb->root_inode, "file", 0644, &inode), 0);
	for (u32 i = 0; i <= 20; i += 2)
		write_lines(inode, NEW, (u64)i * size, size);
	CHECK_EQ(host_create(sb->root_inode, "other", 0644, &other), 0);
	write_lines(other, OLD, 0, 4 << 20);
	CHECK_EQ(host_sync(sb), 0);
	inode_put(other);
	CHECK_EQ(host_unlink(sb->root_inode, "other"), 0);
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(bcache_sync(sb->dev), 0);
	return inode;
}

static void end(struct inode *inode)
{
	inode_put(inode);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

/* What the file would have after a power cut: how many lines of one kind. */
static unsigned lines_after_cut(const char *line)
{
	char name[320];
	char *data;
	size_t size;
	unsigned n = 0;

	CHECK_EQ(host_run("cp '%s' '%s.cut' && { e2fsck -fy '%s.cut' >'%s.log' 2>&1; "
			  "test $? -le 1 || { cat '%s.log'; exit 1; }; } && "
			  "debugfs -R 'dump /file %s.out' '%s.cut' 2>/dev/null",
			  path, path, path, path, path, path, path), 0);
	lib_snprintf(name, sizeof(name), "%s.out", path);
	data = unit_read_file(name, &size);
	for (size_t at = 0; data && at + LINE <= size; at += LINE)
		n += memcmp(data + at, line, LINE) == 0;
	free(data);
	return n;
}

static unsigned n_pinned(void)
{
	return ((struct ext_fs *)sb->data)->n_pinned;
}

/* In a hole, and behind the end; both of them blocks whose place in the map the disk has. */
static void grow(struct inode *inode)
{
	write_lines(inode, NEW, 15 * sb->block_size, sb->block_size);
	write_lines(inode, NEW, 21 * sb->block_size, 4 * sb->block_size);
}

static void old_owner(const char *type, const char *args, const char *options)
{
	struct inode *inode = begin(type, args);
	unsigned per = sb->block_size / (unsigned)LINE;

	CHECK_EQ(sb->ops->remount(sb, 0, options), 0);
	CHECK_EQ(lines_after_cut(NEW), 11 * per);
	grow(inode);
	CHECK_EQ(n_pinned(), 1);
	CHECK_EQ(bcache_sync(sb->dev), 0); /* as another's fsync(2) does */
	CHECK_EQ(lines_after_cut(OLD), 0);
	CHECK_EQ(lines_after_cut(NEW), 11 * per);
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(n_pinned(), 0);
	CHECK_EQ(lines_after_cut(OLD), 0);
	CHECK_EQ(lines_after_cut(NEW), 16 * per);
	end(inode);
}

TEST(old_owner_is_not_seen)
{
	old_owner("ext2", "-t ext2 -b 1024", "");
	old_owner("ext2", "-t ext2 -b 4096", "");
	old_owner("ext4", "-t ext4 -b 1024 -O ^has_journal", "nodelalloc");
	old_owner("ext4", "-t ext4 -b 4096 -O ^has_journal", "nodelalloc");
}

/* The inode's turn has come, as in the middle of an fsync(2), and before the end of that the file
 * grows again. */
static void grown_again(const char *type, const char *args)
{
	struct inode *inode = begin(type, args);
	unsigned per = sb->block_size / (unsigned)LINE;

	CHECK_EQ(sb->ops->remount(sb, 0, strcmp(type, "ext4") ? "" : "nodelalloc"), 0);
	grow(inode);
	CHECK_EQ(sb->ops->inode_write(inode, false), 0);
	CHECK_EQ(n_pinned(), 0);
	write_lines(inode, NEW, 30 * sb->block_size, sb->block_size);
	CHECK_EQ(n_pinned(), 1);
	CHECK_EQ(bcache_sync(sb->dev), 0);
	CHECK_EQ(lines_after_cut(OLD), 0);
	CHECK_EQ(lines_after_cut(NEW), 16 * per);
	end(inode);
}

TEST(grown_again_is_stable)
{
	grown_again("ext2", "-t ext2 -b 1024");
	grown_again("ext4", "-t ext4 -b 1024 -O ^has_journal");
}

/* What was pinned is let go by a truncation that frees it, and by the end of the file. */
static void gone(const char *type, const char *args)
{
	struct inode *inode = begin(type, args);

	CHECK_EQ(sb->ops->remount(sb, 0, strcmp(type, "ext4") ? "" : "nodelalloc"), 0);
	grow(inode);
	CHECK_EQ(n_pinned(), 1);
	CHECK_EQ(host_truncate(inode, 18 * sb->block_size), 0);
	CHECK_EQ(n_pinned(), 1); /* it is still a node */
	CHECK_EQ(host_truncate(inode, 3 * sb->block_size), 0);
	CHECK_EQ(n_pinned(), strcmp(type, "ext4") ? 0 : 1);
	CHECK_EQ(host_truncate(inode, 0), 0);
	CHECK_EQ(n_pinned(), 0);
	for (u32 i = 0; i <= 20; i += 2)
		write_lines(inode, NEW, (u64)i * sb->block_size, sb->block_size);
	CHECK_EQ(n_pinned(), 0); /* all are new */
	CHECK_EQ(host_sync(sb), 0);
	grow(inode);
	CHECK_EQ(n_pinned(), 1);
	CHECK_EQ(host_unlink(sb->root_inode, "file"), 0);
	inode_put(inode);
	CHECK_EQ(n_pinned(), 0);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(truncated_and_removed)
{
	gone("ext2", "-t ext2 -b 1024");
	gone("ext4", "-t ext4 -b 1024 -O ^has_journal");
}

/* A new node below one that the disk has: on the disk before that one leads to it. */
TEST(node_below_a_node)
{
	struct inode *inode;
	u32 per_node, size;

	strlcpy(path, host_mkfs("order.img", 8, "-t ext2 -b 1024"), sizeof(path));
	CHECK_EQ(host_mount(path, "ext2", 0, "", &sb), 0);
	size = sb->block_size;
	per_node = size / 4;
	CHECK_EQ(host_create(sb->root_inode, "file", 0644, &inode), 0);
	write_lines(inode, NEW, (12 + per_node) * size, size); /* the first below a double */
	CHECK_EQ(host_sync(sb), 0);
	write_lines(inode, NEW, (12 + 2 * per_node) * size, size);
	CHECK_EQ(n_pinned(), 1);
	CHECK_EQ(bcache_sync(sb->dev), 0);
	CHECK_EQ(lines_after_cut(NEW), size / LINE);
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(lines_after_cut(NEW), 2 * size / LINE);
	end(inode);
}

/* No more than a limit is held back; and all is let go. */
TEST(many_nodes)
{
	const u64 apart = 256 * 1024;
	struct inode *inode;

	strlcpy(path, host_mkfs("order.img", 24, "-t ext2 -b 1024 -N 64"), sizeof(path));
	CHECK_EQ(host_mount(path, "ext2", 0, "", &sb), 0);
	CHECK_EQ(host_create(sb->root_inode, "file", 0644, &inode), 0);
	for (u64 i = 0; i < 4200; i++)
		write_lines(inode, NEW, i * apart + 65536, 1024);
	CHECK_EQ(n_pinned(), 0);
	CHECK_EQ(host_sync(sb), 0);
	for (u64 i = 0; i < 4200; i++)
		write_lines(inode, NEW, i * apart + 131072, 1024);
	CHECK_EQ(n_pinned(), 4096);
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ(n_pinned(), 0);
	end(inode);
}

/* How many of the names a power cut would leave in a directory. */
static unsigned names_after_cut(void)
{
	char name[320];
	char *list;
	size_t size;
	unsigned n = 0;

	CHECK_EQ(lines_after_cut(OLD), 0);
	CHECK_EQ(host_run("debugfs -R 'ls -p /dir' '%s.cut' 2>/dev/null | grep -o 'name-[0-9]*' | "
			  "sort -u >'%s.out'", path, path), 0);
	lib_snprintf(name, sizeof(name), "%s.out", path);
	list = unit_read_file(name, &size);
	for (size_t at = 0; list && at < size; at++)
		n += list[at] == '\n';
	free(list);
	return n;
}

/* Names are added to a stable directory, whose blocks are written by somebody else after each. */
static void names_move(const char *type, const char *args)
{
	struct inode *inode = begin(type, args), *dir, *child;
	unsigned stable = 10, n = 0;

	CHECK_EQ(host_mkdir(sb->root_inode, "dir", 0755, &dir), 0);
	while (n < 150) {
		char name[32];

		lib_snprintf(name, sizeof(name), "name-%u", n);
		CHECK_EQ(host_create(dir, name, 0644, &child), 0);
		inode_put(child);
		if (++n % stable)
			continue;
		CHECK_EQ(bcache_sync(sb->dev), 0);
		CHECK(names_after_cut() >= n - stable);
		CHECK_EQ(host_sync(sb), 0);
		CHECK_EQ(names_after_cut(), n);
	}
	inode_put(dir);
	end(inode);
}

TEST(names_that_move)
{
	names_move("ext2", "-t ext2 -b 1024 -O dir_index");
	names_move("ext4", "-t ext4 -b 1024 -O ^has_journal");
}
