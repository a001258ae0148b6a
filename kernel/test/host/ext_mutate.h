/*
 * test/host/ext_mutate.h - images of file systems and partition tables, damaged on purpose.
 *
 * A sound image is scanned once for its pieces: superblock, descriptors, bitmaps, inodes, blocks of
 * directories, nodes of extent trees and so on; of other things than ext all sectors in use. An
 * edit is eight bytes that name a piece and what becomes of a place in it; whatever the bytes, they
 * mean something, so a fuzzer can make them up. Afterwards all checksums are made right again, so
 * that the damage gets past them.
 */
#ifndef TEST_HOST_EXT_MUTATE_H
#define TEST_HOST_EXT_MUTATE_H

#include "fs/ext/ext_check.h"

enum ext_piece_kind { PIECE_SUPER, PIECE_GROUP, PIECE_BLOCK_MAP, PIECE_INODE_MAP, PIECE_INODE,
		      PIECE_DIR, PIECE_EXTENT, PIECE_INDIRECT, PIECE_XATTR, PIECE_JOURNAL,
		      PIECE_ORPHAN, PIECE_LINK, N_PIECE_KINDS };

struct ext_piece {
	enum ext_piece_kind kind;
	u32 owner;		/* inode or group */
	u32 index;		/* which block of its file */
	u32 size;		/* bytes */
	u64 at;			/* byte of the image */
};

struct ext_image {
	u8 *data;
	size_t size;
	bool is_ext, is_gpt;
	struct ext_geo geo;	/* of the sound image, if it is ext; block_bits in any case */
	struct ext_piece *pieces;
	unsigned n_pieces;
	unsigned of_kind[N_PIECE_KINDS + 1]; /* pieces are in the order of their kinds */
};

struct ext_edit {
	u8 kind, op;
	u16 which, at;
	u16 value;
};

/* Finds the pieces of the sound image in data and size. */
void ext_image_scan(struct ext_image *image);
void ext_image_edit(struct ext_image *image, const struct ext_edit *edit);
/* Makes the checksums right. */
void ext_image_sum(struct ext_image *image);
void ext_image_free(struct ext_image *image); /* what the scan made */

#endif
