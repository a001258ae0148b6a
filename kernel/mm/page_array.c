/*
 * The page array at boot. Memory is looked at in chunks of 4 MiB, the largest block of the buddies:
 * each chunk that holds any RAM has all its entries, so that joining blocks never meets a missing
 * one, and the others have none. The entries of a chunk fill 16 pages; where 32 chunks in a row
 * exist (128 MiB) they are one large page.
 *
 * Entries are set up chunk by chunk, when the buddies run out of blocks: a machine with much memory
 * pays at boot for what it uses at boot. As no block is larger than a chunk, the allocator never
 * looks into one that is not set up. An entry of zeros is a frame that nobody has and that is not
 * free.
 *
 * Locks: frames.lock for what changes after boot.
 */
#include "mm/frames_int.h"

#include "arch/boot.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "mm/kasan_int.h"

#define CHUNK_FRAMES ((pfn_t)BUDDY_MAX_FRAMES)
#define CHUNK_BYTES (CHUNK_FRAMES * sizeof(struct page))
#define CHUNKS_PER_LARGE ((u64)LARGE_PAGE_SIZE / CHUNK_BYTES)

extern const char image_start[], image_end[]; /* kernel.ld */

/* I: constant after mm_init(). */
static struct boot_range ram[BOOT_RANGES_MAX]; /* as it was before anything was taken */
static unsigned n_ram;
/* what boot left free, the array's own memory taken out */
static struct boot_range spare[BOOT_RANGES_MAX];
static unsigned n_spare;
static u64 n_chunks;
static u64 *chunk_map;   /* bit per chunk: it has entries */
static u64 *chunk_ready; /* frames.lock; bit per chunk: they are set up */

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
	return (pa >= virt_to_phys(image_start) && pa < virt_to_phys(image_end)) ||
	       (pa >= align_down(boot_info.initrd.start, PAGE_SIZE) && pa < boot_info.initrd.end);
}

static void chunk_mark(paddr_t start, paddr_t end)
{
	u64 first = (start >> PAGE_SHIFT) / CHUNK_FRAMES,
	    last = ((end - 1) >> PAGE_SHIFT) / CHUNK_FRAMES;

	bitmap_set_range(chunk_map, first, last - first + 1);
}

static void chunks_mark(void)
{
	u64 bytes;

	n_chunks = DIV_ROUND_UP(boot_info.ram_end, CHUNK_FRAMES << PAGE_SHIFT);
	bytes = align_up(2 * BITMAP_BYTES(n_chunks), PAGE_SIZE);
	chunk_map = phys_to_virt(boot_alloc(bytes, PAGE_SIZE));
	chunk_ready = chunk_map + BITMAP_WORDS(n_chunks);
	for (unsigned i = 0; i < n_ram; i++)
		chunk_mark(ram[i].start, ram[i].end);
	chunk_mark(virt_to_phys(image_start), virt_to_phys(image_end));
	if (boot_info.initrd.end)
		chunk_mark(boot_info.initrd.start, boot_info.initrd.end);
}

/* Takes [start, start + bytes) out of a range of free boot memory; what lies above becomes a range
 * of its own if there is room for it. */
static void range_cut(unsigned i, paddr_t start, u64 bytes)
{
	struct boot_range *r = &boot_info.ram[i], above = { start + bytes, r->end };

	r->end = start;
	if (above.start == above.end || boot_info.n_ram == BOOT_RANGES_MAX)
		return;
	for (unsigned k = boot_info.n_ram++; k > i + 1; k--)
		boot_info.ram[k] = boot_info.ram[k - 1];
	boot_info.ram[i + 1] = above;
}

/* Memory for entries, from the end of the highest range that has it. (boot_alloc() would clear
 * it.) */
static paddr_t array_memory(u64 bytes)
{
	u64 align = bytes == LARGE_PAGE_SIZE ? LARGE_PAGE_SIZE : PAGE_SIZE;

	for (unsigned i = boot_info.n_ram; i-- > 0;) {
		struct boot_range r = boot_info.ram[i];
		paddr_t start = align_down(r.end - min(bytes, r.end), align);

		if (start < r.start || start + bytes > r.end)
			continue;
		range_cut(i, start, bytes);
		return start;
	}
	panic("mm: no memory for the page array");
}

/* Gives `n` chunks from `first` the memory of their entries. */
static void chunks_map(u64 first, u64 n)
{
	u64 bytes = n * CHUNK_BYTES;
	vaddr_t va = (vaddr_t)pfn_to_page(first * CHUNK_FRAMES);

	if (mmu_map_kernel(va, array_memory(bytes), bytes >> PAGE_SHIFT, MMU_READ | MMU_WRITE))
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

/* The part of a free range that lies in the frames [start, end), as frames: whether there is one.
 * Frame 0 stays out: its address means "none" in places. */
static bool range_part(const struct boot_range *r, pfn_t start, pfn_t end, pfn_t *first,
		       pfn_t *last)
{
	*first = max(max(r->start >> PAGE_SHIFT, start), (pfn_t)1);
	*last = min(r->end >> PAGE_SHIFT, end);
	return *first < *last;
}

static u64 frames_between(pfn_t start, pfn_t end)
{
	pfn_t first, last;
	u64 n = 0;

	for (unsigned i = 0; i < n_spare; i++)
		if (range_part(&spare[i], start, end, &first, &last))
			n += last - first;
	return n;
}

/* Marks the frames [start, end) as nobody's. */
static void frames_reserve(pfn_t start, pfn_t end)
{
	for (; start < end; start++) {
		pfn_to_page(start)->flags = PG_RESERVED;
		pfn_to_page(start)->refs = 1;
	}
}

/* Sets up the entries of a chunk and frees what is free of it. Frames locked. */
static void chunk_set_up(u64 chunk)
{
	pfn_t at = chunk * CHUNK_FRAMES, end = at + CHUNK_FRAMES, first, last;
	enum frame_zone zone = at >= ZONE_LOW_END ? ZONE_HIGH : ZONE_LOW;

	bitmap_set(chunk_ready, chunk);
	memset(pfn_to_page(at), 0, CHUNK_BYTES);
	for (unsigned i = 0; i < n_spare; i++) {
		if (!range_part(&spare[i], at, end, &first, &last))
			continue;
		frames_reserve(at, first);
		kasan_poison(phys_to_virt(first << PAGE_SHIFT), (last - first) << PAGE_SHIFT,
			     KASAN_PAGE_FREE);
		buddy_free_range(&frames.zone[zone], first, last);
		frames.pending[zone] -= last - first;
		at = last;
	}
	frames_reserve(at, end);
}

bool page_array_grow_locked(enum frame_zone zone)
{
	static u64 next[ZONE_COUNT] = { 0, ZONE_LOW_END / CHUNK_FRAMES };
	u64 before = frames.zone[zone].n_free;

	while (frames.pending[zone] && frames.zone[zone].n_free == before) {
		u64 chunk = next[zone]++;

		if (bitmap_test(chunk_map, chunk) && !bitmap_test(chunk_ready, chunk))
			chunk_set_up(chunk);
	}
	return frames.zone[zone].n_free != before;
}

void page_array_grow_below_locked(pfn_t limit)
{
	u64 n = min(DIV_ROUND_UP(limit, CHUNK_FRAMES), n_chunks);

	for (u64 chunk = 0; chunk < n; chunk++)
		if (bitmap_test(chunk_map, chunk) && !bitmap_test(chunk_ready, chunk))
			chunk_set_up(chunk);
}

bool pfn_is_ram(pfn_t pfn)
{
	u64 chunk = pfn / CHUNK_FRAMES, irq;

	if (chunk >= n_chunks || !bitmap_test(chunk_map, chunk) || !frame_was_ram(pfn))
		return false;
	if (unlikely(!bitmap_test(chunk_ready, chunk))) {
		irq = spin_lock_irq(&frames.lock);
		if (!bitmap_test(chunk_ready, chunk))
			chunk_set_up(chunk);
		spin_unlock_irq(&frames.lock, irq);
	}
	return true;
}

void mm_give(paddr_t start, paddr_t end)
{
	pfn_t first = max(start >> PAGE_SHIFT, (pfn_t)1), last = end >> PAGE_SHIFT;
	u64 irq = spin_lock_irq(&frames.lock);

	for (pfn_t at = align_down(first, CHUNK_FRAMES); at < last; at += CHUNK_FRAMES)
		if (!bitmap_test(chunk_ready, at / CHUNK_FRAMES))
			chunk_set_up(at / CHUNK_FRAMES);
	frames.total += last - min(first, last);
	spin_unlock_irq(&frames.lock, irq);
	for (; first < last; first++) {
		page_reset(pfn_to_page(first), PG_RESERVED);
		page_put(pfn_to_page(first));
	}
}

static u64 square_root(u64 n)
{
	u64 r = 0;

	for (u64 bit = 1ull << 31; bit; bit >>= 1)
		if ((r + bit) * (r + bit) <= n)
			r += bit;
	return r;
}

/* The larger the machine, the more frames are in flight at a time, but not in proportion: the marks
 * grow with the root. */
static void marks_set(void)
{
	u64 total = frames.total;

	frames.mark_min = min(square_root(total) * 3 / 2, total / 32);
	frames.mark_low = 2 * frames.mark_min;
	/* Not 0: it also says that there is an upper zone. */
	if (frames.pending[ZONE_HIGH])
		frames.low_reserve = frames.pending[ZONE_LOW] / 32 + 1;
	frames.stack_max = (u32)clamp(total / 512, (u64)16, (u64)128);
	frames.stack_batch = frames.stack_max / 4;
}

/* Frames taken at boot may have users, who expect an entry: all chunks but those that are free
 * whole or taken whole are set up. */
static void set_up_mixed_chunks(void)
{
	bitmap_for_each_set(chunk, chunk_map, n_chunks) {
		u64 free = frames_between(chunk * CHUNK_FRAMES, (chunk + 1) * CHUNK_FRAMES);

		if (free && free < CHUNK_FRAMES)
			chunk_set_up(chunk);
	}
}

void page_array_init(void)
{
	n_ram = boot_info.n_ram;
	memcpy(ram, boot_info.ram, sizeof(ram));
	chunks_mark();
	array_map();
	/* What is left is the allocator's: boot_alloc() shall find nothing any more. */
	n_spare = boot_info.n_ram;
	memcpy(spare, boot_info.ram, sizeof(spare));
	boot_info.n_ram = 0;
	buddy_init(&frames.zone[ZONE_LOW], page_array);
	buddy_init(&frames.zone[ZONE_HIGH], page_array);
	frames.pending[ZONE_LOW] = frames_between(0, ZONE_LOW_END);
	frames.pending[ZONE_HIGH] = frames_between(ZONE_LOW_END, n_chunks * CHUNK_FRAMES);
	frames.total = frames.pending[ZONE_LOW] + frames.pending[ZONE_HIGH];
	marks_set();
	set_up_mixed_chunks();
	log_info("mm: %llu MiB of memory, %llu MiB free, %llu KiB for the page array",
		 (unsigned long long)(boot_info.ram_bytes >> 20),
		 (unsigned long long)(frames.total >> 8),
		 (unsigned long long)(bitmap_weight(chunk_map, n_chunks) * CHUNK_BYTES >> 10));
}
