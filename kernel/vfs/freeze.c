/*
 * Freezing a file system (ioctl FIFREEZE, fsfreeze(8)): what is on its device is whole, and stays
 * so until it is thawed, for a copy of the device to be made.
 *
 * Whoever changes something is inside the superblock's gate meanwhile (sched/gate.h), which is
 * closed level by level: calls (GATE_CALL; writers wait), stores through mappings (GATE_FAULT; the
 * faults wait, with nothing locked), then, when everything has been written, sync(2) and the
 * periodic write-back (GATE_SYNC; they pass the file system by, as there is nothing to write), and
 * the end of files without a name (GATE_EVICT; who closes one last waits). Access times are not
 * written down while it is closed. A frozen superblock keeps a reference to itself: it can be
 * unmounted, and is mounted again as it is.
 */
#include "abi/capability.h"
#include "abi/ioctl.h"
#include "core/log.h"
#include "vfs/file_int.h"
#include "vfs/mount_int.h"
#include "vfs/super_int.h"

/* From one state to another, not while the superblock is being remounted: whether it was in it. */
static bool state_change(struct superblock *sb, enum sb_frozen from, enum sb_frozen to)
{
	bool was;

	mutex_lock(&mount_mutex);
	was = sb->frozen == from;
	if (was)
		WRITE_ONCE(sb->frozen, to);
	mutex_unlock(&mount_mutex);
	return was;
}

static int freeze_written(struct superblock *sb)
{
	int err;

	gate_close(sb->gate, GATE_CALL);
	gate_close(sb->gate, GATE_FAULT);
	err = super_sync(sb);
	if (!err) {
		gate_close(sb->gate, GATE_SYNC);
		gate_close(sb->gate, GATE_EVICT);
		err = sb->ops->freeze(sb);
	}
	if (err)
		gate_open(sb->gate);
	return err;
}

static int super_freeze(struct superblock *sb)
{
	int err = 0;

	if (!sb->gate)
		return -EOPNOTSUPP;
	if (!state_change(sb, SB_UNFROZEN, SB_FREEZING))
		return -EBUSY;
	super_get(sb);
	/* It cannot become writable meanwhile. */
	if (!(READ_ONCE(sb->flags) & SB_READ_ONLY))
		err = freeze_written(sb);
	if (err)
		log_err("vfs: %s: cannot be frozen (error %d)", sb->type->name, err);
	(void)state_change(sb, SB_FREEZING, err ? SB_UNFROZEN : SB_FROZEN);
	if (err)
		super_put(sb);
	return err;
}

static int super_thaw(struct superblock *sb)
{
	if (!state_change(sb, SB_FROZEN, SB_THAWING))
		return -EINVAL;
	if (READ_ONCE(sb->gate->closed)) {
		sb->ops->thaw(sb);
		gate_open(sb->gate);
	}
	(void)state_change(sb, SB_THAWING, SB_UNFROZEN);
	super_put(sb);
	return 0;
}

long freeze_ioctl(struct file *f, u32 request)
{
	struct superblock *sb = f->inode->sb;

	if (!cred_capable(cred_caller(), CAP_SYS_ADMIN))
		return -EPERM;
	if (!sb)
		return request == FIFREEZE ? -EOPNOTSUPP : -EINVAL;
	return request == FIFREEZE ? super_freeze(sb) : super_thaw(sb);
}
