/*
 * The events of an inotify instance that were not read so far. One that equals the last is
 * dropped. When the queue is full, or there is no memory, one event says that others were lost
 * (IN_Q_OVERFLOW); it was made beforehand.
 */
#include "abi/errno.h"
#include "abi/ioctl.h"
#include "arch/usercopy.h"
#include "ipc/inotify_int.h"
#include "lib/string.h"
#include "mm/slab.h"

u32 inotify_max_events = 16384;

static size_t event_size(const struct event *e)
{
	return sizeof(e->out) + e->out.len;
}

struct event *inotify_overflow_alloc(void)
{
	struct event *e = kzalloc(sizeof(*e), MM_KERNEL);

	if (e) {
		e->out.wd = -1;
		e->out.mask = IN_Q_OVERFLOW;
	}
	return e;
}

static struct event *event_alloc(s32 wd, u32 mask, u32 cookie, const char *name, u32 length)
{
	/* The name and its NUL, to a multiple of the structure's size (inotify(7)). */
	u32 padded = length ? (u32)align_up(length + 1, sizeof(struct inotify_event)) : 0;
	struct event *e = kzalloc(sizeof(*e) + padded, MM_ATOMIC);

	if (!e)
		return NULL;
	e->out = (struct inotify_event){ .wd = wd, .mask = mask, .cookie = cookie, .len = padded };
	memcpy(e->out.name, name, length);
	return e;
}

static bool equals_last(const struct inotify *in, const struct event *e)
{
	const struct event *last;

	if (list_empty(&in->events))
		return false;
	last = list_last_entry(&in->events, struct event, link);
	return event_size(last) == event_size(e) && !memcmp(&last->out, &e->out, event_size(e));
}

void inotify_queue(struct inotify *in, s32 wd, u32 mask, u32 cookie, const char *name, u32 length)
{
	struct event *e = event_alloc(wd, mask, cookie, name, length), *drop = NULL;

	spin_lock(&in->lock);
	if (in->closed || (e && equals_last(in, e))) {
		drop = e;
		e = NULL;
	} else if (!e || (mask != IN_IGNORED && in->n_events >= in->max_events)) {
		drop = e;
		e = in->overflow;
		in->overflow = NULL;
	}
	if (e) {
		list_add_tail(&e->link, &in->events);
		in->n_events++;
		in->bytes += event_size(e);
	}
	spin_unlock(&in->lock);
	kfree(drop);
	if (e)
		wait_wake_one(&in->queue, POLLIN | POLLRDNORM);
}

/* An event that was queued is not needed any more. */
static void event_free(struct inotify *in, struct event *e)
{
	bool keep = e->out.mask == IN_Q_OVERFLOW;

	if (!keep) {
		kfree(e);
		return;
	}
	spin_lock(&in->lock);
	in->overflow = e;
	spin_unlock(&in->lock);
}

/* Takes the first event if it fits in `room`: 0 and *out (NULL: there is none), or -EINVAL. */
static int event_take(struct inotify *in, size_t room, struct event **out)
{
	struct event *e;
	int err = 0;

	spin_lock(&in->lock);
	e = list_first_entry_or_null(&in->events, struct event, link);
	if (e && event_size(e) > room) {
		e = NULL;
		err = -EINVAL;
	}
	if (e) {
		list_del(&e->link);
		in->n_events--;
		in->bytes -= event_size(e);
	}
	spin_unlock(&in->lock);
	*out = e;
	return err;
}

ssize_t inotify_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct inotify *in = f->private;
	ssize_t done = 0;

	for (;;) {
		struct event *e;
		size_t size;
		int err = event_take(in, iov_left(to), &e);

		if (e) {
			size = event_size(e);
			err = iov_copy_to(to, &e->out, size) == size ? 0 : -EFAULT;
			event_free(in, e);
			done += err ? 0 : (ssize_t)size;
		}
		if (err < 0)
			return done ? done : err;
		if (e)
			continue;
		if (done)
			return done;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_interruptible(&in->queue, !list_empty(&in->events));
		if (err < 0)
			return err;
	}
}

u32 inotify_poll(struct file *f, struct poll_table *table)
{
	struct inotify *in = f->private;

	poll_wait(table, &in->queue);
	return list_empty(&in->events) ? 0 : POLLIN | POLLRDNORM;
}

long inotify_ioctl(struct file *f, u32 request, u64 arg)
{
	struct inotify *in = f->private;
	s32 bytes;

	if (request != FIONREAD)
		return -ENOTTY;
	bytes = (s32)min_t(u64, READ_ONCE(in->bytes), 0x7fffffff);
	return copy_out_obj((s32 __user *)arg, &bytes);
}

void inotify_queue_free(struct inotify *in)
{
	struct event *e, *tmp;

	list_for_each_entry_safe(e, tmp, &in->events, link)
		kfree(e);
	kfree(in->overflow);
}
