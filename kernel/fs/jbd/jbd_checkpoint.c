/*
 * fs/jbd/jbd_checkpoint.c - the tail of the log: transactions whose blocks are all home.
 *
 * A block of a committed transaction is home when the disk has it as it was committed. That it is
 * clean in the cache says so only while nobody can be changing it, and while it has not been
 * changed since: so it is looked at when no handle is open, and only blocks without a newer entry
 * count. Those with one leave when the newer one is in the log.
 *
 * Blocks come home by ordinary write-back, mostly before anybody needs room. The order is: home,
 * flush, the superblock with the new tail, and only then are the blocks before it written again.
 */
#include "fs/jbd/jbd_int.h"

#include "abi/errno.h"
#include "core/log.h"
#include "core/panic.h"
#include "mm/slab.h"

/* Forgets what is home of one transaction: whether that is all of it. */
static bool tx_reap(struct jbd *j, struct jbd_tx *tx)
{
	while (!list_empty(&tx->blocks)) {
		struct jbd_entry *e = list_first_entry(&tx->blocks, struct jbd_entry, link);

		if (e->newer || !bcache_is_clean(&e->home))
			return false;
		spin_lock(&j->lock);
		jbd_entry_unlink_locked(j, e);
		spin_unlock(&j->lock);
		jbd_entry_free(j, e);
	}
	return true;
}

void jbd_reap(struct jbd *j)
{
	while (!list_empty(&j->checkpoints)) {
		struct jbd_tx *tx = list_first_entry(&j->checkpoints, struct jbd_tx, link);

		if (!tx_reap(j, tx))
			return;
		list_del(&tx->link);
		kfree(tx);
	}
}

void jbd_tail(const struct jbd *j, u32 *at, u32 *sequence)
{
	const struct jbd_tx *tx = list_first_entry_or_null(&j->checkpoints, struct jbd_tx, link);

	*at = tx ? tx->start : j->head;
	*sequence = tx ? tx->sequence : j->sequence;
}

/* The log begins at `tail`, and the superblock says that, or that it is empty. */
static int tail_move(struct jbd *j, u32 start, u32 tail, u32 sequence)
{
	int err = READ_ONCE(j->error);
	u32 freed;

	if (err)
		return err;
	err = jbd_super_write(j, start, sequence);
	if (err) {
		jbd_fail(j, err);
		return err;
	}
	freed = tail >= j->disk_tail ? tail - j->disk_tail : tail + j->n_ring - j->disk_tail;
	/* Once around: nothing is left in it, and all of it was in use. */
	if (!freed && sequence != j->disk_sequence)
		freed = j->n_ring;
	j->disk_tail = tail;
	j->disk_sequence = sequence;
	spin_lock(&j->lock);
	j->n_free += freed;
	spin_unlock(&j->lock);
	return 0;
}

int jbd_tail_write(struct jbd *j)
{
	u32 tail, sequence;

	jbd_tail(j, &tail, &sequence);
	return tail_move(j, j->disk_start ? tail : 0, tail, sequence);
}

/* The same with nobody in a handle, who could hide what is home. */
static int tail_advance(struct jbd *j)
{
	u32 tail, sequence;

	jbd_quiesce(j);
	jbd_reap(j);
	jbd_release(j);
	jbd_tail(j, &tail, &sequence);
	return sequence != j->disk_sequence ? jbd_tail_write(j) : 0;
}

/* Whether a block of the oldest transaction can only leave by a newer commit. */
static bool tail_is_held(const struct jbd *j)
{
	const struct jbd_tx *tx = list_first_entry(&j->checkpoints, struct jbd_tx, link);
	const struct jbd_entry *e;

	list_for_each_entry(e, &tx->blocks, link)
		if (READ_ONCE(e->newer))
			return true;
	return false;
}

/* Whether a block is not home although all was written. */
static bool home_failed(const struct jbd *j)
{
	const struct jbd_tx *tx;
	const struct jbd_entry *e;

	list_for_each_entry(tx, &j->checkpoints, link)
		list_for_each_entry(e, &tx->blocks, link)
			if (!READ_ONCE(e->newer) && !bcache_is_clean(&e->home) &&
			    !page_test(e->home.page, PG_DIRTY | PG_WRITEBACK))
				return true;
	return false;
}

/* Writes home what can be. */
static int home_write(struct jbd *j)
{
	struct jbd_tx *tx;
	struct jbd_entry *e;
	int err;

	/* One whose write failed is not found by write-back: once more. */
	list_for_each_entry(tx, &j->checkpoints, link)
		list_for_each_entry(e, &tx->blocks, link)
			if (!bcache_is_clean(&e->home))
				bcache_dirty(j->dev, &e->home);
	j->stats.n_checkpoints++;
	err = bcache_sync(j->dev);
	if (!err || !home_failed(j))
		return 0;
	log_err("jbd: %s: blocks of the log cannot be written to their places (error %d)",
		j->dev->name, err);
	jbd_fail(j, err);
	return err;
}

/* One step towards an empty log. */
static int checkpoint_step(struct jbd *j)
{
	int err;

	if (list_empty(&j->checkpoints) || tail_is_held(j)) {
		err = jbd_commit_running(j);
		if (err)
			return err;
	}
	err = home_write(j);
	return err ? err : tail_advance(j);
}

int jbd_make_space(struct jbd *j, u32 n)
{
	int err = READ_ONCE(j->error);

	if (!err && READ_ONCE(j->n_free) < n)
		err = tail_advance(j);
	while (!err && READ_ONCE(j->n_free) < n)
		err = checkpoint_step(j);
	return err;
}

int jbd_flush(struct jbd *j)
{
	int err = READ_ONCE(j->error);

	while (!err && (READ_ONCE(j->running) || !list_empty(&j->checkpoints)))
		err = checkpoint_step(j);
	if (!err && j->disk_start)
		err = tail_move(j, 0, j->head, j->sequence);
	return err;
}
