/*
 * Having other CPUs run a function at once, in an interrupt. One request at a time: its fields are
 * written under `request_lock`, the CPUs named in `pending` get an interrupt, each clears its bit
 * when done. The requester waits with interrupts on, so two requesters serve each other.
 */
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/x86_64/apic_int.h"
#include "arch/x86_64/irq_int.h"
#include "core/spinlock.h"
#include "lib/bitops.h"

/* r: request_lock to write, constant while pending is not 0. */
struct call_request {
	void (*fn)(void *arg); /* r */
	void *arg;             /* r */
	u64 pending;           /* a: bit per CPU that has not done it */
};

/*
 * Not ranked: interrupt handlers, which come while the requester waits, take locks of any rank.
 * They never ask here.
 */
static struct spinlock request_lock = SPINLOCK_INIT(RANK_NONE, "cpu_call");
static struct call_request request;

u64 cpus_online(void)
{
	unsigned n = cpu_count();

	return n < 64 ? BIT(n) - 1 : ~0ull;
}

void cpu_call_interrupt(void *arg)
{
	u64 self = BIT(cpu_id());

	this_cpu_add(irq_counts.call, 1);
	if (__atomic_load_n(&request.pending, __ATOMIC_ACQUIRE) & self) {
		request.fn(request.arg);
		__atomic_fetch_and(&request.pending, ~self, __ATOMIC_RELEASE);
	}
}

void cpu_call(u64 cpus, void (*fn)(void *arg), void *arg)
{
	spin_lock(&request_lock);
	request.fn = fn;
	request.arg = arg;
	__atomic_store_n(&request.pending, cpus, __ATOMIC_RELEASE);
	while (cpus) {
		apic_send_ipi(ctz64(cpus), VECTOR_CALL);
		cpus &= cpus - 1;
	}
	while (__atomic_load_n(&request.pending, __ATOMIC_ACQUIRE))
		cpu_relax();
	spin_unlock(&request_lock);
}
