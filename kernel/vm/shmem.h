/*
 * Shared memory without a file: the page cache behind MAP_SHARED | MAP_ANONYMOUS areas and System V
 * segments. Its pages have no disk behind them.
 */
#pragma once

#include "core/refcount.h"
#include "vm/aspace.h"

/* I: constant.  l: the lock of the list. */
struct shmem {
	struct pagecache cache;
	struct refcount refs;
	u64 size;       /* I: bytes, a page multiple; beyond it faults give SIGBUS */
	u64 id;         /* I: inode number shown in /proc/[pid]/maps */
	u64 charged;    /* I: pages of committed memory */
	struct list locked_link; /* l: those that are locked */
};

/*
 * An object of `size` bytes (a page multiple) with one reference. 0 or -ENOMEM. `reserve`: its
 * pages count as committed.
 */
int shmem_create(u64 size, bool reserve, struct shmem **out);
static inline void shmem_get(struct shmem *shmem) { ref_get(&shmem->refs); }
/* The last reference frees the pages. Thread context. */
void shmem_put(struct shmem *shmem);
/*
 * Whether its pages stay in memory whatever the need (shmctl(2), SHM_LOCK). One caller at a time.
 */
void shmem_set_locked(struct shmem *shmem, bool lock);
/* Pages in memory of all that are locked. */
u64 shmem_locked_pages(void);
/* For areas whose source_data is the struct shmem. */
extern const struct area_source shmem_source;
