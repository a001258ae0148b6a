/*
 * Where errors begin (abi/errno.h). Each such place is a no-operation in the code, and a line of a
 * table: where, which file and line, which number. While tracing is on the no-operations are calls
 * that put a mark into the notes of the running thread: nothing for interrupt handlers and soft
 * work, whose errors are not that thread's. Another one in the entry code calls upcall_errno() when
 * a system call gives an error, and else empties the notes.
 *
 * What becomes of the notes is sched's affair (sched/errno_trace.h).
 */
#pragma once

#include "lib/types.h"

#define ERRNO_NOTES 8 /* a power of two; the entry code knows it */

/* The last marks of a system call. o: the thread's own. */
struct errno_notes {
	u32 n;                 /* how many there were; that of the i-th is at[i % ERRNO_NOTES] */
	u32 at[ERRNO_NOTES];
};

struct errno_place {
	const char *file; /* below kernel/ */
	unsigned line;
	unsigned number;  /* of the error; 0: any, it was taken over from elsewhere */
};

/* The place that left a mark; false if there is none. Any context. */
bool errno_place_find(u32 mark, struct errno_place *out);

/* Has the places leave marks, or not, on all processors. One call at a time; interrupts on. */
void errno_sites_arm(bool on);
