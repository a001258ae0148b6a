/*
 * fs/jbd/jbd_handle.c - handles: who may change blocks, and how many.
 *
 * A handle is nothing but three fields of its thread and a share in two counts: handles that are
 * open, all of them in the running transaction, and credits that they have left. A handle may begin
 * when the running transaction with all credits would still fit into a quarter of the log, when the
 * log has that much room and some for extensions, and when entries and pages for all of them are in
 * store. What is missing is seen to first: by a commit, by writing blocks home, by allocation.
 */
#include "fs/jbd/jbd_int.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "core/panic.h"
#include "mm/slab.h"
#include "sched/thread.h"

u32 jbd_cost(const struct jbd *j, u32 n_blocks, u64 n_revoked)
{
	/* Descriptors, of which the last may be begun; the commit block. */
	u64 cost = (u64)n_blocks + n_blocks / j->tags_per_block + 1 + 1;

	if (n_revoked)
		cost += (n_revoked + j->revokes_per_block - 1) / j->revokes_per_block;
	return (u32)min(cost, (u64)~0u);
}

/* What beginning a transaction promises to its end: a credit for ops->closing(). */
static u32 closing_credits(const struct jbd *j)
{
	return j->ops->closing ? 1 : 0;
}

/* What the running transaction would cost with n credits more than are promised. */
static u32 cost_with_locked(const struct jbd *j, u32 n)
{
	const struct jbd_tx *tx = j->running;

	if (!tx)
		n += closing_credits(j);
	return jbd_cost(j, (tx ? tx->n_blocks : 0) + j->n_promised + n, tx ? tx->n_revoked : 0);
}

void jbd_quiesce(struct jbd *j)
{
	spin_lock(&j->lock);
	j->locked = true;
	spin_unlock(&j->lock);
	wait_until(&j->idle, load_acquire(&j->n_handles) == 0);
}

void jbd_release(struct jbd *j)
{
	spin_lock(&j->lock);
	j->locked = false;
	spin_unlock(&j->lock);
	wait_wake(&j->room, 0);
}

/* What stands between a handle and its beginning. */
enum obstacle { NONE, ABORTED, HELD, STORE, FULL, NO_ROOM };

static enum obstacle obstacle_locked(const struct jbd *j, u32 credits)
{
	u32 cost, more;

	if (unlikely(j->error))
		return ABORTED;
	if (unlikely(j->locked || j->frozen))
		return HELD;
	cost = cost_with_locked(j, credits);
	if (unlikely(cost > j->max_tx))
		return FULL;
	if (unlikely(j->n_free < cost + j->slack))
		return NO_ROOM;
	more = credits + (j->running ? 0 : closing_credits(j));
	if (unlikely(min(j->n_spare_entries, j->n_spare_pages) < j->n_promised + more ||
		     (!j->running && !j->spare_tx)))
		return STORE;
	return NONE;
}

static void tx_begin_locked(struct jbd *j)
{
	struct jbd_tx *tx = j->spare_tx;

	j->spare_tx = NULL;
	*tx = (struct jbd_tx){ .begun_ns = clock_monotonic() };
	list_init(&tx->blocks);
	list_init(&tx->revokes);
	tx->tid = ++j->last_tid ? j->last_tid : ++j->last_tid;
	j->running = tx;
	j->n_promised += closing_credits(j);
	store_release(&j->running_tid, tx->tid);
	/* The thread looks for it after it said that it sleeps. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static int store_fill(struct jbd *j, u32 credits)
{
	struct jbd_tx *tx;

	if (!READ_ONCE(j->spare_tx)) {
		tx = kmalloc(sizeof(*tx), MM_KERNEL | MM_NOFS);
		if (!tx)
			return -ENOMEM;
		spin_lock(&j->lock);
		if (!j->spare_tx) {
			j->spare_tx = tx;
			tx = NULL;
		}
		spin_unlock(&j->lock);
		kfree(tx);
	}
	return jbd_store_fill(j, credits);
}

int jbd_make_room(struct jbd *j, u32 credits)
{
	u32 n;
	int err;

	mutex_lock(&j->commit_lock);
	spin_lock(&j->lock);
	n = cost_with_locked(j, credits) + j->slack;
	spin_unlock(&j->lock);
	err = jbd_make_space(j, n);
	mutex_unlock(&j->commit_lock);
	return err;
}

static int obstacle_remove(struct jbd *j, enum obstacle what, u32 credits)
{
	switch (what) {
	case HELD:
		wait_until(&j->room, !READ_ONCE(j->locked) && !READ_ONCE(j->frozen));
		return 0;
	case STORE:
		return store_fill(j, credits + closing_credits(j));
	case FULL:
		return jbd_commit_tid(j, READ_ONCE(j->running_tid)) ? -EROFS : 0;
	case NO_ROOM:
		return jbd_make_room(j, credits) ? -EROFS : 0;
	default:
		return -EROFS;
	}
}

/* The same with all that takes long left to the journal's thread: 0, -EAGAIN or an error. */
static int obstacle_pass_on(struct jbd *j, enum obstacle what, u32 credits)
{
	if (what == FULL) {
		jbd_commit_start(j);
	} else if (what == NO_ROOM) {
		WRITE_ONCE(j->wanted, credits);
		wait_wake(&j->work, 0);
	} else if (what != HELD) {
		return obstacle_remove(j, what, credits);
	}
	return -EAGAIN;
}

/*
 * The thread is in the running transaction with that many credits: 0 or what jbd_begin() says.
 * `soon`: or jbd_begin_soon().
 */
static int handle_open(struct jbd *j, u32 credits, bool soon)
{
	struct thread *t = thread_current();
	bool first = false;

	might_sleep();
	if (credits > j->stats.max_transaction)
		return -ENOSPC;
	for (;;) {
		enum obstacle what;
		int err;

		spin_lock(&j->lock);
		what = obstacle_locked(j, credits);
		if (likely(what == NONE))
			break;
		spin_unlock(&j->lock);
		err = soon ? obstacle_pass_on(j, what, credits) :
			     obstacle_remove(j, what, credits);
		if (err)
			return err;
	}
	if (!j->running) {
		tx_begin_locked(j);
		first = READ_ONCE(j->sleeps);
	}
	j->n_handles++;
	j->n_promised += credits;
	spin_unlock(&j->lock);
	t->journal_credits = credits;
	if (unlikely(first))
		wait_wake(&j->work, 0);
	return 0;
}

static void handle_close(struct jbd *j)
{
	struct thread *t = thread_current();
	bool idle;

	if (t->journal_credits == JBD_DEAD)
		return;
	spin_lock(&j->lock);
	j->n_promised -= t->journal_credits;
	store_release(&j->n_handles, j->n_handles - 1);
	idle = j->n_handles == 0 && j->locked;
	spin_unlock(&j->lock);
	t->journal_credits = 0;
	if (unlikely(idle))
		wait_wake(&j->idle, 0);
}

/* jbd_extend(); who insists goes on although the transaction is to end. */
static int handle_extend(struct jbd *j, u32 n, bool insist)
{
	struct thread *t = thread_current();
	int err = 0;
	u32 more;

	if (t->journal_credits == JBD_DEAD)
		return -EROFS;
	if (t->journal_credits >= n)
		return 0;
	more = n - t->journal_credits;
	for (;;) {
		u32 cost;

		spin_lock(&j->lock);
		cost = cost_with_locked(j, more);
		if (j->error)
			err = -EROFS;
		else if (cost > j->max_tx + j->slack || cost > j->n_free ||
			 (j->locked && !insist))
			err = -EAGAIN;
		if (err || min(j->n_spare_entries, j->n_spare_pages) >= j->n_promised + more)
			break;
		spin_unlock(&j->lock);
		err = jbd_store_fill(j, more);
		if (err)
			return err;
	}
	if (!err) {
		j->n_promised += more;
		t->journal_credits += more;
	}
	spin_unlock(&j->lock);
	return err;
}

static int handle_first(struct jbd *j, u32 credits, bool soon)
{
	struct thread *t = thread_current();
	int err = handle_open(j, credits, soon);

	if (!err) {
		t->journal = j;
		t->journal_depth = 1;
	}
	return err;
}

int jbd_begin(struct jbd *j, u32 credits)
{
	struct thread *t = thread_current();
	int err;

	if (t->journal) {
		kassert(t->journal == j);
		err = handle_extend(j, credits, true);
		if (err)
			return err == -ABI_EAGAIN ? -ENOSPC : err;
		t->journal_depth++;
		return 0;
	}
	return handle_first(j, credits, false);
}

int jbd_begin_soon(struct jbd *j, u32 credits)
{
	kassert(!thread_current()->journal);
	return handle_first(j, credits, true);
}

void jbd_end(struct jbd *j)
{
	struct thread *t = thread_current();

	kassert(t->journal == j && t->journal_depth);
	if (--t->journal_depth)
		return;
	handle_close(j);
	t->journal = NULL;
}

int jbd_extend(struct jbd *j, u32 n)
{
	kassert(thread_current()->journal == j);
	return handle_extend(j, n, false);
}

int jbd_insist(struct jbd *j, u32 n)
{
	return handle_extend(j, n, true);
}

int jbd_restart(struct jbd *j, u32 n)
{
	struct thread *t = thread_current();
	int err;

	kassert(t->journal == j);
	handle_close(j);
	t->journal = NULL;
	err = handle_open(j, n, false);
	t->journal = j;
	if (err)
		t->journal_credits = JBD_DEAD;
	return err;
}

bool jbd_in_handle(const struct jbd *j)
{
	return thread_current()->journal == j;
}

u32 jbd_tid(struct jbd *j)
{
	kassert(thread_current()->journal == j);
	return READ_ONCE(j->running_tid);
}
