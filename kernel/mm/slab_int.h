/* Private to mm: what the slab's files share. See slab.c for the picture. */
#pragma once

#include "arch/percpu.h"
#include "core/spinlock.h"
#include "mm/slab.h"

#define MAGAZINE_SLOTS 31

/* A CPU's stock of free objects of one cache. The CPU's own; interrupts look at `busy`. */
struct magazine {
	u32 busy;
	u32 count;
	void *object[MAGAZINE_SLOTS];
};
static_assert(sizeof(struct magazine) == 256, "a magazine fills a size class");

/* l: lock.  I: constant after creation.  a: atomic, set once.  g: slab_caches_lock. */
struct slab_cache {
	struct magazine *magazine[CPU_MAX]; /* a: NULL until the CPU first frees or allocates
					     * here */
	struct spinlock lock;
	u32 size;             /* I: bytes that the user has */
	u32 stride;           /* I: from object to object */
	u16 per_slab;         /* I: objects in a slab */
	u8 order;             /* I: of a slab */
	u8 magazine_slots;    /* I: how many objects a magazine may hold; 0: none are used */
	u16 keep_empty;       /* I: empty slabs kept */
	bool reclaimable;     /* I: for the figures */
	u32 n_empty;          /* l */
	u64 n_slabs;          /* l */
	u64 n_free;           /* l: free objects in slabs */
	struct list partial;  /* l: slabs with both kinds of objects */
	struct list empty;    /* l: slabs whose objects are all free */
	struct list link;     /* g */
	const char *name;     /* I */
};

extern struct spinlock slab_caches_lock;
extern struct list slab_caches; /* slab_caches_lock */

/* Debug builds: the word behind an object that says whether it is in use. */
static inline u64 *slab_object_red(const struct slab_cache *cache, const void *object)
{
	return (u64 *)((char *)object + align_up(cache->size, 8));
}

/* Fills in a cache structure; see slab_cache_create(). `use_magazines` false: every call takes the
 * lock. */
void slab_cache_setup(struct slab_cache *cache, const char *name, size_t size, size_t align,
		      bool use_magazines);
/* What slab_free() does when all checks are passed. */
void slab_free_now(struct slab_cache *cache, void *object);
/* Gives back what this CPU's magazines of all caches hold. Interrupts off, or thread context. */
void slab_drain_cpu(void);
/* Gives back the objects of this CPU's magazine. */
void slab_magazine_drain(struct slab_cache *cache, struct magazine *mag);
/* Frees empty slabs until `keep` are left: frames. */
u64 slab_trim(struct slab_cache *cache, u32 keep);
/* Builds the size classes. */
void kmalloc_init(void);
