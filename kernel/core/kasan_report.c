/*
 * What is said about a wrong access: what kind, where, by whom, the shadow around it, and from mm
 * what memory it is and who had it. Then the kernel panics, so that no report is overlooked; a test
 * that provokes one catches it instead (kasan_capture_begin()). Not instrumented.
 */
#include "core/kasan.h"

#include "arch/context.h"
#include "arch/mmu.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/symbols.h"
#include "lib/format.h"

#define ROW_BYTES 16
#define ROWS      2 /* before and behind the row of the address */

static void (*describe_memory)(u64 address);
static struct thread *capture_thread; /* a: whose reports are caught */
static struct kasan_capture *capture; /* of that thread alone */

void kasan_set_describe(void (*describe)(u64 address))
{
	describe_memory = describe;
}

void kasan_capture_begin(struct kasan_capture *c)
{
	*c = (struct kasan_capture){ .kind = "" };
	capture = c;
	__atomic_store_n(&capture_thread, thread_current(), __ATOMIC_RELEASE);
}

void kasan_capture_end(void)
{
	__atomic_store_n(&capture_thread, NULL, __ATOMIC_RELEASE);
}

static const u8 *shadow_of(u64 address)
{
	return (const u8 *)((address >> KASAN_SHADOW_SHIFT) + KASAN_SHADOW_OFFSET);
}

/* The first byte of the range that may not be touched. */
static u64 first_bad(u64 address, size_t size)
{
	for (u64 at = address; at < address + size; at++)
		if (kasan_mark_of((void *)at))
			return at;
	return address;
}

/* The reason stands in the granule of the bad byte, or in the next one if it is a partial one. */
static const char *kind_of(u64 bad)
{
	u8 mark = *shadow_of(bad);

	if (mark > 0 && mark < KASAN_GRANULE)
		mark = *shadow_of(bad + KASAN_GRANULE);
	switch (mark) {
	case KASAN_STACK_LEFT:
	case KASAN_STACK_MIDDLE:
	case KASAN_STACK_RIGHT: return "stack-out-of-bounds";
	case KASAN_STACK_SCOPE: return "stack-use-after-scope";
	case KASAN_STACK_FREE: return "use-of-freed-stack";
	case KASAN_SLAB_FREE: return "slab-use-after-free";
	case KASAN_PAGE_FREE: return "page-use-after-free";
	case KASAN_PAGE_RED: return "page-out-of-bounds";
	case KASAN_GLOBAL_RED: return "global-out-of-bounds";
	default: return "slab-out-of-bounds";
	}
}

static void log_shadow(u64 address)
{
	const u8 *middle = (const u8 *)align_down((u64)shadow_of(address), ROW_BYTES);

	for (int row = -ROWS; row <= ROWS; row++) {
		const u8 *s = middle + row * ROW_BYTES;
		char text[ROW_BYTES * 4 + 1], *at = text;
		u64 start = ((u64)s - KASAN_SHADOW_OFFSET) << KASAN_SHADOW_SHIFT;

		if (!mmu_translate_kernel((vaddr_t)s, NULL))
			continue;
		for (unsigned i = 0; i < ROW_BYTES; i++)
			at += snprintf(at, (size_t)(text + sizeof(text) - at),
				       s + i == shadow_of(address) ? "[%02x]" : " %02x", s[i]);
		log_emit(LOG_EMERG, "%s %016llx:%s", row ? " " : ">", (unsigned long long)start,
			 text);
	}
}

void kasan_report(const char *kind, const void *p, size_t size, bool write, u64 ip)
{
	u64 address = (u64)p, offset = 0, bad = address;
	bool shadowed = address >= 0xffff800000000000ull;
	const char *name;

	if (shadowed)
		bad = first_bad(address, size);
	if (!kind)
		kind = shadowed ? kind_of(bad) : "wild-access";
	if (capture_thread && capture_thread == thread_current()) {
		capture->count++;
		capture->kind = kind;
		capture->address = address;
		capture->size = size;
		capture->write = write;
		return;
	}
	kasan_stop();
	name = symbol_find(ip, &offset);
	log_emit(LOG_EMERG, "kasan: %s: %s of %llu bytes at %016llx by %s+%#llx", kind,
		 write ? "write" : "read", (unsigned long long)size, (unsigned long long)address,
		 name ? name : "?", (unsigned long long)offset);
	if (shadowed) {
		log_shadow(bad);
		if (describe_memory)
			describe_memory(bad);
	}
	panic("kasan: %s: %s of %llu bytes at %016llx by %s+%#llx", kind, write ? "write" : "read",
	      (unsigned long long)size, (unsigned long long)address, name ? name : "?",
	      (unsigned long long)offset);
}
