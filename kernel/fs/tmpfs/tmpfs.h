/*
 * tmpfs: a file system in memory (tmpfs(5)), and files of memory without a name (memfd_create(2)).
 */
#pragma once

#include "vfs/file.h"

/* Registers the types. After vfs_init(). */
void tmpfs_init(void);
/*
 * "rootfs": what holds an initramfs, mounted once and for ever. As on Linux it is a tmpfs, or, if
 * there is a root= to come after it, a ramfs.
 */
extern struct fs_type tmpfs_first_root;

/*
 * memfd_create(2): a file shown as "memfd:name". flags: MFD_CLOEXEC (the caller's),
 * MFD_ALLOW_SEALING. 0, -EINVAL, -ENOMEM, -ENFILE.
 */
int tmpfs_memfd(const char *name, u32 flags, struct file **out);
/*
 * fcntl(F_ADD_SEALS), fcntl(F_GET_SEALS): 0 or the seals; -EINVAL (not such a file), -EPERM
 * (sealed, not writable), -EBUSY (mapped for writing).
 */
int tmpfs_add_seals(struct file *f, u32 seals);
int tmpfs_get_seals(const struct file *f);
