/*
 * The shadow: writing it, reading it, and the functions that compiled code calls (their names are
 * the compiler's). Most checks are in the compiled code itself; here come the failed ones, those of
 * odd sizes, and the ranges. Not instrumented. Takes no locks: a byte of shadow belongs to whoever
 * owns the memory.
 */
#include "core/kasan.h"

#include "arch/context.h"

/* kernel.ld: what the compiler wrote to mark globals, a function per file. */
extern void (*const kasan_constructors_start[])(void);
extern void (*const kasan_constructors_end[])(void);

static bool enabled;

/* A global variable as the compiler describes it (libsanitizer's ABI). */
struct asan_global {
	const void *start;
	size_t size;
	size_t size_with_red_zone;
	const char *name;
	const char *module;
	size_t dynamic_init;
	const void *location;
	u64 odr;
};

static inline u8 *shadow_of(u64 address)
{
	return (u8 *)((address >> KASAN_SHADOW_SHIFT) + KASAN_SHADOW_OFFSET);
}

/* The room's own, since memset() is one of those that look here. Whole quadwords where it can. */
static void shadow_fill(u8 *shadow, u8 value, size_t n)
{
	const u64 word = value * 0x0101010101010101ull;

	for (; n && ((u64)shadow & 7); n--)
		*(volatile u8 *)shadow++ = value;
	for (; n >= 8; n -= 8, shadow += 8)
		*(volatile u64 *)shadow = word;
	for (; n; n--)
		*(volatile u8 *)shadow++ = value;
}

void kasan_poison(const void *p, size_t size, enum kasan_mark mark)
{
	shadow_fill(shadow_of((u64)p), (u8)mark, DIV_ROUND_UP(size, KASAN_GRANULE));
}

void kasan_unpoison(const void *p, size_t size)
{
	u8 *shadow = shadow_of((u64)p);

	shadow_fill(shadow, 0, size / KASAN_GRANULE);
	if (size % KASAN_GRANULE)
		shadow[size / KASAN_GRANULE] = size % KASAN_GRANULE;
}

/* Whether [address, address + size) has a byte that may not be touched, all in one granule. */
static inline bool granule_bad(u64 address, size_t size)
{
	s8 mark = (s8)*shadow_of(address);

	return mark && (s8)((address & (KASAN_GRANULE - 1)) + size - 1) >= mark;
}

static bool range_bad(u64 address, size_t size)
{
	u64 end = address + size;

	while (address < end) {
		u64 next = min_t(u64, end, align_down(address, KASAN_GRANULE) + KASAN_GRANULE);

		if (is_aligned(address, 64) && end - address >= 64 && !*(u64 *)shadow_of(address)) {
			address += 64;
			continue;
		}
		if (granule_bad(address, next - address))
			return true;
		address = next;
	}
	return false;
}

static void check(u64 address, size_t size, bool write, u64 ip)
{
	if (!size || !enabled)
		return;
	/* Below the kernel half there is no shadow, and no business. */
	if (address < 0xffff800000000000ull || address + size < address)
		kasan_report("wild-access", (void *)address, size, write, ip);
	else if (range_bad(address, size))
		kasan_report(NULL, (void *)address, size, write, ip);
}

bool kasan_check(const void *p, size_t size, bool write)
{
	if (!size || !enabled)
		return true;
	if ((u64)p >= 0xffff800000000000ull && (u64)p + size > (u64)p && !range_bad((u64)p, size))
		return true;
	kasan_report(NULL, p, size, write, (u64)__builtin_return_address(0));
	return false;
}

u8 kasan_mark_of(const void *p)
{
	return granule_bad((u64)p, 1) ? *shadow_of((u64)p) : 0;
}

void kasan_start(void)
{
	for (void (*const *fn)(void) = kasan_constructors_start; fn < kasan_constructors_end; fn++)
		(*fn)();
	__atomic_store_n(&enabled, true, __ATOMIC_RELEASE);
}

void kasan_stop(void)
{
	__atomic_store_n(&enabled, false, __ATOMIC_RELEASE);
}

#define DEFINE_CHECKS(size) \
	void __asan_load##size##_noabort(u64 address); \
	void __asan_store##size##_noabort(u64 address); \
	void __asan_report_load##size##_noabort(u64 address); \
	void __asan_report_store##size##_noabort(u64 address); \
	void __asan_load##size##_noabort(u64 address) \
	{ check(address, size, false, (u64)__builtin_return_address(0)); } \
	void __asan_store##size##_noabort(u64 address) \
	{ check(address, size, true, (u64)__builtin_return_address(0)); } \
	void __asan_report_load##size##_noabort(u64 address) \
	{ check(address, size, false, (u64)__builtin_return_address(0)); } \
	void __asan_report_store##size##_noabort(u64 address) \
	{ check(address, size, true, (u64)__builtin_return_address(0)); }

DEFINE_CHECKS(1)
DEFINE_CHECKS(2)
DEFINE_CHECKS(4)
DEFINE_CHECKS(8)
DEFINE_CHECKS(16)

void __asan_loadN_noabort(u64 address, size_t size);
void __asan_storeN_noabort(u64 address, size_t size);
void __asan_report_load_n_noabort(u64 address, size_t size);
void __asan_report_store_n_noabort(u64 address, size_t size);
void __asan_handle_no_return(void);
void __asan_register_globals(struct asan_global *globals, size_t n);
void __asan_unregister_globals(struct asan_global *globals, size_t n);
void __asan_poison_stack_memory(const void *p, size_t size);
void __asan_unpoison_stack_memory(const void *p, size_t size);

void __asan_loadN_noabort(u64 address, size_t size)
{
	check(address, size, false, (u64)__builtin_return_address(0));
}

void __asan_storeN_noabort(u64 address, size_t size)
{
	check(address, size, true, (u64)__builtin_return_address(0));
}

void __asan_report_load_n_noabort(u64 address, size_t size)
{
	check(address, size, false, (u64)__builtin_return_address(0));
}

void __asan_report_store_n_noabort(u64 address, size_t size)
{
	check(address, size, true, (u64)__builtin_return_address(0));
}

/* The frames above will never return, so nobody else takes their marks away. */
void __asan_handle_no_return(void)
{
	u64 sp = align_down((u64)__builtin_frame_address(0), KASAN_GRANULE);
	u64 top = this_cpu_read(cpu_kstack_top);

	if (enabled && sp < top && top - sp <= KSTACK_SIZE)
		kasan_unpoison((void *)sp, top - sp);
}

void __asan_register_globals(struct asan_global *globals, size_t n)
{
	for (; n; n--, globals++) {
		size_t used = align_up(globals->size, KASAN_GRANULE);

		kasan_unpoison(globals->start, globals->size);
		kasan_poison((const char *)globals->start + used,
			     globals->size_with_red_zone - used, KASAN_GLOBAL_RED);
	}
}

void __asan_unregister_globals(struct asan_global *globals, size_t n)
{
	for (; n; n--, globals++)
		kasan_unpoison(globals->start, globals->size_with_red_zone);
}

void __asan_poison_stack_memory(const void *p, size_t size)
{
	kasan_poison(p, size, KASAN_STACK_SCOPE);
}

void __asan_unpoison_stack_memory(const void *p, size_t size)
{
	kasan_unpoison(p, size);
}
