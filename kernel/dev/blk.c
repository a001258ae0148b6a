/*
 * The block layer's queue. A request is submitted, waits (perhaps held back by its thread's plug,
 * perhaps merged with a neighbour), is given to the driver as its device takes it, and comes back
 * through blk_done(), in interrupt context as a rule.
 *
 * *Steps.* A request may need several transfers: a flush before (preflush on a device with a write
 * cache), the data, in parts if it is larger than the device's limits, and a flush after (FUA on a
 * device that has none). Each step is made by blk_prepare_step() and given to the driver as
 * req->xfer.
 *
 * *Chains.* Merged requests hang on the first one (`next`) and travel as one transfer. If it fails
 * each is tried again alone, so that an error meets only whom it concerns.
 *
 * *Order.* Somebody sleeps for a read, as a rule, and nobody for a write: so reads go first, but
 * after READS_IN_A_ROW of them the oldest of the others has its turn, or after one read when it was
 * submitted WRITE_LATE_NS ago: where many have waited so long, reads go on between them. Others
 * never take the device's last quarter while no read waits, so that a read finds room at once.
 * Among reads, and among the others, it is first come, first served, but for merging; requests in
 * flight together may be done in any order. BLK_FLUSH and preflush make stable what was *done*
 * before they were submitted, so they need not wait for anything. The driver may refuse a request
 * (-EBUSY), and then nothing overtakes it: so a flush that needs the device for itself gets it.
 *
 * Before this room on the walk: vm/pagecache.c, file systems. After it: a driver. Lock: the disk's
 * (RANK_BLK), which interrupts take; done() is called without it.
 */
#include "dev/blk_int.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "core/fail.h"
#include "core/log.h"
#include "dev/cdrom.h"
#include "sched/thread.h"

#define READS_IN_A_ROW 16
#define WRITE_LATE_NS  (500 * NSEC_PER_MSEC)

static int blk_check(struct blk_request *req)
{
	struct blkdev *dev = req->dev;
	struct disk *disk = dev->disk;
	u64 mask = (disk->sector_size >> 9) - 1;

	if (disk->read_only && (req->op == BLK_WRITE || req->op == BLK_DISCARD))
		return -EROFS;
	if (req->op == BLK_FLUSH)
		return 0;
	if (req->op == BLK_PACKET || disk->cdrom)
		return cdrom_check(req);
	if (!req->n_sectors || ((dev->start + req->lba) | req->n_sectors) & mask)
		return -EINVAL;
	if (req->lba >= dev->n_sectors || req->n_sectors > dev->n_sectors - req->lba)
		return -ENXIO;
	if (req->op == BLK_DISCARD && !disk->discard)
		return -EOPNOTSUPP;
	return 0;
}

/* As what a request counts for who wants some to fail. */
static const enum fail_kind fail_kinds[] = {
	[BLK_READ] = FAIL_READ, [BLK_WRITE] = FAIL_WRITE, [BLK_FLUSH] = FAIL_FLUSH,
	[BLK_DISCARD] = FAIL_WRITE, [BLK_PACKET] = FAIL_READ,
};

void blk_submit(struct blk_request *req)
{
	struct list one = LIST_INIT(one);
	int err = blk_check(req);

	if (!err && fail_now(fail_kinds[req->op]))
		err = -EIO;
	req->error = err;
	req->retries = req->timeout_ns ? BLK_MAX_RETRIES : 0;
	req->alone = req->timeout_ns != 0;
	req->suspect = req->bounced = false;
	if (!err)
		blk_prepare(req->dev->disk, req);
	if (err || !req->todo) {
		req->done(req);
		return;
	}
	if (req->op == BLK_READ)
		thread_current()->io.read += (u64)req->n_sectors << 9;
	req->submit_ns = clock_monotonic();
	if (blk_plug_add(req))
		return;
	list_add(&req->link, &one);
	blk_queue_list(&one);
}

void blk_queue_list(struct list *reqs)
{
	while (!list_empty(reqs)) {
		struct blk_request *req = list_first_entry(reqs, struct blk_request, link), *tmp;
		struct disk *disk = req->dev->disk;
		struct list ended = LIST_INIT(ended);
		u64 flags = spin_lock_irq(&disk->lock);

		u64 now = clock_monotonic();

		list_for_each_entry_safe(req, tmp, reqs, link) {
			if (req->dev->disk != disk)
				continue;
			list_del(&req->link);
			if (unlikely(disk->gone)) {
				req->error = -ENXIO;
				list_add_tail(&req->link, &ended);
			} else {
				blk_count_locked(req->dev, 1, now);
				blk_insert_locked(disk, req);
			}
		}
		blk_dispatch_locked(disk, &ended);
		spin_unlock_irq(&disk->lock, flags);
		blk_end(&ended);
	}
}

/* Ends a chain with one result. */
static void chain_end(struct blk_request *head, int error, struct list *ended)
{
	struct blk_request *next;
	u64 now = clock_monotonic();

	for (; head; head = next) {
		blk_count_locked(head->dev, -1, now);
		next = head->next;
		head->next = NULL;
		head->error = error;
		list_add_tail(&head->link, ended);
	}
}

static void error_log(const struct blk_request *req)
{
	static const char *const names[] = { "read", "write", "flush", "discard" };

	log_err("%s: %s error, sector %llu and %u more", req->dev->name, names[req->op],
		(unsigned long long)req->lba, req->n_sectors ? req->n_sectors - 1 : 0);
}

void blk_end(struct list *ended)
{
	while (!list_empty(ended)) {
		struct blk_request *req = list_first_entry(ended, struct blk_request, link);

		list_del(&req->link);
		if (unlikely(req->error == -ABI_EIO) && req->op != BLK_PACKET)
			error_log(req);
		req->done(req);
	}
}

/* The request whose turn it is, or NULL. Queue lock. */
static struct blk_request *next_locked(struct disk *disk)
{
	struct blk_request *read, *other;
	bool late;

	if (disk->n_running >= disk->depth || disk->gone)
		return NULL;
	if (disk->refused)
		return disk->refused;
	read = list_first_entry_or_null(&disk->waiting[0], struct blk_request, link);
	other = list_first_entry_or_null(&disk->waiting[1], struct blk_request, link);
	if (!other)
		return read;
	if (!read)
		return disk->n_running_other < disk->depth - disk->depth / 4 ? other : NULL;
	late = clock_monotonic() - other->submit_ns >= WRITE_LATE_NS;
	return disk->n_overtaken < (late ? 1u : READS_IN_A_ROW) ? read : other;
}

/* The request leaves the queue. */
static void leave_locked(struct disk *disk, struct blk_request *req)
{
	list_del(&req->link);
	disk->refused = NULL;
	if (req->op != BLK_READ || list_empty(&disk->waiting[1]))
		disk->n_overtaken = 0;
	else
		disk->n_overtaken++;
}

/* The driver has given the request back. */
static void returned_locked(struct disk *disk, struct blk_request *req)
{
	list_del(&req->link);
	disk->n_running--;
	disk->n_running_other -= req->op != BLK_READ;
}

void blk_dispatch_locked(struct disk *disk, struct list *ended)
{
	struct blk_request *req;
	u64 now = 0;

	while ((req = next_locked(disk))) {
		/* A piece larger than the device takes has made an empty part. */
		bool empty = !req->xfer.n_sectors && req->xfer.op != BLK_FLUSH &&
			     req->xfer.op != BLK_PACKET;
		int err = likely(!empty) ? disk->ops->start(disk, req) : -EINVAL;

		if (err == -ABI_EBUSY) {
			disk->refused = req;
			return;
		}
		leave_locked(disk, req);
		if (unlikely(err)) {
			disk->n_errors++;
			chain_end(req, err, ended);
			continue;
		}
		if (!now)
			now = clock_monotonic();
		req->start_ns = now;
		list_add_tail(&req->link, &disk->running);
		disk->n_running++;
		disk->n_running_other += req->op != BLK_READ;
		blk_watch_locked(disk, req);
	}
}

/* Puts it to the front of the queue, for its next step or another attempt. */
static void requeue_locked(struct disk *disk, struct blk_request *req)
{
	list_add(&req->link, blk_waiting(disk, req));
}

/* Puts the requests of a chain to the front of the queue one by one. */
static void split_locked(struct disk *disk, struct blk_request *head)
{
	struct list parts = LIST_INIT(parts);

	blk_chain_split(disk, head, &parts);
	while (!list_empty(&parts)) {
		struct blk_request *req = list_last_entry(&parts, struct blk_request, link);

		list_del(&req->link);
		requeue_locked(disk, req);
	}
}

/* A transfer ended well: the next step of its request, or its end; a disk that is gone, as it may
 * be while an interrupt is on its way here, makes no further step. */
static void step_done_locked(struct disk *disk, struct blk_request *req, struct list *ended)
{
	if (req->todo & BLK_TODO_PREFLUSH) {
		req->todo &= ~BLK_TODO_PREFLUSH;
	} else if (req->todo & BLK_TODO_DATA) {
		req->n_done += req->xfer.n_sectors;
		if (req->next || req->n_done >= req->n_sectors)
			req->todo &= ~BLK_TODO_DATA;
	} else {
		req->todo &= ~BLK_TODO_POSTFLUSH;
	}
	if (!req->todo || disk->gone) {
		chain_end(req, req->todo ? -ENXIO : 0, ended);
		return;
	}
	blk_prepare_step(disk, req);
	requeue_locked(disk, req);
}

void blk_done(struct blk_request *req, int error)
{
	struct disk *disk = req->dev->disk;
	struct list ended = LIST_INIT(ended);
	u64 flags;

	if (unlikely(req->bounced))
		blk_bounce_end(disk, req, error);
	flags = spin_lock_irq(&disk->lock);
	returned_locked(disk, req);
	if (likely(!error)) {
		blk_account_locked(disk, req, clock_monotonic());
		step_done_locked(disk, req, &ended);
	} else if (req->next && error == -ABI_EIO && !disk->gone) {
		split_locked(disk, req);
	} else {
		disk->n_errors++;
		chain_end(req, error, &ended);
	}
	blk_dispatch_locked(disk, &ended);
	spin_unlock_irq(&disk->lock, flags);
	blk_end(&ended);
}

void blk_requeue(struct disk *disk, struct blk_request **reqs, unsigned n, bool blame)
{
	struct list ended = LIST_INIT(ended);
	u64 flags = spin_lock_irq(&disk->lock);

	while (n-- > 0) {
		struct blk_request *req = reqs[n];

		returned_locked(disk, req);
		req->bounced = false;
		disk->n_retries++;
		if (disk->gone) {
			chain_end(req, -ENXIO, &ended);
		} else if (!blame || ++req->retries <= BLK_MAX_RETRIES) {
			requeue_locked(disk, req);
		} else if (req->next) {
			split_locked(disk, req);
		} else {
			disk->n_errors++;
			chain_end(req, -EIO, &ended);
		}
	}
	blk_dispatch_locked(disk, &ended);
	spin_unlock_irq(&disk->lock, flags);
	blk_end(&ended);
}

void blk_kick(struct disk *disk)
{
	struct list ended = LIST_INIT(ended);
	u64 flags = spin_lock_irq(&disk->lock);

	blk_dispatch_locked(disk, &ended);
	spin_unlock_irq(&disk->lock, flags);
	blk_end(&ended);
}
