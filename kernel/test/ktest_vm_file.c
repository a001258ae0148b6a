/* Mapped files: what stores do and do not change, what write-back and truncation do to entries. */
#include "abi/mman.h"
#include "arch/upcall.h"
#include "core/clock.h"
#include "mm/slab.h"
#include "test/ktest.h"
#include "test/ktest_vm_int.h"

#define P ((vaddr_t)PAGE_SIZE)

KTEST(vm_file_private)
{
	struct aspace *as = ktest_space_enter(), *child;
	struct ktest_file *file = ktest_file_create(40 * P);
	vaddr_t at = ktest_map_file(as, file, 0, 48 * P, KTEST_RW);
	u64 value, faults;

	KTEST_CHECK(at && ktest_load(at + 5 * P + 16, &value) && value == ktest_file_word(5, 2));
	faults = as->minor_faults + as->major_faults;
	for (u64 i = 0; i < 16; i++)
		KTEST_CHECK(ktest_load(at + i * P, &value) && value == ktest_file_word(i, 0));
	/* The neighbours came with it, but for what starts read-ahead. */
	KTEST_CHECK(as->minor_faults + as->major_faults - faults <= 2 || (at & 0xffff));
	KTEST_CHECK(ktest_store(at + 5 * P + 16, 1) && ktest_store(at + 30 * P, 2) &&
		    as->n_resident_anon == 2);
	KTEST_CHECK(file->cache.n_dirty == 0 && ktest_load(at + 30 * P + 8, &value) &&
		    value == ktest_file_word(30, 1));
	KTEST_CHECK(upcall_page_fault(at + 40 * P, 0) == -ABI_EIO &&
		    upcall_page_fault(at + 48 * P, 0) == -ABI_EFAULT);
	KTEST_CHECK(aspace_fork(as, &child) == 0 && file->refs == 2);
	(void)aspace_switch(child);
	KTEST_CHECK(ktest_load(at + 5 * P + 16, &value) && value == 1 &&
		    ktest_load(at + 6 * P, &value) && value == ktest_file_word(6, 0));
	(void)aspace_switch(as);
	aspace_put_user(child);
	ktest_space_leave(as);
	ktest_file_destroy(file);
}

KTEST(vm_file_shared)
{
	struct aspace *as = ktest_space_enter(), *child;
	struct ktest_file *file = ktest_file_create(100 * P);
	vaddr_t at = ktest_map_file(as, file, 10, 20 * P, KTEST_RW | AREA_SHARED);
	u64 value;

	KTEST_CHECK(ktest_load(at, &value) && value == ktest_file_word(10, 0));
	KTEST_CHECK(ktest_store(at, 77) && file->cache.n_dirty == 1 && ktest_store(at + 8, 78) &&
		    file->cache.n_dirty == 1);
	KTEST_CHECK(vm_sync(as, at, P, MS_SYNC) == 0 && file->cache.n_dirty == 0 &&
		    file->pages_written == 1);
	KTEST_CHECK(*(u64 *)(file->kept + 10 * P) == 77);
	/* Cleaned: the next store is noticed, and seen by another space. */
	KTEST_CHECK(ktest_store(at, 79) && file->cache.n_dirty == 1);
	KTEST_CHECK(aspace_fork(as, &child) == 0);
	(void)aspace_switch(child);
	KTEST_CHECK(ktest_load(at, &value) && value == 79 && ktest_store(at + 3 * P, 80));
	(void)aspace_switch(as);
	KTEST_CHECK(ktest_load(at + 3 * P, &value) && value == 80 && file->cache.n_dirty == 2);
	aspace_put_user(child);
	/* Rights that were not given cannot be taken. */
	KTEST_CHECK(vm_protect(as, at, 20 * P, PROT_READ) == 0 && !ktest_store(at, 1) &&
		    vm_protect(as, at, 20 * P, PROT_READ | PROT_WRITE) == 0);
	KTEST_CHECK(pagecache_sync(&file->cache) == 0 && ktest_store(at + 3 * P, 81) &&
		    file->cache.n_dirty == 1);
	ktest_space_leave(as);
	KTEST_CHECK(file->cache.n_writable == 0 && pagecache_sync(&file->cache) == 0);
	ktest_file_destroy(file);
}

KTEST(vm_file_truncate)
{
	struct aspace *as = ktest_space_enter();
	struct ktest_file *file = ktest_file_create(64 * P);
	vaddr_t shared = ktest_map_file(as, file, 0, 64 * P, KTEST_RW | AREA_SHARED);
	vaddr_t private = ktest_map_file(as, file, 0, 64 * P, KTEST_RW);
	u64 value;

	for (u64 i = 0; i < 64; i++)
		KTEST_CHECK(ktest_load(shared + i * P, &value) &&
			    ktest_load(private + i * P, &value) && value == ktest_file_word(i, 0));
	KTEST_CHECK(ktest_store(private + 40 * P, 1) && ktest_store(shared + 41 * P, 1));
	rwsem_write(&file->cache.invalidate);
	file->size = 32 * P + 8;
	pagecache_truncate(&file->cache, file->size);
	rwsem_write_end(&file->cache.invalidate);
	KTEST_CHECK(upcall_page_fault(private + 40 * P, 0) == -ABI_EIO &&
		    upcall_page_fault(shared + 41 * P, FAULT_WRITE) == -ABI_EIO);
	KTEST_CHECK(ktest_load(shared + 32 * P, &value) && value == ktest_file_word(32, 0) &&
		    ktest_load(shared + 32 * P + 8, &value) && value == 0);
	KTEST_CHECK(as->n_resident_anon == 0 && file->cache.n_pages <= 33);
	ktest_space_leave(as);
	ktest_file_destroy(file);
}

/* A mapped page that nobody uses can be reclaimed, and comes back right. */
KTEST(vm_file_reclaim)
{
	struct aspace *as = ktest_space_enter();
	struct mm_stats stats;
	struct ktest_file *file;
	u64 pages, wrong = 0, value;
	vaddr_t at;

	mm_stats(&stats);
	pages = min(stats.total * 3 / 2, (u64)65536);
	file = ktest_file_create(pages << PAGE_SHIFT);
	at = ktest_map_file(as, file, 0, pages << PAGE_SHIFT, KTEST_RW | AREA_SHARED);
	for (u64 i = 0; i < pages; i++)
		wrong += !ktest_load(at + i * P + 8, &value) || value != ktest_file_word(i, 1);
	for (u64 i = 0; i < pages; i += 100)
		wrong += !ktest_load(at + i * P + 8, &value) || value != ktest_file_word(i, 1);
	KTEST_CHECK(wrong == 0);
	ktest_space_leave(as);
	ktest_file_destroy(file);
}

KTEST(vm_file_time)
{
	enum { PAGES = 1024 };
	struct aspace *as = ktest_space_enter();
	struct ktest_file *file = ktest_file_create(PAGES * P);
	vaddr_t at = ktest_map_file(as, file, 0, PAGES * P, KTEST_RW);
	u64 start, value;

	for (u64 i = 0; i < PAGES; i++)
		(void)ktest_load(at + i * P, &value);
	KTEST_CHECK(vm_advise(as, at, PAGES * P, MADV_DONTNEED) == 0);
	start = clock_monotonic();
	for (u64 i = 0; i < PAGES; i++)
		(void)ktest_load(at + i * P, &value);
	ktest_note("cached file page, touched in order: %llu ns",
		   (unsigned long long)((clock_monotonic() - start) / PAGES));
	start = clock_monotonic();
	for (u64 i = 0; i < PAGES; i++)
		(void)ktest_store(at + i * P, value);
	ktest_note("private copy of a file page: %llu ns",
		   (unsigned long long)((clock_monotonic() - start) / PAGES));
	ktest_space_leave(as);
	ktest_file_destroy(file);
}
