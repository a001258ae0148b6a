/*
 * The loop that makes a clock follow another one (RFC 5905 section 12, RFC 1589): somebody measures
 * by how much the clock is behind, now and then; the loop says at which rate it should run. A part
 * of what it is behind is made up for in each second (the phase), and what it is behind again and
 * again shows by how much its rate is wrong (the frequency).
 *
 * Times are nanoseconds times 2^32, rates such per second: enough for 2 seconds, and exact enough
 * to add up small parts for days.
 */
#ifndef LIB_PLL_H
#define LIB_PLL_H

#include "lib/types.h"

#define PLL_UNIT         (1ll << 32)              /* a nanosecond */
#define PLL_OFFSET_MAX   500000000ll              /* ns: offsets beyond are cut */
#define PLL_FREQ_MAX     (500000 * PLL_UNIT)      /* 500 parts in a million */
#define PLL_CONSTANT_MAX 10

struct pll {
	s64 freq;       /* rate: the correction that stays */
	s64 phase;      /* time: what is still to be made up for */
	s64 updated_s;  /* seconds: when an offset came last, on any clock */
	s32 constant;   /* 0 … PLL_CONSTANT_MAX: the greater, the more slowly it follows */
	bool fll;       /* the last offset was taken as one of a clock that is asked rarely */
};

/*
 * The clock is behind by so many ns at `now_s`. `hold`: the frequency stays. `want_fll`: offsets
 * that come at least 256 s apart say what the frequency is, as they do in any case if it is 2048.
 */
void pll_offset(struct pll *pll, s64 offset_ns, s64 now_s, bool hold, bool want_fll);
/* Sets the frequency, within bounds. */
void pll_freq_set(struct pll *pll, s64 freq);
/* At which rate to work off the phase for the next second; 0: there is none. */
s64 pll_slew(const struct pll *pll);
/* So much of the phase was worked off. */
void pll_slewed(struct pll *pll, s64 amount);
/* Rate times elapsed time: how much time that makes, at most 2^62 or a little more. */
s64 pll_span(s64 rate, u64 elapsed_ns);

#endif
