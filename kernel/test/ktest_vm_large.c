/*
 * Large pages: when they are given, that every way of touching a part splits without loss, that
 * fork shares and returns them, and that frames come back as the blocks they were.
 */
#include "abi/mman.h"
#include "core/clock.h"
#include "test/ktest.h"
#include "test/ktest_vm_int.h"
#include "vm/large.h"

#define P ((vaddr_t)PAGE_SIZE)
#define L ((vaddr_t)LARGE_PAGE_SIZE)
#define BASE ((vaddr_t)0x40000000)

static u64 n_large(struct aspace *as)
{
	struct area_usage usage = { 0 };

	rwsem_read(&as->lock);
	for (struct vm_area *a = area_first(as); a; a = area_next(a))
		area_usage_add(a, &usage);
	rwsem_read_end(&as->lock);
	return usage.large / (L / P);
}

static bool holds(vaddr_t from, vaddr_t to, u64 salt)
{
	u64 value = 0;

	for (vaddr_t at = from; at < to; at += P)
		if (!ktest_load(at + 16, &value) || value != at + salt)
			return false;
	return true;
}

static void fill(vaddr_t from, vaddr_t to, u64 salt)
{
	for (vaddr_t at = from; at < to; at += P)
		KTEST_CHECK(ktest_store(at + 16, at + salt));
}

/* Whether this machine has enough memory for the tests to get what they ask for. */
static bool plenty(void)
{
	struct vm_large_stats stats;

	vm_large_stats(&stats);
	return stats.fallbacks == 0;
}

KTEST(vm_large_fault)
{
	u64 before = ktest_frames_settle(), value = 1, begun;
	enum vm_large_mode mode = vm_large_mode();
	struct aspace *as = ktest_space_enter();

	vm_large_set_mode(VM_LARGE_ALWAYS);
	/* A megabyte off on both sides: one large page fits. */
	KTEST_CHECK(ktest_map(as, BASE + L / 2, 2 * L, KTEST_RW, MAP_FIXED) == BASE + L / 2);
	KTEST_CHECK(ktest_store(BASE + L / 2, 1) && n_large(as) == 0 && as->n_resident_anon == 1);
	KTEST_CHECK(ktest_load(BASE + 2 * L, &value) && value == 0);
	begun = clock_monotonic();
	KTEST_CHECK(ktest_store(BASE + L + 5 * P, 2));
	begun = clock_monotonic() - begun;
	if (plenty()) {
		KTEST_CHECK(n_large(as) == 1 && as->n_resident_anon == 513);
		KTEST_CHECK(as->pgtable.spare);
	}
	for (vaddr_t at = BASE + L; at < BASE + 2 * L; at += P)
		KTEST_CHECK(ktest_load(at, &value) && value == (at == BASE + L + 5 * P ? 2 : 0));
	KTEST_CHECK(vm_advise(as, BASE + L, L, MADV_DONTNEED) == 0 && n_large(as) == 0);
	KTEST_CHECK(as->n_resident_anon == 1 && !as->pgtable.spare);
	vm_large_set_mode(VM_LARGE_MADVISE);
	KTEST_CHECK(ktest_store(BASE + L, 1) && n_large(as) == 0);
	KTEST_CHECK(vm_advise(as, BASE + L, L, MADV_DONTNEED) == 0);
	KTEST_CHECK(vm_advise(as, BASE + L, L, MADV_HUGEPAGE) == 0);
	KTEST_CHECK(ktest_store(BASE + L, 1));
	ktest_space_leave(as);
	vm_large_set_mode(mode);
	KTEST_CHECK(ktest_frames_settle() + 8 >= before);
	ktest_note("a fault of 2 MiB: %llu us", (unsigned long long)(begun / 1000));
}

KTEST(vm_large_split)
{
	u64 before = ktest_frames_settle();
	enum vm_large_mode mode = vm_large_mode();
	struct aspace *as = ktest_space_enter();
	vaddr_t moved;

	vm_large_set_mode(VM_LARGE_ALWAYS);
	KTEST_CHECK(ktest_map(as, BASE, 6 * L, KTEST_RW, MAP_FIXED) == BASE);
	fill(BASE, BASE + 6 * L, 1);
	KTEST_CHECK(!plenty() || n_large(as) == 6);
	KTEST_CHECK(vm_unmap(as, BASE + 7 * P, P) == 0);
	KTEST_CHECK(!plenty() || n_large(as) == 5);
	KTEST_CHECK(holds(BASE, BASE + 7 * P, 1) && holds(BASE + 8 * P, BASE + 6 * L, 1));
	KTEST_CHECK(vm_protect(as, BASE + L, L, PROT_READ) == 0);
	KTEST_CHECK(!plenty() || n_large(as) == 5);
	KTEST_CHECK(!ktest_store(BASE + L + 3 * P, 1) && holds(BASE + L, BASE + 2 * L, 1));
	KTEST_CHECK(vm_protect(as, BASE + L, L, PROT_READ | PROT_WRITE) == 0);
	fill(BASE + L, BASE + 2 * L, 2);
	KTEST_CHECK(vm_protect(as, BASE + 2 * L, L, PROT_NONE) == 0);
	KTEST_CHECK(!ktest_store(BASE + 2 * L, 1));
	KTEST_CHECK(vm_protect(as, BASE + 2 * L, L, PROT_READ | PROT_WRITE) == 0);
	KTEST_CHECK(holds(BASE + 2 * L, BASE + 6 * L, 1));
	KTEST_CHECK(vm_remap(as, BASE + 3 * L, L, L, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 16 * L,
			     &moved) == 0);
	for (vaddr_t at = BASE + 3 * L; at < BASE + 4 * L; at += P) {
		u64 value = 0;

		KTEST_CHECK(ktest_load(at + 13 * L + 16, &value) && value == at + 1);
	}
	KTEST_CHECK(vm_remap(as, BASE + 4 * L + P, P, P, MREMAP_MAYMOVE | MREMAP_FIXED,
			     BASE + 20 * L, &moved) == 0);
	KTEST_CHECK(holds(BASE + 4 * L + 2 * P, BASE + 6 * L, 1));
	KTEST_CHECK(vm_lock_range(as, BASE + 5 * L + P, P, true) == 0);
	KTEST_CHECK(holds(BASE + 5 * L, BASE + 6 * L, 1));
	ktest_space_leave(as);
	vm_large_set_mode(mode);
	KTEST_CHECK(ktest_frames_settle() + 8 >= before);
}

KTEST(vm_large_fork)
{
	u64 before = ktest_frames_settle();
	enum vm_large_mode mode = vm_large_mode();
	struct aspace *as = ktest_space_enter(), *child;

	vm_large_set_mode(VM_LARGE_ALWAYS);
	KTEST_CHECK(ktest_map(as, BASE, 2 * L, KTEST_RW, MAP_FIXED) == BASE);
	fill(BASE, BASE + 2 * L, 1);
	KTEST_CHECK(aspace_fork(as, &child) == 0);
	KTEST_CHECK(!plenty() || (n_large(as) == 2 && n_large(child) == 2));
	/* The parent's store copies a page; the child keeps what was. */
	fill(BASE + P, BASE + 2 * P, 2);
	KTEST_CHECK(!plenty() || (n_large(as) == 1 && n_large(child) == 2));
	KTEST_CHECK(holds(BASE + P, BASE + 2 * P, 2) && holds(BASE + 2 * P, BASE + 2 * L, 1));
	aspace_switch(child);
	KTEST_CHECK(holds(BASE, BASE + 2 * L, 1));
	fill(BASE + L, BASE + L + P, 3);
	aspace_switch(as);
	KTEST_CHECK(holds(BASE + L, BASE + 2 * L, 1));
	aspace_put_user(child);
	/* Alone again: large entries become writable as a whole. */
	fill(BASE + L, BASE + 2 * L, 4);
	KTEST_CHECK(!plenty() || n_large(as) == 1);
	KTEST_CHECK(holds(BASE + L, BASE + 2 * L, 4) && holds(BASE + 2 * P, BASE + L, 1));
	ktest_space_leave(as);
	vm_large_set_mode(mode);
	KTEST_CHECK(ktest_frames_settle() + 8 >= before);
}

/* The page at va, referenced. */
static struct page *page_at(struct aspace *as, vaddr_t va)
{
	struct page *page;

	spin_lock(&as->table_lock);
	page = phys_to_page(pte_paddr(pte_read(pgtable_pte(&as->pgtable, va))));
	page_get(page);
	spin_unlock(&as->table_lock);
	return page;
}

KTEST(vm_large_collapse)
{
	u64 before = ktest_frames_settle(), value;
	struct aspace *as = ktest_space_enter();
	struct page *page;

	KTEST_CHECK(ktest_map(as, BASE, 2 * L, KTEST_RW | AREA_NOHUGE, MAP_FIXED) == BASE);
	fill(BASE, BASE + 2 * L, 3);
	KTEST_CHECK(vm_advise(as, BASE, 2 * L, MADV_COLLAPSE) == -ABI_EINVAL);
	KTEST_CHECK(vm_advise(as, BASE, 2 * L, MADV_HUGEPAGE) == 0 && n_large(as) == 0);
	/* A page that somebody uses stays where it is; what lies beside it does not. */
	page = page_at(as, BASE + 9 * P);
	value = (u64)vm_advise(as, BASE, 2 * L, MADV_COLLAPSE);
	if (n_large(as)) {
		KTEST_CHECK(value == (u64)-ABI_EAGAIN && n_large(as) == 1);
		page_put(page);
		page = page_at(as, BASE + 9 * P);
		KTEST_CHECK(*(u64 *)(page_to_virt(page) + 16) == BASE + 9 * P + 3);
	}
	page_put(page);
	KTEST_CHECK(as->n_resident_anon == 1024 && holds(BASE, BASE + 2 * L, 3));
	if (vm_advise(as, BASE, 2 * L, MADV_COLLAPSE) == 0)
		KTEST_CHECK(n_large(as) == 2);
	KTEST_CHECK(as->n_resident_anon == 1024 && holds(BASE, BASE + 2 * L, 3));
	fill(BASE, BASE + 2 * L, 4);
	KTEST_CHECK(holds(BASE, BASE + 2 * L, 4));
	ktest_space_leave(as);
	KTEST_CHECK(ktest_frames_settle() + 8 >= before);
}
