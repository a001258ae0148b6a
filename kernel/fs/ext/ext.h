/* The ext2, ext3 and ext4 file systems. See docs/ext.md. */
#pragma once

/* Registers the types "ext2", "ext3" and "ext4". After vfs_init(). */
void fs_ext_init(void);
