/*
 * Superblocks: one for each mounted file system, however many mounts show it. They are kept by
 * their mounts; the last one to go writes everything out, empties the caches and hands the device
 * back.
 *
 * Locks: obtain_mutex serialises mounting and unmounting of instances; supers_lock guards the list.
 */
#include "abi/kdev.h"
#include "core/clock.h"
#include "core/log.h"
#include "dev/blk.h"
#include "lib/bitmap.h"
#include "mm/slab.h"
#include "sched/thread.h"
#include "vfs/mount_int.h"
#include "vfs/notify.h"
#include "vfs/super_int.h"

#define N_ANON_DEVICES 4096
/* What a remount changes: not dirsync. */
#define SB_REMOUNT (SB_READ_ONLY | SB_SYNC | SB_LAZYTIME)
#define BUSY_WAIT_NS (10 * NSEC_PER_SEC)

static struct mutex obtain_mutex;
static struct spinlock supers_lock = SPINLOCK_INIT(RANK_ICACHE, "supers");
static struct list supers = LIST_INIT(supers);        /* supers_lock */
static DECLARE_BITMAP(anon_devices, N_ANON_DEVICES);  /* supers_lock: minors in use of major 0 */
static u32 next_id;                                   /* supers_lock */

void super_init(void)
{
	mutex_init(&obtain_mutex, RANK_MOUNT, "super_obtain");
	bitmap_set(anon_devices, 0); /* st_dev 0 is nobody's */
}

static int anon_device_alloc(u64 *dev)
{
	size_t minor;

	spin_lock(&supers_lock);
	minor = bitmap_find_first_zero(anon_devices, N_ANON_DEVICES);
	if (minor < N_ANON_DEVICES)
		bitmap_set(anon_devices, minor);
	spin_unlock(&supers_lock);
	if (minor == N_ANON_DEVICES)
		return -EMFILE;
	*dev = dev_make(0, (u32)minor);
	return 0;
}

static void anon_device_free(u64 dev)
{
	spin_lock(&supers_lock);
	bitmap_clear(anon_devices, dev_minor((u32)dev));
	spin_unlock(&supers_lock);
}

void super_put_storage(struct superblock *sb)
{
	if (!ref_put(&sb->storage))
		return;
	gate_free(sb->gate);
	kfree(sb);
}

const struct mounter mounter_kernel = { .umask = 022 };

static struct superblock *super_alloc(struct fs_type *type, u32 sb_flags)
{
	struct superblock *sb = kzalloc(sizeof(*sb), MM_KERNEL);

	if (!sb)
		return NULL;
	if (type->flags & FS_FREEZES) {
		sb->gate = gate_alloc();
		if (!sb->gate) {
			kfree(sb);
			return NULL;
		}
	}
	sb->type = type;
	sb->flags = sb_flags;
	sb->block_size = PAGE_SIZE;
	sb->max_file_size = ~0ull >> 1;
	sb->time_granularity_ns = 1;
	sb->time_min = (s64)(1ull << 63);
	sb->time_max = (s64)(~0ull >> 1);
	mutex_init(&sb->rename_lock, RANK_SB_RENAME, "sb_rename");
	spin_init(&sb->inode_lock, RANK_ICACHE, "sb_inodes");
	list_init(&sb->inodes);
	list_init(&sb->dirty);
	list_init(&sb->dirty_times);
	list_init(&sb->writes);
	wait_init(&sb->written);
	ref_set(&sb->refs, 1);
	ref_set(&sb->storage, 1);
	return sb;
}

/*
 * An instance that shows the same thing already, with a reference; -EBUSY if it cannot be shared.
 */
static int super_find_shared(struct fs_type *type, struct blkdev *dev, u32 sb_flags,
			     struct superblock **out)
{
	struct superblock *sb;
	int err = 0;

	*out = NULL;
	spin_lock(&supers_lock);
	list_for_each_entry(sb, &supers, link) {
		if (dev ? sb->dev != dev : !(type->flags & FS_SINGLE) || sb->type != type)
			continue;
		if (sb->type != type || (dev && (sb->flags ^ sb_flags) & SB_READ_ONLY))
			err = -EBUSY;
		else if (ref_try_get(&sb->refs))
			*out = sb;
		break;
	}
	spin_unlock(&supers_lock);
	return err;
}

/* Asks the file system to fill a new superblock and makes its root dentry. */
static int super_fill(struct superblock *sb, const char *options)
{
	int err = sb->type->mount(sb, sb->dev, options);

	if (err < 0)
		return err;
	sb->root = dentry_alloc_root(sb, sb->root_inode);
	if (sb->root)
		return 0;
	if (sb->ops->unmount)
		sb->ops->unmount(sb);
	return -ENOMEM;
}

static int super_create(struct fs_type *type, struct blkdev *dev, u32 sb_flags, const char *options,
			const struct mounter *who, struct superblock **out)
{
	struct superblock *sb = super_alloc(type, sb_flags);
	int err;

	if (!sb)
		return -ENOMEM;
	sb->mounter_uid = who->uid;
	sb->mounter_gid = who->gid;
	sb->mounter_umask = who->umask;
	if (dev) {
		err = blkdev_open(dev);
		if (err < 0)
			goto out_free;
		err = blkdev_claim(dev);
		if (err < 0)
			goto out_open;
		blkdev_get(dev);
		sb->dev = dev;
		sb->dev_id = dev_make(dev->major, dev->minor);
	} else {
		err = anon_device_alloc(&sb->dev_id);
		if (err < 0)
			goto out_free;
	}
	err = super_fill(sb, options);
	if (err < 0)
		goto out_device;
	spin_lock(&supers_lock);
	sb->id = ++next_id;
	list_add_tail(&sb->link, &supers);
	spin_unlock(&supers_lock);
	*out = sb;
	return 0;

out_device:
	if (dev) {
		blkdev_release(dev);
		blkdev_put(dev);
	} else {
		anon_device_free(sb->dev_id);
	}
out_open:
	if (dev)
		blkdev_close(dev);
out_free:
	super_put_storage(sb);
	return err;
}

int super_obtain(struct fs_type *type, struct blkdev *dev, u32 sb_flags, const char *options,
		 const struct mounter *who, struct superblock **out)
{
	int err;

	if (dev && blkdev_is_read_only(dev) && !(sb_flags & SB_READ_ONLY))
		return -EACCES;
	mutex_lock(&obtain_mutex);
	err = super_find_shared(type, dev, sb_flags, out);
	if (err == 0 && !*out) {
		err = super_create(type, dev, sb_flags, options, who, out);
	} else if (err == 0 && type->flags & FS_SINGLE && *options && (*out)->ops->remount) {
		/* There is one instance, and the latest mount says how it shall be. */
		err = (*out)->ops->remount(*out, (*out)->flags, options);
		if (err < 0)
			super_put(*out);
	}
	mutex_unlock(&obtain_mutex);
	return err;
}

/* What there is no memory for is written a bit later, or not at all. */
static void put_late(struct superblock *sb)
{
	u64 deadline = clock_monotonic() + BUSY_WAIT_NS;

	while (unlikely(icache_put_late(sb, clock_monotonic() >= deadline))) {
		thread_prepare(THREAD_UNINTERRUPTIBLE);
		thread_block_until(clock_monotonic() + 100 * NSEC_PER_MSEC);
	}
}

static void super_shutdown(struct superblock *sb)
{
	int err;

	if (!(sb->flags & SB_READ_ONLY)) {
		err = vfs_sync_super(sb);
		if (err < 0)
			log_err("vfs: %s: write error %d while unmounting, data was lost",
				sb->type->name, err);
	}
	notify_super_gone(sb);
	dcache_drop_tree(sb->root);
	dentry_put(sb->root);
	put_late(sb);
	if (!icache_wait_empty(sb, clock_monotonic() + BUSY_WAIT_NS))
		log_err("vfs: %s: inodes in use after unmount", sb->type->name);
	if (sb->ops->unmount)
		sb->ops->unmount(sb);
	if (sb->dev)
		blkdev_release(sb->dev);
	else
		anon_device_free(sb->dev_id);
}

/*
 * The last reference goes under the mutex: whoever mounts finds an instance that lives, or none,
 * and never one that still has its device.
 */
void super_put(struct superblock *sb)
{
	struct blkdev *dev = sb->dev;
	bool last;

	if (ref_put_not_last(&sb->refs))
		return;
	mutex_lock(&obtain_mutex);
	last = ref_put(&sb->refs);
	if (last) {
		super_shutdown(sb);
		spin_lock(&supers_lock);
		list_del(&sb->link);
		spin_unlock(&supers_lock);
	}
	mutex_unlock(&obtain_mutex);
	if (!last)
		return;
	super_put_storage(sb);
	if (dev) { /* which may be a loop device that goes now, and with it another file system */
		blkdev_close(dev);
		blkdev_put(dev);
	}
}

/*
 * The superblock after `from` in the list (NULL: the first) with a reference; drops that of `from`.
 */
static struct superblock *super_next(struct superblock *from)
{
	struct superblock *sb = NULL;
	struct list *at;

	spin_lock(&supers_lock);
	for (at = from ? from->link.next : supers.next; at != &supers; at = at->next) {
		struct superblock *candidate = list_entry(at, struct superblock, link);

		if (ref_try_get(&candidate->refs)) {
			sb = candidate;
			break;
		}
	}
	spin_unlock(&supers_lock);
	if (from)
		super_put(from);
	return sb;
}

int super_each(int (*fn)(struct superblock *sb, void *arg), void *arg)
{
	struct superblock *sb;
	int err;

	for (sb = super_next(NULL); sb; sb = super_next(sb)) {
		err = fn(sb, arg);
		if (err < 0) {
			super_put(sb);
			return err;
		}
	}
	return 0;
}

/* Whether some file keeps the file system from becoming read-only. */
static bool super_has_writers(struct superblock *sb)
{
	struct inode *inode;
	bool found = false;

	spin_lock(&sb->inode_lock);
	list_for_each_entry(inode, &sb->inodes, sb_link) {
		if (READ_ONCE(inode->n_writers) > 0 ||
		    (!READ_ONCE(inode->nlink) && ref_read(&inode->refs))) {
			found = true;
			break;
		}
	}
	spin_unlock(&sb->inode_lock);
	return found;
}

int super_remount(struct superblock *sb, u32 sb_flags, const char *options)
{
	bool to_ro = (sb_flags & SB_READ_ONLY) && !(sb->flags & SB_READ_ONLY);
	bool to_rw = !(sb_flags & SB_READ_ONLY) && (sb->flags & SB_READ_ONLY);
	int err = 0;

	if (sb->frozen != SB_UNFROZEN)
		return -EBUSY;
	if (to_rw && sb->dev && blkdev_is_read_only(sb->dev))
		return -EACCES;
	if (to_ro) {
		/* New writers see the flag; those that are inside are counted after it. */
		__atomic_fetch_or(&sb->flags, SB_READ_ONLY, __ATOMIC_SEQ_CST);
		if (mount_super_has_writers(sb) || super_has_writers(sb))
			err = -EBUSY;
		else
			err = vfs_sync_super(sb);
	}
	if (err == 0 && sb->ops->remount)
		err = sb->ops->remount(sb, sb_flags, options);
	else if (err == 0 && *options)
		err = -EINVAL;
	if (err < 0) {
		if (to_ro)
			__atomic_fetch_and(&sb->flags, ~(u32)SB_READ_ONLY, __ATOMIC_SEQ_CST);
		return err;
	}
	sb->flags = (sb->flags & ~(u32)SB_REMOUNT) | (sb_flags & SB_REMOUNT);
	return 0;
}
