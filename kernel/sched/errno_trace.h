/*
 * Errors that threads were given, with the place in the kernel where each began: errno.trace=1 on
 * the command line, /proc/sys/kernel/errno_trace, /proc/[pid]/errno.
 *
 * Each place where an error begins leaves a mark in the notes of the thread (arch/errno_sites.h).
 * When its system call gives an error the notes are put down with it, the last ERRNO_KEPT of them
 * for each thread; which of the marks it was is found out by who reads: the last one with that
 * number. An error that began elsewhere, in an interrupt or another thread, has no mark but where
 * this one took it over (ERRNO_TAKEN), or none at all.
 */
#pragma once

#include "arch/errno_sites.h"
#include "lib/types.h"

struct thread;
struct errno_log;

#define ERRNO_KEPT 16

/* An error that a system call gave. */
struct errno_given {
	u64 time_ns; /* clock_monotonic() */
	u32 call;
	u32 error;   /* positive */
	struct errno_notes notes;
};

/* As the command line says; all processors have started. */
void errno_trace_init(void);
/* Turns it on or off. What has been put down stays. Thread context, no lock. */
void errno_trace_enable(bool on);
bool errno_trace_enabled(void);
/* The current thread's call, interrupted by a signal, gives EINTR after all. Thread context. */
void errno_trace_interrupted(u32 call);
/* The errors of a thread, the oldest first: how many. The thread is referenced; no lock of a rank
 * above RANK_ERRNO. */
unsigned errno_trace_copy(struct thread *thread, struct errno_given out[ERRNO_KEPT]);
/* Where one of them began; false if that is not known. */
bool errno_trace_place(const struct errno_given *given, struct errno_place *out);
/* Frees what a thread has; nobody refers to it any more. */
void errno_trace_free(struct thread *thread);
