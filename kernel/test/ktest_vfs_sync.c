/*
 * Self-test of inodes that somebody else is writing: who wants them on the disk waits for him.
 */
#include "core/clock.h"
#include "mm/slab.h"
#include "sched/thread.h"
#include "sched/wait.h"
#include "test/ktest_vfs_int.h"
#include "vfs/super.h"

/* The file system has nothing but its root; writing an inode takes until `go` is set. */
static struct wait_queue changed = WAIT_QUEUE_INIT(changed);
static bool go;                      /* a */
static unsigned begun, ended, gone;  /* a */

static struct inode *slow_alloc(struct superblock *sb)
{
	return kmalloc(sizeof(struct inode), MM_KERNEL);
}

static void slow_free(struct inode *inode)
{
	kfree(inode);
}

static int slow_write(struct inode *inode, bool wait)
{
	__atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);
	wait_wake(&changed, 0);
	wait_until(&changed, READ_ONCE(go));
	__atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static int slow_statfs(struct superblock *sb, struct abi_statfs *out)
{
	return 0;
}

static const struct super_ops slow_ops = {
	.inode_alloc = slow_alloc, .inode_free = slow_free, .inode_write = slow_write,
	.statfs = slow_statfs,
};

static int slow_mount(struct superblock *sb, struct blkdev *dev, const char *options)
{
	sb->ops = &slow_ops;
	sb->root_inode = inode_lookup(sb, 1);
	if (!sb->root_inode)
		return -ENOMEM;
	sb->root_inode->mode = S_IFDIR | 0755;
	inode_unlock_new(sb->root_inode);
	return 0;
}

static struct fs_type slow_type = { .name = "slow", .mount = slow_mount };

static void leave(void)
{
	__atomic_add_fetch(&gone, 1, __ATOMIC_SEQ_CST);
	wait_wake(&changed, 0);
}

/* In the background. */
static void write_all(void *arg)
{
	(void)super_write_inodes(arg);
	leave();
}

static void let_go_later(void *arg)
{
	struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);

	(void)wait_until_timeout(&nobody, false, clock_monotonic() + 50 * NSEC_PER_MSEC);
	WRITE_ONCE(go, true);
	leave();
}

/* The inode is off the dirty list, and not written yet. */
static bool write_under_way(struct inode *inode)
{
	go = false;
	begun = ended = gone = 0;
	inode_dirty(inode);
	if (kthread_start("write-all", write_all, inode->sb))
		return false;
	wait_until(&changed, READ_ONCE(begun) == 1);
	return kthread_start("let-go", let_go_later, NULL) == 0;
}

KTEST(vfs_sync_waits_for_writers)
{
	struct inode *inode;
	struct mount *mount;

	if (mount_kernel(&slow_type, "", &mount) < 0)
		return ktest_fail(__FILE__, __LINE__, "no mount");
	inode = mount->sb->root_inode;
	KTEST_CHECK(write_under_way(inode) && !(inode->state & I_DIRTY));
	/* fsync(2) of it: once more, as the other does not wait for the device. */
	KTEST_CHECK(inode_sync(inode) == 0 && READ_ONCE(ended) == 2);
	wait_until(&changed, READ_ONCE(gone) == 2);
	KTEST_CHECK(write_under_way(inode) && !(inode->state & I_DIRTY));
	/* fsync(2) of a directory, sync(2). */
	KTEST_CHECK(super_write_inodes(inode->sb) == 0 && READ_ONCE(ended) == 1);
	wait_until(&changed, READ_ONCE(gone) == 2);
	mount_put(mount);
}
