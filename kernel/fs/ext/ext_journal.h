/*
 * fs/ext/ext_journal.h - replaying a journal at mount: what ext_journal.c and jbd_replay.c share.
 *
 * All of it runs in the thread that mounts, before anyone else sees the file system: no locks.
 */
#pragma once

#include "fs/ext/ext_int.h"
#include "fs/jbd/jbd_check.h"

/* ext_journal.c, ext_overlay.c */
/*
 * Replays the journal, onto the disk or into memory: while nothing of the file system but its
 * superblock was read, or onto the disk what is in memory already. 0, or an error that was logged.
 */
int must_check ext_journal_recover(struct ext_fs *fs, bool to_disk);
void ext_overlay_free(struct ext_fs *fs);

struct ext_journal {
	struct ext_fs *fs;
	struct ext_inode *ei;		/* the journal's, outside the cache of inodes */
	struct jbd_geo geo;
	bool to_disk;			/* else into fs->overlay */
	u32 end_sequence;		/* first transaction that is not in the log */
	struct radix_tree revoked;	/* block: sequence * 2 + 1 of the last that revoked it */
	u32 n_transactions;
	u64 n_blocks, n_revoked;	/* replayed; left out */
	u32 n_unsynced;			/* blocks replayed since the last sync */
};

extern const struct radix_ops ext_radix_ops;

/* Fills `ei`, outside the cache of inodes, with the journal's inode: 0, or an error (logged). */
int must_check ext_journal_read_inode(struct ext_fs *fs, struct ext_inode *ei);
/* Block `at` of the journal: 0 and *b, *block where it is on the disk. -EIO, -ENOMEM. */
int must_check ext_journal_block(struct ext_journal *j, u32 at, struct bblock *b, u64 *block);

/* jbd_replay.c */
/* Finds the log's end, looking at checksums: 0, -EIO (damaged, logged), -EOPNOTSUPP, -ENOMEM. */
int must_check jbd_scan(struct ext_journal *j);
/* Replays what jbd_scan() found, through ext_replay_block(): 0, -EIO, -ENOMEM. */
int must_check jbd_replay(struct ext_journal *j);

/* ext_overlay.c */
/*
 * Block `to` of the file system shall be what is in log block `b`, which is at `from` on the disk:
 * in memory.
 */
int must_check ext_overlay_add(struct ext_fs *fs, u64 to, u64 from, const struct bblock *b,
			       bool escaped);
