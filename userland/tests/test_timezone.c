/* The time zone that the kernel keeps (settimeofday(2)). Sets the clock: alone in its machine. */
#include "tap.h"
#include <sys/time.h>
#include <time.h>

static struct timezone by_call(void)
{
	struct timezone tz = {-1, -1};

	must(syscall(SYS_gettimeofday, NULL, &tz));
	return tz;
}

static bool is_zone(int west, int dst)
{
	struct timezone tz = by_call();

	return tz.tz_minuteswest == west && tz.tz_dsttime == dst;
}

static long set(int west, int dst)
{
	return syscall(SYS_settimeofday, NULL, &(struct timezone){west, dst});
}

static time_t now(void)
{
	struct timespec ts;

	must(clock_gettime(CLOCK_REALTIME, &ts));
	return ts.tv_sec;
}

/* Must be the first: what is told is the first zone since boot. */
TEST(first)
{
	time_t before = now();

	works(set(60, 0), "the first zone");
	ok(labs(now() - before - 3600) <= 5, "moves the clock from local time to UTC");
	before = now();
	works(set(-60, 0), "another zone");
	ok(labs(now() - before) <= 5, "does not");
}

static int as_user(void *argument)
{
	(void)argument;
	return !(set(0, 0) == -1 && errno == EPERM);
}

TEST(zone)
{
	struct timeval tv;

	works(set(-120, 3), "settimeofday of a zone alone");
	ok(is_zone(-120, 3), "gettimeofday tells it");
	works(set(900, 0), "fifteen hours");
	works(set(-900, 0), "either way");
	fails(set(901, 0), EINVAL, "more");
	fails(set(-901, 0), EINVAL, "either way");
	ok(is_zone(-900, 0), "the last good one");
	fails(syscall(SYS_settimeofday, NULL, BAD), EFAULT, "a bad pointer");
	is(tap_as_user(as_user, NULL), 0, "EPERM for a user");
	must(syscall(SYS_gettimeofday, &tv, NULL));
	works(syscall(SYS_settimeofday, &tv, &(struct timezone){30, 1}), "together with a time");
	ok(is_zone(30, 1), "is kept as well");
	fails(syscall(SYS_settimeofday, &(struct timeval){tv.tv_sec, 1000000},
		      &(struct timezone){0, 0}), EINVAL, "a time that is none");
	ok(is_zone(30, 1), "leaves the zone");
	works(set(0, 0), "UTC");
	ok(is_zone(0, 0), "again");
}
