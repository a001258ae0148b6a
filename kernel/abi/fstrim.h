/*
 * abi/fstrim.h - arguments of ioctls on files of any file system (linux/fs.h): FITRIM,
 * FS_IOC_FSGETXATTR, FICLONERANGE, FIDEDUPERANGE.
 */
#ifndef ABI_FSTRIM_H
#define ABI_FSTRIM_H

#include "abi/types.h"

struct abi_fstrim_range {
	u64 start;		/* bytes */
	u64 len;
	u64 minlen;
};

struct abi_fsxattr {
	u32 fsx_xflags;		/* FS_XFLAG_* */
	u32 fsx_extsize;
	u32 fsx_nextents;
	u32 fsx_projid;
	u32 fsx_cowextsize;
	u8 fsx_pad[8];
};
static_assert(sizeof(struct abi_fsxattr) == 28, "struct fsxattr");

#define FS_XFLAG_IMMUTABLE	0x00008
#define FS_XFLAG_APPEND		0x00010
#define FS_XFLAG_SYNC		0x00020
#define FS_XFLAG_NOATIME	0x00040
#define FS_XFLAG_NODUMP		0x00080
#define FS_XFLAG_PROJINHERIT	0x00200
#define FS_XFLAG_EXTSIZE	0x00800
#define FS_XFLAG_EXTSZINHERIT	0x01000
#define FS_XFLAG_DAX		0x08000
#define FS_XFLAG_COWEXTSIZE	0x10000
/* Those that FS_IOC_GETFLAGS knows, too. */
#define FS_XFLAG_COMMON		0x082f8

/* EXT4_IOC_GETFSUUID: length says how much room there is. */
struct abi_fsuuid {
	u32 length;
	u32 flags;
	u8 uuid[16];
};

struct abi_clone_range {
	s64 src_fd;
	u64 src_offset;
	u64 src_length;
	u64 dest_offset;
};

struct abi_dedupe_range {
	u64 src_offset;
	u64 src_length;
	u16 dest_count;
	u16 reserved1;
	u32 reserved2;
	/* of the destinations, 32 bytes each */
};

#endif
