/* The initial RAM disk that the boot loader brought, unpacked into the first root. */
#pragma once

#include "lib/types.h"
#include "vfs/path.h"

/*
 * Unpacks what the boot loader brought, if anything, into a first root of its own, and gives that
 * memory back. In `program` what shall run there first (rdinit=, else /init): true if it is there;
 * else the root file system is to be found as without an initramfs. Thread context, once.
 */
bool initramfs_load(char *program, size_t size);

/*
 * initramfs_unpack.c: the entries of archives become inodes. One unpacking at a time, by a walk
 * that stands at the root to be filled.
 */
struct initramfs;
struct initramfs *initramfs_begin(const struct walk *walk); /* NULL: no memory */
/* The operations of a struct cpio whose argument is the struct initramfs. */
extern const struct cpio_ops initramfs_ops;
/* An archive has ended: links do not go from one to the next, times of directories stand. */
void initramfs_archive_end(struct initramfs *u);
void initramfs_end(struct initramfs *u);
