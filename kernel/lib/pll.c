/* The control loop of lib/pll.h. Pure, no locks. */
#include "lib/pll.h"

#define SHIFT_PHASE   2    /* of the phase, 1 / 2^(SHIFT_PHASE + constant) is done in a second */
#define SHIFT_FREQ    4    /* of offset × interval, 1 / 4^(SHIFT_FREQ + constant) is frequency */
#define SHIFT_FLL     2
#define FLL_INTERVAL  256  /* seconds */
#define PLL_INTERVAL  2048
/* What is less than this is done in one second: to approach zero for hours helps nobody. */
#define AT_ONCE       (1000 * PLL_UNIT)
#define SPAN_MAX      (1ll << 62)

static s64 clamped(s64 value, s64 limit)
{
	return value > limit ? limit : value < -limit ? -limit : value;
}

void pll_freq_set(struct pll *pll, s64 freq)
{
	pll->freq = clamped(freq, PLL_FREQ_MAX);
}

void pll_offset(struct pll *pll, s64 offset_ns, s64 now_s, bool hold, bool want_fll)
{
	s64 offset = clamped(offset_ns, PLL_OFFSET_MAX), change = 0;
	s64 interval = hold ? 0 : now_s - pll->updated_s;
	s64 longest = 1ll << (SHIFT_PHASE + 1 + pll->constant);

	if (interval < 0)
		interval = 0;
	pll->updated_s = now_s;
	pll->fll = interval >= FLL_INTERVAL && (want_fll || interval > PLL_INTERVAL);
	if (pll->fll)
		change = offset * PLL_UNIT / interval / (1 << SHIFT_FLL);
	if (interval > longest)
		interval = longest;
	change += offset * interval * (PLL_UNIT >> 2 * (SHIFT_FREQ + pll->constant));
	pll_freq_set(pll, pll->freq + change);
	pll->phase = offset * PLL_UNIT;
}

s64 pll_slew(const struct pll *pll)
{
	if (pll->phase <= AT_ONCE && pll->phase >= -AT_ONCE)
		return pll->phase / PLL_UNIT ? pll->phase : 0;
	return pll->phase / (1ll << (SHIFT_PHASE + pll->constant));
}

void pll_slewed(struct pll *pll, s64 amount)
{
	pll->phase = clamped(pll->phase - amount, PLL_OFFSET_MAX * PLL_UNIT);
	if (!(pll->phase / PLL_UNIT))
		pll->phase = 0;
}

s64 pll_span(s64 rate, u64 elapsed_ns)
{
	/* Seconds and the rest apart, the rest as a fraction of 2^32, lest a product overflow. */
	u64 fraction = (elapsed_ns % 1000000000 << 32) / 1000000000;
	s64 span, seconds = (s64)(elapsed_ns / 1000000000);

	if (__builtin_mul_overflow(rate, seconds, &span) || clamped(span, SPAN_MAX) != span)
		return rate < 0 ? -SPAN_MAX : SPAN_MAX;
	return span + (s64)(((__int128)rate * (s64)fraction) >> 32);
}
