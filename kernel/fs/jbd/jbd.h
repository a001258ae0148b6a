/*
 * fs/jbd/jbd.h - a journal of blocks (jbd2): changes of several blocks that become whole.
 *
 * Whoever changes metadata opens a *handle*, says how many blocks it may change at most
 * (*credits*), changes them in place in the device's cache (dev/bcache.h), tells of each by
 * jbd_dirty(), and ends the handle. Many handles form a *transaction*, known by its number, the
 * *tid*. A transaction runs, until somebody wants it stable, it has grown to a quarter of the log
 * or is five seconds old; then it is committed: handles end, its blocks are copied, the next
 * transaction begins, and the copies go to the log. After a power cut the handles of a transaction
 * are all there, or none of them is.
 *
 * Between the first change and the commit a block is *pinned* in the cache: nobody writes it home.
 * From then on ordinary write-back does, and the log's tail moves up behind it (*checkpoint*).
 *
 * Order: a handle is begun after inode->lock, and before any lock of the file system. jbd_begin(),
 * jbd_restart() and jbd_commit() may wait for a commit, which calls ops->write_data(), which takes
 * page locks: so nobody holds the lock of a page with ordered data when he calls these. Holders of
 * what is taken inside handles never wait for a commit.
 *
 * Nobody has two journals' handles open at a time.
 */
#pragma once

#include "dev/bcache.h"
#include "lib/types.h"

struct jbd;

/* Called in thread context, by the journal's thread or by whoever commits. */
struct jbd_ops {
	/*
	 * All handles of the running transaction, which changed something, have ended, and it is
	 * about to be committed: in the handle that is open for this call, with one credit, the
	 * owner may change what sums it up. Takes no lock under which anybody begins a handle.
	 * NULL: nothing.
	 */
	void (*closing)(void *owner);
	/*
	 * Transaction `tid` is about to be committed, and no handle of it is open any more: writes
	 * the data of the files that got blocks in it, and waits for it (not for the device's
	 * cache). Must not begin handles; those of the next transaction are under way. 0 or an
	 * error, by which the journal aborts.
	 */
	int (*write_data)(void *owner, u32 tid);
	/*
	 * `tid` is stable, as all before it: blocks freed in it may be used again. Never called for
	 * a transaction that was lost with an abort. Must not begin handles.
	 */
	void (*committed)(void *owner, u32 tid);
	/* Once: the journal can write no more; the file system is to become read-only. */
	void (*aborted)(void *owner, int error);
};

/* Blocks at … at + n - 1 of the journal are `block` … of the device. */
struct jbd_extent { u32 at, n; u64 block; };

struct jbd_config {
	struct blkdev *dev;
	u32 block_size;		/* bytes: 1,024 … 4,096 */
	u64 n_fs_blocks;	/* block numbers are below this */
	u32 n_blocks;		/* of the journal's file */
	const struct jbd_extent *extents; /* by `at`, without holes; copied */
	unsigned n_extents;
	u32 features;		/* that the log is to use: JBD_INCOMPAT_64BIT, _CSUM_V2, _CSUM_V3 */
	u64 interval_ns;	/* age at which a transaction is committed; 0: 5 s */
	const struct jbd_ops *ops;
	void *owner;		/* for ops */
};

/*
 * Takes up an empty journal (one that was not closed must have been replayed) and starts its
 * thread, "jbd/sda3". 0 and *out; -EINVAL (logged: not a journal, not empty, its mapping has
 * holes), -EOPNOTSUPP (logged: a feature is unknown, or too old), -EIO, -ENOMEM. Nothing is written
 * before the first commit: the owner sees to it that the disk says "needs recovery" by then.
 */
int must_check jbd_open(const struct jbd_config *config, struct jbd **out);
/*
 * Commits, writes all blocks home, empties the log and frees the journal; no handle is open, nobody
 * waits. 0, or the error because of which the log still has to be replayed. In that case the cache
 * has changes that are not on the disk and never will be: when the caller has put all his blocks,
 * he calls bcache_drop_clean().
 */
int jbd_close(struct jbd *j);

/*
 * Opens a handle for at most `credits` different blocks (each call of jbd_forget() counts as one,
 * too). If the thread has one open already it becomes part of that, and is ended by its own
 * jbd_end(): credits that are left are used, what is missing is added. May sleep (not for a
 * signal). 0; -EROFS: aborted; -ENOMEM; -ENOSPC: more than a transaction can ever have.
 */
int must_check jbd_begin(struct jbd *j, u32 credits);
/*
 * The same for who has others to serve: -EAGAIN instead of a wait for the log or for those who have
 * handles. The journal's thread sees to what is missing. None is open.
 */
int must_check jbd_begin_soon(struct jbd *j, u32 credits);
void jbd_end(struct jbd *j);
/*
 * At least n unused credits for the open handle, without a wait for the journal: 0; -EAGAIN: the
 * transaction is to end or has no room (bring all to a consistent state and call jbd_restart());
 * -ENOMEM, -EROFS.
 */
int must_check jbd_extend(struct jbd *j, u32 n);
/*
 * Ends the handle and begins another with n credits, for nested ones too: the changes up to here
 * may become stable without those to come. May sleep, like jbd_begin(): errors as there; after one
 * the handle must still be ended, and takes no more changes.
 */
int must_check jbd_restart(struct jbd *j, u32 n);

/* Whether the current thread has a handle of this journal open. */
bool jbd_in_handle(const struct jbd *j);
/* The transaction of the open handle: jbd_commit() of this number makes its changes stable. */
u32 jbd_tid(struct jbd *j);

/*
 * The open handle has changed the block, and has not given up the lock that guards its contents.
 * Uses one credit for the first time in the transaction. The block stays what it is until the
 * handle's end (no writes home). Any locks but spinlocks. Cannot fail: with no credits left and no
 * memory the journal aborts.
 */
void jbd_dirty(struct jbd *j, struct bblock *b);
/*
 * The open handle has freed n blocks of metadata: they are not written any more, and their copies
 * in the log are not replayed once this transaction is stable. They must not be used again, for
 * data or metadata, before ops->committed() told so. Like jbd_dirty(). One credit, for as many as
 * one block of the log can name; if more are too many for the log the journal aborts.
 */
void jbd_forget(struct jbd *j, u64 block, u64 n);

/*
 * Waits until `tid` is stable, committing it if nobody else does: 0, or the error of the abort.
 * Stable already: 0 at once, with nothing flushed. No handle open; may sleep long.
 */
int must_check jbd_commit(struct jbd *j, u32 tid);
/* The same for all that was done up to now: sync(2). */
int must_check jbd_commit_all(struct jbd *j);
/* Starts the commit of all that was done up to now, without waiting. */
void jbd_commit_start(struct jbd *j);
/*
 * Whether a transaction, which is not the running one, is being committed. The answer "no" holds as
 * long as the caller has a handle open, "yes" for a moment. Any context.
 */
bool jbd_is_committing(const struct jbd *j);
/* Whether `tid` is stable. Any context. */
bool jbd_is_stable(const struct jbd *j, u32 tid);

/*
 * Lets the file system on the disk be whole, log empty (s_start 0), and holds new handles until
 * jbd_thaw(): 0, or an error and nothing is held. One at a time.
 */
int must_check jbd_freeze(struct jbd *j);
void jbd_thaw(struct jbd *j);

/*
 * The file system is found to be damaged: nothing is written to the log any more, new handles fail,
 * and the journal's superblock remembers `error` (negative errno). If it is the first, the
 * journal's thread calls ops->aborted() soon, or jbd_close() does. Any locks but spinlocks.
 */
void jbd_abort(struct jbd *j, int error);
/* 0, or the error because of which the journal was aborted. Any context. */
int jbd_error(const struct jbd *j);

/* What the journal has done, for tests and diagnostics; torn reads harmless. */
struct jbd_stats {
	u64 n_commits;		/* with something to write */
	u64 n_blocks;		/* written to the log, of data */
	u64 n_revoked;
	u64 n_checkpoints;	/* times that space was made by writing blocks home */
	u32 n_log, n_free;	/* blocks of the log; of these, free */
	u32 max_transaction;	/* credits that one handle may have */
};
void jbd_stats(struct jbd *j, struct jbd_stats *out);
