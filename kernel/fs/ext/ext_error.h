/*
 * fs/ext/ext_error.h - what happens when the disk is damaged.
 */
#pragma once

#include "lib/types.h"

struct ext_fs;
struct inode;

/* Where in the driver an error was found, and one as the superblock will tell of it. */
struct ext_error_site { const char *function; u32 line; };
struct ext_error_note { const struct ext_error_site *site; u64 time; u32 ino; };

/*
 * Says that the file system is damaged, marks it so, and does what errors= wants. Returns -EIO, for
 * the caller to hand on. Thread context; no group lock and not super_lock may be held with
 * errors=panic only. Messages are limited in rate.
 */
#define ext_error(fs, ...) \
	({ \
		static const struct ext_error_site ext_site_ = { __func__, __LINE__ }; \
		ext_error_at(fs, &ext_site_, __VA_ARGS__); \
	})
#define ext_inode_error(inode, ...) \
	({ \
		static const struct ext_error_site ext_site_ = { __func__, __LINE__ }; \
		ext_inode_error_at(inode, &ext_site_, __VA_ARGS__); \
	})
int ext_error_at(struct ext_fs *fs, const struct ext_error_site *site, const char *fmt,
		...) __printf(3, 4);
int ext_inode_error_at(const struct inode *inode, const struct ext_error_site *site,
		const char *fmt, ...) __printf(3, 4);
/*
 * The errors since the last call go into the superblock's fields, for the caller to write.
 * super_lock held, unless nobody else writes it any more.
 */
void ext_error_record(struct ext_fs *fs);
