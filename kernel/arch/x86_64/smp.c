/*
 * The other processors: who there are (the MADT says), and how each is started (Intel SDM volume 3,
 * 9.4): an INIT interrupt makes it wait, ten milliseconds later a start-up interrupt (SIPI) makes
 * it run from a page below 1 MiB in real mode. INIT is sent to all before the clock is calibrated,
 * which takes as long, so that nobody waits for it.
 *
 * They come up one at a time. `ap_start` says who is meant and what it needs; its state is the
 * conversation between the two CPUs. A processor that does not answer in time is taken out by
 * setting the state back: should it come later, it stops in ap_start.S without having touched
 * anything. Its number goes to the next one, so CPU numbers have no holes.
 *
 * Everything here happens on the boot CPU, but smp_cpu_main().
 */
#include "abi/errno.h"
#include "arch/boot.h"
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/smp.h"
#include "arch/x86_64/apic_int.h"
#include "arch/x86_64/boot_int.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/fpu_int.h"
#include "arch/x86_64/irq_int.h"
#include "arch/x86_64/mmu_int.h"
#include "arch/x86_64/percpu_int.h"
#include "arch/x86_64/smp_int.h"
#include "arch/x86_64/tables_int.h"
#include "arch/x86_64/time_int.h"
#include "arch/x86_64/tlb_int.h"
#include "core/cmdline.h"
#include "core/log.h"
#include "lib/string.h"

#define NSEC_PER_MS       1000000ull
#define INIT_WAIT_MS      10
#define STARTUP_WAIT_NS   (200 * 1000ull)     /* then a second start-up interrupt */
#define ANSWER_WAIT_NS    (2000 * NSEC_PER_MS) /* a virtual CPU may have to wait for a real one */
#define FOUND_MAX         512

/* a: atomic.  b: the boot CPU, before it sets the state to AP_CALLED. */
struct ap_start {
	u32 state;          /* a: AP_* */
	u32 apic_id;        /* b */
	u64 cr3;            /* b */
	u64 gs_base;        /* b */
	u64 stack;          /* b */
	unsigned cpu;       /* b */
	void (*entry)(void); /* b */
} ap_start;

static_assert(offsetof(struct ap_start, state) == AP_STATE &&
	      offsetof(struct ap_start, apic_id) == AP_APIC_ID, "ap_start.S");
static_assert(offsetof(struct ap_start, cr3) == AP_CR3 &&
	      offsetof(struct ap_start, gs_base) == AP_GS_BASE &&
	      offsetof(struct ap_start, stack) == AP_STACK, "ap_start.S");

_Noreturn void smp_cpu_main(void);

static u32 found[FOUND_MAX]; /* APIC ids: all that the MADT names, then those to start */
static unsigned n_found;
static u32 max_id;
static paddr_t low_page;
static u64 init_sent;        /* TSC */
static u64 tsc_disagreement; /* cycles, the greatest */

void smp_cpu_found(u32 apic_id)
{
	for (unsigned i = 0; i < n_found; i++) {
		if (found[i] == apic_id)
			return;
	}
	if (n_found == FOUND_MAX)
		return;
	found[n_found++] = apic_id;
	max_id = max(max_id, apic_id);
}

u32 smp_max_apic_id(void)
{
	return max_id;
}

/* How many CPUs the command line allows, the boot CPU included. */
static unsigned wanted_cpus(void)
{
	u64 n = cmdline_has("nosmp") ? 1 : cmdline_u64("maxcpus", CPU_MAX);

	return n > CPU_MAX ? CPU_MAX : max_t(unsigned, (unsigned)n, 1);
}

static void remove_self(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_found; i++) {
		if (found[i] != apic_id_self())
			found[n++] = found[i];
	}
	n_found = n;
}

void smp_init(void)
{
	unsigned others;

	remove_self();
	others = min(n_found, wanted_cpus() - 1);
	if (others < n_found)
		log_info("smp: %u of %u processors left out", n_found - others, n_found + 1);
	n_found = others;
	if (!n_found)
		return;
	low_page = boot_low_page();
	if (!low_page) {
		log_warn("smp: no memory below 64 KiB to start other processors from");
		n_found = 0;
		return;
	}
	memcpy(phys_to_virt(low_page), ap_trampoline, (size_t)(ap_trampoline_end - ap_trampoline));
	for (unsigned i = 0; i < n_found; i++)
		apic_send_init(found[i]);
	init_sent = cpu_cycles();
}

unsigned smp_others(void)
{
	return n_found;
}

int smp_cpu_prepare(unsigned cpu, void *(*alloc)(size_t bytes))
{
	void *area, *stacks;

	if (percpu_offset[cpu])
		return 0; /* for one that did not come */
	stacks = alloc(IST_STACKS_SIZE);
	area = stacks ? alloc(percpu_size()) : NULL;
	if (!area)
		return -ENOMEM;
	percpu_create(cpu, area);
	tables_create(cpu, stacks);
	return 0;
}

static u32 state(void)
{
	return __atomic_load_n(&ap_start.state, __ATOMIC_ACQUIRE);
}

/* Waits until the processor has left AP_CALLED, for so long at most: whether it has. */
static bool wait_alive(u64 ns)
{
	u64 end = arch_clock_ns() + ns;

	while (state() == AP_CALLED) {
		if (arch_clock_ns() >= end)
			return false;
		cpu_relax();
	}
	return true;
}

/* Calls the processor that ap_start describes: whether it has come. */
static bool call(u32 apic_id)
{
	u32 called = AP_CALLED;

	while (cpu_cycles() - init_sent < time_tsc_khz() * INIT_WAIT_MS)
		cpu_relax();
	__atomic_store_n(&ap_start.state, AP_CALLED, __ATOMIC_SEQ_CST);
	apic_send_startup(apic_id, low_page);
	if (wait_alive(STARTUP_WAIT_NS))
		return true;
	apic_send_startup(apic_id, low_page);
	if (wait_alive(ANSWER_WAIT_NS))
		return true;
	return !__atomic_compare_exchange_n(&ap_start.state, &called, AP_NOBODY, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

int smp_cpu_start(unsigned nth, unsigned cpu, void *stack_top, void (*entry)(void))
{
	u64 flags;

	ap_start.apic_id = found[nth];
	ap_start.cr3 = kernel_root;
	ap_start.gs_base = percpu_offset[cpu];
	ap_start.stack = (u64)stack_top;
	ap_start.cpu = cpu;
	ap_start.entry = entry;
	if (!call(found[nth])) {
		log_warn("smp: the processor with APIC id %u does not answer and is left out",
			 found[nth]);
		apic_send_init(found[nth]);
		return -ETIMEDOUT;
	}
	flags = irq_save();
	tsc_disagreement = max(tsc_disagreement, tsc_sync_boot());
	irq_restore(flags);
	while (state() != AP_ONLINE)
		cpu_relax();
	return 0;
}

/* The other processor's part, called by ap_start.S on its own stack, interrupts off. */
void smp_cpu_main(void)
{
	void (*entry)(void) = ap_start.entry;
	unsigned cpu = ap_start.cpu;

	tables_load();
	percpu_activate(cpu);
	cpu_setup();
	fpu_setup_cpu();
	cpu_info_init(cpu);
	irq_init_cpu();
	tsc_sync_other();
	timer_init_cpu();
	percpu_online(cpu);
	/* Kernel mappings may have changed while nobody asked this CPU to flush. */
	tlb_flush_self();
	__atomic_store_n(&ap_start.state, AP_ONLINE, __ATOMIC_RELEASE);
	entry();
	cpu_halt_forever();
}

void smp_started(void)
{
	char word[16] = "";
	bool told = cmdline_get("tsc", word, sizeof(word)) && !strcmp(word, "unstable");

	if (tsc_disagreement)
		log_warn("smp: the processors' TSCs disagree by %llu cycles",
			 (unsigned long long)tsc_disagreement);
	if (tsc_disagreement || told)
		clock_source_leave_tsc();
}
