/* Kernel virtual ranges, stacks, device mappings, DMA memory. */
#include "core/kasan.h"
#include "abi/errno.h"
#include "arch/mmu.h"
#include "lib/string.h"
#include "mm/dma.h"
#include "mm/frames.h"
#include "mm/kmap.h"
#include "sched/thread.h"
#include "test/ktest.h"

KTEST(kmap_vmalloc)
{
	u64 before = ktest_frames_settle();
	char *p[20];

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 20; i++) {
			size_t size = (i + 1) * 5000;

			p[i] = vmalloc(size, MM_KERNEL | MM_ZERO);
			KTEST_CHECK(p[i] && mem_is_all(p[i], 0, size));
			if (!p[i])
				return;
			memset(p[i], (int)i + 1, size);
			KTEST_CHECK(!mmu_translate_kernel((vaddr_t)p[i] - 1, NULL));
		}
		for (unsigned i = 0; i < 20; i++) {
			unsigned k = (i * 7 + round) % 20;

			KTEST_CHECK(mem_is_all(p[k], (int)k + 1, (k + 1) * 5000));
			vfree(p[k]);
			KTEST_CHECK(!mmu_translate_kernel((vaddr_t)p[k], NULL));
		}
	}
	KTEST_CHECK(!vmalloc(~0ull / 2, MM_KERNEL));
	KTEST_CHECK(!vmalloc(0, MM_KERNEL));
	vfree(NULL);
	/* Tables of the range stay, and its shadow: a few frames once. */
	KTEST_CHECK(ktest_frames_settle() + 8 + KASAN * 48 >= before);
	before = ktest_frames_settle();
	vfree(vmalloc(100000, MM_KERNEL));
	kvfree(kvmalloc(100, MM_KERNEL));
	kvfree(kvmalloc(100000, MM_KERNEL));
	KTEST_CHECK(ktest_frames_are_back(before));
}

KTEST(kmap_stacks)
{
	void *stack[40];

	for (unsigned i = 0; i < 40; i++) {
		stack[i] = kstack_alloc();
		KTEST_CHECK(stack[i]);
		if (!stack[i])
			return;
		memset(stack[i], 0, KSTACK_SIZE);
		KTEST_CHECK(!mmu_translate_kernel((vaddr_t)stack[i] - PAGE_SIZE, NULL));
	}
	for (unsigned i = 0; i < 40; i++)
		kstack_free(stack[i]);
}

/* What another CPU keeps warm is given back, too, when memory is short. */
KTEST(kmap_stacks_of_others)
{
	enum { N = 8 };
	struct mm_stats before, warm, after;
	void *stack[N];

	if (cpu_count() < 2)
		return;
	mm_shrink_stocks();
	KTEST_CHECK(sched_set_affinity(thread_current(), BIT(1)) == 0);
	sched_point();
	KTEST_CHECK(cpu_id() == 1);
	mm_stats(&before);
	for (unsigned i = 0; i < N; i++)
		stack[i] = kstack_alloc();
	for (unsigned i = 0; i < N; i++)
		if (stack[i])
			kstack_free(stack[i]);
	KTEST_CHECK(sched_set_affinity(thread_current(), BIT(0)) == 0);
	sched_point();
	KTEST_CHECK(cpu_id() == 0);
	mm_stats(&warm);
	mm_shrink_stocks();
	mm_stats(&after);
	KTEST_CHECK(warm.stacks >= before.stacks + N / 2 * (KSTACK_SIZE / PAGE_SIZE));
	KTEST_CHECK(after.stacks < before.stacks + N / 2 * (KSTACK_SIZE / PAGE_SIZE));
	KTEST_CHECK(sched_set_affinity(thread_current(), cpus_online()) == 0);
}

/* Of a page that nobody else maps; it is not touched. */
KTEST(kmap_ioremap)
{
	char *a = ioremap(0xfed60000, 0x1000, MMU_NOCACHE),
	     *b = ioremap(0xfed60010, 4, MMU_NOCACHE);
	char *c = ioremap(0xfed60ffe, 4, MMU_NOCACHE);
	paddr_t pa = 0;

	KTEST_CHECK(a && b && c);
	KTEST_CHECK(b == a + 0x10);
	KTEST_CHECK(mmu_translate_kernel((vaddr_t)c, &pa) && pa == 0xfed60ffe);
	iounmap(a);
	KTEST_CHECK(mmu_translate_kernel((vaddr_t)b, &pa) && pa == 0xfed60010);
	iounmap(b);
	KTEST_CHECK(!mmu_translate_kernel((vaddr_t)b, NULL));
	iounmap(c);
	KTEST_CHECK(!ioremap(0xfed60000, 0, 0) && !ioremap(~0ull - 5, 100, 0));
}

static void dma_use(void)
{
	struct dma_pool *pool = dma_pool_create("ktest", 100, 128, 32);
	void *block[100];
	dma_addr_t bus;
	void *p;

	KTEST_CHECK(pool);
	if (!pool)
		return;
	for (unsigned i = 0; i < 100; i++) {
		block[i] = dma_pool_alloc(pool, &bus);
		KTEST_CHECK(block[i] && bus % 128 == 0 && bus / 4096 == (bus + 99) / 4096 &&
			    bus < GIB(4));
		KTEST_CHECK(mem_is_all(block[i], 0, 100) && phys_to_virt(bus) == block[i]);
		memset(block[i], 0xff, 100);
	}
	for (unsigned i = 0; i < 100; i++)
		dma_pool_free(pool, block[i]);
	dma_pool_destroy(pool);
	p = dma_alloc(10000, 24, &bus);
	KTEST_CHECK(p && bus + 10000 <= MIB(16) && mem_is_all(p, 0, 10000));
	dma_free(p, 10000);
	p = dma_alloc(70000, 32, &bus);
	KTEST_CHECK(p && bus + 70000 <= GIB(4));
	dma_free(p, 70000);
}

KTEST(dma_memory)
{
	KTEST_CHECK(ktest_loses_nothing(dma_use));
}

KTEST(dma_pieces)
{
	struct page *page = page_alloc_order(2, MM_KERNEL);
	struct dma_piece pieces[3];
	struct dma_segment seg[4];
	u64 bus;

	KTEST_CHECK(page);
	if (!page)
		return;
	bus = page_to_phys(page);
	pieces[0] = (struct dma_piece){ page, 512, 3584 };
	pieces[1] = (struct dma_piece){ page + 1, 0, 4096 };
	pieces[2] = (struct dma_piece){ page + 3, 0, 100 };
	KTEST_CHECK(dma_map_pieces(pieces, 3, seg, 4, 1 << 20, 64) == 2);
	KTEST_CHECK(seg[0].bus == bus + 512 && seg[0].length == 7680 &&
		    seg[1].bus == bus + 3 * PAGE_SIZE);
	KTEST_CHECK(dma_map_pieces(pieces, 3, seg, 1, 1 << 20, 64) == -ABI_E2BIG);
	KTEST_CHECK(dma_map_pieces(pieces, 2, seg, 4, 4096, 64) == 2);
	KTEST_CHECK(seg[0].length == 4096 && seg[1].length == 3584);
	KTEST_CHECK(dma_map_pieces(pieces, 3, seg, 4, 4096, 12) == -ABI_EFAULT);
	page_free_order(page, 2);
}
