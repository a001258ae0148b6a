/*
 * fs/jbd/jbd_check.h - what the blocks of a journal say, as pure functions of their bytes.
 *
 * Nothing is read outside a block, nothing is remembered but in the structures given, and nothing
 * that comes out needs another look: block numbers and places in the log are within their limits.
 * The host builds these under sanitizers and with a fuzzer.
 */
#pragma once

#include "fs/jbd/jbd_disk.h"

/* A journal's superblock in convenient units. */
struct jbd_geo {
	u32 block_size;		/* bytes */
	u32 max_len;		/* blocks */
	u32 first, end;		/* the ring, end exclusive */
	u32 start;		/* where the replay begins; 0: nothing to replay */
	u32 sequence;		/* of the first transaction */
	u32 error;		/* why writing ended; 0: it did not */
	u32 compat, incompat;
	u32 tag_size;		/* bytes, without a UUID */
	u32 csum_seed;
	u64 n_fs_blocks;	/* block numbers in tags are below this */
	bool csum;		/* CSUM_V2 or V3 */
};

/*
 * The journal superblock in 1,024 bytes, of a journal file of `n_blocks` blocks of `block_size`
 * bytes, in a file system of `n_fs_blocks`. NULL and *geo filled, or what is wrong.
 */
const char *must_check jbd_check_super(const struct jbd_super *s, u32 block_size, u64 n_blocks,
				       u64 n_fs_blocks, struct jbd_geo *geo);
/* Says in the superblock that the log is empty; the next transaction is `sequence`. */
void jbd_super_set_empty(const struct jbd_geo *geo, struct jbd_super *s, u32 sequence);

/* The type of a log block that belongs to transaction `sequence`, or 0: it is none. */
u32 jbd_block_type(const void *block, u32 sequence);

/* Bytes of a tag, without a UUID, of a journal with these features. */
u32 jbd_tag_size(u32 incompat);

/* The checksums that CSUM_V2 and V3 put into the superblock, into the tail of descriptor and revoke
 * blocks, into the commit block, and into the tags of a transaction's blocks. */
u32 jbd_sum_super(const struct jbd_super *s);
u32 jbd_sum_tail(const struct jbd_geo *geo, const void *block);
u32 jbd_sum_commit(const struct jbd_geo *geo, const void *block);
u32 jbd_sum_data(const struct jbd_geo *geo, u32 sequence, const void *block);

/* Checksums; true where the journal has none. */
bool jbd_csum_tail(const struct jbd_geo *geo, const void *block); /* descriptor, revoke block */
bool jbd_csum_commit(const struct jbd_geo *geo, const void *block);

/* One tag of a descriptor. */
struct jbd_tag {
	u64 block;		/* of the file system */
	u32 flags;
	u32 checksum;
};

/*
 * A walk over the tags of a descriptor block: *at is 0 at first. 1 and *tag, 0 at the end, or
 * -EUCLEAN if a tag crosses the end or names no block of the file system.
 */
int must_check jbd_tag_next(const struct jbd_geo *geo, const void *block, u32 *at,
			    struct jbd_tag *tag);
/* Whether a log block is what its tag summed, in transaction `sequence`. */
bool jbd_csum_data(const struct jbd_geo *geo, const struct jbd_tag *tag, u32 sequence,
		   const void *block);

/* A walk over the block numbers of a revoke block, in the same manner. */
int must_check jbd_revoke_next(const struct jbd_geo *geo, const void *block, u32 *at, u64 *number);

/*
 * With COMPAT_CHECKSUM, and no other, a commit block sums the descriptors and data of its
 * transaction, in the order of the log, starting from ~0.
 */
u32 jbd_crc32_be(u32 crc, const void *data, size_t n);
bool jbd_csum_transaction(const struct jbd_geo *geo, const void *commit, u32 crc);

/* Whether the first block of the fast commit area holds a fast commit after `sequence`. */
bool jbd_fast_commit_follows(const void *block, u32 sequence);

/* The block of the ring after that one. */
static inline u32 jbd_next_block(const struct jbd_geo *geo, u32 at)
{
	return at + 1 < geo->end ? at + 1 : geo->first;
}

/* Whether sequence number `a` is later than `b`; they wrap. */
static inline bool jbd_later(u32 a, u32 b)
{
	return (s32)(a - b) > 0;
}
