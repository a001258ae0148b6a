/*
 * Storage for requests with room for pieces. Pages must be writable when there is no memory left,
 * since writing them is what frees some: so a small reserve is kept, and who finds it empty waits
 * for a request in flight to come back. That cannot dead-lock as long as nobody holds one
 * unsubmitted while asking for another.
 *
 * Lock: `lock` guards the reserve.
 */
#include "dev/blk_int.h"

#include "core/panic.h"
#include "lib/string.h"
#include "mm/slab.h"

#define RESERVE 16
#define SET_ASIDE 4 /* of these, for threads that free memory */

static struct spinlock lock = SPINLOCK_INIT(RANK_DRIVER, "blk pool");
static struct list reserve = LIST_INIT(reserve);
static unsigned n_reserve; /* in the list */
static struct wait_queue waiters = WAIT_QUEUE_INIT(waiters);

static size_t request_bytes(unsigned n_pieces)
{
	return sizeof(struct blk_request) + n_pieces * sizeof(struct dma_piece);
}

void blk_pool_init(void)
{
	for (unsigned i = 0; i < RESERVE; i++) {
		struct blk_request *req = kzalloc(request_bytes(BLK_RESERVE_PIECES), MM_KERNEL);

		if (!req)
			panic("blk: no memory for the reserve of requests");
		list_add(&req->link, &reserve);
		n_reserve++;
	}
}

/* The last ones are for those whom the others may be waiting for. */
static struct blk_request *reserve_take(void)
{
	u64 flags = spin_lock_irq(&lock);
	struct blk_request *req = NULL;

	if (n_reserve > (thread_current()->frees_memory ? 0 : SET_ASIDE)) {
		req = list_first_entry(&reserve, struct blk_request, link);
		list_del(&req->link);
		n_reserve--;
	}
	spin_unlock_irq(&lock, flags);
	return req;
}

struct blk_request *blk_request_alloc(unsigned n_pieces)
{
	struct blk_request *req;

	kassert(n_pieces <= BLK_RESERVE_PIECES);
	req = kmalloc(request_bytes(n_pieces), MM_ATOMIC);
	if (likely(req)) {
		memset(req, 0, sizeof(*req));
	} else {
		wait_until(&waiters, (req = reserve_take()) != NULL);
		memset(req, 0, sizeof(*req));
		req->reserve = true;
	}
	req->pieces = (struct dma_piece *)(req + 1);
	return req;
}

void blk_request_free(struct blk_request *req)
{
	u64 flags;

	if (!req->reserve) {
		kfree(req);
		return;
	}
	flags = spin_lock_irq(&lock);
	list_add(&req->link, &reserve);
	n_reserve++;
	spin_unlock_irq(&lock, flags);
	wait_wake(&waiters, 0);
}
