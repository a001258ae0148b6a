/*
 * fs/ext/ext_dir.h - directories: their blocks, entries and hash trees.
 */
#pragma once

#include "fs/ext/ext_hash.h"
#include "fs/ext/ext_int.h"

/* ext_dir.c, ext_dir_find.c, ext_dir_add.c */
/* A directory's block: 0, -ENODATA (a hole), -EIO, -ENOMEM. With checksums it has been summed. */
int must_check ext_dir_block(struct inode *dir, u64 logical, struct bblock *b);
/* Its entries changed: summed, and written some time. inode->lock held for writing. */
void ext_dir_dirty(struct inode *dir, u64 logical, struct bblock *b);
/* A scan is about to visit this and following blocks: starts reading them unless they are there. */
void ext_dir_read_ahead(struct inode *dir, u64 logical);
#define EXT_DIR_AHEAD 32u /* blocks at a time */
/* Where an entry was found: previous entry in its block (or itself), entry; b holds the block. */
struct ext_dir_slot { struct bblock b; u64 logical; u32 offset, previous; struct ext_dirent *de; };
/* Finds a name: 0 and *slot (put slot->b), -ENOENT, -EIO … */
int must_check ext_dir_find(struct inode *dir, const char *name, u32 length,
		struct ext_dir_slot *slot);
/* Only its inode number; inline directories too. */
int must_check ext_dir_lookup(struct inode *dir, const char *name, u32 length, u32 *ino);
/* In one block: 1 found, 0 not, or -EUCLEAN (not logged). */
int must_check ext_dir_find_in_block(struct inode *dir, const void *block, u32 size,
		const char *name, u32 length, u32 *offset, u32 *previous);
/* Enters a name that is not there: 0, -ENOSPC, -EIO, -ENOMEM. */
int must_check ext_dir_add(struct inode *dir, const char *name, u32 length, u32 ino, u32 mode,
		bool reserve);
/* Into one block: 0, -ENOSPC (no room) or -EIO. */
int must_check ext_dir_add_to_block(struct inode *dir, struct bblock *b, u64 logical,
		const char *name, u32 length, u32 ino, u8 type);
void ext_dir_remove(struct inode *dir, struct ext_dir_slot *slot);
void ext_dir_set(struct inode *dir, struct ext_dir_slot *slot, u32 ino, u32 mode);
/* One more block at the end: zeroed, i_size grown. */
int must_check ext_dir_append(struct inode *dir, bool reserve, struct bblock *b, u64 *logical);
/* First block of a new directory, with "." and "..". */
int must_check ext_dir_make_empty(struct inode *dir, u32 parent, bool reserve);
/* 0, -ENOTEMPTY, or -EIO. */
int must_check ext_dir_check_empty(struct inode *dir);
/* The ".." of a directory: found as a slot. */
int must_check ext_dir_dotdot(struct inode *dir, struct ext_dir_slot *slot);
int ext_readdir(struct file *file, struct dir_sink *sink);
#define EXT_DIR_END 0x7fffffffffffffffll /* position at the end of a directory */
u8 ext_type_of_mode(u32 mode);
u8 ext_dt_of_type(u8 type);
/* Says that the directory is damaged there: -EIO. */
int ext_dir_bad(struct inode *dir, u64 logical, u32 offset, const char *why);
/* Entries of inline directories as one block: kmalloc'ed, *size bytes with "." and ".." made up. */
int must_check ext_dir_inline_block(struct inode *dir, void **block, u32 *size);

/* ext_dir_index.c: the search side of hash trees */
#define EXT_DX_LEVELS 3
struct ext_dx_frame {
	struct bblock b;
	struct ext_dx_entry *entries;
	u32 at;		/* the entry that the path follows */
	u32 logical;
};

struct ext_dx_path {
	struct ext_dx_frame frame[EXT_DX_LEVELS];
	unsigned depth;		/* frames open */
	unsigned levels;	/* frames of a whole path */
	u8 version;
};

static inline struct ext_dx_countlimit *ext_dx_count(const struct ext_dx_frame *f)
{
	return (struct ext_dx_countlimit *)f->entries;
}

static inline u32 ext_dx_leaf(const struct ext_dx_path *p)
{
	const struct ext_dx_frame *f = &p->frame[p->depth - 1];

	return f->entries[f->at].block & EXT_DX_BLOCK_MASK;
}

bool ext_dir_indexed(const struct inode *dir);
/* Hash under the tree's version (or, with `version` EXT_HASH_DEFAULT, the file system's). */
#define EXT_HASH_DEFAULT 0xff
int must_check ext_dir_hash(const struct ext_fs *fs, u8 version, const char *name, u32 length,
		struct ext_name_hash *out);
/*
 * Opens the path to the leaf where hash->major belongs; with a `name`, hashes it first, into *hash.
 * 0 and path (close it), -EUCLEAN if the index cannot be used (logged; the leaves still can),
 * -EIO, -ENOMEM.
 */
int must_check ext_dx_open(struct inode *dir, const char *name, u32 length,
		struct ext_name_hash *hash, struct ext_dx_path *path);
/*
 * Moves to the next leaf, in which hashes begin at *start (bit 0: it continues the last): 1, 0 at
 * the end, or an error.
 */
int must_check ext_dx_next(struct inode *dir, struct ext_dx_path *path, u32 *start);
void ext_dx_close(struct ext_dx_path *path);
/* ext_dir_split.c: the changing side */
int must_check ext_dx_add(struct inode *dir, const char *name, u32 length, u32 ino, u8 type,
		bool reserve);
int must_check ext_dx_make(struct inode *dir, bool reserve);
