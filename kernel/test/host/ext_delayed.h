/*
 * test/host/ext_delayed.h - what the tests of delayed blocks share: an ext4 that is mounted, what
 * is written to it, and that nothing is promised any more at the end.
 */
#ifndef TEST_HOST_EXT_DELAYED_H
#define TEST_HOST_EXT_DELAYED_H

#include "test/host/ext_files.h"

#include "fs/ext/ext_delayed.h"

static struct superblock *sb;
static struct ext_fs *fs;
static const char *path;
static u8 data[1 << 20];

static inline void begin(const char *format, unsigned mib, const char *options)
{
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 2654435761u >> 13 | 1);
	path = host_mkfs("delayed.img", mib, format);
	CHECK_EQ(host_mount(path, "ext4", 0, options, &sb), 0);
	fs = sb->data;
}

/* Nothing is promised any more, and nothing wrong. */
static inline void end(void)
{
	CHECK_EQ(host_sync(sb), 0);
	CHECK_EQ((u64)fs->free_blocks, (u64)fs->unused_blocks);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

static inline void check_contents(struct inode *inode, s64 at, size_t n)
{
	u8 *buf = malloc(n);

	CHECK_EQ(host_read(inode, buf, n, at), n);
	CHECK(memcmp(buf, data, n) == 0);
	free(buf);
}

/* The whole file from the disk. */
static inline void check_on_disk(const char *name, s64 at, size_t n)
{
	struct inode *inode;

	host_drop_caches(sb);
	CHECK_EQ(host_lookup(sb->root_inode, name, &inode), 0);
	check_contents(inode, at, n);
	inode_put(inode);
}

#endif
