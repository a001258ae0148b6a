/*
 * The address sanitizer of VARIANT=kasan. The compiler looks before each access whether the memory
 * may be touched: one byte of shadow says it of 8 bytes of kernel memory, at
 *   KASAN_SHADOW_OFFSET + (address >> 3)
 * 0: all 8 bytes; 1 … 7: only the first so many; else none, and the byte tells why (enum
 * kasan_mark). Whoever hands out memory marks it (mm), the compiler marks what lies around the
 * variables of each stack frame and behind globals, and what is written in assembly or lies behind
 * a copying routine is checked by calls to kasan_check().
 *
 *   core/kasan.c          reads and writes the shadow; what the compiler calls
 *   core/kasan_report.c   what is said when it was wrong, by way of a panic
 *   core/kasan_stacks.c   backtraces, each kept once, for who allocated and who freed
 *   core/kasan_string.c   memcpy and its like
 *   arch/x86_64/kasan_shadow.c   which memory the shadow has
 *   mm/kasan_objects.c    slab objects: their red zones, histories, and the quarantine
 *
 * In other builds all of this is nothing.
 */
#pragma once

#include "lib/types.h"

#define KASAN_SHADOW_OFFSET 0xdffffc0000000000ull /* -fasan-shadow-offset in kernel.mk */
#define KASAN_SHADOW_SHIFT  3
#define KASAN_GRANULE       8ull
#define KASAN_SHADOW_START  0xffffec0000000000ull /* shadow of the kernel half … */
#define KASAN_SHADOW_END    0xfffffc0000000000ull /* … all of it */

/* Why memory may not be touched. Those from 0xf1 to 0xf8 are the compiler's. */
enum kasan_mark {
	KASAN_STACK_LEFT   = 0xf1,
	KASAN_STACK_MIDDLE = 0xf2,
	KASAN_STACK_RIGHT  = 0xf3,
	KASAN_STACK_SCOPE  = 0xf8,
	KASAN_SLAB_RED     = 0xfc, /* between the objects of a slab, or behind what was asked for */
	KASAN_SLAB_FREE    = 0xfb,
	KASAN_PAGE_FREE    = 0xff,
	KASAN_PAGE_RED     = 0xfe, /* of kmalloc() and vmalloc() by whole pages: behind the end */
	KASAN_STACK_FREE   = 0xfa, /* kernel stack that no thread has */
	KASAN_GLOBAL_RED   = 0xf9,
};

/* What a wrong access was like, for tests that provoke one. */
struct kasan_capture {
	unsigned count;   /* reports since kasan_capture_begin() */
	const char *kind; /* of the last: constant text */
	u64 address;
	size_t size;
	bool write;
};

#ifdef CONFIG_KASAN

#define KASAN 1
#define no_kasan __attribute__((no_sanitize_address))

/*
 * Marks whole granules from `p` (aligned to one), `size` bytes rounded up. Any context; the memory
 * is the caller's.
 */
void kasan_poison(const void *p, size_t size, enum kasan_mark mark);
/* Makes `size` bytes from `p` (aligned to a granule) usable; the last granule's rest is not. */
void kasan_unpoison(const void *p, size_t size);
/* Reports the access if it is wrong: whether it is right. Any context. */
bool kasan_check(const void *p, size_t size, bool write);
/* The mark that forbids the first byte, or 0. */
u8 kasan_mark_of(const void *p);
/* A misuse that is not an access, such as freeing twice. */
void kasan_report(const char *kind, const void *p, size_t size, bool write, u64 ip);

/* Checks begin: the shadow is in place. Marks what lies behind globals. Boot, once. */
void kasan_start(void);
/* Checks end: the kernel panics. */
void kasan_stop(void);

/* Gives shadow to a range of kernel virtual addresses below KMAP_TOP: 0 or -ENOMEM. */
int must_check kasan_shadow_populate(vaddr_t start, size_t size);

/* The backtrace of the caller as a number that stays good: 0 if there is no room. Any context. */
u32 kasan_stack_save(void);
/* The n-th frame of it as text: false if there is none. */
bool kasan_stack_line(u32 stack, unsigned n, char *buf, size_t size);
/* Logs it, a line per frame, under a heading. */
void kasan_stack_log(const char *heading, u32 stack, u32 tid);

/* Set once by sched: the number of the running thread, for histories. */
void kasan_set_thread_number(u32 (*number)(void));
u32 kasan_thread_number(void);

/* Set once by mm: says in the log what memory the address belongs to. */
void kasan_set_describe(void (*describe)(u64 address));

/* From here to the end, reports caused by this thread are noted there instead of ending all. */
void kasan_capture_begin(struct kasan_capture *capture);
void kasan_capture_end(void);

#else

#define KASAN 0
#define no_kasan

static inline void kasan_poison(const void *p, size_t size, enum kasan_mark mark) {}
static inline void kasan_unpoison(const void *p, size_t size) {}
static inline bool kasan_check(const void *p, size_t size, bool write) { return true; }
static inline void kasan_start(void) {}
static inline void kasan_stop(void) {}
static inline int kasan_shadow_populate(vaddr_t start, size_t size) { return 0; }
static inline u32 kasan_stack_save(void) { return 0; }
static inline bool kasan_stack_line(u32 stack, unsigned n, char *buf, size_t size) { return false; }
static inline void kasan_set_thread_number(u32 (*number)(void)) {}

#endif
