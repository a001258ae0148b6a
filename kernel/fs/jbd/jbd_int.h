/*
 * fs/jbd/jbd_int.h - what the files of the journal share.
 *
 * A block that was changed has an *entry* in each transaction that it was changed in and that is
 * still of interest: in the running one, the one being committed, and one that is in the log and
 * waits for the block to be written home. The entries of a block form a chain from the newest to
 * the oldest, and the newest is found by the block's number. A newer entry pins the block, so the
 * older one's transaction stays in the log until the newer one is there, too.
 *
 * jbd_handle.c    handles: begin, end, extend, restart
 * jbd_block.c     entries, what is kept in store for them, dirty and forget
 * jbd_commit.c    a transaction's way from running to stable
 * jbd_log.c       the blocks of a transaction in the log, and the journal's superblock
 * jbd_checkpoint.c  writing home, the tail
 * jbd_open.c      open, close, freeze, abort, the thread
 * jbd_build.c     blocks of the log as functions of their contents
 */
#pragma once

#include "fs/jbd/jbd.h"
#include "fs/jbd/jbd_check.h"
#include "lib/list.h"
#include "sched/mutex.h"

/* In store beyond what handles may take, so that they need not allocate. */
#define JBD_STORE_KEEP		64u
/* Pages for descriptors and the like of which none is written anew before it is on the disk. */
#define JBD_CONTROL_PAGES	8u
#define JBD_HASH_MAX		4096u
/* thread->journal_credits of a handle that could not be restarted. */
#define JBD_DEAD		(~0u)

/* I: since it is linked.  l: j->lock.  c: j->commit_lock. */
struct jbd_entry {
	struct hlist_node hash;	/* l: while it is its block's newest */
	struct list link;	/* l while its transaction runs, then c: tx->blocks, tx->revokes */
	struct jbd_tx *tx;	/* I */
	struct jbd_entry *newer, *older; /* l: of the same block, in other transactions */
	struct bblock home;	/* I: with a reference to its page */
	u64 block;		/* I */
	u64 count;		/* I: of a revoke: blocks */
	struct page *copy;	/* l while in store, then c: what goes to the log */
	bool forgotten;		/* l while its transaction runs, then c: freed again */
	bool escaped;		/* c: the copy lacks its magic number */
};

/* r: j->lock while it runs, then j->commit_lock. */
struct jbd_tx {
	struct list link;	/* c: j->checkpoints */
	u32 tid;		/* I */
	u32 sequence;		/* c: in the log */
	u32 start;		/* c: its first block of the log */
	struct list blocks;	/* r: entries */
	struct list revokes;	/* r: entries that stand for ranges of freed blocks */
	u32 n_blocks;		/* r: entries in blocks */
	u64 n_revoked;		/* r: blocks in revokes */
	u64 begun_ns;		/* I */
};

/* Requests on their way to the log. */
struct jbd_io {
	u32 pending;		/* a: requests, and 1 while more may come */
	s32 error;		/* a: of any of them */
	struct wait_queue wait;
};

/*
 * I: constant after jbd_open().  l: lock.  c: commit_lock.  a: atomic.
 * A transaction is j->running, then j->committing, then in j->checkpoints.
 */
struct jbd {
	struct blkdev *dev;	/* I */
	const struct jbd_ops *ops; /* I */
	void *owner;		/* I */
	struct jbd_geo geo;	/* I */
	struct jbd_extent *extents; /* I */
	unsigned n_extents;	/* I */
	u32 tags_per_block;	/* I: of a descriptor */
	u32 revokes_per_block;	/* I */
	u32 n_ring;		/* I: blocks of the log */
	u32 max_tx;		/* I: log blocks that a transaction may cost when handles begin */
	u32 slack;		/* I: what jbd_extend() may take beyond that */
	u64 interval_ns;	/* I */

	struct mutex commit_lock; /* RANK_JOURNAL: commits, checkpoints, the log */
	struct spinlock lock;	/* RANK_JOURNAL_STATE */
	struct jbd_tx *running;	/* l; also c to change to NULL */
	struct jbd_tx *committing; /* c */
	u32 running_tid, committing_tid; /* l to write; 0: none */
	u32 last_tid;		/* l */
	u32 n_handles;		/* l: open; all are in the running transaction */
	u32 n_promised;		/* l: credits that they have left */
	bool locked;		/* l; c to write: no handle may begin, the open ones are awaited */
	bool frozen;		/* l: no handle may begin */
	int error;		/* l to write: why it was aborted */
	u32 n_free;		/* l: blocks of the log */
	u32 hash_mask;		/* I */
	struct hlist_head *hash; /* l: newest entries by block */
	struct list spare_entries, spare_pages; /* l: in store; pages by page->lru */
	u32 n_spare_entries, n_spare_pages; /* l */
	struct jbd_tx *spare_tx; /* l */

	u32 head;		/* c: next block of the log */
	u32 sequence;		/* c: of the next transaction in the log */
	u32 disk_start;		/* c: where the log begins according to its superblock, or 0 */
	u32 disk_tail, disk_sequence; /* c: from where on blocks of the log are in use */
	struct list checkpoints; /* c: transactions in the log, oldest first */
	struct page *super;	/* c: the journal's superblock */
	struct page *control[JBD_CONTROL_PAGES]; /* c */
	struct jbd_io io;	/* c */
	bool reported;		/* c: the abort has been told */
	struct jbd_stats stats;	/* c */

	struct wait_queue room;	/* who waits for locked or frozen to end */
	struct wait_queue idle;	/* who waits for the end of all handles */
	struct wait_queue work;	/* the thread */
	bool kicked;		/* a: the thread is to commit */
	bool filling;		/* a: the thread is to start writing blocks home */
	u32 wanted;		/* a: the thread is to make room for that many credits; or 0 */
	bool sleeps;		/* a: the thread has no time at which it wakes */
	bool stop;		/* a: the thread is to end */
	bool gone;		/* l: it has */
};

/* jbd_block.c */
/* The newest entry of a block, or NULL. j->lock. */
struct jbd_entry *jbd_entry_find_locked(const struct jbd *j, u64 block);
/* Takes an entry out of its block's chain and its transaction's list. j->lock; commit_lock unless
 * its transaction runs. The caller frees it (jbd_entry_free()). */
void jbd_entry_unlink_locked(struct jbd *j, struct jbd_entry *e);
/* Puts an entry that is in no list, and what it holds, back into store. Not under j->lock. */
void jbd_entry_free(struct jbd *j, struct jbd_entry *e);
/* Puts a page back into store. Not under j->lock. */
void jbd_page_free(struct jbd *j, struct page *page);
/* jbd_handle.c: there is to be room for a handle in the log: 0 or an error. May sleep long. */
int jbd_make_room(struct jbd *j, u32 credits);
/* Fills up the store for n credits more than are promised: 0 or -ENOMEM. May sleep. */
int must_check jbd_store_fill(struct jbd *j, u32 n);
/* Gives back what is in store beyond `keep` and the promises. */
void jbd_store_trim(struct jbd *j, u32 keep);

/* jbd_handle.c */
/* What a transaction with that many blocks and revokes costs in the log at most. */
u32 jbd_cost(const struct jbd *j, u32 n_blocks, u64 n_revoked);
/* jbd_extend() for one who cannot start anew: goes on although the transaction is to end. */
int must_check jbd_insist(struct jbd *j, u32 n);
/* Holds new handles and waits for the end of the open ones; lets them begin again. commit_lock. */
void jbd_quiesce(struct jbd *j);
void jbd_release(struct jbd *j);

/* jbd_commit.c */
/* Commits the running transaction, if there is one: 0 or the error of the abort. commit_lock; no
 * handle open by the caller. */
int must_check jbd_commit_running(struct jbd *j);
/* The same under commit_lock of its own if the transaction still runs. */
int jbd_commit_tid(struct jbd *j, u32 tid);

/* jbd_checkpoint.c. commit_lock for all. */
/* Forgets what was written home. Quiesced. */
void jbd_reap(struct jbd *j);
/* Where the log begins to be of interest. */
void jbd_tail(const struct jbd *j, u32 *at, u32 *sequence);
/* Lets the superblock say so, and the blocks before it be free: 0 or an error (aborted). */
int must_check jbd_tail_write(struct jbd *j);
/* Makes at least n blocks of the log free: 0 or the error of the abort. */
int must_check jbd_make_space(struct jbd *j, u32 n);
/* Commits, writes everything home and empties the log: the same. */
int must_check jbd_flush(struct jbd *j);

/* jbd_log.c. commit_lock for all. */
/* Writes a transaction but for its commit block: 0 and j->head behind it, or an error. */
int must_check jbd_log_write(struct jbd *j, struct jbd_tx *tx);
/* Writes the commit block, everything before it stable first, and waits until it is, too. */
int must_check jbd_log_commit(struct jbd *j, struct jbd_tx *tx);
/*
 * Writes the superblock: the log begins at `start` (0: it is empty) with transaction `sequence`.
 * What was written before is stable first. 0 or an error.
 */
int jbd_super_write(struct jbd *j, u32 start, u32 sequence);

/* jbd_open.c */
/* Nothing is written to the log any more. Any context; ops->aborted() is called by jbd_report(). */
void jbd_fail(struct jbd *j, int error);
/* Tells of an abort that was not told of. Thread context, no lock held, no handle open. */
void jbd_report(struct jbd *j);

/* Whether block `block` of the transaction tid is later than another's. */
static inline bool jbd_tx_later(const struct jbd_tx *a, const struct jbd_tx *b)
{
	return jbd_later(a->tid, b->tid);
}
