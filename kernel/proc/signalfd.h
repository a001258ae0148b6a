/* signalfd(2): pending signals of the reader, as a file. */
#pragma once

#include "vfs/file.h"

/*
 * A file that takes the signals of `mask` (SIGKILL and SIGSTOP are left out). flags: SFD_NONBLOCK
 * (SFD_CLOEXEC is the caller's). 0, -ENOMEM, -ENFILE.
 */
int signalfd_create(u64 mask, u32 flags, struct file **out);
/* Another mask for one: 0 or -EINVAL (not a signalfd). */
int signalfd_change(struct file *file, u64 mask);
