/*
 * Descriptors in flight, and the collection of those that nobody can receive any more (unix(7)).
 *
 * A socket may be sent through itself, or two through each other; when the processes close theirs,
 * the files are held by messages only, which are in the queues of these very files. The collection
 * finds them: a candidate is a socket all of whose file's references are in flight. Of these, those
 * are alive to which a message leads that is not in a candidate's queue, and what a living one's
 * queue holds is alive as well. The rest is garbage: its queues are emptied, and so the files are
 * closed.
 *
 * A socket's file is in flight from before its message is queued until after it was taken off, and
 * who peeks takes his reference with gc_lock held; so while the collection looks (with gc_lock), a
 * file on its way to a descriptor or a queue counts more references than the queues explain, and is
 * alive.
 *
 * There is reason for a collection when a socket ends, or one of the descriptors of a socket that
 * is in flight, too. It comes a little later, when the descriptor is really gone and perhaps others
 * are, and is a kernel thread's.
 *
 * Locks: gc_lock, a mutex that may be taken with recv_lock held; sockets' locks within it.
 */
#include "net/unix/unix_int.h"

#include "lib/string.h"
#include "mm/slab.h"
#include "sched/work.h"

#define USERS      64                       /* buckets, power of two */
#define COLLECT_NS (10 * (u64)NSEC_PER_MSEC) /* that reasons for a collection are gathered */

/* Files of a user in flight. */
struct flight_user {
	struct hlist_node hash;
	u32 uid;
	u64 n;
};

static struct mutex gc_lock = MUTEX_INIT(gc_lock, RANK_SLEEP_LAST, "unix_gc");
static LIST_HEAD(flying);              /* gc_lock: sockets in flight */
static struct hlist_head users[USERS]; /* gc_lock */
static u64 n_flying;                   /* gc_lock to change: sockets' references in flight */
static struct delayed_work collection;

static struct flight_user *user_find(u32 uid)
{
	struct flight_user *f;

	hlist_for_each_entry(f, &users[uid % USERS], hash)
		if (f->uid == uid)
			return f;
	return NULL;
}

static int user_charge(u32 uid, u32 n, u64 limit)
{
	struct flight_user *f = user_find(uid);

	if (!f) {
		f = kzalloc(sizeof(*f), MM_KERNEL);
		if (!f)
			return -ENOMEM;
		f->uid = uid;
		hlist_add_head(&f->hash, &users[uid % USERS]);
	}
	if (f->n > limit)
		return -ETOOMANYREFS;
	f->n += n;
	return 0;
}

static void user_uncharge(u32 uid, u32 n)
{
	struct flight_user *f = user_find(uid);

	f->n -= n;
	if (f->n)
		return;
	hlist_del(&f->hash);
	kfree(f);
}

/* The socket of AF_UNIX that a file is, or NULL. */
static struct unix_sock *file_unix(struct file *file)
{
	struct sock *s = file_sock(file);

	return s && s->family == AF_UNIX ? unix_sock(s) : NULL;
}

int unix_flight_begin(struct unix_rights *rights, u64 limit)
{
	int err;

	mutex_lock(&gc_lock);
	err = user_charge(rights->uid, rights->n, limit);
	for (u32 i = 0; !err && i < rights->n; i++) {
		struct unix_sock *u = file_unix(rights->file[i]);

		if (!u)
			continue;
		if (!u->in_flight++)
			list_add_tail(&u->flight_link, &flying);
		n_flying++;
	}
	mutex_unlock(&gc_lock);
	return err;
}

void unix_flight_end(struct unix_rights *rights)
{
	mutex_lock(&gc_lock);
	user_uncharge(rights->uid, rights->n);
	for (u32 i = 0; i < rights->n; i++) {
		struct unix_sock *u = file_unix(rights->file[i]);

		if (!u)
			continue;
		if (!--u->in_flight)
			list_del_init(&u->flight_link);
		n_flying--;
	}
	mutex_unlock(&gc_lock);
}

struct unix_rights *unix_flight_copy(const struct unix_rights *rights)
{
	struct unix_rights *copy = kmemdup(rights, sizeof(*rights), MM_KERNEL);

	if (!copy)
		return NULL;
	list_init(&copy->link);
	mutex_lock(&gc_lock);
	for (u32 i = 0; i < copy->n; i++)
		file_get(copy->file[i]);
	mutex_unlock(&gc_lock);
	return copy;
}

/* The collection ------------------------------------------------------------------------------- */

static void count_internal(struct unix_sock *u, struct list *work)
{
	if (u->candidate)
		u->internal++;
}

/* Alive: so is what is in its queue, in turn. */
static void mark_alive(struct unix_sock *u, struct list *work)
{
	if (!u->candidate)
		return;
	u->candidate = false;
	list_add_tail(&u->gc_link, work);
}

static void scan_queue(struct packet *p, void (*fn)(struct unix_sock *u, struct list *work),
		       struct list *work)
{
	for (; p; p = p->next) {
		const struct unix_rights *rights = unix_scm(p)->rights;

		for (u32 i = 0; rights && i < rights->n; i++) {
			struct unix_sock *u = file_unix(rights->file[i]);

			if (u)
				fn(u, work);
		}
	}
}

/* Calls fn for each socket in the queue of u, and in those of the connections that wait on it. */
static void scan(struct unix_sock *u, void (*fn)(struct unix_sock *u, struct list *work),
		 struct list *work)
{
	struct unix_sock *embryo;

	spin_lock(&u->sock.lock);
	scan_queue(u->sock.receive.first, fn, work);
	list_for_each_entry(embryo, &u->pending, pending_link) {
		spin_lock(&embryo->sock.lock);
		scan_queue(embryo->sock.receive.first, fn, work);
		spin_unlock(&embryo->sock.lock);
	}
	spin_unlock(&u->sock.lock);
}

/* Takes all packets of a queue. */
static void queue_take(struct unix_sock *u, struct packet_queue *to)
{
	struct packet *p;

	WRITE_ONCE(u->urgent, NULL);
	while ((p = packet_dequeue(&u->sock.receive)) != NULL)
		packet_enqueue(to, p);
}

static void empty(struct unix_sock *u, struct packet_queue *lost)
{
	struct unix_sock *embryo;

	spin_lock(&u->sock.lock);
	queue_take(u, lost);
	list_for_each_entry(embryo, &u->pending, pending_link) {
		spin_lock(&embryo->sock.lock);
		queue_take(embryo, lost);
		spin_unlock(&embryo->sock.lock);
	}
	spin_unlock(&u->sock.lock);
}

/* What only the queues of candidates hold loses their packets to `lost`. gc_lock held. */
static void collect_locked(struct packet_queue *lost)
{
	struct unix_sock *u;
	struct list work;

	list_init(&work);
	list_for_each_entry(u, &flying, flight_link) {
		struct file *file = READ_ONCE(u->sock.file);

		u->internal = 0;
		u->candidate = file && ref_read(&file->refs) == u->in_flight;
	}
	list_for_each_entry(u, &flying, flight_link)
		if (u->candidate)
			scan(u, count_internal, NULL);
	list_for_each_entry(u, &flying, flight_link)
		if (u->candidate && u->internal < u->in_flight)
			mark_alive(u, &work);
	while (!list_empty(&work)) {
		u = list_first_entry(&work, struct unix_sock, gc_link);
		list_del_init(&u->gc_link);
		scan(u, mark_alive, &work);
	}
	list_for_each_entry(u, &flying, flight_link)
		if (u->candidate)
			empty(u, lost);
}

static void collect(struct work *work)
{
	struct packet_queue lost;

	packet_queue_init(&lost);
	mutex_lock(&gc_lock);
	collect_locked(&lost);
	mutex_unlock(&gc_lock);
	packet_queue_free(&lost);
}

void unix_collect(void)
{
	if (unlikely(READ_ONCE(n_flying)))
		delayed_work_queue(&collection, COLLECT_NS);
}

void unix_flush(struct sock *s)
{
	if (unlikely(READ_ONCE(unix_sock(s)->in_flight)))
		unix_collect();
}

void unix_gc_init(void)
{
	delayed_work_init(&collection, collect);
}
