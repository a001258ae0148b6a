/*
 * test/host/ext_host_threads.c - wait queues and threads for the real journal on the host.
 *
 * Nothing runs at the same time. Who waits has the requests in flight end; if he waited for
 * something else, a kernel thread's turn has come, which must run to its end: the journal's does
 * when the journal is closed. What it does before that, by the clock, never happens here.
 */
#include "test/host/ext_host_int.h"

#include "sched/thread.h"

#define MOST_THREADS 4u

static struct {
	void (*fn)(void *arg);
	void *arg;
} started[MOST_THREADS];
static unsigned n_started;

int kthread_start(const char *name, void (*fn)(void *arg), void *arg)
{
	if (n_started == MOST_THREADS)
		abort();
	started[n_started].fn = fn;
	started[n_started++].arg = arg;
	return 0;
}

void wait_begin_for(struct wait_queue *q, struct wait_entry *entry, enum thread_state state,
		    bool exclusive, u32 events)
{
	entry->thread = thread_current();
	entry->thread->state = state;
	list_add_tail(&entry->link, &q->entries);
}

void wait_end(struct wait_queue *q, struct wait_entry *entry)
{
	list_del(&entry->link);
	entry->thread->state = THREAD_RUNNING;
}

void wait_wake_slow(struct wait_queue *q, u32 events, unsigned n_exclusive)
{
	struct wait_entry *entry;

	list_for_each_entry(entry, &q->entries, link)
		entry->thread->state = THREAD_RUNNING;
}

bool thread_block_until(u64 deadline_ns)
{
	struct thread *t = thread_current();

	host_io_finish();
	while (t->state != THREAD_RUNNING) {
		if (!n_started) {
			fprintf(stderr, "waits for what never comes\n");
			abort();
		}
		n_started--;
		started[n_started].fn(started[n_started].arg);
	}
	return false;
}

void sched_yield(void)
{
	host_io_finish();
}

void blkdev_put(struct blkdev *d)
{
}
