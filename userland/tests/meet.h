/* Threads and processes that hammer one part of the system for a moment: test_meet.c has those that
 * meet at names and files, test_cross.c those that lock, wait and end. */
#ifndef MEET_H
#define MEET_H

#include "tap.h"
#include <pthread.h>

#define MOMENT 800000000 /* ns that a test hammers */

static _Atomic int bad, done;
static int64_t end;

static inline void begin(void)
{
	bad = done = 0;
	end = tap_now() + MOMENT;
}

static inline bool go_on(void)
{
	return !done && tap_now() < end;
}

/* Runs the functions in a thread each until all are back. */
static inline void together(int n, void *(*const *run)(void *), void *argument)
{
	pthread_t thread[8];

	for (int i = 0; i < n; i++)
		must(pthread_create(&thread[i], NULL, run[i], argument));
	for (int i = 0; i < n; i++)
		must(pthread_join(thread[i], NULL));
}

#endif
