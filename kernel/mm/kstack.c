/*
 * Kernel stacks: areas of the kernel's range, so an overflow meets the guard page below. Mapping and unmapping cost
 * page-table writes and a TLB flush on all CPUs; so each CPU keeps some stacks warm, and a system whose threads come
 * and go seldom maps any.
 *
 * The cache is used in thread context only, where its CPU is its owner's: no lock.
 */
#include "mm/kmap_int.h"

#include "arch/mmu.h"
#include "arch/percpu.h"
#include "core/panic.h"
#include "mm/frames_int.h"

#define KSTACK_PAGES (KSTACK_SIZE / PAGE_SIZE)
#define WARM_STACKS 16

struct stack_cache {
	u32 count;
	void *stack[WARM_STACKS];
};

static DEFINE_PERCPU(struct stack_cache, warm);

void *kstack_alloc(void)
{
	struct stack_cache *cache = this_cpu_ptr(warm);
	struct kmap_area *area;

	if (likely(cache->count))
		return cache->stack[--cache->count];
	area = kmap_reserve(KSTACK_PAGES, KMAP_STACK, MM_KERNEL);
	if (!area)
		return NULL;
	if (kmap_populate(area, MM_KERNEL)) {
		kmap_release(area);
		return NULL;
	}
	this_cpu_add(mm_stack_frames, (s64)KSTACK_PAGES);
	return (void *)area->start;
}

static void stack_destroy(void *stack)
{
	struct kmap_area *area = kmap_find((vaddr_t)stack);

	if (!area || area->kind != KMAP_STACK || area->start != (vaddr_t)stack)
		panic("kstack_free: %p was not allocated", stack);
	kmap_clear(area);
	kmap_release(area);
	this_cpu_add(mm_stack_frames, -(s64)KSTACK_PAGES);
}

void kstack_free(void *stack)
{
	struct stack_cache *cache = this_cpu_ptr(warm);

	if (likely(cache->count < WARM_STACKS) && likely(frames_unused() >= frames.mark_low))
		cache->stack[cache->count++] = stack;
	else
		stack_destroy(stack);
}

u64 kstack_shrink(void)
{
	u64 freed = 0;

	while (this_cpu_ptr(warm)->count) {
		struct stack_cache *cache = this_cpu_ptr(warm);

		stack_destroy(cache->stack[--cache->count]);
		freed += KSTACK_PAGES;
	}
	return freed;
}
