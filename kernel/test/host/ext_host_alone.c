/*
 * test/host/ext_host_alone.c - wait queues where nobody else runs: there is nobody to wait for, nor
 * to wake.
 */
#include "test/host/ext_host_int.h"

#include "sched/thread.h"

void wait_wake_slow(struct wait_queue *q, u32 events, unsigned n_exclusive) { abort(); }
void wait_end(struct wait_queue *q, struct wait_entry *entry) { abort(); }
bool thread_block_until(u64 deadline_ns) { abort(); }

void wait_begin_for(struct wait_queue *q, struct wait_entry *entry, enum thread_state state,
		    bool exclusive, u32 events)
{
	abort();
}
