/*
 * Memory that devices read and write: this room alone makes bus addresses (here equal to physical
 * ones). Coherent buffers, pools of small blocks, and scatter-gather lists over pages that coalesce
 * neighbours.
 */
#pragma once

#include "lib/types.h"
#include "mm/frames.h"

typedef u64 dma_addr_t;

/* `size` zeroed bytes, physically contiguous, page-aligned, below 2^address_bits; *bus is its bus
 * address. NULL: no memory. */
void *dma_alloc(size_t size, unsigned address_bits, dma_addr_t *bus);
void dma_free(void *p, size_t size);

struct dma_pool;
/* Pool of zeroed blocks of `size` bytes aligned to `align` (power of two), none crossing a page. */
struct dma_pool *dma_pool_create(const char *name, size_t size, size_t align,
				 unsigned address_bits);
void dma_pool_destroy(struct dma_pool *pool);
void *dma_pool_alloc(struct dma_pool *pool, dma_addr_t *bus);
void dma_pool_free(struct dma_pool *pool, void *p);

/* Whether a device with so many address bits reaches all memory there is. */
bool dma_reaches_all(unsigned address_bits);

struct dma_segment { dma_addr_t bus; u32 length; };
struct dma_piece { struct page *page; u32 offset, length; };
/*
 * Turns pieces of pages into at most `max_segments` segments, neighbours merged, none longer than
 * max_length (bytes): the number of segments, or -E2BIG. `address_bits`: -EFAULT if a frame lies
 * above. Any context.
 */
int dma_map_pieces(const struct dma_piece *pieces, unsigned n_pieces, struct dma_segment *segments,
		   unsigned max_segments, u32 max_length, unsigned address_bits);
