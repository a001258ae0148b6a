/*
 * fs/fat/fat_time.c - dates and times (specification, "Date and Time Formats"): a date has the day
 * in bits 0 to 4, the month in 5 to 8 and the year since 1980 above, a time half the seconds in
 * bits 0 to 4, the minutes in 5 to 10 and the hours above.
 */
#include "fs/fat/fat_time.h"

#include "lib/civil.h"

#define YEAR_FIRST	1980
#define YEAR_LAST	2107
#define DAY_SECONDS	86400

static unsigned month_days(s64 year, unsigned month)
{
	static const u8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	/* 2100 is the one year divisible by 4 in this range that is no leap year. */
	return month == 2 && year % 4 == 0 && year != 2100 ? 29 : days[month - 1];
}

s64 fat_time_decode(u16 date, u16 time, s32 offset)
{
	struct civil c = {
		.year = YEAR_FIRST + (date >> 9),
		.month = (u8)clamp(date >> 5 & 15, 1, 12),
		.hour = (u8)min(time >> 11, 23),
		.minute = (u8)min(time >> 5 & 63, 59),
		.second = (u8)min((time & 31) * 2, 58),
	};

	c.day = (u8)clamp((unsigned)date & 31, 1u, month_days(c.year, c.month));
	return civil_to_epoch(&c) + offset;
}

void fat_time_encode(s64 seconds, s32 offset, u16 *date, u16 *time)
{
	struct civil c;

	civil_from_epoch(seconds - offset, &c);
	if (c.year < YEAR_FIRST)
		c = (struct civil){ .year = YEAR_FIRST, .month = 1, .day = 1 };
	else if (c.year > YEAR_LAST)
		c = (struct civil){ .year = YEAR_LAST, .month = 12, .day = 31, .hour = 23,
				    .minute = 59, .second = 58 };
	*date = (u16)((c.year - YEAR_FIRST) << 9 | c.month << 5 | c.day);
	*time = (u16)(c.hour << 11 | c.minute << 5 | c.second / 2);
}

s64 fat_time_day(s64 seconds, s32 offset)
{
	s64 local = seconds - offset, within = local % DAY_SECONDS;

	return seconds - (within < 0 ? within + DAY_SECONDS : within);
}
