/*
 * abi/fat.h - ioctl(2) requests of FAT file systems: ioctl_fat(2).
 */
#ifndef ABI_FAT_H
#define ABI_FAT_H

#include "abi/ioctl.h"

struct abi_fat_dirent {
	s64 d_ino, d_off;
	u16 d_reclen;		/* length of the name; 0: none */
	char d_name[256];
};
static_assert(sizeof(struct abi_fat_dirent) == 280, "struct __fat_dirent");

#define VFAT_IOCTL_READDIR_BOTH		_IOR('r', 1, struct abi_fat_dirent[2])
#define VFAT_IOCTL_READDIR_SHORT	_IOR('r', 2, struct abi_fat_dirent[2])
#define FAT_IOCTL_GET_ATTRIBUTES	_IOR('r', 0x10, u32)
#define FAT_IOCTL_SET_ATTRIBUTES	_IOW('r', 0x11, u32)
#define FAT_IOCTL_GET_VOLUME_ID		_IOR('r', 0x13, u32)

#endif
