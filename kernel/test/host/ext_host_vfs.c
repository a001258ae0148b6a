/*
 * test/host/ext_host_vfs.c - vfs for fs/ext on the host: the inode cache, mounting, and calls by
 * directory and name that check and lock what vfs checks and locks.
 */
#include "test/host/ext_host_int.h"

#include "core/clock.h"
#include "fs/ext/ext.h"

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

static void inode_destroy(struct inode *inode)
{
	list_del(&inode->sb_link);
	if (!list_empty(&inode->dirty_link))
		list_del_init(&inode->dirty_link);
	hlist_del(&inode->hash);
	pagecache_fini(&inode->cache);
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

void inode_put(struct inode *inode)
{
	bool held;

	if (!ref_put(&inode->refs))
		return;
	/* What goes for good here is written or freed here: the kernel waits for memory then. */
	held = host_fail_hold(true);
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

int inode_sync(struct inode *inode, bool data_only)
{
	int err = pagecache_write_range(&inode->cache, 0, ~0ull, true);
	int err2 = write_dirty(inode, true);

	return err ? err : err2;
}

void inode_touch(struct inode *inode, u32 mask)
{
	struct timespec now = clock_now();

	if (mask & ATTR_MTIME)
		inode->mtime = now;
	if (mask & ATTR_CTIME)
		inode->ctime = now;
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
		fs_ext_init();
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

static int write_all(struct superblock *sb)
{
	struct inode *inode;
	int err = 0, one;

	list_for_each_entry(inode, &sb->inodes, sb_link) {
		one = pagecache_write_range(&inode->cache, 0, ~0ull, true);
		err = err ? err : one;
	}
	for (unsigned n = 0; !list_empty(&sb->dirty) && n < 1000000; n++) {
		one = write_dirty(list_first_entry(&sb->dirty, struct inode, dirty_link), false);
		err = err ? err : one;
	}
	return err;
}

int host_sync(struct superblock *sb)
{
	int err = write_all(sb), err2 = sb->ops->sync(sb, true);

	return err ? err : err2;
}

void host_drop_caches(struct superblock *sb)
{
	struct inode *inode;

	host_sync(sb);
	list_for_each_entry(inode, &sb->inodes, sb_link)
		host_cache_drop_clean(&inode->cache);
	host_cache_drop_clean(&sb->dev->cache);
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

/* Calls by name */
static struct name name_of(const char *text)
{
	return (struct name){ text, (u32)strlen(text), 0 };
}

int host_lookup(struct inode *dir, const char *text, struct inode **out)
{
	struct name name = name_of(text);
	int err;

	rwsem_read(&dir->lock);
	err = dir->ops->lookup(dir, &name, out);
	rwsem_read_end(&dir->lock);
	return err ? err : *out ? 0 : -ENOENT;
}

/* Locks the directory; an error if the name is there already. */
static int begin_new(struct inode *dir, const char *text)
{
	struct inode *inode;
	int err = host_lookup(dir, text, &inode);

	if (err == 0) {
		inode_put(inode);
		return -EEXIST;
	}
	if (err != -ENOENT)
		return err;
	rwsem_write(&dir->lock);
	return 0;
}

static int end_new(struct inode *dir, int err, struct inode *made, struct inode **out)
{
	rwsem_write_end(&dir->lock);
	if (err)
		return err;
	if (made->state & I_NEW)
		abort();
	if (out)
		*out = made;
	else
		inode_put(made);
	return 0;
}

int host_create(struct inode *dir, const char *text, u32 mode, struct inode **out)
{
	struct name name = name_of(text);
	struct inode *inode;
	int err = begin_new(dir, text);

	if (err)
		return err;
	err = dir->ops->create(dir, &name, S_IFREG | mode, &host_cred, &inode);
	return end_new(dir, err, inode, out);
}

int host_mknod(struct inode *dir, const char *text, u32 mode, u32 rdev)
{
	struct name name = name_of(text);
	struct inode *inode;
	int err = begin_new(dir, text);

	if (err)
		return err;
	err = dir->ops->mknod(dir, &name, mode, rdev, &host_cred, &inode);
	return end_new(dir, err, inode, NULL);
}

int host_mkdir(struct inode *dir, const char *text, u32 mode, struct inode **out)
{
	struct name name = name_of(text);
	struct inode *inode;
	int err = begin_new(dir, text);

	if (err)
		return err;
	err = dir->ops->mkdir(dir, &name, S_IFDIR | mode, &host_cred, &inode);
	return end_new(dir, err, inode, out);
}

int host_symlink(struct inode *dir, const char *text, const char *target)
{
	struct name name = name_of(text);
	struct inode *inode;
	int err = begin_new(dir, text);

	if (err)
		return err;
	err = dir->ops->symlink(dir, &name, target, &host_cred, &inode);
	return end_new(dir, err, inode, NULL);
}

int host_link(struct inode *dir, const char *text, struct inode *inode)
{
	struct name name = name_of(text);
	int err = begin_new(dir, text);

	if (err)
		return err;
	rwsem_write(&inode->lock);
	err = dir->ops->link(dir, &name, inode);
	rwsem_write_end(&inode->lock);
	rwsem_write_end(&dir->lock);
	return err;
}

static int remove_name(struct inode *dir, const char *text, bool rmdir)
{
	struct name name = name_of(text);
	struct inode *inode;
	int err = host_lookup(dir, text, &inode);

	if (err)
		return err;
	if (rmdir && !S_ISDIR(inode->mode))
		err = -ENOTDIR;
	if (!rmdir && S_ISDIR(inode->mode))
		err = -EISDIR;
	if (!err) {
		rwsem_write(&dir->lock);
		rwsem_write(&inode->lock);
		err = rmdir ? dir->ops->rmdir(dir, &name, inode) :
			      dir->ops->unlink(dir, &name, inode);
		rwsem_write_end(&inode->lock);
		rwsem_write_end(&dir->lock);
	}
	inode_put(inode);
	return err;
}

int host_unlink(struct inode *dir, const char *text)
{
	return remove_name(dir, text, false);
}

int host_rmdir(struct inode *dir, const char *text)
{
	return remove_name(dir, text, true);
}

int host_rename(struct inode *from, const char *old_text, struct inode *to, const char *new_text,
		u32 flags)
{
	struct name old = name_of(old_text), new_name = name_of(new_text);
	struct inode *inode, *replaced = NULL;
	int err = host_lookup(from, old_text, &inode);

	if (err)
		return err;
	err = host_lookup(to, new_text, &replaced);
	if (err == -ENOENT)
		err = 0;
	if (!err && replaced && !flags && S_ISDIR(inode->mode) != S_ISDIR(replaced->mode))
		err = S_ISDIR(inode->mode) ? -ENOTDIR : -EISDIR;
	if (!err && !replaced && flags)
		err = -ENOENT;
	if (!err && inode != replaced) {
		rwsem_write(&from->lock);
		if (to != from)
			rwsem_write(&to->lock);
		err = from->ops->rename(from, &old, inode, to, &new_name, replaced, flags);
		if (to != from)
			rwsem_write_end(&to->lock);
		rwsem_write_end(&from->lock);
	}
	if (replaced)
		inode_put(replaced);
	inode_put(inode);
	return err;
}

int host_truncate(struct inode *inode, s64 size)
{
	struct inode_attr attr = { .mask = ATTR_SIZE | ATTR_MTIME | ATTR_CTIME, .size = size,
				   .mtime = clock_now(), .ctime = clock_now() };
	int err;

	rwsem_write(&inode->lock);
	err = inode->ops->setattr(inode, &attr);
	rwsem_write_end(&inode->lock);
	return err;
}

/* The bytes between the old end and a write behind it. */
static int zero_tail(struct inode *inode, s64 at)
{
	s64 old = inode->size;
	u64 end =
		(u64)at >> PAGE_SHIFT == (u64)old >> PAGE_SHIFT ? (u64)at & ~PAGE_MASK : PAGE_SIZE;
	struct page *page;
	int err;

	if (at <= old || !(old & (s64)~PAGE_MASK))
		return 0;
	err = pagecache_get_locked(&inode->cache, (u64)old >> PAGE_SHIFT, false, &page);
	if (err)
		return err;
	if (!mem_is_all((u8 *)page_to_virt(page) + ((u64)old & ~PAGE_MASK), 0,
			end - ((u64)old & ~PAGE_MASK))) {
		memset((u8 *)page_to_virt(page) + ((u64)old & ~PAGE_MASK), 0,
		       end - ((u64)old & ~PAGE_MASK));
		page_dirty(page);
	}
	page_unlock(page);
	page_put(page);
	return 0;
}

static int write_piece(struct inode *inode, const void *buf, size_t n, s64 at)
{
	size_t offset = (u64)at & ~PAGE_MASK;
	bool fresh = ((u64)at & PAGE_MASK) >= (u64)inode->size || n == PAGE_SIZE;
	struct page *page;
	int err = pagecache_get_locked(&inode->cache, (u64)at >> PAGE_SHIFT, fresh, &page);

	if (err)
		return err;
	if (!page_test(page, PG_UPTODATE) && n < PAGE_SIZE) {
		memset(page_to_virt(page), 0, PAGE_SIZE);
		page_set(page, PG_UPTODATE);
	}
	err = inode->cache.ops->prepare_write(&inode->cache, page, (unsigned)offset,
					      (unsigned)(offset + n));
	if (!err) {
		memcpy((u8 *)page_to_virt(page) + offset, buf, n);
		page_set(page, PG_UPTODATE);
		page_dirty(page);
		if (at + (s64)n > inode->size)
			inode->size = at + (s64)n;
	}
	page_unlock(page);
	page_put(page);
	return err;
}

ssize_t host_write(struct inode *inode, const void *buf, size_t n, s64 at)
{
	size_t done = 0;
	int err;

	rwsem_write(&inode->lock);
	inode_touch(inode, ATTR_MTIME | ATTR_CTIME);
	err = zero_tail(inode, at);
	while (!err && done < n) {
		size_t part =
			min(n - done, (size_t)(PAGE_SIZE - ((u64)(at + (s64)done) & ~PAGE_MASK)));

		err = write_piece(inode, (const u8 *)buf + done, part, at + (s64)done);
		if (!err)
			done += part;
	}
	inode_dirty(inode);
	rwsem_write_end(&inode->lock);
	return done ? (ssize_t)done : err;
}

ssize_t host_read(struct inode *inode, void *buf, size_t n, s64 at)
{
	size_t done = 0;

	if (at >= inode->size)
		return 0;
	n = min(n, (size_t)(inode->size - at));
	while (done < n) {
		u64 pos = (u64)at + done;
		size_t part = min(n - done, (size_t)(PAGE_SIZE - (pos & ~PAGE_MASK)));
		struct page *page;
		int err = pagecache_get(&inode->cache, pos >> PAGE_SHIFT,
					((u64)at + n - 1) >> PAGE_SHIFT, &page);

		if (err)
			return done ? (ssize_t)done : err;
		memcpy((u8 *)buf + done, (u8 *)page_to_virt(page) + (pos & ~PAGE_MASK), part);
		page_put(page);
		done += part;
	}
	return (ssize_t)done;
}

ssize_t host_readlink(struct inode *inode, char *buf, size_t size)
{
	if (inode->ops->readlink)
		return inode->ops->readlink(inode, buf, size);
	return (ssize_t)strlcpy(buf, inode->link_target, size);
}

struct host_sink {
	struct dir_sink sink;
	unsigned left;
	void (*fn)(const char *name, u64 ino, u8 type, void *arg);
	void *arg;
};

static bool sink_emit(struct dir_sink *sink, const char *name, u32 length, u64 ino, u8 type,
		      u64 next)
{
	struct host_sink *s = container_of(sink, struct host_sink, sink);
	char text[256];

	if (s->left == 0)
		return false;
	s->left--;
	memcpy(text, name, length);
	text[length] = '\0';
	s->fn(text, ino, type, s->arg);
	return true;
}

int host_readdir(struct inode *dir, unsigned chunk,
		 void (*fn)(const char *name, u64 ino, u8 type, void *arg), void *arg)
{
	struct file file = { .inode = dir };
	struct host_sink s = { .sink.emit = sink_emit, .fn = fn, .arg = arg };
	int err;

	do {
		s.left = chunk;
		rwsem_read(&dir->lock);
		err = dir->fops->readdir(&file, &s.sink);
		rwsem_read_end(&dir->lock);
	} while (!err && s.left < chunk);
	return err;
}

struct file *host_open(struct inode *inode, u32 flags)
{
	struct file *file = calloc(1, sizeof(*file));

	inode_get(inode);
	file->inode = inode;
	file->flags = flags;
	file->cred = &host_cred;
	if (inode->fops->open && inode->fops->open(file))
		abort();
	return file;
}

void host_close(struct file *file)
{
	if (file->inode->fops->release)
		file->inode->fops->release(file);
	inode_put(file->inode);
	free(file);
}

/* Images */
const char *host_dir(void)
{
	return os_temp_dir();
}

const char *host_mkfs(const char *name, unsigned mib, const char *args)
{
	static char path[300];

	strlcpy(path, host_dir(), sizeof(path));
	strlcat(path, "/", sizeof(path));
	strlcat(path, name, sizeof(path));
	CHECK_EQ(host_run("rm -f '%s'; truncate -s %uM '%s' && mke2fs -q -F "
			  "-U 6b1f8f6e-0c5e-4a6e-9a35-52f2c3a7d001 "
			  "-E hash_seed=0f0e0d0c-0b0a-4908-8706-050403020100 "
			  "%s '%s' >'%s.log' 2>&1 || "
			  "{ cat '%s.log'; exit 1; }", path, mib, path, args, path, path, path), 0);
	return path;
}

bool host_fsck(const char *path)
{
	return host_run("e2fsck -fn '%s' >'%s.log' 2>&1 || { cat '%s.log' | head -60; exit 1; }",
			path, path, path) == 0;
}

bool host_fsck_mounted(const char *path)
{
	/* A copy that is called clean must be so. */
	return host_run("cp --sparse=always '%s' '%s.copy' && "
			"{ debugfs -w -R 'set_super_value state 1' '%s.copy' >/dev/null 2>&1; "
			"e2fsck -fn '%s.copy' >'%s.log' 2>&1 || "
			"{ cat '%s.log' | head -60; exit 1; }; }",
			path, path, path, path, path, path) == 0;
}
