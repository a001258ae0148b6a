/*
 * test/host/fat_host.h - images for the tests of fs/fat: made by mkfs.fat, judged by fsck.fat.
 */
#ifndef TEST_HOST_FAT_HOST_H
#define TEST_HOST_FAT_HOST_H

#include "test/host/ext_host.h"

#include "fs/fat/fat_int.h"

/* Makes "<dir>/<name>" of `kib` KiB by mkfs.fat with these arguments: its path (static buffer). */
const char *fat_mkfs(const char *name, unsigned kib, const char *args);
/* fsck.fat -n: true if it finds nothing; else its output is shown. */
bool fat_fsck(const char *path);
/* Bytes of the image at `at`. */
void fat_patch(const char *path, u64 at, const void *bytes, size_t n);
void fat_peek(const char *path, u64 at, void *bytes, size_t n);

#endif
