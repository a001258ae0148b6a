/*
 * fs/ext/ext_xattr.c - extended attributes, reading (xattr(7)).
 *
 * They live behind the fields of an inode larger than 128 bytes, and in one block besides, which
 * several inodes may share. A name's prefix is a number. With ea_inode a large value is the
 * contents of an inode of its own. map_lock guards both places.
 */
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_super.h"
#include "fs/ext/ext_xattr.h"

#include "abi/stat.h"
#include "lib/string.h"

static const struct { u8 index; const char *text; } prefixes[] = {
	{ EXT_XATTR_USER, "user." },
	{ EXT_XATTR_TRUSTED, "trusted." },
	{ EXT_XATTR_SECURITY, "security." },
};

/* Whether the mount shows no attributes of that kind. */
static bool prefix_hidden(const struct inode *inode, u8 index)
{
	return index == EXT_XATTR_USER && READ_ONCE(ext_fs_of(inode)->opt.no_user_xattr);
}

int ext_xattr_split_name(const struct inode *inode, const char *name, struct ext_xattr_name *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t n;

		if (!str_starts_with(name, prefixes[i].text))
			continue;
		if (prefix_hidden(inode, prefixes[i].index))
			break;
		out->index = prefixes[i].index;
		out->text = name + strlen(prefixes[i].text);
		n = strlen(out->text);
		if (n == 0)
			return -EINVAL;
		if (n > EXT_NAME_MAX)
			return -ERANGE;
		out->length = (u8)n;
		return 0;
	}
	return -EOPNOTSUPP;
}

int ext_xattr_open_inode(struct inode *inode, struct ext_xattr_area *a, bool *found)
{
	const struct ext_geo *geo = &ext_fs_of(inode)->geo;
	u32 at = EXT_INODE_SIZE_OLD + ext_i(inode)->extra_isize;
	struct ext_raw_inode *raw;
	const char *why;
	int err;

	a->base = NULL;
	*found = false;
	if (ext_i(inode)->extra_isize == 0 || at + 2 * sizeof(u32) > geo->inode_size)
		return 0;
	err = ext_raw_get(ext_fs_of(inode), (u32)inode->ino, &a->b, &raw);
	if (err)
		return err;
	a->base = (u8 *)raw;
	a->size = geo->inode_size;
	a->entries = a->values = at + (u32)sizeof(u32);
	*found = *(const u32 *)(a->base + at) == EXT_XATTR_MAGIC;
	if (!*found)
		return 0;
	why = ext_check_xattrs(a->base, a->size, a->entries, a->values);
	if (!why)
		return 0;
	ext_xattr_area_close(a);
	return ext_inode_error(inode, "%s", why);
}

int ext_xattr_open_block(struct inode *inode, struct ext_xattr_area *a, bool *found)
{
	struct ext_fs *fs = ext_fs_of(inode);
	u64 block = ext_xattr_block_number(ext_i(inode));
	const struct ext_xattr_header *h;
	const char *why = NULL;
	int err;

	a->base = NULL;
	*found = false;
	if (!block)
		return 0;
	if (!ext_blocks_valid(&fs->geo, block, 1) || ext_overlaps_metadata(fs, block, 1))
		return ext_inode_error(inode, "block of attributes is out of range");
	err = ext_block_get(fs, block, &a->b);
	if (err)
		return err;
	h = a->b.data;
	a->base = a->b.data;
	a->size = fs->geo.block_size;
	a->entries = sizeof(*h);
	a->values = 0;
	*found = true;
	if (h->magic != EXT_XATTR_MAGIC || h->blocks != 1 || h->refcount == 0)
		why = "bad header of attributes";
	else if (!ext_csum_xattr_block(&fs->geo, block, a->base))
		why = "checksum of attributes is wrong";
	else
		why = ext_check_xattrs(a->base, a->size, a->entries, a->values);
	if (!why)
		return 0;
	ext_xattr_area_close(a);
	return ext_inode_error(inode, "%s", why);
}

void ext_xattr_area_close(struct ext_xattr_area *a)
{
	if (a->base)
		bcache_put(&a->b);
	a->base = NULL;
}

struct ext_xattr_entry *ext_xattr_find(const struct ext_xattr_area *a,
				       const struct ext_xattr_name *name)
{
	struct ext_xattr_entry *e;

	for (e = ext_xattr_first(a); !ext_xattr_is_last(e); e = ext_xattr_next(e))
		if (e->name_index == name->index && e->name_len == name->length &&
		    memcmp(e->name, name->text, name->length) == 0)
			return e;
	return NULL;
}

/*
 * Whether the number is that of an inode for values. It must be known before it is taken into
 * memory, since others may have attributes that would be read then, and a map_lock is held.
 */
static bool is_value_inode(struct ext_fs *fs, u32 ino)
{
	struct ext_raw_inode *raw;
	struct bblock b;
	bool yes;

	if (ino < fs->geo.first_ino || ino > fs->geo.n_inodes || ext_raw_get(fs, ino, &b, &raw))
		return false;
	yes = raw->flags & EXT_FL_EA_INODE;
	bcache_put(&b);
	return yes;
}

/* A value that is the contents of another inode. */
static int value_from_inode(struct inode *inode, const struct ext_xattr_entry *e, void *value)
{
	struct inode *holder;
	u32 done = 0;
	int err;

	if (!is_value_inode(ext_fs_of(inode), e->value_inum))
		return ext_inode_error(inode, "attribute's inode is none");
	err = ext_iget(inode->sb, e->value_inum, &holder);
	if (err)
		return err == -ABI_ESTALE ? ext_inode_error(inode, "attribute's inode is deleted") :
					err;
	if (!S_ISREG(holder->mode) || !(holder->flags & EXT_FL_EA_INODE) ||
	    (u64)holder->size < e->value_size)
		err = ext_inode_error(inode, "attribute's inode is none");
	while (!err && done < e->value_size) {
		u32 n = min(e->value_size - done, (u32)PAGE_SIZE);
		struct page *page;

		err = pagecache_get(&holder->cache, done >> PAGE_SHIFT, done >> PAGE_SHIFT, &page);
		if (err)
			break;
		memcpy((u8 *)value + done, page_to_virt(page), n);
		page_put(page);
		done += n;
	}
	inode_put(holder);
	return err;
}

/* One area: -ENODATA when the name is not in it. */
static ssize_t area_get(struct inode *inode, const struct ext_xattr_area *a,
			const struct ext_xattr_name *name, void *value, size_t size)
{
	const struct ext_xattr_entry *e = ext_xattr_find(a, name);
	int err;

	if (!e)
		return -ENODATA;
	if (e->value_size > 0x10000)
		return ext_inode_error(inode, "attribute is too large");
	if (size == 0)
		return e->value_size;
	if (size < e->value_size)
		return -ERANGE;
	if (e->value_inum && !name->length)
		return ext_inode_error(inode, "access control list in another inode");
	if (e->value_inum) {
		err = value_from_inode(inode, e, value);
		return err ? err : (ssize_t)e->value_size;
	}
	memcpy(value, a->base + a->values + e->value_offs, e->value_size);
	return e->value_size;
}

typedef int (*ext_xattr_open_fn)(struct inode *inode, struct ext_xattr_area *a, bool *found);
static const ext_xattr_open_fn places[] = { ext_xattr_open_inode, ext_xattr_open_block };

ssize_t ext_xattr_get(struct inode *inode, const struct ext_xattr_name *name, void *value,
		      size_t size)
{
	struct ext_inode *ei = ext_i(inode);
	ssize_t ret = -ENODATA;

	rwsem_read(&ei->map_lock);
	for (size_t i = 0; i < ARRAY_SIZE(places) && ret == -ABI_ENODATA; i++) {
		struct ext_xattr_area a;
		bool found;
		int err = places[i](inode, &a, &found);

		if (err)
			ret = err;
		else if (found)
			ret = area_get(inode, &a, name, value, size);
		if (!err)
			ext_xattr_area_close(&a);
	}
	rwsem_read_end(&ei->map_lock);
	return ret;
}

ssize_t ext_getxattr(struct inode *inode, const char *name, void *value, size_t size)
{
	struct ext_xattr_name n;
	int err = ext_xattr_split_name(inode, name, &n);

	return err ? err : ext_xattr_get(inode, &n, value, size);
}

/* Appends "prefix.name\0" of each entry: the bytes so far, or -ERANGE. */
static ssize_t area_list(const struct inode *inode, const struct ext_xattr_area *a, char *list,
			 size_t size, size_t done)
{
	const struct ext_xattr_entry *e;

	for (e = ext_xattr_first(a); !ext_xattr_is_last(e); e = ext_xattr_next(e)) {
		const char *prefix = NULL;
		size_t n;

		for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
			if (prefixes[i].index == e->name_index &&
			    !prefix_hidden(inode, e->name_index))
				prefix = prefixes[i].text;
		if (!prefix)
			continue;
		n = strlen(prefix);
		if (size && size - done < n + e->name_len + 1)
			return -ERANGE;
		if (size) {
			memcpy(list + done, prefix, n);
			memcpy(list + done + n, e->name, e->name_len);
			list[done + n + e->name_len] = '\0';
		}
		done += n + e->name_len + 1;
	}
	return (ssize_t)done;
}

ssize_t ext_listxattr(struct inode *inode, char *list, size_t size)
{
	struct ext_inode *ei = ext_i(inode);
	ssize_t done = 0;

	rwsem_read(&ei->map_lock);
	for (size_t i = 0; i < ARRAY_SIZE(places) && done >= 0; i++) {
		struct ext_xattr_area a;
		bool found;
		int err = places[i](inode, &a, &found);

		if (err) {
			done = err;
			break;
		}
		if (found)
			done = area_list(inode, &a, list, size, (size_t)done);
		ext_xattr_area_close(&a);
	}
	rwsem_read_end(&ei->map_lock);
	return done;
}
