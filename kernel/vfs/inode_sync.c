/*
 * Writing inodes back. inode_dirty() puts an inode on its superblock's list; a work every five
 * seconds, sync(2), fsync(2) and unmounting take it off and call the file system's inode_write().
 * Pages are vm's business in the background and ours only when somebody waits.
 *
 * Between the two an inode is neither dirty nor in its buffer. So one that is being written is
 * I_WRITING, for fsync(2) of it to wait, and in a list of the superblock, for those who want all
 * inodes written: they wait for the writes that had begun.
 */
#include "abi/ioctl.h"
#include "abi/stat.h"
#include "core/clock.h"
#include "dev/bcache.h"
#include "dev/blk.h"
#include "sched/work.h"
#include "vfs/dcache_int.h"
#include "vfs/file.h"
#include "vfs/super_int.h"

#define WRITEBACK_PERIOD_NS (5 * NSEC_PER_SEC)
#define TIMES_WAIT_NS (24 * 3600 * NSEC_PER_SEC) /* mount(8), lazytime */
#define ANY_DIRTY (I_DIRTY | I_DIRTY_TIME)

/* One that is on no list, or only on that of times, is to be written soon. inode_lock held. */
static void dirty_set_locked(struct inode *inode)
{
	inode->state = (inode->state & ~(u32)I_DIRTY_TIME) | I_DIRTY;
	if (!list_empty(&inode->dirty_link))
		list_del_init(&inode->dirty_link);
	if (!(inode->state & I_FREEING))
		list_add_tail(&inode->dirty_link, &inode->sb->dirty);
}

void inode_dirty(struct inode *inode)
{
	struct superblock *sb = inode->sb;

	if (!sb->ops->inode_write)
		return;
	/*
	 * The change comes before the flag is read; who clears the flag reads the fields
	 * afterwards.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (READ_ONCE(inode->state) & I_DIRTY)
		return;
	spin_lock(&sb->inode_lock);
	if (!(inode->state & I_DIRTY))
		dirty_set_locked(inode);
	spin_unlock(&sb->inode_lock);
}

void inode_dirty_time(struct inode *inode)
{
	struct superblock *sb = inode->sb;

	if (likely(!(READ_ONCE(sb->flags) & SB_LAZYTIME)) || !sb->ops->inode_write) {
		inode_dirty(inode);
		return;
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* as in inode_dirty() */
	if (READ_ONCE(inode->state) & ANY_DIRTY)
		return;
	spin_lock(&sb->inode_lock);
	if (!(inode->state & (ANY_DIRTY | I_FREEING))) {
		inode->state |= I_DIRTY_TIME;
		inode->time_dirtied_ns = clock_monotonic();
		list_add_tail(&inode->dirty_link, &sb->dirty_times);
	}
	spin_unlock(&sb->inode_lock);
}

/* Inodes of which times alone have changed are to be written: all, or those that waited long. */
static void times_due(struct superblock *sb, bool all)
{
	u64 now = clock_monotonic();

	if (likely(list_empty(&sb->dirty_times)))
		return;
	spin_lock(&sb->inode_lock);
	while (!list_empty(&sb->dirty_times)) {
		struct inode *inode = list_first_entry(&sb->dirty_times, struct inode, dirty_link);

		if (!all && now - inode->time_dirtied_ns < TIMES_WAIT_NS)
			break;
		dirty_set_locked(inode);
	}
	spin_unlock(&sb->inode_lock);
}

static void dirty_clear_locked(struct inode *inode)
{
	inode->state &= ~(u32)ANY_DIRTY;
	if (!list_empty(&inode->dirty_link))
		list_del_init(&inode->dirty_link);
}

/* An inode_write() under way: on the stack of who calls it. */
struct inode_writing {
	struct list link; /* sb->inode_lock: in sb->writes */
	u64 number;       /* I */
};

void inode_wait_written(struct inode *inode)
{
	if (unlikely(load_acquire(&inode->state) & I_WRITING))
		wait_until(&inode->sb->written, !(load_acquire(&inode->state) & I_WRITING));
}

/* Takes a dirty inode off its list and makes it I_WRITING; false: there is nothing to write. */
static bool write_begin(struct inode *inode, bool wait, struct inode_writing *self)
{
	struct superblock *sb = inode->sb;
	bool due, others = false;

	spin_lock(&sb->inode_lock);
	while (inode->state & I_WRITING) {
		spin_unlock(&sb->inode_lock);
		inode_wait_written(inode);
		others = true;
		spin_lock(&sb->inode_lock);
	}
	/* They have perhaps not waited for the device. */
	due = inode->state & ANY_DIRTY || (others && wait);
	if (due) {
		dirty_clear_locked(inode);
		inode->state |= I_WRITING;
		self->number = ++sb->n_writes;
		list_add_tail(&self->link, &sb->writes);
	}
	spin_unlock(&sb->inode_lock);
	return due;
}

static void write_end(struct inode *inode, struct inode_writing *self)
{
	struct superblock *sb = inode->sb;

	spin_lock(&sb->inode_lock);
	list_del(&self->link);
	inode->state &= ~(u32)I_WRITING;
	spin_unlock(&sb->inode_lock);
	wait_wake(&sb->written, 0);
}

/* The caller has a reference, or is who evicts the inode: nobody else writes it then. */
static int write_dirty(struct inode *inode, bool wait)
{
	struct inode_writing self;
	int err;

	if (!inode->sb->ops->inode_write || !write_begin(inode, wait, &self))
		return 0;
	err = inode->sb->ops->inode_write(inode, wait);
	if (err < 0)
		inode_dirty(inode);
	write_end(inode, &self);
	return err;
}

/* Whether all writes up to that number have ended. */
static bool writes_ended(struct superblock *sb, u64 number)
{
	bool ended;

	spin_lock(&sb->inode_lock);
	ended = list_empty(&sb->writes) ||
		list_first_entry(&sb->writes, struct inode_writing, link)->number > number;
	spin_unlock(&sb->inode_lock);
	return ended;
}

/* Those that have begun by now. */
static void wait_writes(struct superblock *sb)
{
	u64 number;

	spin_lock(&sb->inode_lock);
	number = sb->n_writes;
	spin_unlock(&sb->inode_lock);
	wait_until(&sb->written, writes_ended(sb, number));
}

void inode_take_dirty(struct inode *inode)
{
	struct superblock *sb = inode->sb;

	if (!(READ_ONCE(inode->state) & ANY_DIRTY))
		return;
	spin_lock(&sb->inode_lock);
	dirty_clear_locked(inode);
	spin_unlock(&sb->inode_lock);
}

int inode_clean(struct inode *inode)
{
	return READ_ONCE(inode->state) & ANY_DIRTY ? write_dirty(inode, false) : 0;
}

static bool has_disk(const struct inode *inode)
{
	return inode->sb->ops->inode_write || inode->sb->dev;
}

/*
 * What fsync(2) does once the pages are written, with result `err`. A new size or block map is
 * needed to find the data again, so fdatasync() writes the inode too.
 */
static int sync_rest(struct inode *inode, int err)
{
	int err2 = write_dirty(inode, true);

	if (err == 0)
		err = err2;
	if (inode->sb->dev) {
		err2 = blk_flush(inode->sb->dev);
		if (err == 0 && err2 != -ABI_EOPNOTSUPP)
			err = err2;
	}
	return err;
}

int inode_sync(struct inode *inode)
{
	struct blkdev *dev = inode->sb->dev;
	int err, err2;

	if (!has_disk(inode))
		return 0;
	err = pagecache_sync(&inode->cache);
	err2 = write_dirty(inode, true);
	err = err ? err : err2;
	/* The inode may be clean and what leads to it not written: by an earlier write-back. */
	if (dev && pagecache_is_unwritten(&dev->cache)) {
		err2 = bcache_sync(dev);
		err = err ? err : err2;
	}
	err2 = dev ? blk_flush(dev) : 0;
	return err || err2 == -ABI_EOPNOTSUPP ? err : err2;
}

int cached_fsync(struct file *file, bool data_only)
{
	struct inode *inode = file->inode;
	int err = 0, err2, err3;

	if (!has_disk(inode))
		return 0;
	/* A name is worth nothing without the inode that it names. */
	if (S_ISDIR(inode->mode))
		err = super_write_inodes(inode->sb);
	(void)pagecache_sync(&inode->cache);
	err2 = sync_rest(inode, file_data_error(file, &inode->cache));
	err3 = file_meta_error(file);
	return err ?: err2 ?: err3;
}

bool file_is_synchronous(const struct file *file)
{
	const struct inode *inode = file->inode;

	return file->flags & O_DSYNC || READ_ONCE(inode->sb->flags) & SB_SYNC ||
	       READ_ONCE(inode->flags) & FS_SYNC_FL;
}

int file_sync_written(struct file *file)
{
	bool data_only = (file->flags & O_SYNC) != O_SYNC;

	return file->ops->fsync ? file->ops->fsync(file, data_only) :
				  cached_fsync(file, data_only);
}

int file_sync_meta(struct file *file)
{
	struct blkdev *dev = file->inode->sb->dev;
	int err;

	if (!pagecache_is_unwritten(&dev->cache))
		return 0;
	(void)bcache_sync(dev);
	err = file_meta_error(file);
	return err ? err : blk_flush(dev);
}

int file_data_error(struct file *file, struct pagecache *cache)
{
	return pagecache_tell_error(cache, &file->data_errors);
}

int file_meta_error(struct file *file)
{
	struct superblock *sb = file->inode->sb;

	return sb && sb->dev ? pagecache_tell_error(&sb->dev->cache, &file->meta_errors) : 0;
}

int file_super_error(struct file *file)
{
	struct superblock *sb = file->inode->sb;

	return sb ? pagecache_tell_all_errors(&sb->errors, &file->super_errors) : 0;
}

/*
 * The first inode of the superblock's dirty list that is not on its way out, with a reference;
 * NULL: none.
 */
static struct inode *next_dirty(struct superblock *sb)
{
	struct inode *inode, *next, *found = NULL;

	spin_lock(&sb->inode_lock);
	list_for_each_entry_safe(inode, next, &sb->dirty, dirty_link) {
		if (ref_try_get(&inode->refs)) {
			found = inode;
			break;
		}
	}
	spin_unlock(&sb->inode_lock);
	return found;
}

int super_write_inodes(struct superblock *sb)
{
	struct inode *inode;
	u64 n = 0, limit = 0;
	struct list *at;
	int err = 0, err2;

	spin_lock(&sb->inode_lock);
	for (at = sb->dirty.next; at != &sb->dirty; at = at->next)
		limit++;
	spin_unlock(&sb->inode_lock);
	/*
	 * An inode that cannot be written comes back to the end of the list: the count ends the
	 * loop.
	 */
	while (n++ < limit && (inode = next_dirty(sb))) {
		err2 = write_dirty(inode, false);
		if (err == 0)
			err = err2;
		inode_put(inode);
		sched_point();
	}
	/* Others have taken the rest off the list. */
	wait_writes(sb);
	return err;
}

/*
 * The inode after `from` in the superblock that has dirty pages or pages being written, with a
 * reference; drops that of `from`.
 */
static struct inode *next_with_pages(struct superblock *sb, struct inode *from)
{
	struct inode *found = NULL;
	struct list *at;

	spin_lock(&sb->inode_lock);
	for (at = from ? from->sb_link.next : sb->inodes.next; at != &sb->inodes; at = at->next) {
		struct inode *inode = list_entry(at, struct inode, sb_link);

		if (READ_ONCE(inode->cache.n_pages) &&
		    !(inode->cache.flags & PAGECACHE_NO_RECLAIM) && ref_try_get(&inode->refs)) {
			found = inode;
			break;
		}
	}
	spin_unlock(&sb->inode_lock);
	if (from)
		inode_put(from);
	return found;
}

static int write_pages(struct superblock *sb, bool wait)
{
	struct inode *inode = NULL;
	int err = 0, err2;

	while ((inode = next_with_pages(sb, inode))) {
		err2 = pagecache_write_range(&inode->cache, 0, ~0ull, wait);
		if (err == 0)
			err = err2;
		sched_point();
	}
	return err;
}

int super_sync(struct superblock *sb)
{
	int err = 0, err2;

	if (sb->ops->inode_write || sb->dev) {
		err = write_pages(sb, false);
		err2 = write_pages(sb, true);
		if (err == 0)
			err = err2;
		times_due(sb, true);
		err2 = super_write_inodes(sb);
		if (err == 0)
			err = err2;
		(void)icache_put_late(sb, false);
	}
	if (sb->ops->sync) {
		err2 = sb->ops->sync(sb, true);
		if (err == 0)
			err = err2;
	}
	return err;
}

int vfs_sync_super(struct superblock *sb)
{
	int err;

	if (!gate_try_enter(sb->gate, GATE_SYNC))
		return 0; /* it is frozen: all is written */
	err = super_sync(sb);
	gate_leave(sb->gate, GATE_SYNC);
	return err;
}

static int sync_one(struct superblock *sb, void *arg)
{
	int err = sb->flags & SB_READ_ONLY ? 0 : vfs_sync_super(sb);

	if (err < 0 && *(int *)arg == 0)
		*(int *)arg = err;
	return 0;
}

static void sync_bdev(struct blkdev *dev, void *arg)
{
	int err = pagecache_is_unwritten(&dev->cache) ? pagecache_sync(&dev->cache) : 0;

	if (err < 0 && *(int *)arg == 0)
		*(int *)arg = err;
}

int vfs_sync_all(void)
{
	int err = 0;

	super_each(sync_one, &err);
	blkdev_each(sync_bdev, &err);
	return err;
}

static int drop_pages(struct superblock *sb, void *arg)
{
	struct inode *inode = NULL;

	while ((inode = next_with_pages(sb, inode))) {
		pagecache_shrink(&inode->cache);
		sched_point();
	}
	return 0;
}

static void drop_bdev(struct blkdev *dev, void *arg)
{
	pagecache_shrink(&dev->cache);
}

void vfs_drop_caches(bool pages, bool names)
{
	if (pages) {
		super_each(drop_pages, NULL);
		blkdev_each(drop_bdev, NULL);
	}
	while (names && dcache_shrink(~0ull))
		rcu_barrier();
}

static int writeback_one(struct superblock *sb, void *arg)
{
	if (sb->flags & SB_READ_ONLY || !sb->ops->inode_write ||
	    !gate_try_enter(sb->gate, GATE_SYNC))
		return 0;
	(void)icache_put_late(sb, false);
	times_due(sb, false);
	super_write_inodes(sb);
	if (sb->ops->sync)
		sb->ops->sync(sb, false);
	gate_leave(sb->gate, GATE_SYNC);
	return 0;
}

static struct delayed_work writeback;

static void writeback_fn(struct work *work)
{
	super_each(writeback_one, NULL);
	delayed_work_queue(&writeback, WRITEBACK_PERIOD_NS);
}

void inode_writeback_init(void)
{
	delayed_work_init(&writeback, writeback_fn);
	delayed_work_queue(&writeback, WRITEBACK_PERIOD_NS);
}
