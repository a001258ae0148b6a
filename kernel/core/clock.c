/*
 * The clocks. Monotonic time is arch's; real time is monotonic time plus an offset, which the
 * battery clock gives at boot and clock_settime(2) changes. The vDSO's page carries both; its
 * writers hold `lock` and keep `seq` odd meanwhile. How fast both run is for sched/timex.c to say.
 */
#include "abi/errno.h"
#include "arch/irq.h"
#include "arch/vdso.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/spinlock.h"
#include "lib/civil.h"

/* 30 years before the end of 64-bit nanoseconds. */
#define OFFSET_MAX ((s64)(~0ull / 2) - 30ll * 365 * 86400 * NSEC_PER_SEC)

static struct spinlock lock = SPINLOCK_INIT(RANK_LOG, "clock");
static s64 realtime_offset; /* a; lock to change */
static u64 set_count;       /* a */
static struct spinlock watch_lock = SPINLOCK_INIT(RANK_WORK, "clock_watch");
static LIST_HEAD(watches);  /* watch_lock */

u64 clock_monotonic(void)
{
	return arch_clock_ns();
}

u64 clock_raw(void)
{
	return arch_clock_raw_ns();
}

u64 clock_realtime(void)
{
	return arch_clock_ns() + (u64)__atomic_load_n(&realtime_offset, __ATOMIC_RELAXED);
}

struct timespec clock_now(void)
{
	return ns_to_timespec(clock_realtime());
}

struct timespec clock_stamp(void)
{
	u64 ns = clock_realtime();

	return ns_to_timespec(ns - ns % CLOCK_STAMP_NS);
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

static void page_change_begin(void)
{
	__atomic_store_n(&vdso_data->seq, vdso_data->seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void page_change_end(void)
{
	__atomic_store_n(&vdso_data->seq, vdso_data->seq + 1, __ATOMIC_RELEASE);
}

static void offset_set_locked(s64 offset)
{
	__atomic_store_n(&realtime_offset, offset, __ATOMIC_RELAXED);
	page_change_begin();
	WRITE_ONCE(vdso_data->realtime_offset_ns, offset);
	page_change_end();
}

void clock_realtime_set(u64 ns)
{
	u64 flags = spin_lock_irq(&lock);

	offset_set_locked((s64)(ns - arch_clock_ns()));
	spin_unlock_irq(&lock, flags);
	watches_call();
}

int clock_realtime_step(s64 ns)
{
	u64 flags = spin_lock_irq(&lock);
	s64 offset;
	int err = 0;

	/* Neither before the machine started, nor so late that no room is left to go on. */
	if (__builtin_add_overflow(realtime_offset, ns, &offset) || offset < 0 ||
	    offset > OFFSET_MAX)
		err = -EINVAL;
	else
		offset_set_locked(offset);
	spin_unlock_irq(&lock, flags);
	if (!err)
		watches_call();
	return err;
}

void clock_adjust(s64 rate)
{
	u64 flags = spin_lock_irq(&lock);

	page_change_begin();
	arch_clock_adjust(rate);
	page_change_end();
	spin_unlock_irq(&lock, flags);
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
