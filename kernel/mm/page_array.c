/*
 * The page array at boot. Memory is looked at in chunks of 4 MiB, the largest block of the buddies: each chunk that
 * holds any RAM has all its entries, so that joining blocks never meets a missing one, and the others have none. The
 * entries of a chunk fill 16 pages; where 32 chunks in a row exist (128 MiB) they are one large page.
 *
 * An entry of zeros is a frame that nobody has and the allocator does not give out; so the array, which boot_alloc()
 * clears, needs no loop over all frames: only heads of free blocks and the frames that are not free are written.
 */
#include "mm/frames_int.h"

#include "arch/boot.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/bitmap.h"

#define CHUNK_FRAMES ((pfn_t)BUDDY_MAX_FRAMES)
#define CHUNK_BYTES (CHUNK_FRAMES * sizeof(struct page))
#define CHUNKS_PER_LARGE ((u64)LARGE_PAGE_SIZE / CHUNK_BYTES)

extern const char image_start[], image_end[]; /* kernel.ld */

/* I: constant after mm_init(). */
static struct boot_range ram[BOOT_RANGES_MAX]; /* as it was before anything was taken */
static unsigned n_ram;
static u64 *chunk_map; /* bit per chunk: it has entries */
static u64 n_chunks;

static bool chunk_present(u64 chunk)
{
	return chunk < n_chunks && bitmap_test(chunk_map, chunk);
}

/* Whether the firmware called the frame usable RAM. */
static bool frame_was_ram(pfn_t pfn)
{
	paddr_t pa = pfn << PAGE_SHIFT;
	unsigned lo = 0, hi = n_ram;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (pa >= ram[mid].end)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < n_ram && pa >= ram[lo].start)
		return true;
	return pa >= virt_to_phys(image_start) && pa < virt_to_phys(image_end);
}

bool pfn_is_ram(pfn_t pfn)
{
	return chunk_present(pfn / CHUNK_FRAMES) && frame_was_ram(pfn);
}

static void chunks_mark(void)
{
	n_chunks = DIV_ROUND_UP(boot_info.ram_end, CHUNK_FRAMES << PAGE_SHIFT);
	chunk_map = phys_to_virt(boot_alloc(align_up(BITMAP_BYTES(n_chunks), PAGE_SIZE), PAGE_SIZE));
	/* The bitmap is small against the ranges: what it took from them changes no chunk that matters, but the
	 * copy above is what counts. */
	for (unsigned i = 0; i < n_ram; i++) {
		u64 first = (ram[i].start >> PAGE_SHIFT) / CHUNK_FRAMES;
		u64 last = ((ram[i].end - 1) >> PAGE_SHIFT) / CHUNK_FRAMES;

		bitmap_set_range(chunk_map, first, last - first + 1);
	}
	bitmap_set_range(chunk_map, (virt_to_phys(image_start) >> PAGE_SHIFT) / CHUNK_FRAMES,
			 DIV_ROUND_UP(virt_to_phys(image_end), CHUNK_FRAMES << PAGE_SHIFT) -
			 (virt_to_phys(image_start) >> PAGE_SHIFT) / CHUNK_FRAMES);
}

/* Gives `n` chunks from `first` their entries. */
static void chunks_map(u64 first, u64 n)
{
	u64 bytes = n * CHUNK_BYTES;
	paddr_t pa = boot_alloc(bytes, n == CHUNKS_PER_LARGE ? LARGE_PAGE_SIZE : PAGE_SIZE);
	vaddr_t va = (vaddr_t)pfn_to_page(first * CHUNK_FRAMES);

	if (mmu_map_kernel(va, pa, bytes >> PAGE_SHIFT, MMU_READ | MMU_WRITE))
		panic("mm: no memory to map the page array");
}

/* Maps each run of chunks by pieces that do not cross a large page. */
static void array_map(void)
{
	u64 chunk = bitmap_find_next_set(chunk_map, n_chunks, 0);

	while (chunk < n_chunks) {
		u64 end = bitmap_find_next_zero(chunk_map, n_chunks, chunk);

		while (chunk < end) {
			u64 n = min(end - chunk, CHUNKS_PER_LARGE - chunk % CHUNKS_PER_LARGE);

			chunks_map(chunk, n);
			chunk += n;
		}
		chunk = bitmap_find_next_set(chunk_map, n_chunks, chunk);
	}
}

/* Marks the frames [start, end), as far as they have entries, as nobody's. */
static void frames_reserve(pfn_t start, pfn_t end)
{
	while (start < end) {
		if (!chunk_present(start / CHUNK_FRAMES)) {
			start = (start / CHUNK_FRAMES + 1) * CHUNK_FRAMES;
			continue;
		}
		pfn_to_page(start)->flags = PG_RESERVED;
		pfn_to_page(start)->refs = 1;
		start++;
	}
}

static void frames_release(pfn_t start, pfn_t end)
{
	if (start < ZONE_LOW_END)
		buddy_free_range(&frames.zone[ZONE_LOW], start, min(end, ZONE_LOW_END));
	if (end > ZONE_LOW_END)
		buddy_free_range(&frames.zone[ZONE_HIGH], max(start, ZONE_LOW_END), end);
	frames.total += end - start;
}

static u64 square_root(u64 n)
{
	u64 r = 0;

	for (u64 bit = 1ull << 31; bit; bit >>= 1)
		if ((r + bit) * (r + bit) <= n)
			r += bit;
	return r;
}

/* The larger the machine, the more frames are in flight at a time, but not in proportion: the marks grow with the root. */
static void marks_set(void)
{
	u64 total = frames.total;

	frames.mark_min = min(square_root(total) * 3 / 2, total / 32);
	frames.mark_low = 2 * frames.mark_min;
	if (frames.zone[ZONE_HIGH].pages)
		frames.low_reserve = frames.zone[ZONE_LOW].n_free / 32;
	frames.stack_max = (u32)clamp(total / 512, (u64)16, (u64)128);
	frames.stack_batch = frames.stack_max / 4;
}

void page_array_init(void)
{
	pfn_t at = 0;

	n_ram = boot_info.n_ram;
	for (unsigned i = 0; i < n_ram; i++)
		ram[i] = boot_info.ram[i];
	chunks_mark();
	array_map();

	buddy_init(&frames.zone[ZONE_LOW], page_array);
	buddy_init(&frames.zone[ZONE_HIGH], n_chunks * CHUNK_FRAMES > ZONE_LOW_END ? page_array : NULL);
	for (unsigned i = 0; i < boot_info.n_ram; i++) {
		/* Frame 0 stays out: its address means "none" in places. */
		pfn_t start = max(boot_info.ram[i].start >> PAGE_SHIFT, (pfn_t)1);
		pfn_t end = boot_info.ram[i].end >> PAGE_SHIFT;

		if (start >= end)
			continue;
		frames_reserve(at, start);
		frames_release(start, end);
		at = end;
	}
	frames_reserve(at, n_chunks * CHUNK_FRAMES);
	marks_set();
	log_info("mm: %llu MiB of memory, %llu MiB free, %llu KiB for the page array",
		 (unsigned long long)(boot_info.ram_bytes >> 20), (unsigned long long)(frames.total >> 8),
		 (unsigned long long)(bitmap_weight(chunk_map, n_chunks) * CHUNK_BYTES >> 10));
}
