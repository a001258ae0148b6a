/*
 * Where exec puts things. From the top: the stack, at a random distance below the end of user
 * space; below it room for the stack to grow to its limit; then mappings, searched downward from a
 * random start; position-independent programs at two thirds of user space; the heap a random
 * distance above the program's data. The amounts of randomness are those that x86_64 programs are
 * used to: 22 bits of stack, 28 of mappings and programs, 13 of heap, in pages.
 */
#include "core/random.h"
#include "vm/vm_int.h"

#define STACK_RANDOM_PAGES BIT(22)
#define TOP ((u64)USER_TOP)
#define MMAP_RANDOM_PAGES  BIT(28)
#define BRK_RANDOM_PAGES   BIT(13)
#define STACK_GAP_MIN      MIB(128)
#define PIE_BASE           align_down(TOP / 3 * 2, (u64)LARGE_PAGE_SIZE)

static u64 random_pages(u64 n, bool random)
{
	return random ? random_below(n) << PAGE_SHIFT : 0;
}

vaddr_t aspace_layout(struct aspace *as, bool random)
{
	vaddr_t stack_top = TOP - random_pages(STACK_RANDOM_PAGES, random);
	u64 gap = min(as->limits_stack, TOP / 6 * 5), spread;

	gap = max(align_up(gap, (u64)PAGE_SIZE), (u64)STACK_GAP_MIN) + STACK_GUARD_GAP;
	/*
	 * The stack's own randomness is kept clear whether it was used or not, so that the two do
	 * not tell of each other.
	 */
	if (random && gap < TOP / 6 * 5)
		gap += STACK_RANDOM_PAGES << PAGE_SHIFT;
	spread = min((u64)MMAP_RANDOM_PAGES, (TOP - gap) >> (PAGE_SHIFT + 1));
	as->mmap_top = TOP - gap - random_pages(spread, random);
	/* Moves within the top page, too: the low bits of stack addresses vary. */
	return stack_top - (random ? random_below(PAGE_SIZE) & ~15ull : 0);
}

vaddr_t aspace_random_brk(vaddr_t end_of_data, bool random)
{
	return align_up(end_of_data, (vaddr_t)PAGE_SIZE) + random_pages(BRK_RANDOM_PAGES, random);
}

vaddr_t aspace_pie_base(bool random)
{
	return PIE_BASE + random_pages(MMAP_RANDOM_PAGES, random);
}
