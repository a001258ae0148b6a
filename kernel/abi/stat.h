/*
 * abi/stat.h - file status: stat(2), statx(2), file modes, device numbers.
 */
#ifndef ABI_STAT_H
#define ABI_STAT_H

#include "abi/types.h"

/* The file type and permission bits of a mode (inode(7)). */
#define S_IFMT		0170000
#define S_IFSOCK	0140000
#define S_IFLNK		0120000
#define S_IFREG		0100000
#define S_IFBLK		060000
#define S_IFDIR		040000
#define S_IFCHR		020000
#define S_IFIFO		010000
#define S_ISUID		04000
#define S_ISGID		02000
#define S_ISVTX		01000
#define S_IRWXU		0700
#define S_IRUSR		0400
#define S_IWUSR		0200
#define S_IXUSR		0100
#define S_IRWXG		070
#define S_IRGRP		040
#define S_IWGRP		020
#define S_IXGRP		010
#define S_IRWXO		07
#define S_IROTH		04
#define S_IWOTH		02
#define S_IXOTH		01
#define S_IRWXUGO	0777
#define S_IRUGO		0444
#define S_IWUGO		0222
#define S_IXUGO		0111
#define S_IALLUGO	07777

#define S_ISLNK(m)	(((m) & S_IFMT) == S_IFLNK)
#define S_ISREG(m)	(((m) & S_IFMT) == S_IFREG)
#define S_ISDIR(m)	(((m) & S_IFMT) == S_IFDIR)
#define S_ISCHR(m)	(((m) & S_IFMT) == S_IFCHR)
#define S_ISBLK(m)	(((m) & S_IFMT) == S_IFBLK)
#define S_ISFIFO(m)	(((m) & S_IFMT) == S_IFIFO)
#define S_ISSOCK(m)	(((m) & S_IFMT) == S_IFSOCK)

/* stat, lstat, fstat, newfstatat */
struct abi_stat {
	u64 st_dev;
	u64 st_ino;
	u64 st_nlink;
	u32 st_mode;
	u32 st_uid;
	u32 st_gid;
	u32 __pad0;
	u64 st_rdev;
	s64 st_size;
	s64 st_blksize;
	s64 st_blocks;		/* of 512 bytes */
	u64 st_atime;
	u64 st_atime_nsec;
	u64 st_mtime;
	u64 st_mtime_nsec;
	u64 st_ctime;
	u64 st_ctime_nsec;
	s64 __unused4[3];
};
static_assert(sizeof(struct abi_stat) == 144, "struct stat");

struct abi_statx_timestamp {
	s64 tv_sec;
	u32 tv_nsec;
	s32 __reserved;
};

struct abi_statx {
	u32 stx_mask;
	u32 stx_blksize;
	u64 stx_attributes;
	u32 stx_nlink;
	u32 stx_uid;
	u32 stx_gid;
	u16 stx_mode;
	u16 __spare0[1];
	u64 stx_ino;
	u64 stx_size;
	u64 stx_blocks;
	u64 stx_attributes_mask;
	struct abi_statx_timestamp stx_atime;
	struct abi_statx_timestamp stx_btime;
	struct abi_statx_timestamp stx_ctime;
	struct abi_statx_timestamp stx_mtime;
	u32 stx_rdev_major;
	u32 stx_rdev_minor;
	u32 stx_dev_major;
	u32 stx_dev_minor;
	u64 stx_mnt_id;
	u32 stx_dio_mem_align;
	u32 stx_dio_offset_align;
	u64 __spare3[12];
};
static_assert(sizeof(struct abi_statx) == 256, "struct statx");

#define STATX_TYPE		0x0001
#define STATX_MODE		0x0002
#define STATX_NLINK		0x0004
#define STATX_UID		0x0008
#define STATX_GID		0x0010
#define STATX_ATIME		0x0020
#define STATX_MTIME		0x0040
#define STATX_CTIME		0x0080
#define STATX_INO		0x0100
#define STATX_SIZE		0x0200
#define STATX_BLOCKS		0x0400
#define STATX_BASIC_STATS	0x07ff
#define STATX_BTIME		0x0800
#define STATX_ALL		0x0fff
#define STATX_MNT_ID		0x1000
#define STATX_DIOALIGN		0x2000
#define STATX__RESERVED		0x80000000
#define STATX_ATTR_COMPRESSED	0x0004
#define STATX_ATTR_IMMUTABLE	0x0010
#define STATX_ATTR_APPEND	0x0020
#define STATX_ATTR_NODUMP	0x0040
#define STATX_ATTR_ENCRYPTED	0x0800
#define STATX_ATTR_AUTOMOUNT	0x1000
#define STATX_ATTR_MOUNT_ROOT	0x2000
#define STATX_ATTR_VERITY	0x100000
#define STATX_ATTR_DAX		0x200000

/* utimensat(2): tv_nsec values that mean "now" and "leave". */
#define UTIME_NOW	0x3fffffff
#define UTIME_OMIT	0x3ffffffe

#endif
