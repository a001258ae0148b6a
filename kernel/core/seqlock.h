/* Sequence counters: readers retry, one writer at a time (under a lock of its own). */
#pragma once

#include "arch/cpu.h"
#include "lib/types.h"

struct seqcount {
	u32 n; /* odd while a writer is inside */
};

static inline u32 seq_read_begin(const struct seqcount *s)
{
	u32 n;

	while ((n = __atomic_load_n(&s->n, __ATOMIC_ACQUIRE)) & 1)
		cpu_relax();
	return n;
}

/* Whether what was read since seq_read_begin() must be read again. */
static inline bool seq_read_retry(const struct seqcount *s, u32 n)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&s->n, __ATOMIC_RELAXED) != n;
}

static inline void seq_write_begin(struct seqcount *s)
{
	__atomic_store_n(&s->n, s->n + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void seq_write_end(struct seqcount *s)
{
	__atomic_store_n(&s->n, s->n + 1, __ATOMIC_RELEASE);
}
