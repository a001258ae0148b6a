/*
 * fs/jbd/jbd_disk.h - the journal of ext3 and ext4 (jbd2) as it lies on the disk.
 *
 * A journal is a ring of blocks behind its superblock, written transaction by transaction:
 * descriptor blocks, whose tags name the blocks of the file system that the following log blocks
 * are to become; revoke blocks, with the blocks whose earlier copies count no more; and a commit
 * block, without which the transaction never was. All numbers are big endian, and some stand at odd
 * addresses: they are read with jbd_be16() and jbd_be32(). kernel.org "ext4 Data Structures and
 * Algorithms", chapter "Journal (jbd2)".
 */
#pragma once

#include "lib/bitops.h"
#include "lib/types.h"

#define JBD_MAGIC	0xc03b3998u

enum jbd_block_type { JBD_DESCRIPTOR = 1, JBD_COMMIT = 2, JBD_SUPER_V1 = 3, JBD_SUPER_V2 = 4,
		      JBD_REVOKE = 5 };

enum { JBD_COMPAT_CHECKSUM = 0x1 };
enum jbd_incompat {
	JBD_INCOMPAT_REVOKE		= 0x01,
	JBD_INCOMPAT_64BIT		= 0x02,
	JBD_INCOMPAT_ASYNC_COMMIT	= 0x04,
	JBD_INCOMPAT_CSUM_V2		= 0x08,
	JBD_INCOMPAT_CSUM_V3		= 0x10,
	JBD_INCOMPAT_FAST_COMMIT	= 0x20,
};

enum { JBD_CHECKSUM_CRC32 = 1, JBD_CHECKSUM_CRC32C = 4 };

/* What every block of the log begins with, but those that the tags describe. */
struct jbd_header {
	u32 magic;
	u32 type;
	u32 sequence;
};

struct jbd_super {
	struct jbd_header header;
	u32 block_size;
	u32 max_len;		/* blocks of the journal, this one included */
	u32 first;		/* first block of the ring */
	u32 sequence;		/* of the transaction at `start` */
	u32 start;		/* 0: nothing to replay */
	u32 error;		/* why writing ended, as a negative errno */
	/* From here on only in JBD_SUPER_V2. */
	u32 feature_compat;
	u32 feature_incompat;
	u32 feature_ro_compat;
	u8 uuid[16];
	u32 n_users;
	u32 dynsuper;
	u32 max_transaction;
	u32 max_trans_data;
	u8 checksum_type;
	u8 padding[3];
	u32 n_fast_blocks;	/* at the end, not part of the ring */
	u32 head;
	u32 padding2[40];
	u32 checksum;
	u8 users[768];
};
static_assert(sizeof(struct jbd_super) == 1024, "journal superblock");
static_assert(offsetof(struct jbd_super, checksum) == 0xfc, "journal superblock");

/*
 * Tags: block number, then with CSUM_V3 flags, upper half of the number and a checksum, 32 bits
 * each; else a checksum and flags of 16 bits, and with 64BIT the upper half.
 */
#define JBD_TAG_SIZE_V3		16u
enum jbd_tag_flag {
	JBD_TAG_ESCAPED		= 1,	/* the block began with JBD_MAGIC: the log has zero there */
	JBD_TAG_SAME_UUID	= 2,	/* else 16 bytes of UUID follow */
	JBD_TAG_DELETED		= 4,
	JBD_TAG_LAST		= 8,
};
#define JBD_UUID_SIZE		16u

/* Last 4 bytes of descriptor and revoke blocks with CSUM_V2 or V3. */
#define JBD_TAIL_SIZE		4u

struct jbd_revoke_header {
	struct jbd_header header;
	u32 size;		/* bytes in use, this header included */
};

struct jbd_commit {
	struct jbd_header header;
	u8 checksum_type;
	u8 checksum_size;
	u8 padding[2];
	u32 checksum[8];
	u64 seconds;
	u32 nanoseconds;
};
static_assert(offsetof(struct jbd_commit, checksum) == 16, "commit block");

/* Fast commits: records of a tag and a length, little endian; the first is of this type. */
#define JBD_FAST_HEAD		9u
struct jbd_fast_head { u16 tag, length; u32 features, sequence; };
#define JBD_FAST_BLOCKS_DEFAULT	256u

static inline u16 jbd_be16(const void *p)
{
	u16 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return bswap16(v);
}

static inline u32 jbd_be32(const void *p)
{
	u32 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return bswap32(v);
}

static inline void jbd_put_be32(void *p, u32 v)
{
	v = bswap32(v);
	__builtin_memcpy(p, &v, sizeof(v));
}
