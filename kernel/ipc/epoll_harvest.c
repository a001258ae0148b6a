/*
 * epoll_wait(2): taking events from the ready list. Each watch on it is asked anew; a
 * level-triggered one goes to the end of the list, so that it is asked again next time; the others
 * go off it until the next wake. Events are gathered with the epoll's lock held and copied to user
 * space without.
 */
#include "ipc/epoll_int.h"

#include "abi/errno.h"
#include "arch/usercopy.h"

#define BATCH 32

/* Whether something may be ready: on the list, or with a harvest that has taken it for itself. */
static bool has_ready(struct epoll *ep)
{
	bool ready;
	u64 flags;

	if (!list_empty(&ep->ready))
		return true;
	flags = spin_lock_irq(&ep->ready_lock);
	ready = ep->scanning || !list_empty(&ep->ready);
	spin_unlock_irq(&ep->ready_lock, flags);
	return ready;
}

/* The next watch of a list that holds part of ep's ready ones, taken off it, or NULL. */
static struct watch *pop(struct epoll *ep, struct list *scan)
{
	u64 flags = spin_lock_irq(&ep->ready_lock);
	struct watch *w = list_first_entry_or_null(scan, struct watch, ready_link);

	if (w)
		list_del_init(&w->ready_link);
	spin_unlock_irq(&ep->ready_lock, flags);
	return w;
}

static void push(struct epoll *ep, struct watch *w)
{
	u64 flags = spin_lock_irq(&ep->ready_lock);

	if (list_empty(&w->ready_link))
		list_add_tail(&w->ready_link, &ep->ready);
	spin_unlock_irq(&ep->ready_lock, flags);
}

static void scan_begin(struct epoll *ep, struct list *scan)
{
	u64 flags = spin_lock_irq(&ep->ready_lock);

	list_init(scan);
	list_splice_tail_init(&ep->ready, scan);
	ep->scanning = true;
	spin_unlock_irq(&ep->ready_lock, flags);
}

/* What was not looked at stays in front. */
static void scan_end(struct epoll *ep, struct list *scan)
{
	u64 flags = spin_lock_irq(&ep->ready_lock);

	list_splice_init(scan, &ep->ready);
	ep->scanning = false;
	spin_unlock_irq(&ep->ready_lock, flags);
}

/* Takes one watch's event: whether it had one. ep held. */
static bool take(struct watch *w, struct epoll_event *out)
{
	u32 mask = watch_poll(w);

	if (!mask)
		return false;
	*out = (struct epoll_event){ .events = mask, .data = w->data };
	w->harvest = w->epoll->harvests;
	if (w->asked & EPOLLONESHOT)
		WRITE_ONCE(w->events, w->events & EPOLL_PRIVATE);
	else if (!(w->asked & EPOLLET))
		push(w->epoll, w);
	return true;
}

/*
 * Gathers up to max events, those that a harvest since *since took excepted (0: none; it becomes
 * this one, the first of a call).
 */
static int harvest(struct epoll *ep, struct epoll_event *out, int max, u64 *since)
{
	struct list scan;
	struct watch *w;
	int n = 0;

	mutex_lock(&ep->lock);
	ep->harvests++;
	if (!*since)
		*since = ep->harvests;
	scan_begin(ep, &scan);
	while (n < max && (w = pop(ep, &scan)) != NULL) {
		if (w->harvest >= *since)
			push(ep, w);
		else
			n += take(w, &out[n]);
	}
	scan_end(ep, &scan);
	mutex_unlock(&ep->lock);
	if (has_ready(ep))
		wait_wake_one(&ep->sleepers, POLLIN | POLLRDNORM);
	return n;
}

/* Events could not be told: what the harvests since `since` took is ready as it was. */
static void harvest_undo(struct epoll *ep, u64 since)
{
	struct watch *w;

	mutex_lock(&ep->lock);
	rb_for_each_entry(w, &ep->watches, node)
		if (w->harvest >= since) {
			WRITE_ONCE(w->events, w->asked);
			watch_ready(w);
		}
	mutex_unlock(&ep->lock);
}

/* All that is ready, up to max, to user space: number or -EFAULT. */
static int collect(struct epoll *ep, struct epoll_event __user *events, int max)
{
	struct epoll_event batch[BATCH];
	u64 since = 0;
	int done = 0, n;

	do {
		n = harvest(ep, batch, min(max - done, BATCH), &since);
		if (n && copy_out(events + done, batch, (size_t)n * sizeof(*batch)) < 0) {
			harvest_undo(ep, since);
			return -EFAULT;
		}
		done += n;
	} while (n == BATCH && done < max);
	return done;
}

/* Sleeps until something is ready: 0, -EINTR, -ETIMEDOUT. */
static int sleep_ready(struct epoll *ep, u64 deadline_ns)
{
	struct wait_entry entry;
	int err = 0;

	for (;;) {
		wait_begin(&ep->sleepers, &entry, THREAD_INTERRUPTIBLE, true);
		if (has_ready(ep))
			break;
		if (thread_signal_pending()) {
			err = -EINTR;
			break;
		}
		if (thread_block_until(deadline_ns)) {
			err = has_ready(ep) ? 0 : -ETIMEDOUT;
			break;
		}
		wait_end(&ep->sleepers, &entry);
	}
	wait_end(&ep->sleepers, &entry);
	/* A wake meant for one thread must not end with one that goes without looking. */
	if (err && has_ready(ep))
		wait_wake_one(&ep->sleepers, POLLIN | POLLRDNORM);
	return err;
}

int epoll_wait_events(struct file *epoll, struct epoll_event __user *events, int max,
		      u64 deadline_ns)
{
	struct epoll *ep = epoll->private;
	int err = 0, n = 0;

	if (epoll->ops != &epoll_ops)
		return -EINVAL;
	while (n == 0 && err == 0) {
		if (has_ready(ep))
			n = collect(ep, events, max);
		if (n == 0 && deadline_ns == 0)
			break;
		if (n == 0)
			err = sleep_ready(ep, deadline_ns);
	}
	return n ? n : err == -ABI_ETIMEDOUT ? 0 : err;
}

u32 epoll_poll(struct file *file, struct poll_table *table)
{
	struct epoll *ep = file->private;
	bool found = false;
	struct list scan;
	struct watch *w;

	poll_wait(table, &ep->pollers);
	if (!has_ready(ep))
		return 0;
	mutex_lock(&ep->lock);
	scan_begin(ep, &scan);
	while (!found && (w = pop(ep, &scan)) != NULL) {
		found = watch_poll(w) != 0;
		if (found)
			push(ep, w);
	}
	scan_end(ep, &scan);
	mutex_unlock(&ep->lock);
	return found ? POLLIN | POLLRDNORM : 0;
}
