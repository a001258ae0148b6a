/*
 * lib/civil.c - civil time.
 *
 * Days are counted in eras of 400 years (146097 days) that begin on the first of March, so that
 * the leap day is the last day of the counted year and month lengths follow one linear formula.
 */
#include "lib/civil.h"

enum {
	ERA_DAYS = 146097,	/* in 400 years */
	ERA_TO_EPOCH = 719468,	/* from 0000-03-01 to 1970-01-01 */
	DAY_SECONDS = 86400,
};

static bool is_leap(s64 year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned month_days(s64 year, unsigned month)
{
	static const u8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Division that rounds towards minus infinity. */
static s64 floor_div(s64 a, s64 b)
{
	return a / b - (a % b < 0);
}

s64 civil_to_days(s64 year, unsigned month, unsigned day)
{
	s64 y = month <= 2 ? year - 1 : year;
	s64 era = floor_div(y, 400);
	s64 yoe = y - era * 400;
	s64 doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	s64 doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * ERA_DAYS + doe - ERA_TO_EPOCH;
}

bool civil_is_valid(const struct civil *c)
{
	return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
	       c->day <= month_days(c->year, c->month) && c->hour < 24 && c->minute < 60 &&
	       c->second < 60;
}

s64 civil_to_epoch(const struct civil *c)
{
	return civil_to_days(c->year, c->month, c->day) * DAY_SECONDS + c->hour * 3600 +
	       c->minute * 60 + c->second;
}

void civil_from_epoch(s64 seconds, struct civil *out)
{
	s64 days = floor_div(seconds, DAY_SECONDS);
	unsigned rest = (unsigned)(seconds - days * DAY_SECONDS);
	s64 z = days + ERA_TO_EPOCH;
	s64 era = floor_div(z, ERA_DAYS);
	s64 doe = z - era * ERA_DAYS;
	s64 yoe = (doe - doe / 1460 + doe / 36524 - doe / (ERA_DAYS - 1)) / 365;
	s64 doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	s64 mp = (5 * doy + 2) / 153;

	out->month = (u8)(mp < 10 ? mp + 3 : mp - 9);
	out->day = (u8)(doy - (153 * mp + 2) / 5 + 1);
	out->year = yoe + era * 400 + (out->month <= 2);
	out->hour = (u8)(rest / 3600);
	out->minute = (u8)(rest / 60 % 60);
	out->second = (u8)(rest % 60);
	out->weekday = (u8)(days + 4 - floor_div(days + 4, 7) * 7);	/* 1970-01-01: Thursday */
	out->yearday = (u16)(days - civil_to_days(out->year, 1, 1));
}
