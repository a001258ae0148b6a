/*
 * lib/civil.h - civil time (proleptic Gregorian, UTC, no leap seconds) and seconds since the Epoch.
 */
#ifndef LIB_CIVIL_H
#define LIB_CIVIL_H

#include "lib/types.h"

struct civil {
	s64 year;	/* the full year, such as 2026 */
	u8 month;	/* 1..12 */
	u8 day;		/* 1..31 */
	u8 hour;	/* 0..23 */
	u8 minute;	/* 0..59 */
	u8 second;	/* 0..59 */
	u8 weekday;	/* 0..6, 0 is Sunday; not read by civil_to_epoch */
	u16 yearday;	/* 0..365; not read by civil_to_epoch */
};

/* Days since 1970-01-01 of a valid date. */
s64 civil_to_days(s64 year, unsigned month, unsigned day);
/* True if all fields are in range, the day against the month and the leap year. */
bool civil_is_valid(const struct civil *c);
/* Seconds since the Epoch of a valid civil time. */
s64 civil_to_epoch(const struct civil *c);
void civil_from_epoch(s64 seconds, struct civil *out);

#endif
