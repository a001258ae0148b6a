/* When a wait ends at the latest, by either clock. */
#pragma once

#include "lib/types.h"

struct deadline {
	u64 ns;        /* ~0: never */
	bool realtime; /* of the real-time clock, which may be set meanwhile; else monotonic */
};

/*
 * thread_block_until() by either clock: as that of the real-time clock is set, the wait ends sooner
 * or later. Returns true if the time is over.
 */
bool thread_block_by(struct deadline end);
