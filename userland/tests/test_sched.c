/* Scheduling calls: policies, parameters, affinity, yield, and that nice and real time matter. */
#include "tap.h"
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

static long set(pid_t pid, int policy, int priority)
{
	struct sched_param p = {.sched_priority = priority};

	return syscall(SYS_sched_setscheduler, pid, policy, &p);
}

TEST(policies)
{
	struct sched_param p = {0};
	struct timespec t;

	is(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER, "SCHED_OTHER at the start");
	works(set(0, SCHED_BATCH, 0), "SCHED_BATCH");
	is(syscall(SYS_sched_getscheduler, 0), SCHED_BATCH, "is set");
	fails(set(0, SCHED_OTHER, 5), EINVAL, "a priority without real time");
	fails(set(0, 77, 0), EINVAL, "no such policy");
	fails(set(999999, SCHED_OTHER, 0), ESRCH, "nobody");
	fails(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, BAD), EFAULT, "bad pointer");
	fails(syscall(SYS_sched_getparam, 0, BAD), EFAULT, "sched_getparam: bad pointer");
	fails(syscall(SYS_sched_setparam, 0, BAD), EFAULT, "sched_setparam: bad pointer");
	fails(syscall(SYS_sched_getscheduler, 999999), ESRCH, "sched_getscheduler of nobody");
	works(syscall(SYS_sched_getparam, 0, &p), "sched_getparam");
	is(p.sched_priority, 0, "no real-time priority");
	is(sched_get_priority_max(SCHED_FIFO), 99, "highest priority");
	is(sched_get_priority_min(SCHED_RR), 1, "lowest priority");
	is(sched_get_priority_max(SCHED_OTHER), 0, "none");
	fails(sched_get_priority_max(77), EINVAL, "of no policy");
	works(syscall(SYS_sched_rr_get_interval, 0, &t), "sched_rr_get_interval");
	fails(syscall(SYS_sched_rr_get_interval, 0, BAD), EFAULT, "bad pointer");
	works(sched_yield(), "sched_yield");
	if (!tap_root())
		return skip("real time", "not root");
	works(set(0, SCHED_OTHER, 0), "back");
	if (set(0, SCHED_FIFO, 10) < 0)
		return skip("real time", "not allowed here");
	is(syscall(SYS_sched_getscheduler, 0), SCHED_FIFO, "SCHED_FIFO");
	must(syscall(SYS_sched_getparam, 0, &p));
	is(p.sched_priority, 10, "its priority");
	works(set(0, SCHED_OTHER, 0), "back");
	fails(set(0, SCHED_FIFO, 100), EINVAL, "too high");
}

TEST(affinity)
{
	unsigned long mask[16] = {0}, one[16] = {0};
	unsigned cpu = 99, node = 99;
	long n = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);

	ok(n >= 8 && n % 8 == 0, "sched_getaffinity tells the size of the mask");
	ok(mask[0] & 1, "the first processor");
	one[0] = 1;
	works(syscall(SYS_sched_setaffinity, 0, sizeof(one), one), "sched_setaffinity");
	works(syscall(SYS_getcpu, &cpu, &node, NULL), "getcpu");
	is(cpu, 0, "runs there");
	one[0] = 0;
	fails(syscall(SYS_sched_setaffinity, 0, sizeof(one), one), EINVAL, "no processor");
	fails(syscall(SYS_sched_getaffinity, 0, 1, mask), EINVAL, "no room");
	fails(syscall(SYS_sched_getaffinity, 999999, sizeof(mask), mask), ESRCH, "nobody");
	fails(syscall(SYS_sched_getaffinity, 0, sizeof(mask), BAD), EFAULT, "bad pointer");
	fails(syscall(SYS_sched_setaffinity, 0, sizeof(mask), BAD), EFAULT,
	      "sched_setaffinity: bad pointer");
	fails(syscall(SYS_getcpu, BAD, NULL, NULL), EFAULT, "getcpu: bad pointer");
}

static int spin(void *argument)
{
	volatile long *n = argument;

	for (;;)
		++*n;
	return 0;
}

/* How often two processes on one processor counted in a while, one made special. */
static void race(long counts[2], int nice, int policy)
{
	volatile long *n =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned long one = 1;
	pid_t a, b;

	must(syscall(SYS_sched_setaffinity, 0, sizeof(one), &one));
	a = tap_spawn(spin, (void *)&n[0]);
	b = tap_spawn(spin, (void *)&n[8]);
	if (nice)
		must(setpriority(PRIO_PROCESS, b, nice));
	if (policy)
		must(set(b, policy, 0));
	tap_sleep_ms(700);
	kill(a, SIGSTOP);
	kill(b, SIGSTOP);
	counts[0] = n[0];
	counts[1] = n[8];
	kill(a, SIGKILL);
	kill(b, SIGKILL);
	must(waitpid(a, NULL, 0));
	must(waitpid(b, NULL, 0));
}

TEST(shares)
{
	long counts[2];

	race(counts, 0, 0);
	ok(counts[0] < counts[1] * 3 && counts[1] < counts[0] * 3, "equals get about the same");
	race(counts, 15, 0);
	ok(counts[1] > 0 && counts[0] > counts[1] * 4, "a nice one much less, but something");
	race(counts, 0, SCHED_IDLE);
	ok(counts[0] > counts[1] * 4, "an idle one, too");
}

TEST(attributes)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} a = {.size = 48};

	if (tap_absent(SYS_sched_getattr, "sched_getattr"))
		return;
	works(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0), "sched_getattr");
	is(a.policy, SCHED_OTHER, "policy");
	a.nice = 7;
	works(syscall(SYS_sched_setattr, 0, &a, 0), "sched_setattr");
	is(getpriority(PRIO_PROCESS, 0), 7, "nice");
	fails(syscall(SYS_sched_setattr, 0, BAD, 0), EFAULT, "bad pointer");
	fails(syscall(SYS_sched_getattr, 0, BAD, 48, 0), EFAULT, "sched_getattr: bad pointer");
	fails(syscall(SYS_sched_getattr, 0, &a, 4, 0), EINVAL, "too small");
	fails(syscall(SYS_sched_setattr, 0, &a, 1), EINVAL, "unknown flag");
	a.size = 48;
	a.flags = 8; /* keep the policy */
	a.policy = SCHED_FIFO;
	a.nice = 9;
	works(syscall(SYS_sched_setattr, 0, &a, 0), "the policy is kept");
	is(syscall(SYS_sched_getscheduler, 0) * 100 + getpriority(PRIO_PROCESS, 0), 9,
	   "and the rest set");
	a.flags = 16; /* keep the parameters */
	a.policy = SCHED_BATCH;
	a.nice = 3;
	works(syscall(SYS_sched_setattr, 0, &a, 0), "the parameters are kept");
	is(syscall(SYS_sched_getscheduler, 0) * 100 + getpriority(PRIO_PROCESS, 0), 9,
	   "and with them their policy");
	a.flags = 1ull << 40;
	fails(syscall(SYS_sched_setattr, 0, &a, 0), EINVAL, "unknown flags within");
	a.flags = 0;
	a.size = 47;
	fails(syscall(SYS_sched_setattr, 0, &a, 0), E2BIG, "a size that never was");
	ok(a.size >= 48, "the size that is known comes back");
}

static int lower_nice(void *argument)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} a = {.size = 48, .nice = -5};

	(void)argument;
	return syscall(SYS_sched_setattr, 0, &a, 0) >= 0 || errno != EPERM;
}

TEST(attributes_of_users)
{
	is(tap_as_user(lower_nice, NULL), 0, "no nice value below nought for a user");
}

TEST(io_priorities)
{
	if (tap_absent(SYS_ioprio_get, "ioprio_get"))
		return;
	works(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 5), "ioprio_set");
	is(syscall(SYS_ioprio_get, 1, 0), 2 << 13 | 5, "ioprio_get");
	fails(syscall(SYS_ioprio_get, 77, 0), EINVAL, "of no kind");
}
