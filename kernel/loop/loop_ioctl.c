/* ioctl(2) on loop devices (linux/loop.h). */
#include "abi/capability.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "loop/loop_int.h"
#include "proc/process.h"

static bool may_set(const struct file *f)
{
	return f->can_write || cred_capable(cred_current(), CAP_SYS_ADMIN);
}

static int get_old(struct loop *l, u64 arg)
{
	struct loop_info64 info;
	struct loop_info old = { 0 };
	int err = loop_get_status(l, &info);

	if (err < 0)
		return err;
	old.lo_number = (s32)info.lo_number;
	old.lo_device = info.lo_device & 0xffff;
	old.lo_inode = info.lo_inode;
	old.lo_rdevice = info.lo_rdevice & 0xffff;
	old.lo_offset = (s32)info.lo_offset;
	old.lo_flags = (s32)info.lo_flags;
	memcpy(old.lo_name, info.lo_file_name, sizeof(old.lo_name));
	if ((u64)old.lo_offset != info.lo_offset || old.lo_device != info.lo_device ||
	    old.lo_rdevice != info.lo_rdevice)
		return -EOVERFLOW;
	return copy_out_obj((struct loop_info __user *)arg, &old);
}

static int set_old(struct loop *l, u64 arg)
{
	struct loop_info64 info = { 0 };
	struct loop_info old;

	if (copy_in_obj(&old, (const struct loop_info __user *)arg))
		return -EFAULT;
	info.lo_offset = (u64)(s64)old.lo_offset;
	info.lo_encrypt_type = (u32)old.lo_encrypt_type;
	info.lo_encrypt_key_size = (u32)old.lo_encrypt_key_size;
	info.lo_flags = (u32)old.lo_flags;
	memcpy(info.lo_file_name, old.lo_name, sizeof(old.lo_name));
	return loop_set_status(l, &info);
}

static int get_new(struct loop *l, u64 arg)
{
	struct loop_info64 info;
	int err = loop_get_status(l, &info);

	return err < 0 ? err : copy_out_obj((struct loop_info64 __user *)arg, &info);
}

static int set_new(struct loop *l, u64 arg)
{
	struct loop_info64 info;

	if (copy_in_obj(&info, (const struct loop_info64 __user *)arg))
		return -EFAULT;
	return loop_set_status(l, &info);
}

static int configure(struct loop *l, struct blkdev *d, struct file *f, u64 arg)
{
	struct loop_config config;

	if (copy_in_obj(&config, (const struct loop_config __user *)arg))
		return -EFAULT;
	return loop_bind(l, d, f, &config);
}

/* Those who change a device that is in use. */
static long set_ioctl(struct loop *l, u32 request, u64 arg)
{
	switch (request) {
	case LOOP_SET_STATUS:
		return set_old(l, arg);
	case LOOP_SET_STATUS64:
		return set_new(l, arg);
	case LOOP_SET_CAPACITY:
		return loop_set_capacity(l);
	case LOOP_SET_DIRECT_IO:
		return loop_set_direct(l, arg != 0);
	default:
		return loop_set_block_size(l, arg);
	}
}

long loop_ioctl(struct disk *disk, struct blkdev *d, struct file *f, u32 request, u64 arg)
{
	struct loop_config plain = { .fd = (u32)arg };
	struct loop *l = loop_of(disk);

	switch (request) {
	case LOOP_SET_FD:
		return loop_bind(l, d, f, &plain);
	case LOOP_CONFIGURE:
		return configure(l, d, f, arg);
	case LOOP_CHANGE_FD:
		return loop_change_file(l, (int)arg);
	case LOOP_CLR_FD:
		return loop_clear(l, false);
	case LOOP_GET_STATUS:
		return get_old(l, arg);
	case LOOP_GET_STATUS64:
		return get_new(l, arg);
	case LOOP_SET_STATUS:
	case LOOP_SET_STATUS64:
	case LOOP_SET_CAPACITY:
	case LOOP_SET_DIRECT_IO:
	case LOOP_SET_BLOCK_SIZE:
		return may_set(f) ? set_ioctl(l, request, arg) : -EPERM;
	default:
		return -ENOTTY;
	}
}
