/*
 * Kernel stacks: areas of the kernel's range, so an overflow meets the guard page below. Mapping
 * and unmapping cost page-table writes and a TLB flush on all CPUs; so each CPU keeps some stacks
 * warm, and a depot takes what one CPU frees in excess and gives it to one that needs it. A system
 * whose threads come and go seldom maps any.
 *
 * Debug builds paint a stack before it is given out, and see how deep the paint is gone.
 *
 * A CPU's stock is used by that CPU with interrupts off, since another one that is short of memory
 * may have it emptied (mm_shrink_stocks()). The depot has a lock (RANK_SLAB).
 */
#include "mm/kmap_int.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/percpu.h"
#include "core/panic.h"
#include "mm/frames_int.h"
#include "mm/kasan_int.h"
#include "mm/poison_int.h"

#define KSTACK_PAGES (KSTACK_SIZE / PAGE_SIZE)
#define WARM_STACKS 16
#define DEPOT_STACKS 64

struct stack_stock {
	u32 count;
	void *stack[WARM_STACKS];
};

static size_t worst_used; /* a: debug builds */
static DEFINE_PERCPU(struct stack_stock, warm);
static struct spinlock depot_lock = SPINLOCK_INIT(RANK_SLAB, "stacks");
static u32 depot_count;              /* depot_lock */
static void *depot[DEPOT_STACKS];    /* depot_lock */

/* Half a stock from the depot, or less. Interrupts off. */
static void stock_fill(struct stack_stock *stock)
{
	spin_lock(&depot_lock);
	while (depot_count && stock->count < WARM_STACKS / 2)
		stock->stack[stock->count++] = depot[--depot_count];
	spin_unlock(&depot_lock);
}

/* All but `keep` stacks to the depot, or as many as find room there. Interrupts off. */
static void stock_drain(struct stack_stock *stock, u32 keep, u64 room)
{
	spin_lock(&depot_lock);
	while (depot_count < room && stock->count > keep)
		depot[depot_count++] = stock->stack[--stock->count];
	spin_unlock(&depot_lock);
}

/* A warm stack of this CPU's or the depot's, or NULL. */
static void *warm_get(void)
{
	u64 flags = irq_save();
	struct stack_stock *stock = this_cpu_ptr(warm);
	void *stack = NULL;

	if (unlikely(!stock->count && READ_ONCE(depot_count)))
		stock_fill(stock);
	if (likely(stock->count))
		stack = stock->stack[--stock->count];
	irq_restore(flags);
	return stack;
}

/* Keeps it for the next thread, unless there are enough: whether it does. */
static bool warm_put(void *stack)
{
	/* In a small machine the depot has less room. */
	u64 room = min_t(u64, frames.total / (KSTACK_PAGES * 256), DEPOT_STACKS);
	u64 flags = irq_save();
	struct stack_stock *stock = this_cpu_ptr(warm);
	bool kept;

	if (unlikely(stock->count == WARM_STACKS))
		stock_drain(stock, WARM_STACKS / 2, room);
	kept = stock->count < WARM_STACKS;
	if (likely(kept))
		stock->stack[stock->count++] = stack;
	irq_restore(flags);
	return kept;
}

static void *stack_get(void)
{
	struct kmap_area *area;
	void *stack = warm_get();

	if (likely(stack))
		return stack;
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

/* Fills what the last owner has used, from its lowest place up. */
static void stack_paint(void *stack)
{
	u64 *word = stack;
	unsigned n = 0;

	while (n < KSTACK_SIZE / 8 && word[n] == STACK_PAINT)
		n++;
	for (; n < KSTACK_SIZE / 8; n++)
		word[n] = STACK_PAINT;
}

/* A thread has ended: how deep it went. */
static void stack_note(void *stack)
{
	size_t used = kstack_used(stack), worst = READ_ONCE(worst_used);

	while (used > worst &&
	       !__atomic_compare_exchange_n(&worst_used, &worst, used, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED))
		;
}

void *kstack_alloc(void)
{
	void *stack = stack_get();

	if (KASAN && stack)
		kasan_unpoison(stack, KSTACK_SIZE);
	if (MM_DEBUG && stack)
		stack_paint(stack);
	return stack;
}

/* Through the physical memory, since the stack may be unmapped meanwhile. */
no_kasan size_t kstack_used(const void *stack)
{
	size_t painted = 0;
	paddr_t pa;

	if (!MM_DEBUG)
		return 0;
	while (painted < KSTACK_SIZE && mmu_translate_kernel((vaddr_t)stack + painted, &pa)) {
		const u64 *word = phys_to_virt(pa);
		unsigned n = 0;

		while (n < PAGE_SIZE / 8 && word[n] == STACK_PAINT)
			n++;
		painted += n * 8;
		if (n < PAGE_SIZE / 8)
			break;
	}
	return KSTACK_SIZE - painted;
}

size_t kstack_worst(void)
{
	return READ_ONCE(worst_used);
}

static void stack_destroy(void *stack)
{
	struct kmap_area *area = kmap_find((vaddr_t)stack);

	if (!area || area->kind != KMAP_STACK || area->start != (vaddr_t)stack)
		panic("kstack_free: %p was not allocated", stack);
	kmap_retire(area);
	this_cpu_add(mm_stack_frames, -(s64)KSTACK_PAGES);
}

void kstack_free(void *stack)
{
	if (MM_DEBUG)
		stack_note(stack);
	kasan_poison(stack, KSTACK_SIZE, KASAN_STACK_FREE);
	if (unlikely(frames_unused() < frames.mark_low) || !warm_put(stack))
		stack_destroy(stack);
}

void kstack_drain_cpu(void)
{
	u64 flags = irq_save();

	stock_drain(this_cpu_ptr(warm), 0, DEPOT_STACKS);
	irq_restore(flags);
}

u64 kstack_shrink(void)
{
	u64 freed = 0;
	void *stack;

	while ((stack = warm_get())) {
		stack_destroy(stack);
		freed += KSTACK_PAGES;
	}
	return freed;
}
