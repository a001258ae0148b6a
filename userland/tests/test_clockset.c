/* Waits until a time of the real-time clock, while the clock is set (clock_settime(2)). */
#include "futex.h"
#include <mqueue.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#ifndef CLOCK_TAI
#define CLOCK_TAI 11
#endif
#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET 2
#endif

/* Shared by all: a word that does not change, a lock that the test's own process holds. */
static struct {
	uint32_t word, lock;
} *shared;

/* Each waits until the time, and gives 0 if the wait ended as it should. */
static int timed_out(long result)
{
	return result == -1 && errno == ETIMEDOUT ? 0 : 1;
}

static int wait_bitset(const struct timespec *t)
{
	return timed_out(futex(&shared->word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, t, NULL,
			       FUTEX_BITSET_MATCH_ANY));
}

static int wait_lock(const struct timespec *t)
{
	return timed_out(futex(&shared->lock, FUTEX_LOCK_PI, 0, t, NULL, 0));
}

static int wait_lock2(const struct timespec *t)
{
	return timed_out(
		futex(&shared->lock, FUTEX_LOCK_PI2 | FUTEX_CLOCK_REALTIME, 0, t, NULL, 0));
}

static int wait_requeue(const struct timespec *t)
{
	return timed_out(futex(&shared->word, FUTEX_WAIT_REQUEUE_PI | FUTEX_CLOCK_REALTIME, 0, t,
			       &shared->lock, 0));
}

static int wait_vector(const struct timespec *t)
{
	struct wanted v = {0, (uint64_t)&shared->word, 2, 0};

	return timed_out(waitv(&v, 1, 0, (void *)t, CLOCK_REALTIME));
}

static int wait_receive(const struct timespec *t)
{
	struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 8};
	mqd_t q = mq_open("/clockset-r", O_CREAT | O_RDWR, 0600, &attr);
	char text[8];

	mq_unlink("/clockset-r");
	return timed_out(mq_timedreceive(q, text, 8, NULL, t));
}

static int wait_send(const struct timespec *t)
{
	struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 8};
	mqd_t q = mq_open("/clockset-s", O_CREAT | O_RDWR, 0600, &attr);

	mq_unlink("/clockset-s");
	return mq_send(q, "a", 1, 0) ? 2 : timed_out(mq_timedsend(q, "b", 1, 0, t));
}

static int wait_sleep(const struct timespec *t)
{
	return clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, t, NULL);
}

/* This clock differs by whole seconds, which are fewer than the tests' steps. */
static int wait_tai(const struct timespec *t)
{
	return clock_nanosleep(CLOCK_TAI, TIMER_ABSTIME, t, NULL);
}

static int wait_timerfd(const struct timespec *t)
{
	struct itimerspec s = {.it_value = *t};
	int fd = timerfd_create(CLOCK_REALTIME, 0);
	uint64_t n;

	must(timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL));
	return read(fd, &n, 8) == 8 && n == 1 ? 0 : 1;
}

static int wait_epoll(const struct timespec *t)
{
	struct itimerspec s = {.it_value = *t};
	struct epoll_event e = {.events = EPOLLIN};
	int fd = timerfd_create(CLOCK_REALTIME, 0), ep = epoll_create1(0);

	must(timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL));
	must(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	return epoll_wait(ep, &e, 1, -1) == 1 ? 0 : 1;
}

/* A POSIX timer to that time, or after it (flags of timer_settime(2)). */
static int timer_ends(const struct timespec *t, int flags)
{
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec s = {.it_value = *t};
	timer_t timer;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	must(timer_create(CLOCK_REALTIME, &e, &timer));
	must(timer_settime(timer, flags, &s, NULL));
	return sigwaitinfo(&set, NULL) == SIGUSR1 ? 0 : 1;
}

static int wait_timer(const struct timespec *t)
{
	return timer_ends(t, TIMER_ABSTIME);
}

static int wait_canceled(const struct timespec *t)
{
	struct itimerspec s = {.it_value = *t};
	int fd = timerfd_create(CLOCK_REALTIME, 0);
	uint64_t n;

	must(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &s, NULL));
	return read(fd, &n, 8) == -1 && errno == ECANCELED ? 0 : 1;
}

struct way {
	const char *name;
	int (*wait)(const struct timespec *t);
};

static const struct way absolute[] = {
	{"FUTEX_WAIT_BITSET", wait_bitset},
	{"FUTEX_LOCK_PI", wait_lock},
	{"FUTEX_LOCK_PI2", wait_lock2},
	{"FUTEX_WAIT_REQUEUE_PI", wait_requeue},
	{"futex_waitv", wait_vector},
	{"mq_timedreceive", wait_receive},
	{"mq_timedsend", wait_send},
	{"clock_nanosleep", wait_sleep},
	{"clock_nanosleep, CLOCK_TAI", wait_tai},
	{"timerfd", wait_timerfd},
	{"timerfd, epoll", wait_epoll},
	{"timer_settime", wait_timer},
};

/* These wait so long, whatever the clock says. */
static int long_bitset(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now.tv_sec += t->tv_sec;
	return timed_out(
		futex(&shared->word, FUTEX_WAIT_BITSET, 0, &now, NULL, FUTEX_BITSET_MATCH_ANY));
}

static int long_futex(const struct timespec *t)
{
	return timed_out(futex(&shared->word, FUTEX_WAIT, 0, t, NULL, 0));
}

static int long_sleep(const struct timespec *t)
{
	return clock_nanosleep(CLOCK_REALTIME, 0, t, NULL);
}

static int long_timerfd(const struct timespec *t)
{
	struct itimerspec s = {.it_value = *t};
	int fd = timerfd_create(CLOCK_REALTIME, 0);
	uint64_t n;

	must(timerfd_settime(fd, 0, &s, NULL));
	return read(fd, &n, 8) == 8 ? 0 : 1;
}

static int long_timer(const struct timespec *t)
{
	return timer_ends(t, 0);
}

static const struct way relative[] = {
	{"FUTEX_WAIT_BITSET, monotonic", long_bitset},
	{"FUTEX_WAIT", long_futex},
	{"clock_nanosleep", long_sleep},
	{"timerfd", long_timerfd},
	{"timer_settime", long_timer},
};

static const struct way canceled[] = {{"timerfd, TFD_TIMER_CANCEL_ON_SET", wait_canceled}};

#define WAYS_MAX 16

/* One waiter of each way, and the clock as it was. */
static struct {
	const struct way *way;
	int n;
	pid_t pid[WAYS_MAX];
	struct timespec real;
	int64_t then;
} all;

static void clock_back(void)
{
	struct timespec t = all.real;
	int64_t passed = tap_now() - all.then + t.tv_nsec;

	t.tv_sec += passed / 1000000000;
	t.tv_nsec = passed % 1000000000;
	must(clock_settime(CLOCK_REALTIME, &t));
}

static void clock_step(long seconds)
{
	struct timespec t;

	must(clock_gettime(CLOCK_REALTIME, &t));
	t.tv_sec += seconds;
	must(clock_settime(CLOCK_REALTIME, &t));
}

/* Starts one waiter of each, for `seconds` from `from` on, and lets them fall asleep. */
static void start(const struct way *way, size_t n, bool from_now, long seconds)
{
	struct timespec t = {0, 0};

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared == MAP_FAILED ? -1 : 0);
	shared->lock = (uint32_t)getpid();
	all.way = way;
	all.n = (int)n;
	must(clock_gettime(CLOCK_REALTIME, &all.real));
	all.then = tap_now();
	if (from_now)
		t = all.real;
	t.tv_sec += seconds;
	for (int i = 0; i < all.n; i++) {
		all.pid[i] = fork();
		if (!all.pid[i])
			_exit(way[i].wait(&t));
	}
	for (int i = 0; i < all.n; i++)
		tap_await_state(all.pid[i], 'S');
	tap_sleep_ms(100);
}

static bool waits(int i)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)all.pid[i], &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

static void all_wait(const char *what)
{
	for (int i = 0; i < all.n; i++)
		ok(waits(i), "%s: %s", all.way[i].name, what);
}

static void all_end(const char *what)
{
	int64_t limit = tap_now() + 20000000000ll;

	for (int i = 0; i < all.n; i++) {
		int status = -1;

		while (waits(i) && tap_now() < limit)
			tap_sleep_ms(10);
		if (waits(i))
			kill(all.pid[i], SIGKILL);
		must(waitpid(all.pid[i], &status, 0));
		ok(status == 0, "%s: %s", all.way[i].name, what);
	}
}

TEST(forward)
{
	start(absolute, sizeof(absolute) / sizeof(*absolute), true, 1000);
	all_wait("waits");
	clock_step(2000);
	all_end("ends when the clock is set past its time");
	clock_back();
}

TEST(back)
{
	start(absolute, sizeof(absolute) / sizeof(*absolute), true, 45);
	clock_step(-20);
	clock_step(50);
	tap_sleep_ms(1000);
	all_wait("waits until the clock shows its time");
	clock_step(20);
	all_end("ends when it does");
	clock_back();
}

TEST(waits_out)
{
	start(absolute, sizeof(absolute) / sizeof(*absolute), true, 43);
	clock_step(-1000);
	clock_step(1041);
	all_end("ends after the rest of its time");
	clock_back();
}

TEST(by_settimeofday)
{
	struct timeval tv;

	start(absolute, sizeof(absolute) / sizeof(*absolute), true, 1000);
	must(gettimeofday(&tv, NULL));
	tv.tv_sec += 2000;
	must(settimeofday(&tv, NULL));
	all_end("ends when settimeofday sets the clock past its time");
	clock_back();
}

TEST(relative)
{
	start(relative, sizeof(relative) / sizeof(*relative), false, 1000);
	clock_step(2000);
	tap_sleep_ms(500);
	all_wait("lasts as long as was asked for");
	clock_back();
	for (int i = 0; i < all.n; i++) {
		kill(all.pid[i], SIGKILL);
		waitpid(all.pid[i], NULL, 0);
	}
}

TEST(cancel)
{
	struct itimerspec s = {.it_value.tv_sec = 0x7fffffff};
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	int mono = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	uint64_t n;

	start(canceled, 1, true, 100000);
	must(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &s, NULL));
	works(timerfd_settime(mono, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &s, NULL),
	      "of a clock that is not set");
	clock_step(1);
	all_end("ends with ECANCELED when the clock is set");
	fails(read(fd, &n, 8), ECANCELED, "a read afterwards");
	fails(read(fd, &n, 8), EAGAIN, "once");
	fails(read(mono, &n, 8), EAGAIN, "the other clock is not concerned");
	clock_step(1);
	fails(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &s, NULL), ECANCELED,
	      "setting it anew tells, too");
	fails(read(fd, &n, 8), EAGAIN, "and has set it");
	clock_step(1);
	fails(read(fd, &n, 8), ECANCELED, "so it is cancelled again");
	works(timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL), "without the flag");
	clock_step(1);
	fails(read(fd, &n, 8), EAGAIN, "nothing is told");
	clock_back();
}
