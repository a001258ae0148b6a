/*
 * fs/ext/ext_file.h - open files and their pages.
 */
#pragma once

#include "fs/ext/ext_int.h"
#include "vfs/file.h"

/* ext_file.c, ext_pages.c, ext_ioctl.c */
extern const struct file_ops ext_file_ops, ext_dir_ops;
extern const struct pagecache_ops ext_page_ops, ext_journal_page_ops;
/*
 * Blocks at .. end of the page that begins with block `base`, of which *fresh become new ones (a
 * bit each): 0, or an error and none is new. The page is locked.
 */
int must_check ext_pages_get_blocks(struct inode *inode, u64 base, u32 at, u32 end, u32 *fresh);
/*
 * Pages that hold blocks from `logical` to `last` may not rely on having them any more
 * (ext_pages.c). Whole pages behind are not in the cache, unless a write to them failed.
 */
void ext_pages_forget_map(struct inode *inode, u64 logical, u64 last);
/* ext_pages_dirty.c: pages and the journal */
int ext_page_make_dirty(struct pagecache *cache, struct page *page, unsigned from, unsigned to,
		s64 end);
/* Write-back met a hole that is not zero in the page, which it has locked. */
void ext_pages_note_hole(struct inode *inode, struct page *page);
/* Gives such holes their blocks. No handle is open that a page lock may wait for. */
int must_check ext_pages_fill_holes(struct inode *inode);
/* ext_direct.c: inode_ops.direct */
extern const struct direct_ops ext_direct_ops;
long ext_ioctl(struct file *file, u32 request, u64 arg);
/* ext_fiemap.c: FS_IOC_FIEMAP and, of regular files, FIBMAP */
long ext_fiemap(struct inode *inode, u64 arg);
long ext_fibmap(struct file *file, u64 arg);
/* inode_ops.set_flags */
int ext_set_flags(struct inode *inode, const struct cred *cred, u32 flags,
		const struct abi_fsxattr *x);
/* ext_label.c: FS_IOC_GETFSLABEL and the like */
long ext_label_ioctl(struct file *file, u32 request, u64 arg);
/* ext_resize.c: EXT4_IOC_RESIZE_FS */
long ext_resize_ioctl(struct file *file, u64 arg);
/* ext_trim.c */
long ext_trim(struct file *file, u64 arg); /* FITRIM */
/* Zeroes from byte `size` to the end of its block, on the disk too. inode->lock held. */
int must_check ext_zero_tail(struct inode *inode, u64 size);

/* ext_fallocate.c: file_ops.fallocate */
int ext_fallocate(struct file *file, u32 mode, loff_t offset, loff_t length);
