/*
 * dnotify, F_NOTIFY of fcntl(2): a watch is a mark on a directory (vfs/notify.h), made through an
 * open file by a descriptor table, and ends when that table closes any descriptor of the file, or
 * with the first event unless DN_MULTISHOT. An event is noted under the inode's spin; the signal,
 * whose locks come before that one, is sent by soft work, when the call that caused it returns at
 * the latest.
 *
 * The file is there as long as the mark is on its inode, and is only compared; who its signals go
 * to the watch has a copy of, which file_set_owner() keeps up to date.
 *
 * Locks: that of the inode (i), under that of the file where the owner is concerned; due_lock (d),
 * below both.
 */
#include "proc/dnotify.h"

#include "abi/errno.h"
#include "abi/poll.h"
#include "abi/signal.h"
#include "abi/stat.h"
#include "lib/bitops.h"
#include "mm/slab.h"
#include "proc/proc_int.h"
#include "sched/soft.h"
#include "sched/work.h"

u32 dnotify_enable = 1;

#define DN_ALL (DN_ACCESS | DN_MODIFY | DN_CREATE | DN_DELETE | DN_RENAME | DN_ATTRIB)

struct dwatch {
	struct notify_mark mark;
	struct refcount refs;         /* one while it is on the inode, and the due list's */
	const struct file *file;      /* I: to be compared */
	const struct fd_table *table; /* I: the same */
	u32 events;                   /* i: DN_* */
	u32 moved;                    /* i: cookie of the last name that left */
	struct file_owner owner;      /* i: the file's, but for fd: F_NOTIFY's */
	struct work work;             /* ends it after its only event */
	struct dwatch *next;          /* d */
	u32 n_due;                    /* d: signals to be sent; on the list if there are any */
	struct file_owner due_owner;  /* d: to whom */
};

static struct spinlock due_lock = SPINLOCK_INIT(RANK_EPOLL, "dnotify");
static struct dwatch *due; /* d: each has a reference */

static const struct notify_ops dwatch_ops;

static void dwatch_put(struct dwatch *w)
{
	if (ref_put(&w->refs))
		kfree(w);
}

/* The mark is off the inode. May sleep. */
static void dwatch_end(struct dwatch *w)
{
	inode_put(w->mark.inode);
	dwatch_put(w);
}

static void dwatch_end_later(struct work *work)
{
	dwatch_end(container_of(work, struct dwatch, work));
}

/* ---- Events ---- */

/* What a mark has to ask for to hear of them. */
static u32 mask_of(u32 events)
{
	return (events & DN_ACCESS ? IN_ACCESS : 0) | (events & DN_MODIFY ? IN_MODIFY : 0) |
	       (events & DN_CREATE ? IN_CREATE | IN_MOVED_TO : 0) |
	       (events & DN_DELETE ? IN_DELETE | IN_MOVED_FROM : 0) |
	       (events & DN_ATTRIB ? IN_ATTRIB : 0) |
	       (events & DN_RENAME ? IN_MOVED_FROM | IN_MOVED_TO : 0);
}

/* What an event is to dnotify: a name that moves within the directory is a rename besides. */
static u32 events_of(struct dwatch *w, u32 mask, u32 cookie)
{
	switch (mask & IN_ALL_EVENTS) {
	case IN_ACCESS:
		return DN_ACCESS;
	case IN_MODIFY:
		return DN_MODIFY;
	case IN_ATTRIB:
		return DN_ATTRIB;
	case IN_CREATE:
		return DN_CREATE;
	case IN_DELETE:
		return DN_DELETE;
	case IN_MOVED_FROM:
		w->moved = cookie;
		return DN_DELETE;
	case IN_MOVED_TO:
		return w->moved == cookie ? DN_CREATE | DN_RENAME : DN_CREATE;
	default:
		return 0;
	}
}

/* One signal for each of n kinds of events. inode->spin is held. */
static void note(struct dwatch *w, u32 n)
{
	spin_lock(&due_lock);
	if (!w->n_due) {
		ref_get(&w->refs);
		w->next = due;
		due = w;
	}
	w->n_due += n;
	w->due_owner = w->owner;
	spin_unlock(&due_lock);
	soft_raise(SOFT_DNOTIFY);
}

static void dwatch_event(struct notify_mark *mark, u32 mask, u32 cookie, const char *name,
			 u32 length)
{
	struct dwatch *w = container_of(mark, struct dwatch, mark);
	u32 events = events_of(w, mask, cookie) & w->events;

	if (!events)
		return;
	if (w->events & DN_MULTISHOT) {
		note(w, (u32)popcount64(events));
		return;
	}
	note(w, 1);
	if (notify_mark_unlink_locked(mark))
		work_queue(&w->work);
}

static void due_run(void)
{
	for (;;) {
		struct file_owner owner;
		struct dwatch *w;
		u32 n = 0;

		spin_lock(&due_lock);
		w = due;
		if (w) {
			due = w->next;
			n = w->n_due;
			w->n_due = 0;
			owner = w->due_owner;
		}
		spin_unlock(&due_lock);
		if (!w)
			return;
		while (n--)
			file_owner_signal(&owner, SIGIO, POLL_MSG, POLLIN | POLLRDNORM | POLLMSG);
		dwatch_put(w);
	}
}

static void dwatch_gone(struct notify_mark *mark, u32 why)
{
	dwatch_end(container_of(mark, struct dwatch, mark));
}

/* ---- Watches ---- */

static bool dwatch_of_file(const struct notify_mark *mark, const struct file *file,
			   const struct fd_table *table)
{
	const struct dwatch *w = container_of(mark, const struct dwatch, mark);

	return w->file == file && w->table == table;
}

/* file->lock and inode->spin are held. */
static void dwatch_owner(struct notify_mark *mark, const struct file *file)
{
	struct dwatch *w = container_of(mark, struct dwatch, mark);
	s32 fd = w->owner.fd;

	if (w->file != file)
		return;
	w->owner = file->owner;
	w->owner.fd = fd;
}

/* The table's watch by the file, or NULL. inode->spin is held. */
static struct dwatch *dwatch_find(struct file *file, const struct fd_table *table)
{
	struct notify_mark *m;

	list_for_each_entry(m, &file->inode->watches, link)
		if (m->ops == &dwatch_ops && dwatch_of_file(m, file, table))
			return container_of(m, struct dwatch, mark);
	return NULL;
}

static struct dwatch *dwatch_alloc(struct file *file, const struct fd_table *table)
{
	struct dwatch *w = kzalloc(sizeof(*w), MM_KERNEL);

	if (!w)
		return NULL;
	list_init(&w->mark.link);
	w->mark.ops = &dwatch_ops;
	ref_set(&w->refs, 1);
	w->file = file;
	w->table = table;
	work_init(&w->work, dwatch_end_later);
	return w;
}

int dnotify_set(struct file *file, int fd, u32 events)
{
	struct fd_table *table = task_current()->files;
	struct inode *inode = file->inode;
	struct dwatch *new, *w;

	if (!READ_ONCE(dnotify_enable))
		return -EINVAL;
	if (!(events & ~DN_MULTISHOT)) {
		notify_closed(file, table);
		return 0;
	}
	if (!S_ISDIR(inode->mode))
		return -ENOTDIR;
	new = dwatch_alloc(file, table);
	if (!new)
		return -ENOMEM;
	spin_lock(&file->lock);
	spin_lock(&inode->spin);
	w = dwatch_find(file, table);
	if (!w) {
		w = new;
		inode_get(inode);
		notify_mark_link_locked(inode, &w->mark);
	}
	w->events |= events & (DN_ALL | DN_MULTISHOT);
	w->mark.mask = mask_of(w->events);
	w->owner = file->owner;
	w->owner.fd = fd;
	spin_unlock(&inode->spin);
	spin_unlock(&file->lock);
	if (w != new)
		dwatch_put(new);
	/* Closed meanwhile by another thread, which saw no watch to end. */
	if (fd_refers(table, fd, file))
		return 0;
	notify_closed(file, table);
	return -EBADF;
}

void dnotify_init(void)
{
	soft_register(SOFT_DNOTIFY, due_run);
}

static const struct notify_ops dwatch_ops = {
	.event = dwatch_event,
	.gone = dwatch_gone,
	.of_file = dwatch_of_file,
	.owner = dwatch_owner,
};
