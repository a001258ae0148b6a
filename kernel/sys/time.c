/*
 * Clocks, sleeping, interval timers (time(7)).
 */
#include "abi/capability.h"
#include "abi/time.h"
#include "arch/vdso.h"
#include "core/clock.h"
#include "proc/itimer.h"
#include "sched/deadline.h"
#include "sched/timex.h"
#include "sched/wait.h"
#include "sys/sys_int.h"

#define ZONE_MAX (15 * 60) /* minutes from UTC, either way */

/* CPU time of the process or thread that a dynamic clock id names (clock_getcpuclockid(3)): 0 or
 * -EINVAL. */
static int cpu_clock(int clock, u64 *ns)
{
	struct cpu_times times;
	struct usage_counts counts;
	int nr = ~(clock >> 3);

	if (clock & CPUCLOCK_PERTHREAD_MASK) {
		struct task *task = task_arg(nr);

		if (!task)
			return -EINVAL;
		sched_thread_times(task->thread, &times.user_ns, &times.system_ns);
		thread_put(task->thread);
	} else {
		struct process *p = process_arg(nr);

		if (!p)
			return -EINVAL;
		process_usage(p, &times, &counts);
		process_put(p);
	}
	*ns = (clock & CPUCLOCK_CLOCK_MASK) == CPUCLOCK_VIRT ? times.user_ns :
							       times.user_ns + times.system_ns;
	return (clock & CPUCLOCK_CLOCK_MASK) == CPUCLOCK_FD ? -EINVAL : 0;
}

static int clock_read(int clock, u64 *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
		*ns = clock_realtime();
		return 0;
	case CLOCK_REALTIME_COARSE:
		*ns = clock_realtime_coarse();
		return 0;
	case CLOCK_TAI:
		*ns = clock_tai();
		return 0;
	case CLOCK_MONOTONIC_RAW:
		*ns = clock_raw();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = clock_monotonic();
		return 0;
	case CLOCK_MONOTONIC_COARSE:
		*ns = clock_monotonic_coarse();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		return cpu_clock(-8 | CPUCLOCK_SCHED, ns);
	case CLOCK_THREAD_CPUTIME_ID:
		return cpu_clock(-8 | CPUCLOCK_SCHED | CPUCLOCK_PERTHREAD_MASK, ns);
	default:
		return clock < 0 ? cpu_clock(clock, ns) : -EINVAL;
	}
}

long sys_clock_gettime(int clockid, struct timespec __user *tp)
{
	struct timespec ts;
	u64 ns;
	int error = clock_read(clockid, &ns);

	if (error)
		return error;
	ts = ns_to_timespec(ns);
	return copy_out_obj(tp, &ts);
}

long sys_clock_getres(int clockid, struct timespec __user *res)
{
	bool coarse = clockid == CLOCK_REALTIME_COARSE || clockid == CLOCK_MONOTONIC_COARSE;
	struct timespec ts = { .tv_nsec = coarse ? CLOCK_COARSE_NS : 1 };
	u64 ns;
	int error = clock_read(clockid, &ns);

	return !error && res ? copy_out_obj(res, &ts) : error;
}

static long realtime_set(const struct timespec *ts)
{
	if (!timespec_valid(ts))
		return -EINVAL;
	if (!cred_capable(cred_current(), CAP_SYS_TIME))
		return -EPERM;
	if (timespec_to_ns(ts) < clock_monotonic())
		return -EINVAL;
	timex_clock_set(timespec_to_ns(ts));
	return 0;
}

long sys_clock_settime(int clockid, const struct timespec __user *tp)
{
	struct timespec ts;

	if (clockid != CLOCK_REALTIME)
		return -EINVAL;
	return copy_in_obj(&ts, tp) < 0 ? -EFAULT : realtime_set(&ts);
}

/* What clock_adjtime(2) says of clocks that are not the real-time clock. */
static int clock_adjustable(int clock)
{
	u64 ns;

	if (clock == CLOCK_REALTIME)
		return 0;
	/* CPU clocks, whoever's they are; a descriptor's clock there is none. */
	if (clock < 0)
		return (clock & (CPUCLOCK_PERTHREAD_MASK | CPUCLOCK_CLOCK_MASK)) == CPUCLOCK_FD ?
			       -EINVAL : -EOPNOTSUPP;
	return clock_read(clock, &ns) ? -EINVAL : -EOPNOTSUPP;
}

long sys_clock_adjtime(int clockid, struct abi_timex __user *utx)
{
	struct abi_timex tx;
	int state;

	if (copy_in_obj(&tx, utx) < 0)
		return -EFAULT;
	state = clock_adjustable(clockid);
	if (!state)
		state = timex_adjust(&tx, cred_capable(cred_current(), CAP_SYS_TIME));
	return state >= 0 && copy_out_obj(utx, &tx) < 0 ? -EFAULT : state;
}

long sys_adjtimex(struct abi_timex __user *utx)
{
	return sys_clock_adjtime(CLOCK_REALTIME, utx);
}

long sys_gettimeofday(struct timeval __user *tv, struct timezone __user *tz)
{
	struct timezone zone;
	u64 ns = clock_realtime();
	struct timeval now = { (s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };

	if (tv && copy_out_obj(tv, &now) < 0)
		return -EFAULT;
	__atomic_load(&vdso_data->zone, &zone, __ATOMIC_RELAXED);
	return tz ? copy_out_obj(tz, &zone) : 0;
}

/*
 * settimeofday(2): the kernel keeps the zone for gettimeofday(2) and has no other use for it. But
 * the first zone since boot, if no time comes with it, tells that the hardware's clock, which the
 * time was taken from, is in local time: the time is moved to UTC.
 */
static long zone_set(const struct timezone *zone, bool alone)
{
	static bool known; /* a */

	if (!cred_capable(cred_current(), CAP_SYS_TIME))
		return -EPERM;
	if (zone->tz_minuteswest < -ZONE_MAX || zone->tz_minuteswest > ZONE_MAX)
		return -EINVAL;
	__atomic_store(&vdso_data->zone, (struct timezone *)zone, __ATOMIC_RELAXED);
	if (__atomic_exchange_n(&known, true, __ATOMIC_RELAXED) || !alone)
		return 0;
	return clock_realtime_step(zone->tz_minuteswest * 60 * (s64)NSEC_PER_SEC);
}

long sys_settimeofday(const struct timeval __user *utv, const struct timezone __user *tz)
{
	struct timezone zone;
	struct timeval tv;
	struct timespec ts;
	long error;

	if (utv && copy_in_obj(&tv, utv) < 0)
		return -EFAULT;
	if (utv && (tv.tv_usec < 0 || tv.tv_usec >= 1000000))
		return -EINVAL;
	if (tz && copy_in_obj(&zone, tz) < 0)
		return -EFAULT;
	error = tz ? zone_set(&zone, !utv) : 0;
	if (error || !utv)
		return error ? error : cred_capable(cred_current(), CAP_SYS_TIME) ? 0 : -EPERM;
	ts = (struct timespec){ tv.tv_sec, tv.tv_usec * 1000 };
	return realtime_set(&ts);
}

long sys_time(s64 __user *tloc)
{
	s64 now = (s64)(clock_realtime() / NSEC_PER_SEC);

	return tloc && copy_out_obj(tloc, &now) < 0 ? -EFAULT : now;
}

/* 0, or -ERESTARTSYS. */
static int sleep_until(struct deadline end)
{
	while (!thread_signal_pending()) {
		bool late = false;

		thread_prepare(THREAD_INTERRUPTIBLE);
		if (!thread_signal_pending())
			late = thread_block_by(end);
		thread_running();
		if (late)
			return 0;
	}
	return -ERESTARTSYS;
}

/* Relative sleep towards a deadline; interrupted, it tells what is left and can be continued by
 * restart_syscall(2). */
static long sleep_relative(struct task *task)
{
	struct timespec __user *rem = (struct timespec __user *)task->restart.user;
	u64 deadline = task->restart.deadline_ns, now;
	struct timespec left;

	if (sleep_until((struct deadline){ deadline, false }) == 0)
		return 0;
	now = clock_monotonic();
	if (now >= deadline)
		return 0;
	left = ns_to_timespec(deadline - now);
	if (rem && copy_out_obj(rem, &left) < 0)
		return -EFAULT;
	task->restart.fn = sleep_relative;
	return -ERESTARTBLOCK;
}

static long sleep_absolute(int clock, u64 until_ns)
{
	struct deadline end = { until_ns, clock == CLOCK_REALTIME || clock == CLOCK_TAI };

	if (clock == CLOCK_TAI)
		end.ns -= min(until_ns, (u64)clock_tai_offset());
	return sleep_until(end) ? -ERESTARTNOHAND : 0;
}

long sys_clock_nanosleep(int clockid, int flags, const struct timespec __user *uduration,
			 struct timespec __user *rem)
{
	struct task *task = task_current();
	struct timespec ts;

	if (copy_in_obj(&ts, uduration) < 0)
		return -EFAULT;
	if (clockid != CLOCK_REALTIME && clockid != CLOCK_MONOTONIC && clockid != CLOCK_BOOTTIME &&
	    clockid != CLOCK_TAI)
		return clockid == CLOCK_PROCESS_CPUTIME_ID || clockid == CLOCK_THREAD_CPUTIME_ID ?
			       -EINVAL :
		       clockid >= CLOCK_MONOTONIC_RAW && clockid <= CLOCK_BOOTTIME_ALARM ?
			       -EOPNOTSUPP :
			       -EINVAL;
	if (!timespec_valid(&ts))
		return -EINVAL;
	if (flags & TIMER_ABSTIME)
		return sleep_absolute(clockid, timespec_to_ns(&ts));
	task->restart.user = (u64)rem;
	task->restart.deadline_ns = deadline_after(timespec_to_ns(&ts));
	return sleep_relative(task);
}

long sys_nanosleep(const struct timespec __user *duration, struct timespec __user *rem)
{
	return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, duration, rem);
}

static u64 timeval_ns(const struct timeval *tv)
{
	return timespec_to_ns(&(struct timespec){ tv->tv_sec, tv->tv_usec * 1000 });
}

static struct timeval ns_timeval(u64 ns)
{
	return (struct timeval){ (s64)(ns / NSEC_PER_SEC),
				 (s64)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };
}

static bool timeval_valid(const struct timeval *tv)
{
	return tv->tv_sec >= 0 && tv->tv_usec >= 0 && tv->tv_usec < 1000000;
}

static int itimer_give(int which, struct itimerval __user *uvalue)
{
	struct itimerval out;
	u64 value, interval;
	int error = itimer_get(which, &value, &interval);

	if (error || !uvalue)
		return error;
	out.it_value = ns_timeval(value ? max_t(u64, value, NSEC_PER_USEC) : 0);
	out.it_interval = ns_timeval(interval);
	return copy_out_obj(uvalue, &out);
}

long sys_getitimer(int which, struct itimerval __user *value)
{
	return value ? itimer_give(which, value) : -EFAULT;
}

long sys_setitimer(int which, const struct itimerval __user *unew, struct itimerval __user *uold)
{
	struct itimerval new = { 0 };
	int error;

	if (unew && copy_in_obj(&new, unew) < 0)
		return -EFAULT;
	if (!timeval_valid(&new.it_value) || !timeval_valid(&new.it_interval))
		return -EINVAL;
	error = itimer_give(which, uold);
	return error ? error :
		       itimer_set(which, timeval_ns(&new.it_value), timeval_ns(&new.it_interval));
}

long sys_alarm(unsigned seconds)
{
	u64 left, interval;

	itimer_get(ITIMER_REAL, &left, &interval);
	itimer_set(ITIMER_REAL, seconds * NSEC_PER_SEC, 0);
	return left ? (long)max((left + NSEC_PER_SEC / 2) / NSEC_PER_SEC, (u64)1) : 0;
}

static s64 ns_ticks(u64 ns)
{
	return (s64)(ns / (NSEC_PER_SEC / USER_HZ));
}

long sys_times(struct tms __user *buf)
{
	struct process *p = process_current();
	struct cpu_times times, child;
	struct usage_counts counts;
	struct tms out;

	process_usage(p, &times, &counts);
	spin_lock(&proc_tree_lock);
	child = p->child_times;
	spin_unlock(&proc_tree_lock);
	out = (struct tms){ ns_ticks(times.user_ns), ns_ticks(times.system_ns),
			    ns_ticks(child.user_ns), ns_ticks(child.system_ns) };
	if (buf && copy_out_obj(buf, &out) < 0)
		return -EFAULT;
	return ns_ticks(clock_monotonic());
}
