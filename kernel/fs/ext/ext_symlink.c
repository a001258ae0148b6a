/*
 * fs/ext/ext_symlink.c - symbolic links.
 *
 * Text of up to 59 bytes is kept in i_block, where vfs reads it directly ("fast"); longer text has
 * one block, which is metadata to us. With inline_data the text may continue in an attribute.
 */
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_namei.h"
#include "fs/ext/ext_xattr.h"

#include "abi/stat.h"
#include "lib/string.h"

static ssize_t link_read_block(struct inode *inode, char *buf, size_t n)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_run run;
	struct bblock b;
	int err = ext_map(inode, 0, 1, &run);

	if (err)
		return err;
	if (!run.block)
		return ext_inode_error(inode, "symbolic link without text");
	err = ext_block_get(fs, run.block, &b);
	if (err)
		return err;
	memcpy(buf, b.data, min(n, (size_t)b.size));
	bcache_put(&b);
	return (ssize_t)n;
}

static ssize_t ext_readlink(struct inode *inode, char *buf, size_t size)
{
	size_t n = min((size_t)inode->size, size - 1);
	ssize_t got = ext_is_inline(inode) ? ext_inline_read(inode, buf, n) :
		link_read_block(inode, buf, n);

	if (got < 0)
		return got;
	n = min(n, (size_t)got);
	buf[n] = '\0';
	return (ssize_t)strlen(buf);
}

static int link_write(struct inode *inode, const char *target, size_t n, bool reserve)
{
	struct ext_fs *fs = ext_fs_of(inode);
	struct ext_run run;
	struct bblock b;
	int err;

	if (n < EXT_INLINE_BYTES) {
		memcpy(ext_i(inode)->block, target, n);
		inode->size = (s64)n;
		return 0;
	}
	err = ext_map_create(inode, 0, 1, reserve, &run);
	if (err)
		return err;
	err = bcache_get_new(fs->dev, run.block, fs->geo.block_size, &b);
	if (err)
		return err;
	memcpy(b.data, target, n);
	ext_block_dirty(fs, &b);
	bcache_put(&b);
	inode->size = (s64)n;
	return 0;
}

static int link_fill(struct inode *inode, struct inode *dir, const struct ext_newborn *new,
		     bool reserve)
{
	int err = link_write(inode, new->target, strlen(new->target), reserve);

	if (err)
		return err;
	ext_inode_set_ops(inode);
	inode_dirty(inode);
	return 0;
}

int ext_symlink(struct inode *dir, const struct name *name, const char *target,
		const struct cred *cred, struct inode **out)
{
	struct ext_newborn new = { .mode = S_IFLNK | 0777, .target = target, .fill = link_fill };
	size_t n = strlen(target);

	if (n == 0)
		return -ENOENT;
	if (n + 1 > ext_fs_of(dir)->geo.block_size)
		return -ENAMETOOLONG;
	return ext_name_new(dir, name, cred, &new, out);
}

const struct inode_ops ext_link_inode_ops = {
	.readlink = ext_readlink,
	.setattr = ext_setattr,
	.getxattr = ext_getxattr,
	.setxattr = ext_setxattr,
	.listxattr = ext_listxattr,
	.removexattr = ext_removexattr,
};

const struct inode_ops ext_fast_link_inode_ops = {
	.setattr = ext_setattr,
	.getxattr = ext_getxattr,
	.setxattr = ext_setxattr,
	.listxattr = ext_listxattr,
	.removexattr = ext_removexattr,
};
