/*
 * Binding a loop device to a file, and its end. The file keeps what it is bound with; a change of
 * the file's size is seen when somebody says so (LOOP_SET_CAPACITY).
 *
 * A device with LO_FLAGS_AUTOCLEAR ends with its last user; LOOP_CLR_FD of a device that others
 * use, too, sets that flag.
 */
#include "abi/kdev.h"
#include "abi/stat.h"
#include "dev/uevent.h"
#include "lib/string.h"
#include "loop/loop_int.h"
#include "proc/process.h"

#define SETTABLE  (LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN)
#define CLEARABLE LO_FLAGS_AUTOCLEAR
#define BELOW_MAX 8u
#define AT_START  (SETTABLE | LO_FLAGS_READ_ONLY | LO_FLAGS_DIRECT_IO)

/* The file that the caller has open as fd: 0 and referenced, or -EBADF. */
static int file_of(int fd, struct file **out)
{
	struct file *file = fd_get(task_current()->files, fd);

	if (file && file->flags & O_PATH) {
		file_put(file);
		file = NULL;
	}
	*out = file;
	return file ? 0 : -EBADF;
}

/* The loop device that the file is, or lies on; or NULL. */
static const struct loop *loop_below(const struct file *file)
{
	const struct inode *inode = file->inode;
	struct blkdev *d = inode->sb->dev;
	struct disk *disk = d ? d->disk : NULL;

	if (S_ISBLK(inode->mode)) {
		d = blkdev_find_number(dev_major((u32)inode->rdev), dev_minor((u32)inode->rdev));
		disk = d ? d->disk : NULL;
		if (d) /* the file has it open */
			blkdev_put(d);
	}
	return disk && disk->major == LOOP_MAJOR ? loop_of(disk) : NULL;
}

/*
 * Whether the file may be bound to: not what is made of the device itself, nor a tower of devices:
 * the end of each may be the end of the one below.
 */
static int file_check(const struct loop *l, const struct file *file)
{
	const struct loop *below;

	if (!S_ISREG(file->inode->mode) && !S_ISBLK(file->inode->mode))
		return -EINVAL;
	for (unsigned n = 1; (below = loop_below(file)); n++) {
		if (below == l)
			return -EBADF;
		if (below->state != LOOP_BOUND || n > BELOW_MAX)
			return -EINVAL;
		file = below->file;
	}
	return 0;
}

/* Bytes of the file. */
static u64 file_size(const struct file *file)
{
	struct blkdev *d;
	u64 size;

	if (S_ISREG(file->inode->mode))
		return (u64)READ_ONCE(file->inode->size);
	d = blkdev_find_number(dev_major((u32)file->inode->rdev),
			       dev_minor((u32)file->inode->rdev));
	size = d ? READ_ONCE(d->n_sectors) << 9 : 0;
	if (d)
		blkdev_put(d);
	return size;
}

/* Sectors that the device has of the file. */
static u64 sectors_of(const struct loop *l, const struct file *file)
{
	u64 size = file_size(file);

	size -= min(size, l->offset);
	if (l->size_limit)
		size = min(size, l->size_limit);
	return size >> 9;
}

static bool block_size_ok(u64 size)
{
	return size >= 512 && size <= PAGE_SIZE && !(size & (size - 1));
}

static int info_check(const struct loop_info64 *info)
{
	if (info->lo_encrypt_key_size > LO_KEY_SIZE || info->lo_encrypt_type)
		return -EINVAL;
	if ((s64)info->lo_offset < 0 || (s64)info->lo_sizelimit < 0)
		return -EOVERFLOW;
	return 0;
}

static void info_apply(struct loop *l, const struct loop_info64 *info)
{
	WRITE_ONCE(l->offset, info->lo_offset);
	WRITE_ONCE(l->size_limit, info->lo_sizelimit);
	memcpy(l->name, info->lo_file_name, sizeof(l->name));
	l->name[sizeof(l->name) - 1] = 0;
}

static bool can_be_direct(const struct file *file)
{
	const struct pagecache *cache = &file->inode->cache;

	return S_ISBLK(file->inode->mode) || (cache->ops && cache->ops->write);
}

static void file_set(struct loop *l, struct file *file)
{
	u64 flags = spin_lock_irq(&l->disk.lock);

	l->file = file;
	spin_unlock_irq(&l->disk.lock, flags);
}

static void partitions_look(struct loop *l)
{
	WRITE_ONCE(l->disk.unpartitioned, !(l->flags & LO_FLAGS_PARTSCAN));
	if (!l->disk.unpartitioned)
		(void)disk_rescan(&l->disk);
}

/* loop_lock held; takes over the reference if it succeeds. */
static int bind_locked(struct loop *l, const struct file *opened, struct file *file,
		       const struct loop_config *config)
{
	u32 flags = config->info.lo_flags;
	int err = l->state == LOOP_UNBOUND ? file_check(l, file) : -EBUSY;

	if (READ_ONCE(l->disk.gone)) /* removed while it was being opened */
		err = -ENXIO;
	if (err < 0)
		return err;
	if (flags & ~(u32)AT_START || (config->block_size && !block_size_ok(config->block_size)))
		return -EINVAL;
	err = info_check(&config->info);
	if (err < 0)
		return err;
	err = loop_thread_start(l);
	if (err < 0)
		return err;
	if (!file->can_write || !opened->can_write || !file->ops->write)
		flags |= LO_FLAGS_READ_ONLY;
	if (!can_be_direct(file))
		flags &= ~(u32)LO_FLAGS_DIRECT_IO;
	info_apply(l, &config->info);
	l->flags = flags;
	l->disk.sector_size = l->disk.physical_sector_size =
		config->block_size ? config->block_size : 512;
	WRITE_ONCE(l->disk.read_only, flags & LO_FLAGS_READ_ONLY);
	file_set(l, file);
	l->state = LOOP_BOUND;
	WRITE_ONCE(l->disk.described, true);
	disk_set_size(&l->disk, sectors_of(l, file));
	uevent_send_blkdev(UEVENT_CHANGE, l->disk.whole, NULL);
	partitions_look(l);
	return 0;
}

int loop_bind(struct loop *l, struct blkdev *d, const struct file *opened,
	      const struct loop_config *config)
{
	struct file *file;
	bool claimed = !(opened->flags & O_EXCL);
	int err = file_of((int)config->fd, &file);

	if (err < 0)
		return err;
	/* Nobody else may have it for himself. */
	if (claimed)
		err = blkdev_claim(d);
	if (err < 0)
		goto out_file;
	mutex_lock(&loop_lock);
	err = bind_locked(l, opened, file, config);
	mutex_unlock(&loop_lock);
	if (claimed)
		blkdev_release(d);
	if (err == 0)
		return 0;
out_file:
	file_put(file);
	return err;
}

/* The end: what is dirty goes to the file first. loop_lock held; the file is the caller's. */
static struct file *clear_locked(struct loop *l)
{
	struct file *file = l->file;

	(void)pagecache_sync(&l->disk.whole->cache);
	(void)disk_forget_partitions(&l->disk);
	WRITE_ONCE(l->disk.unpartitioned, true);
	WRITE_ONCE(l->disk.described, false);
	disk_set_size(&l->disk, 0);
	loop_thread_stop(l);
	file_set(l, NULL);
	l->state = LOOP_UNBOUND;
	l->offset = l->size_limit = 0;
	l->flags = 0;
	l->disk.sector_size = l->disk.physical_sector_size = 512;
	WRITE_ONCE(l->disk.read_only, false);
	memset(l->name, 0, sizeof(l->name));
	uevent_send_blkdev(UEVENT_CHANGE, l->disk.whole, NULL);
	return file;
}

int loop_clear(struct loop *l, bool if_unused)
{
	struct file *file = NULL;
	u32 openers;
	int err = 0;

	mutex_lock(&loop_lock);
	openers = disk_openers(&l->disk);
	if (l->state != LOOP_BOUND)
		err = -ENXIO;
	else if (if_unused ? l->flags & LO_FLAGS_AUTOCLEAR && !openers : openers <= 1)
		file = clear_locked(l);
	else if (!if_unused)
		l->flags |= LO_FLAGS_AUTOCLEAR;
	mutex_unlock(&loop_lock);
	if (file)
		file_put(file);
	return err;
}

static int change_locked(struct loop *l, struct file *file)
{
	int err;

	if (l->state != LOOP_BOUND)
		return -ENXIO;
	if (!(l->flags & LO_FLAGS_READ_ONLY))
		return -EINVAL;
	err = file_check(l, file);
	if (err < 0)
		return err;
	return sectors_of(l, file) == sectors_of(l, l->file) ? 0 : -EINVAL;
}

int loop_change_file(struct loop *l, int fd)
{
	struct file *file, *old;
	int err = file_of(fd, &file);

	if (err < 0)
		return err;
	mutex_lock(&loop_lock);
	err = change_locked(l, file);
	old = file;
	if (err == 0) {
		old = l->file;
		file_set(l, file);
		/* The thread does not put files: the last put may end another device. */
		if (old != file)
			wait_until(&l->ended, READ_ONCE(l->using) != old);
		pagecache_drop_range(&l->disk.whole->cache, 0, ~0ull);
		if (l->flags & LO_FLAGS_PARTSCAN)
			(void)disk_rescan(&l->disk);
	}
	mutex_unlock(&loop_lock);
	file_put(old);
	return err;
}

static void status_locked(struct loop *l, const struct loop_info64 *info)
{
	bool moved = info->lo_offset != l->offset || info->lo_sizelimit != l->size_limit;
	u32 before = l->flags;

	if (moved) {
		(void)pagecache_sync(&l->disk.whole->cache);
		pagecache_drop_range(&l->disk.whole->cache, 0, ~0ull);
	}
	info_apply(l, info);
	l->flags = (info->lo_flags & SETTABLE) | (before & ~(u32)CLEARABLE);
	if (moved)
		disk_set_size(&l->disk, sectors_of(l, l->file));
	if (l->flags & ~before & LO_FLAGS_PARTSCAN)
		partitions_look(l);
}

int loop_set_status(struct loop *l, const struct loop_info64 *info)
{
	int err = 0;

	mutex_lock(&loop_lock);
	if (l->state != LOOP_BOUND)
		err = -ENXIO;
	else
		err = info_check(info);
	if (err == 0)
		status_locked(l, info);
	mutex_unlock(&loop_lock);
	return err;
}

int loop_get_status(struct loop *l, struct loop_info64 *info)
{
	const struct inode *inode;
	int err = -ENXIO;

	memset(info, 0, sizeof(*info));
	mutex_lock(&loop_lock);
	if (l->state == LOOP_BOUND) {
		inode = l->file->inode;
		info->lo_device = inode->sb->dev_id;
		info->lo_inode = inode->ino;
		info->lo_rdevice = inode->rdev;
		info->lo_offset = l->offset;
		info->lo_sizelimit = l->size_limit;
		info->lo_number = l->number;
		info->lo_flags = l->flags;
		memcpy(info->lo_file_name, l->name, sizeof(l->name));
		err = 0;
	}
	mutex_unlock(&loop_lock);
	return err;
}

int loop_set_capacity(struct loop *l)
{
	int err = -ENXIO;

	mutex_lock(&loop_lock);
	if (l->state == LOOP_BOUND) {
		disk_set_size(&l->disk, sectors_of(l, l->file));
		err = 0;
	}
	mutex_unlock(&loop_lock);
	return err;
}

int loop_set_direct(struct loop *l, bool on)
{
	int err = 0;

	mutex_lock(&loop_lock);
	if (l->state != LOOP_BOUND)
		err = -ENXIO;
	else if (on && !can_be_direct(l->file))
		err = -EINVAL;
	else
		l->flags = (l->flags & ~(u32)LO_FLAGS_DIRECT_IO) | (on ? LO_FLAGS_DIRECT_IO : 0);
	mutex_unlock(&loop_lock);
	return err;
}

int loop_set_block_size(struct loop *l, u64 size)
{
	struct pagecache *cache = &l->disk.whole->cache;
	int err = 0;

	mutex_lock(&loop_lock);
	if (l->state != LOOP_BOUND) {
		err = -ENXIO;
	} else if (!block_size_ok(size)) {
		err = -EINVAL;
	} else if (size != l->disk.sector_size) {
		(void)pagecache_sync(cache);
		pagecache_drop_range(cache, 0, ~0ull);
		if (READ_ONCE(cache->n_pages))
			err = -EAGAIN; /* somebody goes on using it */
		else
			l->disk.sector_size = l->disk.physical_sector_size = (u32)size;
	}
	mutex_unlock(&loop_lock);
	return err;
}
