/* The clock's control loop: it follows a clock that runs at another rate, and keeps its bounds. */
#include "test/host/unit.h"

#include "lib/pll.h"

/* One second of a clock that is `ppb` too slow and has the loop's rate: what it loses, ns. */
static s64 second(struct pll *pll, s64 ppb)
{
	s64 slew = pll_slew(pll);

	pll_slewed(pll, slew);
	return ppb - (pll->freq + slew) / PLL_UNIT;
}

TEST(offset_is_worked_off)
{
	struct pll pll = { .constant = 2 };
	s64 made_up = 0;
	int n = 0;

	pll_offset(&pll, 1000000, 0, true, false);
	CHECK_EQ(pll.freq, 0);
	CHECK_EQ(pll_slew(&pll), 1000000 / 16 * PLL_UNIT);
	for (; pll.phase && n < 1000; n++)
		made_up -= second(&pll, 0);
	CHECK(made_up >= 1000000 - n && made_up <= 1000000);
	CHECK(n > 50 && n < 200);
}

TEST(follows_another_rate)
{
	static const s64 rates[] = { 100000, -250000, 499000, 0 };

	for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
		struct pll pll = { .constant = 2 };
		s64 behind = 3000000;

		for (s64 s = 0; s < 20000; s++) {
			if (s % 16 == 0)
				pll_offset(&pll, behind, s, false, false);
			behind += second(&pll, rates[i]);
		}
		CHECK(behind > -1000 && behind < 1000);
		CHECK(pll.freq / PLL_UNIT > rates[i] - 100 && pll.freq / PLL_UNIT < rates[i] + 100);
	}
}

TEST(asked_rarely)
{
	struct pll pll = { .constant = 10 };

	pll_offset(&pll, 1000000, 100, false, true);
	CHECK(!pll.fll);
	pll_offset(&pll, 1000000, 500, false, true);
	CHECK(pll.fll && pll.freq > 0);
	pll_offset(&pll, 1000000, 2500, false, false);
	CHECK(!pll.fll);
	pll_offset(&pll, 1000000, 5000, false, false);
	CHECK(pll.fll);
}

TEST(keeps_bounds)
{
	struct pll pll = { .constant = 0 };

	for (int i = 0; i < 100000; i++) {
		s64 now = (s64)unit_below(1 << 20);

		pll.constant = (s32)unit_below(PLL_CONSTANT_MAX + 1);
		pll_offset(&pll, (s64)unit_below(4000000000u) - 2000000000, now, unit_below(2),
			   unit_below(2));
		pll_slewed(&pll, pll_span(pll_slew(&pll), unit_below(3000000000u)));
		CHECK(pll.freq <= PLL_FREQ_MAX && pll.freq >= -PLL_FREQ_MAX);
		CHECK(pll.phase <= PLL_OFFSET_MAX * PLL_UNIT);
		CHECK(pll.phase >= -PLL_OFFSET_MAX * PLL_UNIT);
	}
}

TEST(spans)
{
	CHECK_EQ(pll_span(500000 * PLL_UNIT, 1000000000), 500000 * PLL_UNIT);
	CHECK_EQ(pll_span(-500000 * PLL_UNIT, 3000000000), -1500000 * PLL_UNIT);
	CHECK_EQ(pll_span(1000 * PLL_UNIT, 500000000), 500 * PLL_UNIT);
	CHECK_EQ(pll_span(1ll << 60, ~0ull), 1ll << 62);
	CHECK_EQ(pll_span(-(1ll << 60), ~0ull), -(1ll << 62));
	CHECK_EQ(pll_span(0, ~0ull), 0);
}
