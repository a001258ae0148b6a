/*
 * Memory that devices read and write, and the bus addresses of pages. Bus addresses are physical
 * addresses here, and the machine keeps its caches coherent with devices; so this is a matter of
 * finding frames the device can reach and of describing them to it.
 */
#include "mm/dma.h"

#include "abi/errno.h"
#include "lib/bitops.h"
#include "mm/dma_int.h"
#include "mm/frames_int.h"

struct page *dma_frames(unsigned order, unsigned address_bits, unsigned flags)
{
	struct page *page;

	if (address_bits >= 64)
		return page_alloc_order(order, flags);
	if (address_bits >= 32) {
		page = page_alloc_order(order, flags | MM_DMA32);
		return page;
	}
	if (address_bits < PAGE_SHIFT)
		return NULL;
	return frames_alloc_below(order, (pfn_t)1 << (address_bits - PAGE_SHIFT), flags);
}

bool dma_reaches_all(unsigned address_bits)
{
	return address_bits >= 64 || (address_bits >= 32 && !frames.low_reserve);
}

static unsigned size_order(size_t size)
{
	return fls64((size - 1) >> PAGE_SHIFT);
}

void *dma_alloc(size_t size, unsigned address_bits, dma_addr_t *bus)
{
	struct page *page;

	if (size == 0 || size > (size_t)BUDDY_MAX_FRAMES * PAGE_SIZE)
		return NULL;
	page = dma_frames(size_order(size), address_bits, MM_WAIT | MM_ZERO);
	if (!page)
		return NULL;
	*bus = page_to_phys(page);
	return page_to_virt(page);
}

void dma_free(void *p, size_t size)
{
	if (p)
		page_free_order(virt_to_page(p), size_order(size));
}

int dma_map_pieces(const struct dma_piece *pieces, unsigned n_pieces, struct dma_segment *segments,
		   unsigned max_segments, u32 max_length, unsigned address_bits)
{
	u64 limit = address_bits >= 64 ? ~0ull : (1ull << address_bits) - 1;
	unsigned n = 0;

	for (unsigned i = 0; i < n_pieces; i++) {
		dma_addr_t bus = page_to_phys(pieces[i].page) + pieces[i].offset;
		u32 left = pieces[i].length;

		if (left && bus + left - 1 > limit)
			return -EFAULT;
		if (n && left && segments[n - 1].bus + segments[n - 1].length == bus) {
			u32 more = min(left, max_length - segments[n - 1].length);

			segments[n - 1].length += more;
			bus += more;
			left -= more;
		}
		while (left) {
			u32 take = min(left, max_length);

			if (n == max_segments)
				return -E2BIG;
			segments[n++] = (struct dma_segment){ .bus = bus, .length = take };
			bus += take;
			left -= take;
		}
	}
	return (int)n;
}
