/*
 * Interval timers of a process (setitimer(2), alarm(2)). ITIMER_REAL is a timer of the scheduler's;
 * the two that count CPU time are charged by whoever accounts it (itimer_charge()).
 */
#include "abi/errno.h"
#include "core/clock.h"
#include "proc/itimer.h"
#include "proc/proc_int.h"
#include "proc/signal.h"

/* Timer interrupt. process_put() cancels it synchronously before the storage goes. */
static void real_expired(struct timer *timer)
{
	struct process *p = container_of(timer, struct process, real_timer);
	struct abi_siginfo info = signal_info_kernel(SIGALRM);
	u64 interval = READ_ONCE(p->real_interval_ns), next;

	signal_send_process(p, &info);
	if (!interval)
		return;
	next = timer->expires_ns + interval;
	if (next <= clock_monotonic())
		next = clock_monotonic() + interval;
	timer_arm(timer, next);
}

void itimer_init(struct process *p)
{
	timer_init(&p->real_timer, real_expired);
}

void itimer_fini(struct process *p)
{
	WRITE_ONCE(p->real_interval_ns, 0);
	timer_cancel_sync(&p->real_timer);
}

static u64 real_left(struct process *p)
{
	u64 now = clock_monotonic();

	if (!READ_ONCE(p->real_timer.armed))
		return 0;
	return p->real_timer.expires_ns > now ? p->real_timer.expires_ns - now : 1;
}

static void real_set(struct process *p, u64 value_ns, u64 interval_ns)
{
	timer_cancel_sync(&p->real_timer);
	p->real_interval_ns = interval_ns;
	if (value_ns)
		timer_arm(&p->real_timer, clock_monotonic() + value_ns);
}

static int cpu_timer(struct process *p, int which, u64 **left, u64 **interval)
{
	switch (which) {
	case ITIMER_VIRTUAL:
		*left = &p->virt_left_ns;
		*interval = &p->virt_interval_ns;
		return 0;
	case ITIMER_PROF:
		*left = &p->prof_left_ns;
		*interval = &p->prof_interval_ns;
		return 0;
	default:
		return -EINVAL;
	}
}

int itimer_get(int which, u64 *value_ns, u64 *interval_ns)
{
	struct process *p = process_current();
	u64 *left, *interval, flags;
	int error;

	if (which == ITIMER_REAL) {
		*value_ns = real_left(p);
		*interval_ns = p->real_interval_ns;
		return 0;
	}
	error = cpu_timer(p, which, &left, &interval);
	if (error)
		return error;
	flags = sighand_lock(p);
	*value_ns = *left;
	*interval_ns = *interval;
	sighand_unlock(p, flags);
	return 0;
}

int itimer_set(int which, u64 value_ns, u64 interval_ns)
{
	struct process *p = process_current();
	u64 *left, *interval, flags;
	int error;

	if (which == ITIMER_REAL) {
		real_set(p, value_ns, interval_ns);
		return 0;
	}
	error = cpu_timer(p, which, &left, &interval);
	if (error)
		return error;
	flags = sighand_lock(p);
	*left = value_ns;
	*interval = interval_ns;
	sighand_unlock(p, flags);
	return 0;
}

/* Takes `ns` off one timer: whether it ran out. sighand->lock held. */
static bool cpu_timer_charge(u64 *left, u64 interval, u64 ns)
{
	if (*left == 0)
		return false;
	if (*left > ns) {
		*left -= ns;
		return false;
	}
	*left = interval;
	return true;
}

/* RLIMIT_CPU (getrlimit(2)): SIGXCPU at the soft limit and each second after, SIGKILL at the hard
 * one. */
static void cpu_limit_check(struct process *p, u64 ns)
{
	u64 used = __atomic_add_fetch(&p->cpu_ns, ns, __ATOMIC_RELAXED);
	u64 soft = READ_ONCE(p->rlimits[RLIMIT_CPU].rlim_cur),
	    hard = READ_ONCE(p->rlimits[RLIMIT_CPU].rlim_max);
	struct abi_siginfo info;

	if (likely(used / NSEC_PER_SEC < soft || soft == RLIM_INFINITY))
		return;
	if (used / NSEC_PER_SEC >= hard) {
		info = signal_info_kernel(SIGKILL);
	} else if (used >= READ_ONCE(p->cpu_warned_ns)) {
		WRITE_ONCE(p->cpu_warned_ns, used + NSEC_PER_SEC);
		info = signal_info_kernel(SIGXCPU);
	} else {
		return;
	}
	signal_send_process(p, &info);
}

void itimer_charge(struct process *p, u64 user_ns, u64 system_ns)
{
	struct abi_siginfo info;
	bool virt, prof;
	u64 flags;

	cpu_limit_check(p, user_ns + system_ns);
	if (likely(!READ_ONCE(p->virt_left_ns) && !READ_ONCE(p->prof_left_ns)))
		return;
	flags = sighand_lock(p);
	virt = cpu_timer_charge(&p->virt_left_ns, p->virt_interval_ns, user_ns);
	prof = cpu_timer_charge(&p->prof_left_ns, p->prof_interval_ns, user_ns + system_ns);
	sighand_unlock(p, flags);
	if (virt) {
		info = signal_info_kernel(SIGVTALRM);
		signal_send_process(p, &info);
	}
	if (prof) {
		info = signal_info_kernel(SIGPROF);
		signal_send_process(p, &info);
	}
}
