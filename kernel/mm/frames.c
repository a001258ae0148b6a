/*
 * Page frames: allocation and release.
 *
 * Two buddies hold the free blocks, one of frames below 4 GiB and one of those above; one lock
 * guards both. Single frames, by far the most, pass through a small stack of frames on each CPU,
 * refilled and drained by the batch, which takes neither lock nor interrupt flag: its owner marks
 * it busy while inside, and an interrupt handler that finds it so goes to the buddies instead.
 *
 * Marks, in free frames: below `low` vm's background reclaim is woken; below `min` only callers
 * that may not sleep get more (the emergency reserve: an interrupt handler cannot wait, and reclaim
 * itself needs memory to free memory).
 *
 * A frame has its reference count from here (1); who drops the last one comes back through
 * page_release(), so a reader that took a reference for a moment (page_try_get) may be the one that
 * frees.
 *
 * Locks: frames.lock (RANK_FRAMES), interrupts off. The hook `wake` is called without it, but
 * perhaps under the allocating caller's own locks: MM_ATOMIC callers hold none of RANK_WAIT and
 * above.
 */
#include "mm/frames_int.h"

#include "core/fail.h"
#include "core/log.h"
#include "core/panic.h"
#include "mm/kasan_int.h"
#include "mm/poison_int.h"

#define FRAME_STACK_SLOTS 128

/* The CPU's own; interrupts look at `busy`. */
struct frame_stack {
	u32 busy;
	u32 count;
	struct page *frame[FRAME_STACK_SLOTS];
};

static DEFINE_PERCPU(struct frame_stack, frame_stack);
struct frames frames = { .lock = SPINLOCK_INIT(RANK_FRAMES, "frames") };

static_assert(sizeof(struct page) == 64, "64 entries fill one page of the array");

static no_kasan void poison_write(struct page *page, unsigned order)
{
	for (unsigned i = 0; i < 1u << order; i++) {
		u64 *word = page_to_virt(page + i);

		for (unsigned k = 0; k < PAGE_SIZE / 8; k++)
			word[k] = POISON_FRAME;
		page[i].flags |= PG_POISONED;
	}
}

static no_kasan void poison_check(struct page *page, unsigned order)
{
	for (unsigned i = 0; i < 1u << order; i++) {
		const u64 *word = page_to_virt(page + i);

		if (!(page[i].flags & PG_POISONED))
			continue;
		for (unsigned k = 0; k < PAGE_SIZE / 8; k++)
			if (word[k] != POISON_FRAME)
				panic("frame %llx was written after it was freed: %016llx at %x",
				      (unsigned long long)page_to_phys(page + i),
				      (unsigned long long)word[k], k * 8);
		page[i].flags &= ~PG_POISONED;
	}
}

/* Makes a block that left the allocator the caller's. */
static inline struct page *block_prepare(struct page *page, unsigned order, unsigned flags)
{
	if (MM_DEBUG)
		poison_check(page, order);
	kasan_frames_alloc(page, order);
	page->flags = order ? PG_LARGE : 0;
	page->order = order;
	page->map_count = 0;
	page->cache = NULL;
	page->index = 0;
	page->private = 0;
	__atomic_store_n(&page->refs, 1, __ATOMIC_RELEASE);
	if (flags & MM_ZERO)
		for (unsigned i = 0; i < 1u << order; i++)
			page_clear(page_to_virt(page + i));
	return page;
}

/* Whether an allocation with `flags` may leave `left` frames free. */
static inline bool above_marks(u64 left, unsigned flags)
{
	return !(flags & (MM_WAIT | MM_GUARDED_)) || left >= frames.mark_min;
}

static struct page *zone_alloc(enum frame_zone zone, unsigned order)
{
	struct page *page;

	do {
		page = buddy_alloc(&frames.zone[zone], order);
	} while (!page && page_array_grow_locked(zone));
	return page;
}

/* Takes up to n blocks from the buddies: how many. */
static unsigned buddies_take(struct page **out, unsigned n, unsigned order, unsigned flags)
{
	u64 irq = spin_lock_irq(&frames.lock);
	unsigned got = 0;
	u64 left;

	while (got < n) {
		struct page *page = NULL;

		left = frames_unused();
		if (left < (1u << order) || !above_marks(left - (1u << order), flags))
			break;
		/* The reserve is given out by the piece, lest it wait in a CPU's list. */
		if (got && left < frames.mark_min)
			break;
		if (!(flags & MM_DMA32))
			page = zone_alloc(ZONE_HIGH, order);
		if (!page && ((flags & MM_DMA32) || !(flags & MM_WAIT) ||
			      zone_free(ZONE_LOW) >= frames.low_reserve))
			page = zone_alloc(ZONE_LOW, order);
		if (!page)
			break;
		out[got++] = page;
	}
	left = frames_unused();
	spin_unlock_irq(&frames.lock, irq);
	if (unlikely(left < frames.mark_low) && frames.wake)
		frames.wake();
	return got;
}

static void buddies_give(struct page *const *in, unsigned n, unsigned order)
{
	u64 irq = spin_lock_irq(&frames.lock);

	for (unsigned i = 0; i < n; i++) {
		enum frame_zone zone = page_to_pfn(in[i]) >= ZONE_LOW_END ? ZONE_HIGH : ZONE_LOW;

		buddy_free(&frames.zone[zone], in[i], order);
	}
	spin_unlock_irq(&frames.lock, irq);
}

/* Fills an empty stack so that frames leave it with rising addresses: pages that are allocated one
 * after the other then lie side by side, and a device takes them as one segment. */
static void stack_fill(struct frame_stack *s, unsigned flags)
{
	s->count = buddies_take(s->frame, frames.stack_batch, 0, flags);
	for (unsigned i = 0; i < s->count / 2; i++)
		swap(s->frame[i], s->frame[s->count - 1 - i]);
}

/* A single frame through this CPU's stack; NULL if there is none, or an interrupt found it in
 * use. */
static inline struct page *stack_pop(unsigned flags)
{
	struct frame_stack *s = this_cpu_ptr(frame_stack);
	struct page *page = NULL;

	if (unlikely(s->busy))
		return NULL;
	s->busy = 1;
	barrier();
	if (unlikely(!s->count))
		stack_fill(s, flags);
	if (likely(s->count))
		page = s->frame[--s->count];
	barrier();
	s->busy = 0;
	return page;
}

static inline bool stack_push(struct page *page)
{
	struct frame_stack *s = this_cpu_ptr(frame_stack);

	if (unlikely(s->busy))
		return false;
	s->busy = 1;
	barrier();
	if (unlikely(s->count >= frames.stack_max)) {
		/* The oldest go: their bytes have left the caches. */
		unsigned rest = s->count - frames.stack_batch;

		buddies_give(s->frame, frames.stack_batch, 0);
		for (unsigned i = 0; i < rest; i++)
			s->frame[i] = s->frame[i + frames.stack_batch];
		s->count = rest;
	}
	s->frame[s->count++] = page;
	barrier();
	s->busy = 0;
	return true;
}

struct page *frames_try(unsigned order, unsigned flags)
{
	struct page *page = NULL;

	if (order == 0 && !((flags & MM_DMA32) && frames.low_reserve))
		page = stack_pop(flags);
	if (!page && !buddies_take(&page, 1, order, flags))
		return NULL;
	return block_prepare(page, order, flags);
}

struct page *page_alloc_order(unsigned order, unsigned flags)
{
	struct page *page;

	if (flags & MM_WAIT)
		might_sleep();
	if (fail_now(FAIL_ALLOC))
		return NULL;
	if (likely(order == 0 && !(flags & MM_DMA32))) {
		page = stack_pop(flags);
		if (likely(page))
			return block_prepare(page, 0, flags);
	} else if (unlikely(order >= BUDDY_ORDERS)) {
		return NULL;
	}
	page = frames_try(order, flags);
	if (likely(page) || !(flags & MM_WAIT))
		return page;
	return frames_alloc_slow(order, flags);
}

struct page *frames_alloc_below(unsigned order, pfn_t limit, unsigned flags)
{
	struct page *page;
	u64 irq;

	if (order >= BUDDY_ORDERS)
		return NULL;
	irq = spin_lock_irq(&frames.lock);
	page_array_grow_below_locked(limit);
	page = buddy_alloc_below(&frames.zone[ZONE_LOW], order, limit);
	spin_unlock_irq(&frames.lock, irq);
	return page ? block_prepare(page, order, flags) : NULL;
}

/* A frame that somebody still uses, or that is free already, is kept out of the allocator: losing
 * it is the smaller harm. */
static __cold __noinline void page_bad(struct page *page, const char *what)
{
	log_err("mm: bad page %llx freed (%s): flags %x, mapped %d, order %u",
		(unsigned long long)page_to_phys(page), what, page->flags, page->map_count,
		page->order);
	backtrace_log();
	if (MM_DEBUG)
		panic("mm: bad page");
}

/* What a frame that is freed must not be. */
#define IN_USE \
	(PG_RESERVED | PG_BUDDY | PG_SLAB | PG_LOCKED | PG_WRITEBACK | PG_LRU | PG_POISONED)

void page_release(struct page *page)
{
	u32 flags = page->flags;
	unsigned order = flags & PG_LARGE ? page->order : 0;

	if (unlikely((flags & IN_USE) || page->map_count)) {
		page_bad(page, flags & (PG_BUDDY | PG_POISONED) ? "free already" : "in use");
		return;
	}
	page->flags = 0;
	if (MM_DEBUG)
		poison_write(page, order);
	kasan_frames_free(page, order);
	if (order || !stack_push(page))
		buddies_give(&page, 1, order);
}

void page_free_order(struct page *page, unsigned order)
{
	u32 had = page->flags & PG_LARGE ? page->order : 0;

	if (unlikely(had != order || !page->refs)) {
		page_bad(page, page->refs ? "wrong order" : "free already");
		return;
	}
	page_put(page);
}

void page_split_order(struct page *page, unsigned order)
{
	for (unsigned i = 0; i < 1u << order; i++) {
		struct page *p = page + i;

		p->flags = 0;
		p->order = 0;
		p->map_count = 0;
		p->cache = NULL;
		p->index = 0;
		p->private = 0;
		__atomic_store_n(&p->refs, 1, __ATOMIC_RELEASE);
	}
}

void mm_free_blocks(enum mm_zone zone, u64 n[MM_ORDERS])
{
	u64 irq = spin_lock_irq(&frames.lock);

	for (unsigned order = 0; order < MM_ORDERS; order++)
		n[order] = frames.zone[zone].n_blocks[order];
	/* What the array does not describe yet is free in chunks of the greatest order. */
	n[MM_ORDERS - 1] += frames.pending[zone] >> (MM_ORDERS - 1);
	spin_unlock_irq(&frames.lock, irq);
}

void page_release_block(struct page *page, unsigned order)
{
	u32 bad = 0;

	for (unsigned i = 0; i < 1u << order; i++)
		bad |= (page[i].flags & IN_USE) | (u32)page[i].map_count;
	if (unlikely(bad)) {
		for (unsigned i = 0; i < 1u << order; i++)
			page_release(page + i);
		return;
	}
	for (unsigned i = 0; i < 1u << order; i++)
		page[i].flags = 0;
	page->flags = PG_LARGE;
	page->order = order;
	page_release(page);
}

u64 frames_drain_cpu(void)
{
	struct frame_stack *s = this_cpu_ptr(frame_stack);
	unsigned n;

	if (s->busy)
		return 0;
	s->busy = 1;
	barrier();
	n = s->count;
	buddies_give(s->frame, n, 0);
	s->count = 0;
	barrier();
	s->busy = 0;
	return n;
}

u64 mm_free_frames(void)
{
	u64 n = frames_unused();

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		n += READ_ONCE(percpu_ptr(frame_stack, cpu)->count);
	return n;
}

u64 mm_mark_low(void) { return frames.mark_low; }
u64 mm_mark_min(void) { return frames.mark_min; }
