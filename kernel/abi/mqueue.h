/*
 * abi/mqueue.h - POSIX message queues (mq_overview(7)).
 */
#ifndef ABI_MQUEUE_H
#define ABI_MQUEUE_H

#include "abi/types.h"

struct mq_attr {
	s64 mq_flags;
	s64 mq_maxmsg;
	s64 mq_msgsize;
	s64 mq_curmsgs;
	s64 __reserved[4];
};

#define MQ_PRIO_MAX	32768

/* mq_notify(2) with SIGEV_THREAD: what is sent to the socket; its last byte says what happened. */
#define NOTIFY_COOKIE_LEN	32
#define NOTIFY_NONE		0
#define NOTIFY_WOKENUP		1
#define NOTIFY_REMOVED		2

#endif
