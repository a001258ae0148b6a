/*
 * Waiting for several files at once: a poll set hangs an entry on each queue that poll_wait()
 * names, and any wake on one of them wakes the thread. The first entries are in the set, further
 * ones in blocks on the heap.
 */
#include "core/panic.h"
#include "mm/slab.h"
#include "vfs/file.h"

#define BLOCK_ENTRIES 32

struct poll_slot {
	struct wait_entry entry;
	struct wait_queue *queue;
	struct poll_set *set;
};

struct poll_waiter {
	struct poll_waiter *next;
	unsigned n;
	struct poll_slot slot[BLOCK_ENTRIES];
};

/* The queue is locked, interrupts are off. */
static bool wake_set(struct poll_set *set)
{
	__atomic_store_n(&set->woken, true, __ATOMIC_RELEASE);
	return thread_wake(set->thread);
}

static bool wake_fast(struct wait_entry *entry, u32 events)
{
	return wake_set(
		container_of(entry, __typeof__(((struct poll_set *)0)->fast[0]), entry)->set);
}

static bool wake_slot(struct wait_entry *entry, u32 events)
{
	return wake_set(container_of(entry, struct poll_slot, entry)->set);
}

/* A slot on the heap, or NULL. */
static struct poll_slot *slot_get(struct poll_set *s)
{
	struct poll_waiter *block = s->heap;

	if (!block || block->n == BLOCK_ENTRIES) {
		block = kmalloc(sizeof(*block), MM_KERNEL);
		if (!block)
			return NULL;
		block->n = 0;
		block->next = s->heap;
		s->heap = block;
	}
	return &block->slot[block->n++];
}

static void poll_set_add(struct poll_table *table, struct wait_queue *queue)
{
	struct poll_set *s = container_of(table, struct poll_set, table);
	struct poll_slot *slot;

	if (s->n < ARRAY_SIZE(s->fast)) {
		__typeof__(&s->fast[0]) fast = &s->fast[s->n++];

		fast->queue = queue;
		fast->set = s;
		fast->entry = (struct wait_entry){ .wake = wake_fast };
		wait_add(queue, &fast->entry);
		return;
	}
	slot = slot_get(s);
	if (!slot) {
		s->error = -ENOMEM;
		return;
	}
	slot->queue = queue;
	slot->set = s;
	slot->entry = (struct wait_entry){ .wake = wake_slot };
	wait_add(queue, &slot->entry);
}

void poll_set_init(struct poll_set *s)
{
	s->table.add = poll_set_add;
	s->table.events = 0;
	s->thread = thread_current();
	s->woken = false;
	s->error = 0;
	s->n = 0;
	s->heap = NULL;
}

void poll_set_fini(struct poll_set *s)
{
	for (unsigned i = 0; i < s->n; i++)
		wait_remove(s->fast[i].queue, &s->fast[i].entry);
	s->n = 0;
	while (s->heap) {
		struct poll_waiter *block = s->heap;

		for (unsigned i = 0; i < block->n; i++)
			wait_remove(block->slot[i].queue, &block->slot[i].entry);
		s->heap = block->next;
		kfree(block);
	}
}

int poll_set_sleep(struct poll_set *s, u64 deadline_ns)
{
	bool late = false;
	int err = 0;

	thread_prepare(THREAD_INTERRUPTIBLE);
	if (!__atomic_load_n(&s->woken, __ATOMIC_ACQUIRE)) {
		if (thread_signal_pending())
			err = -ERESTARTNOHAND;
		else
			late = thread_block_until(deadline_ns);
	}
	thread_running();
	if (__atomic_exchange_n(&s->woken, false, __ATOMIC_ACQ_REL))
		return 0;
	if (err == 0 && thread_signal_pending())
		err = -ERESTARTNOHAND;
	return err ? err : late ? -ETIMEDOUT : 0;
}
