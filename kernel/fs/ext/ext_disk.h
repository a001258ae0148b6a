/*
 * fs/ext/ext_disk.h - ext2, ext3 and ext4 as they lie on the disk.
 *
 * All numbers are little endian, which is this machine's order, so fields are plain integers. The
 * layout is documented in the kernel.org "ext4 Data Structures and Algorithms" pages; names follow
 * them without their prefixes. Everything here is hostile: ext_check.c looks at it before use.
 */
#pragma once

#include "lib/types.h"

#define EXT_MAGIC		0xef53
#define EXT_SUPER_OFFSET	1024	/* bytes from the start of the device */
#define EXT_SUPER_SIZE		1024
#define EXT_MAX_BLOCK_SIZE	4096

enum ext_ino { EXT_ROOT_INO = 2, EXT_RESIZE_INO = 7, EXT_JOURNAL_INO = 8,
	       EXT_GOOD_OLD_FIRST_INO = 11 };

/* s_state */
enum { EXT_STATE_VALID = 1, EXT_STATE_ERROR = 2, EXT_STATE_ORPHANS = 4 };
/* s_errors */
enum { EXT_ERRORS_CONTINUE = 1, EXT_ERRORS_RO = 2, EXT_ERRORS_PANIC = 3 };
/* s_last_error_errcode: what is on the disk contradicts itself */
enum { EXT_ERROR_CORRUPTED = 5 };
#define EXT_ERROR_FUNC		32	/* bytes of a function's name, not terminated */
/* s_flags */
enum { EXT_FLAG_SIGNED_HASH = 1, EXT_FLAG_UNSIGNED_HASH = 2 };

enum ext_compat {
	EXT_COMPAT_HAS_JOURNAL		= 0x0004,
	EXT_COMPAT_EXT_ATTR		= 0x0008,
	EXT_COMPAT_RESIZE_INODE		= 0x0010,
	EXT_COMPAT_DIR_INDEX		= 0x0020,
	EXT_COMPAT_SPARSE_SUPER2	= 0x0200,
};

enum ext_incompat {
	EXT_INCOMPAT_COMPRESSION	= 0x00001,
	EXT_INCOMPAT_FILETYPE		= 0x00002,
	EXT_INCOMPAT_RECOVER		= 0x00004,
	EXT_INCOMPAT_JOURNAL_DEV	= 0x00008,
	EXT_INCOMPAT_META_BG		= 0x00010,
	EXT_INCOMPAT_EXTENTS		= 0x00040,
	EXT_INCOMPAT_64BIT		= 0x00080,
	EXT_INCOMPAT_MMP		= 0x00100,
	EXT_INCOMPAT_FLEX_BG		= 0x00200,
	EXT_INCOMPAT_EA_INODE		= 0x00400,
	EXT_INCOMPAT_DIRDATA		= 0x01000,
	EXT_INCOMPAT_CSUM_SEED		= 0x02000,
	EXT_INCOMPAT_LARGEDIR		= 0x04000,
	EXT_INCOMPAT_INLINE_DATA	= 0x08000,
	EXT_INCOMPAT_ENCRYPT		= 0x10000,
	EXT_INCOMPAT_CASEFOLD		= 0x20000,
};

enum ext_ro_compat {
	EXT_RO_SPARSE_SUPER		= 0x00001,
	EXT_RO_LARGE_FILE		= 0x00002,
	EXT_RO_BTREE_DIR		= 0x00004,
	EXT_RO_HUGE_FILE		= 0x00008,
	EXT_RO_GDT_CSUM			= 0x00010,
	EXT_RO_DIR_NLINK		= 0x00020,
	EXT_RO_EXTRA_ISIZE		= 0x00040,
	EXT_RO_QUOTA			= 0x00100,
	EXT_RO_BIGALLOC			= 0x00200,
	EXT_RO_METADATA_CSUM		= 0x00400,
	EXT_RO_READONLY			= 0x01000,
	EXT_RO_PROJECT			= 0x02000,
	EXT_RO_SHARED_BLOCKS		= 0x04000,
	EXT_RO_VERITY			= 0x08000,
	EXT_RO_ORPHAN_PRESENT		= 0x10000,
};

/* What mount options are the default. */
#define EXT_DEFAULT_NODELALLOC	0x0800u

struct ext_super {
	u32 inodes_count;
	u32 blocks_count_lo;
	u32 r_blocks_count_lo;	/* kept for root */
	u32 free_blocks_count_lo;
	u32 free_inodes_count;
	u32 first_data_block;
	u32 log_block_size;	/* 1024 << this */
	u32 log_cluster_size;
	u32 blocks_per_group;
	u32 clusters_per_group;
	u32 inodes_per_group;
	u32 mtime;		/* last mount */
	u32 wtime;		/* last write */
	u16 mnt_count;
	u16 max_mnt_count;
	u16 magic;
	u16 state;
	u16 errors;
	u16 minor_rev_level;
	u32 lastcheck;
	u32 checkinterval;
	u32 creator_os;
	u32 rev_level;		/* 0: fixed inode size and no features */
	u16 def_resuid;
	u16 def_resgid;
	u32 first_ino;
	u16 inode_size;
	u16 block_group_nr;
	u32 feature_compat;
	u32 feature_incompat;
	u32 feature_ro_compat;
	u8 uuid[16];
	char volume_name[16];
	char last_mounted[64];
	u32 algorithm_usage_bitmap;
	u8 prealloc_blocks;
	u8 prealloc_dir_blocks;
	u16 reserved_gdt_blocks;
	u8 journal_uuid[16];
	u32 journal_inum;
	u32 journal_dev;
	u32 last_orphan;	/* head of the list chained through i_dtime */
	u32 hash_seed[4];
	u8 def_hash_version;
	u8 jnl_backup_type;
	u16 desc_size;
	u32 default_mount_opts;	/* EXT_DEFAULT_* */
	u32 first_meta_bg;
	u32 mkfs_time;
	u32 jnl_blocks[17];
	u32 blocks_count_hi;
	u32 r_blocks_count_hi;
	u32 free_blocks_count_hi;
	u16 min_extra_isize;
	u16 want_extra_isize;
	u32 flags;
	u16 raid_stride;
	u16 mmp_interval;
	u64 mmp_block;
	u32 raid_stripe_width;
	u8 log_groups_per_flex;
	u8 checksum_type;
	u8 encryption_level;
	u8 reserved_pad;
	u64 kbytes_written;
	u32 snapshot_inum;
	u32 snapshot_id;
	u64 snapshot_r_blocks_count;
	u32 snapshot_list;
	u32 error_count;
	u32 first_error_time;
	u32 first_error_ino;
	u64 first_error_block;
	u8 first_error_func[EXT_ERROR_FUNC];
	u32 first_error_line;
	u32 last_error_time;
	u32 last_error_ino;
	u32 last_error_line;
	u64 last_error_block;
	u8 last_error_func[EXT_ERROR_FUNC];
	u8 mount_opts[64];
	u32 usr_quota_inum;
	u32 grp_quota_inum;
	u32 overhead_blocks;
	u32 backup_bgs[2];
	u8 encrypt_algos[4];
	u8 encrypt_pw_salt[16];
	u32 lpf_ino;
	u32 prj_quota_inum;
	u32 checksum_seed;
	u8 wtime_hi;
	u8 mtime_hi;
	u8 mkfs_time_hi;
	u8 lastcheck_hi;
	u8 first_error_time_hi;
	u8 last_error_time_hi;
	u8 first_error_errcode;
	u8 last_error_errcode;
	u16 encoding;
	u16 encoding_flags;
	u32 orphan_file_inum;
	u32 reserved[94];
	u32 checksum;
};
static_assert(sizeof(struct ext_super) == EXT_SUPER_SIZE, "superblock");
static_assert(offsetof(struct ext_super, first_meta_bg) == 0x104, "superblock");
static_assert(offsetof(struct ext_super, checksum_seed) == 0x270, "superblock");

/* bg_flags */
enum { EXT_BG_INODE_UNINIT = 1, EXT_BG_BLOCK_UNINIT = 2, EXT_BG_INODE_ZEROED = 4 };

#define EXT_DESC_SIZE_OLD	32	/* only the first half exists */
struct ext_group_desc {
	u32 block_bitmap_lo;
	u32 inode_bitmap_lo;
	u32 inode_table_lo;
	u16 free_blocks_lo;
	u16 free_inodes_lo;
	u16 used_dirs_lo;
	u16 flags;
	u32 exclude_bitmap_lo;
	u16 block_bitmap_csum_lo;
	u16 inode_bitmap_csum_lo;
	u16 itable_unused_lo;
	u16 checksum;
	u32 block_bitmap_hi;
	u32 inode_bitmap_hi;
	u32 inode_table_hi;
	u16 free_blocks_hi;
	u16 free_inodes_hi;
	u16 used_dirs_hi;
	u16 itable_unused_hi;
	u32 exclude_bitmap_hi;
	u16 block_bitmap_csum_hi;
	u16 inode_bitmap_csum_hi;
	u32 reserved;
};
static_assert(sizeof(struct ext_group_desc) == 64, "group descriptor");

#define EXT_INODE_SIZE_OLD	128
enum { EXT_NDIR = 12, EXT_IND = 12, EXT_DIND = 13, EXT_TIND = 14, EXT_N_BLOCKS = 15 };
#define EXT_INLINE_BYTES	(EXT_N_BLOCKS * 4)

struct ext_raw_inode {
	u16 mode;
	u16 uid;
	u32 size_lo;
	u32 atime;
	u32 ctime;
	u32 mtime;
	u32 dtime;		/* deletion time, or next inode of the orphan list */
	u16 gid;
	u16 links_count;
	u32 blocks_lo;
	u32 flags;
	u32 version;
	u32 block[EXT_N_BLOCKS];
	u32 generation;
	u32 file_acl_lo;	/* block of extended attributes */
	u32 size_hi;
	u32 obso_faddr;
	u16 blocks_hi;
	u16 file_acl_hi;
	u16 uid_hi;
	u16 gid_hi;
	u16 checksum_lo;
	u16 reserved;
	/* inodes larger than 128 bytes: extra_isize bytes from here exist */
	u16 extra_isize;
	u16 checksum_hi;
	u32 ctime_extra;
	u32 mtime_extra;
	u32 atime_extra;
	u32 crtime;
	u32 crtime_extra;
	u32 version_hi;
	u32 projid;
};
static_assert(sizeof(struct ext_raw_inode) == 160, "inode");
static_assert(offsetof(struct ext_raw_inode, extra_isize) == EXT_INODE_SIZE_OLD, "inode");
#define EXT_EXTRA_ISIZE		32	/* all fields above */
/* Seconds of a time: signed with 32 bits, and with two more that count up (until 2446). */
#define EXT_TIME_MIN		(-0x80000000ll)
#define EXT_TIME_MAX		0x7fffffffll
#define EXT_TIME_MAX_EXTRA	0x37fffffffll

/* i_flags that mean something beyond chattr(1) */
#define EXT_FL_INDEX		0x00001000u
#define EXT_FL_HUGE_FILE	0x00040000u	/* i_blocks counts blocks */
#define EXT_FL_EXTENTS		0x00080000u
#define EXT_FL_VERITY		0x00100000u
#define EXT_FL_EA_INODE		0x00200000u
#define EXT_FL_ENCRYPT		0x00000800u
#define EXT_FL_INLINE_DATA	0x10000000u
#define EXT_FL_CASEFOLD		0x40000000u
/* What chattr(1) may change, and what lsattr(1) shows. */
#define EXT_FL_USER_MODIFIABLE	0x000380ffu
#define EXT_FL_USER_VISIBLE	0x705bdfffu
/* What a new inode takes from its directory. */
#define EXT_FL_INHERITED	0x0001c0cfu

/* Directories */
#define EXT_NAME_MAX		255
struct ext_dirent {
	u32 inode;		/* 0: unused */
	u16 rec_len;		/* bytes to the next one */
	u8 name_len;
	u8 type;		/* EXT_FT_*; without the feature filetype, name_len's upper byte */
	char name[];
};
#define EXT_DIRENT_HEAD		8u
#define EXT_DIRENT_LEN(n)	(((u32)(n) + EXT_DIRENT_HEAD + 3u) & ~3u)
enum ext_file_type { EXT_FT_UNKNOWN, EXT_FT_REG, EXT_FT_DIR, EXT_FT_CHR, EXT_FT_BLK, EXT_FT_FIFO,
		     EXT_FT_SOCK, EXT_FT_SYMLINK, EXT_FT_MAX, EXT_FT_CSUM_TAIL = 0xde };

/* Last 12 bytes of a directory block with metadata_csum: an unused entry for old readers. */
struct ext_dir_tail {
	u32 zero;
	u16 rec_len;		/* 12 */
	u8 zero2;
	u8 type;		/* EXT_FT_CSUM_TAIL */
	u32 checksum;
};

/*
 * Hashed directories: block 0 looks like "." and a ".." that fills the block, and hides the root of
 * a tree by hash; an inner node looks like one unused entry. The first dx_entry of a node is
 * overlaid by its limit and count and stands for all hashes below the second's.
 */
struct ext_dx_entry { u32 hash, block; };
struct ext_dx_countlimit { u16 limit, count; };
struct ext_dx_root_info {
	u32 zero;
	u8 hash_version;
	u8 info_length;		/* 8 */
	u8 indirect_levels;
	u8 unused_flags;
};
struct ext_dx_tail { u32 reserved, checksum; };
#define EXT_DX_INFO_OFFSET	24u	/* after "." and ".." */
#define EXT_DX_ROOT_OFFSET	32u	/* entries of the root */
#define EXT_DX_NODE_OFFSET	8u	/* entries of an inner node */
#define EXT_DX_BLOCK_MASK	0x0fffffffu
enum ext_hash { EXT_HASH_LEGACY, EXT_HASH_HALF_MD4, EXT_HASH_TEA, EXT_HASH_LEGACY_UNSIGNED,
		EXT_HASH_HALF_MD4_UNSIGNED, EXT_HASH_TEA_UNSIGNED, EXT_HASH_SIPHASH };

/* Extents: a tree whose nodes begin with a header; the root is in i_block. */
#define EXT_EXTENT_MAGIC	0xf30a
struct ext_extent_header {
	u16 magic;
	u16 entries;
	u16 max;
	u16 depth;		/* 0: leaf */
	u32 generation;
};
struct ext_extent {
	u32 block;		/* first file block */
	u16 len;		/* above 32768: len - 32768 blocks that read as zeroes */
	u16 start_hi;
	u32 start_lo;
};
struct ext_extent_index {
	u32 block;
	u32 leaf_lo;
	u16 leaf_hi;
	u16 unused;
};
static_assert(sizeof(struct ext_extent) == 12 && sizeof(struct ext_extent_index) == 12, "extent");
#define EXT_EXTENT_INIT_MAX	32768u
#define EXT_EXTENT_DEPTH_MAX	5

/* Extended attributes */
#define EXT_XATTR_MAGIC		0xea020000u
struct ext_xattr_header {	/* of a block */
	u32 magic;
	u32 refcount;		/* inodes that share the block */
	u32 blocks;		/* 1 */
	u32 hash;
	u32 checksum;
	u32 reserved[3];
};
struct ext_xattr_entry {
	u8 name_len;
	u8 name_index;		/* EXT_XATTR_INDEX_*: the prefix */
	u16 value_offs;		/* from the block's start, or from the first entry in an inode */
	u32 value_inum;		/* inode that holds the value, or 0 */
	u32 value_size;
	u32 hash;
	char name[];
};
#define EXT_XATTR_LEN(n)	(((u32)(n) + 16u + 3u) & ~3u)
#define EXT_XATTR_PAD(n)	(((u32)(n) + 3u) & ~3u)
enum ext_xattr_index { EXT_XATTR_USER = 1, EXT_XATTR_ACL_ACCESS = 2, EXT_XATTR_ACL_DEFAULT = 3,
		       EXT_XATTR_TRUSTED = 4, EXT_XATTR_SECURITY = 6, EXT_XATTR_SYSTEM = 7 };
