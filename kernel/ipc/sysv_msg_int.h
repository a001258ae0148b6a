/* Between sysv_msg.c (queues, sending, receiving) and sysv_msg_ctl.c (msgctl). */
#pragma once

#include "ipc/sysv_msg.h"
#include "sched/wait.h"

/* o: object.lock. */
struct msg_queue {
	struct sysv_object object;
	s64 stime, rtime;              /* o: seconds */
	u64 bytes, n, max_bytes;       /* o */
	s32 lspid, lrpid;              /* o */
	u64 changes;                   /* o to write: grows with what a waiter may wait for */
	struct list messages;          /* o: in the order in which they came */
	struct wait_queue wait;        /* senders and receivers */
};

static inline struct msg_queue *msg_queue(struct sysv_object *object)
{
	return container_of(object, struct msg_queue, object);
}

/* Bytes and messages in all queues: a. */
extern u64 msg_total_bytes, msg_total;

/* Something has changed that somebody may wait for. Object locked. */
void msg_queue_changed(struct msg_queue *q);
