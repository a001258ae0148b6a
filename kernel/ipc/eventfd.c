/*
 * eventfd(2): a 64-bit counter. write() adds to it, read() takes it (or 1 from it, as a semaphore);
 * it can be polled. One spinlock is the queue's.
 */
#include "abi/eventfd.h"
#include "ipc/eventfd.h"
#include "lib/format.h"
#include "mm/slab.h"

#define COUNT_MAX (~0ull - 1)

/* l: lock. */
struct eventfd {
	struct spinlock lock;    /* RANK_EPOLL */
	u64 count;               /* l */
	bool semaphore;
	struct wait_queue queue; /* readers, writers and pollers */
};

/* Takes what a read gets: 0 if there is nothing. */
static u64 take(struct eventfd *e)
{
	u64 value;

	spin_lock(&e->lock);
	value = e->semaphore && e->count ? 1 : e->count;
	e->count -= value;
	spin_unlock(&e->lock);
	return value;
}

static ssize_t eventfd_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct eventfd *e = f->private;
	u64 value;
	int err;

	if (iov_left(to) < sizeof(value))
		return -EINVAL;
	while (!(value = take(e))) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_interruptible(&e->queue, READ_ONCE(e->count));
		if (err < 0)
			return err;
	}
	wait_wake_one(&e->queue, POLLOUT | POLLWRNORM);
	return iov_copy_to(to, &value, sizeof(value)) == sizeof(value) ? (ssize_t)sizeof(value)
								       : -EFAULT;
}

static bool add(struct eventfd *e, u64 value)
{
	bool fits;

	spin_lock(&e->lock);
	fits = COUNT_MAX - e->count >= value;
	if (fits)
		e->count += value;
	spin_unlock(&e->lock);
	return fits;
}

static ssize_t eventfd_write(struct file *f, struct iov_iter *from, loff_t *pos)
{
	struct eventfd *e = f->private;
	u64 value;
	int err;

	if (iov_left(from) < sizeof(value))
		return -EINVAL;
	if (iov_copy_from(from, &value, sizeof(value)) != sizeof(value))
		return -EFAULT;
	if (value == ~0ull)
		return -EINVAL;
	while (!add(e, value)) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_interruptible(&e->queue, COUNT_MAX - READ_ONCE(e->count) >= value);
		if (err < 0)
			return err;
	}
	if (value)
		wait_wake_one(&e->queue, POLLIN | POLLRDNORM);
	return (ssize_t)sizeof(value);
}

static u32 eventfd_poll(struct file *f, struct poll_table *table)
{
	struct eventfd *e = f->private;
	u64 count;
	u32 events = 0;

	poll_wait(table, &e->queue);
	count = READ_ONCE(e->count);
	if (count)
		events |= POLLIN | POLLRDNORM;
	if (count < COUNT_MAX)
		events |= POLLOUT | POLLWRNORM;
	return events;
}

static void eventfd_release(struct file *f)
{
	kfree(f->private);
}

static void eventfd_show_info(struct file *f, char *buf, size_t size)
{
	struct eventfd *e = f->private;

	snprintf(buf, size, "eventfd-count: %16llx\n", (unsigned long long)READ_ONCE(e->count));
}

static const struct file_ops eventfd_ops = {
	.release = eventfd_release,
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.show_info = eventfd_show_info,
};

int eventfd_create(u32 initial, u32 flags, struct file **out)
{
	struct eventfd *e;
	int err;

	if (flags & ~(u32)(EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC))
		return -EINVAL;
	e = kzalloc(sizeof(*e), MM_KERNEL);
	if (!e)
		return -ENOMEM;
	spin_init(&e->lock, RANK_EPOLL, "eventfd");
	wait_init(&e->queue);
	e->count = initial;
	e->semaphore = flags & EFD_SEMAPHORE;
	err = file_create_anon("eventfd", &eventfd_ops, e, O_RDWR | (flags & EFD_NONBLOCK), out);
	if (err < 0)
		kfree(e);
	return err;
}
