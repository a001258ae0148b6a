/*
 * fs/fat/fat_namei.c - names: looking them up, making and removing files.
 *
 * vfs holds the directory's lock, has checked permissions and existence, and keeps one dentry per
 * file, however its name is spelled. An entry is written first; its inode is made of it.
 */
#include "fs/fat/fat_int.h"

#include "core/clock.h"

static int fat_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	struct fat_entry e;
	struct fat_key key;
	int err;

	*out = NULL;
	if (fat_key_make(fat_fs_of(dir), name, &key))
		return 0; /* no file can have such a name */
	err = fat_dir_find(dir, &key, &e);
	if (err)
		return err == -ABI_ENOENT ? 0 : err;
	return fat_iget(dir, &e.de, e.position, out);
}

int fat_dirsync(struct inode *dir, struct inode *other)
{
	int err = 0, err2;

	if (!(READ_ONCE(dir->sb->flags) & (SB_SYNC | SB_DIRSYNC)))
		return 0;
	if (other)
		err = inode_sync(other);
	/* With the entry that went, or came, which is in no inode. */
	err2 = inode_sync(dir);
	return err ? err : err2;
}

/* What the entry of a new file says. */
static struct fat_dirent new_dirent(const struct inode *dir, u8 attr)
{
	const struct fat_fs *fs = fat_fs_of(dir);
	struct timespec now = clock_stamp();
	s32 offset = -fs->opt.time_offset * 60;
	struct fat_dirent de = { .attr = attr };

	fat_time_encode(now.tv_sec, offset, &de.date, &de.time);
	if (fs->opt.vfat) {
		de.adate = de.cdate = de.date;
		de.ctime = de.time;
		de.ctime_10ms = (u8)((now.tv_sec & 1) * 100 + now.tv_nsec / 10000000);
	}
	return de;
}

/* Enters a new file and makes its inode; *out on success. */
static int enter(struct inode *dir, const struct name *name, struct fat_dirent *de,
		 struct inode **out)
{
	struct fat_entry e;
	int err;

	err = fat_dir_add(dir, name, de, 0, &e);
	if (err)
		return err;
	err = fat_iget(dir, &e.de, e.position, out);
	if (err) {
		(void)fat_dir_remove(dir, &e);
		return err;
	}
	inode_touch(dir, ATTR_MTIME | ATTR_CTIME);
	return 0;
}

static int fat_create(struct inode *dir, const struct name *name, u32 mode, const struct cred *cred,
		      struct inode **out)
{
	struct fat_dirent de = new_dirent(dir, FAT_ATTR_ARCHIVE);
	int err;

	if (!fat_writable(dir))
		return -EROFS;
	err = enter(dir, name, &de, out);
	return err ? err : fat_dirsync(dir, *out);
}

static int fat_mkdir(struct inode *dir, const struct name *name, u32 mode, const struct cred *cred,
		     struct inode **out)
{
	struct fat_dirent de = new_dirent(dir, FAT_ATTR_DIR);
	u32 cluster;
	int err;

	if (!fat_writable(dir))
		return -EROFS;
	err = fat_dir_make(dir, &de, &cluster);
	if (err)
		return err;
	de.start = (u16)cluster;
	de.start_hi = fat_fs_of(dir)->geo.width == 32 ? (u16)(cluster >> 16) : 0;
	err = enter(dir, name, &de, out);
	if (err) {
		(void)fat_clusters_free(fat_fs_of(dir), cluster, true);
		return err;
	}
	dir->nlink++;
	return fat_dirsync(dir, *out);
}

static int fat_unlink(struct inode *dir, const struct name *name, struct inode *inode)
{
	struct fat_entry e;
	int err;

	if (!fat_writable(dir))
		return -EROFS;
	err = fat_dir_find_inode(dir, name, inode, &e);
	if (err)
		return err;
	/* From here on nobody writes the inode into the entry that goes. */
	fat_inode_move(inode, 0, NULL);
	err = fat_dir_remove(dir, &e);
	if (err) {
		fat_inode_move(inode, e.position, NULL);
		return err;
	}
	inode->nlink = 0;
	inode_touch(inode, ATTR_CTIME);
	inode_touch(dir, ATTR_MTIME | ATTR_CTIME);
	return fat_dirsync(dir, NULL);
}

static int fat_rmdir(struct inode *dir, const struct name *name, struct inode *inode)
{
	int err = fat_dir_check_empty(inode);

	if (!err)
		err = fat_unlink(dir, name, inode);
	if (!err && dir->nlink > 2)
		dir->nlink--;
	return err;
}

const struct inode_ops fat_dir_inode_ops = {
	.lookup = fat_lookup,
	.create = fat_create,
	.mkdir = fat_mkdir,
	.unlink = fat_unlink,
	.rmdir = fat_rmdir,
	.rename = fat_rename,
	.setattr = fat_setattr,
};

const struct inode_ops fat_file_inode_ops = {
	.setattr = fat_setattr,
	.fill_gap = fat_fill_gap,
	.locate = fat_locate,
};
