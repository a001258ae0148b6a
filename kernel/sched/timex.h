/*
 * The discipline of the clock: adjtimex(2), adjtime(3). It makes the clock run faster or slower,
 * sets it, and keeps what programs that synchronise it tell each other: errors, status, leap
 * seconds, and by how much International Atomic Time is ahead.
 */
#pragma once

#include "abi/time.h"
#include "core/clock.h"

/*
 * adjtimex(2): does what tx->modes says, if the caller `may_set` the clock, and fills in the rest.
 * The state of the clock (TIME_OK …), or -EINVAL, -EPERM. Any context.
 */
int timex_adjust(struct abi_timex *tx, bool may_set);
/* clock_settime(2): sets the clock; whoever adjusted it has to begin anew. Any context. */
void timex_clock_set(u64 ns);
