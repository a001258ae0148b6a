/*
 * POSIX message queues (mq_overview(7)): files of a file system of their own, "mqueue", of which
 * there is one, mounted or not. Messages have priorities; the most urgent one is received first.
 */
#pragma once

#include "abi/mqueue.h"
#include "lib/rbtree.h"
#include "sched/deadline.h"
#include "vfs/file.h"

struct process;

struct mq_message {
	struct rb_node node; /* queue's lock */
	u64 order;           /* the same: of its arrival */
	u32 priority;        /* I */
	u64 size;            /* I */
	char text[];
};

/* What notifies: SIGEV_*, and with it a signal and its value, or a socket's file and what to send
 * there (mq_notify(3), SIGEV_THREAD). */
struct mq_notice {
	s32 how, signo;
	u64 value;
	struct file *socket; /* referenced, or NULL */
	u8 cookie[NOTIFY_COOKIE_LEN];
	u32 program;         /* mq_notify()'s: which of the process' programs asked */
};

/* What queues need of processes, said once by proc. Thread context, no lock held. */
struct mq_host {
	/* Of the caller: RLIMIT_MSGQUEUE. */
	u64 (*limit)(void);
	s32 (*pid)(struct process *p);
	void (*get)(struct process *p);
	void (*put)(struct process *p);
	/* How many programs it has begun to run. */
	u32 (*program)(struct process *p);
	/* A signal of the current process, SI_MESGQ. */
	void (*signal)(struct process *to, s32 signo, u64 value);
	/* Sends the cookie to the socket. */
	void (*post)(struct file *socket, const u8 *cookie);
};
void mq_set_host(const struct mq_host *host);

/* Limits (/proc/sys/fs/mqueue): torn reads harmless. */
#define MQ_MSG_HARD_MAX  65536
#define MQ_SIZE_HARD_MAX 16777216
extern u32 mq_queues_max, mq_msg_max, mq_size_max, mq_msg_default, mq_size_default;

/*
 * mq_open(3), mq_unlink(3) of a name without its slash; `attr` may be NULL. 0 and *out, or -ENOENT,
 * -EEXIST, -EACCES, -EINVAL, -ENOSPC, -EMFILE (RLIMIT_MSGQUEUE), -EOVERFLOW, -ENAMETOOLONG,
 * -ENOMEM, -EPERM.
 */
int mq_open(struct fs_context *fs, const struct cred *cred, const char *name, u32 flags, u32 mode,
	    const struct mq_attr *attr, struct file **out);
int mq_unlink(struct fs_context *fs, const struct cred *cred, const char *name);
/* Whether the file is a queue: the others want one. */
bool mq_is_queue(const struct file *f);
/* A message to be filled: NULL: no memory. */
struct mq_message *mq_message_alloc(u64 size, u32 priority);
/*
 * mq_timedsend(3), mq_timedreceive(3): waiting until then. A message that was
 * sent is the queue's, what was received the caller's (kfree()). -EBADF (not open for that),
 * -EMSGSIZE, -EAGAIN, -ETIMEDOUT, -ERESTARTSYS.
 */
int mq_size_check(struct file *f, u64 size, bool send);
int mq_send(struct file *f, struct mq_message *message, struct deadline end);
int mq_receive(struct file *f, struct deadline end, struct mq_message **out);
/* mq_notify(3) by the current process; NULL: no longer. Takes notice->socket if it succeeds. 0 or
 * -EBUSY. */
int mq_notify(struct file *f, const struct mq_notice *notice);
/* mq_getattr(3), and the flags that mq_setattr(3) sets. */
void mq_getattr(struct file *f, struct mq_attr *attr);
/* Boot. */
void mqueue_init(void);
