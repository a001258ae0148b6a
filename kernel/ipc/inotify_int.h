/*
 * Between the files of inotify. An instance has watches, by number; a watch is a mark on an inode.
 * Both know each other: who takes the mark off the inode (under its spin, one only can) ends the
 * watch.
 */
#pragma once

#include "ipc/inotify.h"
#include "lib/rbtree.h"
#include "sched/mutex.h"
#include "sched/work.h"

/* l: lock.  a: atomic.  I: constant. */
struct inotify {
	struct refcount refs;     /* the file's, and one of each watch */
	struct spinlock lock;     /* RANK_EPOLL */
	struct rb_root watches;   /* l: by number */
	s32 last_wd;              /* l */
	bool closed;              /* l: nobody will read */
	struct list events;       /* l: struct event */
	u32 n_events;             /* l */
	u32 max_events;           /* I: inotify_max_events when it was made (inotify(7)) */
	u64 bytes;                /* l: of events, as read */
	struct event *overflow;   /* l: it, made beforehand; NULL while it is queued */
	struct wait_queue queue;  /* readers and pollers */
	struct mutex adding;      /* RANK_SLEEP_LAST: an inode gets one watch of an instance */
	u32 uid;                  /* I: whom it counts for */
};

struct watch {
	struct notify_mark mark;
	struct rb_node node;      /* l */
	struct refcount refs;     /* one while it is on the inode, and of who looks at it */
	struct inotify *owner;    /* I: referenced */
	s32 wd;                   /* I */
	bool oneshot;             /* inode's spin */
	struct work work;         /* ends it when it must not be ended on the spot */
};

/* An event as it is read, with its name padded. */
struct event {
	struct list link;
	struct inotify_event out;
};

/*
 * inotify_queue.c. Queues an event; `length` 0: no name. No lock but spinlocks of lower rank may
 * be held.
 */
void inotify_queue(struct inotify *in, s32 wd, u32 mask, u32 cookie, const char *name, u32 length);
/* All of them; nobody else sees the instance. */
void inotify_queue_free(struct inotify *in);
/* The event that tells of lost ones; NULL: no memory. */
struct event *inotify_overflow_alloc(void);
ssize_t inotify_read(struct file *f, struct iov_iter *to, loff_t *pos);
u32 inotify_poll(struct file *f, struct poll_table *table);
long inotify_ioctl(struct file *f, u32 request, u64 arg);

/* inotify_watch.c */
void inotify_put(struct inotify *in);
void inotify_watches_end(struct inotify *in);
