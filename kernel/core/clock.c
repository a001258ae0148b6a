/*
 * The clocks. Monotonic time is arch's; real time is monotonic time plus an offset, which the battery clock gives at
 * boot and clock_settime(2) changes. The vDSO's page carries both; its writers hold `lock` and keep `seq` odd meanwhile.
 */
#include "arch/irq.h"
#include "arch/vdso.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/spinlock.h"
#include "lib/civil.h"

static struct spinlock lock = SPINLOCK_INIT(RANK_LOG, "clock");
static s64 realtime_offset; /* a; lock to change */

u64 clock_monotonic(void)
{
	return arch_clock_ns();
}

u64 clock_realtime(void)
{
	return arch_clock_ns() + (u64)__atomic_load_n(&realtime_offset, __ATOMIC_RELAXED);
}

struct timespec clock_now(void)
{
	return ns_to_timespec(clock_realtime());
}

void clock_realtime_set(u64 ns)
{
	u64 flags = spin_lock_irq(&lock);
	s64 offset = (s64)(ns - arch_clock_ns());

	__atomic_store_n(&realtime_offset, offset, __ATOMIC_RELAXED);
	__atomic_store_n(&vdso_data->seq, vdso_data->seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	WRITE_ONCE(vdso_data->realtime_offset_ns, offset);
	__atomic_store_n(&vdso_data->seq, vdso_data->seq + 1, __ATOMIC_RELEASE);
	spin_unlock_irq(&lock, flags);
}

void clock_init(void)
{
	u64 seconds = arch_rtc_read();
	struct civil c;

	clock_realtime_set(seconds * NSEC_PER_SEC);
	civil_from_epoch((s64)seconds, &c);
	log_info("clock: %04lld-%02u-%02u %02u:%02u:%02u UTC", (long long)c.year, c.month, c.day, c.hour, c.minute,
		 c.second);
}
