/*
 * When there is too little memory. In this order: what the allocators themselves keep in stock
 * (empty slabs, cached stacks, frames: this CPU's, and when it gets serious that of all), vm's
 * reclaim, and the killing of a process. Each step is tried again as long as it brings something;
 * an allocation of many frames in a row gives up early, for killing seldom makes neighbours free.
 *
 * Before: frames.c, from page_alloc_order() in thread context without spinlocks. After: vm's hooks.
 */
#include "mm/frames_int.h"

#include "arch/cpu.h"
#include "arch/percpu.h"
#include "mm/slab.h"
#include "mm/slab_int.h"

#define COSTLY_ORDER 3
#define MAX_ROUNDS 256
#define RECLAIM_BATCH 32

void mm_set_reclaim(u64 (*reclaim)(u64 n, unsigned flags), bool (*oom)(unsigned order),
		    void (*wake)(void))
{
	frames.oom = oom;
	frames.wake = wake;
	store_release(&frames.reclaim, reclaim);
}

/* In the interrupt of another CPU. One that is within its stock of objects or frames keeps that;
 * stacks go to the depot. */
static void drain_here(void *arg)
{
	slab_drain_cpu();
	kstack_drain_cpu();
	frames_drain_cpu();
}

static u64 stock_shrink(void)
{
	return slab_shrink() + kstack_shrink() + frames_drain_cpu();
}

u64 mm_shrink_stocks(void)
{
	u64 others = cpus_online() & ~BIT(cpu_id()), before = frames_unused(), after;

	/* The depot shall have room for the others' stacks. */
	(void)kstack_shrink();
	if (others)
		cpu_call(others, drain_here, NULL);
	/* The others' objects may have left slabs empty. */
	(void)stock_shrink();
	after = frames_unused();
	return after > before ? after - before : 0;
}

struct page *frames_alloc_slow(unsigned order, unsigned flags)
{
	struct page *page;

	/* A single page is waited for as long as reclaim makes progress: others are just faster. */
	for (unsigned round = 0; round < MAX_ROUNDS || !(order || (flags & MM_NOFS)); round++) {
		u64 freed = stock_shrink(), got = 0;

		page = frames_try(order, flags);
		if (page)
			return page;
		if (frames.reclaim)
			got = frames.reclaim(max((u64)RECLAIM_BATCH, (u64)2 << order), flags);
		page = frames_try(order, got == MM_USE_RESERVE ? flags & ~(u32)MM_WAIT : flags);
		if (page)
			return page;
		freed += got == MM_USE_RESERVE ? 1 : got;
		if (order == 0 && freed == 0 && mm_shrink_stocks()) {
			page = frames_try(order, flags);
			if (page)
				return page;
		}
		if (flags & MM_NORETRY)
			return NULL;
		if (order > COSTLY_ORDER && round >= 4)
			return NULL;
		if (freed)
			continue;
		/* A caller that holds a file system's locks kept reclaim from its best prey: no
		 * reason to kill. */
		if ((flags & MM_NOFS) || order > COSTLY_ORDER || !frames.oom || !frames.oom(order))
			return NULL;
	}
	return NULL;
}
