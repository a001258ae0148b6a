/*
 * fs/ext/ext_acl.c - access control lists on the disk.
 *
 * A list is the value of an extended attribute without a name, whose index says which of the two it
 * is: a version and entries, of which only those of a certain user or group have an id. vfs keeps
 * the lists of inodes in memory; here they are read when the inode is, and written when they
 * change.
 */
#include "fs/ext/ext_xattr.h"

#include "abi/stat.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/acl.h"

#define ACL_DISK_VERSION	1u
#define ACL_SHORT		4u	/* bytes of an entry without an id */
#define ACL_LONG		8u

static bool entry_is_long(u16 tag)
{
	return tag == ACL_USER || tag == ACL_GROUP;
}

/* Takes a value apart: entries (at most size / 4), or -EUCLEAN. */
static int acl_decode(const u8 *p, u32 size, struct acl_entry *e)
{
	u32 version = 0, at = sizeof(version);
	int n = 0;

	if (size < sizeof(version))
		return -EUCLEAN;
	memcpy(&version, p, sizeof(version));
	if (version != ACL_DISK_VERSION)
		return -EUCLEAN;
	for (; at < size; n++) {
		if (size - at < ACL_SHORT)
			return -EUCLEAN;
		memcpy(&e[n].tag, p + at, sizeof(e[n].tag));
		memcpy(&e[n].perm, p + at + 2, sizeof(e[n].perm));
		e[n].id = ACL_UNDEFINED_ID;
		if (entry_is_long(e[n].tag)) {
			if (size - at < ACL_LONG)
				return -EUCLEAN;
			memcpy(&e[n].id, p + at + ACL_SHORT, sizeof(e[n].id));
			at += ACL_SHORT;
		}
		at += ACL_SHORT;
	}
	return n && !acl_valid(e, (u32)n) ? -EUCLEAN : n;
}

/* One list of an inode: how many entries, 0 if it has none, *out to be freed; or an error. */
static int acl_read(struct inode *inode, u8 index, struct acl_entry **out)
{
	const struct ext_xattr_name name = { .index = index, .text = "" };
	ssize_t size = ext_xattr_get(inode, &name, NULL, 0);
	u8 *value;
	int n;

	*out = NULL;
	if (size <= 0)
		return size == -ABI_ENODATA ? 0 : (int)size;
	value = kmalloc((size_t)size, MM_WAIT | MM_NOFS);
	*out = kmalloc((size_t)size / ACL_SHORT * sizeof(**out) + 1, MM_WAIT | MM_NOFS);
	n = value && *out ? (int)ext_xattr_get(inode, &name, value, (size_t)size) : -ENOMEM;
	if (n >= 0)
		n = acl_decode(value, (u32)n, *out);
	kfree(value);
	return n == -ABI_EUCLEAN ? ext_inode_error(inode, "access control list is damaged") : n;
}

bool ext_acl_possible(const struct ext_inode *ei, const struct ext_raw_inode *raw)
{
	const struct ext_geo *geo = &ext_fs_of(&ei->inode)->geo;
	u32 at = EXT_INODE_SIZE_OLD + ei->extra_isize;

	if (S_ISLNK(ei->inode.mode) || ei->inode.flags & EXT_FL_EA_INODE)
		return false;
	if (ei->file_acl | ei->file_acl_hi)
		return true;
	return ei->extra_isize && at + 2 * sizeof(u32) <= geo->inode_size &&
	       *(const u32 *)((const u8 *)raw + at) == EXT_XATTR_MAGIC;
}

int ext_acl_load(struct inode *inode)
{
	struct acl_entry *access = NULL, *deflt = NULL;
	int n_access = acl_read(inode, EXT_XATTR_ACL_ACCESS, &access), n_default = 0, err;

	if (n_access >= 0 && S_ISDIR(inode->mode))
		n_default = acl_read(inode, EXT_XATTR_ACL_DEFAULT, &deflt);
	err = min(n_access, 0) ?: min(n_default, 0);
	if (!err)
		err = inode_acls_publish(inode, access, (u32)n_access, deflt, (u32)n_default);
	else if (err != -ABI_ENOMEM)
		inode_acls_unreadable(inode);
	kfree(access);
	kfree(deflt);
	return err == -ABI_ENOMEM ? err : 0;
}

int ext_set_acl(struct inode *inode, bool deflt, const struct acl_entry *e, u32 n)
{
	const struct ext_xattr_name name = {
		.index = deflt ? EXT_XATTR_ACL_DEFAULT : EXT_XATTR_ACL_ACCESS, .text = "",
	};
	const u32 version = ACL_DISK_VERSION;
	u32 size = sizeof(version);
	u8 *value;
	int err;

	if (!n) {
		err = ext_xattr_change(inode, &name, NULL, 0, 0);
		return err == -ABI_ENODATA ? 0 : err;
	}
	value = kmalloc(size + n * ACL_LONG, MM_WAIT | MM_NOFS);
	if (!value)
		return -ENOMEM;
	memcpy(value, &version, sizeof(version));
	for (u32 i = 0; i < n; i++) {
		memcpy(value + size, &e[i], ACL_SHORT);
		size += ACL_SHORT;
		if (entry_is_long(e[i].tag)) {
			memcpy(value + size, &e[i].id, sizeof(e[i].id));
			size += ACL_SHORT;
		}
	}
	err = ext_xattr_change(inode, &name, value, size, 0);
	kfree(value);
	return err;
}
