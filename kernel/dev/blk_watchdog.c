/*
 * Time-outs and counters of the queue. One delayed work per disk looks at the requests in flight,
 * no more often than one could time out; it is set when the first request starts and sleeps while
 * the disk is idle. Default: 30 s, or blk.timeout_ms= on the command line; a request may have a
 * limit of its own.
 */
#include "dev/blk_int.h"

#include "core/clock.h"
#include "core/cmdline.h"
#include "core/log.h"

/* When the request will have run for too long. */
static u64 due_of(const struct disk *disk, const struct blk_request *req)
{
	return req->start_ns + (req->timeout_ns ? req->timeout_ns : disk->timeout_ns);
}

/* Who is due next of those in flight, or NULL. */
static struct blk_request *next_due_locked(struct disk *disk)
{
	struct blk_request *req, *next = NULL;

	list_for_each_entry(req, &disk->running, link)
		if (!next || due_of(disk, req) < due_of(disk, next))
			next = req;
	return next;
}

static void watchdog_set_locked(struct disk *disk, u64 now, u64 least_ns)
{
	struct blk_request *next = next_due_locked(disk);
	u64 due, delay;

	disk->watching = next && !disk->gone;
	if (!disk->watching)
		return;
	due = due_of(disk, next);
	delay = due > now ? due - now : 0;
	delayed_work_queue(&disk->watchdog, max(delay, least_ns));
}

static void watchdog_look(struct work *work)
{
	struct disk *disk = container_of(work, struct disk, watchdog.work);
	u64 flags = spin_lock_irq(&disk->lock), ran = 0;
	u64 now = clock_monotonic();
	struct blk_request *late = disk->gone ? NULL : next_due_locked(disk);

	if (late && due_of(disk, late) > now)
		late = NULL;
	if (late) {
		ran = now - late->start_ns;
		disk->n_timeouts++;
	} else {
		watchdog_set_locked(disk, now, NSEC_PER_MSEC);
	}
	spin_unlock_irq(&disk->lock, flags);
	if (!late)
		return;
	log_warn("%s: a request timed out after %lu ms", disk->name,
		 (unsigned long)(ran / NSEC_PER_MSEC));
	disk->ops->timeout(disk, late);
	flags = spin_lock_irq(&disk->lock);
	/* Some time for the repair. */
	watchdog_set_locked(disk, clock_monotonic(), min(disk->timeout_ns, (u64)NSEC_PER_SEC));
	spin_unlock_irq(&disk->lock, flags);
}

void blk_watchdog_init(struct disk *disk)
{
	if (!disk->timeout_ns)
		disk->timeout_ns = max(cmdline_u64("blk.timeout_ms", 30000), 10ul) * NSEC_PER_MSEC;
	delayed_work_init(&disk->watchdog, watchdog_look);
}

void blk_watch_locked(struct disk *disk, const struct blk_request *started)
{
	u64 due;

	if (likely(disk->watching && !started->timeout_ns))
		return;
	due = due_of(disk, started);
	if (!disk->watching)
		delayed_work_queue(&disk->watchdog, due - started->start_ns);
	else if (due < disk->watchdog.timer.expires_ns)
		timer_arm(&disk->watchdog.timer, due);
	disk->watching = true;
}

/* Lets the clock of busy time catch up. */
static void count_time_locked(struct blkdev *d, u64 now)
{
	if (d->stats.in_flight) {
		d->stats.busy_ns += now - d->counted_ns;
		d->stats.weighted_ns += d->stats.in_flight * (now - d->counted_ns);
	}
	d->counted_ns = now;
}

void blk_count_locked(struct blkdev *d, int more, u64 now)
{
	count_time_locked(d, now);
	d->stats.in_flight += (u64)(s64)more;
	if (d->partition)
		blk_count_locked(d->disk->whole, more, now);
}

static void count(struct blk_stats *stats, enum blk_op op, bool merged, u64 sectors, u64 ns)
{
	stats->ios[op] += !merged;
	stats->merges[op] += merged;
	stats->sectors[op] += sectors;
	stats->ns[op] += ns;
}

void blk_account_locked(struct disk *disk, struct blk_request *head, u64 now)
{
	for (struct blk_request *r = head; r; r = r->next) {
		enum blk_op op = head->xfer.op;
		u32 sectors = head->next ? r->n_sectors : r->xfer.n_sectors;
		u64 ns = now - r->submit_ns;

		if (r->dev->partition)
			count(&r->dev->stats, op, r != head, sectors, ns);
		count(&disk->whole->stats, op, r != head, sectors, ns);
	}
}

void blkdev_stats(struct blkdev *d, struct blk_stats *out)
{
	u64 flags = spin_lock_irq(&d->disk->lock);

	count_time_locked(d, clock_monotonic());
	*out = d->stats;
	spin_unlock_irq(&d->disk->lock, flags);
}
