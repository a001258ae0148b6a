/* inotify(7): a file from which events of watched inodes are read. */
#pragma once

#include "vfs/notify.h"

/*
 * flags: IN_NONBLOCK (IN_CLOEXEC is the caller's). 0, -EMFILE (inotify_max_instances), -ENOMEM,
 * -ENFILE.
 */
int inotify_create(u32 flags, const struct cred *cred, struct file **out);
/*
 * inotify_add_watch(2) for an inode that was looked up and may be read; `mask` is checked. The
 * watch's number, or -EINVAL (not an inotify), -EEXIST (IN_MASK_CREATE), -ENOSPC
 * (inotify_max_watches), -ENOMEM.
 */
int inotify_add(struct file *file, struct inode *inode, u32 mask);
/* 0, or -EINVAL: not an inotify, or no such watch. */
int inotify_remove(struct file *file, s32 wd);
bool inotify_is_inotify(const struct file *file);

/* /proc/sys/fs/inotify/: per user, per user, per instance. */
extern u32 inotify_max_instances, inotify_max_watches, inotify_max_events;
