/* Time: clocks by call and by vDSO, sleeping, timers, times, alarm's relatives. */
#include "tap.h"
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <time.h>

static int64_t ns(const struct timespec *t)
{
	return t->tv_sec * 1000000000ll + t->tv_nsec;
}

static int64_t by_call(clockid_t clock)
{
	struct timespec t;

	must(syscall(SYS_clock_gettime, clock, &t));
	return ns(&t);
}

static int64_t by_library(clockid_t clock)
{
	struct timespec t;

	must(clock_gettime(clock, &t));
	return ns(&t);
}

TEST(clocks)
{
	static const struct {
		clockid_t id;
		const char *name;
	} clocks[] = {{CLOCK_REALTIME, "CLOCK_REALTIME"},
		      {CLOCK_MONOTONIC, "CLOCK_MONOTONIC"},
		      {CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW"},
		      {CLOCK_BOOTTIME, "CLOCK_BOOTTIME"},
		      {CLOCK_REALTIME_COARSE, "CLOCK_REALTIME_COARSE"},
		      {CLOCK_MONOTONIC_COARSE, "CLOCK_MONOTONIC_COARSE"},
		      {CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID"},
		      {CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID"}};

	for (unsigned i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		struct timespec r;
		bool forward = true;
		int64_t before = by_call(clocks[i].id), now;

		for (int round = 0; round < 20000; round++, before = now) {
			now = round % 100 ? by_library(clocks[i].id) : by_call(clocks[i].id);
			forward &= now >= before;
		}
		ok(forward, "%s never goes back, by vDSO and by call", clocks[i].name);
		works(clock_getres(clocks[i].id, &r), clocks[i].name);
		ok(r.tv_sec == 0 && r.tv_nsec > 0, "its resolution");
	}
	fails(syscall(SYS_clock_gettime, 99, &(struct timespec){0}), EINVAL, "no such clock");
	fails(syscall(SYS_clock_getres, 99, NULL), EINVAL, "clock_getres of no clock");
	fails(syscall(SYS_clock_gettime, 0, BAD), EFAULT, "bad pointer");
	fails(syscall(SYS_clock_getres, 0, BAD), EFAULT, "clock_getres: bad pointer");
	fails(clock_gettime(99, &(struct timespec){0}), EINVAL, "no such clock, by the vDSO");
}

TEST(agree)
{
	struct timeval tv;
	int64_t a, b, c;

	a = by_call(CLOCK_REALTIME);
	must(gettimeofday(&tv, NULL));
	b = tv.tv_sec * 1000000000ll + tv.tv_usec * 1000ll;
	c = by_call(CLOCK_REALTIME);
	ok(b >= a - 1000 && b <= c, "gettimeofday lies between two readings of the clock");
	must(syscall(SYS_gettimeofday, &tv, NULL));
	ok(tv.tv_sec >= a / 1000000000, "as a call, too");
	a = time(NULL);
	b = syscall(SYS_time, NULL);
	ok(b - a >= 0 && b - a <= 1, "time agrees with the call");
	ok(a > 1500000000, "it is not long ago");
	fails(syscall(SYS_gettimeofday, BAD, NULL), EFAULT, "gettimeofday: bad pointer");
	fails(syscall(SYS_gettimeofday, NULL, BAD), EFAULT, "gettimeofday: bad zone");
	fails(syscall(SYS_time, BAD), EFAULT, "time: bad pointer");
	a = by_call(CLOCK_MONOTONIC);
	b = by_call(CLOCK_BOOTTIME);
	ok(b >= a - 1000000, "boot time is not less than monotonic time");
}

TEST(sleep)
{
	struct timespec t = {0, 30000000}, left;
	int64_t start = tap_now();

	works(nanosleep(&t, NULL), "nanosleep");
	ok(tap_now() - start >= 30000000, "not shorter");
	start = by_call(CLOCK_MONOTONIC) + 30000000;
	t = (struct timespec){start / 1000000000, start % 1000000000};
	is(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0, "until a time");
	ok(by_call(CLOCK_MONOTONIC) >= start, "not earlier");
	is(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0, "a time that has gone");
	t = (struct timespec){0, 20000000};
	is(clock_nanosleep(CLOCK_REALTIME, 0, &t, NULL), 0, "by the real clock");
	t.tv_nsec = 1000000000;
	fails(nanosleep(&t, NULL), EINVAL, "too many nanoseconds");
	t.tv_nsec = -1;
	fails(nanosleep(&t, NULL), EINVAL, "negative ones");
	t = (struct timespec){-1, 0};
	fails(nanosleep(&t, NULL), EINVAL, "negative seconds");
	fails(syscall(SYS_nanosleep, BAD, NULL), EFAULT, "bad pointer");
	fails(syscall(SYS_clock_nanosleep, 99, 0, &t, NULL), EINVAL, "no such clock");
	fails(syscall(SYS_clock_nanosleep, 1, 0, BAD, NULL), EFAULT,
	      "clock_nanosleep: bad pointer");
	(void)left;
}

static volatile sig_atomic_t count;
static volatile siginfo_t last;

static void handler(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	last = *info;
	count++;
}

static void catch(int signal)
{
	struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};

	must(sigaction(signal, &a, NULL));
}

TEST(interrupted_sleep)
{
	struct timespec t = {20, 0}, left = {0, 0};

	catch(SIGALRM);
	alarm(1);
	fails(nanosleep(&t, &left), EINTR, "a signal ends a sleep");
	ok(left.tv_sec >= 15 && left.tv_sec < 20, "what was left of it");
	alarm(1);
	fails(syscall(SYS_nanosleep, &t, BAD), EFAULT, "no place to say what is left");
}

TEST(timers)
{
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL,
			     .sigev_signo = SIGUSR1,
			     .sigev_value.sival_int = 321};
	struct itimerspec s = {{0, 10000000}, {0, 10000000}}, now;
	timer_t timer;
	sigset_t set;

	if (tap_absent(SYS_timer_create, "POSIX timers"))
		return;
	catch(SIGUSR1);
	works(timer_create(CLOCK_MONOTONIC, &e, &timer), "timer_create");
	works(timer_settime(timer, 0, &s, NULL), "timer_settime");
	while (count < 3)
		pause();
	ok(last.si_code == SI_TIMER && last.si_value.sival_int == 321, "SI_TIMER with its value");
	works(timer_gettime(timer, &now), "timer_gettime");
	is(now.it_interval.tv_nsec, 10000000, "interval");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	tap_sleep_ms(100);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	ok(timer_getoverrun(timer) >= 5, "overruns are counted while the signal is blocked");
	works(timer_delete(timer), "timer_delete");
	fails(syscall(SYS_timer_delete, (long)timer), EINVAL, "again");
	fails(syscall(SYS_timer_create, 99, NULL, &timer), EINVAL, "no such clock");
	fails(syscall(SYS_timer_create, CLOCK_MONOTONIC, BAD, &timer), EFAULT, "bad event");
	fails(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, BAD), EFAULT, "bad result");
	fails(syscall(SYS_timer_settime, 12345, 0, &s, NULL), EINVAL, "no such timer");
	fails(syscall(SYS_timer_gettime, 12345, &now), EINVAL, "timer_gettime of none");
	fails(syscall(SYS_timer_getoverrun, 12345), EINVAL, "timer_getoverrun of none");
	works(timer_create(CLOCK_REALTIME, NULL, &timer), "without an event");
	fails(syscall(SYS_timer_settime, (long)timer, 0, BAD, NULL), EFAULT, "bad new value");
	s.it_value = (struct timespec){0, 0}; /* it is set all the same: not to run out here */
	fails(syscall(SYS_timer_settime, (long)timer, 0, &s, BAD), EFAULT, "bad old value");
	fails(syscall(SYS_timer_gettime, (long)timer, BAD), EFAULT, "timer_gettime: bad pointer");
}

TEST(timerfd)
{
	struct itimerspec s = {{0, 20000000}, {0, 20000000}}, now;
	uint64_t n = 0;
	int fd;

	if (tap_absent(SYS_timerfd_create, "timerfd"))
		return;
	works(fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create");
	fails(read(fd, &n, 8), EAGAIN, "not yet");
	works(timerfd_settime(fd, 0, &s, NULL), "timerfd_settime");
	tap_sleep_ms(100);
	is(read(fd, &n, 8), 8, "read");
	ok(n >= 4, "how often it ran out");
	fails(read(fd, &n, 4), EINVAL, "too small a buffer");
	works(timerfd_gettime(fd, &now), "timerfd_gettime");
	is(now.it_interval.tv_nsec, 20000000, "interval");
	memset(&s, 0, sizeof(s));
	works(timerfd_settime(fd, 0, &s, &now), "stop it");
	fails(timerfd_create(77, 0), EINVAL, "no such clock");
	fails(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL, "unknown flag");
	fails(syscall(SYS_timerfd_settime, fd, 0, BAD, NULL), EFAULT, "bad new value");
	fails(syscall(SYS_timerfd_settime, fd, 0, &s, BAD), EFAULT, "bad old value");
	fails(syscall(SYS_timerfd_gettime, fd, BAD), EFAULT, "timerfd_gettime: bad pointer");
	fails(timerfd_settime(0, 0, &s, NULL), EINVAL, "not a timer");
}

TEST(times)
{
	struct tms t;
	volatile long spin = 0;
	int64_t end = tap_now() + 200000000, cpu;
	long before = syscall(SYS_times, &t);

	while (tap_now() < end)
		spin++;
	ok(syscall(SYS_times, &t) - before >= 15, "times counts hundredths of seconds");
	ok(t.tms_utime + t.tms_stime > 0, "and processor time");
	cpu = by_call(CLOCK_PROCESS_CPUTIME_ID);
	ok(cpu >= 20000000, "so does the process's clock");
	tap_sleep_ms(100);
	ok(by_call(CLOCK_PROCESS_CPUTIME_ID) - cpu < 90000000, "which stands while it sleeps");
	fails(syscall(SYS_times, BAD), EFAULT, "bad pointer");
}

TEST(set)
{
	struct timespec t, now;

	if (!tap_root())
		return skip("clock_settime", "not root");
	must(clock_gettime(CLOCK_REALTIME, &t));
	t.tv_sec += 1000;
	if (clock_settime(CLOCK_REALTIME, &t) < 0 && errno == EPERM)
		return skip("clock_settime", "not allowed here");
	must(clock_gettime(CLOCK_REALTIME, &now));
	ok(now.tv_sec - t.tv_sec >= 0 && now.tv_sec - t.tv_sec < 60, "clock_settime");
	t.tv_sec -= 1000;
	works(clock_settime(CLOCK_REALTIME, &t), "and back");
	fails(clock_settime(CLOCK_MONOTONIC, &t), EINVAL, "the monotonic clock cannot be set");
	fails(syscall(SYS_clock_settime, CLOCK_REALTIME, BAD), EFAULT, "bad pointer");
	t.tv_nsec = -1;
	fails(clock_settime(CLOCK_REALTIME, &t), EINVAL, "bad nanoseconds");
	fails(syscall(SYS_settimeofday, BAD, NULL), EFAULT, "settimeofday: bad pointer");
}
