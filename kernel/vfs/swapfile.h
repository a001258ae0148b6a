/* Swap on partitions and in files: swapon(2), swapoff(2). */
#pragma once

#include "vfs/path.h"

/*
 * Begins to swap to what `name` names; flags: SWAP_FLAG_* of swapon(2), checked by the caller. 0;
 * -EINVAL (neither block device nor regular file, no or a damaged swap header, a file with holes or
 * of a file system that cannot say where its blocks are), -EISDIR, -EBUSY (in use), -ETXTBSY (open
 * for writing or executed), -EPERM (too many areas), -EROFS, -EIO, -ENOMEM, or why the path does
 * not lead there.
 */
int swapfile_on(const struct walk *w, const char *name, u32 flags);
/*
 * Brings everything back and lets go of it: 0; -EINVAL (not in use), -ENOMEM, -EINTR, -EIO: it
 * stays in use.
 */
int swapfile_off(const struct walk *w, const char *name);
