/*
 * Translation caches. A page-table entry changes first; then every CPU that runs the space must
 * drop what it cached. A CPU counts as running a space from just before it loads CR3 until just
 * after it loads another (pgtable->cpus).
 *
 * One request at a time: its fields are written under `request_lock`, the CPUs named in `pending`
 * get an interrupt, each clears its bit when done. The requester waits with interrupts on, so two
 * requesters serve each other.
 */
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/percpu.h"
#include "arch/x86_64/apic_int.h"
#include "arch/x86_64/irq_int.h"
#include "arch/x86_64/mmu_int.h"
#include "arch/x86_64/msr_int.h"
#include "arch/x86_64/tlb_int.h"
#include "core/spinlock.h"
#include "lib/bitops.h"

#define FLUSH_PAGES_MAX 64

enum tlb_what { TLB_RANGE, TLB_SPACE, TLB_KERNEL_RANGE, TLB_EVICT };

/* r: request_lock to write, constant while pending is not 0. */
struct tlb_request {
	enum tlb_what what;    /* r */
	struct pgtable *pt;    /* r */
	vaddr_t start, end;    /* r */
	u64 pending;           /* a: bit per CPU that has not done it */
};

/*
 * Not ranked: interrupt handlers, which come while the requester waits, take locks of any rank.
 * They never ask here.
 */
static struct spinlock request_lock = SPINLOCK_INIT(RANK_NONE, "tlb");
static struct tlb_request request;

/* The space whose tables this CPU uses; NULL: the kernel's own. */
static DEFINE_PERCPU(struct pgtable *, active_pgtable);

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
	u64 cr4 = cr4_read();

	cr4_write(cr4 & ~CR4_PGE);
	cr4_write(cr4);
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

static void serve(const struct tlb_request *r)
{
	switch (r->what) {
	case TLB_RANGE:
		flush_pages_local(r->start, r->end);
		break;
	case TLB_SPACE:
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

void tlb_interrupt(void *arg)
{
	u64 self = BIT(cpu_id());

	if (__atomic_load_n(&request.pending, __ATOMIC_ACQUIRE) & self) {
		serve(&request);
		__atomic_fetch_and(&request.pending, ~self, __ATOMIC_RELEASE);
	}
}

/* Has the CPUs of `cpus` serve the request and waits. The own CPU is not among them. */
static void ask(u64 cpus, enum tlb_what what, struct pgtable *pt, vaddr_t start, vaddr_t end)
{
	spin_lock(&request_lock);
	request.what = what;
	request.pt = pt;
	request.start = start;
	request.end = end;
	__atomic_store_n(&request.pending, cpus, __ATOMIC_RELEASE);
	while (cpus) {
		apic_send_ipi(ctz64(cpus), VECTOR_TLB);
		cpus &= cpus - 1;
	}
	while (__atomic_load_n(&request.pending, __ATOMIC_ACQUIRE))
		cpu_relax();
	spin_unlock(&request_lock);
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

void tlb_flush_range(struct pgtable *pt, vaddr_t start, vaddr_t end)
{
	bool large = range_is_large(start, end);
	u64 others = others_running(pt);

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
	u64 others = others_running(pt);

	if (this_cpu_read(active_pgtable) == pt)
		flush_space_local();
	if (others)
		ask(others, TLB_SPACE, pt, 0, 0);
}

void tlb_flush_kernel(vaddr_t start, vaddr_t end)
{
	u64 others = (cpu_count() < 64 ? BIT(cpu_count()) - 1 : ~0ull) & ~BIT(cpu_id());

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

__section(".text.hot") void pgtable_activate(struct pgtable *pt)
{
	struct pgtable *old = this_cpu_read(active_pgtable);
	u64 self = BIT(cpu_id());

	if (old == pt)
		return;
	if (pt)
		__atomic_fetch_or(&pt->cpus[0], self, __ATOMIC_SEQ_CST);
	cr3_write(pt ? pt->root : kernel_root);
	this_cpu_write(active_pgtable, pt);
	if (old)
		__atomic_fetch_and(&old->cpus[0], ~self, __ATOMIC_RELEASE);
}
