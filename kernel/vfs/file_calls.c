/* The other calls on open files: getdents, fsync, ftruncate, fallocate, ioctl, fcntl(F_SETFL). */
#include "abi/fat.h"
#include "abi/ioctl.h"
#include "abi/stat.h"
#include "arch/usercopy.h"
#include "vfs/file_int.h"
#include "vfs/mount_int.h"
#include "vfs/notify.h"

int file_readdir(struct file *f, struct dir_sink *sink)
{
	struct inode *dir = f->inode;
	int err;

	if (!f->ops->readdir || !S_ISDIR(dir->mode))
		return -ENOTDIR;
	mutex_lock(&f->pos_lock);
	err = rwsem_read_killable(&dir->lock);
	if (err == 0) {
		if (READ_ONCE(dir->state) & I_UNLINKED)
			err = -ENOENT;
		else
			err = f->ops->readdir(f, sink);
		rwsem_read_end(&dir->lock);
	}
	mutex_unlock(&f->pos_lock);
	if (!(f->flags & O_NOATIME) && f->path.mount)
		inode_touch_atime(dir, f->path.mount->flags);
	if (err == 0)
		notify_file(f, IN_ACCESS);
	return err;
}

int file_sync(struct file *f, bool data_only)
{
	return f->ops->fsync ? f->ops->fsync(f, data_only) : -EINVAL;
}

int file_truncate(struct file *f, s64 size, u64 fsize_limit)
{
	struct inode *inode = f->inode;
	int err;

	if (!f->can_write || !S_ISREG(inode->mode) || size < 0)
		return -EINVAL;
	if (inode->flags & FS_APPEND_FL)
		return -EPERM;
	if (size > READ_ONCE(inode->size) && (u64)size > fsize_limit)
		return -EFSIZELIMIT;
	err = gate_enter(inode->sb->gate, GATE_CALL);
	if (err < 0)
		return err;
	err = inode_truncate(inode, size, cred_caller());
	gate_leave(inode->sb->gate, GATE_CALL);
	if (err == 0)
		notify_file(f, IN_MODIFY);
	return err;
}

/* Whether these flags go together (fallocate(2)). */
static int allocate_check_mode(u32 mode)
{
	if (mode & ~(u32)(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |
			  FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE))
		return -EOPNOTSUPP;
	if (mode & FALLOC_FL_PUNCH_HOLE &&
	    (mode & FALLOC_FL_ZERO_RANGE || !(mode & FALLOC_FL_KEEP_SIZE)))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_COLLAPSE_RANGE && mode != FALLOC_FL_COLLAPSE_RANGE) ||
	    (mode & FALLOC_FL_INSERT_RANGE && mode != FALLOC_FL_INSERT_RANGE) ||
	    (mode & FALLOC_FL_UNSHARE_RANGE &&
	     mode & ~(u32)(FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE)))
		return -EINVAL;
	return 0;
}

int file_allocate(struct file *f, u32 mode, loff_t offset, loff_t length, u64 fsize_limit)
{
	struct inode *inode = f->inode;
	loff_t end;
	int err;

	if (offset < 0 || length <= 0)
		return -EINVAL;
	err = allocate_check_mode(mode);
	if (err < 0)
		return err;
	if (!f->can_write)
		return -EBADF;
	if (inode->flags & FS_IMMUTABLE_FL ||
	    (inode->flags & FS_APPEND_FL && mode & ~(u32)FALLOC_FL_KEEP_SIZE))
		return -EPERM;
	if (S_ISFIFO(inode->mode))
		return -ESPIPE;
	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode) && !S_ISBLK(inode->mode))
		return -ENODEV;
	if (add_overflow(offset, length, &end) || (u64)end > inode->sb->max_file_size)
		return -EFBIG;
	if (!(mode & ~(u32)FALLOC_FL_ZERO_RANGE) && end > READ_ONCE(inode->size) &&
	    (u64)end > fsize_limit)
		return -EFSIZELIMIT;
	if (!f->ops->fallocate)
		return -EOPNOTSUPP;
	err = gate_enter(inode->sb->gate, GATE_CALL);
	if (err < 0)
		return err;
	err = f->ops->fallocate(f, mode, offset, length);
	gate_leave(inode->sb->gate, GATE_CALL);
	if (err == 0 && file_is_synchronous(f))
		err = file_sync_written(f);
	if (err == 0)
		notify_file(f, IN_MODIFY);
	return err;
}

static long put_int(u64 arg, s32 value)
{
	return copy_out_obj((s32 __user *)arg, &value);
}

/* FIOQSIZE: the bytes that the file's blocks have, st_blocks of stat(2) in another unit. */
static long put_allocated(const struct file *f, u64 arg)
{
	struct statx_data data;
	u64 bytes;
	int err = vfs_stat(&f->path, &data);

	if (err < 0)
		return err;
	bytes = data.blocks * 512;
	return copy_out_obj((u64 __user *)arg, &bytes);
}

/* What is asked of any file, and this one's file system does not have. */
static long ioctl_refuse(const struct file *f, u32 request)
{
	if (!S_ISREG(f->inode->mode) && !S_ISDIR(f->inode->mode))
		return -ENOTTY;
	if (request == FS_IOC_FIEMAP)
		return -EOPNOTSUPP;
	return request == FIBMAP && S_ISREG(f->inode->mode) ? -EINVAL : -ENOTTY;
}

/* Changes what the disk has of the file, which may be open for reading alone. */
static bool ioctl_changes(const struct file *f, u32 request)
{
	return (S_ISREG(f->inode->mode) || S_ISDIR(f->inode->mode)) &&
	       (request == FS_IOC_SETVERSION || request == FAT_IOCTL_SET_ATTRIBUTES ||
		request == FS_IOC_SETFSLABEL || request == EXT4_IOC_SETFSUUID ||
		request == EXT4_IOC_RESIZE_FS);
}

static long ioctl_change(struct file *f, u32 request, u64 arg)
{
	long err = mount_write_begin(f->path.mount);

	if (err < 0)
		return err;
	err = f->ops->ioctl ? f->ops->ioctl(f, request, arg) : -ENOTTY;
	mount_write_end(f->path.mount);
	return err;
}

long file_ioctl(struct file *f, u32 request, u64 arg)
{
	long err;

	if (f->flags & O_PATH)
		return -EBADF;
	if (S_ISREG(f->inode->mode)) {
		s64 left;

		switch (request) {
		case FIONREAD:
			left = READ_ONCE(f->inode->size) - f->pos;
			return put_int(arg, (s32)clamp(left, 0l, 0x7fffffffl));
		case FIGETBSZ:
			return put_int(arg, (s32)f->inode->sb->block_size);
		default:
			break;
		}
	}
	if (request == FIOQSIZE && (S_ISREG(f->inode->mode) || S_ISDIR(f->inode->mode)))
		return put_allocated(f, arg);
	if (request == FIFREEZE || request == FITHAW)
		return freeze_ioctl(f, request);
	err = iflags_ioctl(f, request, arg);
	if (err != -ABI_ENOTTY)
		return err;
	if (ioctl_changes(f, request))
		return ioctl_change(f, request, arg);
	err = f->ops->ioctl ? f->ops->ioctl(f, request, arg) : -ENOTTY;
	return err == -ABI_ENOTTY ? ioctl_refuse(f, request) : err;
}

int file_set_flags(struct file *f, u32 flags)
{
	const u32 may = O_APPEND | O_NONBLOCK | O_NOATIME | O_DIRECT;

	if ((f->flags ^ flags) & O_APPEND && f->inode->flags & FS_APPEND_FL && !(flags & O_APPEND))
		return -EPERM;
	if (flags & ~f->flags & O_NOATIME && !inode_owner_or_capable(f->inode, cred_caller()))
		return -EPERM;
	/* A FIFO's writer makes packets by it. */
	if (flags & O_DIRECT && !S_ISREG(f->inode->mode) && !S_ISBLK(f->inode->mode) &&
	    !S_ISFIFO(f->inode->mode))
		return -EINVAL;
	spin_lock(&f->lock);
	f->flags = (f->flags & ~may) | (flags & may);
	spin_unlock(&f->lock);
	return 0;
}

void file_set_async(struct file *f, int fd, bool on)
{
	spin_lock(&f->lock);
	f->flags = on ? f->flags | FASYNC : f->flags & ~(u32)FASYNC;
	f->owner.fd = fd;
	if (f->ops->async)
		f->ops->async(f, on);
	spin_unlock(&f->lock);
}

void file_set_owner(struct file *f, const struct file_owner *owner)
{
	spin_lock(&f->lock);
	f->owner = *owner;
	if (f->ops->async)
		f->ops->async(f, f->flags & FASYNC);
	notify_owner(f);
	spin_unlock(&f->lock);
}

struct file_owner file_owner(struct file *f)
{
	struct file_owner owner;

	spin_lock(&f->lock);
	owner = f->owner;
	spin_unlock(&f->lock);
	return owner;
}
