/*
 * fs/jbd/jbd_block.c - the blocks of transactions: see jbd_int.h for entries and chains.
 *
 * Changing a block must not fail, so what an entry needs, itself and a page for the copy that goes
 * to the log, is in store before a handle begins: never less than all open handles may still take.
 */
#include "fs/jbd/jbd_int.h"

#include "abi/errno.h"
#include "core/log.h"
#include "core/panic.h"
#include "mm/slab.h"
#include "sched/thread.h"

static struct hlist_head *bucket(const struct jbd *j, u64 block)
{
	return &j->hash[(block ^ block >> 12) & j->hash_mask];
}

struct jbd_entry *jbd_entry_find_locked(const struct jbd *j, u64 block)
{
	struct jbd_entry *e;

	hlist_for_each_entry(e, bucket(j, block), hash)
		if (e->block == block)
			return e;
	return NULL;
}

void jbd_entry_unlink_locked(struct jbd *j, struct jbd_entry *e)
{
	if (e->newer) {
		e->newer->older = e->older;
	} else {
		hlist_del(&e->hash);
		if (e->older)
			hlist_add_head(&e->older->hash, bucket(j, e->block));
	}
	if (e->older)
		e->older->newer = e->newer;
	list_del(&e->link);
	e->tx->n_blocks--;
}

void jbd_page_free(struct jbd *j, struct page *page)
{
	spin_lock(&j->lock);
	list_add(&page->lru, &j->spare_pages);
	j->n_spare_pages++;
	spin_unlock(&j->lock);
}

void jbd_entry_free(struct jbd *j, struct jbd_entry *e)
{
	if (e->home.page)
		bcache_put(&e->home);
	spin_lock(&j->lock);
	if (e->copy) {
		list_add(&e->copy->lru, &j->spare_pages);
		j->n_spare_pages++;
	}
	list_add(&e->link, &j->spare_entries);
	j->n_spare_entries++;
	spin_unlock(&j->lock);
}

int jbd_store_fill(struct jbd *j, u32 n)
{
	for (;;) {
		struct jbd_entry *e;
		struct page *page;
		bool entry, copy;

		spin_lock(&j->lock);
		entry = j->n_spare_entries < j->n_promised + n;
		copy = j->n_spare_pages < j->n_promised + n;
		spin_unlock(&j->lock);
		if (!entry && !copy)
			return 0;
		e = entry ? kmalloc(sizeof(*e), MM_KERNEL | MM_NOFS) : NULL;
		page = copy ? page_alloc(MM_KERNEL | MM_NOFS) : NULL;
		spin_lock(&j->lock);
		if (e) {
			list_add(&e->link, &j->spare_entries);
			j->n_spare_entries++;
		}
		if (page) {
			list_add(&page->lru, &j->spare_pages);
			j->n_spare_pages++;
		}
		spin_unlock(&j->lock);
		if (entry != (e != NULL) || copy != (page != NULL))
			return -ENOMEM;
	}
}

void jbd_store_trim(struct jbd *j, u32 keep)
{
	LIST_HEAD(entries);
	LIST_HEAD(pages);

	spin_lock(&j->lock);
	while (j->n_spare_entries > j->n_promised + keep) {
		list_move(j->spare_entries.next, &entries);
		j->n_spare_entries--;
	}
	while (j->n_spare_pages > j->n_promised + keep) {
		list_move(j->spare_pages.next, &pages);
		j->n_spare_pages--;
	}
	spin_unlock(&j->lock);
	while (!list_empty(&entries)) {
		struct jbd_entry *e = list_first_entry(&entries, struct jbd_entry, link);

		list_del(&e->link);
		kfree(e);
	}
	while (!list_empty(&pages)) {
		struct page *page = list_first_entry(&pages, struct page, lru);

		list_del(&page->lru);
		page_put(page);
	}
}

/* An entry of the running transaction out of the store, for one credit. `copy`: with a page. */
static struct jbd_entry *entry_take_locked(struct jbd *j, bool copy)
{
	struct thread *t = thread_current();
	struct jbd_entry *e;

	if (t->journal_credits) {
		t->journal_credits--;
		j->n_promised--;
	}
	e = list_first_entry(&j->spare_entries, struct jbd_entry, link);
	list_del(&e->link);
	j->n_spare_entries--;
	*e = (struct jbd_entry){ .tx = j->running };
	if (copy) {
		e->copy = list_first_entry(&j->spare_pages, struct page, lru);
		list_del(&e->copy->lru);
		j->n_spare_pages--;
	}
	return e;
}

/*
 * Whether the open handle can take an entry, as it can while it has credits. It has more to do than
 * it said otherwise: that is served while it can be.
 */
static bool handle_can_take(struct jbd *j)
{
	struct thread *t = thread_current();
	int err = 0;

	kassert(t->journal == j);
	if (likely(t->journal_credits - 1 < JBD_DEAD - 1))
		return true;
	if (READ_ONCE(j->error))
		return false;
	if (t->journal_credits == JBD_DEAD)
		err = -EIO; /* its changes cannot be told from those before */
	else
		err = jbd_insist(j, 1);
	if (err) {
		log_err("jbd: %s: a handle changes more blocks than it said (error %d)",
			j->dev->name, err);
		jbd_fail(j, err == -ABI_EAGAIN ? -ENOSPC : err);
	}
	return !err;
}

/* The block, whose newest entry is `older`, joins the running transaction. */
static void block_join_locked(struct jbd *j, const struct bblock *b, u64 block,
			      struct jbd_entry *older)
{
	struct jbd_entry *e = entry_take_locked(j, true);

	e->block = block;
	e->home = *b;
	page_get(b->page);
	e->older = older;
	if (older) {
		older->newer = e;
		hlist_del(&older->hash);
	}
	hlist_add_head(&e->hash, bucket(j, block));
	list_add_tail(&e->link, &j->running->blocks);
	j->running->n_blocks++;
	bcache_pin(&e->home);
}

void jbd_dirty(struct jbd *j, struct bblock *b)
{
	u64 at = (b->page->index << PAGE_SHIFT) + ((u64)b->data & ~PAGE_MASK);
	u64 block = at / j->geo.block_size;
	struct jbd_entry *e;

	spin_lock(&j->lock);
	e = jbd_entry_find_locked(j, block);
	if (likely(e && e->tx == j->running)) {
		e->forgotten = false;
		spin_unlock(&j->lock);
		return;
	}
	spin_unlock(&j->lock);
	if (!handle_can_take(j))
		return;
	spin_lock(&j->lock);
	/* Others may have been here, and older entries come and go. */
	e = jbd_entry_find_locked(j, block);
	if (e && e->tx == j->running)
		e->forgotten = false;
	else
		block_join_locked(j, b, block, e);
	spin_unlock(&j->lock);
}

void jbd_forget(struct jbd *j, u64 block, u64 n)
{
	struct jbd_entry *e;

	if (n == 0 || !handle_can_take(j))
		return;
	spin_lock(&j->lock);
	/* More than a credit is for: the log's blocks beyond are still needed. */
	if (unlikely(jbd_cost(j, j->running->n_blocks + j->n_promised, j->running->n_revoked + n) >
		     j->n_free)) {
		spin_unlock(&j->lock);
		log_err("jbd: %s: a handle frees more blocks than the log can say", j->dev->name);
		jbd_fail(j, -ENOSPC);
		return;
	}
	for (u64 i = 0; i < n; i++) {
		e = jbd_entry_find_locked(j, block + i);
		if (e && e->tx == j->running)
			e->forgotten = true;
	}
	e = entry_take_locked(j, false);
	e->block = block;
	e->count = n;
	list_add_tail(&e->link, &j->running->revokes);
	j->running->n_revoked += n;
	spin_unlock(&j->lock);
}
