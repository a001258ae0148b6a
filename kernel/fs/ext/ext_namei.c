/*
 * fs/ext/ext_namei.c - names: looking them up, making and removing files.
 *
 * vfs holds the directory's lock, has checked permissions and existence, and keeps dentries right.
 * A new inode is complete before it gets its name; one that cannot be named is given up by taking
 * its link away, and is freed like any removed file. Each call is one handle of the journal.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_dir.h"
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_map.h"
#include "fs/ext/ext_namei.h"
#include "fs/ext/ext_xattr.h"

#include "abi/ioctl.h"
#include "abi/stat.h"

static int ext_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	u32 ino;
	int err;

	*out = NULL;
	if (name->length > EXT_NAME_MAX)
		return -ENAMETOOLONG;
	err = ext_dir_lookup(dir, name->text, name->length, &ino);
	if (err == -ABI_ENOENT)
		return 0;
	if (err)
		return err;
	if (ino == dir->ino)
		return ext_inode_error(dir, "directory is its own entry");
	err = ext_iget(dir->sb, ino, out);
	if (err == -ABI_ESTALE)
		return ext_inode_error(dir, "entry of deleted inode %u", ino);
	return err;
}

int ext_dirsync(struct inode *dir, struct inode *other)
{
	int err = 0, err2 = 0;

	if (!(READ_ONCE(dir->sb->flags) & (SB_SYNC | SB_DIRSYNC)) &&
	    !(dir->flags & (FS_DIRSYNC_FL | FS_SYNC_FL)))
		return 0;
	if (ext_fs_of(dir)->journaled)
		return ext_commit_inode(dir, false);
	if (other)
		err = inode_sync(other);
	err2 = inode_sync(dir);
	return err ? err : err2;
}

/*
 * One link more or less of a directory for a subdirectory; with dir_nlink a full count becomes 1
 * and stays.
 */
static void dir_links(struct inode *dir, int change)
{
	struct ext_fs *fs = ext_fs_of(dir);

	if (fs->geo.ro_compat & EXT_RO_DIR_NLINK && dir->nlink == 1)
		return;
	if (change > 0 && dir->nlink >= fs->max_links)
		dir->nlink = 1;
	else if (change > 0 || dir->nlink > 2)
		dir->nlink += (u32)change;
}

bool ext_dir_full(const struct inode *dir)
{
	const struct ext_fs *fs = ext_fs_of(dir);

	return dir->nlink >= fs->max_links && !(fs->geo.ro_compat & EXT_RO_DIR_NLINK);
}

void ext_dir_links_inc(struct inode *dir)
{
	dir_links(dir, 1);
}

void ext_dir_links_dec(struct inode *dir)
{
	dir_links(dir, -1);
}

/* Gives a complete new inode its name, or it up. */
static int name_new(struct inode *dir, const struct name *name, struct inode *inode, bool reserve)
{
	int err = name->length > EXT_NAME_MAX ? -ENAMETOOLONG :
		ext_dir_add(dir, name->text, name->length, (u32)inode->ino, inode->mode, reserve);

	if (err) {
		ext_inode_abandon(inode);
		return err;
	}
	if (S_ISDIR(inode->mode))
		ext_dir_links_inc(dir);
	inode_touch(dir, ATTR_MTIME | ATTR_CTIME);
	inode_unlock_new(inode);
	return 0;
}

/*
 * In a handle. The inode is in its buffer before it has a name: the name cannot outlive it. After
 * an error *out is NULL, or to be put after the handle.
 */
static int newborn_make(struct inode *dir, const struct name *name, const struct cred *cred,
			const struct ext_newborn *new, struct inode **out)
{
	bool reserve = ext_may_use_reserve(ext_fs_of(dir), cred);
	int err = ext_inode_new(dir, new->mode, cred, out);

	if (err)
		return err;
	err = new->fill(*out, dir, new, reserve);
	if (!err)
		err = ext_inode_save(*out);
	if (!err)
		return name_new(dir, name, *out, reserve);
	ext_inode_abandon(*out);
	return err;
}

int ext_name_new(struct inode *dir, const struct name *name, const struct cred *cred,
		 const struct ext_newborn *new, struct inode **out)
{
	struct ext_fs *fs = ext_fs_of(dir);
	struct inode *inode = NULL;
	unsigned tries = 0;
	bool made = false;
	int err;

	do {
		err = ext_begin(fs, ext_credits_new(dir));
		if (err)
			return err;
		err = newborn_make(dir, name, cred, new, &inode);
		made = !err;
		err = ext_end_saving(fs, err, NULL, dir);
		if (!made && inode)
			inode_put(inode);
	} while (ext_retry(fs, err, &tries));
	if (!err)
		err = ext_dirsync(dir, inode);
	if (!err)
		*out = inode;
	else if (made)
		inode_put(inode);
	return err;
}

static int node_fill(struct inode *inode, struct inode *dir, const struct ext_newborn *new,
		     bool reserve)
{
	inode->rdev = new->rdev;
	return 0;
}

static int ext_mknod(struct inode *dir, const struct name *name, u32 mode, u64 rdev,
		     const struct cred *cred, struct inode **out)
{
	struct ext_newborn new = { .mode = mode, .rdev = rdev, .fill = node_fill };

	return ext_name_new(dir, name, cred, &new, out);
}

static int ext_create(struct inode *dir, const struct name *name, u32 mode, const struct cred *cred,
		      struct inode **out)
{
	return ext_mknod(dir, name, S_IFREG | (mode & S_IALLUGO), 0, cred, out);
}

static int dir_fill(struct inode *inode, struct inode *dir, const struct ext_newborn *new,
		    bool reserve)
{
	return ext_dir_make_empty(inode, (u32)dir->ino, reserve);
}

static int ext_mkdir(struct inode *dir, const struct name *name, u32 mode, const struct cred *cred,
		     struct inode **out)
{
	struct ext_newborn new = { .mode = S_IFDIR | (mode & S_IALLUGO), .fill = dir_fill };

	return ext_dir_full(dir) ? -EMLINK : ext_name_new(dir, name, cred, &new, out);
}

static int ext_tmpfile(struct inode *dir, u32 mode, const struct cred *cred, struct inode **out)
{
	struct ext_fs *fs = ext_fs_of(dir);
	struct inode *inode;
	int err = ext_begin(fs, ext_credits_new(dir));

	if (err)
		return err;
	err = ext_inode_new(dir, S_IFREG | (mode & S_IALLUGO), cred, &inode);
	if (err) {
		ext_end(fs);
		if (inode)
			inode_put(inode);
		return err;
	}
	inode->nlink = 0;
	ext_orphan_add(inode);
	inode_dirty(inode);
	inode_unlock_new(inode);
	err = ext_end_saving(fs, 0, inode, NULL);
	if (err)
		inode_put(inode);
	else
		*out = inode;
	return err;
}

static int link_enter(struct inode *dir, const struct name *name, struct inode *inode)
{
	int err = ext_dir_add(dir, name->text, name->length, (u32)inode->ino, inode->mode, true);

	if (err)
		return err;
	if (inode->nlink++ == 0)
		ext_orphan_remove(inode);
	inode_touch(inode, ATTR_CTIME);
	inode_touch(dir, ATTR_MTIME | ATTR_CTIME);
	return 0;
}

static int ext_link(struct inode *dir, const struct name *name, struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(dir);
	unsigned tries = 0;
	int err;

	if (!READ_ONCE(fs->writable))
		return -EROFS;
	if (dir->nlink == 0)
		return -ENOENT;
	if (inode->nlink >= fs->max_links)
		return -EMLINK;
	do {
		err = ext_begin(fs, ext_credits_link(dir));
		if (err)
			return err;
		err = link_enter(dir, name, inode);
		err = ext_end_saving(fs, err, inode, dir);
	} while (ext_retry(fs, err, &tries));
	return err ? err : ext_dirsync(dir, inode);
}

/* The slot of a name that vfs says is `inode`'s. */
int ext_dir_find_inode(struct inode *dir, const struct name *name, const struct inode *inode,
		       struct ext_dir_slot *slot)
{
	int err = ext_dir_find(dir, name->text, name->length, slot);

	if (err)
		return err;
	if (slot->de->inode == inode->ino)
		return 0;
	bcache_put(&slot->b);
	return ext_inode_error(dir, "an entry changed under way");
}

void ext_inode_unlinked(struct inode *inode, bool last)
{
	if (last || inode->nlink <= 1)
		inode->nlink = 0;
	else
		inode->nlink--;
	if (inode->nlink == 0)
		ext_orphan_add(inode);
	inode_touch(inode, ATTR_CTIME);
}

static int name_remove(struct inode *dir, const struct name *name, struct inode *inode, bool rmdir)
{
	struct ext_dir_slot slot;
	int err = ext_dir_find_inode(dir, name, inode, &slot);

	if (err)
		return err;
	ext_dir_remove(dir, &slot);
	bcache_put(&slot.b);
	ext_inode_unlinked(inode, rmdir);
	if (rmdir)
		ext_dir_links_dec(dir);
	inode_touch(dir, ATTR_MTIME | ATTR_CTIME);
	return 0;
}

static int ext_remove(struct inode *dir, const struct name *name, struct inode *inode, bool rmdir)
{
	struct ext_fs *fs = ext_fs_of(dir);
	int err;

	if (!READ_ONCE(fs->writable))
		return -EROFS;
	err = ext_begin(fs, ext_credits_unlink());
	if (err)
		return err;
	err = name_remove(dir, name, inode, rmdir);
	err = err ? ext_end_saving(fs, err, NULL, NULL) : ext_end_saving(fs, 0, dir, inode);
	return err ? err : ext_dirsync(dir, NULL);
}

static int ext_unlink(struct inode *dir, const struct name *name, struct inode *inode)
{
	return ext_remove(dir, name, inode, false);
}

static int ext_rmdir(struct inode *dir, const struct name *name, struct inode *inode)
{
	int err = ext_dir_check_empty(inode);

	return err ? err : ext_remove(dir, name, inode, true);
}

const struct inode_ops ext_dir_inode_ops = {
	.lookup = ext_lookup,
	.create = ext_create,
	.mkdir = ext_mkdir,
	.mknod = ext_mknod,
	.symlink = ext_symlink,
	.tmpfile = ext_tmpfile,
	.link = ext_link,
	.unlink = ext_unlink,
	.rmdir = ext_rmdir,
	.rename = ext_rename,
	.setattr = ext_setattr,
	.flags_shown = EXT_FL_USER_VISIBLE,
	.set_flags = ext_set_flags,
	.set_acl = ext_set_acl,
	.getxattr = ext_getxattr,
	.setxattr = ext_setxattr,
	.listxattr = ext_listxattr,
	.removexattr = ext_removexattr,
};

const struct inode_ops ext_file_inode_ops = {
	.setattr = ext_setattr,
	.set_acl = ext_set_acl,
	.locate = ext_locate,
	.direct = &ext_direct_ops,
	.flags_shown = EXT_FL_USER_VISIBLE,
	.set_flags = ext_set_flags,
	.getxattr = ext_getxattr,
	.setxattr = ext_setxattr,
	.listxattr = ext_listxattr,
	.removexattr = ext_removexattr,
};

const struct inode_ops ext_special_inode_ops = {
	.setattr = ext_setattr,
	.set_acl = ext_set_acl,
	.getxattr = ext_getxattr,
	.setxattr = ext_setxattr,
	.listxattr = ext_listxattr,
	.removexattr = ext_removexattr,
};
