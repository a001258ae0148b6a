/*
 * POSIX message queues: messages. They stand in a tree by priority and order of arrival. Senders
 * without room and receivers without message sleep in lists, the most urgent thread first, and are
 * served by whoever makes room or brings a message: a sleeper's message goes in, or one is put into
 * his hands, so that nobody who comes later takes it from him.
 *
 * Locks: the queue's. User memory is touched by the caller, before or after.
 */
#include "abi/errno.h"
#include "ipc/mqueue_int.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"

#define TEXT_MAX 80 /* of what read() gives; also what stat says of the size */

void mqueue_setup(struct mqueue *q)
{
	spin_init(&q->lock, RANK_EPOLL, "mqueue");
	rb_init(&q->messages);
	list_init(&q->senders);
	list_init(&q->receivers);
	wait_init(&q->poll);
	q->inode.size = TEXT_MAX;
}

static struct mq_message *first_message(struct mqueue *q)
{
	return rb_entry_or_null(rb_first(&q->messages), struct mq_message, node);
}

/* Takes the first one out; there is one. Queue locked. */
static struct mq_message *message_take(struct mqueue *q)
{
	struct mq_message *m = first_message(q);

	rb_erase(&q->messages, &m->node);
	q->n--;
	q->bytes -= m->size;
	return m;
}

static void message_put(struct mqueue *q, struct mq_message *m)
{
	struct rb_node **link = &q->messages.node, *parent = NULL;

	m->order = ++q->arrived;
	while (*link) {
		parent = *link;
		/* among equals the new one is the last */
		link = m->priority > rb_entry(parent, struct mq_message, node)->priority ?
			       &parent->left :
			       &parent->right;
	}
	rb_link(&m->node, parent, link);
	rb_insert(&q->messages, &m->node);
	q->n++;
	q->bytes += m->size;
}

void mqueue_drain(struct mqueue *q)
{
	while (q->n)
		kfree(message_take(q));
}

struct mq_message *mq_message_alloc(u64 size, u32 priority)
{
	struct mq_message *m = kmalloc(sizeof(*m) + size, MM_KERNEL);

	if (m) {
		m->size = size;
		m->priority = priority;
	}
	return m;
}

bool mq_is_queue(const struct file *f)
{
	return f->ops == &mqueue_file_ops;
}

static struct mqueue *queue_of(struct file *f)
{
	return mqueue_of(f->inode);
}

/* A sleeper's call is done. It may be gone with its stack as soon as it sees that. */
static void serve(struct mq_waiter *w)
{
	struct thread *thread = w->thread;

	thread_get(thread);
	list_del(&w->link);
	store_release(&w->done, true);
	thread_wake(thread);
	thread_put(thread);
}

static void waiter_add(struct list *list, struct mq_waiter *w)
{
	struct list *at = list;

	w->thread = thread_current();
	w->urgency = sched_urgency(w->thread);
	while (at->prev != list &&
	       list_entry(at->prev, struct mq_waiter, link)->urgency > w->urgency)
		at = at->prev;
	list_add_tail(&w->link, at);
}

/* Sleeps until the waiter, which is on a list of the queue, was served: 0, -ETIMEDOUT,
 * -ERESTARTSYS. */
static int waiter_sleep(struct mqueue *q, struct mq_waiter *w, struct deadline end)
{
	bool late = false;

	while (!load_acquire(&w->done) && !late && !thread_signal_pending()) {
		thread_prepare(THREAD_INTERRUPTIBLE);
		if (!load_acquire(&w->done) && !thread_signal_pending())
			late = thread_block_by(end);
		thread_running();
	}
	spin_lock(&q->lock);
	if (!w->done)
		list_del(&w->link);
	spin_unlock(&q->lock);
	return w->done ? 0 : late ? -ETIMEDOUT : -ERESTARTSYS;
}

int mq_size_check(struct file *f, u64 size, bool send)
{
	struct mqueue *q = queue_of(f);

	if (send ? !f->can_write : !f->can_read)
		return -EBADF;
	return (send ? size > q->max_size : size < q->max_size) ? -EMSGSIZE : 0;
}

int mq_send(struct file *f, struct mq_message *m, struct deadline end)
{
	struct mqueue *q = queue_of(f);
	struct mq_telling telling = { 0 };
	struct mq_waiter w = { .message = m };

	spin_lock(&q->lock);
	if (q->n >= q->max_messages) {
		if (f->flags & O_NONBLOCK) {
			spin_unlock(&q->lock);
			return -EAGAIN;
		}
		waiter_add(&q->senders, &w);
		spin_unlock(&q->lock);
		return waiter_sleep(q, &w, end);
	}
	if (!list_empty(&q->receivers)) {
		struct mq_waiter *r = list_first_entry(&q->receivers, struct mq_waiter, link);

		r->message = m;
		serve(r);
	} else {
		message_put(q, m);
		if (q->n == 1)
			mq_notice_take_locked(q, &telling);
	}
	spin_unlock(&q->lock);
	inode_touch(&q->inode, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	wait_wake(&q->poll, POLLIN | POLLRDNORM);
	mq_notice_tell(&telling, false);
	return 0;
}

int mq_receive(struct file *f, struct deadline end, struct mq_message **out)
{
	struct mqueue *q = queue_of(f);
	struct mq_waiter w = { 0 };
	int error;

	spin_lock(&q->lock);
	if (!q->n) {
		if (f->flags & O_NONBLOCK) {
			spin_unlock(&q->lock);
			return -EAGAIN;
		}
		waiter_add(&q->receivers, &w);
		spin_unlock(&q->lock);
		error = waiter_sleep(q, &w, end);
		*out = w.message;
		return error;
	}
	*out = message_take(q);
	if (!list_empty(&q->senders)) {
		struct mq_waiter *s = list_first_entry(&q->senders, struct mq_waiter, link);

		message_put(q, s->message);
		serve(s);
	}
	spin_unlock(&q->lock);
	inode_touch(&q->inode, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	wait_wake(&q->poll, POLLOUT | POLLWRNORM);
	return 0;
}

void mq_getattr(struct file *f, struct mq_attr *attr)
{
	struct mqueue *q = queue_of(f);

	*attr = (struct mq_attr){ .mq_flags = f->flags & O_NONBLOCK,
				  .mq_maxmsg = (s64)q->max_messages,
				  .mq_msgsize = (s64)q->max_size,
				  .mq_curmsgs = (s64)READ_ONCE(q->n) };
}

static u32 queue_poll(struct file *f, struct poll_table *table)
{
	struct mqueue *q = queue_of(f);
	u32 events = 0;
	u64 n;

	poll_wait(table, &q->poll);
	n = READ_ONCE(q->n);
	if (n)
		events |= POLLIN | POLLRDNORM;
	if (n < q->max_messages)
		events |= POLLOUT | POLLWRNORM;
	return events;
}

/* One line about the queue (mq_overview(7), "Mounting the message queue filesystem"). */
static ssize_t queue_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct mqueue *q = queue_of(f);
	int how = 0, signo = 0, pid = 0;
	char text[TEXT_MAX];
	ssize_t n;
	u64 bytes;

	spin_lock(&q->lock);
	bytes = q->bytes;
	if (q->owner) {
		how = q->notice.how;
		signo = q->notice.signo;
		pid = mq_host->pid(q->owner);
	}
	spin_unlock(&q->lock);
	n = snprintf(text, sizeof(text), "QSIZE:%-10llu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
		     (unsigned long long)bytes, how, signo, pid);
	n = simple_read_buffer(to, pos, text, min((size_t)n, sizeof(text) - 1));
	if (n > 0)
		inode_touch(&q->inode, ATTR_ATIME | ATTR_CTIME);
	return n;
}

static loff_t queue_seek(struct file *f, loff_t offset, int whence)
{
	return file_seek_to(f, offset, whence, TEXT_MAX);
}

const struct file_ops mqueue_file_ops = {
	.flush = mq_notice_flush,
	.read = queue_read,
	.seek = queue_seek,
	.poll = queue_poll,
};
