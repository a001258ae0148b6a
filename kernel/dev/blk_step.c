/*
 * What a request becomes for the device: its steps, its parts, the chains of merged neighbours, the
 * bus segments. See blk.c for the words. Nothing here sleeps or allocates; the queue's lock is held
 * once a request is in the queue.
 */
#include "dev/blk_int.h"

#include "abi/errno.h"

#define MERGE_LOOK_BACK 8 /* requests at the end of the queue that a new one is compared with */

/* Sets xfer to the part of the data that begins after n_done sectors: as many whole pieces as the
 * device's limits allow, in whole logical sectors. */
static void part_prepare(struct disk *disk, struct blk_request *req)
{
	struct blk_transfer *x = &req->xfer;
	unsigned first = x->first_piece + x->n_pieces, n = 0;
	u64 mask = (disk->sector_size >> 9) - 1;
	u32 sectors = 0;

	x->n_sectors = 0;
	x->first_piece = first;
	x->n_pieces = 0;
	while (first + n < req->n_pieces && n < disk->max_segments) {
		sectors += req->pieces[first + n].length >> 9;
		if (sectors > disk->max_sectors)
			break;
		n++;
		if (!(sectors & mask)) {
			x->n_sectors = sectors;
			x->n_pieces = n;
		}
	}
}

static void discard_prepare(struct disk *disk, struct blk_request *req)
{
	req->xfer.n_sectors = min(req->n_sectors - req->n_done, disk->max_discard_sectors);
}

void blk_prepare_step(struct disk *disk, struct blk_request *req)
{
	struct blk_transfer *x = &req->xfer;

	if (!(req->todo & BLK_TODO_DATA) || req->todo & BLK_TODO_PREFLUSH) {
		x->op = BLK_FLUSH;
		x->n_sectors = 0;
		x->fua = false;
		return;
	}
	x->op = req->op;
	x->fua = req->fua && disk->fua && disk->write_cache;
	x->lba = req->dev->start + req->lba + req->n_done;
	if (req->op == BLK_DISCARD)
		discard_prepare(disk, req);
	else if (req->op == BLK_PACKET)
		req->xfer.n_pieces = req->n_pieces;
	else
		part_prepare(disk, req);
}

void blk_prepare(struct disk *disk, struct blk_request *req)
{
	bool write = req->op == BLK_WRITE || req->op == BLK_DISCARD;

	req->todo = 0;
	if (disk->write_cache && (req->preflush || req->op == BLK_FLUSH))
		req->todo |= BLK_TODO_PREFLUSH;
	if (req->op != BLK_FLUSH)
		req->todo |= BLK_TODO_DATA;
	if (disk->write_cache && req->fua && write && (!disk->fua || req->op == BLK_DISCARD))
		req->todo |= BLK_TODO_POSTFLUSH;
	req->n_done = 0;
	req->next = NULL;
	req->last = req;
	req->chain_pieces = req->n_pieces;
	req->xfer = (struct blk_transfer){ 0 };
	if (!req->todo)
		return;
	blk_prepare_step(disk, req);
	if (req->todo != BLK_TODO_DATA || req->xfer.n_sectors != req->n_sectors ||
	    req->op == BLK_DISCARD || req->op == BLK_PACKET)
		req->alone = req->op != BLK_FLUSH;
}

void blk_chain_split(struct disk *disk, struct blk_request *head, struct list *out)
{
	while (head) {
		struct blk_request *next = head->next;

		blk_prepare(disk, head);
		head->alone = true;
		head->retries = 0;
		list_add_tail(&head->link, out);
		head = next;
	}
}

/* Whether `b` may follow `a` in one transfer. */
static bool can_join(const struct disk *disk, const struct blk_request *a,
		     const struct blk_request *b)
{
	if (a->op != b->op || a->alone || b->alone)
		return false;
	if (a->op == BLK_FLUSH)
		return true;
	return a->xfer.lba + a->xfer.n_sectors == b->xfer.lba && a->xfer.fua == b->xfer.fua &&
	       a->xfer.n_sectors + b->xfer.n_sectors <= disk->max_sectors &&
	       a->chain_pieces + b->chain_pieces <= disk->max_segments;
}

/* Hangs b's chain behind a's. */
static void join(struct blk_request *a, struct blk_request *b)
{
	a->xfer.n_sectors += b->xfer.n_sectors;
	a->chain_pieces += b->chain_pieces;
	a->last->next = b;
	a->last = b->last;
}

void blk_insert_locked(struct disk *disk, struct blk_request *req)
{
	struct list *waiting = blk_waiting(disk, req);
	struct blk_request *q;
	unsigned n = 0;

	if (req->alone)
		goto append;
	list_for_each_entry_reverse(q, waiting, link) {
		if (n++ == MERGE_LOOK_BACK)
			break;
		if (can_join(disk, q, req)) {
			join(q, req);
			return;
		}
		if (can_join(disk, req, q)) {
			list_add(&req->link, &q->link);
			list_del(&q->link);
			join(req, q);
			if (disk->refused == q)
				disk->refused = req;
			req->submit_ns = q->submit_ns; /* not to be late because of a neighbour */
			return;
		}
	}
append:
	list_add_tail(&req->link, waiting);
}

int blk_map(struct disk *disk, struct blk_request *req, struct dma_segment *segments,
	    unsigned max)
{
	unsigned have = 0;

	for (const struct blk_request *r = req; r; r = r->next) {
		int n = dma_map_pieces(r->pieces + r->xfer.first_piece, r->xfer.n_pieces,
				       segments + have, max - have, disk->max_segment_bytes,
				       disk->address_bits);

		if (n == -ABI_EFAULT && disk->bounces)
			return blk_bounce_map(disk, req, segments, max);
		if (n < 0)
			return n;
		have += (unsigned)n;
	}
	return (int)have;
}
