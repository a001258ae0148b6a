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
static s64 tai_offset;      /* a; lock to change: to the monotonic clock, too */
static u64 coarse_least;    /* a; lock to change: when the real-time clock was set */
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

u64 clock_monotonic_coarse(void)
{
	u64 ns = arch_clock_ns();

	return max(ns - ns % CLOCK_COARSE_NS, __atomic_load_n(&coarse_least, __ATOMIC_RELAXED));
}

u64 clock_realtime_coarse(void)
{
	return clock_monotonic_coarse() + (u64)__atomic_load_n(&realtime_offset, __ATOMIC_RELAXED);
}

struct timespec clock_stamp(void)
{
	return ns_to_timespec(clock_realtime_coarse());
}

u64 clock_tai(void)
{
	return arch_clock_ns() + (u64)__atomic_load_n(&tai_offset, __ATOMIC_RELAXED);
}

s64 clock_tai_offset(void)
{
	return __atomic_load_n(&tai_offset, __ATOMIC_RELAXED) -
	       __atomic_load_n(&realtime_offset, __ATOMIC_RELAXED);
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

/* Both clocks as of the monotonic time `now`. */
static void offsets_set_locked(u64 now, s64 realtime, s64 tai)
{
	__atomic_store_n(&coarse_least, now, __ATOMIC_RELAXED);
	__atomic_store_n(&realtime_offset, realtime, __ATOMIC_RELAXED);
	__atomic_store_n(&tai_offset, tai, __ATOMIC_RELAXED);
	page_change_begin();
	WRITE_ONCE(vdso_data->coarse_least_ns, now);
	WRITE_ONCE(vdso_data->realtime_offset_ns, realtime);
	WRITE_ONCE(vdso_data->tai_offset_ns, tai);
	page_change_end();
}

void clock_realtime_set(u64 ns)
{
	u64 flags = spin_lock_irq(&lock), now = arch_clock_ns();
	s64 offset = (s64)(ns - now);

	offsets_set_locked(now, offset, offset + (tai_offset - realtime_offset));
	spin_unlock_irq(&lock, flags);
	watches_call();
}

static int move(s64 ns, bool tai)
{
	u64 flags = spin_lock_irq(&lock);
	s64 offset;
	int err = 0;

	/* Neither before the machine started, nor so late that no room is left to go on. */
	if (__builtin_add_overflow(realtime_offset, ns, &offset) || offset < 0 ||
	    offset > OFFSET_MAX)
		err = -EINVAL;
	else
		offsets_set_locked(arch_clock_ns(), offset, tai_offset + (tai ? ns : 0));
	spin_unlock_irq(&lock, flags);
	if (!err)
		watches_call();
	return err;
}

int clock_realtime_step(s64 ns)
{
	return move(ns, true);
}

int clock_leap(s64 ns)
{
	return move(ns, false);
}

void clock_tai_set(s64 ahead_ns)
{
	u64 flags = spin_lock_irq(&lock);

	offsets_set_locked(coarse_least, realtime_offset, realtime_offset + ahead_ns);
	spin_unlock_irq(&lock, flags);
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
