/*
 * Between the files of epoll. An epoll holds watches, one per (file, descriptor); a watch hangs a
 * hook on each queue that the file's poll names. A wake on one of them puts the watch on the ready
 * list and wakes who waits for the epoll; the list is a hint, and who takes events from it asks
 * each file again.
 *
 * A wake comes with the watched queue locked (RANK_WAIT), so what it takes further has no rank:
 * ready_lock, and the epoll's own queues. No deadlock comes of that, since epolls watch each other
 * only without cycles (epoll_nest.c) and every other queue has no hooks that take locks.
 */
#pragma once

#include "ipc/epoll.h"
#include "lib/rbtree.h"
#include "sched/mutex.h"

#define EPOLL_PRIVATE (EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP)
#define WATCH_HOOKS   2 /* in the watch itself; further ones on the heap */
#define EPOLL_DEPTH   5 /* epolls in a chain of nested ones */

/* m: lock.  r: ready_lock.  n: nest lock of epoll_nest.c.  I: constant. */
struct epoll {
	struct refcount refs;       /* one of the file */
	struct file *file;          /* I: it is open while there are watches */
	u32 uid;                    /* I: whom its watches count for */
	struct mutex lock;          /* RANK_EPOLL_CTL */
	struct rb_root watches;     /* m: by file, descriptor */
	struct list nested;         /* m: of these, the watches of epolls */
	u64 harvests;               /* m: counts them */
	struct spinlock ready_lock; /* no rank, interrupts off */
	struct list ready;          /* r */
	bool scanning;              /* r: a harvest has the ready list and may give it back */
	struct wait_queue sleepers; /* in epoll_wait(2); no rank */
	struct wait_queue pollers;  /* poll(2), other epolls; no rank */
	u64 down_stamp, up_stamp;   /* n: of the last search that came by */
	u32 below, above;           /* n: length of the longest chain, itself included */
};

struct hook {
	struct wait_entry entry;
	struct wait_queue *queue;
	struct watch *watch;
	struct hook *next;          /* m: on the heap */
};

/* m: epoll->lock.  r: ready_lock.  f: file->lock.  I: constant. */
struct watch {
	struct rb_node node;        /* m */
	struct list nested_link;    /* m: if the file is an epoll */
	struct list file_link;      /* f: file->epoll_links */
	struct list ready_link;     /* r */
	struct epoll *epoll;        /* I */
	struct file *file;          /* I: it removes the watch before it goes */
	int fd;                     /* I */
	bool nests;                 /* I: the file is an epoll */
	int error;                  /* m: of adding hooks */
	u32 asked;                  /* m: EPOLL* as set */
	u32 events;                 /* m to change: of these what counts now, none after one shot */
	u64 data;                   /* m */
	u64 harvest;                /* m: which one took it last */
	unsigned n_hooks;           /* m */
	struct hook *more;          /* m */
	struct hook hooks[WATCH_HOOKS];
};

extern const struct file_ops epoll_ops;

/* epoll_watch.c. The epoll's lock is held. */
struct watch *watch_find(struct epoll *ep, struct file *file, int fd);
/* 0, -ENOMEM, -ENOSPC. */
int watch_add(struct epoll *ep, struct file *file, int fd, const struct epoll_event *event);
void watch_change(struct watch *w, const struct epoll_event *event);
void watch_remove(struct watch *w);
/* The events that a watch has now. */
u32 watch_poll(struct watch *w);
/* Puts it on the ready list and wakes: whether somebody slept. Any context; the watch stays. */
bool watch_ready(struct watch *w);
/* The hook of file_put(): removes all watches of a file that goes. No lock held. */
void watch_file_gone(struct file *file);
void epoll_put(struct epoll *ep);

/* epoll_harvest.c: poll operation of an epoll. */
u32 epoll_poll(struct file *file, struct poll_table *table);

/* epoll_nest.c: between begin and end nobody else nests: 0, or -ELOOP (and not begun). */
int epoll_nest_begin(struct epoll *outer, struct epoll *inner);
void epoll_nest_end(void);
