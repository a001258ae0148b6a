/*
 * fs/jbd/jbd_commit.c - a transaction's way from running to stable.
 *
 *	1. No handle may begin, and the open ones are awaited. What was written home by now is
 *	   forgotten (jbd_checkpoint.c), as nobody is changing anything.
 *	2. The owner may sum it up, all its blocks are copied, and the next transaction may begin.
 *	3. Files that got blocks in it have their data written: a committed file has no block with
 *	   somebody else's old bytes.
 *	4. The copies go to the log, with the descriptors that say what they are, and the revokes.
 *	5. The commit block follows, behind a flush and itself forced to the medium: stable.
 *	6. Its blocks may be written home, freed ones be used again, and the older copies of both in
 *	   the log are of no more interest.
 *
 * Whoever wants a transaction stable does all this himself; others who come meanwhile wait for the
 * lock and find it done. After an error nothing more is written to the log; the transaction stays
 * where it was and its blocks pinned, until the journal is closed.
 */
#include "fs/jbd/jbd_int.h"

#include "abi/errno.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/thread.h"

/* Quiesced: the blocks as the log shall have them. */
static void tx_copy(struct jbd *j, struct jbd_tx *tx)
{
	struct jbd_entry *e;

	list_for_each_entry(e, &tx->blocks, link) {
		void *copy = page_to_virt(e->copy);

		if (e->forgotten)
			continue;
		memcpy(copy, e->home.data, j->geo.block_size);
		e->escaped = jbd_be32(copy) == JBD_MAGIC;
		if (e->escaped)
			memset(copy, 0, sizeof(u32));
	}
}

/* Lets the owner sum up the running transaction. Quiesced. */
static void tx_close(struct jbd *j, const struct jbd_tx *tx)
{
	struct thread *t = thread_current();
	u32 left = 1;

	if (!j->ops->closing)
		return;
	if (!list_empty(&tx->blocks) || !list_empty(&tx->revokes)) {
		t->journal = j;
		t->journal_depth = 1;
		t->journal_credits = 1;
		j->ops->closing(j->owner);
		left = t->journal_credits;
		t->journal_credits = 0;
		t->journal_depth = 0;
		t->journal = NULL;
	}
	spin_lock(&j->lock);
	j->n_promised -= left;
	spin_unlock(&j->lock);
}

/* Takes the running transaction for the commit: NULL if there is none, or after an abort.
 * Quiesced. */
static struct jbd_tx *tx_take(struct jbd *j)
{
	struct jbd_tx *tx = j->running;

	if (!tx)
		return NULL;
	tx_close(j, tx);
	if (READ_ONCE(j->error))
		return NULL;
	tx_copy(j, tx);
	spin_lock(&j->lock);
	/* Who looks whether it is stable finds it in one place or the other. */
	store_release(&j->committing_tid, tx->tid);
	store_release(&j->running_tid, 0);
	j->committing = tx;
	j->running = NULL;
	spin_unlock(&j->lock);
	return tx;
}

/* Forgets the entries of a block that are older than `e`, which takes their place. */
static void older_drop(struct jbd *j, struct jbd_entry *e)
{
	for (;;) {
		struct jbd_entry *older;

		spin_lock(&j->lock);
		older = e->older;
		if (older)
			jbd_entry_unlink_locked(j, older);
		spin_unlock(&j->lock);
		if (!older)
			return;
		jbd_entry_free(j, older);
	}
}

/* The transaction is stable: its blocks may go home, unless they have been changed again. */
static void tx_let_blocks_go(struct jbd *j, struct jbd_tx *tx)
{
	struct jbd_entry *e, *next;

	list_for_each_entry_safe(e, next, &tx->blocks, link) {
		bool forgotten = e->forgotten;

		older_drop(j, e);
		if (forgotten && !e->newer)
			bcache_forget(j->dev, e->block, j->geo.block_size, 1);
		spin_lock(&j->lock);
		if (!e->newer)
			bcache_unpin(j->dev, &e->home, !forgotten);
		if (forgotten)
			jbd_entry_unlink_locked(j, e);
		spin_unlock(&j->lock);
		if (forgotten) {
			jbd_entry_free(j, e);
			continue;
		}
		jbd_page_free(j, e->copy);
		e->copy = NULL;
	}
}

/* A freed block is stable as such: nothing of it is written any more, from the log or to it. */
static void block_let_go(struct jbd *j, const struct jbd_tx *tx, u64 block)
{
	struct jbd_entry *e;
	bool busy = false;

	for (;;) {
		spin_lock(&j->lock);
		e = jbd_entry_find_locked(j, block);
		while (e && jbd_tx_later(e->tx, tx)) {
			busy = true;
			e = e->older;
		}
		/* Used again within the transaction: that is what counts. */
		if (e && e->tx == tx) {
			busy = true;
			e = NULL;
		}
		if (e)
			jbd_entry_unlink_locked(j, e);
		spin_unlock(&j->lock);
		if (!e)
			break;
		jbd_entry_free(j, e);
	}
	if (!busy)
		bcache_forget(j->dev, block, j->geo.block_size, 1);
}

static void tx_let_revokes_go(struct jbd *j, struct jbd_tx *tx)
{
	while (!list_empty(&tx->revokes)) {
		struct jbd_entry *e = list_first_entry(&tx->revokes, struct jbd_entry, link);

		for (u64 i = 0; i < e->count; i++)
			block_let_go(j, tx, e->block + i);
		list_del(&e->link);
		jbd_entry_free(j, e);
		sched_point();
	}
}

/* The last words: stable. */
static void tx_end(struct jbd *j, struct jbd_tx *tx)
{
	u32 tid = tx->tid;

	spin_lock(&j->lock);
	j->committing = NULL;
	store_release(&j->committing_tid, 0);
	spin_unlock(&j->lock);
	j->ops->committed(j->owner, tid);
}

/* Nothing was changed: there is no block to write, but perhaps data. */
static int tx_commit_empty(struct jbd *j, struct jbd_tx *tx)
{
	int err = j->ops->write_data(j->owner, tx->tid);

	if (!err)
		err = blk_flush(j->dev);
	if (err)
		return err;
	tx_end(j, tx);
	kfree(tx);
	return 0;
}

static int tx_commit(struct jbd *j, struct jbd_tx *tx)
{
	int err;

	if (list_empty(&tx->blocks) && list_empty(&tx->revokes))
		return tx_commit_empty(j, tx);
	tx->sequence = j->sequence;
	tx->start = j->head;
	err = j->ops->write_data(j->owner, tx->tid);
	if (!err)
		err = READ_ONCE(j->error);
	if (!err)
		err = jbd_log_write(j, tx);
	/* Before the first transaction the superblock says that there is none. */
	if (!err && !j->disk_start)
		err = jbd_super_write(j, tx->start, tx->sequence);
	if (!err)
		err = jbd_log_commit(j, tx);
	if (err)
		return err;
	j->sequence++;
	j->stats.n_commits++;
	list_add_tail(&tx->link, &j->checkpoints);
	tx_let_blocks_go(j, tx);
	tx_let_revokes_go(j, tx);
	tx_end(j, tx);
	jbd_store_trim(j, JBD_STORE_KEEP);
	return 0;
}

int jbd_commit_running(struct jbd *j)
{
	struct jbd_tx *tx = NULL;
	u32 cost = 0, tail, sequence;
	int err;

	kassert(mutex_held(&j->commit_lock) && thread_current()->journal != j);
	jbd_quiesce(j);
	err = READ_ONCE(j->error);
	if (!err) {
		jbd_reap(j);
		tx = tx_take(j);
	}
	if (tx) {
		cost = jbd_cost(j, tx->n_blocks, tx->n_revoked);
		spin_lock(&j->lock);
		j->n_free -= cost;
		spin_unlock(&j->lock);
	}
	jbd_release(j);
	if (!tx)
		return err ? err : READ_ONCE(j->error);
	tail = j->head;
	err = tx_commit(j, tx);
	if (err) {
		jbd_fail(j, err);
		return err;
	}
	/* What it needed less than it might have. */
	sequence = j->head >= tail ? j->head - tail : j->head + j->n_ring - tail;
	spin_lock(&j->lock);
	j->n_free += cost - sequence;
	spin_unlock(&j->lock);
	if (READ_ONCE(j->n_free) >= j->n_ring / 2)
		return 0;
	/* A stale tail costs nothing but room, and time at a replay. */
	jbd_tail(j, &tail, &sequence);
	if (tail != j->disk_tail)
		err = jbd_tail_write(j);
	if (READ_ONCE(j->n_free) < j->n_ring / 2) {
		store_release(&j->filling, true);
		wait_wake(&j->work, 0);
	}
	return err;
}

int jbd_commit_tid(struct jbd *j, u32 tid)
{
	int err = 0;

	mutex_lock(&j->commit_lock);
	if (!jbd_is_stable(j, tid)) {
		err = READ_ONCE(j->error);
		if (!err)
			err = jbd_commit_running(j);
	}
	mutex_unlock(&j->commit_lock);
	return err;
}

int jbd_commit(struct jbd *j, u32 tid)
{
	int err;

	might_sleep();
	if (jbd_is_stable(j, tid))
		return 0;
	err = jbd_commit_tid(j, tid);
	if (unlikely(err))
		jbd_report(j);
	return err;
}

int jbd_commit_all(struct jbd *j)
{
	u32 tid = load_acquire(&j->running_tid);

	/* One who finds none running may still have to wait for the last one. */
	if (!tid)
		tid = load_acquire(&j->committing_tid);
	if (READ_ONCE(j->error))
		return READ_ONCE(j->error);
	return tid ? jbd_commit(j, tid) : 0;
}

void jbd_commit_start(struct jbd *j)
{
	store_release(&j->kicked, true);
	wait_wake(&j->work, 0);
}

bool jbd_is_committing(const struct jbd *j)
{
	return load_acquire(&j->committing_tid) != 0;
}

bool jbd_is_stable(const struct jbd *j, u32 tid)
{
	return !tid || (load_acquire(&j->running_tid) != tid &&
			load_acquire(&j->committing_tid) != tid);
}
