/*
 * Being told that a message has come to an empty queue (mq_notify(3)): one process may be
 * registered, and is told once, unless a receiver waits already. The registration ends with that,
 * or when the process closes a descriptor of the queue. SIGEV_THREAD is the C library's: it waits
 * at a socket, where it gets its cookie back.
 *
 * A program that the process has begun since gets no signal: it did not ask for one, and may have
 * rights that who asked had not.
 */
#include "abi/errno.h"
#include "abi/signal.h"
#include "ipc/mqueue_int.h"

const struct mq_host *mq_host;

void mq_set_host(const struct mq_host *host)
{
	mq_host = host;
}

void mq_notice_take_locked(struct mqueue *q, struct mq_telling *t)
{
	t->owner = q->owner;
	t->notice = q->notice;
	q->owner = NULL;
}

void mq_notice_tell(struct mq_telling *t, bool removed)
{
	struct mq_notice *n = &t->notice;

	if (!t->owner)
		return;
	if (n->how == SIGEV_SIGNAL && n->signo && !removed &&
	    n->program == mq_host->program(t->owner))
		mq_host->signal(t->owner, n->signo, n->value);
	if (n->how == SIGEV_THREAD) {
		n->cookie[NOTIFY_COOKIE_LEN - 1] = removed ? NOTIFY_REMOVED : NOTIFY_WOKENUP;
		mq_host->post(n->socket, n->cookie);
		file_put(n->socket);
	}
	mq_host->put(t->owner);
}

/* Ends the registration if it is the current process'. */
static void forget(struct mqueue *q)
{
	struct mq_telling t = { 0 };

	spin_lock(&q->lock);
	if (q->owner == thread_current()->process)
		mq_notice_take_locked(q, &t);
	spin_unlock(&q->lock);
	if (t.owner)
		inode_touch(&q->inode, ATTR_ATIME | ATTR_CTIME);
	mq_notice_tell(&t, true);
}

int mq_notify(struct file *f, const struct mq_notice *notice)
{
	struct mqueue *q = mqueue_of(f->inode);
	struct process *me = thread_current()->process;
	int error = 0;

	if (!notice) {
		forget(q);
		return 0;
	}
	spin_lock(&q->lock);
	if (q->owner) {
		error = -EBUSY;
	} else {
		mq_host->get(me);
		q->owner = me;
		q->notice = *notice;
		q->notice.program = mq_host->program(me);
	}
	spin_unlock(&q->lock);
	if (!error)
		inode_touch(&q->inode, ATTR_ATIME | ATTR_CTIME);
	return error;
}

int mq_notice_flush(struct file *f)
{
	struct mqueue *q = mqueue_of(f->inode);

	if (READ_ONCE(q->owner) && READ_ONCE(q->owner) == thread_current()->process)
		forget(q);
	return 0;
}
