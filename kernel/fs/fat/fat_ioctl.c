/*
 * fs/fat/fat_ioctl.c - ioctl_fat(2): attributes of files, the volume's serial number, and entries
 * with both of their names.
 */
#include "fs/fat/fat_int.h"

#include "abi/capability.h"
#include "abi/dirent.h"
#include "abi/fat.h"
#include "abi/ioctl.h"
#include "arch/usercopy.h"
#include "lib/string.h"

static int attr_may_change(const struct inode *inode, const struct cred *cred, u8 attr)
{
	const struct fat_fs *fs = fat_fs_of(inode);

	if (READ_ONCE(inode->sb->flags) & SB_READ_ONLY || !fat_writable(inode))
		return -EROFS;
	if (inode->ino == FAT_ROOT_INO && attr != FAT_ATTR_DIR)
		return -EINVAL;
	if (fs->opt.sys_immutable && (attr | fat_i(inode)->attr) & FAT_ATTR_SYSTEM &&
	    !cred_capable(cred, CAP_LINUX_IMMUTABLE))
		return -EPERM;
	return inode_owner_or_capable(inode, cred) ? 0 : -EPERM;
}

static long attr_set(struct file *file, u32 value)
{
	struct inode *inode = file->inode;
	const struct fat_fs *fs = fat_fs_of(inode);
	struct fat_inode *fi = fat_i(inode);
	u8 fixed = FAT_ATTR_VOLUME | FAT_ATTR_DIR;
	u32 mode;
	int err;

	rwsem_write(&inode->lock);
	value = (value & 0x3f & ~(u32)fixed) | (fi->attr & fixed);
	err = attr_may_change(inode, cred_caller(), (u8)value);
	if (!err) {
		fi->attr = (u8)value;
		mode = fat_mode_of(fs, fi->attr, (const u8 *)"           ");
		/* Whether it is a program the name has said. */
		inode->mode = S_ISDIR(mode) ? mode :
					      (mode & ~0111u) | (inode->mode & 0111);
		if (fs->opt.sys_immutable)
			inode->flags = (inode->flags & ~(u32)FS_IMMUTABLE_FL) |
				       (value & FAT_ATTR_SYSTEM ? FS_IMMUTABLE_FL : 0);
		inode_touch(inode, ATTR_CTIME);
	}
	rwsem_write_end(&inode->lock);
	return err;
}

long fat_ioctl(struct file *file, u32 request, u64 arg)
{
	u32 __user *user = (__force u32 __user *)arg;
	u32 value;

	switch (request) {
	case FAT_IOCTL_GET_ATTRIBUTES:
		value = READ_ONCE(fat_i(file->inode)->attr);
		return copy_out_obj(user, &value);
	case FAT_IOCTL_SET_ATTRIBUTES:
		return copy_in_obj(&value, user) ? -EFAULT : attr_set(file, value);
	case FITRIM:
		return fat_trim(file, arg);
	case FAT_IOCTL_GET_VOLUME_ID:
		value = fat_fs_of(file->inode)->geo.serial;
		return copy_out_obj(user, &value);
	}
	return -ENOTTY;
}

/* The next entry from file->pos on: 1, 0 at the end, or an error. Directory locked. */
static int next_both(struct file *file, bool both, struct abi_fat_dirent *d)
{
	struct inode *dir = file->inode;
	struct fat_shown shown = { .n_name = 0 };
	struct fat_scan s;
	int err = 1;

	if (file->pos < 0)
		return -EINVAL;
	if (file->pos < FAT_DIR_FIRST) {
		shown.n_alias = file->pos < FAT_ENTRY_SIZE ? 1 : 2;
		memcpy(shown.alias, "..", 2);
		file->pos = shown.n_alias * FAT_ENTRY_SIZE;
	} else {
		if (file->pos - FAT_DIR_FIRST >= dir->size)
			return 0;
		fat_scan_begin(&s, dir, (u32)(file->pos - FAT_DIR_FIRST) & ~(FAT_ENTRY_SIZE - 1));
		while ((err = fat_scan_next(&s)) == 1) {
			fat_entry_show(fat_fs_of(dir), &s, &shown);
			file->pos = FAT_DIR_FIRST + s.pos;
			if (shown.n_alias)
				break;
		}
		fat_scan_end(&s);
		if (err != 1)
			return err;
		d[1].d_ino = (s64)fat_ino_of(fat_fs_of(dir), s.entry.position);
	}
	d[1].d_off = file->pos;
	memcpy(d[0].d_name, shown.alias, shown.n_alias);
	d[0].d_reclen = (u16)shown.n_alias;
	if (both && shown.n_name) {
		memcpy(d[1].d_name, shown.name, shown.n_name);
		d[1].d_reclen = (u16)shown.n_name;
	}
	return 1;
}

static long readdir_both(struct file *file, bool both, struct abi_fat_dirent __user *out)
{
	struct abi_fat_dirent *d = kzalloc(2 * sizeof(*d), MM_KERNEL);
	long n;

	if (!d)
		return -ENOMEM;
	mutex_lock(&file->pos_lock);
	rwsem_read(&file->inode->lock);
	n = READ_ONCE(file->inode->state) & I_UNLINKED ? -ENOENT : next_both(file, both, d);
	rwsem_read_end(&file->inode->lock);
	mutex_unlock(&file->pos_lock);
	if (n >= 0 && copy_out(out, d, 2 * sizeof(*d)))
		n = -EFAULT;
	kfree(d);
	return n;
}

long fat_dir_ioctl(struct file *file, u32 request, u64 arg)
{
	struct abi_fat_dirent __user *user = (__force struct abi_fat_dirent __user *)arg;

	switch (request) {
	case VFAT_IOCTL_READDIR_BOTH:
		return readdir_both(file, true, user);
	case VFAT_IOCTL_READDIR_SHORT:
		return readdir_both(file, false, user);
	}
	return fat_ioctl(file, request, arg);
}
