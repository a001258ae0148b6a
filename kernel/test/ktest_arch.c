/*
 * The machine's contract: strings, user copies to the byte, vectors, kernel mappings, tables of the
 * firmware, stack walks.
 */
#include "abi/errno.h"
#include "arch/acpi.h"
#include "arch/irq.h"
#include "arch/trace.h"
#include "arch/usercopy.h"
#include "core/symbols.h"
#include "lib/string.h"
#include "mm/frames.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "test/ktest.h"
#include "test/ktest_vm_int.h"

#define STRING_MAX 200
#define EDGE_BYTES 150

static void pattern(u8 *p, size_t n, u8 seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (u8)(seed + i * 7);
}

static bool is_pattern(const u8 *p, size_t n, u8 seed)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != (u8)(seed + i * 7))
			return false;
	}
	return true;
}

KTEST(arch_string)
{
	static u8 from[STRING_MAX + 32], to[STRING_MAX + 32];

	for (size_t n = 0; n <= STRING_MAX; n++) {
		for (size_t shift = 0; shift < 9; shift++) {
			pattern(from, sizeof(from), (u8)n);
			memset(to, 0xee, sizeof(to));
			KTEST_CHECK(memcpy(to + shift, from + 3, n) == to + shift);
			KTEST_CHECK(is_pattern(to + shift, n, (u8)(n + 21)) &&
				    mem_is_all(to + shift + n, 0xee, 8));
			KTEST_CHECK(mem_is_all(to, 0xee, shift) &&
				    memcmp(to + shift, from + 3, n) == 0);
			memmove(from + shift, from + 4, n);
			KTEST_CHECK(is_pattern(from + shift, n, (u8)(n + 28)));
			KTEST_CHECK(memset(to + shift, 0x5a, n) == to + shift);
			KTEST_CHECK(mem_is_all(to + shift, 0x5a, n) && to[shift + n] == 0xee);
		}
	}
	KTEST_CHECK(memcmp("abcdefghX1", "abcdefghY0", 10) < 0 && memcmp("b", "a", 1) > 0);
	KTEST_CHECK(memcmp("\x01\xff\xff\xff\xff\xff\xff\xff", "\x02\0\0\0\0\0\0\0", 8) < 0);
}

/* A page that can be read and written, with nothing behind it: the address of its end. */
static vaddr_t edge_make(struct aspace *as)
{
	vaddr_t at = ktest_map(as, 0, 2 * PAGE_SIZE, KTEST_RW, 0);

	KTEST_CHECK(at && vm_unmap(as, at + PAGE_SIZE, PAGE_SIZE) == 0);
	return at + PAGE_SIZE;
}

KTEST(arch_usercopy_edge)
{
	struct aspace *as = ktest_space_enter();
	vaddr_t edge = edge_make(as);
	u8 buf[EDGE_BYTES + 100], back[EDGE_BYTES + 100];

	pattern(buf, sizeof(buf), 1);
	for (size_t inside = 0; inside < EDGE_BYTES; inside++) {
		u8 __user *p = (u8 __user *)(edge - inside);

		for (size_t over = 0; over < 90; over += 11) {
			KTEST_CHECK(copy_out_partial(p, buf, inside + over) == inside);
			memset(back, 0, sizeof(back));
			KTEST_CHECK(copy_in_partial(back, p, inside + over) == inside);
			KTEST_CHECK(is_pattern(back, inside, 1));
			KTEST_CHECK(copy_in(back, p, inside + over) == (over ? -EFAULT : 0));
			KTEST_CHECK(user_clear(p, inside + over) == inside);
		}
		KTEST_CHECK(copy_in(back, p, inside) == 0 && mem_is_all(back, 0, inside));
	}
	ktest_space_leave(as);
}

KTEST(arch_usercopy_string)
{
	struct aspace *as = ktest_space_enter();
	vaddr_t edge = edge_make(as);
	char out[64];

	for (size_t n = 1; n < 40; n++) {
		char __user *p = (char __user *)(edge - n);

		memset(out, 'q', sizeof(out));
		KTEST_CHECK(copy_out(p, out, n) == 0);
		KTEST_CHECK(copy_in_string(out, p, sizeof(out)) == -ABI_EFAULT &&
			    user_string_length(p, 64) == -ABI_EFAULT);
		KTEST_CHECK(copy_in_string(out, p, n) == -ABI_ENAMETOOLONG &&
			    user_string_length(p, n) == -ABI_E2BIG);
		KTEST_CHECK(copy_out((char __user *)(edge - 1), "", 1) == 0);
		KTEST_CHECK(copy_in_string(out, p, sizeof(out)) == (ssize_t)n - 1 &&
			    strlen(out) == n - 1);
		KTEST_CHECK(user_string_length(p, 64) == (ssize_t)n - 1);
	}
	ktest_space_leave(as);
}

KTEST(arch_usercopy_range)
{
	struct aspace *as = ktest_space_enter();
	void __user *kernel = (void __user *)KERNEL_BASE, *last = (void __user *)(USER_TOP - 4);
	u64 v = 0;

	KTEST_CHECK(copy_in(&v, kernel, 8) == -ABI_EFAULT &&
		    copy_out(kernel, &v, 8) == -ABI_EFAULT);
	KTEST_CHECK(copy_in(&v, last, 8) == -ABI_EFAULT && copy_in_partial(&v, kernel, 8) == 0);
	KTEST_CHECK(copy_in(&v, (void __user *)~0ull, 8) == -ABI_EFAULT &&
		    copy_in(&v, (void __user *)8, ~0ull) == -ABI_EFAULT);
	KTEST_CHECK(copy_in_string((char *)&v, (char __user *)USER_TOP, 8) == -ABI_EFAULT);
	KTEST_CHECK(user_clear((void __user *)PHYSMAP_BASE, 4096) == 0);
	ktest_space_leave(as);
}

KTEST(arch_user_atomics)
{
	struct aspace *as = ktest_space_enter();
	u32 __user *p = (u32 __user *)ktest_map(as, 0, PAGE_SIZE, KTEST_RW, 0);
	u32 v = 1;

	KTEST_CHECK(user_cmpxchg_u32(&v, p, 0, 5) == -ABI_EFAULT);
	KTEST_CHECK(user_fault_in(p, true) == 0);
	KTEST_CHECK(user_cmpxchg_u32(&v, p, 0, 5) == 0 && v == 0);
	KTEST_CHECK(user_cmpxchg_u32(&v, p, 0, 6) == 0 && v == 5);
	KTEST_CHECK(user_load_u32(&v, p) == 0 && v == 5);
	KTEST_CHECK(user_load_u32(&v, (u32 __user *)KERNEL_BASE) == -ABI_EFAULT);
	KTEST_CHECK(user_fault_in((void __user *)0x10, false) == -ABI_EFAULT);
	ktest_space_leave(as);
}

static void no_interrupt(void *arg)
{
	ktest_fail(__FILE__, __LINE__, "an interrupt that nobody raised");
}

KTEST(arch_vectors)
{
	unsigned vectors[256], n = 0, again;

	while (n < ARRAY_SIZE(vectors) && irq_vector_alloc(0, no_interrupt, NULL, &vectors[n]) == 0)
		n++;
	KTEST_CHECK(n > 64 && n < ARRAY_SIZE(vectors));
	KTEST_CHECK(irq_vector_alloc(0, no_interrupt, NULL, &again) == -ABI_ENOSPC);
	while (n > 0)
		irq_vector_free(0, vectors[--n]);
	KTEST_CHECK(irq_vector_alloc(0, no_interrupt, NULL, &again) == 0);
	irq_vector_free(0, again);
}

KTEST(arch_kernel_map)
{
	struct page *page = page_alloc(MM_KERNEL | MM_ZERO);
	paddr_t pa = 0;
	void *p;

	KTEST_CHECK(page != NULL);
	if (!page)
		return;
	p = ioremap(page_to_phys(page) + 24, 8, 0);
	KTEST_CHECK(p && mmu_translate_kernel((vaddr_t)p, &pa) && pa == page_to_phys(page) + 24);
	*(u64 *)p = 77;
	KTEST_CHECK(((u64 *)page_to_virt(page))[3] == 77);
	iounmap(p);
	page_put(page);
	KTEST_CHECK(!mmu_translate_kernel(0x1000, NULL) &&
		    !mmu_translate_kernel(0x8000000000000000ull, NULL));
	KTEST_CHECK(mmu_translate_kernel((vaddr_t)phys_to_virt(page_to_phys(page)), &pa) &&
		    pa == page_to_phys(page));
}

KTEST(arch_clock)
{
	u64 last = arch_clock_ns();

	for (unsigned i = 0; i < 20000; i++) {
		u64 now = arch_clock_ns();

		KTEST_CHECK(now >= last);
		last = now;
	}
}

KTEST(arch_acpi)
{
	const struct acpi_header *fadt = acpi_table_find("FACP", 0),
		*dsdt = acpi_table_find("DSDT", 0);

	KTEST_CHECK(fadt && !memcmp(fadt->signature, "FACP", 4) && !acpi_table_find("FACP", 1));
	KTEST_CHECK(dsdt && !memcmp(dsdt->signature, "DSDT", 4) && !acpi_table_find("NONE", 0));
}

KTEST(arch_backtrace)
{
	u64 addresses[16], offset;
	unsigned n = arch_backtrace(arch_frame_current(), addresses, ARRAY_SIZE(addresses));
	const char *name = n ? symbol_find(addresses[n - 1], &offset) : NULL;

	KTEST_CHECK(n >= 2 && name && !strcmp(name, "context_start"));
	KTEST_CHECK(arch_backtrace(0, addresses, 16) == 0 &&
		    arch_backtrace(0x1234567, addresses, 16) == 0);
	KTEST_CHECK(arch_backtrace(KMAP_TOP - 64, addresses, 16) == 0);
}
