/* fs/fat/fat.h - FAT12, FAT16 and FAT32: the types "vfat" and "msdos". */
#pragma once

/* Registers them. After vfs_init(). */
void fs_fat_init(void);
