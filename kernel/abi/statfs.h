/*
 * abi/statfs.h - statfs(2) and the magic numbers of file systems.
 */
#ifndef ABI_STATFS_H
#define ABI_STATFS_H

#include "abi/types.h"

struct abi_statfs {
	s64 f_type;
	s64 f_bsize;
	u64 f_blocks;
	u64 f_bfree;
	u64 f_bavail;
	u64 f_files;
	u64 f_ffree;
	s32 f_fsid[2];
	s64 f_namelen;
	s64 f_frsize;
	s64 f_flags;
	s64 f_spare[4];
};
static_assert(sizeof(struct abi_statfs) == 120, "struct statfs");

/* f_flags */
#define ST_RDONLY	0x0001
#define ST_NOSUID	0x0002
#define ST_NODEV	0x0004
#define ST_NOEXEC	0x0008
#define ST_SYNCHRONOUS	0x0010
#define ST_VALID	0x0020
#define ST_MANDLOCK	0x0040
#define ST_NOATIME	0x0400
#define ST_NODIRATIME	0x0800
#define ST_RELATIME	0x1000
#define ST_NOSYMFOLLOW	0x2000

/* f_type */
#define EXT2_SUPER_MAGIC	0xef53
#define EXT4_SUPER_MAGIC	0xef53
#define TMPFS_MAGIC		0x1021994
#define RAMFS_MAGIC		0x858458f6
#define PROC_SUPER_MAGIC	0x9fa0
#define SYSFS_MAGIC		0x62656572
#define DEVPTS_SUPER_MAGIC	0x1cd1
#define PIPEFS_MAGIC		0x50495045
#define SOCKFS_MAGIC		0x534f434b
#define ANON_INODE_FS_MAGIC	0x9041934
#define MSDOS_SUPER_MAGIC	0x4d44
#define EXFAT_SUPER_MAGIC	0x2011bab0
#define ISOFS_SUPER_MAGIC	0x9660
#define NSFS_MAGIC		0x6e736673
#define CGROUP2_SUPER_MAGIC	0x63677270
#define CGROUP_SUPER_MAGIC	0x27e0eb
#define DEBUGFS_MAGIC		0x64626720
#define TRACEFS_MAGIC		0x74726163
#define SECURITYFS_MAGIC	0x73636673
#define HUGETLBFS_MAGIC		0x958458f6
#define OVERLAYFS_SUPER_MAGIC	0x794c7630
#define SQUASHFS_MAGIC		0x73717368
#define V9FS_MAGIC		0x1021997
#define FUSE_SUPER_MAGIC	0x65735546
#define NFS_SUPER_MAGIC		0x6969
#define BTRFS_SUPER_MAGIC	0x9123683e
#define XFS_SUPER_MAGIC		0x58465342
#define BDEVFS_MAGIC		0x62646576
#define BINFMTFS_MAGIC		0x42494e4d
#define EFIVARFS_MAGIC		0xde5e81e4

#endif
