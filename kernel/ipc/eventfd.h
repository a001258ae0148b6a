/* eventfd(2): a counter to wait for. */
#pragma once

#include "vfs/file.h"

/*
 * flags: EFD_SEMAPHORE, EFD_NONBLOCK (EFD_CLOEXEC is the caller's). 0, -EINVAL, -ENOMEM, -ENFILE.
 */
int eventfd_create(u32 initial, u32 flags, struct file **out);
