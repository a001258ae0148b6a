/* What debug builds have beside the checks: fault injection, the search for leaks, stack depths. */
#include "abi/errno.h"
#include "core/clock.h"
#include "core/fail.h"
#include "lib/string.h"
#include "mm/frames.h"
#include "mm/kmap.h"
#include "mm/memleak.h"
#include "mm/slab.h"
#include "sched/thread.h"
#include "test/ktest.h"

#ifdef CONFIG_DEBUG

KTEST(debug_fail_alloc)
{
	struct fail_plan *plan = fail_plan_current();
	u32 n = 0;
	void *p;

	/* One that needs a new slab fails at the second, too. */
	do {
		*plan = (struct fail_plan){ .kinds = FAIL_ALLOC, .nth = ++n };
		p = kmalloc(100, MM_KERNEL);
		KTEST_CHECK((plan->seen < n) == (p != NULL) && n < 5);
	} while (!p && n < 5);
	KTEST_CHECK(n >= 2);
	kfree(p);

	*plan = (struct fail_plan){ .kinds = FAIL_ALLOC, .nth = 1 };
	KTEST_CHECK(!page_alloc(MM_KERNEL));
	*plan = (struct fail_plan){ .kinds = FAIL_ALLOC, .nth = 1 };
	KTEST_CHECK(!vmalloc(100000, MM_KERNEL));
	*plan = (struct fail_plan){ .kinds = FAIL_ALLOC, .nth = 5 };
	KTEST_CHECK(!vmalloc(100000, MM_KERNEL));
	*plan = (struct fail_plan){ 0 };
}

/* The address is the same each time: one path. */
static __noinline bool can_allocate(void)
{
	void *p = page_alloc(MM_KERNEL);

	if (p)
		page_put(p);
	return p;
}

KTEST(debug_fail_family)
{
	static char text[1500];
	struct fail_plan *plan = fail_plan_current();
	u64 args[3] = { 5, 6, 7 };
	bool could[4];

	fail_family_begin(FAIL_ALLOC, 2);
	fail_call_begin(100, args);
	KTEST_CHECK(can_allocate() && !can_allocate() && can_allocate());
	fail_call_end(-ENOMEM);
	fail_family_end();
	text[fail_family_describe(text, sizeof(text) - 1)] = 0;
	KTEST_CHECK(!strncmp(text, "family seen 2 ", 14));
	KTEST_CHECK(strstr(text, "errors 1 struck 1 call 100 of 5 6 7 result -12\n"));
	KTEST_CHECK(strstr(text, "can_allocate+"));

	/* On a path that has not failed yet: the first time, the second, and then no more but once
	 * at the fifth. */
	fail_forget();
	for (unsigned round = 0; round < 3; round++) {
		fail_family_begin(FAIL_ALLOC, FAIL_NEW);
		for (unsigned i = 0; i < ARRAY_SIZE(could); i++)
			could[i] = can_allocate();
		fail_family_end();
		for (unsigned i = 0; i < ARRAY_SIZE(could); i++)
			KTEST_CHECK(could[i] == (i != round || round == 2));
	}
	fail_forget();
	plan->family = 0;
}

/* What a leak looks like: an object, and its address in a form that nobody takes for one. */
static __noinline u64 forget(size_t size)
{
	void **p = kzalloc(size, MM_KERNEL);

	return ~(u64)p;
}

static void pause_briefly(void)
{
	thread_prepare(THREAD_UNINTERRUPTIBLE);
	thread_block_until(clock_monotonic() + 20 * NSEC_PER_MSEC);
}

/* Overwrites what calls before have left on the stack. */
static __noinline void wipe_stack(void)
{
	volatile char bytes[1500];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0;
}

static void count_line(const char *text, void *arg)
{
	++*(unsigned *)arg;
}

KTEST(debug_memleak)
{
	static void **chain; /* a root: what it leads to is found */
	unsigned lines = 0, seen = 0;
	u64 hidden[8];

	/* Several, since the search may see something of one that is still on the stack. */
	for (unsigned i = 0; i < ARRAY_SIZE(hidden); i++)
		hidden[i] = forget(72);
	chain = kzalloc(32, MM_KERNEL);
	KTEST_CHECK(chain);
	if (chain)
		chain[2] = kzalloc(48, MM_KERNEL);
	wipe_stack();
	KTEST_CHECK(memleak_scan(pause_briefly) == 0);
	for (unsigned i = 0; i < ARRAY_SIZE(hidden); i++)
		seen += memleak_found((void *)~hidden[i]);
	KTEST_CHECK(seen > 0);
	KTEST_CHECK(!chain || (!memleak_found(chain) && !memleak_found(chain[2])));
	memleak_each(count_line, &lines);
	KTEST_CHECK(lines >= 1);
	ktest_note("%u objects are unreachable, %u of them on purpose", memleak_count(), seen);
	for (unsigned i = 0; i < ARRAY_SIZE(hidden); i++)
		kfree((void *)~hidden[i]);
	if (chain)
		kfree(chain[2]);
	kfree(chain);
	chain = NULL;
	KTEST_CHECK(memleak_scan(pause_briefly) == 0);
	for (unsigned i = 0; i < ARRAY_SIZE(hidden); i++)
		KTEST_CHECK(!memleak_found((void *)~hidden[i]));
}

KTEST(debug_stack_depth)
{
	size_t before = kstack_used(thread_current()->stack);

	wipe_stack();
	KTEST_CHECK(before > 0 && before <= KSTACK_SIZE);
	KTEST_CHECK(kstack_used(thread_current()->stack) >= before);
	KTEST_CHECK(kstack_used(thread_current()->stack) > 1500);
}

#endif
