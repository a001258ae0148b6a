/*
 * SCHED_DEADLINE (sched(7), sched_setattr(2)): what may be asked for and by whom, and that a thread
 * gets that and no more. Times are CPU times of seconds against what was asked for, with wide
 * bounds: a machine may be slow, its clocks are not.
 */
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#define POLICY  6
#define MS      1000000ull
#define RESET   1
#define RECLAIM 2
#define OVERRUN 4
#define KEEP    (8 | 16)

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static long give(pid_t pid, struct attr a)
{
	a.size = sizeof(a);
	return syscall(SYS_sched_setattr, pid, &a, 0);
}

static long ask(pid_t pid, uint64_t runtime, uint64_t deadline, uint64_t period, uint64_t flags)
{
	return give(pid, (struct attr){.policy = POLICY, .runtime = runtime, .deadline = deadline,
				       .period = period, .flags = flags});
}

static long leave(pid_t pid)
{
	return give(pid, (struct attr){.policy = SCHED_OTHER});
}

static struct attr attr_of(pid_t pid)
{
	struct attr a = {0};

	must(syscall(SYS_sched_getattr, pid, &a, sizeof(a), 0));
	return a;
}

static int cpus(void)
{
	cpu_set_t set;

	must(sched_getaffinity(0, sizeof(set), &set));
	return CPU_COUNT(&set);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool no_root(void)
{
	if (tap_root())
		return false;
	skip("SCHED_DEADLINE", "needs root");
	return true;
}

/* CPU time used while so much time passes. */
static uint64_t spin(uint64_t ns)
{
	uint64_t used = clock_ns(CLOCK_THREAD_CPUTIME_ID), end = clock_ns(CLOCK_MONOTONIC) + ns;

	while (clock_ns(CLOCK_MONOTONIC) < end)
		;
	return clock_ns(CLOCK_THREAD_CPUTIME_ID) - used;
}

/* A child that waits to be killed. */
static pid_t sleeper(void)
{
	pid_t pid = must(fork());

	while (!pid)
		pause();
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(parameters)
{
	const uint64_t top = 1ull << 63;

	is(sched_get_priority_max(POLICY), 0, "no priorities: the highest");
	is(sched_get_priority_min(POLICY), 0, "and the lowest");
	if (no_root())
		return;
	fails(ask(0, 1023, 10 * MS, 0, 0), EINVAL, "too little runtime");
	fails(ask(0, 10 * MS, 0, 0, 0), EINVAL, "no deadline");
	fails(ask(0, 10 * MS, 0, 100 * MS, 0), EINVAL, "a period without a deadline");
	fails(ask(0, 11 * MS, 10 * MS, 100 * MS, 0), EINVAL, "a runtime beyond the deadline");
	fails(ask(0, MS, 11 * MS, 10 * MS, 0), EINVAL, "a deadline beyond the period");
	fails(ask(0, MS, top, 0, 0), EINVAL, "a deadline of 2^63");
	fails(ask(0, MS, 10 * MS, top, 0), EINVAL, "a period of 2^63");
	fails(ask(0, MS, 10 * MS, 5000 * MS, 0), EINVAL, "a period of five seconds");
	fails(ask(0, 2048, 50000, 50000, 0), EINVAL, "one of 50 us");
	fails(give(0, (struct attr){.policy = POLICY, .priority = 1, .runtime = MS,
				    .deadline = 10 * MS}), EINVAL, "a priority");
	fails(ask(0, MS, 10 * MS, 0, 0x80), EINVAL, "an unknown flag");
	fails(ask(999999, MS, 10 * MS, 0, 0), ESRCH, "nobody");
	is(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER, "nothing has changed");
	works(ask(0, 1024, 100000, 0, 0), "the least");
	works(leave(0), "and back");
}

#define PERIOD_MIN "/proc/sys/kernel/sched_deadline_period_min_us"
#define PERIOD_MAX "/proc/sys/kernel/sched_deadline_period_max_us"

TEST(bounds_of_periods)
{
	is_text(tap_read(PERIOD_MIN), "100\n", "the least");
	is_text(tap_read(PERIOD_MAX), "4194304\n", "the most");
	if (no_root())
		return;
	works(tap_write(PERIOD_MIN, "200\n"), "more");
	works(tap_write(PERIOD_MAX, "50000"), "less");
	is_text(tap_read(PERIOD_MIN), "200\n", "are kept,");
	is_text(tap_read(PERIOD_MAX), "50000\n", "both");
	fails(ask(0, MS, 60 * MS, 0, 0), EINVAL, "a period that is too long now");
	fails(ask(0, 2048, 150000, 0, 0), EINVAL, "and one too short");
	works(ask(0, MS, 10 * MS, 0, 0), "one between");
	works(leave(0), "and back");
	fails(tap_write(PERIOD_MIN, "50001"), EINVAL, "they do not cross:");
	fails(tap_write(PERIOD_MAX, "199"), EINVAL, "neither way");
	fails(tap_write(PERIOD_MAX, "x"), EINVAL, "nor is it a word");
	works(tap_write(PERIOD_MAX, "4194304"), "as it was,");
	works(tap_write(PERIOD_MIN, "100"), "both");
}

TEST(attributes)
{
	struct sched_param p = {0};
	struct timespec t = {1, 1};
	struct attr a;

	if (no_root())
		return;
	fails(syscall(SYS_sched_setscheduler, 0, POLICY, &p), EINVAL, "sched_setscheduler");
	signal(SIGXCPU, SIG_IGN); /* the machine may be slow */
	must(ask(0, 10 * MS, 50 * MS, 0, RECLAIM | OVERRUN));
	is(syscall(SYS_sched_getscheduler, 0), POLICY, "the policy");
	a = attr_of(0);
	is(a.policy, POLICY, "sched_getattr: the policy");
	is(a.runtime, 10 * MS, "the runtime");
	is(a.deadline, 50 * MS, "the deadline");
	is(a.period, 50 * MS, "the period is the same");
	is(a.flags, RECLAIM | OVERRUN, "the flags");
	is(a.priority, 0, "no priority");
	works(syscall(SYS_sched_getparam, 0, &p), "sched_getparam");
	is(p.sched_priority, 0, "no priority");
	works(syscall(SYS_sched_rr_get_interval, 0, &t), "sched_rr_get_interval");
	is(t.tv_sec * 1000000000 + t.tv_nsec, 0, "there is none");
	fails(syscall(SYS_sched_setparam, 0, &p), EINVAL, "sched_setparam");
	works(give(0, (struct attr){.flags = KEEP}), "all of it may be kept");
	is(attr_of(0).runtime, 10 * MS, "and is");
	works(ask(0, 5 * MS, 20 * MS, 40 * MS, 0), "others");
	a = attr_of(0);
	is(a.runtime, 5 * MS, "their runtime");
	is(a.deadline, 20 * MS, "deadline");
	is(a.period, 40 * MS, "period");
	is(a.flags, 0, "flags");
	works(leave(0), "back");
	is(attr_of(0).runtime, 0, "nothing is left of it");
}

TEST(texts)
{
	const char *stat, *text;
	int priority = 0, rt = -1, policy = -1;

	if (no_root())
		return;
	must(ask(0, 10 * MS, 50 * MS, 0, 0));
	stat = strrchr(tap_read("/proc/self/stat"), ')');
	for (int field = 2; stat && field < 41; field++) {
		stat = strchr(stat, ' ');
		if (!stat)
			break;
		stat++;
		if (field + 1 == 18)
			priority = atoi(stat);
		if (field + 1 == 40)
			rt = atoi(stat);
		if (field + 1 == 41)
			policy = atoi(stat);
	}
	is(priority, -101, "stat: the priority");
	is(rt, 0, "the real-time one");
	is(policy, POLICY, "the policy");
	text = tap_read("/proc/self/sched");
	is(tap_number(strstr(text, "\npolicy ") + 1, ":"), POLICY, "sched: the policy");
	ok(strstr(strstr(text, "\nprio "), " -1\n"), "the priority");
	ok(tap_number(strstr(text, "dl.runtime"), ":") <= (long)(10 * MS), "what is left of it");
	ok(tap_number(strstr(text, "dl.deadline"), ":") > 0, "until when");
	must(leave(0));
}

TEST(privilege)
{
	pid_t pid;
	int status;

	if (no_root())
		return;
	pid = must(fork());
	if (!pid) {
		must(setuid(1000));
		fails(ask(0, 10 * MS, 100 * MS, 0, 0), EPERM, "SCHED_DEADLINE without privilege");
		fails(ask(0, 10, 100 * MS, 0, 0), EINVAL, "what is wrong is wrong first");
		_exit(0);
	}
	must(waitpid(pid, &status, 0));
	pid = must(fork());
	if (!pid) {
		must(ask(0, 10 * MS, 100 * MS, 0, 0));
		must(setuid(1000));
		fails(ask(0, 5 * MS, 100 * MS, 0, 0), EPERM, "less of it");
		works(leave(0), "the way back is free");
		_exit(0);
	}
	must(waitpid(pid, &status, 0));
}

TEST(fork)
{
	pid_t pid;
	int status = -1;

	if (no_root())
		return;
	must(ask(0, 10 * MS, 100 * MS, 0, 0));
	fails(syscall(SYS_fork), EAGAIN, "fork");
	must(ask(0, 10 * MS, 100 * MS, 0, RESET));
	is(syscall(SYS_sched_getscheduler, 0), POLICY | 0x40000000, "SCHED_FLAG_RESET_ON_FORK");
	is(attr_of(0).flags, RESET, "reads");
	pid = must(fork());
	if (!pid)
		_exit((int)syscall(SYS_sched_getscheduler, 0));
	must(leave(0));
	must(waitpid(pid, &status, 0));
	is(WEXITSTATUS(status), SCHED_OTHER, "the child's policy");
}

/* Half a processor each: how many get it. */
TEST(admission)
{
	enum { MOST = 40 };
	static pid_t child[MOST];
	int n = cpus(), fit = n * 95 / 50, got = 0, error = 0, file;
	bool again = false;

	if (no_root())
		return;
	if (fit + 1 > MOST)
		return skip("admission", "too many processors");
	for (int i = 0; i <= fit; i++)
		child[i] = sleeper();
	while (got <= fit && ask(child[got], 50 * MS, 100 * MS, 0, 0) == 0)
		got++;
	error = errno;
	is(got - fit, 0, "as many as there is room for");
	is(error, EBUSY, "the next is refused");
	is(syscall(SYS_sched_getscheduler, child[fit]), SCHED_OTHER, "and stays what it was");
	fails(ask(child[0], 99 * MS, 100 * MS, 0, 0), EBUSY, "more for one who has some");
	is(attr_of(child[0]).runtime, 50 * MS, "who keeps it");
	file = must(open("/proc/sys/kernel/sched_rt_runtime_us", O_WRONLY));
	fails(write(file, "100000\n", 7), EBUSY, "sched_rt_runtime_us below what was promised");
	works(ask(child[0], MS, 100 * MS, 0, 0), "less");
	works(ask(child[fit], 49 * MS, 100 * MS, 0, 0), "makes room");
	end(child[fit]);
	for (int i = 0; i < 50 && !again; i++) {
		again = ask(child[0], 50 * MS, 100 * MS, 0, 0) == 0;
		usleep(20000);
	}
	ok(again, "so does an end");
	for (int i = 0; i < fit; i++)
		end(child[i]);
	close(file);
}

TEST(affinity)
{
	cpu_set_t one;
	int n = cpus();
	pid_t pid;

	if (no_root())
		return;
	if (n == 1)
		return skip("affinity", "one processor");
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	pid = sleeper();
	must(ask(pid, 10 * MS, 100 * MS, 0, 0));
	fails(sched_setaffinity(pid, sizeof(one), &one), EBUSY, "not on all processors");
	must(leave(pid));
	works(sched_setaffinity(pid, sizeof(one), &one), "another policy may");
	fails(ask(pid, 10 * MS, 100 * MS, 0, 0), EPERM, "who is not on all of them");
	end(pid);
}

/* Whoever spins gets what he asked for. */
TEST(throttled)
{
	uint64_t used;

	if (no_root())
		return;
	must(ask(0, 20 * MS, 100 * MS, 0, 0));
	used = spin(1500 * MS) / MS;
	diag("%d ms of 300", (int)used);
	ok(used >= 100, "at least a part of it");
	ok(used <= 600, "and little more");
	must(ask(0, 10 * MS, 20 * MS, 100 * MS, 0));
	used = spin(1500 * MS) / MS;
	diag("%d ms of 150", (int)used);
	ok(used >= 50 && used <= 400, "with a deadline before the period's end");
	must(leave(0));
	used = spin(300 * MS) / MS;
	ok(used >= 100, "everything again");
}

/* The rest of the runtime is given up: the next one comes with the next period. */
TEST(yield)
{
	uint64_t begin;

	if (no_root())
		return;
	must(ask(0, 50 * MS, 100 * MS, 0, 0));
	sched_yield();
	begin = clock_ns(CLOCK_MONOTONIC);
	for (int i = 0; i < 5; i++)
		sched_yield();
	ok(clock_ns(CLOCK_MONOTONIC) - begin >= 350 * MS, "five periods");
	must(leave(0));
}

/* Sleepers get their runtime, too. */
TEST(sleeping)
{
	uint64_t late = 0;
	int missed = 0;

	if (no_root())
		return;
	must(ask(0, 20 * MS, 100 * MS, 0, 0));
	for (int i = 0; i < 10; i++) {
		uint64_t begin = clock_ns(CLOCK_MONOTONIC), took;

		usleep(30000);
		took = clock_ns(CLOCK_MONOTONIC) - begin;
		late = took > late ? took : late;
		missed += took > 130 * MS;
	}
	diag("slept for %d ms at most", (int)(late / MS));
	ok(missed <= 3, "who uses little is not held up");
	must(leave(0));
}

/* Real-time threads on all processors, none of which blocks. */
TEST(before_real_time)
{
	struct sched_param p = {.sched_priority = 99};
	int n = cpus();
	pid_t pid[64];
	uint64_t used;

	if (no_root())
		return;
	if (n > 64)
		return skip("real time", "too many processors");
	for (int i = 0; i < n; i++) {
		pid[i] = must(fork());
		while (!pid[i])
			;
	}
	must(ask(0, 40 * MS, 100 * MS, 0, 0));
	for (int i = 0; i < n; i++)
		must(syscall(SYS_sched_setscheduler, pid[i], SCHED_FIFO, &p));
	used = spin(1500 * MS) / MS;
	diag("%d ms of 600", (int)used);
	ok(used >= 250, "it runs all the same");
	for (int i = 0; i < n; i++)
		end(pid[i]);
	must(leave(0));
}

static volatile int overruns;

static void on_overrun(int signo)
{
	overruns += signo == SIGXCPU;
}

TEST(overrun)
{
	if (no_root())
		return;
	signal(SIGXCPU, on_overrun);
	must(ask(0, 20 * MS, 100 * MS, 0, 0));
	spin(300 * MS);
	is(overruns, 0, "no signal unless asked for");
	must(ask(0, 20 * MS, 100 * MS, 0, OVERRUN));
	spin(500 * MS);
	ok(overruns >= 1, "SIGXCPU");
	overruns = 0;
	for (int i = 0; i < 3; i++)
		sched_yield();
	is(overruns, 0, "who yields has not overrun");
	must(leave(0));
}

TEST(reclaim)
{
	uint64_t used;

	if (no_root())
		return;
	must(ask(0, 10 * MS, 100 * MS, 0, RECLAIM));
	used = spin(1500 * MS) / MS;
	diag("%d ms, 150 of its own", (int)used);
	ok(used >= 400, "what nobody else wants");
	must(leave(0));
}

/* The owner of a lock that it waits for. */
static pthread_mutex_t lock;
static volatile int owner_state, inherited;

static int own_priority(void)
{
	const char *stat = strrchr(tap_read("/proc/thread-self/stat"), ')');

	for (int field = 2; stat && field < 18; field++)
		stat = strchr(stat, ' ') + 1;
	return stat ? atoi(stat) : 0;
}

static void *owner(void *arg)
{
	pthread_mutex_lock(&lock);
	owner_state = 1;
	for (int i = 0; i < 1000 && !inherited; i++) {
		inherited = own_priority() <= -100;
		usleep(2000);
	}
	pthread_mutex_unlock(&lock);
	return arg;
}

TEST(inherited)
{
	pthread_mutexattr_t a;
	pthread_t thread;

	if (no_root())
		return;
	pthread_mutexattr_init(&a);
	must(-pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT));
	must(-pthread_mutex_init(&lock, &a));
	must(-pthread_create(&thread, NULL, owner, NULL));
	while (!owner_state)
		usleep(1000);
	must(ask(0, 50 * MS, 100 * MS, 0, 0));
	is(pthread_mutex_lock(&lock), 0, "a lock that another has");
	ok(inherited, "who meanwhile was as urgent as real time at least");
	pthread_mutex_unlock(&lock);
	must(leave(0));
	pthread_join(thread, NULL);
}
