/*
 * The clocks. Monotonic time is arch's; real time is monotonic time plus an offset, which the
 * battery clock gives at boot and clock_settime(2) changes. The vDSO's page carries both; its
 * writers hold `lock` and keep `seq` odd meanwhile.
 */
#include "arch/irq.h"
#include "arch/vdso.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/spinlock.h"
#include "lib/civil.h"

static struct spinlock lock = SPINLOCK_INIT(RANK_LOG, "clock");
static s64 realtime_offset; /* a; lock to change */
static u64 set_count;       /* a */
static struct spinlock watch_lock = SPINLOCK_INIT(RANK_WORK, "clock_watch");
static LIST_HEAD(watches);  /* watch_lock */

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

static void watches_call(void)
{
	u64 flags = spin_lock_irq(&watch_lock);
	struct clock_watch *w;

	__atomic_add_fetch(&set_count, 1, __ATOMIC_SEQ_CST);
	list_for_each_entry(w, &watches, link)
		w->fn(w);
	spin_unlock_irq(&watch_lock, flags);
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
	watches_call();
}

void clock_watch_init(struct clock_watch *w, void (*fn)(struct clock_watch *watch))
{
	list_init(&w->link);
	w->fn = fn;
}

void clock_watch_add(struct clock_watch *w)
{
	u64 flags = spin_lock_irq(&watch_lock);

	if (list_empty(&w->link))
		list_add_tail(&w->link, &watches);
	spin_unlock_irq(&watch_lock, flags);
}

void clock_watch_remove(struct clock_watch *w)
{
	u64 flags = spin_lock_irq(&watch_lock);

	list_del_init(&w->link);
	spin_unlock_irq(&watch_lock, flags);
}

u64 clock_set_count(void)
{
	return __atomic_load_n(&set_count, __ATOMIC_SEQ_CST);
}

void clock_init(void)
{
	u64 seconds = arch_rtc_read();
	struct civil c;

	clock_realtime_set(seconds * NSEC_PER_SEC);
	civil_from_epoch((s64)seconds, &c);
	log_info("clock: %04lld-%02u-%02u %02u:%02u:%02u UTC", (long long)c.year, c.month, c.day,
		 c.hour, c.minute,
		 c.second);
}
