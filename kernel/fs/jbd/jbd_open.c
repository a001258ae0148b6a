/*
 * fs/jbd/jbd_open.c - the life of a journal: open, its thread, freeze, abort, close.
 *
 * The thread commits what has become old and what jbd_commit_start() asked for, starts the writing
 * of blocks home when the log fills, forgets those that are home while nobody else does, and tells
 * of aborts. It sleeps without a limit when nothing runs and the log is of no more interest; who
 * begins a transaction then wakes it.
 */
#include "fs/jbd/jbd_int.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/panic.h"
#include "fs/jbd/jbd_build.h"
#include "lib/bitops.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/thread.h"

#define KNOWN_FEATURES (JBD_INCOMPAT_64BIT | JBD_INCOMPAT_CSUM_V2 | JBD_INCOMPAT_CSUM_V3)

void jbd_fail(struct jbd *j, int error)
{
	spin_lock(&j->lock);
	if (!j->error)
		WRITE_ONCE(j->error, error);
	spin_unlock(&j->lock);
	wait_wake(&j->room, 0);
	wait_wake(&j->work, 0);
}

void jbd_report(struct jbd *j)
{
	bool first;

	mutex_lock(&j->commit_lock);
	first = READ_ONCE(j->error) && !j->reported;
	if (first) {
		WRITE_ONCE(j->reported, true);
		log_err("jbd: %s: aborted (error %d)", j->dev->name, j->error);
		/* For e2fsck; the log stays as it is. Perhaps not even that can be written. */
		(void)jbd_super_write(j, j->disk_start, j->disk_start ? j->disk_sequence :
				      j->sequence);
	}
	mutex_unlock(&j->commit_lock);
	if (first)
		j->ops->aborted(j->owner, j->error);
}

void jbd_abort(struct jbd *j, int error)
{
	/*
	 * The caller may be in a handle, hold locks, or be in a commit himself, which met the
	 * damage: the thread tells of it.
	 */
	jbd_fail(j, error);
}

int jbd_error(const struct jbd *j)
{
	return READ_ONCE(j->error);
}

/* When the running transaction is to be committed; ~0: there is none. */
static u64 commit_time(struct jbd *j)
{
	u64 at = ~0ull;

	spin_lock(&j->lock);
	if (j->running && !j->error)
		at = j->running->begun_ns + j->interval_ns;
	spin_unlock(&j->lock);
	return at;
}

/* When the thread has to look again. */
static u64 wake_time(struct jbd *j)
{
	u64 at = commit_time(j);

	/* Blocks that write-back is to bring home by then. */
	if (at == ~0ull && !list_empty(&j->checkpoints) && !READ_ONCE(j->error))
		at = clock_monotonic() + j->interval_ns;
	return at;
}

/* Nothing runs: what is home need not be remembered, nor anything be in store. */
static void tidy(struct jbd *j)
{
	mutex_lock(&j->commit_lock);
	if (!READ_ONCE(j->error)) {
		jbd_quiesce(j);
		jbd_reap(j);
		jbd_release(j);
	}
	mutex_unlock(&j->commit_lock);
	jbd_store_trim(j, 0);
}

static bool has_work(const struct jbd *j)
{
	return load_acquire(&j->stop) || load_acquire(&j->kicked) || load_acquire(&j->filling) ||
	       READ_ONCE(j->wanted) ||
	       (READ_ONCE(j->error) && !READ_ONCE(j->reported)) ||
	       (READ_ONCE(j->sleeps) && READ_ONCE(j->running_tid));
}

static void journal_main(void *arg)
{
	struct jbd *j = arg;

	while (!load_acquire(&j->stop)) {
		u64 at = wake_time(j);
		u32 wanted;

		WRITE_ONCE(j->sleeps, at == ~0ull && !READ_ONCE(j->error));
		(void)wait_interruptible_timeout(&j->work, has_work(j), at);
		WRITE_ONCE(j->sleeps, false);
		if (__atomic_exchange_n(&j->kicked, false, __ATOMIC_ACQ_REL) ||
		    commit_time(j) <= clock_monotonic())
			(void)jbd_commit_tid(j, READ_ONCE(j->running_tid));
		else if (!READ_ONCE(j->running_tid))
			tidy(j);
		if (__atomic_exchange_n(&j->filling, false, __ATOMIC_ACQ_REL))
			(void)pagecache_write_range(&j->dev->cache, 0, ~0ull, false);
		wanted = __atomic_exchange_n(&j->wanted, 0, __ATOMIC_RELAXED);
		if (wanted && !READ_ONCE(j->error))
			(void)jbd_make_room(j, wanted);
		if (READ_ONCE(j->error))
			jbd_report(j);
	}
	spin_lock(&j->lock);
	WRITE_ONCE(j->gone, true);
	wait_wake(&j->room, 0);
	spin_unlock(&j->lock);
}

static int thread_begin(struct jbd *j)
{
	char name[16];

	snprintf(name, sizeof(name), "jbd/%s", j->dev->name);
	return kthread_start(name, journal_main, j);
}

static void thread_end(struct jbd *j)
{
	store_release(&j->stop, true);
	wait_wake(&j->work, 0);
	wait_until(&j->room, READ_ONCE(j->gone));
	/* Its last touch of the journal was under the lock. */
	spin_lock(&j->lock);
	spin_unlock(&j->lock);
}

static int open_bad(const struct jbd_config *config, int error, const char *why)
{
	log_err("jbd: %s: the journal cannot be used: %s", config->dev->name, why);
	return error;
}

/* Whether the extents name each of the journal's blocks. */
static bool extents_are_whole(const struct jbd_config *config)
{
	u64 at = 0;

	for (unsigned i = 0; i < config->n_extents; i++) {
		const struct jbd_extent *x = &config->extents[i];

		if (x->at != at || !x->n || x->block >= config->n_fs_blocks ||
		    x->n > config->n_fs_blocks - x->block)
			return false;
		at += x->n;
	}
	return at >= config->n_blocks && config->n_blocks;
}

/* The journal's superblock into j->super, and what follows from it. */
static int super_read(struct jbd *j, const struct jbd_config *config)
{
	const char *why;
	struct bblock b;
	int err = bcache_get(j->dev, config->extents[0].block, config->block_size, &b);

	if (err)
		return err;
	memcpy(page_to_virt(j->super), b.data, config->block_size);
	bcache_put(&b);
	why = jbd_check_super(page_to_virt(j->super), config->block_size, config->n_blocks,
			      config->n_fs_blocks, &j->geo);
	if (why)
		return open_bad(config, -EINVAL, why);
	if (j->geo.start)
		return open_bad(config, -EINVAL, "it has not been replayed");
	if (jbd_be32(&((struct jbd_super *)page_to_virt(j->super))->header.type) == JBD_SUPER_V1)
		return open_bad(config, -EOPNOTSUPP, "version 1 has no revokes");
	/* The area of fast commits stays what it is, and empty. */
	jbd_build_features(&j->geo, page_to_virt(j->super),
			   config->features | JBD_INCOMPAT_REVOKE, JBD_INCOMPAT_FAST_COMMIT);
	return 0;
}

static void limits_set(struct jbd *j)
{
	u32 n = j->geo.end - j->geo.first;

	j->tags_per_block = jbd_tags_per_block(&j->geo);
	j->revokes_per_block = jbd_revokes_per_block(&j->geo);
	j->n_ring = j->n_free = n;
	/* Two transactions with what they may be extended by fit, and more. */
	j->max_tx = n / 4;
	j->slack = n / 8;
	j->head = j->disk_tail = j->geo.first;
	j->sequence = j->disk_sequence = j->geo.sequence;
	j->stats.max_transaction = j->max_tx;
	/* With one for ops->closing(). */
	while (j->stats.max_transaction &&
	       jbd_cost(j, j->stats.max_transaction + 1, 0) > j->max_tx)
		j->stats.max_transaction--;
	j->stats.n_log = n;
}

static int memory_get(struct jbd *j, const struct jbd_config *config)
{
	u32 buckets = 64;

	while (buckets < j->n_ring / 4 && buckets < JBD_HASH_MAX)
		buckets *= 2;
	j->hash_mask = buckets - 1;
	j->hash = kmalloc_array(buckets, sizeof(*j->hash), MM_KERNEL | MM_ZERO);
	if (!j->hash)
		return -ENOMEM;
	for (unsigned i = 0; i < JBD_CONTROL_PAGES; i++) {
		j->control[i] = page_alloc(MM_KERNEL);
		if (!j->control[i])
			return -ENOMEM;
	}
	return 0;
}

static void init(struct jbd *j, const struct jbd_config *config)
{
	j->dev = config->dev;
	j->ops = config->ops;
	j->owner = config->owner;
	j->n_extents = config->n_extents;
	j->interval_ns = config->interval_ns ? config->interval_ns : 5 * NSEC_PER_SEC;
	mutex_init(&j->commit_lock, RANK_JOURNAL, "journal");
	spin_init(&j->lock, RANK_JOURNAL_STATE, "journal-state");
	list_init(&j->spare_entries);
	list_init(&j->spare_pages);
	list_init(&j->checkpoints);
	wait_init(&j->io.wait);
	wait_init(&j->room);
	wait_init(&j->idle);
	wait_init(&j->work);
}

/* Frees all but the transactions. */
static void destroy(struct jbd *j)
{
	jbd_store_trim(j, 0);
	for (unsigned i = 0; i < JBD_CONTROL_PAGES; i++)
		if (j->control[i])
			page_put(j->control[i]);
	if (j->super)
		page_put(j->super);
	kfree(j->spare_tx);
	kfree(j->hash);
	kfree(j->extents);
	kfree(j);
}

int jbd_open(const struct jbd_config *config, struct jbd **out)
{
	struct jbd *j;
	int err = -ENOMEM;

	if (config->features & ~(u32)KNOWN_FEATURES || !extents_are_whole(config))
		return open_bad(config, -EINVAL, "bad mapping or features");
	j = kzalloc(sizeof(*j), MM_KERNEL);
	if (!j)
		return -ENOMEM;
	init(j, config);
	j->extents = kmemdup(config->extents, config->n_extents * sizeof(*config->extents),
			     MM_KERNEL);
	j->super = page_alloc(MM_KERNEL);
	if (j->extents && j->super)
		err = super_read(j, config);
	if (!err) {
		limits_set(j);
		err = memory_get(j, config);
	}
	if (!err)
		err = thread_begin(j);
	if (err) {
		destroy(j);
		return err;
	}
	*out = j;
	return 0;
}

/* The changes of a transaction that will never be stable: forgotten, and never written. */
static void tx_lose(struct jbd *j, struct jbd_tx *tx)
{
	struct jbd_entry *e, *next;

	if (!tx)
		return;
	list_for_each_entry_safe(e, next, &tx->blocks, link) {
		bcache_forget(j->dev, e->block, j->geo.block_size, 1);
		bcache_unpin(j->dev, &e->home, false);
		spin_lock(&j->lock);
		jbd_entry_unlink_locked(j, e);
		spin_unlock(&j->lock);
		jbd_entry_free(j, e);
	}
	list_for_each_entry_safe(e, next, &tx->revokes, link)
		jbd_entry_free(j, e);
	kfree(tx);
}

/* A transaction of which blocks may not be home: they are in the log. */
static void tx_leave(struct jbd *j, struct jbd_tx *tx)
{
	while (!list_empty(&tx->blocks)) {
		struct jbd_entry *e = list_first_entry(&tx->blocks, struct jbd_entry, link);

		spin_lock(&j->lock);
		jbd_entry_unlink_locked(j, e);
		spin_unlock(&j->lock);
		jbd_entry_free(j, e);
	}
	list_del(&tx->link);
	kfree(tx);
}

int jbd_close(struct jbd *j)
{
	int err;

	thread_end(j);
	mutex_lock(&j->commit_lock);
	err = jbd_flush(j);
	mutex_unlock(&j->commit_lock);
	if (err)
		jbd_report(j);
	tx_lose(j, j->running);
	tx_lose(j, j->committing);
	while (!list_empty(&j->checkpoints))
		tx_leave(j, list_first_entry(&j->checkpoints, struct jbd_tx, link));
	j->n_promised = 0; /* of a lost transaction, to its end */
	destroy(j);
	return err;
}

int jbd_freeze(struct jbd *j)
{
	int err;

	spin_lock(&j->lock);
	j->frozen = true;
	spin_unlock(&j->lock);
	mutex_lock(&j->commit_lock);
	err = jbd_flush(j);
	mutex_unlock(&j->commit_lock);
	jbd_store_trim(j, 0);
	if (err) {
		jbd_thaw(j);
		jbd_report(j);
	}
	return err;
}

void jbd_thaw(struct jbd *j)
{
	spin_lock(&j->lock);
	j->frozen = false;
	spin_unlock(&j->lock);
	wait_wake(&j->room, 0);
}

void jbd_stats(struct jbd *j, struct jbd_stats *out)
{
	*out = j->stats;
	out->n_free = READ_ONCE(j->n_free);
}
