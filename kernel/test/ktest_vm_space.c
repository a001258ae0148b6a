/*
 * Address spaces of anonymous memory: the calls, their errors, copy-on-write, and that nothing is
 * left.
 */
#include "abi/mman.h"
#include "core/fail.h"
#include "core/clock.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "test/ktest.h"
#include "test/ktest_vm_int.h"

#define P ((vaddr_t)PAGE_SIZE)
#define BASE ((vaddr_t)0x10000000)

KTEST(vm_anon_fault)
{
	u64 before = ktest_frames_settle(), value = 1;
	struct aspace *as = ktest_space_enter();
	vaddr_t at = ktest_map(as, 0, 64 * P, KTEST_RW, 0);

	KTEST_CHECK(at && !(at & ~PAGE_MASK));
	KTEST_CHECK(ktest_load(at + 3 * P, &value) && value == 0 && as->n_resident_anon == 0);
	for (u64 i = 0; i < 64; i++)
		KTEST_CHECK(ktest_store(at + i * P + 8, i + 1));
	KTEST_CHECK(as->n_resident_anon == 64);
	for (u64 i = 0; i < 64; i++)
		KTEST_CHECK(ktest_load(at + i * P + 8, &value) && value == i + 1);
	KTEST_CHECK(vm_unmap(as, at + 10 * P, 5 * P) == 0);
	KTEST_CHECK(as->n_areas == 2 && as->n_resident_anon == 59 && as->n_total == 59);
	KTEST_CHECK(!ktest_load(at + 12 * P, &value) && ktest_load(at + 15 * P + 8, &value) &&
		    value == 16);
	KTEST_CHECK(vm_advise(as, at, 2 * P, MADV_DONTNEED) == 0 && ktest_load(at + 8, &value) &&
		    value == 0);
	ktest_space_leave(as);
	KTEST_CHECK(ktest_frames_settle() + 8 >= before);
	KTEST_CHECK(vm_committed() == 0);
}

KTEST(vm_map_rules)
{
	struct aspace *as = ktest_space_enter();
	struct map_request req = { .length = 0, .flags = KTEST_RW };
	vaddr_t at, a, b;

	KTEST_CHECK(vm_map(as, &req, &at) == -ABI_EINVAL);
	req.length = USER_TOP;
	KTEST_CHECK(vm_map(as, &req, &at) == -ABI_ENOMEM);
	req = (struct map_request){
		.length = P, .flags = KTEST_RW, .addr = BASE + 1, .map_flags = MAP_FIXED
	};
	KTEST_CHECK(vm_map(as, &req, &at) == -ABI_EINVAL);
	req.addr = 0;
	KTEST_CHECK(vm_map(as, &req, &at) == -ABI_EPERM);
	req.addr = USER_TOP;
	KTEST_CHECK(vm_map(as, &req, &at) == -ABI_ENOMEM);
	KTEST_CHECK(ktest_map(as, BASE, 4 * P, KTEST_RW, MAP_FIXED) == BASE);
	req.addr = BASE + 2 * P;
	req.map_flags = MAP_FIXED_NOREPLACE;
	KTEST_CHECK(vm_map(as, &req, &at) == -ABI_EEXIST);
	/* Neighbours join; different rights do not. */
	KTEST_CHECK(ktest_map(as, BASE + 4 * P, 4 * P, KTEST_RW, MAP_FIXED) == BASE + 4 * P &&
		    as->n_areas == 1);
	KTEST_CHECK(ktest_map(as, BASE + 8 * P, P, KTEST_RW & ~AREA_WRITE, MAP_FIXED) &&
		    as->n_areas == 2);
	KTEST_CHECK(vm_protect(as, BASE + 8 * P, P, PROT_READ | PROT_WRITE) == 0 &&
		    as->n_areas == 1);
	/* A fixed mapping in the middle replaces. */
	KTEST_CHECK(ktest_store(BASE + 5 * P, 7));
	KTEST_CHECK(ktest_map(as, BASE + 5 * P, P, KTEST_RW | AREA_NORESERVE, MAP_FIXED) ==
			    BASE + 5 * P &&
		    as->n_areas == 3);
	u64 value = 1;
	KTEST_CHECK(ktest_load(BASE + 5 * P, &value) && value == 0);
	/* From the top down, next to each other; a freed hole that fits is used again. */
	a = ktest_map(as, 0, 4 * P, KTEST_RW, 0);
	b = ktest_map(as, 0, 4 * P, KTEST_RW & ~AREA_WRITE, 0);
	KTEST_CHECK(a == as->mmap_top - 4 * P && b == a - 4 * P);
	KTEST_CHECK(vm_unmap(as, a, 4 * P) == 0 && ktest_map(as, 0, 4 * P, KTEST_RW, 0) == a);
	KTEST_CHECK(ktest_map(as, a, P, KTEST_RW, 0) == b - P);
	KTEST_CHECK(ktest_map(as, 0, P, KTEST_RW, MAP_32BIT) < (1ull << 31));
	as->limits_as = (as->n_total + 3) << PAGE_SHIFT;
	KTEST_CHECK(!ktest_map(as, 0, 4 * P, KTEST_RW, 0) && ktest_map(as, 0, 3 * P, KTEST_RW, 0));
	KTEST_CHECK(vm_unmap(as, a + 1, P) == -ABI_EINVAL && vm_unmap(as, a, 0) == -ABI_EINVAL &&
		    vm_unmap(as, USER_TOP - P, 2 * P) == -ABI_EINVAL);
	ktest_space_leave(as);
	KTEST_CHECK(vm_committed() == 0);
}

KTEST(vm_protect)
{
	struct aspace *as = ktest_space_enter();
	u64 value;

	KTEST_CHECK(ktest_map(as, BASE, 8 * P, KTEST_RW, MAP_FIXED) == BASE);
	for (u64 i = 0; i < 8; i++)
		KTEST_CHECK(ktest_store(BASE + i * P, i));
	KTEST_CHECK(vm_protect(as, BASE + 2 * P, 2 * P, PROT_READ) == 0 && as->n_areas == 3);
	KTEST_CHECK(!ktest_store(BASE + 2 * P, 1) && ktest_load(BASE + 2 * P, &value) &&
		    value == 2);
	KTEST_CHECK(vm_protect(as, BASE + 3 * P, 3 * P, PROT_NONE) == 0);
	KTEST_CHECK(!ktest_load(BASE + 3 * P, &value) && !ktest_load(BASE + 5 * P, &value) &&
		    as->n_resident_anon == 8);
	KTEST_CHECK(vm_protect(as, BASE, 8 * P, PROT_READ | PROT_WRITE) == 0 && as->n_areas == 1);
	for (u64 i = 0; i < 8; i++)
		KTEST_CHECK(ktest_load(BASE + i * P, &value) && value == i &&
			    ktest_store(BASE + i * P, i + 1));
	KTEST_CHECK(vm_protect(as, BASE + 1, P, PROT_READ) == -ABI_EINVAL &&
		    vm_protect(as, BASE, 0, PROT_READ) == 0);
	KTEST_CHECK(vm_protect(as, BASE, 9 * P, PROT_READ) == -ABI_ENOMEM &&
		    vm_protect(as, BASE, P, 0x40) == -ABI_EINVAL);
	ktest_space_leave(as);
}

KTEST(vm_fork_cow)
{
	u64 before = ktest_frames_settle(), value;
	struct aspace *as = ktest_space_enter(), *child = NULL;
	vaddr_t shared = ktest_map(as, 0, 4 * P, KTEST_RW | AREA_SHARED, 0);

	KTEST_CHECK(ktest_map(as, BASE, 600 * P, KTEST_RW, MAP_FIXED) == BASE);
	for (u64 i = 0; i < 600; i++)
		KTEST_CHECK(ktest_store(BASE + i * P, i));
	KTEST_CHECK(ktest_store(shared, 1));
	KTEST_CHECK(aspace_fork(as, &child) == 0 && child->n_resident_anon == 600);
	KTEST_CHECK(ktest_store(BASE + 5 * P, 1005) && ktest_store(shared + 8, 2));
	(void)aspace_switch(child);
	KTEST_CHECK(ktest_load(BASE + 5 * P, &value) && value == 5);
	KTEST_CHECK(ktest_store(BASE + 6 * P, 2006) && ktest_store(shared + P, 3));
	KTEST_CHECK(ktest_load(shared, &value) && value == 1 && ktest_load(shared + 8, &value) &&
		    value == 2);
	(void)aspace_switch(as);
	aspace_put_user(child);
	KTEST_CHECK(ktest_load(BASE + 6 * P, &value) && value == 6 &&
		    ktest_load(shared + P, &value) && value == 3);
	/* The only owner again: written in place. */
	u64 frames = mm_free_frames();
	for (u64 i = 0; i < 600; i++)
		KTEST_CHECK(ktest_store(BASE + i * P, i));
	KTEST_CHECK(mm_free_frames() + 2 >= frames);
	KTEST_CHECK(vm_advise(as, BASE, P, MADV_WIPEONFORK) == 0 &&
		    vm_advise(as, BASE + P, P, MADV_DONTFORK) == 0);
	KTEST_CHECK(aspace_fork(as, &child) == 0);
	(void)aspace_switch(child);
	KTEST_CHECK(ktest_load(BASE, &value) && value == 0 && !ktest_load(BASE + P, &value) &&
		    ktest_load(BASE + 2 * P, &value) && value == 2);
	(void)aspace_switch(as);
	aspace_put_user(child);
	ktest_space_leave(as);
	KTEST_CHECK(ktest_frames_settle() + 8 >= before && vm_committed() == 0);
}

KTEST(vm_remap)
{
	struct aspace *as = ktest_space_enter();
	vaddr_t at, to = BASE + 1000 * P;
	u64 value;

	KTEST_CHECK(ktest_map(as, BASE, 4 * P, KTEST_RW, MAP_FIXED) == BASE);
	for (u64 i = 0; i < 4; i++)
		KTEST_CHECK(ktest_store(BASE + i * P, i + 1));
	KTEST_CHECK(vm_remap(as, BASE, 4 * P, 8 * P, 0, 0, &at) == 0 && at == BASE &&
		    as->n_total == 8);
	KTEST_CHECK(ktest_map(as, BASE + 8 * P, P, KTEST_RW & ~AREA_WRITE, MAP_FIXED));
	KTEST_CHECK(vm_remap(as, BASE, 8 * P, 16 * P, 0, 0, &at) == -ABI_ENOMEM);
	KTEST_CHECK(vm_remap(as, BASE, 8 * P, 16 * P, MREMAP_MAYMOVE, 0, &at) == 0 && at != BASE);
	KTEST_CHECK(ktest_load(at + 3 * P, &value) && value == 4 && !ktest_load(BASE, &value) &&
		    ktest_store(at + 15 * P, 16));
	KTEST_CHECK(vm_remap(as, at, 16 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED, to, &at) == 0 &&
		    at == to);
	KTEST_CHECK(ktest_load(to + P, &value) && value == 2 && as->n_total == 3);
	KTEST_CHECK(vm_remap(as, to, 2 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0, &at) ==
			    0 &&
		    at != to);
	KTEST_CHECK(ktest_load(at, &value) && value == 1 && ktest_load(to, &value) && value == 0);
	KTEST_CHECK(vm_remap(as, BASE, P, P, 0, 0, &at) == -ABI_EFAULT &&
		    vm_remap(as, to + 1, P, P, 0, 0, &at) == -ABI_EINVAL);
	KTEST_CHECK(vm_remap(as, to, P, P, MREMAP_FIXED, BASE, &at) == -ABI_EINVAL &&
		    vm_remap(as, to, P, 0, 0, 0, &at) == -ABI_EINVAL);
	ktest_space_leave(as);
	KTEST_CHECK(vm_committed() == 0);
}

KTEST(vm_brk_and_stack)
{
	struct aspace *as = ktest_space_enter();
	vaddr_t top = (vaddr_t)1 << 40;
	u64 value;

	as->start_brk = as->brk = BASE;
	KTEST_CHECK(vm_brk(as, 0) == BASE && vm_brk(as, BASE + 100) == BASE + 100 &&
		    ktest_store(BASE, 1));
	KTEST_CHECK(vm_brk(as, BASE + 10 * P) == BASE + 10 * P && as->n_areas == 1 &&
		    ktest_store(BASE + 9 * P, 1));
	KTEST_CHECK(vm_brk(as, BASE + P) == BASE + P && !ktest_load(BASE + 9 * P, &value) &&
		    ktest_load(BASE, &value) && value == 1);
	KTEST_CHECK(vm_brk(as, BASE - 1) == BASE + P);
	as->limits_data = 4 * P;
	KTEST_CHECK(vm_brk(as, BASE + 5 * P) == BASE + P &&
		    vm_brk(as, BASE + 4 * P) == BASE + 4 * P);
	as->limits_data = ~0ull;
	/* A stack grows, up to its limit, and keeps its distance. */
	as->limits_stack = 64 * P;
	KTEST_CHECK(ktest_map(as, top - P, P, KTEST_RW | AREA_GROWSDOWN | AREA_STACK, MAP_FIXED) ==
		    top - P);
	KTEST_CHECK(ktest_store(top - 40 * P, 1) && as->n_stack == 40 &&
		    !ktest_store(top - 65 * P, 1) && ktest_store(top - 64 * P, 1));
	as->limits_stack = MIB(64);
	KTEST_CHECK(ktest_map(as, top - 600 * P, P, KTEST_RW, MAP_FIXED) == top - 600 * P);
	KTEST_CHECK(!ktest_store(top - 400 * P, 1) && ktest_store(top - 300 * P, 1));
	ktest_space_leave(as);
	KTEST_CHECK(vm_committed() == 0);
}

KTEST(vm_lock_and_incore)
{
	struct aspace *as = ktest_space_enter();
	vaddr_t out = ktest_map(as, 0, P, KTEST_RW, 0);
	u64 value;

	KTEST_CHECK(ktest_map(as, BASE, 16 * P, KTEST_RW, MAP_FIXED) == BASE);
	as->limits_memlock = 8 * P;
	KTEST_CHECK(vm_lock_range(as, BASE, 9 * P, true) == -ABI_ENOMEM &&
		    vm_lock_range(as, BASE + 2 * P + 5, 2 * P, true) == 0);
	KTEST_CHECK(as->n_locked == 3 && as->n_resident_anon == 3 && as->n_areas == 4);
	KTEST_CHECK(vm_advise(as, BASE, 16 * P, MADV_DONTNEED) == -ABI_EINVAL);
	KTEST_CHECK(vm_incore(as, BASE, 8 * P, (u8 __user *)out) == 0 && ktest_load(out, &value) &&
		    value == 0x0000000101010000ull);
	KTEST_CHECK(vm_incore(as, BASE, 17 * P, (u8 __user *)out) == -ABI_ENOMEM &&
		    vm_incore(as, BASE + 1, P, (u8 __user *)out) == -ABI_EINVAL);
	KTEST_CHECK(vm_lock_range(as, BASE, 16 * P, false) == 0 && as->n_locked == 0 &&
		    as->n_areas == 2);
	KTEST_CHECK(vm_lock_range(as, BASE, 17 * P, false) == -ABI_ENOMEM);
	as->limits_memlock = ~0ull;
	KTEST_CHECK(vm_lock_all(as, MCL_CURRENT | MCL_FUTURE, true) == 0 && as->n_locked == 17 &&
		    as->n_resident_anon == 17);
	KTEST_CHECK(ktest_map(as, 0, 2 * P, KTEST_RW, 0) && as->n_locked == 19 &&
		    as->n_resident_anon == 19);
	KTEST_CHECK(vm_lock_all(as, 0, false) == 0 && as->n_locked == 0 &&
		    vm_lock_all(as, MCL_ONFAULT, true) == -ABI_EINVAL);
	KTEST_CHECK(vm_advise(as, BASE, 16 * P, MADV_DONTNEED) == 0 &&
		    vm_advise(as, BASE, 16 * P, MADV_POPULATE_WRITE) == 0);
	KTEST_CHECK(as->n_resident_anon == 19 &&
		    vm_advise(as, BASE, 17 * P, MADV_POPULATE_READ) == -ABI_ENOMEM);
	KTEST_CHECK(vm_advise(as, BASE, P, 77) == -ABI_EINVAL &&
		    vm_advise(as, BASE + 8, P, MADV_NORMAL) == -ABI_EINVAL);
	ktest_space_leave(as);
}

KTEST(vm_peek_poke)
{
	struct aspace *as = ktest_space_enter(), *child = NULL;
	char text[32], big[300];
	u64 value;

	KTEST_CHECK(ktest_map(as, BASE, 2 * P, KTEST_RW, MAP_FIXED) == BASE);
	KTEST_CHECK(aspace_poke(as, BASE + P - 4, "pokepoke", 8, false) == 8);
	KTEST_CHECK(aspace_peek(as, BASE + P - 4, text, 8, false) == 8 &&
		    !memcmp(text, "pokepoke", 8));
	KTEST_CHECK(aspace_peek(as, BASE + 2 * P - 100, big, 300, false) == 100);
	KTEST_CHECK(aspace_fork(as, &child) == 0);
	KTEST_CHECK(vm_protect(as, BASE, 2 * P, PROT_READ) == 0);
	KTEST_CHECK(aspace_poke(as, BASE, "x", 1, false) == 0 &&
		    aspace_poke(as, BASE + P, "ABCD", 4, true) == 4);
	KTEST_CHECK(aspace_peek(child, BASE + P, text, 4, false) == 4 && !memcmp(text, "poke", 4));
	KTEST_CHECK(aspace_peek(as, BASE + P, text, 4, false) == 4 && !memcmp(text, "ABCD", 4) &&
		    !ktest_store(BASE, 1));
	KTEST_CHECK(vm_protect(as, BASE, 2 * P, PROT_NONE) == 0 &&
		    aspace_peek(as, BASE + P, text, 4, false) == 0);
	KTEST_CHECK(aspace_peek(as, BASE + P, text, 4, true) == 4 && !memcmp(text, "ABCD", 4) &&
		    !ktest_load(BASE, &value));
	aspace_put_user(child);
	ktest_space_leave(as);
}

KTEST(vm_time)
{
	enum { PAGES = 2048 };
	struct aspace *as = ktest_space_enter(), *child;
	u64 start = clock_monotonic(), value;

	KTEST_CHECK(ktest_map(as, BASE, PAGES * P, KTEST_RW, MAP_FIXED) == BASE);
	start = clock_monotonic();
	for (u64 i = 0; i < PAGES; i++)
		(void)ktest_store(BASE + i * P, i);
	ktest_note("anonymous fault: %llu ns",
		   (unsigned long long)((clock_monotonic() - start) / PAGES));
	start = clock_monotonic();
	KTEST_CHECK(aspace_fork(as, &child) == 0);
	ktest_note("fork of %u pages: %llu us", PAGES,
		   (unsigned long long)((clock_monotonic() - start) / 1000));
	start = clock_monotonic();
	for (u64 i = 0; i < PAGES; i++)
		(void)ktest_store(BASE + i * P, i);
	ktest_note("copy-on-write fault: %llu ns",
		   (unsigned long long)((clock_monotonic() - start) / PAGES));
	start = clock_monotonic();
	aspace_put_user(child);
	ktest_note("exit of %u pages: %llu us", PAGES,
		   (unsigned long long)((clock_monotonic() - start) / 1000));
	start = clock_monotonic();
	KTEST_CHECK(vm_unmap(as, BASE, PAGES * P) == 0);
	ktest_note("munmap of %u pages: %llu us", PAGES,
		   (unsigned long long)((clock_monotonic() - start) / 1000));
	start = clock_monotonic();
	for (unsigned i = 0; i < 2000; i++) {
		vaddr_t at = ktest_map(as, 0, P, KTEST_RW, 0);

		(void)vm_unmap(as, at, P);
	}
	ktest_note("mmap + munmap: %llu ns",
		   (unsigned long long)((clock_monotonic() - start) / 2000));
	(void)ktest_load(BASE, &value);
	ktest_space_leave(as);
}

/* More than there is: the store fails, the kernel lives, and all comes back. */
KTEST(vm_no_memory)
{
	u64 before = ktest_frames_settle(), i = 0, more = 1, start;
	struct aspace *as = ktest_space_enter();
	struct mm_stats stats;
	vaddr_t at;

	mm_stats(&stats);
	at = ktest_map(as, 0, stats.total * 2 * P, KTEST_RW | AREA_NORESERVE, 0);
	KTEST_CHECK(at);
	while (at && i < stats.total * 2 && ktest_store(at + i * P, i))
		i++;
	KTEST_CHECK(i > stats.total / 2 && i < stats.total && as->n_resident_anon >= i);
	start = clock_monotonic();
	/* Other CPUs may still give something back. */
	while (more < 1024 && ktest_store(at + (i + more) * P, 1))
		more++;
	KTEST_CHECK(cpu_count() > 1 ? more < 1024 : more == 1);
	ktest_note("%llu pages of %llu; a refusal takes %llu us", (unsigned long long)i,
		   (unsigned long long)stats.total,
		   (unsigned long long)((clock_monotonic() - start) / NSEC_PER_USEC));
	ktest_space_leave(as);
	KTEST_CHECK(ktest_frames_settle() + 64 >= before);
}

/* Whatever allocation fails: tables are got in another way, and all that is left to fail is few. */
KTEST(vm_remap_short_of_tables)
{
	const u64 span = LARGE_PAGE_SIZE, tables = 12;
	struct fail_plan *plan = fail_plan_current();
	struct aspace *as = ktest_space_enter();
	unsigned failed = 0, nth;
	vaddr_t at = BASE, to;
	u64 value;
	int err = -1;

	KTEST_CHECK(ktest_map(as, BASE, tables * span, KTEST_RW | AREA_NOHUGE, MAP_FIXED) == BASE);
	for (u64 i = 0; i < tables; i++)
		KTEST_CHECK(ktest_store(BASE + i * span, i + 1));
	for (nth = 1; plan && nth < 1000; nth++) {
		*plan = (struct fail_plan){ .kinds = FAIL_ALLOC, .nth = nth };
		err = vm_remap(as, at, tables * span, tables * span, MREMAP_MAYMOVE | MREMAP_FIXED,
			       BASE + (nth % 2 ? 64 : 128) * span, &to);
		failed += err == -ABI_ENOMEM;
		KTEST_CHECK(!err || err == -ABI_ENOMEM);
		if (!err)
			at = to;
		for (u64 i = 0; i < tables; i++)
			KTEST_CHECK(ktest_load(at + i * span, &value) && value == i + 1);
		if (plan->seen < nth)
			break;
	}
	if (plan)
		*plan = (struct fail_plan){ 0 };
	KTEST_CHECK(!plan || (nth > tables && failed < 6));
	ktest_space_leave(as);
}
