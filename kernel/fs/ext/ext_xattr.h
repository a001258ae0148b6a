/*
 * fs/ext/ext_xattr.h - areas of extended attributes, as the reading and the writing side see them.
 */
#pragma once

#include "fs/ext/ext_int.h"

/*
 * A place that holds attributes: entries grow up from `entries`, ended by a zero word, values lie
 * below `size`; their offsets count from `values`. In an inode behind its fields, or a block.
 */
struct ext_xattr_area {
	u8 *base;	/* NULL: there is none */
	u32 size;
	u32 entries;
	u32 values;
	struct bblock b;
};

/* A name without its prefix. Those of access control lists have an index alone. */
struct ext_xattr_name { u8 index; u8 length; const char *text; };

/* ext_getxattr(), ext_setxattr() and, `value` NULL, ext_removexattr() with a name taken apart. */
ssize_t ext_xattr_get(struct inode *inode, const struct ext_xattr_name *name, void *value,
		size_t size);
int ext_xattr_change(struct inode *inode, const struct ext_xattr_name *name, const void *value,
		size_t size, int flags);

/* 0, -EOPNOTSUPP (unknown prefix), -ERANGE (too long), -EINVAL (empty). */
int must_check ext_xattr_split_name(const struct inode *inode, const char *name,
		struct ext_xattr_name *out);
/*
 * The areas of an inode, checked; map_lock held. *found: whether it has attributes; close with
 * ext_xattr_area_close() when base is not NULL. 0, -EIO, -ENOMEM.
 */
int must_check ext_xattr_open_inode(struct inode *inode, struct ext_xattr_area *a, bool *found);
int must_check ext_xattr_open_block(struct inode *inode, struct ext_xattr_area *a, bool *found);
void ext_xattr_area_close(struct ext_xattr_area *a);
/* The entry of that name, or NULL. The area was checked. */
struct ext_xattr_entry *ext_xattr_find(const struct ext_xattr_area *a,
		const struct ext_xattr_name *name);

static inline struct ext_xattr_entry *ext_xattr_first(const struct ext_xattr_area *a)
{
	return (void *)(a->base + a->entries);
}

static inline bool ext_xattr_is_last(const struct ext_xattr_entry *e)
{
	return *(const u32 *)e == 0;
}

static inline struct ext_xattr_entry *ext_xattr_next(const struct ext_xattr_entry *e)
{
	return (void *)((u8 *)e + EXT_XATTR_LEN(e->name_len));
}

static inline u64 ext_xattr_block_number(const struct ext_inode *ei)
{
	return ei->file_acl | (u64)ei->file_acl_hi << 32;
}
