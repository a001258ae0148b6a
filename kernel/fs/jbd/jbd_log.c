/*
 * fs/jbd/jbd_log.c - a transaction's blocks on their way to the log.
 *
 * Revoke blocks first, then descriptors, each followed by the blocks that its tags describe; all of
 * that in any order on the medium, for the commit block comes last and waits for it. Neighbours in
 * the log travel in one request as long as they are neighbours on the disk.
 *
 * Descriptors and their like are made in a few pages of the journal's own, in turns: when all are
 * under way the writer waits. So writing the log needs no memory that might not be there.
 */
#include "fs/jbd/jbd_int.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/panic.h"
#include "fs/jbd/jbd_build.h"
#include "lib/string.h"

struct jbd_writer {
	struct jbd *j;
	struct jbd_tx *tx;
	u32 at;			/* next block of the log */
	struct blk_request *req; /* not sent yet, or NULL */
	unsigned n_control;	/* control pages under way */
};

static void io_put(struct jbd_io *io)
{
	if (__atomic_sub_fetch(&io->pending, 1, __ATOMIC_ACQ_REL) == 0)
		wait_wake(&io->wait, 0);
}

static void io_begin(struct jbd_io *io)
{
	io->error = 0;
	store_release(&io->pending, 1u);
}

/* Waits for all that was sent: 0 or the error of any. More may be sent afterwards. */
static int io_wait(struct jbd_io *io)
{
	io_put(io);
	wait_until(&io->wait, load_acquire(&io->pending) == 0);
	store_release(&io->pending, 1u);
	return READ_ONCE(io->error);
}

static void log_written(struct blk_request *req)
{
	struct jbd_io *io = req->data;

	if (unlikely(req->error))
		WRITE_ONCE(io->error, req->error);
	blk_request_free(req);
	io_put(io);
}

/* Where block `at` of the journal is on the device. */
static u64 log_block(const struct jbd *j, u32 at)
{
	unsigned low = 0, high = j->n_extents;

	while (high - low > 1) {
		unsigned middle = (low + high) / 2;

		if (j->extents[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return j->extents[low].block + (at - j->extents[low].at);
}

static void writer_send(struct jbd_writer *w)
{
	if (!w->req)
		return;
	__atomic_fetch_add(&w->j->io.pending, 1, __ATOMIC_RELAXED);
	blk_submit(w->req);
	w->req = NULL;
}

/* The first bytes of the page are the next block of the log. */
static void writer_add(struct jbd_writer *w, struct page *page)
{
	struct jbd *j = w->j;
	u32 size = j->geo.block_size;
	lba_t lba = log_block(j, w->at) * (size >> 9);

	if (w->req && (w->req->lba + w->req->n_sectors != lba ||
		       w->req->n_pieces == BLK_RESERVE_PIECES))
		writer_send(w);
	if (!w->req) {
		w->req = blk_request_alloc(BLK_RESERVE_PIECES);
		w->req->dev = j->dev;
		w->req->op = BLK_WRITE;
		w->req->lba = lba;
		w->req->done = log_written;
		w->req->data = &j->io;
	}
	w->req->pieces[w->req->n_pieces++] = (struct dma_piece){ page, 0, size };
	w->req->n_sectors += size >> 9;
	w->at = jbd_next_block(&j->geo, w->at);
}

/* A page for a descriptor or the like: 0 and *page, or an earlier error. */
static int writer_control(struct jbd_writer *w, u32 type, struct page **page)
{
	struct jbd *j = w->j;

	if (w->n_control == JBD_CONTROL_PAGES) {
		int err;

		writer_send(w);
		err = io_wait(&j->io);
		if (err)
			return err;
		w->n_control = 0;
	}
	*page = j->control[w->n_control++];
	jbd_build_begin(&j->geo, page_to_virt(*page), type, w->tx->sequence);
	return 0;
}

/* Whether the transaction used a block again that it had freed. */
static bool block_used_again(struct jbd *j, const struct jbd_tx *tx, u64 block)
{
	struct jbd_entry *e;
	bool used;

	spin_lock(&j->lock);
	e = jbd_entry_find_locked(j, block);
	while (e && jbd_tx_later(e->tx, tx))
		e = e->older;
	used = e && e->tx == tx && !e->forgotten;
	spin_unlock(&j->lock);
	return used;
}

static void revokes_add(struct jbd_writer *w, struct page *page)
{
	if (!page)
		return;
	jbd_build_tail(&w->j->geo, page_to_virt(page));
	writer_add(w, page);
}

static int write_revokes(struct jbd_writer *w)
{
	struct jbd *j = w->j;
	struct page *page = NULL;
	struct jbd_entry *e;
	u32 at = 0, n = 0;

	list_for_each_entry(e, &w->tx->revokes, link) {
		for (u64 i = 0; i < e->count; i++) {
			int err = 0;

			if (block_used_again(j, w->tx, e->block + i))
				continue;
			if (!page || n == j->revokes_per_block) {
				revokes_add(w, page);
				err = writer_control(w, JBD_REVOKE, &page);
				at = n = 0;
			}
			if (err)
				return err;
			jbd_build_revoke(&j->geo, page_to_virt(page), &at, e->block + i);
			n++;
			j->stats.n_revoked++;
		}
	}
	revokes_add(w, page);
	return 0;
}

/* The next entry from `e` on that goes to the log, or NULL. */
static struct jbd_entry *entry_from(const struct jbd_tx *tx, struct jbd_entry *e)
{
	while (!list_entry_is_head(e, &tx->blocks, link) && e->forgotten)
		e = list_next_entry(e, link);
	return list_entry_is_head(e, &tx->blocks, link) ? NULL : e;
}

/* A descriptor and its blocks, from *first on, which moves behind them. */
static int write_descriptor(struct jbd_writer *w, struct jbd_entry **first)
{
	const struct jbd_super *s = page_to_virt(w->j->super);
	struct jbd_entry *e = *first, *next;
	struct jbd *j = w->j;
	struct page *page;
	u32 at = 0, n = 0;
	int err = writer_control(w, JBD_DESCRIPTOR, &page);

	if (err)
		return err;
	for (; e; e = next) {
		struct jbd_tag tag = { .block = e->block,
				       .flags = e->escaped ? JBD_TAG_ESCAPED : 0 };
		bool last;

		next = entry_from(w->tx, list_next_entry(e, link));
		last = ++n == j->tags_per_block || !next;
		jbd_build_tag(&j->geo, page_to_virt(page), &at, w->tx->sequence, &tag, last,
			      s->uuid, page_to_virt(e->copy));
		if (last)
			break;
	}
	jbd_build_tail(&j->geo, page_to_virt(page));
	writer_add(w, page);
	for (e = *first; n; n--, e = entry_from(w->tx, list_next_entry(e, link))) {
		writer_add(w, e->copy);
		j->stats.n_blocks++;
		*first = e;
	}
	*first = entry_from(w->tx, list_next_entry(*first, link));
	return 0;
}

int jbd_log_write(struct jbd *j, struct jbd_tx *tx)
{
	struct jbd_writer w = { .j = j, .tx = tx, .at = j->head };
	struct jbd_entry *e = entry_from(tx, list_first_entry(&tx->blocks, struct jbd_entry, link));
	int err, err2;

	io_begin(&j->io);
	err = write_revokes(&w);
	while (!err && e)
		err = write_descriptor(&w, &e);
	writer_send(&w);
	err2 = io_wait(&j->io);
	if (!err)
		err = err2;
	if (err)
		log_err("jbd: %s: cannot write the log (error %d)", j->dev->name, err);
	j->head = w.at;
	return err;
}

/* One block of the journal, from the beginning of a page, with all that was written before it. */
static int block_write(struct jbd *j, u32 at, struct page *page, bool preflush)
{
	u32 size = j->geo.block_size;
	struct dma_piece piece = { page, 0, size };
	struct blk_request req = { .dev = j->dev, .op = BLK_WRITE, .fua = true,
				   .preflush = preflush,
				   .lba = log_block(j, at) * (size >> 9), .n_sectors = size >> 9,
				   .pieces = &piece, .n_pieces = 1 };

	return blk_submit_wait(&req);
}

int jbd_log_commit(struct jbd *j, struct jbd_tx *tx)
{
	struct timespec now = clock_now();
	int err;

	jbd_build_commit(&j->geo, page_to_virt(j->control[0]), tx->sequence, &now);
	err = block_write(j, j->head, j->control[0], true);
	if (err)
		log_err("jbd: %s: cannot write a commit block (error %d)", j->dev->name, err);
	j->head = jbd_next_block(&j->geo, j->head);
	return err;
}

int jbd_super_write(struct jbd *j, u32 start, u32 sequence)
{
	int err;

	jbd_build_super(&j->geo, page_to_virt(j->super), start, sequence, READ_ONCE(j->error));
	err = block_write(j, 0, j->super, true);
	if (err) {
		log_err("jbd: %s: cannot write the superblock (error %d)", j->dev->name, err);
		return err;
	}
	j->disk_start = start;
	bcache_update(j->dev, log_block(j, 0), j->geo.block_size, page_to_virt(j->super));
	return 0;
}
