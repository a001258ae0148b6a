/*
 * Translation caches. A page-table entry changes first; then every CPU that runs the space must
 * drop what it cached. A CPU counts as running a space from just before it loads CR3 until just
 * after it loads another (pgtable->cpus).
 *
 * A CPU that runs a thread without user memory, the idle one above all, keeps the tables that are
 * loaded, and counts as running their space, but is lazy: it is not interrupted when pages go, only
 * told that what it has is stale, and flushes when a thread of that space comes back. When tables
 * go it is interrupted like the others, as the processor may walk them at any time, and leaves the
 * space. The others are asked by cpu_call().
 */
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/percpu.h"
#include "arch/x86_64/irq_int.h"
#include "arch/x86_64/mmu_int.h"
#include "arch/x86_64/msr_int.h"
#include "arch/x86_64/tlb_int.h"
#include "lib/bitops.h"

#define FLUSH_PAGES_MAX 64

enum tlb_what { TLB_RANGE, TLB_SPACE, TLB_TABLES, TLB_KERNEL_RANGE, TLB_EVICT };

struct tlb_request {
	enum tlb_what what;
	struct pgtable *pt;
	vaddr_t start, end;
};

/* The space whose tables this CPU uses; NULL: the kernel's own. */
static DEFINE_PERCPU(struct pgtable *, active_pgtable);

enum lazy { LAZY_NO, LAZY_FRESH, LAZY_STALE };
/* a: set and reset by the CPU itself; others make FRESH STALE. */
static DEFINE_PERCPU(u32, lazy);

void tlb_flush_local(vaddr_t va)
{
	__asm__ volatile("invlpg (%0)" :: "r"(va) : "memory");
}

/* All entries but global ones. */
static void flush_space_local(void)
{
	cr3_write(cr3_read());
}

/* All entries, global ones too. */
static void flush_everything_local(void)
{
	u64 flags = irq_save(), cr4 = cr4_read();

	cr4_write(cr4 & ~CR4_PGE);
	cr4_write(cr4);
	irq_restore(flags);
}

void tlb_flush_self(void)
{
	flush_everything_local();
}

static bool range_is_large(vaddr_t start, vaddr_t end)
{
	return end - start > FLUSH_PAGES_MAX * PAGE_SIZE;
}

static void flush_pages_local(vaddr_t start, vaddr_t end)
{
	for (vaddr_t va = start; va < end; va += PAGE_SIZE)
		tlb_flush_local(va);
}

static void leave_local(struct pgtable *pt)
{
	if (this_cpu_read(active_pgtable) == pt)
		pgtable_activate(NULL);
}

/* In each CPU asked. */
static void serve(void *arg)
{
	const struct tlb_request *r = arg;

	this_cpu_add(irq_counts.tlb, 1);
	switch (r->what) {
	case TLB_RANGE:
		flush_pages_local(r->start, r->end);
		break;
	case TLB_SPACE:
		flush_space_local();
		break;
	case TLB_TABLES:
		if (this_cpu_read(lazy))
			leave_local(r->pt);
		else
			flush_space_local();
		break;
	case TLB_KERNEL_RANGE:
		if (range_is_large(r->start, r->end))
			flush_everything_local();
		else
			flush_pages_local(r->start, r->end);
		break;
	case TLB_EVICT:
		leave_local(r->pt);
		break;
	}
}

/* Has the CPUs of `cpus` serve the request and waits. The own CPU is not among them. */
static void ask(u64 cpus, enum tlb_what what, struct pgtable *pt, vaddr_t start, vaddr_t end)
{
	struct tlb_request r = { what, pt, start, end };

	cpu_call(cpus, serve, &r);
}

/*
 * CPUs other than this one that run the space; after a barrier that orders the entry's change
 * before the look.
 */
static u64 others_running(const struct pgtable *pt)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&pt->cpus[0], __ATOMIC_RELAXED) & ~BIT(cpu_id());
}

/* Those of them that must be interrupted: the lazy ones are told that they are stale. */
static u64 tell_lazy(u64 others)
{
	u64 rest = others;

	for (u64 left = others; left; left &= left - 1) {
		unsigned cpu = ctz64(left);
		u32 state = LAZY_FRESH;

		if (__atomic_compare_exchange_n(percpu_ptr(lazy, cpu), &state, LAZY_STALE, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ||
		    state == LAZY_STALE)
			rest &= ~BIT(cpu);
	}
	return rest;
}

void tlb_flush_range(struct pgtable *pt, vaddr_t start, vaddr_t end)
{
	bool large = range_is_large(start, end);
	u64 others = tell_lazy(others_running(pt));

	if (this_cpu_read(active_pgtable) == pt) {
		if (large)
			flush_space_local();
		else
			flush_pages_local(start, end);
	}
	if (others)
		ask(others, large ? TLB_SPACE : TLB_RANGE, pt, start, end);
}

void tlb_flush_space(struct pgtable *pt)
{
	u64 others = tell_lazy(others_running(pt));

	if (this_cpu_read(active_pgtable) == pt)
		flush_space_local();
	if (others)
		ask(others, TLB_SPACE, pt, 0, 0);
}

void tlb_flush_tables(struct pgtable *pt)
{
	u64 others = others_running(pt);

	if (this_cpu_read(active_pgtable) == pt)
		flush_space_local();
	if (others)
		ask(others, TLB_TABLES, pt, 0, 0);
}

void tlb_flush_kernel(vaddr_t start, vaddr_t end)
{
	u64 others = cpus_online() & ~BIT(cpu_id());

	if (range_is_large(start, end))
		flush_everything_local();
	else
		flush_pages_local(start, end);
	if (others)
		ask(others, TLB_KERNEL_RANGE, NULL, start, end);
}

void tlb_evict_space(struct pgtable *pt)
{
	u64 others = others_running(pt), flags;

	flags = irq_save();
	leave_local(pt);
	irq_restore(flags);
	if (others)
		ask(others, TLB_EVICT, pt, 0, 0);
}

/* A thread with user memory comes: whether this CPU's translations are stale. */
static inline bool lazy_end(void)
{
	return __atomic_exchange_n(this_cpu_ptr(lazy), LAZY_NO, __ATOMIC_SEQ_CST) == LAZY_STALE;
}

__section(".text.hot") void pgtable_activate(struct pgtable *pt)
{
	struct pgtable *old = this_cpu_read(active_pgtable);
	u64 self = BIT(cpu_id());

	if (old != pt) {
		if (pt)
			__atomic_fetch_or(&pt->cpus[0], self, __ATOMIC_SEQ_CST);
		cr3_write(pt ? pt->root : kernel_root);
		this_cpu_write(active_pgtable, pt);
		if (old)
			__atomic_fetch_and(&old->cpus[0], ~self, __ATOMIC_RELEASE);
	}
	/* Last: until here a flush of the new space may have found this CPU lazy, too. */
	if (this_cpu_read(lazy) && lazy_end())
		flush_space_local();
}

__section(".text.hot") void pgtable_rest(void)
{
	if (!this_cpu_read(lazy) && this_cpu_read(active_pgtable))
		__atomic_store_n(this_cpu_ptr(lazy), LAZY_FRESH, __ATOMIC_SEQ_CST);
}
