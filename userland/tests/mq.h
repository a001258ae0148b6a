/*
 * What the tests of POSIX message queues share: a small queue, a signal that is caught, times.
 */
#ifndef MQ_H
#define MQ_H

#include "tap.h"
#include <mqueue.h>

#define NAME "/skerry-test"

static struct mq_attr small = {.mq_maxmsg = 4, .mq_msgsize = 64};

static inline mqd_t make(int flags)
{
	mq_unlink(NAME);
	return must(mq_open(NAME, O_RDWR | O_CREAT | O_EXCL | flags, 0600, &small));
}

static volatile int caught;
static volatile siginfo_t last;

static inline void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)context;
	last = *info;
	caught = signal;
}

static inline void catch(int signal, int flags)
{
	struct sigaction act = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | flags};

	must(sigaction(signal, &act, NULL));
}

#endif
