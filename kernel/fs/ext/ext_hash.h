/*
 * fs/ext/ext_hash.h - hashes of names in indexed directories (pure functions).
 */
#pragma once

#include "fs/ext/ext_disk.h"

/*
 * `major` orders the tree (its lowest bit is always 0); `minor` orders names of equal major hash.
 */
struct ext_name_hash { u32 major, minor; };

/*
 * Hashes a name. `version` is enum ext_hash with the signedness of char folded in (the three
 * _UNSIGNED ones); `seed` is the superblock's, four words. False for an unknown version.
 */
bool must_check ext_hash_name(u8 version, const u32 seed[4], const char *name, u32 length,
			      struct ext_name_hash *out);
