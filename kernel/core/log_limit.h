/*
 * For a speaker whom somebody else makes talk, and who must not flood the log.
 */
#pragma once

#include "core/clock.h"

#define LOG_BURST	10u
#define LOG_BURST_NS	(5ull * NSEC_PER_SEC)

/* Begins as zero. */
struct log_limit {
	u64 begun_ns;	/* a: of the burst */
	u32 count;	/* a: messages in it */
};

/* Whether one more message may go out now: LOG_BURST of them in LOG_BURST_NS. Any context; several
 * at once may get a few more. */
static inline bool log_limit_pass(struct log_limit *limit)
{
	u64 now = clock_monotonic();

	if (now - READ_ONCE(limit->begun_ns) > LOG_BURST_NS || !READ_ONCE(limit->begun_ns)) {
		WRITE_ONCE(limit->begun_ns, now);
		WRITE_ONCE(limit->count, 0);
	}
	return READ_ONCE(limit->count) < LOG_BURST &&
	       __atomic_fetch_add(&limit->count, 1, __ATOMIC_RELAXED) < LOG_BURST;
}
