/* Between mqueue.c (messages), mqueue_fs.c (names) and mqueue_notify.c. */
#pragma once

#include "core/spinlock.h"
#include "ipc/mqueue.h"
#include "sched/wait.h"

/* Who sleeps in a call, on his stack. q: queue's lock. */
struct mq_waiter {
	struct list link;           /* q */
	struct thread *thread;      /* I */
	u8 urgency;                 /* I: its place among others */
	bool done;                  /* a, set under q: it was served, and may leave */
	struct mq_message *message; /* q: to be sent, or what was received */
};

/* q: lock.  d: the root directory's inode lock.  I: constant. */
struct mqueue {
	struct inode inode;
	struct spinlock lock;        /* RANK_EPOLL */
	u64 max_messages, max_size;  /* I */
	struct rb_root messages;     /* q: the first to be received first */
	u64 n, bytes;                /* q: messages, and what is in them */
	u64 arrived;                 /* q: counts messages */
	struct list senders, receivers; /* q: the most urgent first */
	struct wait_queue poll;
	struct process *owner;       /* q: who is to be told of the first message, or NULL */
	struct mq_notice notice;     /* q: how */
	u32 uid;                     /* I: whose RLIMIT_MSGQUEUE it counts for, */
	u64 charged;                 /* I: with so many bytes */
	struct list names;           /* d: of the root: struct mq_name, in order of `cookie` */
	u64 last_cookie;             /* d: of the root */
};

static inline struct mqueue *mqueue_of(struct inode *inode)
{
	return container_of(inode, struct mqueue, inode);
}

extern const struct mq_host *mq_host;
extern const struct file_ops mqueue_file_ops;

/* mqueue.c: a new queue, and what is left in one that goes. */
void mqueue_setup(struct mqueue *q);
void mqueue_drain(struct mqueue *q);

/* mqueue_notify.c: what is to be told, taken under the queue's lock and told without it. */
struct mq_telling {
	struct process *owner; /* NULL: nothing */
	struct mq_notice notice;
};
/* The registration ends: it is in *t. Queue locked. */
void mq_notice_take_locked(struct mqueue *q, struct mq_telling *t);
/* Tells that a message has come, or (`removed`) that none will be told of. No lock held. */
void mq_notice_tell(struct mq_telling *t, bool removed);
/* A descriptor of the current process is closed. */
int mq_notice_flush(struct file *f);
