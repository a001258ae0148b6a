/* dnotify, F_NOTIFY of fcntl(2): signals to the owner of an open directory when it changes. */
#pragma once

#include "vfs/notify.h"

/* /proc/sys/fs/dir-notify-enable */
extern u32 dnotify_enable;

/*
 * Asks for signals, in addition to what the current thread's descriptor table has asked for by this
 * file already; `events`: DN_*, none of them: no signals any more. `fd` is what si_fd will say. 0,
 * -ENOTDIR, -EINVAL (not enabled), -EBADF (closed meanwhile), -ENOMEM.
 */
int dnotify_set(struct file *file, int fd, u32 events);
void dnotify_init(void);
