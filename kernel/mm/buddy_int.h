/*
 * The buddy allocator's core, without locks and without machine: lists of free blocks of 2^order
 * frames, each aligned to its size. A block's head has PG_BUDDY and its order; its buddy is the
 * neighbour with which it makes a block of the next order. The host's unit tests use it on an array
 * of their own.
 *
 * The caller serialises, and guarantees that all 2^(BUDDY_ORDERS - 1) entries of `pages` around a
 * frame it frees can be read.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"
#include "mm/frames.h"

#define BUDDY_ORDERS MM_ORDERS
#define BUDDY_MAX_FRAMES (1u << (BUDDY_ORDERS - 1))

/* Set in a free frame whose bytes have been overwritten with a pattern (debug builds). */
#define PG_POISONED (1u << 31)

struct buddy {
	struct page *pages;             /* entry of frame 0 */
	u32 nonempty;                   /* bit per order: free[order] has blocks */
	u64 n_free;                     /* frames */
	u64 n_blocks[BUDDY_ORDERS];
	struct list free[BUDDY_ORDERS];
};

void buddy_init(struct buddy *b, struct page *pages);
/* A block of 2^order frames, or NULL. Its flags and order are the caller's to set. */
struct page *buddy_alloc(struct buddy *b, unsigned order);
/* The same, lying wholly below frame number `limit`. Slow. */
struct page *buddy_alloc_below(struct buddy *b, unsigned order, pfn_t limit);
void buddy_free(struct buddy *b, struct page *page, unsigned order);
/* Frees the frames [start, end) in the largest blocks that fit. */
void buddy_free_range(struct buddy *b, pfn_t start, pfn_t end);
