/*
 * fs/ext/ext_xattr.h - extended attributes, access control lists among them: the calls, and the
 * areas that hold attributes as the reading and the writing side see them.
 */
#pragma once

#include "fs/ext/ext_int.h"

/* ext_xattr.c, ext_xattr_set.c */
ssize_t ext_getxattr(struct inode *inode, const char *name, void *value, size_t size);
int ext_setxattr(struct inode *inode, const char *name, const void *value, size_t size, int flags);
ssize_t ext_listxattr(struct inode *inode, char *list, size_t size);
int ext_removexattr(struct inode *inode, const char *name);
/* ext_acl.c */
/* Whether a raw inode, which ei was filled from, may have access control lists. */
bool ext_acl_possible(const struct ext_inode *ei, const struct ext_raw_inode *raw);
/* Reads them, of an inode that is new in memory: 0 or -ENOMEM. */
int must_check ext_acl_load(struct inode *inode);
/* inode_ops.set_acl */
int ext_set_acl(struct inode *inode, bool deflt, const struct acl_entry *e, u32 n);
/* ext_xattr_set.c */
/* The inode goes: its share of a block of attributes, too. */
int must_check ext_xattr_delete(struct inode *inode);

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
