/*
 * Plugging: a thread that is about to submit several requests says so, and they are held back until
 * it has submitted them all, so that neighbours travel as one. The plug hangs on the thread
 * (thread->plug) and belongs to it alone; interrupt handlers that submit go past it. A thread that
 * blocks might be waiting for what it holds back, so thread_block() sends that off first. If there
 * is no memory for the plug nothing is held back.
 */
#include "dev/blk_int.h"

#include "arch/irq.h"
#include "mm/slab.h"
#include "sched/thread.h"

#define PLUG_MAX 32 /* requests held back at most */

/* o: its thread. */
struct blk_plug {
	struct list requests; /* o */
	unsigned n;           /* o */
	unsigned depth;       /* o: nested blk_plug() */
};

void blk_plug(void)
{
	struct thread *t = thread_current();
	struct blk_plug *plug = t->plug;

	if (!plug) {
		plug = kzalloc(sizeof(*plug), MM_ATOMIC);
		if (!plug)
			return;
		list_init(&plug->requests);
		t->plug = plug;
	}
	plug->depth++;
}

void blk_unplug(void)
{
	struct thread *t = thread_current();
	struct blk_plug *plug = t->plug;

	if (!plug || --plug->depth)
		return;
	blk_plug_flush();
	t->plug = NULL;
	kfree(plug);
}

bool blk_plug_add(struct blk_request *req)
{
	struct blk_plug *plug = thread_current()->plug;

	if (likely(!plug) || req->alone || irq_in_handler())
		return false;
	list_add_tail(&req->link, &plug->requests);
	if (++plug->n >= PLUG_MAX)
		blk_plug_flush();
	return true;
}

void blk_plug_flush(void)
{
	struct blk_plug *plug = thread_current()->plug;
	struct list requests = LIST_INIT(requests);

	if (!plug || !plug->n)
		return;
	plug->n = 0;
	list_splice_init(&plug->requests, &requests);
	blk_queue_list(&requests);
}
