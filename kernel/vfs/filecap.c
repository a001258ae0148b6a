/*
 * Capabilities of a program file. Hardly a file has them, and every write and exec asks:
 * inode->no_caps remembers that there are none. It is set with inode->lock held, and cleared with
 * that lock held for writing before the attribute is stored.
 *
 * The attribute's revision 3 names a user namespace by its root's id. There is one namespace, whose
 * root is 0: what is made for another has no meaning here.
 */
#include "vfs/filecap.h"

#include "abi/capability.h"
#include "lib/string.h"

/* Of revision 2 or 3, which has the last field. */
struct cap_data {
	u32 revision;       /* and VFS_CAP_FLAGS_EFFECTIVE */
	struct { u32 permitted, inheritable; } data[2]; /* low and high half */
	u32 root;
};

#define CAP_DATA_SIZE_2 offsetof(struct cap_data, root)
#define CAP_DATA_SIZE_3 sizeof(struct cap_data)

static bool data_valid(const struct cap_data *d, size_t size)
{
	u32 revision = d->revision & VFS_CAP_REVISION_MASK;

	return (size == CAP_DATA_SIZE_2 && revision == VFS_CAP_REVISION_2) ||
	       (size == CAP_DATA_SIZE_3 && revision == VFS_CAP_REVISION_3);
}

bool file_caps_valid(const void *value, size_t size)
{
	struct cap_data d;

	if (size < CAP_DATA_SIZE_2 || size > sizeof(d))
		return false;
	memcpy(&d, value, size);
	return data_valid(&d, size) && !(d.revision & ~(u32)(VFS_CAP_REVISION_MASK |
							     VFS_CAP_FLAGS_EFFECTIVE));
}

/* The attribute as it is kept: its size, or as file_ops' getxattr; -EINVAL for nonsense. */
static ssize_t data_read(struct inode *inode, struct cap_data *d)
{
	ssize_t n;

	*d = (struct cap_data){ 0 };
	if (!inode->ops->getxattr)
		return -ENODATA;
	n = inode->ops->getxattr(inode, FILE_CAPS_NAME, d, sizeof(*d));
	if (n == -ABI_EOPNOTSUPP)
		return -ENODATA;
	if (n == -ABI_ERANGE)
		return -EINVAL;
	if (n < 0)
		return n;
	return data_valid(d, (size_t)n) ? n : -EINVAL;
}

/* The same, remembering that there is none. inode->lock held. */
static ssize_t data_read_locked(struct inode *inode, struct cap_data *d)
{
	ssize_t n = data_read(inode, d);

	if (n == -ABI_ENODATA)
		WRITE_ONCE(inode->no_caps, true);
	return n;
}

int inode_caps_get(struct inode *inode, struct file_caps *out)
{
	struct cap_data d;
	ssize_t n;

	if (READ_ONCE(inode->no_caps))
		return -ENODATA;
	rwsem_read(&inode->lock);
	n = data_read_locked(inode, &d);
	rwsem_read_end(&inode->lock);
	if (n < 0)
		return (int)n;
	if (d.root)
		return -ENODATA;
	out->permitted =
		(d.data[0].permitted | (u64)d.data[1].permitted << 32) & CAP_FULL_SET;
	out->inheritable =
		(d.data[0].inheritable | (u64)d.data[1].inheritable << 32) & CAP_FULL_SET;
	out->effective = d.revision & VFS_CAP_FLAGS_EFFECTIVE;
	return 0;
}

ssize_t inode_caps_show(struct inode *inode, void *value, size_t size)
{
	struct cap_data d;
	ssize_t n = data_read(inode, &d);

	if (n < 0)
		return n;
	if (n == CAP_DATA_SIZE_3) {
		if (!d.root) {
			d.revision = VFS_CAP_REVISION_2 | (d.revision & VFS_CAP_FLAGS_EFFECTIVE);
			n = CAP_DATA_SIZE_2;
		}
	}
	if (!size)
		return n;
	if (size < (size_t)n)
		return -ERANGE;
	memcpy(value, &d, (size_t)n);
	return n;
}

int inode_caps_drop(struct inode *inode)
{
	struct cap_data d;
	ssize_t n;
	int err;

	if (likely(READ_ONCE(inode->no_caps)))
		return 0;
	n = data_read_locked(inode, &d);
	if (n == -ABI_ENODATA)
		return 0;
	if (n < 0 && n != -ABI_EINVAL)
		return (int)n;
	err = inode->ops->removexattr ? inode->ops->removexattr(inode, FILE_CAPS_NAME) : 0;
	return err == -ABI_ENODATA ? 0 : err;
}
