/* The battery clock, /dev/rtc0 (rtc(4)): what it says, setting it, who may, and hwclock(8). */
#include "tap.h"
#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <time.h>

static long long seconds(const struct rtc_time *t)
{
	struct tm tm = {
		.tm_sec = t->tm_sec, .tm_min = t->tm_min, .tm_hour = t->tm_hour,
		.tm_mday = t->tm_mday, .tm_mon = t->tm_mon, .tm_year = t->tm_year,
	};

	return timegm(&tm);
}

static long long read_clock(int fd)
{
	struct rtc_time t;

	memset(&t, 0xff, sizeof(t));
	works(ioctl(fd, RTC_RD_TIME, &t), "RTC_RD_TIME");
	ok(t.tm_mon >= 0 && t.tm_mon < 12 && t.tm_mday >= 1 && t.tm_mday <= 31 && t.tm_hour >= 0 &&
		   t.tm_hour < 24,
	   "a date");
	return seconds(&t);
}

static struct rtc_time date(int year, int month, int day, int hour, int minute, int second)
{
	return (struct rtc_time){ .tm_year = year - 1900,
				  .tm_mon = month - 1,
				  .tm_mday = day,
				  .tm_hour = hour,
				  .tm_min = minute,
				  .tm_sec = second };
}

TEST(set)
{
	static const int dates[][6] = { { 2024, 2, 29, 23, 59, 50 },
					{ 1999, 12, 31, 0, 0, 0 },
					{ 2038, 1, 19, 12, 30, 0 },
					{ 2026, 11, 21, 13, 5, 7 } };
	int fd = open("/dev/rtc0", O_RDONLY);
	struct rtc_time t;
	long long start;

	if (fd < 0)
		return skip("the battery clock", "there is none");
	start = read_clock(fd);
	ok(llabs(start - time(NULL)) < 86400 * 366LL, "roughly the time of day");
	fails(open("/dev/rtc0", O_RDONLY), EBUSY, "one at a time");
	fails(open("/dev/rtc0", O_RDONLY), EBUSY, "also after a failure");
	for (unsigned i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		t = date(dates[i][0], dates[i][1], dates[i][2], dates[i][3], dates[i][4],
			 dates[i][5]);
		works(ioctl(fd, RTC_SET_TIME, &t), "RTC_SET_TIME");
		ok(llabs(read_clock(fd) - seconds(&t)) < 5, "the clock says what was set");
	}
	t = date(2023, 2, 29, 0, 0, 0);
	fails(ioctl(fd, RTC_SET_TIME, &t), EINVAL, "29 February 2023");
	t = date(2023, 13, 1, 0, 0, 0);
	fails(ioctl(fd, RTC_SET_TIME, &t), EINVAL, "month 13");
	t = date(2023, 1, 1, 24, 0, 0);
	fails(ioctl(fd, RTC_SET_TIME, &t), EINVAL, "hour 24");
	t = date(2023, 1, 1, 0, -1, 0);
	fails(ioctl(fd, RTC_SET_TIME, &t), EINVAL, "a negative minute");
	fails(ioctl(fd, RTC_SET_TIME, BAD), EFAULT, "setting from a bad pointer");
	fails(ioctl(fd, RTC_RD_TIME, BAD), EFAULT, "reading to a bad pointer");
	close(fd);
	is(system("hwclock -w -u && hwclock -r -u >/dev/null"), 0, "hwclock sets it and reads it");
	fd = must(open("/dev/rtc0", O_RDONLY));
	ok(llabs(read_clock(fd) - time(NULL)) < 5, "to the time of day");
	close(fd);
}

static int user_opens(void *argument)
{
	(void)argument;
	fails(open("/dev/rtc0", O_RDONLY), EACCES, "opening as a user");
	return 0;
}

TEST(user)
{
	int fd = open("/dev/rtc0", O_RDONLY);

	if (fd < 0 || !tap_root())
		return skip("the battery clock", "there is none, or not root");
	is(tap_as_user(user_opens, NULL), 0, "the user ends well");
	close(fd);
}
