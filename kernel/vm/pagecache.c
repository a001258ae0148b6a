/*
 * The page cache: the tree of a file's pages, finding and adding them. Pages come in through
 * cache_insert() with one reference that is the cache's, and leave through cache_remove()
 * (truncation, reclaim, the end of the cache).
 *
 * Finding takes no lock: within an RCU section the tree is read, a reference is taken unless the
 * frame is free, and the page is looked at again, since it may have left the cache or become
 * another one meanwhile. A reclaimer that wants a page gone turns its count from "mine and the
 * cache's" to zero in one step, so a finder either came first or finds none.
 *
 * On the walk of read(2) this is step 5, below vfs/cached_io.c and above the file system's
 * ops->read. Locks: cache->lock with interrupts off (writes end in interrupts), held for tree
 * changes only.
 */
#include "vm/swap_int.h"

#include "core/panic.h"
#include "mm/slab.h"
#include "sched/rcu.h"

static struct slab_cache *node_cache;

static struct radix_node *node_alloc_atomic(void)
{
	return slab_alloc(node_cache, MM_ATOMIC | MM_ZERO);
}

static struct radix_node *node_alloc_wait(void)
{
	return slab_alloc(node_cache, MM_WAIT | MM_NOFS | MM_ZERO);
}

static void node_free_now(struct rcu_head *head)
{
	slab_free(node_cache, container_of((void **)head, struct radix_node, defer[0]));
}

static void node_free(struct radix_node *node)
{
	static_assert(sizeof(struct rcu_head) <= sizeof(node->defer),
		      "room for an RCU callback in a radix node");
	rcu_call((struct rcu_head *)&node->defer[0], node_free_now);
}

static const struct radix_ops radix_atomic_ops = { .alloc = node_alloc_atomic, .free = node_free };
const struct radix_ops radix_wait_ops = { .alloc = node_alloc_wait, .free = node_free };

void pagecache_init_nodes(void)
{
	node_cache = slab_cache_create("radix_node", sizeof(struct radix_node), 64);
	if (!node_cache)
		panic("vm: no memory for the page cache");
}

void pagecache_init(struct pagecache *cache, const struct pagecache_ops *ops, void *owner)
{
	*cache = (struct pagecache){ .ops = ops, .owner = owner };
	spin_init(&cache->lock, RANK_PAGECACHE, "pagecache");
	radix_init(&cache->pages, &radix_atomic_ops);
	spin_init(&cache->mmap_lock, RANK_RMAP, "pagecache-maps");
	list_init(&cache->areas);
	rwsem_init(&cache->invalidate, RANK_INVALIDATE, "invalidate");
	list_init(&cache->dirty_link);
	radix_init(&cache->swapped, &radix_atomic_ops);
	list_init(&cache->swap_link);
}

static inline enum vm_counter cache_counter(const struct pagecache *cache)
{
	return cache->flags & PAGECACHE_SWAP ? VM_SWAP_CACHED : VM_CACHED;
}

struct page *pagecache_find(struct pagecache *cache, pgoff_t index)
{
	struct page *page;

	rcu_read_lock();
	for (;;) {
		page = radix_lookup(&cache->pages, index);
		if (!page)
			break;
		if (page_try_get(page)) {
			if (likely(READ_ONCE(page->cache) == cache && page->index == index))
				break;
			page_put(page);
		}
		cpu_relax();
	}
	rcu_read_unlock();
	return page;
}

bool pagecache_cached(struct pagecache *cache, pgoff_t index)
{
	struct page *page = pagecache_find(cache, index);
	bool there;

	if (!page)
		return false;
	there = page_test(page, PG_UPTODATE);
	page_put(page);
	return there;
}

/* A page that is in swap must come back from there: its place is taken. */
static inline int insert_locked(struct pagecache *cache, pgoff_t index, struct page *page,
				struct radix_pool *pool)
{
	if (unlikely(cache->n_swapped) && radix_lookup(&cache->swapped, index))
		return -EEXIST;
	return radix_insert(&cache->pages, index, page, pool);
}

int cache_insert(struct pagecache *cache, pgoff_t index, struct page *page)
{
	struct radix_pool pool = { 0 };
	bool shmem = cache->flags & PAGECACHE_NO_RECLAIM;
	u64 irq;
	int err;

	page->index = index;
	page->flags |= shmem ? PG_SHMEM : 0;
	irq = spin_lock_irq(&cache->lock);
	page->cache = cache;
	while (unlikely((err = insert_locked(cache, index, page,
					     pool.count ? &pool : NULL)) == -ABI_ENOMEM)) {
		spin_unlock_irq(&cache->lock, irq);
		err = radix_pool_fill(&pool, &radix_wait_ops, RADIX_MAX_NODES);
		if (err)
			goto out;
		irq = spin_lock_irq(&cache->lock);
	}
	if (!err)
		cache->n_pages++;
	spin_unlock_irq(&cache->lock, irq);
	if (!err) {
		vm_count(cache_counter(cache), 1);
		if (shmem)
			vm_count(VM_SHMEM, 1);
		/* Pages of swap are listed by those who know where they go. */
		if (likely(cache_is_filed(cache)))
			lru_add(page);
	}
out:
	if (unlikely(pool.count))
		radix_pool_drain(&pool, &radix_wait_ops);
	if (err)
		page->cache = NULL;
	return err;
}

/* The page leaves the cache: nobody will write it. */
static void cancel_dirty(struct pagecache *cache, struct page *page)
{
	u64 irq;

	if (!page_test_reset(page, PG_DIRTY) || !cache->ops->write)
		return;
	irq = spin_lock_irq(&cache->lock);
	radix_tag_clear(&cache->pages, page->index, RADIX_DIRTY);
	radix_tag_clear(&cache->pages, page->index, RADIX_TOWRITE);
	spin_unlock_irq(&cache->lock, irq);
	__atomic_fetch_sub(&cache->n_dirty, 1, __ATOMIC_RELAXED);
	if (cache_is_filed(cache)) {
		__atomic_fetch_sub(&wb_dirty, 1, __ATOMIC_RELAXED);
		thread_current()->io.cancelled += PAGE_SIZE;
	}
}

static void cache_forget_locked(struct pagecache *cache, struct page *page)
{
	radix_delete(&cache->pages, page->index);
	cache->n_pages--;
	if (unlikely(!cache_is_filed(cache)))
		swap_slot_uncached_locked(container_of(cache, struct swap_area, cache),
					  page->index);
	page->cache = NULL;
}

void cache_remove(struct pagecache *cache, struct page *page)
{
	u64 irq;

	if (page_test(page, PG_PRIVATE | PG_DELAYED) && cache->ops->release)
		cache->ops->release(cache, page);
	cancel_dirty(cache, page);
	irq = spin_lock_irq(&cache->lock);
	cache_forget_locked(cache, page);
	spin_unlock_irq(&cache->lock, irq);
	vm_count(cache_counter(cache), -1);
	if (page->flags & PG_SHMEM)
		vm_count(VM_SHMEM, -1);
	lru_remove(page);
	page_put(page);
}

bool cache_evict(struct pagecache *cache, struct page *page)
{
	u32 mine_and_caches = 2;
	u64 irq;

	if (page->flags & (PG_DIRTY | PG_WRITEBACK))
		return false;
	/* What could not be written to swap is nowhere else. */
	if (unlikely(!cache_is_filed(cache)) &&
	    (page->flags & (PG_ERROR | PG_UPTODATE)) == (PG_ERROR | PG_UPTODATE))
		return false;
	if (page_test(page, PG_PRIVATE) && cache->ops->release) {
		cache->ops->release(cache, page);
		page_reset(page, PG_PRIVATE);
	}
	irq = spin_lock_irq(&cache->lock);
	if (page_test(page, PG_DIRTY | PG_WRITEBACK) ||
	    !__atomic_compare_exchange_n(&page->refs, &mine_and_caches, 0, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED)) {
		spin_unlock_irq(&cache->lock, irq);
		return false;
	}
	cache_forget_locked(cache, page);
	spin_unlock_irq(&cache->lock, irq);
	vm_count(cache_counter(cache), -1);
	lru_remove(page);
	page->flags = 0;
	page_release(page);
	return true;
}

int cache_add_new(struct pagecache *cache, pgoff_t index, unsigned mm_flags, bool keep_locked,
		  struct page **out)
{
	bool born_valid = !cache->ops->read;
	struct page *page;
	int err;

	if (unlikely(READ_ONCE(cache->n_swapped))) {
		err = cache_swap_in(cache, index, mm_flags, keep_locked, out);
		if (err != -ABI_ENOENT)
			return err;
	}
	page = page_alloc(mm_flags | (born_valid ? MM_ZERO : 0));
	if (!page)
		return -ENOMEM;
	page->flags |= (born_valid ? PG_UPTODATE : 0) | (keep_locked ? PG_LOCKED : 0);
	if (out)
		page_get(page);
	err = cache_insert(cache, index, page);
	if (err) {
		page->flags = 0;
		if (out)
			page_put(page);
		page_put(page);
		return err;
	}
	if (out)
		*out = page;
	return 0;
}

void page_dirty(struct page *page)
{
	struct pagecache *cache;
	bool first = false;
	u64 irq;

	if (page_test_set(page, PG_DIRTY))
		return;
	cache = READ_ONCE(page->cache);
	if (!cache || !cache->ops->write)
		return;
	irq = spin_lock_irq(&cache->lock);
	if (likely(page->cache == cache && page_test(page, PG_DIRTY) &&
		   !radix_tag_test(&cache->pages, page->index, RADIX_DIRTY))) {
		radix_tag_set(&cache->pages, page->index, RADIX_DIRTY);
		first = __atomic_fetch_add(&cache->n_dirty, 1, __ATOMIC_SEQ_CST) == 0;
		if (likely(cache_is_filed(cache))) {
			__atomic_fetch_add(&wb_dirty, 1, __ATOMIC_RELAXED);
			thread_current()->io.written += PAGE_SIZE;
		} else {
			first = false;
		}
	}
	spin_unlock_irq(&cache->lock, irq);
	if (first)
		writeback_note_dirty(cache);
}

/* Brings a count up to date: the error, if it was not. */
static int error_since(struct pagecache *cache, u32 *known)
{
	u32 n = load_acquire(&cache->n_errors);

	if (likely(READ_ONCE(*known) == n) ||
	    __atomic_exchange_n(known, n, __ATOMIC_RELAXED) == n)
		return 0;
	return READ_ONCE(cache->error);
}

int pagecache_take_error(struct pagecache *cache)
{
	return ERRNO_TAKEN(error_since(cache, &cache->n_taken));
}

int pagecache_tell_error(struct pagecache *cache, u32 *known)
{
	int err = ERRNO_TAKEN(error_since(cache, known));

	if (unlikely(err))
		WRITE_ONCE(cache->n_told, READ_ONCE(*known));
	return err;
}

int pagecache_tell_all_errors(struct pagecache_errors *all, u32 *known)
{
	u32 n = load_acquire(&all->n);

	if (likely(READ_ONCE(*known) == n) ||
	    __atomic_exchange_n(known, n, __ATOMIC_RELAXED) == n)
		return 0;
	WRITE_ONCE(all->n_told, n);
	return ERRNO_TAKEN(READ_ONCE(all->last));
}
