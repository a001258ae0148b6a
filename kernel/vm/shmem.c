/*
 * Shared memory without a file: a page cache with nothing behind it, owned by the areas that map it
 * (and by whoever created it). Its size is fixed; touching an area beyond it is SIGBUS, as beyond
 * the end of a file.
 */
#include "vm/shmem.h"

#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vm/vm_int.h"

/* Device number that /proc/[pid]/maps shows: the first anonymous one. */
#define SHMEM_DEV 1

static u64 last_id;

/* l: lock. Objects that are locked. */
static struct {
	struct spinlock lock;
	struct list list; /* l */
} locked = {
	.lock = SPINLOCK_INIT(RANK_LRU, "locked-shmem"),
	.list = LIST_INIT(locked.list),
};

static const struct pagecache_ops shmem_cache_ops = {
	.read = NULL,          /* missing pages are zero */
	.write = NULL,
	.prepare_write = NULL,
	.release = NULL,
};

static u64 shmem_size(struct pagecache *cache)
{
	return container_of(cache, struct shmem, cache)->size;
}

static bool shmem_try_hold(struct pagecache *cache)
{
	return ref_try_get(&container_of(cache, struct shmem, cache)->refs);
}

static void shmem_unhold(struct pagecache *cache)
{
	shmem_put(container_of(cache, struct shmem, cache));
}

int shmem_create(u64 size, bool reserve, struct shmem **out)
{
	struct shmem *shmem = kzalloc(sizeof(*shmem), MM_KERNEL);
	int err;

	if (!shmem)
		return -ENOMEM;
	shmem->charged = reserve ? size >> PAGE_SHIFT : 0;
	err = vm_charge(shmem->charged);
	if (err) {
		kfree(shmem);
		return err;
	}
	pagecache_init(&shmem->cache, &shmem_cache_ops, shmem);
	shmem->cache.flags = PAGECACHE_NO_RECLAIM;
	shmem->cache.size = shmem_size;
	shmem->cache.try_hold = shmem_try_hold;
	shmem->cache.unhold = shmem_unhold;
	ref_set(&shmem->refs, 1);
	list_init(&shmem->locked_link);
	shmem->size = size;
	shmem->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	*out = shmem;
	return 0;
}

void shmem_put(struct shmem *shmem)
{
	if (!ref_put(&shmem->refs))
		return;
	shmem_set_locked(shmem, false);
	pagecache_fini(&shmem->cache);
	vm_uncharge(shmem->charged);
	kfree(shmem);
}

void shmem_set_locked(struct shmem *shmem, bool lock)
{
	if (lock == !!(READ_ONCE(shmem->cache.flags) & PAGECACHE_LOCKED))
		return;
	spin_lock(&locked.lock);
	if (lock) {
		__atomic_fetch_or(&shmem->cache.flags, PAGECACHE_LOCKED, __ATOMIC_RELAXED);
		list_add_tail(&shmem->locked_link, &locked.list);
	} else {
		__atomic_fetch_and(&shmem->cache.flags, ~PAGECACHE_LOCKED, __ATOMIC_RELAXED);
		list_del_init(&shmem->locked_link);
	}
	spin_unlock(&locked.lock);
}

u64 shmem_locked_pages(void)
{
	struct shmem *shmem;
	u64 pages = 0;

	spin_lock(&locked.lock);
	list_for_each_entry(shmem, &locked.list, locked_link)
		pages += READ_ONCE(shmem->cache.n_pages);
	spin_unlock(&locked.lock);
	return pages;
}

static void area_shmem_get(struct vm_area *area)
{
	shmem_get(area->source_data);
}

static void area_shmem_put(struct vm_area *area)
{
	shmem_put(area->source_data);
}

static void area_shmem_describe(struct vm_area *area, const struct path *root, char *buf,
				size_t size, u64 *dev, u64 *ino)
{
	struct shmem *shmem = area->source_data;

	(void)root;
	strlcpy(buf, "/dev/zero (deleted)", size);
	*dev = SHMEM_DEV;
	*ino = shmem->id;
}

const struct area_source shmem_source = {
	.get = area_shmem_get,
	.put = area_shmem_put,
	.describe = area_shmem_describe,
};
