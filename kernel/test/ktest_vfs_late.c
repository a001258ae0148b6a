/*
 * Self-test of inodes that cannot be written, for want of memory, when their last reference goes:
 * they are kept until they can be, and unmounting waits for them.
 */
#include "mm/slab.h"
#include "test/ktest_vfs_int.h"
#include "vfs/super.h"

/* The file system has nothing but its root; others are looked up by number. */
static unsigned refusals, written, evicted;

static struct inode *late_alloc(struct superblock *sb)
{
	return kmalloc(sizeof(struct inode), MM_KERNEL);
}

static void late_free(struct inode *inode)
{
	kfree(inode);
}

static int late_write(struct inode *inode, bool wait)
{
	if (refusals) {
		refusals--;
		return -ENOMEM;
	}
	written++;
	return 0;
}

static void late_evict(struct inode *inode)
{
	evicted++;
}

static int late_statfs(struct superblock *sb, struct abi_statfs *out)
{
	return 0;
}

static const struct super_ops late_ops = {
	.inode_alloc = late_alloc, .inode_free = late_free, .inode_write = late_write,
	.inode_evict = late_evict, .statfs = late_statfs,
};

static struct inode *late_inode(struct superblock *sb, u64 ino)
{
	struct inode *inode = inode_lookup(sb, ino);

	if (inode && inode->state & I_NEW) {
		inode->mode = S_IFREG | 0644;
		inode_unlock_new(inode);
	}
	return inode;
}

static int late_mount(struct superblock *sb, struct blkdev *dev, const char *options)
{
	sb->ops = &late_ops;
	sb->root_inode = late_inode(sb, 1);
	if (!sb->root_inode)
		return -ENOMEM;
	sb->root_inode->mode = S_IFDIR | 0755;
	return 0;
}

static struct fs_type late_type = { .name = "late", .mount = late_mount };

KTEST(vfs_late_inodes)
{
	struct inode *inode, *again;
	struct superblock *sb;
	struct mount *mount;

	refusals = written = evicted = 0;
	if (mount_kernel(&late_type, "", &mount) < 0)
		return ktest_fail(__FILE__, __LINE__, "no mount");
	sb = mount->sb;
	inode = late_inode(sb, 7);
	inode_dirty(inode);
	refusals = 10;
	inode_put(inode);
	KTEST_CHECK(refusals && refusals < 10 && !written && !evicted);
	/* Whoever looks for it finds the same. */
	again = inode_lookup(sb, 7);
	KTEST_CHECK(again == inode && again->state & I_DIRTY);
	inode_put(again);
	KTEST_CHECK(vfs_sync_super(sb) == -ABI_ENOMEM && !evicted);
	refusals = 0;
	KTEST_CHECK(vfs_sync_super(sb) == 0 && written == 1 && evicted == 1);

	inode = late_inode(sb, 8);
	inode_dirty(inode);
	refusals = 7;
	inode_put(inode);
	mount_put(mount);
	KTEST_CHECK(!refusals && written == 2 && evicted == 3);
}
