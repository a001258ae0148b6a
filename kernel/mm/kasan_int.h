/*
 * Private to mm: what the allocators tell the address sanitizer (core/kasan.h) about objects and
 * frames. Nothing in other builds.
 *
 * An object of a cache lies in its stride like this:
 *   size bytes | to a multiple of 8 | red zone word of debug builds | history | to the stride
 */
#pragma once

#include "core/kasan.h"
#include "mm/slab_int.h"

#ifdef CONFIG_KASAN

/* Who had an object, behind its red zone word. */
struct kasan_history {
	u32 alloc_stack, alloc_tid;
	u32 free_stack, free_tid;
	u32 asked; /* bytes that the allocation asked for */
	u32 unused;
};

#define KASAN_HISTORY_BYTES sizeof(struct kasan_history)

/* A slab has been cut: none of it may be touched. */
void kasan_slab_created(struct slab_cache *cache, struct page *page);
/* An object is given out: it may be touched. */
void kasan_object_alloc(struct slab_cache *cache, void *object);
/* Of kmalloc(): only so many bytes of it. */
void kasan_object_resize(struct slab_cache *cache, void *object, size_t size);
/* Of kmalloc() by whole frames: the same. */
void kasan_large_resize(struct page *page, size_t size);
/* How many were asked for. */
size_t kasan_object_size(struct slab_cache *cache, const void *object);
/* Who allocated it (kasan_stack_line()), 0: not known. */
u32 kasan_object_stack(const struct slab_cache *cache, const void *object);
/* Whether the object is one in use; else reports it. */
bool kasan_object_may_free(struct slab_cache *cache, void *object);
/* Marks a freed object and keeps it in the quarantine for a while; older ones leave it. */
void kasan_object_free(struct slab_cache *cache, void *object);
/* Lets all objects out of the quarantine, back to their caches: frees memory. Any context. */
void kasan_quarantine_drain(void);

/* From now on reports know objects and frames. */
void kasan_objects_init(void);

/* A block of frames leaves or enters the allocator. */
void kasan_frames_alloc(struct page *page, unsigned order);
void kasan_frames_free(struct page *page, unsigned order);

#else

#define KASAN_HISTORY_BYTES 0u

static inline void kasan_slab_created(struct slab_cache *cache, struct page *page) {}
static inline void kasan_object_alloc(struct slab_cache *cache, void *object) {}
static inline void kasan_object_resize(struct slab_cache *cache, void *object, size_t size) {}
static inline void kasan_large_resize(struct page *page, size_t size) {}
static inline size_t kasan_object_size(struct slab_cache *cache, const void *object)
{
	return cache->size;
}
static inline u32 kasan_object_stack(const struct slab_cache *cache, const void *object)
{
	return 0;
}
static inline bool kasan_object_may_free(struct slab_cache *cache, void *object) { return true; }
static inline void kasan_object_free(struct slab_cache *cache, void *object) {}
static inline void kasan_quarantine_drain(void) {}
static inline void kasan_objects_init(void) {}
static inline void kasan_frames_alloc(struct page *page, unsigned order) {}
static inline void kasan_frames_free(struct page *page, unsigned order) {}

#endif
