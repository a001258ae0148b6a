/*
 * The address sanitizer (VARIANT=kasan only): each kind of wrong access is made on purpose and must
 * be reported, once, as what it is; and what is right must not be.
 */
#include "core/kasan.h"
#include "lib/string.h"
#include "mm/frames.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "test/ktest.h"

/* The compiler shall not know what it reads, nor that nobody looks at it. */
static volatile u64 sink;

static __noinline void touch_read(const volatile char *p)
{
	sink += (u64)*p;
}

static __noinline void touch_write(volatile char *p)
{
	*p = 1;
}

static void expect(const struct kasan_capture *c, const char *kind, const void *p, bool write)
{
	KTEST_CHECK(c->count == 1);
	KTEST_CHECK(!strcmp(c->kind, kind));
	KTEST_CHECK(c->address == (u64)p && c->write == write);
	if (strcmp(c->kind, kind))
		ktest_note("%u reports, the last: %s", c->count, c->kind);
}

/* An object that is not the first of its slab, so that a red zone lies in front of it as well. */
static char *object_inside(size_t size)
{
	char *p[4] = { NULL }, *found = NULL;

	for (unsigned i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = kmalloc(size, MM_KERNEL);
		if (p[i] && !found && ((u64)p[i] & (PAGE_SIZE - 1)))
			found = p[i];
	}
	for (unsigned i = 0; i < ARRAY_SIZE(p); i++)
		if (p[i] != found)
			kfree(p[i]);
	return found;
}

KTEST(kasan_slab_bounds)
{
	struct kasan_capture c;
	char *p = object_inside(60);

	KTEST_CHECK(p);
	if (!p)
		return;
	kasan_capture_begin(&c);
	touch_write(p);
	touch_read(p + 59);
	memset(p, 3, 60);
	kasan_capture_end();
	KTEST_CHECK(c.count == 0);

	kasan_capture_begin(&c);
	touch_read(p + 60);
	kasan_capture_end();
	expect(&c, "slab-out-of-bounds", p + 60, false);

	kasan_capture_begin(&c);
	touch_read(p - 1);
	kasan_capture_end();
	expect(&c, "slab-out-of-bounds", p - 1, false);

	kasan_capture_begin(&c);
	sink += (u64)memcmp(p, p + 1, 60);
	kasan_capture_end();
	expect(&c, "slab-out-of-bounds", p + 1, false);
	KTEST_CHECK(c.size == 60);
	kfree(p);
}

KTEST(kasan_slab_freed)
{
	struct kasan_capture c;
	char *p = kmalloc(100, MM_KERNEL);

	KTEST_CHECK(p);
	if (!p)
		return;
	kfree(p);
	kasan_capture_begin(&c);
	touch_read(p + 50);
	kasan_capture_end();
	expect(&c, "slab-use-after-free", p + 50, false);

	kasan_capture_begin(&c);
	kfree(p);
	kasan_capture_end();
	expect(&c, "double-free", p, true);
}

KTEST(kasan_slab_quarantine)
{
	char *p = kmalloc(100, MM_KERNEL), *q;

	/* A freed object does not come back soon. */
	kfree(p);
	for (unsigned i = 0; i < 100; i++) {
		q = kmalloc(100, MM_KERNEL);
		KTEST_CHECK(q && q != p);
		kfree(q);
	}
}

KTEST(kasan_invalid_free)
{
	struct kasan_capture c;
	char *p = kmalloc(100, MM_KERNEL);

	KTEST_CHECK(p);
	if (!p)
		return;
	kasan_capture_begin(&c);
	kfree(p + 16);
	kasan_capture_end();
	expect(&c, "invalid-free", p + 16, true);
	kfree(p);
}

KTEST(kasan_pages)
{
	struct kasan_capture c;
	char *p = kmalloc(3 * PAGE_SIZE, MM_KERNEL), *v = vmalloc(PAGE_SIZE + 100, MM_KERNEL);

	KTEST_CHECK(p && v);
	if (p) {
		kasan_capture_begin(&c);
		touch_write(p + 3 * PAGE_SIZE - 1);
		KTEST_CHECK(c.count == 0);
		touch_write(p + 3 * PAGE_SIZE);
		kasan_capture_end();
		expect(&c, "page-out-of-bounds", p + 3 * PAGE_SIZE, true);
		kfree(p);
		kasan_capture_begin(&c);
		touch_read(p);
		kasan_capture_end();
		expect(&c, "page-use-after-free", p, false);
	}
	if (v) {
		kasan_capture_begin(&c);
		touch_read(v + PAGE_SIZE + 99);
		KTEST_CHECK(c.count == 0);
		touch_read(v + PAGE_SIZE + 104);
		kasan_capture_end();
		expect(&c, "page-out-of-bounds", v + PAGE_SIZE + 104, false);
		vfree(v);
	}
}

/* The index is volatile, or the compiler sees the bug. */
KTEST(kasan_stack_bounds)
{
	struct kasan_capture c;
	volatile unsigned i = 15;
	char buf[16];

	memset(buf, 0, sizeof(buf));
	kasan_capture_begin(&c);
	touch_read(buf + i);
	KTEST_CHECK(c.count == 0);
	i = 16;
	touch_read(buf + i);
	kasan_capture_end();
	expect(&c, "stack-out-of-bounds", buf + 16, false);
}

static char global_bytes[13] = "thirteen";

KTEST(kasan_global_bounds)
{
	struct kasan_capture c;
	volatile unsigned i = 12;

	kasan_capture_begin(&c);
	touch_read(global_bytes + i);
	KTEST_CHECK(c.count == 0);
	i = 13;
	touch_read(global_bytes + i);
	kasan_capture_end();
	expect(&c, "global-out-of-bounds", global_bytes + 13, false);
}

/* The marks of a frame go with it: deep calls leave nothing behind on the stack. */
static __noinline unsigned deep(unsigned n)
{
	volatile char buf[64];

	buf[n % sizeof(buf)] = (char)n;
	return n ? deep(n - 1) + (unsigned)buf[n % sizeof(buf)] : 0;
}

static __noinline unsigned wide(void)
{
	volatile char buf[4096];
	unsigned sum = 0;

	for (unsigned i = 0; i < sizeof(buf); i++)
		buf[i] = (char)i;
	for (unsigned i = 0; i < sizeof(buf); i++)
		sum += (unsigned)buf[i];
	return sum;
}

KTEST(kasan_stack_clean)
{
	struct kasan_capture c;

	kasan_capture_begin(&c);
	sink += deep(20) + wide();
	kasan_capture_end();
	KTEST_CHECK(c.count == 0);
}
