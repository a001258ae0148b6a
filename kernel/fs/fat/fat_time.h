/*
 * fs/fat/fat_time.h - dates and times of directory entries: local time, 1980 to 2107.
 */
#pragma once

#include "lib/types.h"

#define FAT_TIME_STEP	2	/* seconds, of the time of modification */

/*
 * Seconds since the Epoch of a date and time that are `offset` seconds behind UTC (west is
 * positive); fields out of range count as the nearest that is in it.
 */
s64 fat_time_decode(u16 date, u16 time, s32 offset);
/* The other way, cut to what can be written down. */
void fat_time_encode(s64 seconds, s32 offset, u16 *date, u16 *time);
/* The beginning of the local day that holds `seconds`: all that is kept of an access. */
s64 fat_time_day(s64 seconds, s32 offset);
