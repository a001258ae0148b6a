/*
 * test/host/fat_host_wait.c - wait queues and signals for fs/fat on the host, where nobody else can
 * make anything happen: who has to wait would wait for ever.
 */
#include "test/host/ext_host_int.h"

#include "sched/wait.h"

void wait_wake_slow(struct wait_queue *q, u32 events, unsigned n) { }
void wait_begin_for(struct wait_queue *q, struct wait_entry *e, enum thread_state state, bool x,
		    u32 events)
{
	abort();
}
void wait_end(struct wait_queue *q, struct wait_entry *entry) { }
void thread_block(void) { abort(); }
bool thread_block_until(u64 deadline_ns) { abort(); }
bool thread_fatal_pending(void) { return false; }
