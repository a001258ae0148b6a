/*
 * Calls that somebody else answers (seccomp_unotify(2)). A filtered thread that makes such a call
 * puts it on its filter's notifier and waits. Who holds the listener, the notifier's file, receives
 * it, and sends a result, or that the call is to be made after all; before that it may give the
 * thread descriptors, which the thread itself installs.
 *
 * A struct asked lives on the stack of the thread that asks, a struct gift on that of who gives;
 * they are on lists under the notifier's lock, and leave them before the stack goes. The notifier
 * is referenced by its filter and by its file; when one of them ends the other side is told.
 */
#include "abi/errno.h"
#include "arch/usercopy.h"
#include "core/random.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/seccomp_int.h"
#include "sched/wait.h"

/* One that Linux knew before its direction was right. */
#define ID_VALID_WRONG_DIR _IOR(SECCOMP_IOC_MAGIC, 2, u64)

enum asked_state { ASKED_NEW, ASKED_RECEIVED, ASKED_ANSWERED };

/* l: notifier->lock.  I: constant. */
struct notifier {
	struct refcount refs;      /* a: the filter, the file */
	struct spinlock lock;      /* RANK_FILE */
	struct list calls;         /* l: struct asked, oldest first */
	u64 next_id;               /* l */
	bool closed;               /* l to set: nobody listens any more */
	bool ended;                /* l to set: nobody is filtered any more */
	bool killable;             /* I: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV */
	struct wait_queue readers; /* of the listener */
};

struct asked {
	struct list link;             /* l */
	u64 id;                       /* l */
	s32 tid;                      /* I */
	u32 state;                    /* l to set: enum asked_state */
	const struct seccomp_data *data; /* I */
	s64 value;                    /* l: the answer */
	bool make_it;                 /* l: the answer: the call is to be made */
	struct list gifts;            /* l: struct gift */
	struct wait_queue wait;       /* where the asking thread sleeps */
};

struct gift {
	struct list link;        /* l: on asked->gifts, or nowhere: it was taken */
	struct file *file;       /* I: who gives has a reference */
	int at;                  /* I: descriptor to put it at, or -1 */
	bool cloexec, answers;   /* I: answers: its number is the call's result */
	int result;              /* l */
	bool done;               /* l to set */
	struct wait_queue wait;  /* where the giver sleeps */
};

static const struct file_ops notifier_ops;

void notifier_put(struct notifier *n)
{
	if (ref_put(&n->refs))
		kfree(n);
}

int notifier_create(bool killable, struct notifier **out, struct file **file)
{
	struct notifier *n = kzalloc(sizeof(*n), MM_KERNEL);
	int err;

	if (!n)
		return -ENOMEM;
	ref_set(&n->refs, 2);
	spin_init(&n->lock, RANK_FILE, "notifier");
	list_init(&n->calls);
	wait_init(&n->readers);
	n->next_id = random_u64();
	n->killable = killable;
	err = file_create_anon("seccomp notify", &notifier_ops, n, O_RDWR, file);
	if (err)
		kfree(n);
	else
		*out = n;
	return err;
}

void notifier_end(struct notifier *n)
{
	spin_lock(&n->lock);
	n->ended = true;
	spin_unlock(&n->lock);
	wait_wake(&n->readers, 0);
}

bool notifier_listens(const struct notifier *n)
{
	return !READ_ONCE(n->closed);
}

/* Answers a call. n->lock held. */
static void answer_locked(struct asked *a, s64 value, bool make_it)
{
	a->value = value;
	a->make_it = make_it;
	WRITE_ONCE(a->state, ASKED_ANSWERED);
	wait_wake(&a->wait, 0);
}

/* --- the side of the thread that asks --- */

static int gift_install(struct gift *g)
{
	struct fd_table *files = task_current()->files;
	u64 limit = rlimit_current(RLIMIT_NOFILE);
	int fd;

	if (g->at >= 0)
		return fd_dup_to(files, g->file, g->at, limit, g->cloexec);
	fd = fd_reserve(files, 0, limit, g->cloexec);
	if (fd >= 0)
		fd_install(files, fd, file_get(g->file));
	return fd;
}

/* Takes a descriptor that it was given: whether there was one. */
static bool gift_take(struct notifier *n, struct asked *a)
{
	struct gift *g = NULL;
	int result;

	spin_lock(&n->lock);
	if (!list_empty(&a->gifts)) {
		g = list_first_entry(&a->gifts, struct gift, link);
		list_del_init(&g->link);
	}
	spin_unlock(&n->lock);
	if (!g)
		return false;
	result = gift_install(g);
	spin_lock(&n->lock);
	if (g->answers && result >= 0)
		answer_locked(a, result, false);
	g->result = result;
	WRITE_ONCE(g->done, true);
	wait_wake(&g->wait, 0);
	spin_unlock(&n->lock);
	return true;
}

/* Nobody takes these any more. n->lock held. */
static void gifts_refuse_locked(struct asked *a)
{
	struct gift *g, *tmp;

	list_for_each_entry_safe(g, tmp, &a->gifts, link) {
		list_del_init(&g->link);
		g->result = -ESRCH;
		WRITE_ONCE(g->done, true);
		wait_wake(&g->wait, 0);
	}
}

#define ASKED_NEWS(a) \
	(READ_ONCE((a)->state) == ASKED_ANSWERED || !list_empty(&(a)->gifts))

/* Sleeps until there is something to do: 0 or -ERESTARTSYS. What was received is not disturbed by
 * signals that do not kill, if the filter says so. */
static int asked_sleep(struct notifier *n, struct asked *a)
{
	int err = 0;

	if (!n->killable)
		return wait_interruptible(&a->wait, ASKED_NEWS(a));
	if (READ_ONCE(a->state) == ASKED_NEW)
		err = wait_interruptible(&a->wait, READ_ONCE(a->state) != ASKED_NEW ||
							   ASKED_NEWS(a));
	if (READ_ONCE(a->state) != ASKED_NEW)
		err = wait_killable(&a->wait, ASKED_NEWS(a));
	return err;
}

bool notifier_ask(struct notifier *n, const struct seccomp_data *data, s64 *result)
{
	struct asked a = { .tid = thread_current()->tid, .data = data };
	int err = 0;

	list_init(&a.gifts);
	wait_init(&a.wait);
	spin_lock(&n->lock);
	if (n->closed) {
		spin_unlock(&n->lock);
		return false;
	}
	a.id = n->next_id++;
	list_add_tail(&a.link, &n->calls);
	spin_unlock(&n->lock);
	wait_wake(&n->readers, POLLIN | POLLRDNORM);
	do {
		while (gift_take(n, &a))
			;
		if (READ_ONCE(a.state) == ASKED_ANSWERED)
			break;
		err = asked_sleep(n, &a);
	} while (!err);
	spin_lock(&n->lock);
	list_del(&a.link);
	gifts_refuse_locked(&a);
	*result = a.state == ASKED_ANSWERED ? ERRNO_TAKEN(a.value) : err;
	spin_unlock(&n->lock);
	return a.make_it;
}

/* --- the side of the listener --- */

/* The call of that number that is in that state: 0, -ENOENT, -EINPROGRESS. n->lock held. */
static int asked_find_locked(struct notifier *n, u64 id, struct asked **out)
{
	struct asked *a;

	list_for_each_entry(a, &n->calls, link)
		if (a->id == id) {
			*out = a;
			return a->state == ASKED_RECEIVED ? 0 : -EINPROGRESS;
		}
	return -ENOENT;
}

static struct asked *asked_in_state_locked(struct notifier *n, u32 state)
{
	struct asked *a;

	list_for_each_entry(a, &n->calls, link)
		if (a->state == state)
			return a;
	return NULL;
}

static bool has_state(struct notifier *n, u32 state)
{
	bool has;

	spin_lock(&n->lock);
	has = asked_in_state_locked(n, state);
	spin_unlock(&n->lock);
	return has;
}

/* The oldest new call becomes a received one: whether there was one. */
static bool receive(struct notifier *n, struct seccomp_notif *out)
{
	struct asked *a;

	spin_lock(&n->lock);
	a = asked_in_state_locked(n, ASKED_NEW);
	if (a) {
		*out = (struct seccomp_notif){ .id = a->id, .pid = (u32)a->tid, .data = *a->data };
		WRITE_ONCE(a->state, ASKED_RECEIVED);
		if (n->killable)
			wait_wake(&a->wait, 0);
	}
	spin_unlock(&n->lock);
	if (a)
		wait_wake(&n->readers, POLLOUT | POLLWRNORM);
	return a;
}

/* Nobody got it: it is new again. */
static void receive_undo(struct notifier *n, u64 id)
{
	struct asked *a;

	spin_lock(&n->lock);
	if (!asked_find_locked(n, id, &a))
		WRITE_ONCE(a->state, ASKED_NEW);
	spin_unlock(&n->lock);
	wait_wake(&n->readers, POLLIN | POLLRDNORM);
}

static long ioctl_receive(struct notifier *n, struct seccomp_notif __user *user)
{
	static const struct seccomp_notif zero;
	struct seccomp_notif call;
	int err;

	if (copy_in_obj(&call, user))
		return -EFAULT;
	if (memcmp(&call, &zero, sizeof(call)))
		return -EINVAL;
	while (!receive(n, &call)) {
		if (READ_ONCE(n->ended))
			return -ENOENT;
		err = wait_interruptible(&n->readers,
					 READ_ONCE(n->ended) || has_state(n, ASKED_NEW));
		if (err)
			return err;
	}
	if (copy_out_obj(user, &call)) {
		receive_undo(n, call.id);
		return -EFAULT;
	}
	return 0;
}

static long ioctl_send(struct notifier *n, const struct seccomp_notif_resp __user *user)
{
	struct seccomp_notif_resp r;
	struct asked *a;
	int err;

	if (copy_in_obj(&r, user))
		return -EFAULT;
	if (r.flags & ~(u32)SECCOMP_USER_NOTIF_FLAG_CONTINUE)
		return -EINVAL;
	if (r.flags && (r.error || r.val))
		return -EINVAL;
	spin_lock(&n->lock);
	err = asked_find_locked(n, r.id, &a);
	if (!err)
		answer_locked(a, r.error ? r.error : r.val, r.flags);
	spin_unlock(&n->lock);
	return err;
}

static long ioctl_id_valid(struct notifier *n, const u64 __user *user)
{
	struct asked *a;
	u64 id;
	int err;

	if (copy_in_obj(&id, user))
		return -EFAULT;
	spin_lock(&n->lock);
	err = asked_find_locked(n, id, &a);
	spin_unlock(&n->lock);
	return err ? -ENOENT : 0;
}

/* Gives and waits until the thread has taken it, or has gone: the number there or -errno. */
static int give(struct notifier *n, u64 id, struct gift *g)
{
	struct asked *a;
	int err;

	list_init(&g->link);
	wait_init(&g->wait);
	spin_lock(&n->lock);
	err = asked_find_locked(n, id, &a);
	if (!err && g->answers && !list_empty(&a->gifts))
		err = -EBUSY;
	if (!err) {
		list_add_tail(&g->link, &a->gifts);
		wait_wake(&a->wait, 0);
	}
	spin_unlock(&n->lock);
	if (err)
		return err;
	err = wait_interruptible(&g->wait, READ_ONCE(g->done));
	spin_lock(&n->lock);
	if (err && !list_empty(&g->link)) { /* nobody has begun with it */
		list_del_init(&g->link);
		g->result = err;
		g->done = true;
	}
	spin_unlock(&n->lock);
	wait_until(&g->wait, READ_ONCE(g->done));
	spin_lock(&n->lock); /* whoever says so has let go of it */
	spin_unlock(&n->lock);
	return g->result;
}

static long ioctl_addfd(struct notifier *n, const struct seccomp_notif_addfd __user *user)
{
	struct seccomp_notif_addfd r;
	struct gift g = { .at = -1 };
	int fd;

	if (copy_in_obj(&r, user))
		return -EFAULT;
	if (r.newfd_flags & ~(u32)O_CLOEXEC)
		return -EINVAL;
	if (r.flags & ~(u32)(SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND))
		return -EINVAL;
	if (r.newfd && !(r.flags & SECCOMP_ADDFD_FLAG_SETFD))
		return -EINVAL;
	g.file = fd_get(task_current()->files, (int)r.srcfd);
	if (!g.file)
		return -EBADF;
	if (r.flags & SECCOMP_ADDFD_FLAG_SETFD)
		g.at = r.newfd > 0x7fffffff ? 0x7fffffff : (int)r.newfd;
	g.cloexec = r.newfd_flags & O_CLOEXEC;
	g.answers = r.flags & SECCOMP_ADDFD_FLAG_SEND;
	fd = give(n, r.id, &g);
	file_put(g.file);
	return fd;
}

static long notifier_ioctl(struct file *f, u32 request, u64 arg)
{
	struct notifier *n = f->private;

	switch (request) {
	case SECCOMP_IOCTL_NOTIF_RECV:
		return ioctl_receive(n, (struct seccomp_notif __user *)arg);
	case SECCOMP_IOCTL_NOTIF_SEND:
		return ioctl_send(n, (const struct seccomp_notif_resp __user *)arg);
	case SECCOMP_IOCTL_NOTIF_ID_VALID:
	case ID_VALID_WRONG_DIR:
		return ioctl_id_valid(n, (const u64 __user *)arg);
	case SECCOMP_IOCTL_NOTIF_ADDFD:
		return ioctl_addfd(n, (const struct seccomp_notif_addfd __user *)arg);
	default:
		return -EINVAL;
	}
}

static u32 notifier_poll(struct file *f, struct poll_table *table)
{
	struct notifier *n = f->private;
	u32 events = 0;

	poll_wait(table, &n->readers);
	spin_lock(&n->lock);
	if (asked_in_state_locked(n, ASKED_NEW))
		events |= POLLIN | POLLRDNORM;
	if (asked_in_state_locked(n, ASKED_RECEIVED))
		events |= POLLOUT | POLLWRNORM;
	if (n->ended)
		events |= POLLHUP;
	spin_unlock(&n->lock);
	return events;
}

static void notifier_release(struct file *f)
{
	struct notifier *n = f->private;
	struct asked *a;

	spin_lock(&n->lock);
	WRITE_ONCE(n->closed, true);
	list_for_each_entry(a, &n->calls, link)
		if (a->state != ASKED_ANSWERED)
			answer_locked(a, -ENOSYS, false);
	spin_unlock(&n->lock);
	notifier_put(n);
}

static const struct file_ops notifier_ops = {
	.release = notifier_release,
	.ioctl = notifier_ioctl,
	.poll = notifier_poll,
};
