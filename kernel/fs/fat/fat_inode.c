/*
 * fs/fat/fat_inode.c - inodes in memory: made of directory entries, and written back to them.
 *
 * What an entry lacks comes from the mount: owner, permissions. The read-only attribute is the
 * write permission of all. Of times, that of modification counts two seconds, that of access days,
 * that of creation hundredths; there is none of change, so it is that of modification.
 */
#include "fs/fat/fat_int.h"

#include "core/clock.h"
#include "lib/string.h"

static struct slab_cache *inode_cache;

/* Directories have no pages of their own. */
static const struct pagecache_ops no_page_ops;

int fat_inode_cache_init(void)
{
	inode_cache = slab_cache_create("fat_inode", sizeof(struct fat_inode), 0);
	if (!inode_cache)
		return -ENOMEM;
	slab_cache_set_reclaimable(inode_cache);
	return 0;
}

struct inode *fat_inode_alloc(struct superblock *sb)
{
	struct fat_inode *fi = slab_alloc(inode_cache, MM_WAIT | MM_NOFS | MM_ZERO);

	if (!fi)
		return NULL;
	rwsem_init(&fi->map_lock, RANK_FS, "fat map");
	hlist_node_init(&fi->position_link);
	hlist_node_init(&fi->start_link);
	return &fi->inode;
}

void fat_inode_free(struct inode *inode)
{
	slab_free(inode_cache, fat_i(inode));
}

static bool name_is_program(const u8 *name)
{
	return memcmp(name + 8, "EXE", 3) == 0 || memcmp(name + 8, "COM", 3) == 0 ||
	       memcmp(name + 8, "BAT", 3) == 0;
}

u32 fat_mode_of(const struct fat_fs *fs, u8 attr, const u8 *name)
{
	const struct fat_options *o = &fs->opt;
	bool dir = attr & FAT_ATTR_DIR;
	u32 mode = 0777;

	if (!dir && o->showexec && !name_is_program(name))
		mode &= ~0111u;
	if (attr & FAT_ATTR_READONLY && (!dir || o->rodir))
		mode &= ~0222u;
	return dir ? S_IFDIR | (mode & ~o->dmask) : S_IFREG | (mode & ~o->fmask);
}

static s32 offset_of(const struct fat_fs *fs)
{
	return -fs->opt.time_offset * 60;
}

struct timespec fat_time_trim(const struct inode *inode, struct timespec t, u32 which)
{
	const struct fat_fs *fs = fat_fs_of(inode);

	if (which == ATTR_CTIME)
		return inode->mtime;
	t.tv_nsec = 0;
	if (which == ATTR_ATIME && fs->opt.vfat)
		t.tv_sec = fat_time_day(t.tv_sec, offset_of(fs));
	else
		t.tv_sec -= t.tv_sec & (FAT_TIME_STEP - 1);
	return t;
}

static void times_read(struct inode *inode, const struct fat_dirent *de)
{
	const struct fat_fs *fs = fat_fs_of(inode);
	s32 offset = offset_of(fs);

	inode->mtime.tv_sec = fat_time_decode(de->date, de->time, offset);
	inode->ctime = inode->atime = inode->mtime;
	if (!fs->opt.vfat)
		return;
	if (de->adate)
		inode->atime.tv_sec = fat_time_decode(de->adate, 0, offset);
	if (de->cdate && de->ctime_10ms < 200) {
		inode->btime.tv_sec = fat_time_decode(de->cdate, de->ctime, offset) +
				      de->ctime_10ms / 100;
		inode->btime.tv_nsec = de->ctime_10ms % 100 * 10000000;
	}
}

void fat_dirent_fill(const struct inode *inode, struct fat_dirent *de)
{
	const struct fat_inode *fi = fat_i(inode);
	const struct fat_fs *fs = fat_fs_of(inode);
	s32 offset = offset_of(fs);
	u16 unused;

	de->attr = fi->attr;
	de->start = (u16)fi->start;
	de->start_hi = fs->geo.width == 32 ? (u16)(fi->start >> 16) : 0;
	de->size = S_ISDIR(inode->mode) ? 0 : (u32)inode->size;
	fat_time_encode(inode->mtime.tv_sec, offset, &de->date, &de->time);
	if (!fs->opt.vfat)
		return;
	fat_time_encode(inode->atime.tv_sec, offset, &de->adate, &unused);
	if (inode->btime.tv_sec) {
		fat_time_encode(inode->btime.tv_sec, offset, &de->cdate, &de->ctime);
		de->ctime_10ms = (u8)((inode->btime.tv_sec & 1) * 100 +
				      inode->btime.tv_nsec / 10000000);
	}
}

static void inode_set_kind(struct inode *inode)
{
	inode->cache.ops = S_ISDIR(inode->mode) ? &no_page_ops : &fat_page_ops;
	inode->ops = S_ISDIR(inode->mode) ? &fat_dir_inode_ops : &fat_file_inode_ops;
	inode->fops = S_ISDIR(inode->mode) ? &fat_dir_ops : &fat_file_ops;
}

/* Size and links of a directory, which only its chain and its entries tell. */
static int dir_measure(struct inode *inode)
{
	const struct fat_fs *fs = fat_fs_of(inode);
	u32 n;
	int err;

	if (fat_is_fixed_root(inode)) {
		inode->size = (s64)fs->geo.root_sectors << fs->geo.sector_bits;
	} else {
		err = fat_map_length(inode, &n);
		if (err)
			return err;
		inode->size = (s64)n << fs->geo.cluster_bits;
	}
	inode->blocks = (u64)inode->size >> 9;
	err = fat_dir_count_subdirs(inode, &n);
	inode->nlink = n + 2;
	return err;
}

/* What every inode gets from the mount. */
static void inode_common(struct inode *inode, u8 attr, const u8 *name)
{
	struct fat_fs *fs = fat_fs_of(inode);

	fat_i(inode)->attr = attr;
	inode->mode = fat_mode_of(fs, attr, name);
	inode->uid = fs->opt.uid;
	inode->gid = fs->opt.gid;
	if (attr & FAT_ATTR_SYSTEM && fs->opt.sys_immutable)
		inode->flags |= FS_IMMUTABLE_FL;
	inode_set_kind(inode);
}

static int inode_fill(struct inode *inode, const struct fat_dirent *de)
{
	struct fat_inode *fi = fat_i(inode);
	struct fat_fs *fs = fat_fs_of(inode);

	inode_common(inode, de->attr, de->name);
	times_read(inode, de);
	fi->start = de->start | (fs->geo.width == 32 ? (u32)de->start_hi << 16 : 0);
	if (fi->start && !fat_cluster_valid(&fs->geo, fi->start))
		return fat_error(fs, "an entry names cluster %u, which does not exist", fi->start);
	if (S_ISDIR(inode->mode)) {
		if (fi->start == 0)
			return fat_error(fs, "a directory has no cluster");
		if (!fat_hash_start(inode))
			return fat_error(fs, "two entries name the directory at cluster %u",
					 fi->start);
		return dir_measure(inode);
	}
	if (de->size && fi->start == 0)
		return fat_error(fs, "a file of %u bytes has no cluster", de->size);
	inode->size = de->size;
	inode->blocks = (u64)fat_clusters_for(fs, de->size) << (fs->geo.cluster_bits - 9);
	return 0;
}

/* Gives up an inode that nobody has seen. */
static void inode_fail(struct inode *inode)
{
	fat_hash_remove(inode);
	fat_map_fini(fat_i(inode));
	inode_fail_new(inode);
}

/* A new inode for the entry, with a number of its own. */
static int inode_make(struct inode *dir, const struct fat_dirent *de, u64 position,
		      struct inode **out)
{
	struct inode *inode = inode_alloc_new(dir->sb);
	int err;

	if (!inode)
		return -ENOMEM;
	err = inode_hash_new(inode, position);
	while (err == -ABI_EEXIST)
		err = inode_hash_new(inode, fat_hash_number(fat_fs_of(dir)));
	if (!err)
		err = inode_fill(inode, de);
	if (err) {
		inode_fail(inode);
		return err;
	}
	inode_unlock_new(inode);
	*out = inode;
	return 0;
}

int fat_iget(struct inode *dir, const struct fat_dirent *de, u64 position, struct inode **out)
{
	struct fat_fs *fs = fat_fs_of(dir);
	struct inode *inode = fat_hash_find(fs, position);
	int err = 0;

	if (!inode) {
		mutex_lock(&fs->make_lock);
		inode = fat_hash_find(fs, position);
		if (!inode) {
			err = inode_make(dir, de, position, &inode);
			if (!err)
				fat_inode_move(inode, position, dir);
		}
		mutex_unlock(&fs->make_lock);
		if (err)
			return err;
	}
	if (fat_i(inode)->parent_start != fat_dotdot_start(dir)) {
		inode_put(inode);
		return fat_error(fs, "two directories share cluster with entry %llu",
				 (unsigned long long)position);
	}
	*out = inode;
	return 0;
}

int fat_root_get(struct superblock *sb, struct inode **out)
{
	struct fat_fs *fs = sb->data;
	struct inode *inode = inode_lookup(sb, FAT_ROOT_INO);
	int err;

	if (!inode)
		return -ENOMEM;
	inode_common(inode, FAT_ATTR_DIR, (const u8 *)"           ");
	fat_i(inode)->start = fs->geo.root_cluster;
	(void)fat_hash_start(inode);
	err = dir_measure(inode);
	if (err) {
		inode_fail(inode);
		return err;
	}
	inode_unlock_new(inode);
	*out = inode;
	return 0;
}

/* Clusters beyond the end are freed, unless a writer is about to move the end over them. */
static void inode_trim(struct inode *inode)
{
	if (!rwsem_try_read(&inode->lock)) {
		inode_dirty(inode);
		return;
	}
	fat_map_trim(inode);
	rwsem_read_end(&inode->lock);
}

/* Writes the entry at the inode's position, which does not move meanwhile. */
static int entry_write(struct inode *inode)
{
	struct fat_inode *fi = fat_i(inode);
	struct fat_fs *fs = fat_fs_of(inode);
	const u32 shift = fs->geo.sector_bits - FAT_ENTRY_BITS;
	struct fat_dirent de, *at;
	struct bblock b;
	int err;

	if (!fi->position)
		return 0;
	err = bcache_get(fs->dev, fi->position >> shift, fs->geo.sector_size, &b);
	if (err)
		return err;
	at = (struct fat_dirent *)b.data + (fi->position & ((1u << shift) - 1));
	de = *at;
	fat_dirent_fill(inode, &de);
	if (memcmp(&de, at, sizeof(de)) != 0) {
		*at = de;
		bcache_dirty(fs->dev, &b);
	}
	bcache_put(&b);
	return 0;
}

int fat_inode_write(struct inode *inode, bool wait)
{
	struct fat_inode *fi = fat_i(inode);
	int err;

	if (!fat_writable(inode))
		return 0;
	if (unlikely(S_ISREG(inode->mode) && fat_map_has_excess(inode)))
		inode_trim(inode);
	rwsem_read(&fi->map_lock);
	err = entry_write(inode);
	rwsem_read_end(&fi->map_lock);
	if (!err && wait)
		err = bcache_sync(inode->sb->dev);
	return err;
}

void fat_inode_evict(struct inode *inode)
{
	struct fat_inode *fi = fat_i(inode);

	if (fat_writable(inode) && inode->nlink == 0) {
		rwsem_write(&inode->cache.invalidate);
		WRITE_ONCE(inode->size, 0);
		pagecache_truncate(&inode->cache, 0);
		rwsem_write_end(&inode->cache.invalidate);
		/* The place in by_start goes with the first cluster. */
		fat_hash_remove(inode);
		(void)fat_map_truncate(inode, 0);
	} else if (S_ISREG(inode->mode) && fat_map_has_excess(inode)) {
		fat_map_trim(inode);
		/* Whoever wants the file next reads its entry. */
		(void)fat_inode_write(inode, false);
	}
	fat_hash_remove(inode);
	fat_map_fini(fi);
}
