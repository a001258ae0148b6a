/*
 * fs/jbd/jbd_build.h - blocks of the log from what they are to say, the counterpart of jbd_check.h:
 * what these write, those read. Pure functions of their arguments.
 */
#pragma once

#include "abi/time.h"
#include "fs/jbd/jbd_check.h"

/* A block of zeroes but for its header. */
void jbd_build_begin(const struct jbd_geo *geo, void *block, u32 type, u32 sequence);

/* How many tags, and numbers of revoked blocks, one block has room for. */
u32 jbd_tags_per_block(const struct jbd_geo *geo);
u32 jbd_revokes_per_block(const struct jbd_geo *geo);

/*
 * Adds a tag, its checksum that of `data` in the log, at *at, which is 0 at first; `last`: no other
 * follows.
 */
void jbd_build_tag(const struct jbd_geo *geo, void *block, u32 *at, u32 sequence,
		   const struct jbd_tag *tag, bool last, const u8 *uuid, const void *data);
/* Adds a revoked block in the same manner. */
void jbd_build_revoke(const struct jbd_geo *geo, void *block, u32 *at, u64 number);
/* The checksum of a descriptor or revoke block that is complete. */
void jbd_build_tail(const struct jbd_geo *geo, void *block);

/* A whole commit block. */
void jbd_build_commit(const struct jbd_geo *geo, void *block, u32 sequence,
		      const struct timespec *now);

/* The superblock's changing part: see struct jbd_super. */
void jbd_build_super(const struct jbd_geo *geo, struct jbd_super *s, u32 start, u32 sequence,
		     s32 error);
/* The features that we write: of those of the journal only `keep` stay. The log is empty. */
void jbd_build_features(struct jbd_geo *geo, struct jbd_super *s, u32 features, u32 keep);
