/*
 * fs/ext/ext_inline.c - contents that live in the inode (ext4's inline_data), for reading.
 *
 * The first 60 bytes are in i_block, the rest is the value of the attribute system.data in the
 * inode's own attribute area. A directory has its parent's number in the first four bytes, then
 * entries up to the end of i_block, then entries that fill the attribute's value; "." and ".." are
 * not stored.
 */
#include "fs/ext/ext_dir.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_map.h"

#include "lib/string.h"
#include "mm/slab.h"

/*
 * The attribute area of a raw inode, from behind its magic number: its offset, or 0 if there is
 * none.
 */
static u32 inline_area(const struct ext_geo *geo, const struct ext_raw_inode *raw)
{
	u32 at;

	if (geo->inode_size <= EXT_INODE_SIZE_OLD)
		return 0;
	at = EXT_INODE_SIZE_OLD + raw->extra_isize;
	if (at & 3 || at + sizeof(u32) > geo->inode_size ||
	    *(const u32 *)((const u8 *)raw + at) != EXT_XATTR_MAGIC)
		return 0;
	return at + (u32)sizeof(u32);
}

/*
 * The value of system.data: its offset in the raw inode and *size, or 0. -EIO if the area is
 * damaged.
 */
static int inline_value(struct inode *inode, const struct ext_raw_inode *raw, u32 *size)
{
	const struct ext_geo *geo = &ext_fs_of(inode)->geo;
	u32 area = inline_area(geo, raw), at = area;
	const char *why;

	*size = 0;
	if (!area)
		return 0;
	why = ext_check_xattrs(raw, geo->inode_size, area, area);
	if (why)
		return ext_inode_error(inode, "%s", why);
	for (;;) {
		const struct ext_xattr_entry *e = (const void *)((const u8 *)raw + at);

		if (*(const u32 *)e == 0)
			return 0;
		if (e->name_index == EXT_XATTR_SYSTEM && e->name_len == 4 &&
		    memcmp(e->name, "data", 4) == 0 && !e->value_inum) {
			*size = e->value_size;
			return (int)(area + e->value_offs);
		}
		at += EXT_XATTR_LEN(e->name_len);
	}
}

ssize_t ext_inline_read(struct inode *inode, void *buf, size_t size)
{
	struct ext_raw_inode *raw;
	size_t n, m;
	struct bblock b;
	u32 length;
	int at;
	int err = ext_raw_get(ext_fs_of(inode), (u32)inode->ino, &b, &raw);

	if (err)
		return err;
	at = inline_value(inode, raw, &length);
	if (at < 0) {
		bcache_put(&b);
		return at;
	}
	n = min(size, (size_t)EXT_INLINE_BYTES);
	memcpy(buf, raw->block, n);
	m = min(size - n, (size_t)length);
	memcpy((u8 *)buf + n, (const u8 *)raw + at, m);
	bcache_put(&b);
	return (ssize_t)(n + m);
}

static u32 dot_put(u8 *block, u32 at, u32 ino, const char *name, u8 length)
{
	struct ext_dirent *de = (void *)(block + at);

	de->inode = ino;
	de->rec_len = 12;
	de->name_len = length;
	de->type = EXT_FT_DIR;
	memcpy(de->name, name, 4);
	return at + 12;
}

int ext_dir_inline_block(struct inode *dir, void **block, u32 *size)
{
	const struct ext_geo *geo = &ext_fs_of(dir)->geo;
	u32 room = 20 + geo->inode_size, at;
	u8 *p = kzalloc(room, MM_WAIT | MM_NOFS);
	u32 parent;
	ssize_t n;

	if (!p)
		return -ENOMEM;
	/* The contents begin with the parent, where the last four bytes of ".." will be. */
	n = ext_inline_read(dir, p + 20, room - 20);
	if (n < 0) {
		kfree(p);
		return (int)n;
	}
	memcpy(&parent, p + 20, sizeof(parent));
	at = dot_put(p, 0, (u32)dir->ino, ".\0\0", 1);
	dot_put(p, at, parent, "..\0", 2);
	*block = p;
	*size = 20 + (u32)n;
	return 0;
}
