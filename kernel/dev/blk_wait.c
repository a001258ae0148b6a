/*
 * Requests that their submitter waits for: the only place below the file systems where a thread
 * sleeps for a device. The sleep is uninterruptible: the device may be writing to the caller's
 * pages until it is done.
 */
#include "dev/blk_int.h"

#include "abi/errno.h"
#include "sched/thread.h"

/* On the waiter's stack. The one who completes holds a reference to the thread, as the stack is
 * gone once `done` is seen. */
struct blk_waiter {
	struct thread *thread;
	bool done; /* a */
};

static void waiter_done(struct blk_request *req)
{
	struct blk_waiter *w = req->data;
	struct thread *t = w->thread;

	thread_get(t);
	__atomic_store_n(&w->done, true, __ATOMIC_SEQ_CST);
	thread_wake(t);
	thread_put(t);
}

int blk_submit_wait(struct blk_request *req)
{
	struct thread *t = thread_current();
	struct blk_waiter w = { .thread = t };
	const char *reason = t->wait_reason;

	might_sleep();
	req->done = waiter_done;
	req->data = &w;
	blk_submit(req);
	blk_plug_flush();
	t->in_iowait = true;
	t->wait_reason = "disk";
	for (;;) {
		thread_prepare(THREAD_UNINTERRUPTIBLE);
		if (__atomic_load_n(&w.done, __ATOMIC_SEQ_CST))
			break;
		thread_block();
	}
	thread_running();
	t->wait_reason = reason;
	t->in_iowait = false;
	return ERRNO_TAKEN(req->error);
}

int blk_flush(struct blkdev *dev)
{
	struct blk_request req = { .dev = dev, .op = BLK_FLUSH };

	return blk_submit_wait(&req);
}

int blk_discard(struct blkdev *dev, lba_t lba, u64 n_sectors)
{
	while (n_sectors) {
		u32 n = (u32)min(n_sectors, (u64)1 << 30);
		struct blk_request req = {
			.dev = dev,
			.op = BLK_DISCARD,
			.lba = lba,
			.n_sectors = n,
		};
		int err = blk_submit_wait(&req);

		if (err)
			return err;
		lba += n;
		n_sectors -= n;
	}
	return 0;
}
