/*
 * test/host/host_mem.c - failures on demand, and what follows from the allocators of a harness.
 */
#include "test/host/host.h"

#include "core/panic.h"
#include "mm/slab.h"

static bool fail_held;

bool host_fail_hold(bool hold)
{
	bool old = fail_held;

	fail_held = hold;
	return old;
}

bool host_fail(unsigned *countdown, bool for_good)
{
	if (*countdown == 0 || fail_held)
		return false;
	if (*countdown > 1) {
		--*countdown;
		return false;
	}
	if (!for_good)
		*countdown = 0;
	return true;
}

void page_clear(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

void *kmemdup(const void *p, size_t n, unsigned flags)
{
	void *copy = kmalloc(n, flags);

	return copy ? memcpy(copy, p, n) : NULL;
}

void *kmalloc_array(size_t n, size_t size, unsigned flags)
{
	return kmalloc(n * size, flags);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	abort();
}
