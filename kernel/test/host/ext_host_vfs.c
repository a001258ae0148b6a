/*
 * test/host/ext_host_vfs.c - vfs for fs/ext on the host: the inode cache and mounting. Calls by
 * name are in ext_host_names.c, contents in ext_host_file.c.
 */
#include "test/host/ext_host_int.h"

#include "core/clock.h"
#include "dev/bcache.h"
#include "vfs/acl.h"

#define BUCKETS 4096u

const struct inode_ops inode_ops_none;
static struct hlist_head buckets[BUCKETS];
static struct fs_type *types[8];
static unsigned n_types;

int fs_register(struct fs_type *type)
{
	types[n_types++] = type;
	return 0;
}

/* Inode cache */
static struct hlist_head *bucket(u64 ino)
{
	return &buckets[ino % BUCKETS];
}

static u64 cache_size(struct pagecache *cache)
{
	return (u64)((struct inode *)cache->owner)->size;
}

struct inode *inode_alloc_new(struct superblock *sb)
{
	struct inode *inode = sb->ops->inode_alloc(sb);

	if (!inode)
		return NULL;
	memset(inode, 0, sizeof(*inode));
	inode->sb = sb;
	inode->ops = &inode_ops_none;
	ref_set(&inode->refs, 1);
	inode->nlink = 1;
	inode->state = I_NEW;
	pagecache_init(&inode->cache, NULL, inode);
	inode->cache.size = cache_size;
	list_init(&inode->dirty_link);
	list_add(&inode->sb_link, &sb->inodes);
	return inode;
}

static struct inode *find(struct superblock *sb, u64 ino)
{
	struct inode *inode;

	hlist_for_each_entry(inode, bucket(ino), hash)
		if (inode->ino == ino && inode->sb == sb)
			return inode;
	return NULL;
}

struct inode *inode_lookup(struct superblock *sb, u64 ino)
{
	struct inode *inode = find(sb, ino);

	if (inode) {
		if (!ref_try_get(&inode->refs) || inode->state & I_NEW)
			abort(); /* on its way out, or never finished: we would wait for ever */
		return inode;
	}
	inode = inode_alloc_new(sb);
	if (inode) {
		inode->ino = ino;
		hlist_add_head(&inode->hash, bucket(ino));
	}
	return inode;
}

int inode_hash_new(struct inode *inode, u64 ino)
{
	inode->ino = ino;
	if (find(inode->sb, ino))
		return -EEXIST;
	hlist_add_head(&inode->hash, bucket(ino));
	return 0;
}

void inode_unlock_new(struct inode *inode)
{
	if (!(inode->state & I_NEW))
		abort();
	inode->state &= ~(u32)I_NEW;
}

/* There is nobody to wait for. */
void rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
	fn(head);
}

static void inode_destroy(struct inode *inode)
{
	list_del(&inode->sb_link);
	if (!list_empty(&inode->dirty_link))
		list_del_init(&inode->dirty_link);
	hlist_del(&inode->hash);
	pagecache_fini(&inode->cache);
	inode_acls_free(inode);
	inode->sb->ops->inode_free(inode);
}

void inode_fail_new(struct inode *inode)
{
	if (!ref_put(&inode->refs))
		abort();
	inode_destroy(inode);
}

void inode_dirty(struct inode *inode)
{
	if (inode->state & I_DIRTY)
		return;
	inode->state |= I_DIRTY;
	if (!(inode->state & I_FREEING))
		list_add_tail(&inode->dirty_link, &inode->sb->dirty);
}

static int write_dirty(struct inode *inode, bool wait)
{
	int err;

	if (!(inode->state & I_DIRTY))
		return 0;
	inode->state &= ~(u32)I_DIRTY;
	if (!list_empty(&inode->dirty_link))
		list_del_init(&inode->dirty_link);
	err = inode->sb->ops->inode_write(inode, wait);
	if (err)
		inode_dirty(inode);
	return err;
}

bool host_fail_evict;

void inode_put(struct inode *inode)
{
	bool held;

	if (!ref_put(&inode->refs))
		return;
	/* What goes for good here is written or freed here: the kernel waits for memory then. */
	held = host_fail_hold(!host_fail_evict);
	if (inode->nlink) {
		pagecache_write_range(&inode->cache, 0, ~0ull, true);
		write_dirty(inode, false);
	}
	inode->state |= I_FREEING;
	inode->sb->ops->inode_evict(inode);
	if (inode->nlink && inode->state & I_DIRTY)
		inode->sb->ops->inode_write(inode, false);
	inode_destroy(inode);
	host_fail_hold(held);
}

void inode_wait_written(struct inode *inode)
{
	/* Nobody else writes it. */
}

void inode_take_dirty(struct inode *inode)
{
	inode->state &= ~(u32)I_DIRTY;
	if (!list_empty(&inode->dirty_link))
		list_del_init(&inode->dirty_link);
}

int inode_sync(struct inode *inode)
{
	int err = pagecache_write_range(&inode->cache, 0, ~0ull, true);
	int err2 = write_dirty(inode, true), err3 = blk_flush(inode->sb->dev);

	err = err ? err : err2;
	return err ? err : err3;
}

int cached_fsync(struct file *file, bool data_only)
{
	return inode_sync(file->inode);
}

int file_sync_meta(struct file *file)
{
	struct blkdev *dev = file->inode->sb->dev;

	return bcache_sync(dev) ?: blk_flush(dev);
}

int file_data_error(struct file *file, struct pagecache *cache)
{
	return 0;
}

bool thread_fatal_pending(void)
{
	return false;
}

int file_modified(struct file *file)
{
	inode_touch(file->inode, ATTR_MTIME | ATTR_CTIME);
	return 0;
}

static struct timespec trim(struct inode *inode, struct timespec t, u32 which)
{
	return inode->sb->ops->time_trim ? inode->sb->ops->time_trim(inode, t, which) : t;
}

void inode_touch(struct inode *inode, u32 mask)
{
	struct timespec now = clock_now();

	if (mask & ATTR_MTIME)
		inode->mtime = trim(inode, now, ATTR_MTIME);
	if (mask & ATTR_CTIME)
		inode->ctime = trim(inode, now, ATTR_CTIME);
	inode_dirty(inode);
}

void inode_init_owner(struct inode *inode, const struct inode *dir, u32 mode,
		      const struct cred *cred)
{
	inode->uid = cred->fsuid;
	inode->gid = cred->fsgid;
	inode->mode = mode;
}

bool inode_owner_or_capable(const struct inode *inode, const struct cred *cred)
{
	return true;
}

int inode_setattr_simple(struct inode *inode, const struct inode_attr *attr)
{
	if (attr->mask & ATTR_SIZE)
		abort();
	if (attr->mask & ATTR_MODE)
		inode->mode = (inode->mode & S_IFMT) | attr->mode;
	if (attr->mask & ATTR_UID)
		inode->uid = attr->uid;
	if (attr->mask & ATTR_GID)
		inode->gid = attr->gid;
	if (attr->mask & ATTR_ATIME)
		inode->atime = attr->atime;
	if (attr->mask & ATTR_MTIME)
		inode->mtime = attr->mtime;
	if (attr->mask & ATTR_CTIME)
		inode->ctime = attr->ctime;
	inode_dirty(inode);
	return 0;
}

/* The generic file operations are only named in tables here. */
ssize_t cached_read(struct file *file, struct iov_iter *to, loff_t *pos) { abort(); }
ssize_t cached_write(struct file *file, struct iov_iter *from, loff_t *pos) { abort(); }
int cached_mmap(struct file *file, struct map_request *req) { abort(); }
int copy_in(void *dst, const void __user *src, size_t n) { memcpy(dst, src, n); return 0; }
int copy_out(void __user *dst, const void *src, size_t n) { memcpy(dst, src, n); return 0; }

loff_t file_seek_to(struct file *file, loff_t offset, int whence, loff_t end) { abort(); }

loff_t cached_seek(struct file *file, loff_t offset, int whence)
{
	if (whence != SEEK_SET)
		abort();
	return file->pos = offset;
}

/* Mounting */
int host_mount(const char *path, const char *type, u32 flags, const char *options,
	       struct superblock **out)
{
	struct superblock *sb = calloc(1, sizeof(*sb));
	int err = -ENODEV;

	host_mem_init();
	if (!n_types)
		host_types_init();
	sb->flags = flags;
	list_init(&sb->inodes);
	list_init(&sb->dirty);
	mutex_init(&sb->rename_lock, RANK_SB_RENAME, "rename");
	sb->dev = host_dev_open(path, false);
	for (unsigned i = 0; i < n_types; i++)
		if (strcmp(types[i]->name, type) == 0)
			sb->type = types[i];
	if (sb->type)
		err = sb->type->mount(sb, sb->dev, options);
	*out = sb;
	if (err) {
		CHECK(list_empty(&sb->inodes));
		host_dev_close(sb->dev);
		free(sb);
		host_locks_check();
		CHECK_EQ(host_allocations(), 0);
		*out = NULL;
	}
	return err;
}

int super_write_inodes(struct superblock *sb)
{
	int err = 0, one;

	for (unsigned n = 0; !list_empty(&sb->dirty) && n < 1000000; n++) {
		one = write_dirty(list_first_entry(&sb->dirty, struct inode, dirty_link), false);
		err = err ? err : one;
	}
	return err;
}

static int write_all(struct superblock *sb)
{
	struct inode *inode;
	int err = 0, one;

	list_for_each_entry(inode, &sb->inodes, sb_link) {
		one = pagecache_write_range(&inode->cache, 0, ~0ull, true);
		err = err ? err : one;
	}
	one = super_write_inodes(sb);
	return err ? err : one;
}

int host_sync(struct superblock *sb)
{
	int err = write_all(sb), err2 = sb->ops->sync(sb, true);

	return err ? err : err2;
}

int host_write_back(struct superblock *sb)
{
	int err = write_all(sb), err2 = bcache_sync(sb->dev);

	return err ? err : err2;
}

void host_drop_caches(struct superblock *sb)
{
	struct inode *inode;

	host_sync(sb);
	list_for_each_entry(inode, &sb->inodes, sb_link)
		(void)pagecache_shrink(&inode->cache);
	(void)pagecache_shrink(&sb->dev->cache);
}

void host_unmount(struct superblock *sb)
{
	if (!(sb->flags & SB_READ_ONLY))
		host_sync(sb);
	inode_put(sb->root_inode);
	CHECK(list_empty(&sb->inodes));
	sb->ops->unmount(sb);
	host_dev_close(sb->dev);
	free(sb);
	host_locks_check();
	CHECK_EQ(host_allocations(), 0);
}
