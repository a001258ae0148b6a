/*
 * fs/ext/ext_label.c - the name and the UUID of a mounted file system (FS_IOC_GETFSLABEL,
 * FS_IOC_SETFSLABEL, EXT4_IOC_GETFSUUID, EXT4_IOC_SETFSUUID). They are in the superblock and in all
 * its backups.
 */
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_file.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_meta.h"
#include "fs/ext/ext_super.h"

#include "abi/capability.h"
#include "abi/fstrim.h"
#include "abi/ioctl.h"
#include "arch/usercopy.h"
#include "lib/string.h"

/* What of a superblock changes; NULL: stays. */
struct label_change { const char *name; const u8 *uuid; };

static void change_super(const struct ext_fs *fs, struct ext_super *s,
			 const struct label_change *c)
{
	if (c->name)
		memcpy(s->volume_name, c->name, sizeof(s->volume_name));
	if (c->uuid)
		memcpy(s->uuid, c->uuid, sizeof(s->uuid));
	ext_csum_super_set(&fs->geo, s);
}

/* The backup at the start of a group; one that is none is left alone. */
static int change_backup(struct ext_fs *fs, u32 group, const struct label_change *c)
{
	struct ext_super *s;
	struct bblock b;
	int err = ext_begin(fs, 1);

	if (err)
		return err;
	err = ext_block_get(fs, ext_group_first_block(&fs->geo, group), &b);
	if (!err) {
		s = b.data;
		if (s->magic == EXT2_SUPER_MAGIC) {
			change_super(fs, s, c);
			ext_block_dirty(fs, &b);
		}
		bcache_put(&b);
	}
	ext_end(fs);
	return err;
}

static int change_all(struct ext_fs *fs, const struct label_change *c)
{
	int err = ext_begin(fs, 1);

	if (err)
		return err;
	mutex_lock(&fs->super_lock);
	change_super(fs, fs->super, c);
	ext_super_dirty(fs);
	mutex_unlock(&fs->super_lock);
	ext_end(fs);
	for (u32 i = 1; i < fs->geo.n_groups && !err; i++)
		if (ext_group_has_super(&fs->geo, fs->super, i))
			err = change_backup(fs, i, c);
	return err ? err : ext_sync_super(fs->sb, true);
}

static long label_get(struct ext_fs *fs, u64 arg)
{
	char label[sizeof(fs->super->volume_name) + 1] = "";

	mutex_lock(&fs->super_lock);
	memcpy(label, fs->super->volume_name, sizeof(fs->super->volume_name));
	mutex_unlock(&fs->super_lock);
	/* Behind a zero there may be anything. */
	memset(label + strlen(label), 0, sizeof(label) - strlen(label));
	return copy_out((void __user *)arg, label, sizeof(label));
}

static long label_set(struct ext_fs *fs, u64 arg)
{
	char label[sizeof(fs->super->volume_name) + 1];
	struct label_change c = { .name = label };
	size_t n;

	if (copy_in(label, (const void __user *)arg, sizeof(label)))
		return -EFAULT;
	n = strnlen(label, sizeof(label));
	if (n == sizeof(label))
		return -EINVAL;
	memset(label + n, 0, sizeof(label) - n);
	return change_all(fs, &c);
}

static long uuid_get(struct ext_fs *fs, u64 arg)
{
	struct abi_fsuuid __user *user = (struct abi_fsuuid __user *)arg;
	struct abi_fsuuid out;
	u32 room;

	if (copy_in(&out, user, offsetof(struct abi_fsuuid, uuid)))
		return -EFAULT;
	room = out.length;
	out.length = sizeof(out.uuid);
	if (!room)
		return copy_out(user, &out, sizeof(out.length));
	if (room < sizeof(out.uuid) || out.flags)
		return -EINVAL;
	mutex_lock(&fs->super_lock);
	memcpy(out.uuid, fs->super->uuid, sizeof(out.uuid));
	mutex_unlock(&fs->super_lock);
	return copy_out_obj(user, &out);
}

static long uuid_set(struct ext_fs *fs, u64 arg)
{
	struct abi_fsuuid in;
	struct label_change c = { .uuid = in.uuid };

	/* All that is summed begins with it, unless the seed is kept apart. */
	if ((fs->geo.ro_compat & EXT_RO_GDT_CSUM || fs->geo.metadata_csum) &&
	    !(fs->geo.incompat & EXT_INCOMPAT_CSUM_SEED))
		return -EOPNOTSUPP;
	if (copy_in_obj(&in, (const struct abi_fsuuid __user *)arg))
		return -EFAULT;
	if (in.length != sizeof(in.uuid) || in.flags)
		return -EINVAL;
	return change_all(fs, &c);
}

long ext_label_ioctl(struct file *file, u32 request, u64 arg)
{
	struct ext_fs *fs = ext_fs_of(file->inode);

	if (request == FS_IOC_GETFSLABEL)
		return label_get(fs, arg);
	if (request == EXT4_IOC_GETFSUUID)
		return uuid_get(fs, arg);
	if (!cred_capable(cred_caller(), CAP_SYS_ADMIN))
		return -EPERM;
	if (!READ_ONCE(fs->writable))
		return -EROFS;
	return request == FS_IOC_SETFSLABEL ? label_set(fs, arg) : uuid_set(fs, arg);
}
