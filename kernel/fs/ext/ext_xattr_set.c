/*
 * fs/ext/ext_xattr_set.c - extended attributes, changing.
 *
 * A change builds both places anew in memory: the inode's area without the name, the block without
 * it, and the new value in the first that has room. Then the block is written (to a place of its
 * own if others share the old one), then the inode's area. What does not fit leaves no trace.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_ordered.h"
#include "fs/ext/ext_super.h"
#include "fs/ext/ext_xattr.h"

#include "abi/xattr.h"
#include "lib/bitops.h"
#include "lib/string.h"
#include "mm/slab.h"

/* An area under construction, in plain memory. */
struct draft {
	struct ext_xattr_area a;
	u32 end;	/* of the entries: the zero word's place */
	u32 low;	/* lowest value */
	u32 n;		/* entries */
};

static u32 entry_hash(const struct ext_xattr_entry *e, const u8 *value)
{
	u32 hash = 0, word;

	for (u32 i = 0; i < e->name_len; i++)
		hash = rol32(hash, 5) ^ (u8)e->name[i];
	for (u32 i = 0; i < e->value_size; i += 4) {
		word = 0;
		memcpy(&word, value + i, min(4u, e->value_size - i));
		hash = rol32(hash, 16) ^ word;
	}
	return hash;
}

static int entry_compare(const struct ext_xattr_entry *e, const struct ext_xattr_name *name)
{
	if (e->name_index != name->index)
		return (int)e->name_index - name->index;
	if (e->name_len != name->length)
		return (int)e->name_len - name->length;
	return memcmp(e->name, name->text, name->length);
}

/*
 * Enters an attribute in order: 0 or -ENOSPC. `inum`: an inode that holds the value, kept as it
 * is.
 */
static int draft_insert(struct draft *d, const struct ext_xattr_name *name, const void *value,
			u32 size, u32 inum, u32 hash)
{
	u32 len = EXT_XATTR_LEN(name->length), room = inum ? 0 : EXT_XATTR_PAD(size);
	struct ext_xattr_entry *e;

	if (!d->a.base || d->end + len + sizeof(u32) + room > d->low)
		return -ENOSPC;
	for (e = ext_xattr_first(&d->a); !ext_xattr_is_last(e); e = ext_xattr_next(e))
		if (entry_compare(e, name) > 0)
			break;
	memmove((u8 *)e + len, e, d->end + sizeof(u32) - (u32)((u8 *)e - d->a.base));
	memset(e, 0, len);
	e->name_index = name->index;
	e->name_len = name->length;
	e->value_inum = inum;
	e->value_size = size;
	memcpy(e->name, name->text, name->length);
	e->hash = inum ? hash : entry_hash(e, value);
	if (room) {
		d->low -= room;
		memset(d->a.base + d->low, 0, room);
		memcpy(d->a.base + d->low, value, size);
		e->value_offs = (u16)(d->low - d->a.values);
	}
	d->end += len;
	d->n++;
	return 0;
}

/* An empty draft shaped like `a`. */
static int draft_init(struct draft *d, const struct ext_xattr_area *a)
{
	d->a = *a;
	d->a.base = kzalloc(a->size, MM_WAIT | MM_NOFS);
	d->end = a->entries;
	d->low = a->size;
	d->n = 0;
	return d->a.base ? 0 : -ENOMEM;
}

/* Copies all attributes of `from` but `skip`; *had: whether that one was there. */
static int draft_copy(struct inode *inode, struct draft *d, const struct ext_xattr_area *from,
		      const struct ext_xattr_name *skip, bool *had)
{
	const struct ext_xattr_entry *e;

	for (e = ext_xattr_first(from); !ext_xattr_is_last(e); e = ext_xattr_next(e)) {
		struct ext_xattr_name name = { e->name_index, e->name_len, e->name };

		if (entry_compare(e, skip) == 0)
			*had = true;
		else if (draft_insert(d, &name, from->base + from->values + e->value_offs,
				      e->value_size, e->value_inum, e->hash))
			return ext_inode_error(inode, "values of attributes overlap");
	}
	return 0;
}

struct change {
	struct inode *inode;
	struct ext_xattr_name name;
	struct ext_xattr_area in_inode, in_block;
	struct draft inode_draft, block_draft;
	bool had;		/* the attribute was there */
	bool had_block;
};

static int change_open(struct change *c)
{
	struct ext_fs *fs = ext_fs_of(c->inode);
	bool found;
	int err = ext_xattr_open_inode(c->inode, &c->in_inode, &found);

	if (!err && c->in_inode.base)
		err = draft_init(&c->inode_draft, &c->in_inode);
	if (!err && found)
		err = draft_copy(c->inode, &c->inode_draft, &c->in_inode, &c->name, &c->had);
	if (err)
		return err;
	err = ext_xattr_open_block(c->inode, &c->in_block, &c->had_block);
	if (err)
		return err;
	if (!c->had_block) {
		c->in_block.size = fs->geo.block_size;
		c->in_block.entries = sizeof(struct ext_xattr_header);
		c->in_block.values = 0;
	}
	err = draft_init(&c->block_draft, &c->in_block);
	if (!err && c->had_block)
		err = draft_copy(c->inode, &c->block_draft, &c->in_block, &c->name, &c->had);
	return err;
}

static void change_close(struct change *c)
{
	ext_xattr_area_close(&c->in_inode);
	ext_xattr_area_close(&c->in_block);
	kfree(c->inode_draft.a.base);
	kfree(c->block_draft.a.base);
}

static void block_finish(struct draft *d)
{
	struct ext_xattr_header *h = (void *)d->a.base;
	const struct ext_xattr_entry *e;
	u32 hash = 0;

	for (e = ext_xattr_first(&d->a); !ext_xattr_is_last(e); e = ext_xattr_next(e)) {
		if (e->hash == 0) {
			hash = 0;
			break;
		}
		hash = rol32(hash, 16) ^ e->hash;
	}
	*h = (struct ext_xattr_header){ .magic = EXT_XATTR_MAGIC, .refcount = 1, .blocks = 1,
					.hash = hash };
}

static void blocks_add(struct inode *inode, s64 change)
{
	s64 sectors = change * (ext_fs_of(inode)->geo.block_size >> 9);

	inode->blocks =
		sectors < 0 && inode->blocks < (u64)-sectors ? 0 : inode->blocks + (u64)sectors;
}

/* The inode gives up its block of attributes, open in `a`. */
static int block_release(struct inode *inode, struct ext_xattr_area *a)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);
	struct ext_xattr_header *h = (void *)a->base;
	u64 block = ext_xattr_block_number(ei);
	bool shared = h->refcount > 1;
	int err = 0;

	if (shared) {
		h->refcount--;
		ext_csum_xattr_block_set(&fs->geo, block, h);
		ext_block_dirty(fs, &a->b);
	}
	ext_xattr_area_close(a);
	if (!shared)
		err = ext_blocks_free(fs, block, 1, true);
	ei->file_acl = ei->file_acl_hi = 0;
	blocks_add(inode, -1);
	return err;
}

/* A block of its own for the draft, filled. */
static int block_create(struct inode *inode, const struct draft *d)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);
	struct bblock b;
	u64 block;
	u32 got;
	int err = ext_blocks_alloc(ei, ext_goal_for_inode(ei), 1, true, &block, &got);

	if (err)
		return err;
	err = bcache_get_new(fs->dev, block, fs->geo.block_size, &b);
	if (err) {
		ext_blocks_free(fs, block, 1, true);
		return err;
	}
	memcpy(b.data, d->a.base, b.size);
	ext_csum_xattr_block_set(&fs->geo, block, b.data);
	ext_block_dirty(fs, &b);
	bcache_put(&b);
	ext_order_add_node(inode);
	ei->file_acl = (u32)block;
	ei->file_acl_hi = (u32)(block >> 32);
	blocks_add(inode, 1);
	return 0;
}

static void feature_ext_attr(struct ext_fs *fs)
{
	if (fs->super->feature_compat & EXT_COMPAT_EXT_ATTR)
		return;
	mutex_lock(&fs->super_lock);
	fs->super->feature_compat |= EXT_COMPAT_EXT_ATTR;
	ext_super_dirty(fs);
	mutex_unlock(&fs->super_lock);
}

static int change_commit_block(struct change *c)
{
	struct inode *inode = c->inode;
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);
	struct ext_xattr_area old = c->in_block;
	u32 lo = ei->file_acl, hi = ei->file_acl_hi;
	int err;

	if (c->block_draft.n == 0) {
		if (c->had_block)
			block_release(inode, &c->in_block);
		return 0;
	}
	block_finish(&c->block_draft);
	if (c->had_block && ((struct ext_xattr_header *)old.base)->refcount == 1) {
		memcpy(old.base, c->block_draft.a.base, old.size);
		ext_csum_xattr_block_set(&fs->geo, ext_xattr_block_number(ei), old.base);
		ext_block_dirty(fs, &c->in_block.b);
		return 0;
	}
	err = block_create(inode, &c->block_draft);
	if (err)
		return err;
	if (c->had_block) {
		u32 new_lo = ei->file_acl, new_hi = ei->file_acl_hi;

		ei->file_acl = lo;
		ei->file_acl_hi = hi;
		block_release(inode, &c->in_block);
		ei->file_acl = new_lo;
		ei->file_acl_hi = new_hi;
	}
	feature_ext_attr(fs);
	return 0;
}

static void change_commit_inode(struct change *c)
{
	struct ext_xattr_area *a = &c->in_inode;
	u32 start;

	if (!a->base)
		return;
	start = a->entries - (u32)sizeof(u32);
	memcpy(a->base + a->entries, c->inode_draft.a.base + a->entries, a->size - a->entries);
	*(u32 *)(a->base + start) = c->inode_draft.n ? EXT_XATTR_MAGIC : 0;
	if (c->inode_draft.n)
		feature_ext_attr(ext_fs_of(c->inode));
	ext_csum_inode_set(&ext_fs_of(c->inode)->geo, (u32)c->inode->ino, (void *)a->base);
	ext_block_dirty(ext_fs_of(c->inode), &a->b);
}

/* map_lock held for writing. `value` NULL removes. */
static int change_apply(struct change *c, const void *value, u32 size, int flags)
{
	int err = change_open(c);

	if (err)
		return err;
	if (!c->had && (!value || flags & XATTR_REPLACE))
		return -ENODATA;
	if (c->had && flags & XATTR_CREATE)
		return -EEXIST;
	if (value) {
		err = draft_insert(&c->inode_draft, &c->name, value, size, 0, 0);
		if (err)
			err = draft_insert(&c->block_draft, &c->name, value, size, 0, 0);
	}
	if (!err)
		err = change_commit_block(c);
	if (!err)
		change_commit_inode(c);
	return err;
}

static int xattr_change(struct inode *inode, const struct ext_xattr_name *name, const void *value,
			size_t size, int flags)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_inode *ei = ext_i(inode);
	struct change *c;
	int err;

	if (!READ_ONCE(fs->writable))
		return -EROFS;
	if (size > fs->geo.block_size)
		return -ENOSPC;
	c = kzalloc(sizeof(*c), MM_WAIT | MM_NOFS);
	if (!c)
		return -ENOMEM;
	c->inode = inode;
	c->name = *name;
	err = ext_begin(fs, ext_credits_xattr());
	if (err)
		goto out;
	/* The raw inode must be ours before its attribute area is. */
	if (ei->fresh)
		err = ext_inode_begin(inode);
	if (!err) {
		rwsem_write(&ei->map_lock);
		err = change_apply(c, value, (u32)size, flags);
		change_close(c);
		rwsem_write_end(&ei->map_lock);
	}
	if (!err)
		inode_touch(inode, ATTR_CTIME);
	err = ext_end_saving(fs, err, inode, NULL);
out:
	kfree(c);
	return err;
}

int ext_xattr_change(struct inode *inode, const struct ext_xattr_name *name, const void *value,
		     size_t size, int flags)
{
	unsigned tries = 0;
	int err;

	do
		err = xattr_change(inode, name, value, size, flags);
	while (ext_retry(ext_fs_of(inode), err, &tries));
	return err;
}

int ext_setxattr(struct inode *inode, const char *name, const void *value, size_t size, int flags)
{
	struct ext_xattr_name n;
	int err = ext_xattr_split_name(inode, name, &n);

	return err ? err : ext_xattr_change(inode, &n, value ? value : "", size, flags);
}

int ext_removexattr(struct inode *inode, const char *name)
{
	struct ext_xattr_name n;
	int err = ext_xattr_split_name(inode, name, &n);

	return err ? err : ext_xattr_change(inode, &n, NULL, 0, 0);
}

int ext_xattr_delete(struct inode *inode)
{
	struct ext_inode *ei = ext_i(inode);
	struct ext_xattr_area a;
	bool found;
	int err;

	if (!ext_xattr_block_number(ei))
		return 0;
	rwsem_write(&ei->map_lock);
	err = ext_xattr_open_block(inode, &a, &found);
	if (!err)
		err = block_release(inode, &a);
	rwsem_write_end(&ei->map_lock);
	return err;
}
