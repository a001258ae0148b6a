/*
 * Objects smaller than a page: caches of equal objects with per-CPU magazines, and kmalloc() on top
 * of a family of size classes. Above 2 pages kmalloc() gives whole frames.
 */
#pragma once

#include "lib/types.h"
#include "mm/frames.h"

struct slab_cache;

/* A cache of objects of `size` bytes, aligned to `align` (0: 8, or 64 for 64 and more). Contents
 * are undefined after slab_alloc() unless MM_ZERO. NULL: no memory. */
struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align);
/* All objects have been freed. */
void slab_cache_destroy(struct slab_cache *cache);
/* Counts the cache's frames as SReclaimable in /proc/meminfo: vm can make its objects go under
 * pressure. */
void slab_cache_set_reclaimable(struct slab_cache *cache);
/* Any context without MM_WAIT. */
void *slab_alloc(struct slab_cache *cache, unsigned flags);
/* Any context. */
void slab_free(struct slab_cache *cache, void *object);
/* Gives empty slabs back: frames freed. */
u64 slab_shrink(void);
/* Calls fn for each cache (/proc/slabinfo), without a lock; caches that come and go meanwhile may
 * be missed or told twice. */
struct slab_info { const char *name; u64 active, total, size, per_slab, pages_per_slab, slabs; };
void slab_each(void (*fn)(const struct slab_info *info, void *arg), void *arg);

/* `size` bytes, 16-byte aligned (size classes are powers of two and between; a power of two of 64
 * and more is aligned to itself up to a page), or NULL. */
void *kmalloc(size_t size, unsigned flags);
static inline void *kzalloc(size_t size, unsigned flags) { return kmalloc(size, flags | MM_ZERO); }
/* n objects of `size` bytes, overflow checked. */
void *kmalloc_array(size_t n, size_t size, unsigned flags);
/* NULL is allowed. Any context. */
void kfree(void *p);
/* A grown or shrunk copy; the old one is freed on success, untouched on NULL. */
void *krealloc(void *p, size_t size, unsigned flags);
char *kstrdup(const char *s, unsigned flags);
void *kmemdup(const void *p, size_t n, unsigned flags);
/* Usable size of a kmalloc() block. */
size_t kmalloc_size(const void *p);
