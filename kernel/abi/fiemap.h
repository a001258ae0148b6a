/*
 * abi/fiemap.h - where files lie on the disk (ioctl FS_IOC_FIEMAP, linux/fiemap.h).
 */
#ifndef ABI_FIEMAP_H
#define ABI_FIEMAP_H

#include "abi/types.h"

struct abi_fiemap_extent {
	u64 fe_logical;		/* bytes */
	u64 fe_physical;
	u64 fe_length;
	u64 fe_reserved64[2];
	u32 fe_flags;		/* FIEMAP_EXTENT_* */
	u32 fe_reserved[3];
};
static_assert(sizeof(struct abi_fiemap_extent) == 56, "struct fiemap_extent");

struct abi_fiemap {
	u64 fm_start;
	u64 fm_length;
	u32 fm_flags;		/* FIEMAP_FLAG_* */
	u32 fm_mapped_extents;
	u32 fm_extent_count;	/* room for so many behind this */
	u32 fm_reserved;
};
static_assert(sizeof(struct abi_fiemap) == 32, "struct fiemap");

#define FIEMAP_MAX_EXTENTS	(0xffffffffu / (u32)sizeof(struct abi_fiemap_extent))

#define FIEMAP_FLAG_SYNC	0x1
#define FIEMAP_FLAG_XATTR	0x2
#define FIEMAP_FLAG_CACHE	0x4

#define FIEMAP_EXTENT_LAST		0x0001
#define FIEMAP_EXTENT_UNKNOWN		0x0002
#define FIEMAP_EXTENT_DELALLOC		0x0004
#define FIEMAP_EXTENT_NOT_ALIGNED	0x0100
#define FIEMAP_EXTENT_DATA_INLINE	0x0200
#define FIEMAP_EXTENT_UNWRITTEN		0x0800
#define FIEMAP_EXTENT_MERGED		0x1000

#endif
