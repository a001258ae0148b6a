/*
 * System V message queues: sending and receiving.
 *
 * Messages stay in order; a receiver takes the first that its type allows. Senders without room and
 * receivers without message sleep on one queue; a change of the queue wakes all, and each looks
 * again under the lock.
 *
 * Locks: the object's. User memory is touched by the caller, before or after.
 */
#include "ipc/sysv_msg_int.h"

#include "abi/errno.h"
#include "abi/stat.h"
#include "lib/string.h"
#include "mm/slab.h"

#define TYPE_MAX ((s64)(~0ull >> 1))
#define TYPE_MIN (-TYPE_MAX - 1)

u32 sysv_msgmax = 8192, sysv_msgmnb = 16384;
u64 msg_total_bytes, msg_total;

static void count(struct msg_queue *q, struct sysv_message *message, int n)
{
	q->n += (u64)n;
	q->bytes += (u64)n * message->size;
	__atomic_fetch_add(&msg_total, (u64)n, __ATOMIC_RELAXED);
	__atomic_fetch_add(&msg_total_bytes, (u64)n * message->size, __ATOMIC_RELAXED);
}

static void queue_free(struct sysv_object *object)
{
	struct msg_queue *q = msg_queue(object);
	struct sysv_message *message, *tmp;

	list_for_each_entry_safe(message, tmp, &q->messages, link) {
		count(q, message, -1);
		kfree(message);
	}
	kfree(q);
}

struct sysv_ids sysv_msg_ids = SYSV_IDS_INIT(32000, queue_free);

static int queue_make(const struct sysv_maker *maker, struct sysv_object **out)
{
	struct msg_queue *q = kzalloc(sizeof(*q), MM_KERNEL);

	if (!q)
		return -ENOMEM;
	q->max_bytes = READ_ONCE(sysv_msgmnb);
	list_init(&q->messages);
	wait_init(&q->wait);
	*out = &q->object;
	return 0;
}

int sysv_msgget(s32 key, u32 flags, const struct cred *cred)
{
	struct sysv_maker maker = { .make = queue_make, .flags = flags };

	return sysv_get(&sysv_msg_ids, key, &maker, cred);
}

struct sysv_message *sysv_message_alloc(u64 size)
{
	struct sysv_message *message = kmalloc(sizeof(*message) + size, MM_KERNEL);

	if (message)
		message->size = size;
	return message;
}

void msg_queue_changed(struct msg_queue *q)
{
	WRITE_ONCE(q->changes, q->changes + 1);
	wait_wake(&q->wait, 0);
}

/*
 * Waits for a change: 0 with the queue locked, or -EIDRM, -ERESTARTNOHAND and it is not; the
 * reference stays.
 */
static int wait_change(struct msg_queue *q)
{
	u64 seen = q->changes;
	int err;

	spin_unlock(&q->object.lock);
	err = wait_interruptible(&q->wait, READ_ONCE(q->changes) != seen);
	spin_lock(&q->object.lock);
	if (q->object.removed)
		err = -EIDRM;
	return err == -ABI_ERESTARTSYS ? -ERESTARTNOHAND : err;
}

int sysv_msgsnd(s32 id, struct sysv_message *message, u32 flags, const struct cred *cred)
{
	struct sysv_object *object;
	struct msg_queue *q;
	int err = sysv_find(&sysv_msg_ids, id, &object);

	if (err)
		return err;
	q = msg_queue(object);
	do {
		err = sysv_permission(object, S_IWUGO, cred);
		if (err)
			break;
		if (q->bytes + message->size <= q->max_bytes && q->n + 1 <= q->max_bytes) {
			list_add_tail(&message->link, &q->messages);
			count(q, message, 1);
			q->stime = sysv_now();
			q->lspid = sysv_pid();
			msg_queue_changed(q);
			break;
		}
		err = flags & IPC_NOWAIT ? -EAGAIN : wait_change(q);
	} while (!err);
	sysv_end(object);
	return err;
}

/* Whether a receiver who asks for `type` takes the message rather than `best` (NULL: none yet). */
static bool better(const struct sysv_message *message, const struct sysv_message *best, s64 type,
		   u32 flags)
{
	/* -type as a bound: the least type up to it; the least number stands for every type. */
	if (type < 0)
		return message->type <= (type == TYPE_MIN ? TYPE_MAX : -type) &&
		       (!best || message->type < best->type);
	if (best)
		return false;
	if (type == 0)
		return true;
	return (message->type == type) != !!(flags & MSG_EXCEPT);
}

static struct sysv_message *choose(struct msg_queue *q, s64 type, u32 flags)
{
	struct sysv_message *message, *best = NULL;

	/* MSG_COPY: the type is a place. */
	if (flags & MSG_COPY) {
		list_for_each_entry(message, &q->messages, link)
			if (type-- == 0)
				return message;
		return NULL;
	}
	list_for_each_entry(message, &q->messages, link)
		if (better(message, best, type, flags))
			best = message;
	return best;
}

/* Takes the message out, or copies it: 0, -E2BIG, -ENOMEM (the lock is dropped meanwhile). */
static int take(struct msg_queue *q, struct sysv_message *message, u64 size, u32 flags,
		struct sysv_message *copy, struct sysv_message **out)
{
	if (message->size > size && !(flags & MSG_NOERROR))
		return -E2BIG;
	if (flags & MSG_COPY) {
		copy->type = message->type;
		copy->size = message->size;
		memcpy(copy->data, message->data, min(message->size, size));
		*out = copy;
		return 0;
	}
	list_del(&message->link);
	count(q, message, -1);
	q->rtime = sysv_now();
	q->lrpid = sysv_pid();
	msg_queue_changed(q);
	*out = message;
	return 0;
}

int sysv_msgrcv(s32 id, u64 size, s64 type, u32 flags, const struct cred *cred,
		struct sysv_message **out)
{
	struct sysv_message *message, *copy = NULL;
	struct sysv_object *object;
	int err;

	if (flags & MSG_COPY) {
		if ((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT))
			return -EINVAL;
		copy = sysv_message_alloc(min(size, (u64)SYSV_MSGMAX_LIMIT));
		if (!copy)
			return -ENOMEM;
	}
	*out = NULL;
	err = sysv_find(&sysv_msg_ids, id, &object);
	if (err)
		goto out;
	do {
		err = sysv_permission(object, S_IRUGO, cred);
		if (err)
			break;
		message = choose(msg_queue(object), type, flags);
		if (message) {
			err = take(msg_queue(object), message, size, flags, copy, out);
			break;
		}
		err = flags & IPC_NOWAIT ? -ENOMSG : wait_change(msg_queue(object));
	} while (!err);
	sysv_end(object);
out:
	if (copy && *out != copy)
		kfree(copy);
	return err;
}
