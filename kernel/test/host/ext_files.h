/*
 * test/host/ext_files.h - what the tests of files on ext share: an image, files on it, and contents
 * that follow from a number and the place.
 */
#ifndef TEST_HOST_EXT_FILES_H
#define TEST_HOST_EXT_FILES_H

#include "test/host/ext_host.h"

#include "fs/ext/ext_map.h"

static const unsigned block_sizes[] = { 1024, 2048, 4096 };

static inline const char *mkfs(unsigned block_size, unsigned mib, const char *more)
{
	char args[200];

	lib_snprintf(args, sizeof(args), "-t ext2 -b %u %s", block_size, more);
	return host_mkfs("files.img", mib, args);
}

/* A byte that depends on where it is. */
static inline u8 pattern(u64 seed, u64 at)
{
	return (u8)((seed * 31 + at) * 2654435761u >> 13);
}

static inline void fill(u8 *buf, size_t n, u64 seed, u64 at)
{
	for (size_t i = 0; i < n; i++)
		buf[i] = pattern(seed, at + i);
}

static inline bool matches(const u8 *buf, size_t n, u64 seed, u64 at)
{
	for (size_t i = 0; i < n; i++)
		if (buf[i] != pattern(seed, at + i))
			return false;
	return true;
}

static inline void write_pattern(struct inode *inode, u64 seed, u64 at, size_t n)
{
	u8 *buf = malloc(n);

	fill(buf, n, seed, at);
	CHECK_EQ(host_write(inode, buf, n, (s64)at), n);
	free(buf);
}

static inline void check_pattern(struct inode *inode, u64 seed, u64 at, size_t n)
{
	u8 *buf = malloc(n);

	CHECK_EQ(host_read(inode, buf, n, (s64)at), n);
	CHECK(matches(buf, n, seed, at));
	free(buf);
}

static inline void check_zero(struct inode *inode, u64 at, size_t n)
{
	u8 *buf = malloc(n);

	CHECK_EQ(host_read(inode, buf, n, (s64)at), n);
	CHECK(mem_is_all(buf, 0, n));
	free(buf);
}

static inline struct superblock *mount(const char *path)
{
	struct superblock *sb;

	CHECK_EQ(host_mount(path, "ext2", 0, "", &sb), 0);
	return sb;
}

static inline struct inode *create(struct superblock *sb, const char *name)
{
	struct inode *inode = NULL;

	CHECK_EQ(host_create(sb->root_inode, name, 0644, &inode), 0);
	return inode;
}

static inline struct inode *lookup(struct superblock *sb, const char *name)
{
	struct inode *inode = NULL;

	CHECK_EQ(host_lookup(sb->root_inode, name, &inode), 0);
	return inode;
}

/* How many runs a file's blocks are in. */
static inline unsigned count_runs(struct inode *inode)
{
	u64 n = DIV_ROUND_UP((u64)inode->size, inode->sb->block_size), at = 0, expected = 0;
	struct ext_run run;
	unsigned runs = 0;

	while (at < n && ext_map(inode, at, ~0u, &run) == 0) {
		runs += run.block && run.block != expected;
		expected = run.block + run.count;
		at += run.count;
	}
	return runs;
}

static inline u64 free_blocks(struct superblock *sb)
{
	struct abi_statfs st = { 0 };

	CHECK_EQ(sb->ops->statfs(sb, &st), 0);
	return st.f_bfree;
}

#endif
