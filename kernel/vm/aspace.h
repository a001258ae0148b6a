/*
 * Address spaces: a tree of areas (vmas) over a page table. An area is private or shared, anonymous
 * or of a page cache; faults fill it on demand; fork shares private pages copy-on-write.
 */
#pragma once

#include "arch/mmu.h"
#include "core/refcount.h"
#include "lib/rbtree.h"
#include "sched/mutex.h"
#include "vm/pagecache.h"

enum area_flags {
	AREA_READ      = 1 << 0,
	AREA_WRITE     = 1 << 1,
	AREA_EXEC      = 1 << 2,
	AREA_SHARED    = 1 << 3,
	AREA_MAYREAD   = 1 << 4,  /* mprotect() may turn these on */
	AREA_MAYWRITE  = 1 << 5,
	AREA_MAYEXEC   = 1 << 6,
	AREA_GROWSDOWN = 1 << 7,  /* the stack */
	AREA_LOCKED    = 1 << 8,
	AREA_NORESERVE = 1 << 9,
	AREA_DEVICE    = 1 << 10, /* maps frames that are not RAM of ours: no struct page games */
	AREA_DONTFORK  = 1 << 11,
	AREA_WIPEONFORK= 1 << 12,
	AREA_DONTDUMP  = 1 << 13,
	AREA_SPECIAL   = 1 << 14, /* vdso: cannot be expanded or merged */
	AREA_SEQUENTIAL= 1 << 15, /* madvise hints */
	AREA_RANDOM    = 1 << 16,
	AREA_HEAP      = 1 << 17, /* made by brk(): [heap] in maps */
	AREA_STACK     = 1 << 18, /* [stack] in maps */
	AREA_HUGE      = 1 << 19, /* madvise: large pages are welcome, */
	AREA_NOHUGE    = 1 << 20, /* or are not */
	/* vm's own: */
	AREA_ACCOUNTED = 1 << 21, /* its pages count as committed memory */
	AREA_COWED     = 1 << 22, /* a: a private area of a cache that has (had) pages of its own */
};

struct path;
struct area_label;
struct vm_area;

/* What stands behind an area that is not plain anonymous memory. */
struct area_source {
	/*
	 * The area was duplicated (fork, split) or goes away: take or drop a reference to the
	 * source. Both required.
	 */
	void (*get)(struct vm_area *area);
	void (*put)(struct vm_area *area);
	/*
	 * Device areas only (AREA_DEVICE): the physical address of page `index` of the source, or
	 * -errno (then SIGBUS). NULL: area->cache has the pages.
	 */
	int (*frame)(struct vm_area *area, pgoff_t index, paddr_t *out, unsigned *mmu_extra);
	/*
	 * msync(2) with MS_SYNC: makes pages first … last of the source durable, no lock held.
	 * NULL: pagecache_write_range().
	 */
	int (*sync)(struct vm_area *area, pgoff_t first, pgoff_t last);
	/*
	 * Text for /proc/[pid]/maps: the path as seen from `root`, and device and inode numbers.
	 * NULL: none.
	 */
	void (*describe)(struct vm_area *area, const struct path *root, char *buf, size_t size,
			 u64 *dev, u64 *ino);
};

/* s: aspace->lock.  I: constant while mapped. */
struct vm_area {
	struct rb_node node;      /* s: aspace->areas, by start, augmented with the largest gap */
	struct aspace *aspace;    /* I */
	vaddr_t start, end;       /* s: page multiples, end exclusive */
	u64 gap;                  /* s: bytes free below start, to the previous area */
	u64 max_gap;              /* s: largest gap in this subtree */
	u32 flags;                /* s: enum area_flags */
	struct pagecache *cache;  /* I: NULL for private anonymous memory */
	/* s: page of cache (or of the virtual address, if anonymous) at start */
	pgoff_t index;
	const struct area_source *source; /* I: NULL: plain anonymous */
	void *source_data;        /* I: for source, e.g. the struct file */
	const char *name;         /* I: "[vdso]" and the like, or NULL */
	struct area_label *label; /* s: what the program calls it, referenced, or NULL */
	struct list cache_link;   /* cache->mmap_lock */
};

#define ASPACE_LEAVES 4 /* a power of two */
#define AUXV_WORDS    48

/* s: lock (write to change areas, read to use them).  t: table_lock.  a: atomic. */
struct aspace {
	struct pgtable pgtable;    /* t */
	struct refcount users;     /* threads; at 0 the areas go */
	struct refcount refs;      /* all references, one for all users; at 0 the storage goes */
	struct rwsem lock;         /* RANK_ASPACE */
	struct rb_root areas;      /* s */
	struct vm_area *last_area; /* a: most recently found one, a hint read under s */
	u64 generation;            /* s: grows with each change of the tree */
	unsigned n_areas;          /* s */
	u8 cids[CPU_MAX];          /* each its CPU's: 1 + the number of the CPU among those that
				    * have run the space with rseq(2); 0: none yet */
	u32 n_cids;                /* a: how many have */
	struct spinlock table_lock; /* RANK_PTABLE */
	/* t: leaf tables that faults used last, by the address they begin at */
	struct { vaddr_t start; pte_t *table; } leaves[ASPACE_LEAVES];
	u64 n_resident_anon, n_resident_file, n_resident_shmem; /* a: pages mapped */
	u64 n_swapped;             /* t: entries whose page is in swap */
	u64 n_pinned;              /* a: pages that devices write; grows under t */
	struct list all_link;      /* the list of spaces, its lock (spaces.c) */
	vaddr_t swap_hand;         /* reclaim thread: where it goes on */
	u64 recall_pass;           /* swapoff: the pass that has been here */
	u64 locked_pass;           /* locked.c: the same of the last census */
	u64 resident_peak;         /* a */
	u64 n_total, n_locked, n_stack, n_exec, n_data; /* s: pages by kind, for limits and /proc */
	u64 total_peak;            /* s */
	/* Set by exec and prctl(2), read by brk, procfs: */
	vaddr_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack; /* s */
	vaddr_t arg_start, arg_end, env_start, env_end; /* s */
	vaddr_t mmap_top;          /* I: search goes down from here */
	u64 auxv[AUXV_WORDS];      /* s: what AT_* the program was given */
	void *exe;                 /* s: proc's: the file that is running (struct file) */
	void (*exe_put)(void *exe);
	/* a: bytes, kept up to date by proc from RLIMIT_* */
	u64 limits_as, limits_data, limits_stack, limits_memlock;
	u64 minor_faults, major_faults; /* a */
	s32 oom_score_adj;         /* a */
	bool no_large;             /* a: no large pages: prctl(2), PR_SET_THP_DISABLE */
	bool dying;                /* a: OOM victim or last thread exits: faults fail */
	bool reaped;               /* a: OOM victim whose private memory was taken away */
	u64 oom_ns;                /* a: when it became an OOM victim; 0: it is none */
	u32 future_flags;          /* s: AREA_LOCKED after mlockall(MCL_FUTURE) */
	struct vm_area *dead_areas; /* s: unmapped, to be freed when the lock is released */
	bool lock_on_fault;        /* s: MCL_ONFAULT: locked areas are not populated at once */
};

/* A new empty space: 0 and *out (one user), or -ENOMEM. */
int aspace_create(struct aspace **out);
/*
 * A copy of the current one for fork: private pages shared copy-on-write. 0, -ENOMEM, -ERESTARTSYS.
 */
int aspace_fork(struct aspace *from, struct aspace **out);
static inline void aspace_get_user(struct aspace *as) { ref_get(&as->users); }
/* Takes a user unless it is 0 already: whether it did. */
bool aspace_try_get_user(struct aspace *as);
/*
 * Drops a user; the last one frees all memory. The current thread must have switched away with
 * aspace_switch(). May sleep.
 */
void aspace_put_user(struct aspace *as);
static inline void aspace_get(struct aspace *as) { ref_get(&as->refs); }
void aspace_put(struct aspace *as);
/*
 * Makes the current thread run in `as` (NULL: none), without touching counts: returns the old one.
 */
struct aspace *aspace_switch(struct aspace *as);
/* Removes everything mapped (exec after the point of no return, exit). */
void aspace_clear(struct aspace *as);

/*
 * Where things go in a new space. `random`: personality(2) allows it. aspace_layout() sets
 * as->mmap_top from as->limits_stack and returns the top of the stack (16-byte aligned address
 * below which the stack area ends); aspace_random_brk() moves the start of the heap up from the
 * page after the program's data; aspace_pie_base() is where a position-independent program is
 * loaded.
 */
vaddr_t aspace_layout(struct aspace *as, bool random);
vaddr_t aspace_random_brk(vaddr_t end_of_data, bool random);
vaddr_t aspace_pie_base(bool random);
/* Highest number of resident pages up to now, and the number now. */
u64 aspace_resident_peak(struct aspace *as);
static inline u64 aspace_resident(const struct aspace *as)
{
	return READ_ONCE(as->n_resident_anon) + READ_ONCE(as->n_resident_file) +
	       READ_ONCE(as->n_resident_shmem);
}

/* Description of a new mapping. */
struct map_request {
	vaddr_t addr;       /* hint, or exact with MAP_FIXED */
	u64 length;         /* bytes */
	u32 flags;          /* AREA_* */
	/* MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_POPULATE, MAP_32BIT … of mmap(2) */
	u32 map_flags;
	struct pagecache *cache; /* NULL: anonymous (AREA_SHARED too: one is made) */
	pgoff_t index;
	const struct area_source *source;
	void *source_data;  /* vm calls source->get for the area it makes */
	/* If not NULL, the request has a reference of its own to source_data, which whoever asked
	 * for it gives back by this after vm_map(): the file may let go of it meanwhile. */
	void (*release)(void *source_data);
	const char *name;
};
/*
 * mmap(2) after sys/ has resolved the file: 0 and *addr, or -ENOMEM, -EEXIST, -EINVAL, -EAGAIN,
 * -EPERM. Takes as->lock.
 */
int vm_map(struct aspace *as, const struct map_request *req, vaddr_t *addr);
int vm_unmap(struct aspace *as, vaddr_t addr, u64 length);
/*
 * shmdt(2): removes the areas that one vm_map() of `source` at addr made, whatever became of them:
 * 0, or -EINVAL if there is none.
 */
int vm_unmap_source(struct aspace *as, vaddr_t addr, const struct area_source *source);
int vm_protect(struct aspace *as, vaddr_t addr, u64 length, u32 prot); /* PROT_* */
int vm_remap(struct aspace *as, vaddr_t old, u64 old_length, u64 new_length, u32 mremap_flags,
	     vaddr_t new_hint, vaddr_t *out);
/*
 * remap_file_pages(2): the shared mapping that holds [addr, addr + length), down to pages, shows
 * the pages of its source from `index` on there: 0, -EINVAL (no such mapping, no pages), -EPERM
 * (its memory was sealed), -EOVERFLOW, -ENOMEM, -EAGAIN. `populate`: makes them present.
 */
int vm_remap_pages(struct aspace *as, vaddr_t addr, u64 length, pgoff_t index, bool populate);
/* brk(2): returns the resulting break (the old one if it cannot be). */
vaddr_t vm_brk(struct aspace *as, vaddr_t brk);
int vm_sync(struct aspace *as, vaddr_t addr, u64 length, u32 flags);   /* msync(2) */
int vm_advise(struct aspace *as, vaddr_t addr, u64 length, int advice); /* madvise(2) */
int vm_lock_range(struct aspace *as, vaddr_t addr, u64 length, bool lock); /* mlock(2) */
/* mlock2(2) with MLOCK_ONFAULT */
int vm_lock_range_onfault(struct aspace *as, vaddr_t addr, u64 length);
int vm_lock_all(struct aspace *as, u32 flags, bool lock);
/*
 * prctl(2), PR_SET_VMA_ANON_NAME: what the program calls its anonymous memory there (NULL: nothing
 * any more). 0; -EINVAL (range, a character of the name), -EBADF (memory of a file), -ENOMEM (a
 * gap: the rest is done).
 */
int vm_set_label(struct aspace *as, vaddr_t addr, u64 length, const char *name);
/* The text, or NULL. as->lock for reading. */
const char *area_label_text(const struct vm_area *area);
int vm_incore(struct aspace *as, vaddr_t addr, u64 length, u8 __user *out); /* mincore(2) */
/* Makes pages of a range present (MAP_POPULATE): best effort. */
void vm_populate(struct aspace *as, vaddr_t addr, u64 length);

/*
 * The area that holds addr, or the first above it (its start > addr), or NULL. Caller holds
 * as->lock.
 */
struct vm_area *area_find(struct aspace *as, vaddr_t addr);
struct vm_area *area_next(struct vm_area *area);
static inline struct vm_area *area_first(struct aspace *as) { return area_find(as, 0); }

/*
 * Copies between a buffer of the kernel and another space (ptrace, /proc/[pid]/mem, cmdline): bytes
 * copied. `force`: ignore page protection (breakpoints), breaking copy-on-write.
 */
size_t aspace_peek(struct aspace *as, vaddr_t addr, void *buf, size_t n, bool force);
size_t aspace_poke(struct aspace *as, vaddr_t addr, const void *buf, size_t n, bool force);
/*
 * Copies the page at addr for a core dump: 0; -ENOENT (nothing is mapped, or it was never touched
 * and is zero), -EFAULT, -ERESTARTSYS.
 */
int aspace_dump_page(struct aspace *as, vaddr_t addr, void *buf);
/*
 * A name for the futex word at `addr` that all its users agree on: its page cache's number and the
 * offset there if the area is shared, else the space and the address. `private_hint`
 * (FUTEX_PRIVATE_FLAG): always the latter, without a look at the area. Who has a key holds nothing:
 * the number of a cache is never another's, and a space outlives its waiting threads.
 *
 * 0, -EFAULT if nothing is mapped. May sleep.
 */
struct futex_key { u64 object; u64 offset; bool shared; };
int vm_futex_key(const void __user *addr, bool private_hint, struct futex_key *out);

/* Residency sums for /proc: pages; those called pss in 4096ths of a page. */
struct area_usage {
	u64 rss, referenced, anonymous, swap, swap_pss;
	u64 pss, pss_dirty, pss_anon, pss_file, pss_shmem, pss_locked;
	u64 large; /* of rss: mapped by large entries */
	u64 shared_clean, shared_dirty, private_clean, private_dirty;
};
/* Adds an area's to *out. as->lock held for reading. */
void area_usage_add(struct vm_area *area, struct area_usage *out);

#define PAGEMAP_PART (LARGE_PAGE_SIZE / PAGE_SIZE)
/*
 * The words of /proc/[pid]/pagemap for the pages from `table` on, a multiple of LARGE_PAGE_SIZE:
 * what is there, in swap, of a file, mapped once; and where, if `frames`. Thread context.
 */
void aspace_pagemap(struct aspace *as, vaddr_t table, u64 out[PAGEMAP_PART], bool frames);
/* Pages of private areas, and of those with a cache, look unused. No lock held; may sleep. */
void aspace_forget_use(struct aspace *as, bool private, bool cached);
/* What is resident now is the most there was. Any context. */
void aspace_reset_peak(struct aspace *as);

/* Pages that mlock(2) and its like keep in memory, and those that anything does: now, in memory. */
struct vm_locked {
	u64 mlocked, unevictable;
};
/* Counts them, in a time that grows with their number: 0 or -ERESTARTSYS. No lock held. */
int vm_locked(struct vm_locked *out);

/* Whether faults in the area may get large pages, if it covers some (smaps, THPeligible). */
bool area_large_eligible(const struct vm_area *area);

/*
 * proc's hook: whether the current thread may lock memory beyond RLIMIT_MEMLOCK (CAP_IPC_LOCK).
 */
void vm_set_lock_privilege(bool (*privileged)(void));

/* Overcommit accounting (proc(5) vm/overcommit_memory): pages committed and the limit. */
extern int vm_overcommit_mode;      /* OVERCOMMIT_*: sysctl vm.overcommit_memory */
extern u32 vm_overcommit_ratio;     /* per cent of memory in mode 2: vm.overcommit_ratio */
extern u32 vm_max_map_count;        /* areas of one space: vm.max_map_count */
extern u64 vm_mmap_min_addr;        /* lowest address of a mapping: vm.mmap_min_addr */
u64 vm_committed(void);
u64 vm_commit_limit(void);

/*
 * proc's hook: kills the process to be sacrificed for memory; returns whether one was (or is being)
 * killed. It calls vm_oom_victim() for its space.
 */
void vm_set_oom_killer(bool (*kill)(unsigned order));
/*
 * The space's processes have been sent SIGKILL for want of memory: its faults fail from now on, and
 * the reclaim thread takes its private memory even if they cannot run. Any thread context; the
 * caller keeps the space from going meanwhile.
 */
void vm_oom_victim(struct aspace *as);
/* Whether the space is a victim that memory may still be expected from soon. */
bool vm_oom_pending(const struct aspace *as);
/*
 * A cache of kernel objects that can be made smaller (dentries, inodes): shrink(n) frees about n
 * objects and returns how many. Called by the reclaim thread only, so it may take file-system
 * locks.
 */
struct vm_shrinker {
	struct list link;
	u64 (*shrink)(u64 n);
};
void vm_shrinker_add(struct vm_shrinker *shrinker);
/*
 * Page cache, reclaim and write-back, their threads included (it calls writeback_init()). Thread
 * context.
 */
void vm_init(void);
