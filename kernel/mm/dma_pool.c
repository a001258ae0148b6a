/*
 * Pools of small blocks that devices read and write (command tables, descriptors): frames cut into
 * equal blocks, whose free ones are chained through their first word as a slab's are. A pool grows
 * by a frame when it is empty and keeps its frames until it is destroyed.
 */
#include "mm/dma_int.h"

#include "core/log.h"
#include "core/spinlock.h"
#include "lib/string.h"
#include "mm/slab.h"

/* l: lock, interrupts off.  I: constant. */
struct dma_pool {
	struct spinlock lock;
	const char *name;      /* I */
	u32 size, stride;      /* I: bytes */
	unsigned address_bits; /* I */
	void *free;            /* l: chain of free blocks */
	u64 in_use;            /* l */
	struct list frames;    /* l: by page->lru */
};

struct dma_pool *dma_pool_create(const char *name, size_t size, size_t align, unsigned address_bits)
{
	struct dma_pool *pool;

	align = max(align, sizeof(void *));
	if (size == 0 || size > PAGE_SIZE || align > PAGE_SIZE || (align & (align - 1)))
		return NULL;
	pool = kmalloc(sizeof(*pool), MM_KERNEL);
	if (!pool)
		return NULL;
	spin_init(&pool->lock, RANK_SLAB, name);
	pool->name = name;
	pool->size = (u32)size;
	pool->stride = (u32)align_up(size, align);
	pool->address_bits = address_bits;
	pool->free = NULL;
	pool->in_use = 0;
	list_init(&pool->frames);
	return pool;
}

void dma_pool_destroy(struct dma_pool *pool)
{
	struct page *page, *next;

	if (!pool)
		return;
	if (pool->in_use) {
		/* A device may still write there: the frames are lost rather than given to somebody
		 * else. */
		log_err("dma pool %s: destroyed with %llu blocks in use", pool->name,
			(unsigned long long)pool->in_use);
		return;
	}
	list_for_each_entry_safe(page, next, &pool->frames, lru)
		page_put(page);
	kfree(pool);
}

static void *block_take_locked(struct dma_pool *pool)
{
	void *p = pool->free;

	if (p) {
		pool->free = *(void **)p;
		pool->in_use++;
	}
	return p;
}

/* Cuts one more frame into blocks and takes the first. */
static void *pool_grow(struct dma_pool *pool)
{
	struct page *page = dma_frames(0, pool->address_bits, MM_ATOMIC);
	void *p;
	u64 irq;

	if (!page)
		return NULL;
	irq = spin_lock_irq(&pool->lock);
	list_add(&page->lru, &pool->frames);
	for (u32 at = (u32)PAGE_SIZE / pool->stride * pool->stride; at; ) {
		char *block;

		at -= pool->stride;
		block = (char *)page_to_virt(page) + at;
		*(void **)block = pool->free;
		pool->free = block;
	}
	p = block_take_locked(pool);
	spin_unlock_irq(&pool->lock, irq);
	return p;
}

void *dma_pool_alloc(struct dma_pool *pool, dma_addr_t *bus)
{
	u64 irq = spin_lock_irq(&pool->lock);
	void *p = block_take_locked(pool);

	spin_unlock_irq(&pool->lock, irq);
	if (!p)
		p = pool_grow(pool);
	if (!p)
		return NULL;
	memset(p, 0, pool->size);
	*bus = virt_to_phys(p);
	return p;
}

void dma_pool_free(struct dma_pool *pool, void *p)
{
	u64 irq;

	if (!p)
		return;
	irq = spin_lock_irq(&pool->lock);
	*(void **)p = pool->free;
	pool->free = p;
	pool->in_use--;
	spin_unlock_irq(&pool->lock, irq);
}
